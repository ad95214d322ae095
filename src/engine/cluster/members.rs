//! The secondaries: who lives, what each has told of itself, who is to be used. A secondary has a lease from the moment
//! at which something of it last arrived; silence, a closed connection or a goodbye ends it. Knows no contents.

mod draining;
mod recorded;

use std::{
    collections::{BTreeMap, BTreeSet},
    net::SocketAddr,
    time::Instant,
};

use self::draining::Draining;
pub(super) use self::draining::Usable;
use super::{ConnectionId, Refusal, numbers::NumberSet};
use crate::model::{
    CopyLimits, HeldFile, Incarnation, Limit, SecondaryNumber,
    limits::{HEARTBEAT, LEASE, MAX_FILES_PER_SECONDARY},
};

/// A secondary that enrolled at least once.
#[derive(Debug)]
pub(super) struct Member {
    address: SocketAddr,
    incarnation: Incarnation,
    /// Its connection, while it is alive.
    lease: Option<Lease>,
    /// Where it takes no copies, as it last said.
    limits: CopyLimits,
    /// It enrolled in an earlier run of the central, and has not since.
    is_remembered: bool,
}

/// A connection of a secondary, and for how long it counts.
#[derive(Debug)]
struct Lease {
    connection: ConnectionId,
    ends: Instant,
    /// When something last arrived on it.
    heard: Instant,
    /// The pages of its inventory that have arrived.
    pages: Vec<HeldFile>,
    /// Its inventory is complete.
    has_told: bool,
    /// How many announced files it has not withdrawn.
    announced: usize,
}

/// The secondaries, by number.
#[derive(Debug, Default)]
pub(super) struct Members {
    known: BTreeMap<SecondaryNumber, Member>,
    connections: BTreeMap<ConnectionId, SecondaryNumber>,
    draining: Draining,
}

/// What an enrolment changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Enrolled {
    /// It had been enrolled before.
    pub(super) returned: bool,
    /// An older connection of the same process, which this one replaces.
    pub(super) replaces: Option<ConnectionId>,
}

const TOO_MANY_FILES: Refusal = Refusal::TooMany {
    of: Limit::Files,
    most: MAX_FILES_PER_SECONDARY,
};

impl Member {
    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(super) fn limits(&self) -> &CopyLimits {
        &self.limits
    }

    pub(super) fn is_alive(&self) -> bool {
        self.lease.is_some()
    }

    pub(super) fn lease_ends(&self) -> Option<Instant> {
        self.lease.as_ref().map(|lease| lease.ends)
    }

    /// It is alive and its inventory is known.
    pub(super) fn is_present(&self) -> bool {
        self.lease.as_ref().is_some_and(|lease| lease.has_told)
    }
}

impl Members {
    /// A secondary enrols on a connection.
    ///
    /// # Errors
    /// When another process has the number and its lease is alive.
    pub(super) fn enrol(
        &mut self,
        now: Instant,
        connection: ConnectionId,
        number: SecondaryNumber,
        incarnation: Incarnation,
        address: SocketAddr,
    ) -> Result<Enrolled, Refusal> {
        let before = self.known.get(&number);
        let returned = before.is_some_and(|member| !member.is_remembered);
        let mut replaces = None;
        if let Some(member) = before
            && let Some(lease) = &member.lease
        {
            if member.incarnation != incarnation {
                let by = member.address;
                return Err(Refusal::NumberInUse { number, by });
            }
            replaces = Some(lease.connection);
        }
        if let Some(old) = replaces {
            self.connections.remove(&old);
        }
        self.connections.insert(connection, number);
        let member = Member {
            address,
            incarnation,
            lease: Some(Lease {
                connection,
                ends: now + LEASE,
                heard: now,
                pages: Vec::new(),
                has_told: false,
                announced: 0,
            }),
            limits: CopyLimits::default(),
            is_remembered: false,
        };
        self.known.insert(number, member);
        Ok(Enrolled { returned, replaces })
    }

    /// The secondary at the other end of a connection.
    pub(super) fn number(&self, connection: ConnectionId) -> Option<SecondaryNumber> {
        self.connections.get(&connection).copied()
    }

    pub(super) fn renew(&mut self, now: Instant, connection: ConnectionId) {
        if let Some(lease) = self.lease_of(connection) {
            lease.heard = lease.heard.max(now);
            lease.ends = now + LEASE;
        }
    }

    /// Renews leases by the time at which something last arrived on their connections, not by the time of this call. What
    /// was known before renews nothing.
    pub(super) fn hear(&mut self, arrived: impl Fn(ConnectionId) -> Option<Instant>) {
        for lease in self.leases() {
            if let Some(at) = arrived(lease.connection).filter(|at| *at > lease.heard) {
                lease.heard = at;
                lease.ends = at + LEASE;
            }
        }
    }

