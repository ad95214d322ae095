//! Whole chunks on their way to the disk: hashed, compared, written, off the async threads. Chunks that wait
//! are taken together, as many digests cost less than one after the other.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
};

use tokio::sync::mpsc;
use tokio_util::task::TaskTracker;

use super::{
    buffers::{Buffers, ChunkBuffer},
    source::{Input, What},
};
use crate::{
    model::{ChunkIndex, SecondaryNumber},
    store::{PartFile, lanes},
};

/// A chunk that came whole.
#[derive(Debug)]
pub(super) struct Whole {
    pub(super) source: SecondaryNumber,
    pub(super) generation: u64,
    pub(super) chunk: ChunkIndex,
    pub(super) buffer: ChunkBuffer,
}

/// Writes the chunks of one fetch.
#[derive(Clone, Debug)]
pub(super) struct Writing {
    part: Arc<OnceLock<Arc<PartFile>>>,
    inputs: mpsc::Sender<Input>,
    tasks: TaskTracker,
    waiting: Arc<Mutex<Waiting>>,
    /// Chunks that are taken at once.
    most: usize,
    workers: usize,
}

#[derive(Debug, Default)]
struct Waiting {
    chunks: VecDeque<Whole>,
    workers: usize,
}

impl Writing {
    pub(super) fn new(
        part: Arc<OnceLock<Arc<PartFile>>>,
        inputs: mpsc::Sender<Input>,
        tasks: TaskTracker,
        buffers: &Buffers,
    ) -> Self {
        Self {
            part,
            inputs,
            tasks,
            waiting: Arc::default(),
            // Some buffers must be left for what comes in meanwhile.
            most: lanes().min(buffers.count() * 2 / 3).max(1),
            workers: std::thread::available_parallelism().map_or(1, Into::into),
        }
    }

    /// Takes a chunk. The first worker starts at once, further ones only for as many chunks as pay most.
    pub(super) fn push(&self, whole: Whole) {
        let mut waiting = self.waiting();
        waiting.chunks.push_back(whole);
        let busy = waiting.workers > 0 && waiting.chunks.len() < self.most;
        if busy || waiting.workers >= self.workers {
            return;
        }
        waiting.workers += 1;
        drop(waiting);
        let this = self.clone();
        self.tasks.spawn_blocking(move || this.work());
    }

    /// Writes until nothing waits.
    fn work(&self) {
        loop {
            let lot: Vec<Whole> = {
                let mut waiting = self.waiting();
                let count = waiting.chunks.len().min(self.most);
                if count == 0 {
                    waiting.workers -= 1;
                    return;
                }
                waiting.chunks.drain(..count).collect()
            };
            self.write(lot);
        }
    }

    fn write(&self, lot: Vec<Whole>) {
        // Chunks are asked for only once the part file is open.
        let Some(part) = self.part.get() else {
            return;
        };
        let mut whence = Vec::with_capacity(lot.len());
        let mut chunks = Vec::with_capacity(lot.len());
        for whole in lot {
            whence.push((whole.source, whole.generation));
            chunks.push((whole.chunk, whole.buffer));
        }
        for (checked, (source, generation)) in part.check(chunks).into_iter().zip(whence) {
            let chunk = checked.chunk();
            let what = match part.write(&checked) {
                Ok(true) => What::Verified { chunk },
                Ok(false) => What::Wrong { chunk },
                Err(error) => What::LocalFailure(error),
            };
            // The buffer can take the next chunk before anybody hears of this one.
            drop(checked);
            let _ = self.inputs.blocking_send(Input {
                source,
                generation,
                what,
            });
        }
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
