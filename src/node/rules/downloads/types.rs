//! How far a download is, and what each call on it comes to.

use serde::{Deserialize, Serialize};

use super::past::{Origin, Past, Reached};
use crate::{
    model::{
        FileMeta, FileName, Finished, Grant, KnownSource, SourceInfo, TransferId,
        limits::MAX_SOURCES,
        messages::{FromClient, Resume},
    },
    node::{
        Failure,
        rules::{DownloadNumber, Receiving},
    },
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
    /// A reader takes its bytes; nothing is written under the file's name, so another of the same file may run.
    pub is_private: bool,
    /// What its earlier runs brought, before it was paused or held.
    pub past: Past,
    /// How much of it was here when that was last looked at.
    pub reached: Reached,
    /// Where it was begun.
    pub origin: Origin,
}

impl<A, R> Download<A, R> {
    /// One that the central is asked for; `asker` waits for the answer.
    pub(super) fn new(file: FileName, asker: A) -> Self {
        Self {
            file,
            state: State::Asked(asker),
            priority: Priority::default(),
            is_private: false,
            past: Past::default(),
            reached: Reached::default(),
            origin: Origin::ThisRun,
        }
    }

    /// Asks the central for it.
    pub(super) fn request(&self, number: DownloadNumber) -> FromClient {
        FromClient::Download {
            request: number.into(),
            name: self.file.clone(),
        }
    }

    /// It would run if nothing held it.
    pub(super) fn wants_to_run(&self) -> bool {
        match &self.state {
            State::Asked(_) | State::Again(_) | State::Queued(_) | State::Held => true,
            State::Running(running) => match running.stopping {
                None | Some(Stopping::Held | Stopping::Again) => true,
                Some(Stopping::Cancelled | Stopping::Paused) => false,
            },
            State::Paused | State::Ended(_) => false,
        }
    }

    /// It is paused, or is stopping for that.
    pub fn is_paused(&self) -> bool {
        match &self.state {
            State::Paused => true,
            State::Running(running) => running.stopping == Some(Stopping::Paused),
            State::Asked(_)
            | State::Again(_)
            | State::Queued(_)
            | State::Held
            | State::Ended(_) => false,
        }
    }

    /// It is held, or is stopping for that.
    pub fn is_held(&self) -> bool {
        match &self.state {
            State::Held => true,
            State::Running(running) => running.stopping == Some(Stopping::Held),
            State::Asked(_)
            | State::Again(_)
            | State::Queued(_)
            | State::Paused
            | State::Ended(_) => false,
        }
    }
}

/// How important a download is among its client's.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "kebab-case")]
pub enum Priority {
    /// It waits for all others.
    Low,
    /// What every download begins with.
    #[default]
    Normal,
    /// All others wait for it.
    High,
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
    /// The central was asked; the asker waits for its answer.
    Asked(A),
    /// The central was asked again, for a download that goes on. Its user waits for the answer, unless it goes on by
    /// itself.
    Again(Option<A>),
    /// It waits in line, at this position, from 1.
    Queued(u32),
    /// It was granted.
    Running(Running<R>),
    /// Its user paused it; what was received is kept.
    Paused,
    /// It waits until no download of a higher priority is left.
    Held,
    /// It is over.
    Ended(End),
}

impl<A, R> State<A, R> {
    /// The running part, if it runs.
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
    /// The central's name for it.
    pub transfer: TransferId,
    /// What was granted.
    pub meta: FileMeta,
    /// What receives it.
    pub receiving: R,
    /// What it becomes once it has stopped, if it was told to stop.
    pub stopping: Option<Stopping>,
    /// The name has other content by now. The old content is received as long as somebody has it.
    pub superseded: bool,
    /// It has nobody to ask at present.
    pub without_sources: bool,
    /// All sources that it was ever told of.
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
    /// A granted download that begins to run.
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

    /// Resumes it on another link. A central that has forgotten the transfer keeps the ids of its sources.
    pub(super) fn resume(&self, number: DownloadNumber) -> FromClient {
        FromClient::Resume(Resume {
            transfer: self.transfer,
            request: number.into(),
            file: self.meta.clone(),
            sources: self.known.clone(),
        })
    }
}

/// Why a running download was told to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stopping {
    /// It is given up.
    Cancelled,
    /// It is to be paused.
    Paused,
    /// It is to be held.
    Held,
    /// It was told to stop and is to go on after all, or it begins anew with other content.
    Again,
}

/// How all of a client's downloads ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Downloads that ended with the file.
    pub complete: u64,
    /// Downloads that ended without it.
    pub failed: u64,
    /// Downloads that are paused, and so have not ended.
    pub paused: u64,
}

impl Tally {
    /// Counts one more. One of an earlier run that nobody asked for in this one is none of its business.
    pub(super) fn count<A, R>(&mut self, download: &Download<A, R>) {
        if download.origin == Origin::EarlierRun {
            return;
        }
        match &download.state {
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

    /// True if every file that was asked for is there.
    pub fn all_well(&self) -> bool {
        self.failed == 0 && self.paused == 0
    }
}

/// How a download ended.
#[derive(Clone, Debug)]
pub enum End {
    /// The file is there.
    Complete,
    /// It failed, for this reason.
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
    /// Nobody wants it any more: tell the central.
    Unwanted(Finished),
    /// It is held: tell the central that it is over, and answer whoever asked for it.
    Held(Finished, Option<A>),
}

/// Who a refusal, or a place in the line, is an answer to.
#[derive(Debug, PartialEq)]
pub enum Answers<A> {
    /// To whoever waits for the first answer.
    Asker(A),
    /// To nobody who asks: a download of this file has been waiting in line.
    Waiting(FileName),
    /// To nothing: it changes nothing, as for a resumed download that goes on with the sources that it knows.
    Nothing,
}

/// What comes of pausing a download or giving it up.
#[derive(Clone, Debug, PartialEq)]
pub enum GivenUp {
    /// It was told to stop; its end, or its pause, follows.
    Stopping,
    /// It waited in line, and is over or paused at once: tell the central.
    Withdrawn(FileName, FromClient),
    /// It was paused or held, and is over or paused at once. The central does not know of it.
    Dropped(FileName),
    /// There is nothing to stop.
    Nothing,
}

/// What follows once a download has stopped.
#[derive(Clone, Debug, PartialEq)]
pub enum AfterStop {
    /// It is over.
    Cancelled,
    /// It is paused.
    Paused,
    /// It is held.
    Held,
    /// It goes on: ask the central.
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
