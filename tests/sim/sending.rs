//! One node's uplink, and receivers of every kind: fast, slow, stuck, those that come and go. Paths are fluid, sockets
//! hold a little, and the machine decides who is sent how much. What is written here is what a sender's connection does
//! (`node/send`).

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use trozos::engine::send::{Kind, ReceiverId, Turn, Uplink};

/// How finely time is cut.
const STEP: Duration = Duration::from_millis(2);
/// What a socket takes before it is on its way.
const SOCKET_BYTES: f64 = (128 << 10) as f64;
/// The longest frame.
const FRAME_BYTES: u64 = 1 << 20;
const CHUNK_BYTES: u64 = 1 << 20;

/// A receiver, and what its path can carry.
#[derive(Clone, Debug)]
pub struct Plan {
    pub kind: Kind,
    pub rate_bytes_per_s: f64,
    /// Its part of an uplink that is too narrow, beside others': all alike where each connection has a queue of its own.
    pub weight: f64,
    /// When it has something to get.
    pub from: Duration,
    pub until: Duration,
    /// It asks for chunks for so long, and for nothing for as long.
    pub pauses: Option<Duration>,
    /// Its frames are read into memory, and are short.
    pub most_frame_bytes: u64,
}

/// A seed's story.
#[derive(Clone, Debug)]
pub struct Story {
    pub receivers: Vec<Plan>,
    /// What the uplink can carry.
    pub capacity_bytes_per_s: f64,
    /// The limit from these moments on.
    pub limits: Vec<(Duration, Option<u64>)>,
    pub lasts: Duration,
}

#[derive(Debug)]
enum Doing {
    Nothing,
    /// It waits for a turn for a frame of so many bytes, and asks again then.
    Waiting {
        frame_bytes: u64,
        since: Instant,
        again: Instant,
    },
    /// So much of a frame is not in the socket yet.
    Writing {
        left_bytes: f64,
    },
}

#[derive(Debug)]
pub struct Receiver {
    pub plan: Plan,
    id: ReceiverId,
    doing: Doing,
    socket_bytes: f64,
    /// What is left of the chunk that it is sent.
    chunk_bytes: u64,
    /// What the socket took, and what arrived.
    pub taken_bytes: f64,
    pub got_bytes: f64,
    /// The longest wait for a turn.
    pub longest_wait: Duration,
}

pub struct World {
    pub uplink: Uplink,
    pub receivers: Vec<Receiver>,
    capacity_bytes_per_s: f64,
    limits: Vec<(Duration, Option<u64>)>,
    start: Instant,
    now: Instant,
    by_id: BTreeMap<ReceiverId, usize>,
}

impl World {
    pub fn new(story: &Story) -> Self {
        let start = Instant::now();
        let mut uplink = Uplink::new(start, None);
        let receivers: Vec<_> = story
            .receivers
            .iter()
            .map(|plan| Receiver {
                id: uplink.join(plan.kind),
                plan: plan.clone(),
                doing: Doing::Nothing,
                socket_bytes: 0.0,
                chunk_bytes: CHUNK_BYTES,
                taken_bytes: 0.0,
                got_bytes: 0.0,
                longest_wait: Duration::ZERO,
            })
            .collect();
        let ids = receivers.iter().enumerate();
        Self {
            by_id: ids.map(|(index, receiver)| (receiver.id, index)).collect(),
            uplink,
            receivers,
            capacity_bytes_per_s: story.capacity_bytes_per_s,
            limits: story.limits.clone(),
            start,
            now: start,
        }
    }

    pub fn elapsed(&self) -> Duration {
        self.now - self.start
    }

    /// True when nothing goes on that was planned for another limit.
    fn is_settled(&self) -> bool {
        let Some(turn_bytes) = turn_bytes(&self.uplink) else {
            return true;
        };
        let going = self
            .receivers
            .iter()
            .filter(|receiver| receiver.plan.rate_bytes_per_s > 0.0);
        going.into_iter().all(|receiver| match receiver.doing {
            Doing::Nothing => true,
            Doing::Waiting { frame_bytes, .. } => frame_bytes as f64 <= turn_bytes,
            Doing::Writing { left_bytes } => left_bytes <= turn_bytes,
        })
    }

