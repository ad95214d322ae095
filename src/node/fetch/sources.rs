//! The connections of a fetch to its sources: which there are, where each source listens, and the task of each connection.

use std::{collections::BTreeMap, net::SocketAddr};

use tokio::sync::mpsc;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{
    messages::{Command, Input, News, Origin},
    source::{Context, SourceTask},
};
use crate::model::{Fault, SourceId, SourceInfo, Who, limits::MAX_QUEUED_REQUESTS};

/// See the module.
#[derive(Debug)]
pub(super) struct Sources {
    context: Context,
    /// Who each source is, and where it listens.
    whereabouts: BTreeMap<SourceId, (Who, SocketAddr)>,
    open: BTreeMap<SourceId, Connection>,
    generations: u64,
    tasks: TaskTracker,
    /// What this client can give on, in bytes per second, if it gives.
    uplink: Option<u64>,
}

/// A connection that was begun. Its task ends with it.
#[derive(Debug)]
struct Connection {
    generation: u64,
    commands: mpsc::Sender<Command>,
    cut: CancellationToken,
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.cut.cancel();
    }
}

impl Sources {
    pub(super) fn new(context: Context) -> Self {
        Self {
            context,
            whereabouts: BTreeMap::new(),
            open: BTreeMap::new(),
            generations: 0,
            uplink: None,
            tasks: TaskTracker::new(),
        }
    }

    /// A source that is known listens elsewhere now: it is another process.
    pub(super) fn has_moved(&self, source: &SourceInfo) -> bool {
        let known = self.whereabouts.get(&source.id);
        known.is_some_and(|(_, before)| *before != source.address)
    }

    /// True when there is a connection to this address already.
    pub(super) fn is_connected_at(&self, address: SocketAddr) -> bool {
        let mut open = self.open.keys();
        open.any(|id| {
            let known = self.whereabouts.get(id);
            known.is_some_and(|(_, at)| *at == address)
        })
    }

    pub(super) fn set_uplink(&mut self, uplink: Option<u64>) {
        self.uplink = uplink;
    }

    pub(super) fn uplink(&self) -> Option<u64> {
        self.uplink
    }

    /// Where to connect to.
    pub(super) fn learn(&mut self, id: SourceId, who: Who, address: SocketAddr) {
        self.whereabouts.insert(id, (who, address));
    }

    /// Begins a connection. What becomes of it is news, also that its task failed.
    pub(super) fn connect(&mut self, id: SourceId) {
        let Some(&(who, address)) = self.whereabouts.get(&id) else {
            // The machine only knows sources that were listed.
            return;
        };
        self.generations += 1;
        let origin = Origin {
            source: id,
            generation: self.generations,
        };
        // One more than the machine ever has outstanding, for the closing word.
        let (sender, commands) = mpsc::channel(MAX_QUEUED_REQUESTS * 2 + 1);
        let cut = CancellationToken::new();
        let source = SourceTask {
            origin,
            who,
            address,
            context: self.context.clone(),
            commands,
        };
        let stopped = cut.clone();
        let running = self.tasks.spawn(async move {
            tokio::select! {
                () = source.run() => {}
                () = stopped.cancelled() => {}
            }
        });
        let inputs = self.context.inputs.clone();
        self.tasks.spawn(async move {
            if let Err(error) = running.await {
                let (fault, reason) = (Fault::Broken, error.to_string());
                let lost = Input::Source(origin, News::Lost { fault, reason });
                let _ = inputs.send(lost).await;
            }
        });
        self.open.insert(
            id,
            Connection {
                generation: origin.generation,
                commands: sender,
                cut,
            },
        );
    }

    /// Ends the connection to a source.
    pub(super) fn disconnect(&mut self, id: SourceId) {
        self.open.remove(&id);
    }

    /// Tells a source's task something, if there is one.
    pub(super) fn command(&self, id: SourceId, command: Command) {
        tracing::trace!(source = %id, ?command, "asking");
        if let Some(connection) = self.open.get(&id)
            && let Err(error) = connection.commands.try_send(command)
        {
            tracing::debug!(source = %id, ?error, "the connection is ending");
        }
    }

    /// Whether news is of a connection that is used: one that was cut has nothing more to say.
    pub(super) fn is_open(&self, origin: Origin) -> bool {
        let connection = self.open.get(&origin.source);
        connection.is_some_and(|connection| connection.generation == origin.generation)
    }

    /// Lets these sources send what is on its way, and cuts all others off. Gives what tells when all have ended.
    pub(super) fn close(&mut self, sending: &[SourceId]) -> TaskTracker {
        self.open.retain(|id, _| sending.contains(id));
        for connection in self.open.values() {
            let _ = connection.commands.try_send(Command::Close);
        }
        self.tasks.close();
        self.tasks.clone()
    }

    /// Cuts all connections off.
    pub(super) fn cut(&mut self) {
        self.open.clear();
    }
}
