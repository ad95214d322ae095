//! Which files of this disk have which chunks: those that are served, and those that were set aside a while ago, as a
//! file that is renamed elsewhere is set aside here under its old name before it is ordered under the new one.
//!
//! Not every chunk is remembered: all of a file's first ones, and of the others those whose digest says so, the same
//! ones in every file. Two files that have much in common are found to, and the memory is bounded: some bytes for each
//! small file, an eighth of its chunks for a large one.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet, VecDeque},
    fs::File,
    sync::Arc,
};

use parking_lot::{Mutex, MutexGuard};

use crate::{
    model::{ChunkIndex, Digest, FileName, IndexedFile, Manifest},
    store::{
        OwnFile, Root,
        disk::{Disk, Folder, Make},
        spot::Spot,
        stamp::stamp_of,
        zeros::digest_of_zeros,
    },
};

/// Chunks of a file, from the first, that are all remembered.
const ALL_OF: u32 = 64;
/// Of the others one in so many is.
const ONE_IN: u8 = 8;
/// Files that are looked for with one chunk.
const MOST_OF_CHUNK: usize = 4;
/// Files that are read for one that is received.
const MOST_FILES: usize = 8;
/// Files that were set aside which are remembered, and their chunks.
const MOST_ASIDE: usize = 100_000;
const MOST_ASIDE_CHUNKS: u64 = 1 << 20;

/// The table; clones are the same one.
#[derive(Clone, Debug, Default)]
pub struct OwnChunks {
    table: Arc<Mutex<Table>>,
}

#[derive(Debug, Default)]
struct Table {
    /// The beginning of a digest, and a file that has such a chunk.
    chunks: BTreeSet<(u64, u32)>,
    files: BTreeMap<u32, Known>,
    names: BTreeMap<FileName, u32>,
    /// Files that were set aside, the oldest first.
    aside: VecDeque<u32>,
    aside_chunks: u64,
    next: u32,
}

#[derive(Clone, Debug)]
struct Known {
    file: Arc<IndexedFile>,
    /// Where it is, when not under its name.
    aside: Option<String>,
}

impl OwnChunks {
    /// A file is served from now on; it replaces one of the same name.
    pub fn served(&self, file: &Arc<IndexedFile>) {
        let mut table = self.table();
        table.remove(&file.meta.name);
        let number = table.add(Arc::clone(file));
        table.names.insert(file.meta.name.clone(), number);
    }

    /// A file is not served any more.
    pub fn removed(&self, name: &FileName) {
        self.table().remove(name);
    }

    /// A file that is served was set aside; its path below the folder.
    pub fn set_aside(&self, name: &FileName, path: String) {
        self.table().set_aside(name, path);
    }

    /// Files that may have chunks of one that is received, opened one by one, the best first.
    pub fn files_for(
        &self,
        root: &Root,
        manifest: &Manifest,
    ) -> impl Iterator<Item = OwnFile> + use<> {
        let found = self.table().find(manifest);
        let root = root.clone();
        found.into_iter().filter_map(move |known| known.open(&root))
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock()
    }
}

impl Table {
    fn add(&mut self, file: Arc<IndexedFile>) -> u32 {
        while self.files.contains_key(&self.next) {
            self.next = self.next.wrapping_add(1);
        }
        let number = self.next;
        self.next = self.next.wrapping_add(1);
        for digest in remembered(&file.manifest) {
            self.chunks.insert((beginning(digest), number));
        }
        self.files.insert(number, Known { file, aside: None });
        number
    }

    fn remove(&mut self, name: &FileName) {
        if let Some(number) = self.names.remove(name) {
            self.forget(number);
        }
    }

    fn forget(&mut self, number: u32) {
        if let Some(known) = self.files.remove(&number) {
            for digest in remembered(&known.file.manifest) {
                self.chunks.remove(&(beginning(digest), number));
            }
        }
    }