    /// Lets so much time pass.
    pub fn run(&mut self, lasts: Duration) {
        let end = self.now + lasts;
        while self.now < end {
            self.now += STEP;
            self.set_limits();
            self.drain();
            for index in 0..self.receivers.len() {
                self.step(index);
            }
        }
    }

    fn set_limits(&mut self) {
        while let Some((at, limit)) = self.limits.first().copied()
            && at <= self.elapsed()
        {
            self.limits.remove(0);
            self.uplink.set_limit(self.now, limit);
            self.ring();
        }
    }

    /// What is in sockets leaves: everybody as fast as the path allows, and what the uplink can carry is shared by weight.
    fn drain(&mut self) {
        let mut left = self.capacity_bytes_per_s * STEP.as_secs_f64();
        let wants = self.receivers.iter().map(|receiver| {
            let most = receiver.plan.rate_bytes_per_s * STEP.as_secs_f64();
            receiver.socket_bytes.min(most)
        });
        let mut wants: Vec<(usize, f64)> = wants.enumerate().collect();
        let weight = |index: usize| self.receivers[index].plan.weight;
        wants.sort_by(|(one, want), (other, wanted)| {
            (want / weight(*one)).total_cmp(&(wanted / weight(*other)))
        });
        let mut weights: f64 = self
            .receivers
            .iter()
            .map(|receiver| receiver.plan.weight)
            .sum();
        for (index, want) in wants {
            let receiver = &mut self.receivers[index];
            let bytes = want.min(left * receiver.plan.weight / weights);
            left -= bytes;
            weights -= receiver.plan.weight;
            receiver.socket_bytes -= bytes;
            receiver.got_bytes += bytes;
        }
    }

    /// What one connection does.
    fn step(&mut self, index: usize) {
        if !self.is_wanting(index) {
            if !matches!(self.receivers[index].doing, Doing::Writing { .. }) {
                self.receivers[index].doing = Doing::Nothing;
                self.uplink.set_idle(self.now, self.receivers[index].id);
                self.ring();
                return;
            }
        } else if matches!(self.receivers[index].doing, Doing::Nothing) {
            self.uplink.set_busy(self.now, self.receivers[index].id);
            self.ask(index);
        }
        loop {
            match self.receivers[index].doing {
                Doing::Nothing => return,
                Doing::Waiting { again, .. } if again > self.now => return,
                Doing::Waiting { .. } => self.ask(index),
                Doing::Writing { left_bytes } => {
                    if !self.write(index, left_bytes) {
                        return;
                    }
                }
            }
        }
    }

    fn is_wanting(&self, index: usize) -> bool {
        let plan = &self.receivers[index].plan;
        let elapsed = self.elapsed();
        let on = plan.pauses.is_none_or(|pause| {
            ((elapsed.as_secs_f64() / pause.as_secs_f64()) as u64).is_multiple_of(2)
        });
        on && elapsed >= plan.from && elapsed < plan.until
    }

    fn ask(&mut self, index: usize) {
        let receiver = &mut self.receivers[index];
        let (frame_bytes, since) = match receiver.doing {
            Doing::Waiting {
                frame_bytes, since, ..
            } => (frame_bytes, since),
            Doing::Nothing | Doing::Writing { .. } => {
                let most = self.uplink.most_bytes(self.now, receiver.id);
                let most = most.min(receiver.plan.most_frame_bytes).min(FRAME_BYTES);
                (most.clamp(1, receiver.chunk_bytes), self.now)
            }
        };
        receiver.longest_wait = receiver.longest_wait.max(self.now - since);
        receiver.doing = match self.uplink.ask(self.now, receiver.id, frame_bytes) {
            Turn::TooMuch => {
                receiver.doing = Doing::Nothing;
                self.ring();
                return self.ask(index);
            }
            Turn::Now => Doing::Writing {
                left_bytes: frame_bytes as f64,
            },
            Turn::At(again) => {
                assert!(again > self.now, "asked to ask again at once");
                Doing::Waiting {
                    frame_bytes,
                    since,
                    again,
                }
            }
        };
        self.ring();
    }

