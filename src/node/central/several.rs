//! One central of several: its journal is in a key store, which it follows while another one reigns. `reign` says what is to
//! be done; here it is done, with the machine, the registry and the peers of this central.

use std::{
    net::SocketAddr,
    ops::ControlFlow,
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use serde::{Deserialize, Serialize};
use tokio::sync::oneshot;

use super::{
    key_store::BatchStore,
    opening::{KeyStoreConfig, OpenKeyStore, open_key_store},
    place::{Elsewhere, Membership, Standing},
    reign::Reign,
    state::Central,
};
use crate::{
    engine::{
        cluster::{Cluster, ClusterConfig},
        leadership::{
            Action, Active, Answer, Batch, Compose, Config, Event, Milestone, NotMigrated, Request,
            Standing as Reigning, StepDown,
        },
        registry::{Entry, Registry},
    },
    model::{ClusterId, Digest, Term},
    node::{KeyStoreError, clock},
    store::{StoreError, diary, sha256},
};

use super::journal;

/// How long the key store may be silent at the start.
const FIRST_ANSWER: Duration = Duration::from_secs(10);
/// Pause before it is asked again then.
const ASK_AGAIN: Duration = Duration::from_millis(250);
/// Centrals are named to peers this often.
const NAME_EVERY: Duration = Duration::from_secs(1);
/// Longest that a central takes to hand over when it ends.
const END_WITHIN: Duration = Duration::from_secs(3);

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

/// What the owner has of it.
pub(super) struct Several {
    reign: Reign<OpenKeyStore>,
    node: String,
    address: SocketAddr,
    /// How the machine of a reign is made.
    config: ClusterConfig,
    /// What was followed, while another one reigns.
    registry: Registry,
    at: u64,
    migrating: Option<Migrated>,
    /// A snapshot is wanted, of what is durable.
    wants_snapshot: bool,
    /// The registry as it is after the batch that is on its way.
    made: Option<(u64, Registry)>,
    moves: Option<(Duration, Instant)>,
    named_at: Option<Instant>,
    ends_by: Option<Instant>,
}

impl std::fmt::Debug for Several {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Several").field("node", &self.node).finish()
    }
}

