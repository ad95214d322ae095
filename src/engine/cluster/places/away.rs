//! Clients of an earlier run of the central that have places and are not back yet. A place is a session's: whoever asks
//! again for the same, by the same number in the same session, has it again, on whatever connection.

use std::{
    collections::BTreeMap,
    net::{Ipv4Addr, SocketAddr},
    time::{Duration, Instant},
};

use super::{Client, InLine, Moved, Places, Request, RequestKey};
use crate::{
    engine::{cluster::ConnectionId, registry::Registry},
    model::{
        ClientName, FileName, RequestId, Session, TransferId,
        limits::{CLIENT_LEASE, EXPELLED_FOR},
    },
};

/// How long clients of an earlier run are waited for.
const BACK_WITHIN: Duration = CLIENT_LEASE.saturating_add(Duration::from_secs(2));

/// What a client has under a number, on another connection of its session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::engine::cluster) enum Former {
    Waits(FileName),
    Runs(TransferId),
}

impl Places {
    /// Goes on from what was recorded. `wall_ms` is the time since 1970.
    pub(in crate::engine::cluster) fn restore(
        now: Instant,
        wall_ms: u64,
        slots: usize,
        registry: &Registry,
    ) -> Self {
        let mut places = Self::new(slots);
        for (name, until_ms) in registry.expelled() {
            let left = Duration::from_millis(until_ms.saturating_sub(wall_ms));
            let until = now + left.min(EXPELLED_FOR);
            places.sent_away.name(name.clone(), until);
        }
        for (host, until_ms) in registry.expelled_hosts() {
            let left = Duration::from_millis(until_ms.saturating_sub(wall_ms));
            places.expel_host(host, now + left.min(EXPELLED_FOR));
        }
        let until = now + BACK_WITHIN;
        for row in registry.waiting().rows() {
            let place = &row.place;
            let connection = places.stand_in(now, place.session, &place.client);
            let key = (connection, place.request);
            let request = match row.transfer {
                Some(transfer) => {
                    // It is not idle before its client can have gone on with it.
                    places.line.readmit(until, key);
                    Request::Running(transfer)
                }
                None => {
                    places.line.wait_away(key);
                    let (file, since) = (place.file.clone(), now);
                    Request::Waiting { file, since }
                }
            };
            if let Some(client) = places.clients.get_mut(&connection) {
                client.requests.insert(place.request, request);
            }
            places.away_until = Some(until);
        }
        places
    }

