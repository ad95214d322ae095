//! The crowd and its network: what happens when, who is sent what how fast, and what comes of it.

use std::{
    cmp::Ordering,
    collections::{BTreeMap, BinaryHeap},
    time::{Duration, Instant},
};

use trozos::{
    engine::cluster::swarms::{Gives, Swarms},
    model::{
        ChunkIndex, ChunkLayout, ChunkSet, Digest, Lately, PeerNumber, SecondaryNumber, SourceId,
        Term, TransferId,
    },
};

use super::{client::Client, sender::Sender};

/// One way.
const LATENCY: Duration = Duration::from_micros(300);
/// How often clients tell what they have got.
const NEWS: Duration = Duration::from_millis(250);
/// What is on its way is looked at so often.
const LOT: Duration = Duration::from_millis(150);
/// How often the central hears how far a client is.
const PROGRESS: Duration = Duration::from_secs(2);
/// A lease of a client.
const LEASE: Duration = Duration::from_secs(8);

/// Who comes, and what becomes of them.
#[derive(Clone, Debug)]
pub struct Crowd {
    pub seed: u64,
    pub chunks: u32,
    /// What each secondary sends, in bytes per second.
    pub secondaries: Vec<f64>,
    /// What each client sends, in bytes per second; 0 of one that shares nothing.
    pub uplinks: Vec<f64>,
    pub downlinks: Vec<f64>,
    /// Within so many seconds all begin.
    pub spread: f64,
    /// So many of a thousand clients are killed.
    pub killed: u32,
    pub frozen: u32,
    pub liars: u32,
    /// When the last secondary is killed, in seconds.
    pub secondary_dies: Option<f64>,
    /// Clients that have all are gone.
    pub leave: bool,
}

/// How it ended.
#[derive(Clone, Debug)]
pub struct End {
    /// Of those that lived and did not lie, in seconds from their beginnings, sorted.
    pub took: Vec<f64>,
    /// Of the uplinks alone, in seconds.
    pub bound: f64,
    /// Whole files that left the secondaries.
    pub copies: f64,
    /// Messages at the central, in and out, without signs of life.
    pub central: u64,
    /// Bytes that came for nothing, of all that had to come.
    pub waste: f64,
}

impl End {
    pub fn p99(&self) -> f64 {
        let last = self.took.len().saturating_sub(1);
        self.took[(self.took.len() * 99 / 100).min(last)]
    }
}

/// Nodes: first the clients, then the secondaries.
pub type Node = usize;

/// What goes from one node to another.
#[derive(Clone, Debug)]
pub enum Message {
    Connect,
    /// Of a connection that is gone, or was refused.
    Gone,
    Get(ChunkIndex, Lately),
    Cancel(ChunkIndex),
    Any(ChunkSet, Lately),
    Connected,
    Have(ChunkSet, Duration),
    Queued,
    Chosen(ChunkIndex),
    Nothing,
    Cancelled(ChunkIndex),
    /// To the central.
    MorePeers(Vec<PeerNumber>),
    Accuse(PeerNumber),
    Finished,
    Progress(u16),
    /// From the central.
    Peers(Vec<PeerNumber>, Vec<PeerNumber>),
}

#[derive(Clone, Debug)]
pub enum What {
    Join,
    Kill,
    Freeze,
    Lease,
    News,
    Progress,
    Wake(u64),
    LineLooks,
    Flow(usize, u64),
    CentralTells,
    Message(Node, Message),
}

struct Due(Instant, u64, Node, What);

impl PartialEq for Due {
    fn eq(&self, other: &Self) -> bool {
        self.1 == other.1
    }
}
impl Eq for Due {}
impl PartialOrd for Due {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Due {
    fn cmp(&self, other: &Self) -> Ordering {
        (other.0, other.1).cmp(&(self.0, self.1))
    }
}

/// A chunk on its way.
#[derive(Clone, Copy, Debug)]
pub struct Flow {
    pub from: Node,
    pub to: Node,
    pub chunk: ChunkIndex,
    left: f64,
    /// What its receiver has been told of.
    told: f64,
    rate: f64,
    at: Instant,
    version: u64,
    pub is_alive: bool,
}

pub struct World {
    pub crowd: Crowd,
    pub layout: ChunkLayout,
    pub now: Instant,
    pub start: Instant,
    due: BinaryHeap<Due>,
    count: u64,
    pub clients: Vec<Client>,
    pub senders: Vec<Sender>,
    pub flows: Vec<Flow>,
    out: Vec<Vec<usize>>,
    into: Vec<Vec<usize>>,
    pub random: fastrand::Rng,
    swarms: Swarms,
    central: u64,
    left: usize,
    pub sent_by_secondaries: f64,
    tells: bool,
}

pub fn peer(node: Node) -> PeerNumber {
    PeerNumber::try_from(node as u64 + 1).unwrap()
}

fn transfer(node: Node) -> TransferId {
    TransferId::new(Term(1), node as u64)
}

fn content() -> Digest {
    Digest::new([1; 32])
}

impl World {
    pub fn node_of(&self, source: SourceId) -> Node {
        match source.peer() {
            Some(peer) => peer.get() as usize - 1,
            None => self.clients.len() + source.0 as usize - 1,
        }
    }

