//! One source as the download sees it. Owns its connection's state, its queue, its measures and its
//! counters; must not know the other sources or the chunk table.

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use crate::{
    engine::backoff::Backoff,
    model::{
        ChunkIndex, FaultCounts, Have, ReceivedFrom, SourceId, SourceInfo, Who,
        limits::MAX_QUEUED_REQUESTS,
    },
};

use super::{SourceState, progress::Progress, queue::RequestQueue, rate::RateMeter};

/// First delay before a dead source is tried again.
const RETRY_FIRST: Duration = Duration::from_millis(250);
/// Longest delay between tries.
const RETRY_CAP: Duration = Duration::from_secs(5);
/// The node's own time-outs answer an attempt to connect long before this.
const CONNECT_PATIENCE: Duration = Duration::from_secs(10);
/// How long what is a new source's own is left to it while it is being connected to.
const CONNECT_GRACE: Duration = Duration::from_millis(150);
/// Requests that even the slowest source has, so that its next chunk never waits for a round trip.
const LEAST_WINDOW: u32 = 2;
/// What may be asked ahead, as time at the present rate.
const WINDOW_SECONDS: f64 = 0.5;
/// Most bytes that one source may have to send.
const MOST_OUTSTANDING_BYTES: u64 = 256 << 20;

/// The connection to a source.
///
/// ```text
///            ┌──────────────────────────────┐
///            ▼                              │ retry_at
///  Connecting ──▶ Up ◀──▶ Suspect ──▶ Waiting
///       └─────────┴─── lost ────────────▲
///  from any state: Banned
///  Up, Suspect ──▶ Resting ──▶ Connecting, while it is about to leave
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Link {
    /// A connection was asked for; the answer is overdue at `overdue_at`.
    Connecting { overdue_at: Instant },
    /// It gets work.
    Up,
    /// It is connected, silent, and gets no new work.
    Suspect,
    /// It is not connected; the next try is at `retry_at`.
    Waiting { retry_at: Instant },
    /// It is not connected, as it is about to leave and others are there.
    Resting,
    /// It sent wrong bytes.
    Banned,
}

/// What is counted over all of a source's connections.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Counters {
    pub(super) received_bytes: u64,
    pub(super) useful_bytes: u64,
    pub(super) useful_chunks: u64,
    pub(super) retries: u64,
    pub(super) hedges: u64,
    pub(super) digest_failures: u64,
    pub(super) faults: FaultCounts,
    pub(super) recoveries: u64,
    pub(super) recovery: Duration,
    pub(super) recovered_chunks: u64,
}

/// A source.
#[derive(Clone, Debug)]
pub(super) struct Source {
    pub(super) id: SourceId,
    pub(super) who: Who,
    /// Chunks that it can send.
    pub(super) have: Have,
    pub(super) link: Link,
    /// It is in the central's present list.
    pub(super) announced: bool,
    /// It is about to leave, as the central says.
    pub(super) is_draining: bool,
    /// It is, and others are there: it gets no new work.
    pub(super) is_resting: bool,
    /// It was just listed, and may connect any moment until then.
    pub(super) expected_until: Option<Instant>,
    /// When it was given up; `None` while it works or was not tried yet.
    pub(super) dead_since: Option<Instant>,
    pub(super) queue: RequestQueue,
    pub(super) progress: Progress,
    /// Chunks that it said it cannot send.
    pub(super) refused: BTreeSet<ChunkIndex>,
    /// Refusals since it last connected.
    pub(super) refusals: u32,
    pub(super) counters: Counters,
    chunk_bytes: u32,
    meter: RateMeter,
    window: u32,
    backoff: Backoff,
}

impl Source {
    /// A source that is being connected to.
    pub(super) fn new(info: &SourceInfo, chunk_bytes: u32, seed: u64, now: Instant) -> Self {
        Self {
            id: info.id,
            who: info.who,
            have: info.have.clone(),
            link: Link::Connecting {
                overdue_at: now + CONNECT_PATIENCE,
            },
            announced: true,
            is_draining: info.draining,
            is_resting: false,
            expected_until: Some(now + CONNECT_GRACE),
            dead_since: None,
            queue: RequestQueue::default(),
            progress: Progress::default(),
            refused: BTreeSet::new(),
            refusals: 0,
            counters: Counters::default(),
            chunk_bytes,
            meter: RateMeter::new(chunk_bytes),
            window: LEAST_WINDOW,
            // Sources of one download must not share their jitter.
            backoff: Backoff::new(
                seed ^ u64::from(info.id.0).rotate_left(48),
                RETRY_FIRST,
                RETRY_CAP,
            ),
        }
    }

    /// True when it can send a chunk, as far as is known.
    pub(super) fn can_send(&self, chunk: ChunkIndex) -> bool {
        self.have.contains(chunk) && !self.refused.contains(&chunk)
    }

    pub(super) fn is_connected(&self) -> bool {
        match self.link {
            Link::Up | Link::Suspect => true,
            Link::Connecting { .. } | Link::Waiting { .. } | Link::Resting | Link::Banned => false,
        }
    }

    /// True until the first attempt to connect had an answer.
    pub(super) fn is_first_attempt(&self) -> bool {
        match self.link {
            Link::Connecting { .. } => self.dead_since.is_none(),
            Link::Up | Link::Suspect | Link::Waiting { .. } | Link::Resting | Link::Banned => false,
        }
    }

    /// True when it is of interest to [`super::resting`].
    pub(super) fn is_or_was_draining(&self) -> bool {
        self.is_draining || self.is_resting || self.link == Link::Resting
    }

