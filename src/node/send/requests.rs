//! The chunks that one data connection has asked for and not received, in order.

use std::collections::VecDeque;

use crate::{
    model::{ByteRange, ChunkIndex, ChunkLayout, limits::MAX_QUEUED_REQUESTS},
    node::Refused,
};

/// What became of a request.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Asked {
    /// It waits for its turn.
    Queued,
    /// The content has no such chunk.
    Lacking,
}

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Requests {
    queue: VecDeque<ChunkIndex>,
    /// How much of the first one is sent.
    offset: u32,
    /// Requests for chunks that the content does not have.
    lacking: usize,
}

impl Requests {
    /// Takes a request in.
    ///
    /// # Errors
    /// Why the connection ends: no honest receiver asks for so much.
    pub(super) fn ask(&mut self, layout: ChunkLayout, chunk: ChunkIndex) -> Result<Asked, Refused> {
        if !layout.contains(chunk) {
            self.lacking += 1;
            if self.lacking > MAX_QUEUED_REQUESTS {
                return Err(Refused::NoSuchChunks(chunk));
            }
            return Ok(Asked::Lacking);
        }
        if self.queue.len() >= MAX_QUEUED_REQUESTS || self.queue.contains(&chunk) {
            return Err(Refused::TooManyChunks(chunk));
        }
        self.queue.push_back(chunk);
        Ok(Asked::Queued)
    }

    /// Takes a request back. False if it has been answered already.
    pub(super) fn cancel(&mut self, chunk: ChunkIndex) -> bool {
        let Some(index) = self.queue.iter().position(|queued| *queued == chunk) else {
            return false;
        };
        self.queue.remove(index);
        if index == 0 {
            self.offset = 0;
        }
        true
    }

    /// The chunk whose turn it is.
    pub(super) fn first(&self) -> Option<ChunkIndex> {
        self.queue.front().copied()
    }

    /// The chunk whose turn it is, how much of it is sent, and where the rest of it lies.
    pub(super) fn rest(&self, layout: ChunkLayout) -> Option<(ChunkIndex, u32, ByteRange)> {
        let chunk = self.first()?;
        let whole = layout.byte_range(chunk);
        let start = whole.start + u64::from(self.offset);
        Some((chunk, self.offset, ByteRange { start, ..whole }))
    }

    /// So many more bytes of the first one were sent.
    pub(super) fn advance(&mut self, bytes: u32) {
        self.offset += bytes;
    }

    /// The first request is done.
    pub(super) fn pop(&mut self) {
        self.queue.pop_front();
        self.offset = 0;
    }

    /// No request is wanted any more.
    pub(super) fn clear(&mut self) {
        self.queue.clear();
        self.offset = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn so_many_are_queued_and_one_more_is_too_many() {
        let chunks = MAX_QUEUED_REQUESTS as u32 + 1;
        let layout = ChunkLayout::for_file(u64::from(chunks) << 20).unwrap();
        let mut requests = Requests::default();
        for chunk in 0..chunks - 1 {
            assert_eq!(requests.ask(layout, ChunkIndex(chunk)), Ok(Asked::Queued));
        }
        let last = ChunkIndex(chunks - 1);
        assert!(requests.ask(layout, last).is_err());
        requests.pop();
        assert_eq!(requests.first(), Some(ChunkIndex(1)));
        assert_eq!(requests.ask(layout, last), Ok(Asked::Queued));
        assert!(requests.cancel(last));
        assert!(!requests.cancel(last));
        // The same for a second time.
        assert!(requests.ask(layout, ChunkIndex(1)).is_err());
    }

    #[test]
    fn a_chunk_after_one_that_was_taken_back_begins_at_its_start() {
        let layout = ChunkLayout::for_file(3 << 20).unwrap();
        let mut requests = Requests::default();
        for chunk in 0..3 {
            requests.ask(layout, ChunkIndex(chunk)).unwrap();
        }
        let at = |requests: &Requests| {
            let (chunk, offset, rest) = requests.rest(layout).unwrap();
            (chunk.0, offset, rest.start)
        };
        requests.advance(1000);
        assert_eq!(at(&requests), (0, 1000, 1000));
        requests.cancel(ChunkIndex(1));
        assert_eq!(at(&requests), (0, 1000, 1000));
        requests.cancel(ChunkIndex(0));
        assert_eq!(at(&requests), (2, 0, 2 << 20));
    }
}
