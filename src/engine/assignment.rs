//! Which chunks a receiver asks of which source at first. Each source gets one contiguous range, so that disks read in
//! order; its length follows the source's weight. The receiver moves work about as the download goes on.

use crate::model::ChunkRange;

/// Cuts `chunks` into one contiguous range per source, in the order of `weights`, each one's share
/// within one chunk of its weight's (largest remainder, the method of Hamilton).
///
/// A weight that is not a positive finite number counts as zero, and its source gets an empty range. When no weight is
/// positive, all count the same. The ranges cover `chunks` exactly and do not overlap. Without sources there are no
/// ranges.
pub fn assign<S: Copy>(chunks: ChunkRange, weights: &[(S, f64)]) -> Vec<(S, Vec<ChunkRange>)> {
    let shares = shares(chunks.count, &usable_weights(weights));
    let mut first = chunks.first;
    weights
        .iter()
        .zip(shares)
        .map(|(&(source, _), count)| {
            let range = ChunkRange { first, count };
            first = range.end();
            (source, if count == 0 { vec![] } else { vec![range] })
        })
        .collect()
}

/// The weights as fractions of one.
fn usable_weights<S>(weights: &[(S, f64)]) -> Vec<f64> {
    let cleaned: Vec<f64> = weights
        .iter()
        .map(|(_, weight)| {
            if weight.is_finite() {
                weight.max(0.0)
            } else {
                0.0
            }
        })
        .collect();
    let largest = cleaned.iter().copied().fold(0.0, f64::max);
    if largest <= 0.0 {
        return vec![1.0 / cleaned.len().max(1) as f64; cleaned.len()];
    }
    // Weights are scaled by the largest first, as a sum of huge ones would overflow.
    let total: f64 = cleaned.iter().map(|weight| weight / largest).sum();
    cleaned
        .iter()
        .map(|weight| weight / largest / total)
        .collect()
}

/// Whole numbers that add up to `count`, in proportion to `fractions`.
fn shares(count: u32, fractions: &[f64]) -> Vec<u32> {
    let exact: Vec<f64> = fractions.iter().map(|f| f * f64::from(count)).collect();
    let mut shares: Vec<u32> = exact.iter().map(|quota| quota.floor() as u32).collect();
    let given: u64 = shares.iter().map(|&share| u64::from(share)).sum();
    let mut order: Vec<usize> = (0..exact.len()).filter(|&i| fractions[i] > 0.0).collect();
    // Ties go to the earlier one, so that the answer depends on the arguments alone.
    order.sort_by(|&a, &b| {
        exact[b]
            .fract()
            .total_cmp(&exact[a].fract())
            .then(a.cmp(&b))
    });
    let left = u64::from(count).saturating_sub(given) as usize;
    for &index in order.iter().cycle().take(left) {
        shares[index] += 1;
    }
    // Floating point may round a quota that is a whole number up by one.
    for _ in u64::from(count)..given {
        if let Some(largest) = shares.iter_mut().max() {
            *largest -= 1;
        }
    }
    shares
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn weighted(weights: &[f64]) -> Vec<(usize, f64)> {
        weights.iter().copied().enumerate().collect()
    }

    fn counts(count: u32, weights: &[f64]) -> Vec<u32> {
        assign(ChunkRange { first: 0, count }, &weighted(weights))
            .iter()
            .map(|(_, ranges)| ranges.iter().map(|range| range.count).sum())
            .collect()
    }

    #[test]
    fn shares_follow_the_weights() {
        let nan = f64::NAN;
        for (count, weights, expected) in [
            (600, &[1.0, 2.0, 3.0][..], &[100, 200, 300][..]),
            (10, &[1.0, 1.0, 1.0], &[4, 3, 3]),
            (1, &[1.0, 1.0], &[1, 0]),
            (7, &[0.0, 1.0, -3.0, nan, f64::INFINITY], &[0, 7, 0, 0, 0]),
            (4, &[0.0, nan], &[2, 2]),
            (0, &[1.0], &[0]),
            (9, &[f64::MAX, f64::MAX, f64::MAX], &[3, 3, 3]),
            (5, &[], &[]),
        ] {
            assert_eq!(counts(count, weights), expected, "{count} by {weights:?}");
        }
    }

    proptest! {
        #[test]
        fn ranges_cover_everything_once_and_keep_to_the_weights(
            first in 0u32..1000,
            count in 0u32..1_048_577,
            weights in proptest::collection::vec(
                prop_oneof![Just(0.0), Just(f64::NAN), -1.0..1.0, 1e-3..1e9],
                1..64,
            ),
        ) {
            let answer = assign(ChunkRange { first, count }, &weighted(&weights));
            prop_assert_eq!(&answer, &assign(ChunkRange { first, count }, &weighted(&weights)));
            prop_assert_eq!(answer.len(), weights.len());
            let mut next = first;
            for range in answer.iter().flat_map(|(_, ranges)| ranges) {
                prop_assert!(range.first == next && range.count > 0);
                next = range.end();
            }
            prop_assert_eq!(next, first + count);
            prop_assert!(answer.iter().all(|(_, ranges)| ranges.len() <= 1));
            let fractions = usable_weights(&weighted(&weights));
            for ((_, ranges), fraction) in answer.iter().zip(fractions) {
                let got: u32 = ranges.iter().map(|range| range.count).sum();
                // A thousandth for what floating point rounds.
                prop_assert!((f64::from(got) - fraction * f64::from(count)).abs() <= 1.001);
                prop_assert!(fraction > 0.0 || got == 0);
            }
        }

        #[test]
        fn who_weighs_more_never_gets_less(
            count in 0u32..100_000,
            weights in proptest::collection::vec(1u32..1000, 1..64),
        ) {
            let weights: Vec<f64> = weights.into_iter().map(f64::from).collect();
            let got = counts(count, &weights);
            for (a, more) in weights.iter().zip(&got) {
                for (b, less) in weights.iter().zip(&got) {
                    prop_assert!(a <= b || more >= less, "{} has {}, {} has {}", a, more, b, less);
                    prop_assert!(a != b || more.abs_diff(*less) <= 1);
                }
            }
        }
    }
}
