//! A client: it asks the central for files and receives them from the secondaries.
//!
//! `state` is what its owner has, `run` the owner's loop. `commands` come from the program, `inputs` from the tasks of
//! downloads, and `central` is what passes between the client and its central. [`crate::node::rules::downloads`] has
//! the downloads; `questions` waits for the central's other answers, `maps` remembers where the chunks of downloads
//! stood that do not run, and `telling` sees that people hear of every end. `watching` is for those who read what comes. `memory` is the file of the downloads that
//! the next run goes on with, `recalled` what is written there and what is found.

mod api;
mod central;
mod commands;
mod counting;
mod inputs;
mod maps;
mod memory;
mod questions;
mod recalled;
mod run;
mod state;
mod statistics;
mod telling;
mod watch_list;
mod watching;

use std::sync::Arc;

use tokio::sync::mpsc;
use tokio_util::task::TaskTracker;

use self::{
    memory::Memory,
    run::Inbox,
    state::{Client, State},
    statistics::Statistics,
    telling::Telling,
};
use crate::{
    model::Session,
    net::Network,
    node::{fetch::Downlink, finding::LinkConfig, link::Link},
    proto::PeerRole,
};

#[cfg(feature = "fuzzing")]
pub use {memory::rewritten as rewritten_memory, statistics::rewritten as rewritten_statistics};

pub use super::rules::{
    DownloadNumber,
    downloads::{Priority, Reached, Tally},
};
pub use crate::engine::download::{ChunkCell, ChunkMap};
pub use api::{
    ClientConfig, ClientError, ClientEvent, ClientHandle, DownloadAnswer, DownloadEvent,
    DownloadState, DownloadView, Keeping, MemoryTrouble, Named, Patience, Summary,
};
pub use {watch_list::Keep, watching::Watch};

/// Commands that may wait for the owner.
const COMMANDS: usize = 64;
/// News of downloads that may wait for the owner.
const UPDATES: usize = 256;

/// Starts a client. Its events go to `events`, which must be drained. It connects to the central by itself, now and
/// whenever the link is lost.
pub async fn start(config: ClientConfig, events: mpsc::Sender<ClientEvent>) -> ClientHandle {
    start_on(Network::Kernel, config, events)
}

/// The same on any network.
pub(in crate::node) fn start_on(
    network: Network,
    config: ClientConfig,
    events: mpsc::Sender<ClientEvent>,
) -> ClientHandle {
    let (commands, of_program) = mpsc::channel(COMMANDS);
    let (updates, of_downloads) = mpsc::channel(UPDATES);
    let statistics = Statistics::nameless(config.statistics.clone());
    let memory = Memory::start(config.memory.as_deref(), &config.target);
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
        telling: Telling::new(events),
        link,
        statistics,
        memory,
        updates,
        tasks: TaskTracker::new(),
        downlink: Downlink::new(None),
        state: State::default(),
    };
    let inbox = Inbox {
        commands: of_program,
        updates: of_downloads,
    };
    tokio::spawn(client.run(inbox));
    ClientHandle { commands, target }
}
