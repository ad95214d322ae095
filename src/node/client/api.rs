//! What a program that runs a client sees of it.

use std::{path::PathBuf, sync::Arc, time::Duration};

use crate::{
    engine::download::{Notice, Snapshot},
    model::{Digest, FileName, ReceivedFrom, Who, error_codes},
    node::{
        Denied, Failure, Lost, Security, StatisticsTrouble,
        ask::Stopped,
        rules::{DownloadNumber, downloads::Priority},
    },
    proto::{ErrorCode, Said},
    store::{PartNote, Spot},
};

/// How a client is to run.
#[derive(Clone, Debug)]
pub struct ClientConfig {
    /// The centrals' host names or addresses, and ports, in the order in which they are tried.
    pub centrals: Vec<(String, u16)>,
    /// Folder of the downloaded files; made when something is downloaded.
    pub target: PathBuf,
    /// Where its statistics are kept.
    pub statistics: Keeping,
    /// How long a download waits with no source before it fails.
    pub source_wait: Duration,
    /// How it shows that it belongs to the cluster.
    pub security: Arc<Security>,
    /// Replace a file of other content that has a download's name.
    pub overwrite: bool,
}

/// Where a file is put that does not get its own name.
#[derive(Clone, Debug)]
pub struct Named {
    /// The folder; made when something is downloaded.
    pub folder: PathBuf,
    /// The name in it.
    pub spot: Spot,
}

/// Where a client's statistics are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Keeping {
    /// In this folder, which is made.
    Folder(PathBuf),
    /// In this folder, by those that have a file of their name there already; nothing is made.
    Existing(PathBuf),
    /// Nowhere.
    Nowhere,
}

impl From<PathBuf> for Keeping {
    fn from(folder: PathBuf) -> Self {
        Self::Folder(folder)
    }
}

/// What happens at a client, for people.
#[derive(Clone, Debug)]
pub enum ClientEvent {
    /// The central's connection ended; said once until it is back.
    CentralLost {
        /// Why.
        reason: Lost,
    },
    /// The central and this client are not started alike; said once until it is back.
    Denied(Denied),
    /// The administrator of the cluster has sent this client away: its downloads end, and it does not come back before
    /// a minute is over ([`EXPELLED_FOR`](crate::model::limits::EXPELLED_FOR)).
    Expelled,
    /// The central is back.
    CentralBack,
    /// Something happened to a download.
    Download {
        /// Which.
        number: DownloadNumber,
        /// Its file.
        file: FileName,
        /// What.
        what: DownloadEvent,
    },
    /// Statistics could not be read or saved.
    Statistics(StatisticsTrouble),
}

impl ClientEvent {
    /// True for what must be told however slow whoever shows it is: how a download ended, or that it does not go on.
    /// There are as many of these as the user has asked for; others may be left out when too many wait.
    pub fn is_kept(&self) -> bool {
        match self {
            Self::Download { what, .. } => match what {
                DownloadEvent::Complete(_)
                | DownloadEvent::AlreadyComplete { .. }
                | DownloadEvent::Failed { .. }
                | DownloadEvent::Cancelled
                | DownloadEvent::Paused => true,
                DownloadEvent::Queued { .. }
                | DownloadEvent::Started { .. }
                | DownloadEvent::Resumed { .. }
                | DownloadEvent::Remark(_)
                | DownloadEvent::Checked { .. }
                | DownloadEvent::Notice(_)
                | DownloadEvent::OwnDisk { .. }
                | DownloadEvent::Superseded
                | DownloadEvent::Held => false,
            },
            Self::CentralLost { .. }
            | Self::Denied(_)
            | Self::Expelled
            | Self::CentralBack
            | Self::Statistics(_) => false,
        }
    }
}

/// What happens to a download.
#[derive(Clone, Debug)]
pub enum DownloadEvent {
    /// It waits for its turn; said again whenever the place changes.
    Queued {
        /// Its place, from 1.
        place: u32,
    },
    /// It was granted and starts.
    Started {
        /// Length of the file, in bytes.
        bytes: u64,
        /// Chunks of the file.
        chunks: u32,
        /// Assigned chunks per source.
        sources: Vec<(Who, u32)>,
    },
    /// An earlier run's part file goes on.
    Resumed {
        /// Bytes that are there already.
        bytes: u64,
    },
    /// Bytes of the file were taken from files of this disk, as an older version of it, and need not be sent.
    OwnDisk {
        /// How many.
        bytes: u64,
    },
    /// A remark about the part file of an earlier run.
    Remark(PartNote),
    /// The file that was to be verified was read; the bad chunks are asked for next.
    Checked {
        /// Chunks that it should have.
        chunks: u32,
        /// Those that are not as they should be, or not there.
        bad: u32,
    },
    /// Trouble with a source, or its return; the central has been told where it should be.
    Notice(Notice),
    /// The whole file is there, verified, under its final name.
    Complete(Summary),
    /// The file was there before, with the same content.
    AlreadyComplete {
        /// Where.
        path: PathBuf,
    },
    /// It ended without the file.
    Failed {
        /// Why.
        reason: Failure,
    },
    /// Its user made it wait; what is there is kept, and its place is given to others.
    Paused,
    /// It waits until those of a higher priority have ended, and then goes on by itself.
    Held,
    /// The name has other content, and nobody has the one that came: it begins anew with the new one.
    Superseded,
    /// The user or a stop ended it; what is there is kept for the next time.
    Cancelled,
}

