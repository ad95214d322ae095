//! Where every chunk stands. Owns what is here, what is asked of whom, and what is missing; knows nothing of rates,
//! connections or time.
//!
//! Invariant: a chunk is in exactly one of `have`, `in_flight`, `split` and the missing set of its home. It leaves `have` only
//! when it is forgotten.
//! The home of a chunk is the source whose own it is, as the central assigned it.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{ChunkIndex, ChunkLayout, ChunkRange, ChunkSet, Have, SourceId};

use super::index_set::IndexSet;

/// Who was asked for a chunk. Two when it is hedged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Owners {
    pub(super) first: SourceId,
    pub(super) second: Option<SourceId>,
}

/// What became of a chunk when an owner left it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Left {
    /// The chunk is missing again.
    Missing,
    /// The other owner still has the chunk to bring.
    WithOther,
    /// The chunk was not this owner's, or is here.
    Unchanged,
}

/// Missing chunks with one home.
#[derive(Clone, Debug)]
struct MissingSet {
    chunks: IndexSet,
    bytes: u64,
}

/// The state of each chunk.
///
/// ```text
///  Missing ──take──▶ InFlight(1) ──join──▶ InFlight(2)
///   ▲  ▲               │    ▲                │  │
///   │  └─────leave─────┘    └─────leave──────┘  │
///   ├──split──▶ Split ──unsplit──▶ Missing      │
///   └──forget── Have ◀── complete, from any ────┘
/// ```
#[derive(Clone, Debug)]
pub(super) struct ChunkTable {
    layout: ChunkLayout,
    have: ChunkSet,
    have_bytes: u64,
    brought_by: Vec<Option<SourceId>>,
    in_flight: BTreeMap<ChunkIndex, Owners>,
    /// Chunks that are asked for in parts.
    split: BTreeSet<ChunkIndex>,
    home: Vec<Option<SourceId>>,
    missing: BTreeMap<Option<SourceId>, MissingSet>,
    /// Missing chunks, whatever their home.
    free: ChunkSet,
    missing_chunks: u32,
    missing_bytes: u64,
}

impl ChunkTable {
    /// All chunks are missing, and have no home.
    pub(super) fn new(layout: ChunkLayout) -> Self {
        let count = layout.chunk_count();
        let mut table = Self {
            layout,
            have: ChunkSet::new(count),
            have_bytes: 0,
            brought_by: vec![None; count as usize],
            in_flight: BTreeMap::new(),
            split: BTreeSet::new(),
            home: vec![None; count as usize],
            missing: BTreeMap::new(),
            free: ChunkSet::new(count),
            missing_chunks: 0,
            missing_bytes: 0,
        };
        layout
            .all()
            .iter()
            .for_each(|chunk| table.put_missing(chunk));
        table
    }

    pub(super) fn have(&self) -> &ChunkSet {
        &self.have
    }

    pub(super) fn have_bytes(&self) -> u64 {
        self.have_bytes
    }

