//! What people publish, and which of their devices can send it now. It knows accounts by name and devices by their
//! connections: who may speak for an account is known elsewhere, and where a device listens as well.
//!
//! What is published is a fact; who is there to send it is not, and is told again by each device on each connection.

#[cfg(test)]
mod tests;

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Bound,
};

use super::{ConnectionId, Refusal};
use crate::{
    engine::registry::{Entry as Fact, Registry},
    model::{
        AccountName, Audience, FileMeta, FileName, Limit, Publication, Publish, PublishedFile,
        limits::{MAX_AUDIENCE, MAX_PUBLISHED_EACH},
    },
};

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Publications {
    files: BTreeMap<FileName, Shared>,
    /// The files that each device can send.
    offered: BTreeMap<ConnectionId, BTreeSet<FileName>>,
    /// How many files that are not for all each account may see.
    private: BTreeMap<AccountName, usize>,
    /// What was decided and is not recorded yet, in order.
    facts: Vec<Fact>,
    version: u64,
}

/// A file, and the connections of those devices that can send it.
#[derive(Debug)]
struct Shared {
    publication: Publication,
    devices: BTreeSet<ConnectionId>,
}

/// What became of an order to publish.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Published {
    /// The name is new.
    New,
    /// It is published already, and another device can send it, or it is for others from now on.
    Again,
    /// The name had other content.
    Replaced,
}

impl Publications {
    /// Goes on from what was recorded. No device is there yet.
    pub(super) fn restore(registry: &Registry) -> Self {
        let mut room = Self::default();
        for publication in registry.publications() {
            room.insert(publication.clone(), BTreeSet::new());
        }
        room
    }

    /// A device of an account publishes a file, and can send it.
    ///
    /// # Errors
    /// When the name is not below the account's, stands for other content, or is one too many.
    pub(super) fn publish(
        &mut self,
        now_ms: u64,
        device: ConnectionId,
        owner: &AccountName,
        order: Publish,
    ) -> Result<Published, Refusal> {
        let name = order.file.name.clone();
        if name.publisher() != Some(owner.as_str()) {
            return Err(Refusal::NotYours(name));
        }
        let before = self.files.get(&name);
        let is_other = before.is_some_and(|shared| shared.publication.file.id != order.file.id);
        if is_other && !order.replaces {
            return Err(Refusal::NameTaken(name));
        }
        if let Audience::Only(these) = &order.audience
            && these.len() > MAX_AUDIENCE
        {
            return Err(Refusal::TooMany {
                of: Limit::Audience,
                most: MAX_AUDIENCE,
            });
        }
        if before.is_none() && self.of(owner).count() >= MAX_PUBLISHED_EACH {
            return Err(Refusal::TooMany {
                of: Limit::Published,
                most: MAX_PUBLISHED_EACH,
            });
        }
        let same = before.filter(|_| !is_other);
        let publication = Publication {
            file: order.file,
            owner: owner.clone(),
            audience: order.audience,
            at_ms: same.map_or(now_ms, |shared| shared.publication.at_ms),
        };
        let mut devices = same.map_or_else(BTreeSet::new, |shared| shared.devices.clone());
        devices.insert(device);
        let what = match before {
            None => Published::New,
            Some(_) if is_other => Published::Replaced,
            Some(_) => Published::Again,
        };
        if before.is_none_or(|shared| shared.publication != publication) {
            self.facts.push(Fact::Published(publication.clone()));
        }
        self.remove(&name);
        self.insert(publication, devices);
        Ok(what)
    }

    /// An account withdraws a file. Gives the devices that could send it.
    ///
    /// # Errors
    /// When it publishes none of that name.
    pub(super) fn withdraw(
        &mut self,
        owner: &AccountName,
        name: &FileName,
    ) -> Result<BTreeSet<ConnectionId>, Refusal> {
        let is_its = |shared: &&Shared| shared.publication.owner == *owner;
        if self.files.get(name).filter(is_its).is_none() {
            return Err(Refusal::NotPublished(name.clone()));
        }
        let gone = self.remove(name);
        self.facts.push(Fact::Withdrawn { name: name.clone() });
        Ok(gone)
    }

    /// An account is no more: all that it published is withdrawn. Gives the names, with the devices that could send each.
    pub(super) fn withdraw_all(
        &mut self,
        owner: &AccountName,
    ) -> Vec<(FileName, BTreeSet<ConnectionId>)> {
        let names: Vec<_> = self.of(owner).map(|of| of.file.name.clone()).collect();
        let withdrawn = names.into_iter().filter_map(|name| {
            let devices = self.withdraw(owner, &name).ok()?;
            Some((name, devices))
        });
        withdrawn.collect()
    }

    /// A device of an account says that it can send a file from now on, or cannot any more. False where no such file is
    /// published.
    pub(super) fn offer(
        &mut self,
        device: ConnectionId,
        owner: &AccountName,
        file: &FileMeta,
        is_there: bool,
    ) -> bool {
        let Some(shared) = self.files.get_mut(&file.name) else {
            return false;
        };
        let publication = &shared.publication;
        if publication.owner != *owner || publication.file != *file {
            return false;
        }
        let offered = self.offered.entry(device).or_default();
        let changes = if is_there {
            offered.insert(file.name.clone());
            shared.devices.insert(device)
        } else {
            offered.remove(&file.name);
            shared.devices.remove(&device)
        };
        self.version += u64::from(changes);
        true
    }

    /// A device is gone, or does not speak for its account any more. Gives the files that it could send.
    pub(super) fn left(&mut self, device: ConnectionId) -> Vec<FileName> {
        let names = self.offered.remove(&device).unwrap_or_default();
        for name in &names {
            if let Some(shared) = self.files.get_mut(name) {
                shared.devices.remove(&device);
            }
        }
        self.version += u64::from(!names.is_empty());
        names.into_iter().collect()
    }

