//! What is known of files, in memory: their digests by what they are recognised by.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use serde::{Deserialize, Serialize};

use crate::model::{FileName, FileTime, Manifest, Stamp};

/// What a file is recognised by in another run. Numbers of devices are others after a restart of the
/// computer: the path tells one disk's files from another's.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(super) struct Key {
    pub(super) name: Box<str>,
    pub(super) inode: u64,
    pub(super) bytes: u64,
    pub(super) changed: FileTime,
}

impl Key {
    pub(super) fn new(name: &FileName, stamp: Stamp) -> Self {
        Self {
            name: name.as_str().into(),
            inode: stamp.inode,
            bytes: stamp.bytes,
            changed: stamp.changed,
        }
    }

    pub(super) fn likeness(&self) -> Likeness {
        (self.inode, self.bytes, self.changed)
    }
}

/// What files have in common that may be the same one, whatever its name.
pub(super) type Likeness = (u64, u64, FileTime);

/// One of them.
type Named = (Box<str>, Arc<Manifest>);

/// Digests of files.
#[derive(Debug, Default)]
pub(super) struct Table {
    /// By name, mostly of one, those that are alike.
    files: HashMap<Likeness, Vec<Named>>,
    pub(super) count: usize,
}

impl Table {
    pub(super) fn get(&self, key: &Key) -> Option<&Arc<Manifest>> {
        let mut alike = self.files.get(&key.likeness())?.iter();
        let found = alike.find(|(name, _)| *name == key.name);
        found.map(|(_, manifest)| manifest)
    }

    pub(super) fn any_like(&self, likeness: Likeness) -> Option<&Arc<Manifest>> {
        let first = self.files.get(&likeness)?.first();
        first.map(|(_, manifest)| manifest)
    }

    /// Gives what was known of the file before.
    pub(super) fn insert(&mut self, key: Key, manifest: Arc<Manifest>) -> Option<Arc<Manifest>> {
        let alike = self.files.entry(key.likeness()).or_default();
        if let Some((_, known)) = alike.iter_mut().find(|(name, _)| *name == key.name) {
            return Some(std::mem::replace(known, manifest));
        }
        alike.push((key.name, manifest));
        self.count += 1;
        None
    }

    /// Gives whether there were any.
    pub(super) fn remove_alike(&mut self, likeness: Likeness) -> bool {
        let alike = self.files.remove(&likeness).unwrap_or_default();
        self.count -= alike.len();
        !alike.is_empty()
    }

    pub(super) fn retain(&mut self, of_use: &HashSet<Key>) {
        let kept = std::mem::take(self);
        for (key, manifest) in kept.iter().filter(|(key, _)| of_use.contains(key)) {
            self.insert(key, Arc::clone(manifest));
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (Key, &Arc<Manifest>)> {
        self.files.iter().flat_map(|(likeness, alike)| {
            let (inode, bytes, changed) = *likeness;
            alike.iter().map(move |(name, manifest)| {
                let key = Key {
                    name: name.clone(),
                    inode,
                    bytes,
                    changed,
                };
                (key, manifest)
            })
        })
    }
}
