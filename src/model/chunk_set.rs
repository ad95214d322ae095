//! A set of chunk indexes below a bound, one bit each.

use super::ChunkIndex;

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
