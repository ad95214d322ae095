//! Every limit of PROTOCOL.md, from both sides: what is just within it passes, what is just over it is
//! refused. Times pass on a paused clock where the node keeps its time there.
//!
//! Elsewhere: the shares of addresses (`net::permits`), what a receiver must take (`secondary::patience`), a
//! secondary's figures (`secondary::sent`), places that are lent (`cluster::admission`, `tests/nodes/turns.rs`), how long a word
//! that one waits is believed (`download::progress`), frames over their limit (`secondaries`), the name of an expelled client
//! (`engine::cluster`).

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use tokio::{io::AsyncWriteExt, time::sleep};
use trozos::{
    engine::{
        cluster::{Action, Cluster, ClusterConfig, ConnectionId, Event, Refusal},
        registry::Registry,
    },
    model::{
        ClientName, FileMeta, Incarnation, Receiver, RequestId, SecondaryNumber, SentTransfer,
        Session, Term, TransferId,
        limits::*,
        messages::{FromClient, FromReceiver, FromSecondary},
    },
    net::{ConnectError, Network, connect, listen},
    proto::{Lines, control::ToCentral},
};

use crate::support::{
    Bench,
    liar::{Announced, Liar, Lie, Peer, file_json},
    name, noise, number,
    process::{CENTRAL, Process},
    put, samples, transfer,
};

