//! What a central has as one of several: its journal is in a key store, which it follows while another one reigns.

use std::{
    net::SocketAddr,
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use tokio::{
    sync::oneshot,
    task::{JoinError, JoinHandle},
};

use super::{
    backup::{Backup, Copied},
    batches::{batch as text_of, parse},
    founding::{Founding, Own},
    opening::{KeyStoreConfig, OpenKeyStore, open_key_store},
    place::Elsewhere,
    reign::Reign,
    room::{KeyStoreFigures, Room},
};
use crate::{
    engine::{
        cluster::{Cluster, ClusterConfig},
        leadership::{
            Action, Active, Batch, Compose, Config, Event, Milestone, NotMigrated,
            Standing as Reigning,
        },
        registry::{Entry, Registry},
    },
    model::{ClusterId, Digest, Term},
    node::{KeyStoreError, clock},
    store::sha256,
};

/// How a central is one of several.
#[derive(Clone, Debug)]
pub struct SeveralConfig {
    /// The name of this one.
    pub node: String,
    /// Where its peers and the others find it.
    pub address: SocketAddr,
    /// How long its lease lives.
    pub ttl: Duration,
    /// Where the journal is.
    pub key_store: KeyStoreConfig,
    /// It hands over to another one this often, for tests.
    pub moves_every: Option<Duration>,
}

/// A central of a cluster.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CentralInfo {
    /// Its name.
    pub node: String,
    /// Where it is.
    pub address: String,
    /// How it stands.
    pub state: CentralStanding,
    /// Batches of the journal that it has not applied yet.
    pub behind: u64,
    /// The present reign; `None` at those that do not reign.
    pub term: Option<u64>,
}

/// How a central stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CentralStanding {
    /// It reigns.
    Active,
    /// It reigned, and cannot know whether it still does.
    Limited,
    /// It could take over at once.
    Ready,
    /// It follows, and is behind.
    Behind,
}

/// Asks for another central to reign.
pub(super) type Migrated = oneshot::Sender<Result<String, NotMigrated>>;

/// A snapshot: its batch, its term, the text, and the digest of that.
type Made = (u64, u64, Vec<u8>, Digest);

/// What the owner has of it.
pub(super) struct Several {
    pub(super) reign: Reign<OpenKeyStore>,
    pub(super) node: String,
    pub(super) address: SocketAddr,
    /// How the machine of a reign is made.
    pub(super) config: ClusterConfig,
    /// What was followed, while another one reigns.
    pub(super) registry: Registry,
    pub(super) at: u64,
    pub(super) migrating: Option<Migrated>,
    /// A snapshot is wanted, of what is durable.
    pub(super) wants_snapshot: bool,
    /// The registry as it is after the batch that is on its way.
    pub(super) made: Option<(u64, Registry)>,
    pub(super) moves: Option<(Duration, Instant)>,
    pub(super) named_at: Option<Instant>,
    pub(super) ends_by: Option<Instant>,
    /// The last reign of this central, once it has ended.
    pub(super) ended: Option<Term>,
    /// The batch that is on its way.
    pub(super) in_flight: Option<Batch>,
    /// A snapshot that is being made.
    making: Option<JoinHandle<Made>>,
    pub(super) backup: Backup,
    pub(super) room: Room,
}

impl std::fmt::Debug for Several {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Several").field("node", &self.node).finish()
    }
}

impl Several {
    /// Asks the key store which cluster this is; a new one gets what this central had by itself.
    ///
    /// # Errors
    /// When there is no key store, or none that answers, or it has another cluster than this central.
    pub(super) async fn open(
        several: SeveralConfig,
        own: Own,
        config: ClusterConfig,
        backup: impl FnOnce(ClusterId) -> Backup,
    ) -> Result<(Self, ClusterId), KeyStoreError> {
        let members = several.key_store.endpoints.join(",");
        let store = Arc::new(open_key_store(several.key_store)?);
        let founding = Founding {
            store: &*store,
            node: &several.node,
            members,
            own,
            lease: None,
        };
        let id = founding.name().await?;
        let mut reign = Config::new(&several.node, &several.address.to_string());
        reign.ttl = several.ttl;
        let several = Self {
            reign: Reign::new(store, reign),
            node: several.node,
            address: several.address,
            config,
            registry: Registry::default(),
            at: 0,
            migrating: None,
            wants_snapshot: false,
            made: None,
            moves: several.moves_every.map(|every| (every, clock::now())),
            named_at: None,
            ends_by: None,
            ended: None,
            in_flight: None,
            making: None,
            backup: backup(id),
            room: Room::default(),
        };
        Ok((several, id))
    }

    /// Waits for what is to be done; for ever at a central by itself. Cancel-safe.
    pub(super) async fn next(several: &mut Option<Self>) -> Action {
        let Some(several) = several else {
            return std::future::pending().await;
        };
        loop {
            tokio::select! {
                action = several.reign.next() => return action,
                Some(made) = made(&mut several.making) => {
                    several.making = None;
                    if let Ok((seq, term, body, digest)) = made {
                        let body = body.into();
                        several.reign.handle(Event::SnapshotMade { seq, term, body, digest });
                    }
                }
            }
        }
    }

