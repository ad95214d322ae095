//! The books: what secondaries report to have sent in each transfer, against what its receiver says. A
//! download counts when the reports bear the receiver out; no figure comes from a receiver alone, except
//! bytes that a secondary sent just before it died (`bytes_unreported`).

use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, Instant},
};

use super::{
    account::{Account, Ended},
    books::{OpenTransfer, OriginalParts, Reported, Totals},
};
use crate::{
    engine::counters::Counters,
    model::{
        ClientName, FileName, Finished, Incarnation, Outcome, Receiver, SecondaryNumber, SentBytes,
        SentTransfer, TransferId,
        limits::{MAX_FILE_BYTES, MAX_STATISTICS_NAMES, MAX_TRANSFERS},
    },
};

/// Settled transfers that are remembered.
const SETTLED_KEPT: usize = 1000;

/// A transfer whose books are closed.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Settled {
    pub(super) transfer: TransferId,
    /// The client that received, if one did.
    pub(super) client: Option<ClientName>,
    pub(super) sent: Vec<SentBytes>,
}

/// The books of all transfers.
#[derive(Debug)]
pub(super) struct Ledger {
    totals: Totals,
    accounts: BTreeMap<TransferId, Account>,
}

impl Ledger {
    /// Goes on from what an earlier run saved.
    pub(super) fn new(now: Instant, mut saved: Totals) -> Self {
        let accounts = std::mem::take(&mut saved.open)
            .into_iter()
            .map(|open| {
                (
                    open.transfer,
                    Account {
                        open,
                        began: None,
                        ended: None,
                        fell: BTreeSet::new(),
                        orphan_since: Some(now),
                    },
                )
            })
            .collect();
        Self {
            totals: saved,
            accounts,
        }
    }

    pub(super) fn totals(&self) -> Totals {
        let mut totals = self.totals.clone();
        totals.open = self
            .accounts
            .values()
            .map(|account| account.open.clone())
            .collect();
        totals
    }

    pub(super) fn downloads_of(&self, file: &FileName) -> u64 {
        self.totals
            .files
            .get(file)
            .map_or(0, |counters| counters.downloads)
    }

    pub(super) fn per_file(&self) -> impl Iterator<Item = (&FileName, u64)> {
        self.totals
            .files
            .iter()
            .map(|(name, counters)| (name, counters.downloads))
    }

    pub(super) fn per_client(&self) -> impl Iterator<Item = (&ClientName, u64)> {
        self.totals
            .clients
            .iter()
            .map(|(name, counters)| (name, counters.downloads))
    }

    /// A client that enrols is in the table, with zero downloads.
    pub(super) fn know_client(&mut self, client: &ClientName) {
        add_named(&mut self.totals.clients, client, &Counters::default());
    }

    /// A transfer starts, or is taken up again after its receiver's connection was lost.
    pub(super) fn open(
        &mut self,
        now: Instant,
        transfer: TransferId,
        receiver: Receiver,
        file: FileName,
    ) {
        let account = self.accounts.entry(transfer).or_insert_with(|| Account {
            open: OpenTransfer {
                transfer,
                receiver,
                file,
                sent: Vec::new(),
            },
            began: Some(now),
            ended: None,
            fell: BTreeSet::new(),
            orphan_since: None,
        });
        account.orphan_since = None;
    }

    pub(super) fn orphan(&mut self, now: Instant, transfer: TransferId) {
        if let Some(account) = self.accounts.get_mut(&transfer) {
            account.orphan_since.get_or_insert(now);
        }
    }

    /// A secondary's lease ended.
    pub(super) fn fell(&mut self, number: SecondaryNumber) {
        for account in self.accounts.values_mut() {
            account.fell.insert(number);
        }
    }

    pub(super) fn is_open(&self, transfer: TransferId) -> bool {
        self.accounts
            .get(&transfer)
            .is_some_and(|account| account.ended.is_none())
    }

    pub(super) fn is_of(&self, transfer: TransferId, receiver: &Receiver) -> bool {
        self.accounts
            .get(&transfer)
            .is_some_and(|account| account.open.receiver == *receiver)
    }

