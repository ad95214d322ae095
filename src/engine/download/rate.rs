//! How fast a source sends. Owns one source's recent past; knows nothing of what it sends.
//!
//! Only busy time counts, in which something is asked of the source. So an idle source keeps its rate, and a stop of this
//! process does not halve the rates of all.

use std::time::{Duration, Instant};

const BUCKET: Duration = Duration::from_millis(100);
const BUCKETS: u64 = 15;
/// A rate is known after this much busy time, or after the sample of [`RateMeter::new`].
const ENOUGH_TIME: Duration = Duration::from_millis(100);
/// Bytes that come all at once count as having taken this long.
const SHORTEST: Duration = Duration::from_millis(1);

/// Bytes per busy time, in buckets of 100 ms over the last 1.5 s. Newer buckets weigh linearly more: half a second after a
/// change the estimate is past half-way, after a second it is within about a tenth.
#[derive(Clone, Debug)]
pub(super) struct RateMeter {
    sample_bytes: u64,
    total_bytes: u64,
    busy_before: Duration,
    busy_since: Option<Instant>,
    buckets: [u64; BUCKETS as usize],
    newest: u64,
}

impl RateMeter {
    /// A meter whose rate is known once `sample_bytes` have come, at the latest.
    pub(super) fn new(sample_bytes: u32) -> Self {
        Self {
            sample_bytes: u64::from(sample_bytes),
            total_bytes: 0,
            busy_before: Duration::ZERO,
            busy_since: None,
            buckets: [0; BUCKETS as usize],
            newest: 0,
        }
    }

    /// Says whether the source has something to send from now on.
    pub(super) fn set_busy(&mut self, now: Instant, busy: bool) {
        if busy != self.busy_since.is_some() {
            self.busy_before = self.busy(now);
            self.busy_since = busy.then_some(now);
        }
    }

    /// Leaves a time in which this side did not run out of account.
    pub(super) fn shift(&mut self, by: Duration) {
        if let Some(since) = &mut self.busy_since {
            *since += by;
        }
    }

    /// Bytes came. Those that come while nothing is asked are leftovers, and say nothing about the rate.
    pub(super) fn add(&mut self, now: Instant, bytes: u32) {
        if self.busy_since.is_none() {
            return;
        }
        let current = bucket_at(self.busy(now));
        for cleared in (self.newest + 1..=current).rev().take(BUCKETS as usize) {
            self.buckets[(cleared % BUCKETS) as usize] = 0;
        }
        self.newest = current;
        self.buckets[(current % BUCKETS) as usize] += u64::from(bytes);
        self.total_bytes += u64::from(bytes);
    }

    /// Bytes per second, at least 1; `None` while too little has come to tell.
    pub(super) fn rate(&self, now: Instant) -> Option<f64> {
        let busy = self.busy(now);
        let enough = self.total_bytes >= self.sample_bytes || busy >= ENOUGH_TIME;
        if self.total_bytes == 0 || !enough {
            return None;
        }
        let current = bucket_at(busy);
        let (mut bytes, mut seconds) = (0.0, 0.0);
        for age in 0..BUCKETS.min(current + 1) {
            let bucket = current - age;
            let weight = (BUCKETS - age) as f64;
            let length = if age == 0 {
                busy.saturating_sub(BUCKET.mul_f64(current as f64))
            } else {
                BUCKET
            };
            seconds += weight * length.as_secs_f64();
            if bucket <= self.newest && self.newest - bucket < BUCKETS {
                bytes += weight * self.buckets[(bucket % BUCKETS) as usize] as f64;
            }
        }
        let shortest = SHORTEST.as_secs_f64() * BUCKETS as f64;
        Some((bytes / seconds.max(shortest)).max(1.0))
    }

    fn busy(&self, now: Instant) -> Duration {
        let running = self
            .busy_since
            .map_or(Duration::ZERO, |since| now.saturating_duration_since(since));
        self.busy_before + running
    }
}

fn bucket_at(busy: Duration) -> u64 {
    (busy.as_micros() / BUCKET.as_micros()) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    /// Feeds `bytes` every 10 ms for `ms`. Gives the time after.
    fn feed(meter: &mut RateMeter, mut now: Instant, ms: u32, bytes: u32) -> Instant {
        for _ in 0..ms / 10 {
            now += 10 * MS;
            meter.add(now, bytes);
        }
        now
    }

    fn assert_about(actual: Option<f64>, expected: f64, within: f64) {
        let actual = actual.unwrap();
        assert!(
            (actual / expected - 1.0).abs() <= within,
            "{actual} is not about {expected}"
        );
    }

    #[test]
    fn is_unknown_until_a_sample_or_a_tenth_of_a_second() {
        let start = Instant::now();
        let mut meter = RateMeter::new(1000);
        assert_eq!(meter.rate(start), None);
        meter.set_busy(start, true);
        assert_eq!(meter.rate(start + 500 * MS), None);
        meter.add(start + 5 * MS, 999);
        assert_eq!(meter.rate(start + 10 * MS), None);
        assert!(meter.rate(start + 100 * MS).is_some());
        meter.add(start + 10 * MS, 1);
        assert_about(meter.rate(start + 10 * MS), 100_000.0, 0.01);
    }

    #[test]
    fn follows_a_change_within_about_a_second_both_ways() {
        for (before, after) in [(100, 1000), (1000, 100)] {
            let start = Instant::now();
            let mut meter = RateMeter::new(1);
            meter.set_busy(start, true);
            let now = feed(&mut meter, start, 5000, before);
            assert_about(meter.rate(now), f64::from(before) * 100.0, 0.05);
            let now = feed(&mut meter, now, 500, after);
            let rate = meter.rate(now).unwrap();
            let middle = f64::from(before + after) * 50.0;
            assert_eq!(rate > middle, after > before, "{rate}");
            let now = feed(&mut meter, now, 1000, after);
            assert_about(meter.rate(now), f64::from(after) * 100.0, 0.05);
        }
    }

    #[test]
    fn silence_with_something_asked_brings_it_down() {
        let start = Instant::now();
        let mut meter = RateMeter::new(1);
        meter.set_busy(start, true);
        let now = feed(&mut meter, start, 2000, 1000);
        assert_about(meter.rate(now + 2000 * MS), 1.0, 0.0);
    }

    #[test]
    fn idle_and_stopped_time_do_not_count() {
        let start = Instant::now();
        let mut meter = RateMeter::new(1);
        meter.set_busy(start, true);
        let now = feed(&mut meter, start, 2000, 1000);
        meter.set_busy(now, false);
        let now = now + 60_000 * MS;
        meter.add(now, 12345);
        assert_about(meter.rate(now), 100_000.0, 0.05);
        meter.set_busy(now, true);
        let now = feed(&mut meter, now, 300, 1000);
        assert_about(meter.rate(now), 100_000.0, 0.05);
        meter.shift(9000 * MS);
        assert_about(meter.rate(now + 9000 * MS), 100_000.0, 0.05);
    }
}
