//! The cluster machine's state and verbs; what it does with each event is in `secondaries`, `clients` and
//! `transfers`.

use std::{
    collections::{BTreeMap, VecDeque},
    net::SocketAddr,
    time::{Duration, Instant},
};

use super::{
    Action, Event, LinkId, Notice, Refusal, Totals,
    admission::Admission,
    catalog::Catalog,
    checks::Checks,
    draining::Draining,
    ledger::Ledger,
    membership::Membership,
    naming::Numbers,
    numbers::NumberSet,
    owed::Owed,
    placement::Placement,
    running::{Speeds, Transfer},
    traffic::Traffic,
};
use crate::model::{
    ClientName, FileName, HeldFile, NameRecord, RequestId, SecondaryNumber, Session, Term,
    TransferId,
};

/// A call that comes this much later than it was due means that this process did not run.
const OWN_STOP: Duration = Duration::from_secs(1);

/// How a cluster is to be run.
#[derive(Clone, Debug)]
pub struct ClusterConfig {
    /// Secondaries that must be there, with their files known, before service begins.
    pub required_secondaries: usize,
    /// Downloads that run at once.
    pub max_downloads: usize,
    /// Service had begun in an earlier run that was killed: it goes on with one secondary.
    pub begun: bool,
    /// The reign that begins; no central of this cluster has had it before.
    pub term: Term,
    /// Decides the numbers of transfers. Nobody else may know it: whoever does knows those of transfers to come.
    pub seed: u128,
    /// The time at the start, in seconds since 1970: what is remembered of names ends some day.
    pub wall_s: u64,
}

/// The central's decisions. See [`super`] for its parts and [`crate::engine`] for its verbs.
#[derive(Debug)]
pub struct Cluster {
    pub(super) config: ClusterConfig,
    pub(super) membership: Membership,
    pub(super) catalog: Catalog,
    pub(super) placement: Placement,
    pub(super) admission: Admission,
    pub(super) ledger: Ledger,
    pub(super) transfers: BTreeMap<TransferId, Transfer>,
    pub(super) peers: BTreeMap<LinkId, Peer>,
    pub(super) owed: Owed,
    pub(super) actions: VecDeque<Action>,
    pub(super) level_told: bool,
    pub(super) speeds: Speeds,
    pub(super) traffic: Traffic,
    pub(super) checks: Checks,
    pub(super) draining: Draining,
    /// Names that are refused, and until when.
    pub(super) expelled: BTreeMap<ClientName, Instant>,
    /// When more of those who wait are told their places.
    pub(super) places_at: Option<Instant>,
    pub(super) started: Instant,
    pub(super) last_call: Instant,
}

/// Who is at the other end of a connection.
#[derive(Debug)]
pub(super) enum Peer {
    Secondary {
        number: SecondaryNumber,
        inventory: Vec<HeldFile>,
        /// How many files it has announced and not taken back.
        announced: usize,
    },
    Client(Client),
}

/// A connected client.
#[derive(Debug)]
pub(super) struct Client {
    pub(super) name: Option<ClientName>,
    pub(super) session: Option<Session>,
    pub(super) address: SocketAddr,
    pub(super) since: Instant,
    /// What it asked for and has not finished.
    pub(super) requests: BTreeMap<RequestId, Request>,
}

