//! The task that owns a secondary: what it holds, what it sends, what it copies, and its enrolment.

use std::{collections::BTreeMap, net::SocketAddr, sync::Arc, time::Duration};

use tokio::{
    sync::mpsc,
    time::{MissedTickBehavior, interval, timeout},
};
use tokio_util::sync::CancellationToken;

use super::{
    SecondaryEvent,
    api::SecondaryQuery,
    connection::{self, Context},
    copies::{Copies, Replaced, sweep_parts},
    holdings::Holdings,
    index::{IndexCommand, IndexEvent, IndexThread},
    inputs::{Held, Input},
    statistics::Statistics,
};
use crate::{
    engine::recent::RecentRate,
    model::{
        Conflict, CopyLimits, CopyOrder, FileMeta, FileName, IndexedFile, Receiver, RetiredReason,
        TransferId,
        limits::{MAX_OUTBOX, STATISTICS_EVERY, STOP_GRACE},
        messages::{FromReceiver, Report},
    },
    net::Accepted,
    node::{
        Refused, StatisticsTrouble, StopError, clock,
        fetch::FetchUpdate,
        link::{Link, LinkEvent},
        records::RecordWriter,
        rules::{
            changes::{Changes, Holding, KnownRecord},
            enrolment::InUse,
            sent::SentBook,
        },
        send::{Stops, Wanted},
        server::{Server, TurnedAway},
    },
    proto::control::ToCentral,
    store::{PartNote, Pressure, Root, StoreError, Sweep, retired::Retired},
};

/// How often the central hears what was sent.
const REPORT_EVERY: Duration = Duration::from_millis(500);
/// How often part files of copies are looked at that nobody goes on with.
const SWEEP_EVERY: Duration = Duration::from_secs(600);

/// The secondary's task.
pub(super) struct Secondary {
    pub(super) server: Server,
    pub(super) context: Context,
    pub(super) root: Root,
    pub(super) retired: Retired,
    /// Cancelled to stop the node.
    pub(super) stop: CancellationToken,
    pub(super) inputs: mpsc::Receiver<Input>,
    pub(super) queries: mpsc::Receiver<SecondaryQuery>,
    pub(super) events: mpsc::Sender<SecondaryEvent>,
    pub(super) link: Link,
    /// What happened on the link before this task ran.
    pub(super) first: Vec<LinkEvent>,
    pub(super) index: IndexThread,
    pub(super) index_events: mpsc::Receiver<IndexEvent>,
    pub(super) copies: Copies,
    pub(super) copy_updates: mpsc::Receiver<(TransferId, FetchUpdate)>,
    pub(super) statistics: Statistics,
    pub(super) memory: RecordWriter<KnownRecord>,
    pub(super) state: State,
}

/// What the owner knows.
#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) held: Holdings,
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
    /// Folders whose disks are not there.
    pub(super) disks_away: Vec<FileName>,
    /// The whole folder is not there.
    pub(super) is_gone: bool,
    /// The same, and what has come back and is not served yet.
    pub(super) no_copies_below: Vec<FileName>,
    pub(super) folder_gone: bool,
    /// Nothing can be written into it.
    pub(super) read_only: bool,
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
    /// Where no copies are taken.
    pub(super) fn limits(&self) -> CopyLimits {
        CopyLimits::new(self.read_only, self.folder_gone, &self.no_copies_below)
    }

    /// The file whose place an ordered copy may take: the version that the central knows to be outdated, or a damaged
    /// file.
    pub(super) fn replaced(&self, order: &CopyOrder) -> Option<Replaced> {
        let name = &order.grant.file.name;
        let held = self.held.named(name);
        let older = held.filter(|held| order.replaces == Some(held.meta.id));
        let older = older.map(|older| (older, RetiredReason::Replaced));
        let damaged = || Some((self.damaged.get(name)?, RetiredReason::Damaged));
        let (file, reason) = older.or_else(damaged)?;
        Some((Arc::clone(file), reason))
    }
}

impl Secondary {
    /// Runs until it is told to stop, or until the central refuses it for good.
    pub(super) async fn run(mut self) -> Result<(), StopError> {
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
        let stop = self.stop.clone();
        // Without its index or its link it would go on with what it knew, and nobody would notice.
        let is_whole = loop {
            self.tell_changes();
            tokio::select! {
                () = stop.cancelled() => break true,
                Some(input) = self.inputs.recv() => self.input(input),
                arrival = self.server.arrival() => self.arrived(arrival),
                event = self.link.events.recv() => match event {
                    Some(event) => self.link_event(event),
                    None => break false,
                },
                event = self.index_events.recv() => match event {
                    Some(event) => self.index_event(event),
                    None => break false,
                },
                Some((transfer, update)) = self.copy_updates.recv() => {
                    self.copy_update(transfer, update);
                }
                Some(query) = self.queries.recv() => self.query(query),
                _ = report.tick() => self.report(),
                written = self.memory.written() => self.has_written(written),
                _ = sweep.tick() => self.sweep(Pressure::None),
                _ = save.tick() => self.save(),
                failed = self.statistics.saved() => self.saved(failed),
            }
        };
        let saved = self.end().await;
        if is_whole {
            saved.map_err(StopError::Statistics)
        } else {
            Err(StopError::Broken)
        }
    }

