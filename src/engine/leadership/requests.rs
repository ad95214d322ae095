//! What a central asks of a key store, as transactions; and what their outcomes mean. All safety is here: whatever is
//! written for all names the fence of its writer, so that a central that lost the key writes nothing any more, whatever
//! it believes.

mod answers;

pub(super) use answers::{Seen, seen};

use std::time::Duration;

use bytes::Bytes;

use super::{
    names::{self, ActiveValue, FormatValue, HandoverValue, Kept, StandbyValue},
    values::{Active, Batch, Fence, Sight, Standby},
};
use crate::model::{Call, Compare, Get, KeyOp, KeyRange, LeaseId, Revision, Txn};

/// A request with a meaning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// Names the cluster, unless it has a name; gives the name that it has. Asked by whoever starts, before all else, and
    /// has no journal to bring.
    Identify(String),
    /// The right to bring a journal, of this node by its lease, into a store that has none.
    Claim(String, LeaseId),
    /// One piece of what is brought there, by the claim, of a snapshot with this seq.
    PutImported(Fence, u64, u32, Bytes),
    /// Names the cluster, and makes what was brought its first snapshot.
    Import {
        /// The claim.
        claim: Fence,
        /// The cluster's name.
        id: String,
        /// The snapshot.
        kept: Kept,
        /// The batch with its seq, so that the next one has one before it.
        batch: Batch,
    },
    /// How things are.
    Look,
    /// A new lease.
    Grant(Duration),
    /// Its whole time again for a lease.
    Renew(LeaseId),
    /// The end of a lease.
    Revoke(LeaseId),
    /// Tells the others of oneself; `created` is not read.
    Announce(Standby),
    /// The key, if nobody has it; `fence` is not read.
    Campaign(Active),
    /// A batch, if the key is still one's own and the batch before is there.
    Append(Fence, Batch),
    /// Names the one that will be handed over to.
    Mark(Fence, String),
    /// Nobody is handed over to.
    Unmark(Fence),
    /// The last batch of a reign, and the key to another, in one transaction.
    Transfer(Fence, Batch, Standby),
    /// Gives the key back.
    Release(Fence),
    /// Batches from this one on, so many at most.
    Log(u64, u32),
    /// The current snapshot.
    Current,
    /// One piece of the snapshot with this seq.
    Piece(u64, u32),
    /// Writes one.
    PutPiece(Fence, u64, u32, Bytes),
    /// Makes a snapshot the current one, in place of the one that was set at this revision.
    SetCurrent(Fence, Kept, Revision),
    /// Removes batches below the first seq, and pieces of snapshots below the second.
    Trim(Fence, u64, u64),
    /// Nothing before this revision is needed.
    Compact(Revision),
}

/// What came of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The name of the cluster, and the format of its journal.
    Identity {
        /// The name.
        id: String,
        /// The lowest format that a reader must know.
        format: u32,
    },
    /// Somebody else brings a journal, or has brought one.
    Claimed,
    /// How things are.
    Sight(Sight),
    /// The new lease.
    Granted(LeaseId),
    /// It is done, now or by an earlier try.
    Done(Revision),
    /// There is no such lease.
    LeaseGone,
    /// The key is one's own.
    Won(Fence),
    /// The key is another's; or nobody's, where one's own was expected.
    Fenced(Revision, Option<Active>),
    /// The journal has another batch in its place.
    OtherBatch,
    /// The batch before is missing.
    Gap,
    /// The standby is not the one that it was.
    TargetGone,
    /// Batches, and the revision at which they were read. Fewer than were asked for are the last ones.
    Page(Vec<Batch>, Revision),
    /// The current snapshot, and when it became that.
    Current(Option<(Kept, Revision)>),
    /// A piece of a snapshot.
    Piece(Option<Bytes>),
    /// A snapshot was set meanwhile.
    OtherCurrent,
    /// There is no room left.
    NoSpace,
    /// It will not do it, in its own words.
    Refused(String),
}

fn get(range: KeyRange) -> KeyOp {
    KeyOp::Get(Get {
        range,
        most: 0,
        from_the_end: false,
        keys_only: false,
    })
}

fn get_one(key: &str) -> KeyOp {
    get(KeyRange::one(key.to_owned()))
}

