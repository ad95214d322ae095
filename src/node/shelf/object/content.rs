//! An object that is sent to one receiver.

use std::{
    fs::File,
    io,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use bytes::Bytes;
use parking_lot::Mutex;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{
    blocks::{BLOCK_BYTES, Blocks, Source, blocks_of},
    bucket::{Bucket, stamp_of},
    known::Known,
};
use crate::{
    model::{ByteRange, FileMeta, IndexedFile, Manifest},
    node::send::{Content, provider::Fetching},
    store::StoreError,
};

/// What is fetched beyond what a receiver has asked for that goes on in order: its requests are few while it is slow, and a far
/// store would keep it so.
const BEYOND_BYTES: u64 = 4 * BLOCK_BYTES;

/// What all contents of a bucket share.
#[derive(Clone, Debug)]
pub(super) struct Reading {
    pub(super) bucket: Bucket,
    pub(super) known: Arc<Mutex<Known>>,
    pub(super) blocks: Blocks,
    /// Receivers that each keep the block which they are at.
    pub(super) keepers: Arc<Semaphore>,
}

/// See the module.
#[derive(Debug)]
pub(super) struct ObjectContent {
    reading: Reading,
    file: Arc<IndexedFile>,
    source: Arc<Source>,
    /// The last block that was asked for.
    asked: AtomicU64,
    /// The block that its receiver is at, so that others cannot push it out before it is sent.
    at: Mutex<Option<(u64, Bytes)>>,
    keeps: Option<OwnedSemaphorePermit>,
}

impl ObjectContent {
    pub(super) fn new(reading: &Reading, file: &Arc<IndexedFile>, source: Source) -> Self {
        Self {
            keeps: Arc::clone(&reading.keepers).try_acquire_owned().ok(),
            reading: reading.clone(),
            file: Arc::clone(file),
            source: Arc::new(source),
            asked: AtomicU64::new(0),
            at: Mutex::new(None),
        }
    }

    fn block(&self, block: u64) -> Result<Bytes, StoreError> {
        if let Some((at, bytes)) = &*self.at.lock()
            && *at == block
        {
            return Ok(bytes.clone());
        }
        let getting = self.reading.blocks.get(&self.source, block);
        let got = self.reading.bucket.wait(getting);
        let got = got.unwrap_or_else(|| Err(StoreError::Changed(self.path())))?;
        if self.keeps.is_some() {
            *self.at.lock() = Some((block, got.clone()));
        }
        Ok(got)
    }

    fn path(&self) -> std::path::PathBuf {
        self.reading
            .bucket
            .path()
            .join(self.file.meta.name.as_str())
    }
}

impl Content for ObjectContent {
    fn meta(&self) -> &FileMeta {
        &self.file.meta
    }

    fn manifest(&self) -> &Manifest {
        &self.file.manifest
    }

    fn read_at(&self, range: ByteRange, target: &mut Vec<u8>) -> Result<(), StoreError> {
        if range.end > self.source.bytes {
            return Err(StoreError::Changed(self.path()));
        }
        for block in blocks_of(range) {
            let bytes = self.block(block)?;
            let begins = block * BLOCK_BYTES;
            let from = range.start.saturating_sub(begins) as usize;
            let to = (range.end - begins).min(BLOCK_BYTES) as usize;
            let part = bytes.get(from..to);
            target.extend_from_slice(part.ok_or_else(|| StoreError::Changed(self.path()))?);
        }
        Ok(())
    }

    /// Each range was read of the object as it was; this is what a look has shown since.
    fn check_unchanged(&self) -> Result<(), StoreError> {
        let known = self.reading.known.lock();
        let now = known.get(&self.file.meta.name);
        if now.is_some_and(|object| stamp_of(object) == self.file.stamp) {
            Ok(())
        } else {
            Err(StoreError::Changed(self.path()))
        }
    }

    fn kernel_file(&self) -> Option<&File> {
        None
    }

    fn is_in_memory(&self, _range: ByteRange) -> bool {
        false
    }

    fn error(&self, error: &io::Error) -> StoreError {
        StoreError::new(&self.path(), error)
    }

    fn will_read(&self, range: ByteRange) {
        let (first, last) = (
            range.start / BLOCK_BYTES,
            range.end.saturating_sub(1) / BLOCK_BYTES,
        );
        let before = self.asked.swap(last, Ordering::Relaxed);
        let beyond = match first {
            in_order if in_order == before || in_order == before + 1 => BEYOND_BYTES,
            _ => 0,
        };
        let end = self.source.bytes.min(range.end.saturating_add(beyond));
        let ahead = ByteRange {
            start: range.start,
            end,
        };
        self.reading.blocks.ahead(&self.source, ahead);
    }

    fn fetch(&self, range: ByteRange) -> Option<Fetching> {
        let is_at = |block| matches!(&*self.at.lock(), Some((at, _)) if *at == block);
        let lacking: Vec<u64> = blocks_of(range).filter(|block| !is_at(*block)).collect();
        if lacking.is_empty() {
            return None;
        }
        let (blocks, source) = (self.reading.blocks.clone(), Arc::clone(&self.source));
        Some(Box::pin(async move {
            for block in lacking {
                // Whoever reads it hears of its failure.
                let _ = blocks.get(&source, block).await;
            }
        }))
    }
}
