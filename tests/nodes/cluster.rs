//! The three roles together on loopback, with real files.

use serde_json::json;
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
};
use trozos::{
    engine::download::Notice,
    model::{ChunkLayout, Fault, FileMeta, Manifest, Who},
    node::{
        central::{self, CentralEvent},
        client::{ClientError, ClientEvent, DownloadAnswer, DownloadEvent, DownloadNumber},
    },
    store::{manifest_id, sha256},
};

use crate::support::{Bench, name, noise, put, statistics, tree};

#[tokio::test(flavor = "multi_thread")]
async fn different_folders_become_level_and_a_client_downloads_from_all() {
    let (bench, central) = Bench::start(|_| {}).await;
    let large = noise(1, 12_345_678);
    put(&bench.served(1, "large.bin"), &large);
    put(&bench.served(2, "empty.bin"), b"");
    put(&bench.served(2, "serie/película nº 2.mp4"), &noise(2, 2));
    put(&bench.served(3, "two.bin"), &noise(3, 3_000_000));
    let mut secondaries = Vec::new();
    for n in 1..=3 {
        secondaries.push(bench.secondary(n).await);
    }
    let mut client = bench.client("ana").await;
    client.level(4, 3).await;
    let expected = tree(&bench.path("videos1"));
    assert_eq!(expected.len(), 4);
    assert_eq!(tree(&bench.path("videos2")), expected);
    assert_eq!(tree(&bench.path("videos3")), expected);

    for file in ["large.bin", "empty.bin", "serie/película nº 2.mp4"] {
        client.handle.download(name(file)).await.unwrap();
        match client.finished().await {
            DownloadEvent::Complete(summary) => {
                assert_eq!(summary.path, client.target.join(file));
            }
            other => panic!("{file}: {other:?}"),
        }
    }
    assert_eq!(
        std::fs::read(client.target.join("large.bin")).unwrap(),
        large
    );
    client.handle.download(name("large.bin")).await.unwrap();
    let again = client.finished().await;
    assert!(matches!(again, DownloadEvent::AlreadyComplete { .. }));
    client.handle.wait_idle().await.unwrap();
    client.handle.stop().await.unwrap();
    for secondary in secondaries {
        secondary.handle.stop().await.unwrap();
    }
    central.handle.stop().await.unwrap();

    // The books of all nodes agree to the byte.
    let central = statistics(&bench.path("stats/central.json"));
    let client = statistics(&bench.path("stats/cliente-ana.json"));
    let whole = 12_345_678 + 2;
    assert_eq!(central["totals"]["bytes_received"], whole);
    assert_eq!(client["totals"]["bytes_received"], whole);
    assert_eq!(central["totals"]["downloads"], 3);
    let sent: u64 = (1..=3)
        .map(|n| {
            let path = bench.path(&format!("stats/secundario{n}.json"));
            statistics(&path)["totals"]["bytes_sent"].as_u64().unwrap()
        })
        .sum();
    assert_eq!(central["totals"]["bytes_sent"], sent);
    assert_eq!(client["totals"]["bytes_sent"], sent);
    let wasted = central["totals"]["bytes_wasted"].as_u64().unwrap();
    assert_eq!(sent, whole + wasted);
}

