//! The machine: dispatches events, keeps time, and decides what to do next.

use std::{
    collections::{BTreeSet, VecDeque},
    sync::Arc,
    time::{Duration, Instant},
};

use super::{
    devices::Devices,
    files::Files,
    hashing::{Hashing, LARGE_BYTES},
    pace::{Looks, WriterLooks},
    scrub::{ScrubConfig, Scrubbing},
    settle::Settle,
    state::{FileState, Reread},
    telling::PassedOver,
    types::{Action, Event, Gone, Notice, PathNow, Total},
};
use crate::model::{FileName, IndexedFile, RemovedReason, Stamp};

/// The first look does not end before files that have just arrived are read. It waits this much longer than a new file
/// takes to settle, within a limit.
const READY_SLACK: Duration = Duration::from_secs(2);
const READY_WITHIN: Duration = Duration::from_secs(15);
/// With this many unknown files a look at the processes pays off while others are still to be recognised.
const ENOUGH_TO_ASK: usize = 2000;

/// How to index a folder.
#[derive(Clone, Debug)]
pub struct IndexConfig {
    /// A changed file is left alone for this long before it is read.
    pub quiet: Duration,
    /// Threads that read files.
    pub hash_threads: usize,
    /// How often to look at the folder where all changes are heard; `None`: as usual.
    pub look_every: Option<Duration>,
    /// How to look for damage; `None`: not at all.
    pub scrub: Option<ScrubConfig>,
}

/// The machine. See the module.
#[derive(Debug)]
pub struct Index {
    /// The time of the last event.
    pub(super) now: Instant,
    pub(super) files: Files,
    pub(super) settle: Settle,
    pub(super) hashing: Hashing,
    pub(super) looks: Looks,
    pub(super) writers: WriterLooks,
    pub(super) passed_over: PassedOver,
    pub(super) folder: Folder,
    pub(super) progress: Progress,
    pub(super) scrubbing: Option<Scrubbing>,
    pub(super) actions: VecDeque<Action>,
}

/// The folder as the last look found it.
#[derive(Debug, Default)]
pub(super) struct Folder {
    /// It is not there.
    pub(super) is_gone: bool,
    /// Folders below it whose disks are away.
    pub(super) away: Vec<FileName>,
    /// Paths that could not be looked into.
    pub(super) hidden: BTreeSet<String>,
    pub(super) devices: Devices,
}

/// How far the folder has been read.
#[derive(Debug)]
pub(super) struct Progress {
    /// Files that came before this time are waited for.
    started: Instant,
    pub(super) was_looked_at: bool,
    pub(super) is_ready: bool,
    /// A disk is back, and not all of its files have been read.
    catching_up: bool,
    /// Everything is being read again.
    pub(super) rereading: bool,
}

impl Index {
    /// A machine that knows nothing of the folder yet.
    pub fn new(now: Instant, config: IndexConfig) -> Self {
        Self {
            now,
            files: Files::default(),
            settle: Settle::new(config.quiet),
            hashing: Hashing::new(config.hash_threads),
            looks: Looks::new(now, config.look_every),
            writers: WriterLooks::new(now),
            passed_over: PassedOver::default(),
            folder: Folder::default(),
            progress: Progress {
                started: now,
                was_looked_at: false,
                is_ready: false,
                catching_up: false,
                rereading: false,
            },
            scrubbing: config.scrub.map(|config| Scrubbing::new(now, config)),
            actions: VecDeque::new(),
        }
    }

    /// Something happened.
    pub fn handle_event(&mut self, now: Instant, event: Event) {
        self.handle_timeout(now);
        match event {
            Event::Looked { began, clock, look } => {
                self.looked(began, clock, look);
                self.progress.was_looked_at = true;
            }
            Event::FolderGone { began, path } => self.folder_gone(began, path),
            Event::LookFailed { began } => self.looks.failed(now, began),
            Event::Listens(hearing) => self.looks.listens(hearing),
            Event::Changed => self.looks.soon(now),
            Event::Touched(name, touch) => self.settle.touched(name, touch),
            Event::Missed => self.settle.missed(),
            Event::Recognised { name, stamp, found } => self.recognised(name, stamp, found),
            Event::Writers {
                began,
                asked,
                open,
                processes,
            } => {
                self.writers.over(now, began);
                self.found_writers(asked, open, processes);
            }
            Event::Hashed { job, after, read } => self.hashed(job, after, read),
            Event::SetAside {
                file,
                reason,
                outcome,
            } => self.was_set_aside(file, reason, outcome),
            Event::ChunkChecked {
                file,
                verdict,
                after,
            } => drop(self.chunk_checked(file, verdict, after)),
            Event::Scrubbed {
                file,
                chunk,
                verdict,
                after,
            } => self.scrubbed(file, chunk, verdict, after),
            Event::Inserted(Some(file)) => self.inserted(file),
            // It is gone or has changed again. The next look tells which.
            Event::Inserted(None) => self.looks.by(now),
            Event::Unwanted { file, reason } => self.unwanted(&file, reason),
            Event::Doubted(name, seen) => self.doubted(name, seen),
            Event::Complaint { file, chunk } => self.complaint(&file, chunk),
            Event::ReadAll => self.read_all(),
        }
    }

