//! The index's loop: looks, waits, reads, tells. It advances a chunk of a file at a time, so that commands
//! and news never wait for a large one.

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    path::PathBuf,
    sync::{
        Arc,
        mpsc::{Receiver, RecvTimeoutError, Sender, TryRecvError, channel},
    },
    thread::JoinHandle,
    time::{Duration, Instant, SystemTime},
};

use super::{
    Gone, IgnoredReason, IndexCommand, IndexEvent, IndexedFile,
    cache::Cache,
    content::Stamp,
    scan::{Scan, look, scan},
    settle::Settling,
    watch::{Heard, watch},
};
use crate::{
    model::{ChunkLayout, FileMeta, FileName, Manifest, RemovedReason},
    store::{
        Root, StoreError,
        hash::{FileHasher, manifest_id},
        root::Make,
    },
};

/// The folder is looked at again after this long, whatever was heard.
const LOOK_EVERY: Duration = Duration::from_secs(30);
/// The same where nothing can be heard.
const LOOK_EVERY_DEAF: Duration = Duration::from_secs(2);
/// After a change, looks wait for others that come with it.
const LOOK_SOON: Duration = Duration::from_millis(150);
/// A look may take this share of the time.
const LOOK_SHARE: u32 = 10;
/// A file must be missing for this long to count as deleted: programs replace files by deleting them first.
const MISSING: Duration = Duration::from_millis(500);
/// How long the end of the first look waits for files that have just come.
const READY_WITHIN: Duration = Duration::from_secs(3);
/// Reading a file this long is worth telling.
const LARGE_BYTES: u64 = 64 << 20;

/// The index's thread.
#[derive(Debug)]
pub struct Index {
    sender: Sender<Message>,
    thread: JoinHandle<()>,
}

enum Message {
    Command(IndexCommand),
    Heard(Heard),
}

impl Index {
    /// Gives it a command; after its end nothing happens.
    pub fn send(&self, command: IndexCommand) {
        let _ = self.sender.send(Message::Command(command));
    }

    /// Waits for its end, which follows [`IndexCommand::Stop`] or an `emit` that gave false.
    pub fn join(self) {
        drop(self.sender);
        // A panic was reported by the thread itself.
        let _ = self.thread.join();
    }
}

/// Starts the index of a folder. `cache` is a file outside of it that keeps digests from run to run; `emit`
/// is called in the index's thread, and ends it by giving false.
///
/// # Errors
/// When there can be no thread.
pub fn start(
    root: Root,
    cache: PathBuf,
    emit: impl FnMut(IndexEvent) -> bool + Send + 'static,
) -> Result<Index, StoreError> {
    let (sender, messages) = channel();
    let heard = sender.clone();
    let path = root.path().to_owned();
    let thread = std::thread::Builder::new()
        .name("index".to_owned())
        .spawn(move || {
            let watcher = watch(&root, move |what| {
                let _ = heard.send(Message::Heard(what));
            });
            if let Err(error) = &watcher {
                tracing::warn!(%error, "changes are not heard: the folder is looked at every 2 s");
            }
            let look_every = match &watcher {
                Ok(_) => LOOK_EVERY,
                Err(_) => LOOK_EVERY_DEAF,
            };
            Running::new(root, cache, look_every, emit).run(&messages);
            drop(watcher);
        })
        .map_err(|error| StoreError::new(&path, &error))?;
    Ok(Index { sender, thread })
}

/// A file that is being read.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) name: FileName,
    stamp: Stamp,
    hasher: FileHasher,
}

/// Whoever listens has gone.
pub(super) struct Unheard;

pub(super) struct Running<E> {
    pub(super) root: Root,
    pub(super) cache: Cache,
    pub(super) emit: E,
    pub(super) started: Instant,
    pub(super) look_every: Duration,
    pub(super) look_at: Instant,
    pub(super) looked_at: Instant,
    pub(super) look_took: Duration,
    pub(super) served: BTreeMap<FileName, Arc<IndexedFile>>,
    pub(super) settling: Settling,
    pub(super) missing: BTreeMap<FileName, Instant>,
    /// Files that could not be read, as they were then.
    pub(super) unreadable: BTreeMap<FileName, Stamp>,
    pub(super) ignored: BTreeSet<String>,
    pub(super) job: Option<Job>,
    pub(super) gone: bool,
    pub(super) ready: bool,
}

impl<E: FnMut(IndexEvent) -> bool> Running<E> {
    fn new(root: Root, cache: PathBuf, look_every: Duration, emit: E) -> Self {
        let now = Instant::now();
        Self {
            root,
            cache: Cache::open(cache),
            emit,
            started: now,
            look_every,
            look_at: now,
            looked_at: now,
            look_took: Duration::ZERO,
            served: BTreeMap::new(),
            settling: Settling::default(),
            missing: BTreeMap::new(),
            unreadable: BTreeMap::new(),
            ignored: BTreeSet::new(),
            job: None,
            gone: false,
            ready: false,
        }
    }

