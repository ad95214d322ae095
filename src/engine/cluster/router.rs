//! The cluster machine: its rooms, its verbs, and the paths between the rooms. Messages are handled in `secondaries`,
//! `clients` and `receivers`, by who sent them. `files` has what follows from a change of a file, `people` the orders
//! of persons, `views` what may be looked at, and `running` what runs of it.

mod clients;
mod counts;
mod files;
mod people;
mod receivers;
mod running;
mod secondaries;
mod views;

use std::{
    collections::VecDeque,
    net::SocketAddr,
    time::{Duration, Instant},
};

use super::{
    Action, ConnectionId, DownReason, Event, Notice, Parting, Refusal, Totals,
    books::{Books, naming::Numbers},
    catalog::{Catalog, Now},
    copies::Copies,
    members::Members,
    places::Places,
    policy::{self, Policy},
    transfers::Transfers,
};
use crate::{
    engine::counters::Counters,
    model::{NameRecord, Receiver, Term},
};

pub use self::{
    counts::{FileCounts, SentBy},
    people::{Drained, Expelled},
    running::Running,
    views::{
        ClientInfo, CountsVersion, Holder, ListingVersion, QueueRow, SecondaryCondition,
        SecondaryInfo,
    },
};

/// A call this much later than it was due means that this process did not run.
const OWN_STOP: Duration = Duration::from_secs(1);

/// How a cluster is to be run.
#[derive(Clone, Debug)]
pub struct ClusterConfig {
    /// Secondaries that must be there, with their files known, before service begins.
    pub required_secondaries: usize,
    /// Downloads that run at once.
    pub max_downloads: usize,
    /// Service had begun in an earlier run that was killed. It goes on with one secondary.
    pub begun: bool,
    /// The reign that begins; no central of this cluster has had it before.
    pub term: Term,
    /// Determines the numbers of transfers. It is secret: whoever knows it can predict them.
    pub seed: u128,
    /// The time at the start, in seconds since 1970. What is remembered of names expires by it.
    pub wall_s: u64,
}

/// The central's decisions. See [`super`] for its rooms and [`crate::engine`] for its verbs.
#[derive(Debug)]
pub struct Cluster {
    config: ClusterConfig,
    policy: Policy,
    members: Members,
    catalog: Catalog,
    copies: Copies,
    places: Places,
    transfers: Transfers,
    books: Books,
    actions: VecDeque<Action>,
    /// People know that all is level.
    told_level: bool,
    started: Instant,
    last_call: Instant,
}

impl Cluster {
    /// A cluster without peers, going on from an earlier run's books and from what it remembered of names.
    pub fn new(
        now: Instant,
        config: ClusterConfig,
        saved: Totals,
        records: impl IntoIterator<Item = NameRecord>,
    ) -> Self {
        Self {
            policy: policy::wanted,
            members: Members::default(),
            catalog: Catalog::restore(records, config.wall_s),
            copies: Copies::default(),
            places: Places::new(config.max_downloads),
            transfers: Transfers::default(),
            books: Books::new(now, saved, Numbers::new(config.term, config.seed)),
            actions: VecDeque::new(),
            told_level: false,
            started: now,
            last_call: now,
            config,
        }
    }

    /// Another policy than today's.
    #[cfg(test)]
    pub(super) fn set_policy(&mut self, policy: Policy) {
        self.policy = policy;
    }

    /// One thing that happened on a connection.
    pub fn handle_event(&mut self, now: Instant, connection: ConnectionId, event: Event) {
        self.notice_own_stop(now);
        match event {
            Event::SecondaryHello {
                number,
                incarnation,
                address,
            } => self.enrol_secondary(connection, number, incarnation, address),
            Event::ClientHello {
                name,
                session,
                address,
            } => self.client_hello(connection, name, session, address),
            Event::GatewayHello { name, address } => self.gateway_hello(connection, &name, address),
            Event::Alive => self.members.renew(now, connection),
            Event::Closed(parting) => self.closed(connection, parting),
            Event::Receiver(message) => self.of_receiver(connection, message),
            Event::Client(message) => self.of_client(connection, message),
            Event::Secondary(message) => self.of_secondary(connection, message),
        }
        self.after(now);
    }

    /// Tells when something last arrived on each connection. The owner calls this before each event or timeout. Leases
    /// go by arrival, so that messages which wait to be handled neither let a lease end nor renew it later.
    pub fn hear(&mut self, arrived: impl Fn(ConnectionId) -> Option<Instant>) {
        self.members.hear(arrived);
    }

    /// The same of clients. The owner calls this before each event in which a client gives its name: nobody else asks.
    pub fn hear_clients(&mut self, arrived: impl Fn(ConnectionId) -> Option<Instant>) {
        self.places.hear(arrived);
    }

    /// This process has just resumed after a stop so long that unread heartbeats may be waiting.
    pub fn stood_still(&mut self, now: Instant) {
        if self.members.allow_for_own_stop(now) {
            self.books.renew(now);
            self.places.renew(now);
        }
        self.places.hear(|_| Some(now));
    }

    /// Time passed.
    pub fn handle_timeout(&mut self, now: Instant) {
        self.notice_own_stop(now);
        for connection in self.members.expired(now) {
            self.close(connection, Refusal::Silent);
            self.secondary_down(connection, DownReason::Silent);
        }
        self.after(now);
    }

