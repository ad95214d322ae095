//! What a person orders: secondaries that are drained, clients that are expelled; and what they look at.

mod abuse;
mod accounts;
mod clients;
mod hosts;
mod policy;

use std::{
    collections::BTreeSet,
    net::SocketAddr,
    time::{Duration, Instant},
};

mod limits;

use super::*;
use crate::engine::registry::Registry;
use crate::model::{
    CopyOrder, FileMeta, Grant, Incarnation, Origin, Outcome, Receiver, RemovedReason, RequestId,
    SentTransfer, Session, SourceInfo, Term, TransferId,
    limits::{EXPELLED_FOR, LEASE},
    messages::{
        ForClient, ForReceiver, ForSecondary, FromClient, FromReceiver, FromSecondary, Report,
        Resume,
    },
    samples::{self, finished, number},
};

/// Eight chunks each.
fn file(name: &str) -> FileMeta {
    samples::meta(name, 8 << 20, name.as_bytes()[0])
}

fn config(slots: usize) -> ClusterConfig {
    ClusterConfig {
        required_secondaries: 1,
        max_downloads: slots,
        term: Term(2),
        seed: 1,
        wall_ms: 0,
    }
}

/// Secondaries on the connections of their numbers, clients on those from 11 on.
struct Bench {
    now: Instant,
    cluster: Cluster,
    /// The last one that was ordered.
    last_copy: Option<TransferId>,
}

impl Bench {
    fn new(slots: usize, holds: &[(u64, &[&str])]) -> Self {
        let config = config(slots);
        let now = Instant::now();
        let cluster = Cluster::new(now, config, Registry::default());
        Self::of(now, cluster, holds)
    }

    fn of(now: Instant, cluster: Cluster, holds: &[(u64, &[&str])]) -> Self {
        let mut bench = Self {
            now,
            cluster,
            last_copy: None,
        };
        for (n, _) in holds {
            bench.hello(*n);
        }
        for (n, names) in holds {
            let files = names.iter().map(|name| file(name)).collect();
            bench.feed(*n, Event::inventory(files));
        }
        bench
    }

    fn hello(&mut self, n: u64) {
        let hello = Event::SecondaryHello {
            number: number(n),
            incarnation: Incarnation(n),
            address: SocketAddr::from(([10, 0, 0, n as u8], 1)),
        };
        self.feed(n, hello);
    }

    fn feed(&mut self, connection: u64, event: impl Into<Event>) -> Vec<Action> {
        self.now += Duration::from_millis(1);
        self.cluster
            .handle_event(self.now, ConnectionId(connection), event.into());
        self.actions()
    }

    fn actions(&mut self) -> Vec<Action> {
        let actions: Vec<_> = std::iter::from_fn(|| self.cluster.poll_action()).collect();
        for action in &actions {
            if let Action::ToSecondary(_, ForSecondary::Copy(order)) = action {
                self.last_copy = Some(order.grant.transfer);
            }
        }
        actions
    }

    /// Time passes, in heartbeats of all that are alive.
    fn pass(&mut self, time: Duration) -> Vec<Action> {
        let end = self.now + time;
        let mut actions = Vec::new();
        while self.now < end {
            self.now += Duration::from_millis(400);
            for row in self.cluster.secondaries(self.now) {
                if row.state != SecondaryCondition::Down {
                    let connection = ConnectionId(row.number.get().into());
                    self.cluster
                        .handle_event(self.now, connection, Event::Alive);
                }
            }
            self.cluster.handle_timeout(self.now);
            actions.extend(self.actions());
        }
        actions
    }

    fn client(&mut self, connection: u64, name: &str) -> Vec<Action> {
        let name = Some(samples::client(name));
        let address = SocketAddr::from(([10, 0, 1, connection as u8], 1));
        let hello = Event::ClientHello {
            name,
            session: Some(Session(connection)),
            address,
        };
        self.feed(connection, hello)
    }

