//! The task that owns one download machine: it feeds it what its sources bring and does what it says.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::{Arc, OnceLock},
    time::{Duration, Instant},
};

use tokio::{
    sync::{mpsc, watch},
    time::{MissedTickBehavior, interval, sleep_until},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{
    FetchConfig, FetchEnd, FetchUpdate, address_of,
    buffers::Buffers,
    source::{Command, Context, Input, Source, What},
    writing::Writing,
};
use crate::{
    engine::download::{Action, Download, DownloadConfig, Event, Finish, Snapshot},
    model::{
        ChunkRange, FileMeta, Grant, SecondaryNumber, SourceInfo, TransferId,
        limits::MAX_QUEUED_REQUESTS,
    },
    store::{Opened, PartFile, StoreError},
};

/// Inputs that may wait for the shell; sources wait beyond that.
const INPUTS: usize = 1024;
/// Inputs that are taken in before the machine is asked what to do.
const BATCH: usize = 64;
/// How often watchers get a new snapshot and the need to sync is looked at.
const TICK: Duration = Duration::from_millis(250);
/// Data and journal are synced at the latest when this much is not.
const SYNC_BYTES: u64 = 256 << 20;
/// Or when anything has not been for this long.
const SYNC_EVERY: Duration = Duration::from_secs(5);
/// Wakes the loop when the machine has nothing to wait for.
const IDLE: Duration = Duration::from_secs(3600);

/// A connection, as the shell sees it.
#[derive(Debug)]
pub(super) struct SourceLink {
    generation: u64,
    pub(super) commands: mpsc::Sender<Command>,
    cut: CancellationToken,
}

impl Drop for SourceLink {
    fn drop(&mut self) {
        self.cut.cancel();
    }
}

/// Results of blocking work.
#[derive(Debug)]
pub(super) enum Done {
    Opened(Result<Opened, StoreError>),
    Synced(Result<(), StoreError>),
}

/// See the module.
pub(super) struct Shell {
    pub(super) transfer: TransferId,
    pub(super) file: FileMeta,
    pub(super) config: FetchConfig,
    pub(super) machine: Download,
    pub(super) addresses: BTreeMap<SecondaryNumber, SocketAddr>,
    pub(super) links: BTreeMap<SecondaryNumber, SourceLink>,
    pub(super) generations: u64,
    pub(super) listed: watch::Receiver<Vec<SourceInfo>>,
    pub(super) stop: CancellationToken,
    pub(super) updates: mpsc::Sender<(TransferId, FetchUpdate)>,
    pub(super) snapshot: watch::Sender<Snapshot>,
    pub(super) context: Context,
    pub(super) inputs: mpsc::Receiver<Input>,
    pub(super) done: mpsc::Receiver<Done>,
    pub(super) done_sender: mpsc::Sender<Done>,
    pub(super) connections: TaskTracker,
    pub(super) began: Instant,
    pub(super) opening: bool,
    pub(super) syncing: bool,
    pub(super) synced_at: Instant,
    /// The disk's error, kept whole for people; the machine only knows its words.
    pub(super) local: Option<StoreError>,
    pub(super) already: Option<std::path::PathBuf>,
}

impl Shell {
    /// A shell that has not started, and what shows how far it is.
    pub(super) fn new(
        grant: Grant,
        config: FetchConfig,
        listed: watch::Receiver<Vec<SourceInfo>>,
        stop: CancellationToken,
        updates: mpsc::Sender<(TransferId, FetchUpdate)>,
    ) -> (Self, watch::Receiver<Snapshot>) {
        let now = Instant::now();
        let machine = Download::new(
            grant.file.layout,
            DownloadConfig {
                seed: fastrand::u64(..),
                source_wait: config.source_wait,
            },
            now,
        );
        let (snapshot, watched) = watch::channel(machine.snapshot(now));
        let (input_sender, inputs) = mpsc::channel(INPUTS);
        let (done_sender, done) = mpsc::channel(2);
        let (part, writes) = (Arc::new(OnceLock::new()), TaskTracker::new());
        let buffers = Buffers::new(grant.file.layout);
        let writing = Writing::new(
            Arc::clone(&part),
            input_sender.clone(),
            writes.clone(),
            &buffers,
        );
        let context = Context {
            transfer: grant.transfer,
            file: grant.file.clone(),
            role: config.role.clone(),
            security: Arc::clone(&config.security),
            manifest: Arc::new(OnceLock::new()),
            part,
            buffers,
            inputs: input_sender,
            writing,
            writes,
        };
        let shell = Self {
            transfer: grant.transfer,
            file: grant.file,
            config,
            machine,
            addresses: BTreeMap::new(),
            links: BTreeMap::new(),
            generations: 0,
            listed,
            stop,
            updates,
            snapshot,
            context,
            inputs,
            done,
            done_sender,
            connections: TaskTracker::new(),
            began: now,
            opening: false,
            syncing: false,
            synced_at: now,
            local: None,
            already: None,
        };
        (shell, watched)
    }

    /// Runs to the end of the download.
    pub(super) async fn run(mut self) {
        let first = self.listed.borrow_and_update().clone();
        self.listed(first);
        let finish = self.until_finish().await;
        let outcome = self.outcome(finish).await;
        self.linger().await;
        self.publish();
        let end = FetchEnd {
            outcome,
            took: self.began.elapsed(),
            sources: self.machine.received(),
        };
        let (updates, transfer) = (self.updates.clone(), self.transfer);
        // Whoever hears of the end may start anew: the part file must not be held any more.
        drop(self);
        let ended = FetchUpdate::Ended(Box::new(end));
        let _ = updates.send((transfer, ended)).await;
    }

    async fn until_finish(&mut self) -> Finish {
        let mut tick = interval(TICK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut stopping = false;
        let mut owner_gone = false;
        loop {
            if let Some(finish) = self.act().await {
                return finish;
            }
            if self.already.is_some() {
                return Finish::Complete;
            }
            let due = self
                .machine
                .poll_timeout()
                .unwrap_or_else(|| Instant::now() + IDLE);
            tokio::select! {
                Some(input) = self.inputs.recv() => {
                    self.input(input);
                    for _ in 1..BATCH {
                        let Ok(input) = self.inputs.try_recv() else { break };
                        self.input(input);
                    }
                }
                Some(done) = self.done.recv() => self.done(done).await,
                () = sleep_until(due.into()) => self.machine.handle_timeout(Instant::now()),
                changed = self.listed.changed(), if !owner_gone => {
                    if changed.is_ok() {
                        let sources = self.listed.borrow_and_update().clone();
                        self.listed(sources);
                    } else {
                        owner_gone = true;
                    }
                }
                () = self.stop.cancelled(), if !stopping => {
                    stopping = true;
                    self.machine.handle_event(Instant::now(), Event::Stop);
                }
                _ = tick.tick() => {
                    self.publish();
                    self.sync_if_due();
                }
            }
        }
    }

    /// Does what the machine wants; its last word ends the loop.
    async fn act(&mut self) -> Option<Finish> {
        while let Some(action) = self.machine.poll_action() {
            match action {
                Action::Connect { source } => self.connect(source),
                Action::Disconnect { source } => {
                    self.links.remove(&source);
                }
                Action::Request { source, chunk } => self.command(source, Command::Request(chunk)),
                Action::Cancel { source, chunk } => self.command(source, Command::Cancel(chunk)),
                Action::Report {
                    source,
                    fault,
                    chunk,
                } => {
                    let secondary = source;
                    self.update(FetchUpdate::Report {
                        secondary,
                        fault,
                        chunk,
                    })
                    .await;
                }
                Action::Notice(notice) => {
                    tracing::info!(transfer = %self.transfer, ?notice, "notice");
                    self.update(FetchUpdate::Notice(notice)).await;
                }
                Action::Finish(finish) => return Some(finish),
            }
        }
        None
    }

    fn connect(&mut self, number: SecondaryNumber) {
        let Some(&address) = self.addresses.get(&number) else {
            // The machine only knows sources that were listed.
            return;
        };
        self.generations += 1;
        let generation = self.generations;
        // One more than the machine ever has outstanding, for the closing word.
        let (sender, commands) = mpsc::channel(MAX_QUEUED_REQUESTS * 2 + 1);
        let cut = CancellationToken::new();
        let source = Source {
            number,
            generation,
            address,
            context: self.context.clone(),
            commands,
        };
        let stopped = cut.clone();
        self.connections.spawn(async move {
            tokio::select! {
                () = source.run() => {}
                () = stopped.cancelled() => {}
            }
        });
        self.links.insert(
            number,
            SourceLink {
                generation,
                commands: sender,
                cut,
            },
        );
    }

    fn command(&mut self, source: SecondaryNumber, command: Command) {
        tracing::trace!(%source, ?command, "asking");
        if let Some(link) = self.links.get(&source)
            && link.commands.try_send(command).is_err()
        {
            tracing::debug!(%source, ?command, "the connection is ending");
        }
    }

    fn listed(&mut self, sources: Vec<SourceInfo>) {
        let now = Instant::now();
        let moved: Vec<_> = sources
            .iter()
            .filter(|source| {
                let before = self.addresses.insert(source.number, address_of(source));
                before.is_some_and(|before| before != address_of(source))
            })
            .map(|source| source.number)
            .collect();
        let draining = sources.iter().filter(|source| source.draining);
        let draining = draining.map(|source| source.number).collect();
        self.machine.handle_event(now, Event::Draining(draining));
        let list: Vec<(SecondaryNumber, Vec<ChunkRange>)> = sources
            .into_iter()
            .map(|source| (source.number, source.ranges))
            .collect();
        if !moved.is_empty() {
            // It is another process now: away and back, so that it is tried at once.
            let without = list
                .iter()
                .filter(|(number, _)| !moved.contains(number))
                .cloned()
                .collect();
            self.machine.handle_event(now, Event::Sources(without));
        }
        self.machine.handle_event(now, Event::Sources(list));
    }

    pub(super) fn input(&mut self, input: Input) {
        let now = Instant::now();
        let Input {
            source,
            generation,
            what,
        } = input;
        let current = self
            .links
            .get(&source)
            .is_some_and(|link| link.generation == generation);
        let event = match what {
            // Bytes count and good chunks are good, whatever became of their connection.
            What::Received { chunk, bytes } => Event::Received {
                source,
                chunk,
                bytes,
            },
            What::Verified { chunk } => {
                tracing::debug!(file = %self.file.name, %chunk, %source, "verified and written");
                Event::Verified { source, chunk }
            }
            What::Wrong { chunk } => {
                tracing::warn!(file = %self.file.name, %chunk, %source, "digest mismatch");
                Event::Wrong { source, chunk }
            }
            What::LocalFailure(error) => {
                let reason = error.to_string();
                self.local.get_or_insert(error);
                Event::LocalFailure { reason }
            }
            _ if !current => return,
            What::Connected => {
                self.open_part();
                Event::Connected { source }
            }
            What::Lost { fault, reason } => {
                tracing::info!(transfer = %self.transfer, %source, ?fault, reason, "lost");
                self.links.remove(&source);
                Event::Lost { source, fault }
            }
            What::Refused { chunk } => Event::Refused { source, chunk },
            What::Cancelled { chunk } => Event::Cancelled { source, chunk },
            What::Blocked => Event::Blocked { source },
            What::Unblocked => Event::Unblocked { source },
        };
        self.machine.handle_event(now, event);
    }

    /// Opens the part file once the digests are known.
    fn open_part(&mut self) {
        let Some(manifest) = self.context.manifest.get().cloned() else {
            return;
        };
        let ending = self.connections.is_closed();
        if ending || std::mem::replace(&mut self.opening, true) {
            return;
        }
        let (root, file) = (self.config.root.clone(), self.file.clone());
        let (existing, place) = (self.config.existing, self.config.place);
        let done = self.done_sender.clone();
        self.context.writes.spawn_blocking(move || {
            let opened = PartFile::open(&root, &file, manifest, existing, place);
            let _ = done.blocking_send(Done::Opened(opened));
        });
    }

    async fn done(&mut self, done: Done) {
        match done {
            Done::Opened(Ok(Opened::AlreadyComplete(path))) => self.already = Some(path),
            Done::Opened(Ok(Opened::Part { part, have, notes })) => {
                for note in notes {
                    self.update(FetchUpdate::Remark(note)).await;
                }
                let bytes: u64 = have
                    .iter()
                    .map(|chunk| u64::from(self.file.layout.chunk_len(chunk)))
                    .sum();
                if bytes > 0 {
                    self.update(FetchUpdate::Resumed { bytes }).await;
                }
                let _ = self.context.part.set(Arc::from(part));
                self.machine
                    .handle_event(Instant::now(), Event::Ready { have });
            }
            Done::Opened(Err(error)) | Done::Synced(Err(error)) => {
                self.syncing = false;
                let reason = error.to_string();
                self.local.get_or_insert(error);
                self.machine
                    .handle_event(Instant::now(), Event::LocalFailure { reason });
            }
            Done::Synced(Ok(())) => {
                self.syncing = false;
                self.synced_at = Instant::now();
            }
        }
    }

    fn sync_if_due(&mut self) {
        let Some(part) = self.context.part.get().cloned() else {
            return;
        };
        let unsynced = part.unsynced_bytes();
        let old = unsynced > 0 && self.synced_at.elapsed() >= SYNC_EVERY;
        if self.syncing || !(old || unsynced >= SYNC_BYTES) {
            return;
        }
        self.syncing = true;
        let done = self.done_sender.clone();
        self.context.writes.spawn_blocking(move || {
            let _ = done.blocking_send(Done::Synced(part.sync()));
        });
    }

    pub(super) fn publish(&self) {
        self.snapshot
            .send_replace(self.machine.snapshot(Instant::now()));
    }

    pub(super) async fn update(&self, update: FetchUpdate) {
        let _ = self.updates.send((self.transfer, update)).await;
    }
}
