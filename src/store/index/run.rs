//! The index's loop: looks, waits, has files read, tells. It does a little at a time, so that commands and
//! news never wait for long.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
    sync::Arc,
    thread::JoinHandle,
    time::{Duration, Instant},
};

use super::{
    IndexCommand, IndexEvent,
    cache::Cache,
    checking::Checking,
    damage::Suspect,
    disks::Disks,
    folders::Folders,
    hashing::Hashing,
    inbox::{Inbox, Mail, Touch},
    own::OwnChunks,
    reading::Waits,
    retry::Unreadable,
    settle::Settling,
    telling::Telling,
    watch::watch,
    writers::Writers,
};
use crate::{
    model::{FileName, IndexedFile, RetiredReason},
    store::{Root, StoreError, retired::Retired, stamp::indexed},
};

/// The folder is looked at again after this long, whatever was heard.
const LOOK_EVERY: Duration = Duration::from_secs(30);
/// The same where nothing can be heard.
pub(super) const LOOK_EVERY_DEAF: Duration = Duration::from_secs(2);
/// After a change, looks wait for others that come with it.
const LOOK_SOON: Duration = Duration::from_millis(150);
/// A look may take this share of the time.
pub(super) const LOOK_SHARE: u32 = 10;
/// How often what was set aside is looked at.
const KEEP_EVERY: Duration = Duration::from_secs(600);
/// How much longer than it takes a new file to settle the end of the first look waits for those that have just come, and
/// the longest that this is.
const READY_SLACK: Duration = Duration::from_secs(2);
const READY_WITHIN: Duration = Duration::from_secs(15);
/// Where the system shows its processes.
const PROCESSES: &str = "/proc";
/// The index's thread.
#[derive(Debug)]
pub struct Index {
    inbox: Arc<Inbox>,
    own: OwnChunks,
    thread: JoinHandle<()>,
}

impl Index {
    /// Gives it a command; after its end nothing happens.
    pub fn send(&self, command: IndexCommand) {
        self.inbox.command(command);
    }

    /// Which files have which chunks, as it changes.
    pub fn own_chunks(&self) -> OwnChunks {
        self.own.clone()
    }

    /// Waits for its end, which follows [`IndexCommand::Stop`] or an `emit` that gave false.
    pub fn join(self) {
        // A panic was reported by the thread itself.
        let _ = self.thread.join();
    }
}

/// How a folder is to be indexed.
#[derive(Clone, Debug)]
pub struct IndexConfig {
    /// A file outside of the folder that keeps digests from run to run.
    pub cache: PathBuf,
    /// A file that was changed is left alone for this long before it is read.
    pub quiet: Duration,
    /// Disks that the folder had are not missed any more: what is there is all.
    pub forget_disks: bool,
}

impl IndexConfig {
    /// The file that keeps the folder's disks from run to run.
    pub(super) fn disks(&self) -> PathBuf {
        self.cache.with_extension("discos")
    }
}

/// Starts the index of a folder. `retired` takes what is set aside; `emit` is called in the index's thread, and ends it
/// by giving false.
///
/// # Errors
/// When there can be no thread.
pub fn start(
    root: Root,
    config: IndexConfig,
    retired: Retired,
    emit: impl FnMut(IndexEvent) -> bool + Send + 'static,
) -> Result<Index, StoreError> {
    let inbox = Arc::new(Inbox::default());
    let theirs = Arc::clone(&inbox);
    let own = OwnChunks::default();
    let chunks = own.clone();
    let path = root.path().to_owned();
    let thread = std::thread::Builder::new()
        .name("index".to_owned())
        .spawn(move || Running::new(root, config, retired, theirs, chunks, emit).run())
        .map_err(|error| StoreError::new(&path, &error))?;
    Ok(Index { inbox, own, thread })
}

/// Whoever listens has gone, or it was told to stop.
pub(super) struct Unheard;

