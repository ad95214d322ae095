//! Slots, the line of those that wait for one, and grants: a model of what clients are told.
//!
//! Every event goes in before the machine gets it, every action as the machine gives it. Whatever contradicts what was
//! said before panics; [`Places::check`] compares the model with the machine's own figures.

use std::collections::{BTreeMap, BTreeSet};

use trozos::{
    engine::{
        cluster::{Action, ConnectionId, Event, Notice, Refusal},
        registry::Entry,
    },
    model::{
        ClientName, ClusterStatus, CopyOrder, Grant, RequestId, Session, TransferId,
        messages::{ForClient, ForSecondary, FromClient, FromReceiver, Resume},
    },
};

/// A client's request: its connection, and its own number for it.
type Key = (ConnectionId, RequestId);

/// Positions of which each change is told at once.
const EXACT: u32 = 8;

/// What a request was told last. Those that wait have the order in which they came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Request {
    Waiting { arrival: u64, position: u32 },
    Running(TransferId),
}

/// Whose downloads are whose: a name, and the run of a process.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Client {
    name: Option<ClientName>,
    session: Option<Session>,
}

/// A client wants to go on with a download, and has no answer yet.
#[derive(Clone, Copy, Debug)]
struct Resuming {
    key: Key,
    transfer: TransferId,
    answer: Answer,
}

/// What the machine has to say to that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Answer {
    Yes,
    No,
    /// Nobody here granted it. An earlier run may have.
    Any,
}

/// See the module.
#[derive(Clone, Debug)]
pub struct Places {
    slots: usize,
    clients: BTreeMap<ConnectionId, Client>,
    requests: BTreeMap<Key, Request>,
    /// What clients of an earlier run had that are not back yet.
    away: BTreeMap<(Session, RequestId), Request>,
    resuming: Option<Resuming>,
    /// Running downloads beyond the slots: those that a client goes on with after a reconnection.
    resumed: BTreeSet<TransferId>,
    /// Downloads that have lent their slot once.
    lent: BTreeSet<TransferId>,
    granted: BTreeSet<TransferId>,
    arrivals: u64,
}

/// Whether one that waits at a position and was told another knows enough: the first hear of each change at once, the
/// others when their position is half of what they were told.
pub fn knows_position(told: u32, position: u32) -> bool {
    let is_about = told >= position && told.ilog2() == position.ilog2();
    told == position || position > EXACT && is_about
}

impl Places {
    pub fn new(slots: usize) -> Self {
        Self {
            slots,
            clients: BTreeMap::new(),
            requests: BTreeMap::new(),
            away: BTreeMap::new(),
            resuming: None,
            resumed: BTreeSet::new(),
            lent: BTreeSet::new(),
            granted: BTreeSet::new(),
            arrivals: 0,
        }
    }

    /// The central runs anew, with what it recorded. It knows nobody, but keeps places for sessions, and names no transfer as
    /// an earlier run did.
    pub fn restart(&mut self) {
        let clients = std::mem::take(&mut self.clients);
        for ((connection, request), state) in std::mem::take(&mut self.requests) {
            let client = clients.get(&connection);
            if let Some(session) = client.and_then(|client| client.session) {
                self.away.insert((session, request), state);
            }
        }
        self.resuming = None;
    }

    /// What the session of a connection has under a number, there or before.
    fn take_former(&mut self, (connection, request): Key) -> Option<Request> {
        let session = self.clients.get(&connection)?.session?;
        let is_own = |of: &ConnectionId| {
            let client = self.clients.get(of);
            *of != connection && client.is_some_and(|client| client.session == Some(session))
        };
        let mut keys = self.requests.keys();
        let old = keys.find(|(of, number)| *number == request && is_own(of));
        match old.copied() {
            Some(old) => self.requests.remove(&old),
            None => self.away.remove(&(session, request)),
        }
    }

