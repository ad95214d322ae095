//! Who is served when more want something than can be had at once: a place is for work, and whoever waits in a line
//! knows it.

use std::time::Duration;

use serde_json::json;
use tokio::time::{MissedTickBehavior, interval};
use trozos::node::client::{DownloadAnswer, DownloadEvent};

use crate::support::{
    Bench,
    liar::{Announced, Peer},
    name, noise, put, statistics, transfer,
};

/// More receivers than a slow secondary can send something to within the time after which silence is death.
#[tokio::test(flavor = "multi_thread")]
async fn who_waits_long_for_a_turn_does_not_go_away() {
    const RECEIVERS: u64 = 40;
    let bytes = noise(1, 2000);
    let (bench, central) = Bench::start(|config| {
        config.required_secondaries = 1;
        config.max_downloads = 1000;
    })
    .await;
    put(&bench.served(1, "a.bin"), &bytes);
    let mut config = bench.secondary_config(1);
    // A turn of 2000 bytes takes a tenth of a second; all of them take four.
    config.upload_limit_bytes_per_s = Some(20_000);
    let secondary = crate::support::start_secondary(config).await;
    let mut clients = Vec::new();
    for n in 0..RECEIVERS {
        clients.push(bench.client(&format!("c{n}")).await);
    }
    clients[0].level(1, 1).await;
    for client in &clients {
        let answer = client.handle.download(name("a.bin")).await.unwrap();
        assert!(matches!(answer, DownloadAnswer::Found(_)), "{answer:?}");
    }
    for client in &mut clients {
        let end = client.finished().await;
        let DownloadEvent::Complete(summary) = end else {
            panic!("{end:?}");
        };
        assert_eq!(summary.retries(), 0, "{:?}", summary.sources);
        assert_eq!(std::fs::read(client.target.join("a.bin")).unwrap(), bytes);
    }
    for client in clients {
        client.handle.stop().await.unwrap();
    }
    secondary.handle.stop().await.unwrap();
    central.handle.stop().await.unwrap();
    let books = statistics(&bench.path("stats/secundario1.json"));
    assert_eq!(books["totals"]["bytes_sent"], RECEIVERS * 2000, "{books}");
}

/// A receiver that knows the word is told that it waits; one that does not is told nothing that it does not know.
#[tokio::test(flavor = "multi_thread")]
async fn who_asks_to_be_told_is_told_that_it_waits() {
    let bytes = noise(2, 4000);
    let file = Announced::of("a.bin", &bytes).meta;
    let (bench, central) = Bench::start(|config| config.required_secondaries = 1).await;
    put(&bench.served(1, "a.bin"), &bytes);
    let mut config = bench.secondary_config(1);
    config.upload_limit_bytes_per_s = Some(2000);
    let secondary = crate::support::start_secondary(config).await;
    crate::support::until("the file", || async {
        let status = central.handle.status().await.ok()?;
        (status.files == 1).then_some(())
    })
    .await;
    let address = secondary.handle.address();
    let get = json!({"type":"get","chunk":0});
    // It has the first turn, and pays for it.
    let mut first = Peer::receiver(address, transfer(1), &file).await;
    first.send(std::slice::from_ref(&get)).await;
    first.until("data").await;
    let mut told = Peer::connect(address).await;
    told.send(&[
        json!({"type":"hello","protocol":1,"role":"client","name":"r2"}),
        json!({"type":"open","transfer":"1-0000000000000002","id":file.id.to_string(),"name":"a.bin","manifest":false,"queued":true}),
    ])
    .await;
    told.until("opened").await;
    let mut untold = Peer::receiver(address, transfer(3), &file).await;
    told.send(std::slice::from_ref(&get)).await;
    untold.send(&[get]).await;
    assert_eq!(told.next().await.unwrap()["type"], "queued");
    told.until("data").await;
    assert_eq!(untold.next().await.unwrap()["type"], "data");
}

/// Those that ask and take nothing have the places for a moment only; one that goes on has a place again.
#[tokio::test(flavor = "multi_thread")]
async fn who_takes_nothing_lends_the_place() {
    let bytes = noise(3, 3_000_000);
    let file = Announced::of("a.bin", &bytes).meta;
    let (bench, _central) = Bench::start(|config| {
        config.required_secondaries = 1;
        config.max_downloads = 2;
    })
    .await;
    put(&bench.served(1, "a.bin"), &bytes);
    let secondary = bench.secondary(1).await;
    let mut client = bench.client("ana").await;
    client.level(1, 1).await;
    // Two places, and more that the same one asks for.
    let mut idle = Peer::client(bench.central, "idle").await;
    let asked: Vec<_> = (0..20)
        .map(|n| json!({"type":"download","request":n,"name":"a.bin"}))
        .collect();
    idle.send(&asked).await;
    let granted = idle.until("granted").await;
    let answer = client.handle.download(name("a.bin")).await.unwrap();
    assert!(matches!(answer, DownloadAnswer::Waits(..)), "{answer:?}");
    let mut alive = interval(Duration::from_secs(1));
    alive.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let end = loop {
        tokio::select! {
            end = client.finished() => break end,
            _ = alive.tick() => idle.send(&[json!({"type":"ping"})]).await,
        }
    };
    assert!(matches!(end, DownloadEvent::Complete(_)), "{end:?}");
    // What was granted before is to be had all the same.
    let transfer = &granted["grant"]["transfer"];
    let mut receiver = Peer::connect(secondary.handle.address()).await;
    receiver
        .send(&[
            json!({"type":"hello","protocol":1,"role":"client","name":"idle"}),
            json!({"type":"open","transfer":transfer,"id":file.id.to_string(),"name":"a.bin","manifest":false}),
            json!({"type":"get","chunk":0}),
        ])
        .await;
    receiver.until("data").await;
    client.handle.stop().await.unwrap();
}
