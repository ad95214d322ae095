//! What a program that runs a central sees of it: its configuration, its events, its handle, and what it may be
//! asked (`orders`).

mod answers;
mod counting;
mod events;
mod figures;
mod handle;
mod orders;

use std::{net::SocketAddr, path::PathBuf, sync::Arc};

use super::{
    Announce, CentralDoor, CentralInfo, Membership, SeveralConfig, Standing, catalogue::Catalogue,
};
use crate::node::{Security, face::FaceMaker};

pub(super) use self::orders::{CentralCommand, PlaceCommand};
pub use self::{
    answers::{CentralAnswer, DownloadCount, DrainedSecondary, Offer, Present, Summary},
    counting::{
        Connections, DoorInfo, FigureAsked, FigureReply, Info, InfoStanding, JournalInfo,
        NotDelivered, OpenDoor, PrivateMessage, QueueInfo, Rank, Service, TrafficInfo,
    },
    events::CentralEvent,
    handle::CentralHandle,
    orders::CentralOrders,
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
    /// Who is let in, and how.
    pub security: Arc<Security>,
    /// How it announces itself on its network, if it does.
    pub announce: Option<Announce>,
    /// What serves those who speak another protocol than lines, if anything does. Nothing does where a secret or TLS says
    /// who is let in.
    pub face: Option<FaceMaker<CentralDoor>>,
}