/// Waits for an event of a client's download.
async fn wait_for<T>(
    client: &mut crate::support::Client,
    what: &str,
    mut wanted: impl FnMut(&DownloadEvent) -> Option<T>,
) -> T {
    loop {
        let event = tokio::time::timeout(crate::support::DEADLINE, client.events.recv()).await;
        let event = event.unwrap_or_else(|_| panic!("never {what}")).unwrap();
        if let ClientEvent::Download { what, .. } = event
            && let Some(found) = wanted(&what)
        {
            return found;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn five_download_and_the_others_wait_in_the_order_in_which_they_came() {
    let (bench, central) = Bench::start(|_| {}).await;
    put(&bench.served(1, "a.bin"), &noise(1, 30_000_000));
    let mut secondaries = Vec::new();
    for n in 1..=3 {
        let mut config = bench.secondary_config(n);
        // Slow enough that nobody ends by itself.
        config.upload_limit_bytes_per_s = (n > 1).then_some(100_000);
        secondaries.push(crate::support::start_secondary(config).await);
    }
    let mut clients = Vec::new();
    for n in 0..8 {
        clients.push(bench.client(&format!("c{n}")).await);
    }
    clients[0].level(1, 3).await;
    secondaries.remove(0).handle.stop().await.unwrap();
    for (n, client) in clients.iter().enumerate() {
        let answer = client.handle.download(name("a.bin")).await.unwrap();
        match answer {
            DownloadAnswer::Found(_) => assert!(n < 5, "{n}"),
            DownloadAnswer::Waits(_, place) => assert_eq!(place as usize, n - 4),
            DownloadAnswer::Postponed(..) => panic!("{n} waits for service"),
        }
    }
    let status = central.handle.status().await.unwrap();
    assert_eq!((status.running, status.waiting), (5, 3));
    let place = |event: &DownloadEvent| match event {
        DownloadEvent::Queued { place } => Some(*place),
        _ => None,
    };
    let started = |event: &DownloadEvent| match event {
        DownloadEvent::Started { .. } => Some(()),
        _ => None,
    };
    for (waiting, client) in clients.iter_mut().skip(5).enumerate() {
        let told = wait_for(client, "place", place).await;
        assert_eq!(told as usize, waiting + 1);
    }
    // One that waits goes: those behind it move, those before do not.
    clients.remove(5).handle.stop().await.unwrap();
    assert_eq!(wait_for(&mut clients[5], "place 1", place).await, 1);
    assert_eq!(wait_for(&mut clients[6], "place 2", place).await, 2);
    // One that downloads goes: the first in the list starts.
    clients.remove(0).handle.stop().await.unwrap();
    wait_for(&mut clients[4], "start", started).await;
    assert_eq!(wait_for(&mut clients[5], "place 1", place).await, 1);
    // One cancels: its place is free at once.
    let cancelled = clients[1].handle.cancel(DownloadNumber(1)).await;
    assert_eq!(cancelled, Ok(true));
    wait_for(&mut clients[5], "start", started).await;
    for client in clients {
        client.handle.stop().await.unwrap();
    }
}

/// A secondary that enrols, announces a file, and sends wrong bytes of the right length.
async fn liar(central: std::net::SocketAddr, file: FileMeta, manifest: Vec<u8>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let mut control = TcpStream::connect(central).await.unwrap();
    let hello = json!({"type":"hello","protocol":1,"role":"secondary","number":3,"port":port,"incarnation":1});
    let file = json!({"name": file.name.as_str(), "length": file.layout.file_bytes(),
        "chunk": file.layout.chunk_bytes(), "id": file.id.to_string()});
    let inventory = json!({"type":"inventory","files":[file],"last":true});
    let lines = format!("{hello}\n{inventory}\n");
    control.write_all(lines.as_bytes()).await.unwrap();
    tokio::spawn(async move {
        loop {
            tokio::time::sleep(std::time::Duration::from_millis(300)).await;
            if control.write_all(b"{\"type\":\"ping\"}\n").await.is_err() {
                return;
            }
        }
    });
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(lie(stream, manifest.clone()));
        }
    });
}

