//! All arithmetic of offsets and chunks. Nobody else multiplies an index by a chunk size.

use serde::{Deserialize, Serialize};

use super::{
    ChunkIndex,
    limits::{CHUNKS_BEFORE_DOUBLING, MAX_CHUNK_BYTES, MAX_FILE_BYTES, MIN_CHUNK_BYTES},
};

/// Bytes `start..end` of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ByteRange {
    /// First byte.
    pub start: u64,
    /// One past the last byte.
    pub end: u64,
}

impl ByteRange {
    /// Length in bytes.
    pub fn len(self) -> u64 {
        self.end - self.start
    }

    /// True when it holds no byte.
    pub fn is_empty(self) -> bool {
        self.start == self.end
    }
}

/// Some bytes of a chunk: `from..from + bytes` of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Part {
    /// Where in the chunk it begins, in bytes.
    pub from: u32,
    /// Its length in bytes.
    pub bytes: u32,
}

impl Part {
    /// One past its last byte, where that is a place in any chunk.
    pub fn end(self) -> Option<u32> {
        self.from.checked_add(self.bytes)
    }
}

/// Consecutive chunks `first..first + count`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ChunkRange {
    /// First chunk.
    pub first: u32,
    /// How many.
    pub count: u32,
}

impl ChunkRange {
    /// One past the last chunk.
    pub fn end(self) -> u32 {
        self.first.saturating_add(self.count)
    }

    /// The chunks in order.
    pub fn iter(self) -> impl DoubleEndedIterator<Item = ChunkIndex> {
        (self.first..self.end()).map(ChunkIndex)
    }

    /// True when `chunk` is one of them.
    pub fn contains(self, chunk: ChunkIndex) -> bool {
        (self.first..self.end()).contains(&chunk.0)
    }
}

/// How a file of a length is cut into chunks of one size.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ChunkLayout {
    file_bytes: u64,
    chunk_bytes: u32,
}

/// A length or chunk size that no file has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LayoutError {
    /// Over [`MAX_FILE_BYTES`].
    #[error("file of {0} bytes: at most {most}", most = MAX_FILE_BYTES)]
    FileTooLong(u64),
    /// Not the chunk size that a file of this length has.
    #[error("chunks of {chunk_bytes} bytes for a file of {file_bytes} bytes")]
    WrongChunk {
        /// Length of the file, in bytes.
        file_bytes: u64,
        /// The chunk size that was claimed, in bytes.
        chunk_bytes: u32,
    },
}

impl ChunkLayout {
    /// The layout of a file of `file_bytes`: chunks of 1 MiB, doubled while there would be over 8192 of
    /// them, at most 16 MiB.
    pub fn for_file(file_bytes: u64) -> Result<Self, LayoutError> {
        if file_bytes > MAX_FILE_BYTES {
            return Err(LayoutError::FileTooLong(file_bytes));
        }
        let mut chunk_bytes = MIN_CHUNK_BYTES;
        while file_bytes.div_ceil(u64::from(chunk_bytes)) > CHUNKS_BEFORE_DOUBLING
            && chunk_bytes < MAX_CHUNK_BYTES
        {
            chunk_bytes *= 2;
        }
        Ok(Self {
            file_bytes,
            chunk_bytes,
        })
    }

    /// The same, checking a claimed chunk size: there is one right answer per length.
    pub fn checked(file_bytes: u64, chunk_bytes: u32) -> Result<Self, LayoutError> {
        let layout = Self::for_file(file_bytes)?;
        if layout.chunk_bytes == chunk_bytes {
            Ok(layout)
        } else {
            Err(LayoutError::WrongChunk {
                file_bytes,
                chunk_bytes,
            })
        }
    }

    /// A layout that no file has: for tests that would otherwise have to move megabytes.
    #[cfg(test)]
    pub(crate) fn of_small_chunks(file_bytes: u64, chunk_bytes: u32) -> Self {
        Self {
            file_bytes,
            chunk_bytes,
        }
    }

    /// Length of the file, in bytes.
    pub fn file_bytes(self) -> u64 {
        self.file_bytes
    }

    /// Length of every chunk but the last, in bytes.
    pub fn chunk_bytes(self) -> u32 {
        self.chunk_bytes
    }

    /// Number of chunks; 0 for an empty file.
    pub fn chunk_count(self) -> u32 {
        // At most 16 TiB / 16 MiB = 2^20.
        self.file_bytes.div_ceil(u64::from(self.chunk_bytes)) as u32
    }

    /// All chunks.
    pub fn all(self) -> ChunkRange {
        ChunkRange {
            first: 0,
            count: self.chunk_count(),
        }
    }

    /// True when the file has this chunk.
    pub fn contains(self, chunk: ChunkIndex) -> bool {
        chunk.0 < self.chunk_count()
    }

    /// Where a chunk lies; empty at the file's end for a chunk that the file lacks.
    pub fn byte_range(self, chunk: ChunkIndex) -> ByteRange {
        let start = (u64::from(chunk.0) * u64::from(self.chunk_bytes)).min(self.file_bytes);
        let end = (start + u64::from(self.chunk_bytes)).min(self.file_bytes);
        ByteRange { start, end }
    }

    /// The chunk that is exactly this range; `None` where it is no chunk, or not one alone.
    pub fn chunk_of(self, range: ByteRange) -> Option<ChunkIndex> {
        let index = u32::try_from(range.start / u64::from(self.chunk_bytes)).ok()?;
        let chunk = ChunkIndex(index);
        (self.contains(chunk) && self.byte_range(chunk) == range).then_some(chunk)
    }

    /// The chunk that an offset lies in; one past the last for the end of the file and what is beyond.
    pub fn chunk_at(self, offset: u64) -> ChunkIndex {
        let index = offset / u64::from(self.chunk_bytes);
        match offset < self.file_bytes {
            true => ChunkIndex(index as u32),
            false => ChunkIndex(self.chunk_count()),
        }
    }

