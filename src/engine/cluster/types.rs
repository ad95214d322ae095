//! What goes into the cluster machine and what comes out of it.

use std::net::SocketAddr;

use super::Notice;
use crate::model::{
    ChunkIndex, ClientName, Conflict, CopyLimits, Digest, Fault, FileMeta, FileName, Finished,
    Grant, HeldFile, Incarnation, Origin, Outcome, RemovedReason, SecondaryNumber, SentBytes,
    SentTransfer, SourceInfo, TransferId, limits::EXPELLED_FOR,
};

/// One control connection; never used twice within a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LinkId(pub u64);

/// What happened outside.
#[derive(Clone, Debug)]
pub enum Event {
    /// A secondary said hello.
    SecondaryHello {
        /// Its number.
        number: SecondaryNumber,
        /// The run of its process.
        incarnation: Incarnation,
        /// Where others reach it.
        address: SocketAddr,
    },
    /// A client said hello.
    ClientHello {
        /// Its name, when it has one.
        name: Option<ClientName>,
        /// Where it connects from.
        address: SocketAddr,
    },
    /// The peer lives. Whoever knows better when its lines arrived says so by [`Cluster::hear`](super::Cluster::hear).
    Alive,
    /// The connection ended.
    Closed {
        /// It said goodbye first.
        goodbye: bool,
    },
    /// A receiver has trouble with a secondary.
    Report {
        /// The transfer.
        transfer: TransferId,
        /// The secondary.
        secondary: SecondaryNumber,
        /// What is wrong.
        fault: Fault,
        /// The chunk concerned.
        chunk: Option<ChunkIndex>,
    },
    /// A transfer ended for its receiver.
    Finished(Finished),
    /// A client sets its name.
    Enrol {
        /// The name.
        name: ClientName,
    },
    /// A client asks for a file.
    Download {
        /// Its number for it.
        request: u64,
        /// The file.
        name: FileName,
    },
    /// A client gives a request up.
    Cancel {
        /// Its number for it.
        request: u64,
    },
    /// A client goes on with a download that it was granted before.
    Resume {
        /// The transfer.
        transfer: TransferId,
        /// Its number for it.
        request: u64,
        /// The file.
        file: FileMeta,
    },
    /// A secondary says where it takes no copies, all of it each time.
    Limits(CopyLimits),
    /// A page of what a secondary holds.
    Inventory {
        /// Files of this page.
        files: Vec<HeldFile>,
        /// It is the last.
        last: bool,
        /// Its number for this message, to be noted.
        batch: Option<u64>,
    },
    /// A secondary holds more, or other content.
    Added {
        /// The files.
        files: Vec<HeldFile>,
        /// Its number for this message, to be noted.
        batch: Option<u64>,
    },
    /// A secondary holds less.
    Removed {
        /// The files.
        files: Vec<FileMeta>,
        /// Why.
        reason: RemovedReason,
        /// Its number for this message, to be noted.
        batch: Option<u64>,
    },
    /// A secondary has taken in a [`Action::Withdraw`] or [`Action::Conflicts`].
    Noted {
        /// The message's number.
        batch: u64,
    },
    /// A secondary's report of what it sent.
    Sent {
        /// One entry per transfer.
        transfers: Vec<SentTransfer>,
    },
}

impl Event {
    /// All that a secondary holds, in one page.
    pub fn inventory(files: Vec<FileMeta>) -> Self {
        Self::Inventory {
            files: files.into_iter().map(HeldFile::from).collect(),
            last: true,
            batch: None,
        }
    }

    /// Files that a secondary holds from now on.
    pub fn added(files: Vec<FileMeta>, origin: Origin) -> Self {
        let held = |meta| HeldFile {
            origin,
            ..HeldFile::from(meta)
        };
        Self::Added {
            files: files.into_iter().map(held).collect(),
            batch: None,
        }
    }

    /// Files that a secondary no longer holds.
    pub fn removed(files: Vec<FileMeta>, reason: RemovedReason) -> Self {
        Self::Removed {
            files,
            reason,
            batch: None,
        }
    }
}

