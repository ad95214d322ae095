//! Verified chunks in memory: so many bytes of them, those that were used last.

use std::collections::BTreeMap;

use bytes::Bytes;

use crate::model::ChunkIndex;

/// See the module.
#[derive(Debug)]
pub(super) struct Cache {
    most_bytes: u64,
    bytes: u64,
    chunks: BTreeMap<ChunkIndex, Kept>,
    /// Grows with each use.
    uses: u64,
}

#[derive(Debug)]
struct Kept {
    bytes: Bytes,
    used: u64,
}

impl Cache {
    pub(super) fn new(most_bytes: u64) -> Self {
        Self {
            most_bytes,
            bytes: 0,
            chunks: BTreeMap::new(),
            uses: 0,
        }
    }

    pub(super) fn most_bytes(&self) -> u64 {
        self.most_bytes
    }

    pub(super) fn contains(&self, chunk: ChunkIndex) -> bool {
        self.chunks.contains_key(&chunk)
    }

    /// A chunk, which counts as used.
    pub(super) fn get(&mut self, chunk: ChunkIndex) -> Option<Bytes> {
        let kept = self.chunks.get_mut(&chunk)?;
        self.uses += 1;
        kept.used = self.uses;
        Some(kept.bytes.clone())
    }

    /// Keeps a chunk, and gives those that had to go for it. `distance` says how far ahead of a reader a chunk is that one
    /// waits for; those that nobody waits for go first, then what is furthest ahead.
    pub(super) fn put(
        &mut self,
        chunk: ChunkIndex,
        bytes: Bytes,
        distance: impl Fn(ChunkIndex) -> Option<u32>,
    ) -> Vec<ChunkIndex> {
        self.uses += 1;
        let used = self.uses;
        self.bytes += bytes.len() as u64;
        if let Some(before) = self.chunks.insert(chunk, Kept { bytes, used }) {
            self.bytes -= before.bytes.len() as u64;
        }
        self.fit(Some(chunk), distance)
    }

    /// From now on there is room for so many bytes; gives the chunks that had to go for that, as [`Self::put`] does.
    pub(super) fn set_most(
        &mut self,
        most_bytes: u64,
        distance: impl Fn(ChunkIndex) -> Option<u32>,
    ) -> Vec<ChunkIndex> {
        self.most_bytes = most_bytes;
        self.fit(None, distance)
    }

    /// Bytes that are kept.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Gives up what is worth least until the rest has room. The chunk that is new stays.
    fn fit(
        &mut self,
        new: Option<ChunkIndex>,
        distance: impl Fn(ChunkIndex) -> Option<u32>,
    ) -> Vec<ChunkIndex> {
        let mut gone = Vec::new();
        while self.bytes > self.most_bytes {
            let others = self.chunks.iter().filter(|(other, _)| Some(**other) != new);
            let worth = |(chunk, kept): &(&ChunkIndex, &Kept)| {
                let ahead = distance(**chunk);
                (ahead.is_some(), std::cmp::Reverse(ahead), kept.used)
            };
            let Some(least) = others.min_by_key(worth).map(|(chunk, _)| *chunk) else {
                break;
            };
            if let Some(kept) = self.chunks.remove(&least) {
                self.bytes -= kept.bytes.len() as u64;
                gone.push(least);
            }
        }
        gone
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(cache: &mut Cache, chunk: u32, wanted: &[u32]) -> Vec<u32> {
        let place = |c: ChunkIndex| wanted.iter().position(|w| *w == c.0).map(|at| at as u32);
        let gone = cache.put(ChunkIndex(chunk), Bytes::from(vec![0; 10]), place);
        gone.into_iter().map(|chunk| chunk.0).collect()
    }

    #[test]
    fn what_nobody_waits_for_goes_first_then_what_is_furthest_ahead() {
        let mut cache = Cache::new(40);
        for chunk in [1, 2, 3, 4] {
            assert!(put(&mut cache, chunk, &[]).is_empty());
        }
        assert!(cache.get(ChunkIndex(1)).is_some());
        assert_eq!(put(&mut cache, 5, &[2]), [3]);
        assert_eq!(put(&mut cache, 6, &[2, 1, 4]), [5]);
        assert_eq!(put(&mut cache, 7, &[2, 6, 1, 4]), [4]);
        assert!(put(&mut cache, 7, &[]).is_empty());
        // One is kept, however long it is.
        let mut small = Cache::new(5);
        assert!(put(&mut small, 1, &[]).is_empty());
        assert_eq!(put(&mut small, 2, &[1]), [1]);
    }

    #[test]
    fn a_cache_that_gets_less_room_gives_up_what_is_worth_least() {
        let mut cache = Cache::new(40);
        for chunk in [1, 2, 3, 4] {
            put(&mut cache, chunk, &[]);
        }
        let near = |chunk: ChunkIndex| (chunk.0 == 1).then_some(0);
        let gone = cache.set_most(25, near);
        assert_eq!(gone, [ChunkIndex(2), ChunkIndex(3)]);
        assert_eq!((cache.bytes(), cache.most_bytes()), (20, 25));
    }
}
