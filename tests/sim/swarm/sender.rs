//! Nodes that send: a line with its slots, and what each receiver wants.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use trozos::{
    engine::swarm_send::{Line, MemberId, Order, Spread},
    model::{ChunkIndex, ChunkLayout, ChunkSet, Lately, SecondaryNumber},
};

use super::world::{ByNode, Flow, Message, Node, What, World};

/// How often a receiver in the line hears that it waits.
const WORD: Duration = Duration::from_secs(1);

/// A receiver's connection.
pub struct Connection {
    pub member: MemberId,
    wants: VecDeque<ChunkIndex>,
    any: Option<ChunkSet>,
    lately: Lately,
    told_at: Option<Instant>,
}

pub struct Sender {
    pub line: Line,
    spread: Option<Spread>,
    /// What it can send; a secondary has all.
    pub has: ChunkSet,
    /// What it has not announced.
    pub fresh: ChunkSet,
    pub connections: ByNode<Connection>,
    pub is_dead: bool,
    pub is_frozen: bool,
    pub lies: bool,
    pub looks: Option<Instant>,
    told_line: Duration,
}

/// Another length of a line that is worth telling.
fn differs(before: Duration, line: Duration) -> bool {
    before.abs_diff(line) > Duration::from_millis(500)
}

impl Sender {
    pub fn new(now: Instant, layout: ChunkLayout, number: Option<SecondaryNumber>) -> Self {
        let order = match number {
            Some(_) => Order::LeastLatelyForUplink,
            None => Order::LeastLately,
        };
        let nothing = ChunkSet::new(layout.chunk_count());
        Self {
            line: Line::new(now, order, None),
            spread: number.map(|number| Spread::new(layout.chunk_count(), number)),
            has: nothing.clone(),
            fresh: nothing,
            connections: ByNode::new(),
            is_dead: false,
            is_frozen: false,
            lies: false,
            looks: None,
            told_line: Duration::ZERO,
        }
    }
}

impl World {
    pub fn asked(&mut self, node: Node, from: Node, message: Message) {
        let uplink = if self.is_secondary(from) {
            0
        } else {
            self.crowd.uplinks[from] as u64
        };
        let is_secondary = self.is_secondary(node);
        let sender = &mut self.senders[node];
        if let Message::Connect = message {
            let member = sender.line.join(uplink);
            sender.connections.insert(
                from,
                Connection {
                    member,
                    wants: VecDeque::new(),
                    any: None,
                    lately: Lately(0),
                    told_at: None,
                },
            );
            let has = sender.has.clone();
            self.send(node, from, Message::Connected);
            if !is_secondary {
                let line = self.line_of(node);
                self.send(node, from, Message::Have(has, line));
            }
            return;
        }
        let Some(connection) = sender.connections.get_mut(&from) else {
            return;
        };
        match message {
            Message::Get(chunk, lately) => {
                if !is_secondary && !sender.has.contains(chunk) {
                    panic!("{chunk} is asked of peer {node}, which has not announced it");
                }
                connection.wants.push_back(chunk);
                assert!(
                    is_secondary || connection.wants.len() <= 3,
                    "too much is asked of a peer"
                );
                connection.lately = lately;
            }
            Message::Any(wanted, lately) => {
                assert!(!wanted.is_empty());
                connection.any = Some(wanted);
                connection.lately = lately;
            }
            Message::Cancel(chunk) => {
                let (before, member) = (connection.wants.len(), connection.member);
                connection.wants.retain(|wanted| *wanted != chunk);
                let is_withdrawn = connection.wants.len() < before;
                let sending = self
                    .flow(node, from)
                    .filter(|id| self.flows[*id].chunk == chunk);
                if let Some(id) = sending {
                    self.end_flow(id);
                    self.senders[node].line.done(member);
                }
                if is_withdrawn || sending.is_some() {
                    self.send(node, from, Message::Cancelled(chunk));
                }
            }
            other => panic!("{other:?} to a sender"),
        }
        self.stands_in_line(node, from);
        self.start_sending(node);
    }

    fn stands_in_line(&mut self, node: Node, from: Node) {
        let is_sending = self.flow(node, from).is_some();
        let sender = &mut self.senders[node];
        let Some(connection) = sender.connections.get(&from) else {
            return;
        };
        if connection.wants.is_empty() && connection.any.is_none() {
            if !is_sending {
                sender.line.done(connection.member);
            }
        } else if !is_sending {
            sender.line.ask(connection.member, connection.lately);
        }
    }

