//! The chunks that one data connection has asked for and not received, in order.

use std::collections::VecDeque;

use crate::{
    model::{ByteRange, ChunkIndex, ChunkLayout, Part, limits::MAX_QUEUED_REQUESTS},
    node::Refused,
};

/// What became of a request.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Asked {
    /// It waits for its turn.
    Queued,
    /// The content has no such chunk, or the chunk no such part.
    Lacking,
}

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Requests {
    queue: VecDeque<Request>,
    /// Requests for chunks, or for parts of them, that the content does not have.
    lacking: usize,
}

/// What is left to send of one request.
#[derive(Clone, Copy, Debug)]
struct Request {
    chunk: ChunkIndex,
    /// Where in the chunk the rest of it begins, and ends.
    rest: (u32, u32),
    is_part: bool,
}

impl Requests {
    /// Takes a request in. Parts come before whole chunks, also before one that is being sent: somebody waits for them.
    ///
    /// # Errors
    /// Why the connection ends: no honest receiver asks for so much.
    pub(super) fn ask(
        &mut self,
        layout: ChunkLayout,
        chunk: ChunkIndex,
        part: Option<Part>,
    ) -> Result<Asked, Refused> {
        let length = layout.chunk_len(chunk);
        let rest = match part {
            None => Some((0, length)),
            Some(part) => part.end().map(|end| (part.from, end)),
        };
        let is_there = |(from, end): &(u32, u32)| from < end && *end <= length;
        let Some(rest) = rest.filter(|rest| layout.contains(chunk) && is_there(rest)) else {
            self.lacking += 1;
            if self.lacking > MAX_QUEUED_REQUESTS {
                return Err(Refused::NoSuchChunks(chunk));
            }
            return Ok(Asked::Lacking);
        };
        let is_asked = self.queue.iter().any(|request| request.chunk == chunk);
        if self.queue.len() >= MAX_QUEUED_REQUESTS || is_asked {
            return Err(Refused::TooManyChunks(chunk));
        }
        let is_part = part.is_some();
        let parts = self.queue.iter().take_while(|request| request.is_part);
        let at = match is_part {
            true => parts.count(),
            false => self.queue.len(),
        };
        let request = Request {
            chunk,
            rest,
            is_part,
        };
        self.queue.insert(at, request);
        Ok(Asked::Queued)
    }

    /// Takes a request back. False if it has been answered already.
    pub(super) fn cancel(&mut self, chunk: ChunkIndex) -> bool {
        let mut queue = self.queue.iter();
        let Some(index) = queue.position(|request| request.chunk == chunk) else {
            return false;
        };
        self.queue.remove(index);
        true
    }

    /// The chunk whose turn it is.
    pub(super) fn first(&self) -> Option<ChunkIndex> {
        self.queue.front().map(|request| request.chunk)
    }

    /// True when a part comes first.
    pub(super) fn begins_with_part(&self) -> bool {
        self.queue.front().is_some_and(|request| request.is_part)
    }

    /// The chunk whose turn it is, where in it the rest of what is asked for begins, and where that lies.
    pub(super) fn rest(&self, layout: ChunkLayout) -> Option<(ChunkIndex, u32, ByteRange)> {
        let Request { chunk, rest, .. } = *self.queue.front()?;
        let start = layout.byte_range(chunk).start;
        let range = ByteRange {
            start: start + u64::from(rest.0),
            end: start + u64::from(rest.1),
        };
        Some((chunk, rest.0, range))
    }

    /// So many more bytes of the first one were sent. Says whether a chunk is at its end with that.
    pub(super) fn advance(&mut self, layout: ChunkLayout, bytes: u32) -> bool {
        let Some(first) = self.queue.front_mut() else {
            return false;
        };
        first.rest.0 += bytes;
        let Request { chunk, rest, .. } = *first;
        if rest.0 < rest.1 {
            return false;
        }
        self.pop();
        rest.1 == layout.chunk_len(chunk)
    }

    /// The first request is done.
    pub(super) fn pop(&mut self) {
        self.queue.pop_front();
    }

    /// No request is wanted any more.
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
            assert_eq!(
                requests.ask(layout, ChunkIndex(chunk), None),
                Ok(Asked::Queued)
            );
        }
        let last = ChunkIndex(chunks - 1);
        assert!(requests.ask(layout, last, None).is_err());
        requests.pop();
        assert_eq!(requests.first(), Some(ChunkIndex(1)));
        assert_eq!(requests.ask(layout, last, None), Ok(Asked::Queued));
        assert!(requests.cancel(last));
        assert!(!requests.cancel(last));
        // The same for a second time.
        assert!(requests.ask(layout, ChunkIndex(1), None).is_err());
    }

    #[test]
    fn a_chunk_after_one_that_was_taken_back_begins_at_its_start() {
        let layout = ChunkLayout::for_file(3 << 20).unwrap();
        let mut requests = Requests::default();
        for chunk in 0..3 {
            requests.ask(layout, ChunkIndex(chunk), None).unwrap();
        }
        let at = |requests: &Requests| {
            let (chunk, offset, rest) = requests.rest(layout).unwrap();
            (chunk.0, offset, rest.start)
        };
        assert!(!requests.advance(layout, 1000));
        assert_eq!(at(&requests), (0, 1000, 1000));
        requests.cancel(ChunkIndex(1));
        assert_eq!(at(&requests), (0, 1000, 1000));
        requests.cancel(ChunkIndex(0));
        assert_eq!(at(&requests), (2, 0, 2 << 20));
    }

    #[test]
    fn a_part_comes_before_whole_chunks_that_go_on_where_they_were() {
        let layout = ChunkLayout::for_file(3 << 20).unwrap();
        let mut requests = Requests::default();
        let part = |from, bytes| Some(Part { from, bytes });
        for chunk in 0..2 {
            requests.ask(layout, ChunkIndex(chunk), None).unwrap();
        }
        requests.advance(layout, 4096);
        requests
            .ask(layout, ChunkIndex(2), part(1000, 500))
            .unwrap();
        let (chunk, offset, rest) = requests.rest(layout).unwrap();
        assert_eq!((chunk.0, offset, rest.len()), (2, 1000, 500));
        assert_eq!(rest.start, (2 << 20) + 1000);
        // It is not the end of its chunk.
        assert!(!requests.advance(layout, 500));
        let (chunk, offset, _) = requests.rest(layout).unwrap();
        assert_eq!((chunk.0, offset), (0, 4096));
        assert!(requests.advance(layout, (1 << 20) - 4096));
        requests
            .ask(layout, ChunkIndex(2), part((1 << 20) - 5, 5))
            .unwrap();
        assert!(requests.advance(layout, 5));
        assert_eq!(requests.first(), Some(ChunkIndex(1)));
    }

    #[test]
    fn there_is_no_part_outside_of_a_chunk() {
        let layout = ChunkLayout::for_file(5).unwrap();
        let mut requests = Requests::default();
        for (from, bytes) in [(0, 0), (5, 1), (0, 6), (4, 2), (u32::MAX, 2)] {
            let part = Some(Part { from, bytes });
            assert_eq!(
                requests.ask(layout, ChunkIndex(0), part),
                Ok(Asked::Lacking)
            );
        }
        let all = Some(Part { from: 0, bytes: 5 });
        assert_eq!(requests.ask(layout, ChunkIndex(0), all), Ok(Asked::Queued));
        assert!(requests.ask(layout, ChunkIndex(0), all).is_err());
    }
}
