//! Transfers that run, and how fast each secondary has been of late.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use super::{LinkId, source_ids::SourceIds};
use crate::model::{ChunkRange, FileMeta, Receiver, RequestId, SecondaryNumber, Session};

/// A transfer that runs.
#[derive(Debug)]
pub(super) struct Transfer {
    pub(super) file: FileMeta,
    pub(super) receiver: Receiver,
    pub(super) link: LinkId,
    pub(super) request: RequestId,
    /// The client's; another run of it, or another of its name, does not go on with this.
    pub(super) session: Option<Session>,
    pub(super) ids: SourceIds,
    /// Assigned chunks, kept for secondaries that are away.
    pub(super) ranges: BTreeMap<SecondaryNumber, Vec<ChunkRange>>,
}

/// Reports that come later than this after the one before are not of a busy secondary, which reports every
/// half second: the time between them says nothing of its speed.
const BUSY_GAP: Duration = Duration::from_millis(750);
/// What a first report after a pause is taken to cover.
const REPORT_COVERS: Duration = Duration::from_millis(500);
/// Bytes sent in a second or so that say something about a secondary's speed.
const SAMPLE_BYTES: u64 = 4 << 20;
/// What is left of a best rate after each sample that is lower.
const FORGET: f64 = 0.9;
/// No secondary counts as this many times faster or slower than is typical: a receiver corrects in a moment
/// what an estimate gets wrong, but only among chunks that nobody has read ahead for.
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
                // Less says how little was asked, not how fast it is.
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
