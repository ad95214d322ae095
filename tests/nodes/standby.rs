//! A central on standby, asked by its program and by HTTP; and orders that are given twice under one name.

use serde_json::{Value, json};
use trozos::{
    http::{self, Hosts, Passwords},
    model::{OrderId, Session, Term},
    node::central::{
        CentralConfig, Drained, Elsewhere, Order, Ordered, ReigningCentral, Standing, Unanswered,
    },
    proto::Password,
};

use crate::{
    http::{Answer, ask, ask_with},
    support::{Bench, Central, number, start_central},
};

/// `admin:the password`
const BASIC: &str = "Authorization: Basic YWRtaW46dGhlIHBhc3N3b3Jk";
const JSON: &str = "Content-Type: application/json";
const PROGRAM: &str = "X-Trozos: 1";
const PERSON: &str = "Accept: text/html";

fn with_a_face(config: &mut CentralConfig) {
    let passwords = Passwords {
        administrator: Some(Password::from_text(b"the password\n")),
        ..Passwords::default()
    };
    config.required_secondaries = 1;
    config.face = Some(http::of_central(Hosts::default(), passwords, 16));
}

async fn stand(central: &Central, elsewhere: Option<&str>) {
    let elsewhere = elsewhere.map(|address| Elsewhere {
        address: address.parse().unwrap(),
        term: Term(9),
    });
    let standing = Standing::Standby(elsewhere);
    central.handle.stand(standing).await.unwrap();
}

