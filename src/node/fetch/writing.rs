//! Whole chunks on their way to the disk, or to a reader: hashed, compared, kept, off the async threads. Chunks that wait
//! are taken together, as many digests at once cost little more than one; where chunks come fast, a few milliseconds are
//! given to others that are coming in.

use std::{
    collections::VecDeque,
    fmt::Debug,
    sync::{Arc, OnceLock},
    time::{Duration, Instant},
};

use parking_lot::Mutex;
use tokio::{sync::mpsc, task::AbortHandle, time::sleep_until};
use tokio_util::task::TaskTracker;

use super::{
    buffers::{Buffers, ChunkBuffer},
    messages::{Input, Verdict},
};
use crate::{
    model::{ChunkIndex, SourceId},
    node::{Failure, clock},
    store::{PartFile, StoreError, lanes},
};

/// How long a chunk waits for others.
const COLLECT_FOR: Duration = Duration::from_millis(20);

/// A chunk that came whole.
#[derive(Debug)]
pub(super) struct Whole {
    /// Who sent it; `None` where several sources did, each a part.
    pub(super) source: Option<SourceId>,
    pub(super) chunk: ChunkIndex,
    pub(super) buffer: ChunkBuffer,
}

/// What became of a chunk: whether it is right, or why it could not be kept.
pub(super) type Kept = Result<Verdict, StoreError>;

/// Where chunks go. Blocking.
pub(super) trait ChunkSink: Debug + Send + Sync {
    /// Hashes chunks and keeps those that are right. Tells of each, in their order, once its buffer is free.
    fn keep(&self, chunks: Vec<(ChunkIndex, ChunkBuffer)>, tell: &mut dyn FnMut(ChunkIndex, Kept));
}

impl ChunkSink for PartFile {
    fn keep(&self, chunks: Vec<(ChunkIndex, ChunkBuffer)>, tell: &mut dyn FnMut(ChunkIndex, Kept)) {
        for checked in self.check(chunks) {
            let chunk = checked.chunk();
            let kept = self.write(&checked).map(|is_right| match is_right {
                true => Verdict::Verified,
                false => Verdict::Wrong,
            });
            // The buffer can take the next chunk before anybody hears of this one.
            drop(checked);
            tell(chunk, kept);
        }
    }
}

/// Where the chunks of one fetch go, once that is known.
pub(super) type SinkSlot = Arc<OnceLock<Arc<dyn ChunkSink>>>;

/// Writes the chunks of one fetch.
#[derive(Clone, Debug)]
pub(super) struct Writing(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    sink: SinkSlot,
    inputs: mpsc::Sender<Input>,
    tasks: TaskTracker,
    buffers: Buffers,
    /// Chunks that are taken at once.
    most_chunks: usize,
    most_workers: usize,
    waiting: Mutex<Waiting>,
}

#[derive(Debug, Default)]
struct Waiting {
    chunks: VecDeque<(Instant, Whole)>,
    workers: usize,
    /// Looks again when the first chunk has waited long enough.
    timer: Option<AbortHandle>,
}

impl Writing {
    pub(super) fn new(
        sink: SinkSlot,
        inputs: mpsc::Sender<Input>,
        tasks: TaskTracker,
        buffers: &Buffers,
    ) -> Self {
        Self(Arc::new(Shared {
            sink,
            inputs,
            tasks,
            buffers: buffers.clone(),
            // Some buffers must be left for what comes in meanwhile.
            most_chunks: lanes().min(buffers.count() / 2).max(1),
            most_workers: std::thread::available_parallelism().map_or(1, Into::into),
            waiting: Mutex::default(),
        }))
    }

    /// Takes a chunk.
    pub(super) fn push(&self, mut whole: Whole) {
        whole.buffer.arrived();
        let mut waiting = self.0.waiting.lock();
        waiting.chunks.push_back((clock::now(), whole));
        self.go_on(&mut waiting);
    }

    /// Starts a worker where one pays: the first for any lot that is due, further ones for full lots.
    fn go_on(&self, waiting: &mut Waiting) {
        if !self.is_due(waiting) {
            return self.look_later(waiting);
        }
        let is_full = waiting.chunks.len() >= self.0.most_chunks;
        let most = if is_full { self.0.most_workers } else { 1 };
        if waiting.workers < most {
            waiting.workers += 1;
            let worker = Worker(self.clone());
            self.0.tasks.spawn_blocking(move || worker.run());
        }
    }

    /// Nothing more is worth waiting for.
    fn is_due(&self, waiting: &Waiting) -> bool {
        let Some((came, _)) = waiting.chunks.front() else {
            return false;
        };
        waiting.chunks.len() >= self.0.most_chunks
            || self.0.buffers.arriving() == 0
            || clock::now() >= *came + COLLECT_FOR
    }

    fn look_later(&self, waiting: &mut Waiting) {
        let Some((came, _)) = waiting.chunks.front() else {
            return;
        };
        if waiting.timer.is_some() {
            return;
        }
        let (due, this) = (*came + COLLECT_FOR, self.clone());
        let timer = self.0.tasks.spawn(async move {
            sleep_until(due.into()).await;
            let mut waiting = this.0.waiting.lock();
            waiting.timer = None;
            this.go_on(&mut waiting);
        });
        waiting.timer = Some(timer.abort_handle());
    }

    /// What is to be hashed next; `None`, and one worker less, when nothing is due.
    fn next_lot(&self) -> Option<Vec<Whole>> {
        let mut waiting = self.0.waiting.lock();
        if !self.is_due(&waiting) {
            waiting.workers -= 1;
            self.look_later(&mut waiting);
            return None;
        }
        // Whoever waits for the last task of a fetch does not wait for it.
        if let Some(timer) = waiting.timer.take() {
            timer.abort();
        }
        let count = waiting.chunks.len().min(self.0.most_chunks);
        let lot = waiting.chunks.drain(..count);
        Some(lot.map(|(_, whole)| whole).collect())
    }

    fn write(&self, lot: Vec<Whole>) {
        // Chunks are asked for only once there is a place for them.
        let Some(sink) = self.0.sink.get() else {
            return;
        };
        let sources: Vec<_> = lot.iter().map(|whole| whole.source).collect();
        let chunks = lot.into_iter().map(|whole| (whole.chunk, whole.buffer));
        let mut sources = sources.into_iter();
        sink.keep(chunks.collect(), &mut |chunk, kept| {
            if let Some(source) = sources.next() {
                self.tell(match (kept, source) {
                    (Ok(verdict), Some(source)) => Input::Chunk(source, chunk, verdict),
                    (Ok(verdict), None) => Input::Joined(chunk, verdict),
                    (Err(error), _) => Input::Failed(Failure::Store(error)),
                });
            }
        });
    }

    fn tell(&self, input: Input) {
        let _ = self.0.inputs.blocking_send(input);
    }
}

/// A thread that hashes and writes. Whatever becomes of it, the shell hears of it: without a verdict its chunks would be
/// waited for, for ever.
struct Worker(Writing);

impl Worker {
    fn run(self) {
        while let Some(lot) = self.0.next_lot() {
            self.0.write(lot);
        }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        if std::thread::panicking() {
            tracing::error!("writing failed");
            self.0.0.waiting.lock().workers -= 1;
            self.0.tell(Input::Failed(Failure::Broken));
        }
    }
}
