//! Chunks that are asked for in parts, from several sources, because a reader waits for them. Owns who was asked for which
//! part and who brought it; knows nothing of time or of what else is missing.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{ChunkIndex, Part, SourceId};

/// Sources that are asked for one part at most.
pub(super) const MOST_OWNERS: usize = 3;
/// Parts begin at multiples of this, in bytes.
const ALIGNED: u32 = 64 << 10;

/// One part of a chunk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Piece {
    pub(super) part: Part,
    /// Who was asked for it and may still bring it.
    pub(super) owners: Vec<SourceId>,
    /// Who has brought it.
    pub(super) by: Option<SourceId>,
}

/// See the module.
#[derive(Clone, Debug, Default)]
pub(super) struct Parts {
    split: BTreeMap<ChunkIndex, Vec<Piece>>,
    /// Chunks whose parts, together, were wrong. Nobody knows who lied: from now on one source is asked for all of it.
    disputed: BTreeSet<ChunkIndex>,
}

impl Parts {
    /// A chunk is asked for in these parts.
    pub(super) fn begin(&mut self, chunk: ChunkIndex, parts: &[(Part, SourceId)]) {
        let pieces = parts.iter().map(|(part, source)| Piece {
            part: *part,
            owners: vec![*source],
            by: None,
        });
        self.split.insert(chunk, pieces.collect());
    }

    /// Chunks that are asked for in parts.
    pub(super) fn chunks(&self) -> impl Iterator<Item = ChunkIndex> + '_ {
        self.split.keys().copied()
    }

    /// The parts of a chunk, in order; none when it is not asked for in parts.
    pub(super) fn pieces(&self, chunk: ChunkIndex) -> &[Piece] {
        self.split.get(&chunk).map_or(&[], Vec::as_slice)
    }

    pub(super) fn is_disputed(&self, chunk: ChunkIndex) -> bool {
        self.disputed.contains(&chunk)
    }

    /// A source brought the part that it was asked for. Gives it, and who else was asked for it.
    pub(super) fn came(
        &mut self,
        chunk: ChunkIndex,
        source: SourceId,
    ) -> Option<(Part, Vec<SourceId>)> {
        let mut pieces = self.split.get_mut(&chunk)?.iter_mut();
        let piece = pieces.find(|piece| piece.owners.contains(&source))?;
        piece.by = Some(source);
        let mut others = std::mem::take(&mut piece.owners);
        others.retain(|other| *other != source);
        Some((piece.part, others))
    }

    /// One more source is asked for a part. Gives the part.
    pub(super) fn join(
        &mut self,
        chunk: ChunkIndex,
        piece: usize,
        source: SourceId,
    ) -> Option<Part> {
        let piece = self.split.get_mut(&chunk)?.get_mut(piece)?;
        piece.owners.push(source);
        Some(piece.part)
    }

    /// A source will not bring the part that it was asked for.
    pub(super) fn leave(&mut self, chunk: ChunkIndex, source: SourceId) {
        for piece in self.split.get_mut(&chunk).into_iter().flatten() {
            piece.owners.retain(|owner| *owner != source);
        }
    }

    /// A chunk is not asked for in parts any more. Gives them.
    pub(super) fn end(&mut self, chunk: ChunkIndex) -> Vec<Piece> {
        self.split.remove(&chunk).unwrap_or_default()
    }

    /// The parts of a chunk, together, were wrong.
    pub(super) fn dispute(&mut self, chunk: ChunkIndex) {
        self.disputed.insert(chunk);
    }

    /// A chunk is here, and right.
    pub(super) fn settle(&mut self, chunk: ChunkIndex) {
        self.disputed.remove(&chunk);
    }
}

/// Cuts a chunk of this length into parts as long as the weights say, the first for the first. Weights are over 0.
pub(super) fn cut(length: u32, weights: &[f64]) -> Vec<Part> {
    let all: f64 = weights.iter().sum();
    let (mut from, mut so_far) = (0, 0.0);
    let mut parts = Vec::with_capacity(weights.len());
    for (index, weight) in weights.iter().enumerate() {
        so_far += weight;
        let is_last = index + 1 == weights.len();
        let end = f64::from(length) * (so_far / all) / f64::from(ALIGNED);
        let end = if is_last {
            length
        } else {
            (end.round() as u32).saturating_mul(ALIGNED).min(length)
        };
        let bytes = end.saturating_sub(from);
        parts.push(Part { from, bytes });
        from = end.max(from);
    }
    parts
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const CHUNK: ChunkIndex = ChunkIndex(7);
    const A: SourceId = SourceId(1);
    const B: SourceId = SourceId(2);
    const C: SourceId = SourceId(3);

    #[test]
    fn a_part_is_whoevers_brings_it_first() {
        let mut parts = Parts::default();
        let [first, second] = cut(2 << 20, &[1.0, 1.0])[..] else {
            panic!("two parts");
        };
        parts.begin(CHUNK, &[(first, A), (second, B)]);
        assert_eq!(parts.join(CHUNK, 1, C), Some(second));
        assert_eq!(parts.came(CHUNK, C), Some((second, vec![B])));
        assert_eq!(parts.came(CHUNK, B), None);
        parts.leave(CHUNK, A);
        let pieces = parts.end(CHUNK);
        assert_eq!(pieces[0].owners, []);
        assert_eq!((pieces[0].by, pieces[1].by), (None, Some(C)));
        assert_eq!(parts.chunks().count(), 0);
    }

    proptest! {
        #[test]
        fn parts_cover_the_chunk(
            length in 1u32..20_000_000,
            weights in proptest::collection::vec(0.001f64..1000.0, 1..9),
        ) {
            let parts = cut(length, &weights);
            prop_assert_eq!(parts.len(), weights.len());
            let mut end = 0;
            for part in parts {
                prop_assert_eq!(part.from, end);
                end += part.bytes;
            }
            prop_assert_eq!(end, length);
        }
    }
}
