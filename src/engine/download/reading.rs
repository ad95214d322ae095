//! How far ahead of its reader a download may be that somebody reads from its beginning while it comes. Owns the window of
//! the reader; knows nothing of chunks but their order.

use crate::model::ChunkIndex;

/// The window of a reader: chunks are asked for in order, and only as many ahead as this side can keep.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reading {
    ahead_chunks: u32,
    taken_chunks: u32,
}

impl Reading {
    /// Nothing was taken yet. With a window of none nothing would ever come, so there is at least one chunk.
    pub(super) fn new(ahead_chunks: u32) -> Self {
        Self {
            ahead_chunks: ahead_chunks.max(1),
            taken_chunks: 0,
        }
    }

    /// The reader has taken so many chunks, from the first.
    pub(super) fn taken(&mut self, chunks: u32) {
        self.taken_chunks = self.taken_chunks.max(chunks);
    }

    /// True for a chunk that the reader is near enough to.
    pub(super) fn reaches(self, chunk: ChunkIndex) -> bool {
        chunk.0 < self.end()
    }

    /// The first chunk that may not be asked for yet.
    fn end(self) -> u32 {
        self.taken_chunks.saturating_add(self.ahead_chunks)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_window_moves_with_the_reader_and_never_back() {
        let mut reading = Reading::new(2);
        let end = |reading: Reading| (0..20).find(|i| !reading.reaches(ChunkIndex(*i)));
        assert_eq!(end(reading), Some(2));
        reading.taken(5);
        reading.taken(3);
        assert_eq!(end(reading), Some(7));
        reading.taken(u32::MAX);
        assert_eq!(end(reading), None);
        assert_eq!(end(Reading::new(0)), Some(1));
    }
}
