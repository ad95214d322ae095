//! Downloads of one client: slots, the line, what goes on after a reconnection.

use std::time::Duration;

use super::*;
use crate::{
    engine::{
        cluster::{ClusterConfig, Event},
        registry::{Registry, Totals},
    },
    model::{
        FileMeta, Finished, Incarnation, Outcome, Session, Term, TransferId,
        limits::{CLIENT_HEARTBEAT, HEARTBEAT},
        messages::{ForReceiver, FromReceiver, FromSecondary},
    },
};

fn file() -> FileMeta {
    samples::meta("a", 5 << 20, 1)
}

/// One place, one secondary with one file, and clients on connections 2 and 3, all called ana.
struct Bench {
    now: Instant,
    cluster: Cluster,
}

impl Bench {
    fn new() -> Self {
        Self::of(Totals::default())
    }

    fn of(saved: Totals) -> Self {
        let config = ClusterConfig {
            required_secondaries: 1,
            max_downloads: 1,
            term: Term(2),
            seed: 1,
            wall_ms: 0,
        };
        let now = Instant::now();
        let cluster = Cluster::new(now, config, Registry::import(saved, [], false, Term(1)));
        let mut bench = Self { now, cluster };
        let address = SocketAddr::from(([10, 0, 0, 1], 1));
        let hello = Event::SecondaryHello {
            number: number(1),
            incarnation: Incarnation(1),
            address,
        };
        bench.feed(1, hello);
        let files = vec![file()];
        bench.feed(1, Event::inventory(files));
        for connection in [2, 3] {
            let name = Some(samples::client("ana"));
            let hello = Event::ClientHello {
                name,
                session: Some(Session(1)),
                address,
            };
            bench.feed(connection, hello);
        }
        bench
    }

    fn feed(&mut self, connection: u64, event: impl Into<Event>) -> Vec<Action> {
        self.now += Duration::from_millis(1);
        self.cluster
            .handle_event(self.now, ConnectionId(connection), event.into());
        std::iter::from_fn(|| self.cluster.poll_action()).collect()
    }

    /// Time passes, in which the secondary gives signs of life, and nobody else.
    fn pass(&mut self, time: Duration) {
        let end = self.now + time;
        while self.now < end {
            self.now += HEARTBEAT;
            self.feed(1, Event::Alive);
        }
    }

    fn download(&mut self, connection: u64, request: u64) -> Option<TransferId> {
        let name = file().name;
        let actions = self.feed(
            connection,
            FromClient::Download {
                request: own(connection, request),
                name,
            },
        );
        actions.iter().find_map(|action| match action {
            Action::ToClient(_, ForClient::Granted { grant, .. }) => Some(grant.transfer),
            _ => None,
        })
    }

    fn resume(&mut self, connection: u64, request: u64, transfer: TransferId) -> Vec<Action> {
        let resume = FromClient::Resume(Resume {
            transfer,
            request: own(connection, request),
            file: file(),
            sources: Vec::new(),
        });
        self.feed(connection, resume)
    }

    fn counts(&self) -> (u64, u64) {
        let status = self.cluster.status();
        (status.running, status.waiting)
    }
}

/// Numbers of requests are those of a session, which has several connections here.
fn own(connection: u64, request: u64) -> RequestId {
    RequestId(100 * connection + request)
}

