//! The contents that names had before. Replaced or deleted ones must not come back by themselves, from a disk that
//! was away, an old backup or a late copy. Kept across restarts of the central, within bounds of size and time.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{Digest, FileMeta, FileName, SecondaryNumber};

/// How many contents of one name are remembered. Beyond this the oldest is forgotten.
const GONE_PER_NAME: usize = 32;
/// About how much memory all records may take, in bytes.
const MOST_BYTES: usize = 24 << 20;
/// About what a name takes besides its text (kept about twice on the heap) and its contents, in bytes.
const NAME_COSTS: usize = 400;
/// How long a name is remembered after its last change, in seconds: 90 days. A copy that comes back later is taken
/// for new content.
const REMEMBERED_FOR_S: u64 = 90 * 24 * 3600;

/// Who caused a change: a secondary, or nobody if a person decided at the central.
type By = Option<SecondaryNumber>;

/// See [`crate::model::NameRecord`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Past {
    pub(super) gone: Vec<Digest>,
    pub(super) deleted: bool,
    /// The content that lost the name because its last copy vanished, and the one that has it since. If the first is
    /// found again, it is the newer one. Lost on a restart.
    pub(super) lost: Option<(FileMeta, Digest)>,
    pub(super) by: By,
    pub(super) at: u64,
}

impl Past {
    /// A content loses the name, as the latest.
    pub(super) fn lose(&mut self, id: Digest) {
        self.gone.retain(|gone| *gone != id);
        self.gone.push(id);
    }

    fn costs(&self, name: &FileName) -> usize {
        NAME_COSTS + 2 * name.as_str().len() + self.gone.len() * Digest::BYTES
    }
}

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Pasts {
    names: BTreeMap<FileName, Past>,
    /// The names of each origin by the time of their last change, and their size.
    origins: BTreeMap<By, Share>,
    bytes: usize,
    /// Names of which other things are recorded, or things that were forgotten.
    unsaved: BTreeSet<FileName>,
}

#[derive(Debug, Default)]
struct Share {
    by_age: BTreeSet<(u64, FileName)>,
    bytes: usize,
}

impl Pasts {
    pub(super) fn get(&self, name: &FileName) -> Option<&Past> {
        self.names.get(name)
    }

    /// True if this content has lost the name.
    pub(super) fn is_gone(&self, name: &FileName, id: Digest) -> bool {
        let past = self.names.get(name);
        past.is_some_and(|past| past.gone.contains(&id))
    }

    /// True if the name was deleted and nothing was put there since.
    pub(super) fn is_deleted(&self, name: &FileName) -> bool {
        self.names.get(name).is_some_and(|past| past.deleted)
    }

    /// Changes the record of a name, which must be saved then.
    pub(super) fn edit(&mut self, name: &FileName, by: By, at: u64, edit: impl FnOnce(&mut Past)) {
        let mut past = self.take_out(name).unwrap_or_default();
        edit(&mut past);
        if past.gone.len() > GONE_PER_NAME {
            past.gone.drain(..past.gone.len() - GONE_PER_NAME);
        }
        (past.by, past.at) = (by, at);
        self.unsaved.insert(name.clone());
        self.put(name.clone(), past);
        self.make_room();
    }

    /// The content loses the name.
    pub(super) fn supersede(&mut self, name: &FileName, id: Digest, by: By, at: u64) {
        self.edit(name, by, at, |past| past.lose(id));
    }

    /// Somebody wants this content under the name, whatever was before.
    pub(super) fn put_back(&mut self, name: &FileName, id: Digest, by: By, at: u64) {
        let Some(past) = self.names.get(name) else {
            return;
        };
        if past.deleted || past.gone.contains(&id) {
            self.edit(name, by, at, |past| {
                past.gone.retain(|gone| *gone != id);
                past.deleted = false;
            });
        }
    }

    /// Marks the name's record for saving, because its content was chosen among several.
    pub(super) fn remember(&mut self, name: &FileName, by: By, at: u64) {
        self.edit(name, by, at, |_| {});
    }

    /// A record of an earlier run.
    pub(super) fn load(&mut self, name: FileName, past: Past) {
        self.take_out(&name);
        self.put(name, past);
        self.make_room();
    }

