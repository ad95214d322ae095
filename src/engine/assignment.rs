//! placeholder until merge
use crate::model::{ChunkRange, SecondaryNumber};
/// placeholder
pub fn assign(
    all: ChunkRange,
    weights: &[(SecondaryNumber, f64)],
) -> Vec<(SecondaryNumber, Vec<ChunkRange>)> {
    let n = weights.len() as u32;
    (0..n)
        .map(|i| {
            let a = all.count * i / n;
            let b = all.count * (i + 1) / n;
            (
                weights[i as usize].0,
                vec![ChunkRange {
                    first: a,
                    count: b - a,
                }],
            )
        })
        .collect()
}
