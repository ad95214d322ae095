//! The task that owns one download machine: it feeds it what its sources bring and does what it says.

use std::{
    sync::{Arc, OnceLock},
    time::{Duration, Instant},
};

use tokio::{
    sync::{mpsc, watch},
    time::{MissedTickBehavior, interval, sleep_until},
};
use tokio_util::task::TaskTracker;

use super::{
    buffers::Buffers,
    goal::{FetchConfig, Goal},
    joints::Joints,
    messages::{Command, Effects, Input, News, Orders, Verdict},
    source::Context,
    sources::Sources,
    storage::Storage,
    update::{FetchEnd, FetchOutcome, FetchUpdate},
    writing::{SinkSlot, Writing},
};
use crate::{
    engine::download::{Action, ChunkMap, Download, DownloadConfig, Event, Finish, Snapshot},
    model::{FileMeta, Grant, Manifest, SourceId, SourceInfo, TransferId},
    node::{
        Failure, WatchLimits, clock,
        watch::{WatchEnd, Watched},
    },
};

/// Inputs that may wait for the shell; sources wait beyond that.
const INPUTS: usize = 1024;
/// Inputs that are taken in before the machine is asked what to do.
const BATCH: usize = 64;
/// How often watchers get a new snapshot and the need to sync is looked at.
const TICK: Duration = Duration::from_millis(250);
/// Wakes the loop when the machine has nothing to wait for.
const IDLE: Duration = Duration::from_secs(3600);

/// See the module.
pub(super) struct Shell {
    transfer: TransferId,
    pub(super) file: FileMeta,
    pub(super) machine: Download,
    pub(super) sources: Sources,
    pub(super) storage: Storage,
    /// Those who read what comes.
    pub(super) watched: Watched,
    pub(super) joints: Joints,
    pub(super) writing: Writing,
    /// What the first source brings.
    pub(super) manifest: Arc<OnceLock<Arc<Manifest>>>,
    pub(super) orders: Orders,
    updates: mpsc::Sender<(TransferId, FetchUpdate)>,
    snapshot: watch::Sender<Snapshot>,
    pub(super) inputs: mpsc::Receiver<Input>,
    pub(super) input_sender: mpsc::Sender<Input>,
    /// Hashing, writing and all else that is done off the async threads.
    pub(super) works: TaskTracker,
    began: Instant,
    pub(super) told_progress: Instant,
    /// What failed on this side, kept whole for people; the machine only knows its words.
    pub(super) failure: Option<Failure>,
}

impl Shell {
    /// A shell that has not started, and what shows how far it is.
    pub(super) fn new(
        grant: Grant,
        config: FetchConfig,
        orders: Orders,
        updates: mpsc::Sender<(TransferId, FetchUpdate)>,
    ) -> (Self, watch::Receiver<Snapshot>) {
        let Grant { transfer, file, .. } = grant;
        let began = clock::now();
        let buffers = Buffers::new(file.layout);
        let machine = machine(&file, &config, &buffers, began);
        let (snapshot, seen) = watch::channel(machine.snapshot(began));
        let (sender, inputs) = mpsc::channel(INPUTS);
        let (slot, works) = (SinkSlot::default(), TaskTracker::new());
        let writing = Writing::new(Arc::clone(&slot), sender.clone(), works.clone(), &buffers);
        let manifest = Arc::default();
        let limits = match &config.goal {
            Goal::Watch(limits) => *limits,
            Goal::File(_) | Goal::Verify(_) | Goal::Stream(_) => WatchLimits::ALONE,
        };
        let watched = Watched::new(file.clone(), Arc::clone(&manifest), limits);
        let sources = Sources::new(Context {
            transfer,
            file: file.clone(),
            network: config.network,
            role: config.role,
            central: config.central,
            security: config.security,
            access: orders.access.clone(),
            manifest: Arc::clone(&manifest),
            buffers,
            inputs: sender.clone(),
            writing: writing.clone(),
            lane: config.downlink.lane(),
        });
        let unwanted = orders.unwanted.clone();
        let goal = config.goal;
        let storage = Storage::new(goal, &watched, slot, unwanted, works.clone());
        let shell = Self {
            transfer,
            file,
            machine,
            sources,
            storage,
            watched,
            joints: Joints::default(),
            writing,
            manifest,
            orders,
            updates,
            snapshot,
            inputs,
            input_sender: sender,
            works,
            began,
            told_progress: began,
            failure: None,
        };
        (shell, seen)
    }