#[test]
fn values_of_messages() {
    let of = |length: usize| "x".repeat(length);
    let deep = |folders: usize| vec!["a"; folders].join("/");
    // 1024 bytes need components of at most 240.
    let long = |length: usize| {
        format!(
            "{}/{}",
            [of(239), of(239), of(239), of(239)].join("/"),
            of(length - 960)
        )
    };
    let file = |name: String| json!({"type":"download","request":1,"name":name});
    let client = |name: String| json!({"type":"enrol","name":name});
    let secondary = |number: u64| json!({"type":"hello","protocol":1,"role":"secondary","number":number,"incarnation":1});
    let with_length = |length: u64, chunk: u64| {
        let file = json!({"name":"a","length":length,"chunk":chunk,"id":"0".repeat(64)});
        json!({"type":"added","files":[file]})
    };
    let doubled = CHUNKS_BEFORE_DOUBLING * u64::from(MIN_CHUNK_BYTES);
    let least = u64::from(MIN_CHUNK_BYTES);
    let most = u64::from(MAX_CHUNK_BYTES);
    let rows: [(&str, Value, Value); 9] = [
        (
            "file name",
            file(long(MAX_NAME_BYTES)),
            file(long(MAX_NAME_BYTES + 1)),
        ),
        (
            "component",
            file(of(MAX_COMPONENT_BYTES)),
            file(of(MAX_COMPONENT_BYTES + 1)),
        ),
        (
            "components",
            file(deep(MAX_COMPONENTS)),
            file(deep(MAX_COMPONENTS + 1)),
        ),
        (
            "client name",
            client(of(MAX_CLIENT_NAME_BYTES)),
            client(of(MAX_CLIENT_NAME_BYTES + 1)),
        ),
        (
            "highest number",
            secondary(MAX_SECONDARY_NUMBER.into()),
            secondary(u64::from(MAX_SECONDARY_NUMBER) + 1),
        ),
        ("lowest number", secondary(1), secondary(0)),
        (
            "small chunks",
            with_length(doubled, least),
            with_length(doubled + 1, least),
        ),
        (
            "large chunks",
            with_length(MAX_FILE_BYTES, most),
            with_length(MAX_FILE_BYTES, 2 * most),
        ),
        (
            "length",
            with_length(MAX_FILE_BYTES, most),
            with_length(MAX_FILE_BYTES + 1, most),
        ),
    ];
    for (what, within, over) in rows {
        let parse = |message: &Value| Lines::parse::<ToCentral>(message.to_string().as_bytes());
        assert!(parse(&within).is_ok(), "{what}: {:?}", parse(&within));
        assert!(parse(&over).is_err(), "{what}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn lines() {
    let (bench, central) = Bench::start(|_| {}).await;
    for (length, expected) in [(MAX_LINE_BYTES, "hello"), (MAX_LINE_BYTES + 1, "error")] {
        let hello = json!({"type":"hello","protocol":1,"role":"client","padding":""}).to_string();
        let padding = "x".repeat(length - hello.len() - 1);
        let line = hello.replace("\"padding\":\"\"", &format!("\"padding\":\"{padding}\""));
        assert_eq!(line.len() + 1, length);
        let mut peer = Peer::connect(bench.central).await;
        peer.write
            .write_all(format!("{line}\n").as_bytes())
            .await
            .unwrap();
        let answer = peer.next().await.unwrap();
        assert_eq!(answer["type"], expected, "{answer}");
        assert!(expected == "hello" || answer["code"] == "bad-message");
    }
    central.handle.stop().await.unwrap();
}

/// A hundred places: a hundred stay, and for one more the one that was idle for longest goes.
#[tokio::test(flavor = "multi_thread")]
async fn connections() {
    const PLACES: usize = 100;
    let folder = tempfile::tempdir().unwrap();
    // Half of what is left beside 128 for files and such.
    let files = format!("--nofile={0}:{0}", 128 + 2 * PLACES);
    let args = [&files, CENTRAL, "-p0", "--ip=127.0.0.1", "--sin-consola"];
    let central = Process::start("prlimit", folder.path(), &args);
    let address = SocketAddr::from(([127, 0, 0, 1], central.port()));
    let mut clients = Vec::new();
    for n in 0..PLACES {
        clients.push(Peer::client(address, &format!("c{n}")).await);
    }
    for client in &mut clients {
        client.send(&[json!({"type":"list"})]).await;
        client.until("listing").await;
    }
    let mut newcomer = Peer::client(address, "one more").await;
    assert_eq!(clients[0].error().await, "limit-exceeded");
    clients[1].send(&[json!({"type":"list"})]).await;
    clients[1].until("listing").await;
    newcomer.send(&[json!({"type":"list"})]).await;
    newcomer.until("listing").await;
}

/// A central and a secondary that holds a file, in this task's time.
async fn one_secondary(
    bytes: &[u8],
) -> (
    Bench,
    crate::support::Central,
    crate::support::Secondary,
    FileMeta,
) {
    let (bench, central) = Bench::start(|config| config.required_secondaries = 1).await;
    put(&bench.served(1, "a.bin"), bytes);
    let secondary = bench.secondary(1).await;
    crate::support::until("the file", || async {
        let status = central.handle.status().await.ok()?;
        (status.files == 1).then_some(())
    })
    .await;
    (
        bench,
        central,
        secondary,
        Announced::of("a.bin", bytes).meta,
    )
}

/// How long it takes on the paused clock until a connection is ended, and with what.
async fn ended_after(mut peer: Peer) -> (Duration, String) {
    let began = tokio::time::Instant::now();
    let code = peer.error().await;
    (began.elapsed(), code)
}

/// Other timers move the paused clock on while sockets do their work.
fn is_about(took: Duration, limit: Duration) -> bool {
    took + Duration::from_secs(1) >= limit && took <= limit + Duration::from_secs(4)
}

#[tokio::test(start_paused = true)]
async fn silence_at_a_central() {
    // No secondary: leases are kept in another time.
    let (bench, _central) = Bench::start(|_| {}).await;
    let (took, code) = ended_after(Peer::connect(bench.central).await).await;
    assert!(
        is_about(took, HELLO_TIMEOUT) && code == "timed-out",
        "{took:?} {code}"
    );
    let (took, code) = ended_after(Peer::client(bench.central, "ana").await).await;
    assert!(
        is_about(took, CLIENT_LEASE) && code == "timed-out",
        "{took:?} {code}"
    );
    // Who gives signs of life in time may stay.
    let mut client = Peer::client(bench.central, "bea").await;
    for _ in 0..20 {
        sleep(CLIENT_LEASE / 4).await;
        client.send(&[json!({"type":"ping"})]).await;
    }
    client.send(&[json!({"type":"status"})]).await;
    client.until("status").await;
}

/// A secondary that holds a file and whose central is away, on the paused clock.
async fn lonely_secondary(bytes: &[u8]) -> (Bench, crate::support::Secondary, FileMeta) {
    let (bench, central) = Bench::start(|_| {}).await;
    central.handle.stop().await.unwrap();
    put(&bench.served(1, "a.bin"), bytes);
    let secondary = bench.secondary(1).await;
    let file = Announced::of("a.bin", bytes).meta;
    let address = secondary.handle.address();
    crate::support::until("the file", || async {
        let mut peer = Peer::connect(address).await;
        let open = json!({"type":"open","transfer":"1-0000000000000063","id":file.id.to_string(),"name":"a.bin","manifest":false});
        let hello = json!({"type":"hello","protocol":1,"role":"client","name":"x"});
        peer.send(&[hello, open]).await;
        peer.next().await?;
        (peer.next().await?["type"] == "opened").then_some(())
    })
    .await;
    (bench, secondary, file)
}

#[tokio::test(start_paused = true)]
async fn silence_and_idleness_at_a_secondary() {
    let (_bench, secondary, file) = lonely_secondary(b"something").await;
    let data = secondary.handle.address();
    let (took, code) = ended_after(Peer::connect(data).await).await;
    assert!(
        is_about(took, HELLO_TIMEOUT) && code == "timed-out",
        "{took:?} {code}"
    );
    let (took, code) = ended_after(Peer::receiver(data, transfer(1), &file).await).await;
    assert!(
        is_about(took, IDLE_TIMEOUT) && code == "timed-out",
        "{took:?} {code}"
    );
    // Who says something just in time may stay.
    let mut receiver = Peer::receiver(data, transfer(2), &file).await;
    sleep(IDLE_TIMEOUT - Duration::from_secs(1)).await;
    receiver.send(&[json!({"type":"close"})]).await;
    receiver.until("closed").await;
}

#[tokio::test(start_paused = true)]
async fn a_receiver_that_takes_nothing() {
    let (_bench, secondary, file) = lonely_secondary(&noise(3, 16 << 20)).await;
    let mut receiver = Peer::receiver(secondary.handle.address(), transfer(1), &file).await;
    let gets: Vec<_> = (0..16)
        .map(|chunk| json!({"type":"get","chunk":chunk}))
        .collect();
    receiver.send(&gets).await;
    let began = tokio::time::Instant::now();
    let sending = || async { !secondary.handle.running().await.unwrap().is_empty() };
    while sending().await {
        sleep(Duration::from_millis(100)).await;
    }
    let took = began.elapsed();
    assert!(is_about(took, SEND_STALL_TIMEOUT), "{took:?}");
    drop(receiver);
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_is_not_answered() {
    let listener = listen(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
    let address = listener.local_addr().unwrap();
    rustix::net::listen(&listener, 0).unwrap();
    // Nobody accepts: what is beyond the backlog has no answer.
    let mut waiting = Vec::new();
    let began = tokio::time::Instant::now();
    let error = loop {
        match connect(&Network::Kernel, &[address]).await {
            Ok(stream) => waiting.push(stream),
            Err(error) => break error,
        }
        assert!(waiting.len() < 10);
    };
    assert!(matches!(error, ConnectError::TimedOut(_)), "{error}");
    assert_eq!(began.elapsed().as_secs(), CONNECT_TIMEOUT.as_secs());
}

/// What is asked for at once: `secondary::requests`.
#[tokio::test(flavor = "multi_thread")]
async fn requested_chunks_that_the_file_lacks() {
    let (_bench, _central, secondary, file) = one_secondary(b"something").await;
    for (asked, expected) in [
        (MAX_QUEUED_REQUESTS, "closed"),
        (MAX_QUEUED_REQUESTS + 1, "error"),
    ] {
        let mut receiver =
            Peer::receiver(secondary.handle.address(), transfer(asked as u64), &file).await;
        let mut lines = vec![json!({"type":"get","chunk":1_000_000}); asked];
        lines.push(json!({"type":"close"}));
        receiver.send(&lines).await;
        let end = receiver.until(expected).await;
        assert!(
            expected == "closed" || end["code"] == "limit-exceeded",
            "{end}"
        );
    }
}

/// Answers that nobody takes wait up to a number; the kernel's buffers come on top.
#[tokio::test(flavor = "multi_thread")]
async fn messages_queued_for_one_peer() {
    let (bench, _central) = Bench::start(|config| config.required_secondaries = 1).await;
    let files: Vec<_> = (0..220)
        .map(|n| Announced::of(&format!("{n:0200}"), b""))
        .collect();
    let _liar = Liar::start(bench.central, files, Lie::LacksIt).await;
    let mut client = Peer::client(bench.central, "ana").await;
    crate::support::until("a full page", || async {
        let mut client = Peer::client(bench.central, "bea").await;
        client.send(&[json!({"type":"list"})]).await;
        (client.until("listing").await["more"] == true).then_some(())
    })
    .await;
    client.send(&vec![json!({"type":"list"}); MAX_OUTBOX]).await;
    for _ in 0..MAX_OUTBOX {
        client.until("listing").await;
    }
    // Pages of 48 KiB: sockets hold a few hundred at most.
    let over = MAX_OUTBOX + 1000;
    client.send(&vec![json!({"type":"list"}); over]).await;
    sleep(Duration::from_secs(1)).await;
    let mut taken = 0;
    while client.next().await.is_some() {
        taken += 1;
    }
    assert!(taken < over, "{taken}");
}

/// The cluster machine without sockets: link 0 is a secondary that holds the file `a`.
struct Machine {
    cluster: Cluster,
    now: Instant,
}

impl Machine {
    fn new(max_downloads: usize) -> Self {
        let config = ClusterConfig {
            required_secondaries: 1,
            max_downloads,
            term: Term(2),
            seed: 1,
            wall_ms: 0,
        };
        let now = Instant::now();
        let cluster = Cluster::new(now, config, Registry::default());
        let mut machine = Self { cluster, now };
        let hello = Event::SecondaryHello {
            number: number(1),
            incarnation: Incarnation(1),
            address: SocketAddr::from(([10, 0, 0, 1], 50_001)),
        };
        machine.feed(0, hello);
        let files = vec![meta("a")];
        machine.feed(0, Event::inventory(files));
        machine
    }

    /// What the machine does about an event.
    fn feed(&mut self, link: u64, event: impl Into<Event>) -> Vec<Action> {
        self.cluster
            .handle_event(self.now, ConnectionId(link), event.into());
        std::iter::from_fn(|| self.cluster.poll_action()).collect()
    }

    fn client(&mut self, link: u64) {
        let name = ClientName::try_from(format!("c{link}").as_str()).ok();
        let address = SocketAddr::from(([10, 0, 0, 2], 1));
        let session = Some(Session(link));
        let hello = Event::ClientHello {
            name,
            session,
            address,
        };
        self.feed(link, hello);
    }

    fn download(&mut self, link: u64, request: u64) -> Vec<Action> {
        let name = name("a");
        self.feed(
            link,
            FromClient::Download {
                request: RequestId(request),
                name,
            },
        )
    }
}

fn meta(file: &str) -> FileMeta {
    samples::meta(file, 3 << 20, 1)
}

/// True when one of the actions refuses something as too much.
fn is_too_many(actions: &[Action]) -> bool {
    actions.iter().any(|action| {
        let (Action::Refuse { refusal, .. } | Action::Close { refusal, .. }) = action else {
            return false;
        };
        matches!(refusal, Refusal::TooMany { .. })
    })
}

#[test]
fn downloads_of_a_client_and_of_all() {
    let mut machine = Machine::new(1);
    machine.client(1);
    let each = MAX_REQUESTS_PER_CLIENT as u64;
    for request in 0..each {
        assert!(!is_too_many(&machine.download(1, request)), "{request}");
    }
    assert!(is_too_many(&machine.download(1, each)));
    let mut link = 1;
    // One of them runs.
    let mut waiting = each - 1;
    while waiting < MAX_WAITING as u64 {
        if waiting.is_multiple_of(250) || link == 1 {
            link += 1;
            machine.client(link);
        }
        assert!(!is_too_many(&machine.download(link, waiting)), "{waiting}");
        waiting += 1;
    }
    machine.client(link + 1);
    assert!(is_too_many(&machine.download(link + 1, 1)));
}

#[test]
fn files_of_a_secondary() {
    for added_later in [false, true] {
        let mut machine = Machine::new(5);
        let mut files: Vec<_> = (0..MAX_FILES_PER_SECONDARY)
            .map(|n| meta(&n.to_string()))
            .collect();
        if !added_later {
            files.push(meta("one more"));
            let mut pages = files.chunks(50_000).map(<[_]>::to_vec).peekable();
            let mut refused = Vec::new();
            while let Some(files) = pages.next() {
                let last = pages.peek().is_none();
                refused.push(is_too_many(&machine.feed(
                    0,
                    FromSecondary::Inventory {
                        files: files.into_iter().map(Into::into).collect(),
                        last,
                        batch: None,
                    },
                )));
            }
            assert_eq!(refused, [false, false, false, false, true]);
            continue;
        }
        assert!(!is_too_many(&machine.feed(0, Event::inventory(files))));
        let reason = trozos::model::RemovedReason::Lost;
        machine.feed(0, Event::removed(vec![meta("0")], reason));
        let files = vec![meta("another")];
        assert!(!is_too_many(
            &machine.feed(0, Event::added(files, trozos::model::Origin::Written))
        ));
        let files = vec![meta("one more")];
        assert!(is_too_many(
            &machine.feed(0, Event::added(files, trozos::model::Origin::Written))
        ));
    }
}

#[test]
fn transfers_in_the_books() {
    let mut machine = Machine::new(5);
    let sent = |n| SentTransfer {
        transfer: TransferId::new(Term(1), n),
        receiver: Receiver::Client(ClientName::try_from("ana").unwrap()),
        file: name("a"),
        bytes: 1,
        chunks: 0,
        last: false,
        whole_part: None,
    };
    let most = MAX_TRANSFERS as u64;
    for (transfers, kept) in [
        (0..most - 1, most - 1),
        (most - 1..most, most),
        (most..most + 1, most),
    ] {
        let transfers = transfers.map(sent).collect();
        machine.feed(0, FromSecondary::Sent { transfers });
        assert_eq!(machine.cluster.totals().open.len() as u64, kept);
    }
}

/// Rows with figures: `engine::tables`.
#[test]
fn names_of_clients_that_have_downloaded_nothing() {
    let mut machine = Machine::new(5);
    machine.client(1);
    // It has a name already.
    for n in 1..=1500 {
        let name = ClientName::try_from(format!("n{n}").as_str()).unwrap();
        machine.feed(1, FromClient::Enrol { name });
        let names = machine.cluster.totals().clients.len();
        assert_eq!(names, 1000.min(n + 1));
    }
    // The last ones are there, and whoever downloads something stays.
    machine.download(1, 1);
    let transfer = machine.cluster.totals().open[0].transfer;
    let finished = trozos::model::Finished {
        transfer,
        outcome: trozos::model::Outcome::Complete,
        reason: None,
        sources: Vec::new(),
        peers: Default::default(),
    };
    machine.feed(1, FromReceiver::Finished(finished));
    for n in 2000..4000 {
        let name = ClientName::try_from(format!("n{n}").as_str()).unwrap();
        machine.feed(1, FromClient::Enrol { name });
    }
    let clients = machine.cluster.totals().clients;
    let there = |name: &str| clients.contains_key(&ClientName::try_from(name).unwrap());
    assert!(there("n1500") && there("n3999") && !there("n2000"));
}

#[test]
fn a_secondarys_silence() {
    let mut machine = Machine::new(5);
    let alive = |machine: &Machine| machine.cluster.status().secondaries[0].alive;
    let start = machine.now;
    for (silence, expected) in [(LEASE - Duration::from_millis(1), true), (LEASE, false)] {
        machine.now = start + silence;
        machine.cluster.handle_timeout(machine.now);
        assert_eq!(alive(&machine), expected, "{silence:?}");
    }
    let told = std::iter::from_fn(|| machine.cluster.poll_action());
    let silent = |action: Action| {
        matches!(
            action,
            Action::Close {
                refusal: Refusal::Silent,
                ..
            }
        )
    };
    assert_eq!(told.filter(|action| silent(action.clone())).count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_number_above_what_the_central_takes() {
    let (bench, _central) = Bench::start(|config| config.required_secondaries = 4).await;
    for (number, expected) in [(4, "hello"), (5, "error")] {
        let mut peer = Peer::connect(bench.central).await;
        let hello = json!({"type":"hello","protocol":1,"role":"secondary","number":number,"port":9,"incarnation":1});
        let file = file_json(&meta("a"));
        peer.send(&[
            hello,
            json!({"type":"inventory","files":[file],"last":true}),
        ])
        .await;
        let answer = peer.next().await.unwrap();
        assert_eq!(answer["type"], expected, "{answer}");
        assert!(number == 4 || answer["code"] == "number-not-allowed");
    }
    assert!(SecondaryNumber::try_from(5).is_ok());
}