    /// Those that are woken ask again at their next step.
    fn ring(&mut self) {
        while let Some(woken) = self.uplink.poll_woken() {
            if let Doing::Waiting { again, .. } = &mut self.receivers[self.by_id[&woken]].doing {
                *again = self.now;
            }
        }
    }

    /// Puts more of a frame into the socket. True when the frame is over and another is to come.
    fn write(&mut self, index: usize, left_bytes: f64) -> bool {
        let is_wanting = self.is_wanting(index);
        let receiver = &mut self.receivers[index];
        let bytes = left_bytes.min(SOCKET_BYTES - receiver.socket_bytes).floor();
        if bytes > 0.0 {
            receiver.socket_bytes += bytes;
            receiver.taken_bytes += bytes;
            receiver.chunk_bytes -= bytes as u64;
            self.uplink.took(self.now, receiver.id, bytes as u64);
        }
        let left_bytes = left_bytes - bytes;
        receiver.doing = Doing::Writing { left_bytes };
        if left_bytes >= 1.0 {
            self.ring();
            return false;
        }
        if receiver.chunk_bytes == 0 {
            receiver.chunk_bytes = CHUNK_BYTES;
        }
        if is_wanting {
            self.ask(index);
        } else {
            receiver.doing = Doing::Nothing;
            self.uplink.set_idle(self.now, receiver.id);
            self.ring();
        }
        is_wanting
    }
}

/// A seed's story. A few are of clients alone that take all they can get, on an uplink with one queue; a few of clients that
/// leave most of their turns unused.
fn story(seed: u64) -> Story {
    let mut random = fastrand::Rng::with_seed(seed ^ 0x5e4d);
    if seed % 16 == 15 {
        return flutter(&mut random);
    }
    if random.u8(..8) == 0 {
        return rivals(&mut random);
    }
    let lasts = Duration::from_secs(random.u64(6..20));
    let capacity_bytes_per_s = 10f64.powf(6.0 + random.f64() * 1.7);
    let count = random.usize(1..=12);
    let copies = random.f64() * 0.6;
    let is_one_queue = random.bool();
    let limit = 10f64.powf(4.3 + random.f64() * 3.0);
    let receivers = (0..count)
        .map(|_| Plan {
            kind: if random.f64() < copies {
                Kind::Copy
            } else {
                Kind::Client
            },
            rate_bytes_per_s: match random.u8(..6) {
                0 => 0.0,
                1 => 10f64.powf(3.0 + random.f64() * 3.0),
                2 => capacity_bytes_per_s * random.f64() / count as f64,
                _ => f64::INFINITY,
            },
            weight: if is_one_queue {
                1.0 + 3.0 * random.f64()
            } else {
                1.0
            },
            from: match random.u8(..4) {
                0 => lasts.mul_f64(random.f64() / 2.0),
                _ => Duration::ZERO,
            },
            until: match random.u8(..4) {
                0 => lasts.mul_f64(0.5 + random.f64() / 2.0),
                _ => lasts,
            },
            pauses: (random.u8(..4) == 0)
                .then(|| Duration::from_secs_f64(10f64.powf(-2.3 + 2.5 * random.f64()))),
            most_frame_bytes: 64 << random.u32(10..15),
        })
        .collect();
    let limits = (0..random.u32(..4))
        .map(|nth| {
            let limit = (limit * 10f64.powf(random.f64() - 0.5)) as u64;
            let at = lasts.mul_f64(f64::from(nth) / 3.0);
            (at, (random.u8(..4) > 0).then_some(limit))
        })
        .collect();
    Story {
        receivers,
        capacity_bytes_per_s,
        limits,
        lasts,
    }
}

