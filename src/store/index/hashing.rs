//! Threads that read and hash files, at low priority. Which file is next is for others to say.

use std::{
    collections::BTreeMap,
    fmt, io,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    thread::JoinHandle,
};

use parking_lot::Mutex;

use crate::{
    model::{ChunkLayout, FileName, Manifest, Stamp},
    store::{
        Root,
        disk::{Disk, Make},
        hash::{FileHasher, Readable},
    },
};

/// How much the threads leave to others.
const NICE: i32 = 10;

/// A file that was read, or could not be.
#[derive(Debug)]
pub struct HashedFile {
    /// The number that it was given.
    pub number: u64,
    /// The file.
    pub name: FileName,
    /// As it was to be read.
    pub stamp: Stamp,
    /// Its digests.
    pub read: io::Result<Manifest>,
}

/// What is to be read.
#[derive(Debug)]
struct Work {
    number: u64,
    name: FileName,
    stamp: Stamp,
    cancelled: Arc<AtomicBool>,
}

/// Reads a file in a state, for as long as it is told to go on.
type ReadFile = dyn Fn(&FileName, Stamp, &dyn Fn() -> bool) -> io::Result<Manifest> + Send + Sync;

/// See the module.
pub struct Hashers {
    read: Arc<ReadFile>,
    done: Arc<dyn Fn(HashedFile) + Send + Sync>,
    most_threads: usize,
    threads: Vec<JoinHandle<()>>,
    /// What threads have, and how each is told that nobody waits for it.
    running: BTreeMap<u64, Arc<AtomicBool>>,
    /// Has room for what all threads can take.
    work: Option<SyncSender<Work>>,
    taken: Arc<Mutex<Receiver<Work>>>,
}

impl fmt::Debug for Hashers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hashers")
            .field("running", &self.running.len())
            .finish_non_exhaustive()
    }
}

impl Hashers {
    /// As many threads as there are cores, made when they are needed. They `read` files, such as [`digest`] does; `done` is
    /// told of each file that was read, by the thread that read it.
    pub fn new(
        read: impl Fn(&FileName, Stamp, &dyn Fn() -> bool) -> io::Result<Manifest>
        + Send
        + Sync
        + 'static,
        done: impl Fn(HashedFile) + Send + Sync + 'static,
    ) -> Self {
        let most_threads = std::thread::available_parallelism().map_or(1, |cores| cores.get());
        let (work, taken) = sync_channel(most_threads);
        Self {
            read: Arc::new(read),
            done: Arc::new(done),
            most_threads,
            threads: Vec::new(),
            running: BTreeMap::new(),
            work: Some(work),
            taken: Arc::new(Mutex::new(taken)),
        }
    }

    /// Files that can be read at once.
    pub fn most_threads(&self) -> usize {
        self.most_threads
    }

    /// Has a file read under a number of its own. No more than [`Self::most_threads`] at once.
    ///
    /// # Errors
    /// When there can be no thread.
    pub fn start(&mut self, number: u64, name: FileName, stamp: Stamp) -> io::Result<()> {
        if self.running.len() >= self.threads.len() && self.threads.len() < self.most_threads {
            match self.spawn() {
                Ok(thread) => self.threads.push(thread),
                Err(error) if self.threads.is_empty() => return Err(error),
                // Those that there are must do.
                Err(error) => tracing::debug!(%error, "hashing"),
            }
        }
        let cancelled = Arc::new(AtomicBool::new(false));
        let work = Work {
            number,
            name,
            stamp,
            cancelled: Arc::clone(&cancelled),
        };
        let given = self.work.as_ref().is_some_and(|to| to.send(work).is_ok());
        if !given {
            return Err(io::Error::other("the hashing threads ended"));
        }
        self.running.insert(number, cancelled);
        Ok(())
    }

    /// Nobody waits for a file any more; `done` is told of it all the same.
    pub fn cancel(&self, number: u64) {
        if let Some(cancelled) = self.running.get(&number) {
            cancelled.store(true, Ordering::Relaxed);
        }
    }

    /// A file that was read was heard of.
    pub fn over(&mut self, number: u64) {
        self.running.remove(&number);
    }

    fn spawn(&self) -> io::Result<JoinHandle<()>> {
        let (read, done) = (Arc::clone(&self.read), Arc::clone(&self.done));
        let taken = Arc::clone(&self.taken);
        std::thread::Builder::new()
            .name("hashing".to_owned())
            .spawn(move || {
                // Of this thread and those that it starts.
                let _ = rustix::process::nice(NICE);
                while let Some(work) = next(&taken) {
                    // A fault of ours must not leave the file for ever in this thread's hands.
                    let reading = AssertUnwindSafe(|| {
                        let keep_on = || !work.cancelled.load(Ordering::Relaxed);
                        read(&work.name, work.stamp, &keep_on)
                    });
                    let failed = |_| Err(io::Error::other("the hashing thread failed"));
                    let read = catch_unwind(reading).unwrap_or_else(failed);
                    done(HashedFile {
                        number: work.number,
                        name: work.name,
                        stamp: work.stamp,
                        read,
                    });
                }
            })
    }
}

impl Drop for Hashers {
    fn drop(&mut self) {
        for cancelled in self.running.values() {
            cancelled.store(true, Ordering::Relaxed);
        }
        self.work = None;
        for thread in self.threads.drain(..) {
            // A panic was reported by the thread itself.
            let _ = thread.join();
        }
    }
}

fn next(taken: &Mutex<Receiver<Work>>) -> Option<Work> {
    taken.lock().recv().ok()
}

/// Reads a file of a folder and makes its digests, for as long as `keep_on` says so.
///
/// # Errors
/// What the disk says, and [`io::ErrorKind::Interrupted`] when it was not to go on.
pub fn digest(
    root: &Root,
    name: &FileName,
    stamp: Stamp,
    keep_on: &dyn Fn() -> bool,
) -> io::Result<Manifest> {
    let place = root.place(name, Make::Nothing).map_err(io::Error::other)?;
    digest_of(place.open()?, stamp.bytes, keep_on)
}

/// The same of what can be read like a file, in steps from its beginning to its end.
///
/// # Errors
/// As [`digest`].
pub fn digest_of(
    reader: impl Readable,
    bytes: u64,
    keep_on: &dyn Fn() -> bool,
) -> io::Result<Manifest> {
    let layout = ChunkLayout::for_file(bytes).map_err(io::Error::other)?;
    let mut hasher = FileHasher::new(reader, layout)?;
    while keep_on() {
        if !hasher.step()? {
            return hasher.finish();
        }
    }
    Err(io::ErrorKind::Interrupted.into())
}
