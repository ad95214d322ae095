//! The cluster machine, with peers that send anything a message can say in any order.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    net::SocketAddr,
    time::{Duration, Instant},
};

use arbitrary::{Arbitrary, Unstructured};
use trozos::{
    engine::cluster::{Action, Cluster, ClusterConfig, ConnectionId, Event, Parting, Refusal},
    engine::registry::Registry,
    model::{
        AccountKey, ChunkIndex, ClientName, CopyOrder, Digest, Fault, FileMeta, Finished, Grant,
        HeldFile, Incarnation, KnownSource, Origin, Outcome, Proven, ReceivedFrom, Receiver,
        RemovedReason, RequestId, SecondaryNumber, SentTransfer, SourceId, Term, TransferId, Who,
        Wish,
        messages::{
            ForClient, ForReceiver, ForSecondary, FromClient, FromReceiver, FromSecondary, Report,
            Resume,
        },
        samples,
    },
};

use crate::oracle::{books::check_balance, places::Places};

const MOST_DOWNLOADS: usize = 2;
/// Connections at once.
const CONNECTIONS: usize = 8;

/// What a peer does; its connection is the first number.
#[derive(Arbitrary, Debug)]
enum Step {
    Secondary(u8, u8, u8),
    Client(u8, Option<u8>),
    Close(u8, bool),
    Send(u8, Message),
    Wait(u16),
    LongWait,
    /// Somebody doubts a secondary, or a person orders something.
    Doubt(u8),
    /// A person decides what a name stands for.
    Resolve(u8, u8),
    Restart,
}

#[derive(Arbitrary, Debug)]
enum Message {
    Alive,
    Report(u8, u8),
    Finished(u8, u8, [(u8, Amount, Amount); 2]),
    Enrol(u8),
    Download(u8, u8),
    Cancel(u8),
    Resume(u8, u8, u8),
    Inventory([u8; 3], bool),
    /// A file, how it came there, and what it was before.
    Added(u8, u8, Option<u8>),
    Removed(u8, u8),
    Ack(u8),
    Sent(u8, u8, u8, Amount, bool, Option<u8>),
    Guest(u8),
    SignOut,
    /// A wish, an account's name, and the key that signs it.
    Prove(u8, u8, u8),
}

/// A figure: nearly always one that can be.
#[derive(Arbitrary, Clone, Copy, Debug)]
enum Amount {
    None,
    Some(u32),
    Most,
}

