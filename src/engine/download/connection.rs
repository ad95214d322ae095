//! The connection to one source: where it stands, when it is tried again, and whether the source is being drained. Knows
//! nothing of chunks.

use std::time::{Duration, Instant};

use super::SourceState;
use crate::{
    engine::backoff::Backoff,
    model::{SourceId, SourceInfo},
};

/// First delay before a dead source is tried again.
const RETRY_FIRST: Duration = Duration::from_millis(250);
/// Longest delay between tries.
const RETRY_CAP: Duration = Duration::from_secs(5);
/// In no download that anybody waits for.
const NEVER: Duration = Duration::from_secs(30 * 24 * 3600);
/// Longest wait for an attempt to connect. The node's own time-outs answer long before.
const CONNECT_PATIENCE: Duration = Duration::from_secs(10);
/// How long others leave the chunks of a new source alone while it is being connected to.
const CONNECT_GRACE: Duration = Duration::from_millis(150);

/// Where the connection to a source stands.
///
/// ```text
///            ┌──────────────────────────────┐
///            ▼                              │ retry_at
///  Connecting ──▶ Up ◀──▶ Suspect ──▶ Waiting
///       └─────────┴─── lost ────────────▲
///  from any state: Banned
///  Up, Suspect, Waiting ──▶ Resting ──▶ Connecting, while the source is drained
/// ```
///
/// `dead_since` is when the source was given up. Without it the source has not failed since it last worked. `expected_until`
/// is only there while a source that was just listed may connect any moment: until then others leave its chunks alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ConnectionState {
    /// A connection was asked for; the answer is overdue at `overdue_at`.
    Connecting {
        overdue_at: Instant,
        expected_until: Option<Instant>,
        dead_since: Option<Instant>,
    },
    /// It gets work.
    Up,
    /// It is connected but silent, and gets no new work.
    Suspect,
    /// It is not connected; the next try is at `retry_at`.
    Waiting {
        retry_at: Instant,
        dead_since: Instant,
    },
    /// It is not connected, because it is drained and the others suffice.
    Resting { dead_since: Option<Instant> },
    /// It sent wrong bytes.
    Banned,
}

/// Whether the central drains a source, and what follows for this download.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Drain {
    /// It is not drained.
    No,
    /// It is drained, but the others cannot bring all that is missing: it works on.
    Needed,
    /// It is drained and the others suffice: it gets no new work.
    Spared,
}

/// What a drained source is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rest {
    /// Begin to rest: its connection ends.
    Begin,
    /// Work again: it is to be connected to.
    End,
}

/// The connection to one source.
#[derive(Clone, Debug)]
pub(super) struct Connection {
    state: ConnectionState,
    /// The source is in the central's present list.
    is_listed: bool,
    drain: Drain,
    backoff: Backoff,
    /// One that is given up is tried again only when the central names it once more.
    is_peer: bool,
}

impl Connection {
    /// To a source that was just listed and is being connected to. A drained one rests: it is connected to if the others
    /// do not suffice.
    pub(super) fn new(info: &SourceInfo, seed: u64, now: Instant) -> Self {
        Self {
            state: if info.draining {
                ConnectionState::Resting { dead_since: None }
            } else {
                ConnectionState::Connecting {
                    overdue_at: now + CONNECT_PATIENCE,
                    expected_until: Some(now + CONNECT_GRACE),
                    dead_since: None,
                }
            },
            is_listed: true,
            drain: if info.draining {
                Drain::Needed
            } else {
                Drain::No
            },
            backoff: Backoff::new(jitter_of(info.id, seed), RETRY_FIRST, RETRY_CAP),
            is_peer: info.id.peer().is_some() && !info.have.is_all(),
        }
    }

    pub(super) fn state(&self) -> ConnectionState {
        self.state
    }

    pub(super) fn is_connected(&self) -> bool {
        match self.state {
            ConnectionState::Up | ConnectionState::Suspect => true,
            ConnectionState::Connecting { .. }
            | ConnectionState::Waiting { .. }
            | ConnectionState::Resting { .. }
            | ConnectionState::Banned => false,
        }
    }

