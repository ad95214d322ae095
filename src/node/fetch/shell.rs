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
    FetchConfig, FetchEnd, FetchOutcome, FetchUpdate, Goal, Orders,
    buffers::Buffers,
    own::Prepared,
    source::{Command, Context, Input, SourceTask, What},
    stream::Stream,
    writing::{Sink, Writing},
};
use crate::{
    engine::download::{Action, ChunkMap, Download, DownloadConfig, Event, Finish, Snapshot},
    model::{
        ChunkSet, Fault, FileMeta, Grant, SourceId, SourceInfo, TransferId, Who,
        limits::MAX_QUEUED_REQUESTS,
    },
    node::{Failure, clock},
    store::{Checkup, Opened, StoreError},
};

/// Inputs that may wait for the shell; sources wait beyond that.
const INPUTS: usize = 1024;
/// Inputs that are taken in before the machine is asked what to do.
const BATCH: usize = 64;
/// How often watchers get a new snapshot and the need to sync is looked at.
const TICK: Duration = Duration::from_millis(250);
/// Wakes the loop when the machine has nothing to wait for.
const IDLE: Duration = Duration::from_secs(3600);

/// A connection to a source, as the shell sees it.
#[derive(Debug)]
pub(super) struct Connection {
    generation: u64,
    pub(super) commands: mpsc::Sender<Command>,
    cut: CancellationToken,
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.cut.cancel();
    }
}

/// Results of blocking work, and what the reader does.
#[derive(Debug)]
pub(super) enum Done {
    Opened(Result<Prepared, StoreError>),
    /// Chunks that a reader need not be sent.
    Zeros(ChunkSet),
    Verified(Result<(Checkup, Opened), StoreError>),
    Synced(Result<(), StoreError>),
    /// The work failed before it had a result.
    Broken,
    /// The reader has so many chunks, from the first.
    Taken(u32),
    AllTaken,
    ReaderGone,
}

/// See the module.
pub(super) struct Shell {
    pub(super) transfer: TransferId,
    pub(super) file: FileMeta,
    pub(super) config: FetchConfig,
    pub(super) machine: Download,
    /// Who each source is, and where it listens.
    pub(super) whereabouts: BTreeMap<SourceId, (Who, SocketAddr)>,
    pub(super) open: BTreeMap<SourceId, Connection>,
    pub(super) generations: u64,
    pub(super) orders: Orders,
    pub(super) updates: mpsc::Sender<(TransferId, FetchUpdate)>,
    pub(super) snapshot: watch::Sender<Snapshot>,
    pub(super) context: Context,
    pub(super) inputs: mpsc::Receiver<Input>,
    pub(super) done: mpsc::Receiver<Done>,
    pub(super) done_sender: mpsc::Sender<Done>,
    pub(super) connections: TaskTracker,
    pub(super) began: Instant,
    pub(super) opening: bool,
    /// What was taken from files of this disk.
    pub(super) own_bytes: u64,
    /// Ends what is done before the first chunk is asked for.
    pub(super) giving_up: CancellationToken,
    pub(super) syncing: bool,
    pub(super) synced_at: Instant,
    /// What failed on this side, kept whole for people; the machine only knows its words.
    pub(super) local: Option<Failure>,
    pub(super) already: Option<std::path::PathBuf>,
    /// The reader has the whole file.
    pub(super) all_taken: bool,
    /// Ends the handing over.
    pub(super) handing_over: CancellationToken,
}

