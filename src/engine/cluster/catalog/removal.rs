//! What happens to a name when a secondary no longer has a file: it was deleted there, lost, or is being changed. If
//! nobody holds a name's content any more, another content takes the name over.

use std::collections::BTreeMap;

use super::{
    Catalog,
    standing::{Other, Standing, rank},
};
use crate::{
    engine::cluster::numbers::NumberSet,
    model::{Digest, FileMeta, FileName, RemovedReason, SecondaryNumber},
};

/// What a removal did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::engine::cluster) enum Removed {
    /// The file was not known.
    Unknown,
    /// Others still hold it.
    HolderGone,
    /// A content that does not have the name went away.
    OtherGone,
    /// Somebody is changing it there. Its new content follows later.
    Changing,
    /// Nobody holds it any more. Another content may have taken the name over.
    NameGone {
        /// The new content of the name.
        promoted: Option<FileMeta>,
    },
    /// Somebody deleted it.
    Deleted {
        /// The copies that must be set aside.
        aside: Vec<(SecondaryNumber, FileMeta)>,
        /// The new content of the name: one that was in conflict with it.
        promoted: Option<FileMeta>,
    },
}

impl Catalog {
    /// A secondary no longer has this content under this name.
    pub(in crate::engine::cluster) fn remove(
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
        let Some(standing) = self.names.get_mut(&file.name) else {
            return Removed::Unknown;
        };
        let is_known = standing.holders.remove(number) || standing.others.contains_key(&number);
        if !is_known && standing.meta.id != file.id {
            return Removed::Unknown;
        }
        standing.others.insert(number, Other::Changing);
        Removed::Changing
    }

    fn lost(&mut self, number: SecondaryNumber, file: &FileMeta, at: u64) -> Removed {
        let Some(standing) = self.names.get_mut(&file.name) else {
            return Removed::Unknown;
        };
        if standing.meta.id == file.id && standing.holders.remove(number) {
            if !standing.holders.is_empty() || standing.changing() > 0 {
                return Removed::HolderGone;
            }
            let promoted = self.fall_back(&file.name, at);
            return Removed::NameGone { promoted };
        }
        let other = standing.others.get(&number);
        let is_it = |other: &Other| other.meta().is_none_or(|meta| meta.id == file.id);
        if !other.is_some_and(is_it) {
            return Removed::Unknown;
        }
        standing.others.remove(&number);
        self.other_gone(&file.name)
    }

    fn other_gone(&mut self, name: &FileName) -> Removed {
        if self.drop_if_empty(name) {
            Removed::NameGone { promoted: None }
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
        let standing = self.names.get_mut(name);
        // After its loss the content may have been written again, and be in conflict with the one that has the name since.
        let is_in_conflict = |standing: &Standing| {
            let other = standing.others.get(&number);
            matches!(other, Some(Other::Conflict(meta, _)) if meta.id == file.id)
        };
        if let Some(standing) = standing
            && standing.meta.id != file.id
            && (lost != Some(standing.meta.id) || is_in_conflict(standing))
        {
            return match standing.others.remove(&number) {
                Some(Other::Conflict(meta, _)) if meta.id == file.id => {
                    self.pasts.supersede(name, file.id, by, at);
                    self.other_gone(name)
                }
                // The content that replaced the deleted one stays and is copied there.
                Some(Other::Outdated(_) | Other::Changing) => self.other_gone(name),
                Some(other) => {
                    standing.others.insert(number, other);
                    Removed::Unknown
                }
                None => Removed::Unknown,
            };
        }
        self.pasts.edit(name, by, at, |past| {
            past.lose(file.id);
            (past.deleted, past.lost) = (true, None);
        });
        let Some(mut standing) = self.names.remove(name) else {
            return Removed::Unknown;
        };
        // The content that had the name after all copies of the deleted one were lost.
        self.pasts.supersede(name, standing.meta.id, by, at);
        self.twins.went(name);
        standing.holders.remove(number);
        let mut aside: Vec<_> = standing
            .holders
            .iter()
            .map(|holder| (holder, standing.meta.clone()))
            .collect();
        let mut independent = BTreeMap::new();
        for (other, what) in standing.others {
            match what {
                Other::Outdated(meta) => aside.push((other, meta)),
                Other::Conflict(meta, modified) => {
                    drop(independent.insert(other, (meta, modified)))
                }
                Other::Changing => {}
            }
        }
        let promoted = self.promote(name, independent, at);
        if let Some(standing) = self.names.get_mut(name) {
            // They get the name's new content, or have it already, if it had the name before and somebody put it back.
            for (holder, meta) in aside.drain(..) {
                if meta.id == standing.meta.id {
                    standing.holders.insert(holder);
                } else {
                    standing.others.insert(holder, Other::Outdated(meta));
                }
            }
        }
        Removed::Deleted { aside, promoted }
    }

    /// Gives a name without content to the latest of the contents that were in conflict with it.
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
        let mut standing = Standing {
            meta: latest.0.clone(),
            modified: latest.1,
            holders: NumberSet::default(),
            others: BTreeMap::new(),
            is_settled: true,
            is_remembered: false,
        };
        for (number, (meta, modified)) in independent {
            if meta.id == standing.meta.id {
                standing.holders.insert(number);
            } else {
                standing
                    .others
                    .insert(number, Other::Conflict(meta, modified));
            }
        }
        self.twins.came(name);
        self.names.insert(name.clone(), standing);
        let by = self.pasts.get(name).and_then(|past| past.by);
        self.pasts.put_back(name, latest.0.id, by, at);
        Some(latest.0)
    }

    /// Nobody holds the name's content any more. The latest content in conflict gets the name, or else
    /// the one that had it before.
    pub(super) fn fall_back(&mut self, name: &FileName, at: u64) -> Option<FileMeta> {
        let standing = self.names.get_mut(name)?;
        if !standing.holders.is_empty() || standing.changing() > 0 {
            return None;
        }
        let conflicts = standing.others.values().filter_map(|other| match other {
            Other::Conflict(meta, modified) => Some((meta.clone(), *modified)),
            Other::Outdated(_) | Other::Changing => None,
        });
        let latest = conflicts.max_by_key(rank);
        let by = self.pasts.get(name).and_then(|past| past.by);
        if let Some((meta, modified)) = latest {
            standing.give_to(meta.clone(), modified, |before| {
                Other::Outdated(before.meta)
            });
            standing.is_settled = true;
            self.pasts.remember(name, by, at);
            return Some(meta);
        }
        let past = self.pasts.get(name);
        let place =
            |id: Digest| past.and_then(|past| past.gone.iter().position(|gone| *gone == id));
        let outdated = standing.others.values().filter_map(Other::meta);
        let Some(meta) = outdated.max_by_key(|meta| place(meta.id)).cloned() else {
            self.drop_if_empty(name);
            return None;
        };
        let lost = standing.meta.clone();
        standing.give_to(meta.clone(), None, |before| Other::Outdated(before.meta));
        self.pasts.put_back(name, meta.id, by, at);
        self.pasts.edit(name, by, at, |past| {
            past.lost = Some((lost, meta.id));
        });
        Some(meta)
    }
}
