//! What a program that runs a client sees of it: its configuration, its events, its handle.

mod accounts;
mod answers;
mod events;
mod handle;
mod publishes;
mod publishing;
mod talking;

use std::{path::PathBuf, sync::Arc, time::Duration};

use crate::{
    node::{Centrals, Security},
    store::Spot,
};

pub use self::{
    accounts::{AccountAnswer, AccountWish},
    answers::{ClientError, DownloadAnswer, DownloadState, DownloadView},
    events::{AccountEvent, ClientEvent, DownloadEvent, MemoryTrouble, RoomEvent, Summary},
    handle::ClientHandle,
    publishing::{
        PeeringConfig, PublishError, PublishOrder, PublishedAs, ServingView, ShelfState, ShelfView,
    },
};
pub(super) use self::{
    accounts::{AccountCommand, Answer},
    handle::{Asker, ClientCommand},
    publishing::ReadFile,
};

/// How a client is to run.
#[derive(Clone, Debug)]
pub struct ClientConfig {
    /// The centrals that it may go to.
    pub centrals: Centrals,
    /// Folder of the downloaded files; made when something is downloaded.
    pub target: PathBuf,
    /// Where its statistics are kept.
    pub statistics: Keeping,
    /// How long a download waits with no source before it fails.
    pub source_wait: Duration,
    /// What it knows and shows: the secret, certificates.
    pub security: Arc<Security>,
    /// A download may replace a file of other content that has its name.
    pub overwrite: bool,
    /// The folder where it remembers the downloads that are not complete; it forgets them where there is none.
    pub memory: Option<PathBuf>,
    /// The file with the keys of its user's accounts; without one they last as long as the process.
    pub identity: Option<PathBuf>,
    /// What becomes of a request while there is no service.
    pub patience: Patience,
    /// What it gives to others.
    pub peering: PeeringConfig,
}

/// What becomes of a request while there is no service, or no central.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Patience {
    /// It comes to nothing: whoever asked hears why, and may ask again.
    #[default]
    None,
    /// It waits, and is repeated by itself.
    Waits,
}

/// Where a file is put whose user chose a folder and a name.
#[derive(Clone, Debug)]
pub struct Named {
    /// The folder; made when something is downloaded.
    pub folder: PathBuf,
    /// The name in it.
    pub spot: Spot,
}

/// Where a client's statistics are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Keeping {
    /// In this folder, which is made.
    Folder(PathBuf),
    /// In this folder, if there is a file of the client's name already; nothing is made.
    Existing(PathBuf),
    /// Nowhere.
    Nowhere,
}

impl From<PathBuf> for Keeping {
    fn from(folder: PathBuf) -> Self {
        Self::Folder(folder)
    }
}