    pub(super) fn is_banned(&self) -> bool {
        self.state == ConnectionState::Banned
    }

    /// True when there is a connection to lose.
    pub(super) fn can_be_lost(&self) -> bool {
        self.is_connected() || matches!(self.state, ConnectionState::Connecting { .. })
    }

    /// True until the first attempt to connect is answered.
    pub(super) fn is_first_attempt(&self) -> bool {
        self.seen() == SourceState::Connecting
    }

    /// True while others leave the source's chunks alone, because it should be there soon.
    pub(super) fn is_expected(&self) -> bool {
        match self.state {
            ConnectionState::Connecting { expected_until, .. } => expected_until.is_some(),
            ConnectionState::Up
            | ConnectionState::Suspect
            | ConnectionState::Waiting { .. }
            | ConnectionState::Resting { .. }
            | ConnectionState::Banned => false,
        }
    }

    /// True when the source is not drained, and works or is about to.
    pub(super) fn is_there_to_stay(&self) -> bool {
        let is_there = self.state == ConnectionState::Up || self.is_first_attempt();
        self.drain == Drain::No && is_there
    }

    /// True when [`Self::rest`] may change something.
    pub(super) fn is_or_was_drained(&self) -> bool {
        self.drain != Drain::No || matches!(self.state, ConnectionState::Resting { .. })
    }

    /// The source's state as people see it: one that is tried again is dead until it answers.
    pub(super) fn seen(&self) -> SourceState {
        match self.state {
            ConnectionState::Connecting {
                dead_since: None, ..
            } => SourceState::Connecting,
            ConnectionState::Connecting { .. } | ConnectionState::Waiting { .. } => {
                SourceState::Dead
            }
            ConnectionState::Resting { .. } => SourceState::Resting,
            ConnectionState::Up => match self.drain {
                Drain::Spared => SourceState::Resting,
                Drain::No | Drain::Needed => SourceState::Up,
            },
            ConnectionState::Suspect => SourceState::Suspect,
            ConnectionState::Banned => SourceState::Banned,
        }
    }

    /// When an attempt, or the wait for the next one, is over.
    pub(super) fn deadline(&self) -> Option<Instant> {
        match self.state {
            ConnectionState::Connecting {
                overdue_at,
                expected_until,
                ..
            } => Some(expected_until.map_or(overdue_at, |at| at.min(overdue_at))),
            ConnectionState::Waiting { retry_at, .. } => Some(retry_at),
            ConnectionState::Up
            | ConnectionState::Suspect
            | ConnectionState::Resting { .. }
            | ConnectionState::Banned => None,
        }
    }

    /// The source is in the central's list. One that is back there works in the central's eyes, and is tried soon.
    pub(super) fn list(&mut self, is_drained: bool, is_back: bool) {
        self.is_listed = true;
        self.drain = match self.drain {
            _ if !is_drained => Drain::No,
            Drain::No => Drain::Needed,
            Drain::Needed | Drain::Spared => self.drain,
        };
        if is_back {
            self.backoff.reset();
        }
    }

    /// The source is not in the central's list. Says whether it was.
    pub(super) fn unlist(&mut self) -> bool {
        std::mem::replace(&mut self.is_listed, false)
    }

    /// Connects to a source that waits for its next try, unless it may as well rest.
    pub(super) fn retry(&mut self, now: Instant) -> bool {
        let is_tried =
            matches!(self.state, ConnectionState::Waiting { .. }) && self.drain != Drain::Spared;
        if is_tried {
            self.connect(now);
        }
        is_tried
    }

    /// A connection is being asked for.
    pub(super) fn connect(&mut self, now: Instant) {
        self.state = ConnectionState::Connecting {
            overdue_at: now + CONNECT_PATIENCE,
            expected_until: None,
            dead_since: self.dead_since(),
        };
    }

    /// The connection stands. Gives when the source had been given up; `None` if nobody has asked for a connection.
    pub(super) fn connected(&mut self) -> Option<Option<Instant>> {
        match self.state {
            ConnectionState::Connecting { dead_since, .. } => {
                self.state = ConnectionState::Up;
                Some(dead_since)
            }
            ConnectionState::Up
            | ConnectionState::Suspect
            | ConnectionState::Waiting { .. }
            | ConnectionState::Resting { .. }
            | ConnectionState::Banned => None,
        }
    }

