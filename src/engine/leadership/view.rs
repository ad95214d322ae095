//! What was last seen of the others. Looks and watches come in any order: what is of an earlier revision than what is known
//! is not believed.

use std::time::{Duration, Instant};

use super::{
    types::AskId,
    values::{Active, Sight, Standby},
};
use crate::model::Revision;

const AGAIN: Duration = Duration::from_millis(100);

#[derive(Debug)]
pub(super) struct View {
    /// The look on its way.
    looking: Option<AskId>,
    next_at: Instant,
    pub(super) active: Option<Active>,
    /// As of this revision; `None` before the first look.
    active_at: Option<Revision>,
    /// Since when nobody has the key.
    pub(super) absent_since: Option<Instant>,
    pub(super) handover: Option<String>,
    pub(super) standbys: Vec<Standby>,
    pub(super) format: u32,
}

impl View {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            looking: None,
            next_at: now,
            active: None,
            active_at: None,
            absent_since: None,
            handover: None,
            standbys: Vec::new(),
            format: 1,
        }
    }

    pub(super) fn due_at(&self) -> Option<Instant> {
        self.looking.is_none().then_some(self.next_at)
    }

    pub(super) fn asked(&mut self, now: Instant, ask: AskId, every: Duration) {
        self.looking = Some(ask);
        self.next_at = now + every;
    }

    /// The next look is wanted at once, whatever is on its way.
    pub(super) fn look_now(&mut self, now: Instant) {
        self.looking = None;
        self.next_at = now;
    }

    /// The next look is wanted no later than this.
    pub(super) fn look_within(&mut self, now: Instant, within: Duration) {
        self.next_at = self.next_at.min(now + within);
    }

    pub(super) fn silent(&mut self, now: Instant, ask: AskId) {
        if self.looking.take_if(|looking| *looking == ask).is_some() {
            self.next_at = now + AGAIN;
        }
    }

    /// A look was answered. Says whether somebody else is active than before.
    pub(super) fn saw(&mut self, now: Instant, ask: AskId, sight: &Sight) -> bool {
        self.looking.take_if(|looking| *looking == ask);
        self.handover.clone_from(&sight.handover);
        self.standbys.clone_from(&sight.standbys);
        self.format = sight.format;
        self.saw_active(now, sight.revision, sight.active.clone())
    }

    /// Who was active at a revision.
    pub(super) fn saw_active(
        &mut self,
        now: Instant,
        at: Revision,
        active: Option<Active>,
    ) -> bool {
        if self.active_at.is_some_and(|known| at < known) {
            return false;
        }
        let is_first = self.active_at.replace(at).is_none();
        match &active {
            Some(_) => self.absent_since = None,
            None if self.absent_since.is_none() => self.absent_since = Some(now),
            None => {}
        }
        let is_other = is_first || self.active != active;
        self.active = active;
        is_other
    }
}
