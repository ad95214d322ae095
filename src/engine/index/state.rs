//! The states of a file of a served folder, and what is known in each.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use super::types::HashJob;
use crate::model::{IndexedFile, Origin, RetiredReason, Seen, Stamp};

/// Where a file stands.
///
/// ```text
///           ┌────────────────── open for writing ──────────────────┐
///           ▼                                                      │
/// new ► Settling ─ quiet ► Quiet ► Recognising ─ not known ► Unknown ─ nobody writes ► Queued ► Hashing
///           ▲                ▲          │                                                 ▲      │ │ │
///           │                │          │ known                                           │      │ │ │
///           │                │          ▼                                    suspected    │      │ │ │
///           ├── it changed ──┼─ Served (reread meanwhile) ────────────────────────────────┘      │ │ │
///           │                │    │ │   ▲                                                       │ │ │
///           │                │    │ │   └────────────────────── its content ────────────────────┘ │ │
///           │                └────┼─┼─────────── later ─ Failed ◄────── it cannot be read ────────┘ │
///           │                     │ └──► Withdrawn                                                  │
///           │   it is there again ▼           Damaged ◄──────────── not what it should be ──────────┘
///           └─────────────────── Missing ► gone
/// ```
///
/// From every state a file goes back to `Settling` when a look sees that it changed, and is forgotten, or `Missing`, when a
/// look does not see it.
#[derive(Debug)]
pub(super) enum FileState {
    /// It changes, or has just changed. It becomes quiet at `due` if it stays as it is.
    Settling {
        file: Box<Unserved>,
        /// Its age by its date when it was first seen like this.
        age: Duration,
        /// It was open for writing, which is looked at again at this time.
        again: Option<Instant>,
        due: Instant,
    },
    /// It has stopped changing.
    Quiet(Box<Unserved>),
    /// The owner finds out whether it is known.
    Recognising(Box<Unserved>),
    /// It has to be read, unless somebody has it open for writing.
    Unknown(Box<Unserved>),
    /// It is to be read.
    Queued(Box<Unserved>),
    /// It is being read.
    Hashing(Box<Unserved>, HashJob),
    /// It is served.
    Served {
        file: Arc<IndexedFile>,
        /// Since when looks have not seen it.
        missing: Option<Instant>,
        reread: Reread,
    },
    /// It is not there although the cluster counts on it.
    Missing {
        was: Arc<IndexedFile>,
        since: Instant,
    },
    /// It could not be read. It is tried again at `again`.
    Failed { file: Box<Unserved>, again: Instant },
    /// It is not what it should be, and looks the same as when that was found.
    Damaged {
        /// What it should be.
        file: Arc<IndexedFile>,
        /// As [`Unserved::was`].
        was: Option<Arc<IndexedFile>>,
    },
    /// It is not wanted any more and cannot be moved away.
    Withdrawn {
        file: Arc<IndexedFile>,
        reason: RetiredReason,
    },
}

/// What is known of a file that is there and not served.
#[derive(Debug)]
pub(super) struct Unserved {
    pub(super) stamp: Stamp,
    /// When it was first seen like this.
    pub(super) since: Instant,
    /// It looked different when it was first seen under this name.
    pub(super) changed: bool,
    /// It was there before looks could see it: nobody was seen putting it there.
    pub(super) was_hidden: bool,
    /// What was served under this name. The cluster waits for what becomes of it.
    pub(super) was: Option<Arc<IndexedFile>>,
    pub(super) open: Option<Open>,
    pub(super) suspect: Option<Suspect>,
    pub(super) failure: Option<Failure>,
}

/// A file that somebody has open for writing.
#[derive(Clone, Copy, Debug)]
pub(super) struct Open {
    pub(super) since: Instant,
    /// It is looked at again after this long.
    pub(super) wait: Duration,
    /// People have been told.
    pub(super) told: bool,
}

/// A file that must be read before anything else is said about it.
#[derive(Debug)]
pub(super) struct Suspect {
    /// What it should be.
    pub(super) file: Arc<IndexedFile>,
    /// People and the node have been told that it is damaged.
    pub(super) told: bool,
}

/// The last time that a file could not be read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Failure {
    /// How it looked then.
    pub(super) seen: Seen,
    /// It is tried again after this long.
    pub(super) wait: Duration,
}

/// The progress of reading a served file once more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reread {
    No,
    Queued,
    Hashing(HashJob),
}

impl Unserved {
    pub(super) fn new(stamp: Stamp, now: Instant) -> Self {
        Self {
            stamp,
            since: now,
            changed: false,
            was_hidden: false,
            was: None,
            open: None,
            suspect: None,
            failure: None,
        }
    }

    /// A file that looks as it should and may be damaged.
    pub(super) fn suspected(suspect: Suspect, now: Instant) -> Self {
        let mut file = Self::new(suspect.file.stamp, now);
        file.suspect = Some(suspect);
        file
    }

    /// How it got there, as far as looks have seen.
    pub(super) fn origin(&self) -> Origin {
        if self.was_hidden {
            Origin::Found
        } else {
            Origin::Written
        }
    }

