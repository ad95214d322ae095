//! Control plane: client ↔ central and secondary ↔ central, one long-lived connection each.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::model::{
    ChunkIndex, ChunkRange, ClientName, FileMeta, FileName, SecondaryNumber, TransferId,
};

use super::{ErrorCode, Fault, Hello, Outcome};

/// From a client or a secondary to the central.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum ToCentral {
    /// First line.
    Hello(Hello),
    /// Sign of life.
    Ping,
    /// A planned stop.
    Bye,
    /// A receiver has trouble with a secondary: the central looks at it sooner, and removes nobody.
    Report {
        /// The transfer that suffers.
        transfer: TransferId,
        /// The secondary.
        secondary: SecondaryNumber,
        /// What is wrong.
        fault: Fault,
        /// The chunk concerned, if one is.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        chunk: Option<ChunkIndex>,
    },
    /// A transfer ended for its receiver.
    Finished(Finished),

    /// Client: sets or changes its name.
    Enrol {
        /// The name.
        name: ClientName,
    },
    /// Client: the files that can be downloaded, from after a name.
    List {
        /// The last name of the page before.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        after: Option<FileName>,
    },
    /// Client: the state of the cluster.
    Status,
    /// Client: asks for a file; the answers carry the same request number.
    Download {
        /// Chosen by the client.
        request: u64,
        /// The file.
        name: FileName,
    },
    /// Client: gives up a request that waits.
    Cancel {
        /// The request.
        request: u64,
    },
    /// Client: a download that it was granted before the connection was lost.
    Resume {
        /// The transfer as it was granted.
        transfer: TransferId,
        /// Its request number.
        request: u64,
        /// The file.
        file: FileMeta,
    },

    /// Secondary: what it holds, in pages; the first after `hello` replaces what was known of it.
    Inventory {
        /// Files of this page.
        files: Vec<FileMeta>,
        /// True on the last page.
        last: bool,
    },
    /// Secondary: files that it holds from now on.
    Added {
        /// The files.
        files: Vec<FileMeta>,
    },
    /// Secondary: files that it no longer holds.
    Removed {
        /// The files.
        files: Vec<FileMeta>,
        /// Why.
        reason: RemovedReason,
    },
    /// Secondary: bytes sent, cumulative per transfer within this run of its process.
    Sent {
        /// One entry per transfer that changed.
        transfers: Vec<SentTransfer>,
    },
}

/// Why a secondary stops holding a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RemovedReason {
    /// Somebody deleted it while the secondary ran: it leaves the cluster.
    Deleted,
    /// Its content changed, or it cannot be read; only this copy goes.
    Lost,
}

/// Bytes that a secondary sent in one transfer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SentTransfer {
    /// The transfer; the secondary makes one up for a client of the original.
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
}

/// Who receives a transfer.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Receiver {
    /// A client.
    Client(ClientName),
    /// A client of the original protocol.
    Original(ClientName),
    /// A secondary that copies.
    Secondary(SecondaryNumber),
}

/// What a receiver counted in one transfer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Finished {
    /// The transfer.
    pub transfer: TransferId,
    /// How it ended.
    pub outcome: Outcome,
    /// For people, when it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Per secondary.
    pub sources: Vec<ReceivedFrom>,
}

/// What a receiver counted from one secondary in one transfer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ReceivedFrom {
    /// The secondary.
    pub number: SecondaryNumber,
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

/// A secondary as a source of one transfer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceInfo {
    /// Its number.
    pub number: SecondaryNumber,
    /// Where it listens.
    pub ip: IpAddr,
    /// Where it listens.
    pub port: u16,
    /// Chunks assigned to it; empty for one that joined later.
    pub ranges: Vec<ChunkRange>,
}

/// From the central to a client or a secondary.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum FromCentral {
    /// First line.
    Hello(Hello),
    /// Sign of life.
    Ping,
    /// A planned stop.
    Bye,
    /// What went wrong; the connection closes when it cannot go on.
    Error {
        /// For programs.
        code: ErrorCode,
        /// For people.
        message: String,
    },
    /// The live holders of a running transfer's file, whenever they change.
    Sources {
        /// The transfer.
        transfer: TransferId,
        /// All that are alive now.
        sources: Vec<SourceInfo>,
    },

    /// Client: it has a name now.
    Enrolled {
        /// The name.
        name: ClientName,
    },
    /// Client: one page of the listing.
    Listing {
        /// False while service has not begun.
        ready: bool,
        /// The files of this page, by name.
        files: Vec<ListedFile>,
        /// True when there are more after the last of them.
        more: bool,
    },
    /// Client: the state of the cluster.
    Status(ClusterStatus),
    /// Client: the download may start.
    Granted {
        /// The client's number for it.
        request: u64,
        /// What to do.
        grant: Grant,
    },
    /// Client: the download waits.
    Queued {
        /// The client's number for it.
        request: u64,
        /// Its place, from 1.
        place: u32,
    },
    /// Client: the download will not start.
    Refused {
        /// The client's number for it.
        request: u64,
        /// Why, for programs.
        code: ErrorCode,
        /// Why, for people.
        message: String,
    },
    /// Client: what the secondaries report of an ended transfer.
    Settled {
        /// The transfer.
        transfer: TransferId,
        /// Bytes that each secondary sent.
        sent: Vec<SentBytes>,
    },

    /// Secondary: copy a file from others.
    Copy(Grant),
    /// Secondary: stop copying.
    CancelCopy {
        /// The transfer.
        transfer: TransferId,
    },
    /// Secondary: a file was deleted from the cluster; set this copy aside.
    Withdraw {
        /// The file.
        file: FileMeta,
    },
    /// Secondary: a transfer ended for its receiver; report what was sent in it.
    Ended {
        /// The transfer.
        transfer: TransferId,
        /// How it ended.
        outcome: Outcome,
    },
}

/// Bytes that a secondary sent in one transfer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SentBytes {
    /// The secondary.
    pub number: SecondaryNumber,
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
    /// Live secondaries in all.
    pub secondaries: u16,
}

/// The state of the cluster.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ClusterStatus {
    /// Service has begun.
    pub ready: bool,
    /// Every live secondary holds every file.
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
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_fields_are_ignored_and_unknown_types_are_not() {
        let ping = r#"{"type":"ping","later":true}"#;
        assert_eq!(
            serde_json::from_str::<ToCentral>(ping).unwrap(),
            ToCentral::Ping
        );
        assert!(serde_json::from_str::<ToCentral>(r#"{"type":"format-disk"}"#).is_err());
        let hello = r#"{"type":"hello","protocol":1,"role":"client","name":"ana"}"#;
        assert!(matches!(
            serde_json::from_str::<ToCentral>(hello),
            Ok(ToCentral::Hello(_))
        ));
    }

    #[test]
    fn a_grant_round_trips() {
        let json = r#"{"type":"granted","request":1,"grant":{"transfer":23,"file":{"name":"a b.mp4","length":3145729,"chunk":1048576,"id":"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},"sources":[{"number":1,"ip":"127.0.0.1","port":50001,"ranges":[[0,4]]}]}}"#;
        let message: FromCentral = serde_json::from_str(json).unwrap();
        assert_eq!(serde_json::to_string(&message).unwrap(), json);
    }
}
