//! What the connections of a secondary ask of its owner.

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use crate::{
    model::{FileName, IndexedFile, Receiver, TransferId},
    node::{
        Refused,
        ask::ask,
        rules::sent::Sending,
        send::{Opened, Provider, Wanted},
        shelf::Shelf,
    },
    store::StoreError,
};

/// What connections ask of the owner.
#[derive(Debug)]
pub(super) enum Input {
    /// A content to be sent.
    Open {
        transfer: TransferId,
        wanted: Wanted,
        receiver: Receiver,
        answer: oneshot::Sender<Result<Held, Refused>>,
    },
    /// Whether a content is here, for a face.
    Find {
        wanted: Wanted,
        answer: oneshot::Sender<Found>,
    },
    /// A content to be sent to a host by a face.
    OpenFor {
        host: IpAddr,
        file: Arc<IndexedFile>,
        answer: oneshot::Sender<Result<Held, Refused>>,
    },
    /// A file that could not be read as it was indexed.
    Damaged {
        name: FileName,
        /// It is there, and not as it was indexed.
        is_stale: bool,
    },
    BadPeer {
        address: SocketAddr,
        reason: Refused,
    },
}

impl Input {
    /// A file could not be read as it was indexed.
    pub(super) fn damaged(name: FileName, error: &StoreError) -> Self {
        let is_stale = matches!(error, StoreError::Changed(_) | StoreError::NotFound(_));
        Self::Damaged { name, is_stale }
    }
}

/// What is known of a content that somebody looks for.
#[derive(Clone, Debug)]
pub enum Found {
    /// It is served.
    Here(Arc<IndexedFile>),
    /// It was, or its name is another content's by now.
    Replaced,
    /// Nothing.
    Unknown,
}

/// A content that a connection asked for.
#[derive(Debug)]
pub(super) struct Held {
    pub(super) file: Arc<IndexedFile>,
    pub(super) sending: Sending,
    pub(super) stop: CancellationToken,
}

/// What this secondary serves. Its owner knows the files, and its folder has them.
#[derive(Debug)]
pub(super) struct Served {
    pub(super) inputs: mpsc::Sender<Input>,
    pub(super) shelf: Arc<dyn Shelf>,
}

impl Provider for Served {
    async fn open(
        &self,
        transfer: TransferId,
        wanted: Wanted,
        receiver: Receiver,
    ) -> Result<Opened, Refused> {
        let (answer, answered) = oneshot::channel();
        self.inputs
            .send(Input::Open {
                transfer,
                wanted,
                receiver,
                answer,
            })
            .await
            .map_err(|_| Refused::Stopping)?;
        let held = answered.await.map_err(|_| Refused::Stopping)??;
        self.opened(held).await
    }

    /// Has the index look at the file again.
    async fn damaged(&self, name: FileName, error: &StoreError) {
        tracing::warn!(file = %name, %error, "cannot be sent");
        // A store that is away says nothing of its files: they are not read again for that.
        if !error.says_nothing() {
            let _ = self.inputs.send(Input::damaged(name, error)).await;
        }
    }

    async fn bad_peer(&self, address: SocketAddr, reason: Refused) {
        let bad = Input::BadPeer { address, reason };
        let _ = self.inputs.send(bad).await;
    }
}

impl Served {
    /// Opens a content for a host that asks a face for it.
    pub(super) async fn open_for(
        &self,
        host: IpAddr,
        file: Arc<IndexedFile>,
    ) -> Result<Opened, Refused> {
        let open = |answer| Input::OpenFor { host, file, answer };
        let held = ask(&self.inputs, open).await;
        self.opened(held.map_err(|_| Refused::Stopping)??).await
    }

    /// Opens the file of a content.
    async fn opened(&self, held: Held) -> Result<Opened, Refused> {
        let Held {
            file,
            sending,
            stop,
        } = held;
        let shelf = Arc::clone(&self.shelf);
        let name = file.meta.name.clone();
        let opened = tokio::task::spawn_blocking(move || shelf.open(&file));
        match opened.await.map_err(|_| Refused::Stopping)? {
            Ok(content) => Ok(Opened {
                content,
                sending,
                stop,
            }),
            // This says nothing about the file.
            Err(error) if error.says_nothing() => {
                tracing::warn!(file = %name, %error, "cannot be sent now");
                Err(Refused::Unreadable(error))
            }
            Err(error) => {
                Provider::damaged(self, name, &error).await;
                Err(Refused::Unreadable(error))
            }
        }
    }
}
