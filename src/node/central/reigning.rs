//! What a central of several does as its `reign` wants, with the machine, the registry and its peers.

use std::{
    net::SocketAddr,
    ops::ControlFlow,
    path::Path,
    time::{Duration, Instant},
};

use super::{
    place::{Membership, Standing},
    several::{CentralInfo, CentralStanding, Migrated, idle, term_of},
    state::Central,
};
use crate::{
    engine::{
        cluster::{Cluster, ClusterConfig},
        leadership::{Action, Active, Batch, Event, NotMigrated, StepDown},
        registry::Registry,
    },
    model::Term,
    node::clock,
    store::StoreError,
};

/// Centrals are named to peers this often.
const NAME_EVERY: Duration = Duration::from_secs(1);
/// Longest that a central takes to hand over when it ends.
const END_WITHIN: Duration = Duration::from_secs(3);

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
        self.cluster.allow_accounts(self.takes_accounts);
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

    /// Begins to end: hands over, if somebody is there. Returns false for a central by itself, which ends at once.
    pub(super) fn gives_back(&mut self) -> bool {
        let Some(several) = &mut self.several else {
            return false;
        };
        several.ends_by = Some(clock::now() + END_WITHIN);
        several.reign.handle(Event::Shutdown);
        true
    }

    /// When it ends at the latest, once it ends.
    pub(super) fn ends_by(&self) -> Option<Instant> {
        self.several.as_ref()?.ends_by
    }
}
