//! Names that stand for several contents: shown to people and to those secondaries that hold one of them, until a person
//! decides.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Cluster, Notice,
    catalog::{Entry, Other},
    numbers::NumberSet,
    twins::Twins,
};
use crate::model::{
    Conflict, Digest, FileMeta, FileName, SecondaryNumber, Version, limits::PAGE_BYTES,
};

/// Contents of one name that are shown.
const MOST_VERSIONS: usize = 16;

/// What became of a person's decision.
#[derive(Clone, Debug, PartialEq, Eq)]
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

impl Cluster {
    /// The names that stand for several contents, or whose content no secondary has any more while another has an
    /// older one, with all of their contents.
    pub fn conflicts(&self) -> Vec<Conflict> {
        let plain = self.catalog.conflicts().iter();
        let is_alone = |name: &&FileName| self.catalog.twins().shared(name).is_none();
        let plain = plain.filter(is_alone);
        let plain = plain.filter_map(|name| self.conflict_of(name));
        let twins = self.catalog.twins().several();
        let twins = twins.filter_map(|names| self.conflict_of_forms(names));
        plain.chain(twins).collect()
    }

    /// How many names stand for several contents.
    pub fn conflict_count(&self) -> usize {
        self.catalog.conflict_count()
    }

    fn conflict_of(&self, name: &FileName) -> Option<Conflict> {
        let entry = self.catalog.get(name)?;
        let name = name.clone();
        let mut versions = versions_of(entry);
        if versions.len() < 2 {
            versions.clear();
        }
        Some(Conflict { name, versions })
    }

    fn conflict_of_forms(&self, names: &BTreeSet<FileName>) -> Option<Conflict> {
        let entries = names.iter().filter_map(|name| self.catalog.get(name));
        let versions = entries.flat_map(versions_of);
        let mut versions: Vec<_> = versions.take(MOST_VERSIONS).collect();
        // Both may be held by the same: they are counted.
        for (choice, version) in (1..).zip(&mut versions) {
            version.choice = choice;
        }
        let name = Twins::composed(names.first()?);
        Some(Conflict { name, versions })
    }

    /// The conflict that goes by this name, if there is one: names that differ only in their form are one of the
    /// composed form.
    fn conflict_called(&self, name: &FileName) -> Option<Conflict> {
        match self.catalog.twins().shared(name) {
            Some(composed) if composed == *name => {
                let forms = self.catalog.twins().forms(name).collect();
                self.conflict_of_forms(&forms)
            }
            Some(_) => None,
            None => self.conflict_of(name),
        }
    }

    /// A person decides which of several contents a name stands for.
    pub fn resolve(&mut self, now: std::time::Instant, name: &FileName, choice: u16) -> Resolved {
        self.notice_own_stop(now);
        let forms: BTreeSet<_> = self.catalog.twins().forms(name).collect();
        let resolved = if forms.len() > 1 {
            self.resolve_forms(&forms, choice)
        } else {
            match self
                .catalog
                .look_up(name)
                .map(|entry| entry.meta.name.clone())
            {
                Some(name) => self.resolve_name(&name, choice),
                None => Resolved::NoSuchFile,
            }
        };
        self.after(now);
        resolved
    }

    fn resolve_name(&mut self, name: &FileName, choice: u16) -> Resolved {
        let Some(entry) = self.catalog.get(name) else {
            return Resolved::NoSuchFile;
        };
        let versions = versions_of(entry);
        if versions.len() < 2 && !entry.is_in_conflict() {
            return Resolved::NoConflict;
        }
        let chosen = versions.iter().find(|version| {
            let numbers = version.secondaries.iter();
            version.choice == choice || numbers.clone().any(|n| n.get() == choice)
        });
        let number = chosen.and_then(|version| version.secondaries.first().copied());
        let at = self.wall_s();
        let parties = self.parties_of(name);
        let Some(file) = number.and_then(|number| self.catalog.choose(name, number, at)) else {
            return Resolved::NoSuchChoice(versions.iter().map(|v| v.choice).collect());
        };
        self.content_changed(name);
        self.tell_of_conflict(name, parties);
        self.push_sources_of(|running| running.name == *name);
        self.tell(Notice::Resolved { file: file.clone() });
        Resolved::To(file)
    }

    /// Of several names that are the same text one stays; the others go as if they were deleted.
    fn resolve_forms(&mut self, names: &BTreeSet<FileName>, choice: u16) -> Resolved {
        let Some(conflict) = self.conflict_of_forms(names) else {
            return Resolved::NoSuchFile;
        };
        let versions = &conflict.versions;
        let Some(chosen) = versions.iter().find(|version| version.choice == choice) else {
            return Resolved::NoSuchChoice(versions.iter().map(|v| v.choice).collect());
        };
        let file = chosen.file.clone();
        let at = self.wall_s();
        let parties = self.parties_of(&file.name);
        if let Some(number) = chosen.secondaries.first() {
            self.catalog.choose(&file.name, *number, at);
        }
        for name in names.iter().filter(|name| **name != file.name) {
            let aside = self.catalog.withdraw(name, at);
            self.entry_gone(name, None);
            for (holder, meta) in aside {
                self.owed.withdraw(holder, &meta);
            }
        }
        self.content_changed(&file.name);
        self.tell_of_conflict(&file.name, parties);
        self.push_sources_of(|running| names.contains(&running.name));
        self.tell(Notice::Resolved { file: file.clone() });
        Resolved::To(file)
    }

    /// Who has something under a name that is in conflict.
    pub(super) fn parties_of(&self, name: &FileName) -> NumberSet {
        let mut parties = NumberSet::default();
        let forms: Vec<_> = match self.catalog.twins().shared(name) {
            Some(_) => self.catalog.twins().forms(name).collect(),
            None if self.catalog.conflicts().contains(name) => vec![name.clone()],
            None => Vec::new(),
        };
        for entry in forms.iter().filter_map(|form| self.catalog.get(form)) {
            let others = entry.others().map(|(number, _)| number);
            for number in entry.holders.iter().chain(others) {
                parties.insert(number);
            }
        }
        parties
    }

    /// Those who are part of a conflict, or were, hear what contents there are.
    pub(super) fn tell_of_conflict(&mut self, name: &FileName, before: NumberSet) {
        let now = self.parties_of(name);
        if before.is_empty() && now.is_empty() {
            return;
        }
        let alive = self.alive_set();
        // It goes by either name, or did.
        let composed = Twins::composed(name);
        for set in [before.without(now), now] {
            for number in set.and(alive).iter() {
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

/// The contents of a name, the one that is offered first.
fn versions_of(entry: &Entry) -> Vec<Version> {
    let mut found: BTreeMap<Digest, Version> = BTreeMap::new();
    for (number, other) in entry.others() {
        let (meta, modified) = match other {
            Other::Conflict(meta, modified) => (meta, *modified),
            // Replaced, or being changed: not a choice, unless nobody has what replaced it.
            Other::Outdated(meta) if entry.holders.is_empty() => (meta, None),
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
    let holders: Vec<_> = entry.holders.iter().collect();
    if let Some(first) = holders.first() {
        let offered = Version {
            choice: first.get(),
            file: entry.meta.clone(),
            modified: entry.modified,
            secondaries: holders,
            offered: true,
        };
        versions.insert(0, offered);
    }
    versions
}
