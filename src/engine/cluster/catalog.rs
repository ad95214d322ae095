//! Which files exist, which content each name has, and who holds what under it.
//!
//! A name has one content at a time. A change of it that a secondary saw gives the name its new content, as long as
//! the change was made to the content that the name had; copies of the old one are *outdated*. Content that came about
//! without the one that has the name is in *conflict* with it: neither offered nor copied nor overwritten, until a
//! person decides. Contents that were replaced or deleted are remembered in `pasts`, so that they do not come back by
//! themselves. What is held is soft state, told anew by each enrolment; `pasts` and choices survive a restart.

mod acts;
mod announce;
mod changes;
mod checks;
mod choice;
mod conflicts;
mod owed;
mod pasts;
mod removal;
mod standing;
#[cfg(test)]
mod tests;
mod twins;

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Bound,
    time::Instant,
};

use self::{
    acts::Acts,
    checks::Checks,
    owed::{Due, Owed},
    pasts::{Past, Pasts},
    twins::Twins,
};
use super::{Notice, numbers::NumberSet};
use crate::{
    engine::registry::Registry,
    model::{FileMeta, FileName, NameRecord, SecondaryNumber, messages::ForSecondary},
};

pub use self::conflicts::Resolved;
pub(super) use self::{
    changes::{Change, Effect, Now, Remembered},
    standing::{Other, Standing},
};

/// All files.
#[derive(Debug, Default)]
pub(super) struct Catalog {
    names: BTreeMap<FileName, Standing>,
    pasts: Pasts,
    acts: Acts,
    twins: Twins,
    /// Names that stand for several contents.
    conflicts: BTreeSet<FileName>,
    /// Names whose content nobody is known to hold.
    orphans: BTreeSet<FileName>,
    /// How many files are being changed.
    changing: usize,
    owed: Owed,
    checks: Checks,
    /// Counts changes.
    version: u64,
}