    /// Something that the machine is about to hear.
    pub fn event(&mut self, connection: ConnectionId, event: &Event) {
        match event {
            Event::ClientHello { name, session, .. } => {
                let (name, session) = (name.clone(), *session);
                self.clients.insert(connection, Client { name, session });
            }
            Event::Closed(_) => self.gone(connection),
            Event::Client(message) => self.of_client(connection, message),
            Event::Receiver(FromReceiver::Finished(finished)) => {
                self.over(connection, finished.transfer);
            }
            Event::Receiver(FromReceiver::Report(_))
            | Event::Secondary(_)
            | Event::SecondaryHello { .. }
            // No world here has a gateway.
            | Event::GatewayHello { .. }
            // Whoever signs in hears of its name, and whoever talks waits for nothing.
            | Event::Proven(_)
            | Event::Rooms(_)
            | Event::Alive => {}
        }
    }

    fn of_client(&mut self, connection: ConnectionId, message: &FromClient) {
        let Some(client) = self.clients.get_mut(&connection) else {
            return;
        };
        match message {
            FromClient::Enrol { name } | FromClient::Guest { name } => {
                client.name = Some(name.clone());
            }
            FromClient::SignOut => {}
            FromClient::Cancel { request } => self.stops_waiting((connection, *request)),
            FromClient::Resume(resume) => self.resuming = Some(self.resuming(connection, resume)),
            FromClient::Download { .. }
            | FromClient::Share(_)
            | FromClient::Publish { .. }
            | FromClient::Withdraw { .. }
            | FromClient::Offer { .. }
            | FromClient::Progress { .. }
            | FromClient::MorePeers { .. }
            | FromClient::Seeding { .. } => {}
        }
    }

    /// A download goes on unless it is another's, or its number is taken.
    fn resuming(&self, connection: ConnectionId, resume: &Resume) -> Resuming {
        let key = (connection, resume.request);
        let transfer = resume.transfer;
        let client = self.clients.get(&connection);
        let has_name = client.is_some_and(|client| client.name.is_some());
        let owner = self.key_of(transfer);
        let away = self.away_of(transfer);
        let is_own = owner.is_none_or(|(of, _)| self.clients.get(&of) == client)
            && away.is_none_or(|(of, _)| client.and_then(|c| c.session) == Some(of));
        let before = self.requests.get(&key);
        let is_free = before.is_none_or(|before| *before == Request::Running(transfer));
        let answer = if !(has_name && is_own && is_free) {
            Answer::No
        } else if self.granted.contains(&transfer) {
            Answer::Yes
        } else {
            Answer::Any
        };
        Resuming {
            key,
            transfer,
            answer,
        }
    }

    fn key_of(&self, transfer: TransferId) -> Option<Key> {
        let running = Request::Running(transfer);
        let mut requests = self.requests.iter();
        requests.find_map(|(key, request)| (*request == running).then_some(*key))
    }

    fn away_of(&self, transfer: TransferId) -> Option<(Session, RequestId)> {
        let running = Request::Running(transfer);
        let mut away = self.away.iter();
        away.find_map(|(key, request)| (*request == running).then_some(*key))
    }

    /// What the machine says first after somebody wanted to go on is his answer; true when that is a refusal.
    fn is_refusal(&mut self, resuming: Resuming, first: &Action) -> bool {
        let Resuming {
            key,
            transfer,
            answer,
        } = resuming;
        if matches!(first, Action::Refuse { connection, request, .. } if (*connection, *request) == key)
        {
            assert_ne!(answer, Answer::Yes, "{resuming:?} is refused");
            return true;
        }
        assert_ne!(answer, Answer::No, "{resuming:?} is not refused");
        let owner = self.key_of(transfer);
        let away = self.away_of(transfer);
        self.requests.retain(|key, _| owner != Some(*key));
        self.away.retain(|key, _| away != Some(*key));
        self.requests.insert(key, Request::Running(transfer));
        // One that this central knows to run has its slot already.
        if owner.is_none() && away.is_none() {
            self.resumed.insert(transfer);
        }
        false
    }

