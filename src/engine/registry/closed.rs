//! Transfers whose books are closed. The latest are kept whole, so that a late report can amend their figures. Of many
//! more it is only known that they are closed, as secondaries may report them again.

use std::collections::{BTreeMap, VecDeque};

use crate::model::TransferId;

/// How many transfers are known to be closed.
const MOST_KNOWN: usize = 50_000;
/// How many of them are kept whole: a late report amends their figures.
const MOST_WHOLE: usize = 10_000;

/// See the module. `W` is what is kept of those that are whole.
#[derive(Clone, Debug)]
pub struct Closed<W> {
    /// The turn in which each was closed.
    turns: BTreeMap<TransferId, u64>,
    by_turn: BTreeMap<u64, TransferId>,
    /// Those of which all is known.
    whole: BTreeMap<u64, W>,
    next_turn: u64,
}

impl<W> Default for Closed<W> {
    fn default() -> Self {
        Self {
            turns: BTreeMap::new(),
            by_turn: BTreeMap::new(),
            whole: BTreeMap::new(),
            next_turn: 0,
        }
    }
}

impl<W: PartialEq> PartialEq for Closed<W> {
    /// Turns are only an order.
    fn eq(&self, other: &Self) -> bool {
        self.by_turn.values().eq(other.by_turn.values()) && self.whole().eq(other.whole())
    }
}

impl<W> Closed<W> {
    /// Goes on from what was saved: those that are known, in order, and the whole ones among them.
    pub fn restore(
        known: impl IntoIterator<Item = TransferId>,
        whole: impl IntoIterator<Item = (TransferId, W)>,
    ) -> Self {
        let mut closed = Self::default();
        known.into_iter().for_each(|transfer| closed.add(transfer));
        for (transfer, saved) in whole {
            if let Some(turn) = closed.turns.get(&transfer) {
                closed.whole.insert(*turn, saved);
            }
        }
        closed
    }

    /// True for one that is known.
    pub fn contains(&self, transfer: TransferId) -> bool {
        self.turns.contains_key(&transfer)
    }

    /// Notes that a transfer is closed, when nothing else is known of it.
    pub fn add(&mut self, transfer: TransferId) {
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

    /// Keeps one whole, in the place of what was kept of it.
    pub fn insert(&mut self, transfer: TransferId, closed: W) {
        self.add(transfer);
        if let Some(turn) = self.turns.get(&transfer) {
            self.whole.insert(*turn, closed);
        }
        if self.whole.len() > MOST_WHOLE {
            self.whole.pop_first();
        }
    }

    /// One that is kept whole.
    pub fn get(&self, transfer: TransferId) -> Option<&W> {
        self.whole.get(self.turns.get(&transfer)?)
    }

    /// The same, to be changed.
    pub fn get_mut(&mut self, transfer: TransferId) -> Option<&mut W> {
        self.whole.get_mut(self.turns.get(&transfer)?)
    }

    /// Takes out one that is kept whole, to open it again.
    pub fn take(&mut self, transfer: TransferId) -> Option<W> {
        let turn = *self.turns.get(&transfer)?;
        let closed = self.whole.remove(&turn)?;
        self.turns.remove(&transfer);
        self.by_turn.remove(&turn);
        Some(closed)
    }

    /// The known ones, in the order in which they were closed.
    pub fn known(&self) -> VecDeque<TransferId> {
        self.by_turn.values().copied().collect()
    }

    /// Those that are kept whole, the one that was closed first first.
    pub fn whole(&self) -> impl DoubleEndedIterator<Item = &W> {
        self.whole.values()
    }

    /// The same, to be changed.
    pub fn whole_mut(&mut self) -> impl Iterator<Item = &mut W> {
        self.whole.values_mut()
    }
}
