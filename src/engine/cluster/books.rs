//! The books compare what secondaries report to have sent in each transfer with what its receiver says. A download
//! counts only if the reports confirm it. No figure comes from a receiver alone, except bytes that a secondary sent
//! just before it died (`bytes_unreported`).
//!
//! A transfer has an entry (`entries`) as long as more may come of it. Then the entry is closed, and its figures are in
//! the `tables`. A late report still amends the figures of `closed` entries. All reports, late or not, go through
//! [`Books::report`]. What must never be lost of all that are `facts`. `senders` counts what secondaries send, whether or not there is an entry for it.

mod closed;
mod entries;
mod entry;
mod facts;
pub(super) mod naming;
mod origin;
mod senders;
#[cfg(test)]
mod tests;

use std::{collections::BTreeSet, time::Instant};

use self::{
    closed::ClosedEntry,
    entries::Entries,
    entry::{Entry, Granted},
    naming::Numbers,
    senders::{News, Senders},
};
use super::ConnectionId;
use crate::engine::{
    counters::Counters,
    registry::{Closed, Entry as Fact, Ledger, OpenTransfer, Tables, sender_of},
};
use crate::model::{
    ClientName, FileName, Finished, Incarnation, Receiver, SecondaryNumber, SentBytes,
    SentTransfer, TransferId, limits::MAX_TRANSFERS_OF_A_HOST,
};

pub(super) use self::origin::Origin;

/// A transfer whose books are closed.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Told {
    pub(super) transfer: TransferId,
    /// The connection on which its receiver said that it is over, if it did.
    pub(super) told_by: Option<ConnectionId>,
    pub(super) sent: Vec<SentBytes>,
}

/// The books of all transfers.
#[derive(Debug)]
pub(super) struct Books {
    entries: Entries,
    /// Of earlier runs as well. Of a transfer that was closed by a run that was killed before it saved nothing is known:
    /// what its secondaries tell opens an entry again.
    closed: Closed<ClosedEntry>,
    tables: Tables,
    senders: Senders,
    numbers: Numbers,
    /// What was decided and is not recorded yet, in order.
    facts: Vec<Fact>,
}

impl Books {
    /// Goes on from what was recorded.
    pub(super) fn restore(now: Instant, ledger: &Ledger, numbers: Numbers) -> Self {
        let mut entries = Entries::default();
        for open in ledger.open() {
            entries.insert(Entry::of_earlier(now, open.clone(), Origin::Saved));
        }
        let whole = ledger.closed().whole().map(|closed| {
            let transfer = closed.open.transfer;
            (transfer, ClosedEntry::of_saved(now, closed.clone()))
        });
        Self {
            entries,
            closed: Closed::restore(ledger.closed().known(), whole),
            tables: ledger.tables().clone(),
            senders: Senders::default(),
            numbers,
            facts: Vec::new(),
        }
    }

    /// All downloads by clients.
    pub(super) fn sums(&self) -> &Counters {
        self.tables.sums()
    }

    pub(super) fn per_file(&self) -> impl Iterator<Item = (&FileName, u64)> {
        self.tables.per_file()
    }

    pub(super) fn downloads_of(&self, file: &FileName) -> u64 {
        self.tables.downloads_of(file)
    }

    pub(super) fn per_client(&self) -> impl Iterator<Item = (&ClientName, u64)> {
        self.tables.per_client()
    }

    pub(super) fn downloads_by(&self, client: &ClientName) -> u64 {
        self.tables.downloads_by(client)
    }

    /// What secondaries send.
    pub(super) fn senders(&self) -> &Senders {
        &self.senders
    }

    /// A client that enrols is in the books.
    pub(super) fn know_client(&mut self, client: &ClientName) {
        if self.tables.is_new_client(client) {
            self.tables.know_client(client);
            let name = client.clone();
            self.facts.push(Fact::Client { name });
        }
    }

    /// The name of a transfer that begins.
    pub(super) fn next_transfer(&mut self) -> TransferId {
        loop {
            let transfer = self.numbers.next();
            // Somebody may have made it up.
            if self.entries.get(transfer).is_none() && !self.closed.contains(transfer) {
                return transfer;
            }
        }
    }

    /// A transfer that this run has just named begins.
    pub(super) fn open(
        &mut self,
        now: Instant,
        transfer: TransferId,
        receiver: &Receiver,
        file: &FileName,
        origin: Origin,
    ) {
        let granted = Granted::Now(now);
        let entry = Entry::new(transfer, receiver, file, granted, origin);
        // Who copies tells its copies to a central that does not know them.
        if !receiver.is_copy() {
            self.facts.push(Fact::Open(entry.open().clone()));
        }
        self.entries.insert(entry);
    }

