//! The task that owns a secondary: what it holds, what it sends, what it copies, and its enrolment.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::{
    sync::mpsc,
    time::{MissedTickBehavior, interval, timeout},
};
use tokio_util::task::TaskTracker;

use super::{
    NoLongerServing, SecondaryEvent,
    api::SecondaryQuery,
    context::{Context, Held, Input, Wanted},
    copies::{Copies, sweep_parts},
    serving,
    statistics::Statistics,
    stops::Stops,
};
use crate::{
    engine::recent::RecentRate,
    model::{
        Conflict, CopyLimits, FileMeta, FileName, Origin, Receiver, RemovedReason, TransferId,
        limits::{MAX_OUTBOX, STATISTICS_EVERY, STOP_GRACE},
    },
    net::{Arrival, Door},
    node::{
        Refused, StatisticsTrouble,
        fetch::FetchUpdate,
        link::{Link, LinkEvent},
        records::RecordWriter,
        refusals::no_place,
        rules::{
            changes::{Changes, Holding, KnownRecord},
            enrolment::InUse,
            sent::SentBook,
        },
    },
    proto::control::{CopyOrder, ToCentral},
    store::{
        Entry, PartNote, Pressure, StoreError, Sweep,
        index::{self, Gone, Index, IndexCommand, IndexEvent, IndexedFile},
    },
};

/// How often the central hears what was sent.
const REPORT_EVERY: Duration = Duration::from_millis(500);
/// How often part files of copies are looked at that nobody goes on with.
const SWEEP_EVERY: Duration = Duration::from_secs(600);

/// The secondary's task.
pub(super) struct Secondary {
    pub(super) door: Door,
    pub(super) context: Context,
    pub(super) inputs: mpsc::Receiver<Input>,
    pub(super) queries: mpsc::Receiver<SecondaryQuery>,
    pub(super) events: mpsc::Sender<SecondaryEvent>,
    pub(super) link: Link,
    /// What happened on the link before this task ran.
    pub(super) first: Vec<LinkEvent>,
    pub(super) index: Index,
    pub(super) index_events: mpsc::Receiver<IndexEvent>,
    pub(super) copies: Copies,
    pub(super) copy_updates: mpsc::Receiver<(TransferId, FetchUpdate)>,
    pub(super) statistics: Statistics,
    pub(super) connections: TaskTracker,
    pub(super) memory: RecordWriter<KnownRecord>,
    pub(super) state: State,
}

/// What the owner knows.
#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) held: BTreeMap<FileName, Arc<IndexedFile>>,
    /// What the central does not know of them yet.
    pub(super) changes: Changes,
    /// Names of which others hold other content.
    pub(super) conflicts: BTreeMap<FileName, Conflict>,
    /// Files that are not what they were hashed as, though nothing shows that they changed: they are not served, and a
    /// good copy may take their place.
    pub(super) damaged: BTreeMap<FileName, Arc<IndexedFile>>,
    pub(super) sent: SentBook,
    /// Payload bytes since the start.
    pub(super) sent_bytes: u64,
    pub(super) rate: RecentRate,
    pub(super) stops: Stops,
    /// The folder was read once: what is held is all there is.
    pub(super) indexed: bool,
    /// It is being read again.
    pub(super) rereading: bool,
    /// Where no copies are taken.
    pub(super) limits: CopyLimits,
    /// The central that it is connected to.
    pub(super) central: Option<SocketAddr>,
    pub(super) outbox: Option<mpsc::Sender<ToCentral>>,
    pub(super) enrolled_before: bool,
    /// People know that the central is away.
    pub(super) told_lost: bool,
    pub(super) told_no_locks: bool,
    pub(super) in_use: InUse,
}

impl State {
    /// The file whose place an ordered copy may take: the version that the central knows to be outdated, or a damaged
    /// file.
    pub(super) fn replaced(&self, order: &CopyOrder) -> Option<Entry> {
        let name = &order.grant.file.name;
        let held = self.held.get(name);
        let older = held.filter(|held| order.replaces == Some(held.meta.id));
        let replaced = older.or_else(|| self.damaged.get(name));
        replaced.map(|replaced| replaced.entry())
    }
}