    pub fn is_secondary(&self, node: Node) -> bool {
        node >= self.clients.len()
    }

    pub fn at(&mut self, at: Instant, node: Node, what: What) {
        self.count += 1;
        self.due.push(Due(at, self.count, node, what));
    }

    pub fn send(&mut self, from: Node, to: Node, message: Message) {
        self.at(self.now + LATENCY, to, What::Message(from, message));
    }

    pub fn tell_central(&mut self, from: Node, message: Message) {
        self.central += u64::from(!matches!(message, Message::Progress(_)));
        self.at(self.now + LATENCY, usize::MAX, What::Message(from, message));
    }

    pub fn secondary(&self, number: usize) -> SecondaryNumber {
        SecondaryNumber::try_from(number as u64 + 1).unwrap()
    }
}

/// What is on its way.
impl World {
    fn up(&self, node: Node) -> f64 {
        if self.is_secondary(node) {
            self.crowd.secondaries[node - self.clients.len()]
        } else {
            self.crowd.uplinks[node]
        }
    }

    fn down(&self, node: Node) -> f64 {
        self.crowd.downlinks[node]
    }

    pub fn begin_flow(&mut self, from: Node, to: Node, chunk: ChunkIndex) {
        let left = f64::from(self.layout.chunk_len(chunk));
        let flow = Flow {
            from,
            to,
            chunk,
            left,
            told: left,
            rate: 0.0,
            at: self.now,
            version: 0,
            is_alive: true,
        };
        let free = self.flows.iter().position(|flow| !flow.is_alive);
        let id = free.unwrap_or(self.flows.len());
        if id == self.flows.len() {
            self.flows.push(flow);
        } else {
            let version = self.flows[id].version + 1;
            self.flows[id] = Flow { version, ..flow };
        }
        self.out[from].push(id);
        self.into[to].push(id);
        self.share(from, to);
    }

    pub fn end_flow(&mut self, id: usize) {
        self.progress(id);
        let Flow { from, to, .. } = self.flows[id];
        self.flows[id].is_alive = false;
        self.flows[id].version += 1;
        self.out[from].retain(|flow| *flow != id);
        self.into[to].retain(|flow| *flow != id);
        self.share(from, to);
    }

    pub fn flow(&self, from: Node, to: Node) -> Option<usize> {
        self.out[from]
            .iter()
            .copied()
            .find(|id| self.flows[*id].to == to)
    }

    /// Has moved so much until now.
    fn progress(&mut self, id: usize) {
        let now = self.now;
        let flow = &mut self.flows[id];
        let bytes = (flow.rate * (now - flow.at).as_secs_f64()).min(flow.left);
        flow.left -= bytes;
        flow.at = now;
        let from = flow.from;
        if self.is_secondary(from) {
            self.sent_by_secondaries += bytes;
        }
        self.senders[from].line.sent(now, bytes as u64);
    }

    /// Those whose rates depend on these two.
    fn share(&mut self, from: Node, to: Node) {
        let mut touched = self.out[from].clone();
        touched.extend(&self.into[to]);
        // What one side does not take another one gets, one step far.
        for id in self.into[to].clone() {
            touched.extend(&self.out[self.flows[id].from]);
        }
        touched.sort_unstable();
        touched.dedup();
        for id in touched {
            self.progress(id);
            let flow = self.flows[id];
            let rate = if self.senders[flow.from].is_frozen {
                0.0
            } else {
                self.offered(flow.from, flow.to)
            };
            let flow = &mut self.flows[id];
            flow.rate = rate;
            flow.version += 1;
            let left = if rate > 0.0 { flow.left / rate } else { 1e6 };
            let at = self.now + Duration::from_secs_f64(left).min(LOT);
            let (to, version) = (flow.to, flow.version);
            self.at(at, to, What::Flow(id, version));
        }
    }

    /// An uplink is shared evenly, but nobody is sent more than his share of his own downlink.
    fn offered(&self, from: Node, to: Node) -> f64 {
        let takes = |to: Node| self.down(to) / self.into[to].len() as f64;
        let mut caps: Vec<f64> = self.out[from]
            .iter()
            .map(|id| takes(self.flows[*id].to))
            .collect();
        caps.sort_by(f64::total_cmp);
        let (mut rest, count) = (self.up(from), caps.len());
        let own = takes(to);
        for (n, cap) in caps.into_iter().enumerate() {
            let even = rest / (count - n) as f64;
            if cap >= even {
                return own.min(even);
            }
            rest -= cap;
        }
        own
    }

