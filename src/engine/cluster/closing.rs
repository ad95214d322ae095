//! What a transfer comes to: the reports of its senders against the word of its receiver. Pure sums; the same
//! account gives the same figures, so that they can be taken out of the books again when a report comes late.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, Instant},
};

use super::{
    account::{Account, Ended, sender_of},
    accounts::Origin,
    books::{ClosedTransfer, OpenTransfer},
};
use crate::{
    engine::counters::Counters,
    model::{Incarnation, Outcome, SecondaryNumber, limits::MAX_FILE_BYTES},
};

/// What a transfer adds to the books.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Figures {
    /// Per secondary that sent.
    pub(super) per_source: BTreeMap<SecondaryNumber, Counters>,
    /// All together.
    pub(super) whole: Counters,
}

/// An account whose figures are in the books.
#[derive(Debug)]
pub(super) struct Closed {
    pub(super) account: Account,
    /// Secondaries that may have sent what they never reported.
    pub(super) died: BTreeSet<SecondaryNumber>,
    pub(super) figures: Figures,
}

impl Closed {
    /// Closes an account. `alive` gives the present run of a live secondary.
    pub(super) fn new(
        account: Account,
        alive: impl Fn(SecondaryNumber) -> Option<Incarnation>,
    ) -> Self {
        let has_died = |number: SecondaryNumber| {
            let reports = account.open.sent.iter();
            alive(number).is_none()
                || account.fell.contains(&number)
                || account.began.is_none()
                || reports
                    .filter(|r| r.number == number)
                    .any(|r| alive(number) != Some(r.incarnation))
        };
        let sources = account.ended.iter().flat_map(|e| &e.finished.sources);
        let died = sources
            .map(sender_of)
            .filter(|number| has_died(*number))
            .collect();
        let figures = account.figures(&died);
        Self {
            account,
            died,
            figures,
        }
    }

    /// One that an earlier run closed.
    pub(super) fn of_saved(now: Instant, saved: ClosedTransfer) -> Self {
        let transfer = saved.open.transfer;
        let OpenTransfer {
            receiver,
            file,
            sent,
            ..
        } = saved.open;
        let mut account = Account::new(transfer, receiver, file, None, Origin::Saved);
        account.open.sent = sent;
        account.took_before = Duration::from_millis(saved.took_ms);
        account.ended = saved.finished.map(|finished| Ended {
            at: now,
            waits_since: now,
            told_by: None,
            finished,
        });
        let figures = account.figures(&saved.died);
        Self {
            account,
            died: saved.died,
            figures,
        }
    }

    /// What a later run must know of it.
    pub(super) fn to_saved(&self) -> ClosedTransfer {
        let ended = self.account.ended.as_ref();
        ClosedTransfer {
            open: self.account.open.clone(),
            finished: ended.map(|ended| ended.finished.clone()),
            died: self.died.clone(),
            took_ms: self.figures.whole.duration_ms,
        }
    }
}

impl Account {
    /// The figures, when these secondaries may have sent what they never reported.
    pub(super) fn figures(&self, died: &BTreeSet<SecondaryNumber>) -> Figures {
        let mut per_source: BTreeMap<SecondaryNumber, Counters> = BTreeMap::new();
        for reported in &self.open.sent {
            let counters = per_source.entry(reported.number).or_default();
            counters.bytes_sent = counters
                .bytes_sent
                .saturating_add(reported.bytes.min(MAX_FILE_BYTES));
        }
        let mut confirmed = true;
        match &self.ended {
            Some(ended) => {
                let sources = &ended.finished.sources;
                for (number, counters) in &mut per_source {
                    if sources.iter().all(|source| sender_of(source) != *number) {
                        counters.bytes_wasted = counters.bytes_sent;
                    }
                }
                let mut booked = BTreeSet::new();
                for received in sources {
                    if !booked.insert(received.who) {
                        // The same bytes are not booked twice, whatever the receiver says.
                        confirmed = false;
                        continue;
                    }
                    let number = sender_of(received);
                    let counters = per_source.entry(number).or_default();
                    let claim = Counters::of_received(received);
                    confirmed &= counters.book(&claim, died.contains(&number));
                }
            }
            None => {
                per_source
                    .values_mut()
                    .for_each(|c| c.bytes_unconfirmed = c.bytes_sent);
            }
        }
        let mut whole = match self.ended.as_ref().map(|ended| ended.finished.outcome) {
            // A receiver that claims what nobody sent has no download to its name.
            Some(Outcome::Complete) if !confirmed => Counters::default(),
            outcome => Counters::of_end(outcome),
        };
        whole.add(&Counters {
            duration_ms: self.took().as_millis() as u64,
            ..Counters::default()
        });
        per_source.values().for_each(|counters| whole.add(counters));
        Figures { per_source, whole }
    }
}

impl Counters {
    /// Adds what the receiver says to what the secondary reported; false when the receiver claims more of use
    /// than a living secondary reported. One that keeps quiet about its waste must not spoil a download.
    fn book(&mut self, claim: &Self, sender_died: bool) -> bool {
        let claimed = claim.bytes_received.saturating_add(claim.bytes_wasted);
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
