//! Downloads that nothing disturbs: how fast they are, who brings what, what a reader does to them.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::{
    books,
    cluster::{ANA, Cluster, LUIS, noise},
};
use crate::{model::samples::name, node::client::DownloadEvent};

const MIB: usize = 1 << 20;

#[tokio::test(start_paused = true)]
async fn three_uplinks_bring_a_file_in_a_third_of_the_time() {
    let bytes = noise(1, 12 * MIB);
    let mut cluster = Cluster::start(1, &[("a.mp4", &bytes)]).await;
    cluster.network.set_uplinks(MIB as u64);
    let mut ana = cluster.client(ANA).await;
    let began = Instant::now();
    ana.download("a.mp4").await;
    let summary = ana.completed("a.mp4", &bytes).await;
    let took = began.elapsed().as_secs_f64();
    assert!((4.0..5.0).contains(&took), "{took}");
    assert_eq!(summary.sources.len(), 3);
    for source in &summary.sources {
        assert!(source.bytes > 3 * MIB as u64, "{source:?}");
    }
    cluster.stop(vec![ana]).await;
    books::add_up(&cluster, &[]);
}

#[tokio::test(start_paused = true)]
async fn a_slow_reader_slows_the_sources_down_and_is_nobodys_fault() {
    let bytes = noise(2, 20 * MIB);
    let mut cluster = Cluster::start(2, &[("a.mp4", &bytes)]).await;
    let mut ana = cluster.client(ANA).await;
    let (_, mut chunks) = ana.handle.stream(name("a.mp4")).await.unwrap();
    let mut read = Vec::new();
    while let Some(chunk) = chunks.recv().await {
        read.extend_from_slice(&chunk);
        sleep(Duration::from_secs(10)).await;
    }
    assert!(read == bytes);
    let end = ana.finished().await;
    let DownloadEvent::Complete(summary) = end else {
        panic!("{end:?}");
    };
    assert_eq!((summary.retries(), summary.wasted_bytes()), (0, 0));
    cluster.stop(vec![ana]).await;
    books::add_up(&cluster, &[]);
}

#[tokio::test(start_paused = true)]
async fn what_was_paused_goes_on_where_it_was() {
    let bytes = noise(3, 12 * MIB);
    let mut cluster = Cluster::start(3, &[("a.mp4", &bytes)]).await;
    cluster.network.set_uplinks(MIB as u64);
    let mut ana = cluster.client(ANA).await;
    ana.download("a.mp4").await;
    ana.has(4 * MIB as u64).await;
    let number = ana.handle.downloads().await.unwrap()[0].number;
    assert!(ana.handle.pause(number).await.unwrap());
    sleep(Duration::from_secs(600)).await;
    ana.handle.resume(number).await.unwrap();
    let summary = ana.completed("a.mp4", &bytes).await;
    // What was on its way at the pause came for nothing.
    let twice = summary.received_bytes() + summary.wasted_bytes() - bytes.len() as u64;
    assert!(twice <= 3 * MIB as u64, "{summary:?}");
    cluster.stop(vec![ana]).await;
    books::add_up(&cluster, &[]);
}

#[tokio::test(start_paused = true)]
async fn two_who_receive_the_same_are_served_alike() {
    let bytes = noise(4, 12 * MIB);
    let mut cluster = Cluster::start(4, &[("a.mp4", &bytes)]).await;
    cluster.network.set_uplinks(MIB as u64);
    let (mut ana, mut luis) = (cluster.client(ANA).await, cluster.client(LUIS).await);
    ana.download("a.mp4").await;
    luis.download("a.mp4").await;
    let one = ana.completed("a.mp4", &bytes).await.took.as_secs_f64();
    let other = luis.completed("a.mp4", &bytes).await.took.as_secs_f64();
    assert!((one - other).abs() < 1.5, "{one} and {other}");
    cluster.stop(vec![ana, luis]).await;
    books::add_up(&cluster, &[]);
}
