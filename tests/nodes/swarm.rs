//! Clients that give each other what they receive: a crowd behind one slow secondary.

use std::net::Ipv4Addr;

use trozos::{
    model::Who,
    node::client::{DownloadEvent, PeeringConfig, Summary},
};

use crate::support::{Bench, Client, name, noise, put, statistics};

/// A client that gives so much per second, or nothing.
async fn member(bench: &Bench, who: &str, gives: Option<u64>) -> Client {
    bench
        .client_with(who, |config| {
            config.peering = PeeringConfig {
                listen: vec![(Ipv4Addr::LOCALHOST, 0).into()],
                gives,
                ..PeeringConfig::default()
            };
        })
        .await
}

async fn summary(client: &mut Client) -> Summary {
    match client.finished().await {
        DownloadEvent::Complete(summary) => summary,
        other => panic!("{other:?}"),
    }
}

/// Bytes that came from other clients.
fn of_peers(summary: &Summary) -> u64 {
    let peers = summary.sources.iter();
    let peers = peers.filter(|source| matches!(source.who, Who::Peer(_)));
    peers.map(|source| source.bytes).sum()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crowd_gives_each_other_most_of_what_it_gets() {
    const CLIENTS: usize = 6;
    let content = noise(3, 12 << 20);
    let (bench, central) = Bench::start(|config| {
        config.required_secondaries = 1;
        // One place is enough for all who give.
        config.max_downloads = 1;
    })
    .await;
    put(&bench.served(1, "a.bin"), &content);
    let mut config = bench.secondary_config(1);
    config.upload_limit_bytes_per_s = Some(4 << 20);
    let secondary = crate::support::start_secondary(config).await;
    let mut clients = Vec::new();
    for n in 0..CLIENTS {
        clients.push(member(&bench, &format!("c{n}"), Some(100 << 20)).await);
    }
    clients[0].level(1, 1).await;
    for client in &clients {
        client.handle.download(name("a.bin")).await.unwrap();
    }
    let mut given = 0;
    for client in &mut clients {
        let summary = summary(client).await;
        given += of_peers(&summary);
        assert_eq!(std::fs::read(client.target.join("a.bin")).unwrap(), content);
    }
    let all = (CLIENTS * content.len()) as u64;
    assert!(given > all / 2, "{given} of {all} bytes came from peers");
    // Whoever comes later finds them all; one that gives nothing finds them too.
    let mut late = member(&bench, "late", None).await;
    late.handle.download(name("a.bin")).await.unwrap();
    let from_peers = of_peers(&summary(&mut late).await);
    assert!(
        from_peers > 0,
        "nobody gave anything to the one who came late"
    );
    for client in clients.into_iter().chain([late]) {
        client.handle.wait_idle().await.unwrap();
        client.handle.stop().await.unwrap();
    }
    secondary.handle.stop().await.unwrap();
    central.handle.stop().await.unwrap();
    let books = statistics(&bench.path("stats/secundario1.json"));
    let sent = books["totals"]["bytes_sent"].as_u64().unwrap();
    assert!(
        sent < all / 2,
        "the secondary has sent {sent} of {all} bytes"
    );
}

/// Where nobody gives, all is as if there were no swarms.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_comes_from_clients_that_give_nothing() {
    let content = noise(4, 3 << 20);
    let (bench, central) = Bench::start(|config| config.required_secondaries = 1).await;
    put(&bench.served(1, "a.bin"), &content);
    let secondary = bench.secondary(1).await;
    let mut clients = Vec::new();
    for n in 0..3 {
        clients.push(member(&bench, &format!("c{n}"), None).await);
    }
    clients[0].level(1, 1).await;
    for client in &clients {
        client.handle.download(name("a.bin")).await.unwrap();
    }
    for client in &mut clients {
        assert_eq!(of_peers(&summary(client).await), 0);
    }
    for client in clients {
        client.handle.stop().await.unwrap();
    }
    secondary.handle.stop().await.unwrap();
    central.handle.stop().await.unwrap();
}
