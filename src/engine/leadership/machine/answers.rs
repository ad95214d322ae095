//! What each answer of the key store leads to.

use std::time::Instant;

use super::{
    super::{
        appends::Kind,
        handover::Handover,
        requests::{Answer, Request},
        types::{Action, AskId, Broken, NotMigrated, StepDown},
        values::{Active, Fence},
    },
    Leadership, Role, Stage,
};
use crate::model::{Reply, Revision, Silence};

impl Leadership {
    pub(super) fn answered(&mut self, now: Instant, ask: AskId, reply: Result<Reply, Silence>) {
        let Some(request) = self.asks.remove(&ask) else {
            return;
        };
        match reply.map(|reply| request.answer(reply)) {
            Ok(answer) => self.heard(now, ask, request, answer),
            Err(Silence) => self.not_heard(now, ask, &request),
        }
    }

    fn heard(&mut self, now: Instant, ask: AskId, request: Request, answer: Answer) {
        match request {
            Request::Look => match answer {
                Answer::Sight(sight) => self.saw(now, ask, &sight),
                _ => self.view.silent(now, ask),
            },
            // Its owner asks that, before there is a machine.
            Request::Identify(_)
            | Request::Claim(..)
            | Request::PutImported(..)
            | Request::Import { .. } => {}
            Request::Grant(_) => match answer {
                Answer::Granted(lease) => self.lease.lives(ask, lease),
                _ => self.lease.refused(now, ask),
            },
            Request::Renew(lease) => match answer {
                Answer::Done(_) => self.lease.lives(ask, lease),
                Answer::LeaseGone => self.lease_gone(now, lease),
                _ => self.lease.refused(now, ask),
            },
            Request::Announce(standby) => self.announced(now, ask, standby.lease, &answer),
            Request::Campaign(active) => self.campaigned(now, ask, active, answer),
            Request::Append(fence, batch) => {
                self.append_answered(now, ask, fence, batch.seq, answer)
            }
            Request::Transfer(fence, batch, _) => {
                self.append_answered(now, ask, fence, batch.seq, answer);
            }
            Request::Mark(..) => self.mark_answered(now, ask, answer),
            Request::Unmark(_) => {
                if self.unmarking.take_if(|asked| *asked == ask).is_some() {
                    self.view.handover = None;
                }
            }
            Request::Release(fence) => {
                if let Answer::Fenced(at, active) = answer {
                    self.saw_active(now, at, active);
                }
                if self.fence() == Some(fence) {
                    self.step_down(now, StepDown::Released);
                }
            }
            Request::Revoke(_) => self.stop(),
            Request::Log(..) | Request::Piece(..) => self.followed(now, ask, answer),
            // Asked for by who follows, or by who keeps.
            Request::Current if self.keeping.takes(ask) => match answer {
                Answer::Current(current) => self.keeping.current(current),
                _ => self.keeping.again(now),
            },
            Request::Current => self.followed(now, ask, answer),
            Request::PutPiece(..)
            | Request::SetCurrent(..)
            | Request::Trim(..)
            | Request::Compact(_) => self.kept(now, ask, answer),
        }
    }

    fn not_heard(&mut self, now: Instant, ask: AskId, request: &Request) {
        match request {
            Request::Identify(_)
            | Request::Claim(..)
            | Request::PutImported(..)
            | Request::Import { .. } => {}
            Request::Look => self.view.silent(now, ask),
            Request::Grant(_) | Request::Renew(_) => self.lease.silent(now, ask),
            Request::Announce(_) => self.not_announced(now, ask),
            Request::Campaign(_) => {
                // A look shows whether it was done.
                self.campaign.take_if(|asked| *asked == ask);
                self.view.look_now(now);
                self.not_before = self.not_before.max(now + super::AGAIN);
            }
            Request::Append(..) | Request::Transfer(..) => {
                if self.appends.takes(ask) {
                    self.appends.silent(now);
                }
            }
            Request::Mark(..) => {
                if let Handover::Marking { asked, .. } = &mut self.handover {
                    asked.take_if(|asked| *asked == ask);
                }
            }
            Request::Unmark(_) => {
                self.unmarking.take_if(|asked| *asked == ask);
            }
            // It may be done: the end of the lease will make sure.
            Request::Release(fence) => {
                if self.fence() == Some(*fence) {
                    self.step_down(now, StepDown::Released);
                }
            }
            Request::Revoke(_) => self.stop_again(now, ask),
            Request::Log(..) | Request::Piece(..) => self.follow.silent(now, ask),
            Request::Current
            | Request::PutPiece(..)
            | Request::SetCurrent(..)
            | Request::Trim(..)
            | Request::Compact(_) => {
                if self.keeping.takes(ask) {
                    self.keeping.again(now);
                }
                self.follow.silent(now, ask);
            }
        }
    }

    fn announced(
        &mut self,
        now: Instant,
        ask: AskId,
        lease: Option<crate::model::LeaseId>,
        answer: &Answer,
    ) {
        match (answer, lease) {
            (Answer::Done(_), _) => {
                self.announcing.asked.take_if(|asked| *asked == ask);
            }
            (Answer::LeaseGone, Some(lease)) => {
                self.not_announced(now, ask);
                self.lease_gone(now, lease);
            }
            _ => self.not_announced(now, ask),
        }
    }

