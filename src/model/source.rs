//! Who can send the chunks of one transfer.

use std::{fmt, net::SocketAddr};

use serde::{Deserialize, Serialize};

use super::{ChunkIndex, ChunkRange, ChunkSet, PeerNumber, SecondaryNumber, SourceId};

/// Who a source is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Who {
    /// A secondary.
    Secondary(SecondaryNumber),
    /// Another client.
    Peer(PeerNumber),
}

impl Who {
    /// Its number, if it is a secondary.
    pub fn secondary(self) -> Option<SecondaryNumber> {
        match self {
            Self::Secondary(number) => Some(number),
            Self::Peer(_) => None,
        }
    }
}

impl fmt::Display for Who {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Secondary(number) => write!(f, "secondary {number}"),
            Self::Peer(number) => write!(f, "peer {number}"),
        }
    }
}

/// Which chunks of a file somebody has.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Have {
    /// All of them.
    #[default]
    All,
    /// These.
    Chunks(ChunkSet),
}

impl Have {
    /// True when a chunk is one of them.
    pub fn contains(&self, chunk: ChunkIndex) -> bool {
        match self {
            Self::All => true,
            Self::Chunks(chunks) => chunks.contains(chunk),
        }
    }

    /// True when none is missing.
    pub fn is_all(&self) -> bool {
        *self == Self::All
    }
}

/// A source of one transfer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceInfo {
    /// Its name in this transfer. It stands for the same source as long as the transfer lasts.
    pub id: SourceId,
    /// Who it is.
    pub who: Who,
    /// Where it listens.
    #[serde(flatten, with = "super::serde::address")]
    pub address: SocketAddr,
    /// Chunks that it can send; it is asked for no others.
    #[serde(default, skip_serializing_if = "Have::is_all")]
    pub have: Have,
    /// Chunks assigned to it; empty for one that joined later.
    pub ranges: Vec<ChunkRange>,
    /// It is about to leave: it brings what it was asked for, and is asked for more only while no other can.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub draining: bool,
}

/// What an id stands for in one transfer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownSource {
    /// The id.
    pub id: SourceId,
    /// The source.
    pub who: Who,
}
