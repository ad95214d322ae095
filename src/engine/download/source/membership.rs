//! What makes a source one of a swarm: a peer that has what it has announced, or a secondary that chooses itself what it
//! sends.

use std::time::{Duration, Instant};

use super::{Source, member::Member};
use crate::model::{ChunkIndex, ChunkSet, Have, Who};

impl Source {
    /// True for another client in the swarm, which has what it announces. One that has all is like a secondary.
    pub(in super::super) fn is_peer(&self) -> bool {
        matches!(self.who, Who::Peer(_)) && !self.have.is_all()
    }

    /// True for a peer of which nothing is known yet: it may have all.
    fn is_new_peer(&self) -> bool {
        self.is_peer() && !self.member.has_announced
    }

    /// True when it can still bring something that is not here, once it is connected.
    pub(in super::super) fn is_of_use(&self, here: &ChunkSet) -> bool {
        match &self.have {
            Have::All => true,
            Have::Chunks(chunks) => {
                self.queue().len() > 0
                    || self.is_new_peer()
                    || chunks.iter().any(|chunk| !here.contains(chunk))
            }
        }
    }

    /// True for a secondary that chooses what it sends.
    pub(in super::super) fn chooses(&self) -> bool {
        self.member.chooses
    }

    /// How long its line is, as it said last.
    pub(in super::super) fn line(&self) -> Duration {
        self.member.line
    }

    /// True while it has not chosen the chunk that it was asked for.
    pub(in super::super) fn has_any(&self) -> bool {
        self.flow.any()
    }

    /// It may be asked for any chunk: its last one has come, or is coming to its end.
    pub(in super::super) fn is_free_for_any(&self, chunk_bytes: u32) -> bool {
        let left = self.queue().sums().unfinished_bytes;
        self.chooses() && !self.has_any() && left <= u64::from(chunk_bytes) / 2
    }

    /// It knows swarms.
    pub(in super::super) fn set_chooses(&mut self) {
        self.member.chooses = !self.is_peer();
    }

    /// It is asked for any chunk, or has answered.
    pub(in super::super) fn set_any(&mut self, now: Instant, any: bool) {
        self.flow.set_any(now, any);
    }

    /// A peer announces chunks, and how long its line is. Gives those that are new.
    pub(in super::super) fn announces(
        &mut self,
        chunks: &ChunkSet,
        line: Duration,
    ) -> Vec<ChunkIndex> {
        self.member.line = line;
        self.member.has_announced = true;
        match &mut self.have {
            Have::Chunks(known) => chunks.iter().filter(|chunk| known.insert(*chunk)).collect(),
            Have::All => Vec::new(),
        }
    }

    /// The central names a peer once more. Says whether to connect to it.
    pub(in super::super) fn meet_again(&mut self, now: Instant) -> bool {
        self.connection.retry(now)
    }

    /// Nothing that was said on the last connection holds. Gives what a peer had announced.
    pub(in super::super) fn forget_membership(&mut self) -> Option<ChunkSet> {
        self.member = Member::default();
        let is_peer = self.is_peer();
        match &mut self.have {
            Have::Chunks(known) if is_peer => {
                let nothing = ChunkSet::new(known.chunk_count());
                Some(std::mem::replace(known, nothing))
            }
            Have::Chunks(_) | Have::All => None,
        }
    }
}