fn json_of(answer: &Answer) -> Value {
    serde_json::from_slice(&answer.body).unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_asks_a_central_on_standby_is_sent_to_the_one_that_reigns() {
    let (_bench, central) = Bench::start(with_a_face).await;
    let at = central.handle.address();
    stand(&central, Some("10.0.0.9:50001")).await;
    for path in [
        "/f/a.mp4?descargar=1",
        "/ver/a.mp4",
        "/api/v1/status",
        "/api/v1/events",
        "/p/a.mp4",
        "/",
    ] {
        let answer = ask(at, &format!("GET {path}"), &[]).await;
        let there = format!("http://10.0.0.9:50001{path}");
        assert_eq!((answer.status, answer.field("location")), (307, &*there));
        assert_eq!(answer.field("cache-control"), "no-store");
    }
    let order = "POST /api/v1/limits";
    let fields = [JSON, PROGRAM, BASIC];
    let answer = ask_with(at, order, &fields, r#"{"max_downloads": 1}"#).await;
    assert_eq!(answer.status, 307);
    // Of itself it answers.
    let answer = ask(at, "GET /healthz", &[]).await;
    assert_eq!((answer.status, &*answer.body), (200, &b"ok\n"[..]));
    let answer = ask(at, "GET /readyz", &[]).await;
    assert_eq!(answer.status, 503);
    assert_eq!(json_of(&answer)["code"], "http-standby");
    let answer = ask(at, "GET /metrics", &[]).await;
    let figures = String::from_utf8(answer.body).unwrap();
    assert!(figures.contains("trozos_ready 0.0\n"), "{figures}");
    assert!(figures.contains("role=\"central\""), "{figures}");
    assert!(!figures.contains("trozos_files "), "{figures}");
    let answer = ask(at, "GET /api/v1/centrals", &[]).await;
    assert_eq!(answer.status, 200);
    // A person is shown where to go.
    let answer = ask(at, "GET /?buscar=x", &[PERSON, "Accept-Language: en"]).await;
    let page = String::from_utf8(answer.body.clone()).unwrap();
    assert_eq!(answer.status, 200, "{page}");
    assert!(
        page.contains(r#"href="http://10.0.0.9:50001/?buscar=x""#),
        "{page}"
    );
    assert_eq!(answer.field("refresh"), "5");
}

#[tokio::test(flavor = "multi_thread")]
async fn where_nobody_reigns_people_are_told_to_come_again() {
    let (_bench, central) = Bench::start(with_a_face).await;
    let at = central.handle.address();
    stand(&central, None).await;
    let answer = ask(at, "GET /f/a.mp4", &[]).await;
    assert_eq!((answer.status, answer.field("retry-after")), (503, "2"));
    assert_eq!(answer.field("content-type"), "application/problem+json");
    assert_eq!(json_of(&answer)["code"], "http-standby");
    let answer = ask(at, "GET /", &[PERSON]).await;
    assert_eq!(answer.status, 200);
    // It goes on where it was, once it reigns.
    central.handle.stand(Standing::Active).await.unwrap();
    let answer = ask(at, "GET /f/a.mp4", &[]).await;
    assert_eq!(json_of(&answer)["code"], "http-not-ready");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_central_that_is_reached_by_this_machine_is_named_as_this_one_is() {
    let (_bench, central) = Bench::start(with_a_face).await;
    let at = central.handle.address();
    stand(&central, Some("127.0.0.1:7")).await;
    let host = format!("Host: localhost:{}", at.port());
    let answer = ask(at, "GET /f/a", &[&host]).await;
    assert_eq!(answer.field("location"), "http://localhost:7/f/a");
}

#[tokio::test(flavor = "multi_thread")]
async fn orders_at_a_central_on_standby_are_refused_at_once_and_name_the_one_that_reigns() {
    let (_bench, central) = Bench::start(|_| {}).await;
    let address = "10.0.0.9:50001".parse().unwrap();
    stand(&central, Some("10.0.0.9:50001")).await;
    let node = String::new();
    let refused = Unanswered::Standby(Some(ReigningCentral { node, address }));
    let handle = &central.handle;
    assert_eq!(handle.drain(number(1)).await, Err(refused.clone()));
    assert_eq!(handle.expel("ana").await, Err(refused.clone()));
    assert_eq!(handle.set_max_downloads(1).await, Err(refused.clone()));
    assert_eq!(handle.status().await.unwrap_err(), refused);
    assert_eq!(handle.queue().await.unwrap_err(), refused);
    stand(&central, None).await;
    let nobody = Err(Unanswered::Standby(None));
    assert_eq!(handle.end_draining(number(1)).await, nobody);
    central.handle.stand(Standing::Active).await.unwrap();
    let unknown = Ok(Drained::NoSuchSecondary);
    assert_eq!(handle.drain(number(1)).await, unknown);
}

fn id(session: u64, number: u64) -> OrderId {
    OrderId {
        session: Session(session),
        number,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_that_is_given_twice_is_done_once_also_by_the_next_run() {
    let mut kept = None;
    let (bench, central) = Bench::start(|config| kept = Some(config.clone())).await;
    let (three, handle) = (Order::MaxDownloads(3), &central.handle);
    let done = Ok(Ordered::MaxDownloads);
    assert_eq!(handle.order(three.clone(), Some(id(1, 1))).await, done);
    handle.set_max_downloads(7).await.unwrap();
    assert_eq!(handle.order(three.clone(), Some(id(1, 1))).await, done);
    assert_eq!(handle.max_downloads().await, Ok(7));
    // The name stands for that order only, and what may have been done is not done again.
    let other = handle.order(Order::MaxDownloads(4), Some(id(1, 1))).await;
    assert_eq!(other, Err(Unanswered::OtherOrder));
    let unknown = handle.order(three.clone(), Some(id(2, 5))).await;
    assert_eq!(unknown, Err(Unanswered::Forgotten));
    central.handle.stop().await.unwrap();
    let central = start_central(kept.unwrap()).await;
    let handle = &central.handle;
    assert_eq!(handle.order(three.clone(), Some(id(1, 1))).await, done);
    assert_eq!(handle.max_downloads().await, Ok(7));
    assert_eq!(handle.order(three, Some(id(1, 2))).await, done);
    assert_eq!(handle.max_downloads().await, Ok(3));
    drop(bench);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_by_http_is_done_once_for_each_key() {
    let (_bench, central) = Bench::start(with_a_face).await;
    let at = central.handle.address();
    let give = async |key: &str, most: u16| {
        let key = format!("Idempotency-Key: {key}");
        let body = format!(r#"{{"max_downloads": {most}}}"#);
        let fields = [JSON, PROGRAM, BASIC, &key];
        let answer = ask_with(at, "POST /api/v1/limits", &fields, &body).await;
        (answer.status, json_of(&answer))
    };
    assert_eq!(give("first", 3).await.0, 200);
    assert_eq!(give("second", 7).await.0, 200);
    // The answer says how it is now.
    let (status, said) = give("first", 3).await;
    assert_eq!((status, &said["limits"]["max_downloads"]), (200, &json!(7)));
    let (status, said) = give("first", 4).await;
    assert_eq!((status, &said["code"]), (409, &json!("http-conflict")));
    assert_eq!(give(&"x".repeat(300), 4).await.0, 400);
    assert_eq!(central.handle.max_downloads().await, Ok(7));
}
