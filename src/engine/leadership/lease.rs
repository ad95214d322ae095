//! The own lease: when it is renewed, and until when it certainly lives. The deadline is counted from the moment at which
//! the last renewal that was answered had been sent, and keeps a sixth of the time in hand for clocks of other rates.

use std::time::{Duration, Instant};

use super::{requests::Request, types::AskId};
use crate::model::LeaseId;

/// After a request without an answer, or a lease that could not be had.
const AGAIN: Duration = Duration::from_millis(100);

#[derive(Debug)]
pub(super) struct Lease {
    ttl: Duration,
    id: Option<LeaseId>,
    /// The renewal on its way.
    sent: Option<(AskId, Instant)>,
    next_at: Instant,
    deadline: Option<Instant>,
}

impl Lease {
    pub(super) fn new(now: Instant, ttl: Duration) -> Self {
        Self {
            ttl,
            id: None,
            sent: None,
            next_at: now,
            deadline: None,
        }
    }

    pub(super) fn id(&self) -> Option<LeaseId> {
        self.id
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        self.deadline
    }

    /// It certainly lives.
    pub(super) fn is_sure(&self, now: Instant) -> bool {
        self.deadline.is_some_and(|deadline| now < deadline)
    }

    pub(super) fn due_at(&self) -> Option<Instant> {
        self.sent.is_none().then_some(self.next_at)
    }

    /// What is to be asked now.
    pub(super) fn due(&self, now: Instant) -> Option<Request> {
        if self.sent.is_some() || now < self.next_at {
            return None;
        }
        Some(self.id.map_or(Request::Grant(self.ttl), Request::Renew))
    }

    pub(super) fn asked(&mut self, now: Instant, ask: AskId) {
        self.sent = Some((ask, now));
        self.next_at = now + self.ttl / 5;
    }

    /// Whether this is the answer that is waited for, and when its request was sent.
    fn take(&mut self, ask: AskId) -> Option<Instant> {
        let (_, sent) = self.sent.take_if(|(id, _)| *id == ask)?;
        Some(sent)
    }

    /// It lives, and is called so.
    pub(super) fn lives(&mut self, ask: AskId, id: LeaseId) {
        if let Some(sent) = self.take(ask) {
            self.id = Some(id);
            self.deadline = Some(sent + self.ttl - self.ttl / 6);
        }
    }

    /// No answer. The next try asks for the same.
    pub(super) fn silent(&mut self, now: Instant, ask: AskId) {
        if self.take(ask).is_some() {
            self.next_at = self.next_at.min(now + AGAIN);
        }
    }

    /// There is no such lease any more: the next is another.
    pub(super) fn gone(&mut self, now: Instant) {
        self.id = None;
        self.deadline = None;
        self.sent = None;
        self.next_at = now;
    }

    /// It is not to be had for now.
    pub(super) fn refused(&mut self, now: Instant, ask: AskId) {
        if self.take(ask).is_some() {
            self.next_at = now + 5 * AGAIN;
        }
    }
}
