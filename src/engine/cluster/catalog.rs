//! Which files exist and who holds them. The first content under a name keeps the name; other content under
//! it is a conflict, neither offered nor copied nor overwritten. Soft state: rebuilt from enrolments.

use std::{collections::BTreeMap, ops::Bound};

use crate::model::{Digest, FileMeta, FileName, SecondaryNumber};

/// A set of secondaries; their numbers are 1 to 64.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct NumberSet(u64);

impl NumberSet {
    pub(super) fn insert(&mut self, number: SecondaryNumber) -> bool {
        let before = self.0;
        self.0 |= 1 << (number.get() - 1);
        self.0 != before
    }

    pub(super) fn remove(&mut self, number: SecondaryNumber) -> bool {
        let before = self.0;
        self.0 &= !(1 << (number.get() - 1));
        self.0 != before
    }

    pub(super) fn contains(self, number: SecondaryNumber) -> bool {
        self.0 >> (number.get() - 1) & 1 == 1
    }

    pub(super) fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    pub(super) fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    pub(super) fn len(self) -> u16 {
        self.0.count_ones() as u16
    }

    pub(super) fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// In order.
    pub(super) fn iter(self) -> impl Iterator<Item = SecondaryNumber> {
        let mut left = self.0;
        std::iter::from_fn(move || {
            let lowest = u64::from(left.trailing_zeros());
            // Without the lowest bit that is set.
            left &= left.wrapping_sub(1);
            SecondaryNumber::try_from(lowest + 1).ok()
        })
    }
}

/// A name and what it stands for.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) meta: FileMeta,
    /// Who holds this content, alive or not.
    pub(super) holders: NumberSet,
    /// Who holds other content under this name.
    conflicts: Vec<(SecondaryNumber, FileMeta)>,
}

/// All files.
#[derive(Debug, Default)]
pub(super) struct Catalog {
    entries: BTreeMap<FileName, Entry>,
    /// Counts changes.
    version: u64,
}

/// What adding a file did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Added {
    /// A new name.
    New,
    /// One more holder of known content.
    Holder,
    /// It was known already.
    Known,
    /// Other content has the name.
    Conflict,
    /// The last holder of the content that had the name holds other content now: this has the name.
    Replaced(FileMeta),
}

/// What taking a file away did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Removed {
    /// It was not known.
    Unknown,
    /// Others still hold it.
    HolderGone,
    /// Nobody holds it; a conflicting content may have taken the name over.
    EntryGone {
        /// The new content of the name.
        promoted: Option<FileMeta>,
    },
    /// Only a conflict went away.
    ConflictGone,
}

impl Catalog {
    pub(super) fn get(&self, name: &FileName) -> Option<&Entry> {
        self.entries.get(name)
    }

    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Another number after every change.
    pub(super) fn version(&self) -> u64 {
        self.version
    }

    pub(super) fn add(&mut self, number: SecondaryNumber, meta: &FileMeta) -> Added {
        self.version += 1;
        let Some(entry) = self.entries.get_mut(&meta.name) else {
            let mut holders = NumberSet::default();
            holders.insert(number);
            let entry = Entry {
                meta: meta.clone(),
                holders,
                conflicts: Vec::new(),
            };
            self.entries.insert(meta.name.clone(), entry);
            return Added::New;
        };
        if entry.meta.id == meta.id {
            entry.conflicts.retain(|(holder, _)| *holder != number);
            return if entry.holders.insert(number) {
                Added::Holder
            } else {
                Added::Known
            };
        }
        let known = entry
            .conflicts
            .iter()
            .any(|(n, m)| *n == number && m.id == meta.id);
        entry.conflicts.retain(|(holder, _)| *holder != number);
        entry.conflicts.push((number, meta.clone()));
        if entry.holders.remove(number)
            && entry.holders.is_empty()
            && let Removed::EntryGone {
                promoted: Some(promoted),
            } = self.drop_entry(&meta.name)
        {
            return Added::Replaced(promoted);
        }
        if known { Added::Known } else { Added::Conflict }
    }

