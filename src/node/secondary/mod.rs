//! A secondary: it holds verified copies, sends them, and copies what it lacks from the others.
//!
//! `state` is what its owner has, `run` the owner's loop. `commands` come from the program and `inputs` from connections,
//! each of which `connection` begins and `node::send` goes on with; `central` is what passes between the secondary and its
//! central. `sending` is what was asked for and sent, `copied` what the tasks of copies tell, `indexed` what the folder's
//! index tells; that runs in a thread of its own, `index`. `door` is what a face may ask.
//! `copies` and `holdings` keep the copies that run and the files
//! that are served. `crate::node::rules` decides what needs neither sockets nor files.

mod api;
mod central;
mod commands;
mod connection;
mod copied;
mod copies;
mod door;
mod holdings;
pub mod index;
mod indexed;
mod inputs;
mod run;
mod sending;
mod state;
mod statistics;
mod taken_in;

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
    copies::Copies,
    index::IndexConfig,
    inputs::Served,
    run::channels,
    state::{Secondary, State},
    statistics::Statistics,
};
use crate::{
    model::{ClientName, Incarnation, SecondaryNumber},
    net::{Network, connection_permits},
    node::{
        Lost, StartError, WatchLimits,
        central::DownloadCount,
        face::{ExpelledHosts, Reception},
        fetch::{Downlink, FetchConfig, Folder, Goal, Own, Target},
        finding::LinkConfig,
        gateway::{Gateway, GatewayConfig, Reach},
        link::Link,
        lost::LinkDown,
        records::RecordWriter,
        rules::{
            changes::{Changes, KnownRecord},
            enrolment::NUMBER_PATIENCE,
        },
        send::{self, Uplink},
        server::Server,
        shelf::{self, Shelf},
        start::listen_on,
    },
    proto::{ErrorCode, PeerRole, Said, said::Details},
    store::{Existing, PartPlace, Root, Sweep, index::MissedDisks},
};

#[cfg(feature = "fuzzing")]
pub use statistics::rewritten as rewritten_statistics;

pub use door::SecondaryDoor;
pub use inputs::Found;

pub use api::{
    Emptied, NoLongerServing, RecoveredFile, RunningKind, RunningTransfer, ScrubStatus,
    SecondaryConfig, SecondaryEvent, SecondaryFigures, SecondaryHandle, SecondaryOrders,
    SecondaryStatus, Transfer, TransferKind,
};

/// A copy waits this long for a source; the central orders it anew later.
const COPY_SOURCE_WAIT: Duration = Duration::from_secs(60);

/// Starts a secondary. Its events go to `events`, which must be drained.
///
/// # Errors
/// See [`StartError`].
pub async fn start(
    config: SecondaryConfig,
    events: mpsc::Sender<SecondaryEvent>,
) -> Result<SecondaryHandle, StartError> {
    start_on(&Network::Kernel, config, events).await
}

/// The same on any network.
pub(in crate::node) async fn start_on(
    network: &Network,
    config: SecondaryConfig,
    events: mpsc::Sender<SecondaryEvent>,
) -> Result<SecondaryHandle, StartError> {
    let (listener, address) = listen_on(network, config.listen)?;
    let files = Files::open(&config, &events).await?;
    let incarnation = Incarnation(fastrand::u64(..1 << 53)); // Exact in every JSON reader.
    let stop = CancellationToken::new();
    let mut link = Link::start(link_config(network, &config, address, incarnation));
    let number_is_held = |said: &Said| {
        let _ = events.try_send(held(config.number, said));
    };
    let first = first_contact(&mut link, &stop, number_is_held).await;
    let first = first.map_err(|down| refused(config.number, down))?;
    let (memory, known) = RecordWriter::open(&files.statistics.stem().with_extension("nombres"))?;
    let (senders, inbox) = channels(first);
    let shelf = files.shelf;
    let tell = move |event| senders.index_events.blocking_send(event).is_ok();
    let index = index::start_on(Arc::clone(&shelf), files.index, tell)?;
    // Dropped however the task ends, so that whoever waits for the end hears of it.
    let over = stop.clone().drop_guard();
    let own = Own::Served(index.own_chunks());
    let copies = copy_config(network, &config, incarnation, &shelf, own);
    let served = Served {
        inputs: senders.inputs,
        shelf: Arc::clone(&shelf),
    };
    let send = send::Context {
        provider: Arc::new(served),
        uplink: Arc::new(Uplink::of_secondary(
            config.upload_limit_bytes_per_s,
            config.number,
        )),
        stop: stop.clone(),
    };
    let orders = SecondaryOrders::new(senders.commands, shelf.aside());
    let expelled = ExpelledHosts::default();
    let face = face(network, &config, (&send, &expelled), &orders);
    let secondary = Secondary {
        scrub_every: config.scrub_every,
        server: Server::new(listener, connection_permits(), Arc::clone(&config.security)),
        context: Context {
            number: config.number,
            incarnation,
            security: config.security,
            send,
            face,
        },
        copies: Copies::new(copies, shelf.intake(), senders.copy_updates),
        shelf,
        stop: stop.clone(),
        events,
        link,
        index,
        statistics: files.statistics,
        memory,
        state: state(known, expelled),
    };
    Ok(SecondaryHandle {
        address,
        orders,
        stop,
        done: tokio::spawn(async move {
            let _over = over;
            secondary.run(inbox).await
        }),
    })
}