pub(super) struct Running<E> {
    pub(super) root: Root,
    inbox: Arc<Inbox>,
    watcher: Option<notify::RecommendedWatcher>,
    pub(super) cache: Cache,
    pub(super) own: OwnChunks,
    pub(super) disks: Disks,
    /// Folders below this one whose disks are away.
    pub(super) away: Vec<FileName>,
    /// What was mounted at the last look, and what of it hides files that were served.
    pub(super) mounted: BTreeSet<String>,
    pub(super) covers: BTreeSet<String>,
    quiet: Duration,
    pub(super) emit: E,
    pub(super) started: Instant,
    pub(super) look_every: Duration,
    pub(super) look_at: Instant,
    pub(super) looked_at: Instant,
    pub(super) look_took: Duration,
    pub(super) served: BTreeMap<FileName, Arc<IndexedFile>>,
    /// What was served and is being changed: it is served again, or deleted before anybody has read what it became.
    pub(super) changing: BTreeMap<FileName, Arc<IndexedFile>>,
    pub(super) settling: Settling,
    pub(super) writers: Writers,
    pub(super) being_written: BTreeMap<FileName, Waits>,
    pub(super) missing: BTreeMap<FileName, Instant>,
    /// Those of the last look.
    pub(super) folders: Folders,
    pub(super) unreadable: Unreadable,
    /// Files that are not wanted any more and cannot be moved away here: not served as long as they are as they were.
    pub(super) withdrawn: BTreeMap<FileName, (Arc<IndexedFile>, RetiredReason)>,
    pub(super) ignored: BTreeSet<String>,
    pub(super) telling: Telling,
    pub(super) hashing: Hashing,
    pub(super) checking: Checking,
    /// Files that are to be read again.
    pub(super) suspects: BTreeMap<FileName, Suspect>,
    /// Files that were found to be damaged, and look as they did then: what they should be.
    pub(super) damaged: BTreeMap<FileName, Arc<IndexedFile>>,
    pub(super) retired: Retired,
    keep_at: Instant,
    pub(super) gone: bool,
    /// Nothing can be written into the folder.
    pub(super) read_only: bool,
    pub(super) ready: bool,
    /// A disk is back, and not all on it has been read.
    pub(super) catching_up: bool,
    /// Everything is being read again.
    pub(super) rereading: bool,
}

impl<E: FnMut(IndexEvent) -> bool> Running<E> {
    fn new(
        root: Root,
        config: IndexConfig,
        retired: Retired,
        inbox: Arc<Inbox>,
        own: OwnChunks,
        emit: E,
    ) -> Self {
        let now = Instant::now();
        let path = root.path().to_owned();
        let hashing = Hashing::new(root.clone(), Arc::clone(&inbox));
        let checking = Checking::new(root.clone(), Arc::clone(&inbox));
        Self {
            root,
            inbox,
            watcher: None,
            disks: Disks::open(config.disks(), &path, config.forget_disks),
            away: Vec::new(),
            mounted: BTreeSet::new(),
            covers: BTreeSet::new(),
            cache: Cache::open(config.cache),
            quiet: config.quiet,
            own,
            emit,
            started: now,
            look_every: LOOK_EVERY,
            look_at: now,
            looked_at: now,
            look_took: Duration::ZERO,
            served: BTreeMap::new(),
            changing: BTreeMap::new(),
            settling: Settling::new(config.quiet),
            writers: Writers::new(PROCESSES),
            being_written: BTreeMap::new(),
            missing: BTreeMap::new(),
            folders: Folders::default(),
            unreadable: Unreadable::default(),
            withdrawn: BTreeMap::new(),
            ignored: BTreeSet::new(),
            telling: Telling::default(),
            hashing,
            checking,
            suspects: BTreeMap::new(),
            damaged: BTreeMap::new(),
            retired,
            keep_at: now,
            gone: false,
            read_only: false,
            ready: false,
            catching_up: false,
            rereading: false,
        }
    }

    fn run(mut self) {
        self.restore_retired();
        self.watch();
        while self.turn().is_ok() {}
    }

    /// One step, and what came meanwhile.
    fn turn(&mut self) -> Result<(), Unheard> {
        self.step()?;
        let now = Instant::now();
        let until = if self.has_work(now) {
            now
        } else {
            self.next_due()
        };
        let mail = self.inbox.take(until);
        self.read_mail(mail)
    }

    fn read_mail(&mut self, mail: Mail) -> Result<(), Unheard> {
        if mail.stop {
            return Err(Unheard);
        }
        if mail.missed {
            self.settling.missed();
        }
        for (name, touch) in mail.touched {
            match touch {
                Touch::Written => self.settling.written(name),
                Touch::Closed => self.settling.closed(name),
                Touch::Moved => self.settling.moved(name),
            }
        }
        if mail.deaf {
            tracing::warn!("not all changes are heard: the folder is looked at every 2 s");
            self.look_every = LOOK_EVERY_DEAF;
        }
        if mail.changed {
            self.look_soon();
        }
        for hashed in mail.hashed {
            if let Some((name, stamp, read)) = self.hashing.done(hashed) {
                self.has_read(name, stamp, read)?;
            }
        }
        for checked in mail.checked {
            self.checked(checked)?;
        }
        for command in mail.commands {
            self.command(command)?;
        }
        Ok(())
    }

