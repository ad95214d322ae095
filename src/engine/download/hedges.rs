//! What may be sent twice. Owns the bytes that hedges have cost or may still cost; knows neither chunks nor sources.

use crate::model::ChunkLayout;

/// A hedge that is only sooner may not bring the waste of all hedges above this share of the file.
const CHEAP_SHARE: f64 = 0.01;
/// One that matters may cost more: all of them this share of the file, or this many chunks if that is more.
const DEAR_SHARE: f64 = 0.05;
const DEAR_CHUNKS: u64 = 2;

/// The budget of hedges.
#[derive(Clone, Copy, Debug)]
pub(super) struct Hedges {
    spent_bytes: u64,
    cheap_bytes: u64,
    dear_bytes: u64,
}

impl Hedges {
    /// The budget of a file of this layout.
    pub(super) fn new(layout: ChunkLayout) -> Self {
        let share = |share: f64| (layout.file_bytes() as f64 * share) as u64;
        let chunks = DEAR_CHUNKS * u64::from(layout.chunk_bytes());
        Self {
            spent_bytes: 0,
            cheap_bytes: share(CHEAP_SHARE),
            dear_bytes: share(DEAR_SHARE).max(chunks),
        }
    }

    /// True when a hedge that should waste so many bytes costs next to nothing.
    pub(super) fn is_cheap(&self, wasted_bytes: u64) -> bool {
        self.spent_bytes + wasted_bytes <= self.cheap_bytes
    }

    /// True when so many bytes may be asked for a second time.
    pub(super) fn allows(&self, bytes: u64) -> bool {
        self.spent_bytes + bytes <= self.dear_bytes
    }

    /// So many bytes are asked for a second time.
    pub(super) fn spend(&mut self, bytes: u64) {
        self.spent_bytes += bytes;
    }

    /// So many of them will not be sent after all.
    pub(super) fn give_back(&mut self, bytes: u64) {
        self.spent_bytes = self.spent_bytes.saturating_sub(bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_file_may_have_two_chunks_twice_and_what_is_not_sent_comes_back() {
        let chunk = 1 << 20;
        let mut hedges = Hedges::new(ChunkLayout::for_file(10 * chunk).unwrap());
        assert!(hedges.allows(2 * chunk) && !hedges.allows(2 * chunk + 1));
        assert!(hedges.is_cheap(chunk / 10) && !hedges.is_cheap(chunk / 10 + 1));
        hedges.spend(2 * chunk);
        assert!(!hedges.allows(1) && !hedges.is_cheap(0));
        hedges.give_back(chunk);
        assert!(hedges.allows(chunk) && !hedges.allows(chunk + 1));
        hedges.give_back(5 * chunk);
        assert!(hedges.allows(2 * chunk) && hedges.is_cheap(chunk / 10));
    }
}
