//! A client: it asks the central for files and receives them from the secondaries.
//!
//! `state` is what its owner has, `run` the owner's loop. `commands` come from the program, `inputs` from the tasks of
//! downloads, and `central` is what passes between the client and its central, `talking` what of it is about rooms (`rooms`), and `granting` what a granted download begins with. [`crate::node::rules::downloads`] has
//! the downloads; `questions` waits for the central's other answers, `maps` remembers where the chunks of downloads
//! stood that do not run, and `telling` sees that people hear of every end. `watching` is for those who read what comes. `peering` is what it is to other clients, `publishing` what it publishes and `shared`
//! what they are served. `memory` is the file of the downloads that
//! the next run goes on with, `recalled` what is written there and what is found. `account` is what it knows of its user's account, `accounts` what passes on
//! the link about it, `wishes` what its user wants.

mod account;
mod accounts;
mod api;
mod central;
mod commands;
mod counting;
mod giving;
mod granting;
mod inputs;
mod maps;
mod memory;
mod peering;
mod publishing;
mod questions;
mod recalled;
mod rooms;
mod run;
mod shared;
mod state;
mod statistics;
mod talking;
mod telling;
mod watch_list;
mod watching;
mod wishes;

use std::{collections::BTreeSet, path::PathBuf, sync::Arc};

use tokio::sync::mpsc;
use tokio_util::task::TaskTracker;

use self::{
    account::Account,
    memory::Memory,
    peering::Peering,
    run::Inbox,
    shared::{Record, Records, State as Standing},
    state::{Client, State},
    statistics::Statistics,
    telling::Telling,
};
use crate::{
    model::Session,
    net::Network,
    node::{fetch::Downlink, finding::LinkConfig, link::Link},
    proto::PeerRole,
    store::published::Whereabouts,
};

#[cfg(feature = "fuzzing")]
pub use {memory::rewritten as rewritten_memory, statistics::rewritten as rewritten_statistics};

pub use super::rules::{
    DownloadNumber,
    downloads::{Priority, Reached, Tally},
};
pub use crate::engine::download::{ChunkCell, ChunkMap};
pub use api::{
    AccountAnswer, AccountEvent, AccountWish, ClientConfig, ClientError, ClientEvent, ClientHandle,
    DownloadAnswer, DownloadEvent, DownloadState, DownloadView, Keeping, MemoryTrouble, Named,
    Patience, PeeringConfig, PublishError, PublishOrder, PublishedAs, RoomEvent, ServingView,
    ShelfState, ShelfView, Summary,
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
    let allowed = Arc::new(config.peering.allowed.clone());
    let records = config.peering.records.as_deref().map(Records::below);
    let limit = config.peering.upload_limit_bytes_per_s;
    let (peering, peers) = Peering::new(records.clone(), limit);
    let found = find_published(records.filter(|_| config.peering.serves), &allowed);
    let (account, trouble) = Account::load(config.identity.clone());
    if let Some(trouble) = trouble {
        let _ = events.try_send(ClientEvent::Memory(trouble));
    }
    let client = Client {
        network,
        config,
        account,
        rooms: rooms::Rooms::default(),
        telling: Telling::new(events),
        link,
        statistics,
        memory,
        updates,
        tasks: TaskTracker::new(),
        downlink: Downlink::new(None),
        peering,
        state: State::default(),
    };
    let inbox = Inbox {
        commands: of_program,
        updates: of_downloads,
        peers,
        found,
    };
    tokio::spawn(client.run(inbox));
    ClientHandle {
        commands,
        target,
        allowed,
    }
}

/// Looks for what earlier runs published, and whether it is as it was.
fn find_published(
    records: Option<Records>,
    allowed: &Arc<Vec<PathBuf>>,
) -> mpsc::Receiver<Vec<(Record, Standing)>> {
    let (sender, found) = mpsc::channel(1);
    if let Some(records) = records {
        let allowed = Arc::clone(allowed);
        tokio::task::spawn_blocking(move || {
            let stands = |(record, manifest): (Record, _)| {
                let place = Whereabouts::find(&record.path, &allowed).ok();
                let state = Standing::of(&record, manifest, place);
                (record, state)
            };
            let all = records.load(&BTreeSet::new()).into_iter();
            let _ = sender.blocking_send(all.map(stands).collect());
        });
    }
    found
}