impl Catalog {
    /// Goes on from what an earlier run remembered.
    pub(super) fn restore<'a>(records: impl IntoIterator<Item = &'a NameRecord>, at: u64) -> Self {
        let mut catalog = Self::default();
        for record in records.into_iter().cloned() {
            let past = Past {
                gone: record.gone,
                deleted: record.deleted,
                lost: None,
                by: record.by,
                at: record.at.min(at),
            };
            catalog.pasts.load(record.name.clone(), past);
            if let Some(meta) = record.current.filter(|meta| meta.name == record.name) {
                let standing = Standing {
                    meta,
                    modified: record.modified,
                    holders: NumberSet::default(),
                    others: BTreeMap::new(),
                    is_settled: true,
                    is_remembered: true,
                };
                catalog.twins.came(&record.name);
                catalog.orphans.insert(record.name.clone());
                catalog.names.insert(record.name, standing);
            }
        }
        catalog.pasts.expire(at);
        catalog
    }

    pub(super) fn get(&self, name: &FileName) -> Option<&Standing> {
        self.names.get(name)
    }

    /// The standing of a name, in whatever Unicode form it is typed.
    pub(super) fn look_up(&self, name: &FileName) -> Option<&Standing> {
        let exact = self.names.get(name);
        exact.or_else(|| {
            let mut forms = self.twins.forms(name);
            forms.find_map(|form| self.names.get(&form))
        })
    }

    pub(super) fn len(&self) -> usize {
        self.names.len()
    }

    /// Another number after every change.
    pub(super) fn version(&self) -> u64 {
        self.version
    }

    /// Names that stand for several contents, or differ only in their Unicode form.
    pub(super) fn conflict_count(&self) -> usize {
        self.conflicts.len() + self.twins.count()
    }

    /// True for a name that stands for several contents, or is not the only form of itself.
    pub(super) fn is_in_conflict(&self, standing: &Standing) -> bool {
        standing.is_in_conflict() || self.twins.shared(&standing.meta.name).is_some()
    }

    /// Some names have a content that nobody is known to hold.
    pub(super) fn has_orphans(&self) -> bool {
        !self.orphans.is_empty()
    }

    /// True for a name of which only an earlier run has told.
    fn is_remembered(&self, name: &FileName) -> bool {
        self.names
            .get(name)
            .is_some_and(|standing| standing.is_remembered)
    }

    /// What else there is gets the name, or it is none any more.
    fn give_up(&mut self, name: &FileName, at: u64) -> Option<FileMeta> {
        self.version += 1;
        self.change(name, |catalog| {
            if let Some(standing) = catalog.names.get_mut(name) {
                standing.is_remembered = false;
            }
            catalog.fall_back(name, at)
        })
    }

    /// Files that somebody is changing.
    pub(super) fn changing_count(&self) -> usize {
        self.changing
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Standing> {
        self.names.values()
    }

    pub(super) fn after<'a>(
        &'a self,
        after: Option<&'a FileName>,
    ) -> impl Iterator<Item = &'a Standing> {
        let start = after.map_or(Bound::Unbounded, Bound::Excluded);
        self.names
            .range::<FileName, _>((start, Bound::Unbounded))
            .map(|(_, standing)| standing)
    }

    /// True when a secondary is known to have something under a name.
    pub(super) fn has(&self, number: SecondaryNumber, name: &FileName) -> bool {
        let standing = self.names.get(name);
        standing.is_some_and(|e| e.holders.contains(number) || e.others.contains_key(&number))
    }

    /// The live holders of this content under this name. It need not be the one that the name has now.
    pub(super) fn holders_of(&self, file: &FileMeta) -> NumberSet {
        let standing = self.names.get(&file.name);
        standing.map_or_else(NumberSet::default, |standing| standing.holders_of(file.id))
    }

    /// True while the name has this content.
    pub(super) fn is_current(&self, file: &FileMeta) -> bool {
        let standing = self.names.get(&file.name);
        standing.is_some_and(|standing| standing.meta.id == file.id)
    }

    /// Everything that a secondary is known to have.
    pub(super) fn held_by(&self, number: SecondaryNumber) -> Vec<FileMeta> {
        let held = self.names.values().filter_map(|standing| {
            if standing.holders.contains(number) {
                return Some(standing.meta.clone());
            }
            let other = standing.others.get(&number)?;
            // Of what is being changed the content is not known: any stands for it.
            Some(other.meta().unwrap_or(&standing.meta).clone())
        });
        held.collect()
    }

    /// What a secondary was still to be told follows from what it tells on its new connection.
    pub(super) fn enrolled(&mut self, number: SecondaryNumber) {
        self.owed.forget(number);
    }

    /// A secondary that is owed something is away.
    pub(super) fn forget_owed(&mut self, number: SecondaryNumber) {
        self.owed.forget(number);
    }

    /// Takes out a name of which nobody has anything. True when it did.
    fn drop_if_empty(&mut self, name: &FileName) -> bool {
        let is_empty = |standing: &Standing| {
            standing.holders.is_empty() && standing.others.is_empty() && !standing.is_remembered
        };
        if !self.names.get(name).is_some_and(is_empty) {
            return false;
        }
        self.names.remove(name);
        self.twins.went(name);
        if let Some(past) = self.pasts.get(name) {
            let (by, at) = (past.by, past.at);
            self.pasts.remember(name, by, at);
        }
        true
    }

    /// What secondaries are to be told now.
    pub(super) fn owed_messages(&mut self) -> Vec<(SecondaryNumber, ForSecondary)> {
        let due = self.owed.due().into_iter();
        due.map(|(number, due)| {
            let message = match due {
                Due::Withdraw(batch, mut files) => {
                    files.retain(|file| self.pasts.is_gone(&file.name, file.id));
                    ForSecondary::Withdraw { batch, files }
                }
                Due::Conflicts(batch, names) => {
                    let names = self.conflicts_that_fit(number, names);
                    ForSecondary::Conflicts { batch, names }
                }
            };
            (number, message)
        })
        .collect()
    }

    /// A secondary has taken in what it was told.
    pub(super) fn acknowledged(&mut self, number: SecondaryNumber, batch: u64) {
        self.owed.acknowledged(number, batch);
    }

    /// A receiver got wrong bytes of a copy; true when its secondary is to look at it now.
    pub(super) fn is_to_be_checked(
        &mut self,
        now: Instant,
        number: SecondaryNumber,
        file: &FileMeta,
    ) -> bool {
        self.checks.ask(now, number, file)
    }

    /// People are told of a copy that is given up after somebody received wrong bytes of it.
    pub(super) fn damage(
        &mut self,
        now: Instant,
        number: SecondaryNumber,
        file: &FileMeta,
        present: NumberSet,
    ) -> Option<Notice> {
        let is_damaged = self.checks.answered(now, number, file);
        let others = self.names.get(&file.name);
        let others = others.filter(|standing| standing.meta.id == file.id);
        is_damaged.then(|| Notice::Damaged {
            file: file.name.clone(),
            number,
            others: others.map_or(0, |standing| standing.holders.and(present).len().into()),
        })
    }

    /// What is remembered otherwise than at the last call.
    pub(super) fn take_unsaved(&mut self) -> Vec<NameRecord> {
        let names = self.pasts.take_unsaved().into_iter();
        names.map(|name| self.record(name)).collect()
    }

    /// Panics where a registry knows anything else.
    pub(super) fn assert_recorded(&self, registry: &Registry) {
        for name in self.pasts.names() {
            let record = self.record(name.clone());
            if record.is_empty() {
                continue;
            }
            // A clock that went back does not make old records younger.
            let recorded = registry.name(name).map(|recorded| NameRecord {
                at: record.at,
                ..recorded.clone()
            });
            assert_eq!(recorded, Some(record), "what is remembered of {name}");
        }
        for recorded in registry.names() {
            let past = self.pasts.get(&recorded.name);
            assert!(past.is_some(), "{} is forgotten", recorded.name);
        }
    }

    fn record(&self, name: FileName) -> NameRecord {
        let past = self.pasts.get(&name).cloned().unwrap_or_default();
        let standing = self
            .names
            .get(&name)
            .filter(|_| self.pasts.get(&name).is_some());
        NameRecord {
            current: standing.map(|standing| standing.meta.clone()),
            modified: standing.and_then(|standing| standing.modified),
            gone: past.gone,
            deleted: past.deleted,
            by: past.by,
            at: past.at,
            name,
        }
    }

    /// Changes a name, and keeps count of what is not as it should be.
    fn change<R>(&mut self, name: &FileName, change: impl FnOnce(&mut Self) -> R) -> R {
        let before = self.names.get(name);
        self.changing -= before.map_or(0, Standing::changing);
        let before = before.map(|standing| (standing.meta.id, standing.modified));
        let result = change(self);
        let standing = self.names.get(name);
        if standing.map(|standing| (standing.meta.id, standing.modified)) != before {
            self.pasts.is_outdated(name);
        }
        self.changing += standing.map_or(0, Standing::changing);
        if standing.is_some_and(Standing::is_in_conflict) {
            self.conflicts.insert(name.clone());
        } else {
            self.conflicts.remove(name);
        }
        if standing.is_some_and(|standing| standing.holders.is_empty()) {
            self.orphans.insert(name.clone());
        } else {
            self.orphans.remove(name);
        }
        result
    }
}
