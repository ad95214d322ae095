//! How far a scrub is, and when it goes on. The readings of a round are spread evenly over its time by their bytes, and
//! take at most half of the time of a disk.

use std::time::{Duration, Instant};

use crate::model::{ChunkIndex, FileName, Scrub};

/// How far it is is kept this often.
const KEEP_EVERY: Duration = Duration::from_secs(60);
/// How much is served is counted this often.
const COUNT_EVERY: Duration = Duration::from_secs(60);
/// Where nothing is served, it looks again after this long.
const NOTHING_TO_READ: Duration = Duration::from_secs(600);

/// How to scrub.
#[derive(Clone, Debug)]
pub struct ScrubConfig {
    /// How long a round takes.
    pub every: Duration,
    /// How far an earlier run was.
    pub done: Scrub,
    /// How long to wait before the next chunk.
    pub rest: Duration,
}

/// See the module.
#[derive(Debug)]
pub(super) struct Scrubbing {
    every: Duration,
    done: Scrub,
    next_at: Instant,
    /// Since when a chunk is being read.
    reading: Option<Instant>,
    kept_at: Option<Instant>,
    /// How many bytes are served, and when they were counted.
    served: Option<(u64, Instant)>,
}

impl Scrubbing {
    pub(super) fn new(now: Instant, config: ScrubConfig) -> Self {
        let ScrubConfig { every, done, rest } = config;
        Self {
            every,
            done,
            next_at: now + rest.min(every),
            reading: None,
            kept_at: None,
            served: None,
        }
    }

    /// When the next chunk is to be read; `None` while one is.
    pub(super) fn next_at(&self) -> Option<Instant> {
        self.reading.is_none().then_some(self.next_at)
    }

    /// The last chunk that was read in this round.
    pub(super) fn after(&self) -> Option<&(FileName, ChunkIndex)> {
        self.done.after.as_ref()
    }

    /// A chunk is being read from now on.
    pub(super) fn begin(&mut self, now: Instant) {
        self.reading = Some(now);
    }

    /// There is no chunk after the last one. Returns false if nothing was read in this round.
    pub(super) fn end_round(&mut self, now: Instant) -> bool {
        if self.done.after.take().is_none() {
            self.next_at = now + NOTHING_TO_READ.min(self.every);
            return false;
        }
        self.done.last = Some(std::mem::take(&mut self.done.round));
        self.done.rounds += 1;
        true
    }

    /// True when the bytes that are served are to be counted again.
    pub(super) fn must_count(&self, now: Instant) -> bool {
        let is_fresh = |(_, at): (u64, Instant)| now < at + COUNT_EVERY;
        !self.served.is_some_and(is_fresh)
    }

    /// So many bytes are served.
    pub(super) fn count(&mut self, now: Instant, bytes: u64) {
        self.served = Some((bytes, now));
    }

    /// A chunk was read. Returns false if none was being read.
    pub(super) fn read(&mut self, now: Instant, chunk: (FileName, ChunkIndex), bytes: u64) -> bool {
        let Some(began) = self.reading.take() else {
            return false;
        };
        let served = self.served.map_or(bytes, |(served, _)| served.max(bytes));
        let share = self.every.mul_f64(bytes as f64 / served.max(1) as f64);
        let took = now.saturating_duration_since(began);
        self.next_at = began + share.max(took * 2);
        self.done.after = Some(chunk);
        true
    }

    /// What was read could be compared.
    pub(super) fn compared(&mut self, bytes: u64, is_damaged: bool) {
        self.done.round.bytes += bytes;
        self.done.round.damaged += u64::from(is_damaged);
    }

    /// How far it is, if that is to be kept: now and then, and whenever there is news.
    pub(super) fn kept(&mut self, now: Instant, has_news: bool) -> Option<(Scrub, Duration)> {
        let is_kept = |at: Instant| now < at + KEEP_EVERY;
        if !has_news && self.kept_at.is_some_and(is_kept) {
            return None;
        }
        self.kept_at = Some(now);
        let rest = self.next_at.saturating_duration_since(now);
        Some((self.done.clone(), rest))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::samples::name;

    const DAY: Duration = Duration::from_secs(86_400);

    fn scrubbing(now: Instant, rest: Duration) -> Scrubbing {
        let done = Scrub::default();
        let every = DAY;
        Scrubbing::new(now, ScrubConfig { every, done, rest })
    }

    #[test]
    fn a_round_is_spread_over_its_time_and_a_slow_disk_rests() {
        let start = Instant::now();
        let mut scrubbing = scrubbing(start, DAY * 9);
        assert_eq!(scrubbing.next_at(), Some(start + DAY));
        assert!(scrubbing.must_count(start));
        scrubbing.count(start, 1000);
        assert!(!scrubbing.must_count(start));
        let at = start + DAY;
        scrubbing.begin(at);
        assert_eq!(scrubbing.next_at(), None);
        let chunk = |n| (name("a"), ChunkIndex(n));
        assert!(scrubbing.read(at + Duration::from_secs(1), chunk(0), 100));
        assert_eq!(scrubbing.next_at(), Some(at + DAY / 10));
        // An answer that nobody waits for.
        assert!(!scrubbing.read(at, chunk(0), 100));
        scrubbing.begin(at);
        assert!(scrubbing.read(at + DAY, chunk(1), 100));
        assert_eq!(scrubbing.next_at(), Some(at + DAY * 2));
        // Less is served by now than was read.
        scrubbing.count(at, 0);
        scrubbing.begin(at);
        assert!(scrubbing.read(at, chunk(2), 0));
        assert_eq!(scrubbing.next_at(), Some(at));
    }

    #[test]
    fn rounds_are_counted_and_what_is_done_is_kept_now_and_then() {
        let now = Instant::now();
        let mut scrubbing = scrubbing(now, Duration::ZERO);
        assert!(!scrubbing.end_round(now));
        assert_eq!(scrubbing.next_at(), Some(now + NOTHING_TO_READ));
        scrubbing.begin(now);
        assert!(scrubbing.read(now, (name("a"), ChunkIndex(0)), 5));
        scrubbing.compared(5, true);
        let (done, _) = scrubbing.kept(now, false).unwrap();
        assert_eq!(
            (done.round.bytes, done.round.damaged, done.rounds),
            (5, 1, 0)
        );
        assert!(scrubbing.kept(now, false).is_none());
        assert!(scrubbing.end_round(now));
        let (done, _) = scrubbing.kept(now, true).unwrap();
        assert_eq!((done.after, done.rounds), (None, 1));
        assert_eq!((done.last.unwrap().damaged, done.round.damaged), (1, 0));
        assert!(scrubbing.kept(now + KEEP_EVERY, false).is_some());
    }
}