impl Several {
    /// Asks the key store which cluster this is; a new one gets the id that is given.
    ///
    /// # Errors
    /// When there is no key store, or none that answers.
    pub(super) async fn open(
        several: SeveralConfig,
        id: ClusterId,
        config: ClusterConfig,
    ) -> Result<(Self, ClusterId), KeyStoreError> {
        let members = several.key_store.endpoints.join(",");
        let store = Arc::new(open_key_store(several.key_store)?);
        let began = clock::now();
        let asked = Request::Identify(id.to_string());
        let id = loop {
            match store.ask(&asked).await {
                Ok(Answer::Identity(id)) => break id,
                Ok(_) | Err(_) if clock::now() - began < FIRST_ANSWER => {
                    tokio::time::sleep(ASK_AGAIN).await;
                }
                Ok(_) | Err(_) => return Err(KeyStoreError::Silent(members)),
            }
        };
        let id = ClusterId::try_from(id.as_str()).map_err(|_| KeyStoreError::Foreign(members))?;
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
        };
        Ok((several, id))
    }

    /// Waits for what is to be done; for ever at a central by itself. Cancel-safe.
    pub(super) async fn next(several: &mut Option<Self>) -> Action {
        match several {
            Some(several) => several.reign.next().await,
            None => std::future::pending().await,
        }
    }

    /// Applies a batch of the journal.
    fn apply(&mut self, batch: &Batch) -> bool {
        let batch = diary::Batch {
            seq: batch.seq,
            body: batch.body.to_vec(),
        };
        let Ok((head, entries)) = journal::parse(Path::new("etcd"), &batch) else {
            return false;
        };
        self.at = self.at.max(head.at);
        entries.iter().for_each(|entry| self.registry.apply(entry));
        true
    }

    fn load(&mut self, body: &[u8], digest: Digest) -> bool {
        let is_right = sha256(body) == digest;
        match Registry::restore(body) {
            Ok(registry) if is_right => {
                self.registry = registry;
                true
            }
            Ok(_) | Err(_) => false,
        }
    }

    fn compose(&mut self, compose: Compose) {
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
        let body = journal::batch(seq, term_of(term), self.at, &entries).into();
        self.reign
            .handle(Event::Composed(Batch { seq, term, body }));
    }

    fn made_snapshot(&mut self, seq: u64, registry: &Registry) {
        let body = registry.snapshot();
        let digest = sha256(&body);
        let term = registry.term().0.into();
        self.reign.handle(Event::SnapshotMade {
            seq,
            term,
            body: body.into(),
            digest,
        });
    }

    /// Where another central is, if that is known.
    fn elsewhere(&self, active: Option<&Active>, term: Term) -> Option<Elsewhere> {
        let active = active.filter(|active| active.node != self.node)?;
        let address = active.address.parse().ok()?;
        Some(Elsewhere { address, term })
    }

    fn standby(&self, node: &str, term: Term) -> Option<Elsewhere> {
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
            term: None,
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

/// Reigns are counted in 32 bits on the wire.
fn term_of(term: u64) -> Term {
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

impl Central {
    /// Does what the reign wants done. Breaks once all is given back.
    ///
    /// # Errors
    /// When the journal is not what it must be.
    pub(super) fn reigns(&mut self, action: Action) -> Result<ControlFlow<()>, StoreError> {
        let Some(several) = &mut self.several else {
            return Ok(ControlFlow::Continue(()));
        };
        match action {
            Action::Load { body, digest, .. } => {
                if !several.load(&body, digest) {
                    several.reign.handle(Event::Unreadable);
                }
            }
            Action::Apply(batch) => {
                if !several.apply(&batch) {
                    several.reign.handle(Event::Unreadable);
                }
            }
            Action::Compose(compose) => several.compose(compose),
            Action::Serve { term, .. } => self.begin_reign(term_of(term))?,
            Action::Committed(seq) => self.committed(seq),
            Action::MakeSnapshot(_) => several.wants_snapshot = true,
            Action::Limited => self.stand_now(Standing::Limited),
            Action::Resumed => self.stand_now(Standing::Active),
            Action::StepDown(why) => self.end_reign(&why),
            Action::Follow(active) => self.follows(active.as_ref()),
            Action::Migration(end) => {
                if let Some(tell) = several.migrating.take() {
                    let _ = tell.send(end);
                }
            }
            Action::Fault(broken) => {
                let error = std::io::Error::other(format!("{broken:?}"));
                return Err(StoreError::new(Path::new("etcd"), &error));
            }
            Action::Stopped => return Ok(ControlFlow::Break(())),
            Action::Ask(..) | Action::Watch(..) | Action::Unwatch => {}
        }
        Ok(ControlFlow::Continue(()))
    }

    fn stand_now(&mut self, standing: Standing) {
        let now = self.last_turn;
        self.stand(now, standing);
    }

    fn begin_reign(&mut self, term: Term) -> Result<(), StoreError> {
        let Some(several) = &mut self.several else {
            return Ok(());
        };
        let registry = std::mem::take(&mut several.registry);
        let config = ClusterConfig {
            term,
            wall_ms: clock::wall_ms(),
            ..several.config.clone()
        };
        self.replace(Cluster::new(clock::now(), config, registry));
        self.statistics.begin(term)?;
        self.stand_now(Standing::Active);
        Ok(())
    }

    fn end_reign(&mut self, why: &StepDown) {
        let term = self.cluster.term();
        let Some(several) = &mut self.several else {
            return;
        };
        tracing::info!(?why, "does not reign any more");
        let elsewhere = match why {
            StepDown::HandedOver(to) => several.standby(to, term),
            StepDown::Fenced | StepDown::LeaseLost | StepDown::Released => {
                let active = several.reign.snapshot().active;
                several.elsewhere(active.as_ref(), term)
            }
        };
        let idle = idle(&several.config);
        // Nobody has heard of what was decided and is not durable.
        self.journal.forget();
        self.stand_now(Standing::Standby(elsewhere));
        self.replace(idle);
    }

    /// Another machine decides from now on: all that is known of the one before is of no use.
    fn replace(&mut self, cluster: Cluster) {
        self.journal.forget();
        self.cluster = cluster;
        // The gateway of this process comes again by itself.
        for (_, peer) in self.peers.drain() {
            peer.ended.cancel();
        }
        (self.pages, self.counts) = Default::default();
        self.shown = Default::default();
        if let Some(several) = &mut self.several {
            several.registry = Registry::default();
            (several.wants_snapshot, several.made) = (false, None);
        }
    }

    fn follows(&mut self, active: Option<&Active>) {
        let Some(several) = &self.several else {
            return;
        };
        if matches!(self.place.standing, Standing::Standby(_)) {
            let elsewhere = several.elsewhere(active, several.registry.term());
            self.stand_now(Standing::Standby(elsewhere));
        }
    }

    fn committed(&mut self, seq: u64) {
        self.journal.committed();
        let Some(several) = &mut self.several else {
            return;
        };
        if let Some((made, registry)) = several.made.take()
            && made == seq
        {
            several.made_snapshot(seq, &registry);
        }
    }

    /// Begins to write what has gathered, if this central is one of several. Returns false otherwise.
    pub(super) fn append(&mut self) -> bool {
        let Some(several) = &mut self.several else {
            return false;
        };
        let Some((seq, term)) = several.reign.next_batch() else {
            return true;
        };
        let registry = self.cluster.registry();
        let at = several.at.max(clock::wall_ms());
        let Some((body, is_all)) = self.journal.take_batch(seq, term_of(term), at) else {
            if several.wants_snapshot && self.journal.is_empty() {
                several.wants_snapshot = false;
                several.made_snapshot(seq - 1, registry);
            }
            return true;
        };
        several.at = at;
        if several.wants_snapshot && is_all {
            several.wants_snapshot = false;
            several.made = Some((seq, registry.clone()));
        }
        let body = body.into();
        several
            .reign
            .handle(Event::Append(Batch { seq, term, body }));
        true
    }

    /// Now and then: moves if it is to, and names all centrals to the peers.
    pub(super) fn look_round(&mut self) {
        let now = clock::now();
        let Some(several) = &mut self.several else {
            return;
        };
        if let Some((every, last)) = &mut several.moves
            && now - *last >= *every
        {
            *last = now;
            if several.reign.is_active() {
                several.reign.handle(Event::Migrate(None));
            }
        }
        if several.named_at.is_some_and(|at| now - at < NAME_EVERY) {
            return;
        }
        several.named_at = Some(now);
        let all = several.centrals();
        let centrals: Vec<SocketAddr> = all.iter().filter_map(|c| c.address.parse().ok()).collect();
        if centrals != self.place.membership.centrals {
            let cluster = self.place.membership.cluster;
            self.join(Membership { cluster, centrals });
        }
    }

    /// Has another central reign, by a person's order.
    pub(super) fn migrate(&mut self, to: Option<String>, answer: Migrated) {
        match &mut self.several {
            None => drop(answer.send(Err(NotMigrated::Alone))),
            Some(several) if several.migrating.is_some() => {
                let _ = answer.send(Err(NotMigrated::UnderWay));
            }
            Some(several) => {
                several.migrating = Some(answer);
                several.reign.handle(Event::Migrate(to));
            }
        }
    }

    /// The centrals of this cluster; of one by itself, that one.
    pub(super) fn centrals(&self) -> Vec<CentralInfo> {
        match &self.several {
            Some(several) => several.centrals(),
            None => vec![CentralInfo {
                node: String::new(),
                address: String::new(),
                state: CentralStanding::Active,
                behind: 0,
                term: Some(self.cluster.term().0.into()),
            }],
        }
    }

    /// Begins to end: hands over, if somebody is there. Returns false for a central by itself, which ends at once, and
    /// for one that has taken too long.
    pub(super) fn gives_back(&mut self) -> bool {
        let Some(several) = &mut self.several else {
            return false;
        };
        if several.ends_by.is_none() {
            several.ends_by = Some(clock::now() + END_WITHIN);
            several.reign.handle(Event::Shutdown);
        }
        true
    }

    /// When it ends at the latest, once it ends.
    pub(super) fn ends_by(&self) -> Option<Instant> {
        self.several.as_ref()?.ends_by
    }
}
