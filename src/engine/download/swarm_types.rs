//! What passes between a download machine and its owner because of a swarm.

use std::time::Duration;

use crate::model::{ChunkIndex, ChunkSet, PeerNumber, SourceId};

/// What happened in the swarm.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SwarmEvent {
    /// The download is in a swarm from now on. Does nothing to one that comes in order, or only where it is read.
    Joined,
    /// The central names peers, or says that some have gone.
    Peers {
        /// These join those that are known.
        add: Vec<PeerNumber>,
        /// These have gone.
        drop: Vec<PeerNumber>,
    },
    /// A secondary that is being connected to may be asked for any chunk. Comes before `Connected`.
    Chooses {
        /// The secondary.
        source: SourceId,
    },
    /// A peer has these chunks as well.
    Has {
        /// The peer.
        source: SourceId,
        /// What it had not announced on this connection.
        chunks: ChunkSet,
        /// How long who asks it now waits.
        line: Duration,
    },
    /// A secondary has chosen what it sends; bytes of it follow.
    Chosen {
        /// The secondary.
        source: SourceId,
        /// The chunk.
        chunk: ChunkIndex,
    },
    /// A secondary has nothing of what is wanted.
    Nothing {
        /// The secondary.
        source: SourceId,
    },
}

/// What the owner must do in the swarm.
#[derive(Clone, Debug, PartialEq)]
pub enum SwarmAction {
    /// Ask a secondary for any of some chunks, or tell it what is wanted now; answered by `Chosen` or `Nothing`.
    Any {
        /// The secondary.
        source: SourceId,
        /// The chunks, at least one.
        wanted: ChunkSet,
    },
    /// Ask the central for more peers.
    MorePeers {
        /// Peers that were given up since it was last asked.
        lost: Vec<PeerNumber>,
    },
}
