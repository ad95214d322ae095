//! Clients and their requests: names, slots, positions in the line, and who was expelled. Knows files by name only,
//! no contents and no secondaries.

mod accounts;
mod away;
mod checks;
mod expelling;
mod facts;
#[cfg(feature = "fuzzing")]
pub(super) mod fuzzing;
mod line;
mod naming;
mod sent_away;

use std::{
    collections::{BTreeMap, BTreeSet},
    net::SocketAddr,
    time::{Duration, Instant},
};

pub(super) use self::{away::Former, line::RequestKey, naming::Named};
use self::{
    line::{InLine, Line},
    sent_away::SentAway,
};
use super::{ConnectionId, Refusal};
use crate::model::{
    AccountName, ClientName, FileName, Limit, RequestId, Session, TransferId,
    limits::{MAX_REQUESTS_PER_CLIENT, MAX_WAITING},
};

/// How often requests further back are told their positions, and how many at once.
const POSITIONS_EVERY: Duration = Duration::from_millis(10);
const POSITIONS_AT_ONCE: usize = 16;

pub(super) const TOO_MANY_REQUESTS: Refusal = Refusal::TooMany {
    of: Limit::Downloads,
    most: MAX_REQUESTS_PER_CLIENT,
};

/// See the module.
#[derive(Debug)]
pub(super) struct Places {
    clients: BTreeMap<ConnectionId, Client>,
    /// The connections of each session.
    sessions: BTreeMap<Session, BTreeSet<ConnectionId>>,
    line: Line,
    sent_away: SentAway,
    /// When more waiting requests are told their positions.
    tell_at: Option<Instant>,
    /// Until when clients of an earlier run are waited for.
    away_until: Option<Instant>,
    /// Requests of which something is not recorded yet.
    touched: BTreeSet<(Session, RequestId)>,
    /// Clients whose new names are not recorded yet.
    renamed: BTreeMap<Session, ClientName>,
}

/// A connected client.
#[derive(Debug)]
pub(super) struct Client {
    name: Option<ClientName>,
    /// Whose it is, which is proven; `None` for a guest.
    account: Option<AccountName>,
    /// The name that it asked for, which another client may have.
    wanted: Option<ClientName>,
    /// The session of its process, if it gave one.
    session: Option<Session>,
    address: SocketAddr,
    since: Instant,
    /// When it last gave a sign of life, as far as is known here.
    heard: Instant,
    /// Its requests run without a slot.
    needs_no_slot: bool,
    /// It was here in an earlier run, and is not back yet: nothing can be said to it.
    is_away: bool,
    /// Its unfinished requests.
    requests: BTreeMap<RequestId, Request>,
}

/// A client's request.
#[derive(Debug)]
enum Request {
    Waiting { file: FileName, since: Instant },
    Running(TransferId),
}

/// What became of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Entered {
    /// It has a slot.
    Runs,
    /// It waits at this position, counted from 1.
    Waits(u32),
}

/// What changes for others when a slot becomes free or the line shorter.
#[derive(Debug, Default)]
#[must_use]
pub(super) struct Moved {
    /// Requests that get a slot, in order.
    pub(super) start: Vec<(RequestKey, FileName)>,
    /// Requests whose position changed and that must be told at once.
    pub(super) positions: Vec<(RequestKey, u32)>,
}

/// A client's connection ended.
#[derive(Debug)]
pub(super) struct Left {
    pub(super) name: Option<ClientName>,
    /// Whose it was, if it was an account's.
    pub(super) account: Option<AccountName>,
    /// It was not back yet.
    pub(super) was_away: bool,
    /// Its running downloads.
    pub(super) running: Vec<TransferId>,
    pub(super) moved: Moved,
}

/// A download that waits, for people.
#[derive(Debug)]
pub(super) struct Waiting<'a> {
    /// From 1.
    pub(super) position: u32,
    pub(super) client: &'a ClientName,
    pub(super) file: &'a FileName,
    pub(super) since: Instant,
}

