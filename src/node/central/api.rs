//! What a program that runs a central sees of it.

use std::{
    net::{IpAddr, SocketAddr},
    path::PathBuf,
    sync::Arc,
    time::Duration,
};

use serde::{Deserialize, Serialize};
use tokio::sync::{mpsc, oneshot};

use crate::{
    engine::cluster::{ClientInfo, Drained, Expelled, Notice, QueueRow, Resolved, SecondaryInfo},
    model::{ClusterStatus, Conflict, FileName, SecondaryNumber},
    node::{
        Refused, Security, StatisticsTrouble, StopError,
        ask::{Stopped, ask},
    },
};

/// How a central is to run.
#[derive(Clone, Debug)]
pub struct CentralConfig {
    /// Where to listen; port 0 for a free one.
    pub listen: SocketAddr,
    /// How many secondaries must be enrolled before service begins.
    pub required_secondaries: u16,
    /// How many downloads run at once.
    pub max_downloads: usize,
    /// Folder of the statistics.
    pub statistics: PathBuf,
    /// Who is let in, and how.
    pub security: Arc<Security>,
}

/// What happens at a central, for people.
#[derive(Clone, Debug, PartialEq)]
pub enum CentralEvent {
    /// In the cluster.
    Cluster(Notice),
    /// Many files can be downloaded from now on.
    ManyOffered {
        /// How many.
        files: usize,
    },
    /// Many files cannot be downloaded any more.
    ManyNoLongerOffered {
        /// How many.
        files: usize,
    },
    /// Clients did more than is told.
    LeftOut {
        /// Where they are, when that is known.
        address: Option<IpAddr>,
        /// Notices about them that were not told.
        lines: u64,
    },
    /// A message was refused and its connection ended.
    BadPeer {
        /// Where it came from.
        address: SocketAddr,
        /// What was wrong.
        reason: Refused,
    },
    /// Statistics could not be read or saved.
    Statistics(StatisticsTrouble),
}

/// A row of a table of downloads.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DownloadCount {
    /// A file's or a client's name.
    pub name: String,
    /// Complete downloads.
    pub downloads: u64,
}

/// A running central.
#[derive(Debug)]
pub struct CentralHandle {
    pub(super) address: SocketAddr,
    pub(super) queries: mpsc::Sender<CentralQuery>,
    pub(super) stop: tokio_util::sync::CancellationToken,
    pub(super) done: tokio::task::JoinHandle<Result<(), crate::store::StoreError>>,
}

/// Questions to a running central.
#[derive(Debug)]
pub(super) enum CentralQuery {
    PerFile(oneshot::Sender<Vec<DownloadCount>>),
    PerClient(oneshot::Sender<Vec<DownloadCount>>),
    Status(oneshot::Sender<ClusterStatus>),
    Secondaries(oneshot::Sender<Vec<SecondaryInfo>>),
    Clients(oneshot::Sender<Vec<ClientInfo>>),
    Queue(oneshot::Sender<Vec<QueueRow>>),
    Expel(String, oneshot::Sender<Expelled>),
    Drain(SecondaryNumber, oneshot::Sender<Drained>),
    EndDraining(SecondaryNumber, oneshot::Sender<Drained>),
    SetMaxDownloads(usize, oneshot::Sender<()>),
    Conflicts(oneshot::Sender<Vec<Conflict>>),
    Resolve(FileName, u16, oneshot::Sender<Resolved>),
    Statistics(oneshot::Sender<serde_json::Value>),
}

impl CentralHandle {
    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Downloads per file, those of zero included (`NUMERO_DESCARGAS_VIDEO`).
    pub async fn downloads_per_file(&self) -> Result<Vec<DownloadCount>, Stopped> {
        ask(&self.queries, CentralQuery::PerFile).await
    }

    /// Downloads per client (`VIDEOS_CLIENTE`).
    pub async fn downloads_per_client(&self) -> Result<Vec<DownloadCount>, Stopped> {
        ask(&self.queries, CentralQuery::PerClient).await
    }

