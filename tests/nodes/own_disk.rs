//! What need not be sent: chunks that the receiver's own disk has, and zeros. Real nodes on loopback.

use std::{
    fs::File,
    net::{IpAddr, SocketAddr},
    os::unix::fs::{FileExt as _, MetadataExt as _},
    path::Path,
    time::{Duration, SystemTime},
};

use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, tcp::OwnedWriteHalf},
    sync::mpsc,
};
use trozos::node::client::{DownloadEvent, Summary};

use crate::support::{Bench, Client, Secondary, name, noise, put, statistics, until};

const MIB: u64 = 1 << 20;

/// Payload bytes that a secondary has sent in all.
async fn sent(secondary: &Secondary) -> u64 {
    secondary.handle.status().await.unwrap().bytes_sent
}

async fn sent_by_all(secondaries: &[Secondary]) -> u64 {
    let mut all = 0;
    for secondary in secondaries {
        all += sent(secondary).await;
    }
    all
}

/// Bytes that a secondary's copies took from its own disk.
async fn own_bytes(secondary: &Secondary) -> u64 {
    let document = secondary.handle.statistics().await.unwrap();
    document["copies"]["bytes_own_disk"].as_u64().unwrap()
}

async fn level(bench: &Bench, n: u64) -> (Client, Vec<Secondary>) {
    let mut secondaries = Vec::new();
    for n in 1..=3 {
        secondaries.push(bench.secondary(n).await);
    }
    let client = bench.client("ana").await;
    client.level(n as usize, 3).await;
    (client, secondaries)
}

async fn download(client: &mut Client, file: &str) -> Summary {
    client.handle.download(name(file)).await.unwrap();
    match client.finished().await {
        DownloadEvent::Complete(summary) => summary,
        other => panic!("{other:?}"),
    }
}

