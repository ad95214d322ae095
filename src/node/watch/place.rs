//! Where the verified chunks of a content are, so that they can be read.

use std::{fmt::Debug, sync::Arc};

use bytes::Bytes;

use super::cache::Cache;
use crate::{
    model::{ByteRange, ChunkIndex, ChunkLayout, ChunkSet},
    store::StoreError,
};

/// A file with chunks that are verified. Blocking.
pub(in crate::node) trait ChunkPlace: Debug + Send + Sync {
    /// The bytes of a range whose chunks are there.
    ///
    /// # Errors
    /// [`StoreError::Changed`] when somebody has changed the file, and what the disk says.
    fn read(&self, range: ByteRange) -> Result<Vec<u8>, StoreError>;
}

/// See the module.
#[derive(Debug)]
pub(super) enum Place {
    /// Not known yet.
    None,
    Memory {
        cache: Cache,
        /// Chunks of nothing but zeros, which nobody keeps.
        zeros: ChunkSet,
    },
    File {
        file: Arc<dyn ChunkPlace>,
        have: ChunkSet,
    },
}

/// What is read next.
#[derive(Debug)]
pub(super) enum Found {
    /// A whole chunk.
    Memory(Bytes),
    File(Arc<dyn ChunkPlace>),
}

impl Place {
    /// A chunk, if it is there.
    pub(super) fn find(&mut self, layout: ChunkLayout, chunk: ChunkIndex) -> Option<Found> {
        match self {
            Self::None => None,
            Self::Memory { zeros, .. } if zeros.contains(chunk) => {
                let length = layout.chunk_len(chunk) as usize;
                Some(Found::Memory(Bytes::from(vec![0; length])))
            }
            Self::Memory { cache, .. } => cache.get(chunk).map(Found::Memory),
            Self::File { file, have } => {
                let is_there = have.contains(chunk);
                is_there.then(|| Found::File(Arc::clone(file)))
            }
        }
    }

    /// The file, and the chunks that are there.
    pub(super) fn in_file(&self) -> Option<(Arc<dyn ChunkPlace>, ChunkSet)> {
        match self {
            Self::File { file, have } => Some((Arc::clone(file), have.clone())),
            Self::None | Self::Memory { .. } => None,
        }
    }

    /// A chunk was verified. False if it is not there all the same.
    pub(super) fn arrived(&mut self, chunk: ChunkIndex) -> bool {
        match self {
            Self::None => false,
            Self::Memory { cache, zeros } => cache.contains(chunk) || zeros.contains(chunk),
            Self::File { have, .. } => {
                have.insert(chunk);
                true
            }
        }
    }
}