    /// Something that the machine wants done.
    pub fn action(&mut self, action: &Action) {
        if let Some(resuming) = self.resuming.take()
            && self.is_refusal(resuming, action)
        {
            return;
        }
        match action {
            Action::Record(Entry::Left { session, request }) => {
                self.away.remove(&(*session, *request));
            }
            Action::ToClient(connection, message) => self.for_client(*connection, message),
            Action::ToSecondary(_, ForSecondary::Copy(CopyOrder { grant, replaces })) => {
                assert_ne!(*replaces, Some(grant.file.id), "a copy of what is there");
                self.grant(grant);
            }
            Action::Refuse {
                connection,
                request,
                refusal: Refusal::NotFound(_),
            } => self.stops_waiting((*connection, *request)),
            // Any other refusal is of a second request of the same number, or of one that never waited.
            Action::Refuse { .. } => {}
            Action::Notice(Notice::SlotLent { transfer, .. }) => {
                assert!(self.line().next().is_some(), "a slot is lent to nobody");
                self.lent.insert(*transfer);
            }
            Action::Close {
                connection,
                refusal: Refusal::Expelled | Refusal::Silent,
            } => self.gone(*connection),
            Action::Close { .. }
            | Action::ToRooms(..)
            | Action::RefuseRoom { .. }
            | Action::ToReceiver(..)
            | Action::ToSecondary(..)
            | Action::Ack { .. }
            | Action::Number { .. }
            | Action::Introduce { .. }
            | Action::RefuseAccount { .. }
            | Action::Record(_)
            | Action::Notice(_) => {}
        }
    }

    fn for_client(&mut self, connection: ConnectionId, message: &ForClient) {
        match message {
            ForClient::Granted { request, grant } => {
                let key = (connection, *request);
                let running = Request::Running(grant.transfer);
                let former = self.take_former(key);
                if former == Some(running) {
                    // Its client had not heard of it.
                    self.requests.insert(key, running);
                    return;
                }
                assert_eq!(former, None, "{request:?} of {connection:?} has a place");
                self.grant(grant);
                let before = self.requests.insert(key, running);
                let ran = matches!(before, Some(Request::Running(_)));
                assert!(!ran, "{request:?} of {connection:?} runs twice");
                // Those that go on have slots as well: nothing new starts while they are too many.
                assert!(self.with_slot().count() <= self.slots, "{self:?}");
            }
            ForClient::Queued { request, position } => {
                let key = (connection, *request);
                let arrival = match self.requests.get(&key) {
                    Some(Request::Waiting { arrival, .. }) => *arrival,
                    Some(Request::Running(_)) => panic!("{key:?} runs and waits"),
                    None => match self.take_former(key) {
                        Some(Request::Waiting { arrival, .. }) => arrival,
                        Some(Request::Running(_)) => panic!("{key:?} runs and waits"),
                        None => {
                            self.arrivals += 1;
                            self.arrivals
                        }
                    },
                };
                let position = *position;
                let waiting = Request::Waiting { arrival, position };
                self.requests.insert(key, waiting);
            }
            // Taken up again only to tell an end that was told before.
            ForClient::Booked { transfer, .. } => self.over(connection, *transfer),
            ForClient::SignedIn { name, .. } => {
                if let Some(client) = self.clients.get_mut(&connection) {
                    client.name = Some(name.client());
                }
            }
            ForClient::Enrolled { name } | ForClient::SignedOut { name } => {
                if let Some(client) = self.clients.get_mut(&connection) {
                    client.name = Some(name.clone());
                }
            }
            ForClient::Superseded { .. }
            | ForClient::YouAre { .. }
            | ForClient::Published { .. }
            | ForClient::Withdrawn { .. }
            | ForClient::Peers { .. }
            | ForClient::Private { .. }
            | ForClient::ServeTo { .. } => {}
        }
    }