async fn lie(stream: TcpStream, manifest: Vec<u8>) {
    let (read, mut write) = stream.into_split();
    let mut lines = BufReader::new(read).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        let message: serde_json::Value = serde_json::from_str(&line).unwrap();
        let (head, body) = match message["type"].as_str().unwrap() {
            "hello" => (
                json!({"type":"hello","protocol":1,"role":"secondary","number":3,"incarnation":1}),
                Vec::new(),
            ),
            "open" => {
                let raw = if message["manifest"] == true {
                    manifest.clone()
                } else {
                    Vec::new()
                };
                let transfer = &message["transfer"];
                let head = json!({"type":"opened","transfer":transfer,"manifest_bytes":raw.len()});
                (head, raw)
            }
            "get" => {
                let head =
                    json!({"type":"data","chunk":message["chunk"],"offset":0,"length":1 << 20});
                (head, vec![0x55; 1 << 20])
            }
            _ => continue,
        };
        let mut bytes = format!("{head}\n").into_bytes();
        bytes.extend(body);
        if write.write_all(&bytes).await.is_err() {
            return;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secondary_that_sends_wrong_bytes_is_found_out_named_and_avoided() {
    let (bench, mut central) = Bench::start(|_| {}).await;
    let bytes = noise(4, 30 << 20);
    put(&bench.served(1, "a.bin"), &bytes);
    put(&bench.served(2, "a.bin"), &bytes);
    let chunks: Vec<_> = bytes.chunks(1 << 20).map(sha256).collect();
    let layout = ChunkLayout::for_file(bytes.len() as u64).unwrap();
    let manifest = Manifest::new(layout, sha256(&bytes), chunks).unwrap();
    let file = FileMeta {
        name: name("a.bin"),
        layout,
        id: manifest_id(&manifest),
    };
    let mut secondaries = Vec::new();
    for n in 1..=2 {
        let mut config = bench.secondary_config(n);
        config.upload_limit_bytes_per_s = Some(10_000_000);
        secondaries.push(crate::support::start_secondary(config).await);
    }
    liar(bench.central, file, manifest.to_raw()).await;
    let mut client = bench.client("ana").await;
    client.level(1, 3).await;
    client.handle.download(name("a.bin")).await.unwrap();
    let named = wait_for(&mut client, "banned", |event| match event {
        DownloadEvent::Notice(Notice::Banned { who, chunk }) => Some((*who, *chunk)),
        _ => None,
    });
    let (who, chunk) = named.await;
    let third = Who::Secondary(crate::support::number(3));
    assert_eq!((who, chunk.is_some()), (third, true));
    let DownloadEvent::Complete(summary) = client.finished().await else {
        panic!("not complete");
    };
    assert_eq!(std::fs::read(summary.path).unwrap(), bytes);
    let of_liar = summary.sources.iter().find(|s| s.who == who).unwrap();
    assert!(
        of_liar.bytes == 0 && of_liar.digest_failures >= 1,
        "{of_liar:?}"
    );
    let reported = async {
        loop {
            if let CentralEvent::Cluster(central::Notice::Reported {
                secondary, fault, ..
            }) = central.events.recv().await.unwrap()
            {
                return (secondary, fault);
            }
        }
    };
    let reported = tokio::time::timeout(crate::support::DEADLINE, reported)
        .await
        .unwrap();
    assert_eq!(reported, (crate::support::number(3), Fault::Digest));
}

#[tokio::test(flavor = "multi_thread")]
async fn files_that_come_and_go_are_followed() {
    let (bench, _central) = Bench::start(|_| {}).await;
    put(&bench.served(1, "a"), b"one");
    let mut secondaries = Vec::new();
    for n in 1..=3 {
        secondaries.push(bench.secondary(n).await);
    }
    let client = bench.client("ana").await;
    client.level(1, 3).await;
    std::fs::create_dir_all(bench.served(2, "serie")).unwrap();
    std::fs::write(bench.served(2, "serie/new file"), b"fresh").unwrap();
    client.level(2, 3).await;
    assert_eq!(
        std::fs::read(bench.served(3, "serie/new file")).unwrap(),
        b"fresh"
    );
    std::fs::remove_file(bench.served(3, "a")).unwrap();
    client.level(1, 3).await;
    crate::support::until("gone everywhere", || async {
        (1..=3)
            .all(|n| !bench.served(n, "a").exists())
            .then_some(())
    })
    .await;
    // Nothing is lost by a deletion elsewhere.
    let aside = bench.served(1, ".trozos/retirados/a");
    crate::support::until("set aside", || async { aside.exists().then_some(()) }).await;
    // What is edited while its secondary is down is an edit: it goes everywhere, and what it replaces is kept.
    put(&bench.served(1, "b"), b"first");
    client.level(2, 3).await;
    secondaries.remove(1).handle.stop().await.unwrap();
    std::fs::write(bench.served(2, "b"), b"second!").unwrap();
    secondaries.push(bench.secondary(2).await);
    crate::support::until("the edit everywhere", || async {
        (1..=3)
            .all(|n| std::fs::read(bench.served(n, "b")).is_ok_and(|bytes| bytes == b"second!"))
            .then_some(())
    })
    .await;
    client.level(2, 3).await;
    for n in [1, 3] {
        let aside = std::fs::read(bench.served(n, ".trozos/retirados/b")).unwrap();
        assert_eq!(aside, b"first");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_have_their_distinct_answers() {
    let (bench, central) = Bench::start(|_| {}).await;
    let client = bench.client("ana").await;
    assert_eq!(client.handle.list().await, Err(ClientError::NotReady));
    let early = client.handle.download(name("a")).await;
    assert_eq!(early, Err(ClientError::NotReady));
    put(&bench.served(1, "a"), b"one");
    let mut secondaries = Vec::new();
    for n in 1..=3 {
        secondaries.push(bench.secondary(n).await);
    }
    client.level(1, 3).await;
    let unknown = client.handle.download(name("b")).await;
    assert_eq!(unknown, Err(ClientError::NotFound));
    central.handle.stop().await.unwrap();
    let unreachable = client.handle.download(name("a")).await;
    assert!(matches!(unreachable, Err(ClientError::Unreachable(_))));
}

/// A client that asks for everything and reads nothing must not hold a stop up.
#[tokio::test(flavor = "multi_thread")]
async fn a_stalled_receiver_does_not_keep_a_server_from_stopping() {
    let (bench, central) = Bench::start(|c| c.required_secondaries = 1).await;
    put(&bench.served(1, "a.bin"), &noise(1, 40 << 20));
    let secondary = bench.secondary(1).await;
    let client = bench.client("ana").await;
    client.level(1, 1).await;
    let listed = client.handle.list().await.unwrap();
    let id = listed[0].file.id;
    let mut stalled = TcpStream::connect(secondary.handle.address())
        .await
        .unwrap();
    let mut lines = json!({"type":"hello","protocol":1,"role":"client","name":"x"}).to_string();
    let open = json!({"type":"open","transfer":"1-0000000000000005","id":id.to_string(),"name":"a.bin","manifest":true});
    lines.push_str(&format!("\n{open}\n"));
    for chunk in 0..40 {
        lines.push_str(&format!("{{\"type\":\"get\",\"chunk\":{chunk}}}\n"));
    }
    stalled.write_all(lines.as_bytes()).await.unwrap();
    crate::support::until("sending", || async {
        let running = secondary.handle.running().await.ok()?;
        (!running.is_empty()).then_some(())
    })
    .await;
    let clock = crate::support::unhindered::Unhindered::start();
    secondary.handle.stop().await.unwrap();
    central.handle.stop().await.unwrap();
    assert!(clock.elapsed() < std::time::Duration::from_secs(10));
    drop(stalled);
}