impl Secondary {
    /// Runs until it is told to stop, or until the central refuses it for good.
    pub(super) async fn run(mut self) -> Result<(), StoreError> {
        let mut save = interval(STATISTICS_EVERY);
        let mut report = interval(REPORT_EVERY);
        let mut sweep = interval(SWEEP_EVERY);
        for timer in [&mut save, &mut report, &mut sweep] {
            timer.set_missed_tick_behavior(MissedTickBehavior::Delay);
            timer.reset();
        }
        for event in std::mem::take(&mut self.first) {
            self.link_event(event);
        }
        let stop = self.context.stop.clone();
        loop {
            self.tell_changes();
            tokio::select! {
                () = stop.cancelled() => break,
                Some(input) = self.inputs.recv() => self.input(input),
                arrival = self.door.accept() => self.arrived(arrival),
                Some(event) = self.link.events.recv() => self.link_event(event),
                Some(event) = self.index_events.recv() => self.index_event(event),
                Some((transfer, update)) = self.copy_updates.recv() => {
                    self.copy_update(transfer, update);
                }
                Some(query) = self.queries.recv() => self.query(query),
                _ = report.tick() => self.report(),
                written = self.memory.written() => self.has_written(written),
                _ = sweep.tick() => self.sweep(Pressure::None),
                _ = save.tick() => self.save().await,
            }
        }
        self.stop().await
    }

    pub(super) fn tell(&self, event: SecondaryEvent) {
        tracing::debug!(?event, "event");
        // Events are for people: nobody waits for a console that stands still.
        let _ = self.events.try_send(event);
    }

    fn arrived(&mut self, arrival: Arrival) {
        match arrival {
            Arrival::Accepted(accepted) => {
                let served = serving::serve(accepted, self.context.clone());
                self.connections.spawn(served);
            }
            Arrival::NoPlace(stream, peer) => {
                let refused =
                    no_place(&stream, self.door.places(), self.context.security.has_tls());
                self.refused(Some(peer), refused);
            }
            Arrival::NoDescriptor(peer) => self.refused(peer, Refused::NoDescriptor),
        }
    }

    /// A connection was refused, or ended for what it did.
    fn refused(&mut self, address: Option<SocketAddr>, reason: Refused) {
        let code = reason.code();
        if !self.statistics.refused().count(code) {
            return;
        }
        // People are told; where there is nobody to name, only the log is.
        let Some(address) = address else {
            return tracing::warn!(?code, %reason, "refused");
        };
        tracing::info!(%address, ?code, %reason, "refused");
        self.tell(SecondaryEvent::BadPeer { address, reason });
    }

    fn input(&mut self, input: Input) {
        match input {
            Input::Open {
                transfer,
                wanted,
                receiver,
                answer,
            } => {
                let held = self.open(transfer, &wanted, &receiver);
                let _ = answer.send(held);
            }
            Input::Damaged { name } => self.command_index(IndexCommand::Look(name)),
            Input::BadPeer { address, reason } => self.refused(Some(address), reason),
        }
    }

    fn open(
        &mut self,
        transfer: TransferId,
        wanted: &Wanted,
        receiver: &Receiver,
    ) -> Result<Held, Refused> {
        let held = &self.state.held;
        let found = match wanted {
            Wanted::Named(name) => held.get(name),
            Wanted::Content { id, name } => held
                .get(name)
                .filter(|file| file.meta.id == *id)
                .or_else(|| held.values().find(|file| file.meta.id == *id)),
        };
        let asked = match wanted {
            Wanted::Named(name) | Wanted::Content { name, .. } => name,
        };
        let not_held = || Refused::NotHeld(asked.clone());
        let file = found.cloned().ok_or_else(not_held)?;
        let stop = self.state.stops.open(transfer).ok_or(Refused::Expelled)?;
        let opened = self
            .state
            .sent
            .open(Instant::now(), transfer, receiver, asked);
        let (sending, new) = opened.ok_or(Refused::OthersTransfer(transfer))?;
        if new {
            self.tell(SecondaryEvent::SendingTo {
                receiver: receiver.clone(),
                file: asked.clone(),
            });
        }
        Ok(Held {
            file,
            sending,
            stop,
        })
    }

    pub(super) fn command_index(&self, command: IndexCommand) {
        self.index.send(command);
    }

