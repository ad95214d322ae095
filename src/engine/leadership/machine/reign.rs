//! How a central comes by the key, begins its reign, and loses it.

use std::time::{Duration, Instant};

use super::{
    super::{
        appends::Kind,
        handover::Handover,
        keeping::Keeping,
        requests::Request,
        types::{Action, Broken, Compose, Milestone, NotMigrated, StepDown},
        values::{Active, Batch, Fence, Sight},
    },
    Leadership, Role, Stage,
};
use crate::{
    engine::leadership::types::AskId,
    model::{LeaseId, Revision},
};

/// Who was fenced or gave up leaves the key to others for so long.
const PAUSE: Duration = Duration::from_secs(1);

impl Leadership {
    /// After its own deadline a central cannot know any more whether it is the active one.
    pub(super) fn heed_deadline(&mut self, now: Instant) {
        let Role::Serving { fence, term } = self.role else {
            return;
        };
        if self.lease.is_sure(now) {
            return;
        }
        self.role = Role::Limited {
            fence,
            term,
            after: self.last_ask,
            confirmed: false,
        };
        self.actions.push_back(Action::Limited);
        if !matches!(self.handover, Handover::Closing { .. }) {
            self.give_up_moving(NotMigrated::Silent);
        }
        self.view.look_now(now);
    }

    /// What follows from where it stands and what it knows.
    pub(super) fn drive_role(&mut self, now: Instant) {
        if matches!(self.role, Role::Standby) {
            self.drive_standby(now);
        }
        match self.role {
            Role::TakingOver {
                fence,
                stage: Stage::CatchingUp { tail },
            } => self.catch_up(now, fence, tail),
            Role::TakingOver {
                fence,
                stage: Stage::Opened { term },
            } if self.lease.is_sure(now) => self.serve(now, fence, term),
            Role::Limited {
                fence,
                term,
                confirmed: true,
                ..
            } if self.lease.is_sure(now) => {
                self.role = Role::Serving { fence, term };
                self.actions.push_back(Action::Resumed);
            }
            Role::Serving { fence, .. } => self.clear_mark(fence),
            Role::Standby | Role::TakingOver { .. } | Role::Limited { .. } | Role::Stopped => {}
        }
    }

    fn drive_standby(&mut self, now: Instant) {
        let (Some(lease), None) = (self.lease.id(), &self.stopping) else {
            return;
        };
        if let Some(active) = &self.view.active {
            // Given by another, or won by a request whose answer was lost.
            if active.lease == Some(lease) {
                self.take_over(now, active.fence);
            }
            return;
        }
        if self.campaign_at().is_none_or(|at| now < at) || !self.lease.is_sure(now) {
            return;
        }
        let ask = self.ask(Request::Campaign(Active {
            node: self.config.node.clone(),
            address: self.config.address.clone(),
            lease: Some(lease),
            fence: Fence(Revision::default()),
        }));
        self.campaign = Some(ask);
    }

    /// When it tries to get the key that nobody has.
    pub(super) fn campaign_at(&self) -> Option<Instant> {
        let absent_since = self.view.absent_since?;
        if self.campaign.is_some() || self.stopping.is_some() {
            return None;
        }
        let at = if self.is_ready() {
            absent_since
        } else {
            absent_since + 2 * self.config.ttl
        };
        Some(if self.is_named() {
            at
        } else {
            at.max(self.not_before)
        })
    }

    /// The key is one's own. What is written before is read from now on. Whoever was given the key together with the last
    /// batch has all of it: nobody else can have written since.
    pub(super) fn take_over(&mut self, now: Instant, fence: Fence) {
        let stage = if self.follow.ends_at(fence.0) {
            let tail = self.follow.applied();
            Stage::CatchingUp { tail }
        } else {
            let after = self.last_ask;
            Stage::Reading { after }
        };
        self.role = Role::TakingOver { fence, stage };
        self.view.look_now(now);
    }

    fn catch_up(&mut self, now: Instant, fence: Fence, tail: u64) {
        if self.follow.applied() < tail {
            self.follow.read_on(now);
            return;
        }
        let (seq, term) = (self.follow.applied() + 1, self.follow.term() + 1);
        self.follow.stop();
        self.actions.push_back(Action::Unwatch);
        self.role = Role::TakingOver {
            fence,
            stage: Stage::Opening { term },
        };
        self.actions.push_back(Action::Compose(Compose {
            seq,
            term,
            what: Milestone::Term,
        }));
    }

