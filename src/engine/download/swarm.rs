//! What a download knows of its swarm: how many peers have each chunk, what came lately, what secondaries were told, whom
//! it has lost. Owns that and its random numbers; knows neither connections nor where chunks stand.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, Instant},
};

use crate::{
    engine::random::Random,
    model::{ChunkIndex, ChunkSet, Have, Lately, PeerNumber, SourceId, limits::LATELY_FADES},
};

/// Peers that a download has enough with; with fewer it asks for more.
const ENOUGH_PEERS: usize = 8;
/// How often it asks at most. Where the central has nobody to name it asks less and less often.
const ASKS_EVERY: Duration = Duration::from_secs(2);
const ASKS_LEAST: Duration = Duration::from_secs(60);
/// Nobody new is worth it for the rest of a file, in thousandths.
const NEARLY_ALL: u64 = 950;
/// What secondaries were told is looked at so often.
const TELLS_EVERY: Duration = Duration::from_millis(250);
/// Over what time peers are compared, and what share of the typical one makes a laggard.
const COMPARES_EVERY: Duration = Duration::from_secs(10);
const LAGS: u64 = 8;
/// Candidates that are compared for one request.
const COMPARED: u32 = 256;

/// See the module.
#[derive(Debug)]
pub(super) struct Swarm {
    /// How many connected peers have each chunk.
    copies: Vec<u16>,
    random: Random,
    /// What came, in chunks, as it counted at a moment.
    lately: f64,
    lately_at: Instant,
    lost: BTreeSet<PeerNumber>,
    asked_at: Instant,
    asks_after: Duration,
    /// What each secondary that has not chosen yet was told.
    told: BTreeMap<SourceId, ChunkSet>,
    told_at: Instant,
    /// What each peer had brought when the comparison began, in bytes.
    compared: BTreeMap<SourceId, u64>,
    compared_at: Instant,
}

impl Swarm {
    /// Nobody is known yet.
    pub(super) fn new(chunk_count: u32, seed: u64, now: Instant) -> Self {
        Self {
            copies: vec![0; chunk_count as usize],
            random: Random::new(seed),
            lately: 0.0,
            lately_at: now,
            lost: BTreeSet::new(),
            asked_at: now,
            asks_after: ASKS_EVERY,
            told: BTreeMap::new(),
            told_at: now,
            compared: BTreeMap::new(),
            compared_at: now,
        }
    }

    /// A peer has these as well.
    pub(super) fn add(&mut self, chunks: &[ChunkIndex]) {
        for chunk in chunks {
            if let Some(copies) = self.copies.get_mut(chunk.as_usize()) {
                *copies = copies.saturating_add(1);
            }
        }
    }

    /// A peer that had these is not connected any more.
    pub(super) fn take_away(&mut self, chunks: &ChunkSet) {
        for chunk in chunks.iter() {
            if let Some(copies) = self.copies.get_mut(chunk.as_usize()) {
                *copies = copies.saturating_sub(1);
            }
        }
    }

    /// A chunk came.
    pub(super) fn came(&mut self, now: Instant) {
        self.lately = self.faded(now) + 1.0;
        self.lately_at = now;
    }

    /// What it got lately, while so many chunks are coming.
    pub(super) fn lately(&self, now: Instant, coming: usize) -> Lately {
        Lately(((self.faded(now) + coming as f64 / 2.0) * 100.0) as u32)
    }

    fn faded(&self, now: Instant) -> f64 {
        let age = now.saturating_duration_since(self.lately_at);
        self.lately * (-age.as_secs_f64() / LATELY_FADES.as_secs_f64()).exp()
    }

    /// The free chunk that fewest peers have, of those that a source has; of those that are alike any.
    pub(super) fn rarest(&mut self, have: &Have, free: &ChunkSet) -> Option<ChunkIndex> {
        let words = free.words();
        if words.is_empty() || free.is_empty() {
            return None;
        }
        let (start, turn) = (self.random.below(words.len()), self.random.below(64) as u32);
        let least = u16::from(!have.is_all());
        let (mut best, mut compared) = (None, 0);
        for step in 0..words.len() {
            let at = (start + step) % words.len();
            let has = match have {
                Have::All => !0,
                Have::Chunks(chunks) => chunks.words().get(at).copied().unwrap_or_default(),
            };
            let mut candidates = (has & words[at]).rotate_right(turn);
            while candidates != 0 {
                let bit = candidates.trailing_zeros();
                candidates &= candidates - 1;
                let chunk = ChunkIndex(at as u32 * 64 + (bit + turn) % 64);
                let copies = self.copies[chunk.as_usize()];
                if best.is_none_or(|(_, least)| copies < least) {
                    best = Some((chunk, copies));
                }
                compared += 1;
                if copies <= least || compared >= COMPARED {
                    return best.map(|(chunk, _)| chunk);
                }
            }
        }
        best.map(|(chunk, _)| chunk)
    }

