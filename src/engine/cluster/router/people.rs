//! What a person orders: how many downloads run at once, who is drained, who is sent away, what a name stands for.

use std::{
    collections::BTreeSet,
    net::IpAddr,
    time::{Duration, Instant},
};

use serde::{Deserialize, Serialize};

use super::Cluster;
use crate::{
    engine::{
        cluster::{Action, ConnectionId, Notice, Refusal, catalog::Resolved, transfers::Transfer},
        registry::{Entry, KnownOrder},
    },
    model::{
        ClientName, Conflict, FileName, OrderId, Outcome, Receiver, SecondaryNumber, TransferId,
        limits::EXPELLED_FOR, messages::ForSecondary,
    },
};

/// What became of a wish to drain a secondary, or to have it work again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Drained {
    /// It is drained from now on.
    Yes,
    /// It is not drained any more.
    No,
    /// None of this number has ever enrolled.
    NoSuchSecondary,
}

/// What became of a wish to send a client away.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Expelled {
    /// So many connections of that name ended. A client that has none, but is still being sent something, counts as
    /// one.
    Clients(u32),
    /// Nobody of that name is connected or is being sent anything.
    NoSuchClient,
}

impl Cluster {
    /// What was answered to an order of this name.
    pub fn known_order(&self, id: OrderId) -> KnownOrder<'_> {
        self.registry.answers().find(id)
    }

    /// An order of this name was done, and will be answered so.
    pub fn keep_answer(&mut self, id: OrderId, answer: String) {
        let at_ms = self.wall_ms();
        self.record(Entry::Answered { id, at_ms, answer });
        self.note();
    }

    /// How many downloads may run at once.
    pub fn max_downloads(&self) -> usize {
        self.max_downloads
    }

    /// From now on so many downloads run at once, at least one. Those that are too many then end first.
    pub fn set_max_downloads(&mut self, now: Instant, most: usize) {
        self.notice_own_stop(now);
        self.max_downloads = most.max(1);
        let (most, configured) = (self.max_downloads, self.config.max_downloads);
        if self.registry.max_downloads(configured) != most {
            self.record(Entry::MaxDownloads { most, configured });
        }
        let moved = self.places.set_slots(now, most);
        self.moved(moved);
        self.after(now);
    }

    /// A person wants a secondary to have nothing to send. This also holds for one that is away and comes back.
    pub fn drain(&mut self, now: Instant, number: SecondaryNumber) -> Drained {
        self.notice_own_stop(now);
        if self.members.get(number).is_none() {
            return Drained::NoSuchSecondary;
        }
        if self.members.drain(number) {
            self.record(Entry::Drained { number });
            self.push_sources_of(|_| true);
        }
        self.after(now);
        Drained::Yes
    }

    /// A secondary that was drained works again.
    pub fn end_draining(&mut self, now: Instant, number: SecondaryNumber) -> Drained {
        self.notice_own_stop(now);
        if self.members.get(number).is_none() {
            return Drained::NoSuchSecondary;
        }
        if self.members.end_draining(number) {
            self.record(Entry::Works { number });
            self.push_sources_of(|_| true);
        }
        self.after(now);
        Drained::No
    }

    /// Tells of drained secondaries that have had nothing to do for a while.
    pub(super) fn tell_drained(&mut self) {
        let draining = self.members.draining().iter();
        let quiet = draining.filter(|number| self.is_quiet(*number)).collect();
        for number in self.members.drained(self.last_call, quiet) {
            self.tell(Notice::Drained { number });
        }
    }

    /// True when a secondary has no connection to send on, no receiver needs it, and it copies nothing.
    fn is_quiet(&self, number: SecondaryNumber) -> bool {
        let is_busy = |running: &Transfer| {
            let usable = self.usable(&running.file, &running.receiver);
            usable.asked.contains(number) || running.receiver == Receiver::Secondary(number)
        };
        let is_open = self.books.senders().open(number) > 0;
        !is_open && !self.transfers.iter().any(|(_, running)| is_busy(running))
    }

    /// Ends all that clients of a name have, and refuses the name for [`EXPELLED_FOR`]. Secondaries are told to send
    /// nothing more in their transfers. A legacy client, which only its secondaries know by name, loses
    /// what it is being sent and is not refused afterwards. As HTTP has no names, what is asked by it from hosts of these
    /// clients is refused as well; so is a host that is named by its address.
    pub fn expel(&mut self, now: Instant, name: &str) -> Expelled {
        self.notice_own_stop(now);
        if let Ok(host) = name.parse::<IpAddr>() {
            return self.expel_host(now, host.to_canonical());
        }
        let Ok(name) = ClientName::try_from(name) else {
            return Expelled::NoSuchClient;
        };
        let connections = self.places.connections_of(&name);
        let sent = self.books.senders().open_to(&name);
        if connections.is_empty() && sent.is_empty() {
            return Expelled::NoSuchClient;
        }
        let hosts = self.places.expel(name.clone(), now + EXPELLED_FOR);
        let until_ms = self.expelled_until_ms();
        self.record(Entry::Expelled { name, until_ms });
        for host in hosts {
            self.refuse_host(now, host);
        }
        for (number, transfer) in sent {
            self.stop_sending(number, transfer);
            self.books.expel(now, transfer);
        }
        let is_here = |connection: &&ConnectionId| !self.places.is_away(**connection);
        let here = connections.iter().filter(is_here).count();
        connections
            .iter()
            .for_each(|connection| self.send_away(*connection));
        self.after(now);
        Expelled::Clients(here.max(1) as u32)
    }

    /// The same for a host that asks by HTTP.
    fn expel_host(&mut self, now: Instant, host: IpAddr) -> Expelled {
        self.places.expel_host(host, now + EXPELLED_FOR);
        self.refuse_host(now, host);
        self.after(now);
        Expelled::Clients(1)
    }

    fn refuse_host(&mut self, now: Instant, host: IpAddr) {
        let (host, until_ms) = (host.to_canonical(), self.expelled_until_ms());
        self.record(Entry::ExpelledHost { host, until_ms });
        self.end_sending_to(now, host);
    }

    fn expelled_until_ms(&self) -> u64 {
        self.wall_ms() + EXPELLED_FOR.as_millis() as u64
    }

    /// Who was sent away long enough ago is let in again.
    pub(super) fn let_in(&mut self, now: Instant) {
        let (names, hosts) = self.places.let_in(now);
        for name in names {
            self.record(Entry::LetIn { name });
        }
        for host in hosts {
            self.record(Entry::LetInHost { host });
        }
    }

    /// Secondaries send a host nothing more that it asks for without a name.
    fn end_sending_to(&mut self, now: Instant, host: IpAddr) {
        for (number, transfer) in self.books.senders().open_to_host(host) {
            self.stop_sending(number, transfer);
            self.books.expel(now, transfer);
        }
        let secondaries = self.members.iter();
        let connections = secondaries.filter_map(|(number, _)| self.members.connection(number));
        for connection in connections.collect::<Vec<_>>() {
            self.tell_expelled(connection, host, EXPELLED_FOR);
        }
    }

    fn tell_expelled(&mut self, connection: ConnectionId, host: IpAddr, left: Duration) {
        let for_ms = left.as_millis() as u64;
        let expelled = ForSecondary::Expelled { host, for_ms };
        self.actions
            .push_back(Action::ToSecondary(connection, expelled));
    }

    /// Hosts whose requests by HTTP are refused, and until when.
    pub fn expelled_hosts(&mut self, now: Instant) -> Vec<(IpAddr, Instant)> {
        self.let_in(now);
        self.note();
        self.places.expelled_hosts()
    }

    /// A secondary that comes hears who was sent away.
    pub(super) fn tell_all_expelled(&mut self, connection: ConnectionId) {
        let now = self.last_call;
        self.let_in(now);
        for (host, until) in self.places.expelled_hosts() {
            self.tell_expelled(connection, host, until - now);
        }
    }

    /// Ends a client's connection and all that it has.
    pub(super) fn send_away(&mut self, connection: ConnectionId) {
        let Some(left) = self.places.leave(self.last_call, connection) else {
            return;
        };
        if !left.was_away {
            self.close(connection, Refusal::Expelled);
        }
        let running = left.running.clone();
        for transfer in &running {
            let assigned = self.transfers.get(*transfer).map(Transfer::senders);
            let mut senders: BTreeSet<_> = assigned.into_iter().flatten().collect();
            senders.extend(self.books.involved(*transfer));
            for number in senders {
                self.stop_sending(number, *transfer);
            }
        }
        self.client_left(left);
        for transfer in running {
            self.books.expel(self.last_call, transfer);
        }
    }

    fn stop_sending(&mut self, number: SecondaryNumber, transfer: TransferId) {
        let Some(connection) = self.members.connection(number) else {
            return;
        };
        let ended = ForSecondary::Ended {
            transfer,
            outcome: Outcome::Cancelled,
            expelled: true,
        };
        let ended = Action::ToSecondary(connection, ended);
        if !self.actions.contains(&ended) {
            self.actions.push_back(ended);
        }
    }

    /// The names that stand for several contents, or whose content no secondary has any more while another has an
    /// older one, with all of their contents.
    pub fn conflicts(&self) -> Vec<Conflict> {
        self.catalog.conflicts()
    }

    /// How many names stand for several contents.
    pub fn conflict_count(&self) -> usize {
        self.catalog.conflict_count()
    }

    /// A person decides which of several contents a name stands for.
    pub fn resolve(&mut self, now: Instant, name: &FileName, choice: u16) -> Resolved {
        self.notice_own_stop(now);
        let resolved = match self.catalog.resolve(self.now(), name, choice) {
            Ok((file, changes)) => {
                let names: BTreeSet<_> = changes.iter().map(|c| c.name.clone()).collect();
                changes.into_iter().for_each(|change| self.follow(change));
                self.push_sources_of(|file| names.contains(&file.name));
                Resolved::To(file)
            }
            Err(not_resolved) => not_resolved,
        };
        self.after(now);
        resolved
    }
}
