//! What peers may do to the books, the line and each other: each event costs little, and whoever makes things up pays
//! for it alone.

use super::*;
use crate::engine::registry::Totals;
use crate::model::{
    Fault, Session, SourceId, Term,
    limits::{HEARTBEAT, MAX_REQUESTS_PER_CLIENT, MAX_TRANSFERS_OF_A_HOST},
    samples::received,
};

impl Bench {
    /// A client on a host that others share.
    fn client_of(&mut self, connection: u64, name: &str, host: [u8; 4]) {
        let name = Some(samples::client(name));
        let address = SocketAddr::from((host, connection as u16));
        let hello = Event::ClientHello {
            name,
            session: Some(Session(connection)),
            address,
        };
        self.feed(connection, hello);
    }

    fn resume(&mut self, connection: u64, request: u64, transfer: u64, name: &str) -> Vec<Action> {
        let resume = FromClient::Resume(Resume {
            transfer: TransferId::new(Term(1), transfer),
            request: RequestId(request),
            file: file(name),
            sources: Vec::new(),
        });
        self.feed(connection, resume)
    }
}

const HOST: [u8; 4] = [10, 0, 2, 1];

fn is_refused(actions: &[Action]) -> bool {
    let refused = |action: &Action| matches!(action, Action::Refuse { .. });
    actions.iter().any(refused)
}

#[test]
fn whoever_told_the_end_is_told_that_the_books_are_closed() {
    let mut bench = Bench::new(5, &[(1, &["a"])]);
    for connection in [11, 12] {
        bench.client(connection, "ana");
    }
    for connection in [12, 11] {
        let transfer = bench.download(connection, 1, "a").unwrap().transfer;
        let mut told = bench.feed(
            connection,
            FromReceiver::Finished(finished(transfer, Outcome::Complete)),
        );
        told.extend(bench.pass(LEASE));
        let settled = told.iter().filter_map(|action| match action {
            Action::ToClient(connection, ForClient::Booked { transfer, .. }) => {
                Some((connection.0, *transfer))
            }
            _ => None,
        });
        assert!(settled.eq([(connection, transfer)]));
    }
}

#[test]
fn reports_are_believed_from_who_receives_that_transfer_of_who_sends_in_it() {
    let mut bench = Bench::new(5, &[(1, &["a"]), (2, &["a"]), (3, &["b"])]);
    bench.client(11, "ana");
    bench.client(12, "eva");
    let transfer = bench.download(11, 1, "a").unwrap().transfer;
    let doubts = |bench: &mut Bench, connection, transfer, n| {
        bench.pass(HEARTBEAT);
        let report = FromReceiver::Report(Report {
            transfer,
            source: SourceId(n as u32),
            fault: Fault::Stalled,
            chunk: None,
        });
        let told = bench.feed(connection, report);
        let rows = bench.cluster.secondaries(bench.now);
        let left = rows.iter().find(|row| row.number == number(n));
        let is_doubted = left.unwrap().lease_left.unwrap() < LEASE - HEARTBEAT;
        assert_eq!(told.is_empty(), !is_doubted, "{told:?}");
        is_doubted
    };
    // One that does not exist, another's, and one of who does not send in it.
    assert!(!doubts(&mut bench, 12, TransferId::new(Term(1), 1), 2));
    assert!(!doubts(&mut bench, 12, transfer, 2));
    assert!(!doubts(&mut bench, 1, transfer, 2));
    assert!(!doubts(&mut bench, 11, transfer, 3));
    assert!(doubts(&mut bench, 11, transfer, 2));
}

#[test]
fn downloads_that_a_client_makes_up_cost_its_own_host() {
    let mut bench = Bench::new(5, &[(1, &["a"])]);
    bench.client_of(9, "ana", [10, 0, 3, 1]);
    let honest = bench.download(9, 1, "a").unwrap().transfer;
    let mut made_up = 1 << 50;
    for connection in 100..120 {
        bench.client_of(connection, "eve", HOST);
        for request in 0..MAX_REQUESTS_PER_CLIENT as u64 {
            made_up += 1;
            bench.resume(connection, request, made_up, &format!("made up {made_up}"));
        }
        bench.feed(connection, Event::Closed(Parting::Broken));
        let open = bench.cluster.totals().open.len();
        assert!(open <= MAX_TRANSFERS_OF_A_HOST + 1, "{open}");
    }
    // Others may go on, and who is too many may once what they left is over.
    bench.client_of(121, "bea", [10, 0, 3, 2]);
    assert!(!is_refused(&bench.resume(121, 1, 7, "a")));
    bench.client_of(122, "eve", HOST);
    assert!(is_refused(&bench.resume(122, 1, 8, "a")));
    bench.pass(Duration::from_secs(62));
    assert!(!is_refused(&bench.resume(122, 1, 8, "a")));
    let books = bench.cluster.totals();
    assert_eq!((books.files.len(), books.closed.len()), (0, 0));
    let open = books.open.iter().map(|open| open.transfer);
    assert!(
        open.eq([
            TransferId::new(Term(1), 7),
            TransferId::new(Term(1), 8),
            honest
        ]
        .into_iter()
        .collect::<BTreeSet<_>>())
    );
}

