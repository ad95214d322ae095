//! What clients are called, so that no two are called the same.

use std::{
    collections::BTreeSet,
    net::SocketAddr,
    time::{Duration, Instant},
};

use super::Places;
use crate::{
    engine::cluster::ConnectionId,
    model::{
        ClientName, Session,
        limits::{CLIENT_HEARTBEAT, MAX_ACCOUNTS},
    },
};

/// A client that lives is heard twice within this time.
const SILENT: Duration = CLIENT_HEARTBEAT.saturating_mul(2);

/// A client has a name.
#[derive(Debug)]
pub(in crate::engine::cluster) struct Named {
    pub(in crate::engine::cluster) name: ClientName,
    pub(in crate::engine::cluster) address: SocketAddr,
    /// Its name before.
    pub(in crate::engine::cluster) before: Option<ClientName>,
}

impl Places {
    /// Gives a guest the name that it wants; or, while another client has that, or it is reserved for an account, one with
    /// a number. `None` if the name is refused.
    pub(in crate::engine::cluster) fn enrol(
        &mut self,
        connection: ConnectionId,
        wanted: &ClientName,
        is_reserved: impl Fn(&ClientName) -> bool,
    ) -> Option<Named> {
        if self.sent_away.has_name(wanted) {
            return None;
        }
        let session = self.clients.get(&connection)?.session;
        let name = self.free_name(connection, session, wanted, is_reserved);
        self.call(connection, wanted, name)
    }

    /// Tells when something last arrived on each connection.
    pub(in crate::engine::cluster) fn hear(
        &mut self,
        arrived: impl Fn(ConnectionId) -> Option<Instant>,
    ) {
        for (connection, client) in &mut self.clients {
            let last = arrived(*connection);
            client.heard = last.map_or(client.heard, |last| last.max(client.heard));
        }
    }

    /// The connection of an earlier run of the same person's client, which has ended unnoticed: it has the name that this
    /// one wants, came from the same machine, and has been silent for longer than a client that lives.
    pub(in crate::engine::cluster) fn outlived(
        &self,
        now: Instant,
        connection: ConnectionId,
        wanted: &ClientName,
    ) -> Option<ConnectionId> {
        let own = self.clients.get(&connection)?;
        let is_outlived = |(at, other): &(&ConnectionId, &super::Client)| {
            **at != connection
                && other.name.as_ref() == Some(wanted)
                && other.session != own.session
                && !other.is_away
                && other.account.is_none()
                && other.address.ip() == own.address.ip()
                && !other.needs_no_slot
                && now.saturating_duration_since(other.heard) > SILENT
        };
        let (at, _) = self.clients.iter().find(is_outlived)?;
        Some(*at)
    }

    /// What a client is called that wants this name. Connections of one session are one client's: the last one may not
    /// have been missed yet. So are those without a session, as nothing tells them apart.
    fn free_name(
        &self,
        connection: ConnectionId,
        session: Option<Session>,
        wanted: &ClientName,
        is_reserved: impl Fn(&ClientName) -> bool,
    ) -> ClientName {
        let (own, others): (Vec<_>, Vec<_>) = self
            .clients
            .iter()
            .filter(|(at, client)| **at != connection && client.name.is_some() && !client.is_away)
            .map(|(_, client)| client)
            .partition(|client| client.session == session);
        let before = own.iter().find(|c| c.wanted.as_ref() == Some(wanted));
        let before = before.and_then(|client| client.name.clone());
        if let Some(name) = before.filter(|name| !is_reserved(name)) {
            return name;
        }
        let taken: BTreeSet<&ClientName> = others.iter().filter_map(|c| c.name()).collect();
        let is_free = |name: &ClientName| {
            !taken.contains(name) && !self.sent_away.has_name(name) && !is_reserved(name)
        };
        let names = std::iter::once(wanted.clone()).chain((2..).map(|n| wanted.numbered(n)));
        // There is always one: these names have no end, and there are few clients and accounts.
        names
            .take(taken.len() + self.sent_away.names() + 2 * MAX_ACCOUNTS + 1)
            .find(is_free)
            .unwrap_or_else(|| wanted.clone())
    }
}
