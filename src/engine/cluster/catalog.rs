//! Which files exist, which content each name has, and who holds what under it.
//!
//! A name has one content at a time. A change of it that a secondary saw gives the name its new content, as long as
//! the change was made to the content that the name had; copies of the old one are *outdated*. Content that came about
//! without the one that has the name is in *conflict* with it: neither offered nor copied nor overwritten, until a
//! person decides. Contents that were replaced or deleted are remembered in `pasts`, so that they do not come back by
//! themselves. What is held is soft state, told anew by each enrolment; `pasts` and choices survive a restart.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Bound,
};

use super::{
    numbers::NumberSet,
    pasts::{Past, Pasts},
    twins::Twins,
};
use crate::model::{
    Digest, FileMeta, FileName, HeldFile, NameRecord, Origin, RemovedReason, SecondaryNumber,
};

/// Contents of which an announced file may be an edit; more are not looked at.
const MOST_BASES: usize = 8;

/// A name and what it stands for.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) meta: FileMeta,
    /// Last change of the content, in milliseconds since 1970.
    pub(super) modified: Option<u64>,
    /// Who holds this content, alive or not.
    pub(super) holders: NumberSet,
    /// What other secondaries have under this name.
    others: BTreeMap<SecondaryNumber, Other>,
    /// The content has the name by an edit or a choice. Else the latest of those that were found has it.
    is_settled: bool,
    /// An earlier run knew it; nobody has told of it since.
    is_remembered: bool,
}

/// What a secondary has under a name whose content it does not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Other {
    /// Content that had the name before.
    Outdated(FileMeta),
    /// Content that came about independently.
    Conflict(FileMeta, Option<u64>),
    /// Somebody is changing it just now.
    Changing,
}

impl Other {
    fn meta(&self) -> Option<&FileMeta> {
        match self {
            Self::Outdated(meta) | Self::Conflict(meta, _) => Some(meta),
            Self::Changing => None,
        }
    }
}

impl Entry {
    fn new(file: &HeldFile, number: SecondaryNumber, is_settled: bool) -> Self {
        Self {
            meta: file.meta.clone(),
            modified: file.modified,
            holders: NumberSet::of(number),
            others: BTreeMap::new(),
            is_settled,
            is_remembered: false,
        }
    }

    /// True for a secondary that must not be given the content: it has something of its own under the name.
    pub(super) fn is_busy(&self, number: SecondaryNumber) -> bool {
        let other = self.others.get(&number);
        other.is_some_and(|other| matches!(other, Other::Conflict(..) | Other::Changing))
    }

    /// The superseded content that a copy at this secondary takes the place of.
    pub(super) fn outdated_at(&self, number: SecondaryNumber) -> Option<Digest> {
        match self.others.get(&number) {
            Some(Other::Outdated(meta)) => Some(meta.id),
            Some(Other::Conflict(..) | Other::Changing) | None => None,
        }
    }

    /// Who holds a content of this name.
    pub(super) fn holders_of(&self, id: Digest) -> NumberSet {
        if self.meta.id == id {
            return self.holders;
        }
        let mut set = NumberSet::default();
        for (number, other) in &self.others {
            if other.meta().is_some_and(|meta| meta.id == id) {
                set.insert(*number);
            }
        }
        set
    }

    pub(super) fn others(&self) -> impl Iterator<Item = (SecondaryNumber, &Other)> {
        self.others.iter().map(|(number, other)| (*number, other))
    }

    pub(super) fn is_in_conflict(&self) -> bool {
        let mut others = self.others.values();
        others.any(|other| matches!(other, Other::Conflict(..)))
    }

    fn changing(&self) -> usize {
        let others = self.others.values();
        others.filter(|other| **other == Other::Changing).count()
    }

    /// Makes a content the name's; those who hold it are taken together. What becomes of the others' is `becomes`.
    fn give_to(&mut self, meta: FileMeta, modified: Option<u64>, becomes: impl Fn(Self) -> Other) {
        let before = Self {
            others: BTreeMap::new(),
            ..self.clone()
        };
        for number in before.holders.iter() {
            self.others.insert(number, becomes(before.clone()));
        }
        self.holders = NumberSet::default();
        self.is_remembered = false;
        (self.meta, self.modified) = (meta, modified);
        let id = self.meta.id;
        let same = |other: &Other| other.meta().is_some_and(|meta| meta.id == id);
        let holders: Vec<_> = self
            .others
            .iter()
            .filter(|(_, other)| same(other))
            .map(|(number, _)| *number)
            .collect();
        for number in holders {
            self.others.remove(&number);
            self.holders.insert(number);
        }
    }
}