#[test]
fn downloads_that_are_begun_and_left_cost_their_own_host() {
    let mut bench = Bench::new(50, &[(1, &["a"])]);
    for connection in 100..200 {
        bench.client_of(connection, "eve", HOST);
        for request in 0..50 {
            bench.download(connection, request, "a").unwrap();
        }
        bench.feed(connection, Event::Closed(Parting::Broken));
        let open = bench.cluster.totals().open.len();
        assert!(open <= MAX_TRANSFERS_OF_A_HOST + 50, "{open}");
    }
    bench.pass(Duration::from_secs(62));
    // All are booked all the same.
    let books = bench.cluster.totals();
    assert_eq!((books.open.len(), books.totals.failed), (0, 5000));
}

#[test]
fn no_event_costs_more_than_a_few_messages() {
    let mut bench = Bench::new(1, &[(1, &["a"]), (2, &["a"])]);
    let running = 11..31;
    for connection in running.clone() {
        bench.client_of(connection, &format!("c{connection}"), HOST);
        // One more than there are places, each taken up again as after a restart.
        assert!(!is_refused(&bench.resume(connection, 1, connection, "a")));
    }
    // Taken up once more, nobody else is told of it.
    let told = bench.resume(11, 1, 11, "a");
    assert_eq!(told.len(), 1, "{told:?}");
    for request in 2..200 {
        for connection in running.clone() {
            assert!(bench.download(connection, request, "a").is_none());
        }
    }
    for connection in running {
        for request in 2..200 {
            let told = bench.feed(
                connection,
                FromClient::Cancel {
                    request: RequestId(request),
                },
            );
            assert!(told.len() <= 40, "{} messages", told.len());
        }
    }
}

#[test]
fn many_small_downloads_are_booked_once_though_secondaries_tell_them_again() {
    let mut bench = Bench::new(5, &[(1, &["a"])]);
    bench.client(11, "ana");
    let downloads = 12_000;
    let mut all = Vec::new();
    for request in 0..downloads {
        let transfer = bench.download(11, request, "a").unwrap().transfer;
        bench.sent(1, transfer, "ana", 700, true);
        let mut finished = finished(transfer, Outcome::Complete);
        finished.sources = vec![received(1, 700, 0)];
        bench.feed(11, FromReceiver::Finished(finished));
        all.push(transfer);
    }
    let books = |bench: &Bench| {
        let totals = bench.cluster.totals().totals;
        let bytes = (totals.bytes_sent, totals.bytes_received);
        (totals.downloads, totals.failed, bytes)
    };
    let expected = (downloads, 0, (700 * downloads, 700 * downloads));
    assert_eq!(books(&bench), expected);
    // On a new connection it tells all of late; so it does to another run of the central.
    for is_new_run in [false, true] {
        if is_new_run {
            let config = ClusterConfig {
                term: Term(3),
                seed: 2,
                ..config(5)
            };
            let registry = bench.cluster.registry().clone();
            bench.cluster = Cluster::new(bench.now, config, registry);
        } else {
            bench.feed(1, Event::Closed(Parting::Broken));
        }
        bench.hello(1);
        for transfer in &all {
            bench.sent(1, *transfer, "ana", 700, true);
        }
        bench.pass(Duration::from_secs(62));
        assert_eq!(books(&bench), expected, "{is_new_run}");
    }
}

#[test]
fn bytes_that_no_page_is_kept_of_are_counted() {
    let mut bench = Bench::new(5, &[(1, &["a"])]);
    // Of a transfer whose books are closed, and forgotten but for that.
    let transfer = TransferId::new(Term(1), 7);
    let totals = Totals {
        closed_ids: [transfer].into(),
        ..Totals::default()
    };
    let config = config(5);
    let registry = Registry::import(totals, [], false, Term(1));
    bench.cluster = Cluster::new(bench.now, config, registry);
    bench.hello(1);
    for (bytes, counted) in [(1000, 0), (1000, 0), (1500, 500), (1500, 500)] {
        bench.sent(1, transfer, "ana", bytes, false);
        let totals = bench.cluster.totals();
        let figures = [
            &totals.totals,
            &totals
                .secondaries
                .get(&number(1))
                .cloned()
                .unwrap_or_default(),
        ];
        for figures in figures {
            assert_eq!(
                (figures.bytes_sent, figures.bytes_unconfirmed),
                (counted, counted)
            );
        }
    }
}
