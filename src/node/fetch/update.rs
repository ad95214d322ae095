//! What a fetch tells its owner: what happens in it, and how it ended.

use std::{
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

use crate::{
    engine::download::{ChunkMap, Notice, Snapshot},
    model::{ChunkIndex, Fault, Manifest, Outcome, PeerNumber, ReceivedFrom, SourceId},
    node::{Failure, clock},
    store::{Checkup, PartNote, StoreError},
};

/// What happens in a fetch.
#[derive(Debug)]
pub(in crate::node) enum FetchUpdate {
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
    /// For the central: more peers are wanted, and these were given up.
    MorePeers { lost: Vec<PeerNumber> },
    /// For the central: how far it is, in thousandths. Comes now and then in a swarm.
    Progress { permille: u16 },
    /// It is over; nothing follows.
    Ended(Box<FetchEnd>),
}

/// How a fetch ended.
#[derive(Debug)]
pub(in crate::node) struct FetchEnd {
    pub(in crate::node) outcome: FetchOutcome,
    /// From its start.
    pub(in crate::node) took: Duration,
    /// What each source brought.
    pub(in crate::node) sources: Vec<ReceivedFrom>,
    /// What was taken from files of this disk.
    pub(in crate::node) own_bytes: u64,
    /// Where the chunks stood.
    pub(in crate::node) map: ChunkMap,
}

impl FetchEnd {
    /// The end of a fetch whose task has failed, with what was last known of it.
    pub(super) fn broken(began: Instant, last: &Snapshot, chunk_count: u32) -> Self {
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
pub(in crate::node) enum FetchOutcome {
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
    pub(in crate::node) fn is_disk_full(&self) -> bool {
        matches!(self, Self::Failed(Failure::Store(StoreError::DiskFull(_))))
    }

    /// What the central is told.
    pub(in crate::node) fn outcome(&self) -> Outcome {
        match self {
            Self::Complete { .. } => Outcome::Complete,
            Self::AlreadyComplete { .. } => Outcome::AlreadyComplete,
            Self::Failed(_) => Outcome::Failed,
            Self::Stopped => Outcome::Cancelled,
        }
    }
}