fn rivals(random: &mut fastrand::Rng) -> Story {
    let lasts = Duration::from_secs(20);
    let receivers = (0..random.usize(2..12))
        .map(|_| Plan {
            kind: Kind::Client,
            rate_bytes_per_s: f64::INFINITY,
            weight: 1.0 + 3.0 * random.f64(),
            from: Duration::ZERO,
            until: lasts,
            pauses: None,
            most_frame_bytes: FRAME_BYTES,
        })
        .collect();
    Story {
        receivers,
        capacity_bytes_per_s: 10f64.powf(6.5 + random.f64() * 1.2),
        limits: Vec::new(),
        lasts,
    }
}

/// A limited uplink, and clients that ask for little, in short frames, and stop before their turns are used up.
fn flutter(random: &mut fastrand::Rng) -> Story {
    let lasts = Duration::from_secs(10);
    let capacity_bytes_per_s = 40e6;
    let limit = (capacity_bytes_per_s * (0.2 + 0.5 * random.f64())) as u64;
    let greedy = random.usize(1..3);
    let receivers = (0..greedy + random.usize(3..8))
        .map(|nth| Plan {
            kind: Kind::Client,
            rate_bytes_per_s: f64::INFINITY,
            weight: 1.0,
            from: Duration::ZERO,
            until: lasts,
            pauses: (nth >= greedy).then(|| Duration::from_millis(random.u64(8..40))),
            most_frame_bytes: if nth < greedy { FRAME_BYTES } else { 4 << 10 },
        })
        .collect();
    Story {
        receivers,
        capacity_bytes_per_s,
        limits: vec![(Duration::ZERO, Some(limit))],
        lasts,
    }
}

/// Tells a seed's story. Between any two changes everybody gets what is due.
pub fn run(seed: u64, trace: bool) {
    let story = story(seed);
    if trace {
        println!("{story:#?}");
    }
    let mut moments: Vec<_> = story.limits.iter().map(|(at, _)| *at).collect();
    moments.extend(
        story
            .receivers
            .iter()
            .flat_map(|plan| [plan.from, plan.until]),
    );
    moments.push(story.lasts);
    moments.sort();
    moments.dedup();
    let mut world = World::new(&story);
    for moment in moments {
        let end = moment.saturating_sub(STEP);
        let from = world.elapsed() + LEAD_IN;
        while world.elapsed() < end.min(from) || (world.elapsed() < end && !world.is_settled()) {
            world.run(STEP);
        }
        let rest = end.saturating_sub(world.elapsed());
        if rest < SHORTEST {
            world.run(moment.saturating_sub(world.elapsed()));
            continue;
        }
        let stretch = Stretch::watch(&mut world, rest);
        if trace {
            println!("{:?}: {stretch:#?}", world.elapsed());
        }
        stretch.check();
    }
}

/// How much one turn of a limited uplink takes.
fn turn_bytes(uplink: &Uplink) -> Option<f64> {
    let limit = uplink.limit_bytes_per_s()?;
    Some((limit as f64 / 50.0).clamp(4096.0, (1 << 20) as f64))
}

/// After a change everything comes to rest.
const LEAD_IN: Duration = Duration::from_millis(1500);
/// Shorter stretches say little.
const SHORTEST: Duration = Duration::from_millis(1500);

/// What receivers took within a stretch in which nothing changes.
#[derive(Debug)]
struct Stretch {
    seconds: f64,
    limit: Option<f64>,
    turn_bytes: f64,
    /// What frames that had their turn before it still had to send.
    begun_bytes: f64,
    capacity_bytes_per_s: f64,
    takers: Vec<Taker>,
}

