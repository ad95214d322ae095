//! The index's loop: it does what the machine wants for a while, reads its inbox, and waits. It does little at a time, so
//! that commands and news never wait for long.

use std::{
    sync::Arc,
    thread::JoinHandle,
    time::{Duration, Instant, SystemTime},
};

use super::{
    api::{IndexCommand, IndexConfig, IndexEvent},
    inbox::{Inbox, Mail},
};
use crate::{
    engine::index::{self, Event, Hearing, Index, Notice},
    model::FileTime,
    node::{
        clock::wall_s,
        shelf::{FolderShelf, Listening, Shelf},
    },
    store::{
        Root, StoreError,
        index::{Cache, ChunkChecks, Hashers, OwnChunks, ReadFrom, ScrubRecord},
        indexed,
        retired::Retired,
    },
};

/// How long the machine's work may keep commands and news waiting.
const TURN: Duration = Duration::from_millis(20);
/// How often to look for files that were set aside long ago.
const KEEP_EVERY: Duration = Duration::from_secs(600);

/// The index's thread.
#[derive(Debug)]
pub struct IndexThread {
    inbox: Arc<Inbox>,
    own: OwnChunks,
    thread: JoinHandle<()>,
}

impl IndexThread {
    /// Gives it a command, which is lost if it has ended.
    pub fn send(&self, command: IndexCommand) {
        self.inbox.command(command);
    }

    /// Which files have which chunks; it keeps changing.
    pub fn own_chunks(&self) -> OwnChunks {
        self.own.clone()
    }

    /// Waits for its end, after [`IndexCommand::Stop`] or after `emit` gave false.
    pub fn join(self) {
        // A panic was reported by the thread itself.
        let _ = self.thread.join();
    }
}

/// Starts the index of a folder. `retired` takes the files that are set aside; `emit` is called in the index's thread, which
/// ends when it gives false.
///
/// # Errors
/// When the system gives no thread.
pub fn start(
    root: Root,
    config: IndexConfig,
    retired: Retired,
    emit: impl FnMut(IndexEvent) -> bool + Send + 'static,
) -> Result<IndexThread, StoreError> {
    let disks = config.disks(root.path());
    let shelf = FolderShelf::new(root, retired, disks);
    start_on(Arc::new(shelf), config, emit)
}

/// The same wherever the files lie.
///
/// # Errors
/// When the system gives no thread.
pub fn start_on(
    shelf: Arc<dyn Shelf>,
    config: IndexConfig,
    emit: impl FnMut(IndexEvent) -> bool + Send + 'static,
) -> Result<IndexThread, StoreError> {
    let inbox = Arc::new(Inbox::default());
    let theirs = Arc::clone(&inbox);
    let own = OwnChunks::default();
    let chunks = own.clone();
    let path = shelf.path().to_owned();
    let thread = std::thread::Builder::new()
        .name("index".to_owned())
        .spawn(move || Running::new(shelf, &config, theirs, chunks, emit).run())
        .map_err(|error| StoreError::new(&path, &error))?;
    Ok(IndexThread { inbox, own, thread })
}

/// The listener has gone, or the thread was told to stop.
pub(super) struct Unheard;

/// What the thread owns.
pub(super) struct Running<E> {
    pub(super) index: Index,
    pub(super) shelf: Arc<dyn Shelf>,
    pub(super) inbox: Arc<Inbox>,
    watcher: Option<Listening>,
    pub(super) cache: Cache,
    pub(super) own: OwnChunks,
    pub(super) hashers: Hashers,
    pub(super) checks: ChunkChecks,
    pub(super) scrubs: ChunkChecks,
    pub(super) scrubbed: ScrubRecord,
    pub(super) access: Access,
    /// A look that runs in a thread of its own.
    pub(super) looking: Option<JoinHandle<()>>,
    /// Looks that came to nothing, one after the other.
    pub(super) failed_looks: u32,
    keep_at: Instant,
    emit: E,
}

