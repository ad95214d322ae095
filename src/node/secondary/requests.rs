//! The chunks that one data connection has asked for and not got, in their order.

use std::collections::VecDeque;

use crate::{
    model::{ChunkIndex, ChunkLayout, limits::MAX_QUEUED_REQUESTS},
    node::Refused,
};

/// What became of a request.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Asked {
    /// It waits for its turn.
    Queued,
    /// The file has no such chunk.
    Lacking,
}

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Requests {
    queue: VecDeque<ChunkIndex>,
    /// How often a chunk was asked for that the file does not have.
    lacking: usize,
}

impl Requests {
    /// Takes a request in.
    ///
    /// # Errors
    /// What the connection ends with: nobody who means well asks for so much.
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

    /// Takes a request back; its position, when it was still there.
    pub(super) fn cancel(&mut self, chunk: ChunkIndex) -> Option<usize> {
        let index = self.queue.iter().position(|queued| *queued == chunk)?;
        self.queue.remove(index);
        Some(index)
    }

    /// The one whose turn it is.
    pub(super) fn first(&self) -> Option<ChunkIndex> {
        self.queue.front().copied()
    }

    /// The first is done with.
    pub(super) fn pop(&mut self) {
        self.queue.pop_front();
    }

    /// None is wanted any more.
    pub(super) fn clear(&mut self) {
        self.queue.clear();
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
        assert_eq!(requests.cancel(last), Some(MAX_QUEUED_REQUESTS - 1));
        assert_eq!(requests.cancel(last), None);
        // The same for a second time.
        assert!(requests.ask(layout, ChunkIndex(1)).is_err());
    }
}