    fn download(&mut self, connection: u64, request: u64, name: &str) -> Option<Grant> {
        let name = file(name).name;
        let actions = self.feed(
            connection,
            FromClient::Download {
                request: RequestId(request),
                name,
            },
        );
        actions.into_iter().find_map(|action| match action {
            Action::ToClient(_, ForClient::Granted { grant, .. }) => Some(grant),
            _ => None,
        })
    }

    fn sent(&mut self, n: u64, transfer: TransferId, client: &str, bytes: u64, last: bool) {
        let sent = SentTransfer {
            transfer,
            receiver: Receiver::Client(samples::client(client)),
            file: file("a").name,
            bytes,
            chunks: 0,
            last,
            whole_part: None,
        };
        let transfers = vec![sent];
        self.feed(n, FromSecondary::Sent { transfers });
    }

    fn drain(&mut self, n: u64) -> Vec<Action> {
        self.now += Duration::from_millis(1);
        let drained = self.cluster.drain(self.now, number(n));
        assert_eq!(drained, Drained::Yes);
        self.actions()
    }

    fn end_draining(&mut self, n: u64) -> Vec<Action> {
        self.now += Duration::from_millis(1);
        let drained = self.cluster.end_draining(self.now, number(n));
        assert_eq!(drained, Drained::No);
        self.actions()
    }

    fn conditions(&self) -> Vec<SecondaryCondition> {
        let rows = self.cluster.secondaries(self.now).into_iter();
        rows.map(|row| row.state).collect()
    }
}

fn number_of(source: &SourceInfo) -> u16 {
    source.who.secondary().expect("a secondary").get()
}

/// Who is to send how many chunks, and who is drained.
fn shares(sources: &[SourceInfo]) -> Vec<(u16, u32, bool)> {
    let chunks = |source: &SourceInfo| source.ranges.iter().map(|range| range.count).sum();
    sources
        .iter()
        .map(|source| (number_of(source), chunks(source), source.draining))
        .collect()
}

fn told(actions: &[Action]) -> Option<Vec<(u16, u32, bool)>> {
    actions.iter().rev().find_map(|action| match action {
        Action::ToReceiver(_, ForReceiver::Sources { sources, .. }) => Some(shares(sources)),
        _ => None,
    })
}

fn is_drained(actions: &[Action]) -> bool {
    let drained = |action: &Action| matches!(action, Action::Notice(Notice::Drained { .. }));
    actions.iter().any(drained)
}

#[test]
fn what_a_drained_secondary_had_to_send_is_assigned_to_the_others() {
    use SecondaryCondition::{Draining, Up};
    let mut bench = Bench::new(5, &[(1, &["a"]), (2, &["a"]), (3, &["a"])]);
    bench.client(11, "ana");
    let grant = bench.download(11, 1, "a").unwrap();
    assert_eq!(shares(&grant.sources).len(), 3);
    assert_eq!(
        bench.cluster.drain(bench.now, number(9)),
        Drained::NoSuchSecondary
    );
    let of_two = told(&bench.drain(2)).unwrap();
    assert_eq!(of_two.iter().map(|(_, chunks, _)| chunks).sum::<u32>(), 8);
    assert_eq!(of_two[2], (2, 0, true));
    assert!(
        of_two[..2]
            .iter()
            .all(|(_, chunks, draining)| *chunks > 2 && !draining)
    );
    assert_eq!(bench.conditions(), [Up, Draining, Up]);
    // Nothing new: neither downloads nor those of legacy clients.
    let grant = bench.download(11, 2, "a").unwrap();
    let numbers = |shares: Vec<(u16, u32, bool)>| shares.into_iter().map(|share| share.0);
    assert!(numbers(shares(&grant.sources)).eq([1, 3]));
    assert_eq!(bench.cluster.find(&file("a").name).unwrap().1.len(), 2);
    // It still counts as a holder.
    let (listed, _) = bench.cluster.listing(None, |_| true);
    assert_eq!((listed[0].holders, listed[0].wanted), (3, 3));
    // Taken back, it is one like the others.
    let back = told(&bench.end_draining(2)).unwrap();
    assert!(back.iter().all(|(_, _, draining)| !draining), "{back:?}");
    let grant = bench.download(11, 3, "a").unwrap();
    assert_eq!(grant.sources.len(), 3);
}

