use tokio::time::Instant;

use super::*;
use crate::{
    model::{
        FileName, Incarnation, SecondaryNumber, Session, Term, TransferId,
        limits::{CONNECT_TIMEOUT, HEARTBEAT, HELLO_TIMEOUT},
        messages::{Answer, ForSecondary, Question},
    },
    net::{
        Listener,
        memory::{MemoryNetwork, ip},
    },
    node::{
        Denied,
        finding::WRITE_STALL,
        testing::{PEER, Played, SERVER, listening, server_address},
    },
    proto::{ErrorCode, Hello, Said, said::Details},
};

/// The link of a client on a network on which a central listens.
fn linked() -> (MemoryNetwork, Listener, Link) {
    let (network, listener) = listening();
    let link = Link::start(config(&network, client()));
    (network, listener, link)
}

fn client() -> PeerRole {
    PeerRole::Client {
        name: None,
        session: Some(Session(1)),
    }
}

fn config(network: &MemoryNetwork, role: PeerRole) -> LinkConfig {
    LinkConfig {
        network: network.host(PEER),
        centrals: (ip(SERVER).to_string(), server_address().port()).into(),
        role,
        security: Arc::default(),
    }
}

async fn next_event(link: &mut Link) -> LinkEvent {
    link.events
        .recv()
        .await
        .expect("a link never ends by itself")
}

async fn up(link: &mut Link) -> mpsc::Sender<ToCentral> {
    match next_event(link).await {
        LinkEvent::Up {
            outbox, central, ..
        } => {
            assert_eq!(central, server_address());
            outbox
        }
        other => panic!("{other:?}"),
    }
}

async fn down(link: &mut Link) -> LinkDown {
    match next_event(link).await {
        LinkEvent::Down(down) => down,
        other => panic!("{other:?}"),
    }
}

async fn lost(link: &mut Link) -> Lost {
    match down(link).await {
        LinkDown::Lost(lost) => lost,
        LinkDown::Denied(denied) => panic!("{denied:?}"),
    }
}

fn status() -> ToCentral {
    ToCentral::Question(Question::Status)
}

