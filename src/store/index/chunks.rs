//! Reads single chunks to see whether they are right, one after the other in a thread of its own: a failing disk may take
//! long to say so.

use std::{collections::VecDeque, fmt, io, sync::Arc, thread::JoinHandle};

use super::ContentReader;
use crate::{
    model::{ChunkIndex, IndexedFile, Verdict},
    store::{Root, StoreError, error::is_damage, sha256},
};

/// Chunks that may wait; more complaints say nothing new.
const MOST_WAITING: usize = 256;

/// Where chunks are read from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReadFrom {
    /// From wherever receivers get them.
    Anywhere,
    /// From the disk, as far as the system does what it is asked for. Nor does what is read push anything else out of
    /// memory.
    Disk,
}

/// A chunk that was read.
#[derive(Debug)]
pub struct CheckedChunk {
    /// The file.
    pub file: Arc<IndexedFile>,
    /// The chunk.
    pub chunk: ChunkIndex,
    /// What it is.
    pub verdict: Verdict,
}

/// Reads a chunk and compares it.
type Check = dyn Fn(&Arc<IndexedFile>, ChunkIndex) -> Verdict + Send + Sync;

/// See the module.
pub struct ChunkChecks {
    check: Arc<Check>,
    done: Arc<dyn Fn(CheckedChunk) + Send + Sync>,
    waiting: VecDeque<(Arc<IndexedFile>, ChunkIndex)>,
    running: Option<JoinHandle<()>>,
}

impl fmt::Debug for ChunkChecks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChunkChecks")
            .field("waiting", &self.waiting.len())
            .finish_non_exhaustive()
    }
}

impl ChunkChecks {
    /// Chunks are read and compared by `check`, such as [`check_chunk`]; `done` is told of each, by the thread that read it.
    pub fn new(
        check: impl Fn(&Arc<IndexedFile>, ChunkIndex) -> Verdict + Send + Sync + 'static,
        done: impl Fn(CheckedChunk) + Send + Sync + 'static,
    ) -> Self {
        Self {
            check: Arc::new(check),
            done: Arc::new(done),
            waiting: VecDeque::new(),
            running: None,
        }
    }

    /// Has a chunk read. Of a file that waits already, two are enough.
    pub fn add(&mut self, file: Arc<IndexedFile>, chunk: ChunkIndex) {
        let waits = |(other, _): &(Arc<IndexedFile>, _)| Arc::ptr_eq(other, &file);
        let is_known = self.waiting.iter().filter(|waiting| waits(waiting)).count() > 1;
        if !is_known && self.waiting.len() < MOST_WAITING {
            self.waiting.push_back((file, chunk));
            self.next();
        }
    }

    /// The one that was read was heard of.
    pub fn over(&mut self) {
        if let Some(thread) = self.running.take() {
            // A panic was reported by the thread itself.
            let _ = thread.join();
        }
        self.next();
    }

    fn next(&mut self) {
        if self.running.is_some() {
            return;
        }
        let Some((file, chunk)) = self.waiting.pop_front() else {
            return;
        };
        let (check, done) = (Arc::clone(&self.check), Arc::clone(&self.done));
        let theirs = Arc::clone(&file);
        let thread = std::thread::Builder::new()
            .name("check".to_owned())
            .spawn(move || {
                let verdict = check(&theirs, chunk);
                done(CheckedChunk {
                    file: theirs,
                    chunk,
                    verdict,
                });
            });
        match thread {
            Ok(thread) => self.running = Some(thread),
            Err(error) => {
                tracing::warn!(%error, "a chunk is not read");
                let verdict = Verdict::Unclear;
                (self.done)(CheckedChunk {
                    file,
                    chunk,
                    verdict,
                });
            }
        }
    }
}

impl Drop for ChunkChecks {
    fn drop(&mut self) {
        self.waiting.clear();
        if let Some(thread) = self.running.take() {
            let _ = thread.join();
        }
    }
}

/// Reads a chunk of a file of a folder, and compares it with its digest.
pub fn check_chunk(
    root: &Root,
    file: &Arc<IndexedFile>,
    chunk: ChunkIndex,
    from: ReadFrom,
) -> Verdict {
    let Some(expected) = file.manifest.chunk(chunk) else {
        return Verdict::Unclear;
    };
    let range = file.meta.layout.byte_range(chunk);
    let mut bytes = Vec::with_capacity(range.len() as usize);
    let mut read = || -> Result<io::Result<()>, StoreError> {
        let reader = ContentReader::open(root, Arc::clone(file))?;
        if from == ReadFrom::Disk {
            reader.forget(range);
        }
        let read = reader.read_plain(range, &mut bytes);
        if from == ReadFrom::Disk {
            reader.forget(range);
        }
        reader.check_unchanged()?;
        Ok(read)
    };
    match read() {
        Ok(Ok(())) if sha256(&bytes) == expected => Verdict::Right,
        Ok(Ok(())) => Verdict::Wrong,
        Ok(Err(error)) if is_damage(&error) => Verdict::Wrong,
        Ok(Err(_)) | Err(_) => Verdict::Unclear,
    }
}