#[test]
fn nobody_loses_a_file_to_maintenance() {
    let mut bench = Bench::new(5, &[(1, &["a"]), (2, &["a", "b"]), (3, &["a"])]);
    bench.client(11, "ana");
    bench.drain(2);
    // It alone has this one.
    let grant = bench.download(11, 1, "b").unwrap();
    assert_eq!(shares(&grant.sources), [(2, 8, false)]);
    let grant = bench.download(11, 2, "a").unwrap();
    assert_eq!(grant.sources.len(), 2);
    for n in [1, 3] {
        let actions = bench.feed(n, Event::Closed(Parting::Goodbye));
        let told = actions.iter().find_map(|action| match action {
            Action::ToReceiver(_, ForReceiver::Sources { transfer, sources })
                if *transfer == grant.transfer =>
            {
                Some(shares(sources))
            }
            _ => None,
        });
        let told = told.unwrap();
        assert_eq!(told.last().unwrap().2, n == 1, "{told:?}");
    }
    assert!(!is_drained(&bench.pass(LEASE * 2)));
}

#[test]
fn a_drained_secondary_neither_gets_copies_nor_makes_what_others_can() {
    let mut bench = Bench::new(5, &[(1, &[]), (2, &[]), (3, &[])]);
    bench.drain(2);
    let copies = |actions: &[Action]| -> Vec<(u64, Vec<u16>)> {
        let copy = |action: &Action| match action {
            Action::ToSecondary(connection, ForSecondary::Copy(CopyOrder { grant, .. })) => {
                let from = grant.sources.iter().map(number_of);
                Some((connection.0, from.collect()))
            }
            _ => None,
        };
        actions.iter().filter_map(copy).collect()
    };
    let files = vec![file("a")];
    let actions = bench.feed(1, Event::added(files, Origin::Written));
    assert_eq!(copies(&actions), [(3, vec![1])]);
    // What it alone has is copied, so that it can go.
    let files = vec![file("b")];
    let actions = bench.feed(2, Event::added(files, Origin::Written));
    assert_eq!(copies(&actions), [(1, vec![2]), (3, vec![2])]);
    assert!(!bench.cluster.status().level);
    let actions = bench.end_draining(2);
    assert_eq!(copies(&actions), [(2, vec![1])]);
}

#[test]
fn a_drained_secondary_is_told_of_once_when_nothing_is_left_to_send() {
    let mut bench = Bench::new(5, &[(1, &["a"]), (2, &["a"])]);
    bench.client(11, "ana");
    let transfer = bench.download(11, 1, "a").unwrap().transfer;
    bench.sent(2, transfer, "ana", 1000, false);
    bench.drain(2);
    assert!(!is_drained(&bench.pass(LEASE * 3)));
    bench.sent(2, transfer, "ana", 2000, true);
    assert!(!is_drained(&bench.actions()));
    assert!(is_drained(&bench.pass(LEASE * 2)));
    assert!(!is_drained(&bench.pass(LEASE * 3)));
    // And again when it had to send once more.
    bench.sent(2, transfer, "ana", 3000, false);
    bench.sent(2, transfer, "ana", 4000, true);
    assert!(is_drained(&bench.pass(LEASE * 2)));
    // It goes and comes: nothing new, and it is drained still.
    bench.feed(2, Event::Closed(Parting::Goodbye));
    bench.pass(LEASE);
    bench.hello(2);
    let files = vec![file("a")];
    bench.feed(2, Event::inventory(files));
    assert!(!is_drained(&bench.pass(LEASE * 2)));
    assert_eq!(bench.conditions()[1], SecondaryCondition::Draining);
}