/// What it has and knows before anybody has said anything.
fn state(known: Vec<KnownRecord>, expelled: ExpelledHosts) -> State {
    State {
        changes: Changes::restore(known, fastrand::u64(..)),
        expelled,
        ..State::default()
    }
}

/// What serves those who speak another protocol than lines.
fn face(
    network: &Network,
    config: &SecondaryConfig,
    (send, expelled): (&send::Context<Served>, &ExpelledHosts),
    orders: &SecondaryOrders,
) -> Option<Reception> {
    let (send, orders) = (send.clone(), orders.clone());
    let face = config.face.as_ref()?;
    let gateway = Gateway::start(GatewayConfig {
        network: network.clone(),
        security: Arc::clone(&config.security),
        central: None,
        reach: Reach::Network {
            centrals: config.centrals.clone(),
            name: ClientName::of_gateway(config.number),
        },
    });
    let face = face.make(SecondaryDoor {
        send,
        orders,
        gateway,
        expelled: expelled.clone(),
    });
    Some(Reception::new(face, connection_permits()))
}

/// What a secondary needs of its disk before it goes to its central.
struct Files {
    statistics: Statistics,
    shelf: Arc<dyn Shelf>,
    index: IndexConfig,
}

impl Files {
    /// Opens the statistics and the folder, and ends part files that nobody goes on with.
    async fn open(
        config: &SecondaryConfig,
        events: &mpsc::Sender<SecondaryEvent>,
    ) -> Result<Self, StartError> {
        let (statistics, warning) = Statistics::of_secondary(&config.statistics, config.number)?;
        if let Some(trouble) = warning {
            let _ = events.try_send(SecondaryEvent::Statistics(trouble));
        }
        let mut index = IndexConfig {
            cache: statistics.stem().with_extension("indice"),
            quiet: config.quiet,
            look_every: config.look_every,
            missed: if config.forget_disks {
                MissedDisks::Forgotten
            } else {
                MissedDisks::WaitedFor
            },
            scrub_every: config.scrub_every,
        };
        let wanted = shelf::Wanted {
            place: &config.folder,
            number: config.number,
            retired: config.retired,
            look_every: config.look_every,
        };
        let opened = shelf::open(wanted, index.disks(&config.folder)).await?;
        if let Some(trouble) = opened.trouble {
            let _ = events.try_send(SecondaryEvent::FolderGone(trouble));
        }
        let shelf = opened.shelf;
        let habits = shelf.habits();
        index.look_every = habits.look_every.or(index.look_every);
        if habits.is_atomic {
            index.quiet = Duration::ZERO;
        }
        let place = Arc::clone(&shelf);
        let swept = tokio::task::spawn_blocking(move || place.sweep(&Sweep::default()));
        // What is far away is not waited for.
        if !habits.looks_apart {
            let _ = swept.await;
        }
        Ok(Self {
            statistics,
            shelf,
            index,
        })
    }
}

/// How it finds its central, and what it announces there.
fn link_config(
    network: &Network,
    config: &SecondaryConfig,
    listens: SocketAddr,
    incarnation: Incarnation,
) -> LinkConfig {
    LinkConfig {
        network: network.clone(),
        centrals: config.centrals.clone(),
        security: Arc::clone(&config.security),
        role: PeerRole::Secondary {
            number: config.number,
            listens: Some((
                config.announced_ip.or_else(|| only_address(listens)),
                config.announced_port.unwrap_or(listens.port()),
            )),
            incarnation,
        },
    }
}

/// How it receives copies.
fn copy_config(
    network: &Network,
    config: &SecondaryConfig,
    incarnation: Incarnation,
    shelf: &Arc<dyn Shelf>,
    own: Own,
) -> FetchConfig {
    let place = |root: &Root| {
        Goal::File(Target {
            root: Folder::Open(root.clone()),
            spot: None,
            existing: Existing::Keep,
            place: PartPlace::Hidden,
            own,
        })
    };
    FetchConfig {
        network: network.clone(),
        role: PeerRole::Secondary {
            number: config.number,
            listens: None,
            incarnation,
        },
        // Without a folder each copy has a goal of its own.
        goal: shelf.root().map_or(Goal::Watch(WatchLimits::ALONE), place),
        source_wait: COPY_SOURCE_WAIT,
        downlink: Downlink::new(None),
        central: None,
        security: Arc::clone(&config.security),
    }
}

/// The address that it listens on, if it is a single one; without its zone, which only has a meaning here.
fn only_address(listens: SocketAddr) -> Option<IpAddr> {
    let ip = listens.ip().to_canonical();
    (!ip.is_unspecified()).then_some(ip)
}

/// Its number belongs to another one.
fn held(number: SecondaryNumber, said: &Said) -> SecondaryEvent {
    let holder = match said.details {
        Some(Details::Holder { ip, port }) => Some((ip, port).into()),
        _ => None,
    };
    SecondaryEvent::NumberHeld {
        number,
        holder,
        up_to: NUMBER_PATIENCE,
    }
}

/// Why it does not start if the central's first word is a refusal.
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
