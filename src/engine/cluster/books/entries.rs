//! All open entries of the books. Each event finds the entries that it concerns without looking at the others. Each
//! entry has an origin, and each origin a limit: whoever makes entries up or abandons them displaces only his own.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Instant,
};

use super::{entry::Entry, origin::Origin};
use crate::model::{Incarnation, SecondaryNumber, TransferId, limits::MAX_TRANSFERS};

/// How many entries may wait for a receiver or a report at once, from all origins.
const MOST_WAITING: usize = 3 * MAX_TRANSFERS;

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Entries {
    open: BTreeMap<TransferId, Entry>,
    /// How many entries each origin has.
    counts: BTreeMap<Origin, usize>,
    /// Ended entries. They wait for reports.
    ended: BTreeSet<TransferId>,
    /// Those of them that changed since they were last looked at. They may be complete.
    changed: BTreeSet<TransferId>,
    /// The deadlines: an entry is closed then, whatever is missing.
    deadlines: BTreeSet<(Instant, TransferId)>,
    /// The same by origin.
    waiting: BTreeMap<Origin, BTreeSet<(Instant, TransferId)>>,
    /// Entries to close now, whatever is missing, as their origin has too many.
    surplus: BTreeSet<TransferId>,
}

impl Entries {
    pub(super) fn iter(&self) -> impl Iterator<Item = &Entry> {
        self.open.values()
    }

    pub(super) fn get(&self, transfer: TransferId) -> Option<&Entry> {
        self.open.get(&transfer)
    }

    /// Entries of an origin.
    pub(super) fn count(&self, origin: Origin) -> usize {
        self.counts.get(&origin).copied().unwrap_or(0)
    }

    /// Adds an entry. Its transfer must not have one.
    pub(super) fn insert(&mut self, entry: Entry) {
        let transfer = entry.transfer();
        *self.counts.entry(entry.origin()).or_default() += 1;
        let (origin, deadline) = (entry.origin(), entry.deadline());
        let has_ended = !entry.awaits_its_end();
        self.open.insert(transfer, entry);
        self.index(transfer, origin, (None, deadline), has_ended);
    }

    /// Changes an entry, if there is one.
    pub(super) fn change(
        &mut self,
        transfer: TransferId,
        change: impl FnOnce(&mut Entry),
    ) -> Option<()> {
        let entry = self.open.get_mut(&transfer)?;
        let before = entry.deadline();
        change(entry);
        let (origin, deadline) = (entry.origin(), entry.deadline());
        let has_ended = !entry.awaits_its_end();
        self.index(transfer, origin, (before, deadline), has_ended);
        Some(())
    }

    /// Nobody was heard for some time. Ended entries wait anew for their last reports.
    pub(super) fn renew(&mut self, now: Instant) {
        let ended: Vec<_> = self.ended.iter().copied().collect();
        for transfer in ended {
            self.change(transfer, |entry| entry.renew(now));
        }
    }

    /// An entry has changed. `before` is the deadline that it had.
    fn index(
        &mut self,
        transfer: TransferId,
        origin: Origin,
        (before, deadline): (Option<Instant>, Option<Instant>),
        has_ended: bool,
    ) {
        if has_ended {
            self.ended.insert(transfer);
            self.changed.insert(transfer);
        }
        if deadline == before {
            return;
        }
        let waiting = self.waiting.entry(origin).or_default();
        if let Some(at) = before {
            self.deadlines.remove(&(at, transfer));
            waiting.remove(&(at, transfer));
        }
        if let Some(at) = deadline {
            self.deadlines.insert((at, transfer));
            waiting.insert((at, transfer));
            if waiting.len() > origin.most()
                && let Some(first) = waiting.pop_first()
            {
                self.deadlines.remove(&first);
                self.surplus.insert(first.1);
            }
            if self.deadlines.len() > MOST_WAITING
                && let Some((_, first)) = self.deadlines.pop_first()
            {
                self.surplus.insert(first);
            }
        }
    }

    /// A secondary's lease ended.
    pub(super) fn fell(&mut self, number: SecondaryNumber) {
        for entry in self.open.values_mut() {
            entry.fell(number);
        }
        // Nothing more is expected of an entry.
        self.changed.clone_from(&self.ended);
    }

    /// Takes out all that can be closed.
    pub(super) fn take_due(
        &mut self,
        now: Instant,
        alive: &impl Fn(SecondaryNumber) -> Option<Incarnation>,
    ) -> Vec<Entry> {
        let overdue = self.deadlines.iter().take_while(|(at, _)| *at <= now);
        let mut due: BTreeSet<_> = overdue.map(|(_, transfer)| *transfer).collect();
        due.append(&mut self.surplus);
        for transfer in std::mem::take(&mut self.changed) {
            let entry = self.open.get(&transfer);
            if entry.is_some_and(|entry| entry.is_due(now, alive)) {
                due.insert(transfer);
            }
        }
        due.into_iter()
            .filter_map(|transfer| self.remove(transfer))
            .collect()
    }

    pub(super) fn next_deadline(&self) -> Option<Instant> {
        self.deadlines.first().map(|(at, _)| *at)
    }

    fn remove(&mut self, transfer: TransferId) -> Option<Entry> {
        let entry = self.open.remove(&transfer)?;
        self.ended.remove(&transfer);
        self.changed.remove(&transfer);
        if let Some(at) = entry.deadline() {
            self.deadlines.remove(&(at, transfer));
            if let Some(waiting) = self.waiting.get_mut(&entry.origin()) {
                waiting.remove(&(at, transfer));
            }
        }
        if let Some(count) = self.counts.get_mut(&entry.origin()) {
            *count -= 1;
            if *count == 0 {
                self.counts.remove(&entry.origin());
                self.waiting.remove(&entry.origin());
            }
        }
        Some(entry)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        engine::cluster::books::entry::Granted,
        model::{ClientName, FileName, Receiver, Term, limits::MAX_TRANSFERS_OF_A_HOST},
    };

    fn entry(n: u64, origin: Origin, since: Instant) -> Entry {
        let receiver = Receiver::Client(ClientName::try_from("ana").unwrap());
        let file = FileName::try_from("a").unwrap();
        let granted = Granted::Now(since);
        let mut entry = Entry::new(
            TransferId::new(Term(1), n),
            &receiver,
            &file,
            granted,
            origin,
        );
        entry.orphan(since);
        entry
    }

    #[test]
    fn entries_that_are_left_cost_their_own_origin_the_oldest() {
        let now = Instant::now();
        let mut entrys = Entries::default();
        let host = |n: u16| {
            Origin::of_address(std::net::Ipv6Addr::from_segments([n, 0, 0, 0, 0, 0, 0, 1]).into())
        };
        assert_eq!(host(7), Origin::of_address("7::99".parse().unwrap()));
        entrys.insert(entry(1, host(8), now));
        let most = MAX_TRANSFERS_OF_A_HOST as u64;
        for n in 0..=most {
            let since = now + std::time::Duration::from_millis(n);
            entrys.insert(entry(1000 + n, host(7), since));
            let due = entrys.take_due(now, &|_| None);
            assert_eq!(due.len(), usize::from(n == most));
            assert!(
                due.iter()
                    .all(|entry| entry.transfer() == TransferId::new(Term(1), 1000))
            );
        }
        assert_eq!(entrys.count(host(7)), MAX_TRANSFERS_OF_A_HOST);
        assert_eq!(entrys.count(host(8)), 1);
    }
}
