//! The central: it knows which files exist and who has them, grants downloads, and keeps the places and the books. No
//! byte of a file passes through it.
//!
//! `state` is what its owner has, `run` the owner's loop. `commands` come from the program, `inputs` from connections;
//! `peers` is what is said to them, and `connection` speaks with one of them, `legacy` with a legacy client. `heard`
//! notes when a peer last spoke, `journal` holds back what follows from facts that are not on the disk yet, `effects` is what is
//! held back, `pages` keeps the listing as it is sent, `catalogue` as a face shows it, which `door` lets ask, and `news`
//! chooses what people hear. `place` is its place among the centrals of its cluster, and `standing` what its peers hear of
//! that. `inside` is the gateway of this process, which speaks as a client does. `key_store` is what several centrals need of
//! etcd, `opening` which one a build has, `reign` the task around the machine that decides which of them is active, `several`
//! what a central has of all this, and `reigning` what it does. `ordering` does what a person orders, once. `commit` does what
//! need not wait for a fact any more. `counting` is what the owner has of figures, `figures` what it does with
//! them, and `info` how it is, all at once.

mod accounts;
mod api;
mod backup;
mod batches;
mod catalogue;
mod commands;
mod commit;
mod connection;
mod counting;
mod door;
mod effects;
mod figures;
mod file_store;
mod founding;
mod heard;
mod info;
mod inputs;
mod inside;
mod inspect;
mod journal;
mod key_store;
mod legacy;
mod news;
mod opening;
mod ordering;
mod pages;
mod peers;
mod place;
mod reign;
mod reigning;
mod room;
mod run;
mod several;
mod standing;
mod state;
mod statistics;
#[cfg(test)]
mod tests;
mod tickets;

use std::{collections::HashMap, net::SocketAddr, path::Path, sync::Arc, time::Duration};

use ring::rand::{SecureRandom, SystemRandom};
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

use self::{
    backup::Backup, connection::Context, founding::Own, journal::Journal, news::News, place::Place,
    run::Inbox, several::Several, state::Central, statistics::Statistics,
};
use crate::{
    engine::{
        cluster::{Cluster, ClusterConfig},
        registry::{Registry, Totals},
    },
    model::{
        ClusterId, NameRecord, Term,
        limits::{MAX_SECONDARY_NUMBER, STATISTICS_EVERY},
    },
    net::{Network, connection_permits},
    node::{
        StartError, clock,
        face::{ExpelledHosts, Reception},
        rules::terms::next_term,
        server::Server,
        start::listen_on,
    },
    proto::ticket::SigningKey,
    store::{RecordLog, StoreError},
};

#[cfg(feature = "fuzzing")]
pub use statistics::rewritten as rewritten_statistics;

pub use batches::BatchHead;
pub use catalogue::{Catalogue, Popular};
pub use door::CentralDoor;
pub use file_store::{FileStore, SharedFile};
pub use inspect::{
    Journal as JournalRead, JournalBatch, Restored, journal as read_journal,
    restore as restore_journal,
};
pub use key_store::{BatchStore, KeyStore, KeyWatch};
pub use opening::{KeyStoreConfig, OpenKeyStore, open_key_store};
pub use place::{Announce, Elsewhere, Membership, Standing};
pub use reign::Reign;
pub use room::KeyStoreFigures;
pub use several::{CentralInfo, CentralStanding, SeveralConfig};

pub use api::{
    AccountChange, CentralAnswer, CentralConfig, CentralEvent, CentralHandle, CentralOrders,
    Connections, DoorInfo, DownloadCount, DrainedSecondary, FigureAsked, FigureReply, Info,
    InfoStanding, JournalInfo, NotDelivered, Offer, OpenDoor, Order, Ordered, OwnFigures, Present,
    PrivateMessage, QueueInfo, Rank, ReigningCentral, Service, Summary, TrafficInfo, Unanswered,
};

pub use crate::engine::cluster::{
    AccountInfo, ClientInfo, DownReason, Drained, Expelled, Holder, Notice, Popularity, QueueRow,
    Refusal, Resolved, Running, SecondaryCondition, SecondaryInfo, SentBy,
};
pub use crate::engine::leadership::NotMigrated;

/// Inputs that may wait for the owner; connections wait beyond that.
const INPUTS: usize = 256;
/// Commands that may wait.
const COMMANDS: usize = 16;

/// Starts a central. Its events go to `events`, which must be drained.
///
/// # Errors
/// See [`StartError`].
pub async fn start(
    config: CentralConfig,
    events: mpsc::Sender<CentralEvent>,
) -> Result<CentralHandle, StartError> {
    start_on(&Network::Kernel, config, events, STATISTICS_EVERY).await
}