#[test]
fn a_name_is_one_clients_and_the_next_has_a_number() {
    let mut bench = Bench::new();
    let mut name_given = |connection: u64, session: u64, wanted: &str| {
        let hello = Event::ClientHello {
            name: None,
            session: Some(Session(session)),
            address: SocketAddr::from(([10, 0, 0, 1], 1)),
        };
        bench.feed(connection, hello);
        let name = samples::client(wanted);
        let actions = bench.feed(connection, FromClient::Enrol { name });
        let given = actions.iter().find_map(|action| match action {
            Action::ToClient(_, ForClient::Enrolled { name }) => Some(name.to_string()),
            _ => None,
        });
        given.unwrap()
    };
    assert_eq!(name_given(4, 2, "ana"), "ana-2");
    assert_eq!(name_given(5, 3, "ana"), "ana-3");
    // A new connection of the second one, whose last has not been missed, by either of its names.
    assert_eq!(name_given(6, 2, "ana-2"), "ana-2");
    assert_eq!(name_given(7, 2, "ana"), "ana-2");
    assert_eq!(name_given(8, 4, "eva"), "eva");
    for connection in [2, 3] {
        bench.feed(connection, Event::Closed(Parting::Goodbye));
    }
    let name = samples::client("ana");
    let free = bench.feed(5, FromClient::Enrol { name: name.clone() });
    let enrolled = ForClient::Enrolled { name };
    assert!(free.contains(&Action::ToClient(ConnectionId(5), enrolled)));
}

#[test]
fn who_says_a_taken_name_first_of_all_is_told_another() {
    let mut bench = Bench::new();
    let hello = |name: &str| Event::ClientHello {
        name: Some(samples::client(name)),
        session: Some(Session(2)),
        address: SocketAddr::from(([10, 0, 0, 1], 1)),
    };
    let name = samples::client("ana-2");
    let enrolled = Action::ToClient(ConnectionId(4), ForClient::Enrolled { name });
    assert!(bench.feed(4, hello("ana")).contains(&enrolled));
    let told = bench.feed(5, hello("eva"));
    let is_name =
        |action: &Action| matches!(action, Action::ToClient(_, ForClient::Enrolled { .. }));
    assert!(!told.iter().any(is_name), "{told:?}");
}

#[test]
fn a_new_run_has_the_name_of_one_that_ended_unnoticed() {
    let mut bench = Bench::new();
    let hello = |session: u64, host: u8| Event::ClientHello {
        name: Some(samples::client("eva")),
        session: Some(Session(session)),
        address: SocketAddr::from(([10, 0, 0, host], 1)),
    };
    let is_other =
        |action: &Action| matches!(action, Action::ToClient(_, ForClient::Enrolled { .. }));
    let is_closed = |action: &Action| matches!(action, Action::Close { connection, .. } if *connection == ConnectionId(4));
    bench.feed(4, hello(1, 9));
    // It was heard a moment ago.
    assert!(bench.feed(5, hello(2, 9)).iter().any(is_other));
    bench.feed(5, Event::Closed(Parting::Goodbye));
    bench.pass(2 * CLIENT_HEARTBEAT + Duration::from_secs(1));
    // Another machine's may have its name for another reason.
    assert!(bench.feed(6, hello(3, 8)).iter().any(is_other));
    let actions = bench.feed(7, hello(4, 9));
    assert!(
        actions.iter().any(is_closed) && !actions.iter().any(is_other),
        "{actions:?}"
    );
    assert!(!bench.cluster.has_peer(ConnectionId(4)));
    // Whoever gave a sign of life keeps it.
    bench.pass(2 * CLIENT_HEARTBEAT + Duration::from_secs(1));
    let heard = bench.now;
    bench.cluster.hear_clients(|_| Some(heard));
    assert!(bench.feed(8, hello(5, 9)).iter().any(is_other));
    assert!(bench.cluster.has_peer(ConnectionId(7)));
}