    /// Fills the slots, and tells those that wait that they do.
    pub fn start_sending(&mut self, node: Node) {
        if self.senders[node].is_dead || self.senders[node].is_frozen {
            return;
        }
        let now = self.now;
        while let Some(member) = self.senders[node].line.start(now) {
            let sender = &mut self.senders[node];
            let (to, connection) = sender
                .connections
                .iter_mut()
                .find(|(_, connection)| connection.member == member)
                .expect("a member has a connection");
            let to = *to;
            connection.told_at = None;
            let chunk = match connection.wants.pop_front() {
                Some(chunk) => Some(chunk),
                None => {
                    let wanted = connection.any.take().expect("it waits for something");
                    let spread = sender.spread.as_mut().expect("any is asked of secondaries");
                    let chosen = spread.choose(&wanted);
                    let answer = chosen.map_or(Message::Nothing, Message::Chosen);
                    self.send(node, to, answer);
                    chosen
                }
            };
            match chunk {
                Some(chunk) => self.begin_flow(node, to, chunk),
                None => {
                    self.senders[node].line.done(member);
                    self.stands_in_line(node, to);
                }
            }
        }
        self.tell_those_that_wait(node);
    }

    fn tell_those_that_wait(&mut self, node: Node) {
        let now = self.now;
        let mut told = Vec::new();
        let sender = &mut self.senders[node];
        for (to, connection) in &mut sender.connections {
            let is_due = connection.told_at.is_none_or(|at| now >= at + WORD);
            if sender.line.waits(connection.member) && is_due {
                connection.told_at = Some(now);
                told.push(*to);
            }
        }
        for to in told {
            self.send(node, to, Message::Queued);
        }
        let sender = &self.senders[node];
        let words = sender.connections.values();
        let words = words.filter(|connection| sender.line.waits(connection.member));
        let word = words.filter_map(|connection| connection.told_at).min();
        let next = [word.map(|at| at + WORD), sender.line.next_look()];
        if let Some(at) = next.into_iter().flatten().min()
            && sender.looks.is_none_or(|looks| at < looks || looks <= now)
        {
            let at = at.max(now + Duration::from_millis(1));
            self.senders[node].looks = Some(at);
            self.at(at, node, What::LineLooks);
        }
    }

    /// All of a chunk was sent.
    pub fn has_sent(&mut self, flow: Flow) {
        let sender = &mut self.senders[flow.from];
        if let Some(connection) = sender.connections.get(&flow.to) {
            sender.line.done(connection.member);
        }
        self.stands_in_line(flow.from, flow.to);
        self.start_sending(flow.from);
    }

    /// A receiver's connection is gone.
    pub fn gone_from(&mut self, node: Node, from: Node) {
        if let Some(connection) = self.senders[node].connections.remove(&from) {
            self.senders[node].line.leave(connection.member);
        }
        if let Some(id) = self.flow(node, from) {
            self.end_flow(id);
        }
        self.start_sending(node);
    }

    /// How long who asks now would wait.
    pub fn line_of(&self, node: Node) -> Duration {
        let line = &self.senders[node].line;
        let rate = line.rate_bytes_per_s(self.now);
        if line.waiting() == 0 || rate <= 0.0 {
            return Duration::ZERO;
        }
        let chunks = line.waiting() + line.sending();
        let bytes = chunks as f64 * f64::from(self.layout.chunk_bytes());
        Duration::from_secs_f64((bytes / rate).min(60.0))
    }

    /// Tells all who ask a client what it has got since it told them last.
    pub fn tell_news(&mut self, node: Node) {
        if self.crowd.uplinks[node] <= 0.0 {
            return;
        }
        let nothing = ChunkSet::new(self.layout.chunk_count());
        let fresh = std::mem::replace(&mut self.senders[node].fresh, nothing);
        for chunk in fresh.iter() {
            self.senders[node].has.insert(chunk);
        }
        let line = self.line_of(node);
        let before = std::mem::replace(&mut self.senders[node].told_line, line);
        if fresh.is_empty() && !differs(before, line) {
            self.senders[node].told_line = before;
            return;
        }
        let all: Vec<_> = self.senders[node].connections.keys().copied().collect();
        for to in all {
            self.send(node, to, Message::Have(fresh.clone(), line));
        }
    }
}
