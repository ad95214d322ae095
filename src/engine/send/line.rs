//! One line of bytes for all that is sent: with a limit, each send takes the next stretch of it once a virtual clock,
//! which runs at the limit's rate, has come to where it begins (the generic cell rate algorithm, ITU-T I.371).

use std::time::{Duration, Instant};

/// What may be sent at once after a pause, as time at the limit's rate.
const BURST: Duration = Duration::from_millis(50);
/// Turns of a limited line per second: short ones keep all receivers going.
const TURNS_PER_S: u64 = 50;
pub(super) const SHORTEST_TURN_BYTES: u64 = 4 << 10;
const LONGEST_TURN_BYTES: u64 = 1 << 20;

/// Positions are in bytes; they stay exact enough for years.
#[derive(Debug)]
pub(super) struct Line {
    /// `None`: no limit, and the clock stands still.
    rate_bytes_per_s: Option<u64>,
    /// When the clock was at `clock`.
    at: Instant,
    clock: f64,
    /// Where the next send begins.
    end: f64,
}

impl Line {
    pub(super) fn new(now: Instant, rate_bytes_per_s: Option<u64>) -> Self {
        let mut line = Self {
            rate_bytes_per_s: None,
            at: now,
            clock: 0.0,
            end: 0.0,
        };
        line.set_rate(now, rate_bytes_per_s);
        line
    }

    pub(super) fn rate_bytes_per_s(&self) -> Option<u64> {
        self.rate_bytes_per_s
    }

    pub(super) fn set_rate(&mut self, now: Instant, rate_bytes_per_s: Option<u64>) {
        let rate_bytes_per_s = rate_bytes_per_s.map(|rate| rate.max(1));
        let debt = match (self.rate_bytes_per_s, rate_bytes_per_s) {
            // What was sent under a higher limit is not waited for any longer than it would have been.
            (Some(before), Some(rate)) => {
                let slower = (rate as f64 / before as f64).min(1.0);
                (self.end - self.clock(now)) * slower
            }
            // What is sent without a limit leaves no debt.
            (None, _) | (_, None) => 0.0,
        };
        self.rate_bytes_per_s = rate_bytes_per_s;
        (self.at, self.clock, self.end) = (now, 0.0, debt);
    }

    /// How much one turn takes, in bytes; `None` without a limit.
    pub(super) fn turn_bytes(&self) -> Option<u64> {
        let rate = self.rate_bytes_per_s?;
        Some((rate / TURNS_PER_S).clamp(SHORTEST_TURN_BYTES, LONGEST_TURN_BYTES))
    }

    /// When the next send may begin.
    pub(super) fn due(&self, now: Instant) -> Instant {
        self.due_after(now, 0)
    }

    /// When the one after so many bytes may.
    pub(super) fn due_after(&self, now: Instant, bytes: u64) -> Instant {
        let Some(rate_bytes_per_s) = self.rate_bytes_per_s else {
            return now;
        };
        let distance = self.start(now) + bytes as f64 - self.clock;
        let wait = (distance / rate_bytes_per_s as f64).max(0.0);
        // A position too far off to be expressed comes nearer with another rate.
        let wait = Duration::try_from_secs_f64(wait).unwrap_or(Duration::from_secs(3600));
        self.at + wait
    }

    /// The next send takes so many bytes. Gives what it may have to give back: nothing without a limit.
    pub(super) fn take(&mut self, now: Instant, bytes: u64) -> u64 {
        if self.rate_bytes_per_s.is_none() {
            return 0;
        }
        self.end = self.start(now) + bytes as f64;
        bytes
    }

    /// The same. After the line has been idle, a longer turn: whoever has it asks again before it is paid for.
    pub(super) fn take_long(&mut self, now: Instant, bytes: u64) -> u64 {
        let (clock, start) = (self.clock(now), self.start(now));
        if start > self.end {
            self.end = clock;
            self.take(now, bytes + (clock - start) as u64)
        } else {
            self.take(now, bytes)
        }
    }

    /// So many of the bytes that were taken are not sent after all.
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
