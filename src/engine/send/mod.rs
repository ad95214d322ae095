//! Schedules a node's uplink: whose turn it is, and for how many bytes.
//!
//! - With a limit, receivers take turns, and all turns together stay within the limit. A turn is the same number of
//!   bytes for everybody, whatever the frame size (deficit round robin, Shreedhar and Varghese 1996).
//! - Without a limit, the kernel shares the uplink among connections. Where it shares badly, `level` holds back those
//!   ahead.
//! - Clients come before copies: while clients are served, copies get no more bytes than those take, half at most.
//!
//! Nobody waits for a receiver that takes nothing, and nobody waits for long.
//!
//! ```text
//! Idle ── busy ──▶ Ready ── ask ──▶ Waiting ── Now ──▶ Sending ── ask ──▶ Waiting
//!   ▲                └──── idle ───────┴──────────────────┘
//! ```

mod level;
pub(super) mod line;
mod types;

pub use types::{Kind, ReceiverId, Turn};

use std::{
    collections::{BTreeMap, VecDeque},
    time::{Duration, Instant},
};

use self::{
    level::{HELD_FRAME_BYTES, HOLD, Level},
    line::{Line, SHORTEST_TURN_BYTES},
};

/// How far a client may be ahead of the one that took least, and copies ahead of all clients, in bytes.
const LEAD_BYTES: u64 = 2 << 20;
/// Nobody waits for a client that has taken nothing for this long.
const SILENT: Duration = Duration::from_secs(1);
/// The shortest time after which a waiting receiver asks again by itself.
const A_MOMENT: Duration = Duration::from_millis(1);

/// See the module.
#[derive(Debug)]
pub struct Uplink {
    line: Line,
    level: Level,
    receivers: BTreeMap<ReceiverId, Receiver>,
    next_id: u64,
    /// Waiting receivers, in the order in which they asked.
    waiting: VecDeque<ReceiverId>,
    /// The bytes that copies may be sent before clients take more.
    credit_bytes: u64,
    woken: VecDeque<ReceiverId>,
}

#[derive(Debug)]
struct Receiver {
    kind: Kind,
    state: State,
    /// When it last took something, or when something was there for it to take.
    took_at: Option<Instant>,
    /// The bytes it took since it was last level with the others.
    level_bytes: u64,
}

#[derive(Clone, Copy, Debug)]
enum State {
    /// There is nothing to send.
    Idle,
    /// There is something to send, and it has not asked for a turn.
    Ready,
    Waiting {
        frame_bytes: u64,
        /// The time from which it need not wait for others any more.
        until: Instant,
    },
    /// It has a turn. These are the bytes left of it: on the line, and of the copies' credit.
    Sending { line_bytes: u64, credit_bytes: u64 },
}

impl Receiver {
    /// A client that waits for its turn or has one.
    fn is_active_client(&self, now: Instant) -> bool {
        let is_active = match self.state {
            State::Idle => false,
            State::Waiting { .. } => true,
            State::Ready | State::Sending { .. } => !self.is_silent(now),
        };
        self.kind == Kind::Client && is_active
    }

    fn is_silent(&self, now: Instant) -> bool {
        (self.took_at).is_none_or(|at| now.saturating_duration_since(at) >= SILENT)
    }
}

impl Uplink {
    /// An uplink with a limit in bytes per second, at least 1; `None` for no limit.
    pub fn new(now: Instant, limit_bytes_per_s: Option<u64>) -> Self {
        Self {
            line: Line::new(now, limit_bytes_per_s),
            level: Level::new(now),
            receivers: BTreeMap::new(),
            next_id: 0,
            waiting: VecDeque::new(),
            credit_bytes: 0,
            woken: VecDeque::new(),
        }
    }

    /// The limit in bytes per second.
    pub fn limit_bytes_per_s(&self) -> Option<u64> {
        self.line.rate_bytes_per_s()
    }

    /// Changes the limit. It also holds for receivers that already wait.
    pub fn set_limit(&mut self, now: Instant, bytes_per_s: Option<u64>) {
        self.line.set_rate(now, bytes_per_s);
        self.level = Level::new(now);
        self.woken.extend(&self.waiting);
    }

    /// A receiver connects. There is nothing to send to it yet.
    pub fn join(&mut self, kind: Kind) -> ReceiverId {
        let id = ReceiverId(self.next_id);
        self.next_id += 1;
        let receiver = Receiver {
            kind,
            state: State::Idle,
            took_at: None,
            level_bytes: 0,
        };
        self.receivers.insert(id, receiver);
        id
    }

