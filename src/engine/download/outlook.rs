//! What decisions look at: chunks, sources and the reader's window at one moment. Reads the rooms and changes nothing.

use std::time::Instant;

use super::{chunks::ChunkTable, reading::Reading, source::Source, sources::Sources};
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
    /// The window of whoever reads the file while it comes.
    pub(super) reading: Option<Reading>,
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
        match self.reading {
            None => (self.chunks.missing_chunks(), self.chunks.missing_bytes()),
            Some(reading) => self
                .in_reach(reading)
                .fold((0, 0), |(count, bytes), chunk| {
                    (count + 1, bytes + u64::from(self.layout.chunk_len(chunk)))
                }),
        }
    }

    /// True for an unassigned chunk.
    pub(super) fn is_unassigned(&self, chunk: ChunkIndex) -> bool {
        let in_reach = self.reading.is_none_or(|reading| reading.reaches(chunk));
        in_reach && self.chunks.is_missing(chunk)
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

    /// Missing chunks that a reader is near enough to, in order.
    pub(super) fn in_reach(&self, reading: Reading) -> impl Iterator<Item = ChunkIndex> + 'a {
        let missing = self.chunks.missing_forward(None);
        missing.take_while(move |chunk| reading.reaches(*chunk))
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
