//! Handing over: whom to, how far it is, and until when it is given up.
//!
//! ```text
//! None ─▶ Checking ─▶ Marking ─▶ Calling ─▶ Draining ─▶ (the transaction: `appends`) ─▶ another is active
//!   ▲         │           │         │           │                 │ the standby has left
//!   └─────────┴───────────┴─────────┴───────────┴─────────────────┘
//! ```
//!
//! Service goes on until the standby has answered its call: it lives, and has all that was written by then. What is written
//! until it gets the key it reads on its way to that.

use std::time::{Duration, Instant};

use super::{
    types::{AskId, NotMigrated},
    values::{Sight, Standby},
};

/// For so long the standby may leave the call without an answer, and then the last batch may be on its way.
const LEVEL_WITHIN: Duration = Duration::from_secs(2);
/// For so long the key store may leave it without an answer before anything is held.
const CHECKED_WITHIN: Duration = Duration::from_secs(3);
const LOOK_EVERY: Duration = Duration::from_millis(10);

#[derive(Debug, Default)]
pub(super) enum Handover {
    #[default]
    None,
    /// A look that is later than the order is waited for.
    Checking {
        to: Option<String>,
        after: AskId,
        until: Instant,
    },
    /// `handover` is to name it.
    Marking {
        to: Standby,
        asked: Option<AskId>,
        until: Instant,
    },
    /// It is to say that it has everything up to this batch.
    Calling {
        to: Standby,
        tail: u64,
        until: Instant,
    },
    /// Nothing new is written; what is on its way is waited for.
    Draining { to: Standby, until: Instant },
    /// The last batch is being made, or on its way with the key.
    Closing { to: Standby },
}

impl Handover {
    pub(super) fn is_none(&self) -> bool {
        matches!(self, Handover::None)
    }

    pub(super) fn check(now: Instant, to: Option<String>, after: AskId) -> Self {
        Handover::Checking {
            to,
            after,
            until: now + CHECKED_WITHIN,
        }
    }

    pub(super) fn mark(now: Instant, to: Standby) -> Self {
        Handover::Marking {
            to,
            asked: None,
            until: now + CHECKED_WITHIN,
        }
    }

    pub(super) fn call(now: Instant, to: Standby, tail: u64) -> Self {
        Handover::Calling {
            to,
            tail,
            until: now + LEVEL_WITHIN,
        }
    }

    pub(super) fn drain(now: Instant, to: Standby) -> Self {
        Handover::Draining {
            to,
            until: now + LEVEL_WITHIN,
        }
    }

    pub(super) fn until(&self) -> Option<Instant> {
        match self {
            Handover::None | Handover::Closing { .. } => None,
            Handover::Checking { until, .. }
            | Handover::Marking { until, .. }
            | Handover::Calling { until, .. }
            | Handover::Draining { until, .. } => Some(*until),
        }
    }

    /// How often the standbys are to be looked at.
    pub(super) fn look_every(&self) -> Option<Duration> {
        match self {
            Handover::Checking { .. } | Handover::Calling { .. } => Some(LOOK_EVERY),
            Handover::None
            | Handover::Marking { .. }
            | Handover::Draining { .. }
            | Handover::Closing { .. } => None,
        }
    }

    /// Nothing new is to be written.
    pub(super) fn holds(&self) -> bool {
        matches!(self, Handover::Draining { .. } | Handover::Closing { .. })
    }

    /// Why it is given up when its time is over.
    pub(super) fn too_late(&self) -> NotMigrated {
        match self {
            Handover::Calling { to, .. } | Handover::Draining { to, .. } => {
                NotMigrated::Behind(to.node.clone())
            }
            Handover::None
            | Handover::Checking { .. }
            | Handover::Marking { .. }
            | Handover::Closing { .. } => NotMigrated::Silent,
        }
    }
}

/// Whom an order means, of those who are there.
pub(super) fn target(own: &str, to: Option<&str>, sight: &Sight) -> Result<Standby, NotMigrated> {
    let is_ready = |standby: &&Standby| standby.ready && standby.reads >= sight.format;
    let mut others = sight.standbys.iter().filter(|standby| standby.node != own);
    match to {
        Some(name) if name == own => Err(NotMigrated::ToItself),
        Some(name) => {
            let found = others.find(|standby| standby.node == name);
            let found = found.ok_or_else(|| NotMigrated::Unknown(name.to_owned()))?;
            let ready = Some(found).filter(is_ready);
            ready
                .cloned()
                .ok_or_else(|| NotMigrated::NotReady(name.to_owned()))
        }
        None => {
            let first = others.clone().next().ok_or(NotMigrated::Alone)?;
            let best = others
                .filter(is_ready)
                .max_by_key(|standby| standby.applied);
            best.cloned()
                .ok_or_else(|| NotMigrated::NotReady(first.node.clone()))
        }
    }
}