#[test]
fn the_gateway_takes_no_slot_and_needs_none() {
    let mut bench = Bench::new();
    let gateway = Event::GatewayHello {
        name: samples::client("pasarela"),
        address: SocketAddr::from(([127, 0, 0, 1], 0)),
    };
    bench.feed(4, gateway);
    let watched = bench.download(4, 1).expect("it runs");
    // The only slot is still free, and once it is taken the gateway goes on.
    let taken = bench.download(2, 1).expect("the slot is free");
    assert!(bench.download(3, 1).is_none(), "one waits");
    assert!(bench.download(4, 2).is_some());
    // Its end moves nobody up; the other's does.
    let end = |transfer| FromReceiver::Finished(samples::finished(transfer, Outcome::Cancelled));
    let starts = |actions: &[Action]| {
        let granted =
            |action: &&Action| matches!(action, Action::ToClient(_, ForClient::Granted { .. }));
        actions.iter().filter(granted).count()
    };
    assert_eq!(starts(&bench.feed(4, end(watched))), 0);
    assert_eq!(starts(&bench.feed(2, end(taken))), 1);
}

#[test]
fn a_resumed_download_keeps_its_place_though_others_wait() {
    let mut bench = Bench::new();
    let transfer = bench.download(2, 1).unwrap();
    assert_eq!(bench.download(2, 2), None);
    assert_eq!(bench.counts(), (1, 1));
    // On a new connection, before the old one is missed.
    let actions = bench.resume(3, 1, transfer);
    let grants = |action: &Action| matches!(action, Action::ToClient(_, ForClient::Granted { .. }));
    assert!(!actions.iter().any(grants), "{actions:?}");
    assert_eq!(bench.counts(), (1, 1));
    // And again on the same.
    bench.resume(3, 1, transfer);
    assert_eq!(bench.counts(), (1, 1));
}

#[test]
fn a_download_goes_on_under_the_name_that_its_client_has_by_now() {
    let mut bench = Bench::new();
    let transfer = bench.download(2, 1).unwrap();
    let name = samples::client("eva");
    bench.feed(2, FromClient::Enrol { name: name.clone() });
    // Its old connection is not missed yet.
    let refuses = |action: &Action| matches!(action, Action::Refuse { .. });
    assert!(bench.resume(3, 1, transfer).iter().any(refuses));
    bench.feed(3, FromClient::Enrol { name: name.clone() });
    assert!(!bench.resume(3, 1, transfer).iter().any(refuses));
    bench.feed(
        3,
        FromReceiver::Finished(Finished {
            transfer,
            outcome: Outcome::Complete,
            reason: None,
            sources: Vec::new(),
            peers: Default::default(),
        }),
    );
    let totals = bench.cluster.totals();
    let downloads = |name: &str| {
        totals
            .clients
            .iter()
            .find(|(client, _)| client.as_str() == name)
            .map(|(_, counters)| counters.downloads)
    };
    assert_eq!((downloads("ana"), downloads("eva")), (Some(0), Some(1)));
}

#[test]
fn a_download_whose_books_an_earlier_run_closed_goes_on_with_a_place_and_sources() {
    let transfer = TransferId::new(Term(1), 7);
    let mut bench = Bench::of(Totals {
        closed_ids: [transfer].into(),
        ..Totals::default()
    });
    let actions = bench.resume(2, 1, transfer);
    let is_sources = |action: &Action| matches!(action, Action::ToReceiver(_, ForReceiver::Sources { sources, .. }) if sources.len() == 1);
    assert!(actions.iter().any(is_sources), "{actions:?}");
    assert_eq!(bench.counts(), (1, 0));
    // Its place is a place, and is free at its end; the books are those of the earlier run.
    assert_eq!(bench.download(3, 1), None);
    let finished = crate::model::Finished {
        transfer,
        outcome: crate::model::Outcome::Complete,
        reason: None,
        sources: Vec::new(),
        peers: Default::default(),
    };
    let actions = bench.feed(2, FromReceiver::Finished(finished));
    let is_settled = |action: &Action| matches!(action, Action::ToClient(_, ForClient::Booked { transfer: of, .. }) if *of == transfer);
    assert!(actions.iter().any(is_settled), "{actions:?}");
    let granted = |action: &Action| matches!(action, Action::ToClient(connection, ForClient::Granted { .. }) if *connection == ConnectionId(3));
    assert!(actions.iter().any(granted), "{actions:?}");
    let totals = bench.cluster.totals();
    assert_eq!((totals.totals.downloads, totals.totals.failed), (0, 0));
    assert!(totals.open.iter().all(|open| open.transfer != transfer));
}

