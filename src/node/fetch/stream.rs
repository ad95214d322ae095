//! A file that is read from its beginning while it comes. Verified chunks wait in memory until it is their turn;
//! the machine asks for none that is further ahead than there is memory for, so that a reader who takes his time
//! slows the sources down and blames none of them. Nothing is written to the disk.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
};

use bytes::Bytes;
use tokio::sync::{Notify, mpsc};

use super::{buffers::ChunkBuffer, shell::Done};
use crate::{
    model::{ChunkIndex, ChunkLayout, ChunkSet, Manifest},
    store::sha256_many,
};

/// Who reads, and how far he is. Outlives the fetches of a download that is paused meanwhile.
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

    /// Chunks that he has, from the first.
    pub(super) fn taken(&self) -> u32 {
        self.taken.load(Ordering::Acquire)
    }

    /// Gives him the next chunk; false when he is gone. When it is dropped before its end he has not got it.
    async fn give(&self, bytes: Bytes) -> bool {
        let given = self.chunks.send(bytes).await.is_ok();
        self.taken.fetch_add(u32::from(given), Ordering::AcqRel);
        given
    }
}

/// Chunks that wait for their turn.
#[derive(Debug)]
pub(super) struct Stream {
    manifest: Arc<OnceLock<Arc<Manifest>>>,
    waiting: Mutex<Waiting>,
    arrived: Notify,
}

#[derive(Debug)]
struct Waiting {
    next: ChunkIndex,
    chunks: BTreeMap<ChunkIndex, ChunkBuffer>,
    /// Chunks that nobody sends.
    zeros: Option<Zeros>,
}

/// Chunks of nothing but zeros; all are parts of the longest.
#[derive(Debug)]
struct Zeros {
    chunks: ChunkSet,
    layout: ChunkLayout,
    bytes: Bytes,
}

impl Stream {
    /// For a reader who has some chunks already; the manifest comes before the first of the others.
    pub(super) fn new(manifest: Arc<OnceLock<Arc<Manifest>>>, taken: u32) -> Self {
        Self {
            manifest,
            waiting: Mutex::new(Waiting {
                next: ChunkIndex(taken),
                chunks: BTreeMap::new(),
                zeros: None,
            }),
            arrived: Notify::new(),
        }
    }

    /// Chunks that are zeros: the reader is given them in their turn.
    pub(super) fn set_zeros(&self, chunks: ChunkSet, layout: ChunkLayout) {
        if chunks.is_empty() {
            return;
        }
        let longest = chunks.iter().map(|chunk| layout.chunk_len(chunk)).max();
        self.waiting().zeros = Some(Zeros {
            chunks,
            layout,
            bytes: Bytes::from(vec![0; longest.unwrap_or_default() as usize]),
        });
        self.arrived.notify_one();
    }

    /// Hashes whole chunks, keeps those that are right and new, and says which are right.
    pub(super) fn put(&self, chunks: Vec<(ChunkIndex, ChunkBuffer)>) -> Vec<(ChunkIndex, bool)> {
        let bytes: Vec<&[u8]> = chunks.iter().map(|(_, buffer)| buffer.as_ref()).collect();
        let digests = sha256_many(&bytes);
        let manifest = self.manifest.get();
        let mut waiting = self.waiting();
        let mut verdicts = Vec::with_capacity(chunks.len());
        for ((chunk, buffer), digest) in chunks.into_iter().zip(digests) {
            let expected = manifest.and_then(|manifest| manifest.chunk(chunk));
            let is_right = expected == Some(digest);
            if is_right && chunk >= waiting.next {
                waiting.chunks.entry(chunk).or_insert(buffer);
            }
            verdicts.push((chunk, is_right));
        }
        drop(waiting);
        self.arrived.notify_one();
        verdicts
    }

    /// Gives chunk after chunk to the reader, and tells the shell how far he is, until he has all or is gone.
    pub(super) async fn hand_over(
        self: Arc<Self>,
        reader: Reader,
        chunk_count: u32,
        done: mpsc::Sender<Done>,
    ) {
        while reader.taken() < chunk_count {
            let bytes = tokio::select! {
                bytes = self.next() => bytes,
                () = reader.chunks.closed() => {
                    let _ = done.send(Done::ReaderGone).await;
                    return;
                }
            };
            let word = if reader.give(bytes).await {
                Done::Taken(reader.taken())
            } else {
                Done::ReaderGone
            };
            let is_over = matches!(word, Done::ReaderGone);
            if done.send(word).await.is_err() || is_over {
                return;
            }
        }
        let _ = done.send(Done::AllTaken).await;
    }

    /// The next chunk, once it is here. Cancel-safe.
    async fn next(&self) -> Bytes {
        loop {
            let next = self.waiting().pop();
            match next {
                Some(bytes) => return bytes,
                // A word that came since is kept.
                None => self.arrived.notified().await,
            }
        }
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Waiting {
    fn pop(&mut self) -> Option<Bytes> {
        let sent = self.chunks.remove(&self.next);
        let bytes = match (sent, &self.zeros) {
            (Some(buffer), _) => buffer.into_bytes(),
            (None, Some(zeros)) if zeros.chunks.contains(self.next) => {
                let length = zeros.layout.chunk_len(self.next) as usize;
                zeros.bytes.slice(..length)
            }
            (None, _) => return None,
        };
        self.next = ChunkIndex(self.next.0 + 1);
        Some(bytes)
    }
}
