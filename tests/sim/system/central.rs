//! The central: one real cluster machine and what `node/central` does around it.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Instant,
};

use trozos::{
    engine::cluster::{
        Action, Cluster, ClusterConfig, ConnectionId, Drained, Event, Expelled, Notice, Parting,
        Refusal, Resolved,
    },
    engine::registry::Registry,
    model::{
        ClientName, CopyOrder, FigureDoor, FigureError, FigureName, FigureOrder, FigureRequest,
        FileName, Incarnation, SecondaryNumber, SourceInfo,
        limits::{
            CLIENT_HEARTBEAT, CLIENT_LEASE, EXPELLED_FOR, HEARTBEAT, LEASE, STATISTICS_EVERY,
        },
        messages::{ForClient, ForReceiver, ForSecondary},
    },
    node::rules::{
        central::{code_of, enrolment, said_of},
        terms::next_term,
    },
    proto::{
        Hello, PeerRole,
        control::{FromCentral, ToCentral},
    },
};

use super::{
    Ctx,
    net::{End, Incoming, Packet},
};
use crate::oracle::places::Places;

fn number_of(source: &SourceInfo) -> SecondaryNumber {
    source.who.secondary().expect("a secondary")
}

/// What its journal holds.
#[derive(Clone, Debug, Default)]
pub struct Saved {
    pub registry: Registry,
    /// Places, as clients know them.
    places: Option<Places>,
    expelled: BTreeMap<ClientName, Instant>,
    /// What programs counted, by what they were answered: their requests, and the value.
    counted: (BTreeMap<u32, i64>, i64),
}

#[derive(Debug)]
struct Peer {
    end: End,
    is_secondary: bool,
    beat_at: Instant,
    silent_at: Instant,
}

#[derive(Debug)]
pub struct Central {
    pub cluster: Cluster,
    peers: BTreeMap<ConnectionId, Peer>,
    links: BTreeMap<End, (ConnectionId, std::net::SocketAddr)>,
    next_link: u64,
    save_at: Instant,
    places: Places,
    drained: BTreeSet<SecondaryNumber>,
    /// Drained ones of which people were told that they have nothing left to send.
    pub told_drained: BTreeSet<SecondaryNumber>,
    /// Who was to send what was granted last.
    pub granted_of: BTreeSet<SecondaryNumber>,
    /// Which process each connection of a secondary is of, and whose came last.
    runs: BTreeMap<ConnectionId, Incarnation>,
    last_run: Option<Incarnation>,
    /// Names that people sent away, and until when.
    expelled: BTreeMap<ClientName, Instant>,
    names: BTreeMap<ConnectionId, ClientName>,
}

impl Central {
    pub fn start(ctx: &mut Ctx<'_>) -> Self {
        let saved = ctx.saved.clone();
        let config = ClusterConfig {
            required_secondaries: ctx.settings.required,
            max_downloads: ctx.settings.places,
            term: next_term(saved.registry.term(), ctx.clock_ms / 1000),
            seed: ctx.random.u128(..),
            wall_ms: ctx.clock_ms,
        };
        let mut places = saved.places;
        if let Some(places) = &mut places {
            places.restart();
        }
        let drained = saved.registry.drained().collect();
        let mut central = Self {
            cluster: Cluster::new(ctx.now, config, saved.registry),
            peers: BTreeMap::new(),
            links: BTreeMap::new(),
            next_link: 0,
            save_at: ctx.now + STATISTICS_EVERY,
            places: places.unwrap_or_else(|| Places::new(ctx.settings.places)),
            drained,
            told_drained: BTreeSet::new(),
            granted_of: BTreeSet::new(),
            runs: BTreeMap::new(),
            last_run: None,
            expelled: saved.expelled,
            names: BTreeMap::new(),
        };
        central.act(ctx);
        central.check(ctx);
        central
    }

    pub fn due(&self) -> Instant {
        let peers = self.peers.values();
        let beats = peers.map(|peer| peer.beat_at.min(peer.silent_at)).min();
        [Some(self.save_at), beats, self.cluster.poll_timeout()]
            .into_iter()
            .flatten()
            .min()
            .expect("it saves")
    }

