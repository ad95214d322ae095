//! Figures through all doors of a real central: counted exactly, refused with a reason, kept over restarts.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{TcpStream, UdpSocket},
    time::timeout,
};
use trozos::{
    http::{self, FiguresDoor, Hosts, Passwords},
    model::{
        FigureAnswer, FigureDoor, FigureError, FigureName, FigureOrder, FigureRequest, FileName,
    },
    node::{
        central::{CentralOrders, FigureAsked, NotDelivered, PrivateMessage, Rank},
        client::ClientEvent,
        doors::{Doors, DoorsConfig},
    },
    proto::Password,
};

use crate::{
    http::ask,
    support::{Bench, Central, DEADLINE, noise, put},
};

const CLIENTS: usize = 4;
const ORDERS: usize = 25;

/// A central with every door open.
struct Scene {
    central: Central,
    doors: Doors,
    http: FiguresDoor,
    bench: Bench,
}

impl Scene {
    async fn start(may_reset: bool) -> Self {
        let (bench, central) = Bench::start(|config| {
            config.required_secondaries = 1;
            let passwords = Passwords {
                administrator: Some(Password::from_text(b"the password\n")),
                ..Passwords::default()
            };
            config.face = Some(http::of_central(Hosts::default(), passwords, 16));
        })
        .await;
        let orders: CentralOrders = (*central.handle).clone();
        let at = central.handle.address();
        let config = DoorsConfig {
            udp: Some(0),
            tcp: Some(0),
            processes: Some(0),
            program: Some(env!("CARGO_BIN_EXE_videocentral").into()),
            may_reset,
        };
        let doors = Doors::open(at.ip(), config, orders.clone()).await.unwrap();
        let face = (Hosts::default(), Passwords::default());
        let http = FiguresDoor::open((at.ip(), 0).into(), face, orders, may_reset);
        Self {
            http: http.await.unwrap(),
            central,
            doors,
            bench,
        }
    }

    fn orders(&self) -> CentralOrders {
        (*self.central.handle).clone()
    }

    fn at(&self, door: FigureDoor) -> SocketAddr {
        let mut doors = self.doors.addresses().iter();
        doors.find(|(own, _)| *own == door).unwrap().1
    }

    async fn value(&self) -> i64 {
        let asked = wish(FigureName::default(), FigureOrder::Ask);
        let answer = self.orders().figure(asked, Rank::Operator).await.unwrap();
        answer.unwrap().value
    }
}

fn wish(name: FigureName, order: FigureOrder) -> FigureRequest {
    FigureRequest {
        name,
        order,
        door: FigureDoor::Console,
        who: "console".to_owned(),
        request: None,
        may_reset: true,
    }
}

/// A datagram and its answer; said again until there is one.
async fn by_udp(socket: &UdpSocket, said: &str) -> String {
    let mut answer = [0; 2000];
    loop {
        socket.send(said.as_bytes()).await.unwrap();
        let received = timeout(Duration::from_secs(1), socket.recv(&mut answer)).await;
        if let Ok(Ok(count)) = received {
            return String::from_utf8(answer[..count].to_vec()).unwrap();
        }
    }
}

async fn udp(at: SocketAddr) -> UdpSocket {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    socket.connect(at).await.unwrap();
    socket
}

/// A connection of lines.
struct Lines(BufReader<TcpStream>);

impl Lines {
    async fn to(at: SocketAddr) -> Self {
        Self(BufReader::new(TcpStream::connect(at).await.unwrap()))
    }

    async fn say(&mut self, line: &str) -> String {
        self.0.write_all(line.as_bytes()).await.unwrap();
        self.0.write_all(b"\n").await.unwrap();
        let mut answer = String::new();
        let read = timeout(DEADLINE, self.0.read_line(&mut answer)).await;
        read.unwrap().unwrap();
        answer.trim_end().to_owned()
    }
}

