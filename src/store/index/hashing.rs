//! Files are read and hashed in threads of their own, several at once, at low priority: the smallest first.

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    thread::JoinHandle,
};

use super::inbox::Inbox;
use crate::{
    model::{ChunkLayout, FileName, Manifest, Stamp},
    store::{
        Root,
        disk::{Disk, Make},
        hash::FileHasher,
    },
};

/// Reading a file this long takes a while, and two threads.
pub(super) const LARGE_BYTES: u64 = 64 << 20;
/// How much the threads leave to others.
const NICE: i32 = 10;

/// A file that was read, or could not be.
#[derive(Debug)]
pub(super) struct Hashed {
    name: FileName,
    stamp: Stamp,
    number: u64,
    read: io::Result<Manifest>,
}

/// What is to be read.
#[derive(Debug)]
struct Work {
    name: FileName,
    stamp: Stamp,
    number: u64,
    cancelled: Arc<AtomicBool>,
}

#[derive(Debug)]
struct InHand {
    stamp: Stamp,
    number: u64,
    cancelled: Arc<AtomicBool>,
}

/// The files that are to be read, and the threads that do it.
#[derive(Debug)]
pub(super) struct Hashing {
    root: Root,
    inbox: Arc<Inbox>,
    /// By length: the smallest is next.
    queue: BTreeSet<(u64, FileName)>,
    queued: BTreeMap<FileName, Stamp>,
    in_hand: BTreeMap<FileName, InHand>,
    /// Files that threads have, also those of which nobody wants to know any more.
    busy: usize,
    /// Those of them that are large. They leave a thread to the small ones, if there are two.
    busy_large: usize,
    next_number: u64,
    most_threads: usize,
    threads: Vec<JoinHandle<()>>,
    /// Has room for what all threads can take.
    work: Option<SyncSender<Work>>,
    taken: Arc<Mutex<Receiver<Work>>>,
}

impl Hashing {
    pub(super) fn new(root: Root, inbox: Arc<Inbox>) -> Self {
        let most_threads = std::thread::available_parallelism().map_or(1, |cores| cores.get());
        let (work, taken) = sync_channel(most_threads);
        Self {
            root,
            inbox,
            queue: BTreeSet::new(),
            queued: BTreeMap::new(),
            in_hand: BTreeMap::new(),
            busy: 0,
            busy_large: 0,
            next_number: 0,
            most_threads,
            threads: Vec::new(),
            work: Some(work),
            taken: Arc::new(Mutex::new(taken)),
        }
    }

    /// A file is to be read when its turn comes.
    pub(super) fn add(&mut self, name: FileName, stamp: Stamp) {
        self.forget(&name);
        self.queue.insert((stamp.bytes, name.clone()));
        self.queued.insert(name, stamp);
    }

    /// How a file was when it was added, if it was not read since.
    pub(super) fn stamp_of(&self, name: &FileName) -> Option<Stamp> {
        let queued = self.queued.get(name).copied();
        queued.or_else(|| self.in_hand.get(name).map(|file| file.stamp))
    }

    /// Nobody wants to know of a file any more.
    pub(super) fn forget(&mut self, name: &FileName) {
        if let Some((name, stamp)) = self.queued.remove_entry(name) {
            self.queue.remove(&(stamp.bytes, name));
        }
        if let Some(file) = self.in_hand.remove(name) {
            file.cancelled.store(true, Ordering::Relaxed);
        }
    }

    /// Keeps only those that are still there.
    pub(super) fn retain(&mut self, is_there: impl Fn(&FileName) -> bool) {
        let names = self.queued.keys().chain(self.in_hand.keys());
        let gone: Vec<FileName> = names.filter(|name| !is_there(name)).cloned().collect();
        gone.iter().for_each(|name| self.forget(name));
    }

    pub(super) fn is_empty(&self) -> bool {
        self.queued.is_empty() && self.in_hand.is_empty()
    }

    /// True when a thread has nothing to do though there is something.
    pub(super) fn can_start(&self) -> bool {
        let Some((bytes, _)) = self.queue.first() else {
            return false;
        };
        let most_large = (self.most_threads / 2).max(1);
        self.busy < self.most_threads && (*bytes < LARGE_BYTES || self.busy_large < most_large)
    }