    /// The file has new content. What is known about the name stays, what is known about the content goes.
    pub(super) fn changed_to(self, stamp: Stamp, now: Instant) -> Self {
        Self {
            stamp,
            since: now,
            changed: true,
            was_hidden: self.was_hidden && self.stamp.is_dated_as(stamp),
            suspect: None,
            ..self
        }
    }
}

/// The queue that a file waits in.
pub(super) enum Turn {
    QuietBy(Instant),
    RetryAt(Instant),
    Quiet(u64),
    Unknown,
    Queued(u64),
    InWork,
    None,
}

impl FileState {
    /// The reading that it waits for.
    pub(super) fn job(&self) -> Option<HashJob> {
        let (Self::Hashing(_, job)
        | Self::Served {
            reread: Reread::Hashing(job),
            ..
        }) = self
        else {
            return None;
        };
        Some(*job)
    }

    /// The file, when it is served.
    pub(super) fn served(&self) -> Option<&Arc<IndexedFile>> {
        let Self::Served { file, .. } = self else {
            return None;
        };
        Some(file)
    }

    /// What is known of a file that is there and not served.
    fn unserved(&self) -> Option<&Unserved> {
        match self {
            Self::Settling { file, .. }
            | Self::Quiet(file)
            | Self::Recognising(file)
            | Self::Unknown(file)
            | Self::Queued(file)
            | Self::Hashing(file, _)
            | Self::Failed { file, .. } => Some(file),
            Self::Served { .. }
            | Self::Missing { .. }
            | Self::Damaged { .. }
            | Self::Withdrawn { .. } => None,
        }
    }

    /// The content that the cluster counts on: it is served, or waited for.
    pub(super) fn told(&self) -> Option<&Arc<IndexedFile>> {
        match self {
            Self::Served { file, .. } | Self::Missing { was: file, .. } => Some(file),
            Self::Damaged { was, .. } => was.as_ref(),
            waits => waits.unserved()?.was.as_ref(),
        }
    }

    /// What the file is or should be. Later runs need to know it.
    pub(super) fn known(&self) -> Option<&Arc<IndexedFile>> {
        match self {
            Self::Served { file, .. } | Self::Damaged { file, .. } => Some(file),
            waits => waits
                .unserved()?
                .suspect
                .as_ref()
                .map(|suspect| &suspect.file),
        }
    }

    /// The state that follows when everything is to be read again.
    pub(super) fn read_again(self, now: Instant) -> Self {
        match self {
            Self::Served {
                file,
                missing,
                reread: Reread::No,
            } => Self::Served {
                file,
                missing,
                reread: Reread::Queued,
            },
            Self::Failed { mut file, .. } => {
                file.failure = None;
                Self::Quiet(file)
            }
            Self::Damaged { file, was } => {
                let told = true;
                let mut suspected = Unserved::suspected(Suspect { file, told }, now);
                suspected.was = was;
                Self::Queued(Box::new(suspected))
            }
            // These are read anyway, or nobody wants them.
            waiting @ (Self::Served {
                reread: Reread::Queued | Reread::Hashing(_),
                ..
            }
            | Self::Settling { .. }
            | Self::Quiet(_)
            | Self::Recognising(_)
            | Self::Unknown(_)
            | Self::Queued(_)
            | Self::Hashing(..)
            | Self::Missing { .. }
            | Self::Withdrawn { .. }) => waiting,
        }
    }

    /// True when a look that sees this tells nothing new.
    pub(super) fn is_as(&self, seen: Seen) -> bool {
        match self {
            Self::Quiet(file)
            | Self::Recognising(file)
            | Self::Unknown(file)
            | Self::Queued(file)
            | Self::Hashing(file, _) => file.stamp == seen.stamp,
            Self::Served { file, missing, .. } => file.stamp == seen.stamp && missing.is_none(),
            Self::Failed { file, .. } => file.failure.is_some_and(|failed| failed.seen == seen),
            Self::Damaged { file, .. } => file.stamp == seen.stamp,
            // A settling file may be quiet sooner, and a withdrawn one may be movable by now.
            Self::Settling { .. } | Self::Withdrawn { .. } | Self::Missing { .. } => false,
        }
    }

    pub(super) fn turn(&self) -> Turn {
        match self {
            Self::Settling { due, .. } => Turn::QuietBy(*due),
            Self::Failed { again, .. } => Turn::RetryAt(*again),
            Self::Quiet(file) => Turn::Quiet(file.stamp.bytes),
            Self::Unknown(_) => Turn::Unknown,
            Self::Queued(file) => Turn::Queued(file.stamp.bytes),
            Self::Served { file, reread, .. } => match reread {
                Reread::No => Turn::None,
                Reread::Queued => Turn::Queued(file.stamp.bytes),
                Reread::Hashing(_) => Turn::InWork,
            },
            Self::Recognising(_) | Self::Hashing(..) => Turn::InWork,
            Self::Missing { .. } | Self::Damaged { .. } | Self::Withdrawn { .. } => Turn::None,
        }
    }
}
