//! The handle of a running secondary, and the commands that it sends.

use std::net::SocketAddr;

use tokio::{
    sync::{mpsc, oneshot},
    task::JoinHandle,
};
use tokio_util::sync::CancellationToken;

use super::{RunningTransfer, SecondaryStatus};
use crate::{
    engine::counters::Counters,
    model::FileName,
    node::{
        StopError,
        ask::{Stopped, ask},
        central::DownloadCount,
    },
    store::{
        StoreError,
        retired::{Retired, RetiredFile, RetiredLimits, RetiredTotal},
    },
};

/// A running secondary.
#[derive(Debug)]
pub struct SecondaryHandle {
    pub(in crate::node::secondary) address: SocketAddr,
    pub(in crate::node::secondary) commands: mpsc::Sender<SecondaryCommand>,
    pub(in crate::node::secondary) retired: Retired,
    pub(in crate::node::secondary) stop: CancellationToken,
    pub(in crate::node::secondary) done: JoinHandle<Result<(), StopError>>,
}

/// Commands to a running secondary.
#[derive(Debug)]
pub(in crate::node::secondary) enum SecondaryCommand {
    Running(oneshot::Sender<Vec<RunningTransfer>>),
    Downloads(oneshot::Sender<Vec<DownloadCount>>),
    Status(oneshot::Sender<SecondaryStatus>),
    Figures(oneshot::Sender<(SecondaryStatus, Counters)>),
    Statistics(oneshot::Sender<serde_json::Value>),
    Reindex(oneshot::Sender<()>),
    SetUploadLimit(Option<u64>, oneshot::Sender<()>),
}

impl SecondaryHandle {
    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Transfers that run now, copies included (`VIDEOS_DESCARGANDO`).
    pub async fn running(&self) -> Result<Vec<RunningTransfer>, Stopped> {
        ask(&self.commands, SecondaryCommand::Running).await
    }

    /// Complete downloads per file in which this secondary took part (`VIDEOS_DESCARGADOS`).
    pub async fn downloads(&self) -> Result<Vec<DownloadCount>, Stopped> {
        ask(&self.commands, SecondaryCommand::Downloads).await
    }

    /// How it is.
    pub async fn status(&self) -> Result<SecondaryStatus, Stopped> {
        ask(&self.commands, SecondaryCommand::Status).await
    }

    /// The statistics as they would be saved now.
    pub async fn statistics(&self) -> Result<serde_json::Value, Stopped> {
        ask(&self.commands, SecondaryCommand::Statistics).await
    }

    /// Reads the whole folder again, whatever is known of its files, in the background and at low priority. They are
    /// served meanwhile; a file with other content counts as changed.
    /// [`SecondaryEvent::Reindexing`](super::SecondaryEvent::Reindexing) comes now, and
    /// [`SecondaryEvent::FolderRead`](super::SecondaryEvent::FolderRead) at the end.
    pub async fn reindex(&self) -> Result<(), Stopped> {
        ask(&self.commands, SecondaryCommand::Reindex).await
    }

    /// Limits what it sends over all connections, in bytes per second and at least 1, also in transfers that run;
    /// `None` lifts the limit.
    pub async fn set_upload_limit(&self, bytes_per_s: Option<u64>) -> Result<(), Stopped> {
        ask(&self.commands, |answer| {
            SecondaryCommand::SetUploadLimit(bytes_per_s, answer)
        })
        .await
    }

    /// The files that were set aside and are kept, the oldest first (`RETIRADOS`).
    ///
    /// # Errors
    /// What the disk says.
    pub async fn retired(&self) -> Result<Vec<RetiredFile>, StoreError> {
        let retired = self.retired.clone();
        on_disk(&self.retired, move || retired.list()).await
    }

    /// The same, to be looked at without waiting for this node.
    pub fn retired_store(&self) -> Retired {
        self.retired.clone()
    }

    /// Brings back a file that was set aside, and gives its present name (`RECUPERAR`). It counts as one that somebody
    /// has put there. `None` if there is no such number.
    ///
    /// # Errors
    /// What the disk says.
    pub async fn recover(&self, number: u64) -> Result<Option<FileName>, StoreError> {
        let retired = self.retired.clone();
        on_disk(&self.retired, move || retired.recover(number)).await
    }

    /// Removes for good files that were set aside, by their numbers (`VACIAR`). Gives how much went.
    ///
    /// # Errors
    /// What the disk says.
    pub async fn empty_retired(&self, numbers: Vec<u64>) -> Result<RetiredTotal, StoreError> {
        let retired = self.retired.clone();
        on_disk(&self.retired, move || retired.empty(&numbers)).await
    }

    /// Limits how much of what was set aside is kept, and for how long.
    pub async fn set_retired_limits(&self, limits: RetiredLimits) -> Result<(), StoreError> {
        let retired = self.retired.clone();
        on_disk(&self.retired, move || {
            retired.set_limits(limits);
            retired.enforce()
        })
        .await
    }

    /// Cancelled when the node stops by itself, for instance because the central refuses it.
    pub fn stopped(&self) -> CancellationToken {
        self.stop.clone()
    }

    /// Says goodbye, gives transfers two seconds, saves the statistics and ends.
    ///
    /// # Errors
    /// When the statistics could not be saved, or the node had failed before.
    pub async fn stop(self) -> Result<(), StopError> {
        self.stop.cancel();
        StopError::of(self.done.await)
    }
}

/// Runs work that waits for a disk.
async fn on_disk<T: Send + 'static>(
    retired: &Retired,
    work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|error| Err(StoreError::new(retired.path(), &error.into())))
}
