//! The space of a part file: reserved before anything is written, freed for chunks that did not come.

use std::{io, sync::Arc};

use super::promises::Promise;
use crate::{
    model::{ChunkLayout, ChunkSet},
    store::{disk::Content, zeros},
};

/// Frees the space of missing chunks.
pub(super) fn give_back<C: Content>(
    file: &C,
    layout: ChunkLayout,
    have: &ChunkSet,
) -> io::Result<()> {
    let lacking = zeros::ranges(layout, have, false);
    lacking.into_iter().try_for_each(|gap| file.release(gap))
}

/// Reserves space for missing chunks. Chunks of zeros count as present: they are holes and need no space.
pub(super) fn reserve<C: Content>(
    file: &C,
    layout: ChunkLayout,
    zeros: &ChunkSet,
    have: &ChunkSet,
) -> io::Result<Arc<Promise>> {
    let before = file.entry()?;
    let (device, _) = before.identity;
    let filled = zeros::ranges(layout, zeros, false);
    let lacking_bytes = layout.file_bytes() - bytes_of(layout, have);
    let promise = Promise::ask(device, lacking_bytes, |promised_bytes| {
        file.reserve(layout.file_bytes(), &filled, promised_bytes)
    })?;
    if before.bytes > 0 {
        for range in zeros::ranges(layout, zeros, true) {
            file.clear(range)?;
        }
    }
    Ok(promise)
}

pub(super) fn bytes_of(layout: ChunkLayout, chunks: &ChunkSet) -> u64 {
    let lengths = chunks
        .iter()
        .map(|chunk| u64::from(layout.chunk_len(chunk)));
    lengths.sum()
}
