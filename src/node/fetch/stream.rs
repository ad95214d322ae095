//! A file that is read from its beginning while it comes. Verified chunks wait in memory until it is their turn;
//! the machine asks for none that is further ahead than there is memory for, so that a slow reader
//! slows the sources down and blames none of them. Nothing is written to the disk.

use std::{
    collections::BTreeMap,
    sync::{Arc, OnceLock},
};

use bytes::Bytes;
use parking_lot::Mutex;
use tokio::sync::{Notify, mpsc};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{
    buffers::ChunkBuffer,
    messages::{Done, Verdict},
    reader::Reader,
    writing::{ChunkSink, Kept},
};
use crate::{
    model::{ChunkIndex, ChunkLayout, ChunkSet, Manifest},
    store::sha256_many,
};

/// Chunks that wait for their turn.
#[derive(Debug)]
pub(super) struct Stream {
    manifest: Arc<OnceLock<Arc<Manifest>>>,
    layout: ChunkLayout,
    reader: Reader,
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
    bytes: Bytes,
}

impl Stream {
    /// For a reader that has some chunks already; the manifest comes before the first of the others.
    pub(super) fn new(
        manifest: Arc<OnceLock<Arc<Manifest>>>,
        layout: ChunkLayout,
        reader: Reader,
    ) -> Self {
        let next = ChunkIndex(reader.taken());
        Self {
            manifest,
            layout,
            reader,
            waiting: Mutex::new(Waiting {
                next,
                chunks: BTreeMap::new(),
                zeros: None,
            }),
            arrived: Notify::new(),
        }
    }

    /// Chunks that are zeros: the reader is given them in their turn.
    pub(super) fn set_zeros(&self, chunks: ChunkSet) {
        if chunks.is_empty() {
            return;
        }
        let longest = chunks.iter().map(|chunk| self.layout.chunk_len(chunk));
        let bytes = Bytes::from(vec![0; longest.max().unwrap_or_default() as usize]);
        self.waiting.lock().zeros = Some(Zeros { chunks, bytes });
        self.arrived.notify_one();
    }

    /// Chunks that the reader has, from the first.
    pub(super) fn taken(&self) -> u32 {
        self.reader.taken()
    }

    /// Begins to give the reader what comes, in a task that ends with its news, or when it is told to stop.
    pub(super) fn hand_over(
        self: Arc<Self>,
        stop: CancellationToken,
        done: mpsc::Sender<Done>,
        tasks: &TaskTracker,
    ) {
        let failed = done.clone();
        let handing_over = tasks.spawn(async move {
            tokio::select! {
                () = self.give_all(done) => {}
                () = stop.cancelled() => {}
            }
        });
        tasks.spawn(async move {
            if handing_over.await.is_err() {
                let _ = failed.send(Done::Broken).await;
            }
        });
    }

    /// Gives chunk after chunk to the reader, and tells how far it is, until it has all or is gone.
    async fn give_all(&self, done: mpsc::Sender<Done>) {
        let reader = &self.reader;
        while reader.taken() < self.layout.chunk_count() {
            let bytes = tokio::select! {
                bytes = self.next() => bytes,
                () = reader.gone() => {
                    let _ = done.send(Done::ReaderGone).await;
                    return;
                }
            };
            if !reader.give(bytes).await {
                let _ = done.send(Done::ReaderGone).await;
                return;
            }
            if done.send(Done::Taken(reader.taken())).await.is_err() {
                return;
            }
        }
        let _ = done.send(Done::AllTaken).await;
    }

    /// The next chunk, once it is here. Cancel-safe.
    async fn next(&self) -> Bytes {
        loop {
            let next = self.waiting.lock().pop(self.layout);
            match next {
                Some(bytes) => return bytes,
                // A word that came since is kept.
                None => self.arrived.notified().await,
            }
        }
    }
}

impl ChunkSink for Stream {
    fn keep(&self, chunks: Vec<(ChunkIndex, ChunkBuffer)>, tell: &mut dyn FnMut(ChunkIndex, Kept)) {
        let bytes: Vec<&[u8]> = chunks.iter().map(|(_, buffer)| buffer.as_ref()).collect();
        let digests = sha256_many(&bytes);
        let manifest = self.manifest.get();
        let mut waiting = self.waiting.lock();
        let mut verdicts = Vec::with_capacity(chunks.len());
        for ((chunk, buffer), digest) in chunks.into_iter().zip(digests) {
            let expected = manifest.and_then(|manifest| manifest.chunk(chunk));
            let verdict = if expected == Some(digest) {
                Verdict::Verified
            } else {
                Verdict::Wrong
            };
            if verdict == Verdict::Verified && chunk >= waiting.next {
                waiting.chunks.entry(chunk).or_insert(buffer);
            }
            verdicts.push((chunk, verdict));
        }
        drop(waiting);
        self.arrived.notify_one();
        for (chunk, verdict) in verdicts {
            tell(chunk, Ok(verdict));
        }
    }
}

impl Waiting {
    fn pop(&mut self, layout: ChunkLayout) -> Option<Bytes> {
        let sent = self.chunks.remove(&self.next);
        let bytes = match (sent, &self.zeros) {
            (Some(buffer), _) => buffer.into_bytes(),
            (None, Some(zeros)) if zeros.chunks.contains(self.next) => {
                let length = layout.chunk_len(self.next) as usize;
                zeros.bytes.slice(..length)
            }
            (None, _) => return None,
        };
        self.next = ChunkIndex(self.next.0 + 1);
        Some(bytes)
    }
}