    /// A peer reports it. It has two heartbeats to show that it lives, and three since it was last heard. Repeated reports
    /// change nothing, so that they cannot remove a secondary that pauses for a moment.
    pub(super) fn probe(&mut self, now: Instant, number: SecondaryNumber) {
        if let Some(lease) = self.known.get_mut(&number).and_then(|m| m.lease.as_mut()) {
            let shown_by = (now + 2 * HEARTBEAT).max(lease.heard + 3 * HEARTBEAT);
            lease.ends = lease.ends.min(shown_by);
        }
    }

    /// This process did not run for a moment. Live secondaries get two heartbeats from now, in which what they sent
    /// meanwhile is read. True if a lease became longer.
    pub(super) fn allow_for_own_stop(&mut self, now: Instant) -> bool {
        let least = now + 2 * HEARTBEAT;
        let mut is_more = false;
        for lease in self.leases() {
            is_more |= lease.ends < least;
            lease.ends = lease.ends.max(least);
        }
        is_more
    }

    /// Gives every lease its full time again, because this process itself had stopped.
    pub(super) fn renew_all(&mut self, now: Instant) {
        for lease in self.leases() {
            lease.ends = now + LEASE;
        }
    }

    /// Takes one page of a secondary's inventory.
    ///
    /// # Errors
    /// When the inventory is too large.
    pub(super) fn add_page(
        &mut self,
        connection: ConnectionId,
        files: Vec<HeldFile>,
    ) -> Result<(), Refusal> {
        let Some(lease) = self.lease_of(connection) else {
            return Ok(());
        };
        if lease.pages.len() + files.len() > MAX_FILES_PER_SECONDARY {
            return Err(TOO_MANY_FILES);
        }
        lease.pages.extend(files);
        Ok(())
    }

    /// The last page has come. Returns the whole inventory.
    pub(super) fn take_pages(&mut self, connection: ConnectionId) -> Vec<HeldFile> {
        let Some(lease) = self.lease_of(connection) else {
            return Vec::new();
        };
        lease.has_told = true;
        let files = std::mem::take(&mut lease.pages);
        let names: BTreeSet<_> = files.iter().map(|file| &file.meta.name).collect();
        lease.announced = names.len();
        files
    }

    /// Counts files that a secondary announces.
    ///
    /// # Errors
    /// When there are too many.
    pub(super) fn announces(
        &mut self,
        connection: ConnectionId,
        more: usize,
    ) -> Result<(), Refusal> {
        let Some(lease) = self.lease_of(connection) else {
            return Ok(());
        };
        lease.announced += more;
        if lease.announced > MAX_FILES_PER_SECONDARY {
            return Err(TOO_MANY_FILES);
        }
        Ok(())
    }

    /// A secondary withdraws one announced file.
    pub(super) fn takes_back(&mut self, connection: ConnectionId) {
        if let Some(lease) = self.lease_of(connection) {
            lease.announced = lease.announced.saturating_sub(1);
        }
    }

    /// A secondary says where it takes no copies. False if that changes nothing.
    pub(super) fn set_limits(&mut self, number: SecondaryNumber, limits: &CopyLimits) -> bool {
        let member = self.known.get_mut(&number);
        let member = member.filter(|member| member.limits != *limits);
        member.is_some_and(|member| {
            member.limits = limits.clone();
            true
        })
    }

    /// Ends the lease of a connection. Returns the secondary.
    pub(super) fn end(&mut self, connection: ConnectionId) -> Option<SecondaryNumber> {
        let number = self.connections.remove(&connection)?;
        self.known.get_mut(&number)?.lease = None;
        Some(number)
    }

    /// Connections whose leases have run out, with their numbers.
    pub(super) fn expired(&self, now: Instant) -> Vec<ConnectionId> {
        let leases = self.known.values().filter_map(|m| m.lease.as_ref());
        let expired = leases.filter(|lease| lease.ends <= now);
        expired.map(|lease| lease.connection).collect()
    }

    pub(super) fn next_expiry(&self) -> Option<Instant> {
        self.known.values().filter_map(Member::lease_ends).min()
    }

