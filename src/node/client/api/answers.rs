//! What a client answers, and why a request comes to nothing.

use crate::{
    engine::download::Snapshot,
    model::{AccountName, FileName, error_codes},
    node::{
        Denied, Failure, Lost,
        ask::Stopped,
        rules::{
            DownloadNumber,
            downloads::{Priority, Reached},
        },
    },
    proto::{ErrorCode, Said},
    store::StoreError,
};

/// A download as it stands.
#[derive(Clone, Debug)]
pub struct DownloadView {
    /// Which.
    pub number: DownloadNumber,
    /// Its file.
    pub file: FileName,
    /// How far it is.
    pub state: DownloadState,
    /// Whether others go first.
    pub priority: Priority,
    /// How much of it was here when it last ran.
    pub reached: Reached,
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

/// What comes of asking for a download.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DownloadAnswer {
    /// It starts now.
    Found(DownloadNumber),
    /// It waits, at this position.
    Waits(DownloadNumber, u32),
    /// It waits until there is service, as there is none for this reason, and is then asked for by itself.
    Postponed(DownloadNumber, ClientError),
}

impl DownloadAnswer {
    /// Which download.
    pub fn number(&self) -> DownloadNumber {
        match self {
            Self::Found(number) | Self::Waits(number, _) | Self::Postponed(number, _) => *number,
        }
    }
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
    /// The central and this client are not secured alike.
    #[error("denied: {0}")]
    Denied(Denied),
    /// This client is downloading that file already.
    #[error("already downloading, as number {}", .0.0)]
    AlreadyRunning(DownloadNumber),
    /// No download of that number is unfinished.
    #[error("no download {} that is not over", .0.0)]
    NoSuchDownload(DownloadNumber),
    /// The folder of the downloads has no file of that name to verify.
    #[error("{0}: no such file among the downloaded ones")]
    NoLocalFile(FileName),
    /// There is no account of this name.
    #[error("no account is called {0}")]
    UnknownAccount(AccountName),
    /// The central refused for another reason.
    #[error("{message}")]
    Refused {
        /// For programs.
        code: ErrorCode,
        /// The central's words and values.
        message: Said,
    },
    /// This user has no account here.
    #[error("no account was made or used here")]
    NoAccount,
    /// The keys of the accounts cannot be read or kept.
    #[error("{0}")]
    Identity(StoreError),
    /// The system gives no random numbers, of which keys are made.
    #[error("the system has no random numbers")]
    NoRandomness,
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
    Self::UnknownAccount(_) => "unknown-account",
    Self::NoAccount => "no-account",
    Self::NoRandomness => "no-randomness",
    Self::Stopped => "client-stopped",
} in {
    Self::Denied(denied) => denied.code(),
    Self::Refused { code, .. } => code.code(),
    Self::Identity(error) => error.code(),
});

impl From<Stopped> for ClientError {
    fn from(_: Stopped) -> Self {
        Self::Stopped
    }
}
