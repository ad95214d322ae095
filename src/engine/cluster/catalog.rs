//! Which files exist, which content each name has, and who holds what under it.
//!
//! A name has one content at a time. A change of it that a secondary saw gives the name its new content, as long as
//! the change was made to the content that the name had; copies of the old one are *outdated*. Content that came about
//! without the one that has the name is in *conflict* with it: neither offered nor copied nor overwritten, until a
//! person decides. Contents that were replaced or deleted are remembered in `pasts`, so that they do not come back by
//! themselves. What is held is soft state, told anew by each enrolment; `pasts` and choices survive a restart.

mod announce;
mod choice;
mod entry;
mod removal;
#[cfg(test)]
mod tests;

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Bound,
};

use super::{
    acts::Acts,
    numbers::NumberSet,
    pasts::{Past, Pasts},
    twins::Twins,
};
use crate::model::{FileMeta, FileName, NameRecord, SecondaryNumber};

pub(super) use self::{
    announce::Announced,
    entry::{Entry, Other},
    removal::Removed,
};

/// All files.
#[derive(Debug, Default)]
pub(super) struct Catalog {
    entries: BTreeMap<FileName, Entry>,
    pasts: Pasts,
    acts: Acts,
    twins: Twins,
    /// Names that stand for several contents.
    conflicts: BTreeSet<FileName>,
    /// Names whose content nobody is known to hold.
    orphans: BTreeSet<FileName>,
    /// How many files are being changed.
    changing: usize,
    /// Counts changes.
    version: u64,
}

impl Catalog {
    /// Goes on from what an earlier run remembered.
    pub(super) fn restore(records: impl IntoIterator<Item = NameRecord>, at: u64) -> Self {
        let mut catalog = Self::default();
        for record in records {
            let past = Past {
                gone: record.gone,
                deleted: record.deleted,
                lost: None,
                by: record.by,
                at: record.at.min(at),
            };
            catalog.pasts.load(record.name.clone(), past);
            if let Some(meta) = record.current.filter(|meta| meta.name == record.name) {
                let entry = Entry {
                    meta,
                    modified: record.modified,
                    holders: NumberSet::default(),
                    others: BTreeMap::new(),
                    is_settled: true,
                    is_remembered: true,
                };
                catalog.twins.came(&record.name);
                catalog.orphans.insert(record.name.clone());
                catalog.entries.insert(record.name, entry);
            }
        }
        catalog.pasts.expire(at);
        catalog
    }

    pub(super) fn get(&self, name: &FileName) -> Option<&Entry> {
        self.entries.get(name)
    }

    /// The entry of a name, in whatever Unicode form it is typed.
    pub(super) fn look_up(&self, name: &FileName) -> Option<&Entry> {
        let exact = self.entries.get(name);
        exact.or_else(|| {
            let mut forms = self.twins.forms(name);
            forms.find_map(|form| self.entries.get(&form))
        })
    }

    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Another number after every change.
    pub(super) fn version(&self) -> u64 {
        self.version
    }

    /// Names that stand for several contents, or differ only in their Unicode form.
    pub(super) fn conflict_count(&self) -> usize {
        self.conflicts.len() + self.twins.count()
    }

    pub(super) fn conflicts(&self) -> &BTreeSet<FileName> {
        &self.conflicts
    }

    pub(super) fn twins(&self) -> &Twins {
        &self.twins
    }

    /// True for a name that stands for several contents, or is not the only form of itself.
    pub(super) fn is_in_conflict(&self, entry: &Entry) -> bool {
        entry.is_in_conflict() || self.twins.shared(&entry.meta.name).is_some()
    }

    /// Names whose content nobody is known to hold.
    pub(super) fn orphans(&self) -> &BTreeSet<FileName> {
        &self.orphans
    }

    /// True for a name of which only an earlier run has told.
    pub(super) fn is_remembered(&self, name: &FileName) -> bool {
        self.entries
            .get(name)
            .is_some_and(|entry| entry.is_remembered)
    }

    /// All have told what they hold, and nobody has the content of this name: what else there is gets the name, or it
    /// is none any more.
    pub(super) fn give_up(&mut self, name: &FileName, at: u64) -> Option<FileMeta> {
        self.version += 1;
        self.change(name, |catalog| {
            if let Some(entry) = catalog.entries.get_mut(name) {
                entry.is_remembered = false;
            }
            catalog.fall_back(name, at)
        })
    }