#[test]
fn a_drained_secondary_is_told_of_once_the_copy_that_it_makes_has_ended() {
    let mut bench = Bench::new(5, &[(1, &["a"]), (2, &[])]);
    let copy = bench.last_copy.unwrap();
    bench.drain(2);
    assert!(!is_drained(&bench.pass(LEASE * 3)));
    let ended = FromReceiver::Finished(finished(copy, Outcome::Complete));
    bench.feed(2, ended);
    let files = vec![file("a")];
    bench.feed(2, Event::added(files, Origin::Copied));
    assert!(is_drained(&bench.pass(LEASE * 2)));
}

#[test]
fn an_expelled_client_loses_all_and_its_name_for_a_while() {
    let mut bench = Bench::new(2, &[(1, &["a"]), (2, &["a"])]);
    bench.client(11, "ana");
    bench.client(12, "bea");
    let running = bench.download(11, 1, "a").unwrap().transfer;
    bench.download(12, 1, "a").unwrap();
    assert!(bench.download(11, 2, "a").is_none());
    assert!(bench.download(12, 2, "a").is_none());
    bench.sent(1, running, "ana", 1 << 20, false);
    let queue = bench.cluster.queue(bench.now);
    let rows: Vec<_> = queue
        .iter()
        .map(|row| (row.position, row.client.as_str()))
        .collect();
    assert_eq!(rows, [(1, "ana"), (2, "bea")]);
    let clients = bench.cluster.clients(bench.now);
    assert_eq!(
        (
            clients[0].name.as_str(),
            clients[0].running,
            clients[0].waiting
        ),
        ("ana", 1, 1)
    );

    assert_eq!(
        bench.cluster.expel(bench.now, "eva"),
        Expelled::NoSuchClient
    );
    assert_eq!(bench.cluster.expel(bench.now, "ana"), Expelled::Clients(1));
    let actions = bench.actions();
    let refusal = Refusal::Expelled;
    let connection = ConnectionId(11);
    assert_eq!(
        actions
            .iter()
            .filter(|a| **a
                == Action::Close {
                    connection,
                    refusal: refusal.clone()
                })
            .count(),
        1
    );
    let mut stopped: Vec<_> = actions
        .iter()
        .filter_map(|action| match action {
            Action::ToSecondary(
                connection,
                ForSecondary::Ended {
                    transfer,
                    expelled: true,
                    ..
                },
            ) if *transfer == running => Some(connection.0),
            _ => None,
        })
        .collect();
    stopped.sort_unstable();
    assert_eq!(stopped, [1, 2]);
    // Its place is another's, and so is its place in the line.
    assert!(bench.cluster.queue(bench.now).is_empty());
    assert_eq!(
        (
            bench.cluster.status().running,
            bench.cluster.status().waiting
        ),
        (2, 0)
    );
    // The books: failed, and what was sent is nobody's.
    bench.sent(1, running, "ana", 3 << 20, true);
    bench.pass(Duration::from_secs(4));
    let books = &bench.cluster.totals().clients[&samples::client("ana")];
    assert_eq!(
        (books.failed, books.bytes_sent, books.bytes_unconfirmed),
        (1, 3 << 20, 3 << 20)
    );

    // The name is refused, in whichever way it is said, and let in when its time is over.
    let is_refused = |actions: &[Action]| {
        let refused = |a: &Action| {
            matches!(
                a,
                Action::Close {
                    refusal: Refusal::Expelled,
                    ..
                }
            )
        };
        actions.iter().any(refused)
    };
    assert!(is_refused(&bench.client(13, "ana")));
    assert!(!bench.cluster.has_peer(ConnectionId(13)));
    bench.client(14, "otra");
    let name = samples::client("ana");
    assert!(is_refused(&bench.feed(14, FromClient::Enrol { name })));
    bench.pass(EXPELLED_FOR);
    assert!(!is_refused(&bench.client(15, "ana")));
    // It tells what it had got: the books are amended.
    let resume = FromClient::Resume(Resume {
        transfer: running,
        request: RequestId(1),
        file: file("a"),
        sources: Vec::new(),
    });
    bench.feed(15, resume);
    bench.feed(
        15,
        FromReceiver::Finished(finished(running, Outcome::Cancelled)),
    );
    bench.pass(Duration::from_secs(4));
    let books = &bench.cluster.totals().clients[&samples::client("ana")];
    assert_eq!(
        (books.failed, books.bytes_sent, books.bytes_wasted),
        (1, 3 << 20, 3 << 20)
    );
    let open = bench.cluster.totals().open;
    assert!(open.iter().all(|open| open.transfer != running));
}

