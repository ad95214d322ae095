//! Names that stand for several contents: shown to people and to those secondaries that hold one of them, until a person
//! decides.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{
    Catalog, Now, Other, Standing,
    changes::{Change, Effect, no_longer_offered},
    twins::Twins,
};
use crate::{
    engine::cluster::{Notice, numbers::NumberSet},
    model::{Conflict, Digest, FileMeta, FileName, SecondaryNumber, Version, limits::PAGE_BYTES},
};

/// Contents of one name that are shown.
const MOST_VERSIONS: usize = 16;

/// What became of a person's decision.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Resolved {
    /// The name stands for this content now; the other copies are set aside.
    To(FileMeta),
    /// No file of this name is known.
    NoSuchFile,
    /// The name has one content.
    NoConflict,
    /// There is no such choice; these are the choices.
    NoSuchChoice(Vec<u16>),
}

impl Catalog {
    /// The names that stand for several contents, or whose content no secondary has any more while another has an
    /// older one, with all of their contents.
    pub(in crate::engine::cluster) fn conflicts(&self) -> Vec<Conflict> {
        let is_alone = |name: &&FileName| self.twins.shared(name).is_none();
        let plain = self.conflicts.iter().filter(is_alone);
        let plain = plain.filter_map(|name| self.conflict_of(name));
        let twins = self.twins.several();
        let twins = twins.filter_map(|names| self.conflict_of_forms(names));
        plain.chain(twins).collect()
    }

    fn conflict_of(&self, name: &FileName) -> Option<Conflict> {
        let standing = self.get(name)?;
        let name = name.clone();
        let mut versions = versions_of(standing);
        if versions.len() < 2 {
            versions.clear();
        }
        Some(Conflict { name, versions })
    }

    fn conflict_of_forms(&self, names: &BTreeSet<FileName>) -> Option<Conflict> {
        let entries = names.iter().filter_map(|name| self.get(name));
        let versions = entries.flat_map(versions_of);
        let mut versions: Vec<_> = versions.take(MOST_VERSIONS).collect();
        // One secondary may hold both, so they are counted.
        for (choice, version) in (1..).zip(&mut versions) {
            version.choice = choice;
        }
        let name = Twins::composed(names.first()?);
        Some(Conflict { name, versions })
    }

    /// The conflict that goes by this name, if there is one: names that differ only in their form are one of the
    /// composed form.
    fn conflict_called(&self, name: &FileName) -> Option<Conflict> {
        match self.twins.shared(name) {
            Some(composed) if composed == *name => {
                let forms = self.twins.forms(name).collect();
                self.conflict_of_forms(&forms)
            }
            Some(_) => None,
            None => self.conflict_of(name),
        }
    }

    /// A person decides which of several contents a name stands for. Gives it, and what follows for each name.
    ///
    /// # Errors
    /// When there is nothing to decide, or not so.
    pub(in crate::engine::cluster) fn resolve(
        &mut self,
        now: Now,
        name: &FileName,
        choice: u16,
    ) -> Result<(FileMeta, Vec<Change>), Resolved> {
        let forms: BTreeSet<_> = self.twins.forms(name).collect();
        if forms.len() > 1 {
            return self.resolve_forms(now, &forms, choice);
        }
        let name = self
            .look_up(name)
            .map(|standing| standing.meta.name.clone());
        self.resolve_name(now, &name.ok_or(Resolved::NoSuchFile)?, choice)
    }

    fn resolve_name(
        &mut self,
        now: Now,
        name: &FileName,
        choice: u16,
    ) -> Result<(FileMeta, Vec<Change>), Resolved> {
        let standing = self.get(name).ok_or(Resolved::NoSuchFile)?;
        let versions = versions_of(standing);
        if versions.len() < 2 && !standing.is_in_conflict() {
            return Err(Resolved::NoConflict);
        }
        let chosen = versions.iter().find(|version| {
            let numbers = version.secondaries.iter();
            version.choice == choice || numbers.clone().any(|n| n.get() == choice)
        });
        let number = chosen.and_then(|version| version.secondaries.first().copied());
        let parties = self.parties_of(name);
        let file = number.and_then(|number| self.choose(name, number, now.wall_s));
        let file = file.ok_or_else(|| no_such_choice(&versions))?;
        self.owe_conflict(now, name, parties);
        Ok((file.clone(), vec![resolved(file)]))
    }

