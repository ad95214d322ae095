//! How far a client's downloads are, and what may become of them.

use std::time::Duration;

use super::{Priority, Receiving};
use crate::{
    model::{
        FileMeta, FileName, Finished, Grant, KnownSource, ReceivedFrom, SourceInfo, TransferId,
        limits::MAX_SOURCES,
        messages::{FromClient, Resume},
    },
    node::{Failure, rules::DownloadNumber},
};

/// One download.
#[derive(Debug)]
pub struct Download<A, R> {
    /// Its file.
    pub file: FileName,
    /// How far it is.
    pub state: State<A, R>,
    /// Whether others of this client go before it.
    pub priority: Priority,
    /// What it brings goes to a reader and not under the file's name: another of the same file may run.
    pub is_private: bool,
    /// What came of it before it was paused or held.
    pub past: Past,
}

impl<A, R> Download<A, R> {
    /// Asks the central for it.
    pub(super) fn request(&self, number: DownloadNumber) -> FromClient {
        FromClient::Download {
            request: number.into(),
            name: self.file.clone(),
        }
    }
}

/// Earlier runs of one download.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Past {
    /// How long they ran.
    pub took: Duration,
    /// What each source brought. Each run has ids of its own: these are the sources of all, by who they are.
    pub received: Vec<ReceivedFrom>,
    /// What was taken from files of the own disk, in bytes; of the present run as well.
    pub own_bytes: u64,
}

impl Past {
    pub(super) fn add(&mut self, took: Duration, received: &[ReceivedFrom]) {
        self.took += took;
        for source in received {
            match self.received.iter_mut().find(|r| r.who == source.who) {
                Some(known) => known.add(source),
                None => self.received.push(source.clone()),
            }
        }
        self.received.sort_by_key(|source| source.who);
    }

    /// These and one more.
    pub fn with(&self, took: Duration, received: &[ReceivedFrom]) -> Self {
        let mut all = self.clone();
        all.add(took, received);
        all
    }
}

/// How far a download is.
///
/// ```text
///  Asked ──▶ Queued ──▶ Running ──▶ Ended
///    │         │  ▲        │          ▲
///    │         ▼  └─ Again │          │
///    │  Paused, Held ─▲  ◀─┘          │
///    └── refused, cancelled ──────────┘
/// ```
#[derive(Debug)]
pub enum State<A, R> {
    /// The central was asked; whoever asked us waits.
    Asked(A),
    /// The central was asked once more, for one that goes on; whoever made it go on waits, unless it was its
    /// turn.
    Again(Option<A>),
    /// It waits for its place, at this one, from 1.
    Queued(u32),
    /// It was granted.
    Running(Running<R>),
    /// Its user made it wait; what is there is kept.
    Paused,
    /// It waits until none of a higher priority is left.
    Held,
    /// It is over.
    Ended(End),
}

impl<A, R> State<A, R> {
    /// What runs, if it does.
    pub(super) fn running(&self) -> Option<&Running<R>> {
        match self {
            Self::Running(running) => Some(running),
            Self::Asked(_)
            | Self::Again(_)
            | Self::Queued(_)
            | Self::Paused
            | Self::Held
            | Self::Ended(_) => None,
        }
    }

    /// The same, to be changed.
    pub(super) fn running_mut(&mut self) -> Option<&mut Running<R>> {
        match self {
            Self::Running(running) => Some(running),
            Self::Asked(_)
            | Self::Again(_)
            | Self::Queued(_)
            | Self::Paused
            | Self::Held
            | Self::Ended(_) => None,
        }
    }
}

/// A download that was granted.
#[derive(Debug)]
pub struct Running<R> {
    /// Its name at the central.
    pub transfer: TransferId,
    /// What was granted.
    pub meta: FileMeta,
    /// What receives it.
    pub receiving: R,
    /// What becomes of it once it has stopped, when it was told to.
    pub stopping: Option<Stopping>,
    /// The name has other content by now: this one is received as long as somebody has it.
    pub superseded: bool,
    /// Nobody can be asked for it just now.
    pub without_sources: bool,
    /// The sources that it was ever told of.
    known: Vec<KnownSource>,
}

impl<R: Receiving> Running<R> {
    /// Who can send from now on.
    pub(super) fn set_sources(&mut self, sources: Vec<SourceInfo>) {
        self.know(&sources);
        self.receiving.set_sources(sources);
    }
}

