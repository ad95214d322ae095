//! What a secondary answers.

use std::{net::SocketAddr, path::PathBuf};

use serde::{Deserialize, Serialize};

use crate::{
    engine::{counters::Counters, download::Snapshot},
    model::{self, Conflict, FileName, Receiver, ScrubRound, SecondaryNumber},
    node::ServerFigures,
    store::retired::{RetiredFile, RetiredTotal},
};

/// What was brought back; no name where nothing had the number.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RecoveredFile {
    /// The number that was asked for.
    pub number: u64,
    /// Its name in the served folder.
    pub name: Option<FileName>,
}

/// What became of files that were set aside and are to go for good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Emptied {
    /// None has this number, and nothing was done.
    NotThere(u64),
    /// These would go, once somebody agrees.
    WouldGo(Vec<RetiredFile>),
    /// So much is gone.
    Gone(RetiredTotal),
}

/// A secondary as it stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SecondaryStatus {
    /// Its number.
    pub number: SecondaryNumber,
    /// The central; `None` while there is no connection to it.
    pub central: Option<SocketAddr>,
    /// The folder that it serves.
    #[serde(with = "model::serde::shown_path")]
    pub folder: PathBuf,
    /// Files that are served.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
    /// The folder is being read, for the first time or again.
    pub indexing: bool,
    /// Nothing can be written into the folder: it takes no copies.
    pub read_only: bool,
    /// The folder, or one below it, is on a disk that is away.
    pub away: bool,
    /// Names of its files that stand for several contents, until a person decides on them.
    pub conflicts: Vec<Conflict>,
    /// How it looks for damage on its disk; `None` when it does not.
    pub scrub: Option<ScrubStatus>,
    /// Transfers with a connection here. A legacy download counts once per part.
    pub sending: u32,
    /// Copies from other secondaries that run.
    pub copying: u32,
    /// Payload bytes that it has sent since it started.
    pub bytes_sent: u64,
    /// The rate of the last three seconds.
    #[serde(rename = "bytes_per_s")]
    pub rate_bytes_per_s: f64,
    /// The limit of what it sends; `None` for no limit.
    pub upload_limit_bytes_per_s: Option<u64>,
    /// Connections of receivers, including idle ones.
    pub connections: u32,
}

/// How a secondary looks for damage: it reads all that it serves again, and compares it with its digests.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScrubStatus {
    /// How long one round takes, in seconds.
    pub every_s: u64,
    /// What was read in this round, in bytes.
    pub bytes: u64,
    /// Files that were found to be damaged in this round.
    pub damaged: u64,
    /// How many rounds have come to their ends, from run to run.
    pub rounds: u64,
    /// The last of them; `None` before the first.
    pub last: Option<ScrubRound>,
    /// When it came to its end, in seconds since 1970.
    pub ended_s: Option<u64>,
}

/// What a face shows of a secondary, of one look.
#[derive(Clone, Debug)]
pub struct SecondaryFigures {
    /// How it is.
    pub status: SecondaryStatus,
    /// What it has sent to clients, from run to run.
    pub sums: Counters,
    /// Payload bytes that it has sent by HTTP since it started; `status.bytes_sent` has them as well.
    pub http_bytes: u64,
    /// Times that a file could not be sent because it was not as it was indexed, since the start.
    pub stale_files: u64,
    /// Times that a file could not be read, since the start.
    pub read_errors: u64,
    /// Its connections.
    pub server: ServerFigures,
}

/// A transfer that runs now (`VIDEOS_DESCARGANDO`).
#[derive(Clone, Debug)]
pub struct RunningTransfer {
    /// The file.
    pub file: FileName,
    /// What is happening with it.
    pub kind: RunningKind,
}

/// Which way a running transfer goes.
#[derive(Clone, Debug)]
pub enum RunningKind {
    /// To somebody.
    Sending {
        /// To whom.
        receiver: Receiver,
        /// Bytes sent so far.
        bytes: u64,
    },
    /// A copy from other secondaries.
    Copying {
        /// How far it is.
        snapshot: Snapshot,
    },
}
