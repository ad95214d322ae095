//! Somebody who reads a file from its beginning while it comes.

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

use bytes::Bytes;
use tokio::sync::mpsc;

/// Who reads, and how far it is. Outlives the fetches of a download that is paused meanwhile.
#[derive(Clone, Debug)]
pub(in crate::node) struct Reader {
    chunks: mpsc::Sender<Bytes>,
    taken: Arc<AtomicU32>,
}

impl Reader {
    /// One who has read nothing yet. Each message is one chunk.
    pub(in crate::node) fn new(chunks: mpsc::Sender<Bytes>) -> Self {
        Self {
            chunks,
            taken: Arc::default(),
        }
    }

    /// Chunks that it has, from the first.
    pub(super) fn taken(&self) -> u32 {
        self.taken.load(Ordering::Acquire)
    }

    /// Gives it the next chunk; false when it is gone. A dropped attempt has given nothing.
    pub(super) async fn give(&self, bytes: Bytes) -> bool {
        let given = self.chunks.send(bytes).await.is_ok();
        self.taken.fetch_add(u32::from(given), Ordering::AcqRel);
        given
    }

    /// Waits until it is gone. Cancel-safe.
    pub(super) async fn gone(&self) {
        self.chunks.closed().await;
    }
}