    /// A transfer has a new number, and the ranges of its sources are all of the file, once.
    fn grant(&mut self, grant: &Grant) {
        let transfer = grant.transfer;
        assert!(self.granted.insert(transfer), "{transfer} is granted twice");
        let mut chunks = BTreeSet::new();
        for chunk in grant.sources.iter().flat_map(|source| &source.ranges) {
            for chunk in chunk.iter() {
                assert!(grant.file.layout.contains(chunk), "{grant:?}");
                assert!(chunks.insert(chunk), "{chunk} is assigned twice");
            }
        }
        // One that waited is granted although no holder is left: it waits for a source like one that runs.
        let count = grant.file.layout.chunk_count() as usize;
        assert!(
            chunks.len() == count || grant.sources.is_empty(),
            "{grant:?}"
        );
    }

    fn over(&mut self, connection: ConnectionId, transfer: TransferId) {
        let over = Request::Running(transfer);
        self.requests
            .retain(|(of, _), request| *of != connection || *request != over);
    }

    /// One that runs goes on: its client asked once more before it heard of the grant.
    fn stops_waiting(&mut self, key: Key) {
        if let Some(Request::Waiting { .. }) = self.requests.get(&key) {
            self.requests.remove(&key);
        }
    }

    fn gone(&mut self, connection: ConnectionId) {
        self.clients.remove(&connection);
        self.requests.retain(|(of, _), _| *of != connection);
    }

    /// Those that wait: when each came, and what it was told; nothing is told to who is away.
    fn line(&self) -> impl Iterator<Item = (u64, Option<u32>)> {
        let waits = |request: &Request| match request {
            Request::Waiting { arrival, position } => Some((*arrival, *position)),
            Request::Running(_) => None,
        };
        let here = self.requests.values().filter_map(waits);
        let here = here.map(|(arrival, position)| (arrival, Some(position)));
        let away = self.away.values().filter_map(waits);
        here.chain(away.map(|(arrival, _)| (arrival, None)))
    }

    fn running(&self) -> impl Iterator<Item = TransferId> {
        let all = self.requests.values().chain(self.away.values());
        all.filter_map(|request| match request {
            Request::Running(transfer) => Some(*transfer),
            Request::Waiting { .. } => None,
        })
    }

    /// Those that run and have never lent their slot.
    fn with_slot(&self) -> impl Iterator<Item = TransferId> {
        let running = self.running();
        running.filter(|transfer| !self.lent.contains(transfer))
    }

    /// No place is lost or doubled, and everybody in the line knows his position.
    pub fn check(&self, status: &ClusterStatus, is_holding: bool) {
        assert!(self.resuming.is_none(), "no answer: {:?}", self.resuming);
        let mut line: Vec<_> = self.line().collect();
        line.sort_unstable();
        for (position, (_, told)) in (1..).zip(&line) {
            let knows = told.is_none_or(|told| knows_position(told, position));
            assert!(knows, "the line is {line:?}");
        }
        let transfers: Vec<_> = self.running().collect();
        let running = transfers.len();
        assert_eq!(status.waiting, line.len() as u64, "{self:?}");
        assert_eq!(status.running, running as u64, "{self:?}");
        let fresh = self.with_slot().filter(|id| !self.resumed.contains(id));
        assert!(fresh.count() <= self.slots, "too many run: {self:?}");
        let is_right = line.is_empty() || running >= self.slots;
        // Who is away keeps his turn, and is not served before he is back.
        let is_awaited = line.first().is_some_and(|(_, told)| told.is_none());
        let is_excused = is_holding || is_awaited;
        assert!(is_right || is_excused, "a place is lost: {self:?}");
        let distinct: BTreeSet<_> = transfers.into_iter().collect();
        assert_eq!(distinct.len(), running, "{self:?}");
        let mut named = BTreeMap::new();
        for client in self.clients.values() {
            if let Some(name) = &client.name {
                let first = *named.entry(name).or_insert(client.session);
                assert_eq!(first, client.session, "two clients are called {name}");
            }
        }
    }
}
