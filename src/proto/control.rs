//! Control plane: client ↔ central and secondary ↔ central, one long-lived connection each.

use serde::{Deserialize, Serialize};

use crate::model::{
    ChunkIndex, ClientName, ClusterStatus, Conflict, CopyLimits, Digest, Fault, FileMeta, FileName,
    Finished, Grant, HeldFile, ListedFile, Outcome, RemovedReason, SecondaryNumber, SentBytes,
    SentTransfer, SourceInfo, TransferId,
};

use super::{ErrorCode, Hello, Said};

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

    /// Secondary: where it takes no copies, all of it each time. Said before the first inventory of a connection when
    /// there is such a place, and whenever it changes.
    Limits(CopyLimits),
    /// Secondary: what it holds, in pages; the first after `hello` replaces what was known of it.
    Inventory {
        /// Files of this page.
        files: Vec<HeldFile>,
        /// True on the last page.
        last: bool,
        /// The number of this message on this connection; the central notes it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        batch: Option<u64>,
    },
    /// Secondary: files that it holds from now on, or that have other content.
    Added {
        /// The files.
        files: Vec<HeldFile>,
        /// The number of this message on this connection; the central notes it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        batch: Option<u64>,
    },
    /// Secondary: files that it no longer holds.
    Removed {
        /// The files.
        files: Vec<FileMeta>,
        /// Why.
        reason: RemovedReason,
        /// The number of this message on this connection; the central notes it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        batch: Option<u64>,
    },
    /// Secondary: it has taken in what the central numbered.
    Noted {
        /// The number.
        batch: u64,
    },
    /// Secondary: bytes sent, cumulative per transfer within this run of its process.
    Sent {
        /// One entry per transfer that changed.
        transfers: Vec<SentTransfer>,
    },
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
        /// Words and values.
        #[serde(flatten)]
        message: Said,
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
        /// Why, in words and values.
        #[serde(flatten)]
        message: Said,
    },
    /// Client: what the secondaries report of an ended transfer.
    Settled {
        /// The transfer.
        transfer: TransferId,
        /// Bytes that each secondary sent.
        sent: Vec<SentBytes>,
    },

    /// Secondary: copy a file from others.
    Copy(CopyOrder),
    /// Secondary: stop copying.
    CancelCopy {
        /// The transfer.
        transfer: TransferId,
    },
    /// Secondary: files were deleted from the cluster; these copies are set aside.
    Withdraw {
        /// The number of this message on this connection; the secondary notes it.
        batch: u64,
        /// The files.
        files: Vec<FileMeta>,
    },
    /// Secondary: names that stand for several contents, of which it holds one.
    Conflicts {
        /// The number of this message on this connection; the secondary notes it.
        batch: u64,
        /// The names; one without versions is decided.
        names: Vec<Conflict>,
    },
    /// Secondary: the central knows what it was told, also after its own restart.
    Noted {
        /// The number of the message that said it; all before it are known as well.
        batch: u64,
    },
    /// Client: the name of the file that it receives has other content now.
    Superseded {
        /// The transfer.
        transfer: TransferId,
        /// What the name stands for now.
        file: FileMeta,
    },
    /// Secondary: a transfer ended for its receiver; report what was sent in it.
    Ended {
        /// The transfer.
        transfer: TransferId,
        /// How it ended.
        outcome: Outcome,
        /// Its receiver was expelled: nothing more is sent in it.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        expelled: bool,
    },
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