/// The same on any network, with a choice of how often it saves its statistics.
pub(in crate::node) async fn start_on(
    network: &Network,
    config: CentralConfig,
    events: mpsc::Sender<CentralEvent>,
    save_every: Duration,
) -> Result<CentralHandle, StartError> {
    let (listener, address) = listen_on(network, config.listen)?;
    let (mut statistics, mut before) = Statistics::of_central(&config.statistics)?;
    if let Some(trouble) = before.warning.take() {
        let _ = events.try_send(CentralEvent::Statistics(trouble));
    }
    let names = statistics.stem().with_extension("nombres");
    let begun = begin(&config, address, before, &mut statistics, &events).await?;
    let term = begun.cluster.term();
    let (inputs, of_connections) = mpsc::channel(INPUTS);
    let stop = CancellationToken::new();
    let over = stop.clone().drop_guard();
    let expelled = ExpelledHosts::default();
    let (standing, reigns) = at_first(begun.several.is_some());
    let (reigns, seen) = watch::channel(reigns);
    let (orders, inbox) = asked(of_connections, seen);
    let face = face(&config, network, &orders, &expelled);
    let place = Place::new(begun.cluster_id, standing, term, address, config.announce);
    let mut central = Central {
        server: Server::new(listener, connection_permits(), Arc::clone(&config.security)),
        cluster: begun.cluster,
        journal: begun.journal,
        several: begun.several,
        statistics,
        events,
        context: Context {
            inputs,
            stop: stop.clone(),
            highest_number: highest_number(config.required_secondaries),
            administrator: config.administrator,
            security: config.security,
            face,
        },
        place,
        reigns,
        peers: HashMap::new(),
        next_connection: 0,
        signer: SigningKey::from_seed(&key_seed()),
        pages: Default::default(),
        counts: Default::default(),
        expelled,
        shown: Default::default(),
        takes_accounts: config.accounts,
        save_every,
        news: News::default(),
        figures: Default::default(),
        started: clock::now(),
        last_turn: clock::now(),
        busy_since: None,
        journal_busy: Arc::clone(&orders.journal_busy),
    };
    central.first_facts(term, &names).await?;
    Ok(CentralHandle {
        address,
        orders,
        stop,
        done: tokio::spawn(async move {
            // Dropped however the task ends, so that whoever waits for the end hears of it.
            let _over = over;
            central.run(inbox).await
        }),
    })
}

/// What a central is asked, by its program and by the doors, and where it hears all.
fn asked(
    inputs: mpsc::Receiver<inputs::Input>,
    reigns: watch::Receiver<api::Reigns>,
) -> (CentralOrders, Inbox) {
    let (commands, of_program) = mpsc::channel(COMMANDS);
    let (counts, of_doors) = mpsc::channel(figures::ON_THEIR_WAY);
    let inbox = Inbox {
        inputs,
        commands: of_program,
        figures: of_doors,
    };
    (CentralOrders::new(commands, counts, reigns), inbox)
}

impl Central {
    /// Nobody hears of a reign that is not recorded.
    async fn first_facts(&mut self, term: Term, names: &Path) -> Result<(), StoreError> {
        self.cluster.allow_accounts(self.takes_accounts);
        if self.several.is_some() {
            return Ok(());
        }
        self.act();
        let (wall_ms, registry) = (clock::wall_ms(), self.cluster.registry());
        self.journal.finish(term, wall_ms, registry).await?;
        set_aside(names)
    }
}

/// One of several centrals serves nobody before it reigns.
fn at_first(is_of_several: bool) -> (Standing, api::Reigns) {
    match is_of_several {
        true => (Standing::Standby(None), api::Reigns::Elsewhere(None)),
        false => (Standing::Active, api::Reigns::Here),
    }
}

/// What a central begins with.
struct Begun {
    cluster: Cluster,
    journal: Journal,
    cluster_id: ClusterId,
    several: Option<Several>,
}