impl Shell {
    /// A shell that has not started, and what shows how far it is.
    pub(super) fn new(
        grant: Grant,
        config: FetchConfig,
        orders: Orders,
        updates: mpsc::Sender<(TransferId, FetchUpdate)>,
    ) -> (Self, watch::Receiver<Snapshot>) {
        let now = clock::now();
        let buffers = Buffers::new(grant.file.layout);
        let machine = {
            let layout = grant.file.layout;
            let how = DownloadConfig {
                seed: fastrand::u64(..),
                source_wait: config.source_wait,
            };
            match &config.goal {
                Goal::File(_) | Goal::Verify(_) => Download::new(layout, how, now),
                Goal::Stream(_) => Download::in_order(layout, how, buffers.ahead(), now),
            }
        };
        let (snapshot, watched) = watch::channel(machine.snapshot(now));
        let (input_sender, inputs) = mpsc::channel(INPUTS);
        let (done_sender, done) = mpsc::channel(2);
        let (sink, writes) = (Arc::new(OnceLock::new()), TaskTracker::new());
        let writing = Writing::new(
            Arc::clone(&sink),
            input_sender.clone(),
            writes.clone(),
            &buffers,
        );
        let context = Context {
            transfer: grant.transfer,
            file: grant.file.clone(),
            network: config.network.clone(),
            role: config.role.clone(),
            central: config.central,
            security: Arc::clone(&config.security),
            manifest: Arc::new(OnceLock::new()),
            sink,
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
            whereabouts: BTreeMap::new(),
            open: BTreeMap::new(),
            generations: 0,
            orders,
            updates,
            snapshot,
            context,
            inputs,
            done,
            done_sender,
            connections: TaskTracker::new(),
            began: now,
            opening: false,
            own_bytes: 0,
            giving_up: CancellationToken::new(),
            syncing: false,
            synced_at: now,
            local: None,
            already: None,
            all_taken: false,
            handing_over: CancellationToken::new(),
        };
        (shell, watched)
    }