/// Whether files can be made in the folder, as far as people know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Access {
    Writable,
    ReadOnly,
}

impl<E: FnMut(IndexEvent) -> bool> Running<E> {
    fn new(
        shelf: Arc<dyn Shelf>,
        config: &IndexConfig,
        inbox: Arc<Inbox>,
        own: OwnChunks,
        emit: E,
    ) -> Self {
        let now = Instant::now();
        let theirs = Arc::clone(&inbox);
        let place = Arc::clone(&shelf);
        let hashers = Hashers::new(
            move |name, stamp, keep_on| place.digest(name, stamp, keep_on),
            move |hashed| theirs.hashed(hashed),
        );
        let theirs = Arc::clone(&inbox);
        let done = move |checked| theirs.checked(checked);
        let place = Arc::clone(&shelf);
        let check = move |file: &_, chunk| place.check_chunk(file, chunk, ReadFrom::Anywhere);
        let checks = ChunkChecks::new(check, done);
        let theirs = Arc::clone(&inbox);
        let done = move |checked| theirs.scrubbed(checked);
        let place = Arc::clone(&shelf);
        let check = move |file: &_, chunk| place.check_chunk(file, chunk, ReadFrom::Disk);
        let scrubs = ChunkChecks::new(check, done);
        let scrubbed = config.scrubbed(shelf.path());
        let scrub = |every| index::ScrubConfig {
            every,
            done: scrubbed.done().clone(),
            rest: scrubbed.rest(wall_s()),
        };
        let machine = index::IndexConfig {
            quiet: config.quiet,
            look_every: config.look_every,
            hash_threads: hashers.most_threads(),
            scrub: config.scrub_every.map(scrub),
        };
        Self {
            index: Index::new(now, machine),
            cache: Cache::open(config.cache.clone()),
            shelf,
            inbox,
            watcher: None,
            own,
            hashers,
            checks,
            scrubs,
            scrubbed,
            access: Access::Writable,
            looking: None,
            failed_looks: 0,
            keep_at: now,
            emit,
        }
    }

    fn run(mut self) {
        self.recall_digests();
        self.restore_retired();
        self.listen();
        if self.tell_scrub().is_err() {
            return;
        }
        while self.turn().is_ok() {}
        self.keep_digests();
        self.shelf.close();
        if let Some(looking) = self.looking.take() {
            let _ = looking.join();
        }
    }

    /// Takes in what is kept beside the files, where this machine knows nothing of them.
    fn recall_digests(&mut self) {
        if !self.shelf.keeps_digests() {
            return;
        }
        if self.cache.is_empty() {
            let kept = self.shelf.kept_digests();
            let good = kept.iter().filter(|lines| self.cache.absorb(lines)).count();
            tracing::info!(segments = kept.len(), good, "digests beside the files");
        }
        self.cache.gather_news();
    }

    /// Has what was learned kept beside the files.
    fn keep_digests(&mut self) {
        if let Some(news) = self.cache.take_news() {
            self.shelf.keep_digests(news);
        }
    }

    /// Does some of what the machine wants, and takes in what has come.
    fn turn(&mut self) -> Result<(), Unheard> {
        let began = Instant::now();
        let wants_more = loop {
            let Some(action) = self.index.poll_action() else {
                break false;
            };
            self.perform(action)?;
            if began.elapsed() >= TURN {
                break true;
            }
        };
        self.keep_retired();
        self.keep_digests();
        let now = Instant::now();
        let until = if wants_more {
            now
        } else {
            self.index.poll_timeout().unwrap_or(now + KEEP_EVERY)
        };
        let mail = self.inbox.take(until);
        self.read_mail(mail)?;
        self.index.handle_timeout(Instant::now());
        Ok(())
    }