/// Opens the journal, or joins the other centrals.
async fn begin(
    config: &CentralConfig,
    address: SocketAddr,
    before: statistics::Before,
    statistics: &mut Statistics,
    events: &mpsc::Sender<CentralEvent>,
) -> Result<Begun, StartError> {
    let path = config.journal.clone();
    let path = path.unwrap_or_else(|| statistics.stem().with_extension("diario"));
    let names = statistics.stem().with_extension("nombres");
    let cluster_id = before.cluster;
    let machine = ClusterConfig {
        required_secondaries: usize::from(config.required_secondaries),
        max_downloads: config.max_downloads,
        term: Term::default(),
        seed: secret_seed(),
        wall_ms: clock::wall_ms(),
    };
    Ok(match config.several.clone() {
        Some(mut several) => {
            if several.address.port() == 0 {
                several.address.set_port(address.port());
            }
            let cluster = several::idle(&machine);
            let (own, file) = by_itself(&path, before, &names)?;
            let events = events.clone();
            let backup = |id: ClusterId| Backup::start(path, id.to_string(), file, events);
            let (several, cluster_id) = Several::open(several, own, machine, backup).await?;
            Begun {
                cluster,
                journal: Journal::elsewhere(),
                cluster_id,
                several: Some(several),
            }
        }
        None => {
            let opened = Journal::open(
                &path,
                || cluster_id.to_string(),
                || import(before.totals, &names, before.begun, Term::default()),
            )?;
            if let Some(cut) = opened.cut {
                let _ = events.try_send(CentralEvent::JournalCut {
                    path,
                    bytes: cut.bytes,
                });
            }
            let last = opened.registry.term().max(before.term);
            let term = next_term(last, clock::wall_s());
            statistics.begin(term)?;
            let machine = ClusterConfig { term, ..machine };
            Begun {
                cluster: Cluster::new(clock::now(), machine, opened.registry),
                journal: opened.journal,
                cluster_id: ClusterId::try_from(opened.cluster.as_str()).unwrap_or(cluster_id),
                several: None,
            }
        }
    })
}

/// What a central had before it became one of several: its journal, or what it kept before there was one.
fn by_itself(
    path: &Path,
    before: statistics::Before,
    names: &Path,
) -> Result<(Own, Option<FileStore>), StartError> {
    let (journal, cluster) = (None, before.cluster);
    let Some((file, found)) = FileStore::open(path)? else {
        let registry = import(before.totals, names, before.begun, before.term)?;
        let own = Own {
            journal,
            cluster,
            registry,
            seq: 0,
            at: 0,
        };
        return Ok((own, None));
    };
    let (registry, at) = journal::replay(path, &found)?;
    let own = Own {
        journal: Some(path.to_owned()),
        cluster: ClusterId::try_from(found.cluster.as_str()).unwrap_or(cluster),
        registry,
        seq: found.last(),
        at,
    };
    Ok((own, Some(file)))
}

/// What serves those who speak another protocol than lines.
fn face(
    config: &CentralConfig,
    network: &Network,
    orders: &CentralOrders,
    expelled: &ExpelledHosts,
) -> Option<Reception> {
    let security = Arc::clone(&config.security);
    let (orders, network) = (orders.clone(), network.clone());
    let door = CentralDoor::new(orders, network, security, expelled.clone());
    let face = config.face.as_ref()?.make(door);
    Some(Reception::new(face, connection_permits()))
}

/// What runs kept that had no journal: the books, and what was remembered of names.
fn import(totals: Totals, names: &Path, begun: bool, term: Term) -> Result<Registry, StoreError> {
    let records: Vec<NameRecord> = match names.try_exists() {
        Ok(true) => RecordLog::open(names)?.1,
        Ok(false) | Err(_) => Vec::new(),
    };
    Ok(Registry::import(totals, records, begun, term))
}

/// What was imported is not read again.
fn set_aside(names: &Path) -> Result<(), StoreError> {
    let imported = names.with_extension("nombres.importado");
    match std::fs::rename(names, imported) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(StoreError::new(names, &error))
        }
        _ => Ok(()),
    }
}

/// A seed that nobody else knows. A system without random numbers has none for TLS or the secret either.
fn secret_seed() -> u128 {
    let mut bytes = [0; 16];
    if SystemRandom::new().fill(&mut bytes).is_err() {
        tracing::warn!("the system has no random numbers: names of transfers can be guessed");
        return fastrand::u128(..);
    }
    u128::from_be_bytes(bytes)
}

/// The seed of the key that tickets are signed with: another one for each run.
fn key_seed() -> [u8; 32] {
    let mut seed = [0; 32];
    let (first, second) = seed.split_at_mut(16);
    first.copy_from_slice(&secret_seed().to_be_bytes());
    second.copy_from_slice(&secret_seed().to_be_bytes());
    seed
}

/// The highest number that a secondary may have where `required` are required.
fn highest_number(required: u16) -> u16 {
    const USUAL: u16 = 3;
    required.clamp(USUAL, MAX_SECONDARY_NUMBER)
}