    fn set_aside(&mut self, name: &FileName, path: String) {
        let Some(number) = self.names.remove(name) else {
            return;
        };
        let Some(known) = self.files.get_mut(&number) else {
            return;
        };
        known.aside = Some(path);
        self.aside_chunks += chunk_count(&known.file);
        self.aside.push_back(number);
        while self.aside.len() > MOST_ASIDE || self.aside_chunks > MOST_ASIDE_CHUNKS {
            let Some(oldest) = self.aside.pop_front() else {
                return;
            };
            let file = self.files.get(&oldest);
            self.aside_chunks -= file.map_or(0, |known| chunk_count(&known.file));
            self.forget(oldest);
        }
    }

    /// Those that have most of what is remembered.
    fn find(&self, manifest: &Manifest) -> Vec<Known> {
        let mut votes: BTreeMap<u32, u32> = BTreeMap::new();
        for digest in digests(manifest) {
            let key = beginning(digest);
            let having = self.chunks.range((key, 0)..=(key, u32::MAX));
            for (_, number) in having.take(MOST_OF_CHUNK) {
                *votes.entry(*number).or_default() += 1;
            }
        }
        let mut found: Vec<_> = votes.into_iter().collect();
        // Among equals, what is served goes before what may be gone any time.
        let is_aside = |number: &u32| self.files.get(number).is_some_and(|k| k.aside.is_some());
        found.sort_by_key(|(number, votes)| (Reverse(*votes), is_aside(number)));
        let best = found.into_iter().take(MOST_FILES);
        best.filter_map(|(number, _)| self.files.get(&number).cloned())
            .collect()
    }
}

impl Known {
    /// Opens it, if it is still what it was.
    fn open(&self, root: &Root) -> Option<OwnFile> {
        let path = self.aside.as_deref();
        let spot = match path {
            Some(path) => {
                let (folder, name) = path.rsplit_once('/')?;
                Spot {
                    folder: folder.to_owned(),
                    name: name.into(),
                }
            }
            None => Spot::from(&self.file.meta.name),
        };
        let dir = root.folder(&spot.folder, Make::Nothing).ok()?;
        let file: File = dir.open_file(&spot.name).ok()?;
        let stamp = stamp_of(&file.metadata().ok()?);
        let manifest = Arc::clone(&self.file.manifest);
        (stamp == self.file.stamp).then(|| OwnFile::known(file, manifest))
    }
}

fn chunk_count(file: &IndexedFile) -> u64 {
    u64::from(file.meta.layout.chunk_count())
}

/// Digests of all chunks but whole ones of zeros.
fn digests(manifest: &Manifest) -> impl Iterator<Item = Digest> + '_ {
    with_chunks(manifest).map(|(_, digest)| digest)
}

fn with_chunks(manifest: &Manifest) -> impl Iterator<Item = (ChunkIndex, Digest)> + '_ {
    let zeros = digest_of_zeros(u64::from(manifest.layout().chunk_bytes()));
    let chunks = (0..manifest.layout().chunk_count()).map(ChunkIndex);
    let with_digest = move |chunk| manifest.chunk(chunk).map(|digest| (chunk, digest));
    chunks
        .filter_map(with_digest)
        .filter(move |(_, digest)| *digest != zeros)
}

/// Digests by which a file can be found.
fn remembered(manifest: &Manifest) -> impl Iterator<Item = Digest> + '_ {
    let is_remembered = |chunk: ChunkIndex, digest: Digest| {
        chunk.0 < ALL_OF || digest.as_bytes()[31].is_multiple_of(ONE_IN)
    };
    with_chunks(manifest)
        .filter(move |(chunk, digest)| is_remembered(*chunk, *digest))
        .map(|(_, digest)| digest)
}

