//! What the machine is asked: until when it waits, whether it is active, and how it stands.

use std::time::{Duration, Instant};

use super::{
    super::{
        types::{Snapshot, Standing},
        values::{Active, Fence},
    },
    LIMITED_LOOK_EVERY, LOOK_EVERY, Leadership, MOVING_LOOK_EVERY, Role, Stage,
};

impl Leadership {
    /// When `handle_timeout` is due.
    pub fn poll_timeout(&self) -> Option<Instant> {
        if matches!(self.role, Role::Stopped) {
            return None;
        }
        let is_serving = matches!(self.role, Role::Serving { .. });
        let renewal = self.lease.due_at().filter(|_| self.may_renew(self.now));
        let campaign = self
            .campaign_at()
            .filter(|_| matches!(self.role, Role::Standby) && self.lease.is_sure(self.now));
        let has_key = self.fence().is_some();
        [
            renewal,
            campaign,
            self.lease.deadline().filter(|_| is_serving),
            self.view.due_at(),
            self.follow.due_at(),
            self.appends.due_at().filter(|_| has_key),
            self.handover.until().filter(|_| is_serving),
            (self.keeping.due_at(self.follow.applied())).filter(|_| is_serving),
            self.announce_at(),
            self.stop_at(),
        ]
        .into_iter()
        .flatten()
        .min()
    }

    fn stop_at(&self) -> Option<Instant> {
        let stopping = self.stopping.as_ref()?;
        let is_waited_for = stopping.revoking.is_some()
            || stopping.releasing.is_some()
            || !self.handover.is_none()
            || !self.appends.is_idle();
        Some(if is_waited_for {
            stopping.until
        } else {
            stopping.until.min(stopping.next_at.max(self.now))
        })
    }

    /// This central is the active one, and nobody else can be: what it decides and reads counts. Asked again before each
    /// answer that leaves.
    pub fn is_active(&self, now: Instant) -> bool {
        matches!(self.role, Role::Serving { .. })
            && self.lease.is_sure(now)
            && !self.appends.is_closing()
            && !self.is_releasing()
    }

    /// The seq and term of the registry's next batch, when it may write one now.
    pub fn next_batch(&self) -> Option<(u64, u64)> {
        let Role::Serving { term, .. } = self.role else {
            return None;
        };
        let may = self.appends.is_idle() && !self.handover.holds() && !self.is_releasing();
        may.then(|| (self.follow.applied() + 1, term))
    }

    /// Whether new requests are held, as another central is about to take them.
    pub fn holds(&self) -> bool {
        self.handover.holds()
    }

    /// The key store takes nothing more.
    pub fn has_no_space(&self) -> bool {
        self.appends.no_space()
    }

    /// For how long the batch on its way has had no answer at all.
    pub fn unanswered(&self, now: Instant) -> Duration {
        self.appends.unanswered(now)
    }

    /// Who is active, as far as this central knows.
    pub fn active(&self) -> Option<&Active> {
        self.view.active.as_ref()
    }

    /// The machine, to look at.
    pub fn snapshot(&self) -> Snapshot {
        let (standing, term) = match &self.role {
            Role::Standby => (Standing::Standby, None),
            Role::TakingOver { stage, .. } => {
                let term = match stage {
                    Stage::Reading { .. } | Stage::CatchingUp { .. } => None,
                    Stage::Opening { term } | Stage::Opened { term } => Some(*term),
                };
                (Standing::TakingOver, term)
            }
            Role::Serving { term, .. } => (Standing::Serving, Some(*term)),
            Role::Limited { term, .. } => (Standing::Limited, Some(*term)),
            Role::Stopped => (Standing::Stopped, None),
        };
        Snapshot {
            standing,
            term,
            fence: self.fence(),
            lease: self.lease.id(),
            active: self.view.active.clone(),
            applied: self.follow.applied(),
            tail: self.follow.tail(),
            ready: self.is_ready(),
            standbys: self.view.standbys.clone(),
            in_flight: !self.appends.is_idle(),
            no_space: self.appends.no_space(),
        }
    }

    /// The fence of one's own key.
    pub(super) fn fence(&self) -> Option<Fence> {
        match &self.role {
            Role::TakingOver { fence, .. }
            | Role::Serving { fence, .. }
            | Role::Limited { fence, .. } => Some(*fence),
            Role::Standby | Role::Stopped => None,
        }
    }

    /// It could take over at once.
    pub(super) fn is_ready(&self) -> bool {
        matches!(self.role, Role::Standby)
            && self.follow.is_ready()
            && self.view.format <= self.config.reads
            && self.stopping.is_none()
    }

    /// The active hands over to this central.
    pub(super) fn is_named(&self) -> bool {
        self.view.handover.as_ref() == Some(&self.config.node)
    }

    /// Whoever cannot write does not hold the key for ever: without any answer to its batch a central lets its lease end.
    pub(super) fn may_renew(&self, now: Instant) -> bool {
        let is_revoking =
            (self.stopping.as_ref()).is_some_and(|stopping| stopping.revoking.is_some());
        self.appends.unanswered(now) < self.config.ttl / 2 && !is_revoking
    }

    pub(super) fn look_every(&self) -> Duration {
        let usual = match &self.role {
            Role::Limited { .. } => LIMITED_LOOK_EVERY,
            Role::TakingOver { .. } => MOVING_LOOK_EVERY,
            Role::Standby if self.is_named() => MOVING_LOOK_EVERY,
            Role::Standby | Role::Serving { .. } | Role::Stopped => LOOK_EVERY,
        };
        self.handover.look_every().unwrap_or(usual)
    }
}
