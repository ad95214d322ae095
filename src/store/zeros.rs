//! Zeros: chunks of zeros are recognised by their digest, and runs of zeros become holes in received files. They are
//! neither sent nor stored.

use std::{io, ops::Range};

use parking_lot::Mutex;
use ring::digest::{Context, SHA256};

use super::disk::Content;
use crate::model::{ByteRange, ChunkIndex, ChunkLayout, ChunkSet, Digest, Manifest};

/// Zeros are left out of a file in blocks of this length, at multiples of it.
const HOLE_BYTES: usize = 64 << 10;
/// One block of them.
static BLOCK: [u8; HOLE_BYTES] = [0; HOLE_BYTES];

/// States of the digest of zeros are kept after every so many bytes.
const STATE_BYTES: usize = 4 << 10;

/// SHA-256 of so many zeros. Cheap once the states for longer ones are known, so that it can be called for every small
/// file.
pub(super) fn digest_of_zeros(bytes: u64) -> Digest {
    /// As many as the longest chunk that was asked for has.
    static STATES: Mutex<Vec<Context>> = Mutex::new(Vec::new());
    let (blocks, rest) = (bytes / STATE_BYTES as u64, bytes % STATE_BYTES as u64);
    let mut states = STATES.lock();
    let mut state = states
        .get(blocks as usize)
        .or_else(|| states.last())
        .cloned()
        .unwrap_or_else(|| Context::new(&SHA256));
    if states.is_empty() {
        states.push(state.clone());
    }
    while states.len() as u64 <= blocks {
        state.update(&BLOCK[..STATE_BYTES]);
        states.push(state.clone());
    }
    drop(states);
    state.update(&BLOCK[..rest as usize]);
    let mut digest = [0; Digest::BYTES];
    // SHA-256 has as many bytes.
    digest.copy_from_slice(state.finish().as_ref());
    Digest::new(digest)
}

/// The chunks of a file that are nothing but zeros.
pub fn zero_chunks(manifest: &Manifest) -> ChunkSet {
    let layout = manifest.layout();
    let mut zeros = ChunkSet::new(layout.chunk_count());
    let Some(last) = layout.chunk_count().checked_sub(1) else {
        return zeros;
    };
    let length = |chunk| u64::from(layout.chunk_len(chunk));
    // All but the last are as long as each other.
    let whole = (last > 0).then(|| digest_of_zeros(length(ChunkIndex(0))));
    for chunk in layout.all().iter() {
        let zero = match whole {
            Some(digest) if chunk.0 < last => digest,
            _ => digest_of_zeros(length(chunk)),
        };
        if manifest.chunk(chunk) == Some(zero) {
            zeros.insert(chunk);
        }
    }
    zeros
}

/// Bytes of a file that are in chunks of nothing but zeros.
pub fn zero_bytes(manifest: &Manifest) -> u64 {
    let length = |chunk| u64::from(manifest.layout().chunk_len(chunk));
    zero_chunks(manifest).iter().map(length).sum()
}

/// Where chunks are, or are not, in a set: neighbours together.
pub(super) fn ranges(layout: ChunkLayout, set: &ChunkSet, are_in: bool) -> Vec<ByteRange> {
    let mut ranges: Vec<ByteRange> = Vec::new();
    for chunk in layout.all().iter() {
        if set.contains(chunk) != are_in {
            continue;
        }
        let range = layout.byte_range(chunk);
        match ranges.last_mut() {
            Some(last) if last.end == range.start => last.end = range.end,
            _ => ranges.push(range),
        }
    }
    ranges
}

/// True when there are only zeros.
pub(super) fn are_zeros(bytes: &[u8]) -> bool {
    bytes
        .chunks(HOLE_BYTES)
        .all(|block| block == &BLOCK[..block.len()])
}

/// Runs of whole blocks of zeros, and what is between them. The bytes begin at a multiple of a block, or are shorter
/// than one.
fn runs(bytes: &[u8]) -> Vec<(Range<usize>, bool)> {
    let mut runs: Vec<(Range<usize>, bool)> = Vec::new();
    for start in (0..bytes.len()).step_by(HOLE_BYTES) {
        let end = bytes.len().min(start + HOLE_BYTES);
        let is_hole = end - start == HOLE_BYTES && are_zeros(&bytes[start..end]);
        match runs.last_mut() {
            Some((last, hole)) if *hole == is_hole => last.end = end,
            _ => runs.push((start..end, is_hole)),
        }
    }
    runs
}

/// Writes bytes, and leaves holes where they are zeros.
pub(super) fn write(file: &impl Content, bytes: &[u8], start: u64) -> io::Result<()> {
    for (run, is_hole) in runs(bytes) {
        let at = start + run.start as u64;
        if is_hole {
            let end = start + run.end as u64;
            file.clear(ByteRange { start: at, end })?;
        } else {
            file.write_at(&bytes[run], at)?;
        }
    }
    Ok(())
}

/// Makes holes of the zeros in bytes that are in a file already.
pub(super) fn punch(file: &impl Content, bytes: &[u8], start: u64) -> io::Result<()> {
    for (run, _) in runs(bytes).into_iter().filter(|(_, is_hole)| *is_hole) {
        file.clear(ByteRange {
            start: start + run.start as u64,
            end: start + run.end as u64,
        })?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::sha256;

    #[test]
    fn digests_of_zeros_are_those_of_zeros_in_any_order() {
        for length in [1u64 << 20, 0, 1, 65_535, 65_536, 65_537, 300_000, 1 << 20] {
            let zeros = vec![0; length as usize];
            assert_eq!(digest_of_zeros(length), sha256(&zeros), "{length}");
        }
    }

    #[test]
    fn chunks_of_zeros_are_found_the_short_last_one_too() {
        let layout = ChunkLayout::for_file((3 << 20) + 5).unwrap();
        let mut bytes = vec![0; (3 << 20) + 5];
        bytes[1 << 20] = 1;
        let chunks: Vec<_> = bytes.chunks(1 << 20).map(sha256).collect();
        let manifest = Manifest::new(layout, sha256(&bytes), chunks).unwrap();
        let zeros = zero_chunks(&manifest);
        assert_eq!(zeros.iter().map(|c| c.0).collect::<Vec<_>>(), [0, 2, 3]);
        assert_eq!(zero_bytes(&manifest), (2 << 20) + 5);
        let range = |start, end| ByteRange { start, end };
        let all = (3 << 20) + 5;
        assert_eq!(
            ranges(layout, &zeros, true),
            [range(0, 1 << 20), range(2 << 20, all)]
        );
        assert_eq!(ranges(layout, &zeros, false), [range(1 << 20, 2 << 20)]);
    }

    #[test]
    fn only_whole_blocks_of_zeros_are_holes() {
        let mut bytes = vec![0; 4 * HOLE_BYTES + 9];
        bytes[HOLE_BYTES] = 1;
        let holes = runs(&bytes);
        assert_eq!(
            holes,
            [
                (0..HOLE_BYTES, true),
                (HOLE_BYTES..2 * HOLE_BYTES, false),
                (2 * HOLE_BYTES..4 * HOLE_BYTES, true),
                (4 * HOLE_BYTES..4 * HOLE_BYTES + 9, false),
            ]
        );
        assert!(runs(&[]).is_empty());
    }
}