fn beginning(digest: Digest) -> u64 {
    let mut bytes = [0; 8];
    bytes.copy_from_slice(&digest.as_bytes()[..8]);
    u64::from_be_bytes(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        model::{ChunkLayout, FileMeta, FileTime, Stamp},
        store::{manifest_id, sha256},
    };

    /// A file with one digest per chunk, as if it were indexed; nothing of it is on the disk.
    fn file(name: &str, chunks: impl Iterator<Item = u32>) -> Arc<IndexedFile> {
        let digests: Vec<Digest> = chunks.map(|n| sha256(&n.to_be_bytes())).collect();
        let layout = ChunkLayout::for_file((digests.len() as u64) << 20).unwrap();
        let manifest = Manifest::new(layout, sha256(name.as_bytes()), digests).unwrap();
        let stamp = Stamp {
            device: 1,
            inode: 1,
            bytes: layout.file_bytes(),
            changed: FileTime(0, 0),
        };
        Arc::new(IndexedFile {
            meta: FileMeta {
                name: FileName::try_from(name).unwrap(),
                layout,
                id: manifest_id(&manifest),
            },
            manifest: Arc::new(manifest),
            stamp,
        })
    }

    fn found(own: &OwnChunks, wanted: &IndexedFile) -> Vec<String> {
        let found = own.table().find(&wanted.manifest);
        let name = |known: Known| known.file.meta.name.to_string();
        found.into_iter().map(name).collect()
    }

    #[test]
    fn the_file_with_most_in_common_comes_first_and_one_with_nothing_never() {
        let own = OwnChunks::default();
        own.served(&file("half", (0..20).chain(900..920)));
        own.served(&file("all", 0..41));
        own.served(&file("none", 500..540));
        let wanted = file("wanted", 0..40);
        assert_eq!(found(&own, &wanted), ["all", "half"]);
        own.removed(&FileName::try_from("all").unwrap());
        assert_eq!(found(&own, &wanted), ["half"]);
        // Another content of the name.
        own.served(&file("half", 700..710));
        assert!(found(&own, &wanted).is_empty());
        assert_eq!(own.table().files.len(), 2);
    }

    #[test]
    fn large_files_are_found_by_an_eighth_of_their_chunks_wherever_the_common_ones_are() {
        let own = OwnChunks::default();
        own.served(&file("large", 0..8000));
        let remembered = own.table().chunks.len();
        assert!((800..1300).contains(&remembered), "{remembered}");
        let wanted = file("wanted", (100_000..101_000).chain(3000..3200));
        assert_eq!(found(&own, &wanted), ["large"]);
    }

    #[test]
    fn what_was_set_aside_is_known_for_a_while_and_everything_of_it_has_an_end() {
        let own = OwnChunks::default();
        let name = |n: u32| FileName::try_from(format!("f{n}").as_str()).unwrap();
        let each = 8192;
        let most = u32::try_from(MOST_ASIDE_CHUNKS).unwrap() / each;
        for n in 0..most + 3 {
            own.served(&file(&format!("f{n}"), n * each..(n + 1) * each));
            own.set_aside(&name(n), format!(".trozos/retirados/f{n}"));
            // The index tells of its end as well.
            own.removed(&name(n));
        }
        let gone = file("wanted", 0..each);
        assert!(found(&own, &gone).is_empty());
        let kept = file("wanted", 3 * each..4 * each);
        assert_eq!(found(&own, &kept), ["f3"]);
        let table = own.table();
        assert_eq!(table.files.len(), most as usize);
        assert_eq!((table.names.len(), table.aside.len()), (0, most as usize));
    }

    #[test]
    fn a_chunk_that_many_files_have_leads_to_few_of_them() {
        let own = OwnChunks::default();
        for n in 0..1000 {
            own.served(&file(&format!("f{n:04}"), [0, n + 1].into_iter()));
        }
        let wanted = file("wanted", [0, 501].into_iter());
        let found = found(&own, &wanted);
        assert!(found.contains(&String::from("f0500")), "{found:?}");
        assert!(found.len() <= MOST_OF_CHUNK + 1);
    }
}
