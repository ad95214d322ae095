//! A set of small integers that finds its first and last member in a range fast. Each index is a bit, and each word of those
//! is a bit of a second level that says whether the word holds any. A million indexes are 256 words to look through.

/// Indexes below a bound.
#[derive(Clone, Debug)]
pub(super) struct IndexSet {
    words: Vec<u64>,
    occupied: Vec<u64>,
    len: u32,
}

impl IndexSet {
    /// An empty set for indexes below `bound`.
    pub(super) fn new(bound: u32) -> Self {
        let words = bound.div_ceil(64) as usize;
        Self {
            words: vec![0; words],
            occupied: vec![0; words.div_ceil(64)],
            len: 0,
        }
    }

    pub(super) fn len(&self) -> u32 {
        self.len
    }

    /// Adds an index below the bound. False if it was there.
    pub(super) fn insert(&mut self, index: u32) -> bool {
        let (word, bit) = (index as usize / 64, 1 << (index % 64));
        if self.words[word] & bit != 0 {
            return false;
        }
        self.words[word] |= bit;
        self.occupied[word / 64] |= 1 << (word % 64);
        self.len += 1;
        true
    }

    /// Takes an index below the bound out. False if it was not there.
    pub(super) fn remove(&mut self, index: u32) -> bool {
        let (word, bit) = (index as usize / 64, 1 << (index % 64));
        if self.words[word] & bit == 0 {
            return false;
        }
        self.words[word] &= !bit;
        if self.words[word] == 0 {
            self.occupied[word / 64] &= !(1 << (word % 64));
        }
        self.len -= 1;
        true
    }

    /// The least member that is `from` or more.
    pub(super) fn first_from(&self, from: u32) -> Option<u32> {
        let word = from as usize / 64;
        let here = self.words.get(word)? & (u64::MAX << (from % 64));
        if here != 0 {
            return Some(lowest(word, here));
        }
        let word = lowest_from(&self.occupied, word + 1)?;
        Some(lowest(word, self.words[word]))
    }

    /// The greatest member below `end`.
    pub(super) fn last_below(&self, end: u32) -> Option<u32> {
        let word = (end as usize / 64).min(self.words.len());
        if let Some(here) = self.words.get(word) {
            let here = here & !(u64::MAX << (end % 64));
            if here != 0 {
                return Some(highest(word, here));
            }
        }
        let word = highest_below(&self.occupied, word)?;
        Some(highest(word, self.words[word]))
    }
}

fn lowest(word: usize, bits: u64) -> u32 {
    word as u32 * 64 + bits.trailing_zeros()
}

fn highest(word: usize, bits: u64) -> u32 {
    word as u32 * 64 + 63 - bits.leading_zeros()
}

fn lowest_from(words: &[u64], from: usize) -> Option<usize> {
    let mut mask = u64::MAX << (from % 64);
    for (index, &word) in words.iter().enumerate().skip(from / 64) {
        if word & mask != 0 {
            return Some(lowest(index, word & mask) as usize);
        }
        mask = u64::MAX;
    }
    None
}

fn highest_below(words: &[u64], end: usize) -> Option<usize> {
    let mut mask = !(u64::MAX << (end % 64));
    for (index, &word) in words.iter().enumerate().take(end / 64 + 1).rev() {
        if index < end / 64 {
            mask = u64::MAX;
        }
        if word & mask != 0 {
            return Some(highest(index, word & mask) as usize);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn finds_what_an_ordered_set_finds(
            bound in 1u32..10_000,
            steps in proptest::collection::vec((any::<bool>(), any::<u32>(), any::<u32>()), 1..200),
        ) {
            let (mut set, mut model) = (IndexSet::new(bound), BTreeSet::new());
            for (insert, index, probe) in steps {
                let index = index % bound;
                // Around the member, and anywhere up to the bound.
                for probe in [probe % (bound + 1), index, index + 1] {
                    prop_assert_eq!(set.first_from(probe), model.range(probe..).next().copied());
                    prop_assert_eq!(set.last_below(probe), model.range(..probe).next_back().copied());
                }
                if insert {
                    prop_assert_eq!(set.insert(index), model.insert(index));
                } else {
                    prop_assert_eq!(set.remove(index), model.remove(&index));
                }
                prop_assert_eq!(set.len() as usize, model.len());
            }
        }
    }

    #[test]
    fn an_empty_bound_finds_nothing() {
        let set = IndexSet::new(0);
        assert_eq!((set.first_from(0), set.last_below(u32::MAX)), (None, None));
    }
}
