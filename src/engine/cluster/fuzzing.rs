//! Doors to the cluster's private parts, for the fuzz targets.

use std::{net::SocketAddr, time::Instant};

use super::{ConnectionId, members::Members};
use crate::model::{Incarnation, SecondaryNumber};

pub use super::places::fuzzing::{Line, RequestKey};

/// The leases.
#[derive(Debug, Default)]
pub struct Leases(Members);

impl Leases {
    /// A process enrols: whether it had been there before, and the connection that it replaces; `None` when
    /// another holds the number.
    pub fn enrol(
        &mut self,
        now: Instant,
        connection: ConnectionId,
        number: SecondaryNumber,
        incarnation: Incarnation,
        address: SocketAddr,
    ) -> Option<(bool, Option<ConnectionId>)> {
        let enrolled = self
            .0
            .enrol(now, connection, number, incarnation, address)
            .ok()?;
        Some((enrolled.returned, enrolled.replaces))
    }

    /// A line came.
    pub fn renew(&mut self, now: Instant, connection: ConnectionId) {
        self.0.renew(now, connection);
    }

    /// Somebody doubts it.
    pub fn probe(&mut self, now: Instant, number: SecondaryNumber) {
        self.0.probe(now, number);
    }

    /// It has told all that it holds.
    pub fn has_told(&mut self, connection: ConnectionId) {
        self.0.take_pages(connection);
    }

    /// The connection ended; whose lease hung on it.
    pub fn end(&mut self, connection: ConnectionId) -> Option<SecondaryNumber> {
        self.0.end(connection)
    }

    /// The connections whose leases ran out.
    pub fn expired(&self, now: Instant) -> Vec<ConnectionId> {
        self.0.expired(now)
    }

    /// When the next lease ends.
    pub fn next_expiry(&self) -> Option<Instant> {
        self.0.next_expiry()
    }

    /// Those that are alive, with their connection.
    pub fn alive(&self) -> Vec<(SecondaryNumber, Option<ConnectionId>)> {
        let alive = self.0.iter().filter(|(_, member)| member.is_alive());
        alive
            .map(|(number, _)| (number, self.0.connection(number)))
            .collect()
    }

    /// How many are alive with their files known.
    pub fn present_count(&self) -> usize {
        self.0.present().len().into()
    }
}
