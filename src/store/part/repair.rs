//! A file that is there and may be damaged: which of its chunks are good, and how they get into the part file that
//! will take its place. The file itself is only read.

use std::{io, path::PathBuf};

use super::chunks::is_hole;
use crate::{
    model::{ChunkIndex, ChunkSet, FileMeta, Manifest},
    store::{
        StoreError,
        disk::{Content, Disk, Entry, FileOf, Make},
        error::NotAFile,
        hash::{lanes, sha256_many},
        zeros::{self, zero_chunks},
    },
};

/// What is read before it is hashed, in bytes: some chunks, or one that is larger.
const LOT_BYTES: usize = 16 << 20;

/// What was found of a file that was read through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Checkup {
    /// Chunks that the file should have.
    pub chunks: u32,
    /// Those of them that are not as they should be, or not there.
    pub bad: u32,
}

/// A file that was read through.
pub(super) struct Old<D: Disk> {
    file: FileOf<D>,
    pub(super) entry: Entry,
    pub(super) path: PathBuf,
    good: ChunkSet,
}

impl<D: Disk> Old<D> {
    /// Reads the file that has the name.
    pub(super) fn look(
        disk: &D,
        meta: &FileMeta,
        manifest: &Manifest,
        keep_on: &dyn Fn() -> bool,
    ) -> Result<Self, StoreError> {
        let place = disk.place(&meta.name, Make::Nothing)?;
        let look = || {
            let file = place.open()?;
            let entry = file.entry()?;
            if !entry.is_file {
                return Err(io::Error::other(NotAFile));
            }
            let mut good = ChunkSet::new(meta.layout.chunk_count());
            let zeros = zero_chunks(manifest);
            let is_zeros = |chunk: &ChunkIndex| {
                zeros.contains(*chunk) && is_hole(&file, meta.layout.byte_range(*chunk))
            };
            // A hole need not be read.
            let (holes, others): (Vec<_>, Vec<_>) = meta.layout.all().iter().partition(is_zeros);
            for chunk in holes {
                good.insert(chunk);
            }
            for lot in lots(others.into_iter(), manifest) {
                proceed(keep_on)?;
                for (chunk, _) in good_of(&file, &lot, manifest) {
                    good.insert(chunk);
                }
            }
            Ok((file, entry, good))
        };
        let (file, entry, good) = look().map_err(|error| place.fail(&error))?;
        Ok(Self {
            file,
            entry,
            path: place.path,
            good,
        })
    }

    pub(super) fn checkup(&self) -> Checkup {
        let chunks = self.good.chunk_count();
        Checkup {
            chunks,
            bad: chunks - self.good.len(),
        }
    }

    /// Nothing is wrong with it, not even its length.
    pub(super) fn is_whole(&self, meta: &FileMeta) -> bool {
        self.good.is_full() && self.entry.bytes == meta.layout.file_bytes()
    }

    /// Copies what is good and not there yet. What was copied is read and hashed again: the old file is not
    /// ours alone, and blocks may be shared instead of copied.
    pub(super) fn fill(
        &self,
        part: &FileOf<D>,
        have: &mut ChunkSet,
        manifest: &Manifest,
        keep_on: &dyn Fn() -> bool,
    ) -> io::Result<()> {
        let lacking: Vec<_> = self.good.iter().filter(|c| !have.contains(*c)).collect();
        for lot in lots(lacking.into_iter(), manifest) {
            proceed(keep_on)?;
            for chunk in &lot {
                let range = manifest.layout().byte_range(*chunk);
                part.copy_range(&self.file, range.start, range)?;
            }
            for (chunk, bytes) in good_of(part, &lot, manifest) {
                zeros::punch(part, &bytes, manifest.layout().byte_range(chunk).start)?;
                have.insert(chunk);
            }
        }
        Ok(())
    }
}

pub(super) fn proceed(keep_on: &dyn Fn() -> bool) -> io::Result<()> {
    if keep_on() {
        Ok(())
    } else {
        Err(io::Error::other("stopped"))
    }
}

/// Chunks in groups that are best hashed together.
pub(super) fn lots(
    mut chunks: impl Iterator<Item = ChunkIndex>,
    manifest: &Manifest,
) -> impl Iterator<Item = Vec<ChunkIndex>> {
    let chunk_bytes = manifest.layout().chunk_bytes() as usize;
    let count = (LOT_BYTES / chunk_bytes).clamp(1, lanes());
    std::iter::from_fn(move || {
        let lot: Vec<_> = chunks.by_ref().take(count).collect();
        (!lot.is_empty()).then_some(lot)
    })
}

/// Those chunks that match their digest, and their bytes. One that cannot be read does not.
pub(super) fn good_of(
    file: &impl Content,
    lot: &[ChunkIndex],
    manifest: &Manifest,
) -> Vec<(ChunkIndex, Vec<u8>)> {
    let mut read = Vec::with_capacity(lot.len());
    for chunk in lot {
        let range = manifest.layout().byte_range(*chunk);
        let mut bytes = vec![0; range.len() as usize];
        if file.read_at(&mut bytes, range.start).is_ok() {
            read.push((*chunk, bytes));
        }
    }
    let messages: Vec<&[u8]> = read.iter().map(|(_, bytes)| bytes.as_slice()).collect();
    let digests = sha256_many(&messages);
    let checked = read.into_iter().zip(digests);
    checked
        .filter(|((chunk, _), digest)| manifest.chunk(*chunk) == Some(*digest))
        .map(|(good, _)| good)
        .collect()
}
