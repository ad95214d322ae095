//! What clients, secondaries and their central say to each other, by who says it to whom. Plain records: `proto` makes
//! lines of them and `engine::cluster` decides on them, and neither knows the other.
//!
//! A new message is a new variant here; the compiler then names the one place that has to deal with it.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use super::{
    ChunkIndex, ClientName, ClusterStatus, Conflict, CopyLimits, CopyOrder, Fault, FigureError,
    FigureName, FigureOrder, FigureValue, FileMeta, FileName, Finished, Grant, HeldFile,
    KnownSource, ListedFile, Outcome, RemovedReason, RequestId, SentBytes, SentTransfer, SourceId,
    SourceInfo, TransferId,
};

/// From whoever receives a transfer, a client or a secondary that copies, to the central.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum FromReceiver {
    /// It has trouble with a source.
    Report(Report),
    /// A transfer ended.
    Finished(Finished),
}

/// What a receiver says against a source. The central looks at it sooner, and removes nobody.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// The transfer that suffers.
    pub transfer: TransferId,
    /// The source.
    pub source: SourceId,
    /// What is wrong.
    pub fault: Fault,
    /// The chunk concerned, if one is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chunk: Option<ChunkIndex>,
}

/// From a client to the central.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum FromClient {
    /// Sets or changes its name.
    Enrol {
        /// The name.
        name: ClientName,
    },
    /// Asks for a file; the answers carry the same request number.
    Download {
        /// Chosen by the client.
        request: RequestId,
        /// The file.
        name: FileName,
    },
    /// Gives up a request that waits.
    Cancel {
        /// The request.
        request: RequestId,
    },
    /// Goes on with a download that was granted before the connection was lost.
    Resume(Resume),
}

/// A download that goes on over a new connection.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Resume {
    /// The transfer as it was granted.
    pub transfer: TransferId,
    /// Its request number.
    pub request: RequestId,
    /// The file.
    pub file: FileMeta,
    /// The sources that it was told of: a central that does not know the transfer keeps their ids.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sources: Vec<KnownSource>,
}

/// What is answered from the central's state, and changes nothing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum Question {
    /// The files that can be downloaded, from after a name.
    List {
        /// The last name of the page before.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        after: Option<FileName>,
    },
    /// The state of the cluster.
    Status,
}

/// What a client counts, or asks of what is counted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum Counting {
    /// An order to a figure.
    Count {
        /// Chosen by the client; the answer carries it.
        request: RequestId,
        /// Which figure.
        name: FigureName,
        /// What.
        order: FigureOrder,
    },
    /// The free figures, from after a name.
    CountList {
        /// Chosen by the client; the answer carries it.
        request: RequestId,
        /// The last name of the page before.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        after: Option<FigureName>,
    },
    /// It plays a file. Nothing is answered.
    Played {
        /// The file.
        name: FileName,
    },
}

/// The answer to [`Counting`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum Counted {
    /// The value of a figure after an order.
    CountValue {
        /// The client's number for it.
        request: RequestId,
        /// The figure.
        figure: FigureValue,
    },
    /// The order changed nothing.
    CountRefused {
        /// The client's number for it.
        request: RequestId,
        /// Why.
        error: FigureError,
    },
    /// A page of the free figures.
    CountFigures {
        /// The client's number for it.
        request: RequestId,
        /// By name.
        figures: Vec<FigureValue>,
        /// There are more after the last of them.
        more: bool,
    },
}