/// What an announced file is to the cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Announced {
    /// A new name.
    New,
    /// One more holder of the name's content.
    Holder,
    /// It was known already.
    Known,
    /// The name has this content now. The copies of the one before are outdated.
    Replaced,
    /// The name has this content now, which is in conflict with the one before.
    TookOver,
    /// It had the name before: this secondary is to have the content that has it now.
    Outdated,
    /// The name has other content.
    Conflict,
    /// The same, and as nobody else held that, this one has the name now.
    Promoted(FileMeta),
    /// It was deleted elsewhere: this copy is to be set aside.
    Deleted,
}

/// What taking a file away did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Removed {
    /// It was not known.
    Unknown,
    /// Others still hold it.
    HolderGone,
    /// Only something that does not have the name went away.
    OtherGone,
    /// Somebody is changing it there; what it becomes is told later.
    Changing,
    /// Nobody holds it; another content may have taken the name over.
    EntryGone {
        /// The new content of the name.
        promoted: Option<FileMeta>,
    },
    /// Somebody deleted it.
    Deleted {
        /// The copies that are to be set aside.
        aside: Vec<(SecondaryNumber, FileMeta)>,
        /// The new content of the name: one that was in conflict with it.
        promoted: Option<FileMeta>,
    },
}

/// All files.
#[derive(Debug, Default)]
pub(super) struct Catalog {
    entries: BTreeMap<FileName, Entry>,
    pasts: Pasts,
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

