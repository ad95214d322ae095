//! Contents and disks. A chunk's content is a number that follows from its file; any other is wrong.

use std::{collections::BTreeMap, rc::Rc};

use trozos::{
    model::{ChunkIndex, ChunkLayout, ChunkSet, Digest, FileMeta, FileName},
    node::rules::changes::{Holding, KnownRecord},
};

pub const FRAME_BYTES: u32 = 512 << 10;

fn mix(a: u64, b: u64) -> u64 {
    let mut mixed = a.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ b.wrapping_add(0x1234_5678);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb)
}

/// What a frame of a chunk holds, when the chunk holds `chunk`.
pub fn frame_of(chunk: u64, offset: u32) -> u64 {
    mix(chunk, u64::from(offset))
}

/// The digest of a chunk that came in these frames, in order.
pub fn digest_of(frames: &[u64]) -> u64 {
    frames.iter().fold(7, |sum, frame| mix(sum, *frame))
}

/// A file of the story: its chunks' contents, and what a manifest says of them.
#[derive(Clone, Debug)]
pub struct Content {
    pub meta: FileMeta,
    pub chunks: Rc<[u64]>,
    pub manifest: Rc<[u64]>,
    /// When it came to be on this disk, in milliseconds of the story.
    pub modified: u64,
}

/// The id of a manifest.
pub fn manifest_id(manifest: &[u64]) -> Digest {
    let sum = manifest
        .iter()
        .fold(manifest.len() as u64, |s, d| mix(s, *d));
    let mut bytes = [0; Digest::BYTES];
    for (index, part) in bytes.chunks_exact_mut(8).enumerate() {
        part.copy_from_slice(&mix(sum, index as u64).to_le_bytes());
    }
    Digest::new(bytes)
}

impl Content {
    pub fn new(name: &str, number: u64, length: u64) -> Self {
        let layout = ChunkLayout::for_file(length).expect("a short file");
        let chunks: Rc<[u64]> = (0..u64::from(layout.chunk_count()))
            .map(|chunk| mix(number, chunk))
            .collect();
        let manifest: Rc<[u64]> = layout
            .all()
            .iter()
            .map(|chunk| {
                let mut frames = Vec::new();
                let mut offset = 0;
                while offset < layout.chunk_len(chunk) {
                    frames.push(frame_of(chunks[chunk.as_usize()], offset));
                    offset += FRAME_BYTES;
                }
                digest_of(&frames)
            })
            .collect();
        let meta = FileMeta {
            name: FileName::try_from(name).expect("a good name"),
            layout,
            id: manifest_id(&manifest),
        };
        Self {
            meta,
            chunks,
            manifest,
            modified: 0,
        }
    }
}

/// A file that is being received.
#[derive(Clone, Debug)]
struct Part {
    id: Digest,
    /// Digests of what was written.
    written: BTreeMap<ChunkIndex, u64>,
    journal: ChunkSet,
}

/// A file as its secondary serves it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    pub meta: FileMeta,
    pub modified: u64,
}

impl Holding for Held {
    fn meta(&self) -> &FileMeta {
        &self.meta
    }

    fn modified(&self) -> Option<u64> {
        Some(self.modified)
    }
}

/// A node's folder and what it keeps beside it, which outlive its process.
#[derive(Clone, Debug, Default)]
pub struct Disk {
    pub files: BTreeMap<FileName, Content>,
    /// What the central has noted of the files.
    pub known: BTreeMap<FileName, KnownRecord>,
    /// The folder as it was when somebody made a backup of it.
    pub backup: Option<BTreeMap<FileName, Content>>,
    /// Contents that were set aside.
    pub aside: Vec<FileMeta>,
    parts: BTreeMap<FileName, Part>,
    pub is_full: bool,
}

/// Why a write fails.
pub const FULL: &str = "no space left on the disk";
/// Why a file cannot get its name.
pub const TAKEN: &str = "other content has this name";

/// What is there of a file before it is received.
pub enum Before {
    Complete,
    Part(ChunkSet),
}

impl Disk {
    pub fn open_part(
        &mut self,
        meta: &FileMeta,
        replaces: Option<Digest>,
    ) -> Result<Before, &'static str> {
        match self.files.get(&meta.name) {
            Some(there) if there.meta.id == meta.id => return Ok(Before::Complete),
            Some(there) if Some(there.meta.id) != replaces => return Err(TAKEN),
            Some(_) | None => {}
        }
        let kept = self.parts.entry(meta.name.clone());
        let fresh = || Part {
            id: meta.id,
            written: BTreeMap::new(),
            journal: ChunkSet::new(meta.layout.chunk_count()),
        };
        let part = kept.or_insert_with(fresh);
        if part.id != meta.id {
            *part = fresh();
        }
        Ok(Before::Part(part.journal.clone()))
    }

    /// Writes a chunk. Whoever writes what the file does not hold breaks the first promise.
    pub fn write(
        &mut self,
        truth: &Content,
        chunk: ChunkIndex,
        digest: u64,
    ) -> Result<(), &'static str> {
        assert_eq!(
            digest,
            truth.manifest[chunk.as_usize()],
            "an unverified chunk {chunk} reaches {}",
            truth.meta.name
        );
        if self.is_full {
            return Err(FULL);
        }
        let Some(part) = self.parts.get_mut(&truth.meta.name) else {
            // A duplicate that comes after the end is written nowhere.
            assert!(self.files.contains_key(&truth.meta.name), "opened before");
            return Ok(());
        };
        part.written.insert(chunk, digest);
        part.journal.insert(chunk);
        Ok(())
    }

    /// The file gets its name.
    pub fn finish(
        &mut self,
        truth: &Content,
        replaces: Option<Digest>,
        modified: u64,
    ) -> Result<(), &'static str> {
        if let Some(there) = self.files.get(&truth.meta.name) {
            if Some(there.meta.id) != replaces {
                return Err(TAKEN);
            }
            self.aside.push(there.meta.clone());
        }
        let part = self.parts.remove(&truth.meta.name).expect("opened before");
        let written: Vec<_> = part.written.values().copied().collect();
        assert_eq!(written, *truth.manifest, "{} is not whole", truth.meta.name);
        let mut content = truth.clone();
        content.modified = modified;
        self.files.insert(truth.meta.name.clone(), content);
        Ok(())
    }

    /// The process was killed: what was not synced is not known any more.
    pub fn crash(&mut self, random: &mut fastrand::Rng) {
        for part in self.parts.values_mut() {
            for chunk in part.journal.clone().iter() {
                if random.u8(..3) == 0 {
                    part.journal.remove(chunk);
                }
            }
        }
    }
}
