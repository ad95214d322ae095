//! Where the chunks of downloads stood when they last ran, kept in little memory.

use std::collections::BTreeMap;

use super::DownloadNumber;
use crate::engine::download::{ChunkCell, ChunkMap};

/// Downloads whose maps are kept. The oldest are forgotten first.
const MOST_MAPS: usize = 256;

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Maps(BTreeMap<DownloadNumber, Kept>);

/// A map as runs of equal cells: there are few of them.
#[derive(Debug)]
struct Kept {
    chunk_count: u32,
    chunks_per_cell: u32,
    runs: Vec<(u32, ChunkCell)>,
}

impl Maps {
    /// Keeps the last map of a download, without the chunks that were on their way.
    pub(super) fn keep(&mut self, number: DownloadNumber, map: &ChunkMap) {
        let mut runs: Vec<(u32, ChunkCell)> = Vec::new();
        for cell in &map.cells {
            let in_flight = None;
            let cell = ChunkCell { in_flight, ..*cell };
            match runs.last_mut() {
                Some((length, last)) if *last == cell => *length += 1,
                _ => runs.push((1, cell)),
            }
        }
        runs.shrink_to_fit();
        let kept = Kept {
            chunk_count: map.chunk_count,
            chunks_per_cell: map.chunks_per_cell,
            runs,
        };
        self.0.insert(number, kept);
        if self.0.len() > MOST_MAPS {
            self.0.pop_first();
        }
    }

    /// The number stands for another download from now on.
    pub(super) fn forget(&mut self, number: DownloadNumber) {
        self.0.remove(&number);
    }

    pub(super) fn get(&self, number: DownloadNumber) -> Option<ChunkMap> {
        let kept = self.0.get(&number)?;
        let cells = kept.runs.iter();
        let cells = cells.flat_map(|(length, cell)| (0..*length).map(|_| *cell));
        Some(ChunkMap {
            chunk_count: kept.chunk_count,
            chunks_per_cell: kept.chunks_per_cell,
            cells: cells.collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{SecondaryNumber, Who};

    #[test]
    fn a_map_is_found_again_and_there_are_not_too_many() {
        let mut maps = Maps::default();
        let mut map = ChunkMap::whole(1000);
        map.cells[7].have = 0;
        map.cells[8] = ChunkCell {
            have: 1,
            in_flight: None,
            from: SecondaryNumber::try_from(3).ok().map(Who::Secondary),
        };
        for number in 1..=MOST_MAPS as u64 + 1 {
            maps.keep(DownloadNumber(number), &map);
        }
        assert_eq!(maps.get(DownloadNumber(1)), None);
        assert_eq!(maps.get(DownloadNumber(2)), Some(map));
        maps.forget(DownloadNumber(2));
        assert_eq!(maps.get(DownloadNumber(2)), None);
    }
}
