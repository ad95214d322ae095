use tokio::time::Instant;

use super::*;
use crate::{
    model::{
        FileName, Incarnation, SecondaryNumber, Session, Term,
        limits::{CONNECT_TIMEOUT, HEARTBEAT, HELLO_TIMEOUT},
        messages::{Answer, Question},
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
    proto::{ErrorCode, Hello, Said},
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
        LinkEvent::Up { outbox, central, .. } => {
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
    assert!(*delays.last().unwrap() >= RETRY_CAP / 2, "{delays:?}");
    let began = Instant::now();
    link.try_now();
    lost(&mut link).await;
    assert!(began.elapsed() < RETRY_FIRST);
    // A connection that held is a good one: the next delay is short again.
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
    assert!(began.elapsed() <= 2 * RETRY_FIRST, "{:?}", began.elapsed());
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
