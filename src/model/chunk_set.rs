//! A set of chunk indexes below a bound, one bit each.

use super::{ChunkIndex, ChunkRange, limits::MAX_CHUNKS};

/// Which of a file's chunks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChunkSet {
    words: Vec<u64>,
    chunk_count: u32,
    len: u32,
}

impl ChunkSet {
    /// An empty set for a file of `chunk_count` chunks.
    pub fn new(chunk_count: u32) -> Self {
        Self {
            words: vec![0; chunk_count.div_ceil(64) as usize],
            chunk_count,
            len: 0,
        }
    }

    /// The chunks of ranges, which come in order and do not overlap. `None` for other ranges, and for more chunks than
    /// any file has.
    pub fn of_ranges(ranges: &[ChunkRange]) -> Option<Self> {
        let mut end = 0;
        for range in ranges {
            if range.count == 0 || range.first < end || range.end() > MAX_CHUNKS {
                return None;
            }
            end = range.end();
        }
        let mut set = Self::new(end);
        for chunk in ranges.iter().flat_map(|range| range.iter()) {
            set.insert(chunk);
        }
        Some(set)
    }

    /// The chunks it holds as ranges, in order; no two touch.
    pub fn ranges(&self) -> impl Iterator<Item = ChunkRange> + '_ {
        let mut chunks = self.iter().peekable();
        std::iter::from_fn(move || {
            let first = chunks.next()?.0;
            let mut count = 1;
            while chunks.next_if(|next| next.0 == first + count).is_some() {
                count += 1;
            }
            Some(ChunkRange { first, count })
        })
    }

    /// Adds a chunk; false when it was there already, or when the file has no such chunk.
    pub fn insert(&mut self, chunk: ChunkIndex) -> bool {
        if chunk.0 >= self.chunk_count || self.contains(chunk) {
            return false;
        }
        self.words[chunk.as_usize() / 64] |= 1 << (chunk.0 % 64);
        self.len += 1;
        true
    }

    /// Takes a chunk out; false when it was not there.
    pub fn remove(&mut self, chunk: ChunkIndex) -> bool {
        if !self.contains(chunk) {
            return false;
        }
        self.words[chunk.as_usize() / 64] &= !(1 << (chunk.0 % 64));
        self.len -= 1;
        true
    }

    /// True when the chunk is in the set.
    pub fn contains(&self, chunk: ChunkIndex) -> bool {
        chunk.0 < self.chunk_count && self.words[chunk.as_usize() / 64] >> (chunk.0 % 64) & 1 == 1
    }

    /// How many chunks it holds.
    pub fn len(&self) -> u32 {
        self.len
    }

    /// True when it holds none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// True when it holds every chunk of the file.
    pub fn is_full(&self) -> bool {
        self.len == self.chunk_count
    }

    /// How many chunks the file has.
    pub fn chunk_count(&self) -> u32 {
        self.chunk_count
    }

    /// 64 chunks in each word, the first in the lowest bit; those that the file does not have are not set.
    pub fn words(&self) -> &[u64] {
        &self.words
    }

    /// The chunks it holds, in order.
    pub fn iter(&self) -> impl Iterator<Item = ChunkIndex> + '_ {
        self.words
            .iter()
            .enumerate()
            .flat_map(|(word_index, &word)| {
                let mut left = word;
                std::iter::from_fn(move || {
                    (left != 0).then(|| {
                        let bit = left.trailing_zeros();
                        left &= left - 1;
                        ChunkIndex(word_index as u32 * 64 + bit)
                    })
                })
            })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_is_a_set_of_the_numbers_below_its_bound(
            bound in 0u32..300,
            steps in prop::collection::vec((any::<bool>(), 0u32..310), 0..300),
        ) {
            let (mut set, mut model) = (ChunkSet::new(bound), BTreeSet::new());
            for (insert, index) in steps {
                let chunk = ChunkIndex(index);
                if insert {
                    prop_assert_eq!(set.insert(chunk), index < bound && model.insert(index));
                } else {
                    prop_assert_eq!(set.remove(chunk), model.remove(&index));
                }
                prop_assert_eq!(set.contains(chunk), model.contains(&index));
                prop_assert_eq!(set.len() as usize, model.len());
                prop_assert_eq!(set.is_full(), model.len() == bound as usize);
                prop_assert_eq!(set.is_empty(), model.is_empty());
            }
            prop_assert!(set.iter().map(|chunk| chunk.0).eq(model));
            let ranges: Vec<_> = set.ranges().collect();
            let same = ChunkSet::of_ranges(&ranges).unwrap();
            prop_assert!(same.iter().eq(set.iter()));
        }
    }

    #[test]
    fn counts_and_lists_what_was_put_in() {
        let mut set = ChunkSet::new(130);
        for index in [0, 63, 64, 129] {
            assert!(set.insert(ChunkIndex(index)));
            assert!(!set.insert(ChunkIndex(index)));
        }
        assert!(!set.insert(ChunkIndex(130)));
        assert_eq!(
            set.iter().map(|c| c.0).collect::<Vec<_>>(),
            [0, 63, 64, 129]
        );
        assert!(set.remove(ChunkIndex(63)) && !set.remove(ChunkIndex(63)));
        assert_eq!(set.len(), 3);
        assert!(ChunkSet::new(0).is_full());
    }
}
