//! Slots and the line as facts: who has a slot, and in which order the others wait. Only clients that have said which
//! session they are can come back to a place, so others have none here.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::entry::Place;
use crate::model::{ClientName, RequestId, Session, TransferId};

/// See the module.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(from = "Saved", into = "Saved")]
pub struct Waiting {
    rows: BTreeMap<(Session, RequestId), Row>,
    /// The turn of the next that enters.
    next_turn: u64,
}

/// A request that is not over.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// Whose, for what.
    #[serde(flatten)]
    pub place: Place,
    /// In the order of these they wait.
    turn: u64,
    /// What it became; `None` while it waits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transfer: Option<TransferId>,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct Saved {
    rows: Vec<Row>,
    next_turn: u64,
}

impl From<Saved> for Waiting {
    fn from(saved: Saved) -> Self {
        let rows = saved.rows.into_iter();
        Self {
            rows: rows.map(|row| (row.key(), row)).collect(),
            next_turn: saved.next_turn,
        }
    }
}

impl From<Waiting> for Saved {
    fn from(waiting: Waiting) -> Self {
        Self {
            rows: waiting.rows.into_values().collect(),
            next_turn: waiting.next_turn,
        }
    }
}

impl Row {
    fn key(&self) -> (Session, RequestId) {
        (self.place.session, self.place.request)
    }
}

impl Waiting {
    /// A request that is not over.
    pub fn get(&self, session: Session, request: RequestId) -> Option<&Row> {
        self.rows.get(&(session, request))
    }

    /// True for a session that has a request here.
    pub fn has(&self, session: Session) -> bool {
        let all = (session, RequestId(u64::MIN))..=(session, RequestId(u64::MAX));
        self.rows.range(all).next().is_some()
    }

    /// All that are not over: those that have a slot and those that wait, both in the order in which they came.
    pub fn rows(&self) -> Vec<&Row> {
        let mut rows: Vec<_> = self.rows.values().collect();
        rows.sort_by_key(|row| (row.transfer.is_none(), row.turn));
        rows
    }

    pub(super) fn enter(&mut self, place: Place) {
        self.put(place, None);
    }

    pub(super) fn grant(&mut self, place: Place, transfer: TransferId) {
        self.put(place, Some(transfer));
    }

    fn put(&mut self, place: Place, transfer: Option<TransferId>) {
        let turn = self.next_turn;
        self.next_turn += 1;
        let row = Row {
            place,
            turn,
            transfer,
        };
        self.rows.insert(row.key(), row);
    }

    pub(super) fn leave(&mut self, session: Session, request: RequestId) {
        self.rows.remove(&(session, request));
    }

    pub(super) fn rename(&mut self, session: Session, client: &ClientName) {
        let all = (session, RequestId(u64::MIN))..=(session, RequestId(u64::MAX));
        for (_, row) in self.rows.range_mut(all) {
            row.place.client.clone_from(client);
        }
    }
}
