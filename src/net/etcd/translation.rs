//! Between the vocabulary of key stores and etcd's messages. Keys get their prefix here, and lose it.

use bytes::Bytes;
use tonic::{Code, Status};

use super::messages::{self, Compared, EventKind, Op, OpDone, Order, Relation, Than};
use crate::model::{
    Change, Compare, Get, KeyOp, KeyRange, KeyValue, LeaseId, Reply, Revision, Silence, Txn, Txned,
};

/// What stands before all keys of a cluster.
#[derive(Clone, Debug)]
pub(super) struct Prefix(pub(super) String);

impl Prefix {
    fn put(&self, key: &str) -> Bytes {
        format!("{}{key}", self.0).into()
    }

    /// The first and the end of a range; an empty end is one key.
    pub(super) fn range(&self, range: &KeyRange) -> (Bytes, Bytes) {
        let end = range.end.as_ref().map(|end| self.put(end));
        (self.put(&range.from), end.unwrap_or_default())
    }

    fn key(&self, key: &[u8]) -> Option<String> {
        let key = std::str::from_utf8(key).ok()?;
        Some(key.strip_prefix(&self.0)?.to_owned())
    }

    fn found(&self, kv: messages::KeyValue) -> Option<KeyValue> {
        Some(KeyValue {
            key: self.key(&kv.key)?,
            value: kv.value,
            created: Revision(kv.create_revision),
            modified: Revision(kv.mod_revision),
            lease: (kv.lease != 0).then_some(LeaseId(kv.lease)),
        })
    }

    fn compare(&self, compare: &Compare) -> messages::Compare {
        let (key, target, result, than) = match compare {
            Compare::Absent(key) => (
                key,
                Compared::Create,
                Relation::Equal,
                Than::CreateRevision(0),
            ),
            Compare::Present(key) => (
                key,
                Compared::Create,
                Relation::Greater,
                Than::CreateRevision(0),
            ),
            Compare::Modified(key, at) => {
                (key, Compared::Mod, Relation::Equal, Than::ModRevision(at.0))
            }
            Compare::Created(key, at) => (
                key,
                Compared::Create,
                Relation::Equal,
                Than::CreateRevision(at.0),
            ),
        };
        messages::Compare {
            result: result.into(),
            target: target.into(),
            key: self.put(key),
            than: Some(than),
        }
    }

    fn get(&self, get: &Get) -> messages::RangeRequest {
        let (key, range_end) = self.range(&get.range);
        let order = if get.from_the_end {
            Order::Descend
        } else {
            // As it is stored.
            Order::None
        };
        messages::RangeRequest {
            key,
            range_end,
            limit: get.most.into(),
            sort_order: order.into(),
            keys_only: get.keys_only,
        }
    }

    fn op(&self, op: &KeyOp) -> messages::RequestOp {
        let op = match op {
            KeyOp::Put { key, value, lease } => Op::Put(messages::PutRequest {
                key: self.put(key),
                value: value.clone(),
                lease: lease.map_or(0, |lease| lease.0),
            }),
            KeyOp::Delete(range) => {
                let (key, range_end) = self.range(range);
                Op::Delete(messages::DeleteRequest { key, range_end })
            }
            KeyOp::Get(get) => Op::Range(self.get(get)),
        };
        messages::RequestOp { op: Some(op) }
    }

    pub(super) fn txn(&self, txn: &Txn) -> messages::TxnRequest {
        messages::TxnRequest {
            compare: (txn.when.iter())
                .map(|compare| self.compare(compare))
                .collect(),
            success: txn.then.iter().map(|op| self.op(op)).collect(),
            failure: txn.otherwise.iter().map(|op| self.op(op)).collect(),
        }
    }

    pub(super) fn txned(&self, done: messages::TxnResponse) -> Reply {
        let got = done.responses.into_iter().filter_map(|op| match op.done {
            Some(OpDone::Range(range)) => Some(
                (range.kvs.into_iter())
                    .filter_map(|kv| self.found(kv))
                    .collect(),
            ),
            Some(OpDone::Put(_) | OpDone::Delete(_)) | None => None,
        });
        Reply::Txn(Txned {
            revision: Revision(done.header.map_or(0, |header| header.revision)),
            held: done.succeeded,
            got: got.collect(),
        })
    }

    pub(super) fn changes(&self, events: Vec<messages::WatchEvent>) -> Vec<Change> {
        let changes = events.into_iter().filter_map(|event| {
            let kind = event.kind();
            let found = self.found(event.kv?)?;
            Some(match kind {
                EventKind::Put => Change::Put(found),
                EventKind::Delete => Change::Deleted {
                    key: found.key,
                    at: found.modified,
                },
            })
        });
        changes.collect()
    }
}

/// What an error means: an answer of the store, or that it did not do it, as far as one can know.
pub(super) fn refusal(status: &Status) -> Result<Reply, Silence> {
    let text = status.message();
    match status.code() {
        Code::NotFound if text.contains("lease not found") => Ok(Reply::LeaseGone),
        Code::ResourceExhausted if text.contains("space exceeded") => Ok(Reply::NoSpace),
        // Somebody else has compacted that far.
        Code::OutOfRange if text.contains("compacted") => Ok(Reply::Done),
        Code::InvalidArgument
        | Code::FailedPrecondition
        | Code::PermissionDenied
        | Code::Unauthenticated
        | Code::Unimplemented
        | Code::OutOfRange => Ok(Reply::Refused(text.to_owned())),
        Code::Ok
        | Code::Cancelled
        | Code::Unknown
        | Code::DeadlineExceeded
        | Code::NotFound
        | Code::AlreadyExists
        | Code::ResourceExhausted
        | Code::Aborted
        | Code::Internal
        | Code::Unavailable
        | Code::DataLoss => Err(Silence),
    }
}