    fn not_announced(&mut self, now: Instant, ask: AskId) {
        if (self.announcing.asked.take_if(|asked| *asked == ask)).is_some() {
            self.announcing.told = None;
            self.announcing.next_at = now + super::AGAIN;
        }
    }

    fn campaigned(&mut self, now: Instant, ask: AskId, own: Active, answer: Answer) {
        self.campaign.take_if(|asked| *asked == ask);
        match answer {
            Answer::Won(fence) => {
                let active = Active { fence, ..own };
                let is_own = active.lease == self.lease.id();
                self.saw_active(now, fence.0, Some(active));
                if is_own && self.stopping.is_none() && matches!(self.role, Role::Standby) {
                    self.take_over(now, fence);
                }
            }
            Answer::Fenced(at, active) => self.saw_active(now, at, active),
            Answer::LeaseGone => {
                if let Some(lease) = own.lease {
                    self.lease_gone(now, lease);
                }
            }
            _ => self.not_before = now + 5 * super::AGAIN,
        }
    }

    fn append_answered(
        &mut self,
        now: Instant,
        ask: AskId,
        fence: Fence,
        seq: u64,
        answer: Answer,
    ) {
        if self.fence() != Some(fence) || !self.appends.takes(ask) {
            return;
        }
        match answer {
            Answer::Done(at) => self.written(now, at),
            Answer::Fenced(at, active) => self.fenced(now, at, active),
            Answer::TargetGone => {
                self.appends.end();
                if let Handover::Closing { to } = &self.handover {
                    let why = NotMigrated::Behind(to.node.clone());
                    self.give_up_moving(why);
                }
            }
            Answer::NoSpace => self.appends.refused(now),
            Answer::OtherBatch => self.fault(Broken::OtherBatch(seq)),
            Answer::Gap => self.fault(Broken::Gap(seq - 1)),
            Answer::Refused(why) => self.fault(Broken::Refused(seq, why)),
            // The key is given with the target's lease, and that is gone.
            Answer::LeaseGone => {
                self.appends.end();
                self.give_up_moving(NotMigrated::Lost);
            }
            _ => self.appends.silent(now),
        }
    }

    /// The batch on its way is in the journal.
    fn written(&mut self, now: Instant, at: Revision) {
        let Some(flight) = self.appends.end() else {
            return;
        };
        let (seq, term) = (flight.batch.seq, flight.batch.term);
        match flight.kind {
            Kind::Opening => {
                self.follow.wrote(seq, term);
                self.actions.push_back(Action::Apply(flight.batch));
                if let Role::TakingOver {
                    stage: stage @ Stage::Opening { .. },
                    ..
                } = &mut self.role
                {
                    *stage = Stage::Opened { term };
                }
            }
            Kind::Body => {
                self.follow.wrote(seq, term);
                self.keeping.wrote(flight.batch.body.len());
                self.actions.push_back(Action::Committed(seq));
            }
            Kind::Closing(to) => {
                let given = Active {
                    node: to.node.clone(),
                    address: to.address,
                    lease: to.lease,
                    fence: Fence(at),
                };
                self.saw_active(now, at, Some(given));
                self.step_down(now, StepDown::HandedOver(to.node));
            }
        }
    }

    fn mark_answered(&mut self, now: Instant, ask: AskId, answer: Answer) {
        let is_waited_for =
            matches!(&self.handover, Handover::Marking { asked: Some(asked), .. } if *asked == ask);
        if !is_waited_for {
            return;
        }
        match answer {
            Answer::Done(_) => self.marked(now),
            Answer::Fenced(at, active) => self.fenced(now, at, active),
            _ => self.give_up_moving(NotMigrated::Silent),
        }
    }

    fn followed(&mut self, now: Instant, ask: AskId, answer: Answer) {
        if !self.follow.takes(ask) {
            return;
        }
        match answer {
            Answer::Current(current) => {
                let current = current.map(|(kept, _)| kept);
                if let Err(broken) = self.follow.current(current, &mut self.actions) {
                    self.fault(broken);
                }
            }
            Answer::Piece(piece) => self.follow.piece(now, piece, &mut self.actions),
            Answer::Page(batches, at) => self.follow.page(batches, at, &mut self.actions),
            Answer::OtherBatch => self.fault(Broken::Unreadable(self.follow.applied() + 1)),
            _ => {
                self.follow.asked(ask);
                self.follow.silent(now, ask);
            }
        }
    }

    fn kept(&mut self, now: Instant, ask: AskId, answer: Answer) {
        if !self.keeping.takes(ask) {
            return;
        }
        match answer {
            Answer::Done(at) => self.keeping.done(at),
            Answer::Fenced(at, active) => self.fenced(now, at, active),
            Answer::OtherCurrent => self.keeping.give_up(),
            _ => self.keeping.again(now),
        }
    }
}
