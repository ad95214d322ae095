//! Servers asked by HTTP, byte for byte: ranges and conditions, redirections, hosts and methods, slow and long heads, cut
//! bodies, and the books of what was sent.

use std::{net::SocketAddr, path::Path, process::Command, sync::Arc, time::Duration};

use base64::{Engine, engine::general_purpose::STANDARD};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::{Instant, timeout},
};
use trozos::{
    http::{self, Hosts, Passwords},
    model::limits::MAX_HTTP_CONNECTIONS_EACH,
    node::{
        NetworkRole, SecretSource, Security, SecurityFiles,
        certificates::{FileNames, make},
    },
};

use crate::support::{Bench, Central, Secondary, name, noise, put, start_secondary, until};

const BYTES: usize = (2 << 20) + 77;
const PATIENCE: Duration = Duration::from_secs(30);

pub(super) struct Scene {
    pub(super) bench: Bench,
    pub(super) central: Central,
    secondaries: Vec<Secondary>,
    bytes: Vec<u8>,
}

impl Scene {
    pub(super) async fn start(count: u64) -> Self {
        let (bench, central) = Bench::start(|config| {
            config.required_secondaries = count as u16;
            config.face = Some(http::of_central(Hosts::default(), Passwords::default(), 16));
        })
        .await;
        let bytes = noise(5, BYTES);
        let mut secondaries = Vec::new();
        for n in 1..=count {
            put(&bench.served(n, "serie/ñu 1.mp4"), &bytes);
            put(&bench.served(n, "vacio"), b"");
            let mut config = bench.secondary_config(n);
            config.face = Some(http::of_secondary(
                Hosts::default(),
                Passwords::default(),
                None,
            ));
            secondaries.push(start_secondary(config).await);
        }
        let client = bench.client("espera").await;
        client.level(2, count as u16).await;
        Self {
            bench,
            central,
            secondaries,
            bytes,
        }
    }

    pub(super) fn central(&self) -> SocketAddr {
        self.central.handle.address()
    }

    pub(super) fn secondary(&self, n: usize) -> SocketAddr {
        self.secondaries[n - 1].handle.address()
    }
}

/// An answer, or what came of one.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) head: String,
    pub(super) body: Vec<u8>,
}

impl Answer {
    pub(super) fn field(&self, name: &str) -> &str {
        let is_it = |line: &&str| {
            let (field, _) = line.split_once(':').unwrap_or((line, ""));
            field.eq_ignore_ascii_case(name)
        };
        let line = self.head.lines().skip(1).find(is_it);
        line.map_or("", |line| line.split_once(':').unwrap().1.trim())
    }
}

/// Sends bytes and reads until the server closes.
async fn exchange(to: SocketAddr, request: &[u8]) -> Vec<u8> {
    let mut stream = TcpStream::connect(to).await.unwrap();
    let _ = stream.write_all(request).await;
    let mut answer = Vec::new();
    let read = timeout(PATIENCE, stream.read_to_end(&mut answer)).await;
    // A reset is an end too.
    let _ = read.expect("neither an answer nor an end");
    answer
}

fn parsed(answer: &[u8]) -> Answer {
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n");
    let end = end.unwrap_or_else(|| panic!("no head: {:?}", String::from_utf8_lossy(answer)));
    let head = String::from_utf8(answer[..end].to_vec()).unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    Answer {
        status,
        head,
        body: answer[end + 4..].to_vec(),
    }
}

pub(super) async fn ask(to: SocketAddr, line: &str, fields: &[&str]) -> Answer {
    ask_with(to, line, fields, "").await
}

/// The same with a body.
pub(super) async fn ask_with(to: SocketAddr, line: &str, fields: &[&str], body: &str) -> Answer {
    let mut request = format!("{line} HTTP/1.1\r\nConnection: close\r\n");
    if !fields.iter().any(|field| field.starts_with("Host")) {
        request += &format!("Host: {to}\r\n");
    }
    for field in fields {
        request += &format!("{field}\r\n");
    }
    if !body.is_empty() {
        request += &format!("Content-Length: {}\r\n", body.len());
    }
    request += "\r\n";
    request += body;
    parsed(&exchange(to, request.as_bytes()).await)
}

