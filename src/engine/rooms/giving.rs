//! Channels: each message goes to one listener, in turn, and each listener has one at a time.

use std::collections::BTreeSet;

use super::{Decided, Line, Talk};
use crate::{
    engine::registry::{Channel, RoomFact, Rooms},
    model::{AccountName, RoomAnswer, RoomName, limits::JOB_LASTS, messages::ForRooms},
};

/// A message that somebody has from now on.
#[derive(Clone, Debug, PartialEq)]
pub struct Giving {
    /// What becomes a fact; nothing where it is one.
    pub fact: Option<RoomFact>,
    /// To whom it is said.
    pub line: Line,
    /// What is said.
    pub told: ForRooms,
}

impl Talk {
    /// Who listens to a channel, by connection.
    pub(super) fn listeners(
        &self,
        channel: &RoomName,
    ) -> impl Iterator<Item = (Line, &AccountName)> {
        let listens = self.present.iter();
        listens
            .filter(|(_, present)| present.listens.contains(channel))
            .map(|(line, present)| (*line, &present.who))
    }

    pub(super) fn listen(
        &mut self,
        state: &Rooms,
        (line, who): (Line, &AccountName),
        channel: &RoomName,
    ) -> Decided {
        if let Some(present) = self.present.get_mut(&line) {
            present.listens.insert(channel.clone());
        }
        let known = state.channel(channel);
        // What it had on a connection that is gone it has here, and is told again by `give`.
        let taken = known.into_iter().flat_map(Channel::taken);
        let mut its = taken.filter(|(_, taken)| taken.who == *who);
        let is_held = |seq| self.held.contains_key(&(channel.clone(), seq));
        if let Some((seq, _)) = its.find(|(seq, _)| !is_held(*seq)) {
            self.again.push((line, channel.clone(), seq));
        }
        let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        RoomAnswer::Listens {
            waiting: count(known.map_or(0, |known| known.jobs().len())),
            dead: count(known.map_or(0, |known| known.dead().len())),
        }
        .into()
    }

    pub(super) fn rest(&mut self, line: Line, channel: &RoomName) -> Decided {
        if let Some(present) = self.present.get_mut(&line) {
            present.listens.remove(channel);
        }
        Decided {
            facts: self.give_up(line, Some(channel)),
            ..RoomAnswer::Done.into()
        }
    }

    /// What a connection has of a channel, or of all, goes to others.
    pub(super) fn give_up(&mut self, line: Line, channel: Option<&RoomName>) -> Vec<RoomFact> {
        let is_its = |(of, _): &(RoomName, u64), by: &Line| {
            *by == line && channel.is_none_or(|channel| channel == of)
        };
        let its: Vec<_> = self.held.iter().filter(|(k, by)| is_its(k, by)).collect();
        let its: Vec<(RoomName, u64)> = its.into_iter().map(|(key, _)| key.clone()).collect();
        for key in &its {
            self.held.remove(key);
        }
        let failed = its.into_iter();
        failed
            .map(|(channel, seq)| RoomFact::Failed { channel, seq })
            .collect()
    }

    /// Messages that were not finished in time.
    pub fn overdue(state: &Rooms, wall_ms: u64) -> Vec<RoomFact> {
        let all = state.channels().flat_map(|(channel, known)| {
            let over = known.taken().filter(|(_, taken)| taken.until_ms <= wall_ms);
            over.map(|(seq, _)| (channel.clone(), seq))
        });
        all.map(|(channel, seq)| RoomFact::Failed { channel, seq })
            .collect()
    }

    /// When the next message is overdue, in milliseconds since 1970.
    pub fn next_overdue(state: &Rooms) -> Option<u64> {
        let taken = state.channels().flat_map(|(_, known)| known.taken());
        taken.map(|(_, taken)| taken.until_ms).min()
    }

    /// One message for one listener that has none, if there is such a one. Called again once its fact is one.
    pub fn give(&mut self, state: &Rooms, wall_ms: u64) -> Option<Giving> {
        // What is finished, or was too late, nobody has any more.
        self.held.retain(|(channel, seq), _| {
            let pending = state.channel(channel).and_then(|known| known.get(*seq));
            pending.is_some_and(|pending| pending.taken.is_some())
        });
        while let Some((line, channel, seq)) = self.again.pop() {
            if let Some(giving) = self.give_again(state, line, channel, seq) {
                return Some(giving);
            }
        }
        let lasts = u64::try_from(JOB_LASTS.as_millis()).unwrap_or(u64::MAX);
        for (channel, known) in state.channels() {
            let mut waiting = known.jobs().filter(|job| job.taken.is_none());
            let Some(pending) = waiting.next() else {
                continue;
            };
            let Some((line, who)) = self.next_listener(channel) else {
                continue;
            };
            let (seq, until_ms) = (pending.job.seq, wall_ms.saturating_add(lasts));
            self.last_given.insert(channel.clone(), line);
            self.held.insert((channel.clone(), seq), line);
            return Some(Giving {
                fact: Some(RoomFact::Taken {
                    channel: channel.clone(),
                    seq,
                    who,
                    until_ms,
                }),
                line,
                told: ForRooms::Given {
                    channel: channel.clone(),
                    job: pending.job.clone(),
                    until_ms,
                },
            });
        }
        None
    }

    /// Tells somebody who came back what it has.
    fn give_again(
        &mut self,
        state: &Rooms,
        line: Line,
        channel: RoomName,
        seq: u64,
    ) -> Option<Giving> {
        let present = self.present.get(&line)?;
        let pending = state.channel(&channel)?.get(seq)?;
        let taken = pending.taken.as_ref()?;
        if taken.who != present.who || self.held.contains_key(&(channel.clone(), seq)) {
            return None;
        }
        self.held.insert((channel.clone(), seq), line);
        Some(Giving {
            fact: None,
            line,
            told: ForRooms::Given {
                channel,
                job: pending.job.clone(),
                until_ms: taken.until_ms,
            },
        })
    }

    /// Whose turn it is: the listener after the one that was given something last, of those that have nothing.
    fn next_listener(&self, channel: &RoomName) -> Option<(Line, AccountName)> {
        let busy = self.held.iter().filter(|((of, _), _)| of == channel);
        let busy: BTreeSet<Line> = busy.map(|(_, line)| *line).collect();
        let free = |(line, _): &(Line, &AccountName)| !busy.contains(line);
        let last = self.last_given.get(channel).copied();
        let after = self
            .listeners(channel)
            .filter(free)
            .find(|(line, _)| last.is_none_or(|last| *line > last));
        let next = after.or_else(|| self.listeners(channel).find(free));
        next.map(|(line, who)| (line, who.clone()))
    }
}
