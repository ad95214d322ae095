//! Handing over to another central, step by step.

use std::time::Instant;

use super::{
    super::{
        handover::{Handover, target},
        requests::Request,
        types::{Action, AskId, Compose, Milestone, NotMigrated, StepDown},
        values::{Fence, Sight, Standby},
    },
    Leadership, Role,
};

impl Leadership {
    /// A person's order, or the process ends.
    pub(super) fn migrate(&mut self, now: Instant, to: Option<String>) {
        let refused = match &self.role {
            Role::Serving { .. } if !self.handover.is_none() => Some(NotMigrated::UnderWay),
            Role::Serving { .. } => None,
            Role::Standby | Role::TakingOver { .. } | Role::Limited { .. } | Role::Stopped => {
                Some(NotMigrated::NotActive)
            }
        };
        if let Some(why) = refused {
            self.actions.push_back(Action::Migration(Err(why)));
            return;
        }
        self.handover = Handover::check(now, to, self.last_ask);
        self.view.look_now(now);
    }

    /// A look that is later than the order says whether it can be done.
    pub(super) fn check(&mut self, now: Instant, ask: AskId, sight: &Sight) {
        let Handover::Checking { to, after, .. } = &self.handover else {
            return;
        };
        if ask <= *after || !matches!(self.role, Role::Serving { .. }) {
            return;
        }
        match target(&self.config.node, to.as_deref(), sight) {
            Ok(to) => self.handover = Handover::mark(now, to),
            Err(why) => self.give_up_moving(why),
        }
    }

    pub(super) fn drive_handover(&mut self, now: Instant) {
        let Role::Serving { fence, term } = self.role else {
            return;
        };
        if self.handover.until().is_some_and(|until| until <= now) {
            let why = self.handover.too_late();
            self.give_up_moving(why);
        }
        match &self.handover {
            Handover::Marking {
                to, asked: None, ..
            } => {
                let to = to.node.clone();
                let ask = self.ask(Request::Mark(fence, to));
                if let Handover::Marking { asked, .. } = &mut self.handover {
                    *asked = Some(ask);
                }
            }
            Handover::Calling { .. } => {
                self.hear_call(now);
                self.close(term);
            }
            Handover::Draining { .. } => self.close(term),
            Handover::None
            | Handover::Checking { .. }
            | Handover::Marking { .. }
            | Handover::Closing { .. } => {}
        }
    }

    /// The standby is told, and is to answer.
    pub(super) fn marked(&mut self, now: Instant) {
        let handover = std::mem::take(&mut self.handover);
        self.handover = match handover {
            Handover::Marking { to, .. } => {
                self.view.look_now(now);
                Handover::call(now, to, self.follow.applied())
            }
            other => other,
        };
    }

    /// How the standby that is handed over to is now, if it is still the one that it was.
    fn called(&self, to: &Standby) -> Option<&Standby> {
        let mut standbys = self.view.standbys.iter();
        standbys.find(|standby| standby.node == to.node && standby.created == to.created)
    }

    /// Nothing new is written once the standby has answered.
    fn hear_call(&mut self, now: Instant) {
        let Handover::Calling { to, tail, .. } = &self.handover else {
            return;
        };
        match self.called(to) {
            Some(standby) if standby.applied >= *tail => {
                self.handover = Handover::drain(now, standby.clone());
            }
            Some(_) => {}
            None => {
                let why = NotMigrated::Behind(to.node.clone());
                self.give_up_moving(why);
            }
        }
    }

    /// Writes the last batch, once all before it is written.
    fn close(&mut self, term: u64) {
        let Handover::Draining { to, .. } = &self.handover else {
            return;
        };
        if !self.appends.is_idle() {
            return;
        }
        let to = to.clone();
        self.actions.push_back(Action::Compose(Compose {
            seq: self.follow.applied() + 1,
            term,
            what: Milestone::HandedOver(to.node.clone()),
        }));
        self.handover = Handover::Closing { to };
    }

    /// The handover comes to nothing, and the reign goes on.
    pub(super) fn give_up_moving(&mut self, why: NotMigrated) {
        match std::mem::take(&mut self.handover) {
            Handover::None => return,
            Handover::Checking { .. } => {}
            Handover::Marking { to, .. }
            | Handover::Calling { to, .. }
            | Handover::Draining { to, .. }
            | Handover::Closing { to } => {
                // It may be written; it is removed when it is.
                self.view.handover = Some(to.node);
            }
        }
        self.actions.push_back(Action::Migration(Err(why)));
    }

    /// The reign is over, and with it the handover.
    pub(super) fn end_moving(&mut self, why: &StepDown) {
        let end = match (std::mem::take(&mut self.handover), why) {
            (Handover::None, _) => return,
            (_, StepDown::HandedOver(to)) => Ok(to.clone()),
            (_, StepDown::Fenced | StepDown::LeaseLost | StepDown::Released) => {
                Err(NotMigrated::Lost)
            }
        };
        self.actions.push_back(Action::Migration(end));
    }

    /// Whoever is named as the next active while nothing is handed over is named no more.
    pub(super) fn clear_mark(&mut self, fence: Fence) {
        if self.handover.is_none() && self.view.handover.is_some() && self.unmarking.is_none() {
            let ask = self.ask(Request::Unmark(fence));
            self.unmarking = Some(ask);
        }
    }
}
