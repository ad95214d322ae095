//! What a central answers beyond the types of its machine.

use serde::{Deserialize, Serialize};

use crate::{
    engine::{
        cluster::{Holder, SecondaryInfo},
        counters::Counters,
    },
    model::{ClusterStatus, FileMeta},
};

/// A row of a table of downloads.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DownloadCount {
    /// A file's or a client's name.
    pub name: String,
    /// Complete downloads.
    pub downloads: u64,
}

/// A file, and the live secondaries that hold it, the least busy first.
pub type Offer = (FileMeta, Vec<Holder>);

/// How the cluster is, of one look at it, with files as they were counted a moment ago.
#[derive(Clone, Debug)]
pub struct Summary {
    /// Its state.
    pub status: ClusterStatus,
    /// Its secondaries, by number.
    pub secondaries: Vec<SecondaryInfo>,
    /// What the books say of all downloads.
    pub sums: Counters,
}
