use std::sync::atomic::Ordering;

use tokio::{
    task::JoinHandle,
    time::{Instant, sleep, timeout},
};

use super::*;
use crate::{
    model::{
        ClientName, Incarnation, RequestId, SecondaryNumber,
        messages::{FromSecondary, Question},
    },
    net::memory::{MemoryNetwork, ip},
    node::{
        central::inputs::{Outgoing, SharedLine},
        server::Server,
        testing::{PEER, Played, SERVER, listening},
    },
    proto::Hello,
};

/// Inputs that may wait for the owner, which is the test.
const INPUTS: usize = 4;

/// A peer, the owner's end of its connection, and its task.
struct Connected {
    network: MemoryNetwork,
    played: Played,
    inputs: mpsc::Receiver<Input>,
    serving: JoinHandle<()>,
    stop: CancellationToken,
    /// A later connection takes its only place.
    server: Server,
}

/// A peer that has said this.
async fn connected(first: &[u8]) -> Connected {
    let (network, listener) = listening();
    let mut server = Server::new(listener, 1, Arc::default());
    let mut played = Played::connect(&network.host(PEER)).await;
    played.say_raw(first).await;
    let accepted = server.arrival().await.unwrap();
    let (sender, inputs) = mpsc::channel(INPUTS);
    let stop = CancellationToken::new();
    let context = Context {
        inputs: sender,
        stop: stop.clone(),
        highest_number: 3,
        administrator: None,
        security: Arc::default(),
        face: None,
    };
    let serving = tokio::spawn(serve(accepted, ConnectionId(7), context));
    Connected {
        network,
        played,
        inputs,
        serving,
        stop,
        server,
    }
}

fn hello_of(role: &PeerRole) -> Vec<u8> {
    let mut line = serde_json::to_vec(&ToCentral::Hello(Hello::from_role(role))).unwrap();
    line.push(b'\n');
    line
}

fn client_hello() -> Vec<u8> {
    let name = ClientName::try_from("ana").unwrap();
    hello_of(&PeerRole::Client {
        name: Some(name),
        session: None,
    })
}

fn secondary_hello(number: u64) -> Vec<u8> {
    hello_of(&PeerRole::Secondary {
        number: SecondaryNumber::try_from(number).unwrap(),
        listens: None,
        incarnation: Incarnation(1),
    })
}

impl Connected {
    async fn input(&mut self) -> Input {
        self.inputs.recv().await.expect("the task has ended")
    }

    /// The owner's end of a connection whose peer has said hello.
    async fn opened(&mut self) -> Peer {
        match self.input().await {
            Input::Opened {
                connection, peer, ..
            } => {
                assert_eq!(connection, ConnectionId(7));
                peer
            }
            other => panic!("{other:?}"),
        }
    }