    pub(super) fn get(&self, number: SecondaryNumber) -> Option<&Member> {
        self.known.get(&number)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (SecondaryNumber, &Member)> {
        self.known.iter().map(|(number, member)| (*number, member))
    }

    pub(super) fn connection(&self, number: SecondaryNumber) -> Option<ConnectionId> {
        Some(self.known.get(&number)?.lease.as_ref()?.connection)
    }

    /// The incarnation of a live secondary.
    pub(super) fn alive_run(&self, number: SecondaryNumber) -> Option<Incarnation> {
        let member = self.known.get(&number)?;
        member.is_alive().then_some(member.incarnation)
    }

    pub(super) fn is_any_alive(&self) -> bool {
        self.known.values().any(Member::is_alive)
    }

    /// Live secondaries with a complete inventory.
    pub(super) fn present(&self) -> NumberSet {
        let present = self.iter().filter(|(_, member)| member.is_present());
        present.map(|(number, _)| number).collect()
    }

    /// True if all live secondaries have a complete inventory and take copies of everything they should have.
    pub(super) fn are_all_known(&self) -> bool {
        let mut alive = self.known.values().filter(|member| member.is_alive());
        alive.all(|member| member.is_present() && !member.limits.some_away())
    }

    pub(super) fn by_address(&self, address: SocketAddr) -> Option<SecondaryNumber> {
        self.iter()
            .find(|(_, member)| member.address == address)
            .map(|(number, _)| number)
    }

    /// Drains a secondary. True if it was not drained before.
    pub(super) fn drain(&mut self, number: SecondaryNumber) -> bool {
        self.draining.begin(number)
    }

    /// Ends the draining of a secondary. True if it was drained.
    pub(super) fn end_draining(&mut self, number: SecondaryNumber) -> bool {
        self.draining.end(number)
    }

    pub(super) fn is_draining(&self, number: SecondaryNumber) -> bool {
        self.draining.contains(number)
    }

    /// Sorts holders by whether they should be asked.
    pub(super) fn usable(&self, holders: NumberSet) -> Usable {
        self.draining.sort(holders)
    }

    pub(super) fn draining(&self) -> NumberSet {
        self.draining.all()
    }

    /// Drained secondaries that have nothing left to send, each once. The `quiet` ones have no connection to send
    /// on, and nobody needs them.
    pub(super) fn drained(&mut self, now: Instant, quiet: NumberSet) -> Vec<SecondaryNumber> {
        let present = self.present();
        self.draining.look(now, present, quiet)
    }

    /// When the next one may have nothing left to send for good.
    pub(super) fn next_drained(&self) -> Option<Instant> {
        self.draining.next_quiet()
    }

    fn leases(&mut self) -> impl Iterator<Item = &mut Lease> {
        self.known.values_mut().filter_map(|m| m.lease.as_mut())
    }

    fn lease_of(&mut self, connection: ConnectionId) -> Option<&mut Lease> {
        let number = self.connections.get(&connection)?;
        self.known.get_mut(number)?.lease.as_mut()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn one(now: Instant) -> (Members, SecondaryNumber) {
        let mut members = Members::default();
        let number = SecondaryNumber::try_from(1).unwrap();
        let address = SocketAddr::from(([10, 0, 0, 1], 1));
        let enrolled = members.enrol(now, ConnectionId(1), number, Incarnation(1), address);
        assert!(enrolled.is_ok());
        (members, number)
    }

    #[test]
    fn leases_go_by_when_something_arrived_and_not_by_when_it_is_looked_at() {
        let start = Instant::now();
        let (mut members, _) = one(start);
        let arrived = start + HEARTBEAT;
        let hear = |members: &mut Members| {
            members.hear(|connection| (connection == ConnectionId(1)).then_some(arrived))
        };
        hear(&mut members);
        assert_eq!(members.next_expiry(), Some(arrived + LEASE));
        // Saying it again changes nothing.
        hear(&mut members);
        assert!(members.expired(arrived + LEASE).len() == 1);
        members.hear(|_| None);
        assert_eq!(members.next_expiry(), Some(arrived + LEASE));
    }

    #[test]
    fn doubts_make_a_look_sooner_and_remove_nobody_who_pauses_for_a_moment() {
        let start = Instant::now();
        let (mut members, number) = one(start);
        let mut now = start;
        // It is reported ten times a second from the moment at which it was last heard.
        let pause = 3 * HEARTBEAT - Duration::from_millis(1);
        while now <= start + pause {
            members.probe(now, number);
            assert!(members.expired(now).is_empty(), "{:?}", now - start);
            now += Duration::from_millis(100);
        }
        assert!(members.expired(start + pause).is_empty());
        assert_eq!(members.expired(start + 3 * HEARTBEAT).len(), 1);
    }

    #[test]
    fn what_was_not_read_while_this_process_stood_still_ends_no_lease() {
        let start = Instant::now();
        let (mut members, _) = one(start);
        let now = start + LEASE;
        assert!(members.allow_for_own_stop(now));
        assert!(members.expired(now).is_empty());
        assert!(!members.allow_for_own_stop(now));
        assert_eq!(members.expired(now + 2 * HEARTBEAT).len(), 1);
    }
}
