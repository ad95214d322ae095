//! Whole chunks on their way to the disk, or to a reader: hashed, compared, written, off the async threads. Chunks that wait
//! are taken together, as many digests at once cost little more than one; where chunks come fast, a few
//! milliseconds are given to others that are coming in.

use std::{
    collections::VecDeque,
    sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError},
    time::{Duration, Instant},
};

use tokio::sync::mpsc;
use tokio_util::task::TaskTracker;

use super::{
    buffers::{Buffers, ChunkBuffer},
    source::{Input, What},
    stream::Stream,
};
use crate::{
    model::{ChunkIndex, SourceId},
    node::Failure,
    store::{PartFile, lanes},
};

/// How long a chunk waits for others.
const COLLECT_FOR: Duration = Duration::from_millis(20);

/// A chunk that came whole.
#[derive(Debug)]
pub(super) struct Whole {
    pub(super) source: SourceId,
    pub(super) generation: u64,
    pub(super) chunk: ChunkIndex,
    pub(super) buffer: ChunkBuffer,
}

/// Where chunks go.
#[derive(Clone, Debug)]
pub(super) enum Sink {
    Part(Arc<PartFile>),
    Stream(Arc<Stream>),
}

/// Writes the chunks of one fetch.
#[derive(Clone, Debug)]
pub(super) struct Writing {
    sink: Arc<OnceLock<Sink>>,
    inputs: mpsc::Sender<Input>,
    tasks: TaskTracker,
    shared: Arc<Shared>,
    buffers: Buffers,
    /// Chunks that are taken at once.
    most: usize,
    workers: usize,
}

#[derive(Debug, Default)]
struct Shared {
    waiting: Mutex<Waiting>,
    enough: Condvar,
}

#[derive(Debug, Default)]
struct Waiting {
    chunks: VecDeque<(Instant, Whole)>,
    workers: usize,
    /// Workers that wait for more chunks.
    idle: usize,
}

impl Writing {
    pub(super) fn new(
        sink: Arc<OnceLock<Sink>>,
        inputs: mpsc::Sender<Input>,
        tasks: TaskTracker,
        buffers: &Buffers,
    ) -> Self {
        Self {
            sink,
            inputs,
            tasks,
            shared: Arc::default(),
            buffers: buffers.clone(),
            // Some buffers must be left for what comes in meanwhile.
            most: lanes().min(buffers.count() / 2).max(1),
            workers: std::thread::available_parallelism().map_or(1, Into::into),
        }
    }

    /// Takes a chunk. The first worker starts at once, further ones only for as many chunks as pay most.
    pub(super) fn push(&self, mut whole: Whole) {
        let whence = (whole.source, whole.generation);
        whole.buffer.arrived();
        let mut waiting = self.waiting();
        waiting.chunks.push_back((Instant::now(), whole));
        let is_full_lot = waiting.chunks.len() >= self.most;
        if waiting.idle > 0 {
            if is_full_lot || self.buffers.arriving() == 0 {
                self.shared.enough.notify_one();
            }
            return;
        }
        let is_worth_another = is_full_lot && waiting.workers < self.workers;
        if waiting.workers == 0 || is_worth_another {
            waiting.workers += 1;
            drop(waiting);
            let this = self.clone();
            let working = self.tasks.spawn_blocking(move || {
                while let Some(lot) = this.next_lot() {
                    this.write(lot);
                }
            });
            let this = self.clone();
            self.tasks.spawn(async move {
                // Without a verdict the chunk would be waited for, for ever.
                if let Err(error) = working.await {
                    tracing::error!(%error, "writing failed");
                    let failed = input(whence, What::LocalFailure(Failure::Broken));
                    let _ = this.inputs.send(failed).await;
                }
            });
        }
    }

    /// What is to be hashed next; `None` when nothing waits any more.
    fn next_lot(&self) -> Option<Vec<Whole>> {
        let mut waiting = self.waiting();
        loop {
            let Some((came, _)) = waiting.chunks.front() else {
                waiting.workers -= 1;
                return None;
            };
            let left = COLLECT_FOR.saturating_sub(came.elapsed());
            let count = waiting.chunks.len().min(self.most);
            if count == self.most || left.is_zero() || self.buffers.arriving() == 0 {
                return Some(
                    waiting
                        .chunks
                        .drain(..count)
                        .map(|(_, whole)| whole)
                        .collect(),
                );
            }
            waiting.idle += 1;
            let woken = self.shared.enough.wait_timeout(waiting, left);
            waiting = woken.unwrap_or_else(PoisonError::into_inner).0;
            waiting.idle -= 1;
        }
    }

    fn write(&self, lot: Vec<Whole>) {
        // Chunks are asked for only once there is a place for them.
        let Some(sink) = self.sink.get() else {
            return;
        };
        let mut whence = Vec::with_capacity(lot.len());
        let mut chunks = Vec::with_capacity(lot.len());
        for whole in lot {
            whence.push((whole.source, whole.generation));
            chunks.push((whole.chunk, whole.buffer));
        }
        match sink {
            Sink::Part(part) => {
                for (checked, whence) in part.check(chunks).into_iter().zip(whence) {
                    let chunk = checked.chunk();
                    let what = match part.write(&checked) {
                        Ok(true) => What::Verified { chunk },
                        Ok(false) => What::Wrong { chunk },
                        Err(error) => What::LocalFailure(Failure::Store(error)),
                    };
                    // The buffer can take the next chunk before anybody hears of this one.
                    drop(checked);
                    self.tell(whence, what);
                }
            }
            Sink::Stream(stream) => {
                for ((chunk, is_right), whence) in stream.put(chunks).into_iter().zip(whence) {
                    let what = if is_right {
                        What::Verified { chunk }
                    } else {
                        What::Wrong { chunk }
                    };
                    self.tell(whence, what);
                }
            }
        }
    }

    fn tell(&self, whence: (SourceId, u64), what: What) {
        let _ = self.inputs.blocking_send(input(whence, what));
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.shared
            .waiting
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

fn input((source, generation): (SourceId, u64), what: What) -> Input {
    Input {
        source,
        generation,
        what,
    }
}
