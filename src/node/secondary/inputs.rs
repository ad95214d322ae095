//! What passes between the connections of a secondary and its owner.

use std::{net::SocketAddr, sync::Arc};

use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use super::shares::Shares;
use crate::{
    model::{Digest, FileName, Incarnation, IndexedFile, Receiver, SecondaryNumber, TransferId},
    net::Pacer,
    node::{Refused, Security, rules::sent::Sending},
    store::{ContentReader, Root, StoreError, retired::Retired},
};

/// What connections ask of the owner.
#[derive(Debug)]
pub(super) enum Input {
    /// A content, to be sent.
    Open {
        transfer: TransferId,
        wanted: Wanted,
        receiver: Receiver,
        answer: oneshot::Sender<Result<Held, Refused>>,
    },
    /// A file that could not be read as it was indexed.
    Damaged { name: FileName },
    BadPeer {
        address: SocketAddr,
        reason: Refused,
    },
}

/// What every connection is given.
#[derive(Clone, Debug)]
pub(super) struct Context {
    pub(super) number: SecondaryNumber,
    pub(super) incarnation: Incarnation,
    pub(super) root: Root,
    pub(super) retired: Retired,
    pub(super) inputs: mpsc::Sender<Input>,
    pub(super) stop: CancellationToken,
    pub(super) pacer: Arc<Pacer>,
    pub(super) shares: Arc<Shares>,
    pub(super) security: Arc<Security>,
}

/// What the owner knows of a content that is asked for.
#[derive(Debug)]
pub(super) struct Held {
    pub(super) file: Arc<IndexedFile>,
    pub(super) sending: Sending,
    pub(super) stop: CancellationToken,
}

/// A content that can be sent.
#[derive(Debug)]
pub(super) struct Opened {
    pub(super) content: Arc<ContentReader>,
    pub(super) sending: Sending,
    /// Cancelled when nothing more is to be sent.
    pub(super) stop: CancellationToken,
}

/// What to look for.
#[derive(Debug)]
pub(super) enum Wanted {
    /// A content, by preference under a name.
    Content { id: Digest, name: FileName },
    /// Whatever has the name; for legacy clients.
    Named(FileName),
}

impl Context {
    /// Opens a content for a receiver.
    pub(super) async fn open(
        &self,
        transfer: TransferId,
        id: Digest,
        name: &FileName,
        receiver: &Receiver,
    ) -> Result<Opened, Refused> {
        let wanted = Wanted::Content {
            id,
            name: name.clone(),
        };
        self.open_any(transfer, wanted, receiver.clone()).await
    }

    pub(super) async fn open_any(
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
        let Held {
            file,
            sending,
            stop,
        } = answered.await.map_err(|_| Refused::Stopping)??;
        let (root, retired) = (self.root.clone(), self.retired.clone());
        let name = file.meta.name.clone();
        let opened = tokio::task::spawn_blocking(move || {
            match ContentReader::open(&root, Arc::clone(&file)) {
                // Another has its name by now: it may have been set aside.
                Err(error @ (StoreError::Changed(_) | StoreError::NotFound(_))) => {
                    retired.open(&file).map_err(|_| error)
                }
                other => other,
            }
        });
        match opened.await.map_err(|_| Refused::Stopping)? {
            Ok(content) => Ok(Opened {
                content: Arc::new(content),
                sending,
                stop,
            }),
            // That says nothing of the file.
            Err(error @ StoreError::NoDescriptor(_)) => {
                tracing::warn!(file = %name, %error, "cannot be sent now");
                Err(Refused::Unreadable(error))
            }
            Err(error) => {
                self.damaged(name, &error).await;
                Err(Refused::Unreadable(error))
            }
        }
    }

    /// A file is not what it was: the index looks at it again.
    pub(super) async fn damaged(&self, name: FileName, error: &StoreError) {
        tracing::warn!(file = %name, %error, "cannot be sent");
        let _ = self.inputs.send(Input::Damaged { name }).await;
    }

    /// A connection is refused, or ends for what it did.
    pub(super) async fn bad_peer(&self, address: SocketAddr, reason: Refused) {
        let bad = Input::BadPeer { address, reason };
        let _ = self.inputs.send(bad).await;
    }
}