    /// A secondary no longer holds this content under this name.
    pub(super) fn remove(
        &mut self,
        number: SecondaryNumber,
        name: &FileName,
        id: Digest,
    ) -> Removed {
        self.version += 1;
        let Some(entry) = self.entries.get_mut(name) else {
            return Removed::Unknown;
        };
        if entry.meta.id != id {
            let before = entry.conflicts.len();
            entry.conflicts.retain(|(n, m)| *n != number || m.id != id);
            return if entry.conflicts.len() < before {
                Removed::ConflictGone
            } else {
                Removed::Unknown
            };
        }
        if !entry.holders.remove(number) {
            return Removed::Unknown;
        }
        if !entry.holders.is_empty() {
            return Removed::HolderGone;
        }
        self.drop_entry(name)
    }

    /// Takes a name out for all its holders.
    pub(super) fn withdraw(&mut self, name: &FileName) -> Removed {
        self.drop_entry(name)
    }

    fn drop_entry(&mut self, name: &FileName) -> Removed {
        self.version += 1;
        let Some(entry) = self.entries.remove(name) else {
            return Removed::Unknown;
        };
        for (number, meta) in &entry.conflicts {
            self.add(*number, meta);
        }
        Removed::EntryGone {
            promoted: self.entries.get(name).map(|e| e.meta.clone()),
        }
    }

    /// Everything that a secondary is known to hold, conflicts included.
    pub(super) fn held_by(&self, number: SecondaryNumber) -> Vec<FileMeta> {
        self.entries
            .values()
            .flat_map(|entry| {
                let own = entry.holders.contains(number).then(|| entry.meta.clone());
                let other = entry.conflicts.iter().find(|(n, _)| *n == number);
                own.into_iter().chain(other.map(|(_, meta)| meta.clone()))
            })
            .collect()
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
}

impl Entry {
    pub(super) fn conflicts_with(&self, number: SecondaryNumber) -> bool {
        self.conflicting().any(|holder| holder == number)
    }

    /// Who holds other content under this name.
    pub(super) fn conflicting(&self) -> impl Iterator<Item = SecondaryNumber> {
        self.conflicts.iter().map(|(holder, _)| *holder)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ChunkLayout;

    fn number(n: u64) -> SecondaryNumber {
        SecondaryNumber::try_from(n).unwrap()
    }

    fn meta(name: &str, content: u8) -> FileMeta {
        FileMeta {
            name: FileName::try_from(name).unwrap(),
            layout: ChunkLayout::for_file(10).unwrap(),
            id: Digest::new([content; 32]),
        }
    }

    #[test]
    fn the_first_content_keeps_the_name_until_nobody_holds_it() {
        let mut catalog = Catalog::default();
        let (first, other) = (meta("a", 1), meta("a", 2));
        assert_eq!(catalog.add(number(1), &first), Added::New);
        assert_eq!(catalog.add(number(2), &other), Added::Conflict);
        assert_eq!(catalog.add(number(2), &other), Added::Known);
        assert_eq!(catalog.add(number(3), &first), Added::Holder);
        assert!(catalog.get(&first.name).unwrap().conflicts_with(number(2)));
        assert_eq!(
            catalog.remove(number(1), &first.name, first.id),
            Removed::HolderGone
        );
        assert_eq!(
            catalog.remove(number(1), &first.name, first.id),
            Removed::Unknown
        );
        let gone = catalog.remove(number(3), &first.name, first.id);
        assert_eq!(
            gone,
            Removed::EntryGone {
                promoted: Some(other.clone())
            }
        );
        assert_eq!(catalog.get(&other.name).unwrap().meta, other);
    }

    #[test]
    fn content_that_its_last_holder_replaces_leaves_the_name_to_the_new_one() {
        let mut catalog = Catalog::default();
        let (first, other) = (meta("a", 1), meta("a", 2));
        catalog.add(number(1), &first);
        catalog.add(number(2), &first);
        assert_eq!(catalog.add(number(1), &other), Added::Conflict);
        assert_eq!(
            catalog.add(number(2), &other),
            Added::Replaced(other.clone())
        );
        let entry = catalog.get(&other.name).unwrap();
        assert_eq!((&entry.meta, entry.holders.len()), (&other, 2));
        assert_eq!(entry.conflicting().count(), 0);
    }

    #[test]
    fn numbers_are_a_set() {
        let mut set = NumberSet::default();
        assert!(set.insert(number(64)) && set.insert(number(1)) && !set.insert(number(1)));
        assert_eq!(
            set.iter().map(SecondaryNumber::get).collect::<Vec<_>>(),
            [1, 64]
        );
        assert!(set.remove(number(1)) && !set.remove(number(1)));
        assert_eq!(set.len(), 1);
    }
}