#[tokio::test(start_paused = true)]
async fn messages_pass_in_both_directions_and_heartbeats_are_nobodys_news() {
    let (_network, mut listener, mut link) = linked();
    let mut central = Played::accept_as_central(&mut listener).await;
    let outbox = up(&mut link).await;
    outbox.send(status()).await.unwrap();
    assert_eq!(central.hear::<ToCentral>().await, status());
    let began = Instant::now();
    assert_eq!(central.hear::<ToCentral>().await, ToCentral::Ping);
    assert_eq!(began.elapsed(), CLIENT_HEARTBEAT);
    central.say(&FromCentral::Ping).await;
    let said = FromCentral::Answer(Answer::Listing {
        ready: true,
        files: Vec::new(),
        more: false,
    });
    central.say(&said).await;
    match next_event(&mut link).await {
        LinkEvent::Message(message) => assert_eq!(message, said),
        other => panic!("{other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn a_secondary_announces_the_address_by_which_it_reaches_the_central() {
    let (network, mut listener) = listening();
    let role = PeerRole::Secondary {
        number: SecondaryNumber::try_from(3).unwrap(),
        listens: Some((None, 7)),
        incarnation: Incarnation(1),
    };
    let mut link = Link::start(config(&network, role));
    let mut central = Played::accept(&mut listener).await;
    let ToCentral::Hello(hello) = central.hear().await else {
        panic!("no hello");
    };
    let Ok(PeerRole::Secondary { listens, .. }) = hello.into_role() else {
        panic!("no secondary");
    };
    assert_eq!(listens, Some((Some(ip(PEER)), 7)));
    let hello = Hello::from_role(&PeerRole::Central(Term(1).into()));
    central.say(&FromCentral::Hello(hello)).await;
    let _outbox = up(&mut link).await;
    // Its heart beats faster than a client's.
    let began = Instant::now();
    assert_eq!(central.hear::<ToCentral>().await, ToCentral::Ping);
    assert_eq!(began.elapsed(), HEARTBEAT);
}

#[tokio::test(start_paused = true)]
async fn each_way_to_lose_the_central_is_told_apart() {
    let (network, mut listener, mut link) = linked();
    let refused = FromCentral::Error {
        code: ErrorCode::LimitExceeded,
        message: Said::from("full".to_owned()),
    };
    for (said, expected) in [
        ("", Lost::Closed),
        ("{\"type\":\"pi", Lost::Cut),
        ("{\"type\":\"bye\"}\n", Lost::Stops),
    ] {
        let mut central = Played::accept_as_central(&mut listener).await;
        let _outbox = up(&mut link).await;
        central.say_raw(said.as_bytes()).await;
        drop(central);
        assert_eq!(lost(&mut link).await, expected);
    }
    let mut central = Played::accept_as_central(&mut listener).await;
    let _outbox = up(&mut link).await;
    central.say_raw(b"nonsense\n").await;
    assert!(matches!(lost(&mut link).await, Lost::NotAMessage(_)));
    let mut central = Played::accept_as_central(&mut listener).await;
    let _outbox = up(&mut link).await;
    central.say(&refused).await;
    assert!(matches!(lost(&mut link).await, Lost::Refused { .. }));
    let _central = Played::accept_as_central(&mut listener).await;
    let _outbox = up(&mut link).await;
    network.reset(SERVER, PEER);
    assert!(matches!(lost(&mut link).await, Lost::Failed(_)));
}

#[tokio::test(start_paused = true)]
async fn a_central_that_is_silent_or_takes_nothing_is_given_up_in_time() {
    let (network, mut listener, mut link) = linked();
    let _central = Played::accept_as_central(&mut listener).await;
    let outbox = up(&mut link).await;
    let began = Instant::now();
    assert_eq!(lost(&mut link).await, Lost::Silent);
    assert_eq!(began.elapsed(), CLIENT_LEASE);
    assert!(outbox.is_closed());

    let mut central = Played::accept_as_central(&mut listener).await;
    let outbox = up(&mut link).await;
    network.freeze(SERVER);
    let large = FileName::try_from("x".repeat(200).as_str()).unwrap();
    let large = ToCentral::Question(Question::List { after: Some(large) });
    let began = Instant::now();
    while outbox.try_send(large.clone()).is_ok() {
        tokio::task::yield_now().await;
    }
    let gave_up = lost(&mut link).await;
    assert!(matches!(gave_up, Lost::Failed(_)), "{gave_up:?}");
    assert_eq!(began.elapsed(), WRITE_STALL);
    network.thaw(SERVER);
    drop(central.hear_line().await);
}

#[tokio::test(start_paused = true)]
async fn attempts_come_to_nothing_in_their_time() {
    let (network, mut listener, mut link) = linked();
    // It says nothing.
    let _central = Played::accept(&mut listener).await;
    let began = Instant::now();
    assert!(matches!(lost(&mut link).await, Lost::NoHello { .. }));
    assert_eq!(began.elapsed(), HELLO_TIMEOUT);
    // Nothing answers.
    network.cut(SERVER, PEER);
    let began = Instant::now();
    assert!(matches!(lost(&mut link).await, Lost::NoAnswer(_)));
    assert!(began.elapsed() <= RETRY_CAP + CONNECT_TIMEOUT);
    network.mend(SERVER, PEER);
    // Nobody listens.
    network.kill(SERVER);
    assert!(matches!(lost(&mut link).await, Lost::Unreachable { .. }));
}

#[tokio::test(start_paused = true)]
async fn it_is_tried_again_and_again_with_growing_delays_and_at_once_when_asked() {
    let (network, _listener, mut link) = linked();
    network.kill(SERVER);
    lost(&mut link).await;
    let mut delays = Vec::new();
    for _ in 0..8 {
        let began = Instant::now();
        lost(&mut link).await;
        delays.push(began.elapsed());
    }
    assert!(delays[0] < Duration::from_secs(1), "{delays:?}");
    assert!(delays.iter().all(|delay| *delay <= RETRY_CAP), "{delays:?}");
    let longest = delays.iter().max().unwrap();
    assert!(*longest > RETRY_CAP.mul_f64(1.0 - JITTER), "{delays:?}");
    let began = Instant::now();
    link.try_now();
    lost(&mut link).await;
    assert!(began.elapsed() < RETRY_FIRST);
    // A connection that held is a good one: the next delay is short again, and not everybody's.
    let mut listener = network.host(SERVER).listen(server_address()).unwrap();
    let mut central = Played::accept_as_central(&mut listener).await;
    let _outbox = up(&mut link).await;
    let lease = CLIENT_LEASE / 2;
    for _ in 0..4 {
        sleep(lease).await;
        central.say(&FromCentral::Ping).await;
    }
    drop((central, listener));
    lost(&mut link).await;
    let began = Instant::now();
    lost(&mut link).await;
    assert!(began.elapsed() <= CLIENT_SPREAD, "{:?}", began.elapsed());
}

#[tokio::test(start_paused = true)]
async fn whoever_is_expelled_stays_away_and_says_so_to_whoever_asks() {
    let (_network, mut listener, mut link) = linked();
    let mut central = Played::accept_as_central(&mut listener).await;
    let _outbox = up(&mut link).await;
    let expelled = FromCentral::Error {
        code: ErrorCode::Expelled,
        message: Said::from("expelled".to_owned()),
    };
    central.say(&expelled).await;
    assert!(down(&mut link).await.is_expelled());
    let began = Instant::now();
    link.try_now();
    assert!(down(&mut link).await.is_expelled());
    assert_eq!(began.elapsed(), Duration::ZERO);
    drop(central);
    let _central = Played::accept_as_central(&mut listener).await;
    assert_eq!(began.elapsed(), EXPELLED_FOR);
}

#[tokio::test(start_paused = true)]
async fn whoever_is_denied_waits_until_somebody_may_have_mended_it() {
    let (_network, mut listener, mut link) = linked();
    let mut central = Played::accept(&mut listener).await;
    let denied = FromCentral::Error {
        code: ErrorCode::SecretRequired,
        message: Said::from("closed".to_owned()),
    };
    central.say(&denied).await;
    let why = down(&mut link).await;
    assert_eq!(why, LinkDown::Denied(Denied::SecretRequired));
    let began = Instant::now();
    let _central = Played::accept(&mut listener).await;
    assert_eq!(began.elapsed(), DENIED_DELAY);
}

/// A central that is played for many, which notes when each one came.
struct Many {
    came: Arc<parking_lot::Mutex<Vec<Instant>>>,
    /// What is said to each of them.
    tells: tokio::sync::broadcast::Sender<FromCentral>,
}

impl Many {
    /// `first` is said to whoever comes; with an error the connection ends.
    fn start(network: &MemoryNetwork, host: u8, first: watch::Receiver<FromCentral>) -> Self {
        let mut listener = network
            .host(host)
            .listen((ip(host), 50_000).into())
            .unwrap();
        let (tells, _) = tokio::sync::broadcast::channel(16);
        let many = Self {
            came: Arc::default(),
            tells,
        };
        let (came, tells) = (Arc::clone(&many.came), many.tells.clone());
        tokio::spawn(async move {
            loop {
                let mut played = Played::accept(&mut listener).await;
                let (came, first) = (Arc::clone(&came), first.clone());
                let mut told = tells.subscribe();
                tokio::spawn(async move {
                    played.hear_line().await;
                    let first = first.borrow().clone();
                    let is_taken = matches!(first, FromCentral::Hello(_));
                    let _ = played.writer.send(&first).await;
                    if !is_taken {
                        return;
                    }
                    came.lock().push(Instant::now());
                    let mut beat = tokio::time::interval(CLIENT_HEARTBEAT);
                    loop {
                        let says = tokio::select! {
                            line = played.hear_line() => match line {
                                Some(_) => continue,
                                None => return,
                            },
                            told = told.recv() => told.unwrap(),
                            _ = beat.tick() => FromCentral::Ping,
                        };
                        // It may have left.
                        let _ = played.writer.send(&says).await;
                    }
                });
            }
        });
        many
    }

    /// When the last one of so many had come, and how many came within a tenth of a second at the most.
    async fn all_came(&self, many: usize, began: Instant) -> (Duration, usize) {
        while self.came.lock().len() < many {
            assert!(began.elapsed() < Duration::from_secs(60), "not all came");
            sleep(Duration::from_millis(10)).await;
        }
        let mut came = self.came.lock().clone();
        came.sort();
        let window = Duration::from_millis(100);
        let within = |from: &Instant| {
            let after = came
                .iter()
                .filter(|at| *at >= from && **at < *from + window);
            after.count()
        };
        let most = came.iter().map(within).max();
        (*came.last().unwrap() - began, most.unwrap())
    }
}

fn central_hello(term: u32) -> FromCentral {
    FromCentral::Hello(Hello::from_role(&PeerRole::Central(Term(term).into())))
}

fn not_active() -> FromCentral {
    FromCentral::Error {
        code: ErrorCode::NotActive,
        message: Said::default(),
    }
}

#[tokio::test(start_paused = true)]
async fn a_thousand_idle_clients_are_attached_again_within_three_seconds_and_no_herd() {
    const CLIENTS: usize = 1000;
    const OTHER: u8 = 9;
    // How the first central ends, and how long it takes until the second one reigns.
    for (moves, reigns_after_ms) in [(true, 0), (false, 0), (false, 1500)] {
        let network = MemoryNetwork::default();
        network.set_latency(Duration::from_millis(1));
        let (_first, says) = watch::channel(central_hello(1));
        let first = Many::start(&network, SERVER, says);
        let (second, says) = watch::channel(not_active());
        let other = Many::start(&network, OTHER, says);
        let places = [SERVER, OTHER].map(|host| (ip(host).to_string(), 50_000));
        let links: Vec<Link> = (0..CLIENTS)
            .map(|_| {
                let mut link = Link::start(LinkConfig {
                    centrals: places.to_vec().into(),
                    ..config(&network, client())
                });
                let (_, nobody) = mpsc::channel(1);
                let mut events = std::mem::replace(&mut link.events, nobody);
                tokio::spawn(async move {
                    let mut outboxes = Vec::new();
                    while let Some(event) = events.recv().await {
                        match event {
                            LinkEvent::Up { outbox, .. } => outboxes.push(outbox),
                            LinkEvent::Down(_) => outboxes.clear(),
                            LinkEvent::Message(_) => {}
                        }
                    }
                });
                link
            })
            .collect();
        first.all_came(CLIENTS, Instant::now()).await;
        sleep(GOOD).await;
        if moves {
            second.send_replace(central_hello(2));
            let (ip, port) = (ip(OTHER), 50_000);
            let moved = FromCentral::Moved {
                ip,
                port,
                term: Term(2),
            };
            first.tells.send(moved).unwrap();
        } else {
            network.kill(SERVER);
            sleep(Duration::from_millis(reigns_after_ms)).await;
            second.send_replace(central_hello(2));
        }
        let began = Instant::now();
        let (last, most) = other.all_came(CLIENTS, began).await;
        assert!(last < Duration::from_secs(3), "{last:?}");
        assert!(most < CLIENTS / 5, "{most} at once");
        drop(links);
    }
}

#[tokio::test(start_paused = true)]
async fn a_limited_central_of_an_earlier_term_gives_no_orders_any_more() {
    let (network, mut listener) = listening();
    let mut link = Link::start(LinkConfig {
        centrals: [SERVER, 9]
            .map(|host| (ip(host).to_string(), 50_000))
            .to_vec()
            .into(),
        ..config(&network, client())
    });
    let mut central = Played::accept(&mut listener).await;
    central.hear_line().await;
    let limited = Reign {
        state: CentralState::Limited,
        ..Term(5).into()
    };
    let hello = Hello::from_role(&PeerRole::Central(limited));
    central.say(&FromCentral::Hello(hello)).await;
    let _outbox = up(&mut link).await;
    let copy = FromCentral::from(ForSecondary::CancelCopy {
        transfer: TransferId::new(Term(5), 7),
    });
    let ack = FromCentral::from(ForSecondary::Ack { batch: 1 });
    let mut obeys = async |link: &mut Link, what: &str| {
        central.say(&copy).await;
        central.say(&ack).await;
        match next_event(link).await {
            LinkEvent::Message(first) if first == ack => false,
            LinkEvent::Message(first) if first == copy => {
                assert!(matches!(next_event(link).await, LinkEvent::Message(_)));
                true
            }
            other => panic!("{what}: {other:?}"),
        }
    };
    assert!(obeys(&mut link, "at first").await);
    // Another one is on standby, and knows of one that this node does not reach.
    let mut other = network.host(9).listen((ip(9), 50_000).into()).unwrap();
    let refusing = tokio::spawn(async move {
        let mut played = Played::accept(&mut other).await;
        played.hear_line().await;
        let details = Details::Active {
            ip: Some(ip(77)),
            port: Some(1),
            term: Some(Term(6)),
            centrals: Vec::new(),
        };
        let message = Said {
            message: String::new(),
            details: Some(details),
        };
        let code = ErrorCode::NotActive;
        played.say(&FromCentral::Error { code, message }).await;
    });
    refusing.await.unwrap();
    sleep(Duration::from_millis(100)).await;
    assert!(!obeys(&mut link, "later").await);
}