    /// Runs to the end of the download. Whoever hears of it may start anew: the part file is not held any more.
    pub(super) async fn run(mut self) -> FetchEnd {
        self.start_handing_over();
        let first = self.orders.listed.borrow_and_update().clone();
        self.listed(first);
        let finish = self.until_finish().await;
        let outcome = self.outcome(finish).await;
        self.handing_over.cancel();
        self.linger().await;
        self.publish();
        let map = match &outcome {
            FetchOutcome::AlreadyComplete { .. } => ChunkMap::whole(self.file.layout.chunk_count()),
            FetchOutcome::Complete { .. } | FetchOutcome::Failed(_) | FetchOutcome::Stopped => {
                self.machine.chunk_map()
            }
        };
        self.orders.maps.close();
        while let Ok(answer) = self.orders.maps.try_recv() {
            let _ = answer.send(Some(map.clone()));
        }
        FetchEnd {
            outcome,
            took: clock::now() - self.began,
            sources: self.machine.received(),
            own_bytes: self.own_bytes,
            map,
        }
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
                .unwrap_or_else(|| clock::now() + IDLE);
            tokio::select! {
                Some(input) = self.inputs.recv() => {
                    self.input(input);
                    self.inputs_at_hand();
                }
                Some(done) = self.done.recv() => self.done(done).await,
                () = sleep_until(due.into()) => {
                    // What is here already is not silence.
                    self.inputs_at_hand();
                    self.machine.handle_timeout(clock::now());
                }
                changed = self.orders.listed.changed(), if !owner_gone => {
                    if changed.is_ok() {
                        let sources = self.orders.listed.borrow_and_update().clone();
                        self.listed(sources);
                    } else {
                        owner_gone = true;
                    }
                }
                Some(answer) = self.orders.maps.recv() => {
                    let _ = answer.send(Some(self.machine.chunk_map()));
                }
                () = self.orders.stop.cancelled(), if !stopping => {
                    stopping = true;
                    self.machine.handle_event(clock::now(), Event::Stop);
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
                    self.open.remove(&source);
                }
                Action::Request { source, chunk } => self.command(source, Command::Request(chunk)),
                Action::Cancel { source, chunk } => self.command(source, Command::Cancel(chunk)),
                Action::Report {
                    source,
                    fault,
                    chunk,
                } => {
                    self.update(FetchUpdate::Report {
                        source,
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

    fn inputs_at_hand(&mut self) {
        for _ in 1..BATCH {
            let Ok(input) = self.inputs.try_recv() else {
                return;
            };
            self.input(input);
        }
    }

    fn connect(&mut self, id: SourceId) {
        let Some(&(who, address)) = self.whereabouts.get(&id) else {
            // The machine only knows sources that were listed.
            return;
        };
        self.generations += 1;
        let generation = self.generations;
        // One more than the machine ever has outstanding, for the closing word.
        let (sender, commands) = mpsc::channel(MAX_QUEUED_REQUESTS * 2 + 1);
        let cut = CancellationToken::new();
        let source = SourceTask {
            id,
            who,
            generation,
            address,
            context: self.context.clone(),
            commands,
        };
        let stopped = cut.clone();
        let running = self.connections.spawn(async move {
            tokio::select! {
                () = source.run() => {}
                () = stopped.cancelled() => {}
            }
        });
        let inputs = self.context.inputs.clone();
        self.connections.spawn(async move {
            if let Err(error) = running.await {
                let what = What::Lost {
                    fault: Fault::Broken,
                    reason: error.to_string(),
                };
                let input = Input {
                    source: id,
                    generation,
                    what,
                };
                let _ = inputs.send(input).await;
            }
        });
        self.open.insert(
            id,
            Connection {
                generation,
                commands: sender,
                cut,
            },
        );
    }

    fn command(&mut self, source: SourceId, command: Command) {
        tracing::trace!(%source, ?command, "asking");
        if let Some(connection) = self.open.get(&source)
            && connection.commands.try_send(command).is_err()
        {
            tracing::debug!(%source, ?command, "the connection is ending");
        }
    }

    fn listed(&mut self, sources: Vec<SourceInfo>) {
        let now = clock::now();
        let has_moved = |source: &SourceInfo| {
            let before = self.whereabouts.get(&source.id);
            before.is_some_and(|(_, before)| *before != source.address)
        };
        if sources.iter().any(has_moved) {
            // It is another process now: away and back, so that it is tried at once.
            let without = sources.iter().filter(|source| !has_moved(source));
            let without = without.cloned().collect();
            self.machine.handle_event(now, Event::Sources(without));
        }
        let places = sources.iter().map(|s| (s.id, (s.who, s.address)));
        let places: Vec<_> = places.collect();
        self.machine.handle_event(now, Event::Sources(sources));
        let known = places
            .into_iter()
            .filter(|(id, (who, _))| self.machine.who(*id) == Some(*who));
        self.whereabouts.extend(known);
    }

    pub(super) fn input(&mut self, input: Input) {
        let now = clock::now();
        let Input {
            source,
            generation,
            what,
        } = input;
        let current = self
            .open
            .get(&source)
            .is_some_and(|connection| connection.generation == generation);
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
                self.open_sink();
                Event::Connected { source }
            }
            What::Lost { fault, reason } => {
                tracing::info!(transfer = %self.transfer, %source, ?fault, reason, "lost");
                self.open.remove(&source);
                Event::Lost { source, fault }
            }
            What::Refused { chunk } => Event::Refused { source, chunk },
            What::Cancelled { chunk } => Event::Cancelled { source, chunk },
            What::Queued => Event::Queued { source },
            What::Blocked => Event::Blocked { source },
            What::Unblocked => Event::Unblocked { source },
        };
        self.machine.handle_event(now, event);
    }

    /// Lets the reader, if there is one, have what comes. Begins at once, so that his going is noticed.
    fn start_handing_over(&mut self) {
        let Goal::Stream(reader) = self.config.goal.clone() else {
            return;
        };
        let manifest = Arc::clone(&self.context.manifest);
        let stream = Arc::new(Stream::new(manifest, reader.taken()));
        let _ = self.context.sink.set(Sink::Stream(Arc::clone(&stream)));
        let chunk_count = self.file.layout.chunk_count();
        let hand_over = stream.hand_over(reader, chunk_count, self.done_sender.clone());
        let over = self.handing_over.clone();
        let handing_over = self.context.writes.spawn(async move {
            tokio::select! {
                () = hand_over => {}
                () = over.cancelled() => {}
            }
        });
        let done = self.done_sender.clone();
        self.context.writes.spawn(async move {
            if handing_over.await.is_err() {
                let _ = done.send(Done::Broken).await;
            }
        });
    }

    pub(super) fn publish(&self) {
        self.snapshot
            .send_replace(self.machine.snapshot(clock::now()));
    }

    pub(super) async fn update(&self, update: FetchUpdate) {
        let _ = self.updates.send((self.transfer, update)).await;
    }
}