impl Amount {
    fn bytes(self) -> u64 {
        match self {
            Self::None => 0,
            Self::Some(bytes) => bytes.into(),
            Self::Most => u64::MAX,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Peer {
    Secondary,
    Client,
}

struct World {
    cluster: Cluster,
    now: Instant,
    connections: [Option<ConnectionId>; CONNECTIONS],
    peers: BTreeMap<ConnectionId, Peer>,
    places: Places,
    /// Downloads that were ever granted.
    granted: Vec<TransferId>,
    /// Copies that were ever ordered.
    copies: Vec<TransferId>,
    made: u64,
    /// Numbers of the messages of secondaries.
    batches: u64,
    /// Those of them that are to be acknowledged, in order, by connection.
    unacknowledged: BTreeMap<ConnectionId, VecDeque<u64>>,
    /// What is durable of the names.
    /// What was recorded, applied anew.
    registry: Registry,
    /// Restarts of the central.
    runs: u32,
    /// Somebody claimed a figure that no sum can hold.
    absurd: bool,
}

/// Hostile peers: grants cover their file, places are kept, in order, and the books balance.
pub fn cluster(data: &[u8]) {
    let mut input = Unstructured::new(data);
    let now = Instant::now();
    let mut world = World {
        cluster: new_cluster(now, Registry::default(), 0),
        runs: 0,
        now,
        connections: [None; CONNECTIONS],
        peers: BTreeMap::new(),
        places: Places::new(MOST_DOWNLOADS),
        granted: Vec::new(),
        copies: Vec::new(),
        made: 0,
        batches: 0,
        unacknowledged: BTreeMap::new(),
        registry: Registry::default(),
        absurd: false,
    };
    world.act();
    for step in crate::steps(&mut input, 300) {
        world.step(step);
        world.check();
    }
    world.close_books();
}

/// A run of the central; each numbers its transfers from a number of its own.
fn new_cluster(now: Instant, registry: Registry, run: u32) -> Cluster {
    let config = ClusterConfig {
        required_secondaries: 1,
        max_downloads: MOST_DOWNLOADS,
        term: Term(run + 2),
        seed: 7 + u128::from(run),
        wall_ms: 1_700_000_000_000,
    };
    Cluster::new(now, config, registry)
}

fn number(n: u8) -> SecondaryNumber {
    samples::number(u64::from(n % 4) + 1)
}

fn client(n: u8) -> ClientName {
    samples::client(&format!("c{}", n % 3))
}

/// Four names, two contents each, and one that claims another length under the same id.
fn file(n: u8) -> FileMeta {
    let (name, variant) = (n % 4, n / 4 % 3);
    let length = u64::from(name + variant / 2) * (3 << 20);
    samples::meta(&format!("f{name}"), length, name * 2 + variant % 2)
}

/// How a file came to be held, among all that can be said of that.
fn held(meta: FileMeta, how: u8, was: Option<u8>) -> HeldFile {
    let origins = [Origin::Found, Origin::Written, Origin::Copied];
    HeldFile {
        origin: origins[usize::from(how) % origins.len()],
        // So few that some are told again.
        act: (how % 8 >= 5).then(|| u64::from(how / 8)),
        modified: (how >= 128).then(|| u64::from(how) * 1000),
        was: was.map(|n| file(n).id).into_iter().collect(),
        ..HeldFile::from(meta)
    }
}

impl World {
    /// A number for a message of a secondary; some give none.
    fn batch(&mut self, n: u8) -> Option<u64> {
        self.batches += 1;
        (n % 4 != 3).then_some(self.batches)
    }

    /// A download, or one that nobody granted.
    fn download(&self, n: u8) -> TransferId {
        match n {
            u8::MAX => TransferId::new(Term(u32::MAX), u64::MAX),
            240.. => TransferId::new(Term(u32::from(n) % 4), n.into()),
            _ if self.granted.is_empty() => TransferId::new(Term(1), 0),
            _ => self.granted[usize::from(n) % self.granted.len()],
        }
    }

    /// A download or a copy.
    fn transfer(&self, n: u8) -> TransferId {
        match self.copies.len() {
            0 => self.download(n),
            count if n.is_multiple_of(2) => self.copies[usize::from(n / 2) % count],
            _ => self.download(n),
        }
    }

    fn connection(&mut self, slot: u8) -> Option<ConnectionId> {
        let slot = &mut self.connections[usize::from(slot) % CONNECTIONS];
        if slot.is_some() {
            return None;
        }
        self.made += 1;
        *slot = Some(ConnectionId(self.made));
        *slot
    }

    fn step(&mut self, step: Step) {
        match step {
            Step::Secondary(slot, n, run) => {
                if let Some(connection) = self.connection(slot) {
                    self.peers.insert(connection, Peer::Secondary);
                    let hello = Event::SecondaryHello {
                        number: number(n),
                        incarnation: Incarnation(u64::from(run % 2)),
                        address: SocketAddr::from(([10, 0, 0, n], 50_000)),
                    };
                    self.feed(connection, hello);
                }
            }
            Step::Client(slot, name) => {
                if let Some(connection) = self.connection(slot) {
                    let name = name.map(client);
                    self.peers.insert(connection, Peer::Client);
                    let address = SocketAddr::from(([10, 0, 1, slot], 1));
                    let session = None;
                    let hello = Event::ClientHello {
                        name,
                        session,
                        address,
                    };
                    self.feed(connection, hello);
                }
            }
            Step::Close(slot, goodbye) => {
                if let Some(connection) = self.connections[usize::from(slot) % CONNECTIONS].take() {
                    self.peers.remove(&connection);
                    let parting = if goodbye {
                        Parting::Goodbye
                    } else {
                        Parting::Broken
                    };
                    self.feed(connection, Event::Closed(parting));
                }
            }
            Step::Send(slot, message) => {
                if let Some(connection) = self.connections[usize::from(slot) % CONNECTIONS] {
                    let event = self.event(message);
                    self.feed(connection, event);
                }
            }
            Step::Wait(ms) => self.wait(Duration::from_millis(ms.into())),
            Step::LongWait => self.wait(Duration::from_secs(61)),
            Step::Doubt(n @ 128..192) => {
                let number = number(n / 2);
                if n % 2 == 0 {
                    self.cluster.drain(self.now, number);
                } else {
                    self.cluster.end_draining(self.now, number);
                }
                self.act();
            }
            Step::Doubt(n @ 192..) => {
                self.cluster.expel(self.now, client(n).as_str());
                self.act();
            }
            Step::Doubt(n) => {
                let address = SocketAddr::from(([10, 0, 0, n], 50_000));
                self.cluster.doubt(self.now, address);
            }
            Step::Resolve(n, choice) => {
                let _ = self
                    .cluster
                    .resolve(self.now, &file(n).name, u16::from(choice % 8));
                self.act();
            }
            Step::Restart => {
                self.runs += 1;
                let registry = Registry::restore(&self.registry.snapshot());
                let registry = registry.expect("its own snapshot");
                self.cluster = new_cluster(self.now, registry, self.runs);
                self.connections = [None; CONNECTIONS];
                self.peers.clear();
                self.places.restart();
                self.unacknowledged.clear();
                self.act();
            }
        }
    }

    fn event(&mut self, message: Message) -> Event {
        match message {
            Message::Alive => Event::Alive,
            Message::Report(transfer, n) => FromReceiver::Report(Report {
                transfer: self.transfer(transfer),
                source: SourceId(n.into()),
                fault: Fault::Stalled,
                chunk: Some(ChunkIndex(n.into())),
            })
            .into(),
            Message::Finished(transfer, outcome, sources) => {
                let transfer = self.transfer(transfer);
                FromReceiver::Finished(self.finished(transfer, outcome, sources)).into()
            }
            Message::Enrol(n) => FromClient::Enrol { name: client(n) }.into(),
            Message::Guest(n) => FromClient::Guest { name: client(n) }.into(),
            Message::SignOut => FromClient::SignOut.into(),
            Message::Prove(wish, n, key) => Event::Proven(Proven {
                wish: [Wish::Register, Wish::SignIn, Wish::Unregister][usize::from(wish % 3)],
                name: client(n),
                key: AccountKey(Digest::new([key % 4; 32])),
                code: None,
            }),
            Message::Download(request, n) => FromClient::Download {
                request: RequestId(u64::from(request % 4)),
                name: file(n).name,
            }
            .into(),
            Message::Cancel(request) => FromClient::Cancel {
                request: RequestId(u64::from(request % 4)),
            }
            .into(),
            Message::Resume(transfer, request, n) => FromClient::Resume(Resume {
                transfer: self.download(transfer),
                request: RequestId(u64::from(request % 4)),
                file: file(n),
                sources: vec![KnownSource {
                    id: SourceId(n.into()),
                    who: Who::Secondary(number(request)),
                }],
            })
            .into(),
            Message::Inventory(files, last) => FromSecondary::Inventory {
                files: files
                    .into_iter()
                    .map(|n| held(file(n), n / 12, None))
                    .collect(),
                last,
                batch: self.batch(files[0] / 64),
            }
            .into(),
            Message::Added(n, how, was) => FromSecondary::Added {
                files: vec![held(file(n), how, was)],
                batch: self.batch(n / 64),
            }
            .into(),
            Message::Removed(n, reason) => {
                let reasons = [
                    RemovedReason::Deleted,
                    RemovedReason::Lost,
                    RemovedReason::Changing,
                ];
                FromSecondary::Removed {
                    files: vec![file(n)],
                    reason: reasons[usize::from(reason) % reasons.len()],
                    batch: self.batch(n / 64),
                }
                .into()
            }
            Message::Ack(batch) => FromSecondary::Ack {
                batch: batch.into(),
            }
            .into(),
            Message::Sent(transfer, receiver, n, bytes, last, whole_part) => {
                self.absurd |= matches!(bytes, Amount::Most);
                let receiver = match receiver % 3 {
                    0 => Receiver::Client(client(n)),
                    1 => Receiver::Legacy(client(n)),
                    _ => Receiver::Secondary(number(n)),
                };
                let sent = SentTransfer {
                    transfer: self.transfer(transfer),
                    receiver,
                    file: file(n).name,
                    bytes: bytes.bytes(),
                    chunks: 0,
                    last,
                    whole_part,
                };
                FromSecondary::Sent {
                    transfers: vec![sent],
                }
                .into()
            }
        }
    }

    fn finished(
        &mut self,
        transfer: TransferId,
        outcome: u8,
        sources: [(u8, Amount, Amount); 2],
    ) -> Finished {
        let outcomes = [
            Outcome::Complete,
            Outcome::AlreadyComplete,
            Outcome::Failed,
            Outcome::Cancelled,
        ];
        let sources = sources.map(|(n, bytes, wasted)| {
            self.absurd |= matches!(bytes, Amount::Most) || matches!(wasted, Amount::Most);
            ReceivedFrom {
                source: SourceId(n.into()),
                who: Who::Secondary(number(n)),
                bytes: bytes.bytes(),
                wasted: wasted.bytes(),
                chunks: bytes.bytes(),
                retries: wasted.bytes(),
                hedges: bytes.bytes(),
                digest_failures: bytes.bytes(),
                recoveries: bytes.bytes(),
                recovery_ms: bytes.bytes(),
                recovered_chunks: bytes.bytes(),
                faults: Default::default(),
            }
        });
        Finished {
            transfer,
            outcome: outcomes[usize::from(outcome) % outcomes.len()],
            reason: None,
            sources: sources.into(),
            peers: Default::default(),
        }
    }

    fn feed(&mut self, connection: ConnectionId, event: Event) {
        self.expect_ack(connection, &event);
        self.places.event(connection, &event);
        self.cluster.handle_event(self.now, connection, event);
        self.act();
    }

    /// What a secondary numbers is acknowledged.
    fn expect_ack(&mut self, connection: ConnectionId, event: &Event) {
        let batch = match event {
            Event::Secondary(
                FromSecondary::Inventory { batch, .. }
                | FromSecondary::Added { batch, .. }
                | FromSecondary::Removed { batch, .. },
            ) => *batch,
            _ => None,
        };
        if let (Some(batch), Some(Peer::Secondary)) = (batch, self.peers.get(&connection)) {
            self.unacknowledged
                .entry(connection)
                .or_default()
                .push_back(batch);
        }
    }

    fn wait(&mut self, time: Duration) {
        self.now += time;
        if self
            .cluster
            .poll_timeout()
            .is_some_and(|due| due <= self.now)
        {
            self.cluster.handle_timeout(self.now);
            self.act();
        }
    }

    fn act(&mut self) {
        while let Some(action) = self.cluster.poll_action() {
            self.places.action(&action);
            match action {
                Action::ToClient(connection, ForClient::Granted { grant, .. }) => {
                    self.check_connection(connection);
                    self.check_grant(&grant);
                    self.granted.push(grant.transfer);
                }
                Action::ToSecondary(connection, ForSecondary::Copy(CopyOrder { grant, .. })) => {
                    self.check_connection(connection);
                    self.check_grant(&grant);
                    assert!(!grant.sources.is_empty(), "a copy from nobody");
                    self.copies.push(grant.transfer);
                }
                Action::Ack { connection, batch } => {
                    self.check_connection(connection);
                    let expected = self
                        .unacknowledged
                        .get_mut(&connection)
                        .and_then(VecDeque::pop_front);
                    assert_eq!(expected, Some(batch), "acknowledged out of turn");
                }
                Action::ToSecondary(connection, ForSecondary::Conflicts { names, .. }) => {
                    self.check_connection(connection);
                    for conflict in &names {
                        let choices: BTreeSet<_> = conflict
                            .versions
                            .iter()
                            .map(|version| version.choice)
                            .collect();
                        assert_eq!(choices.len(), conflict.versions.len(), "{conflict:?}");
                    }
                }
                Action::Refuse { connection, .. }
                | Action::Number { connection, .. }
                | Action::Introduce { connection, .. }
                | Action::RefuseAccount { connection, .. }
                | Action::RefuseRoom { connection, .. }
                | Action::ToRooms(connection, _)
                | Action::ToReceiver(connection, ForReceiver::Sources { .. })
                | Action::ToClient(
                    connection,
                    ForClient::Enrolled { .. }
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
                    connection,
                    ForSecondary::Check { .. }
                    | ForSecondary::CancelCopy { .. }
                    | ForSecondary::Withdraw { .. }
                    | ForSecondary::Ack { .. }
                    | ForSecondary::Ended { .. }
                    | ForSecondary::Expelled { .. },
                ) => self.check_connection(connection),
                Action::Close {
                    connection,
                    refusal,
                } => {
                    if refusal == Refusal::Expelled {
                        self.sent_away(connection);
                    }
                }
                Action::Record(entry) => self.registry.apply(&entry),
                Action::Notice(_) => {}
            }
        }
    }

    /// A client lost its connection, and all that it had.
    fn sent_away(&mut self, connection: ConnectionId) {
        let peer = self.peers.remove(&connection);
        assert_eq!(peer, Some(Peer::Client));
        let slot = self
            .connections
            .iter_mut()
            .find(|slot| **slot == Some(connection));
        *slot.expect("it has a connection") = None;
    }

    /// Nothing is sent to who is gone.
    fn check_connection(&self, connection: ConnectionId) {
        assert!(
            self.peers.contains_key(&connection),
            "{connection:?} is gone"
        );
    }

    /// Every source is alive.
    fn check_grant(&self, grant: &Grant) {
        let status = self.cluster.status();
        for source in &grant.sources {
            let alive = status
                .secondaries
                .iter()
                .any(|s| Who::Secondary(s.number) == source.who && s.alive);
            assert!(alive, "{} is down", source.who);
        }
    }

    fn check(&self) {
        let is_holding = self.cluster.is_holding();
        self.places.check(&self.cluster.status(), is_holding);
        assert!(self.registry == *self.cluster.registry());
        self.cluster.assert_recorded();
        let (listed, more) = self.cluster.listing(None, |_| true);
        assert!(!more);
        assert!(
            listed
                .iter()
                .all(|file| (1..=file.wanted).contains(&file.holders))
        );
        assert!(listed.is_sorted_by(|a, b| a.file.name < b.file.name));
        // Nobody can balance what no sum can hold.
        if !self.absurd {
            check_balance(&self.cluster.totals());
        }
    }

    /// When all are gone and time has passed, nothing is left open.
    fn close_books(&mut self) {
        for slot in 0..CONNECTIONS as u8 {
            self.step(Step::Close(slot, false));
        }
        for _ in 0..2 {
            self.wait(Duration::from_secs(61));
        }
        self.check();
        let open = self.cluster.totals().open;
        assert!(open.is_empty(), "{open:?}");
    }
}