/// The status and the text of an answer to curl.
async fn by_http(at: SocketAddr, path: &str, fields: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(at).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nHost: {at}\r\nConnection: close\r\n{fields}\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    let answer = String::from_utf8_lossy(&answer);
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (status, body.trim_end().to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn every_door_counts_each_order_once() {
    let scene = Arc::new(Scene::start(false).await);
    let mut tasks = tokio::task::JoinSet::new();
    for client in 0..CLIENTS {
        let (udp_at, tcp_at) = (scene.at(FigureDoor::Udp), scene.at(FigureDoor::Tcp));
        tasks.spawn(async move {
            let socket = udp(udp_at).await;
            for order in 0..ORDERS {
                by_udp(&socket, &format!("inc.1 #{client}-{order}")).await;
            }
        });
        for at in [tcp_at, scene.at(FigureDoor::Processes)] {
            tasks.spawn(async move {
                let mut lines = Lines::to(at).await;
                for _ in 0..ORDERS {
                    let answer = lines.say("inc.1").await;
                    assert!(answer.starts_with("Estado Del Contador->: "), "{answer}");
                }
            });
        }
        let http = scene.http.address();
        tasks.spawn(async move {
            for _ in 0..ORDERS {
                let (status, text) = by_http(http, "/cambiar?counter=inc.1", "").await;
                assert_eq!(status, 200, "{text}");
                assert!(text.starts_with("Valor del Contador, "), "{text}");
            }
        });
        let orders = scene.orders();
        tasks.spawn(async move {
            for _ in 0..ORDERS {
                let asked = wish(FigureName::default(), FigureOrder::Add(1));
                orders.figure(asked, Rank::Operator).await.unwrap().unwrap();
            }
        });
    }
    while let Some(ended) = tasks.join_next().await {
        ended.unwrap();
    }
    assert_eq!(scene.value().await, (5 * CLIENTS * ORDERS) as i64);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_order_changes_nothing_and_is_told_why() {
    let scene = Scene::start(false).await;
    let socket = udp(scene.at(FigureDoor::Udp)).await;
    let mut lines = Lines::to(scene.at(FigureDoor::Tcp)).await;
    let mut of_process = Lines::to(scene.at(FigureDoor::Processes)).await;
    let bad = "consulta mal formulada";
    for said in ["inc", "inc.x", "sum.1", "res.1", "../x inc.1", "inc.1 #"] {
        assert_eq!(by_udp(&socket, said).await, bad, "{said}");
        assert_eq!(lines.say(said).await, bad, "{said}");
        assert_eq!(of_process.say(said).await, bad, "{said}");
    }
    // A datagram that is too long.
    assert_eq!(
        by_udp(&socket, &format!("inc.1{}", " ".repeat(1500))).await,
        bad
    );
    assert_eq!(
        lines.say("inc.9223372036854775807").await,
        "Estado Del Contador->: 9223372036854775807"
    );
    assert_eq!(by_udp(&socket, "inc.1").await, "rechazada: figure-overflow");
    assert_eq!(lines.say("res.0").await, "rechazada: figure-reset-denied");
    assert_eq!(
        lines.say("descargas:a inc.1").await,
        "rechazada: figure-counted"
    );
    assert_eq!(
        lines.say("votos:a inc.1").await,
        "rechazada: figure-one-vote"
    );
    assert_eq!(
        of_process.say("inc.0").await,
        "Estado Del Contador->: 9223372036854775807"
    );
    let at = scene.http.address();
    for (path, fields, status, text) in [
        ("/cambiar?counter=inc", "", 400, bad),
        ("/cambiar", "", 400, bad),
        (
            "/cambiar?counter=inc.1",
            "",
            409,
            "rechazada: figure-overflow",
        ),
        (
            "/cambiar?counter=res.0",
            "",
            403,
            "rechazada: figure-reset-denied",
        ),
        (
            "/cambiar?counter=dec.2&name=sala",
            "",
            200,
            "Valor de sala, -2",
        ),
    ] {
        let expected = (status, text.to_owned());
        assert_eq!(by_http(at, path, fields).await, expected, "{path}");
    }
    for fields in [
        "Sec-Fetch-Site: cross-site\r\n",
        "Origin: http://evil.example\r\n",
    ] {
        let (status, _) = by_http(at, "/cambiar?counter=dec.1", fields).await;
        assert_eq!(status, 403, "{fields}");
    }
    let (status, text) = by_http(at, "/info", "Accept-Language: en\r\n").await;
    assert_eq!(status, 200);
    assert!(text.contains("door udp: 127.0.0.1:"), "{text}");
    let main = by_http(
        scene.central.handle.address(),
        "/info",
        "Accept-Language: en\r\n",
    )
    .await;
    let first = |text: &str| text.lines().next().map(str::to_owned);
    assert_eq!(first(&main.1), first(&text));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeated_datagram_counts_once_and_values_outlive_a_restart() {
    let scene = Scene::start(true).await;
    let socket = udp(scene.at(FigureDoor::Udp)).await;
    for _ in 0..3 {
        assert_eq!(
            by_udp(&socket, "sala inc.5 #once").await,
            "Estado De sala: 5"
        );
    }
    assert_eq!(by_udp(&socket, "x inc.1").await, "Estado De x: 1");
    assert_eq!(by_udp(&socket, "x res.0").await, "Estado De x: 0");
    let Scene {
        central,
        doors,
        http,
        bench,
    } = scene;
    drop((doors, http));
    central.handle.stop().await.unwrap();
    let config = trozos::node::central::CentralConfig {
        listen: "127.0.0.1:0".parse().unwrap(),
        required_secondaries: 1,
        ..bench.central_config()
    };
    let central = crate::support::start_central(config).await;
    let figures = central.handle.figures().await.unwrap();
    let named: Vec<_> = figures
        .iter()
        .map(|f| (f.name.to_string(), f.value))
        .collect();
    assert_eq!(named, [("sala".to_owned(), 5)]);
    let config = DoorsConfig {
        udp: Some(0),
        ..DoorsConfig::default()
    };
    let ip = central.handle.address().ip();
    let doors = Doors::open(ip, config, (*central.handle).clone())
        .await
        .unwrap();
    let socket = udp(doors.addresses()[0].1).await;
    assert_eq!(
        by_udp(&socket, "sala inc.5 #once").await,
        "Estado De sala: 5"
    );
}

/// An operator's order is answered while most of a flood still waits, and the flood drains.
#[tokio::test(flavor = "multi_thread")]
async fn an_operator_overtakes_a_flood() {
    let scene = Scene::start(false).await;
    let orders = scene.orders();
    let (tell, mut told) = tokio::sync::mpsc::unbounded_channel::<FigureAnswer>();
    const FLOOD: usize = 4000;
    let flood = tokio::spawn({
        let orders = orders.clone();
        async move {
            for _ in 0..FLOOD {
                let tell = tell.clone();
                let request = FigureRequest {
                    door: FigureDoor::Tcp,
                    ..wish(FigureName::default(), FigureOrder::Add(1))
                };
                // As the doors do: each waits for room on its way.
                let answer = orders.figure_begun(request).await.unwrap();
                tokio::spawn(async move {
                    let _ = tell.send(answer.await.unwrap());
                });
            }
        }
    });
    // Some of it has come.
    told.recv().await.unwrap().unwrap();
    let name = FigureName::try_from("urgente").unwrap();
    for _ in 0..5 {
        let asked = wish(name.clone(), FigureOrder::Add(1));
        orders.figure(asked, Rank::Operator).await.unwrap().unwrap();
    }
    let served = scene.value().await;
    assert!(served < FLOOD as i64, "{served} of {FLOOD} went before");
    flood.await.unwrap();
    for _ in 1..FLOOD {
        let answer = timeout(DEADLINE, told.recv()).await.unwrap();
        answer.unwrap().unwrap();
    }
    assert_eq!(scene.value().await, FLOOD as i64);
    // A reply of somebody who does not wait comes too.
    let (tell, told) = std::sync::mpsc::channel();
    orders.figure_now(FigureAsked {
        request: wish(FigureName::default(), FigureOrder::Ask),
        reply: Box::new(move |answer| tell.send(answer).unwrap()),
    });
    let answer = tokio::task::spawn_blocking(move || told.recv_timeout(DEADLINE));
    assert_eq!(answer.await.unwrap().unwrap().unwrap().value, FLOOD as i64);
}

#[tokio::test(flavor = "multi_thread")]
async fn people_vote_once_and_play_once_and_hear_what_is_said_to_them() {
    let mut scene = Scene::start(false).await;
    put(&scene.bench.served(1, "a.mp4"), &noise(1, 70_000));
    put(&scene.bench.served(1, "b.mp4"), &noise(2, 70_000));
    let _secondary = scene.bench.secondary(1).await;
    let mut ana = scene.bench.client("ana").await;
    let luis = scene.bench.client("luis").await;
    ana.level(2, 1).await;
    let votes = FigureName::try_from("votos:a.mp4").unwrap();
    let vote = |by| ana.handle.count(votes.clone(), FigureOrder::adding(by));
    assert_eq!(vote(1).await.unwrap().unwrap().value, 1);
    assert_eq!(vote(1).await.unwrap().unwrap().value, 1);
    let of_luis = luis.handle.count(votes.clone(), FigureOrder::Add(1)).await;
    assert_eq!(of_luis.unwrap().unwrap().value, 2);
    assert_eq!(vote(-1).await.unwrap().unwrap().value, 1);
    assert_eq!(vote(2).await.unwrap(), Err(FigureError::OneVote));
    let reset = ana.handle.count(FigureName::default(), FigureOrder::Reset);
    assert_eq!(reset.await.unwrap(), Err(FigureError::ResetDenied));
    let added = ana.handle.count(FigureName::default(), FigureOrder::Add(7));
    assert_eq!(added.await.unwrap().unwrap().value, 7);
    assert_eq!(luis.handle.figures().await.unwrap()[0].value, 7);

    let at = scene.central.handle.address();
    for _ in 0..3 {
        let (status, _) = by_http(at, "/ver/a.mp4", "Range: bytes=0-9\r\n").await;
        assert_eq!(status, 206);
    }
    let plays = FigureName::try_from("plays:a.mp4").unwrap();
    let played = ana.handle.count(plays, FigureOrder::Ask).await.unwrap();
    assert_eq!(played.unwrap().value, 1);
    let popular = scene.central.handle.popular().await.unwrap();
    let counted = popular[&FileName::try_from("a.mp4").unwrap()];
    assert_eq!((counted.plays, counted.votes), (1, 1));
    let page = ask(at, "GET /?orden=vistas", &["Accept: text/html"]).await;
    let page = String::from_utf8(page.body).unwrap();
    assert!(page.contains("Vistas") && page.contains("Votos"), "{page}");
    assert!(page.find("a.mp4") < page.find("b.mp4"), "{page}");

    let say = |to: &str, text: &str| PrivateMessage {
        from: "fuera".to_owned(),
        to: to.to_owned(),
        text: text.to_owned(),
    };
    let handle = &scene.central.handle;
    handle.say(say("ana", "hola")).await.unwrap().unwrap();
    let nobody = handle.say(say("eva", "hola")).await.unwrap();
    assert_eq!(nobody, Err(NotDelivered::NotHere("eva".to_owned())));
    for bad in [
        say("ana", ""),
        say("a/b", "x"),
        say("ana", &"x".repeat(5000)),
    ] {
        assert_eq!(
            handle.say(bad).await.unwrap(),
            Err(NotDelivered::BadMessage)
        );
    }
    let heard = async {
        loop {
            if let Some(ClientEvent::Private { from, text }) = ana.events.recv().await {
                return (from, text);
            }
        }
    };
    let heard = timeout(DEADLINE, heard).await.unwrap();
    assert_eq!(heard, ("fuera".to_owned(), "hola".to_owned()));
    scene.central.events.close();
}
