//! What is decided becomes a fact. Every event ends with [`Cluster::note`]: what the rooms decided in it is applied to the
//! registry, and stands in the queue of actions before all that the event made the machine say. So nobody can hear of
//! anything that is not recorded before, whatever a room says when.

use std::time::{Duration, Instant};

use super::Cluster;
use crate::{
    engine::{
        cluster::Action,
        registry::{Entry, Registry},
    },
    model::limits::CLIENT_LEASE,
};

/// For so long after its start a central that goes on waits for those who were there before, and changes nothing for want
/// of them.
const GRACE: Duration = CLIENT_LEASE.saturating_add(Duration::from_secs(2));

impl Cluster {
    /// All facts so far.
    pub fn registry(&self) -> &Registry {
        &self.registry
    }

    /// Decides a fact.
    pub(super) fn record(&mut self, entry: Entry) {
        self.registry.apply(&entry);
        self.records.push(entry);
    }

    /// An event is over: what was decided in it is recorded before all that it makes the machine say.
    pub(super) fn note(&mut self) {
        for record in self.catalog.take_unsaved() {
            self.record(Entry::Name(record));
        }
        for entry in self.books.take_facts() {
            let is_known = match &entry {
                Entry::Open(open) => {
                    let known = self.registry.ledger().get_open(open.transfer);
                    known == Some(open)
                }
                _ => false,
            };
            let ledger = self.registry.ledger();
            let closed = match &entry {
                Entry::Settled(closed) if !ledger.closed().contains(closed.open.transfer) => {
                    Some(closed.clone())
                }
                _ => None,
            };
            if !is_known {
                self.record(entry);
            }
            if let Some(closed) = closed {
                self.audit_closed(&closed);
            }
        }
        let books = &self.books;
        let facts = self
            .places
            .take_facts(&self.registry, |transfer| books.file_of(transfer));
        for entry in facts {
            self.record(entry);
        }
        for entry in self.publications.take_facts() {
            self.record(entry);
        }
        let said = self.actions.split_off(self.noted);
        let records = self.records.drain(..).map(Action::Record);
        self.actions.extend(records);
        self.actions.extend(said);
        self.noted = self.actions.len();
    }

    /// Records what secondaries reported of transfers that are not over. The owner calls this now and then, and before it
    /// ends: what they do not tell again is not lost then.
    pub fn note_reports(&mut self) {
        let ledger = self.registry.ledger();
        let news = self.books.open_transfers();
        let news = news.filter(|open| ledger.get_open(open.transfer) != Some(open));
        let news: Vec<_> = news.cloned().map(Entry::Open).collect();
        for entry in news {
            self.record(entry);
        }
        self.note();
    }

    /// The central comes to an orderly end: service begins anew in the next run.
    pub fn note_stop(&mut self) {
        self.record(Entry::Stopped);
        self.note_reports();
    }

    /// What a run that goes on begins with.
    pub(super) fn take_over(&mut self, now: Instant) {
        if self.registry.term() != self.config.term {
            let term = self.config.term;
            self.record(Entry::Term { term });
        }
        if self.registry.has_begun() && self.members.is_any_awaited() {
            self.grace_until = Some(now + GRACE);
        }
        // Nobody begins before it is known who holds what.
        let _ = self.places.hold(now, true);
        self.note();
    }

    /// True as long as nobody who waits may begin: service goes on, and it is not known yet who holds what.
    pub fn is_holding(&self) -> bool {
        self.is_holding
    }

    /// True while those who were there before are waited for.
    pub(super) fn is_grace(&self) -> bool {
        self.grace_until.is_some()
    }

    /// Ends the grace once it is over, or all are back.
    pub(super) fn end_grace(&mut self, now: Instant) {
        let is_over = self.grace_until.is_some_and(|until| until <= now);
        if is_over || self.is_grace() && !self.members.is_any_awaited() {
            self.grace_until = None;
            self.review_copies();
        }
        if self.is_holding && !self.is_grace() && self.is_ready() {
            self.is_holding = false;
            let moved = self.places.hold(now, false);
            self.moved(moved);
        }
        let moved = self.places.give_up_away(now);
        self.moved(moved);
    }

    /// Panics where the registry does not say what the rooms hold: something that must not be lost was not recorded.
    pub fn assert_recorded(&self) {
        let registry = &self.registry;
        assert!(self.records.is_empty(), "{:?}", self.records);
        assert_eq!(registry.term(), self.config.term);
        assert_eq!(
            registry.max_downloads(self.config.max_downloads),
            self.max_downloads()
        );
        self.members.assert_recorded(registry);
        self.catalog.assert_recorded(registry);
        self.places.assert_recorded(registry);
        self.publications.assert_recorded(registry);
        self.books.assert_recorded(registry.ledger());
    }
}