impl Client {
    pub(super) fn name(&self) -> Option<&ClientName> {
        self.name.as_ref()
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(super) fn session(&self) -> Option<Session> {
        self.session
    }

    pub(super) fn since(&self) -> Instant {
        self.since
    }

    /// Its running downloads.
    pub(super) fn running(&self) -> impl Iterator<Item = TransferId> + '_ {
        self.requests.values().filter_map(|request| match request {
            Request::Running(transfer) => Some(*transfer),
            Request::Waiting { .. } => None,
        })
    }

    pub(super) fn request_count(&self) -> usize {
        self.requests.len()
    }
}

impl Places {
    pub(super) fn new(slots: usize) -> Self {
        Self {
            clients: BTreeMap::new(),
            sessions: BTreeMap::new(),
            line: Line::new(slots),
            sent_away: SentAway::default(),
            tell_at: None,
            away_until: None,
            touched: BTreeSet::new(),
            renamed: BTreeMap::new(),
        }
    }

    pub(super) fn get(&self, connection: ConnectionId) -> Option<&Client> {
        self.clients.get(&connection)
    }

    /// Those that are connected.
    pub(super) fn clients(&self) -> impl Iterator<Item = &Client> {
        self.clients.values().filter(|client| !client.is_away)
    }

    /// A client connects.
    pub(super) fn hello(
        &mut self,
        now: Instant,
        connection: ConnectionId,
        session: Option<Session>,
        address: SocketAddr,
    ) {
        let client = Client {
            name: None,
            account: None,
            wanted: None,
            session,
            address,
            since: now,
            heard: now,
            needs_no_slot: false,
            is_away: false,
            requests: BTreeMap::new(),
        };
        self.insert(connection, client);
    }

    /// A client is the gateway of a server: its requests take no slot from others.
    pub(super) fn is_gateway(&mut self, connection: ConnectionId) {
        if let Some(client) = self.clients.get_mut(&connection) {
            client.needs_no_slot = true;
        }
    }

    pub(super) fn name_of(&self, connection: ConnectionId) -> Option<&ClientName> {
        self.clients.get(&connection)?.name.as_ref()
    }

    /// Gives a request that passed [`Self::check`] a slot, or a position in the line.
    ///
    /// # Errors
    /// When the line is full.
    pub(super) fn enter(
        &mut self,
        now: Instant,
        (connection, request): RequestKey,
        file: &FileName,
    ) -> Result<Entered, Refusal> {
        let client = self
            .clients
            .get_mut(&connection)
            .ok_or(Refusal::WrongRole)?;
        if client.needs_no_slot {
            return Ok(Entered::Runs);
        }
        match self.line.enter(now, (connection, request)) {
            InLine::Runs => Ok(Entered::Runs),
            InLine::Waits(position) => {
                let (file, since) = (file.clone(), now);
                let waiting = Request::Waiting { file, since };
                client.requests.insert(request, waiting);
                self.touch((connection, request));
                Ok(Entered::Waits(position))
            }
            InLine::Full => Err(Refusal::TooMany {
                of: Limit::Waiting,
                most: MAX_WAITING,
            }),
        }
    }

    /// A request that has a slot becomes a transfer.
    pub(super) fn starts(&mut self, (connection, request): RequestKey, transfer: TransferId) {
        if let Some(client) = self.clients.get_mut(&connection) {
            client.requests.insert(request, Request::Running(transfer));
        }
        self.touch((connection, request));
    }

    /// Resumes a transfer that was granted before. It gets a slot even if that makes one too many.
    pub(super) fn resume(&mut self, now: Instant, key: RequestKey, transfer: TransferId) {
        if self.clients.get(&key.0).is_some_and(|c| !c.needs_no_slot) {
            self.line.readmit(now, key);
        }
        self.starts(key, transfer);
    }

    /// Takes a waiting request out of the line. A running one ends with its client's `finished`.
    pub(super) fn cancel(&mut self, now: Instant, key: RequestKey) -> Moved {
        match self.request(key) {
            Some(Request::Waiting { .. }) => self.over(now, key),
            Some(Request::Running(_)) | None => Moved::default(),
        }
    }

    /// A request is over. Its slot is free at once.
    pub(super) fn over(&mut self, now: Instant, key: RequestKey) -> Moved {
        let (connection, request) = key;
        self.touch(key);
        if let Some(client) = self.clients.get_mut(&connection) {
            client.requests.remove(&request);
        }
        let moved = self.line.leave(now, |other| other == key);
        self.named(moved)
    }