/// From a secondary to the central.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum FromSecondary {
    /// Where it takes no copies, all of it each time. Said before the first inventory of a connection when there is
    /// such a place, and whenever it changes.
    Limits(CopyLimits),
    /// What it holds, in pages; the first after `hello` replaces what was known of it.
    Inventory {
        /// Files of this page.
        files: Vec<HeldFile>,
        /// True on the last page.
        last: bool,
        /// The number of this message on this connection, which the central acknowledges.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        batch: Option<u64>,
    },
    /// Files that it holds from now on, or that have other content.
    Added {
        /// The files.
        files: Vec<HeldFile>,
        /// The number of this message on this connection, which the central acknowledges.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        batch: Option<u64>,
    },
    /// Files that it no longer holds.
    Removed {
        /// The files.
        files: Vec<FileMeta>,
        /// Why.
        reason: RemovedReason,
        /// The number of this message on this connection, which the central acknowledges.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        batch: Option<u64>,
    },
    /// It has taken in what the central numbered.
    Ack {
        /// The number.
        batch: u64,
    },
    /// Bytes sent, cumulative per transfer within this run of its process.
    Sent {
        /// One entry per transfer that changed.
        transfers: Vec<SentTransfer>,
    },
}

/// From the central to whoever receives a transfer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum ForReceiver {
    /// The live holders of a running transfer's file, whenever they change.
    Sources {
        /// The transfer.
        transfer: TransferId,
        /// All that are alive now.
        sources: Vec<SourceInfo>,
    },
}

/// From the central to a client. That a request is refused is said by `proto`, which knows the codes of refusals.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum ForClient {
    /// It has a name now.
    Enrolled {
        /// The name.
        name: ClientName,
    },
    /// A download may start.
    Granted {
        /// The client's number for it.
        request: RequestId,
        /// What to do.
        grant: Grant,
    },
    /// A download waits.
    Queued {
        /// The client's number for it.
        request: RequestId,
        /// Its position in the line, from 1.
        position: u32,
    },
    /// The name of a file that is being received has other content now.
    Superseded {
        /// The transfer.
        transfer: TransferId,
        /// What the name stands for now.
        file: FileMeta,
    },
    /// Somebody says something to this client alone. Whoever says it may be anybody: the name is their own word.
    Private {
        /// Who, by their own word.
        from: String,
        /// What.
        text: String,
    },
    /// The books of an ended transfer are closed: what the secondaries reported.
    Booked {
        /// The transfer.
        transfer: TransferId,
        /// Bytes that each source sent, of those that the receiver named.
        sent: Vec<SentBytes>,
    },
}

/// The answer to a [`Question`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum Answer {
    /// One page of the listing.
    Listing {
        /// False while service has not begun.
        ready: bool,
        /// The files of this page, by name.
        files: Vec<ListedFile>,
        /// True when there are more after the last of them.
        more: bool,
    },
    /// The state of the cluster.
    Status(ClusterStatus),
}

/// From the central to a secondary.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum ForSecondary {
    /// Copy a file from others.
    Copy(CopyOrder),
    /// Stop copying.
    CancelCopy {
        /// The transfer.
        transfer: TransferId,
    },
    /// Files were deleted from the cluster: these copies are set aside.
    Withdraw {
        /// The number of this message on this connection, which the secondary acknowledges.
        batch: u64,
        /// The files.
        files: Vec<FileMeta>,
    },
    /// Names that stand for several contents, of which it holds one, or held one until somebody decided.
    Conflicts {
        /// The number of this message on this connection, which the secondary acknowledges.
        batch: u64,
        /// The names; one without versions is decided.
        names: Vec<Conflict>,
    },
    /// The central knows what it was told, also after its own restart.
    Ack {
        /// The number of the message that said it; all before it are known as well.
        batch: u64,
    },
    /// A receiver says that a chunk of a file came wrong from here: read it, and serve the file no more if it is
    /// damaged.
    Check {
        /// The file.
        file: FileMeta,
        /// The chunk.
        chunk: ChunkIndex,
    },
    /// A transfer ended for its receiver: report what was sent in it.
    Ended {
        /// The transfer.
        transfer: TransferId,
        /// How it ended.
        outcome: Outcome,
        /// Its receiver was expelled: nothing more is sent in it.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        expelled: bool,
    },
    /// A host was sent away: what it asks for by HTTP is refused.
    Expelled {
        /// The host.
        host: IpAddr,
        /// How long, in milliseconds.
        for_ms: u64,
    },
}
