//! Receiving one file from secondaries: a client's download, and a secondary's copy. The shell around the
//! download machine.
//!
//! `shell` owns the machine; `source` speaks with one secondary; `buffers` bounds the memory of both.
//!
//! ```text
//!  owner ──sources, stop──▶ shell ──requests──▶ source 1..n ──frames──▶ chunk buffer
//!    ▲                        ▲ │                                           │
//!    └──── updates ───────────┘ └──◀── received, verified, wrong ◀── hash, write (blocking)
//! ```

mod buffers;
mod ending;
mod shell;
mod source;
mod writing;

use std::{net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};

use tokio::sync::{mpsc, watch};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    engine::download::{Notice, Snapshot},
    model::{
        ChunkIndex, Fault, Grant, Manifest, Outcome, ReceivedFrom, SecondaryNumber, SourceInfo,
        TransferId,
    },
    node::{Failure, Security, rules::Receiving},
    proto::PeerRole,
    store::{Existing, PartNote, PartPlace, Root},
};

/// How files are received.
#[derive(Clone, Debug)]
pub(super) struct FetchConfig {
    /// Who says hello to the secondaries.
    pub(super) role: PeerRole,
    pub(super) security: Arc<Security>,
    /// Where the file goes.
    pub(super) root: Root,
    pub(super) existing: Existing,
    pub(super) place: PartPlace,
    /// How long to wait with no source.
    pub(super) source_wait: Duration,
}

/// What happens in a fetch.
#[derive(Debug)]
pub(super) enum FetchUpdate {
    /// An earlier run's part file goes on.
    Resumed { bytes: u64 },
    /// Something about that part file.
    Remark(PartNote),
    /// For people.
    Notice(Notice),
    /// For the central.
    Report {
        secondary: SecondaryNumber,
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
    /// What each secondary brought.
    pub(super) sources: Vec<ReceivedFrom>,
}

/// With the file or without.
#[derive(Debug)]
pub(super) enum FetchOutcome {
    /// Every byte is there and verified, under its final name.
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
    snapshot: watch::Receiver<Snapshot>,
}

impl Fetch {
    /// Starts; what happens goes to `updates` under the transfer's name.
    pub(super) fn start(
        grant: Grant,
        config: FetchConfig,
        updates: mpsc::Sender<(TransferId, FetchUpdate)>,
        tasks: &TaskTracker,
    ) -> Self {
        let stop = CancellationToken::new();
        let (sources, listed) = watch::channel(grant.sources.clone());
        let (shell, snapshot) = shell::Shell::new(grant, config, listed, stop.clone(), updates);
        tasks.spawn(shell.run());
        Self {
            sources,
            stop,
            snapshot,
        }
    }

    /// How far it is, a fraction of a second ago.
    pub(super) fn snapshot(&self) -> Snapshot {
        self.snapshot.borrow().clone()
    }
}

impl Receiving for Fetch {
    fn set_sources(&self, sources: Vec<SourceInfo>) {
        self.sources.send_replace(sources);
    }

    /// [`FetchUpdate::Ended`] follows.
    fn stop(&self) {
        self.stop.cancel();
    }
}

/// Where a source listens.
fn address_of(source: &SourceInfo) -> SocketAddr {
    SocketAddr::new(source.ip, source.port)
}
