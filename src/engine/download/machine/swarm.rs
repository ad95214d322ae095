//! What follows of a swarm: peers come and go, tell what they have and are asked for the rarest of it; secondaries are
//! asked for any chunk.
//!
//! A download that somebody reads while it comes asks secondaries for what the reader needs, as outside of a swarm; peers
//! are asked all the same.

use std::time::{Duration, Instant};

use super::{
    super::{Action, SwarmAction, SwarmEvent, queue::Want, swarm::Swarm},
    Download, State,
};
use crate::model::{
    ChunkIndex, ChunkSet, Fault, Have, Lately, PeerNumber, SourceId, SourceInfo, Who,
};

/// Chunks that are outstanding at a peer.
const AT_A_PEER: u32 = 2;
/// Nobody is asked whose line is longer.
const LONGEST_LINE: Duration = Duration::from_secs(2);

impl Download {
    /// What this download got lately, for whoever is asked for a chunk; `None` outside of a swarm.
    pub fn lately(&self, now: Instant) -> Option<Lately> {
        let swarm = self.swarm.as_ref()?;
        let requests = self.sources.iter().flat_map(|source| source.queue().iter());
        let coming = requests.filter(|request| {
            request.want == Want::Wanted && request.received > 0 && !request.is_whole()
        });
        Some(swarm.lately(now, coming.count()))
    }

    /// True in a swarm.
    pub fn is_in_swarm(&self) -> bool {
        self.swarm.is_some()
    }

    pub(super) fn in_the_swarm(&mut self, now: Instant, event: SwarmEvent) {
        match event {
            SwarmEvent::Joined => {
                if self.swarm.is_none() && self.readers.keeps_all() {
                    let count = self.layout.chunk_count();
                    self.swarm = Some(Swarm::new(count, self.seed, now));
                }
            }
            SwarmEvent::Peers { add, drop } => {
                for peer in add {
                    self.meet(now, peer);
                }
                for peer in drop {
                    self.part_with(now, SourceId::of_peer(peer));
                }
            }
            SwarmEvent::Chooses { source } => {
                if let Some(source) = self.sources.get_mut(source) {
                    source.set_chooses();
                }
            }
            SwarmEvent::Has {
                source,
                chunks,
                line,
            } => {
                if let Some(source) = self.sources.get_mut(source)
                    && source.is_connected()
                    && let Some(swarm) = &mut self.swarm
                {
                    swarm.add(&source.announces(&chunks, line));
                }
            }
            SwarmEvent::Chosen { source, chunk } => self.chosen(now, source, chunk),
            SwarmEvent::Nothing { source } => self.answered(now, source),
        }
    }

    /// The central names a peer: it is connected to, also once more.
    fn meet(&mut self, now: Instant, peer: PeerNumber) {
        let Some(swarm) = &mut self.swarm else {
            return;
        };
        let id = SourceId::of_peer(peer);
        let info = SourceInfo {
            id,
            who: Who::Peer(peer),
            // Where it listens is its owner's business.
            address: ([0, 0, 0, 0], 0).into(),
            have: Have::Chunks(ChunkSet::new(self.layout.chunk_count())),
            ranges: Vec::new(),
            draining: false,
        };
        if !self.sources.accepts(&info) {
            return;
        }
        swarm.found();
        let connects = match self.sources.get_mut(id) {
            Some(known) => known.meet_again(now),
            None => self.sources.list(now, info, false),
        };
        if connects {
            self.actions.push_back(Action::Connect { source: id });
        }
    }

    /// The central has not heard of a peer for a while. One that sends goes on.
    fn part_with(&mut self, now: Instant, id: SourceId) {
        let is_idle = |source: &super::super::source::Source| {
            source.connection().can_be_lost() && source.queue().sums().pending_bytes == 0
        };
        if self.sources.get(id).is_some_and(is_idle) {
            self.disconnect(now, id, Fault::Broken);
        }
    }

    /// The connection of a source is gone, with all that was said on it.
    pub(super) fn leave_swarm(&mut self, id: SourceId) {
        let Some(swarm) = &mut self.swarm else {
            return;
        };
        swarm.answered(id);
        if let Some(source) = self.sources.get_mut(id)
            && let Some(had) = source.forget_membership()
        {
            swarm.take_away(&had);
            if let Some(peer) = id.peer() {
                swarm.lose(peer);
            }
        }
    }

    /// A chunk is in the file.
    pub(super) fn got(&mut self, now: Instant) {
        if let Some(swarm) = &mut self.swarm {
            swarm.came(now);
        }
    }

    fn answered(&mut self, now: Instant, id: SourceId) {
        if let (Some(swarm), Some(source)) = (&mut self.swarm, self.sources.get_mut(id)) {
            swarm.answered(id);
            source.set_any(now, false);
        }
    }

    /// A secondary has chosen. Another that was to bring the chunk and has not begun is rid of it.
    fn chosen(&mut self, now: Instant, id: SourceId, chunk: ChunkIndex) {
        self.answered(now, id);
        if !self.layout.contains(chunk)
            || self
                .sources
                .get(id)
                .is_none_or(|source| !source.is_connected() || source.queue().get(chunk).is_some())
        {
            return;
        }
        if let Some(owners) = self.chunks.owners(chunk)
            && owners.second.is_none()
            && !self.has_begun(owners.first, chunk)
        {
            self.take_back(now, owners.first, chunk);
        }
        let is_wanted = self.chunks.take(chunk, id) || self.chunks.join(chunk, id);
        let length = self.layout.chunk_len(chunk);
        if let Some(source) = self.sources.get_mut(id) {
            source.ask(now, chunk, length);
            if !is_wanted {
                source.make_useless(now, chunk);
                let source = id;
                self.actions.push_back(Action::Cancel { source, chunk });
            }
        }
    }

