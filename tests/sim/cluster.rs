//! The cluster machine under a random walk of what secondaries, clients and a central's restarts can do.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::SocketAddr,
    time::{Duration, Instant},
};

use trozos::{
    engine::cluster::{
        Action, Cluster, ClusterConfig, ConnectionId, CountsVersion, Drained, Event, Expelled,
        FileCounts, Parting, Refusal, SecondaryCondition,
    },
    engine::registry::Registry,
    model::{
        CopyOrder, Digest, FileMeta, FileName, Finished, Grant, HeldFile, Incarnation, Origin,
        Outcome, ReceivedFrom, Receiver, RemovedReason, RequestId, SentTransfer, Session,
        SourceInfo, Term, TransferId,
        limits::EXPELLED_FOR,
        messages::{ForClient, ForReceiver, ForSecondary, FromClient, FromReceiver, FromSecondary},
    },
};

use crate::{
    oracle::{books::check_balance, places::Places},
    samples::{client_name, meta, number},
};

const SECONDARIES: u64 = 4;
const CLIENTS: u64 = 6;
const FILES: u64 = 6;
const STEPS: usize = 150;
const MOST_SLOTS: u64 = 3;

fn number_of(source: &SourceInfo) -> u64 {
    source.who.secondary().expect("a secondary").get().into()
}

/// A file; `variant` is another content under the same name.
fn file(n: u64, variant: u8) -> FileMeta {
    meta(&format!("f{n}"), n << 21, n as u8 * 2 + variant)
}

#[derive(Debug, Default)]
struct Secondary {
    link: Option<ConnectionId>,
    incarnation: u64,
    holds: BTreeMap<FileName, FileMeta>,
    /// With the content that each may take the place of.
    copies: BTreeMap<TransferId, (FileMeta, Option<Digest>)>,
}

#[derive(Debug, Default)]
struct Client {
    link: Option<ConnectionId>,
    requests: u64,
    /// What it has asked for and neither got nor given up.
    waits: BTreeMap<RequestId, FileName>,
}

struct Walk {
    seed: u64,
    /// No copy fails any more.
    copies_work: bool,
    trace: bool,
    random: fastrand::Rng,
    now: Instant,
    cluster: Cluster,
    began: Instant,
    /// What was recorded.
    registry: Registry,
    links: u64,
    secondaries: BTreeMap<u64, Secondary>,
    clients: BTreeMap<u64, Client>,
    /// Granted and not over.
    running: BTreeMap<TransferId, (ConnectionId, RequestId, Grant)>,
    places: Places,
    /// Those that are to have nothing to send.
    draining: BTreeSet<u64>,
    /// Clients that were sent away, and until when.
    expelled: BTreeMap<u64, Instant>,
    /// Connections on which a secondary has said what it holds.
    known: BTreeSet<ConnectionId>,
    /// What was counted last, and of which version.
    counted: Option<(CountsVersion, FileCounts)>,
}

/// Walks one seed.
pub fn run(seed: u64, trace: bool) {
    let began = Instant::now();
    let mut walk = Walk {
        seed,
        copies_work: false,
        trace,
        random: fastrand::Rng::with_seed(seed),
        now: began,
        cluster: Cluster::new(began, config(seed, Term(1), 0), Registry::default()),
        began,
        registry: Registry::default(),
        links: 0,
        secondaries: (1..=SECONDARIES)
            .map(|n| (n, Secondary::default()))
            .collect(),
        clients: (0..CLIENTS).map(|n| (n, Client::default())).collect(),
        running: BTreeMap::new(),
        places: Places::new(slots_of(seed)),
        draining: BTreeSet::new(),
        expelled: BTreeMap::new(),
        known: BTreeSet::new(),
        counted: None,
    };
    walk.act();
    for _ in 0..STEPS {
        walk.step();
        walk.check();
    }
    walk.calm_down();
}

/// In most walks there is a line.
fn slots_of(seed: u64) -> usize {
    1 + (seed % MOST_SLOTS) as usize
}

fn config(seed: u64, term: Term, wall_ms: u64) -> ClusterConfig {
    ClusterConfig {
        required_secondaries: 2,
        max_downloads: slots_of(seed),
        term,
        seed: 7,
        wall_ms,
    }
}