    pub(super) fn tell(&self, event: SecondaryEvent) {
        tracing::debug!(?event, "event");
        // Events are for people: nobody waits for a console that stands still.
        let _ = self.events.try_send(event);
    }

    fn arrived(&mut self, arrival: Result<Accepted, TurnedAway>) {
        match arrival {
            Ok(accepted) => {
                let context = self.context.clone();
                self.server.serve(connection::serve(accepted, context));
            }
            Err(TurnedAway { address, reason }) => self.refused(address, reason),
        }
    }

    /// A connection was refused, or ended for what it did.
    fn refused(&mut self, address: Option<SocketAddr>, reason: Refused) {
        let told = self.statistics.refused().note(address, reason);
        if let Some((address, reason)) = told {
            self.tell(SecondaryEvent::BadPeer { address, reason });
        }
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
            Wanted::Named(name) => held.named(name),
            Wanted::Content { id, name } => held.with_content(*id, name),
        };
        let asked = match wanted {
            Wanted::Named(name) | Wanted::Content { name, .. } => name,
        };
        let not_held = || Refused::NotHeld(asked.clone());
        let aside = || match wanted {
            Wanted::Named(_) => None,
            Wanted::Content { id, .. } => self.retired.find(id),
        };
        let file = found.cloned().or_else(aside).ok_or_else(not_held)?;
        if self.state.stops.is_expelled(transfer) {
            return Err(Refused::Expelled);
        }
        if self.state.sent.is_full() {
            // Those that are over make room once all is said of them.
            self.report();
        }
        let meta = &file.meta;
        let now = clock::now();
        let opened = self.state.sent.open(now, transfer, receiver, meta);
        let (sending, new) = opened.ok_or(Refused::OthersTransfer(transfer))?;
        let stop = self.state.stops.open(transfer);
        if new {
            self.tell(SecondaryEvent::SendingTo {
                receiver: receiver.clone(),
                file: meta.name.clone(),
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

    /// Sends what the central may be told now, and keeps what it has acknowledged.
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
            let Some(message) = self.state.changes.next(self.state.held.by_name()) else {
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
                    let folder = self.root.path().display();
                    tracing::warn!(%folder, "no locks: no other process may serve this folder");
                }
            }
            FetchUpdate::Remark(note) => tracing::info!(file = %file.name, ?note, "part file"),
            FetchUpdate::Notice(notice) => self.tell(SecondaryEvent::CopyNotice {
                file: file.name,
                notice,
            }),
            FetchUpdate::Report {
                source,
                fault,
                chunk,
            } => self.send(FromReceiver::Report(Report {
                transfer,
                source,
                fault,
                chunk,
            })),
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
                    self.send(FromReceiver::Finished(ended.finished));
                } else {
                    self.copies.orders.keep_unsent(ended.finished);
                }
                if is_full {
                    self.sweep(Pressure::NoSpace);
                }
                if let Some(here) = ended.held {
                    self.state.changes.arrived(&here.meta);
                    self.command_index(IndexCommand::Insert {
                        meta: here.meta,
                        manifest: here.manifest,
                        replaced: here.replaced,
                    });
                }
            }
        }
    }

    /// Ends part files that have had their time.
    fn sweep(&self, pressure: Pressure) {
        let running = self.copies.orders.running();
        let held = self.state.held.by_name().values();
        let sweep = Sweep {
            running: running.map(|(file, _)| file.name.clone()).collect(),
            held: held.map(|file| file.meta.clone()).collect(),
            pressure,
        };
        let root = self.root.clone();
        self.copies
            .tasks
            .spawn_blocking(move || sweep_parts(&root, &sweep));
    }

    fn report(&mut self) {
        // While the central is away it is told nothing; all is said anew on the next link.
        if self.state.outbox.is_some() {
            let sent = self.state.sent.report_news();
            self.send_sent(sent);
        }
        self.book();
    }

    fn save(&mut self) {
        self.statistics.refused().forget_told();
        self.statistics.save();
    }

    fn saved(&self, failed: Option<StoreError>) {
        if let Some(error) = failed {
            self.tell(SecondaryEvent::Statistics(StatisticsTrouble::Failed(error)));
        }
    }

    /// Lets transfers end for a while, tells the last figures, says goodbye.
    async fn end(mut self) -> Result<(), StoreError> {
        self.copies.orders.stop_all();
        let (connections, copies) = (self.server.close(), self.copies.tasks.clone());
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