    /// How it ended: with a goodbye, or for a reason that its peer is told.
    async fn closed(&mut self) -> End {
        loop {
            match self.input().await {
                Input::Closed { end, .. } => return end,
                Input::BadPeer { address, .. } => assert_eq!(address.ip(), ip(PEER)),
                other => panic!("{other:?}"),
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_a_peer_says_reaches_the_owner_in_order_until_its_goodbye() {
    let mut connected = connected(&client_hello()).await;
    let _peer = connected.opened().await;
    let request = RequestId(1);
    connected.played.say(&ToCentral::Ping).await;
    let cancel = ToCentral::Client(FromClient::Cancel { request });
    connected.played.say(&cancel).await;
    let question = ToCentral::Question(Question::Status);
    connected.played.say(&question).await;
    connected.played.say(&ToCentral::Bye).await;
    // Signs of life are noted elsewhere.
    assert!(matches!(connected.input().await, Input::Event { .. }));
    assert!(matches!(connected.input().await, Input::Question { .. }));
    assert_eq!(connected.closed().await, End::Goodbye);
}

#[tokio::test(start_paused = true)]
async fn each_end_that_is_the_peers_fault_has_its_reason() {
    for (said, expected) in [
        (
            client_hello(),
            Refused::Unexpected("hello was said already"),
        ),
        (b"nonsense\n".to_vec(), Refused::NotAMessage(String::new())),
        (vec![b'x'; 1 << 20], Refused::LineTooLong),
    ] {
        let mut connected = connected(&client_hello()).await;
        let peer = connected.opened().await;
        let _ = connected.played.writer.send_encoded(&said).await;
        let end = connected.closed().await;
        let is_alike = match &end {
            End::Refused(Refused::NotAMessage(_)) => matches!(expected, Refused::NotAMessage(_)),
            End::Refused(refused) => *refused == expected,
            End::Goodbye | End::Broken => false,
        };
        assert!(is_alike, "{end:?}");
        // The owner tells it, and lets go.
        drop(peer);
        connected.serving.await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn a_client_that_is_silent_is_gone_and_a_secondary_is_the_machines_business_for_longer() {
    for (hello, patience) in [
        (client_hello(), CLIENT_LEASE),
        (secondary_hello(1), LEASE * 4),
    ] {
        let mut connected = connected(&hello).await;
        let _peer = connected.opened().await;
        let began = Instant::now();
        assert_eq!(connected.closed().await, End::Refused(Refused::Silent));
        assert_eq!(began.elapsed(), patience);
    }
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_goes_without_a_word_is_gone() {
    let mut connected = connected(&client_hello()).await;
    let _peer = connected.opened().await;
    connected.network.reset(SERVER, PEER);
    assert_eq!(connected.closed().await, End::Broken);
}

#[tokio::test(start_paused = true)]
async fn who_may_not_be_here_is_told_why_and_the_owner_hears_of_it() {
    let mut connected = connected(&secondary_hello(4)).await;
    let told = connected.played.hear_line().await.unwrap();
    assert!(told.contains("\"error\""), "{told}");
    match connected.input().await {
        Input::BadPeer { reason, .. } => {
            assert!(matches!(reason, Refused::NumberTooHigh { most: 3, .. }));
        }
        other => panic!("{other:?}"),
    }
    connected.serving.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_stop_ends_a_connection_that_has_not_said_who_it_is() {
    let connected = connected(b"").await;
    connected.stop.cancel();
    connected.serving.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn heartbeats_come_as_often_as_the_peer_expects_them() {
    for (hello, every) in [
        (client_hello(), CLIENT_HEARTBEAT),
        (secondary_hello(1), HEARTBEAT),
    ] {
        let mut connected = connected(&hello).await;
        let _peer = connected.opened().await;
        let began = Instant::now();
        let heard: FromCentral = connected.played.hear().await;
        assert_eq!(heard, FromCentral::Ping);
        assert_eq!(began.elapsed(), every);
    }
}

#[tokio::test(start_paused = true)]
async fn the_owner_ends_a_connection_at_once_or_once_all_was_sent() {
    let mut first = connected(&client_hello()).await;
    let peer = first.opened().await;
    peer.ended.cancel();
    assert_eq!(first.closed().await, End::Broken);

    let mut second = connected(&client_hello()).await;
    let peer = second.opened().await;
    let bye = Outgoing::Message(Box::new(FromCentral::Bye));
    peer.outbox.try_send(bye).unwrap();
    drop(peer);
    assert_eq!(second.played.hear::<FromCentral>().await, FromCentral::Bye);
    assert_eq!(second.played.hear_line().await, None);
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_takes_nothing_is_given_up_and_its_pages_count_until_then() {
    let mut connected = connected(&client_hello()).await;
    let peer = connected.opened().await;
    connected.network.freeze(PEER);
    let line = bytes::Bytes::from(vec![b'x'; 48 << 10]);
    for _ in 0..20 {
        let page = SharedLine::new(line.clone(), &peer.queued_bytes);
        peer.outbox.try_send(Outgoing::Line(page)).unwrap();
    }
    let queued = || peer.queued_bytes.load(Ordering::Relaxed);
    assert_eq!(queued(), 20 * line.len());
    let began = Instant::now();
    assert_eq!(connected.closed().await, End::Broken);
    assert_eq!(began.elapsed(), WRITE_STALL);
    assert_eq!(queued(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_place_that_somebody_else_needs_is_given_up_unless_it_is_a_secondarys() {
    let mut first = connected(&client_hello()).await;
    let _peer = first.opened().await;
    let other = Played::connect(&first.network.host(PEER)).await;
    let _accepted = first.server.arrival().await.unwrap();
    assert_eq!(first.closed().await, End::Refused(Refused::GaveWay));
    drop(other);

    let mut second = connected(&secondary_hello(1)).await;
    let _peer = second.opened().await;
    let _other = Played::connect(&second.network.host(PEER)).await;
    second.server.arrival().await.unwrap_err();
}

#[tokio::test(start_paused = true)]
async fn nobody_is_silent_while_the_owner_does_not_listen_and_nothing_is_lost() {
    let mut connected = connected(&secondary_hello(1)).await;
    let peer = connected.opened().await;
    let changed = ToCentral::Secondary(FromSecondary::Added {
        files: Vec::new(),
        batch: None,
    });
    for _ in 0..2 * INPUTS {
        connected.played.say(&changed).await;
    }
    sleep(LEASE * 10).await;
    let now = clock::now();
    assert_eq!(peer.heard.last(now), now);
    for _ in 0..2 * INPUTS {
        assert!(matches!(connected.input().await, Input::Event { .. }));
    }
    // From here on its silence is its own.
    let quiet = LEASE / 2;
    assert!(timeout(quiet, connected.inputs.recv()).await.is_err());
    let now = clock::now();
    assert_eq!(now - peer.heard.last(now), quiet);
}
