//! What is counted where many tasks work at once: how long something took, and how those fare who watch a content while it
//! comes. Nobody waits for anybody here; a look gives the figures as they are.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

/// How long something took each time, in classes.
#[derive(Debug, Default)]
pub struct Timings {
    /// By the first bound that is not below; the last class has none.
    classes: [AtomicU64; Timings::BOUNDS_S.len() + 1],
    sum_ns: AtomicU64,
}

/// A look at [`Timings`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Timed {
    /// Times by class, the last one above all bounds.
    pub classes: [u64; Timings::BOUNDS_S.len() + 1],
    /// Seconds in all.
    pub sum_s: f64,
}

impl Timings {
    /// The longest time of each class but the last, in seconds.
    pub const BOUNDS_S: [f64; 8] = [0.005, 0.025, 0.1, 0.3, 0.5, 1.0, 3.0, 10.0];

    /// Once more, so long.
    pub fn took(&self, time: Duration) {
        let seconds = time.as_secs_f64();
        let class = Self::BOUNDS_S.partition_point(|bound| *bound < seconds);
        self.classes[class].fetch_add(1, Relaxed);
        let ns = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        self.sum_ns.fetch_add(ns, Relaxed);
    }

    /// How it is now.
    pub fn now(&self) -> Timed {
        Timed {
            classes: std::array::from_fn(|class| self.classes[class].load(Relaxed)),
            sum_s: seconds(&self.sum_ns),
        }
    }
}

fn seconds(ns: &AtomicU64) -> f64 {
    Duration::from_nanos(ns.load(Relaxed)).as_secs_f64()
}

/// How those fare who watch.
#[derive(Debug, Default)]
pub struct Streaming {
    readers: AtomicU64,
    first_byte: Timings,
    starved_ns: AtomicU64,
    seeks: AtomicU64,
    cancelled_bytes: AtomicU64,
    cache_bytes: AtomicU64,
    cache_hits: AtomicU64,
    cache_misses: AtomicU64,
}

/// A look at [`Streaming`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Streamed {
    /// Readers that are there now.
    pub readers: u64,
    /// From a request to its first byte.
    pub first_byte: Timed,
    /// Seconds for which readers that wanted more had nothing, over all readers.
    pub starved_s: f64,
    /// Times that a reader went on elsewhere.
    pub seeks: u64,
    /// Bytes of no use: they came for readers that had gone, or had gone on elsewhere, or came twice.
    pub cancelled_bytes: u64,
    /// Bytes of verified chunks that are kept.
    pub cache_bytes: u64,
    /// Chunks that were there when a reader came to them.
    pub cache_hits: u64,
    /// Chunks that had to be fetched.
    pub cache_misses: u64,
}

/// Somebody who watches, for as long as this lives.
#[derive(Debug)]
pub struct Reader(Arc<Streaming>);

impl Drop for Reader {
    fn drop(&mut self) {
        self.0.readers.fetch_sub(1, Relaxed);
    }
}

impl Streaming {
    /// Somebody begins to watch.
    pub fn reader(self: &Arc<Self>) -> Reader {
        self.readers.fetch_add(1, Relaxed);
        Reader(Arc::clone(self))
    }

    /// So long after it asked, a reader had its first byte.
    pub fn first_byte(&self, after: Duration) {
        self.first_byte.took(after);
    }

    /// A reader that wanted more had nothing for so long.
    pub fn starved(&self, time: Duration) {
        let ns = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        self.starved_ns.fetch_add(ns, Relaxed);
    }

    /// A reader went on elsewhere.
    pub fn sought(&self) {
        self.seeks.fetch_add(1, Relaxed);
    }

    /// So many bytes came that nobody wants any more.
    pub fn cancelled(&self, bytes: u64) {
        self.cancelled_bytes.fetch_add(bytes, Relaxed);
    }

    /// A reader came to a chunk.
    pub fn looked_up(&self, was_kept: bool) {
        let count = match was_kept {
            true => &self.cache_hits,
            false => &self.cache_misses,
        };
        count.fetch_add(1, Relaxed);
    }

    /// Of one content so many bytes of chunks were kept, and so many are now.
    pub fn keeps(&self, before: u64, now: u64) {
        self.cache_bytes
            .fetch_add(now.wrapping_sub(before), Relaxed);
    }

    /// How it is now.
    pub fn now(&self) -> Streamed {
        let of = |count: &AtomicU64| count.load(Relaxed);
        Streamed {
            readers: of(&self.readers),
            first_byte: self.first_byte.now(),
            starved_s: seconds(&self.starved_ns),
            seeks: of(&self.seeks),
            cancelled_bytes: of(&self.cancelled_bytes),
            cache_bytes: of(&self.cache_bytes),
            cache_hits: of(&self.cache_hits),
            cache_misses: of(&self.cache_misses),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_in_the_class_of_their_bound() {
        let timings = Timings::default();
        for ms in [1, 5, 6, 25, 300, 301, 10_000, 10_001] {
            timings.took(Duration::from_millis(ms));
        }
        let timed = timings.now();
        assert_eq!(timed.classes, [2, 2, 0, 1, 1, 0, 0, 1, 1]);
        assert!((timed.sum_s - 20.639).abs() < 1e-9);
    }

    #[test]
    fn readers_count_while_they_are_there() {
        let streaming = Arc::new(Streaming::default());
        let (first, second) = (streaming.reader(), streaming.reader());
        streaming.first_byte(Duration::from_millis(40));
        streaming.starved(Duration::from_millis(500));
        streaming.sought();
        streaming.cancelled(7);
        streaming.looked_up(true);
        streaming.looked_up(false);
        streaming.keeps(0, 12);
        streaming.keeps(12, 9);
        drop(first);
        let now = streaming.now();
        assert_eq!((now.readers, now.seeks, now.cancelled_bytes), (1, 1, 7));
        assert_eq!(
            (now.cache_bytes, now.cache_hits, now.cache_misses),
            (9, 1, 1)
        );
        assert!((now.starved_s - 0.5).abs() < 1e-9);
        drop(second);
        assert_eq!(streaming.now().readers, 0);
    }
}
