//! Receiving one file from secondaries: a client's download, and a secondary's copy. The shell around the
//! download machine.
//!
//! `shell` owns the machine; `source` speaks with one source; `buffers` bounds the memory of both. What comes goes
//! to a part file (`disk`), or to somebody who reads it in order (`stream`). What this disk has already (`own`), and
//! chunks of nothing but zeros, are not asked for.
//!
//! ```text
//!  owner ──sources, stop──▶ shell ──requests──▶ source 1..n ──frames──▶ chunk buffer
//!    ▲                        ▲ │                                           │
//!    └──── updates ───────────┘ └──◀── received, verified, wrong ◀── hash, write (blocking)
//! ```

mod buffers;
mod disk;
mod ending;
mod own;
mod shell;
mod source;
mod stream;
mod writing;

use std::{
    net::SocketAddr,
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::{
    sync::{mpsc, oneshot, watch},
    task::JoinHandle,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    engine::download::{ChunkMap, Notice, Snapshot},
    model::{
        ChunkIndex, Fault, Grant, Manifest, Outcome, ReceivedFrom, SourceId, SourceInfo, TransferId,
    },
    net::Network,
    node::{Failure, Security, clock, rules::Receiving},
    proto::PeerRole,
    store::{Checkup, Existing, PartNote, PartPlace, Root, Spot, StoreError},
};

pub(super) use own::Own;
pub(super) use stream::Reader;

/// Questions for the map of the chunks that may wait.
const MAP_QUESTIONS: usize = 4;

/// How files are received.
#[derive(Clone, Debug)]
pub(super) struct FetchConfig {
    pub(super) network: Network,
    /// Who says hello to the secondaries.
    pub(super) role: PeerRole,
    /// Where the central is that names the sources.
    pub(super) central: Option<SocketAddr>,
    pub(super) security: Arc<Security>,
    /// How long to wait with no source.
    pub(super) source_wait: Duration,
    pub(super) goal: Goal,
}

/// What a file is received for.
#[derive(Clone, Debug)]
pub(super) enum Goal {
    /// To be there.
    File(Target),
    /// To make the one good that is there.
    Verify(Folder),
    /// To be read while it comes, and not to be kept.
    Stream(Reader),
}

/// A folder, which may be on a disk that takes its time: it is opened off the async threads, once it is needed.
#[derive(Clone, Debug)]
pub(super) enum Folder {
    /// It is open.
    Open(Root),
    /// It is made when it is not there.
    Made(PathBuf),
    /// It is there.
    There(PathBuf),
}

impl Folder {
    /// Opens it. Blocking.
    fn open(&self) -> Result<Root, StoreError> {
        match self {
            Self::Open(root) => Ok(root.clone()),
            Self::Made(path) => Root::create(path),
            Self::There(path) => Root::open(path),
        }
    }
}

/// Where a file goes.
#[derive(Clone, Debug)]
pub(super) struct Target {
    pub(super) root: Folder,
    /// Its place there; the one that its name says when there is none.
    pub(super) spot: Option<Spot>,
    pub(super) existing: Existing,
    pub(super) place: PartPlace,
    pub(super) own: Own,
}

/// What happens in a fetch.
#[derive(Debug)]
pub(super) enum FetchUpdate {
    /// An earlier run's part file goes on.
    Resumed { bytes: u64 },
    /// Bytes were taken from files of this disk instead of being asked for.
    OwnDisk { bytes: u64 },
    /// Something about that part file.
    Remark(PartNote),
    /// The file that was there was read through.
    Checked(Checkup),
    /// For people.
    Notice(Notice),
    /// For the central.
    Report {
        source: SourceId,
        fault: Fault,
        chunk: Option<ChunkIndex>,
    },
    /// It is over; nothing follows.
    Ended(Box<FetchEnd>),
}

/// How a fetch ended.
#[derive(Debug)]
pub(super) struct FetchEnd {
    pub(super) outcome: FetchOutcome,
    /// From its start.
    pub(super) took: Duration,
    /// What each source brought.
    pub(super) sources: Vec<ReceivedFrom>,
    /// What was taken from files of this disk.
    pub(super) own_bytes: u64,
    /// Where the chunks stood.
    pub(super) map: ChunkMap,
}

impl FetchEnd {
    /// The end of a fetch whose task has failed, with what was last known of it.
    fn broken(began: Instant, last: &Snapshot, chunk_count: u32) -> Self {
        let sources = last.sources.iter();
        Self {
            outcome: FetchOutcome::Failed(Failure::Broken),
            own_bytes: 0,
            took: clock::now() - began,
            sources: sources.map(|source| source.received.clone()).collect(),
            map: ChunkMap::empty(chunk_count),
        }
    }
}

/// With the file or without.
#[derive(Debug)]
pub(super) enum FetchOutcome {
    /// Every byte is there and verified, under its final name; or was read, and there is no path.
    Complete {
        path: PathBuf,
        manifest: Arc<Manifest>,
    },
    /// It was there before.
    AlreadyComplete {
        path: PathBuf,
        manifest: Arc<Manifest>,
    },
    /// It came to nothing; what is there is kept for another time.
    Failed(Failure),
    /// It was told to stop.
    Stopped,
}

impl FetchOutcome {
    /// True when there was no space for it.
    pub(super) fn is_disk_full(&self) -> bool {
        matches!(self, Self::Failed(Failure::Store(StoreError::DiskFull(_))))
    }

    /// What the central is told.
    pub(super) fn outcome(&self) -> Outcome {
        match self {
            Self::Complete { .. } => Outcome::Complete,
            Self::AlreadyComplete { .. } => Outcome::AlreadyComplete,
            Self::Failed(_) => Outcome::Failed,
            Self::Stopped => Outcome::Cancelled,
        }
    }
}

/// A fetch that runs, as its owner sees it.
#[derive(Debug)]
pub(super) struct Fetch {
    sources: watch::Sender<Vec<SourceInfo>>,
    stop: CancellationToken,
    unwanted: CancellationToken,
    snapshot: watch::Receiver<Snapshot>,
    maps: mpsc::Sender<MapAnswer>,
}

/// Whoever wants to see where the chunks stand.
pub(super) type MapAnswer = oneshot::Sender<Option<ChunkMap>>;

/// What a fetch is told while it runs.
#[derive(Debug)]
struct Orders {
    listed: watch::Receiver<Vec<SourceInfo>>,
    stop: CancellationToken,
    /// What is there of the file is not kept.
    unwanted: CancellationToken,
    maps: mpsc::Receiver<MapAnswer>,
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
        let (maps, asked) = mpsc::channel(MAP_QUESTIONS);
        let orders = Orders {
            listed,
            stop: stop.clone(),
            unwanted: unwanted.clone(),
            maps: asked,
        };
        let (transfer, chunk_count) = (grant.transfer, grant.file.layout.chunk_count());
        let began = clock::now();
        let (shell, snapshot) = shell::Shell::new(grant, config, orders, updates.clone());
        let running = tasks.spawn(shell.run());
        let last = snapshot.clone();
        tasks.spawn(async move {
            let end = end_of(running, || {
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
        }
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
        self.sources.send_replace(sources);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        engine::download::{Download, DownloadConfig},
        model::ChunkLayout,
    };

    #[tokio::test]
    async fn a_fetch_whose_task_fails_has_failed() {
        let layout = ChunkLayout::for_file(5 << 20).unwrap();
        let config = DownloadConfig {
            seed: 1,
            source_wait: Duration::from_secs(1),
        };
        let now = Instant::now();
        let snapshot = Download::new(layout, config, now).snapshot(now);
        let failing = tokio::spawn(async { panic!("as a fault of ours would") });
        let end = end_of(failing, || FetchEnd::broken(now, &snapshot, 5)).await;
        assert!(matches!(end.outcome, FetchOutcome::Failed(Failure::Broken)));
        assert_eq!(end.outcome.outcome(), Outcome::Failed);
        assert_eq!(end.map, ChunkMap::empty(5));
    }
}
