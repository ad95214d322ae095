//! Clients: a real download machine each, and what it is told and does.

use std::time::{Duration, Instant};

use trozos::{
    engine::{
        assignment,
        download::{Action, Download, DownloadConfig, Event, Finish, SwarmAction, SwarmEvent},
    },
    model::{ChunkLayout, ChunkSet, Fault, Have, SourceId, SourceInfo, Who},
};

use super::world::{Flow, Message, Node, What, World, peer};

/// To hash and write a chunk.
const WRITES: Duration = Duration::from_millis(1);

pub struct Client {
    pub machine: Download,
    pub began: Instant,
    pub done: Option<Instant>,
    pub is_dead: bool,
    /// Chunks that have come and are being hashed, with who sent them, and whether they are right.
    hashing: Vec<(Instant, SourceId, trozos::model::ChunkIndex, bool)>,
    wakes: u64,
}

impl Client {
    pub fn new(layout: ChunkLayout, seed: u64, now: Instant) -> Self {
        let config = DownloadConfig {
            seed,
            source_wait: Duration::from_secs(60),
        };
        Self {
            machine: Download::new(layout, config, now),
            began: now,
            done: None,
            is_dead: false,
            hashing: Vec::new(),
            wakes: 0,
        }
    }

    pub fn permille(&self) -> u16 {
        let have = self.machine.have();
        (u64::from(have.len()) * 1000 / u64::from(have.chunk_count())) as u16
    }
}

impl World {
    fn source_of(&self, node: Node) -> SourceId {
        if self.is_secondary(node) {
            SourceId((node - self.clients.len()) as u32 + 1)
        } else {
            SourceId::of_peer(peer(node))
        }
    }

    pub fn begins(&mut self, node: Node) {
        let now = self.now;
        let weights: Vec<_> = (0..self.crowd.secondaries.len())
            .map(|n| (n, 1.0))
            .collect();
        let shares = assignment::assign(self.layout.all(), &weights);
        let sources = shares.into_iter().map(|(n, ranges)| SourceInfo {
            id: SourceId(n as u32 + 1),
            who: Who::Secondary(self.secondary(n)),
            address: ([10, 0, 0, 1], 1).into(),
            have: Have::All,
            ranges,
            draining: false,
        });
        let sources = sources.collect();
        let have = ChunkSet::new(self.layout.chunk_count());
        let client = &mut self.clients[node];
        client.began = now;
        client.machine.handle_event(now, Event::Sources(sources));
        client.machine.handle_event(now, Event::Ready { have });
        self.acts(node);
    }

    fn feed(&mut self, node: Node, event: Event) {
        if self.is_over(node) {
            return;
        }
        self.clients[node].machine.handle_event(self.now, event);
        self.acts(node);
    }

    pub fn wakes(&mut self, node: Node, version: u64) {
        if self.clients[node].wakes != version || self.is_over(node) {
            return;
        }
        let now = self.now;
        let (done, hashing) = std::mem::take(&mut self.clients[node].hashing)
            .into_iter()
            .partition::<Vec<_>, _>(|(at, ..)| *at <= now);
        self.clients[node].hashing = hashing;
        for (_, source, chunk, is_right) in done {
            if self.is_over(node) {
                return;
            }
            if is_right {
                let was_here = self.clients[node].machine.have().contains(chunk);
                self.feed(node, Event::Verified { source, chunk });
                if !was_here && self.clients[node].machine.have().contains(chunk) {
                    self.senders[node].fresh.insert(chunk);
                }
            } else {
                self.feed(node, Event::Wrong { source, chunk });
            }
        }
        if !self.is_over(node) {
            self.clients[node].machine.handle_timeout(now);
            self.acts(node);
        }
    }

    fn acts(&mut self, node: Node) {
        let now = self.now;
        while let Some(action) = self.clients[node].machine.poll_action() {
            self.does(node, action);
        }
        let client = &mut self.clients[node];
        client.wakes += 1;
        let version = client.wakes;
        let hashed = client.hashing.iter().map(|(at, ..)| *at).min();
        let due = [client.machine.poll_timeout(), hashed];
        if let Some(at) = due.into_iter().flatten().min() {
            self.at(at.max(now), node, What::Wake(version));
        }
    }

