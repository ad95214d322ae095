//! Where chunks are kept that readers wait for: in memory, or in the file that is received.

use std::sync::{Arc, OnceLock};

use super::{
    buffers::ChunkBuffer,
    messages::Verdict,
    writing::{ChunkSink, Kept},
};
use crate::{
    model::{ByteRange, ChunkIndex, Manifest},
    node::watch::{ChunkPlace, Watched},
    store::{PartFile, StoreError, WholeFile, sha256_many},
};

/// Keeps chunks in memory, where nobody wants the file.
#[derive(Debug)]
pub(super) struct Keeper {
    pub(super) manifest: Arc<OnceLock<Arc<Manifest>>>,
    pub(super) watched: Watched,
}

impl ChunkSink for Keeper {
    fn keep(&self, chunks: Vec<(ChunkIndex, ChunkBuffer)>, tell: &mut dyn FnMut(ChunkIndex, Kept)) {
        let bytes: Vec<&[u8]> = chunks.iter().map(|(_, buffer)| buffer.as_ref()).collect();
        let digests = sha256_many(&bytes);
        let manifest = self.manifest.get();
        for ((chunk, buffer), digest) in chunks.into_iter().zip(digests) {
            let expected = manifest.and_then(|manifest| manifest.chunk(chunk));
            let verdict = if expected == Some(digest) {
                self.watched.put(chunk, buffer.into_bytes());
                Verdict::Verified
            } else {
                Verdict::Wrong
            };
            tell(chunk, Ok(verdict));
        }
    }
}

impl ChunkPlace for PartFile {
    fn read(&self, range: ByteRange) -> Result<Vec<u8>, StoreError> {
        PartFile::read(self, range)
    }
}

impl ChunkPlace for WholeFile {
    fn read(&self, range: ByteRange) -> Result<Vec<u8>, StoreError> {
        WholeFile::read(self, range)
    }
}
