//! What a program that runs a client sees of it.

use std::{path::PathBuf, sync::Arc, time::Duration};

use tokio::sync::{mpsc, oneshot};

use crate::{
    engine::download::{Notice, Snapshot},
    model::{
        ClientName, ClusterStatus, Digest, FileName, ListedFile, ReceivedFrom, SecondaryNumber,
        error_codes,
    },
    node::{
        Denied, Failure, Security, StatisticsTrouble,
        ask::{Stopped, ask},
        rules::{DownloadNumber, downloads::Tally},
    },
    proto::ErrorCode,
    store::PartNote,
};

/// How a client is to run.
#[derive(Clone, Debug)]
pub struct ClientConfig {
    /// The central's host name or address, and port.
    pub central: (String, u16),
    /// Folder of the downloaded files; made when something is downloaded.
    pub target: PathBuf,
    /// Folder of the statistics.
    pub statistics: PathBuf,
    /// How long a download waits with no source before it fails.
    pub source_wait: Duration,
    /// How it shows that it belongs to the cluster.
    pub security: Arc<Security>,
    /// Replace a file of other content that has a download's name.
    pub overwrite: bool,
}

/// What happens at a client, for people.
#[derive(Clone, Debug)]
pub enum ClientEvent {
    /// The central's connection ended; said once until it is back.
    CentralLost {
        /// Why.
        reason: String,
    },
    /// The central and this client are not started alike; said once until it is back.
    Denied(Denied),
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
        /// Assigned chunks per secondary.
        sources: Vec<(SecondaryNumber, u32)>,
    },
    /// An earlier run's part file goes on.
    Resumed {
        /// Bytes that are there already.
        bytes: u64,
    },
    /// A remark about the part file of an earlier run.
    Remark(PartNote),
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
    /// The user or a stop ended it; what is there is kept for the next time.
    Cancelled,
}

/// A finished download.
#[derive(Clone, Debug)]
pub struct Summary {
    /// Where the file is.
    pub path: PathBuf,
    /// Its length.
    pub bytes: u64,
    /// From grant to the end.
    pub took: Duration,
    /// SHA-256 of the whole file, as `sha256sum` prints it.
    pub whole: Digest,
    /// What each secondary brought.
    pub sources: Vec<ReceivedFrom>,
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
    Unreachable(String),
    /// The central and this client are not started alike.
    #[error("denied: {0}")]
    Denied(Denied),
    /// This client is downloading that file already.
    #[error("already downloading, as number {}", .0.0)]
    AlreadyRunning(DownloadNumber),
    /// The central refused for another reason.
    #[error("{message}")]
    Refused {
        /// For programs.
        code: ErrorCode,
        /// For people.
        message: String,
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

/// A running client.
#[derive(Clone, Debug)]
pub struct ClientHandle {
    pub(super) commands: mpsc::Sender<ClientCommand>,
}

/// Commands to a running client.
#[derive(Debug)]
pub(super) enum ClientCommand {
    Enrol(ClientName, oneshot::Sender<Result<(), ClientError>>),
    List(oneshot::Sender<Result<Vec<ListedFile>, ClientError>>),
    Status(oneshot::Sender<Result<ClusterStatus, ClientError>>),
    Download(
        FileName,
        oneshot::Sender<Result<DownloadAnswer, ClientError>>,
    ),
    Cancel(DownloadNumber, oneshot::Sender<bool>),
    Downloads(oneshot::Sender<Vec<DownloadView>>),
    WaitIdle(oneshot::Sender<Tally>),
    Stop(oneshot::Sender<Result<(), crate::store::StoreError>>),
}

impl ClientHandle {
    /// Sets or changes the client's name (`INSCRIBIR`). While the central is unreachable the name is kept
    /// and the error says so.
    pub async fn enrol(&self, name: ClientName) -> Result<(), ClientError> {
        ask(&self.commands, |answer| ClientCommand::Enrol(name, answer)).await?
    }

    /// All files that can be downloaded (`LISTA_VIDEOS`).
    pub async fn list(&self) -> Result<Vec<ListedFile>, ClientError> {
        ask(&self.commands, ClientCommand::List).await?
    }

    /// The state of the cluster.
    pub async fn status(&self) -> Result<ClusterStatus, ClientError> {
        ask(&self.commands, ClientCommand::Status).await?
    }

    /// Asks for a file (`VIDEO`); its download goes on in the background.
    pub async fn download(&self, name: FileName) -> Result<DownloadAnswer, ClientError> {
        ask(&self.commands, |answer| {
            ClientCommand::Download(name, answer)
        })
        .await?
    }

    /// Gives a download up; false when there is no such one running or waiting.
    pub async fn cancel(&self, number: DownloadNumber) -> Result<bool, Stopped> {
        ask(&self.commands, |answer| {
            ClientCommand::Cancel(number, answer)
        })
        .await
    }

    /// Every download since the start, in order.
    pub async fn downloads(&self) -> Result<Vec<DownloadView>, Stopped> {
        ask(&self.commands, ClientCommand::Downloads).await
    }

    /// Waits until nothing runs or waits.
    pub async fn wait_idle(&self) -> Result<Tally, Stopped> {
        ask(&self.commands, ClientCommand::WaitIdle).await
    }

    /// Ends running downloads (what is there is kept), says goodbye, saves the statistics and ends.
    ///
    /// # Errors
    /// When the statistics could not be saved.
    pub async fn stop(&self) -> Result<(), crate::store::StoreError> {
        ask(&self.commands, ClientCommand::Stop)
            .await
            .unwrap_or(Ok(()))
    }
}
