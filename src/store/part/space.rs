//! The space of a part file: asked for before anything is written, given back for what did not come.

use std::{io, sync::Arc};

use super::{FileOf, promises::Promise};
use crate::{
    model::{ByteRange, ChunkLayout, ChunkSet},
    store::disk::{Content, Disk},
};

/// Gives the space back that was taken for what is not there.
pub(super) fn give_back<D: Disk>(
    file: &FileOf<D>,
    layout: ChunkLayout,
    have: &ChunkSet,
) -> io::Result<()> {
    gaps(layout, have).try_for_each(|gap| file.release(gap))
}

/// Sees to the space for what is not there yet.
pub(super) fn reserve<C: Content>(
    file: &C,
    layout: ChunkLayout,
    have: &ChunkSet,
) -> io::Result<Arc<Promise>> {
    let (device, _) = file.entry()?.identity;
    let lacking_bytes = layout.file_bytes() - bytes_of(layout, have);
    Promise::ask(device, lacking_bytes, |promised_bytes| {
        file.reserve(layout.file_bytes(), promised_bytes)
    })
}

pub(super) fn bytes_of(layout: ChunkLayout, chunks: &ChunkSet) -> u64 {
    let lengths = chunks
        .iter()
        .map(|chunk| u64::from(layout.chunk_len(chunk)));
    lengths.sum()
}

/// The ranges of a file that are not there.
pub(super) fn gaps(layout: ChunkLayout, have: &ChunkSet) -> impl Iterator<Item = ByteRange> {
    let mut lacking = layout.all().iter().filter(|chunk| !have.contains(*chunk));
    let mut next = lacking.next().map(|chunk| layout.byte_range(chunk));
    std::iter::from_fn(move || {
        let mut gap = next.take()?;
        for range in lacking.by_ref().map(|chunk| layout.byte_range(chunk)) {
            if range.start != gap.end {
                next = Some(range);
                break;
            }
            gap.end = range.end;
        }
        Some(gap)
    })
}