    /// A batch that the machine has asked for.
    pub(super) fn composed(&mut self, now: Instant, batch: Batch) {
        if !self.appends.is_idle() {
            return;
        }
        match (&self.role, &self.handover) {
            (
                Role::TakingOver {
                    stage: Stage::Opening { .. },
                    ..
                },
                _,
            ) => self.appends.begin(now, Kind::Opening, batch),
            (Role::Serving { .. } | Role::Limited { .. }, Handover::Closing { to }) => {
                let kind = Kind::Closing(to.clone());
                self.appends.begin(now, kind, batch);
            }
            _ => {}
        }
    }

    fn serve(&mut self, now: Instant, fence: Fence, term: u64) {
        self.role = Role::Serving { fence, term };
        self.keeping = Keeping::new(now);
        self.actions.push_back(Action::Serve {
            term,
            next: self.follow.applied() + 1,
        });
    }

    /// Things as a look found them.
    pub(super) fn saw(&mut self, now: Instant, ask: AskId, sight: &Sight) {
        let is_other = self.view.saw(now, ask, sight);
        self.follow.saw_tail(now, sight.tail);
        self.tell_active(is_other);
        match &mut self.role {
            Role::TakingOver { fence, stage } => {
                let fence = *fence;
                let is_own = is_of(sight, fence);
                if let Stage::Reading { after } = stage
                    && ask > *after
                    && is_own
                {
                    *stage = Stage::CatchingUp { tail: sight.tail };
                }
                self.heed_owner(now, fence, sight.revision, is_own);
            }
            Role::Serving { fence, .. } => {
                let fence = *fence;
                self.heed_owner(now, fence, sight.revision, is_of(sight, fence));
                self.check(now, ask, sight);
            }
            Role::Limited {
                fence,
                after,
                confirmed,
                ..
            } => {
                let fence = *fence;
                let is_own = is_of(sight, fence);
                *confirmed |= ask > *after && is_own;
                self.heed_owner(now, fence, sight.revision, is_own);
            }
            Role::Standby | Role::Stopped => {}
        }
    }

    /// A key that is another's, or nobody's, is not one's own any more. The one that was given away is heard of by the
    /// answer to that.
    fn heed_owner(&mut self, now: Instant, fence: Fence, at: Revision, is_own: bool) {
        if !is_own && at >= fence.0 && !self.appends.is_closing() {
            self.step_down(now, StepDown::Fenced);
        }
    }

    pub(super) fn saw_active(&mut self, now: Instant, at: Revision, active: Option<Active>) {
        let is_other = self.view.saw_active(now, at, active);
        self.tell_active(is_other);
    }

    fn tell_active(&mut self, is_other: bool) {
        if is_other && matches!(self.role, Role::Standby) {
            self.actions
                .push_back(Action::Follow(self.view.active.clone()));
        }
    }

    /// A transaction found the key to be another's.
    pub(super) fn fenced(&mut self, now: Instant, at: Revision, active: Option<Active>) {
        self.saw_active(now, at, active);
        self.step_down(now, StepDown::Fenced);
    }

    /// Its lease has ended, and the key with it.
    pub(super) fn lease_gone(&mut self, now: Instant, lease: LeaseId) {
        if self.lease.id() == Some(lease) {
            self.lease.gone(now);
            self.announcing.told = None;
            self.view.look_now(now);
            self.step_down(now, StepDown::LeaseLost);
        }
    }

    /// It has no key any more: what was on its way with its fence can never be written.
    pub(super) fn step_down(&mut self, now: Instant, why: StepDown) {
        let role = std::mem::replace(&mut self.role, Role::Standby);
        match role {
            Role::Serving { .. } | Role::Limited { .. } => {
                self.end_moving(&why);
                self.actions.push_back(Action::StepDown(why));
                self.actions
                    .push_back(Action::Follow(self.view.active.clone()));
                self.follow.start_over(now);
            }
            Role::TakingOver { stage, .. } => match stage {
                Stage::Reading { .. } | Stage::CatchingUp { .. } | Stage::Opening { .. } => {
                    self.follow.go_on(now);
                }
                Stage::Opened { .. } => {
                    self.follow.go_on(now);
                }
            },
            Role::Standby => return,
            Role::Stopped => {
                self.role = Role::Stopped;
                return;
            }
        }
        self.appends.end();
        self.keeping.give_up();
        self.not_before = now + PAUSE;
        self.view.look_now(now);
    }

    /// Something is as it can never be.
    pub(super) fn fault(&mut self, broken: Broken) {
        self.role = Role::Stopped;
        self.actions.push_back(Action::Unwatch);
        self.actions.push_back(Action::Fault(broken));
    }
}

/// Whether the key is that of this reign.
fn is_of(sight: &Sight, fence: Fence) -> bool {
    (sight.active.as_ref()).is_some_and(|active| active.fence == fence)
}