    fn run(mut self, messages: &Receiver<Message>) {
        loop {
            if self.step().is_err() {
                return;
            }
            loop {
                let next = if self.has_work() {
                    messages.try_recv().map_err(|error| match error {
                        TryRecvError::Empty => RecvTimeoutError::Timeout,
                        TryRecvError::Disconnected => RecvTimeoutError::Disconnected,
                    })
                } else {
                    messages.recv_timeout(self.next_due().saturating_duration_since(Instant::now()))
                };
                match next {
                    Ok(Message::Command(IndexCommand::Stop))
                    | Err(RecvTimeoutError::Disconnected) => return,
                    Ok(Message::Command(command)) => {
                        if self.command(command).is_err() {
                            return;
                        }
                    }
                    Ok(Message::Heard(heard)) => self.heard(heard),
                    Err(RecvTimeoutError::Timeout) => break,
                }
            }
        }
    }

    fn has_work(&self) -> bool {
        let now = Instant::now();
        self.job.is_some() || now >= self.look_at || self.settling.has_settled(now)
    }

    fn next_due(&self) -> Instant {
        let settled = self.settling.next_settled();
        settled.map_or(self.look_at, |settled| settled.min(self.look_at))
    }

    pub(super) fn tell(&mut self, event: IndexEvent) -> Result<(), Unheard> {
        if (self.emit)(event) {
            Ok(())
        } else {
            Err(Unheard)
        }
    }

    /// One look, or one step of reading.
    fn step(&mut self) -> Result<(), Unheard> {
        if Instant::now() >= self.look_at {
            self.look()?;
        }
        if self.job.is_none() {
            self.next_job()?;
        }
        if self.job.is_some() {
            self.read_on()?;
        }
        if !self.ready && self.job.is_none() && self.has_read_all() {
            self.ready = true;
            let files = self.served.len();
            let bytes = self.served.values().map(|file| file.stamp.bytes).sum();
            let stamps: BTreeSet<_> = self.served.values().map(|file| file.stamp.inode).collect();
            self.cache.keep(|stamp| stamps.contains(&stamp.inode));
            self.tell(IndexEvent::Ready { files, bytes })?;
        }
        Ok(())
    }

    /// True when nothing of what was there at the start is left to read. Files that just came are waited
    /// for as well, but not those that somebody goes on writing.
    fn has_read_all(&self) -> bool {
        let now = Instant::now();
        match self.settling.next_settled() {
            None => true,
            Some(due) => due > now && now >= self.started + READY_WITHIN,
        }
    }

    fn look_soon(&mut self) {
        let earliest = self.looked_at + self.look_took * LOOK_SHARE;
        let soon = (Instant::now() + LOOK_SOON).max(earliest);
        self.look_at = self.look_at.min(soon);
    }

    fn heard(&mut self, heard: Heard) {
        match heard {
            Heard::Written(name) => self.settling.written(name),
            Heard::Closed(name) => self.settling.closed(name),
            Heard::Something => {}
        }
        self.look_soon();
    }

    fn look(&mut self) -> Result<(), Unheard> {
        let began = Instant::now();
        let found = scan(&self.root);
        self.looked_at = Instant::now();
        self.look_took = self.looked_at.saturating_duration_since(began);
        self.look_at = self.looked_at + self.look_every;
        match found {
            Ok(scan) => {
                if std::mem::take(&mut self.gone) {
                    self.tell(IndexEvent::FolderBack)?;
                }
                self.apply(scan)
            }
            Err(error) => {
                self.look_at = self.looked_at + LOOK_EVERY_DEAF;
                if !std::mem::replace(&mut self.gone, true) {
                    self.tell(IndexEvent::FolderGone(error))?;
                }
                self.settling.retain(|_| false);
                self.job = None;
                for name in self.served.keys().cloned().collect::<Vec<_>>() {
                    self.remove(&name, RemovedReason::Lost, Gone::Changed)?;
                }
                Ok(())
            }
        }
    }

    /// Compares what is there with what is served.
    fn apply(&mut self, scan: Scan) -> Result<(), Unheard> {
        let (now, clock) = (Instant::now(), SystemTime::now());
        for name in self.served.keys().cloned().collect::<Vec<_>>() {
            self.still_there(now, &name, &scan)?;
        }
        self.missing
            .retain(|name, _| self.served.contains_key(name));
        for (name, stamp) in &scan.files {
            let known_bad = self.unreadable.get(name) == Some(stamp);
            let in_hand = self.job.as_ref().is_some_and(|job| job.name == *name);
            if !self.served.contains_key(name) && !known_bad && !in_hand {
                self.settling.seen(now, clock, name, *stamp);
            }
        }
        self.settling.retain(|name| scan.files.contains_key(name));
        self.unreadable
            .retain(|name, _| scan.files.contains_key(name));
        for (path, reason) in &scan.ignored {
            if !self.ignored.contains(path) {
                let (path, reason) = (path.clone(), reason.clone());
                self.tell(IndexEvent::Ignored { path, reason })?;
            }
        }
        let unreadable = self.unreadable.keys().map(|name| name.to_string());
        self.ignored = scan.ignored.into_keys().chain(unreadable).collect();
        Ok(())
    }

