//! Nodes that go away and come back, links that fail: what was begun comes to its end.

use std::{fs, time::Duration};

use tokio::time::{Instant, sleep};

use super::{
    books,
    cluster::{ANA, CENTRAL, Cluster, SECONDARIES, noise, until, until_found},
};
use crate::{model::limits::LEASE, node::client::DownloadEvent};

const MIB: usize = 1 << 20;

/// A cluster with one file, on slow links, and a client that has received a part of it.
async fn in_the_middle(seed: u64) -> (Cluster, super::cluster::Client, Vec<u8>) {
    let bytes = noise(seed, 12 * MIB);
    let cluster = Cluster::start(seed, &[("a.mp4", &bytes)]).await;
    cluster.network.set_uplinks(MIB as u64);
    let ana = cluster.client(ANA).await;
    ana.download("a.mp4").await;
    ana.has(3 * MIB as u64).await;
    (cluster, ana, bytes)
}

async fn waits_for_secondaries(cluster: &Cluster, alive: usize) {
    until("so many secondaries", async || {
        let status = cluster.central().status().await.ok()?;
        let there = status.secondaries.iter().filter(|one| one.alive);
        (there.count() == alive).then_some(())
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn the_others_bring_what_a_killed_secondary_had_not() {
    let (mut cluster, mut ana, bytes) = in_the_middle(11).await;
    let began = Instant::now();
    cluster.kill_secondary(2).await;
    ana.completed("a.mp4", &bytes).await;
    // Two uplinks are left for nine of twelve MiB.
    let took = began.elapsed().as_secs_f64();
    assert!(took < 7.0, "{took}");
    waits_for_secondaries(&cluster, 2).await;
    cluster.start_secondary(2).await;
    cluster.level(1).await;
    cluster.stop(vec![ana]).await;
    books::add_up(&cluster, &[2]);
}

#[tokio::test(start_paused = true)]
async fn a_link_that_is_cut_in_one_direction_costs_its_source_and_no_more() {
    let (mut cluster, mut ana, bytes) = in_the_middle(12).await;
    cluster.network.cut(3, ANA);
    ana.completed("a.mp4", &bytes).await;
    cluster.network.mend(3, ANA);
    // The central heard of it all the time.
    waits_for_secondaries(&cluster, 3).await;
    cluster.stop(vec![ana]).await;
    books::add_up(&cluster, &[]);
}

#[tokio::test(start_paused = true)]
async fn a_frozen_secondary_is_declared_gone_within_its_lease_and_comes_back() {
    let (mut cluster, mut ana, bytes) = in_the_middle(13).await;
    let began = Instant::now();
    cluster.network.freeze(1);
    waits_for_secondaries(&cluster, 2).await;
    let took = began.elapsed();
    assert!(took < LEASE + Duration::from_secs(1), "{took:?}");
    ana.completed("a.mp4", &bytes).await;
    cluster.network.thaw(1);
    waits_for_secondaries(&cluster, 3).await;
    cluster.level(1).await;
    cluster.stop(vec![ana]).await;
    books::add_up(&cluster, &[]);
}

#[tokio::test(start_paused = true)]
async fn connections_that_are_reset_again_and_again_lose_nothing() {
    let (mut cluster, mut ana, bytes) = in_the_middle(14).await;
    for _ in 0..4 {
        for number in 1..=SECONDARIES {
            cluster.network.reset(number, ANA);
            cluster.network.reset(number, CENTRAL);
            sleep(Duration::from_millis(300)).await;
        }
    }
    ana.completed("a.mp4", &bytes).await;
    waits_for_secondaries(&cluster, 3).await;
    cluster.stop(vec![ana]).await;
    books::add_up(&cluster, &[]);
}

#[tokio::test(start_paused = true)]
async fn a_download_goes_on_while_the_central_is_away_and_is_booked_by_the_next() {
    let (mut cluster, mut ana, bytes) = in_the_middle(15).await;
    cluster.kill_central().await;
    ana.completed("a.mp4", &bytes).await;
    cluster.start_central().await;
    cluster.level(1).await;
    until("the download is booked", async || {
        let books = cluster.central().statistics().await.ok()?;
        (books["totals"]["downloads"] == 1).then_some(())
    })
    .await;
    cluster.stop(vec![ana]).await;
    books::add_up(&cluster, &[]);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_was_killed_asks_for_no_chunk_twice() {
    let (mut cluster, ana, bytes) = in_the_middle(16).await;
    cluster.kill_client(ana).await;
    let mut ana = cluster.client(ANA).await;
    ana.download("a.mp4").await;
    let summary = ana.completed("a.mp4", &bytes).await;
    assert!(summary.resumed_bytes >= 3 * MIB as u64, "{summary:?}");
    assert_eq!(
        summary.resumed_bytes + summary.received_bytes(),
        bytes.len() as u64
    );
    cluster.stop(vec![ana]).await;
    books::add_up(&cluster, &[]);
}

#[tokio::test(start_paused = true)]
async fn without_any_source_a_download_waits_as_long_as_it_may() {
    let (mut cluster, mut ana, bytes) = in_the_middle(17).await;
    for number in 1..=SECONDARIES {
        cluster.network.cut(number, ANA);
    }
    let began = Instant::now();
    let end = ana.finished().await;
    assert!(matches!(end, DownloadEvent::Failed { .. }), "{end:?}");
    let waited = began.elapsed().as_secs();
    assert!((60..70).contains(&waited), "{waited}");
    for number in 1..=SECONDARIES {
        cluster.network.mend(number, ANA);
    }
    ana.download("a.mp4").await;
    ana.completed("a.mp4", &bytes).await;
    cluster.stop(vec![ana]).await;
    books::add_up(&cluster, &[]);
}

#[tokio::test(start_paused = true)]
async fn a_copy_goes_on_once_its_only_source_is_back() {
    let bytes = noise(18, 12 * MIB);
    let mut cluster = Cluster::start(18, &[]).await;
    cluster.network.set_uplinks(MIB as u64);
    cluster.put(1, "b.mp4", &bytes);
    until_found("copies run", async || {
        let status = cluster.central().status().await.ok()?;
        (status.copies == 2).then_some(())
    })
    .await;
    sleep(Duration::from_secs(5)).await;
    cluster.kill_secondary(1).await;
    sleep(Duration::from_secs(120)).await;
    cluster.start_secondary(1).await;
    let began = Instant::now();
    cluster.level(1).await;
    // Five of the 24 seconds were not for nothing.
    let took = began.elapsed().as_secs();
    assert!(took < 22, "{took}");
    for number in 1..=SECONDARIES {
        assert!(fs::read(cluster.served(number, "b.mp4")).unwrap() == bytes);
    }
    cluster.stop(Vec::new()).await;
    books::add_up(&cluster, &[1]);
}
