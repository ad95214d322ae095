//! What was asked of one source and is not settled, in the order of asking, which is the order of sending. Owns the
//! requests and the sums over them; knows no other source.

use std::{
    collections::VecDeque,
    ops::{AddAssign, SubAssign},
};

use crate::model::ChunkIndex;

/// What a request is still good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Want {
    /// The chunk is wanted from this source.
    Wanted,
    /// It was taken back because another should be faster. If it comes whole after all, it is as good.
    TakenBack,
    /// The file has the chunk: whatever still comes is waste.
    Useless,
}

/// One chunk asked of a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Request {
    pub(super) chunk: ChunkIndex,
    pub(super) length: u32,
    pub(super) received: u32,
    pub(super) want: Want,
    /// What is asked for is only a part of the chunk.
    pub(super) is_part: bool,
}

impl Request {
    /// All its bytes have come; they may not be verified yet.
    pub(super) fn is_whole(&self) -> bool {
        self.received == self.length
    }

    /// Bytes of it that are wanted and have not come.
    pub(super) fn expected_bytes(&self) -> u64 {
        match self.want {
            Want::Wanted => u64::from(self.length - self.received),
            Want::TakenBack | Want::Useless => 0,
        }
    }

    fn sums(&self) -> Sums {
        let unfinished = !self.is_whole();
        let wanted = self.want == Want::Wanted;
        Sums {
            wanted: u32::from(unfinished && wanted),
            wanted_bytes: self.expected_bytes(),
            unfinished: u32::from(unfinished),
            unfinished_bytes: u64::from(self.length - self.received),
            pending_bytes: match self.want {
                Want::Wanted | Want::TakenBack => u64::from(self.received),
                Want::Useless => 0,
            },
        }
    }
}

/// Sums over a queue.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Sums {
    /// Wanted requests that are not whole.
    pub(super) wanted: u32,
    /// Their bytes that have not come.
    pub(super) wanted_bytes: u64,
    /// Requests that are not whole, those taken back included.
    pub(super) unfinished: u32,
    /// Their bytes that have not come.
    pub(super) unfinished_bytes: u64,
    /// Bytes that have come and are neither useful nor waste yet.
    pub(super) pending_bytes: u64,
}

impl AddAssign for Sums {
    fn add_assign(&mut self, other: Self) {
        self.wanted += other.wanted;
        self.wanted_bytes += other.wanted_bytes;
        self.unfinished += other.unfinished;
        self.unfinished_bytes += other.unfinished_bytes;
        self.pending_bytes += other.pending_bytes;
    }
}

impl SubAssign for Sums {
    fn sub_assign(&mut self, other: Self) {
        self.wanted -= other.wanted;
        self.wanted_bytes -= other.wanted_bytes;
        self.unfinished -= other.unfinished;
        self.unfinished_bytes -= other.unfinished_bytes;
        self.pending_bytes -= other.pending_bytes;
    }
}

/// What bytes that came are good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Delivery {
    /// The chunk is not, or no longer, asked of this source.
    Unasked,
    /// The file has their chunk.
    Useless,
    /// More of their chunk is to come.
    Part,
    /// Their chunk is whole.
    Whole,
}

/// One source's requests.
#[derive(Clone, Debug, Default)]
pub(super) struct RequestQueue {
    requests: VecDeque<Request>,
    sums: Sums,
}

impl RequestQueue {
    pub(super) fn sums(&self) -> Sums {
        self.sums
    }

    /// Requests that are not settled, whole ones included.
    pub(super) fn len(&self) -> usize {
        self.requests.len()
    }

    /// In the order of asking.
    pub(super) fn iter(&self) -> impl DoubleEndedIterator<Item = &Request> {
        self.requests.iter()
    }

    pub(super) fn get(&self, chunk: ChunkIndex) -> Option<&Request> {
        self.requests.iter().find(|request| request.chunk == chunk)
    }

    /// One more chunk is asked for. The caller makes sure that it is not in the queue.
    pub(super) fn push(&mut self, chunk: ChunkIndex, length: u32) {
        self.put(Request {
            chunk,
            length,
            received: 0,
            want: Want::Wanted,
            is_part: false,
        });
    }

