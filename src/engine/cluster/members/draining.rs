//! Drained secondaries: somebody wants to stop them, so they should have nothing left to send. Until a person
//! ends that, nothing new is asked of them, they get no copies, and receivers are told to use the others. They
//! stay holders: a file that no other live secondary holds is still sent by them.

use std::{collections::BTreeMap, time::Instant};

use crate::{
    engine::cluster::numbers::NumberSet,
    model::{SecondaryNumber, limits::LEASE},
};

/// The drained secondaries.
#[derive(Debug, Default)]
pub(super) struct Draining {
    states: BTreeMap<SecondaryNumber, State>,
}

#[derive(Clone, Copy, Debug, Default)]
struct State {
    /// Since when it is not known to have anything to send, even if it was never heard of. `None` while
    /// it has something to send.
    quiet_since: Option<Instant>,
    /// People were told that it has nothing left to send.
    told: bool,
}

/// The holders of a file, sorted by whether they should be asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::engine::cluster) struct Usable {
    pub(in crate::engine::cluster) asked: NumberSet,
    /// Drained, while there are others.
    pub(in crate::engine::cluster) resting: NumberSet,
}

impl Draining {
    pub(super) fn contains(&self, number: SecondaryNumber) -> bool {
        self.states.contains_key(&number)
    }

    pub(super) fn all(&self) -> NumberSet {
        self.states.keys().copied().collect()
    }

    /// True if it was not drained before.
    pub(super) fn begin(&mut self, number: SecondaryNumber) -> bool {
        let is_new = !self.contains(number);
        self.states.entry(number).or_default();
        is_new
    }

    /// True if it was drained.
    pub(super) fn end(&mut self, number: SecondaryNumber) -> bool {
        self.states.remove(&number).is_some()
    }

    /// Drained holders are asked only while there is no other.
    pub(super) fn sort(&self, holders: NumberSet) -> Usable {
        let resting = holders.and(self.all());
        let asked = holders.without(resting);
        if asked.is_empty() {
            Usable {
                asked: holders,
                resting: asked,
            }
        } else {
            Usable { asked, resting }
        }
    }

    /// Drained secondaries that have had nothing to do for so long that requests on their way are over too, each once.
    pub(super) fn look(
        &mut self,
        now: Instant,
        present: NumberSet,
        quiet: NumberSet,
    ) -> Vec<SecondaryNumber> {
        let mut drained = Vec::new();
        for (number, state) in &mut self.states {
            if !present.contains(*number) {
                state.quiet_since = None;
                continue;
            }
            if !quiet.contains(*number) {
                *state = State::default();
                continue;
            }
            let since = *state.quiet_since.get_or_insert(now);
            if !state.told && now >= since + LEASE {
                state.told = true;
                drained.push(*number);
            }
        }
        drained
    }

    /// When the next one may have nothing left to send.
    pub(super) fn next_quiet(&self) -> Option<Instant> {
        let waiting = self.states.values().filter(|state| !state.told);
        waiting
            .filter_map(|state| Some(state.quiet_since? + LEASE))
            .min()
    }
}
