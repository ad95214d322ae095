//! What a program that runs a central sees of it: its configuration, its events, its handle, and what it may be
//! asked (`orders`).

mod answers;
mod counting;
mod events;
mod figures;
mod handle;
mod ordered;
mod orders;

use std::{net::SocketAddr, path::PathBuf, sync::Arc};

use super::{
    Announce, CentralDoor, CentralInfo, Membership, SeveralConfig, Standing, catalogue::Catalogue,
};
use crate::{
    node::{Security, face::FaceMaker},
    proto::account::AdminKey,
};

pub use self::{
    answers::{
        AccountChange, CentralAnswer, DownloadCount, DrainedSecondary, Offer, OwnFigures, Present,
        Summary,
    },
    counting::{
        Connections, DoorInfo, FigureAsked, FigureReply, Info, InfoStanding, JournalInfo,
        NotDelivered, OpenDoor, PrivateMessage, QueueInfo, Rank, Service, TrafficInfo,
    },
    events::CentralEvent,
    handle::CentralHandle,
    ordered::{Order, Ordered, ReigningCentral, Unanswered},
    orders::CentralOrders,
};
pub(super) use self::{
    ordered::{Given, NotTaken, Reigns, Settled},
    orders::{AccountOrder, CentralCommand, PlaceCommand},
};

/// How a central is to run.
#[derive(Clone, Debug)]
pub struct CentralConfig {
    /// Where to listen; port 0 for a free one.
    pub listen: SocketAddr,
    /// How many secondaries must be enrolled before service begins.
    pub required_secondaries: u16,
    /// How many downloads run at once.
    pub max_downloads: usize,
    /// Folder of the statistics.
    pub statistics: PathBuf,
    /// It is one of several centrals, which have their journal elsewhere.
    pub several: Option<SeveralConfig>,
    /// The journal; beside the statistics when it is not said where.
    pub journal: Option<PathBuf>,
    /// Whether there may be accounts.
    pub accounts: bool,
    /// What administrators prove who follow the audit trail over the network; nobody can without one.
    pub administrator: Option<AdminKey>,
    /// Who is let in, and how.
    pub security: Arc<Security>,
    /// How it announces itself on its network, if it does.
    pub announce: Option<Announce>,
    /// What serves those who speak another protocol than lines, if anything does. Nothing does where a secret or TLS says
    /// who is let in.
    pub face: Option<FaceMaker<CentralDoor>>,
}
