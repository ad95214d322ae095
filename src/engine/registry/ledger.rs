//! The books as facts: which transfers are open, what came of those that are closed, and the tables that follow from
//! that. Whoever applies the same entries has the same figures, to the byte.

use std::{collections::BTreeMap, time::Duration};

use serde::{Deserialize, Serialize};

use super::{
    closed::Closed,
    entry::Entry,
    figures::Figures,
    saved::{ClosedTransfer, OpenTransfer, Totals},
    tables::Tables,
};
use crate::model::{ClientName, Receiver, TransferId};

/// See the module.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(from = "Saved", into = "Saved")]
pub struct Ledger {
    pub(super) tables: Tables,
    open: BTreeMap<TransferId, OpenTransfer>,
    closed: Closed<ClosedTransfer>,
}

/// A ledger in a snapshot.
#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct Saved {
    tables: Tables,
    open: Vec<OpenTransfer>,
    closed_ids: Vec<TransferId>,
    closed: Vec<ClosedTransfer>,
}

impl From<Saved> for Ledger {
    fn from(saved: Saved) -> Self {
        let whole = saved.closed.into_iter();
        let whole = whole.map(|closed| (closed.open.transfer, closed));
        let open = saved.open.into_iter();
        Self {
            tables: saved.tables,
            open: open.map(|open| (open.transfer, open)).collect(),
            closed: Closed::restore(saved.closed_ids, whole),
        }
    }
}

impl From<Ledger> for Saved {
    fn from(ledger: Ledger) -> Self {
        Self {
            open: ledger.open.into_values().collect(),
            closed_ids: ledger.closed.known().into(),
            closed: ledger.closed.whole().cloned().collect(),
            tables: ledger.tables,
        }
    }
}

/// The figures that follow from a closed transfer.
fn figures_of(closed: &ClosedTransfer) -> Figures {
    let took = Duration::from_millis(closed.took_ms);
    Figures::of(
        &closed.open.sent,
        closed.finished.as_ref(),
        took,
        &closed.died,
    )
}

fn rename(open: &mut OpenTransfer, from: &ClientName, to: &ClientName) {
    if let Receiver::Client(client) = &mut open.receiver
        && client == from
    {
        client.clone_from(to);
    }
}

impl Ledger {
    /// The books of a run that kept no journal.
    pub fn import(mut totals: Totals) -> Self {
        let saved = Saved {
            open: std::mem::take(&mut totals.open),
            closed_ids: std::mem::take(&mut totals.closed_ids).into(),
            closed: std::mem::take(&mut totals.closed),
            tables: Tables::restore(totals),
        };
        saved.into()
    }

    /// The tables.
    pub fn tables(&self) -> &Tables {
        &self.tables
    }

    /// Transfers whose books are open.
    pub fn open(&self) -> impl Iterator<Item = &OpenTransfer> {
        self.open.values()
    }

    /// An open one.
    pub fn get_open(&self, transfer: TransferId) -> Option<&OpenTransfer> {
        self.open.get(&transfer)
    }

    /// Transfers whose books are closed.
    pub fn closed(&self) -> &Closed<ClosedTransfer> {
        &self.closed
    }

    /// One thing more is a fact. What is not about the books changes nothing.
    pub(super) fn apply(&mut self, entry: &Entry) {
        match entry {
            Entry::Client { name } => self.tables.know_client(name),
            Entry::Open(open) => self.set_open(open.clone()),
            Entry::Dropped { transfer } => drop(self.open.remove(transfer)),
            Entry::Settled(closed) => self.settle(closed.clone()),
            Entry::Reopened { transfer } => self.reopen(*transfer),
            Entry::Unconfirmed {
                number,
                receiver,
                bytes,
            } => self.tables.book_without_entry(*number, receiver, *bytes),
            Entry::Closed { transfer } => {
                self.open.remove(transfer);
                self.closed.add(*transfer);
            }
            Entry::Legacy {
                number,
                client,
                sent,
            } => self.tables.book_legacy(*number, client, sent),
            Entry::Term { .. }
            | Entry::Begun
            | Entry::Stopped
            | Entry::MaxDownloads { .. }
            | Entry::Drained { .. }
            | Entry::Works { .. }
            | Entry::Expelled { .. }
            | Entry::LetIn { .. }
            | Entry::ExpelledHost { .. }
            | Entry::LetInHost { .. }
            | Entry::Secondary { .. }
            | Entry::Name(_)
            | Entry::Entered(_)
            | Entry::Granted { .. }
            | Entry::Left { .. }
            | Entry::Published(_)
            | Entry::Withdrawn { .. }
            | Entry::Renamed { .. }
            | Entry::Account(_)
            | Entry::Audit(_)
            | Entry::Room(_)
            | Entry::Figure(_)
            | Entry::Answered { .. } => {}
        }
    }

    /// What was booked to a client is another one's, whatever it is called.
    pub(super) fn rename_client(&mut self, from: &ClientName, to: &ClientName) {
        self.tables.rename_client(from, to);
        for open in self.open.values_mut() {
            rename(open, from, to);
        }
        for closed in self.closed.whole_mut() {
            rename(&mut closed.open, from, to);
        }
    }

    fn set_open(&mut self, open: OpenTransfer) {
        self.open.insert(open.transfer, open);
    }

    fn settle(&mut self, closed: ClosedTransfer) {
        let transfer = closed.open.transfer;
        self.open.remove(&transfer);
        if let Some(before) = self.closed.get(transfer) {
            self.tables.take_back(&before.open, &figures_of(before));
        }
        self.tables.book(&closed.open, &figures_of(&closed));
        self.closed.insert(transfer, closed);
    }

    fn reopen(&mut self, transfer: TransferId) {
        if let Some(closed) = self.closed.take(transfer) {
            self.tables.take_back(&closed.open, &figures_of(&closed));
            self.set_open(closed.open);
        }
    }
}
