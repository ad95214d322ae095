//! The books, as they are saved.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use serde::{Deserialize, Serialize};

use crate::{
    engine::counters::{Counters, per_secondary},
    model::{ClientName, FileName, Finished, Incarnation, Receiver, SecondaryNumber, TransferId},
};

/// Sums that are kept from run to run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Totals {
    /// All downloads by clients.
    pub totals: Counters,
    /// Per file.
    pub files: BTreeMap<FileName, Counters>,
    /// All files without a row. When there are too many, those with the smallest figures lose theirs.
    pub other_files: Counters,
    /// Per client.
    pub clients: BTreeMap<ClientName, Counters>,
    /// Of clients that have no row.
    pub other_clients: Counters,
    /// Per secondary, as a sender to clients.
    #[serde(deserialize_with = "per_secondary")]
    pub secondaries: BTreeMap<SecondaryNumber, Counters>,
    /// Copies between secondaries, all together.
    pub copies: Counters,
    /// Transfers whose books were open when this was saved.
    pub open: Vec<OpenTransfer>,
    /// Transfers whose books were closed lately, so that a repeated report is recognised.
    #[serde(alias = "settled")]
    pub closed_ids: VecDeque<TransferId>,
    /// The last of those in full, so that a late report amends their figures in a later run as well.
    pub closed: Vec<ClosedTransfer>,
    /// Parts that legacy clients have received of files they have not received whole.
    #[serde(alias = "original_parts")]
    pub legacy_parts: Vec<LegacyParts>,
}

/// A transfer whose books are open.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OpenTransfer {
    /// The transfer.
    pub transfer: TransferId,
    /// Who receives.
    pub receiver: Receiver,
    /// The file.
    pub file: FileName,
    /// What each secondary reported.
    pub sent: Vec<Reported>,
}

/// A transfer whose books are closed: all that its figures follow from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ClosedTransfer {
    /// Who received what, and the reports.
    pub open: OpenTransfer,
    /// What its receiver said of it, if it did.
    pub finished: Option<Finished>,
    /// Secondaries that may have sent what they never reported.
    pub died: BTreeSet<SecondaryNumber>,
    /// From grant to end.
    pub took_ms: u64,
}

/// What one run of a secondary reported of one transfer; cumulative.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Reported {
    /// The secondary.
    pub number: SecondaryNumber,
    /// The run of its process.
    pub incarnation: Incarnation,
    /// Payload bytes.
    pub bytes: u64,
    /// Nothing more of it will come.
    pub last: bool,
}

/// Which of the three parts of a file a legacy client has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LegacyParts {
    /// The client.
    pub client: ClientName,
    /// The file.
    pub file: FileName,
    /// Bit p is set when part p was sent whole.
    pub parts: u8,
}
