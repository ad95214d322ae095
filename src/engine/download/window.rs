//! How many chunks may be asked ahead of one source, by how fast it sends. Knows neither which chunks they are nor what
//! for.

use std::time::{Duration, Instant};

use super::{queue::RequestQueue, rate::RateMeter};
use crate::model::limits::MAX_QUEUED_REQUESTS;

/// Requests that even the slowest source has, so that its next chunk never waits for a round trip.
const LEAST: u32 = 2;
/// What may be asked ahead, as time at the present rate.
const WORTH_SECONDS: f64 = 0.5;
/// Most bytes that one source may have to send.
const MOST_OUTSTANDING_BYTES: u64 = 256 << 20;

/// The window of one connection. It grows with every chunk that it held back, up to what the rate is worth.
#[derive(Clone, Debug)]
pub(super) struct Window {
    chunks: u32,
    chunk_bytes: u32,
    meter: RateMeter,
}

impl Window {
    /// A window of which nothing is known yet.
    pub(super) fn new(chunk_bytes: u32) -> Self {
        Self {
            chunks: LEAST,
            chunk_bytes,
            meter: RateMeter::new(chunk_bytes),
        }
    }

    /// Forgets what was learnt: the connection is a new one.
    pub(super) fn restart(&mut self) {
        *self = Self::new(self.chunk_bytes);
    }

    /// Says whether the source has something to send from now on.
    pub(super) fn set_busy(&mut self, now: Instant, busy: bool) {
        self.meter.set_busy(now, busy);
    }

    /// Bytes came.
    pub(super) fn add(&mut self, now: Instant, bytes: u32) {
        self.meter.add(now, bytes);
    }

    /// Leaves a time in which this side did not run out of account.
    pub(super) fn shift(&mut self, by: Duration) {
        self.meter.shift(by);
    }

    /// Recent rate, in bytes per second; `None` while unknown.
    pub(super) fn rate(&self, now: Instant) -> Option<f64> {
        self.meter.rate(now)
    }

    /// True when one more chunk may be asked for.
    pub(super) fn has_space(&self, now: Instant, queue: &RequestQueue) -> bool {
        let sums = queue.sums();
        // The rate only makes the window smaller, and takes long to compute: it comes second.
        sums.wanted < self.chunks.max(LEAST)
            && sums.wanted < self.at_rate(self.rate(now))
            && queue.len() < MAX_QUEUED_REQUESTS
            && sums.unfinished_bytes + u64::from(self.chunk_bytes) <= MOST_OUTSTANDING_BYTES
    }

    /// A chunk came whole while `wanted_before` were wanted. The window grows only if it was what held the source back,
    /// and not past what the rate is worth.
    pub(super) fn grow(&mut self, now: Instant, wanted_before: u32) {
        let worth = self
            .rate(now)
            .map_or(f64::INFINITY, |rate| self.worth(rate));
        if wanted_before >= self.chunks && f64::from(self.chunks) < worth {
            self.chunks += 1;
        }
    }

    /// Chunks that may be asked ahead at a rate. An unknown rate gets the least.
    fn at_rate(&self, rate: Option<f64>) -> u32 {
        let worth = rate.map_or(0.0, |rate| self.worth(rate).ceil());
        self.chunks.min(worth as u32).max(LEAST)
    }

    fn worth(&self, rate: f64) -> f64 {
        rate * WORTH_SECONDS / f64::from(self.chunk_bytes)
    }
}
