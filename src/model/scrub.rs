//! How far the background check of a served folder is.

use serde::{Deserialize, Serialize};

use super::{ChunkIndex, FileName};

/// A scrub reads all that is served again, chunk after chunk, once in each round, and compares it with its digests.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Scrub {
    /// The last chunk that was read in this round; `None` before the first.
    pub after: Option<(FileName, ChunkIndex)>,
    /// This round so far.
    pub round: ScrubRound,
    /// The last round that came to its end.
    pub last: Option<ScrubRound>,
    /// How many rounds have come to their ends.
    pub rounds: u64,
}

/// What one round of a scrub has read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ScrubRound {
    /// Bytes that were read and compared.
    pub bytes: u64,
    /// Files that were not what they should be.
    pub damaged: u64,
}
