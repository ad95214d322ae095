//! The books: what secondaries report to have sent in each transfer, against what its receiver says. A
//! download counts when the reports bear the receiver out; no figure comes from a receiver alone, except
//! bytes that a secondary sent just before it died (`bytes_unreported`).

mod reports;

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Instant,
};

use super::{
    LinkId,
    account::{Account, Ended, sender_of},
    accounts::{Accounts, Origin},
    books::{OpenTransfer, Totals},
    closing::{Closed, Figures},
    naming::Numbers,
    traffic::News,
};
use crate::{
    engine::{
        counters::Counters,
        tables::{Blank, change_named},
    },
    model::{
        ClientName, FileName, Finished, Incarnation, Receiver, SecondaryNumber, SentBytes,
        TransferId, limits::MAX_TRANSFERS_OF_A_HOST,
    },
};

/// Transfers of which it is known that they were settled; secondaries may tell of them again.
const SETTLED_KEPT: usize = 50_000;
/// Of these, the last whose figures a late report amends.
const CLOSED_KEPT: usize = 10_000;
/// Of these, the last that are saved with what their figures follow from.
const CLOSED_SAVED: usize = 1000;

/// A transfer whose books are closed.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Settled {
    pub(super) transfer: TransferId,
    /// The connection on which its receiver said that it is over, if it did.
    pub(super) told_by: Option<LinkId>,
    pub(super) sent: Vec<SentBytes>,
}

/// The books of all transfers.
#[derive(Debug)]
pub(super) struct Ledger {
    totals: Totals,
    accounts: Accounts,
    /// The settled transfers, of earlier runs as well: a late report amends their figures. Of one that was settled
    /// before ten thousand others, or in an earlier run before a thousand, only the end is known; of one that was
    /// settled by a run that was killed before it saved, nothing is: it is opened again by what its secondaries tell.
    closed: BTreeMap<TransferId, Closed>,
    /// What is in `totals.settled`.
    settled: BTreeSet<TransferId>,
    /// Clients in the table that have no figures.
    blank: Blank<ClientName>,
    numbers: Numbers,
}

impl Ledger {
    /// Goes on from what an earlier run saved.
    pub(super) fn new(now: Instant, mut saved: Totals, numbers: Numbers) -> Self {
        let mut accounts = Accounts::default();
        for open in std::mem::take(&mut saved.open) {
            let OpenTransfer { transfer, .. } = open;
            let mut account = Account::new(transfer, open.receiver, open.file, None, Origin::Saved);
            account.open.sent = open.sent;
            account.orphan_since = Some(now);
            accounts.insert(account);
        }
        let settled: BTreeSet<_> = saved.settled.iter().copied().collect();
        let closed = std::mem::take(&mut saved.closed).into_iter();
        let closed = closed
            .filter(|closed| settled.contains(&closed.open.transfer))
            .map(|closed| (closed.open.transfer, Closed::of_saved(now, closed)))
            .collect();
        Self {
            blank: Blank::of(&mut saved.clients),
            totals: saved,
            accounts,
            closed,
            settled,
            numbers,
        }
    }

    /// The name of a transfer that begins.
    pub(super) fn next_transfer(&mut self) -> TransferId {
        loop {
            let transfer = self.numbers.next();
            // Somebody may have made it up.
            if self.accounts.get(transfer).is_none() && !self.settled.contains(&transfer) {
                return transfer;
            }
        }
    }

