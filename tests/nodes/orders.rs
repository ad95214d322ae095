//! What those who run a cluster look at and order, on loopback with real files: clients that are expelled,
//! secondaries that are drained, limits that change, folders that are read again, statistics.

use std::{
    fs,
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use tokio::sync::mpsc;
use trozos::{
    model::{ClientName, TransferId, Who},
    node::{
        central::{CentralEvent, Drained, Expelled, Notice, SecondaryCondition},
        client::{self, ClientError, ClientEvent, DownloadEvent, DownloadState},
        secondary::SecondaryEvent,
    },
    proto::ErrorCode,
};

use crate::support::{
    Bench, Central, Client, DEADLINE, Secondary,
    liar::{Announced, Peer},
    name, noise, number, put, statistics,
    unhindered::Unhindered,
    until,
};

const MIB: u64 = 1 << 20;

/// Secondaries that send at most so many bytes per second and all have the file, and a client.
async fn scene(
    secondaries: u64,
    length: u64,
    rate: u64,
) -> (Bench, Central, Vec<Secondary>, Client) {
    let (bench, central) = Bench::start(|config| config.required_secondaries = 1).await;
    let bytes = noise(7, length as usize);
    let mut running = Vec::new();
    for n in 1..=secondaries {
        put(&bench.served(n, "a.bin"), &bytes);
    }
    for n in 1..=secondaries {
        let mut config = bench.secondary_config(n);
        config.upload_limit_bytes_per_s = Some(rate);
        running.push(crate::support::start_secondary(config).await);
    }
    let client = bench.client("ana").await;
    client.level(1, secondaries as u16).await;
    (bench, central, running, client)
}

/// What a client has of its only download.
async fn have_bytes(client: &Client) -> u64 {
    let views = client.handle.downloads().await.unwrap();
    match &views.last().unwrap().state {
        DownloadState::Running(snapshot) => snapshot.have_bytes,
        _ => 0,
    }
}

async fn wait_for_bytes(client: &Client, bytes: u64) {
    let enough = || async { (have_bytes(client).await >= bytes).then_some(()) };
    until("so many bytes", enough).await;
}

async fn bytes_sent(secondary: &Secondary) -> u64 {
    secondary.handle.status().await.unwrap().bytes_sent
}

/// Waits for an event of the cluster.
async fn wait_for_notice(central: &mut Central, wanted: impl Fn(&Notice) -> bool) {
    let found = async {
        loop {
            if let Some(CentralEvent::Cluster(notice)) = central.events.recv().await
                && wanted(&notice)
            {
                return;
            }
        }
    };
    tokio::time::timeout(DEADLINE, found)
        .await
        .expect("never told");
}

/// A figure of a table of counters.
fn figure(counters: &Value, name: &str) -> u64 {
    counters[name].as_u64().unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_expelled_client_is_told_why_and_its_books_add_up() {
    let (bench, central, secondaries, mut client) = scene(2, 60 * MIB, 2_000_000).await;
    client.handle.download(name("a.bin")).await.unwrap();
    wait_for_bytes(&client, 3 * MIB).await;
    let clients = central.handle.clients().await.unwrap();
    assert_eq!((clients.len(), clients[0].name.as_str()), (1, "ana"));
    assert_eq!((clients[0].running, clients[0].downloads), (1, 0));
    assert!(!clients[0].legacy && clients[0].address.ip().is_loopback());
    let is_busy = || async {
        let rows = central.handle.secondaries().await.unwrap();
        let busy = rows.iter().all(|row| {
            row.state == SecondaryCondition::Up
                && row.transfers == 1
                && row.bytes_sent > 0
                && (500_000.0..4_000_000.0).contains(&row.rate_bytes_per_s)
        });
        (busy && rows.len() == 2).then_some(())
    };
    until("both send", is_busy).await;

    let nobody = central.handle.expel("eva").await;
    assert_eq!(nobody, Ok(Expelled::NoSuchClient));
    let expelled = central.handle.expel("ana").await;
    assert_eq!(expelled, Ok(Expelled::Clients(1)));
    let mut cancelled = false;
    let told = async {
        loop {
            match client.events.recv().await.unwrap() {
                ClientEvent::Expelled => return,
                ClientEvent::Download { what, .. } => {
                    cancelled |= matches!(what, DownloadEvent::Cancelled);
                }
                _ => {}
            }
        }
    };
    tokio::time::timeout(DEADLINE, told).await.unwrap();
    if !cancelled {
        assert!(matches!(client.finished().await, DownloadEvent::Cancelled));
    }
    for secondary in &secondaries {
        let idle = || async {
            let status = secondary.handle.status().await.unwrap();
            (status.sending == 0 && status.connections == 0).then_some(())
        };
        until("nothing is sent", idle).await;
    }

    // It does not come back by itself, and neither does anybody else of that name.
    let refused = |answer: Result<(), ClientError>| {
        matches!(
            answer,
            Err(ClientError::Refused {
                code: ErrorCode::Expelled,
                ..
            })
        )
    };
    assert!(refused(client.handle.list().await.map(drop)));
    assert!(refused(
        client.handle.download(name("a.bin")).await.map(drop)
    ));
    let config = client::ClientConfig {
        centrals: (bench.central.ip().to_string(), bench.central.port()).into(),
        target: bench.path("otra"),
        statistics: bench.path("stats-otra").into(),
        source_wait: DEADLINE,
        overwrite: false,
        memory: None,
        identity: None,
        patience: Default::default(),
        peering: Default::default(),
        security: Default::default(),
    };
    let (sender, _events) = mpsc::channel(1000);
    let again = client::start(config, sender).await;
    let ana = ClientName::try_from("ana").unwrap();
    assert!(refused(again.enrol(ana).await.map(drop)));
    assert!(central.handle.clients().await.unwrap().is_empty());
    again.stop().await.unwrap();

    // The books: a download that failed, and every byte that was sent accounted for.
    let settled = || async {
        let books = central.handle.statistics().await.unwrap();
        (figure(&books["clients"]["ana"], "failed") == 1).then_some(books)
    };
    let books = until("the books are closed", settled).await;
    let of_ana = &books["clients"]["ana"];
    assert_eq!(figure(of_ana, "downloads"), 0);
    let accounted = ["bytes_received", "bytes_wasted", "bytes_unconfirmed"];
    let accounted: u64 = accounted.iter().map(|name| figure(of_ana, name)).sum();
    assert_eq!(figure(of_ana, "bytes_sent"), accounted);
    let mut sent = 0;
    for secondary in &secondaries {
        let statistics = secondary.handle.statistics().await.unwrap();
        sent += figure(&statistics["totals"], "bytes_sent");
    }
    assert_eq!(figure(of_ana, "bytes_sent"), sent);
    assert_eq!(books["refused"]["expelled"], 2);
    client.handle.stop().await.unwrap();
}

/// One that does not take no for an answer is sent nothing more all the same.
#[tokio::test(flavor = "multi_thread")]
async fn secondaries_stop_sending_to_an_expelled_client_that_goes_on_asking() {
    let (bench, central, secondaries, client) = scene(1, 30 * MIB, 1_000_000).await;
    client.handle.stop().await.unwrap();
    let mut eva = Peer::client(bench.central, "eva").await;
    eva.send(&[json!({"type":"download","request":1,"name":"a.bin"})])
        .await;
    let granted = eva.until("granted").await;
    let transfer = granted["grant"]["transfer"].as_str().unwrap();
    let transfer = TransferId::try_from(transfer).unwrap();
    let file = Announced::of("a.bin", &noise(7, 30 << 20)).meta;
    let address = secondaries[0].handle.address();
    let mut receiver = Peer::receiver(address, transfer, &file).await;
    let get: Vec<_> = (0..30)
        .map(|chunk| json!({"type":"get","chunk":chunk}))
        .collect();
    receiver.send(&get).await;
    receiver.until("data").await;
    assert_eq!(central.handle.expel("eva").await, Ok(Expelled::Clients(1)));
    assert_eq!(eva.error().await, "expelled");
    let idle = || async {
        let status = secondaries[0].handle.status().await.unwrap();
        (status.sending == 0).then_some(())
    };
    until("nothing is sent", idle).await;
    // And nothing in a new connection.
    let mut again = Peer::connect(address).await;
    again
        .send(&[
            json!({"type":"hello","protocol":1,"role":"client","name":"eva"}),
            json!({"type":"open","transfer":transfer,"id":file.id.to_string(),"name":"a.bin","manifest":false}),
        ])
        .await;
    assert_eq!(again.error().await, "expelled");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_drained_ends_what_it_sends_and_the_others_carry_on() {
    let (bench, mut central, secondaries, mut client) = scene(3, 60 * MIB, 3_000_000).await;
    assert_eq!(
        central.handle.drain(number(9)).await,
        Ok(Drained::NoSuchSecondary)
    );
    client.handle.download(name("a.bin")).await.unwrap();
    wait_for_bytes(&client, 6 * MIB).await;
    let second = &secondaries[1];
    assert!(bytes_sent(second).await > 0);
    assert_eq!(central.handle.drain(number(2)).await, Ok(Drained::Yes));
    let two = number(2);
    wait_for_notice(&mut central, |n| *n == Notice::Drained { number: two }).await;
    // Told while the download runs: it has let go of the second, and does not come back to it.
    let have = have_bytes(&client).await;
    assert!((MIB..60 * MIB).contains(&have), "{have}");
    let sent = bytes_sent(second).await;
    let row = central.handle.secondaries().await.unwrap().remove(1);
    assert_eq!(
        (row.state, row.transfers),
        (SecondaryCondition::Draining, 0)
    );
    assert!(row.lease_left.is_some() && row.files == 1);
    assert!(sent < 20 * MIB, "{sent}");
    let DownloadEvent::Complete(summary) = client.finished().await else {
        panic!("not complete");
    };
    assert_eq!(fs::read(&summary.path).unwrap(), noise(7, 60 << 20));
    assert_eq!(bytes_sent(second).await, sent);
    assert!(summary.sources.iter().all(|source| source.faults.is_none()));

    // A new download goes without it, and so do copies.
    fs::remove_file(&summary.path).unwrap();
    client.handle.download(name("a.bin")).await.unwrap();
    let DownloadEvent::Complete(summary) = client.finished().await else {
        panic!("not complete");
    };
    assert!(
        summary
            .sources
            .iter()
            .all(|s| s.who != Who::Secondary(two) || s.bytes == 0)
    );
    put(&bench.served(1, "b.bin"), &noise(8, 1 << 20));
    let copied = || async { bench.served(3, "b.bin").exists().then_some(()) };
    until("a copy on the third", copied).await;
    let row = central.handle.secondaries().await.unwrap().remove(1);
    assert_eq!((row.files, row.missing), (1, 1));
    assert!(!bench.served(2, "b.bin").exists());
    assert_eq!(bytes_sent(second).await, sent);

    assert_eq!(central.handle.end_draining(two).await, Ok(Drained::No));
    client.level(2, 3).await;
    let row = central.handle.secondaries().await.unwrap().remove(1);
    assert_eq!(row.state, SecondaryCondition::Up);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_only_live_holder_serves_though_it_is_drained() {
    let (_bench, central, mut secondaries, mut client) = scene(2, 30 * MIB, 3_000_000).await;
    central.handle.drain(number(2)).await.unwrap();
    client.handle.download(name("a.bin")).await.unwrap();
    wait_for_bytes(&client, MIB).await;
    secondaries.remove(0).handle.stop().await.unwrap();
    let DownloadEvent::Complete(summary) = client.finished().await else {
        panic!("not complete");
    };
    let of_second = summary
        .sources
        .iter()
        .find(|s| s.who == Who::Secondary(number(2)));
    assert!(of_second.is_some_and(|source| source.bytes > 0));
}

/// The rate at which a secondary sends, over a few seconds from now on; and what it would be on a machine that does
/// nothing else.
async fn measure(secondary: &Secondary) -> [f64; 2] {
    let (began, before) = (Instant::now(), bytes_sent(secondary).await);
    let clock = Unhindered::start();
    let over = || async { (began.elapsed() >= Duration::from_secs(3)).then_some(()) };
    until("three seconds", over).await;
    let sent = bytes_sent(secondary).await - before;
    let rate = |time: Duration| sent as f64 / time.as_secs_f64().max(0.001);
    [rate(began.elapsed()), rate(clock.elapsed())]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_limit_that_changes_holds_at_once_for_what_runs() {
    let (_bench, _central, secondaries, mut client) = scene(1, 60 * MIB, 1_000_000).await;
    let secondary = &secondaries[0];
    client.handle.download(name("a.bin")).await.unwrap();
    wait_for_bytes(&client, MIB).await;
    for limit in [1_000_000, 4_000_000, 2_000_000] {
        secondary
            .handle
            .set_upload_limit(Some(limit))
            .await
            .unwrap();
        let [rate, unhindered] = measure(secondary).await;
        let is_kept = rate < limit as f64 * 1.1 && unhindered > limit as f64 * 0.9;
        assert!(is_kept, "{rate:.0} B/s where {limit} are allowed");
        let status = secondary.handle.status().await.unwrap();
        assert_eq!(status.upload_limit_bytes_per_s, Some(limit));
        let shown = status.rate_bytes_per_s / limit as f64;
        assert!(shown > 0.0 && shown < 1.3, "{status:?}");
    }
    let clock = Unhindered::start();
    secondary.handle.set_upload_limit(None).await.unwrap();
    assert!(matches!(
        client.finished().await,
        DownloadEvent::Complete(_)
    ));
    // 30 MB or so were left: at the last limit that is a quarter of a minute.
    assert!(clock.elapsed() < Duration::from_secs(8));
}

async fn wait_for_event(
    secondary: &mut Secondary,
    what: &str,
    wanted: impl Fn(&SecondaryEvent) -> bool,
) {
    let found = async {
        loop {
            if wanted(&secondary.events.recv().await.unwrap()) {
                return;
            }
        }
    };
    let found = tokio::time::timeout(DEADLINE, found).await;
    found.unwrap_or_else(|_| panic!("never {what}"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_that_is_read_again_shows_what_was_altered_without_a_trace() {
    let (bench, _central, mut secondaries, mut client) = scene(2, 3 * MIB, 100_000_000).await;
    let second = &mut secondaries[1];
    let is_read = |event: &SecondaryEvent| matches!(event, SecondaryEvent::FolderRead { .. });
    wait_for_event(second, "read", is_read).await;
    let path = bench.served(2, "a.bin");
    let changed = fs::metadata(&path).unwrap().modified().unwrap();
    let mut bytes = noise(7, 3 << 20);
    bytes[1_500_000] ^= 1;
    fs::write(&path, &bytes).unwrap();
    let file = fs::File::options().write(true).open(&path).unwrap();
    file.set_modified(changed).unwrap();

    second.handle.reindex().await.unwrap();
    let begins = |event: &SecondaryEvent| matches!(event, SecondaryEvent::Reindexing);
    wait_for_event(second, "read again", begins).await;
    wait_for_event(second, "read", is_read).await;
    assert!(!second.handle.status().await.unwrap().indexing);
    // It is nobody's edit: nobody is sent it, and a good copy takes its place.
    let mended = || async { (fs::read(&path).ok()? == noise(7, 3 << 20)).then_some(()) };
    until("mended", mended).await;
    client.level(1, 2).await;
    client.handle.download(name("a.bin")).await.unwrap();
    let DownloadEvent::Complete(summary) = client.finished().await else {
        panic!("not complete");
    };
    assert_eq!(fs::read(summary.path).unwrap(), noise(7, 3 << 20));
    assert!(summary.sources.iter().all(|s| s.digest_failures == 0));
    assert_eq!(
        fs::read(bench.served(2, ".trozos/retirados/a.bin")).unwrap(),
        bytes,
        "nothing of anybody's is lost"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn those_that_wait_are_shown_in_their_order() {
    let (bench, central) = Bench::start(|config| {
        config.required_secondaries = 1;
        config.max_downloads = 1;
    })
    .await;
    put(&bench.served(1, "a.bin"), &noise(1, 8 << 20));
    let mut config = bench.secondary_config(1);
    config.upload_limit_bytes_per_s = Some(100_000);
    let _secondary = crate::support::start_secondary(config).await;
    let mut clients = Vec::new();
    for who in ["ana", "bea", "eva"] {
        let client = bench.client(who).await;
        client.level(1, 1).await;
        client.handle.download(name("a.bin")).await.unwrap();
        clients.push(client);
    }
    let rows = central.handle.queue().await.unwrap();
    let shown: Vec<_> = rows
        .iter()
        .map(|row| (row.position, row.client.as_str()))
        .collect();
    assert_eq!(shown, [(1, "bea"), (2, "eva")]);
    assert!(rows[0].waited >= rows[1].waited && rows[0].file == name("a.bin"));
    // One that waits is expelled: the others move.
    assert_eq!(central.handle.expel("bea").await, Ok(Expelled::Clients(1)));
    let rows = central.handle.queue().await.unwrap();
    assert_eq!(
        (rows.len(), rows[0].position, rows[0].client.as_str()),
        (1, 1, "eva")
    );
    assert!(matches!(
        clients[1].finished().await,
        DownloadEvent::Cancelled
    ));
    for client in clients {
        client.handle.stop().await.unwrap();
    }
}

/// Without what differs by the moment.
fn without_times(mut statistics: Value) -> Value {
    for time in ["saved", "stopped"] {
        statistics.as_object_mut().unwrap().remove(time);
    }
    statistics
}

#[tokio::test(flavor = "multi_thread")]
async fn statistics_are_those_that_a_stop_saves() {
    let (bench, central, mut secondaries, mut client) = scene(2, 3 * MIB, 100_000_000).await;
    client.handle.download(name("a.bin")).await.unwrap();
    assert!(matches!(
        client.finished().await,
        DownloadEvent::Complete(_)
    ));
    client.handle.wait_idle().await.unwrap();
    client.handle.stop().await.unwrap();
    let settled = || async {
        let books = central.handle.statistics().await.unwrap();
        let open = books["open"].as_array().unwrap().is_empty();
        (open && books["totals"]["downloads"] == 1).then_some(())
    };
    until("the books are closed", settled).await;
    let second = secondaries.remove(1);
    let status = second.handle.status().await.unwrap();
    assert_eq!(
        (status.number, status.files, status.bytes),
        (number(2), 1, 3 * MIB)
    );
    assert_eq!(status.central, Some(bench.central));
    assert_eq!(status.folder, bench.path("videos2"));
    assert!(!status.indexing && (status.sending, status.copying) == (0, 0));
    let shown = second.handle.statistics().await.unwrap();
    assert!(figure(&shown["totals"], "bytes_sent") > 0);
    second.handle.stop().await.unwrap();
    let saved = statistics(&bench.path("stats/secundario2.json"));
    assert_eq!(without_times(shown), without_times(saved));

    let shown = central.handle.statistics().await.unwrap();
    central.handle.stop().await.unwrap();
    let saved = statistics(&bench.path("stats/central.json"));
    assert_eq!(without_times(shown), without_times(saved));
    let first = &secondaries[0];
    let alone = || async {
        let status = first.handle.status().await.unwrap();
        status.central.is_none().then_some(())
    };
    until("it has no central", alone).await;
}
