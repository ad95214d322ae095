//! Faults at random, a story for each seed: once they have ended, everybody has what was asked for, and the books agree.
//!
//! `TROZOS_SEMILLA=7 cargo test --lib stories::random` tells one story, `TROZOS_SEMILLAS=500` as many from 0.

use std::{env, fs, time::Duration};

use tokio::time::sleep;

use super::{
    books,
    cluster::{ANA, CENTRAL, Client, Cluster, LUIS, SECONDARIES, noise},
};
use crate::{model::samples, node::client::DownloadEvent};

const STORIES: u64 = 4;
const FAULTS: usize = 12;
const MIB: usize = 1 << 20;

#[test]
#[allow(clippy::print_stdout)] // The last line is the seed that failed.
fn whatever_happens_everybody_gets_the_file() {
    let number = |name: &str| Some(env::var(name).ok()?.parse::<u64>().unwrap());
    let seeds = match number("TROZOS_SEMILLA") {
        Some(seed) => seed..seed + 1,
        None => 0..number("TROZOS_SEMILLAS").unwrap_or(STORIES),
    };
    for seed in seeds {
        println!("again: TROZOS_SEMILLA={seed}");
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .start_paused(true)
            .build();
        runtime.unwrap().block_on(story(seed));
    }
}

async fn story(seed: u64) {
    let mut random = fastrand::Rng::with_seed(seed);
    let files = [
        ("a.mp4", noise(seed, random.usize(8 * MIB..16 * MIB))),
        ("b.mp4", noise(seed + 1, random.usize(1..8 * MIB))),
    ];
    let listed = files
        .each_ref()
        .map(|(name, bytes)| (*name, bytes.as_slice()));
    let mut cluster = Cluster::start(seed, &listed).await;
    cluster.network.set_uplinks(MIB as u64 / 2);
    let mut clients = vec![cluster.client(ANA).await, cluster.client(LUIS).await];
    for client in &clients {
        client.download("a.mp4").await;
        client.download("b.mp4").await;
    }
    let mut killed = Vec::new();
    for _ in 0..FAULTS {
        sleep(Duration::from_millis(random.u64(0..1500))).await;
        fault(&mut cluster, &mut clients, &mut killed, &mut random).await;
    }
    for client in &mut clients {
        for (file, bytes) in &listed {
            come_true(client, file, bytes).await;
        }
    }
    cluster.level(listed.len()).await;
    cluster.stop(clients).await;
    for number in 1..=SECONDARIES {
        for (file, bytes) in &listed {
            assert!(fs::read(cluster.served(number, file)).unwrap() == *bytes);
        }
    }
    books::add_up(&cluster, &killed);
}

/// Asks for a file until it is there.
async fn come_true(client: &mut Client, file: &str, bytes: &[u8]) {
    while !client.target.join(file).exists() {
        client.handle.wait_idle().await.unwrap();
        if client.target.join(file).exists() {
            break;
        }
        let again = client.handle.download(samples::name(file)).await;
        if again.is_err() {
            sleep(Duration::from_secs(1)).await;
            continue;
        }
        let end = client.finished().await;
        assert!(!matches!(end, DownloadEvent::Cancelled), "{end:?}");
    }
    assert!(fs::read(client.target.join(file)).unwrap() == bytes);
}

/// Something goes wrong, for a while.
async fn fault(
    cluster: &mut Cluster,
    clients: &mut Vec<Client>,
    killed: &mut Vec<u8>,
    random: &mut fastrand::Rng,
) {
    let for_a_while = Duration::from_millis(random.u64(0..6000));
    let secondary = random.u8(1..=SECONDARIES);
    let peer = [ANA, LUIS, CENTRAL][random.usize(..3)];
    match random.u8(..7) {
        0 => {
            cluster.kill_secondary(secondary).await;
            killed.push(secondary);
            sleep(for_a_while).await;
            cluster.start_secondary(secondary).await;
        }
        1 => {
            cluster.kill_central().await;
            sleep(for_a_while).await;
            cluster.start_central().await;
        }
        2 => {
            let client = clients.remove(0);
            let host = client.host;
            cluster.kill_client(client).await;
            sleep(for_a_while).await;
            clients.push(cluster.client(host).await);
        }
        3 => {
            cluster.network.freeze(secondary);
            sleep(for_a_while).await;
            cluster.network.thaw(secondary);
        }
        4 => {
            cluster.network.cut(secondary, peer);
            sleep(for_a_while).await;
            cluster.network.mend(secondary, peer);
        }
        5 => {
            cluster.network.cut(peer, secondary);
            sleep(for_a_while).await;
            cluster.network.mend(peer, secondary);
        }
        _ => cluster.network.reset(secondary, peer),
    }
}
