//! The rate limit of an uplink. Everything sent forms one line of bytes, and a virtual clock moves along it at the
//! limit's rate. A send takes the next stretch of the line and may begin once the clock reaches it (the generic cell
//! rate algorithm, ITU-T I.371).

use std::time::{Duration, Instant};

/// The burst allowed after a pause, as time at the limit's rate.
const BURST: Duration = Duration::from_millis(50);
/// Turns per second of a limited line. Short turns keep all receivers going.
const TURNS_PER_S: u64 = 50;
pub(super) const SHORTEST_TURN_BYTES: u64 = 4 << 10;
const LONGEST_TURN_BYTES: u64 = 1 << 20;

/// Positions are in bytes. Their floating point stays exact enough for years.
#[derive(Debug)]
pub(in crate::engine) struct Line {
    /// `None` means no limit: the clock stands still.
    rate_bytes_per_s: Option<u64>,
    /// The time at which the clock stood at `clock`.
    at: Instant,
    clock: f64,
    /// Where the next send begins.
    end: f64,
}

impl Line {
    pub(in crate::engine) fn new(now: Instant, rate_bytes_per_s: Option<u64>) -> Self {
        let mut line = Self {
            rate_bytes_per_s: None,
            at: now,
            clock: 0.0,
            end: 0.0,
        };
        line.set_rate(now, rate_bytes_per_s);
        line
    }

    pub(in crate::engine) fn rate_bytes_per_s(&self) -> Option<u64> {
        self.rate_bytes_per_s
    }

    pub(in crate::engine) fn set_rate(&mut self, now: Instant, rate_bytes_per_s: Option<u64>) {
        let rate_bytes_per_s = rate_bytes_per_s.map(|rate| rate.max(1));
        let debt = match (self.rate_bytes_per_s, rate_bytes_per_s) {
            // Bytes sent under the old, higher limit must not cost a longer wait than they would have.
            (Some(before), Some(rate)) => {
                let slower = (rate as f64 / before as f64).min(1.0);
                (self.end - self.clock(now)) * slower
            }
            // Bytes sent without a limit leave no debt.
            (None, _) | (_, None) => 0.0,
        };
        self.rate_bytes_per_s = rate_bytes_per_s;
        (self.at, self.clock, self.end) = (now, 0.0, debt);
    }

    /// The bytes of one turn; `None` without a limit.
    pub(super) fn turn_bytes(&self) -> Option<u64> {
        let rate = self.rate_bytes_per_s?;
        Some((rate / TURNS_PER_S).clamp(SHORTEST_TURN_BYTES, LONGEST_TURN_BYTES))
    }

    /// When the next send may begin.
    pub(in crate::engine) fn due(&self, now: Instant) -> Instant {
        self.due_after(now, 0)
    }

    /// When the send after this many more bytes may begin.
    pub(super) fn due_after(&self, now: Instant, bytes: u64) -> Instant {
        let Some(rate_bytes_per_s) = self.rate_bytes_per_s else {
            return now;
        };
        let distance = self.start(now) + bytes as f64 - self.clock;
        let wait = (distance / rate_bytes_per_s as f64).max(0.0);
        // A position too far away to express as a time may come closer when the rate changes.
        let wait = Duration::try_from_secs_f64(wait).unwrap_or(Duration::from_secs(3600));
        self.at + wait
    }

    /// The next send takes this many bytes. Returns the bytes that a sender must give back if it does not use them:
    /// none without a limit.
    pub(in crate::engine) fn take(&mut self, now: Instant, bytes: u64) -> u64 {
        if self.rate_bytes_per_s.is_none() {
            return 0;
        }
        self.end = self.start(now) + bytes as f64;
        bytes
    }

    /// The same, with a longer turn after the line has been idle. Its holder asks again before the clock has caught up.
    pub(super) fn take_long(&mut self, now: Instant, bytes: u64) -> u64 {
        let (clock, start) = (self.clock(now), self.start(now));
        if start > self.end {
            self.end = clock;
            self.take(now, bytes + (clock - start) as u64)
        } else {
            self.take(now, bytes)
        }
    }

    /// This many of the bytes taken are not sent after all.
    pub(super) fn give_back(&mut self, bytes: u64) {
        self.end -= bytes as f64;
    }

    fn clock(&self, now: Instant) -> f64 {
        let rate = self.rate_bytes_per_s.unwrap_or(0) as f64;
        self.clock + rate * now.saturating_duration_since(self.at).as_secs_f64()
    }

    fn start(&self, now: Instant) -> f64 {
        let burst = self.rate_bytes_per_s.unwrap_or(0) as f64 * BURST.as_secs_f64();
        self.end.max(self.clock(now) - burst)
    }
}