    fn still_there(&mut self, now: Instant, name: &FileName, scan: &Scan) -> Result<(), Unheard> {
        let Some(served) = self.served.get(name) else {
            return Ok(());
        };
        match scan.files.get(name) {
            Some(stamp) if *stamp == served.stamp => {
                self.missing.remove(name);
                Ok(())
            }
            Some(_) => self.remove(name, RemovedReason::Lost, Gone::Changed),
            None if scan.partial && is_below(name, &scan.ignored) => {
                self.remove(name, RemovedReason::Lost, Gone::Changed)
            }
            None => {
                let since = *self.missing.entry(name.clone()).or_insert(now);
                if now >= since + MISSING {
                    self.remove(name, RemovedReason::Deleted, Gone::Deleted)
                } else {
                    self.look_at = self.look_at.min(since + MISSING);
                    Ok(())
                }
            }
        }
    }

    pub(super) fn remove(
        &mut self,
        name: &FileName,
        reason: RemovedReason,
        why: Gone,
    ) -> Result<(), Unheard> {
        self.missing.remove(name);
        match self.served.remove(name) {
            Some(file) => self.tell(IndexEvent::Removed { file, reason, why }),
            None => Ok(()),
        }
    }

    /// Serves what is known already, and starts to read the next file that is not.
    fn next_job(&mut self) -> Result<(), Unheard> {
        while let Some((name, stamp)) = self.settling.take_settled(Instant::now()) {
            if look(&self.root, &name) != Some(stamp) {
                self.look_soon();
                continue;
            }
            if let Some(manifest) = self.cache.get(stamp) {
                self.serve(name, stamp, manifest)?;
                continue;
            }
            match self.open(&name, stamp) {
                Ok(hasher) => {
                    if stamp.bytes >= LARGE_BYTES {
                        let (name, bytes) = (name.clone(), stamp.bytes);
                        self.tell(IndexEvent::Hashing { name, bytes })?;
                    }
                    self.job = Some(Job {
                        name,
                        stamp,
                        hasher,
                    });
                    return Ok(());
                }
                Err(error) => self.cannot_read(name, stamp, &error)?,
            }
        }
        Ok(())
    }

    fn open(&self, name: &FileName, stamp: Stamp) -> io::Result<FileHasher> {
        let place = self
            .root
            .place(name, Make::Nothing)
            .map_err(io::Error::other)?;
        let layout = ChunkLayout::for_file(stamp.bytes).map_err(io::Error::other)?;
        FileHasher::new(place.open()?, layout)
    }

    fn cannot_read(
        &mut self,
        name: FileName,
        stamp: Stamp,
        error: &io::Error,
    ) -> Result<(), Unheard> {
        let path = name.to_string();
        self.unreadable.insert(name, stamp);
        if self.ignored.insert(path.clone()) {
            let reason = IgnoredReason::Unreadable(error.to_string());
            self.tell(IndexEvent::Ignored { path, reason })?;
        }
        Ok(())
    }

    fn read_on(&mut self) -> Result<(), Unheard> {
        let Some(mut job) = self.job.take() else {
            return Ok(());
        };
        match job.hasher.step() {
            Ok(true) => {
                self.job = Some(job);
                Ok(())
            }
            Ok(false) => {
                let Job {
                    name,
                    stamp,
                    hasher,
                } = job;
                let manifest = hasher.finish();
                match (look(&self.root, &name), manifest) {
                    (Some(after), Ok(manifest)) if after == stamp => {
                        let manifest = Arc::new(manifest);
                        self.cache.put(stamp, &manifest);
                        self.serve(name, stamp, manifest)
                    }
                    (Some(after), Ok(_)) => {
                        self.settling.again(Instant::now(), name, after);
                        Ok(())
                    }
                    (Some(_), Err(error)) => self.cannot_read(name, stamp, &error),
                    (None, _) => Ok(()),
                }
            }
            Err(error) => match look(&self.root, &job.name) {
                Some(after) if after == job.stamp => self.cannot_read(job.name, job.stamp, &error),
                Some(after) => {
                    self.settling.again(Instant::now(), job.name, after);
                    Ok(())
                }
                None => Ok(()),
            },
        }
    }

    pub(super) fn serve(
        &mut self,
        name: FileName,
        stamp: Stamp,
        manifest: Arc<Manifest>,
    ) -> Result<(), Unheard> {
        self.settling.forget(&name);
        let meta = FileMeta {
            name: name.clone(),
            layout: manifest.layout(),
            id: manifest_id(&manifest),
        };
        let file = Arc::new(IndexedFile {
            meta,
            manifest,
            stamp,
        });
        self.served.insert(name, Arc::clone(&file));
        self.tell(IndexEvent::Added(file))
    }
}

/// True when a file lies below one of these paths.
fn is_below(name: &FileName, paths: &BTreeMap<String, IgnoredReason>) -> bool {
    let name = name.as_str();
    paths.keys().any(|path| {
        name.strip_prefix(path.as_str())
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    })
}