    /// Time has passed.
    pub fn handle_timeout(&mut self, now: Instant) {
        self.now = self.now.max(now);
        while let Some(name) = self.files.next_due(self.now) {
            if let Some(FileState::Settling { file, .. } | FileState::Failed { file, .. }) =
                self.files.take(&name)
            {
                self.files.put(name, FileState::Quiet(file));
            }
        }
    }

    /// The next thing to do. Part of it is decided only when asked for, so that the owner may stop asking whenever it
    /// has other things to do.
    pub fn poll_action(&mut self) -> Option<Action> {
        if self.actions.is_empty() {
            self.decide();
        }
        self.actions.pop_front()
    }

    /// When [`Self::handle_timeout`] is due.
    pub fn poll_timeout(&self) -> Option<Instant> {
        let has_unknown = !self.files.unknown().is_empty();
        let writers = self.writers.next_at().filter(|_| has_unknown);
        let times = [
            self.looks.next_at(),
            self.files.next_quiet_at(),
            self.files.next_retry_at(),
            writers,
            self.gives_up_waiting_at(),
            self.scrubs_at(),
        ];
        times.into_iter().flatten().min()
    }

    /// When the next chunk is read to see whether it is right; `None` while that may not be.
    pub(super) fn scrubs_at(&self) -> Option<Instant> {
        let Progress {
            is_ready,
            rereading,
            ..
        } = self.progress;
        let may = is_ready && !rereading && !self.folder.is_gone;
        self.scrubbing.as_ref().filter(|_| may)?.next_at()
    }

    /// Decides on one thing to do, the most urgent first.
    fn decide(&mut self) {
        if self.looks.begin(self.now) {
            return self.actions.push_back(Action::Look);
        }
        if let Some((bytes, name)) = self.files.next_queued()
            && self.hashing.has_room_for(bytes)
        {
            let name = name.clone();
            return self.read(name);
        }
        let asks = self.files.unknown().len() >= ENOUGH_TO_ASK;
        if !asks && let Some(name) = self.files.next_quiet() {
            let name = name.clone();
            return self.recognise(name);
        }
        if !self.files.unknown().is_empty() && self.writers.begin(self.now) {
            return self.find_writers();
        }
        if let Some(name) = self.files.next_quiet() {
            let name = name.clone();
            return self.recognise(name);
        }
        if !self.scrub() {
            self.tell_progress();
        }
    }

    fn recognise(&mut self, name: FileName) {
        if let Some(FileState::Quiet(file)) = self.files.take(&name) {
            let stamp = file.stamp;
            self.files.put(name.clone(), FileState::Recognising(file));
            self.actions.push_back(Action::Recognise { name, stamp });
        }
    }

    fn find_writers(&mut self) {
        let files = self.files.unknown().iter();
        let with_stamp = |name: &FileName| {
            let FileState::Unknown(file) = self.files.get(name)? else {
                return None;
            };
            Some((name.clone(), file.stamp))
        };
        let asked: Vec<(FileName, Stamp)> = files.filter_map(with_stamp).collect();
        self.actions.push_back(Action::FindWriters(asked));
    }

