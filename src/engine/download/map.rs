//! Where the chunks of a file stand, coarse enough for people to look at. Knows nothing of how they come.

use std::{cmp::Reverse, collections::BTreeMap};

use crate::model::{ChunkIndex, Who};

/// Most cells of a map.
const MOST_CELLS: u32 = 4096;

/// A file's chunks in cells of equally many consecutive ones. The last cell may have fewer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChunkMap {
    /// Chunks of the file.
    pub chunk_count: u32,
    /// At most 4096 cells, from the first chunk on.
    pub cells: Vec<ChunkCell>,
    /// Chunks per cell, at least 1.
    pub chunks_per_cell: u32,
}

/// Some consecutive chunks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ChunkCell {
    /// Verified chunks of it.
    pub have: u32,
    /// Who was asked for the first of its chunks in flight.
    pub in_flight: Option<Who>,
    /// Who brought most of it. `None` means an earlier run, if some of it is here.
    pub from: Option<Who>,
}

impl ChunkMap {
    /// Nothing is here.
    pub fn empty(chunk_count: u32) -> Self {
        let chunks_per_cell = chunk_count.div_ceil(MOST_CELLS).max(1);
        let cells = chunk_count.div_ceil(chunks_per_cell) as usize;
        Self {
            chunk_count,
            cells: vec![ChunkCell::default(); cells],
            chunks_per_cell,
        }
    }

    /// All of it is here, from an earlier run.
    pub fn whole(chunk_count: u32) -> Self {
        let mut map = Self::empty(chunk_count);
        let mut left = chunk_count;
        for cell in &mut map.cells {
            cell.have = left.min(map.chunks_per_cell);
            left -= cell.have;
        }
        map
    }

    pub(super) fn cell_mut(&mut self, chunk: ChunkIndex) -> &mut ChunkCell {
        &mut self.cells[(chunk.0 / self.chunks_per_cell) as usize]
    }

    pub(super) fn set_brought_by(&mut self, brought_by: impl Iterator<Item = Option<Who>>) {
        let brought_by: Vec<_> = brought_by.collect();
        let chunks = brought_by.chunks(self.chunks_per_cell as usize);
        for (cell, brought) in self.cells.iter_mut().zip(chunks) {
            cell.from = most_of(brought);
        }
    }
}

/// Who is named most often; the first in order among equals.
fn most_of(brought_by: &[Option<Who>]) -> Option<Who> {
    if let [only] = brought_by {
        return *only;
    }
    let mut counts = BTreeMap::<_, u32>::new();
    for who in brought_by.iter().flatten() {
        *counts.entry(*who).or_default() += 1;
    }
    let most = counts
        .into_iter()
        .max_by_key(|(who, count)| (*count, Reverse(*who)));
    most.map(|(who, _)| who)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::SecondaryNumber;

    fn source(number: u64) -> Option<Who> {
        SecondaryNumber::try_from(number).ok().map(Who::Secondary)
    }

    #[test]
    fn large_files_share_cells_and_no_chunk_is_left_out() {
        for (chunks, cells, per_cell) in [
            (0, 0, 1),
            (1, 1, 1),
            (4096, 4096, 1),
            (4097, 2049, 2),
            (8192, 4096, 2),
            (1 << 20, 4096, 256),
        ] {
            let map = ChunkMap::whole(chunks);
            assert_eq!((map.cells.len(), map.chunks_per_cell), (cells, per_cell));
            let have: u32 = map.cells.iter().map(|cell| cell.have).sum();
            assert_eq!(have, chunks);
        }
    }

    #[test]
    fn a_cell_is_of_who_brought_most_of_it() {
        let mut map = ChunkMap::empty(8192);
        let mut brought = vec![None; 8192];
        brought[..6].copy_from_slice(&[
            source(2),
            source(1),
            None,
            source(3),
            source(2),
            source(2),
        ]);
        map.set_brought_by(brought.into_iter());
        let from: Vec<_> = map.cells[..4].iter().map(|cell| cell.from).collect();
        assert_eq!(from, [source(1), source(3), source(2), None]);
    }
}