impl Walk {
    fn link(&mut self) -> ConnectionId {
        self.links += 1;
        ConnectionId(self.links)
    }

    fn feed(&mut self, link: ConnectionId, event: impl Into<Event>) {
        let event = event.into();
        if self.trace {
            println!("{link:?} {event:?}");
        }
        self.places.event(link, &event);
        self.cluster.handle_event(self.now, link, event);
        self.act();
    }

    fn step(&mut self) {
        let n = self.random.u64(1..=SECONDARIES);
        let c = self.random.u64(..CLIENTS);
        // In some stories people are at one name all the time.
        if self.seed % 8 == 7 && self.random.bool() {
            return self.work_on_a_name(n);
        }
        match self.random.u8(..20) {
            0 | 1 => self.enrol_secondary(n),
            2 => self.lose_secondary(n),
            3 => self.crash_secondary(n),
            4 => self.add_file(n),
            5 => self.delete_file(n),
            6..=8 => self.end_a_copy(n),
            9 => self.enrol_client(c),
            10..=12 => {
                self.enrol_client(c);
                self.download(c);
            }
            13 => self.lose_client(c),
            14 | 15 => self.finish_one(),
            16 => self.pass_time(),
            17 => {
                let on = self.random.bool();
                self.drain(n, on);
            }
            18 if self.random.u8(..4) == 0 => self.expel(c),
            _ => {
                if self.random.u8(..5) == 0 {
                    self.restart_central();
                } else {
                    self.pass_time();
                }
            }
        }
    }

    fn enrol_secondary(&mut self, n: u64) {
        if self.secondaries[&n].link.is_some() {
            return;
        }
        let link = self.link();
        let secondary = self.secondaries.get_mut(&n).unwrap();
        secondary.link = Some(link);
        secondary.copies.clear();
        let files: Vec<_> = secondary.holds.values().cloned().collect();
        let incarnation = Incarnation(secondary.incarnation);
        let address = SocketAddr::from(([10, 0, 0, n as u8], 50_000));
        let number = number(n);
        let hello = Event::SecondaryHello {
            number,
            incarnation,
            address,
        };
        self.feed(link, hello);
        // Nobody else has the number, so it cannot be refused.
        assert!(self.cluster.has_peer(link), "seed {}", self.seed);
        self.feed(link, Event::inventory(files));
        self.known.insert(link);
    }

    fn lose_secondary(&mut self, n: u64) {
        if let Some(link) = self.secondaries.get_mut(&n).unwrap().link.take() {
            let parting = if self.random.bool() {
                Parting::Goodbye
            } else {
                Parting::Broken
            };
            self.feed(link, Event::Closed(parting));
        }
    }

    fn crash_secondary(&mut self, n: u64) {
        self.lose_secondary(n);
        let secondary = self.secondaries.get_mut(&n).unwrap();
        secondary.incarnation += 1;
        secondary.copies.clear();
    }

    fn add_file(&mut self, n: u64) {
        let f = self.random.u64(..FILES);
        let variant = u8::from(self.random.u8(..6) == 0);
        let meta = file(f, variant);
        let secondary = self.secondaries.get_mut(&n).unwrap();
        if secondary.holds.contains_key(&meta.name) {
            return;
        }
        secondary.holds.insert(meta.name.clone(), meta.clone());
        if let Some(link) = secondary.link {
            self.feed(link, Event::added(vec![meta], Origin::Written));
        }
    }

    fn delete_file(&mut self, n: u64) {
        let f = self.random.u64(..FILES);
        let secondary = self.secondaries.get_mut(&n).unwrap();
        let Some(meta) = secondary.holds.remove(&file(f, 0).name) else {
            return;
        };
        if let Some(link) = secondary.link {
            let reason = if self.random.bool() {
                RemovedReason::Deleted
            } else {
                RemovedReason::Lost
            };
            let files = vec![meta];
            self.feed(link, Event::removed(files, reason));
        }
    }