    fn index_event(&mut self, event: IndexEvent) {
        match event {
            IndexEvent::Ready { files, bytes } => {
                self.state.indexed = true;
                self.tell(SecondaryEvent::FolderRead { files, bytes });
                self.state.changes.read();
            }
            IndexEvent::ReadAll { files, bytes } => {
                self.state.rereading = false;
                self.tell(SecondaryEvent::FolderRead { files, bytes });
            }
            IndexEvent::Added { file, origin } => {
                let meta = file.meta.clone();
                self.state.damaged.remove(&meta.name);
                self.state.held.insert(meta.name.clone(), file);
                if self.state.indexed {
                    self.tell(SecondaryEvent::Serving {
                        file: meta.name.clone(),
                        bytes: meta.layout.file_bytes(),
                    });
                    self.state.changes.held(&meta, origin_of(origin));
                }
            }
            IndexEvent::Removed { file, reason, why } => self.removed(&file.meta, reason, why),
            IndexEvent::Ignored { path, reason } => {
                self.tell(SecondaryEvent::Ignored { path, reason });
            }
            IndexEvent::FolderGone(error) => {
                self.tell(SecondaryEvent::FolderGone(error));
                self.limit(|limits| limits.away = true);
            }
            IndexEvent::FolderBack => {
                self.tell(SecondaryEvent::FolderBack);
                self.limit(|limits| limits.away = false);
            }
            IndexEvent::ReadOnly(error) => {
                self.tell(SecondaryEvent::ReadOnly(error));
                self.limit(|limits| limits.read_only = true);
            }
            IndexEvent::Writable => {
                self.tell(SecondaryEvent::Writable);
                self.limit(|limits| limits.read_only = false);
            }
            IndexEvent::Hashing { name, bytes } => {
                tracing::info!(file = %name, bytes, "reading");
            }
        }
    }

    /// Copies are taken elsewhere than before: the central goes by it.
    fn limit(&mut self, change: impl FnOnce(&mut CopyLimits)) {
        let before = self.state.limits.clone();
        change(&mut self.state.limits);
        if self.state.limits != before {
            self.send(ToCentral::Limits(self.state.limits.clone()));
        }
    }

    fn removed(&mut self, meta: &FileMeta, reason: RemovedReason, why: Gone) {
        let held = self.state.held.get(&meta.name);
        if held.is_none_or(|held| held.meta.id != meta.id) {
            return;
        }
        self.state.held.remove(&meta.name);
        self.tell(SecondaryEvent::NoLongerServing {
            file: meta.name.clone(),
            why: match why {
                Gone::Deleted => NoLongerServing::Deleted,
                Gone::Changed => NoLongerServing::Changed,
                Gone::SetAside => NoLongerServing::SetAside,
                Gone::Withdrawn => NoLongerServing::Withdrawn,
            },
        });
        if self.state.indexed {
            match why {
                Gone::SetAside => self.state.changes.set_aside(meta),
                Gone::Deleted | Gone::Changed | Gone::Withdrawn => {
                    self.state.changes.gone(meta, reason);
                }
            }
        }
    }

    /// Sends what the central may be told now, and keeps what it has noted.
    fn tell_changes(&mut self) {
        if self.memory.is_idle() && self.state.changes.has_unsaved() {
            let changes = &mut self.state.changes;
            let unsaved = changes.take_unsaved();
            let live = changes.record_count();
            self.memory.start(unsaved, live, || changes.records());
        }
        while let Some(outbox) = &self.state.outbox {
            // Half of it is left to what cannot wait.
            if outbox.capacity() < MAX_OUTBOX / 2 {
                return;
            }
            let Some(message) = self.state.changes.next(&self.state.held) else {
                return;
            };
            self.send(message);
        }
    }

    fn has_written(&mut self, written: Result<(), StoreError>) {
        if let Err(error) = written {
            self.tell(SecondaryEvent::Statistics(StatisticsTrouble::Failed(error)));
        }
    }

