//! Closed entries. The latest are kept whole, so that a late report can amend their figures. Of many more it is only
//! known that they are closed, as secondaries may report them again.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    time::{Duration, Instant},
};

use super::{entry::Entry, figures::Figures, saved::ClosedTransfer};
use crate::model::{Incarnation, SecondaryNumber, TransferId};

/// How many transfers are known to be closed.
const MOST_KNOWN: usize = 50_000;
/// How many of them are kept whole: a late report amends their figures.
const MOST_WHOLE: usize = 10_000;
/// How many of those are saved whole.
const MOST_SAVED: usize = 1000;

/// An entry whose figures are in the books.
#[derive(Debug)]
pub(super) struct ClosedEntry {
    entry: Entry,
    /// Secondaries that may have sent what they never reported.
    died: BTreeSet<SecondaryNumber>,
    figures: Figures,
}

/// See the module.
#[derive(Debug, Default)]
pub(super) struct ClosedEntries {
    /// The turn in which each was closed.
    turns: BTreeMap<TransferId, u64>,
    by_turn: BTreeMap<u64, TransferId>,
    /// Those of which all is known.
    whole: BTreeMap<u64, ClosedEntry>,
    next_turn: u64,
}

impl ClosedEntry {
    /// Closes an entry. `alive` gives the present run of a live secondary.
    pub(super) fn new(
        entry: Entry,
        alive: impl Fn(SecondaryNumber) -> Option<Incarnation>,
    ) -> Self {
        let died = entry.died(alive);
        let figures = entry.figures(&died);
        Self {
            entry,
            died,
            figures,
        }
    }

    fn of_saved(now: Instant, saved: ClosedTransfer) -> Self {
        let took = Duration::from_millis(saved.took_ms);
        let entry = Entry::of_closed(now, saved.open, took, saved.finished);
        let figures = entry.figures(&saved.died);
        Self {
            entry,
            died: saved.died,
            figures,
        }
    }

    fn to_saved(&self) -> ClosedTransfer {
        ClosedTransfer {
            open: self.entry.open().clone(),
            finished: self.entry.finished().cloned(),
            died: self.died.clone(),
            took_ms: self.figures.whole.duration_ms,
        }
    }

    pub(super) fn entry(&self) -> &Entry {
        &self.entry
    }

    pub(super) fn figures(&self) -> &Figures {
        &self.figures
    }

    pub(super) fn into_parts(self) -> (Entry, BTreeSet<SecondaryNumber>) {
        (self.entry, self.died)
    }

    /// Changes the entry. Returns the figures that it had if they are others now.
    pub(super) fn amend(&mut self, change: impl FnOnce(&mut Entry)) -> Option<Figures> {
        change(&mut self.entry);
        let figures = self.entry.figures(&self.died);
        let before = std::mem::replace(&mut self.figures, figures);
        (before != self.figures).then_some(before)
    }
}

impl ClosedEntries {
    /// Goes on from what an earlier run saved.
    pub(super) fn restore(
        now: Instant,
        known: VecDeque<TransferId>,
        whole: Vec<ClosedTransfer>,
    ) -> Self {
        let mut closed = Self::default();
        known.into_iter().for_each(|transfer| closed.add(transfer));
        for saved in whole {
            if let Some(turn) = closed.turns.get(&saved.open.transfer) {
                let entry = ClosedEntry::of_saved(now, saved);
                closed.whole.insert(*turn, entry);
            }
        }
        closed
    }

    pub(super) fn contains(&self, transfer: TransferId) -> bool {
        self.turns.contains_key(&transfer)
    }

    /// Notes that a transfer is closed, when nothing else is known of it.
    pub(super) fn add(&mut self, transfer: TransferId) {
        if self.contains(transfer) {
            return;
        }
        let turn = self.next_turn;
        self.next_turn += 1;
        self.turns.insert(transfer, turn);
        self.by_turn.insert(turn, transfer);
        if self.by_turn.len() > MOST_KNOWN
            && let Some((oldest, transfer)) = self.by_turn.pop_first()
        {
            self.turns.remove(&transfer);
            self.whole.remove(&oldest);
        }
    }

    pub(super) fn insert(&mut self, closed: ClosedEntry) {
        let transfer = closed.entry.transfer();
        self.add(transfer);
        if let Some(turn) = self.turns.get(&transfer) {
            self.whole.insert(*turn, closed);
        }
        if self.whole.len() > MOST_WHOLE {
            self.whole.pop_first();
        }
    }

    /// An entry that is kept whole.
    pub(super) fn get_mut(&mut self, transfer: TransferId) -> Option<&mut ClosedEntry> {
        self.whole.get_mut(self.turns.get(&transfer)?)
    }

    /// Takes out an entry that is kept whole, to open it again.
    pub(super) fn take(&mut self, transfer: TransferId) -> Option<ClosedEntry> {
        let turn = *self.turns.get(&transfer)?;
        let closed = self.whole.remove(&turn)?;
        self.turns.remove(&transfer);
        self.by_turn.remove(&turn);
        Some(closed)
    }

    /// The known ones, in the order in which they were closed.
    pub(super) fn known(&self) -> VecDeque<TransferId> {
        self.by_turn.values().copied().collect()
    }

    /// The latest entries, as a later run needs them.
    pub(super) fn to_saved(&self) -> Vec<ClosedTransfer> {
        let latest = self.whole.values().rev().take(MOST_SAVED);
        latest.map(ClosedEntry::to_saved).collect()
    }
}
