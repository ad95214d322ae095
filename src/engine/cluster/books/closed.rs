//! An entry whose books are closed.

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use super::entry::Entry;
use crate::{
    engine::registry::{ClosedTransfer, Figures},
    model::{ClientName, Incarnation, SecondaryNumber},
};

/// An entry whose figures are in the books.
#[derive(Debug)]
pub(super) struct ClosedEntry {
    entry: Entry,
    /// Secondaries that may have sent what they never reported.
    died: BTreeSet<SecondaryNumber>,
    figures: Figures,
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

    pub(super) fn of_saved(now: Instant, saved: ClosedTransfer) -> Self {
        let took = Duration::from_millis(saved.took_ms);
        let entry = Entry::of_closed(now, saved.open, took, saved.finished);
        let figures = entry.figures(&saved.died);
        Self {
            entry,
            died: saved.died,
            figures,
        }
    }

    pub(super) fn to_saved(&self) -> ClosedTransfer {
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

    /// The receiver is called otherwise.
    pub(super) fn rename(&mut self, name: &ClientName) {
        self.entry.rename(name);
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