    /// Somebody edits, replaces or deletes the file of one name, of two contents.
    fn work_on_a_name(&mut self, n: u64) {
        self.enrol_secondary(n);
        let meta = file(1, u8::from(self.random.bool()));
        let deletes = self.random.u8(..4) == 0;
        let secondary = self.secondaries.get_mut(&n).unwrap();
        let (Some(link), had) = (secondary.link, secondary.holds.remove(&meta.name)) else {
            return;
        };
        if deletes {
            if let Some(had) = had {
                self.feed(link, Event::removed(vec![had], RemovedReason::Deleted));
            }
            return;
        }
        secondary.holds.insert(meta.name.clone(), meta.clone());
        let held = HeldFile {
            origin: Origin::Written,
            was: had.iter().map(|had| had.id).collect(),
            ..HeldFile::from(meta)
        };
        let files = vec![held];
        self.feed(link, FromSecondary::Added { files, batch: None });
    }

    fn end_a_copy(&mut self, n: u64) {
        let secondary = self.secondaries.get_mut(&n).unwrap();
        let (Some(link), Some((transfer, (meta, replaces)))) =
            (secondary.link, secondary.copies.pop_first())
        else {
            return;
        };
        let works = self.random.u8(..4) > 0 || self.copies_work;
        let there = secondary.holds.get(&meta.name);
        let clash = there.is_some_and(|there| Some(there.id) != replaces);
        let outcome = if works && !clash {
            Outcome::Complete
        } else {
            Outcome::Failed
        };
        let finished = Finished {
            transfer,
            outcome,
            reason: None,
            sources: Vec::new(),
            peers: Default::default(),
        };
        self.feed(link, FromReceiver::Finished(finished));
        if outcome == Outcome::Complete {
            let secondary = self.secondaries.get_mut(&n).unwrap();
            secondary.holds.insert(meta.name.clone(), meta.clone());
            self.feed(link, Event::added(vec![meta], Origin::Copied));
        }
    }

    fn enrol_client(&mut self, c: u64) {
        if self.clients[&c].link.is_none() {
            let link = self.link();
            let name = Some(client_name(&format!("c{c}")));
            let address = SocketAddr::from(([10, 0, 1, c as u8], 1));
            self.clients.get_mut(&c).unwrap().link = Some(link);
            let hello = Event::ClientHello {
                name,
                session: Some(Session(c)),
                address,
            };
            self.feed(link, hello);
            let is_in = self.clients[&c].link.is_some();
            let until = self.expelled.get(&c);
            let may_come = until.is_none_or(|until| *until <= self.now);
            assert_eq!(is_in, may_come, "seed {}: c{c}, {until:?}", self.seed);
            if let Some(link) = self.clients[&c].link {
                // The central was away meanwhile: most go on waiting, by the same numbers.
                for (request, name) in self.clients[&c].waits.clone() {
                    if self.random.u8(..4) > 0 {
                        self.feed(link, FromClient::Download { request, name });
                    } else {
                        self.no_longer_waits(link, request);
                    }
                }
            }
        }
    }

    fn download(&mut self, c: u64) {
        let client = self.clients.get_mut(&c).unwrap();
        if let Some(link) = client.link {
            client.requests += 1;
            let request = RequestId(client.requests);
            let name = file(self.random.u64(..FILES), 0).name;
            client.waits.insert(request, name.clone());
            self.feed(link, FromClient::Download { request, name });
        }
    }

    fn lose_client(&mut self, c: u64) {
        if let Some(link) = self.clients.get_mut(&c).unwrap().link.take() {
            self.running.retain(|_, (of, ..)| *of != link);
            self.clients.get_mut(&c).unwrap().waits.clear();
            self.feed(link, Event::Closed(Parting::Broken));
        }
    }

    fn drain(&mut self, n: u64, on: bool) {
        let known = self.cluster.secondaries(self.now).into_iter();
        let is_known = known.map(|row| row.number).any(|known| known == number(n));
        let expected = match on {
            _ if !is_known => Drained::NoSuchSecondary,
            true => Drained::Yes,
            false => Drained::No,
        };
        match expected {
            Drained::Yes => drop(self.draining.insert(n)),
            Drained::No => drop(self.draining.remove(&n)),
            Drained::NoSuchSecondary => {}
        }
        if self.trace {
            println!("drain {n}: {on}");
        }
        let drained = if on {
            self.cluster.drain(self.now, number(n))
        } else {
            self.cluster.end_draining(self.now, number(n))
        };
        assert_eq!(drained, expected, "seed {}", self.seed);
        self.act();
    }