#[test]
fn what_is_sent_to_somebody_who_is_not_connected_is_stopped_too() {
    let mut bench = Bench::new(2, &[(1, &["a"])]);
    let sent = SentTransfer {
        transfer: TransferId::new(Term(1), 77),
        receiver: Receiver::Legacy(samples::client("vieja")),
        file: file("a").name,
        bytes: 5,
        chunks: 0,
        last: false,
        whole_part: None,
    };
    let transfers = vec![sent];
    bench.feed(1, FromSecondary::Sent { transfers });
    let clients = bench.cluster.clients(bench.now);
    assert!(clients[0].legacy && clients[0].name == "vieja" && clients[0].running == 1);
    assert_eq!(
        bench.cluster.expel(bench.now, "vieja"),
        Expelled::Clients(1)
    );
    let stops = |action: &Action| {
        matches!(
            action,
            Action::ToSecondary(_, ForSecondary::Ended { expelled: true, .. })
        )
    };
    assert!(bench.actions().iter().any(stops));
}

#[test]
fn a_file_that_is_deleted_while_a_copy_of_it_ends_does_not_come_back() {
    for is_cancelled in [false, true] {
        let mut bench = Bench::new(2, &[(1, &["a"]), (2, &[])]);
        let copy = bench.last_copy.unwrap();
        let done = FromReceiver::Finished(finished(copy, Outcome::Complete));
        let gone = Event::removed(vec![file("a")], RemovedReason::Deleted);
        // The end of the copy is told before the deletion, or crosses with it.
        if is_cancelled {
            bench.feed(1, gone);
            bench.feed(2, done);
        } else {
            bench.feed(2, done);
            bench.feed(1, gone);
        }
        let files = vec![file("a")];
        let actions = bench.feed(2, Event::added(files, Origin::Copied));
        let withdraw = |action: &Action| match action {
            Action::ToSecondary(connection, ForSecondary::Withdraw { files, .. }) => {
                *connection == ConnectionId(2) && *files == [file("a")]
            }
            _ => false,
        };
        assert!(actions.iter().any(withdraw), "{actions:?}");
        assert!(bench.cluster.find(&file("a").name).is_err());
        let lost = Event::removed(vec![file("a")], RemovedReason::Lost);
        bench.feed(2, lost);
        // Somebody puts it back on purpose.
        let files = vec![file("a")];
        bench.feed(2, Event::added(files, Origin::Written));
        assert!(bench.cluster.find(&file("a").name).is_ok());
    }
}

#[test]
fn a_secondary_that_says_once_more_what_it_holds_keeps_the_copies_that_it_runs() {
    let mut bench = Bench::new(2, &[(1, &["a"]), (2, &[])]);
    assert_eq!(bench.cluster.status().copies, 1);
    let files = Vec::new();
    let actions = bench.feed(2, Event::inventory(files));
    let is_order =
        |action: &Action| matches!(action, Action::ToSecondary(_, ForSecondary::Copy(_)));
    assert!(!actions.iter().any(is_order), "{actions:?}");
    assert_eq!(bench.cluster.status().copies, 1);
    bench.feed(2, Event::Closed(Parting::Goodbye));
    assert_eq!(bench.cluster.status().copies, 0);
}

#[test]
fn a_secondary_that_enrols_as_a_client_is_closed_and_told_nothing_else() {
    let mut bench = Bench::new(2, &[(1, &["a"])]);
    let name = samples::client("ana");
    let actions = bench.feed(1, FromClient::Enrol { name });
    assert!(
        matches!(&actions[..], [Action::Close { .. }]),
        "{actions:?}"
    );
}
