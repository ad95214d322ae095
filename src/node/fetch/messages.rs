//! What the tasks of a fetch tell each other.

use tokio::sync::{mpsc, oneshot, watch};
use tokio_util::sync::CancellationToken;

use super::{access::PeerAccess, buffers::ChunkBuffer, own::Prepared, update::FetchUpdate};
use crate::{
    engine::download::{ChunkMap, Event, SwarmEvent},
    model::{
        ChunkIndex, ChunkSet, Fault, Lately, Part, PeerInfo, PeerNumber, SourceId, SourceInfo,
    },
    node::Failure,
    proto::Wanted,
    store::{Checkup, Opened, StoreError},
};

/// Whoever wants to see where the chunks stand.
pub(in crate::node) type MapAnswer = oneshot::Sender<Option<ChunkMap>>;

/// What the owner of a fetch tells it.
#[derive(Debug)]
pub(super) struct Orders {
    pub(super) listed: watch::Receiver<Vec<SourceInfo>>,
    pub(super) stop: CancellationToken,
    /// What is there of the file is not kept.
    pub(super) unwanted: CancellationToken,
    pub(super) maps: mpsc::Receiver<MapAnswer>,
    /// What lets it ask peers.
    pub(super) access: PeerAccess,
    /// What the central says of its swarm.
    pub(super) swarm: mpsc::Receiver<SwarmOrder>,
}

/// The central's word about the swarm of a fetch.
#[derive(Debug)]
pub(super) struct SwarmOrder {
    pub(super) add: Vec<PeerInfo>,
    pub(super) drop: Vec<PeerNumber>,
    /// What this client can give on, in bytes per second, if it gives.
    pub(super) uplink: Option<u64>,
}

/// One connection to a source, among all there were.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Origin {
    pub(super) source: SourceId,
    /// Which of the connections to this source.
    pub(super) generation: u64,
}

/// What the shell tells a source's task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Command {
    /// In a swarm with what this side got lately.
    Request(ChunkIndex, Option<Lately>),
    /// For any of some chunks, with what this side got lately and what it can give on, in bytes per second.
    Any(Box<Wanted>, Lately, Option<u64>),
    RequestPart(ChunkIndex, Part),
    Cancel(ChunkIndex),
    /// The transfer is over: read what is on its way, then end.
    Close,
}

/// What sources and writers tell the shell.
#[derive(Debug)]
pub(super) enum Input {
    Source(Origin, News),
    /// A chunk that a source brought was hashed, and written if it is right.
    Chunk(SourceId, ChunkIndex, Verdict),
    /// A part of a chunk that a source was asked for.
    Part(Origin, ChunkIndex, Part, ChunkBuffer),
    /// A chunk that was put together from parts was hashed, and kept if it is right.
    Joined(ChunkIndex, Verdict),
    /// Parts that sources have sent are not what their chunk turned out to be.
    Lied(ChunkIndex, Vec<SourceId>),
    /// This side failed.
    Failed(Failure),
}

/// What happens on a connection to a source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum News {
    Connected,
    Lost {
        fault: Fault,
        reason: String,
    },
    Received {
        chunk: ChunkIndex,
        bytes: u32,
    },
    Refused {
        chunk: ChunkIndex,
    },
    Cancelled {
        chunk: ChunkIndex,
    },
    Queued,
    Blocked,
    /// This side's limit is reached.
    Limited,
    Unblocked,
    /// Something of its swarm.
    Swarm(SwarmEvent),
}

/// What came of a chunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Verified,
    Wrong,
}

/// What blocking work comes to, and what the reader does.
#[derive(Debug)]
pub(super) enum Done {
    Opened(Result<Prepared, StoreError>),
    /// Chunks that a reader need not be sent.
    Zeros(ChunkSet),
    Verified(Result<(Checkup, Opened), StoreError>),
    Synced(Result<(), StoreError>),
    /// The work failed before it had a result.
    Broken,
    /// The reader has so many chunks, from the first.
    Taken(u32),
    AllTaken,
    ReaderGone,
}

/// What the shell must do after something has happened to its storage.
#[derive(Debug, Default)]
pub(super) struct Effects {
    pub(super) updates: Vec<FetchUpdate>,
    pub(super) events: Vec<Event>,
    pub(super) failure: Option<Failure>,
}

impl From<Event> for Effects {
    fn from(event: Event) -> Self {
        Self {
            events: vec![event],
            ..Self::default()
        }
    }
}

impl From<Failure> for Effects {
    fn from(failure: Failure) -> Self {
        Self {
            failure: Some(failure),
            ..Self::default()
        }
    }
}
