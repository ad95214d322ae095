//! The line in which members of swarms wait, over all connections of a node: [`crate::engine::swarm_send::Line`] behind a
//! lock, with its waits; and which chunks a secondary has given to each swarm.

use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, Instant},
};

use parking_lot::Mutex;
use tokio::{sync::Notify, time::sleep_until};

use crate::{
    engine::swarm_send::{Line, MemberId, Order, Spread},
    model::{ChunkIndex, ChunkSet, Digest, Lately, SecondaryNumber},
    node::clock::now,
};

/// Swarms of which a secondary knows what it gave; of more the one that was served longest ago is forgotten.
const MOST_SWARMS: usize = 256;
/// Whoever waits looks again by himself after this time, whatever happens.
const LOOKS_AGAIN: Duration = Duration::from_secs(1);
/// What is said of a line that is longer.
const LONGEST_LINE: f64 = 60_000.0;

/// See the module.
#[derive(Debug)]
pub(super) struct Crowd(Mutex<Shared>);

#[derive(Debug)]
struct Shared {
    line: Line,
    /// Wakes a member that may be sent a chunk.
    bells: BTreeMap<MemberId, Arc<Notify>>,
    /// There at a secondary.
    own: Option<SecondaryNumber>,
    spreads: BTreeMap<Digest, (Instant, Spread)>,
}

/// One connection's place in the line, for as long as this lives.
#[derive(Debug)]
pub(super) struct Place {
    crowd: Arc<Crowd>,
    id: MemberId,
    bell: Arc<Notify>,
}

impl Crowd {
    /// The line of a secondary, or of a client that gives to its peers.
    pub(super) fn new(own: Option<SecondaryNumber>, limit_bytes_per_s: Option<u64>) -> Self {
        let order = match own {
            Some(_) => Order::LeastLatelyForUplink,
            None => Order::LeastLately,
        };
        Self(Mutex::new(Shared {
            line: Line::new(now(), order, limit_bytes_per_s),
            bells: BTreeMap::new(),
            own,
            spreads: BTreeMap::new(),
        }))
    }

    pub(super) fn set_limit(&self, bytes_per_s: Option<u64>) {
        self.0.lock().line.set_limit(bytes_per_s);
    }

    /// Somebody connects who is in a swarm.
    pub(super) fn join(self: &Arc<Self>) -> Place {
        let bell = Arc::new(Notify::new());
        let mut shared = self.0.lock();
        let id = shared.line.join(0);
        shared.bells.insert(id, Arc::clone(&bell));
        drop(shared);
        let crowd = Arc::clone(self);
        Place { crowd, id, bell }
    }

    /// The chunk that a secondary gives to a receiver that takes any of some.
    pub(super) fn choose(
        &self,
        (id, chunk_count): (Digest, u32),
        wanted: &ChunkSet,
    ) -> Option<ChunkIndex> {
        let mut shared = self.0.lock();
        let own = shared.own?;
        if shared.spreads.len() >= MOST_SWARMS && !shared.spreads.contains_key(&id) {
            let oldest = shared.spreads.iter().min_by_key(|(_, (used, _))| *used);
            if let Some(oldest) = oldest.map(|(id, _)| *id) {
                shared.spreads.remove(&oldest);
            }
        }
        let entry = shared.spreads.entry(id);
        let (used, spread) = entry.or_insert_with(|| (now(), Spread::new(chunk_count, own)));
        *used = now();
        spread.choose(wanted)
    }

    /// How fast members are sent to now.
    pub(super) fn rate_bytes_per_s(&self) -> u64 {
        self.0.lock().line.rate_bytes_per_s(now()) as u64
    }

    /// How long who asks now waits for a chunk of so many bytes, in milliseconds.
    pub(super) fn line_ms(&self, chunk_bytes: u32) -> u32 {
        let shared = self.0.lock();
        let rate = shared.line.rate_bytes_per_s(now());
        if shared.line.waiting() == 0 || rate <= 0.0 {
            return 0;
        }
        let before = (shared.line.waiting() + shared.line.sending()) as f64;
        (before * f64::from(chunk_bytes) / rate * 1000.0).min(LONGEST_LINE) as u32
    }

