//! What a client can do with its downloads, in a cluster on loopback: pause, prefer, verify, read while they come.

use std::{path::Path, time::Duration};

use bytes::Bytes;
use tokio::sync::mpsc;
use trozos::{
    engine::download::{Notice, Snapshot},
    model::{ClientName, ReceivedFrom},
    node::{
        Failure,
        client::{
            ClientError, ClientEvent, DownloadAnswer, DownloadEvent, DownloadNumber, DownloadState,
            Priority, Summary,
        },
    },
};

use crate::support::{Bench, Central, Client, DEADLINE, Secondary, name, noise, put, statistics};

const MIB: usize = 1 << 20;

/// Three secondaries that hold the same files from the start, and send so many bytes per second each.
async fn cluster(
    files: &[(&str, &[u8])],
    rate_bytes_per_s: u64,
) -> (Bench, Central, Vec<Secondary>) {
    let (bench, central) = Bench::start(|_| {}).await;
    let mut secondaries = Vec::new();
    for n in 1..=3 {
        for (file, bytes) in files {
            put(&bench.served(n, file), bytes);
        }
        secondaries.push(start(&bench, n, rate_bytes_per_s).await);
    }
    (bench, central, secondaries)
}

async fn start(bench: &Bench, n: u64, rate_bytes_per_s: u64) -> Secondary {
    let mut config = bench.secondary_config(n);
    config.upload_limit_bytes_per_s = Some(rate_bytes_per_s);
    crate::support::start_secondary(config).await
}

/// A secondary whose every task and connection ends when it is dropped, as if its process were killed.
struct Mortal {
    runtime: Option<tokio::runtime::Runtime>,
    _secondary: Secondary,
}

impl Mortal {
    async fn start(bench: &Bench, n: u64, rate_bytes_per_s: u64) -> Self {
        let mut threads = tokio::runtime::Builder::new_multi_thread();
        let runtime = threads.worker_threads(1).enable_all().build().unwrap();
        let mut config = bench.secondary_config(n);
        config.upload_limit_bytes_per_s = Some(rate_bytes_per_s);
        let secondary = runtime.spawn(crate::support::start_secondary(config));
        Self {
            _secondary: secondary.await.unwrap(),
            runtime: Some(runtime),
        }
    }
}