    /// Length of a chunk, in bytes; 0 for one that the file lacks.
    pub fn chunk_len(self, chunk: ChunkIndex) -> u32 {
        self.byte_range(chunk).len() as u32
    }

    /// The three parts of the legacy protocol: part `p` starts at p·⌊T/3⌋, the last takes the rest.
    pub fn legacy_part(self, part: u8) -> Option<ByteRange> {
        let third = self.file_bytes / 3;
        match part {
            0 | 1 => Some(ByteRange {
                start: u64::from(part) * third,
                end: (u64::from(part) + 1) * third,
            }),
            2 => Some(ByteRange {
                start: 2 * third,
                end: self.file_bytes,
            }),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Lengths of all sizes, those around whole chunks among them.
    fn lengths() -> impl Strategy<Value = u64> {
        prop_oneof![
            0..=64u64 << 20,
            0..=MAX_FILE_BYTES,
            (0..=1u64 << 20, 0..3u64).prop_map(|(chunks, more)| {
                ((chunks << 24) + more)
                    .saturating_sub(1)
                    .min(MAX_FILE_BYTES)
            }),
        ]
    }

    proptest! {
        #[test]
        fn every_byte_is_in_one_chunk_and_every_chunk_has_a_byte(
            length in lengths(),
            anywhere in any::<prop::sample::Index>(),
            beyond in any::<u32>(),
        ) {
            let layout = ChunkLayout::for_file(length).unwrap();
            let count = layout.chunk_count();
            prop_assert_eq!(layout.all(), ChunkRange { first: 0, count });
            // The first, the last and any chunk begin where the one before ends.
            for index in [0, count.saturating_sub(1), anywhere.index(count as usize + 1) as u32] {
                let range = layout.byte_range(ChunkIndex(index));
                let next = layout.byte_range(ChunkIndex(index + 1));
                prop_assert_eq!(range.end, next.start);
                prop_assert_eq!(range.is_empty(), index >= count);
                prop_assert_eq!(range.len(), u64::from(layout.chunk_len(ChunkIndex(index))));
                let whole = range.len() == u64::from(layout.chunk_bytes());
                prop_assert!(whole || index + 1 >= count);
            }
            prop_assert_eq!(layout.byte_range(ChunkIndex(0)).start, 0);
            let last = layout.byte_range(ChunkIndex(count.saturating_sub(1)));
            prop_assert_eq!(last.end, length);
            let outside = ChunkIndex(beyond.max(count));
            prop_assert!(!layout.contains(outside) && layout.byte_range(outside).is_empty());
            prop_assert_eq!(ChunkLayout::checked(length, layout.chunk_bytes()), Ok(layout));
        }

        #[test]
        fn the_originals_parts_are_the_whole_file_once(length in lengths()) {
            let layout = ChunkLayout::for_file(length).unwrap();
            let mut next = 0;
            for part in (0..3).filter_map(|part| layout.legacy_part(part)) {
                prop_assert_eq!(part.start, next);
                prop_assert!(part.len() >= length / 3 && part.len() <= length / 3 + 2);
                next = part.end;
            }
            prop_assert_eq!(next, length);
        }

        #[test]
        fn a_range_has_the_chunks_from_its_first_to_its_end(
            first in any::<u32>(), count in 0u32..200, probe in any::<u32>(),
        ) {
            let range = ChunkRange { first, count: count.min(u32::MAX - first) };
            prop_assert_eq!(range.iter().count() as u32, range.count);
            prop_assert!(range.iter().all(|chunk| range.contains(chunk)));
            prop_assert!(!range.contains(ChunkIndex(range.end())));
            let inside = (first..range.end()).contains(&probe);
            prop_assert_eq!(range.contains(ChunkIndex(probe)), inside);
        }
    }

    #[test]
    fn chunk_size_grows_with_the_file() {
        for (file_bytes, chunk_mib, chunks) in [
            (0, 1, 0),
            (1, 1, 1),
            (1 << 20, 1, 1),
            ((1 << 20) + 1, 1, 2),
            (8 << 30, 1, 8192),
            ((8 << 30) + 1, 2, 4097),
            (16 << 30, 2, 8192),
            (128 << 30, 16, 8192),
            (16 << 40, 16, 1 << 20),
        ] {
            let layout = ChunkLayout::for_file(file_bytes).unwrap();
            assert_eq!(layout.chunk_bytes(), chunk_mib << 20, "{file_bytes}");
            assert_eq!(layout.chunk_count(), chunks, "{file_bytes}");
        }
        assert!(ChunkLayout::for_file((16 << 40) + 1).is_err());
        assert!(ChunkLayout::checked(10, 4096).is_err());
    }

    #[test]
    fn chunks_cover_the_file_without_overlap() {
        let layout = ChunkLayout::for_file((5 << 20) + 7).unwrap();
        let mut next = 0;
        for chunk in layout.all().iter() {
            let range = layout.byte_range(chunk);
            assert_eq!(range.start, next);
            assert!(!range.is_empty());
            next = range.end;
        }
        assert_eq!(next, layout.file_bytes());
        assert_eq!(layout.chunk_len(ChunkIndex(6)), 0);
    }

    #[test]
    fn legacy_parts_are_thirds_and_the_rest() {
        let layout = ChunkLayout::for_file(11).unwrap();
        let parts: Vec<_> = (0..3).filter_map(|p| layout.legacy_part(p)).collect();
        assert_eq!(parts.iter().map(|p| p.len()).collect::<Vec<_>>(), [3, 3, 5]);
        assert_eq!(layout.legacy_part(3), None);
    }
}
