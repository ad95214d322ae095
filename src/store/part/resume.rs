//! What an earlier run left of a file that is to be received.

use std::io;

use super::{chunks::Chunks, names::Names, target::PartNote};
use crate::{
    model::{ChunkSet, FileMeta, Manifest},
    store::{
        StoreError,
        disk::{Content, Disk, FileOf},
        journal::{self, Found},
        zeros::are_zeros,
    },
};

/// What has the part file's name.
pub(super) enum Earlier {
    /// This file's, or nothing at all.
    Ours {
        /// Chunks that can be trusted.
        have: ChunkSet,
        note: Option<PartNote>,
    },
    /// Something else, which must not be overwritten.
    Foreign,
}

/// Looks at what an earlier run received. Where the journal is unreliable every chunk is read; then one good chunk, or
/// an empty file, shows that it is a part of this file.
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
    // A journal without records does not contradict a chunk that was being written when the machine stopped.
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
