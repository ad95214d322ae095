//! What is said to a key store: keys with revisions, leases, transactions and watches, as etcd has them. A transaction
//! compares, and then does one list of operations or the other, at one moment.

use std::time::Duration;

use bytes::Bytes;

/// A moment of a key store: every transaction that writes is one revision later. Zero is before the first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Revision(pub i64);

impl Revision {
    /// The one after it.
    pub fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

/// A lease, as the key store numbers it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LeaseId(pub i64);

/// A key with its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyValue {
    /// Its name.
    pub key: String,
    /// Its value, empty when only keys were asked for.
    pub value: Bytes,
    /// When it came to be; again when it is made anew.
    pub created: Revision,
    /// When it was last written.
    pub modified: Revision,
    /// It ends with this lease.
    pub lease: Option<LeaseId>,
}

/// A key, or all from one on and before another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyRange {
    /// The first.
    pub from: String,
    /// The first that is not in it; `None` for one key alone.
    pub end: Option<String>,
}

impl KeyRange {
    /// One key.
    pub fn one(key: String) -> Self {
        Self {
            from: key,
            end: None,
        }
    }

    /// All from one on and before another.
    pub fn between(from: String, end: String) -> Self {
        Self {
            from,
            end: Some(end),
        }
    }

    /// Whether a key is in it.
    pub fn has(&self, key: &str) -> bool {
        match &self.end {
            None => key == self.from,
            Some(end) => self.from.as_str() <= key && key < end.as_str(),
        }
    }
}

/// What must be so for a transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Compare {
    /// There is no such key.
    Absent(String),
    /// There is such a key.
    Present(String),
    /// It was last written at this revision.
    Modified(String, Revision),
    /// It came to be at this revision.
    Created(String, Revision),
}

/// One step of a transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyOp {
    /// Writes a key.
    Put {
        /// Its name.
        key: String,
        /// Its value.
        value: Bytes,
        /// It ends with this lease, if any.
        lease: Option<LeaseId>,
    },
    /// Removes keys.
    Delete(KeyRange),
    /// Reads keys.
    Get(Get),
}

/// Which keys are read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Get {
    /// These.
    pub range: KeyRange,
    /// At most so many; zero for all.
    pub most: u32,
    /// The last ones first.
    pub from_the_end: bool,
    /// Without their values.
    pub keys_only: bool,
}

/// A transaction.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Txn {
    /// If all of these are so,
    pub when: Vec<Compare>,
    /// these are done,
    pub then: Vec<KeyOp>,
    /// else these.
    pub otherwise: Vec<KeyOp>,
}

/// What came of a transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Txned {
    /// The store's revision after it.
    pub revision: Revision,
    /// All comparisons held.
    pub held: bool,
    /// What each `Get` found, in their order.
    pub got: Vec<Vec<KeyValue>>,
}

/// One request to a key store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Call {
    /// A transaction. One that only reads is linearizable all the same.
    Txn(Txn),
    /// A new lease.
    Grant(Duration),
    /// A lease gets its whole time again.
    Renew(LeaseId),
    /// A lease ends, and its keys with it.
    Revoke(LeaseId),
    /// What was before this revision is not needed any more.
    Compact(Revision),
}

/// The answer of a key store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// To a transaction.
    Txn(Txned),
    /// The new lease.
    Granted(LeaseId),
    /// It is done.
    Done,
    /// There is no such lease (any more).
    LeaseGone,
    /// There is no room left for data.
    NoSpace,
    /// It will not do it, in its own words.
    Refused(String),
}

/// No answer within the time that a request has. Whether it was done, or will be, is not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the key store does not answer")]
pub struct Silence;

/// What a watch tells of one key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// It was written.
    Put(KeyValue),
    /// It is gone.
    Deleted {
        /// Its name.
        key: String,
        /// Since when.
        at: Revision,
    },
}