/// A client's request.
#[derive(Debug)]
pub(super) enum Request {
    Waiting { file: FileName, since: Instant },
    Running(TransferId),
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
            admission: Admission::new(config.max_downloads),
            ledger: Ledger::new(now, saved, Numbers::new(config.term, config.seed)),
            membership: Membership::default(),
            catalog: Catalog::restore(records, config.wall_s),
            placement: Placement::default(),
            transfers: BTreeMap::new(),
            peers: BTreeMap::new(),
            owed: Owed::default(),
            actions: VecDeque::new(),
            level_told: false,
            speeds: Speeds::default(),
            traffic: Traffic::default(),
            checks: Checks::default(),
            draining: Draining::default(),
            expelled: BTreeMap::new(),
            places_at: None,
            started: now,
            last_call: now,
            config,
        }
    }

    /// One thing that happened on a connection.
    pub fn handle_event(&mut self, now: Instant, link: LinkId, event: Event) {
        self.notice_own_stop(now);
        match event {
            Event::SecondaryHello {
                number,
                incarnation,
                address,
            } => {
                self.enrol_secondary(now, link, number, incarnation, address);
            }
            Event::ClientHello {
                name,
                session,
                address,
            } => self.client_hello(link, name, session, address),
            Event::Alive => {
                if let Some(Peer::Secondary { number, .. }) = self.peers.get(&link) {
                    self.membership.renew(now, *number, link);
                }
            }
            Event::Closed { goodbye } => self.closed(now, link, goodbye),
            Event::Receiver(message) => self.of_receiver(now, link, message),
            Event::Client(message) => self.of_client(link, message),
            Event::Secondary(message) => self.of_secondary(now, link, message),
        }
        self.after(now);
    }

    /// Leases are judged by when something of a secondary arrived: to be called before an event or a timeout, with
    /// the last such moment of each connection. What waits to be handled ends no lease, and renews none later.
    pub fn hear(&mut self, arrived: impl Fn(LinkId) -> Option<Instant>) {
        self.membership.hear(arrived);
    }

    /// This process did not run until now, for long enough that heartbeats may have come that nobody has read.
    pub fn stood_still(&mut self, now: Instant) {
        if self.membership.allow_for_own_stop(now) {
            self.ledger.renew(now);
            self.admission.renew(now);
        }
    }

    /// Time passed.
    pub fn handle_timeout(&mut self, now: Instant) {
        self.notice_own_stop(now);
        for (number, link, why) in self.membership.expired(now) {
            self.actions.push_back(Action::Close {
                link,
                refusal: Refusal::Silent,
            });
            self.peers.remove(&link);
            self.secondary_down(now, number, link, why);
        }
        self.after(now);
    }

    /// True while a connection's peer is enrolled, as a secondary or as a client.
    pub fn has_peer(&self, link: LinkId) -> bool {
        self.peers.contains_key(&link)
    }

    /// The next thing to do.
    pub fn poll_action(&mut self) -> Option<Action> {
        self.actions.pop_front()
    }

    /// When [`Self::handle_timeout`] is due.
    pub fn poll_timeout(&self) -> Option<Instant> {
        [
            self.membership.next_expiry(),
            self.placement.next_retry(self.last_call),
            self.ledger.next_deadline(),
            self.draining.next_quiet(),
            self.admission.next_lending(),
            self.places_at,
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
        self.ledger.totals()
    }

    /// Somebody without a connection of ours says that a secondary is down: it is looked at sooner, when it has been
    /// sending to such a client.
    pub fn doubt(&mut self, now: Instant, address: SocketAddr) {
        let number = self.membership.by_address(address.ip(), address.port());
        if let Some(number) = number.filter(|number| self.traffic.has_originals(*number)) {
            self.membership.probe(now, number);
        }
    }

    /// True while clients are served.
    pub fn is_ready(&self) -> bool {
        self.config.begun && !self.alive_set().is_empty()
    }

    pub(super) fn check_ready(&self) -> Result<(), Refusal> {
        let present = self.membership.inventoried_count();
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

    pub(super) fn is_level(&self) -> bool {
        self.membership
            .alive()
            .all(|(_, member)| member.inventoried && !member.limits.some_away())
            && self.placement.is_level()
            && self.catalog.conflict_count() == 0
            && self.catalog.changing_count() == 0
    }

    pub(super) fn alive_set(&self) -> NumberSet {
        let mut set = NumberSet::default();
        self.membership
            .alive()
            .filter(|(_, m)| m.inventoried)
            .for_each(|(n, _)| {
                set.insert(n);
            });
        set
    }

    pub(super) fn next_transfer(&mut self) -> TransferId {
        self.ledger.next_transfer()
    }

    /// The time of the last call, in seconds since 1970.
    pub(super) fn wall_s(&self) -> u64 {
        let since = self.last_call.saturating_duration_since(self.started);
        self.config.wall_s.saturating_add(since.as_secs())
    }

    pub(super) fn tell(&mut self, notice: Notice) {
        self.actions.push_back(Action::Notice(notice));
    }

    /// What follows from any change: copies that can start, books that can be closed, service that begins.
    pub(super) fn after(&mut self, now: Instant) {
        if !self.config.begun
            && self.membership.inventoried_count() >= self.config.required_secondaries
        {
            self.config.begun = true;
            self.tell(Notice::ServiceBegan);
        }
        self.lend_places(now);
        if !self.catalog.orphans().is_empty() {
            self.give_up_orphans();
        }
        self.start_copies(now);
        self.tell_owed();
        self.settle(now);
        self.tell_drained(now);
        self.tell_places(now);
        let level = self.is_level() && self.config.begun && !self.alive_set().is_empty();
        if level && !self.level_told {
            self.tell(Notice::Level {
                files: self.catalog.len(),
            });
        }
        self.level_told = level;
    }

    pub(super) fn notice_own_stop(&mut self, now: Instant) {
        let due = self.membership.next_expiry();
        if due.is_some_and(|due| now > due + OWN_STOP) && now > self.last_call + OWN_STOP {
            self.membership.renew_all(now);
            self.ledger.renew(now);
            self.admission.renew(now);
        }
        self.last_call = now;
    }
}