    fn does(&mut self, node: Node, action: Action) {
        let lately = self.clients[node]
            .machine
            .lately(self.now)
            .unwrap_or_default();
        match action {
            Action::Connect { source } => {
                let to = self.node_of(source);
                self.send(node, to, Message::Connect);
            }
            Action::Disconnect { source } => {
                let to = self.node_of(source);
                self.send(node, to, Message::Gone);
            }
            Action::Request { source, chunk } => {
                let to = self.node_of(source);
                self.send(node, to, Message::Get(chunk, lately));
            }
            Action::Cancel { source, chunk } => {
                let to = self.node_of(source);
                self.send(node, to, Message::Cancel(chunk));
            }
            Action::Swarm(SwarmAction::Any { source, wanted }) => {
                let to = self.node_of(source);
                self.send(node, to, Message::Any(wanted, lately));
            }
            Action::Swarm(SwarmAction::MorePeers { lost }) => {
                self.tell_central(node, Message::MorePeers(lost));
            }
            Action::Report { source, fault, .. } => {
                if let Some(liar) = source.peer() {
                    assert_eq!(fault, Fault::Digest);
                    self.tell_central(node, Message::Accuse(liar));
                }
            }
            Action::Notice(notice) => self.story(|| format!("{node}: {notice:?}")),
            Action::Finish(Finish::Complete) => {
                self.clients[node].done = Some(self.now);
                let all: Vec<_> = self.layout.all().iter().collect();
                for chunk in all {
                    if !self.senders[node].has.contains(chunk) {
                        self.senders[node].fresh.insert(chunk);
                    }
                }
                for to in 0..self.senders.len() {
                    if self.senders[to].connections.contains_key(&node) {
                        self.send(node, to, Message::Gone);
                    }
                }
                self.finished(node);
                self.tell_news(node);
            }
            Action::Finish(other) => panic!("{other:?}, seed {}", self.crowd.seed),
            Action::RequestPart { .. } | Action::JoinParts { .. } | Action::ForgetParts { .. } => {
                panic!("nobody reads what comes")
            }
        }
    }

    pub fn hears(&mut self, node: Node, from: Node, message: Message) {
        let is_to_sender = matches!(
            message,
            Message::Connect | Message::Get(..) | Message::Any(..) | Message::Cancel(..)
        );
        if self.senders[node].is_frozen {
            return;
        }
        if is_to_sender {
            if self.senders[node].is_dead {
                return self.send(node, from, Message::Gone);
            }
            return self.asked(node, from, message);
        }
        if let Message::Gone = message {
            if self.senders[node].connections.contains_key(&from) {
                self.gone_from(node, from);
            }
            if from != usize::MAX && self.senders[from].is_dead && !self.is_secondary(node) {
                let source = self.source_of(from);
                let fault = Fault::Broken;
                self.feed(node, Event::Lost { source, fault });
            }
            return;
        }
        if self.is_secondary(node) || self.is_over(node) {
            return;
        }
        self.hears_of_source(node, from, message);
    }

    fn hears_of_source(&mut self, node: Node, from: Node, message: Message) {
        if let Message::Peers(add, drop) = message {
            if !self.clients[node].machine.is_in_swarm() {
                self.feed(node, Event::Swarm(SwarmEvent::Joined));
            }
            return self.feed(node, Event::Swarm(SwarmEvent::Peers { add, drop }));
        }
        let source = self.source_of(from);
        let event = match message {
            Message::Connected => {
                if self.is_secondary(from) {
                    self.feed(node, Event::Swarm(SwarmEvent::Chooses { source }));
                }
                Event::Connected { source }
            }
            Message::Have(chunks, line) => Event::Swarm(SwarmEvent::Has {
                source,
                chunks,
                line,
            }),
            Message::Queued => Event::Queued { source },
            Message::Chosen(chunk) => Event::Swarm(SwarmEvent::Chosen { source, chunk }),
            Message::Nothing => Event::Swarm(SwarmEvent::Nothing { source }),
            Message::Cancelled(chunk) => Event::Cancelled { source, chunk },
            other => panic!("{other:?} to a receiver"),
        };
        self.feed(node, event);
    }

    /// Bytes of a chunk come.
    pub fn comes(&mut self, flow: Flow, bytes: u32, is_whole: bool) {
        let node = flow.to;
        if self.is_over(node) {
            return;
        }
        let (source, chunk) = (self.source_of(flow.from), flow.chunk);
        if bytes > 0 {
            self.feed(
                node,
                Event::Received {
                    source,
                    chunk,
                    bytes,
                },
            );
        }
        if is_whole && !self.is_over(node) {
            let lies = self.senders[flow.from].lies && self.random.u8(..10) == 0;
            let at = self.now + WRITES;
            self.clients[node].hashing.push((at, source, chunk, !lies));
            self.acts(node);
        }
    }
}