    /// A connection that stands for a client until it is back.
    fn stand_in(&mut self, now: Instant, session: Session, name: &ClientName) -> ConnectionId {
        let known = self.sessions.get(&session);
        if let Some(connection) = known.and_then(|connections| connections.first()) {
            return *connection;
        }
        // Real ones are counted from 0.
        let connection = ConnectionId(u64::MAX - self.clients.len() as u64);
        let client = Client {
            name: Some(name.clone()),
            account: None,
            wanted: None,
            session: Some(session),
            address: SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0)),
            since: now,
            heard: now,
            needs_no_slot: false,
            is_away: true,
            requests: BTreeMap::new(),
        };
        self.insert(connection, client);
        connection
    }

    pub(super) fn insert(&mut self, connection: ConnectionId, client: Client) {
        if let Some(session) = client.session {
            self.sessions.entry(session).or_default().insert(connection);
        }
        self.clients.insert(connection, client);
    }

    /// Takes a client out, with its requests.
    pub(super) fn remove(&mut self, connection: ConnectionId) -> Option<Client> {
        let client = self.clients.remove(&connection)?;
        if let Some(session) = client.session {
            let requests = client.requests.keys();
            self.touched
                .extend(requests.map(|request| (session, *request)));
            if let Some(connections) = self.sessions.get_mut(&session) {
                connections.remove(&connection);
                if connections.is_empty() {
                    self.sessions.remove(&session);
                }
            }
        }
        Some(client)
    }

    /// What a client has under this number on another connection of its session, this run's or an earlier one's.
    pub(in crate::engine::cluster) fn former(
        &self,
        (connection, request): RequestKey,
    ) -> Option<(RequestKey, Former)> {
        let session = self.get(connection)?.session?;
        let connections = self.sessions.get(&session)?.iter();
        let others = connections.filter(|other| **other != connection);
        others.copied().find_map(|other| {
            let former = match self.clients.get(&other)?.requests.get(&request)? {
                Request::Waiting { file, .. } => Former::Waits(file.clone()),
                Request::Running(transfer) => Former::Runs(*transfer),
            };
            Some(((other, request), former))
        })
    }

    /// A client is back for a place that it had on another connection. Gives its position, if it waits.
    pub(in crate::engine::cluster) fn take_over(
        &mut self,
        now: Instant,
        from: RequestKey,
        to: RequestKey,
    ) -> Option<u32> {
        let old = self.clients.get_mut(&from.0)?;
        let request = old.requests.remove(&from.1)?;
        if old.is_away && old.requests.is_empty() {
            self.remove(from.0);
        }
        self.clients.get_mut(&to.0)?.requests.insert(to.1, request);
        self.touch(to);
        match self.line.take_over(now, from, to)? {
            InLine::Waits(position) => Some(position),
            InLine::Runs | InLine::Full => None,
        }
    }

    /// The place of a running download of an earlier run.
    pub(in crate::engine::cluster) fn away_with(&self, transfer: TransferId) -> Option<RequestKey> {
        let away = self.clients.iter().filter(|(_, client)| client.is_away);
        let mut requests = away.flat_map(|(connection, client)| {
            let requests = client.requests.iter();
            requests.map(|(number, request)| ((*connection, *number), request))
        });
        requests.find_map(|(key, request)| match request {
            Request::Running(running) => (*running == transfer).then_some(key),
            Request::Waiting { .. } => None,
        })
    }

    /// True for a client of an earlier run that is not back yet.
    pub(in crate::engine::cluster) fn is_away(&self, connection: ConnectionId) -> bool {
        self.get(connection).is_some_and(|client| client.is_away)
    }

    /// Whose a download of an earlier run is, while its client is waited for.
    pub(in crate::engine::cluster) fn session_of(&self, transfer: TransferId) -> Option<Session> {
        let (connection, _) = self.away_with(transfer)?;
        self.get(connection)?.session
    }

    /// Clients that did not come back in time lose their places.
    pub(in crate::engine::cluster) fn give_up_away(&mut self, now: Instant) -> Moved {
        if self.away_until.is_none_or(|until| now < until) {
            return Moved::default();
        }
        self.away_until = None;
        let away = self.clients.iter().filter(|(_, client)| client.is_away);
        let away: Vec<_> = away.map(|(connection, _)| *connection).collect();
        for connection in &away {
            self.remove(*connection);
        }
        let moved = self.line.leave(now, |(of, _)| away.contains(&of));
        self.named(moved)
    }

    /// From now on, or no longer, nobody begins who waits.
    pub(in crate::engine::cluster) fn hold(&mut self, now: Instant, is_held: bool) -> Moved {
        let moved = self.line.hold(now, is_held);
        self.named(moved)
    }

    /// Nothing is said to who is not back.
    pub(super) fn that_can_hear(
        &self,
        positions: Vec<(RequestKey, u32)>,
    ) -> Vec<(RequestKey, u32)> {
        let is_here = |(connection, _): &RequestKey| {
            let client = self.clients.get(connection);
            client.is_some_and(|client| !client.is_away)
        };
        let mut positions = positions;
        positions.retain(|(key, _)| is_here(key));
        positions
    }

    pub(super) fn touch(&mut self, (connection, request): RequestKey) {
        let client = self.clients.get(&connection);
        if let Some(session) = client.and_then(|client| client.session) {
            self.touched.insert((session, request));
        }
    }

    /// The request of a session, on whatever connection. A client that comes back may tell the end of one by a number
    /// that is another's by now: one that waits counts before one that runs.
    pub(super) fn of_session(
        &self,
        session: Session,
        request: RequestId,
    ) -> Option<(&Client, &Request)> {
        let connections = self.sessions.get(&session)?.iter();
        let clients = connections.filter_map(|connection| self.clients.get(connection));
        let found = clients.filter_map(|client| Some((client, client.requests.get(&request)?)));
        found.min_by_key(|(_, request)| matches!(request, Request::Running(_)))
    }
}
