//! The batch on its way: never a second one, and the same transaction again until it is answered.

use std::time::{Duration, Instant};

use super::{
    requests::Request,
    types::AskId,
    values::{Batch, Fence, Standby},
};

const AGAIN: Duration = Duration::from_millis(50);
/// A store without room is asked more seldom.
const NO_SPACE_AGAIN: Duration = Duration::from_millis(500);

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// The first of a reign.
    Opening,
    /// The registry's.
    Body,
    /// The last of a reign, which gives the key to this standby.
    Closing(Standby),
}

#[derive(Debug)]
pub(super) struct InFlight {
    pub(super) kind: Kind,
    pub(super) batch: Batch,
    asked: Option<AskId>,
    next_at: Instant,
    /// Since when nothing at all is heard of it.
    unanswered_since: Instant,
}

#[derive(Debug, Default)]
pub(super) struct Appends {
    in_flight: Option<InFlight>,
    no_space: bool,
}

impl Appends {
    pub(super) fn is_idle(&self) -> bool {
        self.in_flight.is_none()
    }

    pub(super) fn no_space(&self) -> bool {
        self.no_space
    }

    pub(super) fn is_closing(&self) -> bool {
        matches!(&self.in_flight, Some(flight) if matches!(flight.kind, Kind::Closing(_)))
    }

    pub(super) fn begin(&mut self, now: Instant, kind: Kind, batch: Batch) {
        self.in_flight = Some(InFlight {
            kind,
            batch,
            asked: None,
            next_at: now,
            unanswered_since: now,
        });
    }

    /// How long nothing has been heard of what is on its way.
    pub(super) fn unanswered(&self, now: Instant) -> Duration {
        (self.in_flight.as_ref()).map_or(Duration::ZERO, |flight| {
            now.saturating_duration_since(flight.unanswered_since)
        })
    }

    pub(super) fn due_at(&self) -> Option<Instant> {
        let flight = self.in_flight.as_ref()?;
        flight.asked.is_none().then_some(flight.next_at)
    }

    pub(super) fn due(&self, now: Instant, fence: Fence) -> Option<Request> {
        let flight = self.in_flight.as_ref()?;
        if flight.asked.is_some() || now < flight.next_at {
            return None;
        }
        let batch = flight.batch.clone();
        Some(match &flight.kind {
            Kind::Opening | Kind::Body => Request::Append(fence, batch),
            Kind::Closing(to) => Request::Transfer(fence, batch, to.clone()),
        })
    }

    pub(super) fn asked(&mut self, ask: AskId) {
        if let Some(flight) = &mut self.in_flight {
            flight.asked = Some(ask);
        }
    }

    /// Whether this is the answer that is waited for.
    pub(super) fn takes(&mut self, ask: AskId) -> bool {
        (self.in_flight.as_mut())
            .and_then(|flight| flight.asked.take_if(|asked| *asked == ask))
            .is_some()
    }

    /// No answer: the same again.
    pub(super) fn silent(&mut self, now: Instant) {
        if let Some(flight) = &mut self.in_flight {
            flight.next_at = now + AGAIN;
        }
    }

    /// A refusal is an answer: the store lives, and the same is tried again later.
    pub(super) fn refused(&mut self, now: Instant) {
        self.no_space = true;
        if let Some(flight) = &mut self.in_flight {
            flight.next_at = now + NO_SPACE_AGAIN;
            flight.unanswered_since = now + NO_SPACE_AGAIN;
        }
    }

    /// It is in the journal, or never will be.
    pub(super) fn end(&mut self) -> Option<InFlight> {
        self.no_space = false;
        self.in_flight.take()
    }
}
