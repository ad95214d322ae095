//! Receiving one file from its sources: a client's download, and a secondary's copy. The shell around the download machine.
//!
//! `goal` is what is asked for and `update` what is told of it; `shell` owns the machine and `ending` how it ends;
//! `sources` are the connections, `access` what lets it ask peers, `asking` what is asked on one, `source` is one of them, `fault` what can be wrong with it,
//! `manifest` how it tells digests, `downlink` the limit that all fetches of a node share. Chunks come into `buffers`, and `writing` hashes them and puts
//! them into the `storage`: a part file, or a `reader` that gets it in order (`stream`). What this disk has already
//! (`own`), and chunks of nothing but zeros, are not asked for. `swarm` is what follows of being in one. `messages` pass between the tasks. `watching` is what follows of
//! readers of any place of it, whose chunks `keeper` keeps; `joints` has chunks that come for them in parts.
//!
//! ```text
//!  owner ──sources, stop──▶ shell ──requests──▶ source 1..n ──frames──▶ chunk buffer
//!    ▲                        ▲ │                                           │
//!    └──── updates ───────────┘ └──◀── received, verified, wrong ◀── hash, write (blocking)
//! ```

mod access;
mod asking;
mod buffers;
mod downlink;
mod ending;
mod fault;
mod goal;
mod joints;
mod keeper;
mod kept;
mod leave;
mod manifest;
mod messages;
mod own;
mod reader;
mod shell;
mod source;
mod sources;
mod storage;
mod stream;
mod swarm;
#[cfg(test)]
mod tests;
mod update;
mod watching;
mod writing;

use parking_lot::Mutex;
use tokio::{
    sync::{mpsc, watch},
    task::JoinHandle,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use self::{
    access::PeerAccess,
    messages::{Orders, SwarmOrder},
    shell::Shell,
};
use crate::{
    engine::download::Snapshot,
    model::{Grant, PeerInfo, PeerNumber, SourceInfo, TransferId},
    node::{
        clock,
        rules::Receiving,
        watch::{WatchEnd, Watched},
    },
};

pub(super) use downlink::Downlink;
pub(super) use fault::Lost as SourceLost;
pub(super) use goal::{FetchConfig, Folder, Goal, Own, Target};
pub(super) use manifest::fetch_manifest;
pub(super) use messages::MapAnswer;
pub(super) use reader::Reader;
pub(super) use update::{FetchEnd, FetchOutcome, FetchUpdate};

/// What the central says of a swarm that may wait.
const SWARM_ORDERS: usize = 256;
/// Questions for the map of the chunks that may wait.
const MAP_QUESTIONS: usize = 4;

/// A fetch that runs, as its owner sees it.
#[derive(Debug)]
pub(super) struct Fetch {
    sources: watch::Sender<Vec<SourceInfo>>,
    stop: CancellationToken,
    unwanted: CancellationToken,
    snapshot: watch::Receiver<Snapshot>,
    maps: mpsc::Sender<MapAnswer>,
    watched: Watched,
    /// The last list of secondaries.
    servers: Mutex<Vec<SourceInfo>>,
    access: PeerAccess,
    swarm: mpsc::Sender<SwarmOrder>,
}

impl Fetch {
    /// Starts; what happens goes to `updates` under the transfer's name.
    pub(super) fn start(
        grant: Grant,
        config: FetchConfig,
        updates: mpsc::Sender<(TransferId, FetchUpdate)>,
        tasks: &TaskTracker,
    ) -> Self {
        let (stop, unwanted) = (CancellationToken::new(), CancellationToken::new());
        let (sources, listed) = watch::channel(grant.sources.clone());
        let (servers, access) = (grant.sources.clone(), PeerAccess::default());
        let (maps, asked) = mpsc::channel(MAP_QUESTIONS);
        let (swarm, in_swarm) = mpsc::channel(SWARM_ORDERS);
        let orders = Orders {
            listed,
            stop: stop.clone(),
            unwanted: unwanted.clone(),
            maps: asked,
            access: access.clone(),
            swarm: in_swarm,
        };
        let (transfer, chunk_count) = (grant.transfer, grant.file.layout.chunk_count());
        let began = clock::now();
        let (shell, snapshot) = Shell::new(grant, config, orders, updates.clone());
        let watched = shell.watched.clone();
        let running = tasks.spawn(shell.run());
        let (last, readers) = (snapshot.clone(), watched.clone());
        tasks.spawn(async move {
            let end = end_of(running, || {
                readers.end(WatchEnd::Stopped);
                FetchEnd::broken(began, &last.borrow(), chunk_count)
            });
            let ended = FetchUpdate::Ended(Box::new(end.await));
            let _ = updates.send((transfer, ended)).await;
        });
        Self {
            sources,
            stop,
            unwanted,
            snapshot,
            maps,
            watched,
            servers: Mutex::new(servers),
            access,
            swarm,
        }
    }

    /// The central says that the fetch is in a swarm, names peers there by this number of one's own, and says which have
    /// gone. `uplink` is what this client can give on, in bytes per second, if it gives.
    pub(super) fn swarm(
        &self,
        own: PeerNumber,
        (add, drop): (Vec<PeerInfo>, Vec<PeerNumber>),
        uplink: Option<u64>,
    ) {
        self.access.join(own, &add);
        let order = SwarmOrder { add, drop, uplink };
        if let Err(error) = self.swarm.try_send(order) {
            tracing::warn!(%error, "the central says too much of a swarm");
        }
    }

    /// The central names peers that may be asked, by this number of one's own, and says which have gone.
    pub(super) fn introduce(&self, own: PeerNumber, add: Vec<PeerInfo>, drop: &[PeerNumber]) {
        self.access.introduce(own, add, drop);
        self.list();
    }

    /// Tells the fetch of all its sources.
    fn list(&self) {
        let mut all = self.servers.lock().clone();
        all.extend(self.access.sources());
        self.sources.send_replace(all);
    }

    /// For whoever reads what comes, at any place.
    pub(super) fn watched(&self) -> Watched {
        self.watched.clone()
    }

    /// Has the map of the chunks sent. Gives the question back when it is too late to ask, or too much is
    /// asked.
    pub(super) fn send_map(&self, answer: MapAnswer) -> Result<(), MapAnswer> {
        self.maps
            .try_send(answer)
            .map_err(mpsc::error::TrySendError::into_inner)
    }

    /// How far it is, a fraction of a second ago.
    pub(super) fn snapshot(&self) -> Snapshot {
        self.snapshot.borrow().clone()
    }
}

/// The end of a fetch, whatever becomes of its task: its owner hears of one.
async fn end_of(running: JoinHandle<FetchEnd>, broken: impl FnOnce() -> FetchEnd) -> FetchEnd {
    running.await.unwrap_or_else(|error| {
        tracing::error!(%error, "a fetch failed");
        broken()
    })
}

impl Receiving for Fetch {
    fn set_sources(&self, sources: Vec<SourceInfo>) {
        *self.servers.lock() = sources;
        self.list();
    }

    /// [`FetchUpdate::Ended`] follows.
    fn stop(&self) {
        self.stop.cancel();
    }

    fn abandon(&self) {
        self.unwanted.cancel();
        self.stop.cancel();
    }
}