    /// A published file, for who may see it.
    pub(super) fn get(
        &self,
        name: &FileName,
        viewer: Option<&AccountName>,
    ) -> Option<&Publication> {
        let publication = &self.files.get(name)?.publication;
        publication.is_for(viewer).then_some(publication)
    }

    /// What stands under a name, whoever asks.
    pub(super) fn named(&self, name: &FileName) -> Option<&Publication> {
        Some(&self.files.get(name)?.publication)
    }

    /// The devices that can send a content under a name, or under another one of equal content that this viewer may see.
    pub(super) fn devices(
        &self,
        file: &FileMeta,
        viewer: Option<&AccountName>,
    ) -> BTreeSet<ConnectionId> {
        let named = self.files.get(&file.name);
        let named = named.filter(|shared| shared.publication.file.id == file.id);
        let named = named.filter(|shared| shared.publication.is_for(viewer));
        named.map_or_else(BTreeSet::new, |shared| shared.devices.clone())
    }

    /// Files that this viewer may see, by name, from after a name, each with how many devices can send it.
    pub(super) fn after<'a>(
        &'a self,
        after: Option<&FileName>,
        viewer: Option<&'a AccountName>,
    ) -> impl Iterator<Item = (&'a Publication, usize)> + use<'a> {
        let from = after.cloned().map_or(Bound::Unbounded, Bound::Excluded);
        let files = self.files.range((from, Bound::Unbounded));
        let seen = files.filter(move |(_, shared)| shared.publication.is_for(viewer));
        seen.map(|(_, shared)| (&shared.publication, shared.devices.len()))
    }

    /// What an account publishes and this viewer may see, from after a name.
    pub(super) fn content<'a>(
        &'a self,
        owner: &'a AccountName,
        after: Option<&FileName>,
        viewer: Option<&'a AccountName>,
    ) -> impl Iterator<Item = PublishedFile> + use<'a> {
        let its = self.shared_of(owner, after);
        let seen = its.filter(move |shared| shared.publication.is_for(viewer));
        seen.map(
            move |Shared {
                      publication,
                      devices,
                  }| PublishedFile {
                file: publication.file.clone(),
                sources: u32::try_from(devices.len()).unwrap_or(u32::MAX),
                at_ms: publication.at_ms,
                audience: match viewer == Some(owner) {
                    true => publication.audience.clone(),
                    false => Audience::All,
                },
            },
        )
    }

    /// How many files of an account this viewer may see.
    pub(super) fn count(&self, owner: &AccountName, viewer: Option<&AccountName>) -> usize {
        self.of(owner).filter(|of| of.is_for(viewer)).count()
    }

    /// True when this account may see something that is not for all.
    pub(super) fn sees_more(&self, viewer: &AccountName) -> bool {
        self.private.contains_key(viewer)
    }

    /// A value that changes whenever something else is listed.
    pub(super) fn version(&self) -> u64 {
        self.version
    }

    pub(super) fn take_facts(&mut self) -> Vec<Fact> {
        std::mem::take(&mut self.facts)
    }

    /// Panics where the registry does not say what this room holds.
    pub(super) fn assert_recorded(&self, registry: &Registry) {
        assert!(self.facts.is_empty(), "{:?}", self.facts);
        let recorded: Vec<_> = registry.publications().collect();
        let held: Vec<_> = self.files.values().map(|s| &s.publication).collect();
        assert_eq!(recorded, held);
    }

    fn of(&self, owner: &AccountName) -> impl Iterator<Item = &Publication> + use<'_> {
        self.shared_of(owner, None)
            .map(|shared| &shared.publication)
    }

    /// What is published below an account's name, from after a name.
    fn shared_of(
        &self,
        owner: &AccountName,
        after: Option<&FileName>,
    ) -> impl Iterator<Item = &Shared> + use<'_> {
        let prefix = format!("@{owner}/");
        // No name has a character before a space.
        let first = FileName::try_from(format!("{prefix} ").as_str()).ok();
        let after = after.filter(|after| first.as_ref().is_none_or(|first| *after > first));
        let from = match after {
            Some(after) => Bound::Excluded(after.clone()),
            None => first.map_or(Bound::Unbounded, Bound::Included),
        };
        let files = self.files.range((from, Bound::Unbounded));
        let its = files.take_while(move |(name, _)| name.as_str().starts_with(&prefix));
        its.map(|(_, shared)| shared)
    }

    fn insert(&mut self, publication: Publication, devices: BTreeSet<ConnectionId>) {
        let name = publication.file.name.clone();
        for device in &devices {
            self.offered
                .entry(*device)
                .or_default()
                .insert(name.clone());
        }
        for viewer in publication.listed() {
            *self.private.entry(viewer.clone()).or_default() += 1;
        }
        let shared = Shared {
            publication,
            devices,
        };
        self.files.insert(name, shared);
        self.version += 1;
    }

    /// Takes a file out; gives the devices that could send it.
    fn remove(&mut self, name: &FileName) -> BTreeSet<ConnectionId> {
        let Some(Shared {
            publication,
            devices,
        }) = self.files.remove(name)
        else {
            return BTreeSet::new();
        };
        for device in &devices {
            if let Some(offered) = self.offered.get_mut(device) {
                offered.remove(name);
            }
        }
        for viewer in publication.listed() {
            let left = self.private.get_mut(viewer).map_or(0, |count| {
                *count -= 1;
                *count
            });
            if left == 0 {
                self.private.remove(viewer);
            }
        }
        self.version += 1;
        devices
    }
}