    /// The same for a part of a chunk, of so many bytes.
    pub(super) fn push_part(&mut self, chunk: ChunkIndex, bytes: u32) {
        self.put(Request {
            chunk,
            length: bytes,
            received: 0,
            want: Want::Wanted,
            is_part: true,
        });
    }

    fn put(&mut self, request: Request) {
        self.sums += request.sums();
        self.requests.push_back(request);
    }

    /// Counts bytes. Those beyond a chunk's length are not the chunk's.
    pub(super) fn receive(&mut self, chunk: ChunkIndex, bytes: u32) -> Delivery {
        let Some(index) = self.position(chunk) else {
            return Delivery::Unasked;
        };
        let was_whole = self.requests[index].is_whole();
        let request = self.change(index, |request| {
            request.received = request.received.saturating_add(bytes).min(request.length);
        });
        match request.want {
            _ if was_whole => Delivery::Unasked,
            Want::Useless => Delivery::Useless,
            Want::Wanted | Want::TakenBack if request.is_whole() => Delivery::Whole,
            Want::Wanted | Want::TakenBack => Delivery::Part,
        }
    }

    /// Changes what a request is good for. Gives it as it was before.
    pub(super) fn set_want(&mut self, chunk: ChunkIndex, want: Want) -> Option<Request> {
        let index = self.position(chunk)?;
        let before = self.requests[index];
        self.change(index, |request| request.want = want);
        Some(before)
    }

    /// Takes a settled request out.
    pub(super) fn remove(&mut self, chunk: ChunkIndex) -> Option<Request> {
        let index = self.position(chunk)?;
        let request = self.requests.remove(index)?;
        self.sums -= request.sums();
        Some(request)
    }

    /// Takes everything out.
    pub(super) fn take_all(&mut self) -> VecDeque<Request> {
        self.sums = Sums::default();
        std::mem::take(&mut self.requests)
    }

    fn position(&self, chunk: ChunkIndex) -> Option<usize> {
        // It is nearly always the first.
        self.requests
            .iter()
            .position(|request| request.chunk == chunk)
    }

    fn change(&mut self, index: usize, change: impl FnOnce(&mut Request)) -> Request {
        let request = &mut self.requests[index];
        self.sums -= request.sums();
        change(request);
        self.sums += request.sums();
        *request
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: ChunkIndex = ChunkIndex(1);
    const B: ChunkIndex = ChunkIndex(2);

    fn queue() -> RequestQueue {
        let mut queue = RequestQueue::default();
        queue.push(A, 100);
        queue.push(B, 60);
        queue
    }

    #[test]
    fn bytes_are_told_apart_by_what_they_are_good_for() {
        let mut queue = queue();
        assert_eq!(queue.receive(ChunkIndex(9), 10), Delivery::Unasked);
        assert_eq!(queue.receive(A, 99), Delivery::Part);
        assert_eq!(queue.receive(A, 5), Delivery::Whole);
        assert_eq!(queue.receive(A, 1), Delivery::Unasked);
        queue.set_want(B, Want::TakenBack);
        assert_eq!(queue.receive(B, 10), Delivery::Part);
        queue.set_want(B, Want::Useless);
        assert_eq!(queue.receive(B, 50), Delivery::Useless);
    }

    #[test]
    fn sums_follow_every_change() {
        let mut queue = queue();
        let sums = |wanted, wanted_bytes, unfinished, unfinished_bytes, pending_bytes| Sums {
            wanted,
            wanted_bytes,
            unfinished,
            unfinished_bytes,
            pending_bytes,
        };
        assert_eq!(queue.sums(), sums(2, 160, 2, 160, 0));
        queue.receive(A, 40);
        assert_eq!(queue.sums(), sums(2, 120, 2, 120, 40));
        queue.set_want(A, Want::TakenBack);
        assert_eq!(queue.sums(), sums(1, 60, 2, 120, 40));
        queue.set_want(A, Want::Useless);
        assert_eq!(queue.sums(), sums(1, 60, 2, 120, 0));
        queue.receive(B, 60);
        assert_eq!(queue.sums(), sums(0, 0, 1, 60, 60));
        assert!(queue.remove(B).is_some_and(|request| request.is_whole()));
        assert!(queue.remove(B).is_none());
        assert_eq!(queue.take_all().len(), 1);
        assert_eq!(queue.sums(), Sums::default());
    }
}
