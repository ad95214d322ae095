//! What of the books must never be lost: each change of it, for the registry, and the comparison with a ledger.

use super::{Books, closed::ClosedEntry, entry::Entry};
use crate::{
    engine::registry::{Entry as Fact, Ledger, OpenTransfer, Totals},
    model::{ClientName, FileName, Receiver, SecondaryNumber, TransferId},
};

/// How many closed transfers are shown whole with the totals.
const MOST_SHOWN: usize = 1000;

impl Books {
    /// What was decided since the last call, in order.
    pub(in crate::engine::cluster) fn take_facts(&mut self) -> Vec<Fact> {
        std::mem::take(&mut self.facts)
    }

    /// What an open transfer brings.
    pub(in crate::engine::cluster) fn file_of(&self, transfer: TransferId) -> Option<FileName> {
        let entry = self.entries.get(transfer)?;
        Some(entry.open().file.clone())
    }

    /// What is open, with what was reported so far.
    pub(in crate::engine::cluster) fn open_transfers(&self) -> impl Iterator<Item = &OpenTransfer> {
        self.entries.iter().map(Entry::open)
    }

    /// Panics where a ledger knows anything else. It may know less of what was reported, and of copies.
    pub(in crate::engine::cluster) fn assert_recorded(&self, ledger: &Ledger) {
        assert_eq!(&self.tables, ledger.tables(), "tables");
        let closed = ledger.closed();
        assert!(self.closed.known() == closed.known(), "what is closed");
        let whole = self.closed.whole().map(ClosedEntry::to_saved);
        assert!(whole.eq(closed.whole().cloned()), "what was closed with");
        for open in self.open_transfers() {
            let known = ledger.get_open(open.transfer);
            assert!(known.is_some() || open.receiver.is_copy(), "{open:?}");
        }
        for known in ledger.open() {
            let open = self.entries.get(known.transfer).map(Entry::open);
            let is_same = open
                .is_some_and(|open| (&open.receiver, &open.file) == (&known.receiver, &known.file));
            assert!(is_same, "{known:?} is {open:?}");
        }
    }

    /// The figures, and the transfers that they are not final of.
    pub(in crate::engine::cluster) fn totals(&self) -> Totals {
        let shown = self.closed.whole().rev().take(MOST_SHOWN);
        Totals {
            open: self.open_transfers().cloned().collect(),
            closed_ids: self.closed.known(),
            closed: shown.map(ClosedEntry::to_saved).collect(),
            ..self.tables.totals()
        }
    }

    /// What was booked to clients of a name is another one's, whatever it is called: the registry does the same by
    /// itself.
    pub(in crate::engine::cluster) fn rename_client(&mut self, from: &ClientName, to: &ClientName) {
        self.tables.rename_client(from, to);
        let is_its = |entry: &Entry| matches!(&entry.open().receiver, Receiver::Client(client) if client == from);
        let open = self.entries.iter().filter(|entry| is_its(entry));
        for transfer in open.map(Entry::transfer).collect::<Vec<_>>() {
            self.entries.change(transfer, |entry| entry.rename(to));
        }
        let closed = self.closed.whole_mut();
        closed
            .filter(|closed| is_its(closed.entry()))
            .for_each(|closed| closed.rename(to));
    }

    /// What an open entry is now is a fact.
    pub(super) fn note_open(&mut self, transfer: TransferId) {
        let entry = self.entries.get(transfer);
        let open = entry.map(|entry| Fact::Open(entry.open().clone()));
        self.facts.extend(open);
    }

    /// Nothing but that it is over is known of a transfer.
    pub(super) fn close_only(&mut self, transfer: TransferId) {
        self.closed.add(transfer);
        self.facts.push(Fact::Closed { transfer });
    }

    /// Bytes that have no page of their own.
    pub(super) fn book_unconfirmed(
        &mut self,
        number: SecondaryNumber,
        receiver: &Receiver,
        bytes: u64,
    ) {
        if bytes == 0 {
            return;
        }
        self.tables.book_without_entry(number, receiver, bytes);
        let receiver = receiver.clone();
        self.facts.push(Fact::Unconfirmed {
            number,
            receiver,
            bytes,
        });
    }
}
