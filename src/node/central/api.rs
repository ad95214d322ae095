//! What a program that runs a central sees of it.

use std::{net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};

use tokio::sync::{mpsc, oneshot};

use crate::{
    engine::cluster::Notice,
    model::ClusterStatus,
    node::{
        Security, StatisticsTrouble,
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
    /// A message was refused and its connection ended.
    BadPeer {
        /// Where it came from.
        address: SocketAddr,
        /// What was wrong.
        reason: String,
    },
    /// Statistics could not be read or saved.
    Statistics(StatisticsTrouble),
}

/// A row of a table of downloads.
#[derive(Clone, Debug, PartialEq, Eq)]
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

    /// Says goodbye to all, saves the statistics and ends; at most about [`Self::STOP_WITHIN`].
    ///
    /// # Errors
    /// When the statistics could not be saved.
    pub async fn stop(self) -> Result<(), crate::store::StoreError> {
        self.stop.cancel();
        self.done.await.unwrap_or(Ok(()))
    }

    /// Longest that [`Self::stop`] takes.
    pub const STOP_WITHIN: Duration = Duration::from_secs(4);
}
