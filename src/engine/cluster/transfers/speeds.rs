//! The recent speed of each secondary, from its own reports.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use crate::model::SecondaryNumber;

/// A busy secondary reports every half second. A longer gap before a report says nothing about its speed.
const BUSY_GAP: Duration = Duration::from_millis(750);
/// The time that the first report after a pause is taken to cover.
const REPORT_COVERS: Duration = Duration::from_millis(500);
/// Bytes sent in a second or so that say something about a secondary's speed.
const SAMPLE_BYTES: u64 = 4 << 20;
/// What is left of a best rate after each sample that is lower.
const FORGET: f64 = 0.9;
/// No secondary counts as this many times faster or slower than is typical: receivers correct wrong estimates quickly,
/// but never among chunks that they have asked for.
pub(super) const MOST_UNEVEN: f64 = 4.0;

/// Speeds that differ from what is typical by less than this are taken to be typical: they are estimates, and
/// files of a few chunks are better spread evenly.
pub(super) const ABOUT_EQUAL: f64 = 1.6;

/// How fast each secondary has sent lately, from its own reports: the most in any second, forgotten slowly.
#[derive(Debug, Default)]
pub(super) struct Speeds {
    per_secondary: BTreeMap<SecondaryNumber, Speed>,
}

#[derive(Debug)]
struct Speed {
    since: Instant,
    heard: Instant,
    bytes: u64,
    best_bytes_per_s: f64,
}

impl Speeds {
    /// So many bytes more, by a report.
    pub(super) fn sent(&mut self, now: Instant, number: SecondaryNumber, bytes: u64) {
        let speed = self.per_secondary.entry(number).or_insert_with(|| Speed {
            since: now,
            heard: now,
            bytes: 0,
            best_bytes_per_s: 0.0,
        });
        if now.saturating_duration_since(speed.heard) > BUSY_GAP {
            speed.since = now.checked_sub(REPORT_COVERS).unwrap_or(now);
            speed.bytes = 0;
        }
        speed.heard = now;
        speed.bytes = speed.bytes.saturating_add(bytes);
        let elapsed = now.saturating_duration_since(speed.since);
        if elapsed >= Duration::from_secs(1) {
            if speed.bytes >= SAMPLE_BYTES {
                // A smaller sample shows how little was asked for, not how fast the secondary is.
                let rate = speed.bytes as f64 / elapsed.as_secs_f64();
                speed.best_bytes_per_s = rate.max(speed.best_bytes_per_s * FORGET);
            }
            speed.bytes = 0;
            speed.since = now;
        }
    }

    pub(super) fn of(&self, number: SecondaryNumber) -> Option<f64> {
        let best = self.per_secondary.get(&number)?.best_bytes_per_s;
        (best > 0.0).then_some(best)
    }
}