    fn flow_moves(&mut self, id: usize, version: u64) {
        if !self.flows[id].is_alive || self.flows[id].version != version {
            return;
        }
        self.progress(id);
        let flow = self.flows[id];
        let is_whole = flow.left < 1.0;
        let left = if is_whole { 0.0 } else { flow.left };
        let bytes = (flow.told - left) as u32;
        self.flows[id].told = left;
        if is_whole {
            self.end_flow(id);
            self.has_sent(flow);
        } else {
            self.share(flow.from, flow.to);
        }
        self.comes(flow, bytes, is_whole);
    }
}

/// The central.
impl World {
    fn central_hears(&mut self, from: Node, message: Message) {
        let now = self.now;
        match message {
            Message::MorePeers(lost) => self.swarms.more(now, transfer(from), &lost),
            Message::Accuse(liar) => {
                let at = [10, 0, (from >> 8) as u8, from as u8].into();
                self.swarms.accused(now, transfer(from), at, liar);
            }
            Message::Finished => {
                if !self.crowd.leave {
                    let gives = self.gives(from);
                    self.swarms.seeds(now, content(), (peer(from), gives), true);
                }
                self.swarms.ended(transfer(from));
                self.central += 1;
            }
            Message::Progress(permille) => self.swarms.progress(transfer(from), permille, 0),
            other => panic!("{other:?} to the central"),
        }
        self.central_tells();
    }

    fn gives(&self, node: Node) -> Gives {
        let uplink = self.crowd.uplinks[node] as u64;
        let is_on = uplink > 0;
        Gives { is_on, uplink }
    }

    fn central_tells(&mut self) {
        for news in self.swarms.take_news(self.now) {
            self.central += 1;
            let to = news.peer.get() as usize - 1;
            let peers = Message::Peers(news.add, news.drop);
            self.send(usize::MAX, to, peers);
        }
        if let Some(at) = self.swarms.next_news() {
            self.at(at, usize::MAX, What::CentralTells);
        }
    }
}

/// What happens.
impl World {
    fn happens(&mut self, node: Node, what: What) {
        match what {
            What::Join => {
                self.central += 2;
                let gives = self.gives(node);
                let joins = (transfer(node), content());
                self.swarms.join(self.now, joins, peer(node), gives);
                self.begins(node);
                self.central_tells();
                let first = NEWS.mul_f64(self.random.f64());
                self.at(self.now + first, node, What::News);
                self.at(self.now + PROGRESS, node, What::Progress);
            }
            What::Kill => self.kill(node),
            What::Freeze => {
                if !self.is_over(node) {
                    self.left -= 1;
                    self.senders[node].is_frozen = true;
                    self.clients[node].is_dead = true;
                    for id in self.out[node].clone() {
                        let to = self.flows[id].to;
                        self.share(node, to);
                    }
                    self.at(self.now + LEASE, node, What::Lease);
                }
            }
            What::Lease => {
                self.swarms.gone(peer(node));
                self.central_tells();
            }
            What::News => {
                if !self.senders[node].is_dead && !self.senders[node].is_frozen {
                    self.tell_news(node);
                    self.at(self.now + NEWS, node, What::News);
                }
            }
            What::Progress => {
                if !self.is_over(node) {
                    let permille = self.clients[node].permille();
                    self.tell_central(node, Message::Progress(permille));
                    self.at(self.now + PROGRESS, node, What::Progress);
                }
            }
            What::Wake(version) => self.wakes(node, version),
            What::LineLooks => {
                self.senders[node].looks = None;
                self.start_sending(node);
            }
            What::Flow(id, version) => self.flow_moves(id, version),
            What::CentralTells => self.central_tells(),
            What::Message(from, message) if node == usize::MAX => self.central_hears(from, message),
            What::Message(from, message) => self.hears(node, from, message),
        }
    }

    pub fn is_over(&self, node: Node) -> bool {
        self.clients[node].is_dead || self.clients[node].done.is_some()
    }

    /// Its process is gone, and all its connections with it.
    fn kill(&mut self, node: Node) {
        if !self.is_secondary(node) {
            if self.is_over(node) {
                return;
            }
            self.left -= 1;
            self.clients[node].is_dead = true;
            self.swarms.gone(peer(node));
            self.central_tells();
        }
        self.vanish(node);
    }