#[derive(Debug)]
struct Taker {
    kind: Kind,
    bytes: f64,
    /// What arrived.
    got_bytes: f64,
    longest_wait: Duration,
    use_: Use,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Use {
    /// It takes at once whatever there is.
    Greedy,
    /// It takes less, or now and then.
    Modest,
    /// It takes nothing, or asks for nothing.
    Stuck,
}

impl Stretch {
    fn watch(world: &mut World, lasts: Duration) -> Self {
        let counts = |receiver: &Receiver| (receiver.taken_bytes, receiver.got_bytes);
        let before: Vec<_> = world.receivers.iter().map(counts).collect();
        let from = world.elapsed();
        let begun = world.receivers.iter().map(|receiver| match receiver.doing {
            Doing::Writing { left_bytes } => left_bytes,
            Doing::Nothing | Doing::Waiting { .. } => 0.0,
        });
        let begun_bytes = begun.sum();
        for receiver in &mut world.receivers {
            receiver.longest_wait = Duration::ZERO;
        }
        let limit = world.uplink.limit_bytes_per_s().map(|limit| limit as f64);
        world.run(lasts);
        let use_of = |plan: &Plan| {
            if plan.rate_bytes_per_s == 0.0 || plan.from > from || plan.until <= from {
                Use::Stuck
            } else if plan.pauses.is_none() && plan.rate_bytes_per_s.is_infinite() {
                Use::Greedy
            } else {
                Use::Modest
            }
        };
        let takers = world.receivers.iter().zip(before);
        Self {
            seconds: lasts.as_secs_f64(),
            limit,
            turn_bytes: turn_bytes(&world.uplink).unwrap_or(0.0),
            begun_bytes,
            capacity_bytes_per_s: world.capacity_bytes_per_s,
            takers: takers
                .map(|(receiver, (taken_bytes, got_bytes))| Taker {
                    kind: receiver.plan.kind,
                    bytes: receiver.taken_bytes - taken_bytes,
                    got_bytes: receiver.got_bytes - got_bytes,
                    longest_wait: receiver.longest_wait,
                    use_: use_of(&receiver.plan),
                })
                .collect(),
        }
    }

    fn bytes(&self, kind: Kind) -> f64 {
        let takers = self.takers.iter().filter(|taker| taker.kind == kind);
        takers.map(|taker| taker.bytes).sum()
    }

    fn all(&self, kind: Kind, use_: Use) -> impl Iterator<Item = &Taker> {
        let takers = self.takers.iter();
        takers.filter(move |taker| taker.kind == kind && taker.use_ == use_)
    }

    fn check(&self) {
        let turns = self.turn_bytes * (2 + self.takers.len()) as f64;
        let clients = self.bytes(Kind::Client);
        let copies = self.bytes(Kind::Copy);
        let is_greedy_client = self.all(Kind::Client, Use::Greedy).next().is_some();
        if is_greedy_client {
            // A copy that has waited for 250 ms goes on where nothing else holds the line.
            let forced = match self.limit {
                Some(limit) if limit < 0.8 * self.capacity_bytes_per_s => 0.0,
                Some(_) | None => {
                    let copies = self.takers.iter().filter(|taker| taker.kind == Kind::Copy);
                    copies.count() as f64 * (self.seconds / 0.25 + 1.0) * FRAME_BYTES as f64
                }
            };
            let most = clients + (3 << 20) as f64 + turns + forced;
            assert!(copies <= most, "copies got {copies}, clients {clients}");
        }
        match self.limit {
            Some(limit) if limit < 0.8 * self.capacity_bytes_per_s => {
                self.check_limited(limit, turns);
            }
            Some(_) => {}
            None => self.check_unlimited(),
        }
    }

