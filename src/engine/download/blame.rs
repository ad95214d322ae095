//! Who sent wrong bytes. Owns the senders of each chunk that did not match its digest; knows nothing else of sources.
//!
//! Two sources can be damaged in the same chunk and a third one right. So the digests are blamed only once nobody is left to
//! ask.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{ChunkIndex, SourceId};

/// Senders of wrong bytes, by chunk. A source sends wrong bytes once: after that it is banned.
#[derive(Debug, Default)]
pub(super) struct Blame {
    senders: BTreeMap<ChunkIndex, BTreeSet<SourceId>>,
}

impl Blame {
    /// A source sent a chunk with wrong bytes.
    pub(super) fn add(&mut self, chunk: ChunkIndex, source: SourceId) {
        self.senders.entry(chunk).or_default().insert(source);
    }

    /// Two that sent the chunk with wrong bytes. They are two witnesses against its digest.
    pub(super) fn two_senders(&self, chunk: ChunkIndex) -> Option<[SourceId; 2]> {
        let mut senders = self.senders.get(&chunk)?.iter();
        Some([*senders.next()?, *senders.next()?])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_sender_is_no_witness_however_often_it_is_named() {
        let (chunk, [a, b]) = (ChunkIndex(3), [SourceId(1), SourceId(2)]);
        let mut blame = Blame::default();
        assert_eq!(blame.two_senders(chunk), None);
        blame.add(chunk, b);
        blame.add(chunk, b);
        blame.add(ChunkIndex(4), a);
        assert_eq!(blame.two_senders(chunk), None);
        blame.add(chunk, a);
        assert_eq!(blame.two_senders(chunk), Some([a, b]));
    }
}
