//! Servers asked by programs and pages: every answer as it is described, orders only to whom they are for, and what happens
//! told as it happens.

use std::{net::SocketAddr, time::Duration};

use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};
use trozos::{
    http::{self, Hosts, Passwords},
    proto::Password,
};

use crate::{
    http::{Answer, ask, ask_with},
    support::{
        Bench, Central, Client, Secondary, noise, put, schema::wrong, start_secondary, until,
    },
};

const PATIENCE: Duration = Duration::from_secs(30);
/// `admin:the password`
const BASIC: &str = "Authorization: Basic YWRtaW46dGhlIHBhc3N3b3Jk";
const JSON: &str = "Content-Type: application/json";
const PROGRAM: &str = "X-Trozos: 1";

fn passwords() -> Passwords {
    Passwords {
        administrator: Some(Password::from_text(b"the password\n")),
        ..Passwords::default()
    }
}

struct Scene {
    central: Central,
    secondary: Secondary,
    client: Client,
    _bench: Bench,
}

impl Scene {
    async fn start(passwords: Passwords) -> Self {
        let (bench, central) = Bench::start(|config| {
            config.required_secondaries = 1;
            config.face = Some(http::of_central(Hosts::default(), passwords.clone(), 16));
        })
        .await;
        put(
            &bench.served(1, "serie/<b>\"ñ\" & 'x'.mp4"),
            &noise(1, 70_000),
        );
        put(&bench.served(1, "a.mp4"), &noise(2, 7));
        let mut config = bench.secondary_config(1);
        config.face = Some(http::of_secondary(Hosts::default(), passwords, None));
        let secondary = start_secondary(config).await;
        let client = bench.client("ana").await;
        client.level(2, 1).await;
        Self {
            central,
            secondary,
            client,
            _bench: bench,
        }
    }

    fn central(&self) -> SocketAddr {
        self.central.handle.address()
    }

    fn secondary(&self) -> SocketAddr {
        self.secondary.handle.address()
    }
}

fn json(answer: &Answer) -> Value {
    serde_json::from_slice(&answer.body)
        .unwrap_or_else(|_| panic!("{}: {}", answer.head, String::from_utf8_lossy(&answer.body)))
}

