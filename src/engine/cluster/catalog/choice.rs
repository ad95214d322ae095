//! Decisions of people: which content a name stands for, and which names go.

use std::collections::BTreeSet;

use super::{Catalog, standing::Other};
use crate::model::{FileMeta, FileName, SecondaryNumber};

impl Catalog {
    /// A person decides that a name stands for what this secondary has under it. Gives the new content.
    pub(in crate::engine::cluster) fn choose(
        &mut self,
        name: &FileName,
        number: SecondaryNumber,
        at: u64,
    ) -> Option<FileMeta> {
        self.version += 1;
        let name = name.clone();
        self.change(&name, |catalog| {
            let standing = catalog.names.get_mut(&name)?;
            let (chosen, modified) = if standing.holders.contains(number) {
                (standing.meta.clone(), standing.modified)
            } else {
                match standing.others.get(&number)? {
                    Other::Conflict(meta, modified) => (meta.clone(), *modified),
                    Other::Outdated(meta) => (meta.clone(), None),
                    Other::Changing => return None,
                }
            };
            if chosen.id != standing.meta.id {
                standing.give_to(chosen.clone(), modified, |before| {
                    Other::Outdated(before.meta)
                });
            }
            standing.is_settled = true;
            let mut losers = BTreeSet::new();
            for other in standing.others.values_mut() {
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
    pub(in crate::engine::cluster) fn withdraw(
        &mut self,
        name: &FileName,
        at: u64,
    ) -> Vec<(SecondaryNumber, FileMeta)> {
        self.version += 1;
        let name = name.clone();
        self.change(&name, |catalog| {
            let Some(standing) = catalog.names.remove(&name) else {
                return Vec::new();
            };
            catalog.twins.went(&name);
            let mut aside: Vec<_> = standing
                .holders
                .iter()
                .map(|holder| (holder, standing.meta.clone()))
                .collect();
            aside.extend(
                standing
                    .others
                    .iter()
                    .filter_map(|(number, other)| Some((*number, other.meta()?.clone()))),
            );
            catalog.pasts.edit(&name, None, at, |past| {
                aside.iter().for_each(|(_, meta)| past.lose(meta.id));
                past.deleted = true;
            });
            aside
        })
    }
}
