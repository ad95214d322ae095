//! What is there before a file is received: under its name, and of an earlier run.

use std::{io, path::PathBuf};

use super::{FileOf, PartNote, names::Names};
use crate::{
    model::{ByteRange, ChunkIndex, ChunkLayout, ChunkSet, FileMeta, Manifest},
    store::{
        StoreError,
        disk::{Content, Disk, Entry, Make},
        hash::sha256,
        journal::{self, Found},
        zeros::{self, are_zeros, digest_of_zeros},
    },
};

/// Chunks of which a journal says that they are on the disk, and which are read all the same.
const SAMPLE: usize = 16;

/// What has the name of a file that is to be received.
pub(super) enum Target {
    None,
    Same(PathBuf),
    Other(PathBuf, Entry),
}

pub(super) fn target<D: Disk>(
    disk: &D,
    meta: &FileMeta,
    manifest: &Manifest,
) -> Result<Target, StoreError> {
    let place = match disk.place(&meta.name, Make::Nothing) {
        Ok(place) => place,
        Err(StoreError::NotFound(_)) => return Ok(Target::None),
        Err(error) => return Err(error),
    };
    let found = match place.look().map_err(|error| place.fail(&error))? {
        None => return Ok(Target::None),
        Some(found) if !found.is_file || found.bytes != meta.layout.file_bytes() => {
            return Ok(Target::Other(place.path, found));
        }
        Some(found) => found,
    };
    let file = place.open().map_err(|error| place.fail(&error))?;
    let mut chunks = Chunks::new(&file, manifest);
    let is_same = meta.layout.all().iter().all(|chunk| chunks.is_good(chunk));
    Ok(if is_same {
        Target::Same(place.path)
    } else {
        Target::Other(place.path, found)
    })
}

/// What has the part file's name.
pub(super) enum Earlier {
    /// This file's, or nothing at all.
    Ours {
        /// Chunks that can be trusted.
        have: ChunkSet,
        note: Option<PartNote>,
    },
    /// Something else, which is not ours to write over.
    Foreign,
}

/// Looks at what an earlier run brought. Where the journal cannot be relied on, every chunk is read; then what
/// shows that it is this file's part is one good chunk, or that there is nothing in it.
pub(super) fn resume<D: Disk>(
    file: &FileOf<D>,
    meta: &FileMeta,
    manifest: &Manifest,
    names: &mut Names<D>,
) -> Result<Earlier, StoreError> {
    let fail = |error: io::Error| names.fail(&error);
    let length = file.entry().map_err(fail)?.bytes;
    let journal = match names.open_journal()? {
        Some(file) => journal::read(&file, meta).map_err(|error| names.fail_journal(&error))?,
        None => None,
    };
    let mut chunks = Chunks::new(file, manifest);
    let is_whole = length == meta.layout.file_bytes();
    let have = match &journal {
        _ if length == 0 => ChunkSet::new(meta.layout.chunk_count()),
        Some(found) if is_whole && chunks.is_sound(&found.synced) => {
            chunks.trusted(found).map_err(fail)?
        }
        _ => chunks.good(meta.layout),
    };
    let synced = journal.as_ref().map(|found| &found.synced);
    let lost = synced.map_or(0, |synced| {
        synced.iter().filter(|chunk| !have.contains(*chunk)).count() as u32
    });
    // A journal that expects nothing does not contradict a chunk that was being written when all stopped.
    let is_begun = |found: &Found| found.synced.is_empty() && found.unsure.is_empty();
    let is_vouched_for = is_whole && journal.as_ref().is_some_and(is_begun);
    if have.is_empty() && !is_vouched_for && !is_blank(file, length).map_err(fail)? {
        if !names.is_hidden() {
            return Ok(Earlier::Foreign);
        }
        file.resize(0).map_err(fail)?;
    }
    names.unsure |= length > 0;
    let note = if lost > 0 {
        Some(PartNote::Damaged { chunks: lost })
    } else if length > 0 && have.is_empty() && journal.is_none() {
        Some(PartNote::StartedOver)
    } else {
        None
    };
    Ok(Earlier::Ours { have, note })
}

/// True when there are only zeros in it: space that was reserved and never written.
fn is_blank(file: &impl Content, length: u64) -> io::Result<bool> {
    const STEP_BYTES: u64 = 1 << 20;
    let mut bytes = Vec::new();
    let mut offset = 0;
    while offset < length {
        match file.data_from(offset)? {
            None => return Ok(true),
            Some(data) => offset = data.min(length),
        }
        bytes.resize(STEP_BYTES.min(length - offset) as usize, 0);
        file.read_at(&mut bytes, offset)?;
        if !are_zeros(&bytes) {
            return Ok(false);
        }
        offset += bytes.len() as u64;
    }
    Ok(true)
}

/// True for a range of the file in which there is no data.
pub(super) fn is_hole(file: &impl Content, range: ByteRange) -> bool {
    let is_there = || file.entry().map(|entry| entry.bytes >= range.end);
    match file.data_from(range.start) {
        Ok(data) => data.is_none_or(|data| data >= range.end) && matches!(is_there(), Ok(true)),
        Err(_) => false,
    }
}

/// Compares chunks of a file with their digests.
struct Chunks<'a, F> {
    file: &'a F,
    manifest: &'a Manifest,
    bytes: Vec<u8>,
}

impl<'a, F: Content> Chunks<'a, F> {
    fn new(file: &'a F, manifest: &'a Manifest) -> Self {
        Self {
            file,
            manifest,
            bytes: Vec::new(),
        }
    }

    fn is_good(&mut self, chunk: ChunkIndex) -> bool {
        let range = self.manifest.layout().byte_range(chunk);
        if is_hole(self.file, range) {
            return self.manifest.chunk(chunk) == Some(digest_of_zeros(range.len()));
        }
        self.bytes.resize(range.len() as usize, 0);
        self.file.read_at(&mut self.bytes, range.start).is_ok()
            && self.manifest.chunk(chunk) == Some(sha256(&self.bytes))
    }

    /// True when some chunks, spread over all that should be there, are.
    fn is_sound(&mut self, synced: &ChunkSet) -> bool {
        let step = (synced.len() as usize / SAMPLE).max(1);
        let offset = fastrand::usize(..step);
        let mut sample = synced.iter().skip(offset).step_by(step);
        sample.all(|chunk| self.is_good(chunk))
    }

    /// What is on the disk, and what was written later and is good. The latter is written again: if the disk
    /// failed to keep it, the kernel still shows it, and would not try a second time.
    fn trusted(&mut self, found: &Found) -> io::Result<ChunkSet> {
        let mut trusted = found.synced.clone();
        for chunk in found.unsure.iter() {
            if is_hole(self.file, self.manifest.layout().byte_range(chunk)) {
                // Nothing was kept of it; zeros need no record.
                continue;
            }
            if self.is_good(chunk) {
                let start = self.manifest.layout().byte_range(chunk).start;
                zeros::write(self.file, &self.bytes, start)?;
                trusted.insert(chunk);
            }
        }
        Ok(trusted)
    }

    /// Every good chunk that is there.
    fn good(&mut self, layout: ChunkLayout) -> ChunkSet {
        let mut good = ChunkSet::new(layout.chunk_count());
        for chunk in layout.all().iter() {
            if self.is_good(chunk) {
                good.insert(chunk);
            }
        }
        good
    }
}
