//! How far ahead of a reader chunks are wanted, by how fast it reads. Pure but for the time that it is given.

use std::time::Duration;

use tokio::time::Instant;

use crate::model::ChunkLayout;

/// What a reader takes in this time should be there before it comes to it.
const AHEAD: Duration = Duration::from_secs(20);
const LEAST_BYTES: u64 = 8 << 20;
/// For a chunk to come while another is read, there must be more than two.
const FEWEST_CHUNKS: u64 = 3;
/// How long a reader's speed is measured before it is measured anew.
const MEASURED: Duration = Duration::from_secs(10);

/// The window of one reader. It never becomes smaller, as what was asked for would be taken back.
#[derive(Clone, Copy, Debug)]
pub(super) struct Window {
    bytes: u64,
    since: Instant,
    taken_bytes: u64,
}

impl Window {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            bytes: LEAST_BYTES,
            since: now,
            taken_bytes: 0,
        }
    }

    /// The reader took so many bytes.
    pub(super) fn took(&mut self, now: Instant, bytes: u64, most_bytes: u64) {
        self.taken_bytes += bytes;
        let took = now.saturating_duration_since(self.since);
        if took >= Duration::from_secs(1) {
            let rate = self.taken_bytes as f64 / took.as_secs_f64();
            let wanted = (rate * AHEAD.as_secs_f64()) as u64;
            self.bytes = self.bytes.max(wanted.min(most_bytes));
        }
        if took >= MEASURED {
            (self.since, self.taken_bytes) = (now, 0);
        }
    }

    /// In chunks, where so many bytes may be kept for this reader.
    pub(super) fn chunks(self, layout: ChunkLayout, most_bytes: u64) -> u32 {
        let chunk = u64::from(layout.chunk_bytes());
        let wanted = self.bytes.div_ceil(chunk).max(FEWEST_CHUNKS);
        wanted.min((most_bytes / chunk).max(1)) as u32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: u64 = 1 << 20;

    #[test]
    fn a_fast_reader_has_a_long_window_and_keeps_it() {
        let layout = ChunkLayout::for_file(100 * MIB).unwrap();
        let start = Instant::now();
        let mut window = Window::new(start);
        assert_eq!(window.chunks(layout, 64 * MIB), 8);
        window.took(start + Duration::from_millis(500), 50 * MIB, 64 * MIB);
        assert_eq!(window.chunks(layout, 64 * MIB), 8);
        window.took(start + Duration::from_secs(60), 10 * MIB, 64 * MIB);
        assert_eq!(window.chunks(layout, 64 * MIB), 20);
        window.took(start + Duration::from_secs(200), 1, 64 * MIB);
        assert_eq!(window.chunks(layout, 64 * MIB), 20);
        assert_eq!(window.chunks(layout, 4 * MIB), 4);
        assert_eq!(window.chunks(layout, 0), 1);
        window.took(start + Duration::from_secs(202), 1000 * MIB, 64 * MIB);
        assert_eq!(window.chunks(layout, 64 * MIB), 64);
        let large = ChunkLayout::for_file(MIB * MIB).unwrap();
        assert_eq!(Window::new(start).chunks(large, 64 * MIB), 3);
    }
}
