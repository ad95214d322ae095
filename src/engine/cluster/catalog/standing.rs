//! What one name stands for: its content, the holders, and what other secondaries have under the name.
//!
//! A secondary is among the holders or among the others, never both.

use std::collections::BTreeMap;

use crate::{
    engine::cluster::numbers::NumberSet,
    model::{Digest, FileMeta, HeldFile, SecondaryNumber},
};

/// A name and what it stands for.
#[derive(Clone, Debug)]
pub(in crate::engine::cluster) struct Standing {
    pub(in crate::engine::cluster) meta: FileMeta,
    /// The last change of the content, in milliseconds since 1970.
    pub(in crate::engine::cluster) modified: Option<u64>,
    /// The holders of this content, alive or not.
    pub(in crate::engine::cluster) holders: NumberSet,
    /// What other secondaries have under this name.
    pub(super) others: BTreeMap<SecondaryNumber, Other>,
    /// The content has the name by an edit or a choice, not because it was the latest of those found.
    pub(super) is_settled: bool,
    /// Known from an earlier run only; nobody has announced it since.
    pub(super) is_remembered: bool,
}

/// What a secondary that is no holder has under the name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::engine::cluster) enum Other {
    /// Content that had the name before.
    Outdated(FileMeta),
    /// Content that was made without the name's content.
    Conflict(FileMeta, Option<u64>),
    /// Somebody is changing it.
    Changing,
}

impl Other {
    pub(super) fn meta(&self) -> Option<&FileMeta> {
        match self {
            Self::Outdated(meta) | Self::Conflict(meta, _) => Some(meta),
            Self::Changing => None,
        }
    }
}

impl Standing {
    pub(super) fn new(file: &HeldFile, number: SecondaryNumber, is_settled: bool) -> Self {
        Self {
            meta: file.meta.clone(),
            modified: file.modified,
            holders: NumberSet::of(number),
            others: BTreeMap::new(),
            is_settled,
            is_remembered: false,
        }
    }

    /// Secondaries that must not get a copy, because they have content of their own under the name.
    pub(in crate::engine::cluster) fn busy(&self) -> NumberSet {
        let is_own = |other: &Other| matches!(other, Other::Conflict(..) | Other::Changing);
        let own = self.others.iter().filter(|(_, other)| is_own(other));
        own.map(|(number, _)| *number).collect()
    }

    /// The outdated content that a copy at this secondary replaces.
    pub(in crate::engine::cluster) fn outdated_at(
        &self,
        number: SecondaryNumber,
    ) -> Option<Digest> {
        match self.others.get(&number) {
            Some(Other::Outdated(meta)) => Some(meta.id),
            Some(Other::Conflict(..) | Other::Changing) | None => None,
        }
    }

    /// The holders of a content of this name.
    pub(in crate::engine::cluster) fn holders_of(&self, id: Digest) -> NumberSet {
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

    pub(in crate::engine::cluster) fn others(
        &self,
    ) -> impl Iterator<Item = (SecondaryNumber, &Other)> {
        self.others.iter().map(|(number, other)| (*number, other))
    }

    pub(in crate::engine::cluster) fn is_in_conflict(&self) -> bool {
        let mut others = self.others.values();
        others.any(|other| matches!(other, Other::Conflict(..)))
    }

    pub(super) fn changing(&self) -> usize {
        let others = self.others.values();
        others.filter(|other| **other == Other::Changing).count()
    }

    /// Gives the name to a content and gathers its holders. `becomes` says what the content before is to its holders.
    pub(super) fn give_to(
        &mut self,
        meta: FileMeta,
        modified: Option<u64>,
        becomes: impl Fn(Self) -> Other,
    ) {
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

/// The order of contents in conflict: the latest is the greatest.
pub(super) fn rank((meta, modified): &(FileMeta, Option<u64>)) -> (u64, Digest) {
    (modified.unwrap_or(0), meta.id)
}

/// The earlier of two times, as far as they are known.
pub(super) fn earlier(one: Option<u64>, other: Option<u64>) -> Option<u64> {
    one.into_iter().chain(other).min()
}