/// An address for a path of a description.
fn filled(path: &str) -> String {
    let path = path.replace("files/{name}", "files/a.mp4");
    let path = path.replace("figures/{name}", "figures/contador");
    path.replace("{name}", "ana").replace("{number}", "1")
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_is_as_it_is_described() {
    let scene = Scene::start(passwords()).await;
    for at in [scene.central(), scene.secondary()] {
        let description = ask(at, "GET /api/v1/openapi.json", &[]).await;
        assert_eq!(description.field("content-type"), "application/json");
        let document = json(&description);
        for (path, item) in document["paths"].as_object().unwrap() {
            let Some(get) = item.get("get") else { continue };
            if path.ends_with("/events") {
                continue;
            }
            let line = format!("GET {}", filled(path));
            let schema = &get["responses"]["200"]["content"]["application/json"]["schema"];
            let as_admin = ask(at, &line, &[BASIC]).await;
            assert_eq!(as_admin.status, 200, "{line}");
            assert!(!as_admin.field("cache-control").is_empty(), "{line}");
            assert_eq!(wrong(&json(&as_admin), schema, &document, path), None);
            let as_anybody = ask(at, &line, &[]).await;
            if get.get("security").is_some() {
                assert_eq!(as_anybody.status, 401, "{line}");
                assert!(as_anybody.field("www-authenticate").starts_with("Basic "));
                let problem = &document["components"]["schemas"]["problem"];
                assert_eq!(wrong(&json(&as_anybody), problem, &document, path), None);
            } else {
                assert_eq!(as_anybody.status, 200, "{line}");
                assert_eq!(wrong(&json(&as_anybody), schema, &document, path), None);
                // Who asks is nobody else's business.
                let text = String::from_utf8(as_anybody.body).unwrap();
                let is_example = path.ends_with("/openapi.json");
                assert!(is_example || !text.contains("\"ana\""), "{line}: {text}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_catalogue_comes_in_pages() {
    let scene = Scene::start(Passwords::default()).await;
    let at = scene.central();
    let first = json(&ask(at, "GET /api/v1/files?max=1", &[]).await);
    assert_eq!(
        (&first["folders"], &first["total"]),
        (&json!(["serie/"]), &json!(2))
    );
    let next = first["next"].as_str().unwrap();
    let second = json(&ask(at, &format!("GET {next}"), &[]).await);
    assert_eq!(second["files"][0]["name"], "a.mp4");
    assert_eq!(second.get("next"), None);
    let found = json(&ask(at, "GET /api/v1/files?search=N", &[]).await);
    assert_eq!(found["files"][0]["name"], "serie/<b>\"ñ\" & 'x'.mp4");
}

#[tokio::test(flavor = "multi_thread")]
async fn orders_are_carried_out_for_the_administrator() {
    let scene = Scene::start(passwords()).await;
    let (central, secondary) = (scene.central(), scene.secondary());
    let own = format!("Origin: http://{central}");
    let order = async |at, line: &str, body: &str| {
        let answer = ask_with(at, line, &[BASIC, JSON, PROGRAM], body).await;
        (answer.status, json(&answer))
    };
    let drain = "POST /api/v1/secondaries/1/drain";
    let (status, drained) = order(central, drain, "").await;
    assert_eq!(
        (status, &drained["drained"][0]["drained"]),
        (200, &json!("yes"))
    );
    let rows = json(&ask(central, "GET /api/v1/secondaries", &[]).await);
    assert_eq!(rows["secondaries"][0]["state"], "draining");
    // A page of this server says where it is from.
    let fields = [BASIC, JSON, own.as_str()];
    let again = "DELETE /api/v1/secondaries/all/drain";
    let from_page = ask_with(central, again, &fields, "{}").await;
    assert_eq!(json(&from_page)["drained"][0]["drained"], "no");
    let limits = r#"{"max_downloads": 9}"#;
    let (_, limits) = order(central, "POST /api/v1/limits", limits).await;
    assert_eq!(limits["limits"]["max_downloads"], 9);
    let (_, limits) = order(
        secondary,
        "POST /api/v1/limits",
        r#"{"upload_bytes_per_s": 5}"#,
    )
    .await;
    assert_eq!(limits["limits"]["upload_bytes_per_s"], 5);
    let (_, limits) = order(
        secondary,
        "POST /api/v1/limits",
        r#"{"upload_bytes_per_s": null}"#,
    )
    .await;
    assert_eq!(limits["limits"]["upload_bytes_per_s"], Value::Null);
    let (status, said) = order(secondary, "POST /api/v1/reindex", "").await;
    assert_eq!((status, said), (200, json!("reindexing")));
    let (_, removed) = order(
        secondary,
        "POST /api/v1/retired/empty",
        r#"{"numbers": "all"}"#,
    )
    .await;
    assert_eq!(removed["removed"]["files"], 0);
    for (at, line, body, status, code) in [
        (
            central,
            "POST /api/v1/secondaries/9/drain",
            "",
            404,
            "http-not-found",
        ),
        (
            central,
            "POST /api/v1/clients/nadie/expel",
            "",
            404,
            "http-not-found",
        ),
        (
            central,
            "POST /api/v1/limits",
            "{}",
            400,
            "http-bad-request",
        ),
        (
            central,
            "POST /api/v1/limits",
            r#"{"max_downloads": 0}"#,
            400,
            "http-bad-request",
        ),
        (central, drain, r#"{"x": 1}"#, 400, "http-bad-request"),
        (
            central,
            "POST /api/v1/conflicts/resolve",
            r#"{"name": "a.mp4", "choice": 1}"#,
            409,
            "http-conflict",
        ),
        (
            secondary,
            "POST /api/v1/retired/recover",
            r#"{"numbers": [7]}"#,
            404,
            "http-not-found",
        ),
        (
            secondary,
            "POST /api/v1/limits",
            "{}",
            400,
            "http-bad-request",
        ),
    ] {
        let (said, problem) = order(at, line, body).await;
        assert_eq!(
            (said, &problem["code"]),
            (status, &json!(code)),
            "{line} {body}"
        );
    }
    let clients = json(&ask(central, "GET /api/v1/clients", &[BASIC]).await);
    assert_eq!(clients["clients"][0]["name"], "ana");
    let (status, expelled) = order(central, "POST /api/v1/clients/ana/expel", "").await;
    assert_eq!((status, &expelled["expelled"]["clients"]), (200, &json!(1)));
    drop(scene.client);
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_of_others_cannot_give_orders() {
    let scene = Scene::start(passwords()).await;
    let at = scene.central();
    let drain = "POST /api/v1/secondaries/1/drain";
    let own = format!("Origin: http://{at}");
    let large = format!("{{\"x\": \"{}\"}}", "x".repeat(70_000));
    for (line, fields, body, status) in [
        (
            drain,
            vec![JSON, BASIC, "Origin: http://evil.example"],
            "{}",
            403,
        ),
        (drain, vec![JSON, BASIC, "Origin: null"], "{}", 403),
        (drain, vec![JSON, BASIC], "{}", 403),
        (
            drain,
            vec![JSON, BASIC, &own, "Sec-Fetch-Site: cross-site"],
            "{}",
            403,
        ),
        (drain, vec!["Content-Type: text/plain"], "{}", 415),
        (
            drain,
            vec!["Content-Type: text/plain", BASIC, &own],
            "{}",
            415,
        ),
        (drain, vec![BASIC, PROGRAM], "", 415),
        (drain, vec![JSON, PROGRAM], "{}", 401),
        (
            drain,
            vec![JSON, PROGRAM, "Authorization: Basic YTpi"],
            "{}",
            401,
        ),
        (
            drain,
            vec![JSON, PROGRAM, BASIC, "Host: evil.example"],
            "{}",
            421,
        ),
        (
            drain,
            vec![JSON, PROGRAM, BASIC, "Transfer-Encoding: chunked"],
            "{}",
            501,
        ),
        (drain, vec![JSON, PROGRAM, BASIC], &large, 413),
        (
            "GET /api/v1/secondaries/1/drain",
            vec![BASIC, PROGRAM],
            "",
            405,
        ),
        (
            "PUT /api/v1/secondaries/1/drain",
            vec![JSON, BASIC, PROGRAM],
            "{}",
            405,
        ),
        ("POST /", vec![JSON, BASIC, PROGRAM], "{}", 405),
        (
            "POST /api/v1/nothing",
            vec![JSON, BASIC, PROGRAM],
            "{}",
            404,
        ),
        (
            "OPTIONS /api/v1/secondaries/1/drain",
            vec![
                "Origin: http://evil.example",
                "Access-Control-Request-Method: POST",
            ],
            "",
            204,
        ),
    ] {
        let answer = ask_with(at, line, &fields, body).await;
        assert_eq!(answer.status, status, "{line} {fields:?}");
        assert!(
            !answer.head.to_lowercase().contains("access-control"),
            "{line}"
        );
        assert!(!answer.head.to_lowercase().contains("set-cookie"), "{line}");
        if status == 405 {
            assert!(!answer.field("allow").is_empty(), "{line}");
        }
    }
    let rows = json(&ask(at, "GET /api/v1/secondaries", &[]).await);
    assert_eq!(rows["secondaries"][0]["state"], "up");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_password_nobody_gives_orders() {
    let scene = Scene::start(Passwords::default()).await;
    for (at, line) in [
        (scene.central(), "POST /api/v1/secondaries/1/drain"),
        (scene.secondary(), "POST /api/v1/reindex"),
    ] {
        for fields in [
            vec![JSON, PROGRAM],
            vec![JSON, PROGRAM, "Authorization: Basic Og=="],
        ] {
            let answer = ask_with(at, line, &fields, "{}").await;
            // What is said as a password is none.
            let status = if fields.len() == 2 { 403 } else { 401 };
            assert_eq!(answer.status, status, "{line}");
            if status == 403 {
                assert_eq!(json(&answer)["code"], "http-admin-off");
            }
        }
    }
    let page = ask(scene.central(), "GET /?idioma=en", &["Accept: text/html"]).await;
    let page = String::from_utf8(page.body).unwrap();
    assert!(page.contains("--admin-password-file"));
    assert!(!page.contains("type=\"password\""));
}

#[tokio::test(flavor = "multi_thread")]
async fn names_are_harmless_in_pages_and_reasons_are_pages_for_people() {
    let scene = Scene::start(passwords()).await;
    let at = scene.central();
    let path = "/p/serie/%3Cb%3E%22%C3%B1%22%20%26%20%27x%27.mp4";
    for (line, status) in [
        ("GET /?carpeta=serie".to_owned(), 200),
        (format!("GET {path}"), 200),
        ("GET /?buscar=%3Cb%3E%22%27%26".to_owned(), 200),
        ("GET /nada".to_owned(), 404),
    ] {
        let answer = ask(at, &line, &["Accept: text/html,*/*"]).await;
        assert_eq!(answer.status, status, "{line}");
        assert_eq!(
            answer.field("content-type"),
            "text/html; charset=utf-8",
            "{line}"
        );
        let policy = answer.field("content-security-policy");
        assert!(
            policy.contains("default-src 'none'; script-src 'self'"),
            "{line}"
        );
        assert!(!policy.contains("unsafe"), "{line}");
        assert_eq!(answer.field("x-frame-options"), "DENY");
        let html = String::from_utf8(answer.body).unwrap();
        assert!(!html.contains("<b>"), "{line}: {html}");
        assert_eq!(html.matches("<h1").count(), 1, "{line}");
        assert!(html.len() < 50_000, "{line}: {}", html.len());
    }
    let elsewhere = ask(scene.secondary(), "GET /", &[]).await;
    assert_eq!(elsewhere.status, 307);
    assert_eq!(elsewhere.field("location"), format!("http://{at}/"));
    let wrong = ask(at, "GET /", &["Accept: text/html", "Host: evil.example"]).await;
    assert_eq!(wrong.field("content-type"), "text/html; charset=utf-8");
    assert!(String::from_utf8(wrong.body).unwrap().contains("--http-n"));
    let page = ask(at, "GET /", &[]).await;
    let page = String::from_utf8(page.body).unwrap();
    for attribute in [
        "rel=\"stylesheet\" href=\"",
        "type=\"module\" src=\"",
        "image/svg+xml\" href=\"",
    ] {
        let path = page.split_once(attribute).unwrap().1;
        let path = path.split_once('"').unwrap().0;
        let asset = ask(at, &format!("GET {path}"), &[]).await;
        assert_eq!(asset.status, 200, "{path}");
        assert!(asset.field("cache-control").contains("immutable"), "{path}");
    }
}

/// Reads events until one has such a text.
async fn read_until(stream: &mut TcpStream, read: &mut String, text: &str) {
    let reading = async {
        let mut piece = [0; 4096];
        while !read.contains(text) {
            let count = stream.read(&mut piece).await.unwrap();
            assert!(count > 0, "no {text}: {read}");
            read.push_str(&String::from_utf8_lossy(&piece[..count]));
        }
    };
    timeout(PATIENCE, reading)
        .await
        .expect("the event does not come");
}

async fn listen(at: SocketAddr) -> (TcpStream, String) {
    let mut stream = TcpStream::connect(at).await.unwrap();
    let request = format!("GET /api/v1/events HTTP/1.1\r\nHost: {at}\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut read = String::new();
    read_until(&mut stream, &mut read, "\n\n").await;
    (stream, read)
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_are_told_what_happens_until_the_server_stops() {
    let scene = Scene::start(passwords()).await;
    let at = scene.central();
    let (mut first, mut read) = listen(at).await;
    assert!(read.contains("content-type: text/event-stream"), "{read}");
    read_until(&mut first, &mut read, "event: snapshot").await;
    read_until(&mut first, &mut read, "\"state\":\"up\"").await;
    assert!(!read.contains("\"ana\""), "{read}");
    let drain = "POST /api/v1/secondaries/1/drain";
    let drained = ask_with(at, drain, &[BASIC, JSON, PROGRAM], "").await;
    assert_eq!(drained.status, 200);
    read_until(&mut first, &mut read, "event: patch").await;
    read_until(
        &mut first,
        &mut read,
        "{\"secondaries\":{\"1\":{\"state\":\"draining\"",
    )
    .await;
    // A fourth page of this address ends the first.
    let mut others = Vec::new();
    for _ in 0..3 {
        others.push(listen(at).await);
    }
    read_until(&mut first, &mut read, "event: bye").await;
    let stopping = scene.central.handle.stop();
    let began = tokio::time::Instant::now();
    timeout(PATIENCE, stopping).await.unwrap().unwrap();
    assert!(began.elapsed() < trozos::node::central::CentralHandle::STOP_WITHIN);
    for (stream, read) in &mut others {
        read_until(stream, read, "event: bye").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_passwords_take_time() {
    let scene = Scene::start(passwords()).await;
    let at = scene.central();
    let guess = async || {
        ask(at, "GET /api/v1/clients", &["Authorization: Basic YTpi"])
            .await
            .status
    };
    for _ in 0..5 {
        assert_eq!(guess().await, 401);
    }
    let began = tokio::time::Instant::now();
    assert_eq!(guess().await, 401);
    assert!(began.elapsed() >= Duration::from_millis(900));
    until("the right one still opens", || async {
        let answer = ask(at, "GET /api/v1/clients", &[BASIC]).await;
        (answer.status == 200).then_some(())
    })
    .await;
}
