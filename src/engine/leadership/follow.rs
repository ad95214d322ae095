//! Following the journal: the current snapshot, then what came after it page by page, then what a watch tells. A range
//! that is read never has a gap, so that whatever a watch may have left out is made good by reading on from the last batch.
//!
//! ```text
//! Idle ── start ──▶ Current ──▶ Pieces ──▶ Pages ──▶ Watching
//!                      ▲          │          │ ▲         │
//!                      └── gap ───┴──────────┘ └─ gap, ──┘
//!                                                 watch ended, tail not reached
//! ```

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use bytes::{Bytes, BytesMut};

use super::{
    names::Kept,
    requests::Request,
    types::{Action, AskId, Broken, WatchId},
    values::Batch,
};
use crate::model::Revision;

/// Batches of one page: with the longest ones, half of what an answer may have.
const PAGE: u32 = 16;
const AGAIN: Duration = Duration::from_millis(100);
/// For so long what a watch tells may be behind what a look has seen.
const AGREES_WITHIN: Duration = Duration::from_secs(2);
/// Whoever is further behind cannot take over at once.
const READY_WITHIN: u64 = 1000;

#[derive(Debug)]
enum Stage {
    /// The registry is filled by this central itself, or not at all.
    Idle,
    /// The current snapshot is looked for: at first, or as batches are missing.
    Current {
        gap: bool,
    },
    Pieces {
        kept: Kept,
        got: BytesMut,
        next: u32,
    },
    Pages,
    /// The next batch is told by a watch that begins here, or has begun.
    Watching {
        from: Revision,
        watch: Option<WatchId>,
    },
}

#[derive(Debug)]
pub(super) struct Follow {
    stage: Stage,
    applied: u64,
    /// When the last batch was written, if a watch told of it.
    written_at: Option<Revision>,
    term: u64,
    asked: Option<AskId>,
    next_at: Instant,
    /// The last batch that anything spoke of.
    tail: u64,
    behind_since: Option<Instant>,
}

/// What is to be done next.
#[derive(Debug)]
pub(super) enum Wish {
    Ask(Request),
    Watch(Revision),
}