    /// A secondary's report; cumulative within one run of its process.
    pub(super) fn report(
        &mut self,
        now: Instant,
        number: SecondaryNumber,
        incarnation: Incarnation,
        sent: SentTransfer,
    ) {
        if self.totals.settled.contains(&sent.transfer) {
            return;
        }
        if let Receiver::Original(client) = &sent.receiver {
            if sent.last {
                self.settled(sent.transfer);
                self.original_part(number, client.clone(), &sent);
            }
            return;
        }
        let known = self.accounts.contains_key(&sent.transfer);
        if !known && self.accounts.len() >= MAX_TRANSFERS {
            return;
        }
        // A transfer that nobody opened here: granted by an earlier run of the central that was killed
        // before it saved. Its receiver resumes it, or it is closed as orphaned.
        let account = self
            .accounts
            .entry(sent.transfer)
            .or_insert_with(|| Account {
                open: OpenTransfer {
                    transfer: sent.transfer,
                    receiver: sent.receiver,
                    file: sent.file,
                    sent: Vec::new(),
                },
                began: None,
                ended: None,
                fell: BTreeSet::new(),
                orphan_since: Some(now),
            });
        let known = account
            .open
            .sent
            .iter_mut()
            .find(|reported| (reported.number, reported.incarnation) == (number, incarnation));
        match known {
            Some(reported) => {
                reported.bytes = reported.bytes.max(sent.bytes);
                reported.last = sent.last;
            }
            None => account.open.sent.push(Reported {
                number,
                incarnation,
                bytes: sent.bytes,
                last: sent.last,
            }),
        }
    }

    /// The receiver says that it is over.
    pub(super) fn finish(&mut self, now: Instant, finished: Finished) {
        if let Some(account) = self.accounts.get_mut(&finished.transfer)
            && account.ended.is_none()
        {
            account.ended = Some(Ended { at: now, finished });
        }
    }

    /// Secondaries that have reported on a transfer or brought something in it.
    pub(super) fn involved(&self, transfer: TransferId) -> Vec<SecondaryNumber> {
        let Some(account) = self.accounts.get(&transfer) else {
            return Vec::new();
        };
        let mut numbers: Vec<_> = account.open.sent.iter().map(|r| r.number).collect();
        if let Some(ended) = &account.ended {
            numbers.extend(ended.finished.sources.iter().map(|source| source.number));
        }
        numbers.sort_unstable();
        numbers.dedup();
        numbers
    }

    /// Closes every account that can be: ended and reported by all that are alive, or out of time.
    /// `alive` gives the present run of a live secondary.
    pub(super) fn settle(
        &mut self,
        now: Instant,
        alive: impl Fn(SecondaryNumber) -> Option<Incarnation>,
    ) -> Vec<Settled> {
        let due: Vec<_> = self
            .accounts
            .iter()
            .filter(|(_, account)| account.is_due(now, &alive))
            .map(|(transfer, _)| *transfer)
            .collect();
        let accounts: Vec<_> = due
            .iter()
            .filter_map(|transfer| self.accounts.remove(transfer))
            .collect();
        accounts
            .into_iter()
            .map(|account| self.close(account, &alive))
            .collect()
    }

    pub(super) fn next_deadline(&self) -> Option<Instant> {
        self.accounts.values().filter_map(Account::deadline).min()
    }

