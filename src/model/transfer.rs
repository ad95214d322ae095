//! Records of transfers and of the cluster's state: what is decided by the engine and told on the wire.
//! Plain data, so that both speak of the same thing; how their parts look in JSON is the wire's business.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use super::{
    ClientName, Digest, FileMeta, FileName, SecondaryNumber, SourceId, SourceInfo, TransferId, Who,
    error_codes,
    figures::{Figure, figures},
};

/// Why a secondary stops holding a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RemovedReason {
    /// Somebody deleted it while the secondary ran: it leaves the cluster.
    Deleted,
    /// It cannot be read, or is not what it should be; only this copy goes.
    Lost,
    /// Somebody is changing it: what it becomes is told once it is quiet.
    Changing,
}

/// Bytes that a secondary sent in one transfer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SentTransfer {
    /// The transfer; the secondary makes one up for a legacy client.
    pub transfer: TransferId,
    /// Who received.
    pub receiver: Receiver,
    /// The file.
    pub file: FileName,
    /// Payload bytes sent so far.
    pub bytes: u64,
    /// Whole chunks sent so far.
    pub chunks: u64,
    /// True when nothing of it is open any more at this secondary.
    pub last: bool,
    /// For a legacy client: the part, 0 to 2, once all of it is sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub whole_part: Option<u8>,
}

/// Who receives a transfer.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Receiver {
    /// A client.
    Client(ClientName),
    /// A legacy client.
    Legacy(ClientName),
    /// A secondary that copies.
    Secondary(SecondaryNumber),
    /// A host that receives by HTTP, which has no way to say what came.
    Http(IpAddr),
}

impl Receiver {
    /// True for a secondary that makes a copy.
    pub fn is_copy(&self) -> bool {
        matches!(self, Self::Secondary(_))
    }
}

/// What a receiver counted in one transfer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Finished {
    /// The transfer.
    pub transfer: TransferId,
    /// How it ended.
    pub outcome: Outcome,
    /// Why, when it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<EndReason>,
    /// Per source; peers are not among them.
    pub sources: Vec<ReceivedFrom>,
    /// What came from peers.
    #[serde(default, skip_serializing_if = "FromPeers::is_none")]
    pub peers: FromPeers,
}

/// Why a transfer failed, as its receiver tells the central.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EndReason {
    /// For programs: a code of the receiver's.
    pub code: String,
    /// For logs, in English.
    pub message: String,
}

figures! {
    /// What a receiver counted from one source in one transfer.
    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    pub struct ReceivedFrom {
        /// The source.
        pub source: SourceId,
        /// Who that is, as the receiver was told.
        pub who: Who,
        sums {
            /// Verified bytes that it brought, each byte of the file counted once.
            pub bytes: u64,
            /// Bytes that came and were not used.
            pub wasted: u64,
            /// Verified chunks that it brought.
            pub chunks: u64,
            /// Chunks that were taken from it and asked for elsewhere.
            pub retries: u64,
            /// Chunks asked of it although another had them too.
            pub hedges: u64,
            /// Chunks whose digest was wrong.
            pub digest_failures: u64,
            /// Times that it came back after a failure.
            pub recoveries: u64,
            /// Time from its failures to its returns, in milliseconds.
            pub recovery_ms: u64,
            /// Chunks of its own range that were still missing when it came back, and were its again.
            #[serde(default)]
            pub recovered_chunks: u64,
            /// What was wrong with it, and how often.
            #[serde(default, skip_serializing_if = "FaultCounts::is_none")]
            pub faults: FaultCounts,
        }
    }
}

impl ReceivedFrom {
    /// Nothing yet from a source.
    pub fn nothing(source: SourceId, who: Who) -> Self {
        Self::zero(source, who)
    }

    /// Adds what the same source brought in another transfer.
    pub fn add(&mut self, other: &Self) {
        self.combine(other, u64::saturating_add);
    }
}

/// A transfer as the central grants it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Grant {
    /// Its name from now on.
    pub transfer: TransferId,
    /// The file.
    pub file: FileMeta,
    /// Who can send it, and which chunks each should.
    pub sources: Vec<SourceInfo>,
}

/// What a secondary is to copy.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CopyOrder {
    /// The file, and from whom.
    #[serde(flatten)]
    pub grant: Grant,
    /// The content that has the name there and is to be set aside for the copy. Anything else stays.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaces: Option<Digest>,
}

