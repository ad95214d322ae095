//! What is read through the central's gateway, while secondaries come and go.

use std::time::Duration;

use tokio::time::Instant;

use super::{
    books,
    cluster::{Cluster, noise, until},
};
use crate::{
    model::{ByteRange, samples::name},
    node::{NotWatched, Reading},
};

const MIB: usize = 1 << 20;
const BYTES: usize = 12 * MIB;

async fn cluster(seed: u64) -> (Cluster, Vec<u8>) {
    let bytes = noise(seed, BYTES);
    let cluster = Cluster::start(seed, &[("a.mp4", &bytes)]).await;
    cluster.network.set_uplinks(MIB as u64);
    (cluster, bytes)
}

async fn opened(cluster: &Cluster, start: u64) -> Reading {
    let watched = cluster.gateway().watch(name("a.mp4")).await.unwrap();
    let end = BYTES as u64;
    watched.read(ByteRange { start, end })
}

/// Reads on until so much is there, or to the end; gives the longest time without a byte.
async fn read(reading: &mut Reading, bytes: &mut Vec<u8>, most: usize) -> Duration {
    let mut longest = Duration::ZERO;
    while bytes.len() < most {
        let began = Instant::now();
        let Some(piece) = reading.next().await else {
            break;
        };
        bytes.extend_from_slice(&piece.unwrap());
        longest = longest.max(began.elapsed());
    }
    longest
}

#[tokio::test(start_paused = true)]
async fn a_viewer_hardly_notices_that_a_secondary_is_killed() {
    let (mut cluster, bytes) = cluster(41).await;
    let mut reading = opened(&cluster, 0).await;
    let mut got = Vec::new();
    read(&mut reading, &mut got, 3 * MIB).await;
    cluster.kill_secondary(2).await;
    let longest = read(&mut reading, &mut got, BYTES).await;
    assert!(got == bytes);
    assert!(longest < Duration::from_secs(4), "{longest:?}");
    assert!(reading.next().await.is_none());
    drop(reading);
    cluster.start_secondary(2).await;
    cluster.level(1).await;
    cluster.stop(Vec::new()).await;
    books::add_up(&cluster, &[2]);
}

#[tokio::test(start_paused = true)]
async fn several_viewers_cost_the_secondaries_one_film() {
    let (mut cluster, bytes) = cluster(42).await;
    let mut first = opened(&cluster, 0).await;
    let mut second = opened(&cluster, 5 * MIB as u64).await;
    let (mut got, mut rest) = (Vec::new(), Vec::new());
    tokio::join!(
        read(&mut first, &mut got, BYTES),
        read(&mut second, &mut rest, BYTES),
    );
    assert!(got == bytes && rest == bytes[5 * MIB..]);
    drop((first, second));
    cluster.stop(Vec::new()).await;
    books::add_up(&cluster, &[]);
}

#[tokio::test(start_paused = true)]
async fn what_nobody_can_bring_any_more_is_cut_and_does_not_end() {
    let (mut cluster, _) = cluster(43).await;
    let mut reading = opened(&cluster, 0).await;
    let mut got = Vec::new();
    read(&mut reading, &mut got, MIB).await;
    for number in 1..=3 {
        cluster.kill_secondary(number).await;
    }
    let end = until("an end", async || match reading.next().await {
        Some(Ok(piece)) => {
            got.extend_from_slice(&piece);
            None
        }
        end => Some(end),
    })
    .await;
    assert!(matches!(end, Some(Err(_))) && got.len() < BYTES);
    for number in 1..=3 {
        cluster.start_secondary(number).await;
    }
    cluster.level(1).await;
    cluster.stop(Vec::new()).await;
}

#[tokio::test(start_paused = true)]
async fn what_nobody_has_cannot_be_watched() {
    let (mut cluster, _) = cluster(44).await;
    let refused = cluster.gateway().watch(name("b.mp4")).await;
    assert_eq!(refused.unwrap_err(), NotWatched::NotFound);
    cluster.stop(Vec::new()).await;
}