    /// True while a connection's peer is enrolled, as a secondary or as a client.
    pub fn has_peer(&self, connection: ConnectionId) -> bool {
        self.members.number(connection).is_some() || self.places.get(connection).is_some()
    }

    /// The next thing to do.
    pub fn poll_action(&mut self) -> Option<Action> {
        self.actions.pop_front()
    }

    /// When [`Self::handle_timeout`] is due.
    pub fn poll_timeout(&self) -> Option<Instant> {
        [
            self.members.next_expiry(),
            self.members.next_drained(),
            self.copies.next_retry(self.last_call),
            self.books.next_deadline(),
            self.places.next_deadline(),
        ]
        .into_iter()
        .flatten()
        .min()
    }

    /// What is to be made durable before the messages of each [`Action::Ack`] until now are acknowledged.
    pub fn take_unsaved(&mut self) -> Vec<NameRecord> {
        self.catalog.take_unsaved()
    }

    /// True when there is something to be made durable.
    pub fn has_unsaved(&self) -> bool {
        self.catalog.has_unsaved()
    }

    /// How many names something is remembered of.
    pub fn record_count(&self) -> usize {
        self.catalog.record_count()
    }

    /// All that is remembered of names.
    pub fn records(&self) -> impl Iterator<Item = NameRecord> {
        self.catalog.records()
    }

    /// The present reign.
    pub fn term(&self) -> Term {
        self.config.term
    }

    /// True once the required secondaries were there.
    pub fn has_begun(&self) -> bool {
        self.config.begun
    }

    /// The books, for the statistics.
    pub fn totals(&self) -> Totals {
        self.books.totals()
    }

    /// The figures of all downloads by clients.
    pub fn sums(&self) -> &Counters {
        self.books.sums()
    }

    /// Somebody without a connection here says that a secondary is down. It is probed if it has been sending to a
    /// legacy client.
    pub fn doubt(&mut self, now: Instant, address: SocketAddr) {
        let number = self.members.by_address(address);
        if let Some(number) = number.filter(|number| self.books.senders().has_legacy(*number)) {
            self.members.probe(now, number);
        }
    }

    /// True while clients are served.
    pub fn is_ready(&self) -> bool {
        self.check_ready().is_ok()
    }

    fn check_ready(&self) -> Result<(), Refusal> {
        let present = usize::from(self.members.present().len());
        if self.config.begun && present > 0 {
            return Ok(());
        }
        let required = if self.config.begun {
            1
        } else {
            self.config.required_secondaries
        };
        Err(Refusal::NotReady { present, required })
    }

    /// Every live secondary has what it should have, and every name has one content.
    fn is_level(&self) -> bool {
        self.members.are_all_known()
            && self.copies.are_all_made()
            && self.catalog.conflict_count() == 0
            && self.catalog.changing_count() == 0
    }

    /// What follows from any change: copies that can start, books that can be closed, service that begins.
    fn after(&mut self, now: Instant) {
        self.begin_service();
        self.lend_slots();
        if self.catalog.has_orphans() {
            self.give_up_orphans();
        }
        self.start_copies();
        self.tell_owed();
        self.close_books();
        self.tell_drained();
        for (key, position) in self.places.positions(now) {
            self.tell_position(key, position);
        }
        let level = self.is_level() && self.is_ready();
        if level && !self.told_level {
            let files = self.catalog.len();
            self.tell(Notice::Level { files });
        }
        self.told_level = level;
    }

    fn begin_service(&mut self) {
        let present = usize::from(self.members.present().len());
        if !self.config.begun && present >= self.config.required_secondaries {
            self.config.begun = true;
            self.tell(Notice::ServiceBegan);
        }
    }

    fn notice_own_stop(&mut self, now: Instant) {
        let due = self.members.next_expiry();
        if due.is_some_and(|due| now > due + OWN_STOP) && now > self.last_call + OWN_STOP {
            self.members.renew_all(now);
            self.books.renew(now);
            self.places.renew(now);
        }
        self.last_call = now;
    }

    fn closed(&mut self, connection: ConnectionId, parting: Parting) {
        let why = match parting {
            Parting::Goodbye => DownReason::Goodbye,
            Parting::Broken => DownReason::Closed,
        };
        self.secondary_down(connection, why);
        self.client_gone(connection);
    }

    /// The time of the last call, and who is there.
    fn now(&self) -> Now {
        let since = self.last_call.saturating_duration_since(self.started);
        Now {
            wall_s: self.config.wall_s.saturating_add(since.as_secs()),
            present: self.members.present(),
        }
    }

    /// Who receives on a connection.
    fn receiver_at(&self, connection: ConnectionId) -> Option<Receiver> {
        let secondary = self.members.number(connection).map(Receiver::Secondary);
        secondary.or_else(|| {
            Some(Receiver::Client(
                self.places.get(connection)?.name()?.clone(),
            ))
        })
    }

    fn tell(&mut self, notice: Notice) {
        self.actions.push_back(Action::Notice(notice));
    }

    fn close(&mut self, connection: ConnectionId, refusal: Refusal) {
        self.actions.push_back(Action::Close {
            connection,
            refusal,
        });
    }

    /// Messages on a connection that this machine has closed are ignored.
    fn wrong_role(&mut self, connection: ConnectionId) {
        if self.has_peer(connection) {
            self.close(connection, Refusal::WrongRole);
        }
    }
}
