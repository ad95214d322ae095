//! The cluster machine: its rooms, its verbs, and the paths between the rooms. Messages are handled in `secondaries`,
//! `clients` and `receivers`, by who sent them. `files` has what follows from a change of a file, `people` the orders
//! of persons, `views` what may be looked at, and `running` what runs of it. `record` makes facts of what is decided.

mod accounts;
mod audit;
mod clients;
mod counts;
mod figures;
mod files;
mod listing;
mod people;
mod published;
mod receivers;
mod record;
mod returning;
mod rooms;
mod running;
mod secondaries;
mod swarmed;
mod views;

use std::{
    collections::VecDeque,
    net::SocketAddr,
    time::{Duration, Instant},
};

use super::{
    Action, ConnectionId, DownReason, Event, Notice, Parting, Refusal,
    books::{Books, naming::Numbers},
    catalog::{Catalog, Now},
    copies::Copies,
    members::Members,
    peers::Peers,
    places::Places,
    policy::{self, Policy},
    publications::Publications,
    swarms::Swarms,
    transfers::Transfers,
};
use crate::{
    engine::{
        accounts::Registrar,
        counters::Counters,
        registry::{Entry, Registry, Totals},
        rooms::Talk,
    },
    model::{Receiver, Term},
};

pub use self::{
    accounts::AccountInfo,
    counts::{FileCounts, SentBy},
    figures::Popularity,
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
    /// The reign that begins; no central of this cluster has had it before.
    pub term: Term,
    /// Determines the numbers of transfers. It is secret: whoever knows it can predict them.
    pub seed: u128,
    /// The time at the start, in milliseconds since 1970. What is remembered of names expires by it.
    pub wall_ms: u64,
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
    publications: Publications,
    peers: Peers,
    swarms: Swarms,
    books: Books,
    registrar: Registrar,
    talk: Talk,
    actions: VecDeque<Action>,
    /// All facts, and those of them that are no actions yet.
    registry: Registry,
    records: Vec<Entry>,
    /// So many actions are of events that are over.
    noted: usize,
    /// How many downloads run at once.
    max_downloads: usize,
    /// Until when those who were there before are waited for.
    grace_until: Option<Instant>,
    /// Nobody who waits begins before service is there again.
    is_holding: bool,
    /// People know that all is level.
    told_level: bool,
    started: Instant,
    last_call: Instant,
}

impl Cluster {
    /// A cluster without peers, going on from what was recorded.
    pub fn new(now: Instant, config: ClusterConfig, registry: Registry) -> Self {
        let (wall_ms, max_downloads) =
            (config.wall_ms, registry.max_downloads(config.max_downloads));
        let numbers = Numbers::new(config.term, config.seed);
        let mut cluster = Self {
            policy: policy::wanted,
            members: Members::restore(&registry),
            catalog: Catalog::restore(registry.names(), wall_ms / 1000),
            copies: Copies::default(),
            places: Places::restore(now, wall_ms, max_downloads, &registry),
            transfers: Transfers::default(),
            publications: Publications::restore(&registry),
            peers: Peers::default(),
            swarms: Swarms::new(config.seed as u64),
            books: Books::restore(now, registry.ledger(), numbers),
            registrar: Registrar::default(),
            talk: Talk::default(),
            actions: VecDeque::new(),
            registry,
            records: Vec::new(),
            noted: 0,
            max_downloads,
            grace_until: None,
            is_holding: true,
            told_level: false,
            started: now,
            last_call: now,
            config,
        };
        cluster.take_over(now);
        cluster
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
            Event::Rooms(message) => self.says_in_rooms(connection, message),
            Event::Proven(proven) => self.of_account(connection, &proven),
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
        self.noted = self.noted.saturating_sub(1);
        self.actions.pop_front()
    }

    /// When [`Self::handle_timeout`] is due.
    pub fn poll_timeout(&self) -> Option<Instant> {
        [
            self.members.next_expiry(),
            self.members.next_drained(),
            // Until the grace is over none is made.
            self.copies
                .next_retry(self.last_call)
                .filter(|_| !self.is_grace()),
            self.books.next_deadline(),
            self.places.next_deadline(),
            self.swarms.next_news(),
            self.grace_until,
            self.next_overdue(),
        ]
        .into_iter()
        .flatten()
        .min()
    }

    /// The present reign.
    pub fn term(&self) -> Term {
        self.config.term
    }

    /// True once the required secondaries were there.
    pub fn has_begun(&self) -> bool {
        self.registry.has_begun()
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
        let is_any_present = !self.members.present().is_empty();
        if self.has_begun() && is_any_present {
            return Ok(());
        }
        Err(self.not_ready())
    }

    fn not_ready(&self) -> Refusal {
        let present = usize::from(self.members.present().len());
        let required = if self.has_begun() {
            1
        } else {
            self.config.required_secondaries
        };
        Refusal::NotReady { present, required }
    }

    /// Every live secondary has what it should have, and every name has one content.
    fn is_level(&self) -> bool {
        !self.is_grace()
            && self.members.are_all_known()
            && self.copies.are_all_made()
            && self.catalog.conflict_count() == 0
            && self.catalog.changing_count() == 0
    }

    /// What follows from any change: copies that can start, books that can be closed, service that begins.
    fn after(&mut self, now: Instant) {
        self.begin_service();
        self.end_grace(now);
        self.lend_slots();
        if !self.is_grace() {
            if self.catalog.has_orphans() {
                self.give_up_orphans();
            }
            self.start_copies();
        }
        self.tell_owed();
        self.tell_rooms();
        self.close_books();
        self.tell_swarms(now);
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
        self.note();
    }

    fn begin_service(&mut self) {
        let present = usize::from(self.members.present().len());
        if !self.has_begun() && present >= self.config.required_secondaries {
            self.record(Entry::Begun);
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
        Now {
            wall_s: self.wall_ms() / 1000,
            present: self.members.present(),
        }
    }

    /// The time of the last call, in milliseconds since 1970.
    fn wall_ms(&self) -> u64 {
        let since = self.last_call.saturating_duration_since(self.started);
        let since_ms = u64::try_from(since.as_millis()).unwrap_or(u64::MAX);
        self.config.wall_ms.saturating_add(since_ms)
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