    fn expel(&mut self, c: u64) {
        let link = self.clients[&c].link;
        if self.trace {
            println!("expel c{c}");
        }
        let expelled = self.cluster.expel(self.now, &format!("c{c}"));
        self.act();
        if link.is_some() {
            assert_eq!(expelled, Expelled::Clients(1), "seed {}", self.seed);
        }
        if expelled != Expelled::NoSuchClient {
            self.expelled.insert(c, self.now + EXPELLED_FOR);
        }
        assert_eq!(self.clients[&c].link, None, "seed {}", self.seed);
    }

    /// One download ends: its receiver and its sources say what they counted.
    fn finish_one(&mut self) {
        let Some(transfer) = self.running.keys().next().copied() else {
            return;
        };
        let (link, _, grant) = self.running.remove(&transfer).unwrap();
        let who = self.clients.iter().find(|(_, c)| c.link == Some(link));
        let who = client_name(&format!("c{}", who.unwrap().0));
        let mut sources = Vec::new();
        for (index, source) in grant.sources.iter().enumerate() {
            let bytes = if index == 0 {
                grant.file.layout.file_bytes()
            } else {
                0
            };
            let wasted = self.random.u64(..1000);
            let sender = &self.secondaries[&number_of(source)];
            if let Some(sender_link) = sender.link {
                let sent = SentTransfer {
                    transfer,
                    receiver: Receiver::Client(who.clone()),
                    file: grant.file.name.clone(),
                    bytes: bytes + wasted,
                    chunks: 0,
                    last: true,
                    whole_part: None,
                };
                let transfers = vec![sent];
                self.feed(sender_link, FromSecondary::Sent { transfers });
            }
            sources.push(ReceivedFrom {
                bytes,
                wasted,
                ..ReceivedFrom::nothing(source.id, source.who)
            });
        }
        let outcome = if self.random.bool() {
            Outcome::Complete
        } else {
            Outcome::Failed
        };
        let finished = Finished {
            transfer,
            outcome,
            reason: None,
            sources,
            peers: Default::default(),
        };
        self.feed(link, FromReceiver::Finished(finished));
    }

    fn pass_time(&mut self) {
        self.now += Duration::from_millis(self.random.u64(1..3000));
        for n in 1..=SECONDARIES {
            // Now and then one is silent for too long.
            if let Some(link) = self.secondaries[&n].link
                && self.random.u8(..8) > 0
            {
                self.feed(link, Event::Alive);
            }
        }
        if self
            .cluster
            .poll_timeout()
            .is_some_and(|due| due <= self.now)
        {
            self.cluster.handle_timeout(self.now);
            self.act();
        }
    }

    fn restart_central(&mut self) {
        if self.trace {
            println!("the central restarts");
        }
        let term = Term(self.cluster.term().0 + 1);
        let wall_ms = (self.now - self.began).as_millis() as u64;
        let config = config(self.seed, term, wall_ms);
        let before = self.registry.snapshot();
        let registry = Registry::restore(&before).expect("its own snapshot");
        assert_eq!(registry.digest(), self.registry.digest());
        self.cluster = Cluster::new(self.now, config, registry);
        for secondary in self.secondaries.values_mut() {
            secondary.link = None;
        }
        for client in self.clients.values_mut() {
            client.link = None;
        }
        self.running.clear();
        self.places.restart();
        self.act();
    }

    fn of_link(&mut self, link: ConnectionId) -> Option<&mut Secondary> {
        self.secondaries.values_mut().find(|s| s.link == Some(link))
    }