    /// Nobody leaves the source's chunks alone any more.
    pub(super) fn end_grace(&mut self) {
        if let ConnectionState::Connecting { expected_until, .. } = &mut self.state {
            *expected_until = None;
        }
    }

    /// The source has been silent for too long.
    pub(super) fn suspect(&mut self) {
        self.state = ConnectionState::Suspect;
    }

    /// The source shows life. Says whether it was suspect.
    pub(super) fn clear(&mut self) -> bool {
        let is_cleared = self.state == ConnectionState::Suspect;
        if is_cleared {
            self.state = ConnectionState::Up;
        }
        is_cleared
    }

    /// The source does what it should: the next try need not wait long.
    pub(super) fn forget_failures(&mut self) {
        self.backoff.reset();
    }

    /// There is no connection any more, and the next try is later. Says whether that is news: a source that is tried again
    /// in vain has been given up before.
    pub(super) fn give_up(&mut self, now: Instant) -> bool {
        let delay = if self.is_peer {
            NEVER
        } else if self.is_listed {
            self.backoff.next_delay()
        } else {
            self.backoff.longest_delay()
        };
        let dead_since = self.dead_since();
        self.state = ConnectionState::Waiting {
            retry_at: now + delay,
            dead_since: dead_since.unwrap_or(now),
        };
        dead_since.is_none()
    }

    /// The source sent wrong bytes: it is never connected to again. Says whether it was connected; `None` if it is banned
    /// already.
    pub(super) fn ban(&mut self) -> Option<bool> {
        let was_connected = self.is_connected();
        let before = std::mem::replace(&mut self.state, ConnectionState::Banned);
        (before != ConnectionState::Banned).then_some(was_connected)
    }

    /// Decides whether a drained source rests: it does once it has nothing left to bring, as long as the others suffice.
    pub(super) fn rest(&mut self, others_suffice: bool, has_work: bool) -> Option<Rest> {
        if self.drain != Drain::No {
            self.drain = if others_suffice {
                Drain::Spared
            } else {
                Drain::Needed
            };
        }
        let is_spared = self.drain == Drain::Spared;
        match self.state {
            ConnectionState::Up | ConnectionState::Suspect if is_spared && !has_work => {
                self.state = ConnectionState::Resting { dead_since: None };
                Some(Rest::Begin)
            }
            ConnectionState::Resting { .. } if !is_spared => Some(Rest::End),
            ConnectionState::Up
            | ConnectionState::Suspect
            | ConnectionState::Resting { .. }
            | ConnectionState::Connecting { .. }
            | ConnectionState::Waiting { .. }
            | ConnectionState::Banned => None,
        }
    }

    /// The wait for the next try is over. Says whether the source is connected to; one that may as well rest is not.
    pub(super) fn stop_waiting(&mut self, now: Instant) -> bool {
        let is_tried = self.drain != Drain::Spared;
        if is_tried {
            self.connect(now);
        } else {
            self.state = ConnectionState::Resting {
                dead_since: self.dead_since(),
            };
        }
        is_tried
    }

    /// Leaves a time in which this side did not run out of account.
    pub(super) fn shift(&mut self, by: Duration) {
        if let ConnectionState::Connecting {
            overdue_at,
            expected_until,
            ..
        } = &mut self.state
        {
            *overdue_at += by;
            if let Some(until) = expected_until {
                *until += by;
            }
        }
    }

    fn dead_since(&self) -> Option<Instant> {
        match self.state {
            ConnectionState::Connecting { dead_since, .. }
            | ConnectionState::Resting { dead_since } => dead_since,
            ConnectionState::Waiting { dead_since, .. } => Some(dead_since),
            ConnectionState::Up | ConnectionState::Suspect | ConnectionState::Banned => None,
        }
    }
}

/// Sources of one download must not share their jitter.
fn jitter_of(source: SourceId, seed: u64) -> u64 {
    seed ^ u64::from(source.0).rotate_left(48)
}
