//! The handle of a running central, and the commands that it sends.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use tokio::{
    sync::{mpsc, oneshot},
    task::JoinHandle,
};
use tokio_util::sync::CancellationToken;

use super::{Catalogue, DownloadCount, Offer, Summary};
use crate::{
    engine::cluster::{ClientInfo, Drained, Expelled, QueueRow, Refusal, Resolved, SecondaryInfo},
    model::{ClusterStatus, Conflict, FileName, SecondaryNumber},
    node::{
        StopError,
        ask::{Stopped, ask},
    },
    store::StoreError,
};

/// A running central.
#[derive(Debug)]
pub struct CentralHandle {
    pub(in crate::node::central) address: SocketAddr,
    pub(in crate::node::central) commands: mpsc::Sender<CentralCommand>,
    pub(in crate::node::central) stop: CancellationToken,
    pub(in crate::node::central) done: JoinHandle<Result<(), StoreError>>,
}

/// Commands to a running central.
#[derive(Debug)]
pub(in crate::node::central) enum CentralCommand {
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
    Offer(FileName, oneshot::Sender<Result<Offer, Refusal>>),
    Catalogue(oneshot::Sender<Arc<Catalogue>>),
    Summary(oneshot::Sender<Summary>),
}

impl CentralHandle {
    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Downloads per file, including files with none (`NUMERO_DESCARGAS_VIDEO`).
    pub async fn downloads_per_file(&self) -> Result<Vec<DownloadCount>, Stopped> {
        ask(&self.commands, CentralCommand::PerFile).await
    }

    /// Downloads per client (`VIDEOS_CLIENTE`).
    pub async fn downloads_per_client(&self) -> Result<Vec<DownloadCount>, Stopped> {
        ask(&self.commands, CentralCommand::PerClient).await
    }

    /// The state of the cluster.
    pub async fn status(&self) -> Result<ClusterStatus, Stopped> {
        ask(&self.commands, CentralCommand::Status).await
    }

    /// The secondaries that have enrolled since the start, by number.
    pub async fn secondaries(&self) -> Result<Vec<SecondaryInfo>, Stopped> {
        ask(&self.commands, CentralCommand::Secondaries).await
    }

    /// The connected clients, and the legacy clients that are being sent something.
    pub async fn clients(&self) -> Result<Vec<ClientInfo>, Stopped> {
        ask(&self.commands, CentralCommand::Clients).await
    }

    /// The downloads that wait, in the order of the line.
    pub async fn queue(&self) -> Result<Vec<QueueRow>, Stopped> {
        ask(&self.commands, CentralCommand::Queue).await
    }

    /// Expels all clients of a name. Their connections end with that reason, their downloads fail, their slots and
    /// positions are free, and the secondaries send them nothing more. The name is refused for
    /// [`EXPELLED_FOR`](crate::model::limits::EXPELLED_FOR), or until the central restarts.
    pub async fn expel(&self, name: &str) -> Result<Expelled, Stopped> {
        let name = name.to_owned();
        ask(&self.commands, |answer| CentralCommand::Expel(name, answer)).await
    }

    /// Drains a secondary, so that it can be stopped without anybody noticing. It finishes what it was asked for, is
    /// asked for nothing new that another live secondary holds, and takes no copies. Only it can serve what it alone
    /// holds, so it goes on serving that. [`Notice::Drained`](crate::engine::cluster::Notice::Drained) says when it has
    /// nothing left to send. Draining outlives a restart of the secondary, but not one of the central.
    pub async fn drain(&self, number: SecondaryNumber) -> Result<Drained, Stopped> {
        ask(&self.commands, |answer| {
            CentralCommand::Drain(number, answer)
        })
        .await
    }

    /// Ends draining: the secondary works as before.
    pub async fn end_draining(&self, number: SecondaryNumber) -> Result<Drained, Stopped> {
        ask(&self.commands, |answer| {
            CentralCommand::EndDraining(number, answer)
        })
        .await
    }

    /// Sets how many downloads may run at once, at least one. A smaller number ends nothing; a larger one lets the
    /// first in line begin.
    pub async fn set_max_downloads(&self, most: usize) -> Result<(), Stopped> {
        ask(&self.commands, |answer| {
            CentralCommand::SetMaxDownloads(most, answer)
        })
        .await
    }

    /// The names that stand for several contents, each with all of them.
    pub async fn conflicts(&self) -> Result<Vec<Conflict>, Stopped> {
        ask(&self.commands, CentralCommand::Conflicts).await
    }

    /// Decides which of several contents a name stands for: `choice` is a [`Version::choice`](crate::model::Version),
    /// or the number of a secondary that holds it. Copies of the others are set aside where they are.
    pub async fn resolve(&self, name: FileName, choice: u16) -> Result<Resolved, Stopped> {
        ask(&self.commands, |answer| {
            CentralCommand::Resolve(name, choice, answer)
        })
        .await
    }

    /// The statistics as they would be saved now.
    pub async fn statistics(&self) -> Result<serde_json::Value, Stopped> {
        ask(&self.commands, CentralCommand::Statistics).await
    }

    /// Cancelled when the node stops by itself, because a part of it has failed.
    pub fn stopped(&self) -> CancellationToken {
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
