//! The files that a secondary serves, by name and by content. Its index tells which.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use crate::model::{Digest, FileName, IndexedFile};

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Holdings {
    by_name: BTreeMap<FileName, Arc<IndexedFile>>,
    /// Contents and their names; `None` sorts before all names of a content.
    by_content: BTreeSet<(Digest, Option<FileName>)>,
    bytes: u64,
}

impl Holdings {
    /// A file is served from now on, in place of one of the same name.
    pub(super) fn insert(&mut self, file: Arc<IndexedFile>) {
        let name = file.meta.name.clone();
        self.remove(&name);
        self.by_content.insert((file.meta.id, Some(name.clone())));
        self.bytes += file.meta.layout.file_bytes();
        self.by_name.insert(name, file);
    }

    /// A file is no longer served.
    pub(super) fn remove(&mut self, name: &FileName) {
        if let Some((name, file)) = self.by_name.remove_entry(name) {
            self.by_content.remove(&(file.meta.id, Some(name)));
            self.bytes -= file.meta.layout.file_bytes();
        }
    }

    /// The file of a name.
    pub(super) fn named(&self, name: &FileName) -> Option<&Arc<IndexedFile>> {
        self.by_name.get(name)
    }

    /// A file with this content, by preference the one of this name.
    pub(super) fn with_content(&self, id: Digest, name: &FileName) -> Option<&Arc<IndexedFile>> {
        let is_it = |file: &&Arc<IndexedFile>| file.meta.id == id;
        let named = self.named(name).filter(is_it);
        named.or_else(|| {
            let (_, name) = self.by_content.range((id, None)..).next()?;
            self.named(name.as_ref()?).filter(is_it)
        })
    }

    /// All of them, by name.
    pub(super) fn by_name(&self) -> &BTreeMap<FileName, Arc<IndexedFile>> {
        &self.by_name
    }

    /// Their total length.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        model::{ChunkLayout, FileTime, Manifest, Stamp},
        store::indexed,
    };

    fn file(name: &str, content: u8) -> Arc<IndexedFile> {
        let layout = ChunkLayout::for_file(3).unwrap();
        let digest = Digest::new([content; 32]);
        let manifest = Manifest::new(layout, digest, vec![digest]).unwrap();
        let stamp = Stamp {
            device: 1,
            inode: 2,
            bytes: 3,
            changed: FileTime(4, 5),
        };
        let name = FileName::try_from(name).unwrap();
        Arc::new(indexed(name, stamp, Arc::new(manifest)))
    }

    #[test]
    fn a_content_is_found_under_whatever_name_is_left_of_it() {
        let mut held = Holdings::default();
        let (a, b, c) = (file("a", 1), file("b", 1), file("c", 2));
        for file in [&a, &b, &c] {
            held.insert(Arc::clone(file));
        }
        let found = |held: &Holdings, of: &IndexedFile, name: &FileName| {
            let found = held.with_content(of.meta.id, name);
            found.map(|file| file.meta.name.to_string())
        };
        let [name_a, name_b, name_c] = [&a, &b, &c].map(|file| file.meta.name.clone());
        assert_eq!(found(&held, &a, &name_b).as_deref(), Some("b"));
        assert_eq!(found(&held, &a, &name_c).as_deref(), Some("a"));
        held.remove(&name_a);
        assert_eq!(found(&held, &a, &name_a).as_deref(), Some("b"));
        // Another content of the name.
        held.insert(file("b", 3));
        assert_eq!(found(&held, &a, &name_a), None);
        assert_eq!((held.by_name().len(), held.bytes()), (2, 6));
        held.remove(&name_b);
        held.remove(&name_c);
        assert_eq!((held.by_content.len(), held.bytes()), (0, 0));
    }
}
