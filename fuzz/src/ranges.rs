//! Arithmetic of chunks and bytes, sets of chunks, and how they are shared out.

use std::collections::BTreeSet;

use arbitrary::{Arbitrary, Unstructured};
use trozos::{
    engine::assignment::assign,
    model::{
        ChunkIndex, ChunkLayout, ChunkRange, ChunkSet,
        limits::{MAX_CHUNK_BYTES, MAX_FILE_BYTES, MIN_CHUNK_BYTES},
    },
};

#[derive(Arbitrary, Debug)]
enum SetStep {
    Insert(u16),
    Remove(u16),
    Contains(u16),
}

/// A set of chunks beside an ordered set of numbers.
pub fn chunk_set(data: &[u8]) {
    let mut input = Unstructured::new(data);
    let Ok(bound) = input.int_in_range(0..=300u32) else {
        return;
    };
    let (mut set, mut model) = (ChunkSet::new(bound), BTreeSet::new());
    for step in crate::steps(&mut input, 1000) {
        match step {
            SetStep::Insert(index) => {
                let index = u32::from(index) % (bound + 2);
                let new = index < bound && model.insert(index);
                assert_eq!(set.insert(ChunkIndex(index)), new);
            }
            SetStep::Remove(index) => {
                let index = u32::from(index) % (bound + 2);
                assert_eq!(set.remove(ChunkIndex(index)), model.remove(&index));
            }
            SetStep::Contains(index) => {
                let index = u32::from(index);
                assert_eq!(set.contains(ChunkIndex(index)), model.contains(&index));
            }
        }
        assert_eq!(set.len() as usize, model.len());
        assert_eq!(set.is_empty(), model.is_empty());
        assert_eq!(set.is_full(), model.len() == bound as usize);
    }
    assert!(set.iter().map(|chunk| chunk.0).eq(model));
}

/// A length, and a chunk that such a file has or lacks.
pub fn layout(data: &[u8]) {
    let mut input = Unstructured::new(data);
    let Ok((length, chunk, claimed)) = input.arbitrary::<(u64, u32, u32)>() else {
        return;
    };
    let Ok(layout) = ChunkLayout::for_file(length) else {
        assert!(length > MAX_FILE_BYTES);
        return;
    };
    let (size, count) = (layout.chunk_bytes(), layout.chunk_count());
    assert!((MIN_CHUNK_BYTES..=MAX_CHUNK_BYTES).contains(&size) && size.is_power_of_two());
    assert_eq!(
        ChunkLayout::checked(length, claimed).is_ok(),
        claimed == size
    );
    assert_eq!(u64::from(count), length.div_ceil(u64::from(size)));
    for index in [chunk, chunk % (count + 1)] {
        let chunk = ChunkIndex(index);
        let range = layout.byte_range(chunk);
        assert_eq!(layout.contains(chunk), index < count);
        assert_eq!(range.is_empty(), index >= count);
        assert_eq!(u64::from(layout.chunk_len(chunk)), range.len());
        assert!(range.start <= range.end && range.end <= length);
        let next = layout.byte_range(ChunkIndex(index.saturating_add(1)));
        assert_eq!(next.start, range.end);
        if index.saturating_add(1) < count {
            assert_eq!(range.len(), u64::from(size));
        }
    }
    let parts: Vec<_> = (0..3).filter_map(|part| layout.legacy_part(part)).collect();
    assert_eq!((parts.len(), parts[0].start, parts[2].end), (3, 0, length));
    assert!(parts.windows(2).all(|two| two[0].end == two[1].start));
}

/// Chunks shared out by weights of any kind: all, once, in order, each share within a chunk of its weight's.
pub fn assignment(data: &[u8]) {
    let mut input = Unstructured::new(data);
    let Ok((first, count)) = input.arbitrary::<(u32, u32)>() else {
        return;
    };
    let count = count.min(u32::MAX - first);
    let weights: Vec<_> = (1..=64u32)
        .zip(crate::steps::<f64>(&mut input, 64))
        .collect();
    let answer = assign(ChunkRange { first, count }, &weights);
    assert_eq!(answer.len(), weights.len());
    if weights.is_empty() {
        return;
    }
    let usable = |weight: f64| {
        if weight.is_finite() {
            weight.max(0.0)
        } else {
            0.0
        }
    };
    let largest = weights
        .iter()
        .map(|(_, weight)| usable(*weight))
        .fold(0.0, f64::max);
    let of_largest = |weight: f64| {
        if largest > 0.0 {
            usable(weight) / largest
        } else {
            1.0
        }
    };
    let total: f64 = weights.iter().map(|(_, weight)| of_largest(*weight)).sum();
    let mut next = first;
    for ((number, weight), (of, ranges)) in weights.iter().zip(&answer) {
        assert_eq!(number, of);
        assert!(ranges.len() <= 1, "not contiguous");
        for range in ranges {
            assert!(range.first == next && range.count > 0);
            next = range.end();
        }
        let share = of_largest(*weight) / total * f64::from(count);
        let given: u32 = ranges.iter().map(|range| range.count).sum();
        assert!(
            (f64::from(given) - share).abs() < 1.001,
            "{given} for {share}"
        );
    }
    assert_eq!(next, first + count);
}
