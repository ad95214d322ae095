//! Who can send the file. Owns every source that was ever listed; knows neither where chunks stand nor what is asked of
//! whom.
//!
//! What happens to one source alone is a verb of [`Source`]; here is what concerns all of them.

use std::{
    collections::BTreeMap,
    ops::Index,
    time::{Duration, Instant},
};

use super::{
    connection::Rest,
    queue::Want,
    source::{Due, Source},
};
use crate::model::{
    ChunkIndex, ChunkSet, SourceId, SourceInfo, Who,
    limits::{MAX_PEERS_MET, MAX_SOURCES},
};

/// What may be hoped for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Prospect {
    /// A source that can bring something is connected.
    There,
    /// One may be connected any moment, as its first attempt is not answered yet.
    Expected,
    /// Nobody can bring anything for now.
    Nobody,
}

/// Every source that was ever listed, by id.
#[derive(Debug)]
pub(super) struct Sources {
    known: BTreeMap<SourceId, Source>,
    chunk_bytes: u32,
    seed: u64,
}

impl Sources {
    /// None yet. `seed` decides the jitter of their reconnections.
    pub(super) fn new(chunk_bytes: u32, seed: u64) -> Self {
        Self {
            known: BTreeMap::new(),
            chunk_bytes,
            seed,
        }
    }

    pub(super) fn get(&self, id: SourceId) -> Option<&Source> {
        self.known.get(&id)
    }

    pub(super) fn get_mut(&mut self, id: SourceId) -> Option<&mut Source> {
        self.known.get_mut(&id)
    }

    /// All of them, by id.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Source> {
        self.known.values()
    }

    /// Those that may be asked for more, by id.
    pub(super) fn working(&self) -> impl Iterator<Item = &Source> {
        self.iter().filter(|source| source.is_working())
    }

    pub(super) fn are_all_banned(&self) -> bool {
        self.iter().all(|source| source.connection().is_banned())
    }

    /// What may be hoped for, when these chunks are here.
    pub(super) fn prospect(&self, here: &ChunkSet) -> Prospect {
        let mut prospect = Prospect::Nobody;
        for source in self.iter().filter(|source| source.is_of_use(here)) {
            if source.is_connected() {
                return Prospect::There;
            }
            if source.connection().is_first_attempt() {
                prospect = Prospect::Expected;
            }
        }
        prospect
    }

    /// Bytes that have come of chunks that are not verified yet. Where several sources send a chunk, those of the furthest
    /// count; where each sends a part of it, all do.
    pub(super) fn arriving_bytes(&self) -> u64 {
        let mut arrived: BTreeMap<ChunkIndex, u32> = BTreeMap::new();
        for request in self.iter().flat_map(|source| source.queue().iter()) {
            match request.want {
                Want::Wanted | Want::TakenBack => {
                    let arrived = arrived.entry(request.chunk).or_default();
                    *arrived = if request.is_part {
                        request
                            .received
                            .saturating_add(*arrived)
                            .min(self.chunk_bytes)
                    } else {
                        request.received.max(*arrived)
                    };
                }
                Want::Useless => {}
            }
        }
        arrived.into_values().map(u64::from).sum()
    }

    /// True when an entry of the central's list counts. An id stands for one source for good, and a download has only so
    /// many sources.
    pub(super) fn accepts(&self, info: &SourceInfo) -> bool {
        if info.id.peer().is_some() != matches!(info.who, Who::Peer(_)) {
            return false;
        }
        match self.get(info.id) {
            Some(known) => known.who() == info.who,
            None if info.id.peer().is_some() => self.known.len() < MAX_PEERS_MET,
            None => self.iter().filter(|source| !source.is_peer()).count() < MAX_SOURCES,
        }
    }

    /// A new list of the central begins: nobody is in it yet. Gives those that were in the one before.
    pub(super) fn begin_list(&mut self) -> Vec<SourceId> {
        let sources = self.known.values_mut().filter(|source| !source.is_peer());
        let listed = sources.filter_map(|source| source.unlist().then_some(source.id()));
        listed.collect()
    }

    /// An accepted entry of the central's list; `is_back` for a source that was not in the one before. Says whether to
    /// connect to it.
    pub(super) fn list(&mut self, now: Instant, info: SourceInfo, is_back: bool) -> bool {
        if let Some(source) = self.known.get_mut(&info.id) {
            source.list(info, is_back);
            return false;
        }
        let (id, connects) = (info.id, !info.draining);
        let source = Source::new(info, self.chunk_bytes, self.seed, now);
        self.known.insert(id, source);
        connects
    }

    /// True when [`Self::rest`] may change something.
    pub(super) fn any_drained(&self) -> bool {
        self.iter()
            .any(|source| source.connection().is_or_was_drained())
    }

    /// True when the sources that are not drained can bring all these chunks.
    pub(super) fn can_do_without_drained(
        &self,
        mut missing: impl Iterator<Item = ChunkIndex>,
    ) -> bool {
        let staying = || {
            let sources = self.iter();
            sources.filter(|source| source.connection().is_there_to_stay())
        };
        staying().any(|source| source.have().is_all())
            || staying().next().is_some()
                && missing.all(|chunk| staying().any(|source| source.have().contains(chunk)))
    }

    /// Lets drained sources rest if the others suffice, or wakes them. Gives what to do, by source.
    pub(super) fn rest(&mut self, now: Instant, others_suffice: bool) -> Vec<(SourceId, Rest)> {
        let sources = self.known.values_mut();
        let changed =
            sources.filter_map(|source| Some((source.id(), source.rest(now, others_suffice)?)));
        changed.collect()
    }

    /// When [`Self::due`] is to be called.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.iter().filter_map(Source::deadline).min()
    }

    /// What is to be done about those whose deadline has passed.
    pub(super) fn due(&mut self, now: Instant) -> Vec<(SourceId, Due)> {
        let is_due = |source: &&mut Source| source.deadline().is_some_and(|at| at <= now);
        let sources = self.known.values_mut().filter(is_due);
        let due = sources.filter_map(|source| Some((source.id(), source.due(now)?)));
        due.collect()
    }

    /// A chunk is in the file: nobody else needs to send it. Gives those that still had to, with how many bytes each.
    pub(super) fn make_useless(&mut self, now: Instant, chunk: ChunkIndex) -> Vec<(SourceId, u64)> {
        let sources = self.known.values_mut();
        let unsent = sources.map(|source| (source.id(), source.make_useless(now, chunk)));
        unsent.filter(|(_, bytes)| *bytes > 0).collect()
    }

    /// Leaves a time in which this side did not run out of every account.
    pub(super) fn shift(&mut self, by: Duration) {
        for source in self.known.values_mut() {
            source.shift(by);
        }
    }

    /// The download is over. Gives those that go on sending.
    pub(super) fn end(&mut self) -> Vec<SourceId> {
        let sources = self.known.values_mut();
        let sending = sources.filter_map(|source| source.end().then_some(source.id()));
        sending.collect()
    }
}

/// A source that is known to be listed: sources are never forgotten.
impl Index<SourceId> for Sources {
    type Output = Source;

    fn index(&self, id: SourceId) -> &Source {
        &self.known[&id]
    }
}
