//! Sources that are about to leave: they bring what they were asked for, then their connection ends, and they are
//! asked for nothing more as long as others are there.

use std::time::Instant;

use super::{
    Action,
    machine::Download,
    source::{Link, Source},
};

impl Download {
    /// Lets sources rest, or wakes them.
    pub(super) fn rest(&mut self, now: Instant) {
        if !self.sources.values().any(Source::is_or_was_draining) {
            return;
        }
        let others_carry_on = self.others_carry_on();
        let mut wanted = Vec::new();
        for source in self.sources.values_mut() {
            source.is_resting = source.is_draining && others_carry_on;
            let id = source.id;
            match source.link {
                Link::Up | Link::Suspect if source.is_resting && source.queue.len() == 0 => {
                    source.link = Link::Resting;
                    self.actions.push_back(Action::Disconnect { source: id });
                }
                Link::Resting if !source.is_resting => wanted.push(id),
                Link::Up
                | Link::Suspect
                | Link::Resting
                | Link::Connecting { .. }
                | Link::Waiting { .. }
                | Link::Banned => {}
            }
        }
        for id in wanted {
            self.connect(now, id);
        }
    }

    /// True when those that stay can bring all that is missing.
    fn others_carry_on(&self) -> bool {
        let stays = |s: &&Source| !s.is_draining && (s.link == Link::Up || s.is_first_attempt());
        let others = self.sources.values().filter(stays);
        let others: Vec<_> = others.map(|source| &source.have).collect();
        let here = self.chunks.have();
        let mut missing = self
            .layout
            .all()
            .iter()
            .filter(|chunk| !here.contains(*chunk));
        others.iter().any(|have| have.is_all())
            || !others.is_empty() && missing.all(|c| others.iter().any(|have| have.contains(c)))
    }
}
