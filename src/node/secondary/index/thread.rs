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
    node::clock::wall_s,
    store::{
        Root, StoreError,
        index::{
            Cache, ChunkChecks, Disks, FolderWatch, Hashers, OwnChunks, ReadFrom, ScrubRecord,
            watch,
        },
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
    let inbox = Arc::new(Inbox::default());
    let theirs = Arc::clone(&inbox);
    let own = OwnChunks::default();
    let chunks = own.clone();
    let path = root.path().to_owned();
    let thread = std::thread::Builder::new()
        .name("index".to_owned())
        .spawn(move || Running::new(root, &config, retired, theirs, chunks, emit).run())
        .map_err(|error| StoreError::new(&path, &error))?;
    Ok(IndexThread { inbox, own, thread })
}

/// The listener has gone, or the thread was told to stop.
pub(super) struct Unheard;

/// What the thread owns.
pub(super) struct Running<E> {
    pub(super) index: Index,
    pub(super) root: Root,
    pub(super) inbox: Arc<Inbox>,
    pub(super) watcher: Option<FolderWatch>,
    pub(super) cache: Cache,
    pub(super) own: OwnChunks,
    pub(super) disks: Disks,
    pub(super) hashers: Hashers,
    pub(super) checks: ChunkChecks,
    pub(super) scrubs: ChunkChecks,
    pub(super) scrubbed: ScrubRecord,
    pub(super) retired: Retired,
    pub(super) access: Access,
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
        root: Root,
        config: &IndexConfig,
        retired: Retired,
        inbox: Arc<Inbox>,
        own: OwnChunks,
        emit: E,
    ) -> Self {
        let now = Instant::now();
        let theirs = Arc::clone(&inbox);
        let hashers = Hashers::new(root.clone(), move |hashed| theirs.hashed(hashed));
        let theirs = Arc::clone(&inbox);
        let done = move |checked| theirs.checked(checked);
        let checks = ChunkChecks::new(root.clone(), ReadFrom::Anywhere, done);
        let theirs = Arc::clone(&inbox);
        let done = move |checked| theirs.scrubbed(checked);
        let scrubs = ChunkChecks::new(root.clone(), ReadFrom::Disk, done);
        let scrubbed = config.scrubbed(root.path());
        let scrub = |every| index::ScrubConfig {
            every,
            done: scrubbed.done().clone(),
            rest: scrubbed.rest(wall_s()),
        };
        let machine = index::IndexConfig {
            quiet: config.quiet,
            hash_threads: hashers.most_threads(),
            scrub: config.scrub_every.map(scrub),
        };
        Self {
            index: Index::new(now, machine),
            disks: config.disks(root.path()),
            cache: Cache::open(config.cache.clone()),
            root,
            inbox,
            watcher: None,
            own,
            hashers,
            checks,
            scrubs,
            scrubbed,
            retired,
            access: Access::Writable,
            keep_at: now,
            emit,
        }
    }

    fn run(mut self) {
        self.restore_retired();
        self.listen();
        if self.tell_scrub().is_err() {
            return;
        }
        while self.turn().is_ok() {}
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
        let hearing = match watch(&self.root, move |heard| inbox.hear(heard)) {
            Ok(watcher) => {
                self.watcher = Some(watcher);
                Hearing::All
            }
            Err(error) => {
                tracing::warn!(%error, "changes are not heard: the folder is looked at every 2 s");
                Hearing::Deaf
            }
        };
        self.feed(Event::Listens(hearing));
    }

    /// Files that an earlier run set aside have chunks to offer, if their digests are known.
    pub(super) fn restore_retired(&mut self) {
        let cache = &mut self.cache;
        self.retired.restore(|name, stamp| {
            let manifest = cache.get(name, stamp)?;
            Some(Arc::new(indexed(name.clone(), stamp, manifest)))
        });
    }

    /// Removes files that were set aside long ago.
    fn keep_retired(&mut self) {
        let now = Instant::now();
        if now >= self.keep_at && !self.index.is_folder_gone() {
            self.keep_at = now + KEEP_EVERY;
            if let Err(error) = self.retired.enforce() {
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