    /// Hears of changes from now on, if that is possible.
    pub(super) fn watch(&mut self) {
        // The old one first: it counts for the system's limits.
        self.watcher = None;
        let inbox = Arc::clone(&self.inbox);
        let watcher = watch(&self.root, move |heard| inbox.hear(heard));
        self.look_every = match &watcher {
            Ok(_) => LOOK_EVERY,
            Err(error) => {
                tracing::warn!(%error, "changes are not heard: the folder is looked at every 2 s");
                LOOK_EVERY_DEAF
            }
        };
        self.watcher = watcher.ok();
    }

    fn has_work(&self, now: Instant) -> bool {
        self.hashing.can_start() || now >= self.look_at || self.settling.has_settled(now)
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

    /// A look, if it is time, and some files.
    fn step(&mut self) -> Result<(), Unheard> {
        if Instant::now() >= self.look_at {
            self.look()?;
        }
        self.keep_retired();
        self.take_settled()?;
        self.start_reading()?;
        if !self.ready && self.hashing.is_empty() && self.has_read_all() {
            self.ready = true;
            let (files, bytes) = self.all_is_read();
            self.tell(IndexEvent::Ready { files, bytes })?;
        }
        if self.catching_up
            && self.ready
            && !self.gone
            && self.hashing.is_empty()
            && self.has_read_all()
        {
            self.catching_up = false;
            self.tell(IndexEvent::CaughtUp)?;
        }
        let has_settled = self.settling.has_settled(Instant::now());
        if self.ready && self.rereading && self.hashing.is_empty() && !has_settled {
            self.rereading = false;
            let (files, bytes) = self.all_is_read();
            self.tell(IndexEvent::ReadAll { files, bytes })?;
        }
        Ok(())
    }

    /// What an earlier run set aside can be read if it is known what it is.
    pub(super) fn restore_retired(&mut self) {
        let cache = &mut self.cache;
        self.retired.restore(|name, stamp| {
            let manifest = cache.get(name, stamp)?;
            Some(Arc::new(indexed(name.clone(), stamp, manifest)))
        });
    }

    /// What was set aside long ago goes.
    fn keep_retired(&mut self) {
        let now = Instant::now();
        if now >= self.keep_at && !self.gone {
            self.keep_at = now + KEEP_EVERY;
            if let Err(error) = self.retired.enforce() {
                tracing::warn!(%error, "what was set aside cannot be looked at");
            }
        }
    }

    /// Keeps what is known of the files; gives how many there are, and their bytes.
    fn all_is_read(&mut self) -> (usize, u64) {
        // What is known of files that are away is of use when they are back.
        if !self.gone && self.away.is_empty() {
            let aside = self.retired.readable();
            let files = self.served.values().chain(&aside);
            let files = files.chain(self.damaged.values());
            self.cache
                .keep(files.map(|file| (&file.meta.name, file.stamp)));
        }
        let bytes = self.served.values().map(|file| file.stamp.bytes).sum();
        (self.served.len(), bytes)
    }

    /// True when nothing of what was there at the start is left to read. Files that just came are waited
    /// for as well, but not those that somebody goes on writing.
    fn has_read_all(&self) -> bool {
        let now = Instant::now();
        match self.settling.next_settled() {
            None => true,
            Some(due) => due > now && now >= self.started + self.ready_within(),
        }
    }

    /// A disk is there again: what is on it is to be read as at the start.
    pub(super) fn catch_up(&mut self) {
        self.catching_up = true;
        self.started = Instant::now();
    }

    fn ready_within(&self) -> Duration {
        (self.quiet + READY_SLACK).min(READY_WITHIN)
    }

    pub(super) fn look_soon(&mut self) {
        let earliest = self.looked_at + self.look_took * LOOK_SHARE;
        let soon = (Instant::now() + LOOK_SOON).max(earliest);
        self.look_at = self.look_at.min(soon);
    }
}
