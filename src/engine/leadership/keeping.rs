//! Snapshots: when one is due, and in which order things are written and removed. Nothing of the journal is removed
//! before the snapshot that has it is the current one.
//!
//! ```text
//! Resting ─▶ Wanted ─▶ Made (whose batch is committed) ─▶ Putting ─▶ Setting ─▶ Trimming ─▶ Compacting ─▶ Resting
//! ```

use std::time::{Duration, Instant};

use bytes::Bytes;

use super::{
    names::Kept,
    requests::Request,
    types::{AskId, Config},
    values::Fence,
};
use crate::model::{Digest, Revision};

/// A piece of a snapshot is one value.
pub(super) const PIECE_BYTES: usize = 512 << 10;
const AGAIN: Duration = Duration::from_millis(200);

#[derive(Debug)]
enum Stage {
    Resting,
    Wanted,
    /// Which one is current is to be read first.
    Made {
        kept: Kept,
        body: Bytes,
    },
    Putting {
        kept: Kept,
        body: Bytes,
        before: Option<(u64, Revision)>,
        next: u32,
    },
    Setting {
        kept: Kept,
        before: Option<(u64, Revision)>,
    },
    Trimming {
        seq: u64,
        before: u64,
    },
    Compacting(Revision),
}

#[derive(Debug)]
pub(super) struct Keeping {
    stage: Stage,
    asked: Option<AskId>,
    next_at: Instant,
    bytes: u64,
    batches: u64,
    since: Instant,
}

impl Keeping {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            stage: Stage::Resting,
            asked: None,
            next_at: now,
            bytes: 0,
            batches: 0,
            since: now,
        }
    }

    pub(super) fn wrote(&mut self, bytes: usize) {
        self.bytes += bytes as u64;
        self.batches += 1;
    }

    /// Whether one is to be made now.
    pub(super) fn is_wanted(&mut self, now: Instant, config: &Config) -> bool {
        let is_due = self.bytes >= config.snapshot_bytes
            || self.batches >= config.snapshot_batches
            || (self.batches > 0
                && now.saturating_duration_since(self.since) >= config.snapshot_every);
        if !is_due || !matches!(self.stage, Stage::Resting) {
            return false;
        }
        self.stage = Stage::Wanted;
        self.since = now;
        (self.bytes, self.batches) = (0, 0);
        true
    }

    pub(super) fn made(&mut self, now: Instant, seq: u64, term: u64, body: Bytes, digest: Digest) {
        if !matches!(self.stage, Stage::Wanted) {
            return;
        }
        let pieces = body.len().div_ceil(PIECE_BYTES);
        let kept = Kept {
            seq,
            term,
            pieces: u32::try_from(pieces).unwrap_or(u32::MAX),
            digest,
        };
        self.stage = Stage::Made { kept, body };
        self.next_at = now;
    }

    /// When there is something to ask, once everything up to `committed` is in the journal.
    pub(super) fn due_at(&self, committed: u64) -> Option<Instant> {
        let is_idle = match &self.stage {
            Stage::Resting | Stage::Wanted => true,
            Stage::Made { kept, .. } => kept.seq > committed,
            Stage::Putting { .. }
            | Stage::Setting { .. }
            | Stage::Trimming { .. }
            | Stage::Compacting(_) => false,
        };
        (!is_idle && self.asked.is_none()).then_some(self.next_at)
    }

    /// What is to be asked now.
    pub(super) fn due(
        &self,
        now: Instant,
        fence: Fence,
        committed: u64,
        config: &Config,
    ) -> Option<Request> {
        if self.due_at(committed).is_none_or(|at| now < at) {
            return None;
        }
        Some(match &self.stage {
            Stage::Resting | Stage::Wanted => return None,
            Stage::Made { .. } => Request::Current,
            Stage::Putting {
                kept, body, next, ..
            } => {
                let from = *next as usize * PIECE_BYTES;
                let piece = body.slice(from..body.len().min(from + PIECE_BYTES));
                Request::PutPiece(fence, kept.seq, *next, piece)
            }
            Stage::Setting { kept, before } => {
                let at = before.map(|(_, at)| at).unwrap_or_default();
                Request::SetCurrent(fence, kept.clone(), at)
            }
            Stage::Trimming { seq, before } => {
                Request::Trim(fence, seq.saturating_sub(config.kept_batches), *before)
            }
            Stage::Compacting(revision) => Request::Compact(*revision),
        })
    }

    pub(super) fn asked(&mut self, ask: AskId) {
        self.asked = Some(ask);
    }

    pub(super) fn takes(&mut self, ask: AskId) -> bool {
        self.asked.take_if(|asked| *asked == ask).is_some()
    }

    pub(super) fn again(&mut self, now: Instant) {
        self.next_at = now + AGAIN;
    }

    /// Which snapshot is current. One that is as late as the new one makes that needless.
    pub(super) fn current(&mut self, current: Option<(Kept, Revision)>) {
        let stage = std::mem::replace(&mut self.stage, Stage::Resting);
        self.stage = match stage {
            Stage::Made { kept, body } => match current {
                Some((old, _)) if old.seq >= kept.seq => Stage::Resting,
                before => Stage::Putting {
                    kept,
                    body,
                    before: before.map(|(old, at)| (old.seq, at)),
                    next: 0,
                },
            }
            .after_pieces(),
            stage => stage,
        };
    }

    /// The last request is done.
    pub(super) fn done(&mut self, at: Revision) {
        let stage = std::mem::replace(&mut self.stage, Stage::Resting);
        self.stage = match stage {
            Stage::Putting {
                kept,
                body,
                before,
                next,
            } => Stage::Putting {
                kept,
                body,
                before,
                next: next + 1,
            }
            .after_pieces(),
            Stage::Setting { kept, before } => Stage::Trimming {
                seq: kept.seq,
                before: before.map_or(0, |(seq, _)| seq),
            },
            Stage::Trimming { .. } => Stage::Compacting(at),
            Stage::Compacting(_) => Stage::Resting,
            stage @ (Stage::Resting | Stage::Wanted | Stage::Made { .. }) => stage,
        };
    }

    /// Nothing more is done of it.
    pub(super) fn give_up(&mut self) {
        self.stage = Stage::Resting;
        self.asked = None;
    }
}

impl Stage {
    fn after_pieces(self) -> Self {
        match self {
            Stage::Putting {
                kept, before, next, ..
            } if next >= kept.pieces => Stage::Setting { kept, before },
            stage => stage,
        }
    }
}