    /// What a secondary may choose from: free chunks that no peer has, or all free ones.
    pub(super) fn wanted(&self, free: &ChunkSet) -> ChunkSet {
        let mut wanted = ChunkSet::new(free.chunk_count());
        for chunk in free.iter() {
            if self.copies[chunk.as_usize()] == 0 {
                wanted.insert(chunk);
            }
        }
        if wanted.is_empty() {
            free.clone()
        } else {
            wanted
        }
    }

    /// Some of these in any order; the same every time for the same seed.
    pub(super) fn shuffle(&mut self, ids: &mut [SourceId]) {
        self.random.shuffle(ids);
    }
}

/// What secondaries were told.
impl Swarm {
    pub(super) fn tell(&mut self, source: SourceId, wanted: ChunkSet) {
        self.told.insert(source, wanted);
    }

    /// It has chosen, or is gone.
    pub(super) fn answered(&mut self, source: SourceId) {
        self.told.remove(&source);
    }

    /// Secondaries that were told of chunks that are not free any more, once it is time to look.
    pub(super) fn told_wrongly(&mut self, now: Instant, free: &ChunkSet) -> Vec<SourceId> {
        if now < self.told_at + TELLS_EVERY {
            return Vec::new();
        }
        self.told_at = now;
        let is_wrong = |wanted: &ChunkSet| {
            let both = wanted.words().iter().zip(free.words());
            both.into_iter().any(|(wanted, free)| wanted & !free != 0)
        };
        let wrong = self.told.iter().filter(|(_, wanted)| is_wrong(wanted));
        wrong.map(|(source, _)| *source).collect()
    }
}

/// Who is there, and who is not.
impl Swarm {
    /// A peer was given up.
    pub(super) fn lose(&mut self, peer: PeerNumber) {
        if self.lost.len() < crate::model::limits::MAX_PEERS_NAMED {
            self.lost.insert(peer);
        }
        self.asks_after = ASKS_EVERY;
    }

    /// The central has named somebody.
    pub(super) fn found(&mut self) {
        self.asks_after = ASKS_EVERY;
    }

    /// Whom to tell the central of as lost, if it is time to ask for more.
    pub(super) fn asks(
        &mut self,
        now: Instant,
        peers: usize,
        permille: u64,
    ) -> Option<Vec<PeerNumber>> {
        if !self.wants_more(peers, permille) || now < self.asked_at + self.asks_after {
            return None;
        }
        self.asked_at = now;
        self.asks_after = (self.asks_after * 2).min(ASKS_LEAST);
        Some(std::mem::take(&mut self.lost).into_iter().collect())
    }

    fn wants_more(&self, peers: usize, permille: u64) -> bool {
        peers < ENOUGH_PEERS && permille < NEARLY_ALL
    }

    /// Peers that brought next to nothing since the last comparison, compared with the others: `brought` is what each
    /// connected one has brought in all, in bytes, if there is something that it could bring.
    pub(super) fn laggards(&mut self, now: Instant, brought: &[(SourceId, u64)]) -> Vec<SourceId> {
        if now < self.compared_at + COMPARES_EVERY {
            return Vec::new();
        }
        self.compared_at = now;
        let before = std::mem::replace(&mut self.compared, brought.iter().copied().collect());
        let since = |(id, bytes): &(SourceId, u64)| {
            let before = before.get(id)?;
            Some((*id, bytes.saturating_sub(*before)))
        };
        let mut lately: Vec<_> = brought.iter().filter_map(since).collect();
        if lately.len() <= ENOUGH_PEERS {
            return Vec::new();
        }
        lately.sort_by_key(|(_, bytes)| *bytes);
        let typical = lately[lately.len() / 2].1;
        // Enough have to stay.
        let most = lately.len() - ENOUGH_PEERS;
        let lags = lately.iter().filter(|(_, bytes)| bytes * LAGS < typical);
        lags.take(most).map(|(id, _)| *id).collect()
    }

    /// When something of this is due.
    pub(super) fn deadline(&self, peers: usize, permille: u64) -> Instant {
        let mut due = self.compared_at + COMPARES_EVERY;
        if !self.told.is_empty() {
            due = due.min(self.told_at + TELLS_EVERY);
        }
        if self.wants_more(peers, permille) {
            due = due.min(self.asked_at + self.asks_after);
        }
        due
    }