/// What a receiver got from its peers in one transfer, all together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FromPeers {
    /// Verified bytes, each byte of the file counted once.
    pub bytes: u64,
    /// Bytes that came and were not used.
    pub wasted: u64,
    /// Verified chunks.
    pub chunks: u64,
    /// Chunks whose digest was wrong.
    pub digest_failures: u64,
}

impl FromPeers {
    /// What peers brought, of all that a transfer got.
    pub fn of(received: &[ReceivedFrom]) -> Self {
        let mut all = Self::default();
        for from in received.iter().filter(|from| from.source.peer().is_some()) {
            all.bytes = all.bytes.saturating_add(from.bytes);
            all.wasted = all.wasted.saturating_add(from.wasted);
            all.chunks = all.chunks.saturating_add(from.chunks);
            all.digest_failures = all.digest_failures.saturating_add(from.digest_failures);
        }
        all
    }

    /// True when there was nothing.
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }
}

/// Bytes that a source sent in one transfer, by its own reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SentBytes {
    /// The source.
    pub source: SourceId,
    /// Payload bytes.
    pub bytes: u64,
}

/// A file of a listing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListedFile {
    /// The file.
    #[serde(flatten)]
    pub file: FileMeta,
    /// Live secondaries that hold all of it, verified.
    pub holders: u16,
    /// Live secondaries that should hold it.
    pub wanted: u16,
    /// Another secondary holds other content under this name, and nobody has decided yet.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub conflict: bool,
}

/// The state of the cluster.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ClusterStatus {
    /// Service has begun.
    pub ready: bool,
    /// Every live secondary holds what it should, no file is being changed, and every name has one content.
    pub level: bool,
    /// How many secondaries must enrol before service begins.
    pub required: u16,
    /// Every secondary that the central knows.
    pub secondaries: Vec<SecondaryStatus>,
    /// Files that can be downloaded.
    pub files: u64,
    /// Clients that are connected.
    pub clients: u64,
    /// Downloads that run.
    pub running: u64,
    /// Downloads that wait.
    pub waiting: u64,
    /// Copies between secondaries that run.
    pub copies: u64,
    /// Names that stand for several contents.
    #[serde(default)]
    pub conflicts: u64,
    /// Files that somebody is changing.
    #[serde(default)]
    pub changing: u64,
}

/// A secondary as the central sees it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SecondaryStatus {
    /// Its number.
    pub number: SecondaryNumber,
    /// Where it listens.
    pub ip: IpAddr,
    /// Where it listens.
    pub port: u16,
    /// Its lease is alive.
    pub alive: bool,
    /// Files that it holds.
    pub files: u64,
    /// Files that it still lacks.
    pub missing: u64,
    /// Files whose name another secondary holds with other content.
    pub conflicts: u64,
    /// Its folder may only be read: it takes no copies.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub read_only: bool,
    /// A disk of its folder is not there now: no copies are taken below it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub away: bool,
}

/// What a receiver holds against a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fault {
    /// No connection could be made.
    Unreachable,
    /// The connection broke.
    Broken,
    /// The connection stands but nothing comes.
    Stalled,
    /// A chunk or manifest did not match its digest.
    Digest,
    /// The source says that it cannot send what it announced.
    Refused,
    /// What it sent is not the protocol.
    Protocol,
}

error_codes!(Fault, code {
    Self::Unreachable => "source-unreachable",
    Self::Broken => "source-broken",
    Self::Stalled => "source-stalled",
    Self::Digest => "source-digest",
    Self::Refused => "source-refused",
    Self::Protocol => "source-protocol",
});

figures! {
    /// How often each [`Fault`] was met; a chunk that was refused counts as one.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
    #[serde(default)]
    pub struct FaultCounts counts Fault {
        unreachable: Unreachable,
        broken: Broken,
        stalled: Stalled,
        digest: Digest,
        refused: Refused,
        protocol: Protocol,
    }
}

impl FaultCounts {
    /// One more of these.
    pub fn count(&mut self, fault: Fault) {
        let counter = self.of(fault);
        *counter = counter.saturating_add(1);
    }

    /// True when nothing was wrong.
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }
}

/// How a transfer ended for its receiver.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// Every byte is there and verified.
    Complete,
    /// The whole file was there before anything was asked for.
    AlreadyComplete,
    /// It ended without the file.
    Failed,
    /// Its user or its node's stop ended it.
    Cancelled,
}