    pub fn vanish(&mut self, node: Node) {
        self.senders[node].is_dead = true;
        for id in [self.out[node].clone(), self.into[node].clone()].concat() {
            let Flow { from, to, .. } = self.flows[id];
            self.end_flow(id);
            if to == node {
                self.gone_from(from, node);
            }
        }
        let receivers: Vec<_> = self.senders[node].connections.keys().copied().collect();
        for to in receivers {
            self.send(node, to, Message::Gone);
        }
        if !self.is_secondary(node) {
            for to in 0..self.senders.len() {
                if self.senders[to].connections.contains_key(&node) {
                    self.send(node, to, Message::Gone);
                }
            }
        }
    }

    pub fn finished(&mut self, node: Node) {
        self.left -= 1;
        self.tell_central(node, Message::Finished);
        if self.crowd.leave {
            self.vanish(node);
        }
    }

    pub fn story(&self, text: impl FnOnce() -> String) {
        if self.tells {
            println!("{:9.4} {}", (self.now - self.start).as_secs_f64(), text());
        }
    }
}

/// Runs a crowd to its end.
pub fn run(crowd: Crowd, tells: bool) -> End {
    let start = Instant::now();
    let layout = ChunkLayout::for_file(u64::from(crowd.chunks) << 20).unwrap();
    let mut random = fastrand::Rng::with_seed(crowd.seed);
    let (clients, secondaries) = (crowd.uplinks.len(), crowd.secondaries.len());
    let mut world = World {
        layout,
        now: start,
        start,
        due: BinaryHeap::new(),
        count: 0,
        clients: (0..clients)
            .map(|n| Client::new(layout, crowd.seed + n as u64, start))
            .collect(),
        senders: Vec::new(),
        flows: Vec::new(),
        out: vec![Vec::new(); clients + secondaries],
        into: vec![Vec::new(); clients + secondaries],
        swarms: Swarms::new(random.u64(..)),
        random,
        central: 0,
        left: clients,
        sent_by_secondaries: 0.0,
        tells,
        crowd,
    };
    for node in 0..clients + secondaries {
        let number = world
            .is_secondary(node)
            .then(|| world.secondary(node - clients));
        world.senders.push(Sender::new(start, layout, number));
    }
    let bound = world.bound();
    world.fates(bound);
    let horizon = start + Duration::from_secs_f64(bound * 20.0 + world.crowd.spread + 200.0);
    while world.left > 0 {
        let Some(Due(at, _, node, what)) = world.due.pop() else {
            panic!("{} wait for nothing, seed {}", world.left, world.crowd.seed);
        };
        assert!(
            at < horizon,
            "{} are not done, seed {}",
            world.left,
            world.crowd.seed
        );
        world.now = at;
        world.happens(node, what);
    }
    world.end(bound)
}

impl World {
    fn bound(&self) -> f64 {
        let crowd = &self.crowd;
        let file = self.layout.file_bytes() as f64;
        let secondaries: f64 = crowd.secondaries.iter().sum();
        let slowest = crowd
            .downlinks
            .iter()
            .copied()
            .fold(f64::INFINITY, f64::min);
        let all = secondaries + crowd.uplinks.iter().sum::<f64>();
        (file / secondaries)
            .max(file / slowest)
            .max(crowd.uplinks.len() as f64 * file / all)
    }

    /// Who begins when, and what becomes of whom.
    fn fates(&mut self, bound: f64) {
        let crowd = self.crowd.clone();
        let start = self.start;
        for node in 0..self.clients.len() {
            let at = start + Duration::from_secs_f64(crowd.spread * self.random.f64());
            self.at(at, node, What::Join);
            let fate = self.random.u32(..1000);
            let when = at + Duration::from_secs_f64(bound * self.random.f64());
            if fate < crowd.killed {
                self.at(when, node, What::Kill);
            } else if fate < crowd.killed + crowd.frozen {
                self.at(when, node, What::Freeze);
            } else if fate < crowd.killed + crowd.frozen + crowd.liars {
                self.senders[node].lies = true;
            }
        }
        if let Some(at) = crowd.secondary_dies {
            let last = self.senders.len() - 1;
            self.at(start + Duration::from_secs_f64(at), last, What::Kill);
        }
    }

    fn end(self, bound: f64) -> End {
        let mut took = Vec::new();
        let (mut wasted, mut useful) = (0, 0);
        for client in &self.clients {
            if let Some(done) = client.done {
                took.push((done - client.began).as_secs_f64());
                assert!(client.machine.have().is_full());
                for received in client.machine.received() {
                    wasted += received.wasted;
                    useful += received.bytes;
                }
            }
        }
        took.sort_by(f64::total_cmp);
        End {
            took,
            bound,
            copies: self.sent_by_secondaries / self.layout.file_bytes() as f64,
            central: self.central,
            waste: wasted as f64 / useful.max(1) as f64,
        }
    }
}

/// Of a map by nodes.
pub type ByNode<T> = BTreeMap<Node, T>;
