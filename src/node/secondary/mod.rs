//! A secondary: holds verified copies, sends them, and copies what it lacks from the others.
//!
//! `run` owns its state: `inputs` come from connections, `commands` from the program, `central` from the central, `indexed` from
//! `index`, the folder's index, which runs in a thread of its own. `connection` begins what `node::send` goes on with;
//! `copies` receives; `crate::node::rules` has what needs neither sockets nor files.

mod api;
mod central;
mod commands;
mod connection;
mod copies;
mod holdings;
pub mod index;
mod indexed;
mod inputs;
mod run;
mod statistics;

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use self::{
    central::first_contact,
    connection::Context,
    copies::{Copies, sweep_parts},
    inputs::Served,
    run::{Secondary, State},
    statistics::Statistics,
};
use crate::{
    model::{Incarnation, SecondaryNumber},
    net::{Network, connection_permits},
    node::{
        Lost, StartError,
        central::DownloadCount,
        fetch::{FetchConfig, Folder, Goal, Own, Target},
        finding::LinkConfig,
        link::Link,
        lost::LinkDown,
        records::RecordWriter,
        rules::changes::Changes,
        send::{self, Uplink},
        server::Server,
    },
    proto::{ErrorCode, PeerRole},
    store::{Existing, PartPlace, Sweep, index::MissedDisks, retired::Retired},
};

#[cfg(feature = "fuzzing")]
pub use statistics::rewritten as rewritten_statistics;

pub use api::{
    NoLongerServing, RunningKind, RunningTransfer, SecondaryConfig, SecondaryEvent,
    SecondaryHandle, SecondaryStatus,
};

/// Inputs that may wait for the owner; connections wait beyond that.
const INPUTS: usize = 1024;
/// Questions that may wait.
const QUERIES: usize = 16;
/// A copy waits this long for a source; the central orders it anew later.
const COPY_SOURCE_WAIT: Duration = Duration::from_secs(60);

/// Starts it; its events go to `events`, which must be drained.
///
/// # Errors
/// See [`StartError`].
pub async fn start(
    config: SecondaryConfig,
    events: mpsc::Sender<SecondaryEvent>,
) -> Result<SecondaryHandle, StartError> {
    start_on(&Network::Kernel, config, events).await
}

/// The same on another network.
pub(in crate::node) async fn start_on(
    network: &Network,
    config: SecondaryConfig,
    events: mpsc::Sender<SecondaryEvent>,
) -> Result<SecondaryHandle, StartError> {
    let number = config.number;
    let listener = network.listen(config.listen);
    let listener = listener.map_err(|e| StartError::listen(config.listen, e))?;
    let address = listener
        .local_addr()
        .map_err(|e| StartError::listen(config.listen, e))?;
    let (statistics, warning) = Statistics::of_secondary(&config.statistics, number)?;
    if let Some(trouble) = warning {
        let _ = events.try_send(SecondaryEvent::Statistics(trouble));
    }
    let index_config = index::IndexConfig {
        cache: statistics.stem().with_extension("indice"),
        quiet: config.quiet,
        missed: if config.forget_disks {
            MissedDisks::Forgotten
        } else {
            MissedDisks::WaitedFor
        },
    };
    let root = index::open_served(&config.folder, &index_config)?;
    let parts = root.clone();
    let swept = tokio::task::spawn_blocking(move || sweep_parts(&parts, &Sweep::default()));
    let _ = swept.await;
    // 53 bits stay exact in every JSON reader.
    let incarnation = Incarnation(fastrand::u64(..1 << 53));
    let stop = CancellationToken::new();
    let security = config.security;
    let mut link = Link::start(LinkConfig {
        network: network.clone(),
        centrals: config.centrals,
        security: Arc::clone(&security),
        role: PeerRole::Secondary {
            number,
            listens: Some((
                config.announced_ip.or_else(|| only_address(address)),
                config.announced_port.unwrap_or(address.port()),
            )),
            incarnation,
        },
    });
    let first = match first_contact(&mut link, &stop).await {
        Ok(first) => first,
        Err(down) => return Err(refused(number, down)),
    };
    let (memory, known) = RecordWriter::open(&statistics.stem().with_extension("nombres"))?;
    let (index_sender, index_events) = mpsc::channel(INPUTS);
    let retired = Retired::new(root.clone(), config.retired);
    let index = index::start(root.clone(), index_config, retired.clone(), move |event| {
        index_sender.blocking_send(event).is_ok()
    })?;
    let over = stop.clone().drop_guard();
    let own = Own::Served(index.own_chunks());
    let (inputs, inbox) = mpsc::channel(INPUTS);
    let (queries, questions) = mpsc::channel(QUERIES);
    let (copy_sender, copy_updates) = mpsc::channel(INPUTS);
    let secondary = Secondary {
        server: Server::new(listener, connection_permits(), Arc::clone(&security)),
        context: Context {
            number,
            incarnation,
            security: Arc::clone(&security),
            send: send::Context {
                provider: Arc::new(Served {
                    inputs,
                    root: root.clone(),
                    retired: retired.clone(),
                }),
                uplink: Arc::new(Uplink::new(config.upload_limit_bytes_per_s)),
                stop: stop.clone(),
            },
        },
        root: root.clone(),
        retired: retired.clone(),
        stop: stop.clone(),
        inputs: inbox,
        queries: questions,
        events,
        link,
        first,
        index,
        index_events,
        copies: Copies::new(
            FetchConfig {
                network: network.clone(),
                role: PeerRole::Secondary {
                    number,
                    listens: None,
                    incarnation,
                },
                goal: Goal::File(Target {
                    root: Folder::Open(root),
                    spot: None,
                    existing: Existing::Keep,
                    place: PartPlace::Hidden,
                    own,
                }),
                source_wait: COPY_SOURCE_WAIT,
                central: None,
                security,
            },
            copy_sender,
        ),
        copy_updates,
        statistics,
        memory,
        state: State {
            changes: Changes::restore(known, fastrand::u64(..)),
            ..State::default()
        },
    };
    Ok(SecondaryHandle {
        address,
        queries,
        retired,
        stop,
        done: tokio::spawn(async move {
            // However it ends, whoever waits for that hears of it.
            let _over = over;
            secondary.run().await
        }),
    })
}

/// Where it listens alone; without a zone, which is this machine's own word.
fn only_address(listens: SocketAddr) -> Option<IpAddr> {
    let ip = listens.ip().to_canonical();
    (!ip.is_unspecified()).then_some(ip)
}

fn refused(number: SecondaryNumber, down: LinkDown) -> StartError {
    match down {
        LinkDown::Lost(Lost::Refused {
            code: ErrorCode::NumberInUse,
            message,
        }) => StartError::NumberInUse { number, message },
        LinkDown::Lost(lost) => StartError::Refused(lost),
        LinkDown::Denied(denied) => StartError::Denied(denied),
    }
}