/// A finished download. What was received before it was paused, by this process, counts as well.
#[derive(Clone, Debug)]
pub struct Summary {
    /// Where the file is; empty for a stream.
    pub path: PathBuf,
    /// Its length.
    pub bytes: u64,
    /// Of these, bytes that were there before this download was asked for.
    pub resumed_bytes: u64,
    /// Of these, bytes that were taken from files of this disk.
    pub own_disk_bytes: u64,
    /// Of these, bytes in chunks of nothing but zeros, which are not sent.
    pub zero_bytes: u64,
    /// From grant to the end, without the time in which it was paused or held.
    pub took: Duration,
    /// SHA-256 of the whole file, as `sha256sum` prints it.
    pub whole: Digest,
    /// What each source brought.
    pub sources: Vec<ReceivedFrom>,
}

impl Summary {
    /// Mean rate of what was received, in bytes per second.
    pub fn average_bytes_per_s(&self) -> f64 {
        let seconds = self.took.as_secs_f64().max(0.001);
        self.received_bytes() as f64 / seconds
    }

    /// Verified bytes that sources brought.
    pub fn received_bytes(&self) -> u64 {
        self.sources.iter().map(|source| source.bytes).sum()
    }

    /// What share of the received bytes each source brought, from 0 to 1; those that brought nothing too.
    pub fn shares(&self) -> Vec<(Who, f64)> {
        let all = self.received_bytes().max(1) as f64;
        let share = |source: &ReceivedFrom| (source.who, source.bytes as f64 / all);
        self.sources.iter().map(share).collect()
    }

    /// Bytes that came and were of no use.
    pub fn wasted_bytes(&self) -> u64 {
        self.sources.iter().map(|source| source.wasted).sum()
    }

    /// Chunks that were taken from a source and asked for elsewhere.
    pub fn retries(&self) -> u64 {
        self.sources.iter().map(|source| source.retries).sum()
    }
}

/// A download as it stands.
#[derive(Clone, Debug)]
pub struct DownloadView {
    /// Which.
    pub number: DownloadNumber,
    /// Its file.
    pub file: FileName,
    /// How far it is.
    pub state: DownloadState,
    /// Whether others go before it.
    pub priority: Priority,
}

/// How far a download is.
#[derive(Clone, Debug)]
pub enum DownloadState {
    /// Asked for; the central has not answered.
    Asked,
    /// It waits for its turn.
    Queued(u32),
    /// It runs.
    Running(Box<Snapshot>),
    /// Its user made it wait.
    Paused,
    /// It waits for those of a higher priority.
    Held,
    /// It is complete.
    Complete,
    /// It ended without the file, for this reason.
    Failed(Failure),
    /// It was cancelled.
    Cancelled,
}

/// Answer to a wish to download.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DownloadAnswer {
    /// It starts now.
    Found(DownloadNumber),
    /// It waits, at this place.
    Waits(DownloadNumber, u32),
}

/// Why a request came to nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ClientError {
    /// The client has no name yet.
    #[error("not enrolled")]
    NotEnrolled,
    /// Service has not begun.
    #[error("not synchronised yet")]
    NotReady,
    /// No live secondary holds such a file.
    #[error("no such file")]
    NotFound,
    /// The central cannot be reached.
    #[error("central unreachable: {0}")]
    Unreachable(Lost),
    /// The central and this client are not started alike.
    #[error("denied: {0}")]
    Denied(Denied),
    /// This client is downloading that file already.
    #[error("already downloading, as number {}", .0.0)]
    AlreadyRunning(DownloadNumber),
    /// There is no download of that number that is not over.
    #[error("no download {} that is not over", .0.0)]
    NoSuchDownload(DownloadNumber),
    /// There is no file of that name in the folder of the downloads that could be verified.
    #[error("{0}: no such file among the downloaded ones")]
    NoLocalFile(FileName),
    /// The central refused for another reason.
    #[error("{message}")]
    Refused {
        /// For programs.
        code: ErrorCode,
        /// The central's words and values.
        message: Said,
    },
    /// The node has stopped.
    #[error("the node has stopped")]
    Stopped,
}

error_codes!(ClientError, code {
    Self::NotEnrolled => "not-enrolled",
    Self::NotReady => "not-ready",
    Self::NotFound => "not-found",
    Self::Unreachable(_) => "central-unreachable",
    Self::AlreadyRunning(_) => "already-downloading",
    Self::NoSuchDownload(_) => "no-such-download",
    Self::NoLocalFile(_) => "no-local-file",
    Self::Stopped => "client-stopped",
} in {
    Self::Denied(denied) => denied.code(),
    Self::Refused { code, .. } => code.code(),
});

impl From<Stopped> for ClientError {
    fn from(_: Stopped) -> Self {
        Self::Stopped
    }
}
