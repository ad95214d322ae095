//! Two centrals of one cluster, of which one reigns: who goes to which, and what that costs downloads.

use std::{net::SocketAddr, time::Duration};

use tokio::time::{Instant, sleep};

use super::cluster::{ANA, CENTRAL, Client, Cluster, OTHER, SECONDARIES, noise, until};
use crate::{
    model::{Term, samples::name},
    net::memory::ip,
    node::{
        central::{CentralHandle, Elsewhere, Membership, Standing},
        client::ClientEvent,
    },
};

const MIB: usize = 1 << 20;

/// A cluster of two centrals with one file, on slow links, and a client that has received a part of it.
async fn in_the_middle(seed: u64) -> (Cluster, CentralHandle, Client, Vec<u8>) {
    let bytes = noise(seed, 12 * MIB);
    let cluster = Cluster::start(seed, &[("a.mp4", &bytes)]).await;
    let other = cluster.start_other().await;
    let first = cluster.central();
    let membership = Membership {
        centrals: vec![first.address(), other.address()],
        ..first.membership().await.unwrap()
    };
    other.join(membership.clone()).await.unwrap();
    first.join(membership).await.unwrap();
    let reigns = Standing::Standby(Some(reign(first)));
    other.stand(reigns).await.unwrap();
    cluster.network.set_uplinks(MIB as u64);
    let ana = cluster.client(ANA).await;
    ana.download("a.mp4").await;
    ana.has(3 * MIB as u64).await;
    (cluster, other, ana, bytes)
}

/// Where a central reigns, in a term that is earlier than the other one's.
fn reign(central: &CentralHandle) -> Elsewhere {
    Elsewhere {
        address: central.address(),
        term: Term(1),
    }
}

fn other_reigns() -> Standing {
    let address: SocketAddr = (ip(OTHER), 50_000).into();
    let term = Term(4_000_000_001);
    Standing::Standby(Some(Elsewhere { address, term }))
}

/// Waits until all secondaries and so many clients are there, with all files.
async fn all_are_at(central: &CentralHandle, clients: usize) {
    until("all are there", async || {
        let status = central.status().await.ok()?;
        let alive = status.secondaries.iter().filter(|one| one.alive).count();
        let is_whole = alive == usize::from(SECONDARIES) && status.level;
        let there = central.clients().await.ok()?.len();
        (is_whole && there == clients).then_some(())
    })
    .await;
}

/// What a client tells of its central.
fn told_of_central(client: &mut Client) -> Vec<ClientEvent> {
    let events = std::iter::from_fn(|| client.events.try_recv().ok());
    let of_central = events.filter(|event| {
        matches!(
            event,
            ClientEvent::CentralLost { .. }
                | ClientEvent::CentralAway { .. }
                | ClientEvent::CentralBack
                | ClientEvent::CentralMoved { .. }
        )
    });
    of_central.collect()
}

#[tokio::test(start_paused = true)]
async fn a_central_that_hands_over_sends_all_to_the_next_and_downloads_go_on() {
    let (mut cluster, other, mut ana, bytes) = in_the_middle(41).await;
    other.stand(Standing::Active).await.unwrap();
    let began = Instant::now();
    cluster.central().stand(other_reigns()).await.unwrap();
    all_are_at(&other, 1).await;
    let took = began.elapsed();
    assert!(took < Duration::from_millis(1500), "{took:?}");
    // Nobody gets a number behind its name for having come from elsewhere.
    let there = other.clients().await.unwrap();
    assert_eq!(there[0].name, format!("client{ANA}"));
    // Whoever comes to the first is sent to the second.
    let late = cluster.client(202).await;
    until("the late one is there too", async || {
        (other.clients().await.ok()?.len() == 2).then_some(())
    })
    .await;
    // Nothing was said of an end, and the download did not notice.
    let told = told_of_central(&mut ana);
    let [ClientEvent::CentralMoved { central }] = &told[..] else {
        panic!("{told:?}");
    };
    assert_eq!(*central, other.address());
    ana.completed("a.mp4", &bytes).await;
    let first = cluster.replace_central(other);
    until("it is booked where it ended", async || {
        let books = cluster.central().statistics().await.ok()?;
        (books["totals"]["downloads"] == 1).then_some(())
    })
    .await;
    first.stop().await.unwrap();
    cluster.stop(vec![ana, late]).await;
}

#[tokio::test(start_paused = true)]
async fn when_a_central_dies_all_find_the_next_by_what_they_were_told() {
    let (mut cluster, other, mut ana, bytes) = in_the_middle(42).await;
    // Long enough for its connections to be good ones.
    sleep(Duration::from_secs(11)).await;
    cluster.kill_central().await;
    let began = Instant::now();
    // Meanwhile nobody reigns.
    sleep(Duration::from_secs(3)).await;
    other.stand(Standing::Active).await.unwrap();
    all_are_at(&other, 1).await;
    let took = began.elapsed();
    assert!(took < Duration::from_secs(3 + 3), "{took:?}");
    ana.completed("a.mp4", &bytes).await;
    let told = told_of_central(&mut ana);
    // Another one took over in time: that one was away is nothing that people have to hear.
    assert!(
        matches!(&told[..], [ClientEvent::CentralMoved { .. }]),
        "{told:?}"
    );
    cluster.start_central().await;
    // It is of an earlier term, and nobody leaves the other one.
    sleep(Duration::from_secs(30)).await;
    assert_eq!(cluster.central().clients().await.unwrap().len(), 0);
    let first = cluster.replace_central(other);
    first.stop().await.unwrap();
    cluster.stop(vec![ana]).await;
}

#[tokio::test(start_paused = true)]
async fn peers_of_a_limited_central_stay_until_another_one_reigns() {
    let (mut cluster, other, mut ana, bytes) = in_the_middle(43).await;
    cluster.central().stand(Standing::Limited).await.unwrap();
    sleep(Duration::from_secs(10)).await;
    all_are_at(cluster.central(), 1).await;
    // Files are listed all the same.
    let listed = ana.handle.list().await.unwrap();
    assert_eq!(listed[0].file.name, name("a.mp4"));
    let began = Instant::now();
    other.stand(Standing::Active).await.unwrap();
    all_are_at(&other, 1).await;
    let took = began.elapsed();
    assert!(took < Duration::from_secs(2), "{took:?}");
    assert_eq!(cluster.central().clients().await.unwrap().len(), 0);
    ana.completed("a.mp4", &bytes).await;
    let told = told_of_central(&mut ana);
    assert!(
        matches!(&told[..], [ClientEvent::CentralMoved { .. }]),
        "{told:?}"
    );
    let first = cluster.replace_central(other);
    first.stop().await.unwrap();
    cluster.stop(vec![ana]).await;
}

#[tokio::test(start_paused = true)]
async fn a_frozen_central_is_left_for_another_and_not_obeyed_when_it_wakes() {
    let (mut cluster, other, mut ana, bytes) = in_the_middle(44).await;
    cluster.network.freeze(CENTRAL);
    other.stand(Standing::Active).await.unwrap();
    let began = Instant::now();
    all_are_at(&other, 1).await;
    // A client waits for eight seconds before it takes a central for dead.
    let took = began.elapsed();
    assert!(took < Duration::from_secs(8 + 3), "{took:?}");
    cluster.network.thaw(CENTRAL);
    sleep(Duration::from_secs(30)).await;
    all_are_at(&other, 1).await;
    ana.completed("a.mp4", &bytes).await;
    let first = cluster.replace_central(other);
    first.stop().await.unwrap();
    cluster.stop(vec![ana]).await;
}
