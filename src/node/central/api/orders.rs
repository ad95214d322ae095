//! What a running central is asked, by its program and by its face; the commands are what its owner hears of it.

mod accounts;
mod draining;

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use tokio::sync::{mpsc, oneshot, watch};

use super::{
    super::catalogue::Popular,
    Catalogue, CentralInfo, DownloadCount, Membership, Offer, Order, Ordered, OwnFigures, Present,
    ReigningCentral, Standing, Summary, Unanswered,
    counting::{FigureAsked, Info, NotDelivered, OpenDoor, PrivateMessage},
    ordered::{Given, NotTaken, Reigns, Settled},
};
use crate::{
    engine::{
        accounts::AccountRefusal,
        cluster::{
            AccountInfo, ClientInfo, Expelled, QueueRow, Refusal, Resolved, Running, SecondaryInfo,
        },
        leadership::NotMigrated,
    },
    model::{
        AccountName, AuditQuery, Audited, ClientName, ClusterStatus, Conflict, Digest, Door,
        FigureValue, FileName, OrderId, Session,
    },
    node::{ask::ask, clock, link::LinkEvent},
};

/// How long an order waits for the next reign, which has it in its journal or not.
const SETTLED_WITHIN: Duration = Duration::from_secs(15);
/// Pause before the journal is asked again.
const ASK_AGAIN: Duration = Duration::from_millis(20);

/// Commands to a running central.
#[derive(Debug)]
pub(in crate::node::central) enum CentralCommand {
    PerFile(oneshot::Sender<Vec<DownloadCount>>),
    PerClient(oneshot::Sender<Vec<DownloadCount>>),
    Status(oneshot::Sender<ClusterStatus>),
    Secondaries(oneshot::Sender<Vec<SecondaryInfo>>),
    Clients(oneshot::Sender<Vec<ClientInfo>>),
    Queue(oneshot::Sender<Vec<QueueRow>>),
    MaxDownloads(oneshot::Sender<usize>),
    /// Done once for each name, whoever reigns.
    Order(
        Order,
        OrderId,
        Given,
        Door,
        oneshot::Sender<Result<Ordered, NotTaken>>,
    ),
    /// What became of an order that was taken before the reign ended.
    Settled(Order, OrderId, oneshot::Sender<Settled>),
    Running(oneshot::Sender<Vec<Running>>),
    Conflicts(oneshot::Sender<Vec<Conflict>>),
    Accounts(oneshot::Sender<Vec<AccountInfo>>),
    Account(
        AccountOrder,
        Door,
        oneshot::Sender<Result<AccountName, AccountRefusal>>,
    ),
    Audit(AuditQuery, oneshot::Sender<Vec<Audited>>),
    Statistics(oneshot::Sender<serde_json::Value>),
    Offer(FileName, oneshot::Sender<Result<Offer, Refusal>>),
    Catalogue(oneshot::Sender<Arc<Catalogue>>),
    Summary(oneshot::Sender<Summary>),
    /// The gateway says hello, and hears what follows.
    Gateway(mpsc::Sender<LinkEvent>),
    Present(oneshot::Sender<Present>),
    /// What a central on standby can say of itself too.
    Own(oneshot::Sender<OwnFigures>),
    Place(PlaceCommand),
    Migrate(
        Option<String>,
        Door,
        oneshot::Sender<Result<String, NotMigrated>>,
    ),
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
    reigns: watch::Receiver<Reigns>,
    /// By which door its orders come.
    door: Door,
    /// The journal has not kept up for some time.
    pub(in crate::node::central) journal_busy: Arc<AtomicBool>,
}

/// What an administrator does to an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::node::central) enum AccountOrder {
    /// A code of this hash lets one device more in.
    NewCode(ClientName, Digest),
    /// The device whose key begins so is its no more.
    RemoveDevice(ClientName, String),
    /// It is no more, and its name rests.
    Remove(ClientName),
    /// A name that rests is free.
    Free(ClientName),
}

impl CentralOrders {
    pub(in crate::node::central) fn new(
        commands: mpsc::Sender<CentralCommand>,
        figures: mpsc::Sender<FigureAsked>,
        reigns: watch::Receiver<Reigns>,
    ) -> Self {
        Self {
            commands,
            figures,
            reigns,
            door: Door::Console,
            journal_busy: Arc::default(),
        }
    }