/// Bytes that a file has on the disk.
fn space(path: &Path) -> u64 {
    std::fs::metadata(path).unwrap().blocks() * 512
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_renamed_is_not_sent_again() {
    let (bench, _central) = Bench::start(|_| {}).await;
    let (large, small) = (noise(1, 20_000_000), noise(2, 1000));
    put(&bench.served(1, "serie/large.bin"), &large);
    put(&bench.served(1, "serie/small.bin"), &small);
    let (client, secondaries) = level(&bench, 2).await;
    let before = sent_by_all(&secondaries).await;
    std::fs::rename(bench.path("videos1/serie"), bench.path("videos1/otra")).unwrap();
    client
        .listing("the new names everywhere", |files| {
            let is_new = |name: &str| name.starts_with("otra/");
            files.len() == 2
                && files
                    .iter()
                    .all(|file| is_new(file.file.name.as_str()) && file.holders == 3)
        })
        .await;
    for n in 2..=3 {
        assert_eq!(
            std::fs::read(bench.served(n, "otra/large.bin")).unwrap(),
            large
        );
        assert_eq!(
            std::fs::read(bench.served(n, "otra/small.bin")).unwrap(),
            small
        );
        assert_eq!(own_bytes(&secondaries[n as usize - 1]).await, 20_001_000);
    }
    assert_eq!(sent_by_all(&secondaries).await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_under_another_name_is_not_sent_either_and_rotten_chunks_of_it_are() {
    let (bench, _central) = Bench::start(|_| {}).await;
    let bytes = noise(3, 10 << 20);
    put(&bench.served(1, "a.bin"), &bytes);
    let (client, secondaries) = level(&bench, 1).await;
    let before = sent_by_all(&secondaries).await;
    // A chunk of the second one's rots: same length, same date.
    let path = bench.served(2, "a.bin");
    let modified = std::fs::metadata(&path).unwrap().modified().unwrap();
    let file = File::options().write(true).open(&path).unwrap();
    file.write_all_at(b"rot", 5 * MIB + 17).unwrap();
    file.set_modified(modified).unwrap();
    put(&bench.served(1, "b.bin"), &bytes);
    client.level(2, 3).await;
    for n in 2..=3 {
        assert_eq!(std::fs::read(bench.served(n, "b.bin")).unwrap(), bytes);
    }
    assert_eq!(own_bytes(&secondaries[1]).await, 9 * MIB);
    assert_eq!(own_bytes(&secondaries[2]).await, 10 * MIB);
    let now = sent_by_all(&secondaries).await;
    assert!(
        (MIB..=2 * MIB).contains(&(now - before)),
        "{}",
        now - before
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_with_an_older_version_is_sent_what_is_new() {
    let (bench, central) = Bench::start(|_| {}).await;
    let old = noise(4, 30 << 20);
    let mut new = old.clone();
    new[7 << 20] ^= 1;
    new.extend_from_slice(&noise(5, 1 << 20));
    for n in 1..=3 {
        put(&bench.served(n, "a.bin"), &new);
    }
    let (ana, secondaries) = level(&bench, 1).await;
    drop(ana);
    let mut client = bench
        .client_with("eva", |config| config.overwrite = true)
        .await;
    put(&client.target.join("a.bin"), &old);
    let before = sent_by_all(&secondaries).await;
    let summary = download(&mut client, "a.bin").await;
    assert_eq!(std::fs::read(client.target.join("a.bin")).unwrap(), new);
    assert_eq!(summary.own_disk_bytes, 29 * MIB);
    assert_eq!((summary.resumed_bytes, summary.zero_bytes), (0, 0));
    assert_eq!(summary.received_bytes(), 2 * MIB);
    client.handle.wait_idle().await.unwrap();
    client.handle.stop().await.unwrap();
    let sent = sent_by_all(&secondaries).await - before;
    assert!(sent <= 4 * MIB, "{sent}");
    for secondary in secondaries {
        secondary.handle.stop().await.unwrap();
    }
    central.handle.stop().await.unwrap();
    // The books of both agree on what was sent; the rest is a figure of its own.
    let central = statistics(&bench.path("stats/central.json"));
    let books = statistics(&bench.path("stats/cliente-eva.json"));
    assert_eq!(books["totals"]["bytes_received"], 2 * MIB);
    assert_eq!(books["totals"]["bytes_own_disk"], 29 * MIB);
    assert_eq!(books["files"]["a.bin"]["bytes_own_disk"], 29 * MIB);
    assert_eq!(central["clients"]["eva"]["bytes_received"], 2 * MIB);
    assert_eq!(
        central["clients"]["eva"]["bytes_sent"],
        books["totals"]["bytes_sent"]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sparse_image_is_sparse_in_every_copy_and_download_and_whole_in_a_stream() {
    let (bench, _central) = Bench::start(|_| {}).await;
    let image = bench.served(1, "disco.img");
    put(&image, b"");
    let file = File::options().write(true).open(&image).unwrap();
    file.set_len(40 * MIB + 5).unwrap();
    file.write_all_at(&[7; 4096], 10 * MIB + 300_000).unwrap();
    file.write_all_at(&[8; 4096], 20 * MIB).unwrap();
    file.set_modified(SystemTime::now() - Duration::from_secs(60))
        .unwrap();
    drop(file);
    let bytes = std::fs::read(&image).unwrap();
    let (mut client, secondaries) = level(&bench, 1).await;
    let summary = download(&mut client, "disco.img").await;
    assert_eq!(summary.received_bytes(), 2 * MIB);
    assert_eq!(summary.zero_bytes, 38 * MIB + 5);
    assert_eq!(summary.resumed_bytes, 0);
    let copies = [2, 3].map(|n| bench.served(n, "disco.img"));
    for path in copies.iter().chain([&client.target.join("disco.img")]) {
        assert_eq!(std::fs::read(path).unwrap(), bytes);
        let used = space(path);
        assert!(used <= space(&image) + MIB, "{used} bytes in {path:?}");
    }
    let copies_and_download = sent_by_all(&secondaries).await;
    assert!(copies_and_download <= 8 * MIB, "{copies_and_download}");
    let (_, mut chunks) = client.handle.stream(name("disco.img")).await.unwrap();
    let mut streamed = Vec::new();
    while let Some(chunk) = chunks.recv().await {
        streamed.extend_from_slice(&chunk);
    }
    assert!(streamed == bytes);
    match client.finished().await {
        DownloadEvent::Complete(summary) => assert_eq!(summary.received_bytes(), 2 * MIB),
        other => panic!("{other:?}"),
    }
}

/// A central of one's own: it lets secondaries in and orders what a test wants.
struct Orders {
    listener: TcpListener,
}

/// A secondary that it let in.
struct Peer {
    lines: mpsc::Receiver<serde_json::Value>,
    orders: mpsc::Sender<serde_json::Value>,
    address: SocketAddr,
}

impl Orders {
    async fn accept(&self) -> Peer {
        let (stream, _) = self.listener.accept().await.unwrap();
        let (reader, mut writer) = stream.into_split();
        let mut reader = BufReader::new(reader).lines();
        let hello = reader.next_line().await.unwrap().unwrap();
        let hello: serde_json::Value = serde_json::from_str(&hello).unwrap();
        let ip: IpAddr = hello["ip"].as_str().unwrap_or("127.0.0.1").parse().unwrap();
        let port = hello["port"].as_u64().unwrap() as u16;
        say(
            &mut writer,
            &serde_json::json!({"type": "hello", "protocol": 1, "role": "central"}),
        )
        .await;
        let (heard, lines) = mpsc::channel(1000);
        let (orders, mut told) = mpsc::channel::<serde_json::Value>(10);
        tokio::spawn(async move {
            let mut beat = tokio::time::interval(Duration::from_millis(500));
            loop {
                tokio::select! {
                    line = reader.next_line() => match line {
                        Ok(Some(line)) => {
                            let line: serde_json::Value = serde_json::from_str(&line).unwrap();
                            // What is told of a name waits for what was told of it before.
                            let is_ack = line["type"] == "ack";
                            if let (false, Some(batch)) = (is_ack, line["batch"].as_u64()) {
                                let ack = serde_json::json!({"type": "ack", "batch": batch});
                                say(&mut writer, &ack).await;
                            }
                            let _ = heard.send(line).await;
                        }
                        _ => return,
                    },
                    Some(order) = told.recv() => say(&mut writer, &order).await,
                    _ = beat.tick() => {
                        say(&mut writer, &serde_json::json!({"type": "ping"})).await;
                    }
                }
            }
        });
        Peer {
            lines,
            orders,
            address: SocketAddr::new(ip, port),
        }
    }
}

async fn say(writer: &mut OwnedWriteHalf, line: &serde_json::Value) {
    let _ = writer.write_all(format!("{line}\n").as_bytes()).await;
}

impl Peer {
    /// The next line of a kind.
    async fn next(&mut self, kind: &str) -> serde_json::Value {
        let wanted = async {
            loop {
                let line = self.lines.recv().await.unwrap();
                if line["type"] == kind {
                    return line;
                }
            }
        };
        // All of them together: a node that lives says something all the time.
        let found = tokio::time::timeout(crate::support::DEADLINE, wanted).await;
        found.unwrap_or_else(|_| panic!("never {kind}"))
    }

    /// Orders a copy that may take the place of an older content.
    async fn copy(
        &self,
        transfer: u64,
        file: &serde_json::Value,
        from: &Peer,
        older: &serde_json::Value,
    ) {
        let source = serde_json::json!({
            "id": 1, "who": { "secondary": 1 }, "ip": from.address.ip(), "port": from.address.port(), "ranges": [],
        });
        let order = serde_json::json!({
            "type": "copy", "transfer": transfer, "file": file, "sources": [source], "replaces": older["id"],
        });
        self.orders.send(order).await.unwrap();
    }
}

/// Two secondaries that hold different contents under one name, and a central that orders what the test wants.
async fn two_versions(
    old: &[u8],
    new: &[u8],
) -> (Bench, [Peer; 2], [Secondary; 2], [serde_json::Value; 2]) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let bench = Bench {
        folder: tempfile::tempdir().unwrap(),
        central: listener.local_addr().unwrap(),
    };
    let orders = Orders { listener };
    put(&bench.served(1, "serie/a.bin"), new);
    put(&bench.served(2, "serie/a.bin"), old);
    let (one, mut first) = tokio::join!(bench.secondary(1), orders.accept());
    let (two, mut second) = tokio::join!(bench.secondary(2), orders.accept());
    let inventory = first.next("inventory").await;
    let older = second.next("inventory").await["files"][0].clone();
    let file = inventory["files"][0].clone();
    (bench, [first, second], [one, two], [file, older])
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_takes_the_place_of_an_older_version_and_is_sent_what_is_new() {
    let old = noise(6, 12 << 20);
    let mut new = old.clone();
    new.extend_from_slice(&noise(7, 1 << 20));
    let (bench, [first, mut second], secondaries, [file, older]) = two_versions(&old, &new).await;
    second.copy(7, &file, &first, &older).await;
    let finished = second.next("finished").await;
    assert_eq!(finished["outcome"], "complete");
    let added = second.next("added").await;
    assert_eq!(added["files"][0]["id"], file["id"]);
    assert_eq!(std::fs::read(bench.served(2, "serie/a.bin")).unwrap(), new);
    let kept = bench.served(2, ".trozos/retirados/serie/a.bin");
    assert_eq!(std::fs::read(kept).unwrap(), old);
    assert_eq!(own_bytes(&secondaries[1]).await, 12 * MIB);
    assert_eq!(sent(&secondaries[0]).await, MIB);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_does_not_take_the_place_of_what_somebody_changed_meanwhile() {
    let (old, new) = (noise(8, 3 << 20), noise(9, 3 << 20));
    let (bench, [first, mut second], _secondaries, [file, older]) = two_versions(&old, &new).await;
    // The index does not know of it yet: it waits for the file to rest.
    let path = bench.served(2, "serie/a.bin");
    std::fs::write(&path, b"changed by hand").unwrap();
    second.copy(7, &file, &first, &older).await;
    let finished = second.next("finished").await;
    assert_eq!(finished["outcome"], "failed");
    let code = finished["reason"]["code"].as_str().unwrap();
    let is_told = ["file-changed", "other-content-there"].contains(&code);
    assert!(is_told, "{code}");
    assert_eq!(std::fs::read(&path).unwrap(), b"changed by hand");
    assert!(!bench.served(2, ".trozos/retirados").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_of_which_nothing_is_left_is_sent_whole() {
    let (old, new) = (noise(10, 3 << 20), noise(11, 2 << 20));
    let (bench, [first, mut second], secondaries, [file, older]) = two_versions(&old, &new).await;
    second.copy(7, &file, &first, &older).await;
    assert_eq!(second.next("finished").await["outcome"], "complete");
    until("the new version", || async {
        let content = std::fs::read(bench.served(2, "serie/a.bin")).unwrap();
        (content == new).then_some(())
    })
    .await;
    assert_eq!(own_bytes(&secondaries[1]).await, 0);
    assert_eq!(sent(&secondaries[0]).await, 2 * MIB);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_a_client_has_under_another_name_is_not_sent() {
    let (bench, _central) = Bench::start(|_| {}).await;
    let bytes = noise(12, (5 << 20) + 9);
    for n in 1..=3 {
        put(&bench.served(n, "serie/b.bin"), &bytes);
    }
    let (mut client, secondaries) = level(&bench, 1).await;
    put(&client.target.join("serie/a.bin"), &bytes);
    put(
        &client.target.join("serie/c.bin"),
        &noise(13, (5 << 20) + 9),
    );
    let summary = download(&mut client, "serie/b.bin").await;
    assert_eq!(summary.own_disk_bytes, bytes.len() as u64);
    assert_eq!(
        std::fs::read(client.target.join("serie/b.bin")).unwrap(),
        bytes
    );
    assert_eq!(
        std::fs::read(client.target.join("serie/a.bin")).unwrap(),
        bytes
    );
    assert_eq!(sent_by_all(&secondaries).await, 0);
}