fn put(key: String, value: Bytes, lease: Option<LeaseId>) -> KeyOp {
    KeyOp::Put { key, value, lease }
}

/// The key is still that of this reign.
fn still(fence: Fence) -> Compare {
    Compare::Modified(names::ACTIVE.to_owned(), fence.0)
}

fn active_key(active: &Active) -> KeyOp {
    let value = names::text(&ActiveValue {
        node: active.node.clone(),
        address: active.address.clone(),
    });
    put(names::ACTIVE.to_owned(), value, active.lease)
}

/// What makes a batch the next one of this reign.
fn is_next(fence: Fence, seq: u64) -> Vec<Compare> {
    // The first has none before it; one that was on its way for long may find itself removed, but not the snapshot.
    let before = if seq > 1 {
        Compare::Present(names::log(seq - 1))
    } else {
        Compare::Absent(names::CURRENT.to_owned())
    };
    vec![still(fence), Compare::Absent(names::log(seq)), before]
}

/// A transaction that is done while the key is that of this reign, and shows the key otherwise.
fn fenced(fence: Fence, then: Vec<KeyOp>) -> Call {
    Call::Txn(Txn {
        when: vec![still(fence)],
        then,
        otherwise: vec![get_one(names::ACTIVE)],
    })
}

fn reading(then: Vec<KeyOp>) -> Call {
    Call::Txn(Txn {
        then,
        ..Txn::default()
    })
}

fn look() -> Call {
    let tail = Get {
        range: names::log_from(0),
        most: 1,
        from_the_end: true,
        keys_only: true,
    };
    reading(vec![
        get_one(names::ACTIVE),
        get_one(names::HANDOVER),
        get_one(names::FORMAT),
        get_one(names::CURRENT),
        get(names::standbys()),
        KeyOp::Get(tail),
    ])
}

fn append(fence: Fence, batch: &Batch) -> Call {
    let key = names::log(batch.seq);
    Call::Txn(Txn {
        when: is_next(fence, batch.seq),
        then: vec![put(key.clone(), names::batch_value(batch), None)],
        otherwise: vec![get_one(names::ACTIVE), get_one(&key)],
    })
}

fn transfer(fence: Fence, batch: &Batch, to: &Standby) -> Call {
    let (log, standby) = (names::log(batch.seq), names::standby(&to.node));
    let mut when = is_next(fence, batch.seq);
    when.push(Compare::Created(standby.clone(), to.created));
    let active = Active {
        node: to.node.clone(),
        address: to.address.clone(),
        lease: to.lease,
        fence,
    };
    Call::Txn(Txn {
        when,
        then: vec![
            active_key(&active),
            put(log.clone(), names::batch_value(batch), None),
            KeyOp::Delete(KeyRange::one(names::HANDOVER.to_owned())),
        ],
        otherwise: vec![get_one(names::ACTIVE), get_one(&log), get_one(&standby)],
    })
}

fn announce(standby: &Standby) -> Call {
    let value = names::text(&StandbyValue {
        address: standby.address.clone(),
        applied: standby.applied,
        reads: standby.reads,
        ready: standby.ready,
    });
    let key = names::standby(&standby.node);
    reading(vec![put(key, value, standby.lease)])
}

/// A snapshot becomes current only in place of the one that was there when it was made: an older one that was on its way
/// for long cannot replace it.
fn set_current(fence: Fence, kept: &Kept, before: Revision) -> Call {
    let key = names::CURRENT.to_owned();
    let in_place = if before == Revision::default() {
        Compare::Absent(key.clone())
    } else {
        Compare::Modified(key.clone(), before)
    };
    Call::Txn(Txn {
        when: vec![still(fence), in_place],
        then: vec![put(key.clone(), names::text(kept), None)],
        otherwise: vec![get_one(names::ACTIVE), get_one(&key)],
    })
}

/// The cluster has no name, and nobody brings a journal.
fn unnamed() -> Vec<Compare> {
    vec![
        Compare::Absent(names::IDENTITY.to_owned()),
        Compare::Absent(names::IMPORT.to_owned()),
    ]
}

/// What is written for a cluster that begins.
fn named(id: &str) -> Vec<KeyOp> {
    let format = names::text(&FormatValue {
        writes: names::JOURNAL_FORMAT,
        reads: Some(names::JOURNAL_FORMAT),
    });
    vec![
        put(names::IDENTITY.to_owned(), id.to_owned().into(), None),
        put(names::FORMAT.to_owned(), format, None),
    ]
}

