//! Doors to the cluster's private parts, for the fuzz targets.

use std::{net::SocketAddr, time::Instant};

use super::{LinkId, members::Members};
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
        link: LinkId,
        number: SecondaryNumber,
        incarnation: Incarnation,
        address: SocketAddr,
    ) -> Option<(bool, Option<LinkId>)> {
        let enrolled = self.0.enrol(now, link, number, incarnation, address).ok()?;
        Some((enrolled.returned, enrolled.replaces))
    }

    /// A line came.
    pub fn renew(&mut self, now: Instant, link: LinkId) {
        self.0.renew(now, link);
    }

    /// Somebody doubts it.
    pub fn probe(&mut self, now: Instant, number: SecondaryNumber) {
        self.0.probe(now, number);
    }

    /// It has told all that it holds.
    pub fn has_told(&mut self, link: LinkId) {
        self.0.take_pages(link);
    }

    /// The connection ended; whose lease hung on it.
    pub fn end(&mut self, link: LinkId) -> Option<SecondaryNumber> {
        self.0.end(link)
    }

    /// The connections whose leases ran out.
    pub fn expired(&self, now: Instant) -> Vec<LinkId> {
        self.0.expired(now)
    }

    /// When the next lease ends.
    pub fn next_expiry(&self) -> Option<Instant> {
        self.0.next_expiry()
    }

    /// Those that are alive, with their connection.
    pub fn alive(&self) -> Vec<(SecondaryNumber, Option<LinkId>)> {
        let alive = self.0.iter().filter(|(_, member)| member.is_alive());
        alive
            .map(|(number, _)| (number, self.0.link(number)))
            .collect()
    }

    /// How many are alive with their files known.
    pub fn present_count(&self) -> usize {
        self.0.present().len().into()
    }
}