    fn close(
        &mut self,
        account: Account,
        alive: &impl Fn(SecondaryNumber) -> Option<Incarnation>,
    ) -> Settled {
        let took = account.took();
        let of_earlier_run = account.began.is_none();
        let Account {
            open, ended, fell, ..
        } = account;
        let mut per_source: BTreeMap<SecondaryNumber, Counters> = BTreeMap::new();
        for reported in &open.sent {
            let sent = &mut per_source.entry(reported.number).or_default().bytes_sent;
            *sent = sent.saturating_add(reported.bytes.min(MAX_FILE_BYTES));
        }
        let outcome = ended
            .as_ref()
            .map_or(Outcome::Failed, |e| e.finished.outcome);
        let mut confirmed = true;
        match &ended {
            Some(ended) => {
                for received in &ended.finished.sources {
                    let counters = per_source.entry(received.number).or_default();
                    let died = open.sent.iter().any(|r| {
                        r.number == received.number && alive(r.number) != Some(r.incarnation)
                    }) || alive(received.number).is_none()
                        || fell.contains(&received.number)
                        || of_earlier_run;
                    confirmed &= counters.book(&Counters::of_received(received), died);
                }
                for (number, counters) in &mut per_source {
                    if ended
                        .finished
                        .sources
                        .iter()
                        .all(|source| source.number != *number)
                    {
                        counters.bytes_wasted = counters.bytes_sent;
                    }
                }
            }
            None => {
                per_source
                    .values_mut()
                    .for_each(|c| c.bytes_unconfirmed = c.bytes_sent);
            }
        }
        let sent = per_source
            .iter()
            .map(|(number, c)| SentBytes {
                number: *number,
                bytes: c.bytes_sent,
            })
            .collect();
        self.book(&open, outcome, confirmed, took, &per_source);
        self.settled(open.transfer);
        let client = match open.receiver {
            Receiver::Client(client) => Some(client),
            Receiver::Original(_) | Receiver::Secondary(_) => None,
        };
        Settled {
            transfer: open.transfer,
            client,
            sent,
        }
    }

    fn settled(&mut self, transfer: TransferId) {
        let settled = &mut self.totals.settled;
        settled.push_back(transfer);
        if settled.len() > SETTLED_KEPT {
            settled.pop_front();
        }
    }

    fn book(
        &mut self,
        open: &OpenTransfer,
        outcome: Outcome,
        confirmed: bool,
        took: Duration,
        per_source: &BTreeMap<SecondaryNumber, Counters>,
    ) {
        let mut whole = Counters {
            duration_ms: took.as_millis() as u64,
            ..Counters::default()
        };
        per_source.values().for_each(|counters| whole.add(counters));
        match outcome {
            Outcome::Complete if confirmed => whole.downloads = 1,
            Outcome::Complete | Outcome::AlreadyComplete => {}
            Outcome::Failed | Outcome::Cancelled => whole.failed = 1,
        }
        let Receiver::Client(client) = &open.receiver else {
            self.totals.copies.add(&whole);
            return;
        };
        self.totals.totals.add(&whole);
        add_named(&mut self.totals.files, &open.file, &whole);
        add_named(&mut self.totals.clients, client, &whole);
        for (number, counters) in per_source {
            let mut counters = counters.clone();
            counters.downloads = u64::from(whole.downloads == 1 && counters.bytes_received > 0);
            counters.duration_ms = whole.duration_ms;
            self.totals
                .secondaries
                .entry(*number)
                .or_default()
                .add(&counters);
        }
    }

    fn original_part(&mut self, number: SecondaryNumber, client: ClientName, sent: &SentTransfer) {
        let mut counters = Counters {
            bytes_sent: sent.bytes,
            ..Counters::default()
        };
        let Some(part) = sent.whole_part else {
            counters.bytes_unconfirmed = sent.bytes;
            self.book_original(number, client, sent, counters);
            return;
        };
        counters.bytes_received = sent.bytes;
        let parts = &mut self.totals.original_parts;
        let found = parts
            .iter()
            .position(|p| p.client == client && p.file == sent.file);
        let index = found.unwrap_or_else(|| {
            parts.push(OriginalParts {
                client: client.clone(),
                file: sent.file.clone(),
                parts: 0,
            });
            parts.len() - 1
        });
        parts[index].parts |= 1 << part.min(2);
        if parts[index].parts == 0b111 {
            parts.remove(index);
            counters.downloads = 1;
        }
        // Those who never ask for all parts must not fill the file.
        if parts.len() > 1000 {
            parts.remove(0);
        }
        self.book_original(number, client, sent, counters);
    }