fn claim(by: &str, lease: LeaseId) -> Call {
    let key = names::IMPORT.to_owned();
    Call::Txn(Txn {
        when: unnamed(),
        then: vec![put(key, by.to_owned().into(), Some(lease))],
        otherwise: vec![
            get_one(names::IDENTITY),
            get_one(names::FORMAT),
            get_one(names::IMPORT),
        ],
    })
}

/// A journal is brought by who has the claim, and only where there is none.
fn claimed(claim: Fence) -> Vec<Compare> {
    vec![
        Compare::Absent(names::IDENTITY.to_owned()),
        Compare::Modified(names::IMPORT.to_owned(), claim.0),
    ]
}

fn import(claim: Fence, id: &str, kept: &Kept, batch: &Batch) -> Call {
    let mut then = named(id);
    let key = names::log(batch.seq);
    then.extend([
        put(names::CURRENT.to_owned(), names::text(kept), None),
        put(key, names::batch_value(batch), None),
        KeyOp::Delete(KeyRange::one(names::IMPORT.to_owned())),
    ]);
    Call::Txn(Txn {
        when: claimed(claim),
        then,
        otherwise: vec![get_one(names::IDENTITY), get_one(names::CURRENT)],
    })
}

impl Request {
    /// What is asked of the store.
    pub fn call(&self) -> Call {
        match self {
            Request::Identify(id) => Call::Txn(Txn {
                when: unnamed(),
                then: named(id),
                otherwise: vec![get_one(names::IDENTITY), get_one(names::FORMAT)],
            }),
            Request::Claim(by, lease) => claim(by, *lease),
            Request::PutImported(claim, seq, n, body) => Call::Txn(Txn {
                when: claimed(*claim),
                then: vec![put(names::piece(*seq, *n), body.clone(), None)],
                otherwise: Vec::new(),
            }),
            Request::Import {
                claim,
                id,
                kept,
                batch,
            } => import(*claim, id, kept, batch),
            Request::Look => look(),
            Request::Grant(ttl) => Call::Grant(*ttl),
            Request::Renew(lease) => Call::Renew(*lease),
            Request::Revoke(lease) => Call::Revoke(*lease),
            Request::Compact(revision) => Call::Compact(*revision),
            Request::Announce(standby) => announce(standby),
            Request::Campaign(active) => Call::Txn(Txn {
                when: vec![Compare::Absent(names::ACTIVE.to_owned())],
                then: vec![active_key(active)],
                otherwise: vec![get_one(names::ACTIVE)],
            }),
            Request::Append(fence, batch) => append(*fence, batch),
            Request::Mark(fence, to) => {
                let value = names::text(&HandoverValue { to: to.clone() });
                fenced(*fence, vec![put(names::HANDOVER.to_owned(), value, None)])
            }
            Request::Unmark(fence) => {
                let key = KeyRange::one(names::HANDOVER.to_owned());
                fenced(*fence, vec![KeyOp::Delete(key)])
            }
            Request::Transfer(fence, batch, to) => transfer(*fence, batch, to),
            Request::Release(fence) => {
                let key = KeyRange::one(names::ACTIVE.to_owned());
                fenced(*fence, vec![KeyOp::Delete(key)])
            }
            Request::Log(from, most) => reading(vec![KeyOp::Get(Get {
                range: names::log_from(*from),
                most: *most,
                from_the_end: false,
                keys_only: false,
            })]),
            Request::Current => reading(vec![get_one(names::CURRENT)]),
            Request::Piece(seq, n) => reading(vec![get_one(&names::piece(*seq, *n))]),
            Request::PutPiece(fence, seq, n, body) => fenced(
                *fence,
                vec![put(names::piece(*seq, *n), body.clone(), None)],
            ),
            Request::SetCurrent(fence, kept, before) => set_current(*fence, kept, *before),
            Request::Trim(fence, log, pieces) => fenced(
                *fence,
                vec![
                    KeyOp::Delete(names::log_below(*log)),
                    KeyOp::Delete(names::pieces_below(*pieces)),
                ],
            ),
        }
    }
}