impl<R> Running<R> {
    /// What was granted runs.
    pub(super) fn new(grant: &Grant, receiving: R) -> Self {
        let mut running = Self {
            transfer: grant.transfer,
            meta: grant.file.clone(),
            receiving,
            stopping: None,
            superseded: false,
            without_sources: false,
            known: Vec::new(),
        };
        running.know(&grant.sources);
        running
    }

    fn know(&mut self, sources: &[SourceInfo]) {
        for SourceInfo { id, who, .. } in sources {
            let is_known = self.known.iter().any(|known| known.id == *id);
            if !is_known && self.known.len() < MAX_SOURCES {
                self.known.push(KnownSource { id: *id, who: *who });
            }
        }
    }

    /// Goes on with it on another link. A central that does not know the transfer goes on with the ids of its sources.
    pub(super) fn resume(&self, number: DownloadNumber) -> FromClient {
        FromClient::Resume(Resume {
            transfer: self.transfer,
            request: number.into(),
            file: self.meta.clone(),
            sources: self.known.clone(),
        })
    }
}

/// Why a download that runs was told to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stopping {
    /// It is given up.
    Cancelled,
    /// It is to be paused.
    Paused,
    /// It is to be held.
    Held,
    /// It was to be one of these and is to go on after all, or begins anew with other content.
    Again,
}

/// How all of a client's downloads ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Downloads that ended with the file.
    pub complete: u64,
    /// Downloads that ended without it.
    pub failed: u64,
    /// Downloads that are paused: not over, and nobody makes them go on.
    pub paused: u64,
}

impl Tally {
    /// One more, in this state.
    pub(super) fn count<A, R>(&mut self, state: &State<A, R>) {
        match state {
            State::Ended(End::Complete) => self.complete += 1,
            State::Ended(End::Failed(_) | End::Cancelled) => self.failed += 1,
            State::Paused => self.paused += 1,
            State::Asked(_)
            | State::Again(_)
            | State::Queued(_)
            | State::Running(_)
            | State::Held => {}
        }
    }

    /// Every file that was asked for is there.
    pub fn all_well(&self) -> bool {
        self.failed == 0 && self.paused == 0
    }
}

/// How a download ended, for those who look later.
#[derive(Clone, Debug)]
pub enum End {
    /// The file is there.
    Complete,
    /// It is not, and this is why.
    Failed(Failure),
    /// It was given up.
    Cancelled,
}

/// What a grant means.
#[derive(Debug, PartialEq)]
pub enum Granted<A> {
    /// It starts; [`super::Downloads::started`] follows.
    Start,
    /// It runs already, and knows its sources anew.
    Runs,
    /// Nobody wants it any more, which the central is to be told.
    Unwanted(Finished),
    /// It is held, which the central is to be told as an end; whoever asked for it is to be answered.
    Held(Finished, Option<A>),
}

/// What a refusal, or a place in the line, is the answer to.
#[derive(Debug, PartialEq)]
pub enum Answers<A> {
    /// To the question of whoever asked first.
    Asker(A),
    /// To one that has been waiting.
    Waiting(FileName),
    /// To nothing that is waited for: a resumed download goes on from the sources that it knows.
    Nothing,
}

/// What giving up a download, or pausing it, means.
#[derive(Clone, Debug, PartialEq)]
pub enum GivenUp {
    /// It was told to stop and ends, or is paused, later.
    Stopping,
    /// It waited and is over, or paused; the central is to be told.
    Withdrawn(FileName, FromClient),
    /// It was paused or held, and is over, or paused; the central does not know of it.
    Dropped(FileName),
    /// There is nothing to give up.
    Nothing,
}

/// What a download that stopped came to.
#[derive(Clone, Debug, PartialEq)]
pub enum AfterStop {
    /// It is over.
    Cancelled,
    /// It is paused.
    Paused,
    /// It is held.
    Held,
    /// It goes on; the central is to be asked.
    Again(FromClient),
}

impl<A, R> State<A, R> {
    /// Whoever waits for the central's answer.
    pub(super) fn into_asker(self) -> Option<A> {
        match self {
            Self::Asked(asker) => Some(asker),
            Self::Again(asker) => asker,
            Self::Queued(_) | Self::Running(_) | Self::Paused | Self::Held | Self::Ended(_) => None,
        }
    }
}

impl<R: Receiving> Running<R> {
    pub(super) fn stop(&mut self, stopping: Stopping) {
        self.receiving.stop();
        self.stopping = Some(stopping);
    }
}
