//! Keeps clients level when their connections share a queue that drops packets. TCP is unfair there: a connection that
//! is ahead stays ahead for minutes. A client far ahead is held back for a moment, so that the others get the uplink.
//!
//! Holding back wastes the uplink when the others are slow for a reason of their own. To notice, the uplink's speed is
//! measured now and then while nobody is held back. A slower stretch uses up an allowance; without any left, nobody is
//! held back.

use std::time::{Duration, Instant};

/// The longest that a client ahead is held back. It must be shorter than any receiver's patience with a silent server.
pub(super) const HOLD: Duration = Duration::from_millis(250);
/// The frame sent to a client after it was held back. It is less than an even share of a slow uplink in that time.
pub(super) const HELD_FRAME_BYTES: u64 = 32 << 10;
/// Time is cut into rounds of stretches. Nobody is held back in the first two: sockets fill in the first, and the
/// second measures the uplink's speed.
const CYCLE: u32 = 16;
/// A stretch below this share of the measured speed counts as idle.
const IDLE: f64 = 0.8;
/// The allowance for idle time: the most at once, and the share of time by which it grows.
const MOST_IDLE: Duration = Duration::from_millis(1500);
const IDLE_PART: f64 = 0.025;

/// See the module.
#[derive(Debug)]
pub(super) struct Level {
    /// The speed at which clients took data while nobody was held back.
    speed_bytes_per_s: Option<f64>,
    idle_left: Duration,
    /// The current stretch. It lasts as long as a client is held back at most.
    nth: u32,
    since: Instant,
    bytes: u64,
    is_held: bool,
}

impl Level {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            speed_bytes_per_s: None,
            idle_left: MOST_IDLE,
            nth: 0,
            since: now,
            bytes: 0,
            is_held: false,
        }
    }

    /// A client took this many bytes.
    pub(super) fn took(&mut self, now: Instant, bytes: u64) {
        self.look(now);
        self.bytes += bytes;
    }

    /// Whether anybody may be held back now.
    pub(super) fn may_hold(&self) -> bool {
        self.nth > 1 && self.idle_left >= HOLD
    }

    /// Somebody is held back.
    pub(super) fn hold(&mut self, now: Instant) {
        self.look(now);
        self.is_held = true;
    }

    /// Closes the current stretch when its time is over.
    fn look(&mut self, now: Instant) {
        let lasted = now.saturating_duration_since(self.since);
        if lasted < HOLD {
            return;
        }
        let speed = self.bytes as f64 / lasted.as_secs_f64();
        self.idle_left = (self.idle_left + lasted.mul_f64(IDLE_PART)).min(MOST_IDLE);
        match (self.nth, self.speed_bytes_per_s) {
            (1, _) => self.speed_bytes_per_s = Some(speed),
            (2.., Some(free)) if self.is_held && speed < IDLE * free => {
                let idle = lasted.mul_f64(1.0 - speed / free);
                self.idle_left = self.idle_left.saturating_sub(idle);
            }
            (0 | 2.., _) => {}
        }
        // A pause says nothing about the uplink.
        let is_pause = lasted >= 2 * HOLD;
        self.nth = if is_pause { 0 } else { (self.nth + 1) % CYCLE };
        (self.since, self.bytes, self.is_held) = (now, 0, false);
    }
}