    fn copy_update(&mut self, transfer: TransferId, update: FetchUpdate) {
        let Some(file) = self.copies.orders.file(transfer).cloned() else {
            return;
        };
        match update {
            FetchUpdate::Resumed { bytes } => {
                tracing::info!(file = %file.name, bytes, "an earlier copy goes on");
            }
            FetchUpdate::OwnDisk { bytes } => {
                tracing::info!(file = %file.name, bytes, "taken from this disk");
            }
            // Copies are not verified against a file of the name.
            FetchUpdate::Checked(_) => {}
            FetchUpdate::Remark(PartNote::NoLocks) => {
                if !std::mem::replace(&mut self.state.told_no_locks, true) {
                    let folder = self.context.root.path().display();
                    tracing::warn!(%folder, "no locks: no other process may serve this folder");
                }
            }
            FetchUpdate::Remark(note) => tracing::info!(file = %file.name, ?note, "part file"),
            FetchUpdate::Notice(notice) => self.tell(SecondaryEvent::CopyNotice {
                file: file.name,
                notice,
            }),
            FetchUpdate::Report {
                secondary,
                fault,
                chunk,
            } => self.send(ToCentral::Report {
                transfer,
                secondary,
                fault,
                chunk,
            }),
            FetchUpdate::Ended(end) => {
                self.statistics.copied(&file.name, &end);
                let is_full = end.outcome.is_disk_full();
                let state = &self.state;
                let replaced = |order: &CopyOrder| state.replaced(order);
                let ended = self.copies.ended(transfer, *end, replaced);
                for event in ended.events {
                    self.tell(event);
                }
                if self.state.outbox.is_some() {
                    self.send(ToCentral::Finished(ended.finished));
                } else {
                    self.copies.orders.keep_unsent(ended.finished);
                }
                if is_full {
                    self.sweep(Pressure::NoSpace);
                }
                if let Some((meta, manifest)) = ended.held {
                    self.state.changes.arrived(&meta);
                    self.command_index(IndexCommand::Insert { meta, manifest });
                }
            }
        }
    }

    /// Ends part files that have had their time.
    fn sweep(&self, pressure: Pressure) {
        let running = self.copies.orders.running();
        let sweep = Sweep {
            running: running.map(|(file, _)| file.name.clone()).collect(),
            held: self
                .state
                .held
                .values()
                .map(|held| held.meta.clone())
                .collect(),
            pressure,
        };
        let root = self.context.root.clone();
        self.copies
            .tasks
            .spawn_blocking(move || sweep_parts(&root, &sweep));
    }

    fn report(&mut self) {
        let sent = self.state.sent.report(false);
        self.send_sent(sent);
        self.book();
    }

    async fn save(&mut self) {
        self.statistics.refused().forget_told();
        if let Some(error) = self.statistics.save().await {
            self.tell(SecondaryEvent::Statistics(StatisticsTrouble::Failed(error)));
        }
    }

    /// Lets transfers end for a while, tells the last figures, says goodbye.
    async fn stop(mut self) -> Result<(), StoreError> {
        self.copies.orders.stop_all();
        self.connections.close();
        let (connections, copies) = (self.connections.clone(), self.copies.tasks.clone());
        copies.close();
        let ended = async {
            connections.wait().await;
            copies.wait().await;
        };
        let drained = async {
            tokio::pin!(ended);
            loop {
                tokio::select! {
                    biased;
                    Some((transfer, update)) = self.copy_updates.recv() => {
                        self.copy_update(transfer, update);
                    }
                    Some(event) = self.link.events.recv() => self.link_event(event),
                    () = &mut ended => break,
                }
            }
        };
        let _ = timeout(STOP_GRACE, drained).await;
        self.tell_changes();
        self.report();
        self.send(ToCentral::Bye);
        self.state.outbox = None;
        self.command_index(IndexCommand::Stop);
        self.index_events.close();
        self.inputs.close();
        let index = self.index;
        let joined = tokio::task::spawn_blocking(move || index.join());
        let _ = timeout(STOP_GRACE, joined).await;
        self.link.stop().await;
        remember(&mut self.memory, &mut self.state.changes).await?;
        self.statistics.finish().await
    }
}

impl Holding for Arc<IndexedFile> {
    fn meta(&self) -> &FileMeta {
        &self.meta
    }

    fn modified(&self) -> Option<u64> {
        u64::try_from(self.modified_ms()).ok()
    }
}

/// How a file that is served from now on came there, while the secondary ran.
fn origin_of(origin: index::Origin) -> Origin {
    match origin {
        index::Origin::Copy => Origin::Copied,
        index::Origin::Look => Origin::Written,
    }
}

/// Keeps what is not kept yet.
async fn remember(
    memory: &mut RecordWriter<KnownRecord>,
    changes: &mut Changes,
) -> Result<(), StoreError> {
    memory.finish().await?;
    if memory.is_idle() && changes.has_unsaved() {
        let unsaved = changes.take_unsaved();
        let live = changes.record_count();
        memory.start(unsaved, live, || changes.records());
    }
    memory.finish().await
}