    pub fn tick(&mut self, ctx: &mut Ctx<'_>) {
        if self.cluster.poll_timeout().is_some_and(|at| at <= ctx.now) {
            self.cluster.handle_timeout(ctx.now);
            self.act(ctx);
            self.check(ctx);
        }
        if self.save_at <= ctx.now {
            self.save_at = ctx.now + STATISTICS_EVERY;
            self.save(ctx);
        }
        let mut silent = Vec::new();
        for (link, peer) in &mut self.peers {
            if peer.silent_at <= ctx.now {
                silent.push(*link);
            } else if peer.beat_at <= ctx.now {
                let every = if peer.is_secondary {
                    HEARTBEAT
                } else {
                    CLIENT_HEARTBEAT
                };
                peer.beat_at = ctx.now + every;
                ctx.net
                    .send(ctx.time, peer.end, Packet::FromCentral(FromCentral::Ping));
            }
        }
        for link in silent {
            self.close(ctx, link);
            self.feed(ctx, link, Event::Closed(Parting::Broken));
        }
    }

    fn save(&mut self, ctx: &mut Ctx<'_>) {
        self.cluster.note_reports();
        self.act(ctx);
    }

    fn close(&mut self, ctx: &mut Ctx<'_>, link: ConnectionId) {
        if let Some(peer) = self.peers.remove(&link) {
            self.links.remove(&peer.end);
            ctx.net.close(ctx.time, peer.end);
        }
    }

    pub fn incoming(&mut self, ctx: &mut Ctx<'_>, end: End, what: Incoming) {
        match what {
            Incoming::Accepted(from) => {
                self.next_link += 1;
                self.links.insert(end, (ConnectionId(self.next_link), from));
                ctx.net.accept(ctx.time, end);
            }
            Incoming::Closed => {
                let Some((link, _)) = self.links.remove(&end) else {
                    return;
                };
                if self.peers.remove(&link).is_some() {
                    self.feed(ctx, link, Event::Closed(Parting::Broken));
                }
            }
            Incoming::Packet(Packet::ToCentral(message)) => {
                let Some((link, from)) = self.links.get(&end).copied() else {
                    return;
                };
                self.message(ctx, link, end, from, message);
            }
            other => panic!("{other:?} at the central"),
        }
    }

    fn message(
        &mut self,
        ctx: &mut Ctx<'_>,
        link: ConnectionId,
        end: End,
        from: std::net::SocketAddr,
        message: ToCentral,
    ) {
        if let ToCentral::Hello(hello) = message {
            let role = hello.into_role().expect("a good hello");
            let is_secondary = matches!(role, PeerRole::Secondary { .. });
            if let PeerRole::Secondary { incarnation, .. } = role {
                self.runs.insert(link, incarnation);
                self.last_run = Some(incarnation);
            }
            let hello = enrolment(role, from, 64).expect("a good role");
            let patience = if is_secondary {
                LEASE * 4
            } else {
                CLIENT_LEASE
            };
            let peer = Peer {
                end,
                is_secondary,
                beat_at: ctx.now + HEARTBEAT,
                silent_at: ctx.now + patience,
            };
            self.peers.insert(link, peer);
            // As in the node: the answer goes before what follows from the enrolment.
            ctx.say(|| format!("{link:?} {hello:?}"));
            self.places.event(link, &hello);
            self.cluster.handle_event(ctx.now, link, hello);
            if self.cluster.has_peer(link) {
                let hello = FromCentral::Hello(Hello::from_role(&PeerRole::Central(
                    self.cluster.term().into(),
                )));
                ctx.send(end, Packet::FromCentral(hello));
            }
            self.act(ctx);
            return self.check(ctx);
        }
        let Some(peer) = self.peers.get_mut(&link) else {
            return;
        };
        let patience = if peer.is_secondary {
            LEASE * 4
        } else {
            CLIENT_LEASE
        };
        peer.silent_at = ctx.now + patience;
        match message {
            ToCentral::Ping => self.feed(ctx, link, Event::Alive),
            ToCentral::Bye => {
                self.close(ctx, link);
                self.feed(ctx, link, Event::Closed(Parting::Goodbye));
            }
            ToCentral::Receiver(message) => self.feed(ctx, link, message.into()),
            ToCentral::Client(message) => self.feed(ctx, link, message.into()),
            ToCentral::Secondary(message) => self.feed(ctx, link, message.into()),
            ToCentral::Hello(_)
            | ToCentral::Question(_)
            | ToCentral::Signed(_)
            | ToCentral::Rooms(_)
            | ToCentral::Counting(_) => {
                panic!("nobody says that here")
            }
        }
    }

