//! A client: asks the central for files and receives them from the secondaries.
//!
//! `run` owns its state; `wishes` is what its user wants, `replies` what the central says, `receiving` what happens to
//! downloads. [`crate::node::rules::downloads`] is what was asked for, `questions` what the central has not answered,
//! `maps` what is remembered of downloads that do not run, `telling` how people hear of all this.

mod api;
mod handle;
mod maps;
mod questions;
mod receiving;
mod replies;
mod run;
mod statistics;
mod telling;
mod wishes;

use std::sync::Arc;

use tokio::sync::mpsc;
use tokio_util::task::TaskTracker;

use self::{
    run::{Client, ClientState},
    statistics::Statistics,
    telling::Telling,
};
use crate::{
    model::Session,
    net::Network,
    node::{finding::LinkConfig, link::Link},
    proto::PeerRole,
};

#[cfg(feature = "fuzzing")]
pub use statistics::rewritten as rewritten_statistics;

pub use api::{
    ClientConfig, ClientError, ClientEvent, DownloadAnswer, DownloadEvent, DownloadState,
    DownloadView, Keeping, Named, Summary,
};
pub use handle::ClientHandle;

pub use super::rules::{
    DownloadNumber,
    downloads::{Priority, Tally},
};
pub use crate::engine::download::{ChunkCell, ChunkMap};

/// Commands that may wait for the owner.
const COMMANDS: usize = 64;
/// News of downloads that may wait for the owner.
const UPDATES: usize = 256;

/// Starts it; its events go to `events`, which must be drained. It connects to the central by itself,
/// now and whenever the connection is lost.
pub async fn start(config: ClientConfig, events: mpsc::Sender<ClientEvent>) -> ClientHandle {
    start_on(Network::Kernel, config, events)
}

/// The same on another network.
pub(in crate::node) fn start_on(
    network: Network,
    config: ClientConfig,
    events: mpsc::Sender<ClientEvent>,
) -> ClientHandle {
    let (commands, inbox) = mpsc::channel(COMMANDS);
    let (update_sender, updates) = mpsc::channel(UPDATES);
    let statistics = Statistics::nameless(config.statistics.clone());
    // 53 bits stay exact in every JSON reader.
    let session = Session(fastrand::u64(..1 << 53));
    let link = Link::start(LinkConfig {
        network: network.clone(),
        centrals: config.centrals.clone(),
        role: PeerRole::Client {
            name: None,
            session: Some(session),
        },
        security: Arc::clone(&config.security),
    });
    let target = config.target.clone();
    let client = Client {
        network,
        config,
        commands: inbox,
        telling: Telling::new(events),
        link,
        statistics,
        updates,
        update_sender,
        tasks: TaskTracker::new(),
        state: ClientState::default(),
    };
    tokio::spawn(client.run());
    ClientHandle { commands, target }
}
