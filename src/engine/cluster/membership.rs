//! Which secondaries are alive. Each has a lease that every line from it renews; silence, a closed
//! connection or a goodbye ends it. Knows no files.

use std::{
    collections::BTreeMap,
    net::{IpAddr, SocketAddr},
    time::Instant,
};

use super::{DownReason, LinkId};
use crate::model::{
    CopyLimits, Incarnation, SecondaryNumber,
    limits::{HEARTBEAT, LEASE},
};

/// A secondary that enrolled at least once.
#[derive(Clone, Debug)]
pub(super) struct Member {
    pub(super) address: SocketAddr,
    pub(super) incarnation: Incarnation,
    /// Its connection and the end of its lease, while it is alive.
    pub(super) alive: Option<Lease>,
    /// It has told all that it holds since it enrolled.
    pub(super) inventoried: bool,
    /// Where it takes no copies, as it has said on this connection.
    pub(super) limits: CopyLimits,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Lease {
    pub(super) link: LinkId,
    pub(super) ends: Instant,
}

/// The secondaries, by number.
#[derive(Debug, Default)]
pub(super) struct Membership {
    members: BTreeMap<SecondaryNumber, Member>,
}

/// A number whose lease is alive was claimed by another process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct InUse {
    pub(super) by: SocketAddr,
}

/// What an enrolment changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Enrolled {
    /// It had been enrolled before.
    pub(super) returned: bool,
    /// The same process' older connection, which this one replaces.
    pub(super) replaces: Option<LinkId>,
}

impl Membership {
    pub(super) fn enrol(
        &mut self,
        now: Instant,
        link: LinkId,
        number: SecondaryNumber,
        incarnation: Incarnation,
        address: SocketAddr,
    ) -> Result<Enrolled, InUse> {
        let before = self.members.get(&number);
        let returned = before.is_some();
        let mut replaces = None;
        if let Some(member) = before
            && let Some(lease) = member.alive
        {
            if member.incarnation != incarnation {
                return Err(InUse { by: member.address });
            }
            replaces = Some(lease.link);
        }
        let alive = Some(Lease {
            link,
            ends: now + LEASE,
        });
        self.members.insert(
            number,
            Member {
                address,
                incarnation,
                alive,
                inventoried: false,
                limits: CopyLimits::default(),
            },
        );
        Ok(Enrolled { returned, replaces })
    }

    pub(super) fn renew(&mut self, now: Instant, number: SecondaryNumber, link: LinkId) {
        if let Some(lease) = self.lease_of(number, link) {
            lease.ends = now + LEASE;
        }
    }

    /// Somebody doubts it: it has two heartbeats to show that it lives. Removes nobody by itself.
    pub(super) fn probe(&mut self, now: Instant, number: SecondaryNumber) {
        if let Some(lease) = self.members.get_mut(&number).and_then(|m| m.alive.as_mut()) {
            lease.ends = lease.ends.min(now + 2 * HEARTBEAT);
        }
    }

    pub(super) fn set_inventoried(&mut self, number: SecondaryNumber) {
        if let Some(member) = self.members.get_mut(&number) {
            member.inventoried = true;
        }
    }

    /// It said where it takes no copies.
    pub(super) fn set_limits(&mut self, number: SecondaryNumber, limits: CopyLimits) {
        if let Some(member) = self.members.get_mut(&number) {
            member.limits = limits;
        }
    }

    /// Ends a lease held by this connection; false when it has none (any more).
    pub(super) fn end(&mut self, number: SecondaryNumber, link: LinkId) -> bool {
        let held = self.lease_of(number, link).is_some();
        if held && let Some(member) = self.members.get_mut(&number) {
            member.alive = None;
            member.inventoried = false;
        }
        held
    }

    /// Those whose lease ran out, with the connection that it hung on.
    pub(super) fn expired(&self, now: Instant) -> Vec<(SecondaryNumber, LinkId, DownReason)> {
        self.members
            .iter()
            .filter_map(|(number, member)| member.alive.map(|lease| (*number, lease)))
            .filter(|(_, lease)| lease.ends <= now)
            .map(|(number, lease)| (number, lease.link, DownReason::Silent))
            .collect()
    }

    pub(super) fn next_expiry(&self) -> Option<Instant> {
        self.members
            .values()
            .filter_map(|m| m.alive.map(|lease| lease.ends))
            .min()
    }

    /// Gives every lease its full time again: the time that passed was this process' own stop.
    pub(super) fn renew_all(&mut self, now: Instant) {
        for lease in self.members.values_mut().filter_map(|m| m.alive.as_mut()) {
            lease.ends = now + LEASE;
        }
    }

    pub(super) fn get(&self, number: SecondaryNumber) -> Option<&Member> {
        self.members.get(&number)
    }

    pub(super) fn link(&self, number: SecondaryNumber) -> Option<LinkId> {
        Some(self.members.get(&number)?.alive?.link)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (SecondaryNumber, &Member)> {
        self.members
            .iter()
            .map(|(number, member)| (*number, member))
    }

    pub(super) fn alive(&self) -> impl Iterator<Item = (SecondaryNumber, &Member)> {
        self.iter().filter(|(_, member)| member.alive.is_some())
    }

    /// Alive, and what it holds is known.
    pub(super) fn inventoried_count(&self) -> usize {
        self.alive()
            .filter(|(_, member)| member.inventoried)
            .count()
    }

    pub(super) fn by_address(&self, ip: IpAddr, port: u16) -> Option<SecondaryNumber> {
        let address = SocketAddr::new(ip, port);
        self.iter()
            .find(|(_, member)| member.address == address)
            .map(|(number, _)| number)
    }

    fn lease_of(&mut self, number: SecondaryNumber, link: LinkId) -> Option<&mut Lease> {
        self.members
            .get_mut(&number)?
            .alive
            .as_mut()
            .filter(|lease| lease.link == link)
    }
}
