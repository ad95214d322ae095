//! Those who ask in bad faith, or too much: everybody else is served as before.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    time::{Duration, Instant},
};

use rustix::process::{Resource, Rlimit, Signal, getrlimit, setrlimit};

use trozos::model::limits::MAX_HTTP_CONNECTIONS_EACH;

use crate::{
    scene::Scene,
    support::{
        noise,
        process::{CLIENT, Process},
        put,
    },
};

const IDLE: usize = 3000;

/// A connection that has asked once, and does nothing.
fn idle(at: SocketAddr) -> Option<TcpStream> {
    let mut stream = TcpStream::connect(at).ok()?;
    let request = format!("GET /healthz HTTP/1.1\r\nHost: {at}\r\n\r\n");
    stream.write_all(request.as_bytes()).ok()?;
    Some(stream)
}

#[test]
#[ignore = "opens 3000 connections"]
fn three_thousand_idle_connections_are_nobodys_trouble() {
    let limit = getrlimit(Resource::Nofile);
    let most = Rlimit {
        current: limit.maximum,
        ..limit
    };
    setrlimit(Resource::Nofile, most).unwrap();
    let bytes = noise(4, 48 << 20);
    let scene = Scene::level(3, 8_000_000, &[("peli.mp4", &bytes)]);
    put(&scene.others().join("orig"), &bytes);
    let flags = [
        "descargar".to_owned(),
        "peli.mp4".to_owned(),
        "--ip-central=127.0.0.10".to_owned(),
        format!("--puerto-central={}", scene.c.port()),
        "--destino=d".to_owned(),
    ];
    let mut client = Process::start_with_nothing(CLIENT, &scene.others(), &flags);
    let mut kept = Vec::new();
    for at in [scene.c, scene.s[0]] {
        kept.extend((0..IDLE).filter_map(|_| idle(at)));
        // From another address, as from another machine.
        let mut times: Vec<f64> = (0..21)
            .map(|_| {
                let line = format!(
                    "curl -sf --interface 127.0.0.2 -o /dev/null -w '%{{time_total}}' http://{at}/healthz"
                );
                scene.run(&line).parse().unwrap()
            })
            .collect();
        times.sort_by(f64::total_cmp);
        assert!(times[10] < 0.1, "{at}: {times:?}");
        // An address has its share, and no more.
        let held = scene.figure(at, "trozos_connections{use=\"idle\"}");
        assert!(held <= MAX_HTTP_CONNECTIONS_EACH as f64, "{held}");
    }
    assert!(kept.len() > IDLE, "{}", kept.len());
    assert_eq!(client.exit_code(), 0, "{:?}", client.printed());
    scene.run("cmp d/peli.mp4 orig");
}

#[test]
#[ignore = "takes seconds"]
fn a_stop_does_not_wait_for_those_who_do_not_read() {
    let bytes = noise(5, 32 << 20);
    let mut scene = Scene::level(1, 0, &[("peli.mp4", &bytes)]);
    let mut streams = Vec::new();
    for at in [scene.s[0], scene.c] {
        let mut stream = TcpStream::connect(at).unwrap();
        let request = format!("GET /f/peli.mp4 HTTP/1.1\r\nHost: {at}\r\n\r\n");
        stream.write_all(request.as_bytes()).unwrap();
        let mut first = [0; 100];
        stream.read_exact(&mut first).unwrap();
        streams.push(stream);
    }
    for process in [&mut scene.secondaries[0], &mut scene.central] {
        let began = Instant::now();
        process.signal(Signal::TERM);
        assert_eq!(process.exit_code(), 0);
        // What a stop takes with a client of lines that does not read, and what a busy machine adds.
        let took = began.elapsed();
        assert!(took < Duration::from_secs(6), "{took:?}");
    }
    // Nobody takes what came for the whole: it is shorter than its head says.
    let mut rest = Vec::new();
    let _ = streams[0].read_to_end(&mut rest);
    assert!(rest.len() < bytes.len());
}

#[test]
#[ignore = "needs curl"]
fn curl_gets_no_further_than_the_folder() {
    let scene = Scene::level(1, 0, &[("peli.mp4", &noise(6, 1000))]);
    let long = "x".repeat(20_000);
    for at in [scene.c, scene.s[0]] {
        let status = |flags: &str, path: &str| {
            let line =
                format!("curl -s -o /dev/null -w '%{{http_code}}' {flags} 'http://{at}{path}'");
            scene.run(&line)
        };
        for (flags, path, expected) in [
            ("--path-as-is", "/f/%2e%2e/%2e%2e/etc/passwd", "404"),
            ("--path-as-is", "/f/../../etc/passwd", "404"),
            ("--path-as-is", "/f/..%2fetc/passwd", "404"),
            ("--path-as-is", "/f//etc/passwd", "404"),
            ("--path-as-is", "/f/peli.mp4%00", "404"),
            ("-H 'Host: evil.example'", "/metrics", "421"),
            ("-H 'Transfer-Encoding: chunked'", "/healthz", "501"),
            ("-X POST -d {}", "/f/peli.mp4", "405"),
            (&format!("-H 'X: {long}'"), "/healthz", "431"),
        ] {
            assert_eq!(status(flags, path), expected, "{at} {path}");
        }
        let options = scene.run(&format!(
            "curl -s -D- -X OPTIONS -H 'Origin: http://evil.example' http://{at}/f/peli.mp4"
        ));
        assert!(
            !options.to_lowercase().contains("access-control"),
            "{options}"
        );
    }
}
