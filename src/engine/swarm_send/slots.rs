//! How many receivers are sent chunks at a time: two, and more while those take less than the uplink gives. A sender does
//! not know its uplink, unless it has a limit: it tries one more now and then, and keeps it if more is sent by that.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

const LEAST: usize = 2;
const MOST: usize = 16;
/// Over what time a rate is measured, and how long another number of slots is tried.
const WINDOW: Duration = Duration::from_millis(500);
/// For how long the best rate counts.
const BEST_OF: Duration = Duration::from_secs(10);
/// The uplink counts as full from this share of what it gave, or may give.
const FULL: f64 = 0.9;
/// One more slot is worth it when it brings this share of what each brought before.
const WORTH: f64 = 0.5;
/// After an attempt that was not worth it, the next one comes so much later.
const NEXT_ATTEMPT: Duration = Duration::from_secs(4);

/// See the module.
#[derive(Debug)]
pub(super) struct Slots {
    count: usize,
    limit: Option<u64>,
    began: Instant,
    /// What was sent and when, in the last window.
    recent: VecDeque<(Instant, u64)>,
    recent_bytes: u64,
    /// The best rate of each second or so, in bytes per second.
    best: VecDeque<(Instant, f64)>,
    looked: Instant,
    /// The rate before the last change, which is being tried.
    tried: Option<(Try, f64)>,
    attempt_at: Instant,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Try {
    More,
    Fewer,
}

impl Slots {
    pub(super) fn new(now: Instant, limit: Option<u64>) -> Self {
        Self {
            count: LEAST,
            limit,
            began: now,
            recent: VecDeque::new(),
            recent_bytes: 0,
            best: VecDeque::new(),
            looked: now,
            tried: None,
            attempt_at: now + WINDOW,
        }
    }

    pub(super) fn set_limit(&mut self, limit: Option<u64>) {
        self.limit = limit;
        self.best.clear();
    }

    pub(super) fn sent(&mut self, now: Instant, bytes: u64) {
        self.drop_old(now);
        self.recent.push_back((now, bytes));
        self.recent_bytes += bytes;
    }

    /// Of the last window, in bytes per second.
    pub(super) fn rate(&self, now: Instant) -> f64 {
        let recent = self.recent.iter().rev();
        let bytes: u64 = recent
            .take_while(|(at, _)| now.saturating_duration_since(*at) < WINDOW)
            .map(|(_, bytes)| bytes)
            .sum();
        let time = now.saturating_duration_since(self.began).min(WINDOW);
        bytes as f64 / time.max(WINDOW / 10).as_secs_f64()
    }

    /// When the number may change although nothing has happened.
    pub(super) fn next_look(&self) -> Instant {
        self.looked + WINDOW
    }

    /// How many there are. Somebody waits, and so many are being sent chunks: only full slots say anything of the uplink.
    pub(super) fn now(&mut self, now: Instant, sending: usize) -> usize {
        if sending < self.count || now < self.next_look() {
            return self.count;
        }
        self.looked = now;
        self.drop_old(now);
        let rate = self.rate(now);
        let old = |at: Instant| now.saturating_duration_since(at) >= BEST_OF;
        while self.best.front().is_some_and(|(at, _)| old(*at)) {
            self.best.pop_front();
        }
        self.best.push_back((now, rate));
        let best = self.best.iter().fold(0.0, |best, (_, rate)| rate.max(best));
        let full = self.limit.map_or(best, |limit| limit as f64);
        match self.tried.take() {
            Some((Try::More, before)) if rate < before * self.worth() => {
                self.count -= 1;
                self.attempt_at = now + NEXT_ATTEMPT;
            }
            Some((Try::Fewer, before)) if rate < before * FULL => {
                self.count += 1;
                self.attempt_at = now + NEXT_ATTEMPT;
            }
            Some((Try::More, _)) => self.attempt(Try::More, rate),
            Some((Try::Fewer, _)) => self.attempt_at = now + NEXT_ATTEMPT,
            None if rate < full * FULL => self.attempt(Try::More, rate),
            None if now >= self.attempt_at => {
                let fewer = self.count > LEAST;
                self.attempt(if fewer { Try::Fewer } else { Try::More }, rate);
            }
            None => {}
        }
        self.count
    }

    /// How many times as much has to be sent since there is one more.
    fn worth(&self) -> f64 {
        1.0 + WORTH / (self.count - 1).max(1) as f64
    }

    fn attempt(&mut self, what: Try, rate: f64) {
        let count = match what {
            Try::More => (self.count + 1).min(MOST),
            Try::Fewer => (self.count - 1).max(LEAST),
        };
        if count != self.count {
            self.count = count;
            self.tried = Some((what, rate));
        }
    }

    fn drop_old(&mut self, now: Instant) {
        while let Some((at, bytes)) = self.recent.front()
            && now.saturating_duration_since(*at) >= WINDOW
        {
            self.recent_bytes = self.recent_bytes.saturating_sub(*bytes);
            self.recent.pop_front();
        }
    }
}