    pub(super) fn totals(&self) -> Totals {
        let mut totals = self.totals.clone();
        totals.open = self
            .accounts
            .iter()
            .map(|account| account.open.clone())
            .collect();
        let latest = self.totals.settled.iter().rev();
        let latest = latest.filter_map(|transfer| self.closed.get(transfer));
        totals.closed = latest.map(Closed::to_saved).take(CLOSED_SAVED).collect();
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

    pub(super) fn downloads_by(&self, client: &ClientName) -> u64 {
        let counters = self.totals.clients.get(client);
        counters.map_or(0, |counters| counters.downloads)
    }

    pub(super) fn per_client(&self) -> impl Iterator<Item = (&ClientName, u64)> {
        self.totals
            .clients
            .iter()
            .map(|(name, counters)| (name, counters.downloads))
    }

    /// A client that enrols is in the table, with zero downloads, until too many others have come since.
    pub(super) fn know_client(&mut self, client: &ClientName) {
        self.blank.add(&mut self.totals.clients, client);
    }

    /// A transfer that this run has just named starts.
    pub(super) fn open(
        &mut self,
        now: Instant,
        transfer: TransferId,
        receiver: Receiver,
        file: FileName,
        origin: Origin,
    ) {
        let account = Account::new(transfer, receiver, file, Some(now), origin);
        self.accounts.insert(account);
    }

    /// The books of a transfer are closed, by this run or an earlier one.
    pub(super) fn is_settled(&self, transfer: TransferId) -> bool {
        let is_ours = self.numbers.has_made(transfer);
        self.settled.contains(&transfer) || is_ours && self.accounts.get(transfer).is_none()
    }

    /// True when a client of this origin may go on with a transfer: nobody has more that nobody here knows than any
    /// honest host has.
    pub(super) fn may_resume(&self, transfer: TransferId, origin: Origin) -> bool {
        self.accounts.get(transfer).is_some()
            || self.is_settled(transfer)
            || !self.numbers.is_made_up(transfer)
                && self.accounts.count(origin) < MAX_TRANSFERS_OF_A_HOST
    }

    /// A receiver goes on with a transfer, or tells its end once more. One that is not known here was granted
    /// by an earlier run of the central, which may have heard of runs of secondaries that this one never will.
    /// One whose books were closed without the receiver's word, or with it, is opened again. Those
    /// of which nothing is known but that they were closed stay as they are.
    pub(super) fn resume(
        &mut self,
        transfer: TransferId,
        receiver: Receiver,
        file: FileName,
        origin: Origin,
    ) {
        let known = self.accounts.change(transfer, |account| {
            account.rename(receiver.clone());
            account.orphan_since = None;
            account.expelled_at = None;
        });
        if known.is_some() {
            return;
        }
        if let Some(mut closed) = self.closed.remove(&transfer) {
            self.book(&closed.account.open, &closed.figures, Counters::subtract);
            self.settled.remove(&transfer);
            self.totals.settled.retain(|settled| *settled != transfer);
            closed.account.ended = None;
            closed.account.orphan_since = None;
            closed.account.expelled_at = None;
            closed.account.fell.append(&mut closed.died);
            closed.account.rename(receiver);
            self.accounts.insert(closed.account);
        } else if !self.is_settled(transfer) {
            self.accounts
                .insert(Account::new(transfer, receiver, file, None, origin));
        }
    }

    /// The client that receives a transfer has another name from now on. Closed books stay.
    pub(super) fn rename(&mut self, transfer: TransferId, receiver: Receiver) {
        self.accounts
            .change(transfer, |account| account.rename(receiver));
    }

    pub(super) fn orphan(&mut self, now: Instant, transfer: TransferId) {
        self.accounts.change(transfer, |account| {
            account.orphan_since.get_or_insert(now);
        });
    }

    /// The receiver was sent away: the books wait for nothing but the last reports of its secondaries.
    pub(super) fn expel(&mut self, now: Instant, transfer: TransferId) {
        self.accounts.change(transfer, |account| {
            account.expelled_at.get_or_insert(now);
        });
    }

    /// This process stood still. The leases of secondaries that died meanwhile last for a while yet, so that they
    /// count as alive: who closed the books now would take what they did not report for a receiver's invention.
    pub(super) fn renew(&mut self, now: Instant) {
        self.accounts.renew(now);
    }

    /// A secondary's lease ended.
    pub(super) fn fell(&mut self, number: SecondaryNumber) {
        self.accounts.fell(number);
    }

    pub(super) fn is_open(&self, transfer: TransferId) -> bool {
        self.accounts
            .get(transfer)
            .is_some_and(|account| account.ended.is_none())
    }

    pub(super) fn is_of(&self, transfer: TransferId, receiver: &Receiver) -> bool {
        self.accounts
            .get(transfer)
            .is_some_and(|account| account.open.receiver == *receiver)
    }

    /// The receiver says that it is over.
    pub(super) fn finish(&mut self, now: Instant, link: LinkId, mut finished: Finished) {
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
        self.accounts.change(finished.transfer, |account| {
            let ended = account.ended.get_or_insert(Ended {
                at: now,
                waits_since: now,
                told_by: None,
                finished,
            });
            ended.told_by = Some(link);
        });
    }

    /// Secondaries that have reported on a transfer or brought something in it.
    pub(super) fn involved(&self, transfer: TransferId) -> Vec<SecondaryNumber> {
        let Some(account) = self.accounts.get(transfer) else {
            return Vec::new();
        };
        let mut numbers: Vec<_> = account.open.sent.iter().map(|r| r.number).collect();
        if let Some(ended) = &account.ended {
            numbers.extend(ended.finished.sources.iter().map(sender_of));
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
        self.accounts
            .take_due(now, &alive)
            .into_iter()
            .map(|account| self.close(account, &alive))
            .collect()
    }

    pub(super) fn next_deadline(&self) -> Option<Instant> {
        self.accounts.next_deadline()
    }

    fn close(
        &mut self,
        account: Account,
        alive: impl Fn(SecondaryNumber) -> Option<Incarnation>,
    ) -> Settled {
        let closed = Closed::new(account, alive);
        let open = &closed.account.open;
        let claims = closed.account.ended.iter();
        let claims = claims.flat_map(|ended| &ended.finished.sources);
        // In the receiver's terms, who asks for no others.
        let sent = claims.filter_map(|claim| {
            let sent = closed.figures.per_source.get(&sender_of(claim))?;
            Some(SentBytes {
                source: claim.source,
                bytes: sent.bytes_sent,
            })
        });
        let settled = Settled {
            transfer: open.transfer,
            told_by: closed.account.ended.as_ref().and_then(|e| e.told_by),
            sent: sent.collect(),
        };
        if closed.account.is_hollow() {
            // Nothing was sent, and nobody says that it was: there is nothing to book, and nothing to know.
            return settled;
        }
        self.book(open, &closed.figures, Counters::add);
        self.settled(open.transfer);
        self.closed.insert(open.transfer, closed);
        settled
    }

    fn settled(&mut self, transfer: TransferId) {
        if !self.settled.insert(transfer) {
            return;
        }
        let settled = &mut self.totals.settled;
        settled.push_back(transfer);
        if let Some(index) = settled.len().checked_sub(CLOSED_KEPT + 1) {
            self.closed.remove(&settled[index]);
        }
        if settled.len() > SETTLED_KEPT
            && let Some(oldest) = settled.pop_front()
        {
            self.settled.remove(&oldest);
        }
    }

    /// Puts figures into the tables, or takes them out again.
    fn book(
        &mut self,
        open: &OpenTransfer,
        figures: &Figures,
        change: fn(&mut Counters, &Counters),
    ) {
        let whole = &figures.whole;
        let Receiver::Client(client) = &open.receiver else {
            change(&mut self.totals.copies, whole);
            return;
        };
        change(&mut self.totals.totals, whole);
        let totals = &mut self.totals;
        let (files, others) = (&mut totals.files, &mut totals.other_files);
        change_named(files, others, &open.file, whole, change);
        let (clients, others) = (&mut totals.clients, &mut totals.other_clients);
        change_named(clients, others, client, whole, change);
        for (number, counters) in &figures.per_source {
            let mut counters = counters.clone();
            counters.downloads = u64::from(whole.downloads == 1 && counters.bytes_received > 0);
            counters.duration_ms = whole.duration_ms;
            change(
                self.totals.secondaries.entry(*number).or_default(),
                &counters,
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::cluster::account::{ORPHAN_WITHIN, SETTLE_WITHIN};
    use crate::model::SentTransfer;
    use crate::model::{Outcome, ReceivedFrom, SourceId, Term, Who, limits::MAX_FILE_BYTES};

    fn number(n: u64) -> SecondaryNumber {
        SecondaryNumber::try_from(n).unwrap()
    }

    fn received(n: u64, bytes: u64, wasted: u64) -> ReceivedFrom {
        ReceivedFrom {
            bytes,
            wasted,
            chunks: 1,
            ..ReceivedFrom::nothing(SourceId(n as u32), Who::Secondary(number(n)))
        }
    }

    fn sent(bytes: u64, last: bool) -> SentTransfer {
        SentTransfer {
            transfer: TransferId::new(Term(1), 7),
            receiver: Receiver::Client(ClientName::try_from("ana").unwrap()),
            file: FileName::try_from("a").unwrap(),
            bytes,
            chunks: 1,
            last,
            whole_part: None,
        }
    }

    fn ledger(now: Instant) -> Ledger {
        let mut ledger = Ledger::new(now, Totals::default(), Numbers::new(Term(2), 1));
        let open = sent(0, false);
        ledger.open(now, open.transfer, open.receiver, open.file, HOST);
        ledger
    }

    fn finished(sources: Vec<ReceivedFrom>) -> Finished {
        let transfer = TransferId::new(Term(1), 7);
        Finished {
            transfer,
            outcome: Outcome::Complete,
            reason: None,
            sources,
        }
    }

    const RUN: Incarnation = Incarnation(1);
    const LINK: LinkId = LinkId(9);
    const HOST: Origin = Origin::Host(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST));

    /// A report that is the first of its transfer as far as anybody knows.
    fn report(
        ledger: &mut Ledger,
        now: Instant,
        number: SecondaryNumber,
        run: Incarnation,
        sent: SentTransfer,
    ) {
        let news = News {
            more: sent.bytes,
            is_first: true,
        };
        ledger.report(now, number, run, sent, news);
    }

    #[test]
    fn sent_is_received_plus_wasted_to_the_byte() {
        let now = Instant::now();
        let mut ledger = ledger(now);
        report(&mut ledger, now, number(1), RUN, sent(60, false));
        ledger.finish(
            now,
            LINK,
            finished(vec![received(1, 60, 10), received(2, 30, 0)]),
        );
        assert!(
            ledger.settle(now, |_| Some(RUN)).is_empty(),
            "waits for the last reports"
        );
        report(&mut ledger, now, number(1), RUN, sent(75, true));
        report(&mut ledger, now, number(2), RUN, sent(30, true));
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
        report(&mut ledger, now, number(1), RUN, sent(60, false));
        ledger.finish(now, LINK, finished(vec![received(1, 80, 5)]));
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
    fn a_secondary_that_is_claimed_twice_is_booked_once() {
        let now = Instant::now();
        let mut ledger = ledger(now);
        report(&mut ledger, now, number(1), RUN, sent(60, true));
        ledger.finish(
            now,
            LINK,
            finished(vec![received(1, 50, 0), received(1, 40, 0)]),
        );
        ledger.settle(now, |_| Some(RUN));
        let totals = ledger.totals().totals;
        assert_eq!(
            (
                totals.bytes_sent,
                totals.bytes_received,
                totals.bytes_wasted
            ),
            (60, 50, 10)
        );
        assert_eq!(totals.downloads, 0);
    }

    #[test]
    fn figures_that_no_sum_can_hold_stop_nobody() {
        let now = Instant::now();
        let mut ledger = ledger(now);
        for run in 1..3 {
            report(
                &mut ledger,
                now,
                number(1),
                Incarnation(run),
                sent(u64::MAX, true),
            );
        }
        let claims = (1..4).map(|n| received(n, u64::MAX, u64::MAX)).collect();
        ledger.finish(now, LINK, finished(claims));
        assert_eq!(ledger.settle(now, |_| None).len(), 1);
        assert!(ledger.totals().totals.bytes_sent >= 2 * MAX_FILE_BYTES);
    }

    #[test]
    fn a_transfer_of_an_earlier_run_may_have_senders_that_are_gone() {
        let now = Instant::now();
        let mut ledger = Ledger::new(now, Totals::default(), Numbers::new(Term(2), 1));
        let open = sent(0, false);
        ledger.resume(open.transfer, open.receiver, open.file, HOST);
        // The sender was started anew before the central was: its first run's figures reach nobody.
        report(&mut ledger, now, number(1), RUN, sent(60, true));
        ledger.finish(now, LINK, finished(vec![received(1, 80, 5)]));
        assert_eq!(ledger.settle(now, |_| Some(RUN))[0].sent[0].bytes, 85);
        let totals = ledger.totals().totals;
        assert_eq!((totals.downloads, totals.bytes_unreported), (1, 25));
    }

    #[test]
    fn an_end_that_is_told_again_counts_once() {
        let now = Instant::now();
        let mut ledger = ledger(now);
        let open = sent(0, false);
        report(&mut ledger, now, number(1), RUN, sent(80, true));
        for _ in 0..3 {
            ledger.resume(
                open.transfer,
                open.receiver.clone(),
                open.file.clone(),
                HOST,
            );
            ledger.finish(now, LINK, finished(vec![received(1, 80, 0)]));
            assert_eq!(ledger.settle(now, |_| Some(RUN)).len(), 1);
            let totals = ledger.totals();
            assert_eq!((totals.totals.downloads, totals.totals.bytes_sent), (1, 80));
            assert_eq!(totals.settled.len(), 1);
        }
        // So it does in a later run of the central.
        let before = ledger.totals();
        let mut later = Ledger::new(now, before.clone(), Numbers::new(Term(3), 2));
        later.resume(
            open.transfer,
            open.receiver.clone(),
            open.file.clone(),
            HOST,
        );
        assert_eq!(later.totals().open.len(), 1);
        later.finish(now, LINK, finished(vec![received(1, 80, 0)]));
        assert_eq!(later.settle(now, |_| Some(RUN)).len(), 1);
        assert_eq!(later.totals().totals, before.totals);
        // One that knows only that it is settled leaves it as it is.
        let mut known = before;
        known.closed.clear();
        let mut later = Ledger::new(now, known, Numbers::new(Term(3), 2));
        later.resume(open.transfer, open.receiver, open.file, HOST);
        assert!(later.totals().open.is_empty());
    }

    #[test]
    fn a_late_report_amends_what_was_booked_without_it() {
        let now = Instant::now();
        let mut ledger = ledger(now);
        report(&mut ledger, now, number(1), RUN, sent(60, false));
        ledger.finish(now, LINK, finished(vec![received(1, 80, 5)]));
        // Its sender is so slow that its last report does not come in time: the claim is not borne out.
        assert_eq!(ledger.settle(now + SETTLE_WITHIN, |_| Some(RUN)).len(), 1);
        assert_eq!(ledger.totals().totals.downloads, 0);
        for _ in 0..2 {
            // Also when the central was started anew meanwhile.
            let saved = serde_json::to_string(&ledger.totals()).unwrap();
            ledger = Ledger::new(
                now,
                serde_json::from_str(&saved).unwrap(),
                Numbers::new(Term(3), 2),
            );
            report(&mut ledger, now, number(1), RUN, sent(90, true));
            let totals = ledger.totals();
            for books in [
                &totals.totals,
                &totals.secondaries[&number(1)],
                totals.clients.values().next().unwrap(),
                totals.files.values().next().unwrap(),
            ] {
                assert_eq!(
                    (books.bytes_sent, books.bytes_received, books.bytes_wasted),
                    (90, 80, 10)
                );
                assert_eq!((books.downloads, books.bytes_unreported), (1, 0));
            }
        }
    }

    #[test]
    fn books_are_not_closed_because_the_central_stood_still() {
        let began = Instant::now();
        let mut ledger = ledger(began);
        ledger.finish(began, LINK, finished(vec![received(1, 80, 0)]));
        // The sender has died meanwhile, and its lease is given its time anew.
        let now = began + 2 * SETTLE_WITHIN;
        ledger.renew(now);
        assert!(ledger.settle(now, |_| Some(RUN)).is_empty());
        assert_eq!(ledger.next_deadline(), Some(now + SETTLE_WITHIN));
        ledger.fell(number(1));
        assert_eq!(ledger.settle(now, |_| None).len(), 1);
        let totals = ledger.totals().totals;
        assert_eq!((totals.downloads, totals.bytes_unreported), (1, 80));
        assert_eq!(totals.duration_ms, 0);
    }

    #[test]
    fn a_claim_that_no_report_bears_out_is_no_download() {
        let now = Instant::now();
        let mut ledger = ledger(now);
        ledger.finish(now, LINK, finished(vec![received(1, 1000, 0)]));
        assert!(ledger.settle(now, |_| Some(RUN)).is_empty());
        assert_eq!(ledger.settle(now + SETTLE_WITHIN, |_| Some(RUN)).len(), 1);
        let totals = ledger.totals().totals;
        assert_eq!((totals.downloads, totals.bytes_received), (0, 0));
    }

    #[test]
    fn claims_of_any_size_do_not_overflow_and_unreported_waste_spoils_no_download() {
        let now = Instant::now();
        let mut ledger = ledger(now);
        report(&mut ledger, now, number(1), RUN, sent(60, true));
        report(&mut ledger, now, number(3), RUN, sent(u64::MAX, true));
        let mut liar = received(2, 0, u64::MAX);
        liar.faults.protocol = u64::MAX;
        liar.retries = u64::MAX;
        let mut other = liar.clone();
        other.who = Who::Secondary(number(3));
        ledger.finish(now, LINK, finished(vec![received(1, 60, 0), liar, other]));
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
        report(&mut ledger, now, number(1), RUN, sent(60, true));
        ledger.orphan(now, TransferId::new(Term(1), 7));
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
        let mut ledger = Ledger::new(Instant::now(), Totals::default(), Numbers::new(Term(2), 1));
        let client = Receiver::Legacy(ClientName::try_from("ana").unwrap());
        let now = Instant::now();
        let steps = [(0, 0), (2, 0), (2, 0), (1, 1), (0, 1)];
        for ((part, downloads), transfer) in steps.into_iter().zip(100..) {
            let part = SentTransfer {
                transfer: TransferId::new(Term(1), transfer),
                receiver: client.clone(),
                whole_part: Some(part),
                ..sent(10, true)
            };
            // It is told again after a reconnection, and counts once.
            report(&mut ledger, now, number(1), RUN, part.clone());
            report(&mut ledger, now, number(1), RUN, part);
            assert_eq!(ledger.totals().totals.downloads, downloads);
        }
        assert_eq!(ledger.totals().totals.bytes_sent, 50);
    }
}