    fn read(&mut self, name: FileName) {
        let state = self.files.take(&name);
        let (stamp, state) = if let Some(FileState::Queued(file)) = state {
            let job = self.hashing.begin(name.clone(), file.stamp.bytes);
            (file.stamp, FileState::Hashing(file, job))
        } else if let Some(FileState::Served { file, missing, .. }) = state {
            let job = self.hashing.begin(name.clone(), file.stamp.bytes);
            let reread = Reread::Hashing(job);
            let stamp = file.stamp;
            (
                stamp,
                FileState::Served {
                    file,
                    missing,
                    reread,
                },
            )
        } else {
            return;
        };
        let job = state.job();
        self.files.put(name.clone(), state);
        if stamp.bytes >= LARGE_BYTES {
            let (name, bytes) = (name.clone(), stamp.bytes);
            self.tell(Notice::Hashing { name, bytes });
        }
        if let Some(job) = job {
            self.actions.push_back(Action::Hash { job, name, stamp });
        }
    }

    pub(super) fn tell(&mut self, notice: Notice) {
        self.actions.push_back(Action::Tell(notice));
    }

    /// Tells that a file which the cluster counts on is not served any more.
    pub(super) fn removed(&mut self, file: Arc<IndexedFile>, reason: RemovedReason, why: Gone) {
        self.tell(Notice::Removed { file, reason, why });
    }

    /// Takes a file out of its state and cancels its reading.
    pub(super) fn take(&mut self, name: &FileName) -> Option<FileState> {
        let state = self.files.take(name)?;
        if let Some(job) = state.job()
            && self.hashing.cancel(job)
        {
            self.actions.push_back(Action::CancelHash(job));
        }
        Some(state)
    }

    /// The folder is gone. Nothing of it is served.
    fn folder_gone(&mut self, began: Instant, path: PathNow) {
        self.looks.failed(self.now, began);
        if path == PathNow::AnotherFolder {
            self.looks.by(self.now);
        }
        self.folder.is_gone = true;
        self.progress.was_looked_at = true;
        let names: Vec<FileName> = self.files.iter().map(|(name, _)| name.clone()).collect();
        for name in names {
            self.lose(name);
        }
        self.settle.retain(self.now, |_| false);
    }

    /// A file is out of reach. It may still be what it was.
    pub(super) fn lose(&mut self, name: FileName) {
        let Some(state) = self.take(&name) else {
            return;
        };
        if let Some(file) = state.told().cloned() {
            self.removed(file, RemovedReason::Lost, Gone::Changed);
        }
        // Some files must not come back. These states remember it.
        match state {
            FileState::Damaged { file, .. } => {
                let was = None;
                self.files.put(name, FileState::Damaged { file, was });
            }
            state @ FileState::Withdrawn { .. } => self.files.put(name, state),
            FileState::Settling { .. }
            | FileState::Quiet(_)
            | FileState::Recognising(_)
            | FileState::Unknown(_)
            | FileState::Queued(_)
            | FileState::Hashing(..)
            | FileState::Served { .. }
            | FileState::Missing { .. }
            | FileState::Failed { .. } => {}
        }
    }

    /// A folder or a disk is back. Its files are read as at the start.
    pub(super) fn catch_up(&mut self) {
        self.progress.catching_up = true;
        self.progress.started = self.now;
    }

    /// The time until which the end of the first look waits for settling files.
    fn gives_up_waiting_at(&self) -> Option<Instant> {
        let waits = !self.progress.is_ready || self.progress.catching_up;
        let within = (self.settle.quiet() + READY_SLACK).min(READY_WITHIN);
        Some(self.progress.started + within).filter(|at| waits && *at > self.now)
    }

    /// Tells once everything that can be read has been read.
    fn tell_progress(&mut self) {
        if !self.files.all_are_read() || !self.progress.was_looked_at {
            return;
        }
        // Files that somebody keeps writing are not waited for.
        let waits = self.files.next_quiet_at().is_some() && self.gives_up_waiting_at().is_some();
        if !self.progress.is_ready && !waits {
            self.progress.is_ready = true;
            let total = self.all_is_read();
            self.tell(Notice::Ready(total));
        }
        let is_ready = self.progress.is_ready;
        if is_ready && self.progress.catching_up && !self.folder.is_gone && !waits {
            self.progress.catching_up = false;
            self.tell(Notice::CaughtUp);
        }
        if is_ready && self.progress.rereading {
            self.progress.rereading = false;
            let total = self.all_is_read();
            self.tell(Notice::ReadAll(total));
        }
    }

    fn all_is_read(&mut self) -> Total {
        // Digests of files that are away are of use when they are back.
        if !self.folder.is_gone && self.folder.away.is_empty() {
            self.actions.push_back(Action::ForgetOthers);
        }
        self.total()
    }
}
