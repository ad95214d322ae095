//! What a secondary's owner has and knows: the files it holds, what it has sent, its copies, its link to the central.

use std::{
    collections::BTreeMap,
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::{
    SecondaryEvent,
    connection::Context,
    copies::{Copies, Replaced},
    holdings::Holdings,
    index::{IndexCommand, IndexThread},
    statistics::Statistics,
};
use crate::{
    engine::recent::RecentRate,
    model::{
        Conflict, CopyLimits, CopyOrder, Digest, FileMeta, FileName, IndexedFile, RetiredReason,
        Scrub, TransferId,
    },
    node::{
        Refused, StatisticsTrouble,
        face::ExpelledHosts,
        link::Link,
        records::RecordWriter,
        rules::{
            changes::{Changes, Holding, KnownRecord},
            enrolment::InUse,
            sent::SentBook,
        },
        send::Stops,
        server::Server,
        shelf::Shelf,
    },
    proto::control::ToCentral,
    store::StoreError,
};

/// See the module.
pub(super) struct Secondary {
    pub(super) server: Server,
    pub(super) context: Context,
    pub(super) shelf: Arc<dyn Shelf>,
    pub(super) scrub_every: Option<Duration>,
    /// Cancelled to stop the node.
    pub(super) stop: CancellationToken,
    pub(super) events: mpsc::Sender<SecondaryEvent>,
    pub(super) link: Link,
    pub(super) index: IndexThread,
    pub(super) copies: Copies,
    pub(super) statistics: Statistics,
    /// Keeps what the central knows of this folder, for the next run.
    pub(super) memory: RecordWriter<KnownRecord>,
    pub(super) state: State,
}

/// What the owner knows.
#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) held: Holdings,
    /// What the central does not know of them yet.
    pub(super) changes: Changes,
    /// Names under which others hold other content.
    pub(super) conflicts: BTreeMap<FileName, Conflict>,
    /// Files whose bytes have changed though nothing shows that somebody changed them. They are not served, and a good
    /// copy may take their place.
    pub(super) damaged: BTreeMap<FileName, Arc<IndexedFile>>,
    pub(super) sent: SentBook,
    /// The transfers of hosts that a face sends contents to.
    pub(super) hosts: BTreeMap<(IpAddr, Digest), TransferId>,
    /// Payload bytes since the start.
    pub(super) sent_bytes: u64,
    /// Of those, by HTTP.
    pub(super) http_bytes: u64,
    /// Times that a file was not as it was indexed when it was to be sent, and that it could not be read.
    pub(super) stale_files: u64,
    pub(super) read_errors: u64,
    pub(super) rate: RecentRate,
    pub(super) stops: Stops,
    /// Hosts whose requests by HTTP are refused.
    pub(super) expelled: ExpelledHosts,
    /// The folder was read once, so that `held` is complete.
    pub(super) indexed: bool,
    /// The folder is being read again.
    pub(super) rereading: bool,
    /// How far all has been read again, and when that was done for the last time, in seconds since 1970.
    pub(super) scrub: Option<(Scrub, Option<u64>)>,
    /// Folders whose disks are away.
    pub(super) disks_away: Vec<FileName>,
    /// The whole folder is away.
    pub(super) is_gone: bool,
    /// The same, and folders that have come back and are not served yet.
    pub(super) no_copies_below: Vec<FileName>,
    /// The whole folder is away, or has come back and is not served yet.
    pub(super) folder_gone: bool,
    /// Nothing can be written into the folder.
    pub(super) read_only: bool,
    /// The central that it is connected to.
    pub(super) central: Option<SocketAddr>,
    /// To the central, while there is a link.
    pub(super) outbox: Option<mpsc::Sender<ToCentral>>,
    pub(super) enrolled_before: bool,
    /// People know that the central is away.
    pub(super) told_lost: bool,
    /// People know that the folder has no locks.
    pub(super) told_no_locks: bool,
    pub(super) in_use: InUse,
}

impl State {
    /// Where no copies are taken.
    pub(super) fn limits(&self) -> CopyLimits {
        CopyLimits::new(self.read_only, self.folder_gone, &self.no_copies_below)
    }

    /// The file that an ordered copy may replace: the version that the central knows to be outdated, or a damaged file.
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
    pub(super) fn tell(&self, event: SecondaryEvent) {
        tracing::debug!(?event, "event");
        // Events are for people: nobody waits for a stalled console.
        let _ = self.events.try_send(event);
    }

    /// Sends a message to the central, if there is a link.
    pub(super) fn send(&mut self, message: impl Into<ToCentral>) {
        if let Some(outbox) = &self.state.outbox
            && outbox.try_send(message.into()).is_err()
        {
            // The link is ending, or the central takes nothing. The next link is told everything anew.
            self.state.outbox = None;
        }
    }

    pub(super) fn command_index(&self, command: IndexCommand) {
        self.index.send(command);
    }

    /// A connection was refused, or ended for what its peer did.
    pub(super) fn refused(&mut self, address: Option<SocketAddr>, reason: Refused) {
        let told = self.statistics.refused().note(address, reason);
        if let Some((address, reason)) = told {
            self.tell(SecondaryEvent::BadPeer { address, reason });
        }
    }

    /// Tells of statistics or records that could not be saved.
    pub(super) fn not_saved(&self, error: StoreError) {
        self.tell(SecondaryEvent::Statistics(StatisticsTrouble::Failed(error)));
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

/// Begins to save what is not saved yet, unless a save is under way.
pub(super) fn remember(memory: &mut RecordWriter<KnownRecord>, changes: &mut Changes) {
    if memory.is_idle() && changes.has_unsaved() {
        let unsaved = changes.take_unsaved();
        let live = changes.record_count();
        memory.start(unsaved, live, || changes.records());
    }
}
