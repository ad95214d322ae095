//! Whom a sender of a swarm serves next. A sender gives whole chunks to few receivers at a time, and the next one is
//! whoever got least lately: what it then gives on is worth most.
//!
//! - [`Line`] is the line of one sender, over all its contents, with its slots.
//! - [`Spread`] is which chunk a secondary gives to a receiver that takes any of some: the one that it has sent least.
//!
//! Pure: what is sent, and how fast, is told.
//!
//! ```text
//! join ──▶ Idle ── ask ──▶ Waiting ── start ──▶ Sending ── done ──▶ Idle
//!            ▲                └──── withdraw ─────────────────────────▲
//! ```

mod slots;
mod spread;
#[cfg(test)]
mod tests;

use std::{collections::BTreeMap, time::Instant};

use self::slots::Slots;
pub use self::spread::Spread;
use crate::model::Lately;

/// What is taken for the uplink of a receiver that does not say what it has, in bytes per second: that of 100 Mbit/s.
const ANY_UPLINK: u64 = 12_500_000;

/// A receiver in the line. It stands for one connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MemberId(u64);

/// Which of those that wait comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// Who got least lately: the order of peers.
    LeastLately,
    /// The same, and of two alike the one that can give on more: the order of secondaries.
    LeastLatelyForUplink,
}

/// See the module.
#[derive(Debug)]
pub struct Line {
    order: Order,
    slots: Slots,
    members: BTreeMap<MemberId, Member>,
    next_id: u64,
    /// How many were served or asked so far: who asked first comes first among those that are alike.
    asked: u64,
    sending: usize,
}

#[derive(Debug)]
struct Member {
    uplink: u64,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Idle,
    Waiting { lately: Lately, asked: u64 },
    Sending,
}

impl Line {
    /// A line that nobody stands in. A limit in bytes per second is what the sender may send, if it has one.
    pub fn new(now: Instant, order: Order, limit_bytes_per_s: Option<u64>) -> Self {
        Self {
            order,
            slots: Slots::new(now, limit_bytes_per_s),
            members: BTreeMap::new(),
            next_id: 0,
            asked: 0,
            sending: 0,
        }
    }

    /// Changes the limit.
    pub fn set_limit(&mut self, bytes_per_s: Option<u64>) {
        self.slots.set_limit(bytes_per_s);
    }

    /// A receiver connects. `uplink` is what it can give on, in bytes per second; 0 when it does not say.
    pub fn join(&mut self, uplink: u64) -> MemberId {
        let id = MemberId(self.next_id);
        self.next_id += 1;
        let uplink = if uplink == 0 { ANY_UPLINK } else { uplink };
        let state = State::Idle;
        self.members.insert(id, Member { uplink, state });
        id
    }

    /// What a receiver can give on, in bytes per second; 0 when it does not say.
    pub fn set_uplink(&mut self, id: MemberId, uplink: u64) {
        if let Some(member) = self.members.get_mut(&id) {
            member.uplink = if uplink == 0 { ANY_UPLINK } else { uplink };
        }
    }

    /// A receiver disconnects.
    pub fn leave(&mut self, id: MemberId) {
        self.done(id);
        self.members.remove(&id);
    }

    /// A receiver waits for a chunk, or says once more what it got. Who is being sent one does not wait.
    pub fn ask(&mut self, id: MemberId, lately: Lately) {
        let Some(member) = self.members.get_mut(&id) else {
            return;
        };
        match &mut member.state {
            State::Idle => {
                self.asked += 1;
                let asked = self.asked;
                member.state = State::Waiting { lately, asked };
            }
            State::Waiting { lately: before, .. } => *before = lately,
            State::Sending => {}
        }
    }

    /// A receiver does not wait any more, or all of its chunk was sent: its slot is free.
    pub fn done(&mut self, id: MemberId) {
        if let Some(member) = self.members.get_mut(&id) {
            let before = std::mem::replace(&mut member.state, State::Idle);
            self.sending -= usize::from(before == State::Sending);
        }
    }

    /// So many bytes were sent to whomever.
    pub fn sent(&mut self, now: Instant, bytes: u64) {
        self.slots.sent(now, bytes);
    }

    /// Who is sent a chunk from now on, if somebody waits and a slot is free. To be called until it gives nobody.
    pub fn start(&mut self, now: Instant) -> Option<MemberId> {
        let waiting = self.members.iter().filter(|(_, member)| member.waits());
        let first = waiting.min_by(|a, b| {
            self.rank(a.1).total_cmp(&self.rank(b.1)).then_with(|| {
                let asked = |member: &Member| member.asked();
                asked(a.1).cmp(&asked(b.1))
            })
        });
        let id = *first?.0;
        if self.sending >= self.slots.now(now, self.sending) {
            return None;
        }
        self.sending += 1;
        if let Some(member) = self.members.get_mut(&id) {
            member.state = State::Sending;
        }
        Some(id)
    }

    /// When [`Self::start`] may give somebody although nothing has happened.
    pub fn next_look(&self) -> Option<Instant> {
        let is_waited = self.members.values().any(Member::waits);
        is_waited.then(|| self.slots.next_look())
    }

    /// True while a receiver waits.
    pub fn waits(&self, id: MemberId) -> bool {
        self.members.get(&id).is_some_and(Member::waits)
    }

    /// True while a receiver is being sent a chunk.
    pub fn is_sending(&self, id: MemberId) -> bool {
        let member = self.members.get(&id);
        member.is_some_and(|member| member.state == State::Sending)
    }

    /// How many wait.
    pub fn waiting(&self) -> usize {
        self.members
            .values()
            .filter(|member| member.waits())
            .count()
    }

    /// To how many chunks are being sent.
    pub fn sending(&self) -> usize {
        self.sending
    }

    /// How fast it sends, in bytes per second; 0 while nothing was measured.
    pub fn rate_bytes_per_s(&self, now: Instant) -> f64 {
        self.slots.rate(now)
    }

    fn rank(&self, member: &Member) -> f64 {
        let State::Waiting { lately, .. } = member.state else {
            return f64::INFINITY;
        };
        let lately = f64::from(lately.0) / 100.0;
        match self.order {
            Order::LeastLately => lately,
            Order::LeastLatelyForUplink => (lately + 1.0) / member.uplink as f64,
        }
    }
}

impl Member {
    fn waits(&self) -> bool {
        matches!(self.state, State::Waiting { .. })
    }

    fn asked(&self) -> u64 {
        match self.state {
            State::Waiting { asked, .. } => asked,
            State::Idle | State::Sending => u64::MAX,
        }
    }
}
