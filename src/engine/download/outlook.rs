//! What decisions look at: chunks, sources and readers at one moment. Reads the rooms and changes nothing.

use std::time::Instant;

use super::{chunks::ChunkTable, readers::Readers, source::Source, sources::Sources};
use crate::model::{ChunkIndex, ChunkLayout, Have, SourceId};

/// Rate of a source of which nothing is known where nothing is known of any, in bytes per second.
const ANY_RATE: f64 = 1e6;

/// The rooms at one moment.
#[derive(Clone, Copy, Debug)]
pub(super) struct Outlook<'a> {
    pub(super) now: Instant,
    pub(super) layout: ChunkLayout,
    pub(super) chunks: &'a ChunkTable,
    pub(super) sources: &'a Sources,
    /// Who reads the file while it comes.
    pub(super) readers: &'a Readers,
}

/// A source that works, with what is needed to compare it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Worker {
    pub(super) id: SourceId,
    pub(super) rate: f64,
    pub(super) outstanding_bytes: f64,
}

impl Worker {
    /// When it would have sent `more` bytes after all that is outstanding, in seconds.
    pub(super) fn time_for(&self, more: f64) -> f64 {
        (self.outstanding_bytes + more) / self.rate
    }
}

impl<'a> Outlook<'a> {
    /// Unassigned chunks, and their bytes: those that may be asked for and that nobody has to bring.
    pub(super) fn unassigned(&self) -> (u32, u64) {
        if self.readers.keeps_all() {
            return (self.chunks.missing_chunks(), self.chunks.missing_bytes());
        }
        self.missing_in_reach()
    }

    /// Missing chunks that readers are near enough to, and their bytes.
    pub(super) fn missing_in_reach(&self) -> (u32, u64) {
        let reached = self.readers.reached().into_iter();
        let missing = reached.filter(|chunk| self.chunks.is_missing(*chunk));
        missing.fold((0, 0), |(count, bytes), chunk| {
            (count + 1, bytes + u64::from(self.layout.chunk_len(chunk)))
        })
    }

    /// True for an unassigned chunk.
    pub(super) fn is_unassigned(&self, chunk: ChunkIndex) -> bool {
        let may_be = self.readers.keeps_all() || self.readers.reaches(chunk);
        may_be && self.chunks.is_missing(chunk)
    }

    /// Unassigned chunks that a source has.
    pub(super) fn unassigned_of(&self, source: &Source) -> usize {
        match source.have() {
            Have::All => self.unassigned().0 as usize,
            Have::Chunks(chunks) => chunks.iter().filter(|c| self.is_unassigned(*c)).count(),
        }
    }

    /// True when a source has an unassigned chunk.
    pub(super) fn has_more_for(&self, source: &Source) -> bool {
        self.unassigned().0 > 0 && self.unassigned_of(source) > 0
    }

    /// Missing chunks that readers are near enough to, in the order in which they need them.
    pub(super) fn in_reach(&self) -> impl Iterator<Item = ChunkIndex> + 'a {
        let chunks = self.chunks;
        let in_turn = self.readers.in_turn();
        in_turn.filter(move |chunk| chunks.is_missing(*chunk))
    }

    /// Sources that work, with their rates; one whose rate is unknown counts as typical.
    pub(super) fn workers(&self) -> Vec<Worker> {
        let known = self
            .sources
            .working()
            .filter_map(|source| source.rate(self.now));
        let known: Vec<f64> = known.collect();
        let typical = if known.is_empty() {
            ANY_RATE
        } else {
            known.iter().sum::<f64>() / known.len() as f64
        };
        let worker = |source: &Source| Worker {
            id: source.id(),
            rate: source.rate(self.now).unwrap_or(typical),
            outstanding_bytes: source.queue().sums().unfinished_bytes as f64,
        };
        self.sources.working().map(worker).collect()
    }
}
