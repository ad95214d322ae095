//! What an announced file is to its name: one more copy, an edit, an old version, or independent content.

use std::collections::BTreeMap;

use super::{
    Catalog,
    standing::{Other, Standing, earlier, rank},
};
use crate::model::{Digest, FileMeta, FileName, HeldFile, Origin, SecondaryNumber};

/// How many contents an announced file may be an edit of. Further ones are ignored.
const MOST_BASES: usize = 8;

/// What an announced file is to the cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::engine::cluster) enum Announced {
    /// A new name.
    New,
    /// One more holder of the name's content.
    Holder,
    /// It was known already.
    Known,
    /// The name has this content now. The copies of the one before are outdated.
    Replaced,
    /// The name has this content now. It is in conflict with the one before.
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

impl Catalog {
    /// A secondary tells of a file; `at` is the time, in seconds since 1970.
    pub(in crate::engine::cluster) fn announce(
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
        let is_told = file.act.is_some_and(|act| !self.acts.is_new(act));
        // An announcement is old news if its content is known and has been replaced or deleted since.
        let origin = match file.origin {
            Origin::Written if is_gone && is_told => Origin::Found,
            origin => origin,
        };
        let Some(standing) = self.names.get_mut(name) else {
            if is_gone && self.pasts.is_deleted(name) && origin != Origin::Written {
                return Announced::Deleted;
            }
            let is_settled = file.origin == Origin::Written || !file.was.is_empty();
            self.twins.came(name);
            self.names
                .insert(name.clone(), Standing::new(file, number, is_settled));
            self.supersede(number, file, at);
            self.pasts.put_back(name, id, by, at);
            return Announced::New;
        };
        if standing.meta.id == id {
            standing.others.remove(&number);
            standing.is_remembered = false;
            // A copy has a later date than its original.
            standing.modified = earlier(standing.modified, file.modified);
            let is_new = standing.holders.insert(number);
            return match (self.reconsider(name, by, at), is_new) {
                (true, _) => Announced::TookOver,
                (false, true) => Announced::Holder,
                (false, false) => Announced::Known,
            };
        }
        let is_edit = file.was.contains(&standing.meta.id);
        let dated = |modified: Option<u64>| modified.unwrap_or(0);
        let past = self.pasts.get(name);
        let lost = past.and_then(|past| past.lost.as_ref());
        let was_lost =
            lost.is_some_and(|(lost, since)| lost.id == id && *since == standing.meta.id);
        match origin {
            Origin::Written if is_edit || standing.holders.contains(number) => {
                self.replace(number, file, at)
            }
            Origin::Written => self.conflict(number, file, at),
            Origin::Found | Origin::Copied if was_lost => self.replace(number, file, at),
            Origin::Found | Origin::Copied if is_gone => {
                let was_holder = standing.holders.remove(number);
                let other = Other::Outdated(file.meta.clone());
                if standing.others.insert(number, other.clone()) == Some(other) {
                    return Announced::Known;
                }
                let promoted = was_holder.then(|| self.fall_back(name, at)).flatten();
                promoted.map_or(Announced::Outdated, Announced::Promoted)
            }
            // An edit while the secondary was down. One that is older than what it would replace was brought back from
            // somewhere: that is for a person to decide.
            Origin::Found if is_edit && dated(file.modified) >= dated(standing.modified) => {
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

    /// Among contents that were merely found the latest gets the name, in whatever order they are announced. True when
    /// the name changes hands.
    fn reconsider(&mut self, name: &FileName, by: Option<SecondaryNumber>, at: u64) -> bool {
        let Some(standing) = self
            .names
            .get_mut(name)
            .filter(|standing| !standing.is_settled)
        else {
            return false;
        };
        let mut found: BTreeMap<Digest, (FileMeta, Option<u64>)> = BTreeMap::new();
        for other in standing.others.values() {
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
        let current = (standing.meta.clone(), standing.modified);
        if rank(&(meta.clone(), modified)) <= rank(&current) {
            return false;
        }
        standing.give_to(meta, modified, |before| {
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
        let Some(standing) = self.names.get_mut(name) else {
            return Announced::New;
        };
        let old = standing.meta.id;
        standing.holders.remove(number);
        standing.others.remove(&number);
        standing.give_to(file.meta.clone(), file.modified, |before| {
            Other::Outdated(before.meta)
        });
        standing.holders.insert(number);
        standing.is_settled = true;
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
        let Some(standing) = self.names.get_mut(name) else {
            return Announced::New;
        };
        // The content that had the name when somebody wrote another keeps it.
        standing.is_settled |= file.origin == Origin::Written;
        let was_holder = standing.holders.remove(number);
        let other = Other::Conflict(file.meta.clone(), file.modified);
        let before = standing.others.insert(number, other);
        if let Some(Other::Conflict(before, _)) = before {
            if before.id == file.meta.id {
                return Announced::Known;
            }
            // Content in conflict was changed. What it was before must not come back.
            self.pasts.supersede(name, before.id, Some(number), at);
        }
        self.pasts.remember(name, Some(number), at);
        let promoted = was_holder.then(|| self.fall_back(name, at)).flatten();
        promoted.map_or(Announced::Conflict, Announced::Promoted)
    }
}
