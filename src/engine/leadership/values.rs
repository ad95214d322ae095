//! Who is active, who could be, and what is written.

use bytes::Bytes;

use crate::model::{LeaseId, Revision};

/// Entries that are written together: one record of the journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch {
    /// Its place in the journal: 1, 2, 3 …
    pub seq: u64,
    /// The reign in which it was written.
    pub term: u64,
    /// The entries, which only the registry reads.
    pub body: Bytes,
}

/// The revision at which its owner's `active` was written: each reign has another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fence(pub Revision);

/// Who has the key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Active {
    /// The name of the central.
    pub node: String,
    /// Where its peers find it.
    pub address: String,
    /// It has the key for as long as this lease lives.
    pub lease: Option<LeaseId>,
    /// Its reign.
    pub fence: Fence,
}

/// A central that could take over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standby {
    /// Its name.
    pub node: String,
    /// Where its peers find it.
    pub address: String,
    /// Its lease.
    pub lease: Option<LeaseId>,
    /// When its key came to be: another process, or another lease, has another.
    pub created: Revision,
    /// The last batch that it has applied.
    pub applied: u64,
    /// The highest format of the journal that it reads.
    pub reads: u32,
    /// Whether it could take over at once.
    pub ready: bool,
}

/// The state of affairs at one revision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sight {
    /// That revision.
    pub revision: Revision,
    /// Who has the key.
    pub active: Option<Active>,
    /// Whom the active is handing over to.
    pub handover: Option<String>,
    /// Who could take over.
    pub standbys: Vec<Standby>,
    /// The format of the journal.
    pub format: u32,
    /// The last batch.
    pub tail: u64,
}
