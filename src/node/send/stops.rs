//! Ends transfers whose receivers were expelled, and keeps them from being resumed.

use std::{collections::BTreeMap, time::Instant};

use tokio_util::sync::CancellationToken;

use crate::model::{TransferId, limits::EXPELLED_FOR};

/// See the module.
#[derive(Debug, Default)]
pub(in crate::node) struct Stops {
    transfers: BTreeMap<TransferId, Stop>,
}

#[derive(Debug, Default)]
struct Stop {
    token: CancellationToken,
    expelled_at: Option<Instant>,
}

impl Stops {
    /// True if the receiver of a transfer was expelled.
    pub(in crate::node) fn is_expelled(&self, transfer: TransferId) -> bool {
        let stop = self.transfers.get(&transfer);
        stop.is_some_and(|stop| stop.expelled_at.is_some())
    }

    /// A connection sends in a transfer. It must end when this is cancelled.
    pub(in crate::node) fn open(&mut self, transfer: TransferId) -> CancellationToken {
        let stop = self.transfers.entry(transfer).or_default();
        stop.token.clone()
    }

    /// The receiver of a transfer was expelled.
    pub(in crate::node) fn expel(&mut self, now: Instant, transfer: TransferId) {
        let stop = self.transfers.entry(transfer).or_default();
        stop.expelled_at = Some(now);
        stop.token.cancel();
    }

    /// Forgets transfers that are over.
    pub(in crate::node) fn retain(&mut self, now: Instant, is_known: impl Fn(TransferId) -> bool) {
        self.transfers.retain(|transfer, stop| {
            let expelled = stop.expelled_at;
            is_known(*transfer) || expelled.is_some_and(|at| now < at + EXPELLED_FOR)
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_was_expelled_gets_nothing_more_and_what_is_over_is_forgotten() {
        let now = Instant::now();
        let mut stops = Stops::default();
        let [one, two] = [1, 2].map(TransferId::without_term);
        let first = stops.open(one);
        let other = stops.open(two);
        stops.expel(now, one);
        assert!(first.is_cancelled() && !other.is_cancelled());
        assert!(stops.is_expelled(one) && !stops.is_expelled(two));
        stops.retain(now, |_| false);
        assert_eq!(stops.transfers.len(), 1);
        stops.retain(now + EXPELLED_FOR, |_| false);
        assert!(stops.transfers.is_empty());
    }
}