    fn act(&mut self) {
        while let Some(action) = self.cluster.poll_action() {
            if self.trace {
                println!("    {action:?}");
            }
            self.places.action(&action);
            let seed = self.seed;
            match action {
                Action::Record(entry) => self.registry.apply(&entry),
                Action::RefuseAccount { refusal, .. } => panic!("seed {seed}: {refusal}"),
                Action::Close {
                    connection: link,
                    refusal,
                } => {
                    if refusal == Refusal::Expelled {
                        self.running.retain(|_, (of, ..)| *of != link);
                        let client = self.clients.values_mut().find(|c| c.link == Some(link));
                        let client = client.expect("a client is expelled");
                        client.link = None;
                        client.waits.clear();
                    } else if let Some(secondary) = self.of_link(link) {
                        secondary.link = None;
                        secondary.copies.clear();
                    }
                }
                Action::ToClient(link, ForClient::Granted { request, grant }) => {
                    self.check_grant(&grant);
                    self.no_longer_waits(link, request);
                    self.running.insert(grant.transfer, (link, request, grant));
                }
                Action::ToSecondary(link, ForSecondary::Copy(CopyOrder { grant, replaces })) => {
                    let transfer = grant.transfer;
                    let target = self.of_link(link).expect("a copy for nobody");
                    let held = target.holds.get(&grant.file.name);
                    assert!(held.is_none_or(|h| h.id != grant.file.id), "seed {seed}");
                    target
                        .copies
                        .insert(transfer, (grant.file.clone(), replaces));
                    let of_target = self.secondaries.iter().find(|(_, s)| s.link == Some(link));
                    let (n, _) = of_target.expect("just found");
                    assert!(!self.draining.contains(n), "seed {seed}: a copy to {n}");
                    assert!(!grant.sources.is_empty(), "seed {seed}");
                    self.check_grant(&grant);
                }
                Action::Refuse {
                    connection,
                    request,
                    ..
                } => self.no_longer_waits(connection, request),
                // Disks alter nothing here.
                Action::ToSecondary(_, ForSecondary::Check { .. }) => {}
                Action::ToSecondary(link, ForSecondary::CancelCopy { transfer }) => {
                    if let Some(target) = self.of_link(link) {
                        target.copies.remove(&transfer);
                    }
                }
                Action::ToSecondary(link, ForSecondary::Withdraw { batch, files }) => {
                    let Some(target) = self.of_link(link) else {
                        continue;
                    };
                    let mut events = Vec::new();
                    for file in files {
                        let there = target.holds.get(&file.name);
                        if there.is_some_and(|there| there.id == file.id) {
                            target.holds.remove(&file.name);
                            let event = Event::removed(vec![file], RemovedReason::Lost);
                            events.push(event);
                        }
                    }
                    events.push(FromSecondary::Ack { batch }.into());
                    for event in events {
                        self.cluster.handle_event(self.now, link, event);
                    }
                }
                Action::ToSecondary(link, ForSecondary::Conflicts { batch, .. }) => {
                    let ack = FromSecondary::Ack { batch };
                    self.cluster.handle_event(self.now, link, ack.into());
                }
                Action::ToReceiver(_, ForReceiver::Sources { sources, .. }) => {
                    let is_draining =
                        |source: &SourceInfo| self.draining.contains(&number_of(source));
                    for source in &sources {
                        assert!(!source.draining || source.ranges.is_empty(), "seed {seed}");
                        assert!(!source.draining || is_draining(source), "seed {seed}");
                    }
                    let mut asked = sources.iter().filter(|source| !source.draining);
                    if asked.clone().any(is_draining) {
                        assert!(asked.all(is_draining), "seed {seed}: {sources:?}");
                    }
                }
                Action::ToClient(
                    _,
                    ForClient::Enrolled { .. }
                    // Nobody has an account here: see `accounts`.
                    | ForClient::SignedIn { .. }
                    | ForClient::SignedOut { .. }
                    | ForClient::Queued { .. }
                    | ForClient::Booked { .. }
            | ForClient::YouAre { .. }
            | ForClient::Published { .. }
            | ForClient::Withdrawn { .. }
            | ForClient::Peers { .. }
            | ForClient::ServeTo { .. }
            | ForClient::Private { .. }
                    | ForClient::Superseded { .. },
                )
                | Action::ToSecondary(
                    _,
                    ForSecondary::Ended { .. }
                    | ForSecondary::Ack { .. }
                    | ForSecondary::Expelled { .. },
                )
                | Action::Ack { .. }
                | Action::Number { .. }
                | Action::Introduce { .. }
                | Action::ToRooms(..)
                | Action::RefuseRoom { .. }
                | Action::Notice(_) => {}
            }
        }
    }

