//! What a running central is asked, by its program and by its face; the commands are what its owner hears of it.

use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};

use super::{
    super::catalogue::Popular,
    Catalogue, CentralInfo, DownloadCount, DrainedSecondary, Membership, Offer, Present, Standing,
    Summary,
    counting::{FigureAsked, Info, NotDelivered, OpenDoor, PrivateMessage},
};
use crate::{
    engine::cluster::{
        ClientInfo, Drained, Expelled, QueueRow, Refusal, Resolved, Running, SecondaryCondition,
        SecondaryInfo,
    },
    engine::leadership::NotMigrated,
    model::{ClusterStatus, Conflict, FigureValue, FileName, SecondaryNumber},
    node::{
        ask::{Stopped, ask},
        link::LinkEvent,
    },
};

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
    MaxDownloads(oneshot::Sender<usize>),
    SetMaxDownloads(usize, oneshot::Sender<()>),
    Running(oneshot::Sender<Vec<Running>>),
    Conflicts(oneshot::Sender<Vec<Conflict>>),
    Resolve(FileName, u16, oneshot::Sender<Resolved>),
    Statistics(oneshot::Sender<serde_json::Value>),
    Offer(FileName, oneshot::Sender<Result<Offer, Refusal>>),
    Catalogue(oneshot::Sender<Arc<Catalogue>>),
    Summary(oneshot::Sender<Summary>),
    /// The gateway says hello, and hears what follows.
    Gateway(mpsc::Sender<LinkEvent>),
    Present(oneshot::Sender<Present>),
    Place(PlaceCommand),
    Migrate(Option<String>, oneshot::Sender<Result<String, NotMigrated>>),
    Centrals(oneshot::Sender<Vec<CentralInfo>>),
    /// An operator's order to a figure.
    Figure(FigureAsked),
    Figures(oneshot::Sender<Vec<FigureValue>>),
    Popular(oneshot::Sender<Popular>),
    DoorOpen(OpenDoor, oneshot::Sender<()>),
    Played(FileName, String, oneshot::Sender<()>),
    Say(PrivateMessage, oneshot::Sender<Result<(), NotDelivered>>),
    Info(oneshot::Sender<Info>),
}

/// What it is told of the other centrals of its cluster.
#[derive(Debug)]
pub(in crate::node::central) enum PlaceCommand {
    Stand(Standing, oneshot::Sender<()>),
    Membership(oneshot::Sender<Membership>),
    Join(Membership, oneshot::Sender<()>),
}

/// See the module. Copies are the same.
#[derive(Clone, Debug)]
pub struct CentralOrders {
    pub(in crate::node::central) commands: mpsc::Sender<CentralCommand>,
    /// Orders to figures by the doors, which may be a flood.
    pub(in crate::node::central) figures: mpsc::Sender<FigureAsked>,
}

impl CentralOrders {
    /// Downloads per file, including files with none (`NUMERO_DESCARGAS_VIDEO`).
    pub async fn downloads_per_file(&self) -> Result<Vec<DownloadCount>, Stopped> {
        ask(&self.commands, CentralCommand::PerFile).await
    }

    /// Downloads per client (`VIDEOS_CLIENTE`).
    pub async fn downloads_per_client(&self) -> Result<Vec<DownloadCount>, Stopped> {
        ask(&self.commands, CentralCommand::PerClient).await
    }

    /// Has another central reign, that of a name or whichever is ready (`MIGRAR`); gives its name.
    pub async fn migrate(
        &self,
        to: Option<String>,
    ) -> Result<Result<String, NotMigrated>, Stopped> {
        ask(&self.commands, |answer| CentralCommand::Migrate(to, answer)).await
    }

    /// The centrals of the cluster (`CENTRALES`).
    pub async fn centrals(&self) -> Result<Vec<CentralInfo>, Stopped> {
        ask(&self.commands, CentralCommand::Centrals).await
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
    /// [`EXPELLED_FOR`](crate::model::limits::EXPELLED_FOR), also by a central that restarts meanwhile.
    pub async fn expel(&self, name: &str) -> Result<Expelled, Stopped> {
        let name = name.to_owned();
        ask(&self.commands, |answer| CentralCommand::Expel(name, answer)).await
    }

    /// Drains a secondary, so that it can be stopped without anybody noticing. It finishes what it was asked for, is
    /// asked for nothing new that another live secondary holds, and takes no copies. Only it can serve what it alone
    /// holds, so it goes on serving that. [`Notice::Drained`](crate::engine::cluster::Notice::Drained) says when it has
    /// nothing left to send. Draining outlives restarts of the secondary and of the central.
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

    /// How many downloads may run at once.
    pub async fn max_downloads(&self) -> Result<usize, Stopped> {
        ask(&self.commands, CentralCommand::MaxDownloads).await
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

    /// Drains secondaries, or all where none are named, or has them work again; says what became of each.
    pub async fn drain_all(
        &self,
        which: Option<Vec<u64>>,
        begin: bool,
    ) -> Result<Vec<DrainedSecondary>, Stopped> {
        let known = self.secondaries().await?;
        let all = || known.iter().map(|s| s.number.get().into()).collect();
        let mut drained = Vec::new();
        for secondary in which.unwrap_or_else(all) {
            let is_it = |info: &&SecondaryInfo| u64::from(info.number.get()) == secondary;
            let was = known.iter().find(is_it).map(|info| info.state);
            drained.push(DrainedSecondary {
                secondary,
                drained: match SecondaryNumber::try_from(secondary) {
                    Ok(number) if begin => self.drain(number).await?,
                    Ok(number) => self.end_draining(number).await?,
                    Err(_) => Drained::NoSuchSecondary,
                },
                unchanged: was.is_some_and(|was| (was == SecondaryCondition::Draining) == begin),
            });
        }
        Ok(drained)
    }

    /// Who holds the file of a name.
    pub async fn offer(&self, name: FileName) -> Result<Result<Offer, Refusal>, Stopped> {
        ask(&self.commands, |answer| CentralCommand::Offer(name, answer)).await
    }

    /// All files that can be downloaded.
    pub async fn catalogue(&self) -> Result<Arc<Catalogue>, Stopped> {
        ask(&self.commands, CentralCommand::Catalogue).await
    }

    /// How the cluster is.
    pub async fn summary(&self) -> Result<Summary, Stopped> {
        ask(&self.commands, CentralCommand::Summary).await
    }

    /// The transfers that run, some hundreds at most.
    pub async fn running(&self) -> Result<Vec<Running>, Stopped> {
        ask(&self.commands, CentralCommand::Running).await
    }

    /// Has this central stand otherwise among those of its cluster, and tell its peers.
    pub async fn stand(&self, standing: Standing) -> Result<(), Stopped> {
        ask(&self.commands, |answer| {
            CentralCommand::Place(PlaceCommand::Stand(standing, answer))
        })
        .await
    }

    /// The cluster that it is of, and where that has its centrals.
    pub async fn membership(&self) -> Result<Membership, Stopped> {
        ask(&self.commands, |answer| {
            CentralCommand::Place(PlaceCommand::Membership(answer))
        })
        .await
    }

    /// Has it be of a cluster, which it does not remember; its peers are told of the other centrals.
    pub async fn join(&self, membership: Membership) -> Result<(), Stopped> {
        ask(&self.commands, |answer| {
            CentralCommand::Place(PlaceCommand::Join(membership, answer))
        })
        .await
    }

    /// All that a page shows and that changes by itself.
    pub async fn present(&self) -> Result<Present, Stopped> {
        ask(&self.commands, CentralCommand::Present).await
    }
}
