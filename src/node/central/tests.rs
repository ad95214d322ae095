//! A central whose disk is slow.

use std::{net::Ipv4Addr, path::Path, sync::Arc};

use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::TcpStream,
    time::{Duration, timeout},
};

use super::*;
use crate::{
    model::limits::{HEARTBEAT, LEASE},
    node::Security,
    store::slow::slow_down,
};

/// What one fsync takes; a save needs two.
const FSYNC: Duration = Duration::from_secs(3);

async fn slow_central(folder: &Path) -> CentralHandle {
    let statistics = folder.join("stats");
    slow_down(&statistics, FSYNC);
    let config = CentralConfig {
        announce: None,
        listen: (Ipv4Addr::LOCALHOST, 0).into(),
        required_secondaries: 1,
        max_downloads: 5,
        statistics,
        journal: None,
        several: None,
        accounts: true,
        administrator: None,
        security: Arc::new(Security::default()),
        face: None,
    };
    let (events, mut told) = mpsc::channel(100);
    tokio::spawn(async move { while told.recv().await.is_some() {} });
    let save_every = Duration::from_millis(50);
    start_on(&Network::Kernel, config, events, save_every)
        .await
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_takes_seconds_makes_nobody_wait_and_ends_no_lease() {
    let folder = tempfile::tempdir().unwrap();
    let central = slow_central(folder.path()).await;
    let stream = TcpStream::connect(central.address()).await.unwrap();
    let (read, mut write) = stream.into_split();
    let hello = r#"{"type":"hello","protocol":1,"role":"secondary","number":1,"ip":"127.0.0.1","port":9,"incarnation":7}
{"type":"inventory","files":[],"last":true}
"#;
    write.write_all(hello.as_bytes()).await.unwrap();
    let mut lines = BufReader::new(read).lines();
    let saved = folder.path().join("stats/central.json");
    // What it saved at its start, before anybody could come.
    std::fs::remove_file(&saved).unwrap();
    let (mut beat, mut beats) = (tokio::time::interval(HEARTBEAT), 0);
    // Until a save has ended that began after the secondary had come.
    while !saved.exists() {
        tokio::select! {
            _ = beat.tick() => {
                write.write_all(b"{\"type\":\"ping\"}\n").await.unwrap();
                let asked = timeout(LEASE / 2, central.status());
                let status = asked.await.expect("it answers at once").unwrap();
                beats += 1;
                assert!(beats == 1 || status.secondaries[0].alive, "after {beats} beats");
            }
            line = lines.next_line() => {
                let line = line.unwrap().expect("it stays connected");
                assert!(!line.contains("error"), "{line}");
            }
        }
    }
    assert!(central.status().await.unwrap().secondaries[0].alive);
    assert!(beats > 4, "the disk was not slow");
}