    /// A receiver disconnects.
    pub fn leave(&mut self, now: Instant, id: ReceiverId) {
        self.set_idle(now, id);
        self.receivers.remove(&id);
    }

    /// There is something to send to a receiver from now on.
    pub fn set_busy(&mut self, now: Instant, id: ReceiverId) {
        let least_bytes = self.least_bytes(now, id).unwrap_or(0);
        let Some(receiver) = self.receivers.get_mut(&id) else {
            return;
        };
        if !matches!(receiver.state, State::Idle) {
            return;
        }
        receiver.state = State::Ready;
        // A short gap keeps its claim to what others took meanwhile. After a longer pause it starts level.
        if receiver.is_silent(now) {
            receiver.level_bytes = receiver.level_bytes.max(least_bytes);
        }
        receiver.took_at = Some(now);
    }

    /// There is nothing left to send to a receiver. The rest of its turn is given back.
    pub fn set_idle(&mut self, now: Instant, id: ReceiverId) {
        self.withdraw(now, id);
        self.end_turn(id);
        if let Some(receiver) = self.receivers.get_mut(&id) {
            receiver.state = State::Idle;
        }
        self.wake(now);
    }

    /// The longest that a receiver's next frame may be, in bytes.
    pub fn most_bytes(&self, now: Instant, id: ReceiverId) -> u64 {
        let Some(turn_bytes) = self.line.turn_bytes() else {
            let left = self.lead_left_bytes(now, id);
            return left.map_or(u64::MAX, |left| left.max(HELD_FRAME_BYTES));
        };
        match self.state(id) {
            // A turn is filled with whole frames.
            State::Sending { line_bytes, .. } if line_bytes >= SHORTEST_TURN_BYTES => {
                line_bytes.min(turn_bytes)
            }
            State::Idle | State::Ready | State::Waiting { .. } | State::Sending { .. } => {
                turn_bytes
            }
        }
    }

    /// A receiver asks for a frame of this length. Unless it is its turn, it waits from now on until it withdraws.
    pub fn ask(&mut self, now: Instant, id: ReceiverId, frame_bytes: u64) -> Turn {
        if self
            .line
            .turn_bytes()
            .is_some_and(|most| frame_bytes > most)
        {
            self.withdraw(now, id);
            return Turn::TooMuch;
        }
        let until = match self.state(id) {
            State::Sending { line_bytes, .. } if line_bytes >= frame_bytes => return Turn::Now,
            State::Waiting { until, .. } => until,
            State::Idle | State::Ready | State::Sending { .. } => {
                self.end_turn(id);
                self.start_waiting(now, id, frame_bytes)
            }
        };
        let at = match self.line.turn_bytes() {
            None => self.allowed_from(now, id, frame_bytes, until),
            Some(_) if self.next(now) == Some(id) => self.line.due(now),
            Some(turn_bytes) => {
                let ahead = self.waiting.iter().take_while(|waiting| **waiting != id);
                let ahead_bytes = turn_bytes * ahead.count().max(1) as u64;
                self.line.due_after(now, ahead_bytes).max(now + A_MOMENT)
            }
        };
        if at > now {
            return Turn::At(at);
        }
        self.begin_turn(now, id, frame_bytes);
        self.wake(now);
        Turn::Now
    }

    /// A receiver does not wait any more.
    pub fn withdraw(&mut self, now: Instant, id: ReceiverId) {
        if matches!(self.state(id), State::Waiting { .. }) {
            self.set_state(id, State::Ready);
            self.waiting.retain(|waiting| *waiting != id);
            self.wake(now);
        }
    }

    /// A receiver took this many bytes.
    pub fn took(&mut self, now: Instant, id: ReceiverId, bytes: u64) {
        let Some(receiver) = self.receivers.get_mut(&id) else {
            return;
        };
        receiver.took_at = Some(now);
        if let State::Sending {
            line_bytes,
            credit_bytes,
        } = &mut receiver.state
        {
            *line_bytes = line_bytes.saturating_sub(bytes);
            *credit_bytes = credit_bytes.saturating_sub(bytes);
        }
        if receiver.kind == Kind::Client {
            receiver.level_bytes += bytes;
            self.level.took(now, bytes);
            self.credit_bytes = (self.credit_bytes + bytes).min(LEAD_BYTES);
            self.wake(now);
        }
    }

    /// Receivers that should ask again now.
    pub fn poll_woken(&mut self) -> Option<ReceiverId> {
        self.woken.pop_front()
    }

