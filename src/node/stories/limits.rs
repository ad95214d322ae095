//! A client that limits what it receives: how fast it is then, and that nobody is blamed for it.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::{
    books,
    cluster::{ANA, Client, Cluster, noise},
};
use crate::{
    engine::download::Snapshot,
    node::client::{ClientEvent, DownloadEvent, DownloadState, Summary},
};

const MIB: usize = 1 << 20;

/// The ends of so many downloads. Nothing else is told on the way but their beginnings: nobody is suspect, nobody dead.
async fn ends(ana: &mut Client, count: usize) -> Vec<(f64, Summary)> {
    let began = Instant::now();
    let mut ends = Vec::new();
    while ends.len() < count {
        let Some(ClientEvent::Download { what, .. }) = ana.events.recv().await else {
            continue;
        };
        match what {
            DownloadEvent::Complete(summary) => {
                assert_eq!((summary.retries(), summary.wasted_bytes()), (0, 0));
                ends.push((began.elapsed().as_secs_f64(), summary));
            }
            DownloadEvent::Started { .. } => {}
            other => panic!("{other:?}"),
        }
    }
    ends
}

async fn running(ana: &Client) -> Vec<Snapshot> {
    let views = ana.handle.downloads().await.unwrap();
    let snapshots = views.into_iter().filter_map(|view| match view.state {
        DownloadState::Running(snapshot) => Some(*snapshot),
        _ => None,
    });
    snapshots.collect()
}

async fn limit(ana: &Client, bytes_per_s: Option<u64>) {
    ana.handle.set_download_limit(bytes_per_s).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn all_downloads_together_keep_to_the_limit_and_share_it() {
    let (one, other) = (noise(1, 6 * MIB), noise(2, 6 * MIB));
    let mut cluster = Cluster::start(1, &[("a.mp4", &one), ("b.mp4", &other)]).await;
    let mut ana = cluster.client(ANA).await;
    limit(&ana, Some(MIB as u64)).await;
    ana.download("a.mp4").await;
    ana.download("b.mp4").await;
    sleep(Duration::from_secs(6)).await;
    let snapshots = running(&ana).await;
    assert_eq!(snapshots.len(), 2);
    for snapshot in &snapshots {
        let rate = snapshot.rate_bytes_per_s / MIB as f64;
        assert!((0.4..0.6).contains(&rate), "{rate}");
        let left = snapshot.time_left.unwrap().as_secs_f64();
        assert!((4.5..8.0).contains(&left), "{left}");
    }
    let ends = ends(&mut ana, 2).await;
    for (after, summary) in &ends {
        let took = summary.took.as_secs_f64();
        assert!((10.5..12.5).contains(&took), "{took}");
        assert!((4.0..7.0).contains(after), "{after}");
    }
    cluster.stop(vec![ana]).await;
    books::add_up(&cluster, &[]);
}

#[tokio::test(start_paused = true)]
async fn another_limit_holds_at_once_for_what_runs() {
    let bytes = noise(3, 30 * MIB);
    let mut cluster = Cluster::start(3, &[("a.mp4", &bytes)]).await;
    let mut ana = cluster.client(ANA).await;
    ana.download("a.mp4").await;
    ana.has(5 * MIB as u64).await;
    limit(&ana, Some(MIB as u64)).await;
    assert_eq!(ana.handle.download_limit().await, Ok(Some(MIB as u64)));
    let before = running(&ana).await[0].received_bytes;
    sleep(Duration::from_secs(4)).await;
    let snapshot = running(&ana).await.remove(0);
    let came = (snapshot.received_bytes - before) as f64 / MIB as f64;
    assert!((3.5..5.0).contains(&came), "{came}");
    let rate = snapshot.rate_bytes_per_s / MIB as f64;
    assert!((0.8..1.2).contains(&rate), "{rate}");
    limit(&ana, None).await;
    let ends = ends(&mut ana, 1).await;
    assert!(ends[0].0 < 3.0, "{ends:?}");
    cluster.stop(vec![ana]).await;
    books::add_up(&cluster, &[]);
}

#[tokio::test(start_paused = true)]
async fn a_low_limit_makes_nobody_suspect() {
    let bytes = noise(4, 3 * MIB);
    let mut cluster = Cluster::start(4, &[("a.mp4", &bytes)]).await;
    let mut ana = cluster.client(ANA).await;
    limit(&ana, Some(50_000)).await;
    ana.download("a.mp4").await;
    let ends = ends(&mut ana, 1).await;
    assert!((58.0..66.0).contains(&ends[0].0), "{ends:?}");
    cluster.stop(vec![ana]).await;
    books::add_up(&cluster, &[]);
}

#[tokio::test(start_paused = true)]
async fn a_source_that_dies_under_a_limit_is_noticed_and_replaced() {
    let bytes = noise(5, 12 * MIB);
    let mut cluster = Cluster::start(5, &[("a.mp4", &bytes)]).await;
    let mut ana = cluster.client(ANA).await;
    limit(&ana, Some(MIB as u64)).await;
    ana.download("a.mp4").await;
    ana.has(3 * MIB as u64).await;
    cluster.network.freeze(2);
    let summary = ana.completed("a.mp4", &bytes).await;
    let took = summary.took.as_secs_f64();
    assert!((11.5..17.0).contains(&took), "{took}");
    cluster.network.thaw(2);
    cluster.stop(vec![ana]).await;
}
