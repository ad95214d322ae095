//! A recent rate, computed from counts that arrive now and then.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

/// How far back the rate looks.
const WINDOW: Duration = Duration::from_secs(3);
/// Counts arrive twice a second while work goes on. One that arrives after a longer gap is of the last half second
/// only.
const COVERS: Duration = Duration::from_millis(500);
/// Without a count for this long, the rate is zero.
const SILENT: Duration = Duration::from_millis(750);
/// The shortest time over which a rate is computed: less would say little.
const LEAST: Duration = Duration::from_secs(1);
/// Counts closer together than this are kept as one.
const MERGED: Duration = Duration::from_millis(50);

/// See the module.
#[derive(Clone, Debug, Default)]
pub struct RecentRate {
    counts: VecDeque<Count>,
}

#[derive(Clone, Copy, Debug)]
struct Count {
    since: Option<Instant>,
    at: Instant,
    bytes: u64,
}

impl Count {
    fn is_late(&self, now: Instant) -> bool {
        now.saturating_duration_since(self.at) < WINDOW
    }

    /// How long before its time it begins.
    fn covers(&self) -> Duration {
        let covers = self
            .since
            .map(|since| self.at.saturating_duration_since(since));
        covers.map_or(COVERS, |covers| covers.min(COVERS))
    }
}

impl RecentRate {
    /// This many more bytes since the last count.
    pub fn count(&mut self, now: Instant, bytes: u64) {
        let since = self.counts.back().map(|count| count.at);
        while self.counts.front().is_some_and(|count| !count.is_late(now)) {
            self.counts.pop_front();
        }
        match self.counts.back_mut() {
            _ if bytes == 0 => {}
            Some(last) if now.saturating_duration_since(last.at) < MERGED => {
                last.bytes = last.bytes.saturating_add(bytes);
            }
            _ => {
                let at = now;
                self.counts.push_back(Count { since, at, bytes });
            }
        }
    }

    /// Bytes per second over the last three seconds, or since the first count if that is later.
    pub fn bytes_per_s(&self, now: Instant) -> f64 {
        let mut late = self.counts.iter().filter(|count| count.is_late(now));
        let (Some(first), Some(last)) = (late.next(), self.counts.back()) else {
            return 0.0;
        };
        let bytes = late.fold(first.bytes, |sum, count| sum.saturating_add(count.bytes));
        let is_silent = now.saturating_duration_since(last.at) > SILENT;
        let end = if is_silent { now } else { last.at };
        let covered = end.saturating_duration_since(first.at) + first.covers();
        bytes as f64 / covered.max(LEAST).as_secs_f64()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_steady_sender_has_its_rate_soon_and_none_once_it_is_silent() {
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        let mut rate = RecentRate::default();
        assert_eq!(rate.bytes_per_s(start), 0.0);
        for report in 0..20 {
            rate.count(at(report * 500), 500_000);
            let told = rate.bytes_per_s(at(report * 500));
            let expected = 500_000.0..1_000_001.0;
            assert!(expected.contains(&told), "{report}: {told}");
            assert!(report < 1 || told > 999_999.0, "{report}: {told}");
        }
        assert!(rate.bytes_per_s(at(9500 + 1500)) < 600_000.0);
        assert_eq!(rate.bytes_per_s(at(9500 + 3000)), 0.0);
        for _ in 0..10_000 {
            rate.count(at(20_000), 1);
        }
        assert_eq!(rate.counts.len(), 1);
    }
}
