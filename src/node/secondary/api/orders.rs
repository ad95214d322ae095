//! What a running secondary is asked, by its program and by its face; the commands are what its owner hears of it.

use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};

use super::{Emptied, RecoveredFile, RunningTransfer, SecondaryFigures, SecondaryStatus};
use crate::{
    model::FileName,
    node::{
        ask::{Stopped, ask},
        central::DownloadCount,
        shelf::Aside,
    },
    store::{
        StoreError,
        retired::{RetiredFile, RetiredLimits, RetiredTotal},
    },
};

/// Commands to a running secondary.
#[derive(Debug)]
pub(in crate::node::secondary) enum SecondaryCommand {
    Running(oneshot::Sender<Vec<RunningTransfer>>),
    Downloads(oneshot::Sender<Vec<DownloadCount>>),
    Status(oneshot::Sender<SecondaryStatus>),
    Figures(oneshot::Sender<SecondaryFigures>),
    Statistics(oneshot::Sender<serde_json::Value>),
    Reindex(oneshot::Sender<()>),
    SetUploadLimit(Option<u64>, oneshot::Sender<()>),
}

/// See the module. Copies are the same.
#[derive(Clone, Debug)]
pub struct SecondaryOrders {
    pub(in crate::node::secondary) commands: mpsc::Sender<SecondaryCommand>,
    pub(in crate::node::secondary) retired: Arc<dyn Aside>,
}

impl SecondaryOrders {
    pub(in crate::node::secondary) fn new(
        commands: mpsc::Sender<SecondaryCommand>,
        retired: Arc<dyn Aside>,
    ) -> Self {
        Self { commands, retired }
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
        let retired = Arc::clone(&self.retired);
        on_disk(&self.retired, move || retired.list()).await
    }

    /// The same, to be looked at without waiting for this node.
    pub fn retired_store(&self) -> Arc<dyn Aside> {
        Arc::clone(&self.retired)
    }

    /// Brings back a file that was set aside, and gives its present name (`RECUPERAR`). It counts as one that somebody
    /// has put there. `None` if there is no such number.
    ///
    /// # Errors
    /// What the disk says.
    pub async fn recover(&self, number: u64) -> Result<Option<FileName>, StoreError> {
        let retired = Arc::clone(&self.retired);
        on_disk(&self.retired, move || retired.recover(number)).await
    }

    /// Removes for good files that were set aside, by their numbers (`VACIAR`). Gives how much went.
    ///
    /// # Errors
    /// What the disk says.
    pub async fn empty_retired(&self, numbers: Vec<u64>) -> Result<RetiredTotal, StoreError> {
        let retired = Arc::clone(&self.retired);
        on_disk(&self.retired, move || retired.empty(&numbers)).await
    }

    /// Limits how much of what was set aside is kept, and for how long.
    pub async fn set_retired_limits(&self, limits: RetiredLimits) -> Result<(), StoreError> {
        let retired = Arc::clone(&self.retired);
        on_disk(&self.retired, move || {
            retired.set_limits(limits);
            retired.enforce()
        })
        .await
    }

    /// Brings back several files that were set aside, or all where none are named.
    ///
    /// # Errors
    /// What the disk says.
    pub async fn recover_all(
        &self,
        which: Option<Vec<u64>>,
    ) -> Result<Vec<RecoveredFile>, StoreError> {
        let numbers = match which {
            Some(numbers) => numbers,
            None => {
                let files = self.retired().await?;
                files.iter().map(|file| file.number).collect()
            }
        };
        let mut recovered = Vec::new();
        for number in numbers {
            let name = self.recover(number).await?;
            recovered.push(RecoveredFile { number, name });
        }
        Ok(recovered)
    }

    /// Removes for good several files that were set aside, or all where none are named, once that is `agreed`; says before
    /// which would go.
    ///
    /// # Errors
    /// What the disk says.
    pub async fn empty_all(
        &self,
        which: Option<Vec<u64>>,
        agreed: bool,
    ) -> Result<Emptied, StoreError> {
        let files = self.retired().await?;
        let going: Vec<RetiredFile> = match which {
            None => files,
            Some(numbers) => {
                let is_there = |number: &u64| files.iter().any(|file| file.number == *number);
                if let Some(number) = numbers.iter().find(|number| !is_there(number)) {
                    return Ok(Emptied::NotThere(*number));
                }
                let is_meant = |file: &RetiredFile| numbers.contains(&file.number);
                files.into_iter().filter(is_meant).collect()
            }
        };
        if !agreed || going.is_empty() {
            return Ok(Emptied::WouldGo(going));
        }
        let numbers = going.iter().map(|file| file.number).collect();
        self.empty_retired(numbers).await.map(Emptied::Gone)
    }

    /// How it is, and what it has sent to clients, from run to run.
    pub async fn figures(&self) -> Result<SecondaryFigures, Stopped> {
        ask(&self.commands, SecondaryCommand::Figures).await
    }
}

/// Runs work that waits for a disk.
async fn on_disk<T: Send + 'static>(
    retired: &Arc<dyn Aside>,
    work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|error| Err(StoreError::new(&retired.path(), &error.into())))
}
