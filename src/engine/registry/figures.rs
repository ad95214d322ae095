//! The figures of a transfer, from its senders' reports and its receiver's word. The same entry always gives the same
//! figures, so that they can be taken out of the books again when a report comes late.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use super::saved::Reported;
use crate::{
    engine::counters::Counters,
    model::{Finished, Outcome, ReceivedFrom, SecondaryNumber, limits::MAX_FILE_BYTES},
};

/// What a transfer adds to the books.
#[derive(Clone, Debug, PartialEq)]
pub struct Figures {
    /// Per secondary that sent.
    pub per_source: BTreeMap<SecondaryNumber, Counters>,
    /// All together.
    pub whole: Counters,
}

/// The secondary that a receiver's claim is about. What is claimed of peers is in no books.
pub fn sender_of(claim: &ReceivedFrom) -> Option<SecondaryNumber> {
    claim.who.secondary()
}

impl Figures {
    /// Of what secondaries reported, what the receiver said if it did, and how long it took. Those that `died` may have
    /// sent what they never reported.
    pub fn of(
        reported: &[Reported],
        finished: Option<&Finished>,
        took: Duration,
        died: &BTreeSet<SecondaryNumber>,
    ) -> Self {
        let mut per_source: BTreeMap<SecondaryNumber, Counters> = BTreeMap::new();
        for reported in reported {
            let counters = per_source.entry(reported.number).or_default();
            counters.bytes_sent = counters
                .bytes_sent
                .saturating_add(reported.bytes.min(MAX_FILE_BYTES));
        }
        let mut confirmed = true;
        match finished {
            Some(finished) => {
                let sources = &finished.sources;
                for (number, counters) in &mut per_source {
                    if sources
                        .iter()
                        .all(|source| sender_of(source) != Some(*number))
                    {
                        counters.bytes_wasted = counters.bytes_sent;
                    }
                }
                let mut booked = BTreeSet::new();
                for received in sources {
                    let Some(number) = sender_of(received) else {
                        continue;
                    };
                    if !booked.insert(received.who) {
                        // No bytes are booked twice, whatever the receiver says.
                        confirmed = false;
                        continue;
                    }
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
        let mut whole = match finished.map(|finished| finished.outcome) {
            // The download of a receiver that claims what nobody sent does not count.
            Some(Outcome::Complete) if !confirmed => Counters::default(),
            outcome => Counters::of_end(outcome),
        };
        whole.add(&Counters {
            duration_ms: took.as_millis() as u64,
            ..Counters::default()
        });
        per_source.values().for_each(|counters| whole.add(counters));
        Self { per_source, whole }
    }
}

impl Counters {
    /// Adds the receiver's claim to what the secondary reported. Returns false if the receiver claims more useful bytes
    /// than a live secondary reported. A receiver that hides its waste does not spoil its download.
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
        // Bytes that were sent and are not in the receiver's file are waste, wherever they got lost.
        booked.bytes_wasted = reported
            .saturating_add(booked.bytes_sent)
            .saturating_sub(booked.bytes_received);
        self.add(&booked);
        honest
    }
}
