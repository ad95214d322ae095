//! What is being shown to players, and how fast that may be.

use std::{collections::BTreeMap, net::IpAddr, sync::Arc};

use parking_lot::Mutex;
use tokio::time::{Instant, sleep};

use super::{pace::Pace, viewers::Viewer};
use crate::{
    model::Digest,
    node::{
        Looked,
        face::{Reader, Streaming},
    },
};

/// Contents whose speed is remembered.
const MOST_REMEMBERED: usize = 4096;

/// What is known of players and of what they play. Copies are the same.
#[derive(Clone, Debug, Default)]
pub(super) struct Players(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    pace: Mutex<Pace>,
    /// Bytes that a second of a film has; `None` while nobody knows.
    rates: Mutex<BTreeMap<Digest, Option<u64>>>,
    /// Where each player is, in bytes.
    positions: Mutex<BTreeMap<Player, u64>>,
}

/// Who plays what.
pub(super) type Player = (IpAddr, Digest);

/// What is being shown to a player, for as long as this lives.
#[derive(Debug)]
pub(super) struct Show {
    pub(super) players: Players,
    pub(super) viewer: Viewer,
    pub(super) player: Player,
    /// Players that ask for all the rest are given it as they play it.
    pub(super) is_paced: bool,
    pub(super) counts: Arc<Streaming>,
    /// When it was asked for, until its first byte comes.
    pub(super) asked_at: Option<Instant>,
    /// Counts it as one that reads.
    pub(super) _reader: Reader,
}

impl Players {
    /// True when nobody has found out yet how fast a content plays, or is about to.
    pub(super) fn begin_to_learn(&self, id: Digest) -> bool {
        let mut rates = self.0.rates.lock();
        if rates.contains_key(&id) {
            return false;
        }
        if rates.len() >= MOST_REMEMBERED {
            rates.clear();
        }
        rates.insert(id, None);
        true
    }

    /// How fast a content plays, where it says so; `None` when nothing of it came: the next viewer tries again.
    pub(super) fn learned(&self, id: Digest, rate: Option<Option<u64>>) {
        let mut rates = self.0.rates.lock();
        match rate {
            Some(rate) => rates.insert(id, rate),
            None => rates.remove(&id),
        };
    }
}

impl Players {
    /// A player asks for bytes from a place on. True when it was elsewhere before.
    pub(super) fn seeks(&self, player: Player, to: u64) -> bool {
        let mut positions = self.0.positions.lock();
        if positions.len() >= MOST_REMEMBERED {
            positions.clear();
        }
        positions.insert(player, to).is_some_and(|at| at != to)
    }
}

impl Show {
    /// The next piece has come. It ends there, and its chunk was found so.
    pub(super) fn came(&mut self, to: u64, looked: Option<Looked>) {
        let shared = &self.players.0;
        shared.positions.lock().insert(self.player, to);
        let asked_at = self.asked_at.take();
        if let Some(asked_at) = asked_at {
            self.counts.first_byte(asked_at.elapsed());
        }
        if let Some(Looked { was_there, waited }) = looked {
            self.counts.looked_up(was_there);
            // What a reader waits for at its beginning is in the time of its first byte.
            if !was_there && asked_at.is_none() {
                self.counts.starved(waited);
            }
        }
    }

    /// Waits until a piece may go to its player.
    pub(super) async fn sending(&mut self, bytes: u64) {
        let shared = &self.players.0;
        let rate = shared.rates.lock().get(&self.player.1).copied().flatten();
        if let Some(rate) = rate.filter(|_| self.is_paced) {
            let now = Instant::now();
            let wait = shared.pace.lock().send(now, self.player, bytes, rate);
            let mut owed = Owed { show: self, bytes };
            sleep(wait).await;
            owed.bytes = 0;
        }
        self.viewer.sent(bytes);
    }
}

/// Bytes that were noted as sent, and go back if their player leaves meanwhile.
struct Owed<'a> {
    show: &'a Show,
    bytes: u64,
}

impl Drop for Owed<'_> {
    fn drop(&mut self) {
        if self.bytes > 0 {
            let shared = &self.show.players.0;
            shared.pace.lock().give_back(self.show.player, self.bytes);
        }
    }
}
