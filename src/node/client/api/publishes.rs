//! What the handle of a client asks about published files.

use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use super::{
    ClientError, ClientHandle, PublishError, PublishOrder, PublishedAs, ReadFile, ServingView,
    ShelfView, handle::ClientCommand,
};
use crate::{
    model::{AccountName, FileName, PublishedFile, limits::MAX_PUBLISHED_EACH},
    node::ask::{Stopped, ask},
    store::published::{PathError, Whereabouts, files_below},
};

/// Ends a long reading when whoever asked for it does not wait any more.
#[derive(Default)]
struct Over(Arc<AtomicBool>);

impl Over {
    fn flag(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.0)
    }
}

impl Drop for Over {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl ClientHandle {
    /// Publishes a file below this client's account. It stays where it is, and is read once first.
    ///
    /// # Errors
    /// See [`PublishError`].
    pub async fn publish(&self, order: PublishOrder) -> Result<PublishedAs, PublishError> {
        if self.allowed.is_empty() {
            return Err(PublishError::Alone);
        }
        let (path, allowed) = (order.path.clone(), Arc::clone(&self.allowed));
        let find = move || Whereabouts::find(&path, &allowed);
        let place = tokio::task::spawn_blocking(find).await;
        let place = place.map_err(|_| Stopped)??;
        // Nothing long is read that could not be published.
        let name = order.name.clone();
        let name = name.unwrap_or_else(|| place.file_name().clone());
        let asked = |answer| ClientCommand::PublishedName(name, answer);
        ask(&self.commands, asked).await??;
        let over = Over::default();
        let (reading, is_over) = (place.clone(), over.flag());
        let read = move || reading.digest(|| is_over.load(Ordering::Relaxed));
        let read = tokio::task::spawn_blocking(read).await;
        let file = read.map_err(|_| Stopped)?;
        let file = Arc::new(file.map_err(PathError::from)?);
        let read = ReadFile { order, place, file };
        ask(&self.commands, |answer| {
            ClientCommand::Publish(Box::new(read), answer)
        })
        .await?
    }

    /// The files below a folder that could be published, by their names in it, with their lengths in bytes; one more than an
    /// account may publish, where there are more.
    ///
    /// # Errors
    /// When the folder may not be published from, or cannot be read.
    pub async fn files_to_publish(
        &self,
        folder: PathBuf,
    ) -> Result<Vec<(FileName, u64)>, PublishError> {
        if self.allowed.is_empty() {
            return Err(PublishError::Alone);
        }
        let allowed = Arc::clone(&self.allowed);
        let list = move || files_below(&folder, &allowed, MAX_PUBLISHED_EACH);
        let listed = tokio::task::spawn_blocking(list).await;
        Ok(listed.map_err(|_| Stopped)??)
    }

    /// Withdraws a file of this client's account, from all its devices; `name` may leave the account out.
    ///
    /// # Errors
    /// See [`PublishError`].
    pub async fn withdraw(&self, name: FileName) -> Result<(), PublishError> {
        ask(&self.commands, |answer| {
            ClientCommand::Withdraw(name, answer)
        })
        .await?
    }

    /// What an account publishes and this client may see.
    ///
    /// # Errors
    /// As [`Self::list`], and when there is no such account.
    pub async fn content(&self, account: AccountName) -> Result<Vec<PublishedFile>, ClientError> {
        ask(&self.commands, |answer| {
            ClientCommand::Content(account, answer)
        })
        .await?
    }

    /// What this device publishes, and how it stands.
    pub async fn shelf(&self) -> Result<Vec<ShelfView>, Stopped> {
        ask(&self.commands, ClientCommand::Shelf).await
    }

    /// What this client gives to its peers.
    pub async fn serving(&self) -> Result<ServingView, Stopped> {
        ask(&self.commands, ClientCommand::Serving).await
    }

    /// Limits what all peers are sent together, in bytes per second; `None` for no limit.
    pub async fn set_upload_limit(&self, bytes_per_s: Option<u64>) -> Result<(), Stopped> {
        ask(&self.commands, |answer| {
            ClientCommand::SetUploadLimit(bytes_per_s, answer)
        })
        .await
    }
}