    /// Removes a client whose connection ended, with all of its requests.
    pub(super) fn leave(&mut self, now: Instant, connection: ConnectionId) -> Option<Left> {
        let client = self.remove(connection)?;
        let moved = self.line.leave(now, |(of, _)| of == connection);
        Some(Left {
            was_away: client.is_away,
            running: client.running().collect(),
            name: client.name,
            account: client.account,
            moved: self.named(moved),
        })
    }

    /// Changes how many downloads run at once, at least one. Running ones that are too many still run to their end.
    pub(super) fn set_slots(&mut self, now: Instant, most: usize) -> Moved {
        let moved = self.line.set_slots(now, most);
        self.named(moved)
    }

    /// A download was sent something. It keeps its slot, or gets one back that it had lent.
    pub(super) fn worked(&mut self, now: Instant, key: RequestKey) {
        self.line.worked(now, key);
    }

    /// Lends the slots of idle downloads to waiting requests. Returns the lenders.
    pub(super) fn lend(&mut self, now: Instant) -> (Vec<(ClientName, TransferId)>, Moved) {
        let (lenders, moved) = self.line.lend(now);
        let transfer = |key: RequestKey| match self.request(key)? {
            Request::Running(transfer) => Some((self.name_of(key.0)?.clone(), *transfer)),
            Request::Waiting { .. } => None,
        };
        let lenders = lenders.into_iter().filter_map(transfer).collect();
        (lenders, self.named(moved))
    }

    /// Time in which this process did not run does not count as idle.
    pub(super) fn renew(&mut self, now: Instant) {
        self.line.renew(now);
        for client in self.clients.values_mut() {
            client.heard = now;
        }
    }

    /// Tells requests further back their positions, bit by bit.
    pub(super) fn positions(&mut self, now: Instant) -> Vec<(RequestKey, u32)> {
        if !self.line.has_more_to_tell() {
            self.tell_at = None;
        } else if *self.tell_at.get_or_insert(now + POSITIONS_EVERY) <= now {
            self.tell_at = Some(now + POSITIONS_EVERY);
            let positions = self.line.tell_more(POSITIONS_AT_ONCE);
            return self.that_can_hear(positions);
        }
        Vec::new()
    }

    pub(super) fn next_deadline(&self) -> Option<Instant> {
        let lending = self.line.next_lending();
        let others = [self.tell_at, self.away_until].into_iter().flatten();
        lending.into_iter().chain(others).min()
    }

    pub(super) fn connections_of(&self, name: &ClientName) -> Vec<ConnectionId> {
        let has_name = |(_, client): &(&ConnectionId, &Client)| client.name.as_ref() == Some(name);
        let clients = self.clients.iter().filter(has_name);
        clients.map(|(connection, _)| *connection).collect()
    }

    /// Running requests, with a slot or without.
    pub(super) fn running_count(&self) -> usize {
        self.line.running()
    }

    pub(super) fn waiting_count(&self) -> usize {
        self.line.waiting()
    }

    /// Waiting requests, the first in line first.
    pub(super) fn waiting(&self) -> impl Iterator<Item = Waiting<'_>> {
        let waiting = |(position, key): (u32, RequestKey)| match self.request(key)? {
            Request::Waiting { file, since } => Some(Waiting {
                position,
                client: self.name_of(key.0)?,
                file,
                since: *since,
            }),
            Request::Running(_) => None,
        };
        (1..).zip(self.line.line()).filter_map(waiting)
    }

    fn request(&self, (connection, request): RequestKey) -> Option<&Request> {
        self.clients.get(&connection)?.requests.get(&request)
    }

    fn named(&self, moved: line::Moved) -> Moved {
        let file = |key: RequestKey| match self.request(key)? {
            Request::Waiting { file, .. } => Some((key, file.clone())),
            Request::Running(_) => None,
        };
        Moved {
            start: moved.start.into_iter().filter_map(file).collect(),
            positions: self.that_can_hear(moved.positions),
        }
    }
}

impl Client {
    fn is_full(&self) -> bool {
        self.requests.len() >= MAX_REQUESTS_PER_CLIENT
    }
}
