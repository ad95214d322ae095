//! Buffers of one chunk each: a bounded number, used again.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use bytes::Bytes;
use parking_lot::Mutex;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::model::ChunkLayout;

/// Memory for chunks that are coming in or being written, in bytes, where chunks are small: two lots that
/// are hashed at once, and some that come in.
const BUDGET_BYTES: usize = 40 << 20;
/// Chunks at once, however large they are: two of each of three sources and two to spare.
const FEWEST: usize = 8;

/// The buffers of one fetch.
#[derive(Clone, Debug)]
pub(super) struct Buffers {
    permits: Arc<Semaphore>,
    free: Arc<Mutex<Vec<Vec<u8>>>>,
    arriving: Arc<AtomicUsize>,
    chunk_bytes: usize,
    count: usize,
}

/// A buffer in use. It goes back when it is dropped.
#[derive(Debug)]
pub(super) struct ChunkBuffer {
    pub(super) bytes: Vec<u8>,
    home: Arc<Mutex<Vec<Vec<u8>>>>,
    arriving: Option<Arc<AtomicUsize>>,
    /// `None` for one that is not among those that are used again.
    permit: Option<OwnedSemaphorePermit>,
}

impl Buffers {
    pub(super) fn new(layout: ChunkLayout) -> Self {
        let chunk_bytes = layout.chunk_bytes() as usize;
        let count = (BUDGET_BYTES / chunk_bytes).max(FEWEST);
        Self {
            permits: Arc::new(Semaphore::new(count)),
            free: Arc::default(),
            arriving: Arc::default(),
            chunk_bytes,
            count,
        }
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.count
    }

    /// Chunks that may be kept until it is their turn. The others are for what is of no use any more: a
    /// duplicate must never keep the chunk from coming that everything waits for.
    pub(super) fn ahead(&self) -> u32 {
        (self.count - self.count / 4) as u32
    }

    /// How many are being filled.
    pub(super) fn arriving(&self) -> usize {
        self.arriving.load(Ordering::Acquire)
    }

    /// A buffer, if one is free.
    pub(super) fn try_get(&self) -> Option<ChunkBuffer> {
        let permit = Arc::clone(&self.permits).try_acquire_owned().ok()?;
        Some(self.with(permit))
    }

    /// A buffer, once one is free. Cancel-safe.
    pub(super) async fn get(&self) -> Option<ChunkBuffer> {
        let permit = Arc::clone(&self.permits).acquire_owned().await.ok()?;
        Some(self.with(permit))
    }

    fn with(&self, permit: OwnedSemaphorePermit) -> ChunkBuffer {
        let kept = self.free.lock().pop();
        let mut bytes = kept.unwrap_or_else(|| Vec::with_capacity(self.chunk_bytes));
        bytes.clear();
        self.arriving.fetch_add(1, Ordering::AcqRel);
        ChunkBuffer {
            bytes,
            home: Arc::clone(&self.free),
            arriving: Some(Arc::clone(&self.arriving)),
            permit: Some(permit),
        }
    }
}

impl ChunkBuffer {
    /// One that is not counted. The chunk that somebody waits for must not wait for others to be written.
    pub(super) fn apart(bytes: Vec<u8>) -> Self {
        Self {
            bytes,
            home: Arc::default(),
            arriving: None,
            permit: None,
        }
    }

    /// Its bytes, for good: they count as memory of whoever takes them.
    pub(super) fn into_bytes(mut self) -> Bytes {
        Bytes::from(std::mem::take(&mut self.bytes))
    }

    /// It is full.
    pub(super) fn arrived(&mut self) {
        if let Some(arriving) = self.arriving.take() {
            arriving.fetch_sub(1, Ordering::AcqRel);
        }
    }
}

impl AsRef<[u8]> for ChunkBuffer {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Drop for ChunkBuffer {
    fn drop(&mut self) {
        self.arrived();
        if self.bytes.capacity() > 0 && self.permit.is_some() {
            self.home.lock().push(std::mem::take(&mut self.bytes));
        }
    }
}