    /// True while it is left alone with what is its own, as it should be there soon.
    pub(super) fn is_expected(&self) -> bool {
        self.is_first_attempt() && self.expected_until.is_some()
    }

    /// Its state as people see it: one that is tried again is dead until it answers.
    pub(super) fn state(&self) -> SourceState {
        match self.link {
            Link::Connecting { .. } if self.dead_since.is_none() => SourceState::Connecting,
            Link::Connecting { .. } | Link::Waiting { .. } => SourceState::Dead,
            Link::Resting => SourceState::Resting,
            Link::Up if self.is_resting => SourceState::Resting,
            Link::Up => SourceState::Up,
            Link::Suspect => SourceState::Suspect,
            Link::Banned => SourceState::Banned,
        }
    }

    pub(super) fn start_connecting(&mut self, now: Instant) {
        self.link = Link::Connecting {
            overdue_at: now + CONNECT_PATIENCE,
        };
    }

    /// A new connection: nothing learnt on an earlier one holds for it.
    pub(super) fn start_working(&mut self) {
        self.link = Link::Up;
        self.progress = Progress::default();
        self.meter = RateMeter::new(self.chunk_bytes);
        self.window = LEAST_WINDOW;
        self.refusals = 0;
    }

    /// Not connected from now on, to be tried again later. The caller has emptied the queue.
    pub(super) fn start_waiting(&mut self, now: Instant) {
        let delay = if self.announced {
            self.backoff.next_delay()
        } else {
            self.backoff.longest_delay()
        };
        self.link = Link::Waiting {
            retry_at: now + delay,
        };
    }

    /// It works, or the central says that it does: the next try need not wait long.
    pub(super) fn forget_failures(&mut self) {
        self.backoff.reset();
    }

    /// Sets the clocks right after a change of the queue.
    pub(super) fn sync(&mut self, now: Instant) {
        let sums = self.queue.sums();
        self.progress.set_awaiting(now, sums.unfinished > 0);
        let busy = sums.wanted > 0 && !self.progress.is_blocked();
        self.meter.set_busy(now, busy);
    }

    /// Counts bytes in the measures (not in the queue).
    pub(super) fn measure(&mut self, now: Instant, bytes: u32) {
        self.meter.add(now, bytes);
        self.progress.bytes(now);
    }

    /// Takes a time in which this side did not run out of every account.
    pub(super) fn shift(&mut self, by: Duration) {
        self.meter.shift(by);
        self.progress.shift(by);
        if let Link::Connecting { overdue_at } = &mut self.link {
            *overdue_at += by;
        }
        if let Some(until) = &mut self.expected_until {
            *until += by;
        }
    }

    /// Bytes per second of late; `None` while unknown.
    pub(super) fn rate(&self, now: Instant) -> Option<f64> {
        self.meter.rate(now)
    }

    /// Chunks that may be asked ahead at a rate. Unknown rates get the least.
    pub(super) fn window(&self, rate: Option<f64>) -> u32 {
        let worth = rate.map_or(0.0, |rate| {
            (rate * WINDOW_SECONDS / f64::from(self.chunk_bytes)).ceil()
        });
        self.window.min(worth as u32).max(LEAST_WINDOW)
    }

    /// True when one more chunk may be asked of it, by its window and its limits.
    pub(super) fn has_space(&self, now: Instant) -> bool {
        let sums = self.queue.sums();
        // The rate only makes the window smaller.
        sums.wanted < self.window.max(LEAST_WINDOW)
            && sums.wanted < self.window(self.rate(now))
            && self.queue.len() < MAX_QUEUED_REQUESTS
            && sums.unfinished_bytes + u64::from(self.chunk_bytes) <= MOST_OUTSTANDING_BYTES
    }

    /// A chunk came whole while `wanted_before` were wanted. The window grows only when it was what held
    /// the source back, and not past what is worth it.
    pub(super) fn grow_window(&mut self, now: Instant, wanted_before: u32) {
        let worth = self.rate(now).map_or(f64::INFINITY, |rate| {
            rate * WINDOW_SECONDS / f64::from(self.chunk_bytes)
        });
        if wanted_before >= self.window && f64::from(self.window) < worth {
            self.window += 1;
        }
    }

    /// When its state must be looked at next.
    pub(super) fn deadline(&self) -> Option<Instant> {
        match self.link {
            Link::Connecting { overdue_at } => Some(
                self.expected_until
                    .map_or(overdue_at, |at| at.min(overdue_at)),
            ),
            Link::Waiting { retry_at } => Some(retry_at),
            Link::Up => self.progress.suspect_at(),
            Link::Suspect => self.progress.dead_at(),
            Link::Resting | Link::Banned => None,
        }
    }

    /// Bytes that came and are known to be of no use.
    pub(super) fn wasted_bytes(&self) -> u64 {
        let settled = self
            .counters
            .received_bytes
            .saturating_sub(self.queue.sums().pending_bytes);
        settled.saturating_sub(self.counters.useful_bytes)
    }

    /// Its counters as others see them.
    pub(super) fn received_from(&self) -> ReceivedFrom {
        let counters = self.counters;
        ReceivedFrom {
            source: self.id,
            who: self.who,
            bytes: counters.useful_bytes,
            wasted: self.wasted_bytes(),
            chunks: counters.useful_chunks,
            retries: counters.retries,
            hedges: counters.hedges,
            digest_failures: counters.digest_failures,
            recoveries: counters.recoveries,
            recovery_ms: counters.recovery.as_millis() as u64,
            recovered_chunks: counters.recovered_chunks,
            faults: counters.faults,
        }
    }
}