    fn no_longer_waits(&mut self, link: ConnectionId, request: RequestId) {
        let client = self.clients.values_mut().find(|c| c.link == Some(link));
        if let Some(client) = client {
            client.waits.remove(&request);
        }
    }

    /// Every source is alive and holds the file.
    fn check_grant(&self, grant: &Grant) {
        let seed = self.seed;
        for source in &grant.sources {
            let secondary = &self.secondaries[&number_of(source)];
            let held = secondary.holds.get(&grant.file.name);
            assert!(secondary.link.is_some(), "seed {seed}: {source:?}");
            assert_eq!(held.map(|h| h.id), Some(grant.file.id), "seed {seed}");
            if self.draining.contains(&number_of(source)) {
                self.check_nobody_else_has(grant);
            }
        }
    }

    /// Who is drained is asked for something new only while no other that is alive holds the file.
    fn check_nobody_else_has(&self, grant: &Grant) {
        let alive: BTreeSet<_> = self
            .cluster
            .secondaries(self.now)
            .into_iter()
            .filter(|row| row.state == SecondaryCondition::Up)
            .map(|row| u64::from(row.number.get()))
            .collect();
        for (n, other) in &self.secondaries {
            let held = other.holds.get(&grant.file.name);
            let holds = held.is_some_and(|held| held.id == grant.file.id);
            let is_known = other.link.is_some_and(|link| self.known.contains(&link));
            assert!(
                !(holds && is_known && alive.contains(n)),
                "seed {}: {grant:?} though {n} has it",
                self.seed
            );
        }
    }

    fn check(&mut self) {
        let is_holding = self.cluster.is_holding();
        self.places.check(&self.cluster.status(), is_holding);
        assert!(
            self.registry == *self.cluster.registry(),
            "seed {}",
            self.seed
        );
        self.cluster.assert_recorded();
        let (version, counts) = (self.cluster.counts_version(), self.cluster.count_files());
        if let Some((before, known)) = self.counted.replace((version.clone(), counts.clone())) {
            assert!(before != version || known == counts, "seed {}", self.seed);
        }
        let (listed, _) = self.cluster.listing(None, |_| true);
        for listed in listed {
            assert!(listed.holders >= 1 && listed.holders <= listed.wanted);
        }
    }

    /// With everybody there and time to copy, all become level, and the books balance.
    fn calm_down(&mut self) {
        for n in 1..=SECONDARIES {
            self.drain(n, false);
        }
        for second in 0..200 {
            self.copies_work = second >= 100;
            for n in 1..=SECONDARIES {
                self.enrol_secondary(n);
                while !self.secondaries[&n].copies.is_empty() {
                    self.end_a_copy(n);
                }
            }
            self.now += Duration::from_secs(1);
            for n in 1..=SECONDARIES {
                if let Some(link) = self.secondaries[&n].link {
                    self.feed(link, Event::Alive);
                }
            }
            self.cluster.handle_timeout(self.now);
            self.act();
            while !self.running.is_empty() {
                self.finish_one();
            }
        }
        let conflicts = self.cluster.conflicts();
        if !conflicts.is_empty() {
            // A person decides, and all become level then.
            assert!(!self.cluster.status().level, "seed {}", self.seed);
            for conflict in conflicts {
                let chosen = self.random.usize(..conflict.versions.len());
                let choice = conflict.versions[chosen].choice;
                self.cluster.resolve(self.now, &conflict.name, choice);
                self.act();
            }
            return self.calm_down();
        }
        // Whoever was sent away may come again.
        for c in 0..CLIENTS {
            self.clients.get_mut(&c).unwrap().waits.clear();
            self.enrol_client(c);
        }
        let (seed, status) = (self.seed, self.cluster.status());
        assert!(status.level, "seed {seed}: {status:?}");
        let (listed, _) = self.cluster.listing(None, |_| true);
        for listed in &listed {
            for wanted in self.cluster.wanted(&listed.file) {
                let secondary = &self.secondaries[&wanted.get().into()];
                let held = secondary.holds.get(&listed.file.name);
                assert!(held.is_some(), "{wanted} lacks {:?}", listed.file);
            }
        }
        let totals = self.cluster.totals();
        check_balance(&totals);
        let open = totals.open;
        assert!(open.is_empty(), "seed {seed}: {open:?}");
    }
}