    /// Files that somebody is changing.
    pub(super) fn changing_count(&self) -> usize {
        self.changing
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Entry> {
        self.entries.values()
    }

    pub(super) fn after<'a>(
        &'a self,
        after: Option<&'a FileName>,
    ) -> impl Iterator<Item = &'a Entry> {
        let start = after.map_or(Bound::Unbounded, Bound::Excluded);
        self.entries
            .range::<FileName, _>((start, Bound::Unbounded))
            .map(|(_, entry)| entry)
    }

    /// True when a secondary is known to have something under a name.
    pub(super) fn has(&self, number: SecondaryNumber, name: &FileName) -> bool {
        let entry = self.entries.get(name);
        entry.is_some_and(|e| e.holders.contains(number) || e.others.contains_key(&number))
    }

    /// True when this content was replaced or deleted and nobody has put it back.
    pub(super) fn is_withdrawn(&self, file: &FileMeta) -> bool {
        self.pasts.is_gone(&file.name, file.id)
    }

    /// Everything that a secondary is known to have.
    pub(super) fn held_by(&self, number: SecondaryNumber) -> Vec<FileMeta> {
        let held = self.entries.values().filter_map(|entry| {
            if entry.holders.contains(number) {
                return Some(entry.meta.clone());
            }
            let other = entry.others.get(&number)?;
            // Of what is being changed the content is not known: any stands for it.
            Some(other.meta().unwrap_or(&entry.meta).clone())
        });
        held.collect()
    }

    /// Marks that a secondary changes files end with its lease: it says so again when it is back.
    pub(super) fn left(&mut self, number: SecondaryNumber) {
        if self.changing == 0 {
            return;
        }
        let is_changing = |entry: &&Entry| entry.others.get(&number) == Some(&Other::Changing);
        let names = self.entries.values().filter(is_changing);
        let names: Vec<_> = names.map(|entry| entry.meta.name.clone()).collect();
        for name in names {
            self.change(&name, |catalog| {
                if let Some(entry) = catalog.entries.get_mut(&name) {
                    entry.others.remove(&number);
                }
                catalog.drop_if_empty(&name);
            });
        }
    }

    /// Takes out a name of which nobody has anything. True when it did.
    fn drop_if_empty(&mut self, name: &FileName) -> bool {
        let is_empty = |entry: &Entry| {
            entry.holders.is_empty() && entry.others.is_empty() && !entry.is_remembered
        };
        if !self.entries.get(name).is_some_and(is_empty) {
            return false;
        }
        self.entries.remove(name);
        self.twins.went(name);
        if let Some(past) = self.pasts.get(name) {
            let (by, at) = (past.by, past.at);
            self.pasts.remember(name, by, at);
        }
        true
    }

    /// The records that are to be saved.
    pub(super) fn take_unsaved(&mut self) -> Vec<NameRecord> {
        let names = self.pasts.take_unsaved().into_iter();
        names.map(|name| self.record(name)).collect()
    }

    pub(super) fn has_unsaved(&self) -> bool {
        self.pasts.has_unsaved()
    }

    pub(super) fn record_count(&self) -> usize {
        self.pasts.len()
    }

    /// All that a restart must know.
    pub(super) fn records(&self) -> impl Iterator<Item = NameRecord> {
        self.pasts.names().map(|name| self.record(name.clone()))
    }

    fn record(&self, name: FileName) -> NameRecord {
        let past = self.pasts.get(&name).cloned().unwrap_or_default();
        let entry = self
            .entries
            .get(&name)
            .filter(|_| self.pasts.get(&name).is_some());
        NameRecord {
            current: entry.map(|entry| entry.meta.clone()),
            modified: entry.and_then(|entry| entry.modified),
            gone: past.gone,
            deleted: past.deleted,
            by: past.by,
            at: past.at,
            name,
        }
    }

    /// Changes a name, and keeps count of what is not as it should be.
    fn change<R>(&mut self, name: &FileName, change: impl FnOnce(&mut Self) -> R) -> R {
        self.changing -= self.entries.get(name).map_or(0, Entry::changing);
        let result = change(self);
        let entry = self.entries.get(name);
        self.changing += entry.map_or(0, Entry::changing);
        if entry.is_some_and(Entry::is_in_conflict) {
            self.conflicts.insert(name.clone());
        } else {
            self.conflicts.remove(name);
        }
        if entry.is_some_and(|entry| entry.holders.is_empty()) {
            self.orphans.insert(name.clone());
        } else {
            self.orphans.remove(name);
        }
        result
    }
}