    /// Of several names that are the same text one stays; the others go as if they were deleted.
    fn resolve_forms(
        &mut self,
        now: Now,
        names: &BTreeSet<FileName>,
        choice: u16,
    ) -> Result<(FileMeta, Vec<Change>), Resolved> {
        let conflict = self.conflict_of_forms(names).ok_or(Resolved::NoSuchFile)?;
        let versions = &conflict.versions;
        let chosen = versions.iter().find(|version| version.choice == choice);
        let chosen = chosen.ok_or_else(|| no_such_choice(versions))?;
        let file = chosen.file.clone();
        let parties = self.parties_of(&file.name);
        if let Some(number) = chosen.secondaries.first() {
            self.choose(&file.name, *number, now.wall_s);
        }
        let mut changes = Vec::new();
        for name in names.iter().filter(|name| **name != file.name) {
            for (holder, meta) in self.withdraw(name, now.wall_s) {
                self.owed.withdraw(holder, &meta);
            }
            changes.push(Change {
                name: name.clone(),
                effect: Effect::Gone,
                notices: vec![no_longer_offered(name, None)],
            });
        }
        self.owe_conflict(now, &file.name, parties);
        changes.push(resolved(file.clone()));
        Ok((file, changes))
    }

    /// Who has something under a name that is in conflict.
    pub(super) fn parties_of(&self, name: &FileName) -> NumberSet {
        let mut parties = NumberSet::default();
        let forms: Vec<_> = match self.twins.shared(name) {
            Some(_) => self.twins.forms(name).collect(),
            None if self.conflicts.contains(name) => vec![name.clone()],
            None => Vec::new(),
        };
        for standing in forms.iter().filter_map(|form| self.get(form)) {
            let others = standing.others().map(|(number, _)| number);
            for number in standing.holders.iter().chain(others) {
                parties.insert(number);
            }
        }
        parties
    }

    /// Secondaries that are or were part of a conflict hear which contents there are.
    pub(super) fn owe_conflict(&mut self, now: Now, name: &FileName, before: NumberSet) {
        let parties = self.parties_of(name);
        if before.is_empty() && parties.is_empty() {
            return;
        }
        // It goes by either name, or did.
        let composed = Twins::composed(name);
        for set in [before.without(parties), parties] {
            for number in set.and(now.present).iter() {
                self.owed.conflict(number, name);
                if composed != *name {
                    self.owed.conflict(number, &composed);
                }
            }
        }
    }

    /// As many as a line holds; the rest is owed once more.
    pub(super) fn conflicts_that_fit(
        &mut self,
        number: SecondaryNumber,
        names: Vec<FileName>,
    ) -> Vec<Conflict> {
        /// What a version takes of a line beside its name.
        const VERSION_COSTS: usize = 600;
        let mut room = PAGE_BYTES;
        let mut conflicts = Vec::new();
        for name in names {
            let is_part = self.parties_of(&name).contains(number);
            let conflict = self.conflict_called(&name).filter(|_| is_part);
            let conflict = conflict.unwrap_or_else(|| Conflict {
                name: name.clone(),
                versions: Vec::new(),
            });
            let costs = (conflict.versions.len() + 1) * (name.as_str().len() * 2 + VERSION_COSTS);
            if costs > room && !conflicts.is_empty() {
                self.owed.conflict(number, &name);
                continue;
            }
            room = room.saturating_sub(costs);
            conflicts.push(conflict);
        }
        conflicts
    }
}

fn resolved(file: FileMeta) -> Change {
    Change {
        name: file.name.clone(),
        effect: Effect::Content,
        notices: vec![Notice::Resolved { file }],
    }
}

fn no_such_choice(versions: &[Version]) -> Resolved {
    Resolved::NoSuchChoice(versions.iter().map(|version| version.choice).collect())
}

/// The contents of a name, the one that is offered first.
fn versions_of(standing: &Standing) -> Vec<Version> {
    let mut found: BTreeMap<Digest, Version> = BTreeMap::new();
    for (number, other) in standing.others() {
        let (meta, modified) = match other {
            Other::Conflict(meta, modified) => (meta, *modified),
            // Content that was replaced or is being changed is no choice, unless nobody has what replaced it.
            Other::Outdated(meta) if standing.holders.is_empty() => (meta, None),
            Other::Outdated(_) | Other::Changing => continue,
        };
        let version = found.entry(meta.id).or_insert_with(|| Version {
            choice: number.get(),
            file: meta.clone(),
            modified,
            secondaries: Vec::new(),
            offered: false,
        });
        version.secondaries.push(number);
    }
    let mut versions: Vec<_> = found.into_values().take(MOST_VERSIONS - 1).collect();
    versions.sort_by_key(|version| version.choice);
    let holders: Vec<_> = standing.holders.iter().collect();
    if let Some(first) = holders.first() {
        let offered = Version {
            choice: first.get(),
            file: standing.meta.clone(),
            modified: standing.modified,
            secondaries: holders,
            offered: true,
        };
        versions.insert(0, offered);
    }
    versions
}