impl Follow {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            stage: Stage::Current { gap: false },
            applied: 0,
            written_at: None,
            term: 0,
            asked: None,
            next_at: now,
            tail: 0,
            behind_since: None,
        }
    }

    pub(super) fn applied(&self) -> u64 {
        self.applied
    }

    /// True when the last batch was written at this revision.
    pub(super) fn ends_at(&self, at: Revision) -> bool {
        self.written_at == Some(at)
    }

    /// The term of the last batch.
    pub(super) fn term(&self) -> u64 {
        self.term
    }

    pub(super) fn tail(&self) -> u64 {
        self.tail.max(self.applied)
    }

    /// It could take over at once, but for the rest of the journal.
    pub(super) fn is_ready(&self) -> bool {
        let is_watching = matches!(self.stage, Stage::Watching { .. });
        is_watching && self.tail() - self.applied <= READY_WITHIN
    }

    /// This central writes the journal from now on.
    pub(super) fn stop(&mut self) {
        self.stage = Stage::Idle;
        self.asked = None;
        self.behind_since = None;
    }

    /// Another writes the journal, and the registry is as the last batch left it.
    pub(super) fn go_on(&mut self, now: Instant) {
        if matches!(self.stage, Stage::Idle) {
            self.stage = Stage::Pages;
            self.next_at = now;
        }
    }

    /// A batch of this central's own is in the journal.
    pub(super) fn wrote(&mut self, seq: u64, term: u64) {
        (self.applied, self.term) = (seq, term);
        self.written_at = None;
    }

    /// The registry is empty again.
    pub(super) fn start_over(&mut self, now: Instant) {
        *self = Self {
            tail: self.tail,
            ..Self::new(now)
        };
    }

    /// Reads on from the last batch.
    pub(super) fn read_on(&mut self, now: Instant) {
        if matches!(self.stage, Stage::Watching { .. }) {
            self.stage = Stage::Pages;
            self.asked = None;
            self.next_at = now;
            self.behind_since = None;
        }
    }

    pub(super) fn due_at(&self) -> Option<Instant> {
        match self.stage {
            Stage::Idle => None,
            Stage::Watching { watch: Some(_), .. } => {
                self.behind_since.map(|since| since + AGREES_WITHIN)
            }
            Stage::Watching { watch: None, .. } => Some(self.next_at),
            Stage::Current { .. } | Stage::Pieces { .. } | Stage::Pages => {
                self.asked.is_none().then_some(self.next_at)
            }
        }
    }

    pub(super) fn due(&mut self, now: Instant) -> Option<Wish> {
        if self.due_at().is_none_or(|at| now < at) {
            return None;
        }
        if matches!(self.stage, Stage::Watching { watch: Some(_), .. }) {
            self.read_on(now);
        }
        Some(match &self.stage {
            Stage::Idle => return None,
            Stage::Current { .. } => Wish::Ask(Request::Current),
            Stage::Pieces { kept, next, .. } => Wish::Ask(Request::Piece(kept.seq, *next)),
            Stage::Pages => Wish::Ask(Request::Log(self.applied + 1, PAGE)),
            Stage::Watching { from, .. } => Wish::Watch(*from),
        })
    }

    pub(super) fn asked(&mut self, ask: AskId) {
        self.asked = Some(ask);
    }

    pub(super) fn watches(&mut self, id: WatchId) {
        if let Stage::Watching { watch, .. } = &mut self.stage {
            *watch = Some(id);
        }
    }

    pub(super) fn is_watch(&self, id: WatchId) -> bool {
        matches!(self.stage, Stage::Watching { watch: Some(watch), .. } if watch == id)
    }

    /// Whether this is the answer that is waited for.
    pub(super) fn takes(&mut self, ask: AskId) -> bool {
        self.asked.take_if(|asked| *asked == ask).is_some()
    }

    pub(super) fn silent(&mut self, now: Instant, ask: AskId) {
        if self.takes(ask) {
            self.next_at = now + AGAIN;
        }
    }

    pub(super) fn watch_ended(&mut self, now: Instant, id: WatchId) {
        if self.is_watch(id) {
            self.read_on(now);
            self.next_at = now + AGAIN;
        }
    }

    /// A look has seen this tail.
    pub(super) fn saw_tail(&mut self, now: Instant, tail: u64) {
        self.tail = self.tail.max(tail);
        if self.applied >= self.tail {
            self.behind_since = None;
        } else if self.behind_since.is_none() {
            self.behind_since = Some(now);
        }
    }

    pub(super) fn current(
        &mut self,
        current: Option<Kept>,
        out: &mut VecDeque<Action>,
    ) -> Result<(), Broken> {
        match current {
            Some(kept) if kept.seq > self.applied => {
                self.stage = Stage::Pieces {
                    kept,
                    got: BytesMut::new(),
                    next: 0,
                };
                self.loaded_all(out);
                Ok(())
            }
            _ if matches!(self.stage, Stage::Current { gap: true }) => {
                Err(Broken::Gap(self.applied + 1))
            }
            _ => {
                self.stage = Stage::Pages;
                Ok(())
            }
        }
    }

    pub(super) fn piece(&mut self, now: Instant, piece: Option<Bytes>, out: &mut VecDeque<Action>) {
        let Stage::Pieces { got, next, .. } = &mut self.stage else {
            return;
        };
        match piece {
            Some(piece) => {
                got.extend_from_slice(&piece);
                *next += 1;
                self.loaded_all(out);
            }
            // A later snapshot has taken its place.
            None => {
                self.stage = Stage::Current { gap: false };
                self.next_at = now + AGAIN;
            }
        }
    }

    fn loaded_all(&mut self, out: &mut VecDeque<Action>) {
        let Stage::Pieces { kept, got, next } = &mut self.stage else {
            return;
        };
        if *next < kept.pieces {
            return;
        }
        (self.applied, self.term) = (kept.seq, kept.term);
        self.written_at = None;
        self.tail = self.tail.max(kept.seq);
        out.push_back(Action::Load {
            seq: kept.seq,
            body: got.split().freeze(),
            digest: kept.digest,
        });
        self.stage = Stage::Pages;
    }

    pub(super) fn page(&mut self, batches: Vec<Batch>, at: Revision, out: &mut VecDeque<Action>) {
        let is_last = batches.len() < PAGE as usize;
        for batch in batches {
            if self.apply(batch, out).is_err() {
                // Batches before this one were removed, as a snapshot has them.
                self.stage = Stage::Current { gap: true };
                return;
            }
        }
        if is_last {
            self.stage = Stage::Watching {
                from: at.next(),
                watch: None,
            };
        }
    }

    /// A batch of the watch.
    pub(super) fn told(
        &mut self,
        now: Instant,
        at: Revision,
        batch: Batch,
        out: &mut VecDeque<Action>,
    ) {
        let seq = batch.seq;
        self.tail = self.tail.max(seq);
        if self.apply(batch, out).is_err() {
            self.read_on(now);
        } else if self.applied == seq {
            self.written_at = Some(at);
        }
    }

    /// Applies the next batch, and knows one that has been applied.
    fn apply(&mut self, batch: Batch, out: &mut VecDeque<Action>) -> Result<(), ()> {
        if batch.seq > self.applied + 1 {
            return Err(());
        }
        if batch.seq == self.applied + 1 {
            (self.applied, self.term) = (batch.seq, batch.term);
            self.written_at = None;
            out.push_back(Action::Apply(batch));
        }
        if self.applied >= self.tail {
            self.behind_since = None;
        }
        Ok(())
    }
}
