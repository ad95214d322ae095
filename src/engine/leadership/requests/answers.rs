//! What the outcomes of transactions mean.

use super::{Answer, Request};
use crate::{
    engine::leadership::{
        names::{self, ActiveValue, FormatValue, HandoverValue, StandbyValue},
        values::{Active, Batch, Fence, Sight, Standby},
    },
    model::{Change, KeyValue, Reply, Revision, Txned},
};

/// Of a key that names who is active.
fn active(found: &KeyValue) -> Active {
    let value: Option<ActiveValue> = names::read(&found.value);
    let (name, address) = value.map_or_else(Default::default, |value| (value.node, value.address));
    Active {
        node: name,
        address,
        lease: found.lease,
        fence: Fence(found.modified),
    }
}

fn standby(found: &KeyValue) -> Option<Standby> {
    let value: StandbyValue = names::read(&found.value)?;
    Some(Standby {
        node: names::standby_node(&found.key)?.to_owned(),
        address: value.address,
        lease: found.lease,
        created: found.created,
        applied: value.applied,
        reads: value.reads,
        ready: value.ready,
    })
}

fn first(got: &[Vec<KeyValue>], nth: usize) -> Option<&KeyValue> {
    got.get(nth)?.first()
}

fn sight(done: &Txned) -> Sight {
    let got = &done.got;
    let handover = first(got, 1).and_then(|found| names::read::<HandoverValue>(&found.value));
    let current = first(got, 3).and_then(|found| names::read::<names::Kept>(&found.value));
    let last = first(got, 5).and_then(|found| names::log_seq(&found.key));
    Sight {
        revision: done.revision,
        active: first(got, 0).map(active),
        handover: handover.map(|value| value.to),
        standbys: (got.get(4).into_iter().flatten())
            .filter_map(standby)
            .collect(),
        format: format_of(first(got, 2)),
        tail: last.max(current.map(|kept| kept.seq)).unwrap_or(0),
    }
}

/// A batch was refused: the key is another's, or it was committed by an earlier try, or the journal is not as it must be.
fn not_appended(fence: Fence, batch: &Batch, done: &Txned) -> Answer {
    let holder = first(&done.got, 0).map(active);
    let there = first(&done.got, 1);
    let is_ours = there.is_some_and(|there| there.value == names::batch_value(batch));
    match (holder, there) {
        _ if is_ours => Answer::Done(done.revision),
        (Some(holder), Some(_)) if holder.fence == fence => Answer::OtherBatch,
        (Some(holder), None) if holder.fence == fence => Answer::Gap,
        (holder, _) => Answer::Fenced(done.revision, holder),
    }
}

fn not_transferred(fence: Fence, batch: &Batch, to: &Standby, done: &Txned) -> Answer {
    let is_there = first(&done.got, 2).is_some_and(|found| found.created == to.created);
    match not_appended(fence, batch, done) {
        Answer::Gap if !is_there => Answer::TargetGone,
        answer => answer,
    }
}

fn not_fenced(done: &Txned) -> Answer {
    Answer::Fenced(done.revision, first(&done.got, 0).map(active))
}

fn not_current(fence: Fence, kept: &names::Kept, done: &Txned) -> Answer {
    let holder = first(&done.got, 0).map(active);
    if holder.as_ref().is_none_or(|holder| holder.fence != fence) {
        return Answer::Fenced(done.revision, holder);
    }
    let there = first(&done.got, 1).and_then(|found| names::read(&found.value));
    if there.as_ref() == Some(kept) {
        Answer::Done(done.revision)
    } else {
        Answer::OtherCurrent
    }
}

fn identity(done: &Txned) -> Answer {
    let Some(found) = first(&done.got, 0) else {
        return Answer::Claimed;
    };
    Answer::Identity {
        id: String::from_utf8_lossy(&found.value).into_owned(),
        format: format_of(first(&done.got, 1)),
    }
}

/// What a reader must know. Journals that were begun by the first version do not say so.
fn format_of(found: Option<&KeyValue>) -> u32 {
    let format = found.and_then(|found| names::read::<FormatValue>(&found.value));
    format.map_or(names::JOURNAL_FORMAT, |format| {
        format.reads.unwrap_or(format.writes)
    })
}

