//! What is watched through a node, as its figures show it; who reads too much of it, and who was sent away.

use std::{net::SocketAddr, time::Duration};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};
use trozos::{
    http::{self, Hosts, Passwords},
    node::central::Expelled,
};

use crate::{
    http::{Scene, ask, figure},
    support::{Bench, Central, Secondary, noise, put, start_secondary, until},
};

const MIB: usize = 1 << 20;

#[tokio::test(flavor = "multi_thread")]
async fn figures_tell_how_those_fare_who_watch() {
    let scene = Scene::start(2).await;
    let at = scene.central();
    let get = "GET /ver/serie/%C3%B1u%201.mp4";
    ask(at, get, &["Range: bytes=0-99"]).await;
    ask(at, get, &["Range: bytes=100-199"]).await;
    ask(at, get, &["Range: bytes=2000000-2000099"]).await;
    let count = |name: &'static str| figure(at, name);
    assert_eq!(count("trozos_stream_first_byte_seconds_count").await, 3.0);
    assert_eq!(count("trozos_stream_seeks_total").await, 1.0);
    let looked = count("trozos_stream_cache_hits_total").await
        + count("trozos_stream_cache_misses_total").await;
    assert_eq!(looked, 3.0);
    assert!(count("trozos_stream_cache_misses_total").await >= 1.0);
    until("all that players look at first", || async {
        let kept = count("trozos_stream_cache_bytes").await;
        (kept >= 2e6).then_some(())
    })
    .await;
    assert_eq!(count("trozos_stream_readers").await, 0.0);
    // Nothing but what a slow moment had asked for twice: two chunks at most.
    let in_vain = count("trozos_stream_cancelled_bytes_total").await;
    assert!(in_vain <= (2 * MIB) as f64, "{in_vain}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_that_waits_is_seen_and_what_came_in_vain_is_counted() {
    let (bench, _nodes, at) = slow(60 << 20, 4_000_000).await;
    let mut stream = TcpStream::connect(at).await.unwrap();
    let request = format!("GET /ver/largo.bin HTTP/1.1\r\nHost: {at}\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut some = vec![0; 3 * MIB];
    stream.read_exact(&mut some).await.unwrap();
    assert_eq!(figure(at, "trozos_stream_readers").await, 1.0);
    let starved = figure(at, "trozos_stream_starved_seconds_total").await;
    assert!(starved > 0.05, "{starved}");
    drop(stream);
    until("the reader has gone", || async {
        (figure(at, "trozos_stream_readers").await == 0.0).then_some(())
    })
    .await;
    // Somewhere else: what was on its way is not wanted.
    ask(
        at,
        "GET /ver/largo.bin",
        &["Range: bytes=50000000-50000099"],
    )
    .await;
    assert_eq!(figure(at, "trozos_stream_seeks_total").await, 1.0);
    until("what came in vain", || async {
        let wasted = figure(at, "trozos_stream_cancelled_bytes_total").await;
        (wasted > 0.0).then_some(())
    })
    .await;
    drop(bench);
}

/// A central with a gateway, whose only secondary sends at most so fast, and where to ask.
async fn slow(bytes: usize, per_second: u64) -> (Bench, (Central, Secondary), SocketAddr) {
    let (bench, central) = Bench::start(|config| {
        config.required_secondaries = 1;
        config.face = Some(http::of_central(Hosts::default(), Passwords::default(), 16));
    })
    .await;
    put(&bench.served(1, "largo.bin"), &noise(8, bytes));
    let mut config = bench.secondary_config(1);
    config.upload_limit_bytes_per_s = Some(per_second);
    let secondary = start_secondary(config).await;
    bench.client("espera").await.level(1, 1).await;
    let at = central.handle.address();
    (bench, (central, secondary), at)
}

#[tokio::test(flavor = "multi_thread")]
async fn of_one_viewer_the_idlest_reader_ends_and_of_others_none() {
    let (bench, _nodes, at) = slow(90 << 20, 200_000_000).await;
    let open = async |from: &str| {
        let socket = tokio::net::TcpSocket::new_v4().unwrap();
        socket.bind(format!("{from}:0").parse().unwrap()).unwrap();
        socket.set_recv_buffer_size(64 << 10).unwrap();
        let mut stream = socket.connect(at).await.unwrap();
        let request = format!("GET /ver/largo.bin HTTP/1.1\r\nHost: {at}\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut first = [0; 1000];
        stream.read_exact(&mut first).await.unwrap();
        stream
    };
    let mut other = open("127.0.0.2").await;
    let mut streams = Vec::new();
    for n in 0..9 {
        streams.push(open("127.0.0.3").await);
        let readers = figure(at, "trozos_stream_viewers").await;
        assert!(readers <= 2.0, "{n}");
        // Until its sockets are full, and nobody waits for more.
        let mut before = -1.0;
        loop {
            let sent = figure(at, "trozos_stream_sent_bytes_total").await;
            if std::mem::replace(&mut before, sent) == sent {
                break;
            }
        }
    }
    let mut rest = Vec::new();
    let ended = timeout(Duration::from_secs(20), streams[0].read_to_end(&mut rest)).await;
    assert!(ended.unwrap().is_err() || rest.len() < 90 << 20);
    let mut whole = vec![0; 80 << 20];
    let read = timeout(Duration::from_secs(60), other.read_exact(&mut whole)).await;
    read.unwrap().unwrap();
    drop(bench);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_was_sent_away_gets_no_files_from_anybody() {
    let scene = Scene::start(2).await;
    let path = "/f/serie/%C3%B1u%201.mp4";
    let places = [scene.central(), scene.secondary(1), scene.secondary(2)];
    assert_eq!(
        ask(places[1], &format!("GET {path}"), &[]).await.status,
        200
    );
    let expelled = scene.central.handle.expel("127.0.0.1").await.unwrap();
    assert_eq!(expelled, Expelled::Clients(1));
    for at in places {
        until("it is refused", || async {
            let answer = ask(at, &format!("GET {path}"), &[]).await;
            let text = String::from_utf8_lossy(&answer.body).into_owned();
            (answer.status == 403 && text.contains("\"http-expelled\"")).then_some(())
        })
        .await;
        assert_eq!(ask(at, "GET /healthz", &[]).await.status, 200);
        assert_eq!(ask(at, "GET /metrics", &[]).await.status, 200);
    }
    for path in [
        "/ver/vacio",
        "/vtt/vacio.srt",
        "/meta4/vacio.meta4",
        "/m3u/serie/",
    ] {
        let answer = ask(scene.central(), &format!("GET {path}"), &[]).await;
        assert_eq!(answer.status, 403, "{path}");
    }
    assert_eq!(ask(scene.central(), "GET /", &[]).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_watches_most_gives_way_to_another() {
    let (bench, central) = Bench::start(|config| {
        config.required_secondaries = 1;
        config.face = Some(http::of_central(Hosts::default(), Passwords::default(), 2));
    })
    .await;
    for (seed, name) in (1..).zip(["uno.bin", "dos.bin", "tres.bin"]) {
        put(&bench.served(1, name), &noise(seed, 40 << 20));
    }
    let secondary = bench.secondary(1).await;
    bench.client("espera").await.level(3, 1).await;
    let at = central.handle.address();
    let mut held = Vec::new();
    for name in ["uno.bin", "dos.bin"] {
        let socket = tokio::net::TcpSocket::new_v4().unwrap();
        socket.bind("127.0.0.3:0".parse().unwrap()).unwrap();
        socket.set_recv_buffer_size(64 << 10).unwrap();
        let mut stream = socket.connect(at).await.unwrap();
        let request = format!("GET /ver/{name} HTTP/1.1\r\nHost: {at}\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut first = [0; 1000];
        stream.read_exact(&mut first).await.unwrap();
        held.push(stream);
    }
    assert_eq!(figure(at, "trozos_stream_viewers").await, 2.0);
    // Both sockets are full by then, and nobody waits for what comes next.
    until("another one is let in", || async {
        let answer = ask(at, "GET /ver/tres.bin", &["Range: bytes=0-99"]).await;
        (answer.status == 206).then_some(())
    })
    .await;
    drop((bench, secondary, held));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_of_a_secondary_shows_what_is_watched_through_it() {
    let (bench, _central) = Bench::start(|config| config.required_secondaries = 1).await;
    put(&bench.served(1, "uno.bin"), &noise(3, 2 * MIB));
    let mut config = bench.secondary_config(1);
    let face = http::of_secondary(Hosts::default(), Passwords::default(), Some(4));
    config.face = Some(face);
    let secondary = start_secondary(config).await;
    bench.client("espera").await.level(1, 1).await;
    let at = secondary.handle.address();
    assert_eq!(ask(at, "GET /ver/uno.bin", &[]).await.body.len(), 2 * MIB);
    let sent = figure(at, "trozos_stream_sent_bytes_total").await;
    assert_eq!(sent, (2 * MIB) as f64);
    drop(bench);
}
