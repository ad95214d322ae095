//! The three roles together on loopback, with real files.
#![allow(clippy::unwrap_used)]

mod support;

use support::{Bench, name, noise, put, statistics, tree};
use trozos::node::client::DownloadEvent;

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