    /// Tells the line something, and wakes those who are sent a chunk from now on.
    fn tell<T>(&self, event: impl FnOnce(&mut Line) -> T) -> T {
        let mut shared = self.0.lock();
        let answer = event(&mut shared.line);
        while let Some(started) = shared.line.start(now()) {
            if let Some(bell) = shared.bells.get(&started) {
                bell.notify_one();
            }
        }
        answer
    }
}

impl Place {
    /// It waits for a chunk, or says once more what it got lately and what it can give on, in bytes per second.
    pub(super) fn ask(&self, lately: Lately, uplink: Option<u64>) {
        self.crowd.tell(|line| {
            if let Some(uplink) = uplink {
                line.set_uplink(self.id, uplink);
            }
            line.ask(self.id, lately);
        });
    }

    /// Waits until it is sent a chunk; it has asked before. Cancel-safe.
    pub(super) async fn slot(&self) {
        loop {
            let (is_sending, look) = self
                .crowd
                .tell(|line| (line.is_sending(self.id), line.next_look()));
            // Whoever was told just now has been woken as well, and looks once more in vain.
            if is_sending || self.crowd.0.lock().line.is_sending(self.id) {
                return;
            }
            let at = look.unwrap_or_else(|| now() + LOOKS_AGAIN);
            tokio::select! {
                () = sleep_until(at.into()) => {}
                () = self.bell.notified() => {}
            }
        }
    }

    /// It was sent so many bytes.
    pub(super) fn sent(&self, bytes: u64) {
        self.crowd.0.lock().line.sent(now(), bytes);
    }

    /// Its chunk has come, or is not wanted any more.
    pub(super) fn done(&self) {
        self.crowd.tell(|line| line.done(self.id));
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.crowd.tell(|line| line.leave(self.id));
        self.crowd.0.lock().bells.remove(&self.id);
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::timeout;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn two_at_a_time_and_whoever_got_least_is_next() {
        let crowd = Arc::new(Crowd::new(None, None));
        let places: Vec<_> = (0..4).map(|_| crowd.join()).collect();
        for (place, lately) in places.iter().zip([400, 100, 300, 200]) {
            place.ask(Lately(lately), None);
        }
        // Whoever asks first is served first where nobody else waits.
        places[0].slot().await;
        places[1].slot().await;
        let waits = timeout(Duration::from_millis(100), places[3].slot());
        assert!(waits.await.is_err());
        places[0].done();
        places[3].slot().await;
        let waits = timeout(Duration::from_millis(100), places[2].slot());
        assert!(waits.await.is_err());
        drop(places.into_iter().nth(1));
        assert_eq!(crowd.line_ms(1 << 20), 0);
    }

    #[test]
    fn a_client_chooses_nothing_for_others_and_a_secondary_what_it_gave_least() {
        let number = SecondaryNumber::try_from(1).unwrap();
        let mut wanted = ChunkSet::new(2);
        wanted.insert(ChunkIndex(0));
        wanted.insert(ChunkIndex(1));
        let id = |n| (Digest::new([n; 32]), 2);
        assert_eq!(Crowd::new(None, None).choose(id(1), &wanted), None);
        let crowd = Crowd::new(Some(number), None);
        assert_eq!(crowd.choose(id(1), &wanted), Some(ChunkIndex(1)));
        assert_eq!(crowd.choose(id(1), &wanted), Some(ChunkIndex(0)));
        assert_eq!(crowd.choose(id(2), &wanted), Some(ChunkIndex(1)));
        for other in 3..=255 {
            crowd.choose(id(other), &wanted);
        }
        assert!(crowd.0.lock().spreads.len() <= MOST_SWARMS);
    }
}