    /// The state of the cluster.
    pub async fn status(&self) -> Result<ClusterStatus, Stopped> {
        ask(&self.queries, CentralQuery::Status).await
    }

    /// The secondaries that have enrolled since the start, by number.
    pub async fn secondaries(&self) -> Result<Vec<SecondaryInfo>, Stopped> {
        ask(&self.queries, CentralQuery::Secondaries).await
    }

    /// The clients that are connected, and those of the original that are being sent something.
    pub async fn clients(&self) -> Result<Vec<ClientInfo>, Stopped> {
        ask(&self.queries, CentralQuery::Clients).await
    }

    /// The downloads that wait, the first in line first.
    pub async fn queue(&self) -> Result<Vec<QueueRow>, Stopped> {
        ask(&self.queries, CentralQuery::Queue).await
    }

    /// Sends away all clients of a name: their connections end with a reason that they understand, their downloads
    /// count as failed, their places and their places in the line are free, and the secondaries send them nothing
    /// more. The name is refused for [`EXPELLED_FOR`](crate::model::limits::EXPELLED_FOR), or until the central
    /// restarts.
    pub async fn expel(&self, name: &str) -> Result<Expelled, Stopped> {
        let name = name.to_owned();
        ask(&self.queries, |answer| CentralQuery::Expel(name, answer)).await
    }

    /// Has a secondary brought to where it has nothing to send, so that it can be stopped without anybody noticing.
    /// It ends what it was asked for, is asked for nothing new that another live secondary has as well, and neither
    /// gets copies nor serves any that others can. What it alone holds is served by it still, copies of that
    /// included. [`Notice::Drained`] says when nothing is left. A central that restarts has forgotten it; a secondary
    /// that does is drained still.
    pub async fn drain(&self, number: SecondaryNumber) -> Result<Drained, Stopped> {
        ask(&self.queries, |answer| CentralQuery::Drain(number, answer)).await
    }

    /// Takes [`Self::drain`] back: the secondary works again.
    pub async fn end_draining(&self, number: SecondaryNumber) -> Result<Drained, Stopped> {
        ask(&self.queries, |answer| {
            CentralQuery::EndDraining(number, answer)
        })
        .await
    }

    /// Another number of downloads at once, at least one, from now on. Where it is smaller nothing is ended for it;
    /// where it is larger the first in line begin.
    pub async fn set_max_downloads(&self, most: usize) -> Result<(), Stopped> {
        ask(&self.queries, |answer| {
            CentralQuery::SetMaxDownloads(most, answer)
        })
        .await
    }

    /// The names that stand for several contents, each with all of them.
    pub async fn conflicts(&self) -> Result<Vec<Conflict>, Stopped> {
        ask(&self.queries, CentralQuery::Conflicts).await
    }

    /// Decides which of several contents a name stands for: `choice` is a [`Version::choice`](crate::model::Version),
    /// or the number of a secondary that holds it. Copies of the others are set aside where they are.
    pub async fn resolve(&self, name: FileName, choice: u16) -> Result<Resolved, Stopped> {
        ask(&self.queries, |answer| {
            CentralQuery::Resolve(name, choice, answer)
        })
        .await
    }

    /// The statistics as they would be saved now.
    pub async fn statistics(&self) -> Result<serde_json::Value, Stopped> {
        ask(&self.queries, CentralQuery::Statistics).await
    }

    /// Cancelled when the node stops by itself, as when a part of it fails.
    pub fn stopped(&self) -> tokio_util::sync::CancellationToken {
        self.stop.clone()
    }

    /// Says goodbye to all, saves the statistics and ends; at most about [`Self::STOP_WITHIN`].
    ///
    /// # Errors
    /// When the statistics could not be saved, or the node had failed before.
    pub async fn stop(self) -> Result<(), StopError> {
        self.stop.cancel();
        StopError::of(self.done.await)
    }

    /// Longest that [`Self::stop`] takes.
    pub const STOP_WITHIN: Duration = Duration::from_secs(4);
}
