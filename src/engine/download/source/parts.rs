//! What happens to a source's requests for chunks, or parts of them, that others are asked for as well.

use std::time::Instant;

use super::Source;
use crate::model::ChunkIndex;

impl Source {
    /// It is asked for a part of a chunk.
    pub(in crate::engine::download) fn ask_part(
        &mut self,
        now: Instant,
        chunk: ChunkIndex,
        bytes: u32,
    ) {
        self.flow.ask_part(now, chunk, bytes);
    }

    /// A part that it was asked for is here: its bytes are held until its chunk is whole.
    pub(in crate::engine::download) fn hold(
        &mut self,
        now: Instant,
        chunk: ChunkIndex,
        bytes: u32,
    ) {
        self.flow.settle(now, chunk);
        self.held_bytes += u64::from(bytes);
    }

    /// A part that nobody wants any more has come all the same.
    pub(in crate::engine::download) fn forget_part(&mut self, now: Instant, chunk: ChunkIndex) {
        self.flow.settle(now, chunk);
    }

    /// A part of it is not held any more.
    pub(in crate::engine::download) fn release(&mut self, bytes: u32) {
        self.held_bytes = self.held_bytes.saturating_sub(bytes.into());
    }

    /// A part that it brought is in the file, and was not before. The longest part counts as a chunk.
    pub(in crate::engine::download) fn credit_part(&mut self, bytes: u32, is_longest: bool) {
        self.connection.forget_failures();
        match is_longest {
            true => self.counters.useful(bytes.into()),
            false => self.counters.useful_part(bytes.into()),
        }
    }

    /// The chunk that it is asked for is another's to bring as well.
    pub(in crate::engine::download) fn count_hedge(&mut self) {
        self.counters.hedge();
    }
}
