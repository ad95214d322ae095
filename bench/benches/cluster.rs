//! The central's decisions with 1,000 clients and a small and a large catalogue: what grows with the number
//! of files shows between the two.
//! `cargo bench --bench cluster`
#![allow(clippy::unwrap_used)]

use std::{
    cell::RefCell,
    collections::VecDeque,
    net::SocketAddr,
    time::{Duration, Instant},
};

use divan::{Bencher, black_box, counter::ItemsCount};
use trozos::{
    engine::{
        cluster::{Action, Cluster, ClusterConfig, ConnectionId, Event, Parting},
        registry::{Registry, Totals},
    },
    model::{
        ChunkLayout, ClientName, Digest, FileMeta, FileName, Finished, HeldFile, Incarnation, ListedFile, Outcome,
        RequestId, SecondaryNumber, Session, Term, TransferId,
        limits::PAGE_BYTES,
        messages::{ForClient, FromClient, FromReceiver, FromSecondary},
    },
};

const FILES: [u64; 2] = [1000, 100_000];
const SECONDARIES: u64 = 4;
const CLIENTS: u64 = 1000;
const MOST_DOWNLOADS: usize = 100;
/// Files on one page of an inventory.
const PAGE_FILES: usize = 250;

fn main() {
    divan::main();
}

fn name(n: u64) -> FileName {
    FileName::try_from(format!("Series/Temporada {:03}/capítulo {n:06}.mp4", n / 100).as_str()).unwrap()
}

fn inventory(files: u64) -> Vec<FileMeta> {
    (0..files)
        .map(|n| {
            let mut id = [0; 32];
            id[..8].copy_from_slice(&n.to_le_bytes());
            FileMeta { name: name(n), layout: ChunkLayout::for_file(700 << 20).unwrap(), id: Digest::new(id) }
        })
        .collect()
}

/// Connections of secondaries are 1 to [`SECONDARIES`], those of clients come after them.
fn client(n: u64) -> ConnectionId {
    ConnectionId(SECONDARIES + 1 + n % CLIENTS)
}

struct Central {
    cluster: Cluster,
    now: Instant,
    files: u64,
    requests: u64,
    /// Granted and not over, in order.
    running: VecDeque<(ConnectionId, TransferId)>,
}

impl Central {
    /// Everybody is there, every secondary has all files, and nobody downloads.
    fn new(files: u64) -> Self {
        let now = Instant::now();
        let config = ClusterConfig {
            required_secondaries: 1,
            max_downloads: MOST_DOWNLOADS,
            term: Term(1),
            seed: 7,
            wall_ms: 0,
        };
        let mut central = Self {
            cluster: Cluster::new(now, config, Registry::import(Totals::default(), [], true, Term(0))),
            now,
            files,
            requests: 0,
            running: VecDeque::new(),
        };
        let held = inventory(files);
        for n in 1..=SECONDARIES {
            central.enrol_secondary(n, &held);
        }
        for n in 0..CLIENTS {
            let name = Some(ClientName::try_from(format!("cliente {n}").as_str()).unwrap());
            let address = SocketAddr::from(([10, 0, 1, 1], n as u16));
            let session = Some(Session(n));
            central.feed(client(n), Event::ClientHello { name, session, address });
        }
        central
    }

    /// As many downloads run as may, and all the other clients wait.
    fn busy(files: u64) -> Self {
        let mut central = Self::new(files);
        for n in 0..CLIENTS {
            central.download(client(n));
        }
        central
    }

    fn enrol_secondary(&mut self, n: u64, held: &[FileMeta]) {
        let hello = Event::SecondaryHello {
            number: SecondaryNumber::try_from(n).unwrap(),
            incarnation: Incarnation(n),
            address: SocketAddr::from(([10, 0, 0, n as u8], 50_000)),
        };
        self.feed(ConnectionId(n), hello);
        let mut pages = held.chunks(PAGE_FILES).peekable();
        while let Some(page) = pages.next() {
            let (files, last) = (page.iter().cloned().map(HeldFile::from).collect(), pages.peek().is_none());
            self.feed(ConnectionId(n), FromSecondary::Inventory { files, last, batch: None });
        }
    }

    /// One event, all that follows from it, and when to wake up: what the owner does each time.
    fn feed(&mut self, connection: ConnectionId, event: impl Into<Event>) {
        self.cluster.handle_event(self.now, connection, event.into());
        while let Some(action) = self.cluster.poll_action() {
            if let Action::ToClient(connection, ForClient::Granted { grant, .. }) = action {
                self.running.push_back((connection, grant.transfer));
            } else {
                black_box(action);
            }
        }
        black_box(self.cluster.poll_timeout());
    }

    fn download(&mut self, connection: ConnectionId) {
        self.requests += 1;
        let (request, name) = (RequestId(self.requests), name(self.requests * 7919 % self.files));
        self.feed(connection, FromClient::Download { request, name });
    }

    /// The oldest download ends; gives its client.
    fn end_oldest(&mut self) -> ConnectionId {
        let (connection, transfer) = self.running.pop_front().unwrap();
        let finished = Finished { transfer, outcome: Outcome::Cancelled, reason: None, sources: Vec::new(), peers: Default::default() };
        self.feed(connection, FromReceiver::Finished(finished));
        connection
    }