    /// How the key store is.
    pub(super) fn figures(&self) -> KeyStoreFigures {
        KeyStoreFigures {
            bytes: self.reign.bytes(),
            full: self.reign.has_no_space(),
        }
    }

    /// Applies a batch of the journal.
    pub(super) fn apply(&mut self, batch: &Batch) -> bool {
        let Ok((head, entries)) = parse(Path::new("etcd"), batch.seq, &batch.body) else {
            return false;
        };
        self.at = self.at.max(head.at);
        entries.iter().for_each(|entry| self.registry.apply(entry));
        self.backup.copy(Copied::Batch(batch.clone()));
        if self.backup.wants_whole() {
            self.backup.copy_whole(batch.seq, &self.registry);
        }
        true
    }

    pub(super) fn load(&mut self, seq: u64, body: Bytes, digest: Digest) -> bool {
        let is_right = sha256(&body) == digest;
        match Registry::restore(&body) {
            Ok(registry) if is_right => {
                self.registry = registry;
                self.backup.copy(Copied::Text(seq, body));
                true
            }
            Ok(_) | Err(_) => false,
        }
    }

    pub(super) fn compose(&mut self, compose: Compose) {
        let Compose { seq, term, what } = compose;
        let entries = match what {
            Milestone::Term => vec![Entry::Term {
                term: term_of(term),
            }],
            Milestone::HandedOver(to) => {
                tracing::info!(%to, "hands over");
                Vec::new()
            }
        };
        self.at = self.at.max(clock::wall_ms());
        let body = text_of(seq, term_of(term), self.at, &entries).into();
        self.reign
            .handle(Event::Composed(Batch { seq, term, body }));
    }

    /// Makes a text of the registry as it is after a batch, off this task.
    pub(super) fn make_snapshot(&mut self, seq: u64, registry: Registry) {
        self.making = Some(tokio::task::spawn_blocking(move || {
            let body = registry.snapshot();
            let digest = sha256(&body);
            (seq, registry.term().0.into(), body, digest)
        }));
    }

    /// Where another central is, if that is known.
    pub(super) fn elsewhere(&self, active: Option<&Active>, term: Term) -> Option<Elsewhere> {
        let active = active.filter(|active| active.node != self.node)?;
        let address = active.address.parse().ok()?;
        Some(Elsewhere { address, term })
    }

    /// What the central at an address is called, if that is known.
    pub(super) fn name_of(&self, address: SocketAddr) -> String {
        let centrals = self.centrals().into_iter();
        let mut of_address = centrals.filter(|one| one.address.parse() == Ok(address));
        of_address.next().map_or_else(String::new, |one| one.node)
    }

    pub(super) fn standby(&self, node: &str, term: Term) -> Option<Elsewhere> {
        let standbys = self.reign.snapshot().standbys;
        let found = standbys.iter().find(|standby| standby.node == node)?;
        let address = found.address.parse().ok()?;
        Some(Elsewhere { address, term })
    }

    /// All centrals, as far as they are known.
    pub(super) fn centrals(&self) -> Vec<CentralInfo> {
        let seen = self.reign.snapshot();
        let tail = seen.tail.max(seen.applied);
        let own = CentralInfo {
            node: self.node.clone(),
            address: self.address.to_string(),
            state: match seen.standing {
                Reigning::Serving => CentralStanding::Active,
                Reigning::Limited => CentralStanding::Limited,
                _ if seen.ready => CentralStanding::Ready,
                _ => CentralStanding::Behind,
            },
            behind: tail - seen.applied,
            term: seen.term,
        };
        let active = seen.active.iter().map(|active| CentralInfo {
            node: active.node.clone(),
            address: active.address.clone(),
            state: CentralStanding::Active,
            behind: 0,
            // As far as the journal has been followed.
            term: Some(self.registry.term().0.into()).filter(|term| *term > 0),
        });
        let standbys = seen.standbys.iter().map(|standby| CentralInfo {
            node: standby.node.clone(),
            address: standby.address.clone(),
            state: match standby.ready {
                true => CentralStanding::Ready,
                false => CentralStanding::Behind,
            },
            behind: tail.saturating_sub(standby.applied),
            term: None,
        });
        let mut all = vec![own];
        for other in active.chain(standbys) {
            if !all.iter().any(|known| known.node == other.node) {
                all.push(other);
            }
        }
        all.sort_by(|a, b| a.node.cmp(&b.node));
        all
    }
}

/// What a snapshot has become; for ever when none is being made. Cancel-safe.
async fn made<T>(making: &mut Option<JoinHandle<T>>) -> Option<Result<T, JoinError>> {
    match making {
        Some(making) => Some(making.await),
        None => std::future::pending().await,
    }
}

/// Reigns are counted in 32 bits on the wire.
pub(super) fn term_of(term: u64) -> Term {
    Term(u32::try_from(term).unwrap_or(u32::MAX))
}

/// A machine for a central that does not reign: nobody speaks to it.
pub(super) fn idle(config: &ClusterConfig) -> Cluster {
    let config = ClusterConfig {
        term: Term::default(),
        ..config.clone()
    };
    Cluster::new(clock::now(), config, Registry::default())
}
