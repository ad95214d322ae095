//! What happens at a client and in its downloads, for people.

use std::{path::PathBuf, time::Duration};

use crate::{
    engine::download::Notice,
    model::{Digest, FileName, ReceivedFrom, Who},
    node::{Denied, Failure, Lost, StatisticsTrouble, rules::DownloadNumber},
    store::PartNote,
};

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
