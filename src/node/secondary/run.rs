//! The loop of a secondary's owner: whatever happens is taken in one at a time.

use std::time::Duration;

use tokio::{
    sync::mpsc,
    time::{MissedTickBehavior, interval, timeout},
};

use super::{
    api::SecondaryCommand,
    connection,
    index::{IndexCommand, IndexEvent},
    inputs::Input,
    state::{Secondary, remember},
};
use crate::{
    model::{
        TransferId,
        limits::{STATISTICS_EVERY, STOP_GRACE},
    },
    net::Accepted,
    node::{StopError, fetch::FetchUpdate, link::LinkEvent, server::TurnedAway},
    proto::control::ToCentral,
    store::{Pressure, StoreError},
};

/// How often the central hears what was sent.
const REPORT_EVERY: Duration = Duration::from_millis(500);
/// How often to look for part files of copies that nobody goes on with.
const SWEEP_EVERY: Duration = Duration::from_secs(600);

/// Inputs that may wait for the owner; connections wait beyond that.
const INPUTS: usize = 1024;
/// Commands that may wait.
const COMMANDS: usize = 16;

/// What the loop waits for, besides what its owner has.
pub(super) struct Inbox {
    /// What happened on the link before the loop began.
    first: Vec<LinkEvent>,
    inputs: mpsc::Receiver<Input>,
    commands: mpsc::Receiver<SecondaryCommand>,
    index_events: mpsc::Receiver<IndexEvent>,
    /// What the copies' tasks tell.
    copy_updates: mpsc::Receiver<(TransferId, FetchUpdate)>,
}

/// The other ends of an [`Inbox`].
pub(super) struct Senders {
    pub(super) inputs: mpsc::Sender<Input>,
    pub(super) commands: mpsc::Sender<SecondaryCommand>,
    pub(super) index_events: mpsc::Sender<IndexEvent>,
    pub(super) copy_updates: mpsc::Sender<(TransferId, FetchUpdate)>,
}

/// Makes the channels by which the owner hears; `first` is what happened on the link so far.
pub(super) fn channels(first: Vec<LinkEvent>) -> (Senders, Inbox) {
    let (input_sender, inputs) = mpsc::channel(INPUTS);
    let (command_sender, commands) = mpsc::channel(COMMANDS);
    let (index_sender, index_events) = mpsc::channel(INPUTS);
    let (copy_sender, copy_updates) = mpsc::channel(INPUTS);
    let senders = Senders {
        inputs: input_sender,
        commands: command_sender,
        index_events: index_sender,
        copy_updates: copy_sender,
    };
    let inbox = Inbox {
        first,
        inputs,
        commands,
        index_events,
        copy_updates,
    };
    (senders, inbox)
}

impl Secondary {
    /// Runs until it is told to stop, or until the central refuses it for good.
    pub(super) async fn run(mut self, mut inbox: Inbox) -> Result<(), StopError> {
        let mut save = interval(STATISTICS_EVERY);
        let mut report = interval(REPORT_EVERY);
        let mut sweep = interval(SWEEP_EVERY);
        for timer in [&mut save, &mut report, &mut sweep] {
            timer.set_missed_tick_behavior(MissedTickBehavior::Delay);
            timer.reset();
        }
        for event in std::mem::take(&mut inbox.first) {
            self.link_event(event);
        }
        let stop = self.stop.clone();
        // Without its index or its link it would go on with old knowledge, and nobody would notice.
        let is_whole = loop {
            self.tell_changes();
            tokio::select! {
                () = stop.cancelled() => break true,
                Some(input) = inbox.inputs.recv() => self.input(input),
                arrival = self.server.arrival() => self.arrived(arrival),
                event = self.link.events.recv() => match event {
                    Some(event) => self.link_event(event),
                    None => break false,
                },
                event = inbox.index_events.recv() => match event {
                    Some(event) => self.index_event(event),
                    None => break false,
                },
                Some((transfer, update)) = inbox.copy_updates.recv() => {
                    self.copy_update(transfer, update);
                }
                Some(command) = inbox.commands.recv() => self.command(command),
                _ = report.tick() => self.report(),
                written = self.memory.written() => {
                    if let Err(error) = written {
                        self.not_saved(error);
                    }
                }
                _ = sweep.tick() => self.sweep(Pressure::None),
                _ = save.tick() => self.save(),
                Some(error) = self.statistics.saved() => self.not_saved(error),
            }
        };
        let saved = self.end(inbox).await;
        if is_whole {
            saved.map_err(StopError::Statistics)
        } else {
            Err(StopError::Broken)
        }
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
            Input::Find { wanted, answer } => {
                let _ = answer.send(self.find(&wanted));
            }
            Input::OpenFor { host, file, answer } => {
                let _ = answer.send(self.open_for(host, file));
            }
            Input::Damaged { name, is_stale } => {
                let count = match is_stale {
                    true => &mut self.state.stale_files,
                    false => &mut self.state.read_errors,
                };
                *count += 1;
                self.command_index(IndexCommand::Look(name));
            }
            Input::BadPeer { address, reason } => self.refused(Some(address), reason),
        }
    }

    fn save(&mut self) {
        self.statistics.refused().forget_told();
        self.statistics.save();
    }

    /// Gives transfers a little time to end, tells the last figures, says goodbye.
    async fn end(mut self, mut inbox: Inbox) -> Result<(), StoreError> {
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
                    Some((transfer, update)) = inbox.copy_updates.recv() => {
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
        inbox.index_events.close();
        inbox.inputs.close();
        let Self {
            index,
            link,
            mut memory,
            mut state,
            statistics,
            ..
        } = self;
        let joined = tokio::task::spawn_blocking(move || index.join());
        let _ = timeout(STOP_GRACE, joined).await;
        link.stop().await;
        memory.finish().await?;
        remember(&mut memory, &mut state.changes);
        memory.finish().await?;
        statistics.finish().await
    }
}