/// Whether what is there is what was brought, by an earlier try.
fn not_imported(id: &str, kept: &names::Kept, done: &Txned) -> Answer {
    let is_named = first(&done.got, 0).is_some_and(|found| found.value == id.as_bytes());
    let there = first(&done.got, 1).and_then(|found| names::read(&found.value));
    if is_named && there.as_ref() == Some(kept) {
        Answer::Done(done.revision)
    } else {
        Answer::Claimed
    }
}

fn page(done: &Txned) -> Answer {
    let batches = (done.got.iter().flatten()).map_while(|found| {
        let batch = names::batch_of(&found.value)?;
        (names::log_seq(&found.key) == Some(batch.seq)).then_some(batch)
    });
    let batches: Vec<Batch> = batches.collect();
    if batches.len() < done.got.iter().flatten().count() {
        return Answer::OtherBatch;
    }
    Answer::Page(batches, done.revision)
}

impl Request {
    /// What a reply means.
    pub fn answer(&self, reply: Reply) -> Answer {
        match reply {
            Reply::Txn(done) => self.outcome(&done),
            Reply::Granted(lease) => Answer::Granted(lease),
            Reply::Done => Answer::Done(Revision::default()),
            Reply::LeaseGone => Answer::LeaseGone,
            Reply::NoSpace => Answer::NoSpace,
            Reply::Refused(why) => Answer::Refused(why),
        }
    }

    fn outcome(&self, done: &Txned) -> Answer {
        match self {
            Request::Identify(id) if done.held => Answer::Identity {
                id: id.clone(),
                format: names::JOURNAL_FORMAT,
            },
            Request::Identify(_) => identity(done),
            Request::Claim(..) if done.held => Answer::Won(Fence(done.revision)),
            Request::Claim(_, lease) => match first(&done.got, 2) {
                // By an earlier try.
                Some(found) if found.lease == Some(*lease) => Answer::Won(Fence(found.modified)),
                Some(_) | None => identity(done),
            },
            Request::Look => Answer::Sight(sight(done)),
            Request::Campaign(_) if done.held => Answer::Won(Fence(done.revision)),
            Request::Log(..) => page(done),
            Request::Current => Answer::Current(
                first(&done.got, 0)
                    .and_then(|found| Some((names::read(&found.value)?, found.modified))),
            ),
            Request::Piece(..) => {
                Answer::Piece(first(&done.got, 0).map(|found| found.value.clone()))
            }
            _ if done.held => Answer::Done(done.revision),
            Request::Append(fence, batch) => not_appended(*fence, batch, done),
            Request::Transfer(fence, batch, to) => not_transferred(*fence, batch, to, done),
            Request::SetCurrent(fence, kept, _) => not_current(*fence, kept, done),
            Request::PutImported(..) => Answer::Claimed,
            Request::Import { id, kept, .. } => not_imported(id, kept, done),
            Request::Campaign(_)
            | Request::Mark(..)
            | Request::Unmark(_)
            | Request::Release(_)
            | Request::PutPiece(..)
            | Request::Trim(..) => not_fenced(done),
            Request::Announce(_)
            | Request::Grant(_)
            | Request::Renew(_)
            | Request::Revoke(_)
            | Request::Compact(_) => Answer::Done(done.revision),
        }
    }
}

/// What a watch told, as far as it matters.
#[derive(Debug)]
pub(in crate::engine::leadership) enum Seen {
    Active(Revision, Option<Active>),
    Handover(Option<String>),
    /// It was written at this revision.
    Batch(Revision, Batch),
    /// A batch that cannot be read.
    Unreadable,
    Nothing,
}

pub(in crate::engine::leadership) fn seen(change: &Change) -> Seen {
    match change {
        Change::Put(found) if found.key == names::ACTIVE => {
            Seen::Active(found.modified, Some(active(found)))
        }
        Change::Deleted { key, at } if key == names::ACTIVE => Seen::Active(*at, None),
        Change::Put(found) if found.key == names::HANDOVER => {
            let value: Option<HandoverValue> = names::read(&found.value);
            Seen::Handover(value.map(|value| value.to))
        }
        Change::Deleted { key, .. } if key == names::HANDOVER => Seen::Handover(None),
        Change::Put(found) if names::log_seq(&found.key).is_some() => {
            let batch = names::batch_of(&found.value);
            batch.map_or(Seen::Unreadable, |batch| Seen::Batch(found.modified, batch))
        }
        Change::Put(_) | Change::Deleted { .. } => Seen::Nothing,
    }
}
