//! Keeps clients level where their connections share a queue that drops what it cannot hold: there whoever is ahead stays
//! ahead, for minutes. A client that is far ahead is held back for a moment, and the others have the uplink.
//!
//! That leaves the uplink idle when those behind are slow for another reason. How fast the uplink is shows now and then,
//! while nobody is held back; there is an allowance for being slower, and nobody is held back when it is used up.

use std::time::{Duration, Instant};

/// How long one that is ahead waits for those behind at most. Shorter than any receiver's patience with a silent server.
pub(super) const HOLD: Duration = Duration::from_millis(250);
/// The frame that a client ahead is sent after it was held back: less than an even share of slow uplinks in that time.
pub(super) const HELD_FRAME_BYTES: u64 = 32 << 10;
/// Stretches of time; in the first two of them nobody is held back. Sockets are filled in the first, and the second
/// shows how fast the uplink is.
const CYCLE: u32 = 16;
/// A stretch slower than this part of that speed left the uplink idle.
const IDLE: f64 = 0.8;
/// How long the uplink may be left idle: at most at once, and which part of the time.
const MOST_IDLE: Duration = Duration::from_millis(1500);
const IDLE_PART: f64 = 0.025;

/// See the module.
#[derive(Debug)]
pub(super) struct Level {
    /// How fast clients were sent to when nobody was held back.
    speed_bytes_per_s: Option<f64>,
    idle_left: Duration,
    /// The present stretch: as long as a client is held back at most.
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

    /// A client took so many bytes.
    pub(super) fn took(&mut self, now: Instant, bytes: u64) {
        self.look(now);
        self.bytes += bytes;
    }

    /// Whether anybody may be held back now.
    pub(super) fn may_hold(&self) -> bool {
        self.nth > 1 && self.idle_left >= HOLD
    }

    /// Somebody is.
    pub(super) fn hold(&mut self, now: Instant) {
        self.look(now);
        self.is_held = true;
    }

    /// Ends a stretch that is over.
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
        // A pause says nothing of the uplink.
        let is_pause = lasted >= 2 * HOLD;
        self.nth = if is_pause { 0 } else { (self.nth + 1) % CYCLE };
        (self.since, self.bytes, self.is_held) = (now, 0, false);
    }
}