    fn feed(&mut self, ctx: &mut Ctx<'_>, link: ConnectionId, event: Event) {
        let is_heartbeat = matches!(event, Event::Alive);
        if !is_heartbeat {
            ctx.say(|| format!("{link:?} {event:?}"));
        }
        self.places.event(link, &event);
        // Nothing waits here.
        let arrived = ctx.now;
        self.cluster.hear(|of| (of == link).then_some(arrived));
        self.cluster
            .hear_clients(|of| (of == link).then_some(arrived));
        self.cluster.handle_event(ctx.now, link, event);
        // One that changed nothing needs no look.
        if self.act(ctx) || !is_heartbeat {
            self.check(ctx);
        }
    }

    /// A person's order; what others are told of it follows.
    pub fn drain(&mut self, ctx: &mut Ctx<'_>, number: SecondaryNumber, on: bool) {
        let drained = if on {
            self.cluster.drain(ctx.now, number)
        } else {
            self.cluster.end_draining(ctx.now, number)
        };
        match drained {
            Drained::Yes => drop(self.drained.insert(number)),
            Drained::No => {
                self.drained.remove(&number);
                self.told_drained.remove(&number);
            }
            Drained::NoSuchSecondary => {}
        }
        self.act(ctx);
        self.check(ctx);
    }

    /// A person's decision about a name.
    pub fn resolve(&mut self, ctx: &mut Ctx<'_>, name: &FileName, choice: u16) {
        let resolved = self.cluster.resolve(ctx.now, name, choice);
        assert!(matches!(resolved, Resolved::To(_)), "{name}: {resolved:?}");
        self.act(ctx);
        self.check(ctx);
    }

    /// A person's order.
    pub fn expel(&mut self, ctx: &mut Ctx<'_>, name: &str) {
        if let Expelled::Clients(_) = self.cluster.expel(ctx.now, name) {
            let name = ClientName::try_from(name).expect("a good name");
            self.expelled.insert(name, ctx.now + EXPELLED_FOR);
            ctx.saved.expelled = self.expelled.clone();
        }
        self.act(ctx);
        self.check(ctx);
    }

    /// A program counts: each request once, however often it is said and whoever answers, and nothing that does not fit.
    pub fn count(&mut self, ctx: &mut Ctx<'_>, by: i64, request: u32) {
        let asked = FigureRequest {
            name: FigureName::default(),
            order: FigureOrder::adding(by),
            door: FigureDoor::Udp,
            who: "10.9.9.9".to_owned(),
            request: Some(request.to_string()),
            may_reset: false,
        };
        let answers = self.cluster.change_figures(ctx.now, [asked]);
        self.act(ctx);
        self.check(ctx);
        let (known, value) = &mut ctx.saved.counted;
        let expected = match known.get(&request) {
            Some(before) if by != 0 => Ok(*before),
            _ => value
                .checked_add(by)
                .ok_or(FigureError::Overflow { value: *value }),
        };
        let answer = answers.into_iter().next().expect("one answer");
        assert_eq!(
            answer.map(|figure| figure.value),
            expected,
            "{by} {request}"
        );
        if let Ok(now) = expected
            && by != 0
            && known.insert(request, now).is_none()
        {
            *value = now;
        }
    }

    /// Nothing new is asked of who is drained while another that is alive can send it.
    fn check_drained(&self, sources: &[SourceInfo]) {
        let is_drained = |source: &&SourceInfo| self.drained.contains(&number_of(source));
        let asked: Vec<_> = sources.iter().filter(|source| !source.draining).collect();
        let drained = asked.iter().filter(|source| is_drained(source)).count();
        assert!(drained == 0 || drained == asked.len(), "{sources:?}");
        for source in sources.iter().filter(|source| source.draining) {
            assert!(is_drained(&source) && source.ranges.is_empty());
        }
    }

    /// Who was sent away is let in again after his time, and not before.
    fn check_expelled(&mut self, ctx: &Ctx<'_>, action: &Action) {
        match action {
            Action::ToClient(link, ForClient::Enrolled { name }) => {
                let until = self.expelled.get(name);
                assert!(until.is_none_or(|until| *until <= ctx.now), "{name} is in");
                self.names.insert(*link, name.clone());
            }
            Action::Close {
                connection: link,
                refusal,
            } => {
                let run = self.runs.remove(link);
                if *refusal == Refusal::Replaced {
                    assert_eq!(run, self.last_run, "a number is taken over");
                }
                if let Some(name) = self.names.remove(link)
                    && *refusal == Refusal::Expelled
                {
                    let until = self.expelled.get(&name);
                    assert!(until.is_some_and(|until| *until > ctx.now), "{name} is out");
                }
            }
            Action::ToClient(link, ForClient::Granted { .. } | ForClient::Queued { .. }) => {
                let name = &self.names[link];
                let until = self.expelled.get(name);
                assert!(until.is_none_or(|until| *until <= ctx.now), "{action:?}");
            }
            _ => {}
        }
    }