impl Drop for Mortal {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// Waits for an event of a download.
async fn event<T>(
    client: &mut Client,
    what: &str,
    mut wanted: impl FnMut(DownloadNumber, &DownloadEvent) -> Option<T>,
) -> T {
    loop {
        let event = tokio::time::timeout(DEADLINE, client.events.recv()).await;
        let event = event.unwrap_or_else(|_| panic!("never {what}")).unwrap();
        if let ClientEvent::Download { number, what, .. } = event
            && let Some(found) = wanted(number, &what)
        {
            return found;
        }
    }
}

async fn paused(client: &mut Client) {
    event(client, "paused", |_, event| {
        matches!(event, DownloadEvent::Paused).then_some(())
    })
    .await;
}

/// Waits for the end of a download, which must be complete.
async fn complete(client: &mut Client) -> Summary {
    match client.finished().await {
        DownloadEvent::Complete(summary) => summary,
        other => panic!("{other:?}"),
    }
}

async fn state(client: &Client, number: DownloadNumber) -> DownloadState {
    let views = client.handle.downloads().await.unwrap();
    let view = views.into_iter().find(|view| view.number == number);
    view.unwrap().state
}

/// Waits until a download has so many chunks.
async fn has_chunks(client: &Client, number: DownloadNumber, chunks: u32) -> Snapshot {
    crate::support::until("chunks", || async {
        match state(client, number).await {
            DownloadState::Running(snapshot) if snapshot.have_chunks >= chunks => Some(*snapshot),
            _ => None,
        }
    })
    .await
}

async fn found(client: &Client, file: &str) -> DownloadNumber {
    match client.handle.download(name(file)).await.unwrap() {
        DownloadAnswer::Found(number) => number,
        other => panic!("{other:?}"),
    }
}

fn chunks(sources: &[ReceivedFrom]) -> u64 {
    sources.iter().map(|source| source.chunks).sum()
}

/// Bytes sent = bytes received + bytes wasted, the same at all nodes.
fn check_books(bench: &Bench, received_bytes: u64) {
    let central = statistics(&bench.path("stats/central.json"))["totals"].clone();
    let client = statistics(&bench.path("stats/cliente-ana.json"))["totals"].clone();
    let number = |value: &serde_json::Value, key: &str| value[key].as_u64().unwrap();
    let sent: u64 = (1..=3)
        .map(|n| {
            let path = bench.path(&format!("stats/secundario{n}.json"));
            number(&statistics(&path)["totals"], "bytes_sent")
        })
        .sum();
    for books in [&central, &client] {
        assert_eq!(number(books, "bytes_received"), received_bytes, "{books}");
        assert_eq!(number(books, "bytes_sent"), sent, "{books}");
        let wasted = number(books, "bytes_wasted");
        assert_eq!(sent, received_bytes + wasted, "{books}");
    }
}

async fn stop(central: Central, secondaries: Vec<Secondary>) {
    for secondary in secondaries {
        secondary.handle.stop().await.unwrap();
    }
    central.handle.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_paused_download_gives_its_place_up_and_goes_on_with_what_it_has() {
    let bytes = noise(1, 30 * MIB + 17);
    let (bench, central, secondaries) = cluster(&[("a.bin", &bytes)], 4_000_000).await;
    let mut client = bench.client("ana").await;
    client.level(1, 3).await;
    let download = found(&client, "a.bin").await;
    for round in 1..=2 {
        let snapshot = has_chunks(&client, download, 7 * round).await;
        assert!(snapshot.average_bytes_per_s > 0.0 && snapshot.elapsed > Duration::ZERO);
        assert_eq!(client.handle.pause(download).await, Ok(true));
        paused(&mut client).await;
        assert!(matches!(
            state(&client, download).await,
            DownloadState::Paused
        ));
        assert_eq!(client.handle.pause(download).await, Ok(false));
        // A pipe does not wait for it, and is told.
        let tally = client.handle.wait_idle().await.unwrap();
        assert!(tally.paused == 1 && !tally.all_well(), "{tally:?}");
        crate::support::until("a free place", || async {
            let status = central.handle.status().await.ok()?;
            (status.running + status.waiting == 0).then_some(())
        })
        .await;
        let map = client.handle.detail(download).await.unwrap().unwrap();
        let have: u32 = map.cells.iter().map(|cell| cell.have).sum();
        assert!(have >= 7 * round && map.chunk_count == 31, "{have}");
        assert!(map.cells.iter().all(|cell| cell.in_flight.is_none()));
        // Both ways to let it go on.
        let answer = if round == 1 {
            client.handle.download(name("a.bin")).await
        } else {
            client.handle.resume(download).await
        };
        assert_eq!(answer, Ok(DownloadAnswer::Found(download)));
        let resumed = event(&mut client, "resumed", |_, event| match event {
            DownloadEvent::Resumed { bytes } => Some(*bytes),
            _ => None,
        });
        // One that was being written then may be there as well.
        assert!(resumed.await / MIB as u64 >= u64::from(have));
    }
    let again = client.handle.resume(download).await;
    assert_eq!(again, Err(ClientError::AlreadyRunning(download)));
    let summary = complete(&mut client).await;
    assert_eq!(std::fs::read(&summary.path).unwrap(), bytes);
    // Every byte came once, over all three runs, unless its run did not wait for it.
    let whole = bytes.len() as u64;
    assert!(summary.resumed_bytes <= 6 * MIB as u64, "{summary:?}");
    assert_eq!(summary.received_bytes() + summary.resumed_bytes, whole);
    let shares: f64 = summary.shares().iter().map(|(_, share)| share).sum();
    assert!((shares - 1.0).abs() < 1e-9);
    let map = client.handle.detail(download).await.unwrap().unwrap();
    assert!(map.cells.iter().all(|cell| cell.have == 1));
    let over = client.handle.resume(download).await;
    assert_eq!(over, Err(ClientError::NoSuchDownload(download)));
    let tally = client.handle.wait_idle().await.unwrap();
    assert!(tally.all_well() && tally.complete == 1, "{tally:?}");
    client.handle.stop().await.unwrap();
    stop(central, secondaries).await;
    check_books(&bench, summary.received_bytes());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_paused_is_kept_when_it_is_cancelled_and_when_the_client_stops() {
    let bytes = noise(2, 20 * MIB);
    let (bench, _central, _secondaries) = cluster(&[("a.bin", &bytes)], 3_000_000).await;
    let mut client = bench.client("ana").await;
    client.level(1, 3).await;
    let first = found(&client, "a.bin").await;
    has_chunks(&client, first, 3).await;
    assert_eq!(client.handle.pause(first).await, Ok(true));
    paused(&mut client).await;
    assert_eq!(client.handle.cancel(first).await, Ok(true));
    assert!(matches!(client.finished().await, DownloadEvent::Cancelled));
    assert_eq!(client.handle.cancel(first).await, Ok(false));
    let second = found(&client, "a.bin").await;
    assert_ne!(first, second);
    has_chunks(&client, second, 6).await;
    assert_eq!(client.handle.pause(second).await, Ok(true));
    // It has not stopped yet, perhaps.
    client.handle.stop().await.unwrap();
    assert!(client.target.join("a.bin.part").exists());
    let mut client = bench.client("ana").await;
    found(&client, "a.bin").await;
    let resumed = event(&mut client, "resumed", |_, event| match event {
        DownloadEvent::Resumed { bytes } => Some(*bytes),
        _ => None,
    });
    assert!(resumed.await >= 6 * MIB as u64);
    let summary = complete(&mut client).await;
    assert_eq!(std::fs::read(&summary.path).unwrap(), bytes);
    assert!(summary.resumed_bytes >= 6 * MIB as u64);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_of_a_higher_priority_holds_the_others_until_it_has_ended() {
    let bytes = noise(3, 24 * MIB);
    let small = noise(4, 8 * MIB);
    let files = [("a.bin", &bytes[..]), ("b.bin", &small), ("c.bin", &small)];
    let (bench, central, secondaries) = cluster(&files, 3_000_000).await;
    let mut client = bench.client("ana").await;
    client.level(3, 3).await;
    let a = found(&client, "a.bin").await;
    has_chunks(&client, a, 2).await;
    let b = found(&client, "b.bin").await;
    assert_eq!(
        client.handle.set_priority(b, Priority::High).await,
        Ok(true)
    );
    let held = |number| {
        move |of: DownloadNumber, event: &DownloadEvent| {
            (of == number && matches!(event, DownloadEvent::Held)).then_some(())
        }
    };
    event(&mut client, "held", held(a)).await;
    assert!(matches!(state(&client, a).await, DownloadState::Held));
    // One that is asked for meanwhile waits as well.
    let c = found(&client, "c.bin").await;
    event(&mut client, "held", held(c)).await;
    let views = client.handle.downloads().await.unwrap();
    let priorities: Vec<_> = views.iter().map(|view| view.priority).collect();
    assert_eq!(
        priorities,
        [Priority::Normal, Priority::High, Priority::Normal]
    );
    let mut order = Vec::new();
    let mut received_bytes = 0;
    while order.len() < 5 {
        let next = event(&mut client, "an end", |number, event| match event {
            DownloadEvent::Complete(summary) => {
                received_bytes += summary.received_bytes();
                Some((number, "complete"))
            }
            DownloadEvent::Started { .. } => Some((number, "started")),
            DownloadEvent::Failed { .. } | DownloadEvent::Cancelled => Some((number, "lost")),
            _ => None,
        });
        order.push(next.await);
    }
    assert_eq!(order[0], (b, "complete"), "{order:?}");
    for number in [a, c] {
        assert!(order.contains(&(number, "started")), "{order:?}");
        assert!(order.contains(&(number, "complete")), "{order:?}");
    }
    assert_eq!(std::fs::read(client.target.join("a.bin")).unwrap(), bytes);
    let tally = client.handle.wait_idle().await.unwrap();
    assert!(tally.all_well() && tally.complete == 3, "{tally:?}");
    client.handle.stop().await.unwrap();
    stop(central, secondaries).await;
    check_books(&bench, received_bytes);
}

fn flip(path: &Path, positions: &[usize]) -> Vec<u8> {
    let mut bytes = std::fs::read(path).unwrap();
    for position in positions {
        bytes[*position] ^= 0x11;
    }
    std::fs::write(path, &bytes).unwrap();
    bytes
}

/// Verifies a file: chunks that it should have and bad ones, and the end.
async fn verify(client: &mut Client, file: &str) -> ((u32, u32), DownloadEvent) {
    let answer = client.handle.verify(name(file)).await.unwrap();
    assert!(matches!(answer, DownloadAnswer::Found(_)), "{answer:?}");
    let checked = event(client, "checked", |_, event| match event {
        DownloadEvent::Checked { chunks, bad } => Some((*chunks, *bad)),
        _ => None,
    });
    (checked.await, client.finished().await)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_file_is_mended_with_the_bad_chunks_alone() {
    let bytes = noise(5, 8 * MIB + 5);
    let (bench, _central, _secondaries) = cluster(&[("s/a.bin", &bytes)], 50_000_000).await;
    let mut client = bench.client("ana").await;
    client.level(1, 3).await;
    let none = client.handle.verify(name("s/a.bin")).await;
    assert_eq!(none, Err(ClientError::NoLocalFile(name("s/a.bin"))));
    found(&client, "s/a.bin").await;
    let path = complete(&mut client).await.path;

    flip(&path, &[2 * MIB + 1, 6 * MIB, 6 * MIB + 9]);
    let (checked, end) = verify(&mut client, "s/a.bin").await;
    assert_eq!(checked, (9, 2));
    let DownloadEvent::Complete(summary) = end else {
        panic!("{end:?}");
    };
    assert_eq!(chunks(&summary.sources), 2);
    assert_eq!(summary.received_bytes(), 2 * MIB as u64);
    assert_eq!(std::fs::read(&path).unwrap(), bytes);

    let (checked, end) = verify(&mut client, "s/a.bin").await;
    assert_eq!(checked, (9, 0));
    assert!(matches!(end, DownloadEvent::AlreadyComplete { .. }));

    // Too short, too long, and nothing at all.
    let mut long = bytes.clone();
    long.extend_from_slice(b"more");
    for (content, bad) in [(&bytes[..5 * MIB + 1], 4), (&long[..], 0), (b"", 9)] {
        std::fs::write(&path, content).unwrap();
        let (checked, end) = verify(&mut client, "s/a.bin").await;
        assert_eq!(checked, (9, bad));
        let DownloadEvent::Complete(summary) = end else {
            panic!("{end:?}");
        };
        assert_eq!(chunks(&summary.sources), u64::from(bad));
        assert_eq!(std::fs::read(&path).unwrap(), bytes);
        assert_eq!(crate::support::names(&client.target), ["s/a.bin"]);
    }
    // Other content altogether is not taken for a download's target otherwise.
    let unknown = client.handle.verify(name("none")).await;
    assert_eq!(unknown, Err(ClientError::NoLocalFile(name("none"))));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_cannot_be_mended_is_left_as_it_is() {
    let bytes = noise(6, 8 * MIB);
    let (bench, central) = Bench::start(|_| {}).await;
    let mut mortals = Vec::new();
    for n in 1..=3 {
        put(&bench.served(n, "a.bin"), &bytes);
        mortals.push(Mortal::start(&bench, n, 100_000).await);
    }
    let mut client = bench
        .client_with("ana", |config| config.source_wait = Duration::from_secs(1))
        .await;
    client.level(1, 3).await;
    std::fs::create_dir_all(&client.target).unwrap();
    let path = client.target.join("a.bin");
    std::fs::write(&path, &bytes).unwrap();
    let damaged = flip(&path, &(0..8).map(|chunk| chunk * MIB).collect::<Vec<_>>());
    client.handle.verify(name("a.bin")).await.unwrap();
    event(&mut client, "checked", |_, event| {
        matches!(event, DownloadEvent::Checked { chunks: 8, bad: 8 }).then_some(())
    })
    .await;
    assert_eq!(std::fs::read(&path).unwrap(), damaged);
    drop(mortals);
    let end = client.finished().await;
    let reason = match end {
        DownloadEvent::Failed { reason } => reason,
        other => panic!("{other:?}"),
    };
    assert!(matches!(reason, Failure::Sources(_)), "{reason}");
    assert_eq!(std::fs::read(&path).unwrap(), damaged);
    // Once they are back it is mended.
    let mut secondaries = Vec::new();
    for n in 1..=3 {
        secondaries.push(start(&bench, n, 50_000_000).await);
    }
    client.level(1, 3).await;
    let (checked, end) = verify(&mut client, "a.bin").await;
    assert_eq!(checked, (8, 8));
    assert!(matches!(end, DownloadEvent::Complete(_)), "{end:?}");
    assert_eq!(std::fs::read(&path).unwrap(), bytes);
    assert_eq!(crate::support::names(&client.target), ["a.bin"]);
    stop(central, secondaries).await;
}

async fn next(chunks: &mut mpsc::Receiver<Bytes>) -> Option<Bytes> {
    let next = tokio::time::timeout(DEADLINE, chunks.recv()).await;
    next.expect("the stream stands")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_read_in_order_while_it_comes_though_one_secondary_dies() {
    let bytes = noise(7, 40 * MIB + 3);
    let (bench, central) = Bench::start(|_| {}).await;
    for n in 1..=3 {
        put(&bench.served(n, "a.bin"), &bytes);
    }
    let mut mortal = Some(Mortal::start(&bench, 2, 8_000_000).await);
    let secondaries = vec![
        start(&bench, 1, 8_000_000).await,
        start(&bench, 3, 8_000_000).await,
    ];
    let mut client = bench.client("ana").await;
    client.level(1, 3).await;
    let (answer, mut stream) = client.handle.stream(name("a.bin")).await.unwrap();
    let DownloadAnswer::Found(download) = answer else {
        panic!("{answer:?}");
    };
    // A download of the same file runs beside it.
    let kept = found(&client, "a.bin").await;
    assert_eq!(client.handle.cancel(kept).await, Ok(true));
    let mut read = Vec::new();
    let mut count = 0;
    while let Some(chunk) = next(&mut stream).await {
        let at = read.len();
        assert!(bytes[at..].starts_with(&chunk), "wrong at {at}");
        read.extend_from_slice(&chunk);
        count += 1;
        if count == 8 {
            mortal.take();
        }
        // A slow reader.
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert!(read == bytes, "{} bytes", read.len());
    let summary = loop {
        if let DownloadEvent::Complete(summary) = client.finished().await {
            break summary;
        }
    };
    assert_eq!(summary.path, Path::new(""));
    assert_eq!(summary.whole, trozos::store::sha256(&bytes));
    let map = client.handle.detail(download).await.unwrap().unwrap();
    assert!(map.cells.iter().all(|cell| cell.from.is_some()));
    let left = crate::support::names(&client.target);
    assert!(
        left.iter().all(|file| file.starts_with("a.bin.part")),
        "{left:?}"
    );
    client.handle.stop().await.unwrap();
    stop(central, secondaries).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_who_stands_still_loses_nothing_and_blames_nobody() {
    let bytes = noise(8, 60 * MIB);
    let (bench, central, secondaries) = cluster(&[("a.bin", &bytes)], 100_000_000).await;
    let mut client = bench.client("ana").await;
    client.level(1, 3).await;
    let (answer, mut stream) = client.handle.stream(name("a.bin")).await.unwrap();
    let DownloadAnswer::Found(download) = answer else {
        panic!("{answer:?}");
    };
    let mut read = next(&mut stream).await.unwrap().to_vec();
    // Longer than a source may be silent.
    tokio::time::sleep(Duration::from_secs(3)).await;
    let DownloadState::Running(snapshot) = state(&client, download).await else {
        panic!("it does not run");
    };
    assert!(snapshot.have_chunks < 45, "{}", snapshot.have_chunks);
    // It is paused in the middle, and goes on where its reader is.
    assert_eq!(client.handle.pause(download).await, Ok(true));
    event(&mut client, "paused", |_, event| {
        let bad = matches!(
            event,
            DownloadEvent::Notice(Notice::Dead { .. } | Notice::Suspect { .. })
        );
        assert!(!bad, "{event:?}");
        matches!(event, DownloadEvent::Paused).then_some(())
    })
    .await;
    let resumed = client.handle.resume(download).await;
    assert_eq!(resumed, Ok(DownloadAnswer::Found(download)));
    while let Some(chunk) = next(&mut stream).await {
        read.extend_from_slice(&chunk);
    }
    assert!(read == bytes, "{} bytes", read.len());
    complete(&mut client).await;
    assert!(crate::support::names(&client.target).is_empty());
    client.handle.wait_idle().await.unwrap();
    client.handle.stop().await.unwrap();
    stop(central, secondaries).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_whose_reader_goes_is_cancelled() {
    let bytes = noise(9, 30 * MIB);
    let (bench, central, secondaries) = cluster(&[("a.bin", &bytes)], 2_000_000).await;
    let mut client = bench.client("ana").await;
    client.level(1, 3).await;
    for read in 0..2 {
        let (_, mut stream) = client.handle.stream(name("a.bin")).await.unwrap();
        for _ in 0..read {
            next(&mut stream).await.unwrap();
        }
        drop(stream);
        assert!(matches!(client.finished().await, DownloadEvent::Cancelled));
    }
    crate::support::until("a free place", || async {
        let status = central.handle.status().await.ok()?;
        (status.running == 0).then_some(())
    })
    .await;
    assert!(crate::support::names(&client.target).is_empty());
    let none = client.handle.stream(name("none")).await;
    assert_eq!(none.map(|_| ()), Err(ClientError::NotFound));
    client.handle.stop().await.unwrap();
    stop(central, secondaries).await;
    let central = statistics(&bench.path("stats/central.json"))["totals"].clone();
    let number = |key: &str| central[key].as_u64().unwrap();
    let accounted = number("bytes_received") + number("bytes_wasted") + number("bytes_unconfirmed");
    assert_eq!(number("bytes_sent"), accounted, "{central}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_knows_its_name() {
    let (bench, _central) = Bench::start(|_| {}).await;
    let client = bench.client("ana").await;
    let known = client.handle.name().await.unwrap();
    assert_eq!(known.map(|name| name.to_string()), Some("ana".to_owned()));
    let unknown = client.handle.detail(DownloadNumber(7)).await;
    assert_eq!(unknown, Ok(None));
    assert_eq!(
        client
            .handle
            .set_priority(DownloadNumber(7), Priority::Low)
            .await,
        Ok(false)
    );
    assert_eq!(client.handle.pause(DownloadNumber(7)).await, Ok(false));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_runs_when_a_client_changes_its_name_is_booked_to_the_new_one_by_both() {
    let bytes = noise(1, 12 * MIB);
    let (bench, central, secondaries) = cluster(&[("a.bin", &bytes)], 2_000_000).await;
    let mut client = bench.client("ana").await;
    client.level(1, 3).await;
    let download = found(&client, "a.bin").await;
    has_chunks(&client, download, 2).await;
    let eva = ClientName::try_from("eva").unwrap();
    client.handle.enrol(eva).await.unwrap();
    let summary = complete(&mut client).await;
    assert_eq!(std::fs::read(&summary.path).unwrap(), bytes);
    client.handle.stop().await.unwrap();
    stop(central, secondaries).await;
    let central = statistics(&bench.path("stats/central.json"))["clients"].clone();
    assert_eq!(central["ana"]["downloads"], 0, "{central}");
    assert_eq!(central["eva"]["downloads"], 1, "{central}");
    let own = statistics(&bench.path("stats/cliente-eva.json"))["totals"].clone();
    for key in ["bytes_received", "bytes_sent", "bytes_wasted"] {
        assert_eq!(own[key], central["eva"][key], "{key}: {own} {central}");
    }
    assert_eq!(own["bytes_received"], bytes.len() as u64);
}