/// What the owner must do: nearly always to send a message to a peer.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// Close a connection after an error line.
    Close {
        /// The connection.
        link: LinkId,
        /// Why.
        refusal: Refusal,
    },
    /// To a client: it has a name.
    Enrolled {
        /// The connection.
        link: LinkId,
        /// The name.
        name: ClientName,
    },
    /// To a client: a download may start.
    Grant {
        /// The connection.
        link: LinkId,
        /// The client's number for it.
        request: u64,
        /// What to do.
        grant: Grant,
    },
    /// To a client: a download waits.
    Queue {
        /// The connection.
        link: LinkId,
        /// The client's number for it.
        request: u64,
        /// Its place, from 1.
        place: u32,
    },
    /// To a client: a download will not start.
    Refuse {
        /// The connection.
        link: LinkId,
        /// The client's number for it.
        request: u64,
        /// Why.
        refusal: Refusal,
    },
    /// To a receiver: the live holders of its file.
    Sources {
        /// The connection.
        link: LinkId,
        /// The transfer.
        transfer: TransferId,
        /// The holders.
        sources: Vec<SourceInfo>,
    },
    /// To a client: what the secondaries reported of an ended transfer.
    Settled {
        /// The connection.
        link: LinkId,
        /// The transfer.
        transfer: TransferId,
        /// Per secondary.
        sent: Vec<SentBytes>,
    },
    /// To a secondary: copy a file.
    Copy {
        /// The connection.
        link: LinkId,
        /// What to do.
        grant: Grant,
        /// The content that the copy takes the place of; it is set aside.
        replaces: Option<Digest>,
    },
    /// To a secondary: stop copying.
    CancelCopy {
        /// The connection.
        link: LinkId,
        /// The transfer.
        transfer: TransferId,
    },
    /// To a secondary: set files aside.
    Withdraw {
        /// The connection.
        link: LinkId,
        /// The message's number, to be noted.
        batch: u64,
        /// The files.
        files: Vec<FileMeta>,
    },
    /// To a secondary: names of which it holds one of several contents, or held one until somebody decided.
    Conflicts {
        /// The connection.
        link: LinkId,
        /// The message's number, to be noted.
        batch: u64,
        /// The names.
        conflicts: Vec<Conflict>,
    },
    /// To a secondary: what it said is known, once all of [`super::Cluster::take_unsaved`] is durable.
    Noted {
        /// The connection.
        link: LinkId,
        /// Its number for what it said.
        batch: u64,
    },
    /// To a client: the name of the file that it receives has other content now.
    Superseded {
        /// The connection.
        link: LinkId,
        /// The transfer.
        transfer: TransferId,
        /// What the name stands for now.
        file: FileMeta,
    },
    /// To a secondary: a chunk of a file that it sent is said to be wrong.
    Check {
        /// The connection.
        link: LinkId,
        /// The file.
        file: FileMeta,
        /// The chunk.
        chunk: ChunkIndex,
    },
    /// To a secondary: a transfer ended, report what was sent.
    Ended {
        /// The connection.
        link: LinkId,
        /// The transfer.
        transfer: TransferId,
        /// How it ended.
        outcome: Outcome,
        /// Its receiver was expelled: nothing more is to be sent in it.
        expelled: bool,
    },
    /// Tell the people.
    Notice(Notice),
}

/// Why a peer or a request is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Another live process has the number.
    #[error("secondary number {number} is in use by {by}")]
    NumberInUse {
        /// The number.
        number: SecondaryNumber,
        /// Who has it.
        by: SocketAddr,
    },
    /// A newer connection of the same process has taken its place.
    #[error("replaced by a newer connection")]
    Replaced,
    /// It was silent for longer than its lease.
    #[error("silent for too long")]
    Silent,
    /// The client has no name.
    #[error("enrol with a name first")]
    NotEnrolled,
    /// Service has not begun, or no secondary is alive.
    #[error("{present} of {required} secondaries are here")]
    NotReady {
        /// Live secondaries whose files are known.
        present: usize,
        /// How many are needed.
        required: usize,
    },
    /// No live secondary holds it.
    #[error("no live secondary holds {0}")]
    NotFound(FileName),
    /// Over a limit.
    #[error("too many {0}")]
    TooMany(&'static str),
    /// A message that this peer may not send.
    #[error("{0} is not for this role")]
    WrongRole(&'static str),
    /// The administrator has ended this client's connection, or has done so a short time ago.
    #[error(
        "expelled by the administrator; this name is refused for {} s",
        EXPELLED_FOR.as_secs()
    )]
    Expelled,
}
