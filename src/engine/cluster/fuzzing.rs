//! Doors to the cluster's private parts, for the fuzz targets.

use std::{net::SocketAddr, time::Instant};

use super::{
    LinkId,
    admission::{Admission, Entered},
    membership::Membership,
};
use crate::model::{Incarnation, RequestId, SecondaryNumber};

/// A client's request: its connection, and its own number for it.
pub type RequestKey = (LinkId, RequestId);

/// The places and the line of those that wait.
#[derive(Debug)]
pub struct Places(Admission, Instant);

impl Places {
    /// So many places.
    pub fn new(places: usize, now: Instant) -> Self {
        Self(Admission::new(places), now)
    }

    /// A request enters: its place in the line, 0 when it runs, `None` when the line is full.
    pub fn enter(&mut self, key: RequestKey) -> Option<u32> {
        match self.0.enter(self.1, key) {
            Entered::Running => Some(0),
            Entered::Waits(place) => Some(place),
            Entered::Full => None,
        }
    }

    /// A request that ran before goes on.
    pub fn readmit(&mut self, key: RequestKey) {
        self.0.readmit(self.1, key);
    }

    /// Takes out every request that `gone` names; gives those that start, and those at another place.
    pub fn leave(
        &mut self,
        gone: impl Fn(RequestKey) -> bool,
    ) -> (Vec<RequestKey>, Vec<(RequestKey, u32)>) {
        let moved = self.0.leave(self.1, gone);
        (moved.start, moved.places)
    }

    /// How many run and how many wait.
    pub fn counts(&self) -> (usize, usize) {
        (self.0.running(), self.0.waiting())
    }
}

/// The leases.
#[derive(Debug, Default)]
pub struct Leases(Membership);

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
    pub fn renew(&mut self, now: Instant, number: SecondaryNumber, link: LinkId) {
        self.0.renew(now, number, link);
    }

    /// Somebody doubts it.
    pub fn probe(&mut self, now: Instant, number: SecondaryNumber) {
        self.0.probe(now, number);
    }

    /// Its files are known.
    pub fn set_inventoried(&mut self, number: SecondaryNumber) {
        self.0.set_inventoried(number);
    }

    /// The connection ended; false when no lease hung on it.
    pub fn end(&mut self, number: SecondaryNumber, link: LinkId) -> bool {
        self.0.end(number, link)
    }

    /// Those whose lease ran out.
    pub fn expired(&self, now: Instant) -> Vec<(SecondaryNumber, LinkId)> {
        let expired = self.0.expired(now).into_iter();
        expired.map(|(number, link, _)| (number, link)).collect()
    }

    /// When the next lease ends.
    pub fn next_expiry(&self) -> Option<Instant> {
        self.0.next_expiry()
    }

    /// Those that are alive, with their connection.
    pub fn alive(&self) -> Vec<(SecondaryNumber, Option<LinkId>)> {
        let alive = self.0.alive();
        alive
            .map(|(number, _)| (number, self.0.link(number)))
            .collect()
    }

    /// How many are alive with their files known.
    pub fn inventoried_count(&self) -> usize {
        self.0.inventoried_count()
    }
}
