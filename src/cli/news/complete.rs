//! Downloads that become complete, or fail: each in its line, unless they are many in a short time.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use crate::cli::text::line::Line;

/// So many in [`WITHIN`] are told one by one, each at once.
const FEW: usize = 3;
const WITHIN: Duration = Duration::from_secs(3);
/// Others are kept no longer than this.
const KEPT: Duration = Duration::from_secs(3);

/// See the module.
#[derive(Debug)]
pub(super) struct Ends {
    /// What is said of many, by their number and their bytes.
    many: fn(usize, u64) -> Line,
    /// When the last few became complete.
    recent: VecDeque<Instant>,
    kept: Vec<Line>,
    kept_bytes: u64,
    /// When the first of those that are kept became complete.
    since: Option<Instant>,
}

impl Ends {
    pub(super) fn told_as(many: fn(usize, u64) -> Line) -> Self {
        Self {
            many,
            recent: VecDeque::new(),
            kept: Vec::new(),
            kept_bytes: 0,
            since: None,
        }
    }

    /// One more, of so many bytes, which alone is this line; gives the line if it is told now.
    pub(super) fn take(&mut self, now: Instant, bytes: u64, line: Line) -> Option<Line> {
        let is_old = |at: &Instant| now.saturating_duration_since(*at) >= WITHIN;
        while self.recent.front().is_some_and(is_old) {
            self.recent.pop_front();
        }
        if self.since.is_none() && self.recent.len() < FEW {
            self.recent.push_back(now);
            return Some(line);
        }
        self.since.get_or_insert(now);
        self.kept.push(line);
        self.kept_bytes = self.kept_bytes.saturating_add(bytes);
        None
    }

    /// What was kept for long enough.
    pub(super) fn due(&mut self, now: Instant) -> Vec<Line> {
        let is_due = |since: Instant| now.saturating_duration_since(since) >= KEPT;
        if !self.since.is_some_and(is_due) {
            return Vec::new();
        }
        // Those that follow at once are still many.
        self.recent = [now; FEW].into();
        self.rest()
    }

    /// All that was kept.
    pub(super) fn rest(&mut self) -> Vec<Line> {
        self.since = None;
        let (lines, bytes) = (
            std::mem::take(&mut self.kept),
            std::mem::take(&mut self.kept_bytes),
        );
        match lines.len() {
            0..=1 => lines,
            count => vec![(self.many)(count, bytes)],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::text::client;

    #[test]
    fn a_few_are_told_one_by_one_and_many_together() {
        let start = Instant::now();
        let mut completed = Ends::told_as(client::many_complete);
        let mut take = |ms: u64| {
            let now = start + Duration::from_millis(ms);
            completed
                .take(now, 1000, Line::from(ms.to_string()))
                .is_some()
        };
        let told: Vec<bool> = (0..6).map(|n| take(n * 100)).collect();
        assert_eq!(told, [true, true, true, false, false, false]);
        let at = |ms: u64| start + Duration::from_millis(ms);
        assert!(completed.due(at(3000)).is_empty());
        let lines: Vec<String> = completed.due(at(3300)).iter().map(Line::text).collect();
        assert_eq!(lines, ["3 descargas completas y verificadas, 3,0 kB"]);
        // More of them: together as well. One that comes much later is told at once.
        assert!(completed.take(at(3400), 1000, Line::from("x")).is_none());
        assert_eq!(completed.rest().len(), 1);
        assert!(completed.take(at(9000), 1000, Line::from("y")).is_some());
    }
}
