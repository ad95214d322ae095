//! What people are told of a cluster.

use std::net::SocketAddr;

use crate::model::{
    AccountName, ClientName, CopyLimits, EndReason, Fault, FileMeta, FileName, Outcome, Receiver,
    SecondaryNumber, TransferId, Who,
};

/// What happens at a central, for people.
#[derive(Clone, Debug, PartialEq)]
pub enum Notice {
    /// A secondary enrolled.
    SecondaryUp {
        /// Its number.
        number: SecondaryNumber,
        /// Where others reach it.
        address: SocketAddr,
        /// It had been enrolled before.
        returned: bool,
    },
    /// A secondary's lease ended.
    SecondaryDown {
        /// Its number.
        number: SecondaryNumber,
        /// How.
        why: DownReason,
    },
    /// A secondary that is being drained has nothing left to send. Told again when it had to send once more.
    Drained {
        /// Its number.
        number: SecondaryNumber,
    },
    /// The required secondaries are enrolled: service begins.
    ServiceBegan,
    /// A secondary said where it takes no copies, or that it takes them everywhere again.
    Limits {
        /// Its number.
        number: SecondaryNumber,
        /// Where.
        limits: CopyLimits,
    },
    /// Every live secondary holds every file, and every name has one content.
    Level {
        /// How many files that is.
        files: usize,
    },
    /// No secondary is left.
    NoSecondaries,
    /// A file can be downloaded from now on.
    Offered {
        /// The file.
        file: FileName,
        /// Its length, in bytes.
        bytes: u64,
    },
    /// Somebody publishes a file, or other content under its name.
    Published {
        /// Who.
        owner: AccountName,
        /// The file.
        file: FileName,
        /// Its length, in bytes.
        bytes: u64,
    },
    /// Somebody publishes a file no more.
    Withdrawn {
        /// Who.
        owner: AccountName,
        /// The file.
        file: FileName,
    },
    /// A file can no longer be downloaded.
    NoLongerOffered {
        /// The file.
        file: FileName,
        /// Somebody deleted it: the other copies are set aside.
        deleted_at: Option<SecondaryNumber>,
    },
    /// Two secondaries hold different content under one name.
    Conflict {
        /// The file.
        file: FileName,
        /// Whose content is not used.
        number: SecondaryNumber,
    },
    /// Two names differ only in their Unicode form: a conflict.
    SameText {
        /// The one that came.
        file: FileName,
        /// The one that was there.
        other: FileName,
    },
    /// A name has new content, by a change that a secondary saw.
    Replaced {
        /// The file.
        file: FileName,
        /// Where it was changed.
        number: SecondaryNumber,
        /// Its length now, in bytes.
        bytes: u64,
    },
    /// A person has decided which content a name stands for.
    Resolved {
        /// The file.
        file: FileMeta,
    },
    /// A secondary was told to copy a file.
    CopyOrdered {
        /// The file.
        file: FileName,
        /// Who copies.
        target: SecondaryNumber,
        /// From whom.
        sources: Vec<Who>,
    },
    /// A copy ended.
    CopyEnded {
        /// The file.
        file: FileName,
        /// Its length, in bytes.
        bytes: u64,
        /// Who copied.
        target: SecondaryNumber,
        /// How.
        outcome: Outcome,
        /// Why, when it failed.
        reason: Option<EndReason>,
    },
    /// A client has a name.
    ClientEnrolled {
        /// The name.
        client: ClientName,
        /// Where it connects from.
        address: SocketAddr,
    },
    /// A client's connection ended.
    ClientGone {
        /// Its name.
        client: ClientName,
    },
    /// A download may start.
    Granted {
        /// Who.
        client: ClientName,
        /// What.
        file: FileName,
        /// From whom.
        sources: Vec<Who>,
    },
    /// A client's download is sent nothing: another that waits has its slot meanwhile.
    SlotLent {
        /// The client.
        client: ClientName,
        /// The file.
        file: FileName,
        /// The transfer, which goes on.
        transfer: TransferId,
    },
    /// A download waits.
    Queued {
        /// Who.
        client: ClientName,
        /// What.
        file: FileName,
        /// Its position in the line, from 1.
        position: u32,
    },
    /// A download ended.
    Finished {
        /// Who.
        client: ClientName,
        /// What.
        file: FileName,
        /// Its length, in bytes.
        bytes: u64,
        /// How.
        outcome: Outcome,
        /// Why, when it failed.
        reason: Option<EndReason>,
    },
    /// A secondary's copy is damaged: it is not served.
    Damaged {
        /// The file.
        file: FileName,
        /// Whose copy.
        number: SecondaryNumber,
        /// How many others that are here have the content: it is mended from there. None: it is mended once somebody has.
        others: usize,
    },
    /// A receiver has trouble with a secondary.
    Reported {
        /// Who says so.
        by: Receiver,
        /// The secondary.
        secondary: SecondaryNumber,
        /// What is wrong.
        fault: Fault,
    },
}

/// Why a secondary counts as down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DownReason {
    /// It said goodbye.
    Goodbye,
    /// Its connection closed.
    Closed,
    /// It was silent for longer than its lease.
    Silent,
}