    /// Names whose content nobody is known to hold.
    pub(super) fn orphans(&self) -> &BTreeSet<FileName> {
        &self.orphans
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

    /// A secondary tells of a file; `at` is the time, in seconds since 1970.
    pub(super) fn announce(
        &mut self,
        number: SecondaryNumber,
        file: &HeldFile,
        at: u64,
    ) -> Announced {
        self.version += 1;
        let name = file.meta.name.clone();
        self.change(&name, |catalog| catalog.take_in(number, file, at))
    }

    fn take_in(&mut self, number: SecondaryNumber, file: &HeldFile, at: u64) -> Announced {
        let (name, id, by) = (&file.meta.name, file.meta.id, Some(number));
        let is_gone = self.pasts.is_gone(name, id);
        // What was told before is old news, if it is known and has been replaced or deleted since.
        let origin = match file.origin {
            Origin::Written if file.again && is_gone => Origin::Found,
            origin => origin,
        };
        let Some(entry) = self.entries.get_mut(name) else {
            if is_gone && self.pasts.is_deleted(name) && origin != Origin::Written {
                return Announced::Deleted;
            }
            let is_settled = file.origin == Origin::Written || !file.was.is_empty();
            self.twins.came(name);
            self.entries
                .insert(name.clone(), Entry::new(file, number, is_settled));
            self.supersede(number, file, at);
            self.pasts.put_back(name, id, by, at);
            return Announced::New;
        };
        if entry.meta.id == id {
            entry.others.remove(&number);
            entry.is_remembered = false;
            // Copies are younger than what they were made of.
            entry.modified = earlier(entry.modified, file.modified);
            let is_new = entry.holders.insert(number);
            return match (self.reconsider(name, by, at), is_new) {
                (true, _) => Announced::TookOver,
                (false, true) => Announced::Holder,
                (false, false) => Announced::Known,
            };
        }
        let is_edit = file.was.contains(&entry.meta.id);
        let dated = |modified: Option<u64>| modified.unwrap_or(0);
        let past = self.pasts.get(name);
        let lost = past.and_then(|past| past.lost.as_ref());
        let was_lost = lost.is_some_and(|(lost, since)| lost.id == id && *since == entry.meta.id);
        match origin {
            Origin::Written if is_edit || entry.holders.contains(number) => {
                self.replace(number, file, at)
            }
            Origin::Written => self.conflict(number, file, at),
            Origin::Found | Origin::Copied if was_lost => self.replace(number, file, at),
            Origin::Found | Origin::Copied if is_gone => {
                let was_holder = entry.holders.remove(number);
                let other = Other::Outdated(file.meta.clone());
                if entry.others.insert(number, other.clone()) == Some(other) {
                    return Announced::Known;
                }
                let promoted = was_holder.then(|| self.fall_back(name, at)).flatten();
                promoted.map_or(Announced::Outdated, Announced::Promoted)
            }
            // An edit while the secondary was down. One that is older than what it would replace was brought back from
            // somewhere: that is for a person to decide.
            Origin::Found if is_edit && dated(file.modified) >= dated(entry.modified) => {
                self.replace(number, file, at)
            }
            Origin::Found | Origin::Copied => {
                let announced = self.conflict(number, file, at);
                if self.reconsider(name, by, at) {
                    Announced::TookOver
                } else {
                    announced
                }
            }
        }
    }

    /// Of contents that were all just found the latest has the name, in whatever order they were told of. True when
    /// that is another than before.
    fn reconsider(&mut self, name: &FileName, by: Option<SecondaryNumber>, at: u64) -> bool {
        let Some(entry) = self.entries.get_mut(name).filter(|entry| !entry.is_settled) else {
            return false;
        };
        let mut found: BTreeMap<Digest, (FileMeta, Option<u64>)> = BTreeMap::new();
        for other in entry.others.values() {
            if let Other::Conflict(meta, modified) = other {
                let known = found.entry(meta.id);
                let known = known.or_insert_with(|| (meta.clone(), *modified));
                known.1 = earlier(known.1, *modified);
            }
        }
        let latest = found.into_values().max_by_key(rank);
        let Some((meta, modified)) = latest else {
            return false;
        };
        let current = (entry.meta.clone(), entry.modified);
        if rank(&(meta.clone(), modified)) <= rank(&current) {
            return false;
        }
        entry.give_to(meta, modified, |before| {
            Other::Conflict(before.meta, before.modified)
        });
        self.pasts.remember(name, by, at);
        true
    }

    /// What the file was before has lost the name.
    fn supersede(&mut self, number: SecondaryNumber, file: &HeldFile, at: u64) {
        let name = &file.meta.name;
        for was in file.was.iter().take(MOST_BASES) {
            if *was != file.meta.id {
                self.pasts.supersede(name, *was, Some(number), at);
            }
        }
    }

    fn replace(&mut self, number: SecondaryNumber, file: &HeldFile, at: u64) -> Announced {
        let (name, by) = (&file.meta.name, Some(number));
        let Some(entry) = self.entries.get_mut(name) else {
            return Announced::New;
        };
        let old = entry.meta.id;
        entry.holders.remove(number);
        entry.others.remove(&number);
        entry.give_to(file.meta.clone(), file.modified, |before| {
            Other::Outdated(before.meta)
        });
        entry.others.remove(&number);
        entry.holders.insert(number);
        entry.is_settled = true;
        self.supersede(number, file, at);
        self.pasts.supersede(name, old, by, at);
        self.pasts.edit(name, by, at, |past| {
            past.gone.retain(|gone| *gone != file.meta.id);
            past.lost = None;
        });
        Announced::Replaced
    }

    fn conflict(&mut self, number: SecondaryNumber, file: &HeldFile, at: u64) -> Announced {
        let name = &file.meta.name;
        let Some(entry) = self.entries.get_mut(name) else {
            return Announced::New;
        };
        // What had the name when somebody wrote other content keeps it.
        entry.is_settled |= file.origin == Origin::Written;
        let was_holder = entry.holders.remove(number);
        let other = Other::Conflict(file.meta.clone(), file.modified);
        let before = entry.others.insert(number, other);
        if let Some(Other::Conflict(before, _)) = before {
            if before.id == file.meta.id {
                return Announced::Known;
            }
            // A change of content in conflict: what it was is not to come back.
            self.pasts.supersede(name, before.id, Some(number), at);
        }
        self.pasts.remember(name, Some(number), at);
        let promoted = was_holder.then(|| self.fall_back(name, at)).flatten();
        promoted.map_or(Announced::Conflict, Announced::Promoted)
    }

    /// A secondary no longer has this content under this name.
    pub(super) fn remove(
        &mut self,
        number: SecondaryNumber,
        file: &FileMeta,
        reason: RemovedReason,
        at: u64,
    ) -> Removed {
        self.version += 1;
        let name = file.name.clone();
        self.change(&name, |catalog| match reason {
            RemovedReason::Deleted => catalog.deleted(number, file, at),
            RemovedReason::Lost => catalog.lost(number, file, at),
            RemovedReason::Changing => catalog.begins_to_change(number, file),
        })
    }

    fn begins_to_change(&mut self, number: SecondaryNumber, file: &FileMeta) -> Removed {
        let Some(entry) = self.entries.get_mut(&file.name) else {
            return Removed::Unknown;
        };
        let is_known = entry.holders.remove(number) || entry.others.contains_key(&number);
        if !is_known && entry.meta.id != file.id {
            return Removed::Unknown;
        }
        entry.others.insert(number, Other::Changing);
        Removed::Changing
    }

    fn lost(&mut self, number: SecondaryNumber, file: &FileMeta, at: u64) -> Removed {
        let Some(entry) = self.entries.get_mut(&file.name) else {
            return Removed::Unknown;
        };
        if entry.meta.id == file.id && entry.holders.remove(number) {
            if !entry.holders.is_empty() || entry.changing() > 0 {
                return Removed::HolderGone;
            }
            let promoted = self.fall_back(&file.name, at);
            return Removed::EntryGone { promoted };
        }
        let other = entry.others.get(&number);
        let is_it = |other: &Other| other.meta().is_none_or(|meta| meta.id == file.id);
        if !other.is_some_and(is_it) {
            return Removed::Unknown;
        }
        entry.others.remove(&number);
        self.other_gone(&file.name)
    }

    fn other_gone(&mut self, name: &FileName) -> Removed {
        if self.drop_if_empty(name) {
            Removed::EntryGone { promoted: None }
        } else {
            Removed::OtherGone
        }
    }

    fn deleted(&mut self, number: SecondaryNumber, file: &FileMeta, at: u64) -> Removed {
        let (name, by) = (&file.name, Some(number));
        let lost = self.pasts.get(name).and_then(|past| past.lost.as_ref());
        let lost = lost
            .filter(|(lost, _)| lost.id == file.id)
            .map(|(_, since)| *since);
        let entry = self.entries.get_mut(name);
        if let Some(entry) = entry
            && entry.meta.id != file.id
            && lost != Some(entry.meta.id)
        {
            return match entry.others.remove(&number) {
                Some(Other::Conflict(meta, _)) if meta.id == file.id => {
                    self.pasts.supersede(name, file.id, by, at);
                    self.other_gone(name)
                }
                // What replaced the content that was deleted stays, and is copied there.
                Some(Other::Outdated(_) | Other::Changing) => self.other_gone(name),
                Some(other) => {
                    entry.others.insert(number, other);
                    Removed::Unknown
                }
                None => Removed::Unknown,
            };
        }
        self.pasts.edit(name, by, at, |past| {
            past.gone.retain(|gone| *gone != file.id);
            past.gone.push(file.id);
            (past.deleted, past.lost) = (true, None);
        });
        let Some(mut entry) = self.entries.remove(name) else {
            return Removed::Unknown;
        };
        // What had the name instead of what was deleted, after all copies of that were lost.
        self.pasts.supersede(name, entry.meta.id, by, at);
        self.twins.went(name);
        entry.holders.remove(number);
        let mut aside: Vec<_> = entry
            .holders
            .iter()
            .map(|holder| (holder, entry.meta.clone()))
            .collect();
        let mut independent = BTreeMap::new();
        for (other, what) in entry.others {
            match what {
                Other::Outdated(meta) => aside.push((other, meta)),
                Other::Conflict(meta, modified) => {
                    drop(independent.insert(other, (meta, modified)))
                }
                Other::Changing => {}
            }
        }
        let promoted = self.promote(name, independent, at);
        if let Some(entry) = self.entries.get_mut(name) {
            // They are to have what has the name now.
            for (holder, meta) in aside.drain(..) {
                entry.others.insert(holder, Other::Outdated(meta));
            }
        }
        Removed::Deleted { aside, promoted }
    }

    /// Gives a name that has no content any more to one of those that were in conflict with it, the latest.
    fn promote(
        &mut self,
        name: &FileName,
        independent: BTreeMap<SecondaryNumber, (FileMeta, Option<u64>)>,
        at: u64,
    ) -> Option<FileMeta> {
        let latest = independent
            .values()
            .max_by_key(|version| rank(version))?
            .clone();
        let mut entry = Entry {
            meta: latest.0.clone(),
            modified: latest.1,
            holders: NumberSet::default(),
            others: BTreeMap::new(),
            is_settled: true,
            is_remembered: false,
        };
        for (number, (meta, modified)) in independent {
            if meta.id == entry.meta.id {
                entry.holders.insert(number);
            } else {
                entry.others.insert(number, Other::Conflict(meta, modified));
            }
        }
        self.twins.came(name);
        self.entries.insert(name.clone(), entry);
        let by = self.pasts.get(name).and_then(|past| past.by);
        self.pasts.put_back(name, latest.0.id, by, at);
        Some(latest.0)
    }

    /// The name's content has no holder any more: what else there is gets the name, the latest that is in conflict, or
    /// the one that had it before.
    fn fall_back(&mut self, name: &FileName, at: u64) -> Option<FileMeta> {
        let entry = self.entries.get_mut(name)?;
        if !entry.holders.is_empty() || entry.changing() > 0 {
            return None;
        }
        let conflicts = entry.others.values().filter_map(|other| match other {
            Other::Conflict(meta, modified) => Some((meta.clone(), *modified)),
            Other::Outdated(_) | Other::Changing => None,
        });
        let latest = conflicts.max_by_key(rank);
        let by = self.pasts.get(name).and_then(|past| past.by);
        if let Some((meta, modified)) = latest {
            entry.give_to(meta.clone(), modified, |before| {
                Other::Outdated(before.meta)
            });
            entry.is_settled = true;
            self.pasts.remember(name, by, at);
            return Some(meta);
        }
        let past = self.pasts.get(name);
        let place =
            |id: Digest| past.and_then(|past| past.gone.iter().position(|gone| *gone == id));
        let outdated = entry.others.values().filter_map(Other::meta);
        let Some(meta) = outdated.max_by_key(|meta| place(meta.id)).cloned() else {
            self.drop_if_empty(name);
            return None;
        };
        let lost = entry.meta.clone();
        entry.give_to(meta.clone(), None, |before| Other::Outdated(before.meta));
        self.pasts.put_back(name, meta.id, by, at);
        self.pasts.edit(name, by, at, |past| {
            past.lost = Some((lost, meta.id));
        });
        Some(meta)
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

    /// A person decides that a name stands for what this secondary has under it. Gives the new content.
    pub(super) fn choose(
        &mut self,
        name: &FileName,
        number: SecondaryNumber,
        at: u64,
    ) -> Option<FileMeta> {
        self.version += 1;
        let name = name.clone();
        self.change(&name, |catalog| {
            let entry = catalog.entries.get_mut(&name)?;
            let (chosen, modified) = if entry.holders.contains(number) {
                (entry.meta.clone(), entry.modified)
            } else {
                match entry.others.get(&number)? {
                    Other::Conflict(meta, modified) => (meta.clone(), *modified),
                    Other::Outdated(meta) => (meta.clone(), None),
                    Other::Changing => return None,
                }
            };
            if chosen.id != entry.meta.id {
                entry.give_to(chosen.clone(), modified, |before| {
                    Other::Outdated(before.meta)
                });
            }
            entry.is_settled = true;
            let mut losers = BTreeSet::new();
            for other in entry.others.values_mut() {
                if let Some(meta) = other.meta().cloned() {
                    losers.insert(meta.id);
                    *other = Other::Outdated(meta);
                }
            }
            for loser in losers {
                catalog.pasts.supersede(&name, loser, None, at);
            }
            catalog.pasts.put_back(&name, chosen.id, None, at);
            catalog.pasts.remember(&name, None, at);
            Some(chosen)
        })
    }

    /// A person decides that a name is to go, as it differs from another only in its form. Gives who holds what.
    pub(super) fn withdraw(
        &mut self,
        name: &FileName,
        at: u64,
    ) -> Vec<(SecondaryNumber, FileMeta)> {
        self.version += 1;
        let name = name.clone();
        self.change(&name, |catalog| {
            let Some(entry) = catalog.entries.remove(&name) else {
                return Vec::new();
            };
            catalog.twins.went(&name);
            let mut aside: Vec<_> = entry
                .holders
                .iter()
                .map(|holder| (holder, entry.meta.clone()))
                .collect();
            aside.extend(
                entry
                    .others
                    .iter()
                    .filter_map(|(number, other)| Some((*number, other.meta()?.clone()))),
            );
            catalog.pasts.edit(&name, None, at, |past| {
                past.gone.extend(aside.iter().map(|(_, meta)| meta.id));
                past.deleted = true;
            });
            aside
        })
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

/// The order of contents that came about independently: the latest is the greatest.
fn rank((meta, modified): &(FileMeta, Option<u64>)) -> (u64, Digest) {
    (modified.unwrap_or(0), meta.id)
}

fn earlier(one: Option<u64>, other: Option<u64>) -> Option<u64> {
    one.into_iter().chain(other).min()
}

#[cfg(test)]
#[path = "catalog_tests.rs"]
mod tests;