    /// Gives a thread the smallest file, and says which. When there can be no thread the file waits no more.
    pub(super) fn start(&mut self) -> Option<(FileName, Stamp, io::Result<()>)> {
        if !self.can_start() {
            return None;
        }
        let (_, name) = self.queue.pop_first()?;
        let stamp = self.queued.remove(&name)?;
        let started = self.give(&name, stamp);
        Some((name, stamp, started))
    }

    fn give(&mut self, name: &FileName, stamp: Stamp) -> io::Result<()> {
        if self.busy == self.threads.len() {
            match self.spawn() {
                Ok(thread) => self.threads.push(thread),
                Err(error) if self.threads.is_empty() => return Err(error),
                // Those that there are must do.
                Err(error) => tracing::debug!(%error, "hashing"),
            }
        }
        let number = self.next_number;
        self.next_number += 1;
        let cancelled = Arc::new(AtomicBool::new(false));
        let work = Work {
            name: name.clone(),
            stamp,
            number,
            cancelled: Arc::clone(&cancelled),
        };
        let given = self.work.as_ref().is_some_and(|to| to.send(work).is_ok());
        if !given {
            return Err(io::Error::other("the hashing threads ended"));
        }
        self.busy += 1;
        self.busy_large += usize::from(stamp.bytes >= LARGE_BYTES);
        let file = InHand {
            stamp,
            number,
            cancelled,
        };
        self.in_hand.insert(name.clone(), file);
        Ok(())
    }

    fn spawn(&self) -> io::Result<JoinHandle<()>> {
        let (root, inbox) = (self.root.clone(), Arc::clone(&self.inbox));
        let taken = Arc::clone(&self.taken);
        std::thread::Builder::new()
            .name("hashing".to_owned())
            .spawn(move || {
                // Of this thread and those that it starts.
                let _ = rustix::process::nice(NICE);
                while let Some(work) = next(&taken) {
                    // A fault of ours must not leave the file for ever in this thread's hands.
                    let reading = AssertUnwindSafe(|| read(&root, &work));
                    let failed = |_| Err(io::Error::other("the hashing thread failed"));
                    let read = catch_unwind(reading).unwrap_or_else(failed);
                    inbox.hashed(Hashed {
                        name: work.name,
                        stamp: work.stamp,
                        number: work.number,
                        read,
                    });
                }
            })
    }

    /// A thread is done with a file: gives it when somebody still wants it.
    pub(super) fn done(
        &mut self,
        hashed: Hashed,
    ) -> Option<(FileName, Stamp, io::Result<Manifest>)> {
        let Hashed {
            name,
            stamp,
            number,
            read,
        } = hashed;
        self.busy -= 1;
        self.busy_large -= usize::from(stamp.bytes >= LARGE_BYTES);
        let wanted = self.in_hand.get(&name);
        wanted.filter(|file| file.number == number)?;
        self.in_hand.remove(&name);
        Some((name, stamp, read))
    }
}

impl Drop for Hashing {
    fn drop(&mut self) {
        self.retain(|_| false);
        self.work = None;
        for thread in self.threads.drain(..) {
            // A panic was reported by the thread itself.
            let _ = thread.join();
        }
    }
}

fn next(taken: &Mutex<Receiver<Work>>) -> Option<Work> {
    let taken = taken.lock().unwrap_or_else(PoisonError::into_inner);
    taken.recv().ok()
}

fn read(root: &Root, work: &Work) -> io::Result<Manifest> {
    let is_cancelled = || work.cancelled.load(Ordering::Relaxed);
    let place = root
        .place(&work.name, Make::Nothing)
        .map_err(io::Error::other)?;
    let layout = ChunkLayout::for_file(work.stamp.bytes).map_err(io::Error::other)?;
    let mut hasher = FileHasher::new(place.open()?, layout)?;
    while !is_cancelled() {
        if !hasher.step()? {
            return hasher.finish();
        }
    }
    Err(io::ErrorKind::Interrupted.into())
}
