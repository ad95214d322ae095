//! The central: knows what exists and who has it, assigns, keeps the places and the books. No byte of a
//! file passes through it.
//!
//! `run` owns the machine; `connection` speaks with one peer; `legacy` with legacy clients.

mod api;
mod connection;
mod heard;
mod inputs;
mod legacy;
mod memory;
mod news;
mod pages;
mod run;
mod statistics;
#[cfg(test)]
mod tests;

use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use ring::rand::{SecureRandom, SystemRandom};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use self::{connection::Context, memory::Memory, news::News, run::Central, statistics::Statistics};
use crate::{
    engine::cluster::{Cluster, ClusterConfig},
    model::limits::STATISTICS_EVERY,
    net::{Network, connection_permits},
    node::{StartError, clock, server::Server},
};

#[cfg(feature = "fuzzing")]
pub use statistics::rewritten as rewritten_statistics;

pub use api::{CentralConfig, CentralEvent, CentralHandle, DownloadCount};

pub use crate::engine::cluster::{
    ClientInfo, DownReason, Drained, Expelled, Notice, QueueRow, Resolved, SecondaryCondition,
    SecondaryInfo,
};

/// Inputs that may wait for the owner; connections wait beyond that.
const INPUTS: usize = 256;
/// Questions that may wait.
const QUERIES: usize = 16;

/// Starts it; its events go to `events`, which must be drained.
///
/// # Errors
/// See [`StartError`].
pub async fn start(
    config: CentralConfig,
    events: mpsc::Sender<CentralEvent>,
) -> Result<CentralHandle, StartError> {
    start_on(&Network::Kernel, config, events, STATISTICS_EVERY).await
}

/// The same on another network, with how often it saves its statistics.
pub(in crate::node) async fn start_on(
    network: &Network,
    config: CentralConfig,
    events: mpsc::Sender<CentralEvent>,
    save_every: Duration,
) -> Result<CentralHandle, StartError> {
    let listener = network.listen(config.listen);
    let listener = listener.map_err(|e| StartError::listen(config.listen, e))?;
    let address = listener
        .local_addr()
        .map_err(|e| StartError::listen(config.listen, e))?;
    let (statistics, before) = Statistics::of_central(&config.statistics, wall_s())?;
    if let Some(trouble) = before.warning {
        let _ = events.try_send(CentralEvent::Statistics(trouble));
    }
    let (memory, records) = Memory::open(&statistics.stem())?;
    let cluster = Cluster::new(
        clock::now(),
        ClusterConfig {
            required_secondaries: usize::from(config.required_secondaries),
            max_downloads: config.max_downloads,
            begun: before.begun,
            term: before.term,
            seed: secret_seed(),
            wall_s: wall_s(),
        },
        before.totals,
        records,
    );
    let (inputs, inbox) = mpsc::channel(INPUTS);
    let (queries, questions) = mpsc::channel(QUERIES);
    let stop = CancellationToken::new();
    let over = stop.clone().drop_guard();
    let central = Central {
        server: Server::new(listener, connection_permits(), Arc::clone(&config.security)),
        cluster,
        memory,
        statistics,
        events,
        queries: questions,
        inputs: inbox,
        context: Context {
            inputs,
            stop: stop.clone(),
            highest_number: run::highest_number(config.required_secondaries),
            security: config.security,
        },
        peers: HashMap::new(),
        next_connection: 0,
        pages: Default::default(),
        counts: Default::default(),
        save_every,
        news: News::default(),
        last_turn: clock::now(),
    };
    Ok(CentralHandle {
        address,
        queries,
        stop,
        done: tokio::spawn(async move {
            // However it ends, whoever waits for that hears of it.
            let _over = over;
            central.run().await
        }),
    })
}

/// What nobody else knows. A system that has no random numbers for us does not have them for TLS or the secret either.
fn secret_seed() -> u128 {
    let mut bytes = [0; 16];
    if SystemRandom::new().fill(&mut bytes).is_err() {
        tracing::warn!("the system has no random numbers: names of transfers can be guessed");
        return fastrand::u128(..);
    }
    u128::from_be_bytes(bytes)
}

/// Seconds since 1970, by this machine's clock.
fn wall_s() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| since.as_secs())
}