    /// Without a limit clients are held back for a moment at most, the uplink is seldom idle, and clients that could take
    /// more are sent about the same.
    fn check_unlimited(&self) {
        let greedy = || self.all(Kind::Client, Use::Greedy);
        for client in greedy() {
            let wait = client.longest_wait;
            assert!(wait <= Duration::from_millis(260), "{wait:?}: {self:#?}");
        }
        let is_active = |taker: &Taker| taker.kind == Kind::Client && taker.use_ != Use::Stuck;
        let copies_alone = !self.takers.iter().any(is_active);
        if greedy().next().is_some()
            || copies_alone && self.all(Kind::Copy, Use::Greedy).next().is_some()
        {
            let all = self.capacity_bytes_per_s * self.seconds;
            let got: f64 = self.takers.iter().map(|taker| taker.got_bytes).sum();
            let least = all * 0.78 - 1.5 * self.capacity_bytes_per_s;
            assert!(
                got >= least,
                "the uplink was idle: {got} of {all}: {self:#?}"
            );
        }
        let is_plain = self
            .takers
            .iter()
            .all(|taker| match (taker.kind, taker.use_) {
                (Kind::Client, Use::Greedy) => true,
                (_, Use::Stuck) => taker.bytes == 0.0,
                (Kind::Client, Use::Modest) | (Kind::Copy, Use::Greedy | Use::Modest) => false,
            });
        if is_plain && self.seconds > 4.0 {
            let most = greedy().map(|taker| taker.got_bytes).fold(0.0, f64::max);
            let least = greedy()
                .map(|taker| taker.got_bytes)
                .fold(f64::INFINITY, f64::min);
            assert!(
                most <= least * 1.3 + (3 << 20) as f64,
                "not alike: {self:#?}"
            );
        }
    }

    fn check_limited(&self, limit: f64, turns: f64) {
        let all = limit * self.seconds;
        let taken: f64 = self.takers.iter().map(|taker| taker.bytes).sum();
        assert!(
            taken <= all * 1.01 + 0.05 * limit + turns + self.begun_bytes,
            "{taken} of {all}: {self:#?}"
        );
        // Copies may wait for a moment for clients that take less than they could.
        let is_greedy = |kind| self.all(kind, Use::Greedy).next().is_some();
        let part = match (is_greedy(Kind::Client), is_greedy(Kind::Copy)) {
            (true, _) => 0.97,
            (false, true) => 0.8,
            (false, false) => 0.0,
        };
        assert!(
            taken >= all * part - turns,
            "the uplink was idle: {taken} of {all}: {self:#?}"
        );
        // Copies get half at most, and clients share the rest; sockets of those who take nothing are filled once.
        let stuck = self.takers.iter().filter(|taker| taker.use_ == Use::Stuck);
        let all = all - stuck.map(|taker| taker.bytes).sum::<f64>();
        let active = |kind| {
            self.takers
                .iter()
                .filter(move |t| t.kind == kind && t.use_ != Use::Stuck)
        };
        let copies = active(Kind::Copy).count();
        let clients = active(Kind::Client).count();
        for (kind, share) in [
            (
                Kind::Client,
                if copies > 0 { 0.5 } else { 1.0 } / clients as f64,
            ),
            (
                Kind::Copy,
                if clients > 0 { 0.0 } else { 1.0 } / copies as f64,
            ),
        ] {
            for taker in self.all(kind, Use::Greedy) {
                let least = all * share * 0.95 - 2.0 * turns;
                assert!(
                    taker.bytes >= least,
                    "{taker:?} starves, {least} is due: {self:#?}"
                );
            }
            let bytes = || self.all(kind, Use::Greedy).map(|taker| taker.bytes);
            let most = bytes().fold(0.0, f64::max);
            let least = bytes().fold(f64::INFINITY, f64::min);
            assert!(
                most <= least * 1.02 + 3.0 * self.turn_bytes,
                "not alike: {self:#?}"
            );
        }
        let round = (turns / limit).max(0.02);
        for client in self.all(Kind::Client, Use::Greedy) {
            let wait = client.longest_wait.as_secs_f64();
            assert!(wait <= 2.5 * round + 0.2, "{wait} s for a turn: {self:#?}");
        }
    }
}