    fn read_mail(&mut self, mail: Mail) -> Result<(), Unheard> {
        if mail.stop {
            return Err(Unheard);
        }
        if mail.missed {
            self.feed(Event::Missed);
        }
        for (name, touch) in mail.touched {
            self.feed(Event::Touched(name, touch));
        }
        if mail.deaf {
            tracing::warn!("not all changes are heard: the folder is looked at every 2 s");
            self.feed(Event::Listens(Hearing::Deaf));
        }
        if mail.changed {
            self.feed(Event::Changed);
        }
        for (began, looked) in mail.looked {
            if let Some(looking) = self.looking.take() {
                // A panic was reported by the thread itself.
                let _ = looking.join();
            }
            self.take_look(began, looked)?;
        }
        for hashed in mail.hashed {
            self.hashed(hashed);
        }
        for checked in mail.checked {
            self.checked(checked);
        }
        for checked in mail.scrubbed {
            self.chunk_scrubbed(checked);
        }
        for command in mail.commands {
            self.command(command)?;
        }
        Ok(())
    }

    /// Tells the machine what happened.
    pub(super) fn feed(&mut self, event: Event) {
        self.index.handle_event(Instant::now(), event);
    }

    pub(super) fn emit(&mut self, event: IndexEvent) -> Result<(), Unheard> {
        if (self.emit)(event) {
            Ok(())
        } else {
            Err(Unheard)
        }
    }

    /// Tells the node what the machine found.
    pub(super) fn tell(&mut self, notice: Notice) -> Result<(), Unheard> {
        match &notice {
            Notice::Added { file, .. } => self.own.served(file),
            Notice::Removed { file, .. } => self.own.removed(&file.meta.name),
            Notice::Scrubbed { done, rest } => {
                self.scrubbed.keep(wall_s(), done.clone(), *rest);
                return self.tell_scrub();
            }
            Notice::Damaged { file } => {
                tracing::warn!(file = %file.meta.name, "is not what it was, though nothing shows that it changed");
            }
            Notice::Ready(_)
            | Notice::ReadAll(_)
            | Notice::Ignored { .. }
            | Notice::ManyIgnored { .. }
            | Notice::DisksAway(_)
            | Notice::CaughtUp
            | Notice::BeingWritten { .. }
            | Notice::Hashing { .. } => {}
        }
        self.emit(IndexEvent::Found(notice))
    }

    fn tell_scrub(&mut self) -> Result<(), Unheard> {
        let (done, ended_s) = (self.scrubbed.done().clone(), self.scrubbed.ended_s());
        self.emit(IndexEvent::Scrubbed(done, ended_s))
    }

    /// Watches the folder from now on, if that is possible.
    pub(super) fn listen(&mut self) {
        // The old watcher ends first, as it counts towards the system's limits.
        self.watcher = None;
        let inbox = Arc::clone(&self.inbox);
        let listening = self.shelf.listen(Box::new(move |heard| inbox.hear(heard)));
        let hearing = match &listening {
            Listening::Hears(_) | Listening::Looks => Hearing::All,
            Listening::Deaf(error) => {
                tracing::warn!(%error, "changes are not heard: the folder is looked at every 2 s");
                Hearing::Deaf
            }
        };
        self.watcher = Some(listening);
        self.feed(Event::Listens(hearing));
    }

    /// Files that an earlier run set aside have chunks to offer, if their digests are known.
    pub(super) fn restore_retired(&mut self) {
        let cache = &mut self.cache;
        self.shelf.restore_aside(&mut |name, stamp| {
            let manifest = cache.get(name, stamp)?;
            Some(Arc::new(indexed(name.clone(), stamp, manifest)))
        });
    }

    /// Removes files that were set aside long ago.
    fn keep_retired(&mut self) {
        let now = Instant::now();
        if now >= self.keep_at && !self.index.is_folder_gone() {
            self.keep_at = now + KEEP_EVERY;
            if let Err(error) = self.shelf.aside().enforce() {
                tracing::warn!(%error, "what was set aside cannot be looked at");
            }
        }
    }
}

/// The time by the clock that dates files.
pub(super) fn file_clock() -> FileTime {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    since.map_or(FileTime(0, 0), |since| {
        FileTime(since.as_secs() as i64, i64::from(since.subsec_nanos()))
    })
}