    /// The books of a transfer are closed, by this run or an earlier one.
    pub(super) fn are_closed(&self, transfer: TransferId) -> bool {
        let is_ours = self.numbers.has_made(transfer);
        self.closed.contains(transfer) || is_ours && self.entries.get(transfer).is_none()
    }

    /// True when a client of this origin may go on with a transfer: nobody has more that nobody here knows than any
    /// honest host has.
    pub(super) fn may_resume(&self, transfer: TransferId, origin: Origin) -> bool {
        self.entries.get(transfer).is_some()
            || self.are_closed(transfer)
            || !self.numbers.is_made_up(transfer)
                && self.entries.count(origin) < MAX_TRANSFERS_OF_A_HOST
    }

    /// A receiver goes on with a transfer, or tells its end once more. One that is not known here was granted by an earlier
    /// run of the central. Closed books are opened again; where nothing is known but that they are closed, they stay so.
    pub(super) fn resume(
        &mut self,
        transfer: TransferId,
        receiver: &Receiver,
        file: &FileName,
        origin: Origin,
    ) {
        let known = self
            .entries
            .change(transfer, |entry| entry.resume(receiver));
        if known.is_some() {
            return self.note_open(transfer);
        }
        if let Some(closed) = self.closed.take(transfer) {
            let open = closed.entry().open();
            self.tables.take_back(open, closed.figures());
            let (mut entry, died) = closed.into_parts();
            entry.reopen(receiver, died);
            self.entries.insert(entry);
            self.facts.push(Fact::Reopened { transfer });
            self.note_open(transfer);
        } else if !self.are_closed(transfer) {
            let took = std::time::Duration::ZERO;
            let granted = Granted::Earlier { took };
            let entry = Entry::new(transfer, receiver, file, granted, origin);
            self.entries.insert(entry);
            self.note_open(transfer);
        }
    }

    /// The client that receives a transfer has another name from now on. Closed books stay.
    pub(super) fn rename(&mut self, transfer: TransferId, name: &ClientName) {
        self.entries.change(transfer, |entry| entry.rename(name));
        self.note_open(transfer);
    }

    /// The receiver's connection is gone.
    pub(super) fn orphan(&mut self, now: Instant, transfer: TransferId) {
        self.entries.change(transfer, |entry| entry.orphan(now));
    }

    /// The receiver was sent away.
    pub(super) fn expel(&mut self, now: Instant, transfer: TransferId) {
        self.entries.change(transfer, |entry| entry.expel(now));
    }

    /// This process stood still. The leases of secondaries that died meanwhile last for a while yet, so that they
    /// count as alive: closing books now would take what they did not report for a receiver's invention.
    pub(super) fn renew(&mut self, now: Instant) {
        self.entries.renew(now);
    }

    /// A secondary has a new connection.
    pub(super) fn enrolled(
        &mut self,
        now: Instant,
        number: SecondaryNumber,
        incarnation: Incarnation,
    ) {
        self.senders.enrolled(now, number, incarnation);
    }

    /// A secondary's lease ended.
    pub(super) fn fell(&mut self, number: SecondaryNumber) {
        self.entries.fell(number);
        self.senders.left(number);
    }

    /// True while this receiver's word on a transfer is waited for.
    pub(super) fn awaits(&self, transfer: TransferId, receiver: &Receiver) -> bool {
        let entry = self.entries.get(transfer);
        entry.is_some_and(|entry| entry.awaits_its_end() && entry.open().receiver == *receiver)
    }

    /// The receiver says that a transfer is over.
    pub(super) fn finish(
        &mut self,
        now: Instant,
        connection: ConnectionId,
        mut finished: Finished,
    ) {
        // Words are for people, who have been told.
        finished.reason = None;
        let mut seen = BTreeSet::new();
        let mut repeated = 0;
        finished.sources.retain(|source| {
            let is_new = seen.insert(source.who);
            repeated += usize::from(!is_new);
            // That one is claimed twice must be known; how often does not matter.
            is_new || repeated == 1
        });
        self.entries.change(finished.transfer, |entry| {
            entry.finish(now, connection, finished);
        });
    }

    /// Secondaries that have reported on a transfer or brought something in it.
    pub(super) fn involved(&self, transfer: TransferId) -> Vec<SecondaryNumber> {
        let entry = self.entries.get(transfer);
        entry.map_or_else(Vec::new, Entry::involved)
    }