    /// Forgets old records.
    pub(super) fn expire(&mut self, at: u64) {
        let oldest = at.saturating_sub(REMEMBERED_FOR_S);
        let mut old = Vec::new();
        for share in self.origins.values() {
            let first = share.by_age.iter().take_while(|(at, _)| *at < oldest);
            old.extend(first.map(|(_, name)| name.clone()));
        }
        for name in old {
            self.take_out(&name);
            self.unsaved.insert(name);
        }
    }

    /// Takes the names whose records must be saved.
    pub(super) fn take_unsaved(&mut self) -> BTreeSet<FileName> {
        std::mem::take(&mut self.unsaved)
    }

    /// What the name stands for has changed, which its record tells.
    pub(super) fn is_outdated(&mut self, name: &FileName) {
        if self.names.contains_key(name) {
            self.unsaved.insert(name.clone());
        }
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &FileName> {
        self.names.keys()
    }

    fn take_out(&mut self, name: &FileName) -> Option<Past> {
        let past = self.names.remove(name)?;
        let costs = past.costs(name);
        self.bytes -= costs;
        if let Some(share) = self.origins.get_mut(&past.by) {
            share.by_age.remove(&(past.at, name.clone()));
            share.bytes -= costs;
            if share.by_age.is_empty() {
                self.origins.remove(&past.by);
            }
        }
        Some(past)
    }

    fn put(&mut self, name: FileName, past: Past) {
        let costs = past.costs(&name);
        self.bytes += costs;
        let share = self.origins.entry(past.by).or_default();
        share.bytes += costs;
        share.by_age.insert((past.at, name.clone()));
        self.names.insert(name, past);
    }

    /// Forgets the oldest record of the origin that takes most.
    fn make_room(&mut self) {
        while self.bytes > MOST_BYTES {
            let most = self.origins.values().max_by_key(|share| share.bytes);
            let Some((_, name)) = most.and_then(|share| share.by_age.first()) else {
                return;
            };
            let name = name.clone();
            self.take_out(&name);
            self.unsaved.insert(name);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::samples::{name, number};

    fn id(n: u64) -> Digest {
        let mut bytes = [0; Digest::BYTES];
        bytes[..8].copy_from_slice(&n.to_le_bytes());
        Digest::new(bytes)
    }

    #[test]
    fn one_origin_cannot_make_the_central_forget_what_others_deleted() {
        let [one, two] = [1, 2].map(|n| Some(number(n)));
        let mut pasts = Pasts::default();
        pasts.supersede(&name("kept"), id(0), one, 1);
        let long = "d".repeat(200);
        let mut recorded = BTreeSet::new();
        for n in 0..200_000_u64 {
            pasts.supersede(&name(&format!("{long}{n}")), id(n), two, 2 + n);
            // What is forgotten is to be recorded as well.
            for name in pasts.take_unsaved() {
                match pasts.names.contains_key(&name) {
                    true => recorded.insert(name),
                    false => recorded.remove(&name),
                };
            }
        }
        assert!(pasts.names().eq(&recorded));
        assert!(pasts.bytes <= MOST_BYTES);
        assert!(pasts.is_gone(&name("kept"), id(0)));
        assert!(!pasts.is_gone(&name(&format!("{long}0")), id(0)));
        assert!(pasts.is_gone(&name(&format!("{long}199999")), id(199_999)));
    }

    #[test]
    fn contents_of_a_name_are_bounded_and_end() {
        let mut pasts = Pasts::default();
        for n in 0..100 {
            pasts.supersede(&name("a"), id(n), None, 5);
        }
        assert!(pasts.is_gone(&name("a"), id(99)) && !pasts.is_gone(&name("a"), id(0)));
        pasts.put_back(&name("a"), id(99), None, 5);
        assert!(!pasts.is_gone(&name("a"), id(99)));
        pasts.expire(5 + REMEMBERED_FOR_S);
        assert!(pasts.get(&name("a")).is_some());
        pasts.expire(6 + REMEMBERED_FOR_S);
        assert!(pasts.get(&name("a")).is_none());
        assert_eq!((pasts.bytes, pasts.origins.len()), (0, 0));
        assert_eq!(pasts.take_unsaved().len(), 1);
    }
}