    /// One page from the middle of the catalogue, as long as a page may be.
    fn page(&self, after: &FileName) -> Vec<ListedFile> {
        let mut room = PAGE_BYTES;
        let (files, _) = self.cluster.listing(Some(after), |listed| {
            let size = serde_json::to_vec(listed).map_or(0, |json| json.len() + 1);
            let fits = size <= room;
            room = room.saturating_sub(size);
            fits
        });
        files
    }
}

/// An item is a file of the page.
#[divan::bench(args = FILES)]
fn listing_page(bencher: Bencher<'_, '_>, files: u64) {
    let central = Central::new(files);
    let middle = name(files / 2);
    bencher.counter(ItemsCount::new(central.page(&middle).len())).bench_local(|| central.page(black_box(&middle)));
}

#[divan::bench(args = FILES)]
fn status(bencher: Bencher<'_, '_>, files: u64) {
    let central = Central::new(files);
    bencher.bench_local(|| central.cluster.status());
}

#[divan::bench(args = FILES)]
fn heartbeat_of_secondary(bencher: Bencher<'_, '_>, files: u64) {
    let mut central = Central::busy(files);
    bencher.bench_local(|| central.feed(ConnectionId(1), Event::Alive));
}

#[divan::bench(args = FILES)]
fn heartbeat_of_client(bencher: Bencher<'_, '_>, files: u64) {
    let mut central = Central::busy(files);
    bencher.bench_local(|| central.feed(client(1), Event::Alive));
}

/// A secondary with nothing joins: what everybody's signs of life cost while it copies.
#[divan::bench(args = FILES)]
fn heartbeat_while_copying(bencher: Bencher<'_, '_>, files: u64) {
    let mut central = Central::new(files);
    central.enrol_secondary(SECONDARIES + 1, &[]);
    central.feed(ConnectionId(SECONDARIES + 1), Event::inventory(Vec::new()));
    bencher.bench_local(|| central.feed(ConnectionId(1), Event::Alive));
}

/// Nobody who is alive has the files that the last secondary lacks.
#[divan::bench(args = FILES)]
fn heartbeat_when_holders_are_gone(bencher: Bencher<'_, '_>, files: u64) {
    let mut central = Central::new(files);
    let other = FileMeta {
        name: FileName::try_from("otro.mp4").unwrap(),
        layout: ChunkLayout::for_file(1).unwrap(),
        id: Digest::new([1; 32]),
    };
    for n in 1..=SECONDARIES {
        central.feed(ConnectionId(n), Event::Closed(Parting::Goodbye));
    }
    let last = ConnectionId(SECONDARIES);
    central.enrol_secondary(SECONDARIES, &[other]);
    bencher.bench_local(|| central.feed(last, Event::Alive));
}

/// A request that is granted, among as many others as may run.
#[divan::bench(args = FILES, sample_count = 200, sample_size = 1)]
fn download_granted(bencher: Bencher<'_, '_>, files: u64) {
    let mut central = Central::new(files);
    for n in 0..MOST_DOWNLOADS as u64 {
        central.download(client(n));
    }
    let central = RefCell::new(central);
    bencher
        .with_inputs(|| central.borrow_mut().end_oldest())
        .bench_local_values(|connection| central.borrow_mut().download(connection));
    assert_eq!(central.into_inner().running.len(), MOST_DOWNLOADS);
}

/// A download that ends: the first of 900 that wait starts, and the others are told their places.
#[divan::bench(args = FILES, sample_count = 200, sample_size = 1)]
fn download_over(bencher: Bencher<'_, '_>, files: u64) {
    let central = RefCell::new(Central::busy(files));
    let ended = RefCell::new(None);
    bencher
        .with_inputs(|| {
            if let Some(connection) = ended.take() {
                central.borrow_mut().download(connection);
            }
        })
        .bench_local_values(|()| {
            let connection = central.borrow_mut().end_oldest();
            ended.replace(Some(connection));
        });
}

/// A request that waits behind 900 others, and that is given up.
#[divan::bench(args = FILES)]
fn download_waits_and_is_cancelled(bencher: Bencher<'_, '_>, files: u64) {
    let mut central = Central::busy(files);
    bencher.bench_local(|| {
        central.download(client(1));
        let request = RequestId(central.requests);
        central.feed(client(1), FromClient::Cancel { request });
    });
}

/// A secondary goes and returns with everything. An item is a file that it holds.
#[divan::bench(args = FILES, sample_count = 5, sample_size = 1)]
fn secondary_returns(bencher: Bencher<'_, '_>, files: u64) {
    let mut central = Central::new(files);
    let held = inventory(files);
    bencher.counter(ItemsCount::new(files)).bench_local(|| {
        let closed = Event::Closed(Parting::Broken);
        central.feed(ConnectionId(SECONDARIES), closed);
        central.enrol_secondary(SECONDARIES, &held);
    });
}

/// One timer while nothing is due.
#[divan::bench(args = FILES)]
fn timer(bencher: Bencher<'_, '_>, files: u64) {
    let mut central = Central::busy(files);
    let now = central.now + Duration::from_millis(1);
    bencher.bench_local(|| central.cluster.handle_timeout(now));
}