    fn book_original(
        &mut self,
        number: SecondaryNumber,
        client: ClientName,
        sent: &SentTransfer,
        counters: Counters,
    ) {
        self.totals.totals.add(&counters);
        add_named(&mut self.totals.files, &sent.file, &counters);
        add_named(&mut self.totals.clients, &client, &counters);
        self.totals
            .secondaries
            .entry(number)
            .or_default()
            .add(&counters);
    }
}

/// Adds to a name's figures; names beyond the limit only count in the totals.
fn add_named<N: Ord + Clone>(table: &mut BTreeMap<N, Counters>, name: &N, figures: &Counters) {
    if table.len() < MAX_STATISTICS_NAMES || table.contains_key(name) {
        table.entry(name.clone()).or_default().add(figures);
    }
}

impl Counters {
    /// Adds what the receiver says to what the secondary reported; false when the receiver claims more of use
    /// than a living secondary reported. One that keeps quiet about its waste must not spoil a download.
    fn book(&mut self, claim: &Self, sender_died: bool) -> bool {
        let claimed = claim.bytes_received + claim.bytes_wasted;
        let reported = self.bytes_sent;
        let mut booked = claim.clone();
        let honest = claim.bytes_received <= reported || sender_died;
        if claimed > reported && sender_died {
            booked.bytes_unreported = claimed - reported;
            booked.bytes_sent = claimed - reported;
        } else if claimed > reported {
            booked.bytes_received = claim.bytes_received.min(reported);
        }
        // What was sent and is not in the receiver's file was of no use, wherever it got lost.
        booked.bytes_wasted = reported
            .saturating_add(booked.bytes_sent)
            .saturating_sub(booked.bytes_received);
        self.add(&booked);
        honest
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::cluster::account::{ORPHAN_WITHIN, SETTLE_WITHIN};
    use crate::model::{FaultCounts, ReceivedFrom};

    fn number(n: u64) -> SecondaryNumber {
        SecondaryNumber::try_from(n).unwrap()
    }

    fn received(n: u64, bytes: u64, wasted: u64) -> ReceivedFrom {
        ReceivedFrom {
            number: number(n),
            bytes,
            wasted,
            chunks: 1,
            retries: 0,
            hedges: 0,
            digest_failures: 0,
            recoveries: 0,
            recovery_ms: 0,
            recovered_chunks: 0,
            faults: FaultCounts::default(),
        }
    }

    fn sent(bytes: u64, last: bool) -> SentTransfer {
        SentTransfer {
            transfer: TransferId(7),
            receiver: Receiver::Client(ClientName::try_from("ana").unwrap()),
            file: FileName::try_from("a").unwrap(),
            bytes,
            chunks: 1,
            last,
            whole_part: None,
        }
    }

    fn ledger(now: Instant) -> Ledger {
        let mut ledger = Ledger::new(now, Totals::default());
        let open = sent(0, false);
        ledger.open(now, open.transfer, open.receiver, open.file);
        ledger
    }

    fn finished(sources: Vec<ReceivedFrom>) -> Finished {
        let transfer = TransferId(7);
        Finished {
            transfer,
            outcome: Outcome::Complete,
            reason: None,
            sources,
        }
    }

    const RUN: Incarnation = Incarnation(1);

    #[test]
    fn sent_is_received_plus_wasted_to_the_byte() {
        let now = Instant::now();
        let mut ledger = ledger(now);
        ledger.report(now, number(1), RUN, sent(60, false));
        ledger.finish(now, finished(vec![received(1, 60, 10), received(2, 30, 0)]));
        assert!(
            ledger.settle(now, |_| Some(RUN)).is_empty(),
            "waits for the last reports"
        );
        ledger.report(now, number(1), RUN, sent(75, true));
        ledger.report(now, number(2), RUN, sent(30, true));
        let settled = ledger.settle(now, |_| Some(RUN));
        assert_eq!(settled[0].sent.iter().map(|s| s.bytes).sum::<u64>(), 105);
        let totals = ledger.totals().totals;
        assert_eq!(
            (
                totals.bytes_sent,
                totals.bytes_received,
                totals.bytes_wasted
            ),
            (105, 90, 15)
        );
        assert_eq!((totals.downloads, totals.bytes_unreported), (1, 0));
    }

    #[test]
    fn a_killed_secondarys_last_bytes_are_known_from_the_receiver() {
        let now = Instant::now();
        let mut ledger = ledger(now);
        ledger.report(now, number(1), RUN, sent(60, false));
        ledger.finish(now, finished(vec![received(1, 80, 5)]));
        let settled = ledger.settle(now, |_| None);
        assert_eq!(settled.len(), 1);
        let totals = ledger.totals().totals;
        assert_eq!(
            (
                totals.bytes_sent,
                totals.bytes_received,
                totals.bytes_wasted
            ),
            (85, 80, 5)
        );
        assert_eq!((totals.downloads, totals.bytes_unreported), (1, 25));
    }

    #[test]
    fn a_claim_that_no_report_bears_out_is_no_download() {
        let now = Instant::now();
        let mut ledger = ledger(now);
        ledger.finish(now, finished(vec![received(1, 1000, 0)]));
        assert!(ledger.settle(now, |_| Some(RUN)).is_empty());
        assert_eq!(ledger.settle(now + SETTLE_WITHIN, |_| Some(RUN)).len(), 1);
        let totals = ledger.totals().totals;
        assert_eq!((totals.downloads, totals.bytes_received), (0, 0));
    }

    #[test]
    fn claims_of_any_size_do_not_overflow_and_unreported_waste_spoils_no_download() {
        let now = Instant::now();
        let mut ledger = ledger(now);
        ledger.report(now, number(1), RUN, sent(60, true));
        ledger.report(now, number(3), RUN, sent(u64::MAX, true));
        let mut liar = received(2, 0, u64::MAX);
        liar.faults.protocol = u64::MAX;
        liar.retries = u64::MAX;
        ledger.finish(now, finished(vec![received(1, 60, 0), liar.clone(), liar]));
        assert_eq!(ledger.settle(now + SETTLE_WITHIN, |_| Some(RUN)).len(), 1);
        let totals = ledger.totals();
        assert_eq!(
            (totals.totals.downloads, totals.totals.bytes_received),
            (1, 60)
        );
        assert_eq!(totals.secondaries[&number(2)].faults.protocol, u64::MAX);
        assert_eq!(totals.secondaries[&number(3)].bytes_sent, MAX_FILE_BYTES);
    }

    #[test]
    fn a_vanished_receiver_is_waited_for_and_then_booked_as_unconfirmed() {
        let now = Instant::now();
        let mut ledger = ledger(now);
        ledger.report(now, number(1), RUN, sent(60, true));
        ledger.orphan(now, TransferId(7));
        assert!(ledger.settle(now, |_| Some(RUN)).is_empty());
        assert_eq!(ledger.settle(now + ORPHAN_WITHIN, |_| Some(RUN)).len(), 1);
        let totals = ledger.totals().totals;
        assert_eq!(
            (totals.failed, totals.bytes_sent, totals.bytes_unconfirmed),
            (1, 60, 60)
        );
    }

    #[test]
    fn three_parts_of_the_original_make_a_download() {
        let mut ledger = Ledger::new(Instant::now(), Totals::default());
        let client = Receiver::Original(ClientName::try_from("ana").unwrap());
        let now = Instant::now();
        let steps = [(0, 0), (2, 0), (2, 0), (1, 1), (0, 1)];
        for ((part, downloads), transfer) in steps.into_iter().zip(100..) {
            let part = SentTransfer {
                transfer: TransferId(transfer),
                receiver: client.clone(),
                whole_part: Some(part),
                ..sent(10, true)
            };
            // It is told again after a reconnection, and counts once.
            ledger.report(now, number(1), RUN, part.clone());
            ledger.report(now, number(1), RUN, part);
            assert_eq!(ledger.totals().totals.downloads, downloads);
        }
        assert_eq!(ledger.totals().totals.bytes_sent, 50);
    }
}
