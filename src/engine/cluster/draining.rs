//! Secondaries that are to have nothing to send, as somebody wants to stop them. Until that is taken back, or the
//! central restarts, nothing new is asked of them, they get no copies, and receivers that use them are told to go on
//! with the others. They stay holders: what nobody else that is alive holds is still had of them.

use std::{collections::BTreeMap, time::Instant};

use super::{Action, Cluster, Notice, numbers::NumberSet, running::Transfer};
use crate::{
    engine::assignment,
    model::{FileMeta, SecondaryNumber, SourceInfo, limits::LEASE},
};

/// What became of a wish to drain a secondary.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Drained {
    /// It is drained from now on.
    Yes,
    /// It is not drained any more.
    No,
    /// None of this number has enrolled since the central started.
    NoSuchSecondary,
}

/// Those that are drained.
#[derive(Debug, Default)]
pub(super) struct Draining {
    states: BTreeMap<SecondaryNumber, State>,
}

#[derive(Clone, Copy, Debug)]
struct State {
    /// Since when nothing is known of it that it has to send; it may not have been heard of yet. `None` while
    /// there is something.
    quiet_since: Option<Instant>,
    /// People know that it has nothing left to send.
    told: bool,
}

impl Draining {
    pub(super) fn contains(&self, number: SecondaryNumber) -> bool {
        self.states.contains_key(&number)
    }

    pub(super) fn set(&self) -> NumberSet {
        let mut set = NumberSet::default();
        self.states.keys().for_each(|number| {
            set.insert(*number);
        });
        set
    }

    /// When the next one may have nothing left to send for good.
    pub(super) fn next_quiet(&self) -> Option<Instant> {
        let waiting = self.states.values().filter(|state| !state.told);
        waiting
            .filter_map(|state| Some(state.quiet_since? + LEASE))
            .min()
    }
}

impl Cluster {
    /// Somebody wants a secondary to have nothing to send, or takes that back. A secondary that is away is
    /// drained as well, should it come back.
    pub fn drain(&mut self, now: Instant, number: SecondaryNumber, on: bool) -> Drained {
        self.notice_own_stop(now);
        if self.membership.get(number).is_none() {
            return Drained::NoSuchSecondary;
        }
        let states = &mut self.draining.states;
        let is_news = if on {
            let state = State {
                quiet_since: None,
                told: false,
            };
            let before = states.contains_key(&number);
            states.entry(number).or_insert(state);
            !before
        } else {
            states.remove(&number).is_some()
        };
        if is_news {
            self.push_sources_of(|_| true);
        }
        self.after(now);
        if on { Drained::Yes } else { Drained::No }
    }

    /// The live holders of a file but `except`: those that are to be asked for it, and those that are drained while
    /// there are others. The content need not be the one that its name has now.
    pub(super) fn holders(
        &self,
        file: &FileMeta,
        except: Option<SecondaryNumber>,
    ) -> (NumberSet, NumberSet) {
        let Some(entry) = self.catalog.get(&file.name) else {
            return Default::default();
        };
        let mut holders = entry.holders_of(file.id).and(self.alive_set());
        if let Some(except) = except {
            holders.remove(except);
        }
        self.without_draining(holders)
    }

    /// Sorts holders: nobody is left in peace where there is no other.
    pub(super) fn without_draining(&self, holders: NumberSet) -> (NumberSet, NumberSet) {
        let resting = holders.and(self.draining.set());
        let others = holders.without(resting);
        if others.is_empty() {
            (holders, others)
        } else {
            (others, resting)
        }
    }

    /// What the receiver of a running transfer is told: who is to send what. What was assigned to those that are
    /// drained is assigned to the others, once there are some.
    pub(super) fn present_sources(&self, running: &mut Transfer) -> Vec<SourceInfo> {
        let except = self.is_secondary(&running.receiver);
        let (mut asked, mut resting) = self.holders(&running.file, except);
        let entry = self.catalog.get(&running.file.name);
        if entry.is_none_or(|entry| entry.meta.id != running.file.id) {
            // Those who set the content aside go on sending it for a while.
            let alive = self.alive_set();
            let mut all = asked;
            for number in running.ranges.keys().copied().chain(resting.iter()) {
                if alive.contains(number) {
                    all.insert(number);
                }
            }
            (asked, resting) = self.without_draining(all);
        }
        let weights: Vec<_> = asked.iter().map(|number| (number, 1.0)).collect();
        for number in resting.iter() {
            let ranges = running.ranges.get_mut(&number).map(std::mem::take);
            for range in ranges.unwrap_or_default() {
                for (number, more) in assignment::assign(range, &weights) {
                    running.ranges.entry(number).or_default().extend(more);
                }
            }
        }
        let mut sources = self.sources(asked, &running.ranges, &mut running.ids);
        for mut source in self.sources(resting, &BTreeMap::new(), &mut running.ids) {
            source.draining = true;
            sources.push(source);
        }
        sources
    }

    /// Tells of those that have had nothing to send for long enough that what was on its way to them is over too.
    pub(super) fn tell_drained(&mut self, now: Instant) {
        let numbers: Vec<_> = self.draining.states.keys().copied().collect();
        for number in numbers {
            let (is_alive, is_quiet) = (self.alive_set().contains(number), self.is_quiet(number));
            let Some(state) = self.draining.states.get_mut(&number) else {
                continue;
            };
            if !is_alive {
                state.quiet_since = None;
                continue;
            }
            if !is_quiet {
                state.quiet_since = None;
                state.told = false;
                continue;
            }
            let since = *state.quiet_since.get_or_insert(now);
            if !state.told && now >= since + LEASE {
                state.told = true;
                self.actions
                    .push_back(Action::Notice(Notice::Drained { number }));
            }
        }
    }

    /// True when a secondary has no connection to send on, and no receiver needs it.
    fn is_quiet(&self, number: SecondaryNumber) -> bool {
        let is_needed = |transfer: &Transfer| {
            let except = self.is_secondary(&transfer.receiver);
            self.holders(&transfer.file, except).0.contains(number)
        };
        self.traffic.open(number) == 0 && !self.transfers.values().any(is_needed)
    }
}