    /// A secondary's report; cumulative within one run of its process. Gives how many bytes are new in it.
    pub(super) fn report(
        &mut self,
        now: Instant,
        number: SecondaryNumber,
        incarnation: Incarnation,
        sent: &SentTransfer,
    ) -> u64 {
        let news = self.senders.sent(now, number, sent);
        let known = self.entries.change(sent.transfer, |entry| {
            entry.report(number, incarnation, sent);
        });
        if known.is_none() {
            self.report_without_entry(now, (number, incarnation), sent, news);
        }
        news.more
    }

    /// A report of a transfer whose books are closed, or were never open here.
    fn report_without_entry(
        &mut self,
        now: Instant,
        (number, incarnation): (SecondaryNumber, Incarnation),
        sent: &SentTransfer,
        news: News,
    ) {
        if let Some(closed) = self.closed.get_mut(sent.transfer) {
            // Of a secondary that was away, or is slow: the figures are taken out and put in again as they would have been.
            let reported = closed.entry().open().clone();
            let before = closed.amend(|entry| entry.report(number, incarnation, sent));
            if let Some(before) = before {
                self.tables.take_back(closed.entry().open(), &before);
                self.tables.book(closed.entry().open(), closed.figures());
            }
            if *closed.entry().open() != reported {
                self.facts.push(Fact::Settled(closed.to_saved()));
            }
        } else if self.are_closed(sent.transfer) {
            // What was told before is in the books, of this run or an earlier one.
            let more = if news.is_first { 0 } else { news.more };
            self.book_unconfirmed(number, &sent.receiver, more);
        } else if let Receiver::Legacy(client) = &sent.receiver {
            if sent.last {
                self.close_only(sent.transfer);
                self.tables.book_legacy(number, client, sent);
                self.facts.push(Fact::Legacy {
                    number,
                    client: client.clone(),
                    sent: sent.clone(),
                });
            }
        } else if let Receiver::Http(_) = &sent.receiver {
            // Nobody confirms what came. Later reports of it amend closed books.
            if sent.last {
                self.close_only(sent.transfer);
                self.book_unconfirmed(number, &sent.receiver, sent.bytes);
            }
        } else if news.more < sent.bytes {
            // It had an entry, or none, when it was told before.
            self.book_unconfirmed(number, &sent.receiver, news.more);
        } else if sent.bytes > 0 {
            // Nobody opened it here: it was granted by an earlier run of the central that was killed before it saved. Its
            // receiver resumes it, or it is closed as orphaned.
            let open = OpenTransfer {
                transfer: sent.transfer,
                receiver: sent.receiver.clone(),
                file: sent.file.clone(),
                sent: Vec::new(),
            };
            let mut entry = Entry::of_earlier(now, open, Origin::Secondary(number));
            entry.report(number, incarnation, sent);
            self.entries.insert(entry);
            if !sent.receiver.is_copy() {
                self.note_open(sent.transfer);
            }
        }
    }

    /// Closes every entry that can be: ended and reported by all that are alive, or out of time. `alive` gives the
    /// present run of a live secondary.
    pub(super) fn close(
        &mut self,
        now: Instant,
        alive: impl Fn(SecondaryNumber) -> Option<Incarnation>,
    ) -> Vec<Told> {
        let due = self.entries.take_due(now, &alive);
        due.into_iter()
            .map(|entry| self.close_one(ClosedEntry::new(entry, &alive)))
            .collect()
    }

    fn close_one(&mut self, closed: ClosedEntry) -> Told {
        let figures = &closed.figures().per_source;
        // In the receiver's terms, who asks for no others.
        let sent = closed.entry().claims().iter().filter_map(|claim| {
            let sent = figures.get(&sender_of(claim)?)?;
            Some(SentBytes {
                source: claim.source,
                bytes: sent.bytes_sent,
            })
        });
        let told = Told {
            transfer: closed.entry().transfer(),
            told_by: closed.entry().told_by(),
            sent: sent.collect(),
        };
        // Otherwise nothing was sent, and nobody says that it was: there is nothing to book, and nothing to know.
        let transfer = told.transfer;
        if closed.entry().is_hollow() {
            self.facts.push(Fact::Dropped { transfer });
        } else {
            self.tables.book(closed.entry().open(), closed.figures());
            self.facts.push(Fact::Settled(closed.to_saved()));
            self.closed.insert(transfer, closed);
        }
        told
    }

    pub(super) fn next_deadline(&self) -> Option<Instant> {
        self.entries.next_deadline()
    }
}
