//! What clients, secondaries and their central say to each other, by who says it to whom. Plain records: `proto` makes
//! lines of them and `engine::cluster` decides on them, and neither knows the other.
//!
//! A new message is a new variant here; the compiler then names the one place that has to deal with it.

mod accounts;
mod counting;
mod questions;
mod rooms;

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use super::{
    AccountName, ChunkIndex, ClientName, Conflict, CopyLimits, CopyOrder, Digest, Fault, FileMeta,
    FileName, Finished, Grant, HeldFile, KnownSource, Outcome, PeerInfo, PeerNumber, Publish,
    RemovedReason, RequestId, SentBytes, SentTransfer, Sharing, SourceId, SourceInfo, TransferId,
    VerifyKey,
};

pub use self::{
    accounts::{Claim, Signed},
    counting::{Counted, Counting},
    questions::{Answer, Question, User},
    rooms::{ForRooms, OfRooms},
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
    /// Sets or changes its name, unless an account has that name or one that looks like it: then it hears so.
    Guest {
        /// The name.
        name: ClientName,
    },
    /// Is no account's client any more on this connection, but a guest.
    SignOut,
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
    /// Whether it gives others what it has. Only to a central that knows swarms; says that this client does as well.
    Share(Sharing),
    /// A device of an account publishes a file, or publishes it for others.
    Publish {
        /// Chosen by the client.
        request: RequestId,
        /// What.
        #[serde(flatten)]
        order: Publish,
    },
    /// A device of an account withdraws a file that it publishes.
    Withdraw {
        /// Chosen by the client.
        request: RequestId,
        /// Its name.
        name: FileName,
    },
    /// A device of an account can send a file that it publishes, or cannot any more.
    Offer {
        /// The file.
        file: FileMeta,
        /// It can.
        on: bool,
    },
    /// How far its downloads are, and what it sends; a sign of life as well.
    Progress {
        /// In thousandths, of those that are in a swarm.
        transfers: Vec<(TransferId, u16)>,
        /// What it sends to peers now, in bytes per second.
        sent: u64,
    },
    /// It could use more peers.
    MorePeers {
        /// The transfer.
        transfer: TransferId,
        /// Peers that it cannot reach, or has given up.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        lost: Vec<PeerNumber>,
    },
    /// It has all of a content and gives it to others, or does so no more.
    Seeding {
        /// The content.
        id: Digest,
        /// It does.
        on: bool,
    },
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
    /// It is an account's client on this connection, and is called as the account.
    SignedIn {
        /// The account.
        name: AccountName,
        /// The account was made just now.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        new: bool,
    },
    /// It is a guest on this connection.
    SignedOut {
        /// What it is called.
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
    /// What the client is to its peers; the answer to the first `share` of a connection.
    YouAre {
        /// Its number.
        peer: PeerNumber,
        /// What this central's tickets are checked with.
        key: VerifyKey,
    },
    /// A file is published.
    Published {
        /// The client's number for it.
        request: RequestId,
        /// Since when, in milliseconds since 1970.
        at_ms: u64,
    },
    /// A file of the client's account is published no more, or is not what the client offers.
    Withdrawn {
        /// The client's number for it, if this client has ordered it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        request: Option<RequestId>,
        /// Its name.
        name: FileName,
    },
    /// Whom a download may ask beside the secondaries. Those of a swarm have what they announce; of others each has all.
    /// The first one of a swarm says that the download is in it, also when it names nobody.
    Peers {
        /// The transfer.
        transfer: TransferId,
        /// These join those that it knows.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        add: Vec<PeerInfo>,
        /// These have gone.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        drop: Vec<PeerNumber>,
        /// They are in a swarm with it.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        swarm: bool,
    },
    /// Somebody cannot connect to this client, and listens: it is to connect there and serve on that connection.
    ServeTo {
        /// The content.
        id: Digest,
        /// The peer, where it listens, and a ticket that lets it ask here.
        #[serde(flatten)]
        to: PeerInfo,
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