    fn has_begun(&self, id: SourceId, chunk: ChunkIndex) -> bool {
        let source = self.sources.get(id);
        let request = source.and_then(|source| source.queue().get(chunk));
        request.is_some_and(|request| request.received > 0)
    }

    /// Asks peers for what they have, and secondaries that choose for what they like, if `of_secondaries`.
    pub(super) fn ask_swarm(&mut self, now: Instant, of_secondaries: bool) {
        let Some(mut swarm) = self.swarm.take() else {
            return;
        };
        if self.chunks.missing_chunks() > 0 {
            let working = self.sources.working();
            let asked = working.filter(|source| source.is_peer() || of_secondaries);
            let mut ids: Vec<_> = asked.map(|source| source.id()).collect();
            swarm.shuffle(&mut ids);
            for round in 0..AT_A_PEER {
                for id in &ids {
                    self.ask_member(now, &mut swarm, *id, round);
                }
            }
        }
        for id in swarm.told_wrongly(now, self.chunks.free()) {
            self.tell_wanted(&mut swarm, id);
        }
        self.swarm = Some(swarm);
    }

    fn ask_member(&mut self, now: Instant, swarm: &mut Swarm, id: SourceId, round: u32) {
        let source = &self.sources[id];
        if source.chooses() {
            if round == 0
                && source.is_free_for_any(self.layout.chunk_bytes())
                && self.tell_wanted(swarm, id)
                && let Some(source) = self.sources.get_mut(id)
            {
                source.set_any(now, true);
            }
            return;
        }
        // The second chunk is asked for ahead where the first one comes soon.
        let chunk_bytes = f64::from(self.layout.chunk_bytes());
        let is_fast = source.rate(now).is_some_and(|rate| rate >= chunk_bytes);
        let has_space = source.queue().sums().unfinished <= round && (round == 0 || is_fast);
        if !has_space || source.line() > LONGEST_LINE {
            return;
        }
        let chunk = swarm.rarest(source.have(), self.chunks.free());
        // What is refused or being taken back is asked of it later, if at all.
        if let Some(chunk) = chunk.filter(|chunk| source.may_be_asked_for(*chunk)) {
            self.request(now, id, chunk);
        }
    }

    /// Tells a secondary which chunks are wanted. False if none are.
    fn tell_wanted(&mut self, swarm: &mut Swarm, id: SourceId) -> bool {
        let mut wanted = swarm.wanted(self.chunks.free());
        if wanted.is_empty() {
            wanted = self.not_begun();
        }
        if wanted.is_empty() {
            return false;
        }
        swarm.tell(id, wanted.clone());
        let any = SwarmAction::Any { source: id, wanted };
        self.actions.push_back(Action::Swarm(any));
        true
    }

    /// Chunks that were asked for and have not begun to come.
    fn not_begun(&self) -> ChunkSet {
        let mut waiting = ChunkSet::new(self.layout.chunk_count());
        for (chunk, owners) in self.chunks.in_flight() {
            if owners.second.is_none() && !self.has_begun(owners.first, chunk) {
                waiting.insert(chunk);
            }
        }
        waiting
    }

    /// Looks for more peers, and gives those up that bring next to nothing.
    pub(super) fn look_around(&mut self, now: Instant) {
        let (peers, permille) = (self.connected_peers(), self.permille());
        let brought = self.brought_by_peers();
        let Some(swarm) = &mut self.swarm else {
            return;
        };
        let laggards = swarm.laggards(now, &brought);
        if let Some(lost) = swarm.asks(now, peers, permille) {
            let more = SwarmAction::MorePeers { lost };
            self.actions.push_back(Action::Swarm(more));
        }
        for id in laggards {
            self.disconnect(now, id, Fault::Stalled);
        }
    }

    /// When [`Self::look_around`] or [`Self::ask_swarm`] has something to do.
    pub(super) fn swarm_deadline(&self) -> Option<Instant> {
        let swarm = self.swarm.as_ref()?;
        if self.state != State::Running {
            return None;
        }
        Some(swarm.deadline(self.connected_peers(), self.permille()))
    }

    fn connected_peers(&self) -> usize {
        let there = |connection: &super::super::connection::Connection| {
            connection.is_connected() || connection.is_first_attempt()
        };
        let peers = self.sources.iter().filter(|source| source.is_peer());
        peers.filter(|peer| there(peer.connection())).count()
    }

    /// What connected peers have brought that could bring more.
    fn brought_by_peers(&self) -> Vec<(SourceId, u64)> {
        if self.swarm.is_none() {
            return Vec::new();
        }
        let here = self.chunks.have();
        let peers = self.sources.iter().filter(|source| source.is_peer());
        peers
            .filter(|peer| peer.is_connected() && peer.is_of_use(here))
            .map(|peer| {
                let received = peer.received_from();
                (peer.id(), received.bytes + received.wasted)
            })
            .collect()
    }

    fn permille(&self) -> u64 {
        let all = self.layout.file_bytes().max(1);
        (u128::from(self.chunks.have_bytes()) * 1000 / u128::from(all)) as u64
    }
}
