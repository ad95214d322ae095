//! A file that this client receives, or has received just now, as its peers are sent it: the chunks that are verified and
//! written, read from where they are.

use std::{fs::File, io, path::Path, sync::Arc};

use crate::{
    model::{ByteRange, ChunkSet, FileMeta, Manifest},
    node::{send::Content, watch::Watched},
    store::StoreError,
};

/// See the module. Copies are the same.
#[derive(Clone, Debug)]
pub(in crate::node::client) struct Running {
    watched: Watched,
    manifest: Arc<Manifest>,
}

impl Running {
    /// What is there of what a fetch brings; `None` while nothing can be read.
    pub(in crate::node::client) fn of(watched: Watched) -> Option<Self> {
        let manifest = watched.known_manifest()?;
        watched.in_file()?;
        Some(Self { watched, manifest })
    }

    /// Whether it can still be read.
    ///
    /// # Errors
    /// When nothing of it is there any more.
    pub(in crate::node::client) fn check(&self) -> Result<(), StoreError> {
        self.check_unchanged()
    }

    pub(in crate::node::client) fn meta(&self) -> &FileMeta {
        self.watched.meta()
    }

    /// Nobody learns where the file is.
    fn named(&self) -> &Path {
        Path::new(self.watched.meta().name.as_str())
    }

    fn gone(&self) -> StoreError {
        StoreError::Changed(self.named().to_owned())
    }
}

impl Content for Running {
    fn meta(&self) -> &FileMeta {
        self.watched.meta()
    }

    fn have(&self) -> Option<ChunkSet> {
        let nothing = || ChunkSet::new(self.meta().layout.chunk_count());
        Some(
            self.watched
                .in_file()
                .map_or_else(nothing, |(_, have)| have),
        )
    }

    fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    fn read_at(&self, range: ByteRange, target: &mut Vec<u8>) -> Result<(), StoreError> {
        let (file, have) = self.watched.in_file().ok_or_else(|| self.gone())?;
        let layout = self.meta().layout;
        let chunk_bytes = u64::from(layout.chunk_bytes());
        let first = (range.start / chunk_bytes) as u32;
        let last = (range.end.saturating_sub(1) / chunk_bytes) as u32;
        // Nobody asks an honest peer for what it has not announced.
        let is_there = |chunk| have.contains(crate::model::ChunkIndex(chunk));
        if !(first..=last).all(is_there) {
            return Err(StoreError::NotFound(self.named().to_owned()));
        }
        let bytes = file.read(range).map_err(|_| self.gone())?;
        target.extend_from_slice(&bytes);
        Ok(())
    }

    fn check_unchanged(&self) -> Result<(), StoreError> {
        match self.watched.in_file() {
            Some(_) => Ok(()),
            None => Err(self.gone()),
        }
    }

    fn kernel_file(&self) -> Option<&File> {
        None
    }

    fn is_in_memory(&self, _range: ByteRange) -> bool {
        false
    }

    fn error(&self, error: &io::Error) -> StoreError {
        StoreError::new(self.named(), error)
    }
}