    /// Leaves a time in which this side did not run out of account.
    pub(super) fn shift(&mut self, by: Duration) {
        for at in [
            &mut self.lately_at,
            &mut self.asked_at,
            &mut self.told_at,
            &mut self.compared_at,
        ] {
            *at += by;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(chunks: &[u32]) -> ChunkSet {
        let mut set = ChunkSet::new(200);
        for chunk in chunks {
            set.insert(ChunkIndex(*chunk));
        }
        set
    }

    fn indexes(chunks: &[u32]) -> Vec<ChunkIndex> {
        chunks.iter().copied().map(ChunkIndex).collect()
    }

    #[test]
    fn what_fewest_have_is_asked_for_first_and_ties_are_random() {
        let now = Instant::now();
        let mut swarm = Swarm::new(200, 7, now);
        swarm.add(&indexes(&[3, 70, 140]));
        swarm.add(&indexes(&[3, 70, 140, 150]));
        swarm.add(&indexes(&[3]));
        let free = set(&[3, 70, 140, 150, 190]);
        let have = Have::Chunks(set(&[3, 70, 140]));
        let asked: BTreeSet<_> = (0..50).filter_map(|_| swarm.rarest(&have, &free)).collect();
        assert_eq!(asked, indexes(&[70, 140]).into_iter().collect());
        assert_eq!(swarm.rarest(&have, &set(&[190])), None);
        assert_eq!(swarm.rarest(&Have::All, &free), Some(ChunkIndex(190)));
        // A peer that is gone has nothing.
        swarm.take_away(&set(&[3, 70, 140, 150]));
        swarm.take_away(&set(&[3, 70, 140]));
        assert_eq!(swarm.rarest(&have, &set(&[3])), Some(ChunkIndex(3)));
    }

    #[test]
    fn secondaries_give_what_no_peer_has_while_there_is_such() {
        let now = Instant::now();
        let mut swarm = Swarm::new(200, 7, now);
        swarm.add(&indexes(&[1, 2]));
        let wanted = |swarm: &Swarm, free: &[u32]| -> Vec<u32> {
            swarm
                .wanted(&set(free))
                .iter()
                .map(|chunk| chunk.0)
                .collect()
        };
        assert_eq!(wanted(&swarm, &[1, 2, 9]), [9]);
        assert_eq!(wanted(&swarm, &[1, 2]), [1, 2]);
        let source = SourceId(1);
        swarm.tell(source, set(&[9, 10]));
        let later = now + TELLS_EVERY;
        assert_eq!(swarm.told_wrongly(now, &set(&[9])), []);
        assert_eq!(swarm.told_wrongly(later, &set(&[9])), [source]);
        assert_eq!(
            swarm.told_wrongly(later + TELLS_EVERY, &set(&[9, 10, 11])),
            []
        );
        swarm.answered(source);
        assert_eq!(swarm.told_wrongly(later + 2 * TELLS_EVERY, &set(&[])), []);
    }

    #[test]
    fn what_came_fades() {
        let now = Instant::now();
        let mut swarm = Swarm::new(200, 7, now);
        (0..10).for_each(|_| swarm.came(now));
        assert_eq!(swarm.lately(now, 1), Lately(1050));
        assert_eq!(swarm.lately(now + LATELY_FADES, 0), Lately(367));
    }

    #[test]
    fn more_peers_are_asked_for_less_and_less_often_where_there_are_none() {
        let now = Instant::now();
        let mut swarm = Swarm::new(200, 7, now);
        let peer = PeerNumber::try_from(7).unwrap();
        let mut asked = Vec::new();
        for second in 0..100 {
            let at = now + Duration::from_secs(second);
            if swarm.asks(at, 3, 100).is_some() {
                asked.push(second);
            }
        }
        assert_eq!(asked, [2, 6, 14, 30, 62]);
        let at = now + Duration::from_secs(100);
        swarm.lose(peer);
        assert_eq!(swarm.asks(at, ENOUGH_PEERS, 100), None);
        assert_eq!(swarm.asks(at, 3, NEARLY_ALL), None);
        assert_eq!(swarm.asks(at, 3, 100), Some(vec![peer]));
    }

    #[test]
    fn who_lags_far_behind_is_given_up_but_enough_stay() {
        let now = Instant::now();
        let mut swarm = Swarm::new(200, 7, now);
        let brought = |bytes: &[u64]| -> Vec<(SourceId, u64)> {
            let ids = (1..).map(SourceId);
            ids.zip(bytes.iter().copied()).collect()
        };
        let ten = [0; 10];
        assert_eq!(swarm.laggards(now + COMPARES_EVERY, &brought(&ten)), []);
        let mut bytes = [800; 10];
        (bytes[0], bytes[1], bytes[2], bytes[3]) = (99, 0, 50, 100);
        let later = now + 2 * COMPARES_EVERY;
        let lag = swarm.laggards(later, &brought(&bytes));
        assert_eq!(lag, [SourceId(2), SourceId(3)]);
        // With the same once more nobody has brought anything.
        let later = later + COMPARES_EVERY;
        assert_eq!(swarm.laggards(later, &brought(&bytes)), []);
    }
}