#[tokio::test(flavor = "multi_thread")]
async fn files_are_sent_whole_in_parts_and_under_conditions() {
    let scene = Scene::start(2).await;
    let at = scene.secondary(1);
    let path = "/f/serie/%C3%B1u%201.mp4";
    let get = format!("GET {path}");
    let whole = ask(at, &get, &[]).await;
    assert_eq!((whole.status, whole.body == scene.bytes), (200, true));
    assert_eq!(whole.field("content-length"), BYTES.to_string());
    assert_eq!(whole.field("accept-ranges"), "bytes");
    assert_eq!(whole.field("x-content-type-options"), "nosniff");
    assert_eq!(whole.field("cross-origin-resource-policy"), "same-origin");
    assert!(!whole.field("date").is_empty());
    assert!(!whole.head.to_lowercase().contains("access-control"));
    let tag = whole.field("etag").to_owned();
    // The same on all mirrors.
    let other = ask(scene.secondary(2), &format!("HEAD {path}"), &[]).await;
    assert_eq!((other.status, other.field("etag")), (200, tag.as_str()));
    assert_eq!(other.field("content-length"), BYTES.to_string());
    assert!(other.body.is_empty());
    let if_match = format!("If-Match: {tag}");
    let if_none_match = format!("If-None-Match: {tag}");
    let if_range = format!("If-Range: {tag}");
    let last = BYTES - 5;
    for (fields, status, part) in [
        (vec!["Range: bytes=0-1"], 206, 0..2),
        (vec!["Range: bytes=-5"], 206, last..BYTES),
        (vec!["Range: bytes=5-999999999999"], 206, 5..BYTES),
        (vec!["Range: bytes=0-"], 206, 0..BYTES),
        (vec!["Range: bytes=1048576-2097151"], 206, 1 << 20..2 << 20),
        (vec!["Range: items=0-1"], 200, 0..BYTES),
        (vec!["Range: bytes=0-1,5-6"], 200, 0..BYTES),
        (vec!["Range: bytes=999999999999-"], 416, 0..0),
        (vec!["Range: bytes=0-1", &if_range], 206, 0..2),
        (vec!["Range: bytes=0-1", "If-Range: \"x\""], 200, 0..BYTES),
        (vec!["Range: bytes=0-1", &if_match], 206, 0..2),
        (vec!["If-Match: \"x\""], 412, 0..0),
        (vec![&if_none_match], 304, 0..0),
    ] {
        let answer = ask(at, &get, &fields).await;
        assert_eq!(answer.status, status, "{fields:?}");
        assert!(answer.body == scene.bytes[part], "{fields:?}");
        assert_eq!(answer.field("etag"), tag, "{fields:?}");
    }
    let nothing = ask(at, "GET /f/vacio", &["Range: bytes=0-"]).await;
    assert_eq!(
        (nothing.status, nothing.field("content-length")),
        (200, "0")
    );
    let saved = ask(
        at,
        &format!("GET {path}?descargar=1"),
        &["Range: bytes=0-0"],
    )
    .await;
    assert!(saved.field("content-disposition").starts_with("attachment"));
    // By content, and what has taken its name's place.
    let id = tag.trim_matches('"');
    let by_content = format!("GET /c/{id}/serie/%C3%B1u%201.mp4");
    let found = ask(at, &by_content, &["Range: bytes=0-9"]).await;
    assert_eq!((found.status, found.body.len()), (206, 10));
    assert!(found.field("cache-control").contains("immutable"));
    let zeros = "0".repeat(64);
    let unknown = ask(at, &format!("GET /c/{zeros}/otro"), &[]).await;
    assert_eq!(unknown.status, 404);
    let replaced = ask(at, &format!("GET /c/{zeros}/vacio"), &[]).await;
    assert_eq!(replaced.status, 410);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_sent_by_http_is_unconfirmed_in_all_books() {
    let scene = Scene::start(1).await;
    let at = scene.secondary(1);
    let get = "GET /f/serie/%C3%B1u%201.mp4";
    for fields in [&[][..], &["Range: bytes=0-99"], &["Range: bytes=7-1048599"]] {
        ask(at, get, fields).await;
    }
    let expected = (BYTES + 100 + 1_048_593) as u64;
    until("the books of both", || async {
        let of = |value: serde_json::Value, field: &str| value["totals"][field].as_u64();
        let central = scene.central.handle.statistics().await.ok()?;
        let secondary = scene.secondaries[0].handle.statistics().await.ok()?;
        let sent = of(central.clone(), "bytes_sent")?;
        let unconfirmed = of(central, "bytes_unconfirmed")?;
        (of(secondary, "bytes_sent")? == expected && sent == expected && unconfirmed == expected)
            .then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn figures_come_in_both_formats() {
    let scene = Scene::start(1).await;
    for (at, figure) in [
        (scene.central(), "trozos_secondaries{state=\"ready\"} 1"),
        (scene.secondary(1), "trozos_files 2"),
    ] {
        let plain = ask(at, "GET /metrics", &[]).await;
        let mime = "text/plain; version=0.0.4; charset=utf-8";
        assert_eq!((plain.status, plain.field("content-type")), (200, mime));
        let text = String::from_utf8(plain.body).unwrap();
        assert!(text.contains(figure), "{text}");
        assert!(
            text.contains("# TYPE trozos_sent_bytes_total counter"),
            "{text}"
        );
        assert!(!text.contains("_total_total"), "{text}");
        for row in [
            "trozos_sent_bytes_total{via=\"http\"} 0",
            "trozos_connections{use=\"http\"} 1",
            "trozos_places{state=\"busy\"} ",
            "trozos_refused_total{code=\"limit-exceeded\"} 0",
            "trozos_http_requests_total{endpoint=\"f\",method=\"GET\",code=\"206\"} 0",
            "trozos_http_rejected_total{reason=\"timeout\"} 0",
            "trozos_http_request_head_seconds_bucket{le=\"+Inf\"} ",
            "trozos_stream_starved_seconds_total 0",
            "process_open_fds ",
        ] {
            assert!(text.contains(row), "{row}: {text}");
        }
        // No bound comes twice.
        let bounds = text.matches("head_seconds_bucket").count();
        assert_eq!(bounds, 9, "{text}");
        let accept = "Accept: application/openmetrics-text;version=1.0.0";
        let open = ask(at, "GET /metrics", &[accept]).await;
        let mime = "application/openmetrics-text; version=1.0.0; charset=utf-8";
        assert_eq!(open.field("content-type"), mime);
        assert!(open.body.ends_with(b"# EOF\n"));
    }
}

/// The value of a row of figures.
pub(super) async fn figure(at: SocketAddr, row: &str) -> f64 {
    let text = String::from_utf8(ask(at, "GET /metrics", &[]).await.body).unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix(row));
    let line = line.unwrap_or_else(|| panic!("no {row}: {text}"));
    line.trim().parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn figures_count_what_is_asked_sent_and_turned_away() {
    let scene = Scene::start(1).await;
    let at = scene.secondary(1);
    let get = "GET /f/serie/%C3%B1u%201.mp4";
    ask(at, get, &["Range: bytes=0-99"]).await;
    ask(at, get, &[]).await;
    ask(at, "HEAD /f/vacio", &[]).await;
    ask(at, "GET /healthz", &["Host: evil.example"]).await;
    exchange(at, b"GET /\x01 HTTP/1.1\r\n\r\n").await;
    let sent = (BYTES + 100) as f64;
    for (row, expected) in [
        (
            "trozos_http_requests_total{endpoint=\"f\",method=\"GET\",code=\"206\"}",
            1.0,
        ),
        (
            "trozos_http_requests_total{endpoint=\"f\",method=\"GET\",code=\"200\"}",
            1.0,
        ),
        (
            "trozos_http_requests_total{endpoint=\"f\",method=\"HEAD\",code=\"200\"}",
            1.0,
        ),
        ("trozos_http_response_bytes_total{endpoint=\"f\"}", sent),
        ("trozos_sent_bytes_total{via=\"http\"}", sent),
        ("trozos_sent_bytes_total{via=\"lines\"}", 0.0),
        ("trozos_http_rejected_total{reason=\"host\"}", 1.0),
        ("trozos_http_rejected_total{reason=\"parse\"}", 1.0),
        ("trozos_http_aborted_total{endpoint=\"f\"}", 0.0),
    ] {
        assert_eq!(figure(at, row).await, expected, "{row}");
    }
    // One that goes away in the middle, also for the central, which hears of it.
    let mut stream = TcpStream::connect(at).await.unwrap();
    let request = format!("{get} HTTP/1.1\r\nHost: {at}\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut first = [0; 1000];
    stream.read_exact(&mut first).await.unwrap();
    drop(stream);
    until("the answer that was aborted", || async {
        let row = "trozos_http_aborted_total{endpoint=\"f\"}";
        (figure(at, row).await == 1.0).then_some(())
    })
    .await;
    until("the central's sum", || async {
        let row = "trozos_sent_bytes_total{via=\"http\"}";
        (figure(scene.central(), row).await >= sent).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_ends_cleanly_only_when_all_of_it_is_as_it_was_indexed() {
    let (bench, _central) = Bench::start(|config| config.required_secondaries = 1).await;
    let file = bench.served(1, "cambia.bin");
    let bytes = noise(7, 8 << 20);
    put(&file, &bytes);
    let mut config = bench.secondary_config(1);
    config.face = Some(http::of_secondary(
        Hosts::default(),
        Passwords::default(),
        None,
    ));
    let secondary = start_secondary(config).await;
    bench.client("espera").await.level(1, 1).await;
    let at = secondary.handle.address();
    let mut stream = TcpStream::connect(at).await.unwrap();
    let request = format!("GET /f/cambia.bin HTTP/1.1\r\nHost: {at}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut first = vec![0; 1 << 20];
    stream.read_exact(&mut first).await.unwrap();
    // Other bytes in the same place: the kernel sends some of them, and the end does not come.
    let other = noise(8, 8 << 20);
    std::fs::write(&file, &other).unwrap();
    let mut rest = Vec::new();
    let end = timeout(PATIENCE, stream.read_to_end(&mut rest))
        .await
        .unwrap();
    let error = end.expect_err("a clean end");
    assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
    assert!(first.len() + rest.len() < 8 << 20);
    drop(bench);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_central_says_where_a_file_is() {
    let scene = Scene::start(2).await;
    let at = scene.central();
    let answer = ask(at, "GET /f/serie/%C3%B1u%201.mp4", &["Range: bytes=0-1"]).await;
    assert_eq!(answer.status, 307);
    assert_eq!(answer.field("cache-control"), "no-store");
    let location = answer.field("location").to_owned();
    let rest = location.strip_prefix("http://").unwrap();
    let (holder, path) = rest.split_once('/').unwrap();
    let holder: SocketAddr = holder.parse().unwrap();
    assert!((1..=2).any(|n| scene.secondary(n) == holder));
    let part = ask(holder, &format!("GET /{path}"), &["Range: bytes=0-1"]).await;
    assert_eq!((part.status, &part.body[..]), (206, &scene.bytes[..2]));
    let again = ask(at, &format!("GET /{path}"), &[]).await;
    assert_eq!(again.status, 307);
    let name = "serie/%C3%B1u%201.mp4";
    let metalink = ask(at, &format!("GET /meta4/{name}.meta4"), &[]).await;
    assert_eq!(metalink.status, 200);
    assert_eq!(metalink.field("content-type"), "application/metalink4+xml");
    let xml = String::from_utf8(metalink.body).unwrap();
    assert_eq!(xml.matches("<hash>").count(), 3);
    assert_eq!(metalink.head.matches("no-cache").count(), 1);
    let known = [
        "If-None-Match: \"x\", ",
        metalink
            .head
            .lines()
            .find_map(|l| l.strip_prefix("etag: "))
            .unwrap(),
    ];
    let again = ask(at, &format!("GET /meta4/{name}.meta4"), &[&known.concat()]).await;
    assert_eq!((again.status, again.body.len()), (304, 0));
    let line = ask(at, "GET /f/nada", &["Accept: text/plain"]).await;
    let text = String::from_utf8(line.body).unwrap();
    assert!(
        text.ends_with("(http-not-found)\n") && text.lines().count() == 1,
        "{text}"
    );
    for n in 1..=2 {
        let url = format!("<url priority=\"1\">http://{}/c/", scene.secondary(n));
        assert!(xml.contains(&url), "{xml}");
    }
    let digest = ask(at, &format!("GET /sha256/{name}.sha256"), &[]).await;
    let digest = String::from_utf8(digest.body).unwrap();
    let (digest, named) = digest.split_once(" *").unwrap();
    assert_eq!(named, "serie/ñu 1.mp4\n");
    assert!(xml.contains(&format!("<hash type=\"sha-256\">{digest}</hash>")));
    let playlist = ask(at, &format!("GET /m3u/{name}.m3u"), &[]).await;
    let playlist = String::from_utf8(playlist.body).unwrap();
    assert!(
        playlist.contains(&format!("http://{at}/ver/{name}\n")),
        "{playlist}"
    );
    let page = ask(at, "GET /?carpeta=serie/&idioma=en", &[]).await;
    assert!(
        page.field("content-security-policy")
            .contains("frame-ancestors 'none'")
    );
    let html = String::from_utf8(page.body).unwrap();
    for part in [
        "ñu 1.mp4",
        "lang=\"en\"",
        &format!("/p/{name}"),
        "2 of 2 secondaries",
    ] {
        assert!(html.contains(part), "{part}: {html}");
    }
    // Nothing runs but what comes from here.
    assert_eq!(html.matches("<script").count(), 1);
    assert!(html.contains("<script type=\"module\" src=\"/static/"));
    assert!(!html.contains(" onclick") && !html.contains("style=\""));
    let zeros = "0".repeat(64);
    for (path, status) in [
        ("/p/nada".to_owned(), 404),
        (format!("/p/{name}"), 200),
        ("/meta4/nada.meta4".to_owned(), 404),
        (format!("/meta4/{name}"), 404),
        ("/f/nada".to_owned(), 404),
        (format!("/c/{zeros}/vacio"), 410),
        ("/healthz".to_owned(), 200),
        ("/readyz".to_owned(), 200),
    ] {
        let answer = ask(at, &format!("GET {path}"), &[]).await;
        assert_eq!(answer.status, status, "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn other_hosts_and_methods_are_refused_everywhere() {
    let scene = Scene::start(1).await;
    for at in [scene.central(), scene.secondary(1)] {
        for path in ["/", "/healthz", "/f/vacio", "/metrics"] {
            for host in ["evil.example", "127.0.0.1.evil.example", "evil.example:80"] {
                let host = format!("Host: {host}");
                let answer = ask(at, &format!("GET {path}"), &[&host]).await;
                assert_eq!(answer.status, 421, "{path} {host}");
                assert!(String::from_utf8_lossy(&answer.body).contains("--http-nombre"));
            }
        }
        let twice = ["Host: 127.0.0.1", "Host: 127.0.0.1"];
        assert_eq!(ask(at, "GET /healthz", &twice).await.status, 400);
        for (line, fields, status) in [
            ("POST /f/vacio", &["Content-Length: 2"][..], 405),
            ("DELETE /f/vacio", &[], 405),
            ("BREW /f/vacio", &[], 501),
            ("OPTIONS /f/vacio", &["Origin: http://evil.example"], 204),
            ("GET /healthz", &["Transfer-Encoding: chunked"], 501),
            (
                "GET /healthz",
                &["Transfer-Encoding: chunked", "Content-Length: 5"],
                501,
            ),
            ("GET /f/%2e%2e/%2e%2e/etc/passwd", &[], 404),
            ("GET /f/../../etc/passwd", &[], 404),
            ("GET /f/..%2fetc", &[], 404),
            ("GET /healthz", &["A: b\r\n c"], 400),
        ] {
            let answer = ask(at, line, fields).await;
            assert_eq!(answer.status, status, "{line} {fields:?}");
            let head = answer.head.to_lowercase();
            assert!(!head.contains("access-control"), "{line}");
            if status == 405 {
                assert!(answer.field("allow").contains("GET"));
            }
        }
        let no_host = exchange(at, b"GET /healthz HTTP/1.1\r\nConnection: close\r\n\r\n").await;
        assert_eq!(parsed(&no_host).status, 400);
        let spanish = ask(at, "GET /nada", &["Accept-Language: es"]).await;
        let english = ask(at, "GET /nada", &["Accept-Language: en"]).await;
        assert_ne!(spanish.body, english.body);
        assert!(String::from_utf8_lossy(&english.body).contains("\"http-not-found\""));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idle_connection_is_kept_for_a_while_and_then_ended() {
    let scene = Scene::start(1).await;
    let at = scene.secondary(1);
    let mut stream = TcpStream::connect(at).await.unwrap();
    let request = format!("GET /healthz HTTP/1.1\r\nHost: {at}\r\n\r\n");
    let mut began = Instant::now();
    // Longer than a head may take.
    for pause_s in [6, 0] {
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        while !answer.ends_with(b"ok\n") {
            let read = timeout(PATIENCE, stream.read_buf(&mut answer)).await;
            assert!(read.unwrap().unwrap() > 0);
        }
        began = Instant::now();
        let nothing = timeout(Duration::from_secs(pause_s), stream.read_u8()).await;
        assert!(nothing.is_err(), "{nothing:?}");
    }
    let end = timeout(2 * PATIENCE, stream.read_to_end(&mut Vec::new())).await;
    let _ = end.expect("never ended");
    let took = began.elapsed();
    assert!(took >= Duration::from_secs(19), "{took:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn slow_and_long_heads_are_ended() {
    let scene = Scene::start(1).await;
    let at = scene.secondary(1);
    let long = format!("X: {}", "x".repeat(20_000));
    assert_eq!(ask(at, "GET /healthz", &[&long]).await.status, 431);
    let many: Vec<String> = (0..200).map(|n| format!("X-{n}: y")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    assert_eq!(ask(at, "GET /healthz", &many).await.status, 431);
    let target = format!("GET /f/{}", "x".repeat(9000));
    assert_eq!(ask(at, &target, &[]).await.status, 414);
    // A head that does not end, and what may be the beginning of HTTP/2.
    for beginning in [&b"GET / HTTP/1.1\r\nHost: x"[..], b"PRI * HT"] {
        let began = Instant::now();
        exchange(at, beginning).await;
        let took = began.elapsed();
        assert!(took > Duration::from_secs(4), "{took:?}");
        // An idle connection has longer.
        assert!(took < Duration::from_secs(19), "{took:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_cannot_be_finished_is_cut_and_never_ended() {
    let (bench, _central) = Bench::start(|config| config.required_secondaries = 1).await;
    let file = bench.served(1, "cambia.bin");
    put(&file, &noise(6, 64 << 20));
    let mut config = bench.secondary_config(1);
    config.face = Some(http::of_secondary(
        Hosts::default(),
        Passwords::default(),
        None,
    ));
    let secondary = start_secondary(config).await;
    bench.client("espera").await.level(1, 1).await;
    let at = secondary.handle.address();
    let mut stream = TcpStream::connect(at).await.unwrap();
    let request = format!("GET /f/cambia.bin HTTP/1.1\r\nHost: {at}\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut first = vec![0; 1 << 20];
    stream.read_exact(&mut first).await.unwrap();
    std::fs::File::options()
        .write(true)
        .open(&file)
        .unwrap()
        .set_len(1)
        .unwrap();
    let mut rest = Vec::new();
    let end = timeout(PATIENCE, stream.read_to_end(&mut rest))
        .await
        .unwrap();
    let error = end.expect_err("a clean end");
    assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
    assert!(rest.len() < 64 << 20);
    drop(bench);
}

/// What a program says when all goes well.
fn run(folder: &Path, line: &str) {
    let ran = Command::new("bash")
        .args(["-ec", line])
        .current_dir(folder)
        .output()
        .unwrap();
    let said = [ran.stdout, ran.stderr].concat();
    assert!(
        ran.status.success(),
        "{line}: {}",
        String::from_utf8_lossy(&said)
    );
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs curl, wget and aria2"]
async fn curl_wget_and_aria2_get_what_they_ask_for() {
    let scene = Scene::start(3).await;
    let folder = scene.bench.path("programas");
    std::fs::create_dir(&folder).unwrap();
    put(&folder.join("orig"), &scene.bytes);
    let (c, s) = (scene.central(), scene.secondary(1));
    let f = "serie/%C3%B1u%201.mp4";
    for line in [
        // Goes on where it was, and a third time has nothing to add.
        format!("curl -sfL -o a -r 0-999999 http://{c}/f/{f}"),
        format!("curl -sfL -C - -o a http://{c}/f/{f}; cmp a orig"),
        format!("curl -sL -C - -o a http://{c}/f/{f} || true; cmp a orig"),
        format!("curl -sf --http2-prior-knowledge -o h2 http://{s}/f/{f}; cmp h2 orig"),
        "head -c 100000 orig > b".to_owned(),
        format!("wget -q -c -O b http://{c}/f/{f}; cmp b orig"),
        format!("wget -q --content-disposition http://{s}/f/{f}; cmp 'ñu 1.mp4' orig"),
        format!(
            "mkdir -p serie; cp orig 'serie/ñu 1.mp4'; curl -sf http://{c}/sha256/{f}.sha256 | sha256sum -c"
        ),
        format!("aria2c -q --no-conf -d d http://{c}/meta4/{f}.meta4; cmp 'd/serie/ñu 1.mp4' orig"),
        // No description is saved in place of the file.
        format!("aria2c -q --no-conf -d e -o x http://{c}/f/{f}; cmp e/x orig"),
        format!("curl -sN http://{s}/f/{f} | (head -c 1000; sleep 12; cat) | cmp - orig"),
    ] {
        let folder = folder.clone();
        let ran = tokio::task::spawn_blocking(move || run(&folder, &line));
        ran.await.unwrap();
    }
}

/// Certificates for 127.0.0.1, and a secret.
fn closed(folder: &Path, role: NetworkRole) -> Arc<Security> {
    let own = |name: &str| Some(folder.join(name));
    let files = SecurityFiles {
        secret: SecretSource::Text(SECRET.as_bytes().to_vec()),
        certificate: own("127.0.0.1.pem"),
        key: own("127.0.0.1-clave.pem"),
        authority: own("ca.pem"),
    };
    Arc::new(Security::load(&files, role).unwrap())
}

const SECRET: &str = "the secret of this cluster";

fn passwords(security: &Security) -> Passwords {
    Passwords {
        member: security.password(),
        links: security.link_key(),
        ..Passwords::default()
    }
}

/// A closed cluster of one secondary whose central and secondary answer HTTP, with TLS or without.
async fn closed_scene(has_tls: bool) -> (Scene, Arc<Security>) {
    let certificates = tempfile::tempdir().unwrap();
    let folder = certificates.path().join("tls");
    make(&folder, &[vec!["127.0.0.1".to_owned()]], FileNames::SPANISH).unwrap();
    let security = |role| match has_tls {
        true => closed(&folder, role),
        false => {
            let secret = SecretSource::Text(SECRET.as_bytes().to_vec());
            let files = SecurityFiles {
                secret,
                ..SecurityFiles::default()
            };
            Arc::new(Security::load(&files, role).unwrap())
        }
    };
    let own = security(NetworkRole::Listens);
    let (bench, central) = Bench::start(|config| {
        config.required_secondaries = 1;
        config.security = Arc::clone(&own);
        let passwords = passwords(&own);
        config.face = Some(http::of_central(Hosts::default(), passwords, 16));
    })
    .await;
    let bytes = noise(5, BYTES);
    put(&bench.served(1, "serie/ñu 1.mp4"), &bytes);
    let mut config = bench.secondary_config(1);
    config.security = security(NetworkRole::Both);
    let of_secondary = passwords(&config.security);
    config.face = Some(http::of_secondary(Hosts::default(), of_secondary, None));
    let secondaries = vec![start_secondary(config).await];
    let own_client = security(NetworkRole::Connects);
    let client = bench.client_with("espera", |config| config.security = own_client);
    client.await.level(1, 1).await;
    std::fs::rename(&folder, bench.path("tls")).unwrap();
    let scene = Scene {
        bench,
        central,
        secondaries,
        bytes,
    };
    (scene, own)
}

fn said(password: &str) -> String {
    let pair = STANDARD.encode(format!("quien sea:{password}"));
    format!("Authorization: Basic {pair}")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_closed_cluster_is_read_by_whoever_says_the_secret_or_has_a_link() {
    let (scene, security) = closed_scene(false).await;
    let path = "/f/serie/%C3%B1u%201.mp4";
    for at in [scene.central(), scene.secondary(1)] {
        assert_eq!(ask(at, "GET /healthz", &[]).await.status, 200);
        for path in [path, "/metrics", "/", "/nada"] {
            let answer = ask(at, &format!("GET {path}"), &[]).await;
            assert_eq!(answer.status, 401, "{path}");
            assert!(answer.field("www-authenticate").starts_with("Basic "));
            let text = String::from_utf8_lossy(&answer.body);
            assert!(text.contains("http-password-wanted"), "{text}");
        }
        let wrong = ask(at, "GET /metrics", &[&said("the secret of another")]).await;
        assert_eq!(wrong.status, 401);
        assert_eq!(ask(at, "GET /metrics", &[&said(SECRET)]).await.status, 200);
    }
    let at = scene.secondary(1);
    let whole = ask(at, &format!("GET {path}"), &[&said(SECRET)]).await;
    assert_eq!(whole.body, scene.bytes);
    // The central's redirection has a link of its own, which is for this content alone.
    let redirected = ask(scene.central(), &format!("GET {path}"), &[&said(SECRET)]).await;
    assert_eq!(redirected.status, 307);
    let location = redirected.field("location").to_owned();
    let (_, target) = location.split_once("//").unwrap();
    let target = &target[target.find('/').unwrap()..];
    let linked = ask(at, &format!("GET {target}"), &[]).await;
    assert_eq!((linked.status, &linked.body), (200, &scene.bytes));
    let (content, query) = target.split_once('?').unwrap();
    for (line, status) in [
        (format!("HEAD {target}"), 200),
        (format!("GET {content}"), 401),
        (format!("GET {path}?{query}"), 401),
        (format!("GET /metrics?{query}"), 401),
        (format!("GET {content}?{}x", query), 401),
        (format!("OPTIONS {target}"), 401),
    ] {
        assert_eq!(ask(at, &line, &[]).await.status, status, "{line}");
    }
    // What a list gives out is good for as long as the link by which it was read, and no longer.
    let until = 60
        + std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .unwrap()
            .as_secs();
    let list = "/m3u/serie/%C3%B1u%201.mp4.m3u";
    let query = security.link_key().unwrap().sign(list, until);
    let listed = ask(scene.central(), &format!("GET {list}?{query}"), &[]).await;
    let text = String::from_utf8(listed.body).unwrap();
    assert!(text.contains(&format!("?t={until}.")), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_passwords_are_slowed_down_and_others_are_not() {
    let (scene, _) = closed_scene(false).await;
    let at = scene.central();
    for _ in 0..5 {
        assert_eq!(ask(at, "GET /metrics", &[&said("guess")]).await.status, 401);
    }
    let began = Instant::now();
    assert_eq!(ask(at, "GET /metrics", &[&said("guess")]).await.status, 401);
    assert!(began.elapsed() >= Duration::from_millis(900));
    let mut guesses = tokio::task::JoinSet::new();
    for _ in 0..20 {
        guesses.spawn(async move { ask(at, "GET /metrics", &[&said("guess")]).await.status });
    }
    until("somebody is turned away", || {
        let next = guesses.try_join_next();
        async move { next.filter(|status| *status.as_ref().unwrap() == 429) }
    })
    .await
    .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs curl"]
async fn curl_reads_a_closed_cluster_over_tls_without_a_certificate() {
    let (scene, security) = closed_scene(true).await;
    let folder = scene.bench.path("tls");
    put(&folder.join("orig"), &scene.bytes);
    let (c, s) = (scene.central(), scene.secondary(1));
    let f = "serie/%C3%B1u%201.mp4";
    let until = 60
        + std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .unwrap()
            .as_secs();
    let link = security.link_key().unwrap();
    let link = link.sign(&format!("/f/{f}"), until);
    for line in [
        format!("curl -sf --cacert ca.pem -u 'x:{SECRET}' -o a https://{s}/f/{f}; cmp a orig"),
        format!(
            "curl -sf --http1.1 --cacert ca.pem -u 'x:{SECRET}' -o b https://{s}/f/{f}; cmp b orig"
        ),
        // Without an offer of protocols it is seen by its first byte where no certificate is asked for, which all are here.
        format!("curl -sfL --cacert ca.pem -u 'x:{SECRET}' -o c https://{c}/f/{f}; cmp c orig"),
        format!("curl -sfL --cacert ca.pem -o d 'https://{c}/f/{f}?{link}'; cmp d orig"),
        format!(
            "test $(curl -s -o /dev/null -w '%{{http_code}}' --cacert ca.pem https://{c}/f/{f}) = 401"
        ),
        format!(
            "curl -sf --cacert ca.pem -u 'x:{SECRET}' https://{c}/meta4/{f}.meta4 | grep -q 'https://{s}/c/.*t='"
        ),
    ] {
        let folder = folder.clone();
        let ran = tokio::task::spawn_blocking(move || run(&folder, &line));
        ran.await.unwrap();
    }
}

/// A film of so many bytes that plays for so many seconds.
fn film(bytes: usize, seconds: u32) -> Vec<u8> {
    let part = |kind: &[u8], content: &[u8]| {
        let length = (content.len() as u32 + 8).to_be_bytes();
        [&length[..], kind, content].concat()
    };
    let times = [1000u32.to_be_bytes(), (seconds * 1000).to_be_bytes()].concat();
    let header = part(b"mvhd", &[&[0; 12][..], &times, &[0; 80]].concat());
    let begin = [part(b"ftyp", b"isom\0\0\0\0"), part(b"moov", &header)].concat();
    let pictures = noise(9, bytes - begin.len() - 8);
    [begin, part(b"mdat", &pictures)].concat()
}

/// A figure of a server, all its rows together.
async fn sum(at: SocketAddr, name: &str) -> u64 {
    let answer = ask(at, "GET /metrics", &[]).await;
    let text = String::from_utf8(answer.body).unwrap();
    let is_row = |line: &&str| {
        let rest = line.strip_prefix(name);
        rest.is_some_and(|rest| rest.starts_with([' ', '{']))
    };
    let rows: Vec<&str> = text.lines().filter(is_row).collect();
    assert!(!rows.is_empty(), "no {name}: {text}");
    let value = |row: &&str| row.rsplit(' ').next().unwrap().parse::<f64>().unwrap();
    rows.iter().map(value).sum::<f64>() as u64
}

#[tokio::test(flavor = "multi_thread")]
async fn the_central_gives_on_what_secondaries_hold() {
    let scene = Scene::start(2).await;
    let at = scene.central();
    let path = "/ver/serie/%C3%B1u%201.mp4";
    let get = format!("GET {path}");
    let whole = ask(at, &get, &[]).await;
    assert_eq!((whole.status, &whole.body), (200, &scene.bytes));
    assert_eq!(whole.field("cache-control"), "no-store");
    assert_eq!(whole.field("content-type"), "video/mp4");
    let tag = whole.field("etag").to_owned();
    let head = ask(at, &format!("HEAD {path}"), &["Range: bytes=0-1"]).await;
    assert_eq!(
        (head.status, head.field("content-length")),
        (200, &*BYTES.to_string())
    );
    for (field, status, expected) in [
        ("Range: bytes=0-1", 206, &scene.bytes[..2]),
        ("Range: bytes=-5", 206, &scene.bytes[BYTES - 5..]),
        ("Range: bytes=2097000-", 206, &scene.bytes[2_097_000..]),
        ("Range: bytes=99999999-", 416, &[]),
        ("If-Match: \"x\"", 412, &[]),
        ("If-Range: \"x\"", 200, &scene.bytes[..]),
    ] {
        let answer = ask(at, &get, &[field]).await;
        assert_eq!(answer.status, status, "{field}");
        assert!(answer.body == expected, "{field}");
    }
    let same = ask(at, &get, &[&format!("If-None-Match: {tag}")]).await;
    assert_eq!(same.status, 304);
    assert_eq!(ask(at, "GET /ver/nada", &[]).await.status, 404);
    assert_eq!(ask(at, "GET /ver/vacio", &[]).await.status, 200);
    // Whoever can take it from several servers is told which, and others are not.
    let several = ask(at, &get, &["Want-Digest: SHA-256", "Range: bytes=0-1"]).await;
    let links = several
        .head
        .lines()
        .filter(|line| line.starts_with("link:"));
    assert_eq!(links.count(), 3, "{}", several.head);
    assert_eq!(whole.field("link"), "");
    // What the others read was here. On a slow moment a chunk may have been asked for twice, never more often.
    for _ in 0..2 {
        assert!(ask(at, &get, &[]).await.body == scene.bytes);
    }
    let sent = |n| sum(scene.secondary(n), "trozos_sent_bytes_total");
    let sent = sent(1).await + sent(2).await;
    assert!((BYTES as u64..=2 * BYTES as u64).contains(&sent), "{sent}");
    assert!(sum(at, "trozos_stream_sent_bytes_total").await > 4 * BYTES as u64);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_watched_goes_on_when_a_secondary_stops() {
    let (bench, central) = Bench::start(|config| {
        config.required_secondaries = 2;
        let passwords = Passwords::default();
        config.face = Some(http::of_central(Hosts::default(), passwords, 16));
    })
    .await;
    let bytes = noise(8, 96 << 20);
    put(&bench.served(1, "largo.bin"), &bytes);
    let mut secondaries = Vec::new();
    for n in 1..=2 {
        let mut config = bench.secondary_config(n);
        config.upload_limit_bytes_per_s = Some(20_000_000);
        secondaries.push(start_secondary(config).await);
    }
    bench.client("espera").await.level(1, 2).await;
    let at = central.handle.address();
    let mut stream = TcpStream::connect(at).await.unwrap();
    let request = format!("GET /ver/largo.bin HTTP/1.1\r\nHost: {at}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = vec![0; 8 << 20];
    stream.read_exact(&mut answer).await.unwrap();
    secondaries.remove(0).handle.stop().await.unwrap();
    let read = timeout(PATIENCE, stream.read_to_end(&mut answer)).await;
    read.expect("nothing more comes").expect("it was cut");
    let answer = parsed(&answer);
    assert!(answer.status == 200 && answer.body == bytes);
    drop(bench);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_player_that_asks_again_and_again_is_sent_little_more_than_it_plays() {
    const FILM: usize = 64 << 20;
    let (bench, central) = Bench::start(|config| {
        config.required_secondaries = 1;
        let passwords = Passwords::default();
        config.face = Some(http::of_central(Hosts::default(), passwords, 16));
    })
    .await;
    // A quarter of a megabyte a second.
    put(&bench.served(1, "film.mp4"), &film(FILM, 256));
    let _secondary = bench.secondary(1).await;
    bench.client("espera").await.level(1, 1).await;
    let at = central.handle.address();
    let probe = ask(at, "GET /ver/film.mp4", &["Range: bytes=0-1"]).await;
    assert_eq!((probe.status, probe.body.len()), (206, 2));
    assert_eq!(probe.field("content-range"), format!("bytes 0-1/{FILM}"));
    until("how fast it plays is known", || async {
        // A part with an end is not slowed down.
        let answer = ask(at, "GET /ver/film.mp4", &["Range: bytes=0-99999"]).await;
        (answer.body.len() == 100_000).then_some(())
    })
    .await;
    for n in 0..30u64 {
        let mut stream = TcpStream::connect(at).await.unwrap();
        let from = n << 20;
        let request =
            format!("GET /ver/film.mp4 HTTP/1.1\r\nHost: {at}\r\nRange: bytes={from}-\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut taken = Vec::new();
        let _ = timeout(Duration::from_millis(100), stream.read_to_end(&mut taken)).await;
        assert!(taken.starts_with(b"HTTP/1.1 206"));
    }
    let sent = sum(at, "trozos_stream_sent_bytes_total").await;
    assert!(sent < (2 * (30 + 16)) << 20, "{sent}");
    // A download of the same film is as fast as it can be.
    let began = Instant::now();
    let whole = ask(at, "GET /ver/film.mp4", &[]).await;
    assert_eq!(whole.body.len(), FILM);
    assert!(began.elapsed() < Duration::from_secs(20));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_plays_a_film_with_its_subtitles() {
    let scene = Scene::start(1).await;
    put(
        &scene.bench.served(1, "serie/ñu 1.es.srt"),
        "1\n00:00:01,000 --> 00:00:02,000\n¿Qué?\n".as_bytes(),
    );
    let client = scene.bench.client("espera más").await;
    client.level(3, 1).await;
    let at = scene.central();
    until("the page knows the subtitles", || async {
        let page = ask(at, "GET /p/serie/%C3%B1u%201.mp4", &[]).await;
        let html = String::from_utf8(page.body).unwrap();
        let has_player =
            html.contains("<video") && html.contains("src=\"/ver/serie/%C3%B1u%201.mp4\"");
        assert!(has_player, "{html}");
        html.contains("src=\"/vtt/serie/%C3%B1u%201.es.srt\"")
            .then_some(())
    })
    .await;
    let vtt = ask(at, "GET /vtt/serie/%C3%B1u%201.es.srt", &[]).await;
    assert_eq!(vtt.field("content-type"), "text/vtt; charset=utf-8");
    let text = String::from_utf8(vtt.body).unwrap();
    assert_eq!(text, "WEBVTT\n\n00:00:01.000 --> 00:00:02.000\n¿Qué?\n\n");
    assert_eq!(
        ask(at, "GET /vtt/serie/%C3%B1u%201.mp4", &[]).await.status,
        404
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secondary_can_be_a_gateway_too() {
    let (bench, _central) = Bench::start(|config| config.required_secondaries = 2).await;
    let bytes = noise(5, BYTES);
    put(&bench.served(1, "uno.bin"), &bytes);
    let mut secondaries = Vec::new();
    for n in 1..=2 {
        let mut config = bench.secondary_config(n);
        let most = (n == 2).then_some(4);
        config.face = Some(http::of_secondary(
            Hosts::default(),
            Passwords::default(),
            most,
        ));
        secondaries.push(start_secondary(config).await);
    }
    bench.client("espera").await.level(1, 2).await;
    let at = |n: usize| secondaries[n - 1].handle.address();
    let through = ask(at(2), "GET /ver/uno.bin", &[]).await;
    assert_eq!((through.status, &through.body), (200, &bytes));
    assert_eq!(ask(at(1), "GET /ver/uno.bin", &[]).await.status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn idle_connections_of_an_address_leave_room_for_what_works() {
    let scene = Scene::start(1).await;
    let at = scene.secondary(1);
    let request = format!("GET /healthz HTTP/1.1\r\nHost: {at}\r\n\r\n");
    let mut idle = Vec::new();
    for _ in 0..MAX_HTTP_CONNECTIONS_EACH + 40 {
        let mut stream = TcpStream::connect(at).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = [0; 64];
        assert!(stream.read(&mut answer).await.unwrap() > 0);
        idle.push(stream);
    }
    // The first ones have given way.
    let mut rest = Vec::new();
    let ended = timeout(PATIENCE, idle[0].read_to_end(&mut rest)).await;
    assert!(ended.is_ok());
    let whole = ask(at, "GET /f/serie/%C3%B1u%201.mp4", &[]).await;
    assert_eq!(whole.body, scene.bytes);
    let client = scene.bench.client("eva").await;
    client
        .handle
        .download(name("serie/ñu 1.mp4"))
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_is_a_list_for_players() {
    let scene = Scene::start(1).await;
    let at = scene.central();
    let answer = ask(at, "GET /m3u/serie/", &[]).await;
    assert_eq!(
        (answer.status, answer.field("content-type")),
        (200, "audio/x-mpegurl")
    );
    let text = String::from_utf8(answer.body).unwrap();
    assert!(text.contains(&format!("\nhttp://{at}/")), "{text}");
    assert_eq!(ask(at, "GET /m3u/nada/", &[]).await.status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn http_2_without_tls_is_spoken_as_well() {
    let scene = Scene::start(1).await;
    let mut stream = TcpStream::connect(scene.secondary(1)).await.unwrap();
    // The preface, and settings of which there are none.
    let mut hello = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
    hello.extend([0, 0, 0, 4, 0, 0, 0, 0, 0]);
    stream.write_all(&hello).await.unwrap();
    let mut frame = [0; 9];
    let read = timeout(PATIENCE, stream.read_exact(&mut frame)).await;
    read.unwrap().unwrap();
    assert_eq!(frame[3], 4, "no settings: {frame:?}");
    drop(scene.bench);
}
