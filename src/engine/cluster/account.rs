//! One transfer's page in the books: what was reported, whether it is over, when it can be closed.

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use super::{
    LinkId,
    accounts::Origin,
    books::{OpenTransfer, Reported},
};
use crate::model::{
    FileName, Finished, Incarnation, ReceivedFrom, Receiver, SecondaryNumber, SentTransfer,
    TransferId, Who,
};

/// How long an ended transfer waits for the last reports of its secondaries.
pub(super) const SETTLE_WITHIN: Duration = Duration::from_secs(3);
/// How long a transfer whose receiver vanished waits for it to come back.
pub(super) const ORPHAN_WITHIN: Duration = Duration::from_secs(60);

/// Runs of one secondary that a page tells apart.
const MOST_RUNS: usize = 8;

#[derive(Debug)]
pub(super) struct Account {
    pub(super) open: OpenTransfer,
    pub(super) origin: Origin,
    /// When it was granted; unknown for one of an earlier run.
    pub(super) began: Option<Instant>,
    pub(super) ended: Option<Ended>,
    /// Secondaries whose lease ended meanwhile: they may have sent what they never reported.
    pub(super) fell: BTreeSet<SecondaryNumber>,
    /// The receiver's connection is gone since then.
    pub(super) orphan_since: Option<Instant>,
    /// The receiver was sent away then.
    pub(super) expelled_at: Option<Instant>,
    /// From grant to end, as an earlier run knew it.
    pub(super) took_before: Duration,
}

#[derive(Debug)]
pub(super) struct Ended {
    pub(super) at: Instant,
    /// Last reports are waited for since then: later than the end when this process stood still.
    pub(super) waits_since: Instant,
    /// Who said so last: it is told when the books are closed.
    pub(super) told_by: Option<LinkId>,
    pub(super) finished: Finished,
}

/// The secondary that a receiver's claim is about.
pub(super) fn sender_of(claim: &ReceivedFrom) -> SecondaryNumber {
    let Who::Secondary(number) = claim.who;
    number
}

impl Account {
    /// A new page.
    pub(super) fn new(
        transfer: TransferId,
        receiver: Receiver,
        file: FileName,
        began: Option<Instant>,
        origin: Origin,
    ) -> Self {
        Self {
            open: OpenTransfer {
                transfer,
                receiver,
                file,
                sent: Vec::new(),
            },
            origin,
            began,
            ended: None,
            fell: BTreeSet::new(),
            orphan_since: None,
            expelled_at: None,
            took_before: Duration::ZERO,
        }
    }

    /// The client that receives it has another name: it is booked to that one. A copy stays a copy, whoever says what.
    pub(super) fn rename(&mut self, receiver: Receiver) {
        if let (Receiver::Client(_), Receiver::Client(_)) = (&self.open.receiver, &receiver) {
            self.open.receiver = receiver;
        }
    }

    /// A secondary's report; cumulative within one run of its process.
    pub(super) fn report(
        &mut self,
        number: SecondaryNumber,
        incarnation: Incarnation,
        sent: &SentTransfer,
    ) {
        let mut reports = self.open.sent.iter_mut();
        let known = reports.find(|r| (r.number, r.incarnation) == (number, incarnation));
        match known {
            Some(reported) => {
                reported.bytes = reported.bytes.max(sent.bytes);
                reported.last = sent.last;
            }
            None => {
                self.join_oldest_runs(number);
                self.open.sent.push(Reported {
                    number,
                    incarnation,
                    bytes: sent.bytes,
                    last: sent.last,
                });
            }
        }
    }

    /// A secondary that starts anew again and again does not fill a page: its oldest runs become one.
    fn join_oldest_runs(&mut self, number: SecondaryNumber) {
        let runs = self.open.sent.iter().enumerate();
        let mut runs = runs.filter(|(_, run)| run.number == number);
        let (first, second) = (runs.next(), runs.next());
        if let (Some((first, _)), Some((second, _))) = (first, second)
            && runs.count() + 2 >= MOST_RUNS
        {
            let joined = self.open.sent.remove(second);
            let oldest = &mut self.open.sent[first];
            oldest.bytes = oldest.bytes.saturating_add(joined.bytes);
        }
    }

    /// A client spoke of it and said no end, nobody here granted it, and nothing was sent in it by any report.
    pub(super) fn is_hollow(&self) -> bool {
        let is_claimed = self.began.is_none() && matches!(self.origin, Origin::Host(_));
        let nothing_sent = self.open.sent.iter().all(|reported| reported.bytes == 0);
        is_claimed && nothing_sent && self.ended.is_none()
    }

    /// From grant to end; what an earlier run knew of it, or zero, while one of them is unknown.
    pub(super) fn took(&self) -> Duration {
        match (self.began, &self.ended) {
            (Some(began), Some(ended)) => ended.at.saturating_duration_since(began),
            _ => self.took_before,
        }
    }

    pub(super) fn is_due(
        &self,
        now: Instant,
        alive: &impl Fn(SecondaryNumber) -> Option<Incarnation>,
    ) -> bool {
        let Some(ended) = &self.ended else {
            return self.deadline().is_some_and(|at| now >= at);
        };
        let reported = |number| {
            let Some(incarnation) = alive(number) else {
                return true;
            };
            self.open
                .sent
                .iter()
                .find(|r| (r.number, r.incarnation) == (number, incarnation))
                .is_some_and(|r| r.last)
        };
        now >= ended.waits_since + SETTLE_WITHIN
            || (self.open.sent.iter().all(|r| reported(r.number))
                && ended
                    .finished
                    .sources
                    .iter()
                    .all(|s| (s.bytes, s.wasted) == (0, 0) || reported(sender_of(s))))
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        let settles = self.ended.as_ref().map(|ended| ended.waits_since);
        match settles.or(self.expelled_at) {
            Some(at) => Some(at + SETTLE_WITHIN),
            None => self.orphan_since.map(|since| since + ORPHAN_WITHIN),
        }
    }
}