    /// Runs to the end of the download. Whoever hears of it may start anew: the part file is not held any more.
    pub(super) async fn run(mut self) -> FetchEnd {
        self.storage.start(&self.manifest);
        let first = self.orders.listed.borrow_and_update().clone();
        self.listed(first);
        let finish = self.until_finish().await;
        let outcome = self.outcome(finish).await;
        match &outcome {
            // Readers go on with what is there.
            FetchOutcome::Complete { .. } | FetchOutcome::AlreadyComplete { .. } => {}
            FetchOutcome::Failed(failure) => self.watched.end(WatchEnd::Failed(failure.clone())),
            FetchOutcome::Stopped => self.watched.end(WatchEnd::Stopped),
        }
        self.storage.close();
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
            own_bytes: self.storage.own_bytes(),
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
            if self.storage.is_already_there() {
                return Finish::Complete;
            }
            let due = self.machine.poll_timeout();
            let due = due.unwrap_or_else(|| clock::now() + IDLE);
            tokio::select! {
                Some(input) = self.inputs.recv() => {
                    self.input(input);
                    self.inputs_at_hand();
                }
                Some(done) = self.storage.next() => {
                    let effects = self.storage.handle(done);
                    self.take_effect(effects).await;
                }
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
                Some(order) = self.orders.swarm.recv() => self.in_swarm(order),
                () = self.watched.moved() => self.readers_moved(),
                () = self.orders.stop.cancelled(), if !stopping => {
                    stopping = true;
                    self.machine.handle_event(clock::now(), Event::Stop);
                }
                _ = tick.tick() => {
                    self.publish();
                    self.tell_progress().await;
                    self.storage.sync_if_due();
                }
            }
        }
    }

    /// Does what the machine wants; its last word ends the loop.
    async fn act(&mut self) -> Option<Finish> {
        while let Some(action) = self.machine.poll_action() {
            match action {
                Action::Connect { source } => self.sources.connect(source),
                Action::Disconnect { source } => self.sources.disconnect(source),
                Action::Request { source, chunk } => {
                    let lately = self.machine.lately(clock::now());
                    self.sources
                        .command(source, Command::Request(chunk, lately));
                }
                Action::RequestPart {
                    source,
                    chunk,
                    part,
                } => self
                    .sources
                    .command(source, Command::RequestPart(chunk, part)),
                Action::JoinParts { chunk, parts } => self.join(chunk, parts),
                Action::ForgetParts { chunk } => self.joints.forget(chunk),
                Action::Cancel { source, chunk } => {
                    self.sources.command(source, Command::Cancel(chunk));
                }
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
                Action::Swarm(action) => self.do_in_swarm(action).await,
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

    fn listed(&mut self, sources: Vec<SourceInfo>) {
        let now = clock::now();
        let has_moved = |source: &SourceInfo| self.sources.has_moved(source);
        if sources.iter().any(has_moved) {
            // It is another process now: away and back, so that it is tried at once.
            let without = sources.iter().filter(|source| !has_moved(source));
            let without = without.cloned().collect();
            self.machine.handle_event(now, Event::Sources(without));
        }
        let places = sources.iter().map(|s| (s.id, s.who, s.address));
        let places: Vec<_> = places.collect();
        self.machine.handle_event(now, Event::Sources(sources));
        for (id, who, address) in places {
            if self.machine.who(id) == Some(who) {
                self.sources.learn(id, who, address);
            }
        }
    }

    /// Feeds the machine what a source or a writer tells.
    pub(super) fn input(&mut self, input: Input) {
        let event = match input {
            Input::Source(origin, news) => {
                // Bytes count, whatever became of their connection.
                let counts = matches!(news, News::Received { .. });
                if !counts && !self.sources.is_open(origin) {
                    return;
                }
                self.news(origin.source, news)
            }
            Input::Chunk(source, chunk, Verdict::Verified) => {
                tracing::debug!(file = %self.file.name, %chunk, %source, "verified and written");
                return self.arrived(chunk, Event::Verified { source, chunk });
            }
            Input::Chunk(source, chunk, Verdict::Wrong) => {
                tracing::warn!(file = %self.file.name, %chunk, %source, "digest mismatch");
                Event::Wrong { source, chunk }
            }
            Input::Part(origin, chunk, part, buffer) => {
                return self.part_came(origin, chunk, part, buffer);
            }
            Input::Joined(chunk, Verdict::Verified) => {
                self.joints.right(chunk);
                return self.arrived(chunk, Event::PartsVerified { chunk });
            }
            Input::Joined(chunk, Verdict::Wrong) => {
                tracing::warn!(file = %self.file.name, %chunk, "digest mismatch of parts");
                self.joints.wrong(chunk);
                Event::PartsWrong { chunk }
            }
            Input::Lied(chunk, sources) => return self.lied(chunk, sources),
            Input::Failed(failure) => self.failed(failure),
        };
        self.machine.handle_event(clock::now(), event);
    }

    fn news(&mut self, source: SourceId, news: News) -> Event {
        match news {
            News::Connected => {
                if let Some(manifest) = self.manifest.get() {
                    self.storage.open(manifest);
                }
                Event::Connected { source }
            }
            News::Lost { fault, reason } => {
                tracing::info!(transfer = %self.transfer, %source, ?fault, reason, "lost");
                self.sources.disconnect(source);
                Event::Lost { source, fault }
            }
            News::Received { chunk, bytes } => Event::Received {
                source,
                chunk,
                bytes,
            },
            News::Refused { chunk } => Event::Refused { source, chunk },
            News::Cancelled { chunk } => Event::Cancelled { source, chunk },
            News::Queued => Event::Queued { source },
            News::Blocked => Event::Blocked { source },
            News::Limited => Event::Limited { source },
            News::Unblocked => Event::Unblocked { source },
            News::Swarm(event) => Event::Swarm(event),
        }
    }

    /// This side failed; the first failure is the one that people hear of.
    fn failed(&mut self, failure: Failure) -> Event {
        let reason = failure.to_string();
        self.failure.get_or_insert(failure);
        Event::LocalFailure { reason }
    }

    async fn take_effect(&mut self, effects: Effects) {
        for update in effects.updates {
            self.update(update).await;
        }
        let failed = effects.failure.map(|failure| self.failed(failure));
        for event in effects.events.into_iter().chain(failed) {
            self.machine.handle_event(clock::now(), event);
        }
    }

    fn publish(&self) {
        let snapshot = self.machine.snapshot(clock::now());
        self.watched.wasted(snapshot.wasted_bytes);
        self.snapshot.send_replace(snapshot);
    }

    pub(super) async fn update(&self, update: FetchUpdate) {
        let _ = self.updates.send((self.transfer, update)).await;
    }
}

fn machine(file: &FileMeta, config: &FetchConfig, buffers: &Buffers, now: Instant) -> Download {
    let how = DownloadConfig {
        seed: fastrand::u64(..),
        source_wait: config.source_wait,
    };
    match &config.goal {
        Goal::File(_) | Goal::Verify(_) => Download::new(file.layout, how, now),
        Goal::Stream(_) => Download::in_order(file.layout, how, buffers.ahead(), now),
        Goal::Watch(_) => Download::for_readers(file.layout, how, now),
    }
}