    async fn ask<T>(
        &self,
        command: impl FnOnce(oneshot::Sender<T>) -> CentralCommand,
    ) -> Result<T, Unanswered> {
        // One that does not reign answers nothing that the one that does must answer.
        let asked = ask(&self.commands, command).await;
        asked.map_err(|stopped| match &*self.reigns.borrow() {
            Reigns::Elsewhere(active) if !self.commands.is_closed() => {
                Unanswered::Standby(active.clone())
            }
            Reigns::Elsewhere(_) | Reigns::Here => stopped.into(),
        })
    }

    /// The same by another door: who ordered what is in the audit trail.
    #[must_use]
    pub fn by(&self, door: Door) -> Self {
        Self {
            door,
            ..self.clone()
        }
    }

    /// Lines of the audit trail (`AUDITORIA`).
    pub async fn audit(&self, query: AuditQuery) -> Result<Vec<Audited>, Unanswered> {
        self.ask(|answer| CentralCommand::Audit(query, answer))
            .await
    }

    fn standby(&self) -> Unanswered {
        Unanswered::Standby(self.elsewhere().unwrap_or_default())
    }

    /// The central that reigns, as far as that is known, where this one is on standby.
    pub fn elsewhere(&self) -> Option<Option<ReigningCentral>> {
        match &*self.reigns.borrow() {
            Reigns::Here => None,
            Reigns::Elsewhere(active) => Some(active.clone()),
        }
    }

    /// What it can say of itself, also on standby.
    pub async fn own(&self) -> Result<OwnFigures, Unanswered> {
        self.ask(CentralCommand::Own).await
    }

    /// True when the disk, or etcd, has not kept up with the journal for seconds: whatever is asked would have to wait for
    /// that, and orders should rather be refused.
    pub fn is_journal_busy(&self) -> bool {
        self.journal_busy.load(Ordering::Relaxed)
    }

    /// Downloads per file, including files with none (`NUMERO_DESCARGAS_VIDEO`).
    pub async fn downloads_per_file(&self) -> Result<Vec<DownloadCount>, Unanswered> {
        self.ask(CentralCommand::PerFile).await
    }

    /// Downloads per client (`VIDEOS_CLIENTE`).
    pub async fn downloads_per_client(&self) -> Result<Vec<DownloadCount>, Unanswered> {
        self.ask(CentralCommand::PerClient).await
    }

    /// Has another central reign, that of a name or whichever is ready (`MIGRAR`); gives its name.
    pub async fn migrate(
        &self,
        to: Option<String>,
    ) -> Result<Result<String, NotMigrated>, Unanswered> {
        self.ask(|answer| CentralCommand::Migrate(to, self.door, answer))
            .await
    }

    /// The centrals of the cluster (`CENTRALES`).
    pub async fn centrals(&self) -> Result<Vec<CentralInfo>, Unanswered> {
        self.ask(CentralCommand::Centrals).await
    }

    /// The state of the cluster.
    pub async fn status(&self) -> Result<ClusterStatus, Unanswered> {
        self.ask(CentralCommand::Status).await
    }

    /// The secondaries that have enrolled since the start, by number.
    pub async fn secondaries(&self) -> Result<Vec<SecondaryInfo>, Unanswered> {
        self.ask(CentralCommand::Secondaries).await
    }

    /// The connected clients, and the legacy clients that are being sent something.
    pub async fn clients(&self) -> Result<Vec<ClientInfo>, Unanswered> {
        self.ask(CentralCommand::Clients).await
    }

    /// The downloads that wait, in the order of the line.
    pub async fn queue(&self) -> Result<Vec<QueueRow>, Unanswered> {
        self.ask(CentralCommand::Queue).await
    }

    /// Expels all clients of a name. Their connections end with that reason, their downloads fail, their slots and
    /// positions are free, and the secondaries send them nothing more. The name is refused for
    /// [`EXPELLED_FOR`](crate::model::limits::EXPELLED_FOR), also by a central that restarts meanwhile.
    pub async fn expel(&self, name: &str) -> Result<Expelled, Unanswered> {
        match self.order(Order::Expel(name.to_owned()), None).await? {
            Ordered::Expelled(expelled) => Ok(expelled),
            _ => Err(Unanswered::OtherOrder),
        }
    }

    /// How many downloads may run at once.
    pub async fn max_downloads(&self) -> Result<usize, Unanswered> {
        self.ask(CentralCommand::MaxDownloads).await
    }

    /// Sets how many downloads may run at once, at least one. A smaller number ends nothing; a larger one lets the
    /// first in line begin.
    pub async fn set_max_downloads(&self, most: usize) -> Result<(), Unanswered> {
        self.order(Order::MaxDownloads(most), None).await.map(drop)
    }