    /// What people are told.
    fn notice(&mut self, notice: &Notice) {
        match notice {
            Notice::Drained { number } => drop(self.told_drained.insert(*number)),
            Notice::CopyOrdered { target, .. } => {
                assert!(!self.drained.contains(target), "{target} is drained");
            }
            _ => {}
        }
    }

    /// Does what the machine says; true when it said something.
    fn act(&mut self, ctx: &mut Ctx<'_>) -> bool {
        let mut said = false;
        while let Some(action) = self.cluster.poll_action() {
            said = true;
            ctx.say(|| format!("        {action:?}"));
            self.places.action(&action);
            self.check_expelled(ctx, &action);
            if let Action::Notice(notice) = &action {
                self.notice(notice);
            }
            self.check_sources(&action);
            match action {
                Action::Record(entry) => ctx.saved.registry.apply(&entry),
                Action::ToReceiver(link, message) => self.send(ctx, link, message),
                Action::ToClient(link, message) => self.send(ctx, link, message),
                Action::ToSecondary(link, message) => self.send(ctx, link, message),
                Action::Refuse {
                    connection: link,
                    request,
                    refusal,
                } => {
                    let refused = FromCentral::Refused {
                        request,
                        code: code_of(&refusal),
                        message: said_of(&refusal),
                    };
                    self.send(ctx, link, refused);
                }
                Action::Close {
                    connection: link,
                    refusal,
                } => {
                    let error = FromCentral::Error {
                        code: code_of(&refusal),
                        message: said_of(&refusal),
                    };
                    self.send(ctx, link, error);
                    self.close(ctx, link);
                }
                Action::RefuseAccount { .. } | Action::RefuseRoom { .. } | Action::ToRooms(..) => {
                    panic!("nobody has an account here")
                }
                Action::Ack {
                    connection: link,
                    batch,
                } => self.send(ctx, link, ForSecondary::Ack { batch }),
                // Nobody publishes anything here.
                Action::Number { .. } | Action::Introduce { .. } | Action::Notice(_) => {}
            }
        }
        said
    }

    fn send(&self, ctx: &mut Ctx<'_>, link: ConnectionId, message: impl Into<FromCentral>) {
        if let Some(peer) = self.peers.get(&link) {
            ctx.send(peer.end, Packet::FromCentral(message.into()));
        }
    }

    fn check_sources(&mut self, action: &Action) {
        match action {
            Action::ToClient(_, ForClient::Granted { grant, .. }) => {
                let sources = grant.sources.iter();
                self.granted_of = sources.map(number_of).collect();
                self.check_drained(&grant.sources);
            }
            Action::ToSecondary(_, ForSecondary::Copy(CopyOrder { grant, .. })) => {
                self.check_drained(&grant.sources);
            }
            Action::ToReceiver(_, ForReceiver::Sources { sources, .. }) => {
                self.check_drained(sources);
            }
            _ => {}
        }
    }

    fn check(&mut self, ctx: &mut Ctx<'_>) {
        let status = self.cluster.status();
        self.places.check(&status, self.cluster.is_holding());
        let registry = self.cluster.registry();
        assert!(ctx.saved.registry == *registry, "something is not recorded");
        self.cluster.assert_recorded();
        ctx.saved.places = Some(self.places.clone());
        let mut numbers = BTreeSet::new();
        for secondary in status.secondaries.iter().filter(|s| s.alive) {
            assert!(numbers.insert(secondary.number), "{status:?}");
        }
        // Every connection of a secondary that the machine knows is another number's.
        let known = self.peers.iter();
        let known = known.filter(|(link, peer)| peer.is_secondary && self.cluster.has_peer(**link));
        let known = known.count();
        assert!(known <= numbers.len(), "{known} share {numbers:?}");
    }

    /// A planned stop.
    pub fn stop(&mut self, ctx: &mut Ctx<'_>) {
        for peer in self.peers.values() {
            ctx.send(peer.end, Packet::FromCentral(FromCentral::Bye));
        }
        self.cluster.note_stop();
        self.act(ctx);
    }
}
