//! The end of a central: it hands over if it can, else it gives the key back; then its lease.

use std::time::Instant;

use super::{
    super::{
        ending::Stopping,
        requests::Request,
        types::{Action, AskId},
    },
    Leadership, Role,
};

impl Leadership {
    pub(super) fn shut_down(&mut self, now: Instant) {
        if self.stopping.is_none() {
            self.stopping = Some(Stopping::new(now));
        }
    }

    /// The key may be given back already.
    pub(super) fn is_releasing(&self) -> bool {
        (self.stopping.as_ref()).is_some_and(|stopping| stopping.releasing.is_some())
    }

    pub(super) fn drive_stop(&mut self, now: Instant) {
        let Some(stopping) = &mut self.stopping else {
            return;
        };
        if stopping.until <= now {
            self.stop();
            return;
        }
        match self.role {
            Role::Serving { fence, .. } => {
                if !self.handover.is_none() || stopping.releasing.is_some() {
                    return;
                }
                if !stopping.tried {
                    stopping.tried = true;
                    self.migrate(now, None);
                } else if self.appends.is_idle() && stopping.next_at <= now {
                    let ask = self.ask(Request::Release(fence));
                    self.set_releasing(Some(ask));
                }
            }
            Role::Standby | Role::TakingOver { .. } | Role::Limited { .. } => {
                let Some(lease) = self.lease.id() else {
                    self.stop();
                    return;
                };
                if stopping.revoking.is_none() && stopping.next_at <= now {
                    let ask = self.ask(Request::Revoke(lease));
                    self.set_revoking(ask);
                }
            }
            Role::Stopped => {}
        }
    }

    fn set_releasing(&mut self, ask: Option<AskId>) {
        if let Some(stopping) = &mut self.stopping {
            stopping.releasing = ask;
        }
    }

    fn set_revoking(&mut self, ask: AskId) {
        if let Some(stopping) = &mut self.stopping {
            stopping.revoking = Some(ask);
        }
    }

    /// No answer while ending: once more in a moment.
    pub(super) fn stop_again(&mut self, now: Instant, ask: AskId) {
        if let Some(stopping) = &mut self.stopping {
            // What was asked may still be done: the key counts as given back from now on.
            stopping.revoking.take_if(|asked| *asked == ask);
            stopping.next_at = now + super::AGAIN;
        }
    }

    pub(super) fn stop(&mut self) {
        self.role = Role::Stopped;
        self.actions.push_back(Action::Unwatch);
        self.actions.push_back(Action::Stopped);
    }
}