    fn state(&self, id: ReceiverId) -> State {
        let receiver = self.receivers.get(&id);
        receiver.map_or(State::Idle, |receiver| receiver.state)
    }

    fn set_state(&mut self, id: ReceiverId, state: State) {
        if let Some(receiver) = self.receivers.get_mut(&id) {
            receiver.state = state;
        }
    }

    /// Returns the latest time until which a receiver waits for others.
    fn start_waiting(&mut self, now: Instant, id: ReceiverId, frame_bytes: u64) -> Instant {
        // Waiting for the line counts as waiting for others.
        let due = self.line.due(now);
        let until = if due > now { due } else { now + HOLD };
        self.set_state(id, State::Waiting { frame_bytes, until });
        self.waiting.push_back(id);
        until
    }

    fn begin_turn(&mut self, now: Instant, id: ReceiverId, frame_bytes: u64) {
        let is_allowed = self.is_allowed(now, id, frame_bytes);
        self.waiting.retain(|waiting| *waiting != id);
        let bytes = self.line.turn_bytes().unwrap_or(frame_bytes);
        let credit_bytes = if self.is_copy(id) {
            bytes.min(self.credit_bytes)
        } else {
            0
        };
        self.credit_bytes -= credit_bytes;
        let line_bytes = if is_allowed {
            self.line.take(now, bytes)
        } else {
            self.line.take_long(now, bytes)
        };
        self.set_state(
            id,
            State::Sending {
                line_bytes,
                credit_bytes,
            },
        );
    }

    /// Gives back what is left of a turn.
    fn end_turn(&mut self, id: ReceiverId) {
        if let State::Sending {
            line_bytes,
            credit_bytes,
        } = self.state(id)
        {
            self.set_state(id, State::Ready);
            self.line.give_back(line_bytes);
            self.credit_bytes = (self.credit_bytes + credit_bytes).min(LEAD_BYTES);
        }
    }

    /// Who gets a limited line next: the first waiting receiver that is behind, or else the first that has waited for
    /// long.
    fn next(&self, now: Instant) -> Option<ReceiverId> {
        let waiting = || {
            self.waiting.iter().filter_map(|id| match self.state(*id) {
                State::Waiting { frame_bytes, until } => Some((*id, frame_bytes, until)),
                State::Idle | State::Ready | State::Sending { .. } => None,
            })
        };
        let behind = waiting().find(|(id, bytes, _)| self.is_allowed(now, *id, *bytes));
        let long = || waiting().find(|(_, _, until)| *until <= now);
        behind.or_else(long).map(|(id, ..)| id)
    }

    /// The time from which a receiver that waits until `deadline` at most may be sent a frame.
    fn allowed_from(
        &mut self,
        now: Instant,
        id: ReceiverId,
        frame_bytes: u64,
        until: Instant,
    ) -> Instant {
        if self.is_allowed(now, id, frame_bytes) {
            return now;
        }
        if !self.is_copy(id) {
            self.level.hold(now);
        }
        until
    }

    /// Nobody else comes first.
    fn is_allowed(&self, now: Instant, id: ReceiverId, frame_bytes: u64) -> bool {
        if self.is_copy(id) {
            let bytes = self.line.turn_bytes().unwrap_or(frame_bytes);
            let is_active = |receiver: &Receiver| receiver.is_active_client(now);
            bytes <= self.credit_bytes || !self.receivers.values().any(is_active)
        } else {
            // Turns of a limited line are level.
            self.limit_bytes_per_s().is_some()
                || (self.lead_left_bytes(now, id)).is_none_or(|left| frame_bytes <= left)
        }
    }

    fn is_copy(&self, id: ReceiverId) -> bool {
        let receiver = self.receivers.get(&id);
        receiver.is_some_and(|receiver| receiver.kind == Kind::Copy)
    }

    /// How much further ahead of the others a client may get; `None` while nobody is held back.
    fn lead_left_bytes(&self, now: Instant, id: ReceiverId) -> Option<u64> {
        if !self.level.may_hold() {
            return None;
        }
        let receiver = self.receivers.get(&id)?;
        let least_bytes = match receiver.kind {
            Kind::Client => self.least_bytes(now, id)?,
            Kind::Copy => return None,
        };
        Some((least_bytes + LEAD_BYTES).saturating_sub(receiver.level_bytes))
    }

