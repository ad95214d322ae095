//! A download that somebody reads from its beginning while it comes: chunks are asked for in order, and only so
//! far ahead of the reader as this side can keep.
//!
//! Ranges that the central assigns mean nothing here: all chunks are nobody's own, so that the first missing
//! one is the first that is asked for.

use super::{Download, source::Source};
use crate::model::{ChunkIndex, Have};

/// How far the reader is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reading {
    ahead_chunks: u32,
    taken_chunks: u32,
}

impl Reading {
    pub(super) fn new(ahead_chunks: u32) -> Self {
        Self {
            // With none nothing would ever come.
            ahead_chunks: ahead_chunks.max(1),
            taken_chunks: 0,
        }
    }

    /// The first chunk that may not be asked for yet.
    fn end(self) -> u32 {
        self.taken_chunks.saturating_add(self.ahead_chunks)
    }
}

impl Download {
    pub(super) fn taken(&mut self, chunks: u32) {
        if let Some(reading) = &mut self.reading {
            reading.taken_chunks = reading.taken_chunks.max(chunks);
        }
    }

    /// What may be asked for and nobody has to bring: chunks, and their bytes.
    pub(super) fn unassigned(&self) -> (u32, u64) {
        match self.reading {
            None => (self.chunks.missing_chunks(), self.chunks.missing_bytes()),
            Some(reading) => self
                .in_reach(reading)
                .fold((0, 0), |(count, bytes), chunk| {
                    (count + 1, bytes + u64::from(self.layout.chunk_len(chunk)))
                }),
        }
    }

    /// True for a missing chunk that may be asked for.
    pub(super) fn is_unassigned(&self, chunk: ChunkIndex) -> bool {
        let in_reach = self.reading.is_none_or(|reading| chunk.0 < reading.end());
        in_reach && self.chunks.is_missing(chunk)
    }

    /// True when a source has an unassigned chunk.
    pub(super) fn has_more_for(&self, source: &Source) -> bool {
        self.unassigned().0 > 0 && self.unassigned_of(source) > 0
    }

    /// Unassigned chunks that a source has.
    pub(super) fn unassigned_of(&self, source: &Source) -> usize {
        match &source.have {
            Have::All => self.unassigned().0 as usize,
            Have::Chunks(chunks) => chunks.iter().filter(|c| self.is_unassigned(*c)).count(),
        }
    }

    /// Missing chunks that the reader is near enough to, in order.
    pub(super) fn in_reach(&self, reading: Reading) -> impl Iterator<Item = ChunkIndex> + '_ {
        let missing = self.chunks.missing_forward(None);
        missing.take_while(move |chunk| chunk.0 < reading.end())
    }
}