    /// The names that stand for several contents, each with all of them.
    pub async fn conflicts(&self) -> Result<Vec<Conflict>, Unanswered> {
        self.ask(CentralCommand::Conflicts).await
    }

    /// Decides which of several contents a name stands for: `choice` is a [`Version::choice`](crate::model::Version),
    /// or the number of a secondary that holds it. Copies of the others are set aside where they are.
    pub async fn resolve(&self, name: FileName, choice: u16) -> Result<Resolved, Unanswered> {
        match self.order(Order::Resolve(name, choice), None).await? {
            Ordered::Resolved(resolved) => Ok(resolved),
            _ => Err(Unanswered::OtherOrder),
        }
    }

    /// The statistics as they would be saved now.
    pub async fn statistics(&self) -> Result<serde_json::Value, Unanswered> {
        self.ask(CentralCommand::Statistics).await
    }

    /// Gives an order under a name, or a new one. Given twice under one name it is done once, whoever reigns, and answered as it
    /// was the first time. Where the reign ends meanwhile, the answer is what the next central has in the journal.
    ///
    /// # Errors
    /// See [`Unanswered`].
    pub async fn order(&self, order: Order, id: Option<OrderId>) -> Result<Ordered, Unanswered> {
        let given = match id {
            Some(_) => Given::PerhapsAgain,
            None => Given::First,
        };
        let id = id.unwrap_or_else(|| OrderId {
            session: Session(fastrand::u64(..)),
            number: 1,
        });
        let until = clock::now() + SETTLED_WITHIN;
        loop {
            let asked =
                self.ask(|to| CentralCommand::Order(order.clone(), id, given, self.door, to));
            match asked.await {
                Ok(Ok(said)) => return Ok(said),
                Ok(Err(NotTaken::Standby)) => return Err(self.standby()),
                Ok(Err(NotTaken::Forgotten)) => return Err(Unanswered::Forgotten),
                Ok(Err(NotTaken::OtherOrder)) => return Err(Unanswered::OtherOrder),
                Err(Unanswered::Standby(_)) => {}
                Err(error) => return Err(error),
            }
            // It was taken, and then this reign ended.
            loop {
                match self
                    .ask(|to| CentralCommand::Settled(order.clone(), id, to))
                    .await
                {
                    Ok(Settled::Done(said)) => return Ok(said),
                    Ok(Settled::NotDone) => return Err(self.standby()),
                    Ok(Settled::NotYet) => {}
                    // It reigns again, and the order is known by its name.
                    Ok(Settled::Reigns) => break,
                    Err(error) => return Err(error),
                }
                if clock::now() >= until {
                    return Err(Unanswered::Unknown);
                }
                tokio::time::sleep(ASK_AGAIN).await;
            }
        }
    }

    /// Who holds the file of a name.
    pub async fn offer(&self, name: FileName) -> Result<Result<Offer, Refusal>, Unanswered> {
        self.ask(|answer| CentralCommand::Offer(name, answer)).await
    }

    /// All files that can be downloaded.
    pub async fn catalogue(&self) -> Result<Arc<Catalogue>, Unanswered> {
        self.ask(CentralCommand::Catalogue).await
    }

    /// How the cluster is.
    pub async fn summary(&self) -> Result<Summary, Unanswered> {
        self.ask(CentralCommand::Summary).await
    }

    /// The transfers that run, some hundreds at most.
    pub async fn running(&self) -> Result<Vec<Running>, Unanswered> {
        self.ask(CentralCommand::Running).await
    }

    /// Has this central stand otherwise among those of its cluster, and tell its peers.
    pub async fn stand(&self, standing: Standing) -> Result<(), Unanswered> {
        self.ask(|answer| CentralCommand::Place(PlaceCommand::Stand(standing, answer)))
            .await
    }

    /// The cluster that it is of, and where that has its centrals.
    pub async fn membership(&self) -> Result<Membership, Unanswered> {
        self.ask(|answer| CentralCommand::Place(PlaceCommand::Membership(answer)))
            .await
    }

    /// Has it be of a cluster, which it does not remember; its peers are told of the other centrals.
    pub async fn join(&self, membership: Membership) -> Result<(), Unanswered> {
        self.ask(|answer| CentralCommand::Place(PlaceCommand::Join(membership, answer)))
            .await
    }

    /// All that a page shows and that changes by itself.
    pub async fn present(&self) -> Result<Present, Unanswered> {
        self.ask(CentralCommand::Present).await
    }
}