    /// The bytes of the other client that took least.
    fn least_bytes(&self, now: Instant, except: ReceiverId) -> Option<u64> {
        let others = self.receivers.iter().filter(|(id, _)| **id != except);
        let active = others.filter(|(_, other)| other.is_active_client(now));
        active.map(|(_, other)| other.level_bytes).min()
    }

    /// Wakes the receivers that may be sent something now. With a limit that is only the next one.
    fn wake(&mut self, now: Instant) {
        if self.waiting.is_empty() {
            return;
        }
        if self.limit_bytes_per_s().is_some() {
            self.woken.extend(self.next(now));
            return;
        }
        for id in &self.waiting {
            if let State::Waiting { frame_bytes, .. } = self.state(*id)
                && self.is_allowed(now, *id, frame_bytes)
            {
                self.woken.push_back(*id);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: u64 = 1 << 20;

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    /// An uplink, and so many receivers that have something to get.
    fn uplink<const N: usize>(
        limit: Option<u64>,
        kinds: [Kind; N],
    ) -> (Uplink, [ReceiverId; N], Instant) {
        let now = Instant::now();
        let mut uplink = Uplink::new(now, limit);
        let ids = kinds.map(|kind| {
            let id = uplink.join(kind);
            uplink.set_busy(now, id);
            id
        });
        (uplink, ids, now)
    }

    /// Those that are woken.
    fn woken(uplink: &mut Uplink) -> Vec<ReceiverId> {
        std::iter::from_fn(|| uplink.poll_woken()).collect()
    }

    /// Lets receivers send frames as soon as it is their turn; gives what each was sent.
    fn send_for<const N: usize>(
        uplink: &mut Uplink,
        ids: [ReceiverId; N],
        frame_bytes: [u64; N],
        mut now: Instant,
        lasts: Duration,
    ) -> [u64; N] {
        let end = now + lasts;
        let mut sent = [0; N];
        while now < end {
            for n in 0..N {
                loop {
                    let bytes = frame_bytes[n].min(uplink.most_bytes(now, ids[n]));
                    if uplink.ask(now, ids[n], bytes) != Turn::Now {
                        break;
                    }
                    uplink.took(now, ids[n], bytes);
                    sent[n] += bytes;
                }
            }
            now += ms(1);
        }
        sent
    }

    #[test]
    fn without_a_limit_clients_never_wait() {
        let (mut uplink, ids, now) = uplink(None, [Kind::Client; 3]);
        for _ in 0..1000 {
            for id in ids {
                assert_eq!(uplink.most_bytes(now, id), u64::MAX);
                assert_eq!(uplink.ask(now, id, MIB), Turn::Now);
                uplink.took(now, id, MIB);
            }
        }
    }

    #[test]
    fn turns_are_alike_whatever_they_are_sent_in() {
        let (mut uplink, ids, now) = uplink(Some(10_000_000), [Kind::Client; 3]);
        let frames = [MIB, 64 << 10, 5000];
        let sent = send_for(&mut uplink, ids, frames, now, ms(3000));
        let most = 2 * 10_000_000 / TURNS_IN_A_SECOND;
        assert!(
            sent.iter().all(|one| one.abs_diff(sent[0]) <= most),
            "{sent:?}"
        );
        let all: u64 = sent.iter().sum();
        assert!((29_000_000..31_000_000).contains(&all), "{all}");
    }

    const TURNS_IN_A_SECOND: u64 = 50;

    #[test]
    fn copies_get_as_much_as_clients_while_clients_take_it() {
        for limit in [None, Some(8_000_000)] {
            let kinds = [Kind::Client, Kind::Copy, Kind::Copy, Kind::Copy];
            let (mut uplink, ids, mut now) = uplink(limit, kinds);
            let (mut client, mut copies) = (0, 0);
            for _ in 0..3000 {
                now += ms(1);
                for (n, id) in ids.into_iter().enumerate() {
                    // Of the client's the kernel takes 10 MB/s, of copies whatever there is.
                    let bytes =
                        uplink
                            .most_bytes(now, id)
                            .min(if n == 0 { 10_000 } else { 50_000 });
                    if uplink.ask(now, id, bytes) == Turn::Now {
                        uplink.took(now, id, bytes);
                        *if n == 0 { &mut client } else { &mut copies } += bytes;
                    }
                }
            }
            assert!(client > 10_000_000, "{client}");
            let most = client + LEAD_BYTES + MIB;
            assert!(
                (client * 9 / 10..most).contains(&copies),
                "{client} {copies}"
            );
        }
    }

    #[test]
    fn copies_do_not_wait_for_a_client_that_takes_nothing() {
        let (mut uplink, [client, copy], mut now) = uplink(None, [Kind::Client, Kind::Copy]);
        assert_eq!(uplink.ask(now, client, MIB), Turn::Now);
        // Slowly at first, and as fast as it can once the client has been silent for a while.
        assert_eq!(uplink.ask(now, copy, MIB), Turn::At(now + HOLD));
        now += HOLD;
        assert_eq!(uplink.ask(now, copy, MIB), Turn::Now);
        uplink.took(now, copy, MIB);
        assert_eq!(uplink.ask(now, copy, MIB), Turn::At(now + HOLD));
        now += SILENT;
        for _ in 0..100 {
            assert_eq!(uplink.ask(now, copy, MIB), Turn::Now);
            uplink.took(now, copy, MIB);
        }
        // What it takes again counts at once.
        uplink.took(now, client, 1000);
        assert_ne!(uplink.ask(now, copy, MIB), Turn::Now);
        assert_eq!(woken(&mut uplink), []);
        uplink.took(now, client, MIB);
        assert_eq!(woken(&mut uplink), [copy]);
        assert_eq!(uplink.ask(now, copy, MIB), Turn::Now);
        uplink.took(now, copy, MIB);
        assert_ne!(uplink.ask(now, copy, MIB), Turn::Now);
        uplink.leave(now, client);
        assert_eq!(woken(&mut uplink), [copy]);
        assert_eq!(uplink.ask(now, copy, MIB), Turn::Now);
    }

    #[test]
    fn only_what_is_sent_is_paid_for() {
        let (mut uplink, ids, now) = uplink(Some(1000), [Kind::Client; 4]);
        let [one, two, three, four] = ids;
        // Turns of 4 KiB take four seconds each.
        assert_eq!(uplink.ask(now, one, 4000), Turn::Now);
        uplink.took(now, one, 1000);
        let Turn::At(due) = uplink.ask(now, two, 4000) else {
            panic!("the first turn is not over");
        };
        assert!(due > now + ms(4000), "{:?}", due - now);
        assert!(matches!(uplink.ask(now, three, 4000), Turn::At(after) if after > due + ms(4000)));
        // One goes away with most of its turn, and one while it waits.
        uplink.leave(now, one);
        uplink.withdraw(now, two);
        assert!(woken(&mut uplink).contains(&three));
        let Turn::At(sooner) = uplink.ask(now, three, 4000) else {
            panic!("1000 bytes are to be paid for");
        };
        assert!(
            (ms(950)..=ms(1000)).contains(&(sooner - now)),
            "{:?}",
            sooner - now
        );
        assert_eq!(uplink.ask(sooner, three, 4000), Turn::Now);
        uplink.set_idle(sooner, three);
        assert_eq!(uplink.ask(sooner, four, 4000), Turn::Now);
    }

    #[test]
    fn another_limit_holds_for_those_that_wait() {
        let (mut uplink, [one, two], now) = uplink(Some(1000), [Kind::Client; 2]);
        assert_eq!(uplink.ask(now, one, 4096), Turn::Now);
        uplink.took(now, one, 4096);
        let due = |uplink: &mut Uplink, now| match uplink.ask(now, two, 4096) {
            Turn::At(at) => at - now,
            Turn::Now | Turn::TooMuch => Duration::ZERO,
        };
        assert_eq!(due(&mut uplink, now), ms(4096));
        for (limit, wait) in [
            (Some(4000), ms(1000)),
            // A lower one asks for no more patience than the one before.
            (Some(500), ms(1000)),
            (None, ms(0)),
        ] {
            uplink.set_limit(now, limit);
            assert_eq!(woken(&mut uplink), [two]);
            let wait = wait.as_secs_f64();
            let waits = due(&mut uplink, now).as_secs_f64();
            assert!(
                (wait - 0.07..=wait + 0.03).contains(&waits),
                "{limit:?}: {waits}"
            );
        }
    }

    #[test]
    fn a_stuck_receiver_holds_one_turn_and_no_more() {
        let (mut uplink, ids, now) = uplink(Some(1_000_000), [Kind::Client; 5]);
        let mut start = now;
        // Four have a turn and take nothing.
        for stuck in &ids[1..] {
            while let Turn::At(at) = uplink.ask(start, *stuck, 20_000) {
                start = at;
            }
        }
        assert!(start - now <= ms(80), "{:?}", start - now);
        let sent = send_for(&mut uplink, [ids[0]], [MIB], start, ms(1000));
        assert!(sent[0] >= 950_000, "{sent:?}");
    }
}
