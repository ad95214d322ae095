//! What happens at a secondary, for people.

use std::{net::SocketAddr, time::Duration};

use crate::{
    engine::download::Notice,
    model::{
        Conflict, FileName, IgnoredReason, Receiver, RetiredReason, ScrubRound, SecondaryNumber,
        Who, Writer,
    },
    node::{Denied, Failure, Lost, Refused, StatisticsTrouble},
    store::StoreError,
};

/// What happens at a secondary, for people.
#[derive(Clone, Debug)]
pub enum SecondaryEvent {
    /// Enrolled at the central.
    Enrolled {
        /// The central.
        central: SocketAddr,
        /// It had been enrolled before.
        again: bool,
    },
    /// Its number belongs to another one, as far as the central knows; it starts once that is given up.
    NumberHeld {
        /// The number.
        number: SecondaryNumber,
        /// Where the other one listens.
        holder: Option<SocketAddr>,
        /// For how long it waits.
        up_to: Duration,
    },
    /// Other secondaries hold other content under a name of a file here, or somebody has decided on it.
    Conflict(Conflict),
    /// The central and this node are not secured alike; said once until the link is up.
    Denied(Denied),
    /// The central cannot be reached, or the link is down; said once until it is up.
    CentralLost {
        /// Why.
        reason: Lost,
    },
    /// The folder is being read again because somebody asked for it. Its files are served meanwhile.
    Reindexing,
    /// The first look at the folder is over, or it was read again.
    FolderRead {
        /// Files that are served.
        files: usize,
        /// Their bytes.
        bytes: u64,
    },
    /// A file is served from now on.
    Serving {
        /// The file.
        file: FileName,
        /// Its length, in bytes.
        bytes: u64,
    },
    /// A file is no longer served.
    NoLongerServing {
        /// The file.
        file: FileName,
        /// Why.
        why: NoLongerServing,
    },
    /// A file's bytes have changed though nothing shows that somebody changed them. It is not served, and a good copy
    /// will take its place.
    Damaged {
        /// The file.
        file: FileName,
    },
    /// All that is served was read again and compared with its digests.
    Scrubbed(ScrubRound),
    /// Something in the folder is not served.
    Ignored {
        /// Its path below the folder.
        path: String,
        /// Why.
        reason: IgnoredReason,
    },
    /// More files than can be told one by one are not served, all for one reason.
    ManyIgnored {
        /// How many.
        count: usize,
        /// Some of their paths.
        examples: Vec<String>,
        /// Why.
        reason: IgnoredReason,
    },
    /// A copy from other secondaries started.
    CopyStarted {
        /// The file.
        file: FileName,
        /// Its length, in bytes.
        bytes: u64,
        /// From whom.
        sources: Vec<Who>,
    },
    /// Something happened in a copy.
    CopyNotice {
        /// The file.
        file: FileName,
        /// What.
        notice: Notice,
    },
    /// A copy is complete and verified.
    Copied {
        /// The file.
        file: FileName,
        /// Bytes that came from each source.
        from: Vec<(Who, u64)>,
        /// Bytes that were taken from other files of this disk.
        own_bytes: u64,
        /// How long it took.
        took: Duration,
    },
    /// A copy ended without the file.
    CopyFailed {
        /// The file.
        file: FileName,
        /// Why.
        reason: Failure,
    },
    /// Somebody started to receive a file from here.
    SendingTo {
        /// Who.
        receiver: Receiver,
        /// The file.
        file: FileName,
    },
    /// A receiver's connection for a file ended.
    SentTo {
        /// Who.
        receiver: Receiver,
        /// The file.
        file: FileName,
        /// Bytes that were sent.
        bytes: u64,
    },
    /// A message was refused and its connection ended.
    BadPeer {
        /// Where it came from.
        address: SocketAddr,
        /// What was wrong.
        reason: Refused,
    },
    /// The central refuses this secondary for good; the node stops.
    Refused(Lost),
    /// A file has been open for writing for a while. It is offered once it is closed.
    BeingWritten {
        /// The file.
        file: FileName,
        /// Who has it open, when that is known.
        by: Option<Writer>,
    },
    /// The served folder is gone, or cannot be read.
    FolderGone(StoreError),
    /// The served folder is back.
    FolderBack,
    /// A disk below the served folder is away: nothing is served from there, and no copies go there.
    DiskAway(FileName),
    /// It is back.
    DiskBack(FileName),
    /// Nothing can be written into the served folder. It is served, and takes no copies.
    ReadOnly(StoreError),
    /// The served folder can be written into again.
    Writable,
    /// Statistics could not be read or saved.
    Statistics(StatisticsTrouble),
}

/// Why a file is no longer served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoLongerServing {
    /// It was deleted from the folder.
    Deleted,
    /// It changed, or cannot be read.
    Changed,
    /// Its bytes are damaged.
    Damaged,
    /// It is no longer wanted: this copy is in `.trozos/retirados`, as far as there is room.
    SetAside(RetiredReason),
    /// It was deleted at another secondary, and cannot be set aside here.
    Withdrawn,
}