#[test]
fn other_numbers_of_places_count_at_once_and_end_nothing() {
    let mut bench = Bench::new();
    bench.download(2, 1).unwrap();
    for (connection, request) in [(2, 2), (3, 1), (3, 2)] {
        assert_eq!(bench.download(connection, request), None);
    }
    let places = |bench: &mut Bench, most| {
        bench.cluster.set_max_downloads(bench.now, most);
        let actions: Vec<_> = std::iter::from_fn(|| bench.cluster.poll_action()).collect();
        let grants = actions.iter().filter_map(|action| match action {
            Action::ToClient(connection, ForClient::Granted { request, .. }) => {
                Some((connection.0, request.0))
            }
            _ => None,
        });
        grants.collect::<Vec<_>>()
    };
    assert_eq!(places(&mut bench, 3), [(2, 202), (3, 301)]);
    assert_eq!(bench.counts(), (3, 1));
    assert_eq!(places(&mut bench, 1), []);
    assert_eq!(bench.counts(), (3, 1));
    // None is ever no place at all.
    assert_eq!(places(&mut bench, 0), []);
}

#[test]
fn a_download_that_is_sent_nothing_lends_its_place_until_it_is_sent_something() {
    let mut bench = Bench::new();
    let idle = bench.download(2, 1).unwrap();
    assert_eq!(bench.download(3, 1), None);
    assert_eq!(bench.download(3, 2), None);
    let mut actions = Vec::new();
    for _ in 0..6 {
        bench.now += Duration::from_secs(1);
        actions.extend(bench.feed(1, Event::Alive));
    }
    let lent = |action: &Action| match action {
        Action::Notice(Notice::SlotLent { transfer, .. }) => Some(*transfer),
        _ => None,
    };
    assert_eq!(
        actions.iter().filter_map(lent).collect::<Vec<_>>(),
        [idle],
        "{actions:?}"
    );
    let grants =
        |action: &&Action| matches!(action, Action::ToClient(_, ForClient::Granted { .. }));
    assert_eq!(actions.iter().filter(grants).count(), 1);
    assert_eq!(bench.counts(), (2, 1));
    // It goes on: the one that has its place keeps it, and the next waits for both.
    let sent = |transfer, bytes| FromSecondary::Sent {
        transfers: vec![crate::model::SentTransfer {
            transfer,
            receiver: Receiver::Client(samples::client("ana")),
            file: file().name,
            bytes,
            chunks: 0,
            last: false,
            whole_part: None,
        }],
    };
    bench.feed(1, sent(idle, 1));
    let granted = actions.iter().find_map(|action| match action {
        Action::ToClient(_, ForClient::Granted { grant, .. }) => Some(grant.transfer),
        _ => None,
    });
    let finished = |transfer| {
        FromReceiver::Finished(Finished {
            transfer,
            outcome: Outcome::Complete,
            reason: None,
            sources: Vec::new(),
            peers: Default::default(),
        })
    };
    bench.feed(3, finished(granted.unwrap()));
    assert_eq!(bench.counts(), (1, 1));
    bench.feed(2, finished(idle));
    assert_eq!(bench.counts(), (1, 0));
}

#[test]
fn a_number_that_is_taken_is_not_taken_over() {
    let mut bench = Bench::new();
    let transfer = bench.download(2, 1).unwrap();
    bench.download(3, 7);
    for (connection, request) in [(3, 7), (2, 1)] {
        let other = TransferId::new(Term(1), transfer.number);
        let actions = bench.resume(connection, request, other);
        assert!(
            matches!(&actions[..], [Action::Refuse { .. }]),
            "{actions:?}"
        );
    }
    assert_eq!(bench.counts(), (1, 1));
}