    /// Chunks that are missing or on their way, in order.
    pub(super) fn not_here(&self) -> impl Iterator<Item = ChunkIndex> + '_ {
        let all = self.layout.all().iter();
        all.filter(|chunk| !self.have.contains(*chunk))
    }

    /// Who brought each chunk; `None` for a missing one and for one of an earlier run.
    pub(super) fn brought_by(&self) -> &[Option<SourceId>] {
        &self.brought_by
    }

    /// Missing chunks.
    pub(super) fn free(&self) -> &ChunkSet {
        &self.free
    }

    pub(super) fn missing_chunks(&self) -> u32 {
        self.missing_chunks
    }

    pub(super) fn missing_bytes(&self) -> u64 {
        self.missing_bytes
    }

    /// Who was asked for a chunk; `None` when it is missing or here.
    pub(super) fn owners(&self, chunk: ChunkIndex) -> Option<Owners> {
        self.in_flight.get(&chunk).copied()
    }

    /// Chunks in flight, in order.
    pub(super) fn in_flight(&self) -> impl Iterator<Item = (ChunkIndex, Owners)> + '_ {
        self.in_flight
            .iter()
            .map(|(chunk, owners)| (*chunk, *owners))
    }

    pub(super) fn is_missing(&self, chunk: ChunkIndex) -> bool {
        self.layout.contains(chunk)
            && !self.have.contains(chunk)
            && !self.in_flight.contains_key(&chunk)
            && !self.split.contains(&chunk)
    }

    /// Makes the chunks of a range a source's own, as far as the file and the source have them.
    pub(super) fn set_home(&mut self, range: ChunkRange, home: SourceId, have: &Have) {
        let end = range.end().min(self.layout.chunk_count());
        for chunk in (range.first..end).map(ChunkIndex) {
            if self.home[chunk.as_usize()] == Some(home) || !have.contains(chunk) {
                continue;
            }
            let missing = self.is_missing(chunk);
            if missing {
                self.take_missing(chunk);
            }
            self.home[chunk.as_usize()] = Some(home);
            if missing {
                self.put_missing(chunk);
            }
        }
    }

    /// Missing chunks of a home, and their bytes.
    pub(super) fn missing_of(&self, home: Option<SourceId>) -> (u32, u64) {
        self.missing
            .get(&home)
            .map_or((0, 0), |set| (set.chunks.len(), set.bytes))
    }

    /// Sources that are the home of a missing chunk.
    pub(super) fn homes_with_missing(&self) -> impl Iterator<Item = SourceId> + '_ {
        self.missing
            .iter()
            .filter(|(_, set)| set.chunks.len() > 0)
            .filter_map(|(home, _)| *home)
    }

    /// Missing chunks of a home, in order.
    pub(super) fn missing_forward(
        &self,
        home: Option<SourceId>,
    ) -> impl Iterator<Item = ChunkIndex> + '_ {
        let mut next = 0;
        std::iter::from_fn(move || {
            let index = self.missing.get(&home)?.chunks.first_from(next)?;
            next = index + 1;
            Some(ChunkIndex(index))
        })
    }

    /// Missing chunks of a home, from the last.
    pub(super) fn missing_backward(
        &self,
        home: Option<SourceId>,
    ) -> impl Iterator<Item = ChunkIndex> + '_ {
        let mut end = self.layout.chunk_count();
        std::iter::from_fn(move || {
            end = self.missing.get(&home)?.chunks.last_below(end)?;
            Some(ChunkIndex(end))
        })
    }

    /// Marks what an earlier run brought. Gives its bytes.
    pub(super) fn resume(&mut self, have: &ChunkSet) -> u64 {
        let before = self.have_bytes;
        for chunk in have.iter() {
            self.mark_have(chunk);
        }
        self.have_bytes - before
    }

    /// A missing chunk is asked of `owner`. False if it is not missing.
    pub(super) fn take(&mut self, chunk: ChunkIndex, owner: SourceId) -> bool {
        if !self.is_missing(chunk) {
            return false;
        }
        self.take_missing(chunk);
        self.in_flight.insert(
            chunk,
            Owners {
                first: owner,
                second: None,
            },
        );
        true
    }

    /// A missing chunk is asked for in parts. False if it is not missing.
    pub(super) fn split(&mut self, chunk: ChunkIndex) -> bool {
        let is_missing = self.is_missing(chunk);
        if is_missing {
            self.take_missing(chunk);
            self.split.insert(chunk);
        }
        is_missing
    }

    /// A chunk is not asked for in parts any more: it is missing.
    pub(super) fn unsplit(&mut self, chunk: ChunkIndex) {
        if self.split.remove(&chunk) {
            self.put_missing(chunk);
        }
    }

    /// A chunk is not here any more: it is missing. False if it was not here.
    pub(super) fn forget(&mut self, chunk: ChunkIndex) -> bool {
        let was_here = self.have.remove(chunk);
        if was_here {
            self.have_bytes -= u64::from(self.layout.chunk_len(chunk));
            self.brought_by[chunk.as_usize()] = None;
            self.put_missing(chunk);
        }
        was_here
    }

    /// A chunk with one owner is asked of a second. False if it has another state, or is this owner's already.
    pub(super) fn join(&mut self, chunk: ChunkIndex, owner: SourceId) -> bool {
        match self.in_flight.get_mut(&chunk) {
            Some(owners) if owners.second.is_none() && owners.first != owner => {
                owners.second = Some(owner);
                true
            }
            Some(_) | None => false,
        }
    }

    /// An owner will not bring the chunk.
    pub(super) fn leave(&mut self, chunk: ChunkIndex, owner: SourceId) -> Left {
        let Some(owners) = self.in_flight.get_mut(&chunk) else {
            return Left::Unchanged;
        };
        match (owners.first == owner, owners.second) {
            (true, Some(other)) => {
                *owners = Owners {
                    first: other,
                    second: None,
                };
                Left::WithOther
            }
            (true, None) => {
                self.in_flight.remove(&chunk);
                self.put_missing(chunk);
                Left::Missing
            }
            (false, Some(second)) if second == owner => {
                owners.second = None;
                Left::WithOther
            }
            (false, _) => Left::Unchanged,
        }
    }

    /// A verified chunk is here. False if it was here before, or if the file has no such chunk.
    pub(super) fn complete(&mut self, chunk: ChunkIndex, by: SourceId) -> bool {
        let is_new = self.mark_have(chunk);
        if is_new {
            self.brought_by[chunk.as_usize()] = Some(by);
        }
        is_new
    }

    fn mark_have(&mut self, chunk: ChunkIndex) -> bool {
        if self.is_missing(chunk) {
            self.take_missing(chunk);
        }
        self.in_flight.remove(&chunk);
        self.split.remove(&chunk);
        let new = self.have.insert(chunk);
        if new {
            self.have_bytes += u64::from(self.layout.chunk_len(chunk));
        }
        new
    }

    fn put_missing(&mut self, chunk: ChunkIndex) {
        let bytes = u64::from(self.layout.chunk_len(chunk));
        let count = self.layout.chunk_count();
        let set = self
            .missing
            .entry(self.home[chunk.as_usize()])
            .or_insert_with(|| MissingSet {
                chunks: IndexSet::new(count),
                bytes: 0,
            });
        if set.chunks.insert(chunk.0) {
            self.free.insert(chunk);
            set.bytes += bytes;
            self.missing_chunks += 1;
            self.missing_bytes += bytes;
        }
    }

    fn take_missing(&mut self, chunk: ChunkIndex) {
        let bytes = u64::from(self.layout.chunk_len(chunk));
        if let Some(set) = self.missing.get_mut(&self.home[chunk.as_usize()])
            && set.chunks.remove(chunk.0)
        {
            self.free.remove(chunk);
            set.bytes -= bytes;
            self.missing_chunks -= 1;
            self.missing_bytes -= bytes;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn source(id: u32) -> SourceId {
        SourceId(id)
    }

    fn table(chunks: u64) -> ChunkTable {
        ChunkTable::new(ChunkLayout::for_file((chunks << 20) - 1).unwrap())
    }

    #[test]
    fn homes_hold_their_missing_chunks_and_nobody_else_does() {
        let mut table = table(10);
        table.set_home(ChunkRange { first: 2, count: 3 }, source(1), &Have::All);
        table.set_home(ChunkRange { first: 4, count: 9 }, source(2), &Have::All);
        let forward = |table: &ChunkTable, home| {
            let chunks: Vec<u32> = table.missing_forward(home).map(|c| c.0).collect();
            let mut backward: Vec<u32> = table.missing_backward(home).map(|c| c.0).collect();
            backward.reverse();
            assert_eq!(chunks, backward);
            chunks
        };
        assert_eq!(forward(&table, None), [0, 1]);
        assert_eq!(forward(&table, Some(source(1))), [2, 3]);
        assert_eq!(forward(&table, Some(source(2))), [4, 5, 6, 7, 8, 9]);
        assert_eq!(table.missing_of(Some(source(2))), (6, (6 << 20) - 1));
        table.take(ChunkIndex(3), source(9));
        table.set_home(ChunkRange { first: 3, count: 1 }, source(2), &Have::All);
        assert_eq!(forward(&table, Some(source(1))), [2]);
        table.leave(ChunkIndex(3), source(9));
        assert_eq!(forward(&table, Some(source(2))), [3, 4, 5, 6, 7, 8, 9]);
    }

    #[test]
    fn a_hedged_chunk_goes_back_only_when_both_owners_left() {
        let mut table = table(3);
        let (chunk, a, b) = (ChunkIndex(1), source(1), source(2));
        assert!(!table.join(chunk, a));
        assert!(table.take(chunk, a) && !table.take(chunk, b));
        assert!(!table.join(chunk, a) && table.join(chunk, b) && !table.join(chunk, source(3)));
        assert_eq!(table.leave(chunk, source(3)), Left::Unchanged);
        assert_eq!(table.leave(chunk, a), Left::WithOther);
        assert_eq!(table.leave(chunk, a), Left::Unchanged);
        assert_eq!(table.leave(chunk, b), Left::Missing);
        assert!(table.is_missing(chunk));
    }

    #[test]
    fn a_chunk_that_is_here_stays_here() {
        let mut table = table(2);
        let chunk = ChunkIndex(1);
        assert!(table.complete(chunk, source(1)));
        assert!(!table.complete(chunk, source(2)));
        assert!(!table.take(chunk, source(2)) && !table.join(chunk, source(2)));
        assert_eq!(table.leave(chunk, source(2)), Left::Unchanged);
        assert_eq!(table.brought_by(), [None, Some(source(1))]);
        assert!(!table.complete(ChunkIndex(2), source(1)));
        assert_eq!(table.have_bytes(), (1 << 20) - 1);
    }

    proptest! {
        #[test]
        fn every_chunk_is_in_one_state_and_the_sums_agree(
            steps in proptest::collection::vec((0u8..8, 0u32..70, 1u32..4), 1..300),
        ) {
            let mut table = table(70);
            for (step, index, id) in steps {
                let chunk = ChunkIndex(index);
                match step {
                    0 => { table.take(chunk, source(id)); }
                    1 => { table.join(chunk, source(id)); }
                    2 => { table.leave(chunk, source(id)); }
                    3 => { table.complete(chunk, source(id)); }
                    4 => { table.split(chunk); }
                    5 => table.unsplit(chunk),
                    6 => { table.forget(chunk); }
                    _ => table.set_home(ChunkRange { first: index, count: 9 }, source(id), &Have::All),
                }
                let homes = (0..4).map(|n| (n > 0).then(|| source(n)));
                let missing: Vec<_> = homes.flat_map(|home| {
                    let listed: Vec<_> = table.missing_forward(home).collect();
                    assert_eq!(table.missing_of(home).0 as usize, listed.len());
                    listed
                }).collect();
                prop_assert_eq!(missing.len() as u32, table.missing_chunks());
                let free: BTreeSet<_> = table.free().iter().collect();
                prop_assert_eq!(free, missing.iter().copied().collect());
                let bytes: u64 = missing.iter().map(|&c| u64::from(table.layout.chunk_len(c))).sum();
                prop_assert_eq!(bytes, table.missing_bytes());
                for chunk in table.layout.all().iter() {
                    let states = [
                        missing.contains(&chunk),
                        table.owners(chunk).is_some(),
                        table.have().contains(chunk),
                        table.split.contains(&chunk),
                    ];
                    prop_assert_eq!(states.iter().filter(|&&is| is).count(), 1);
                }
            }
        }
    }
}
