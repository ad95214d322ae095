//! The files of a served folder. Each name is in exactly one state. The queues of files to take up next follow from the
//! states. This module must not know when a state changes into which.

use std::{
    collections::{BTreeMap, BTreeSet, btree_map},
    ops::Bound,
    sync::Arc,
    time::Instant,
};

use super::state::{FileState, Turn};
use crate::model::{FileName, IndexedFile, Seen};

/// The queues of files to take up. They follow from the states.
#[derive(Debug, Default, PartialEq, Eq)]
struct Turns {
    /// Settling files, by when they become quiet.
    due: BTreeSet<(Instant, FileName)>,
    /// Files that could not be read, by when they are tried again.
    retry: BTreeSet<(Instant, FileName)>,
    /// The smallest is next.
    quiet: BTreeSet<(u64, FileName)>,
    unknown: BTreeSet<FileName>,
    /// The smallest is next.
    queued: BTreeSet<(u64, FileName)>,
    /// How many files the shell is busy with.
    in_work: usize,
}

impl Turns {
    fn insert(&mut self, name: FileName, state: &FileState) {
        match state.turn() {
            Turn::QuietBy(at) => drop(self.due.insert((at, name))),
            Turn::RetryAt(at) => drop(self.retry.insert((at, name))),
            Turn::Quiet(bytes) => drop(self.quiet.insert((bytes, name))),
            Turn::Unknown => drop(self.unknown.insert(name)),
            Turn::Queued(bytes) => drop(self.queued.insert((bytes, name))),
            Turn::InWork => self.in_work += 1,
            Turn::None => {}
        }
    }

    fn remove(&mut self, name: FileName, state: &FileState) {
        match state.turn() {
            Turn::QuietBy(at) => drop(self.due.remove(&(at, name))),
            Turn::RetryAt(at) => drop(self.retry.remove(&(at, name))),
            Turn::Quiet(bytes) => drop(self.quiet.remove(&(bytes, name))),
            Turn::Unknown => drop(self.unknown.remove(&name)),
            Turn::Queued(bytes) => drop(self.queued.remove(&(bytes, name))),
            Turn::InWork => self.in_work -= 1,
            Turn::None => {}
        }
    }
}

/// The files.
#[derive(Debug, Default)]
pub(super) struct Files {
    states: BTreeMap<FileName, FileState>,
    turns: Turns,
}

impl Files {
    pub(super) fn get(&self, name: &FileName) -> Option<&FileState> {
        self.states.get(name)
    }

    /// Puts a file into a state.
    pub(super) fn put(&mut self, name: FileName, state: FileState) {
        self.take(&name);
        self.turns.insert(name.clone(), &state);
        self.states.insert(name, state);
    }

    /// Takes a file out of its state, to forget it or to put it into another.
    pub(super) fn take(&mut self, name: &FileName) -> Option<FileState> {
        let (name, state) = self.states.remove_entry(name)?;
        self.turns.remove(name, &state);
        Some(state)
    }

    pub(super) fn iter(&self) -> btree_map::Iter<'_, FileName, FileState> {
        self.states.iter()
    }

    /// The file that is served under a name.
    pub(super) fn served(&self, name: &FileName) -> Option<&Arc<IndexedFile>> {
        self.states.get(name)?.served()
    }

    /// What is served under the names after this one, in their order.
    pub(super) fn served_after(
        &self,
        name: Option<&FileName>,
    ) -> impl Iterator<Item = &Arc<IndexedFile>> {
        let from = name.map_or(Bound::Unbounded, Bound::Excluded);
        let after = self.states.range((from, Bound::Unbounded));
        after.filter_map(|(_, state)| state.served())
    }

    /// Notes whether looks see a served file, or since when not. Whatever else is done with it goes on.
    pub(super) fn set_missing(&mut self, name: &FileName, since: Option<Instant>) {
        if let Some(FileState::Served { missing, .. }) = self.states.get_mut(name) {
            *missing = since;
        }
    }

    /// The names about which a look says something new, with what it sees there.
    pub(super) fn differing(
        &self,
        found: &BTreeMap<FileName, Seen>,
    ) -> Vec<(FileName, Option<Seen>)> {
        let mut differing = Vec::new();
        let mut found = found.iter().peekable();
        for (name, state) in &self.states {
            while let Some((new, seen)) = found.next_if(|(other, _)| *other < name) {
                differing.push((new.clone(), Some(*seen)));
            }
            let seen = found.next_if(|(other, _)| *other == name);
            let seen = seen.map(|(_, seen)| *seen);
            if !seen.is_some_and(|seen| state.is_as(seen)) {
                differing.push((name.clone(), seen));
            }
        }
        differing.extend(found.map(|(new, seen)| (new.clone(), Some(*seen))));
        differing
    }

    /// A file that has been left alone for long enough, or is to be tried again now.
    pub(super) fn next_due(&self, now: Instant) -> Option<FileName> {
        let mut first = [self.turns.due.first(), self.turns.retry.first()]
            .into_iter()
            .flatten();
        let due = first.find(|(at, _)| *at <= now);
        due.map(|(_, name)| name.clone())
    }

    /// When the next file becomes quiet if it stays as it is.
    pub(super) fn next_quiet_at(&self) -> Option<Instant> {
        self.turns.due.first().map(|(at, _)| *at)
    }

    /// When the next file is tried again.
    pub(super) fn next_retry_at(&self) -> Option<Instant> {
        self.turns.retry.first().map(|(at, _)| *at)
    }

    /// The smallest file that has stopped changing.
    pub(super) fn next_quiet(&self) -> Option<&FileName> {
        self.turns.quiet.first().map(|(_, name)| name)
    }

    /// The smallest file to be read, and its length.
    pub(super) fn next_queued(&self) -> Option<(u64, &FileName)> {
        self.turns
            .queued
            .first()
            .map(|(bytes, name)| (*bytes, name))
    }

    /// Files into which somebody may be writing.
    pub(super) fn unknown(&self) -> &BTreeSet<FileName> {
        &self.turns.unknown
    }

    /// True when every file that has stopped changing has been read, as far as possible.
    pub(super) fn all_are_read(&self) -> bool {
        self.turns.in_work == 0
            && self.turns.quiet.is_empty()
            && self.turns.unknown.is_empty()
            && self.turns.queued.is_empty()
    }

    /// True when the queues agree with the states.
    pub(super) fn are_in_order(&self) -> bool {
        let mut turns = Turns::default();
        for (name, state) in &self.states {
            turns.insert(name.clone(), state);
        }
        turns == self.turns
    }
}
