use std::sync::Arc;

use tokio::time::Instant;

use super::*;
use crate::{
    model::{ClusterId, GroupName, ShortClusterId},
    net::{
        Browser,
        memory::{MemoryNetwork, ip},
    },
    node::testing::{PEER, Played},
    proto::{
        Hello, PeerRole, Said,
        announcement::{Announced, Heard, Sighting},
        control::FromCentral,
        encode_line,
    },
};

const PORT: u16 = 50_000;

fn at(host: u8) -> SocketAddr {
    (ip(host), PORT).into()
}

/// Says this to whoever connects and says something, and hangs up.
fn answers(network: &MemoryNetwork, host: u8, said: &[u8]) -> SocketAddr {
    let mut listener = network.host(host).listen(at(host)).unwrap();
    let said = said.to_vec();
    tokio::spawn(async move {
        loop {
            let mut played = Played::accept(&mut listener).await;
            played.hear_line().await;
            let _ = played.writer.send_encoded(&said).await;
        }
    });
    at(host)
}

fn line(message: &FromCentral) -> Vec<u8> {
    let mut line = Vec::new();
    encode_line(message, &mut line);
    line
}

fn hello(reign: Reign) -> Vec<u8> {
    let role = PeerRole::Central(reign);
    line(&FromCentral::Hello(Hello::from_role(&role)))
}

fn central_of(term: u32) -> Vec<u8> {
    hello(Term(term).into())
}

/// A central of a cluster that knows of others.
fn member(term: u32, cluster: u64, centrals: &[u8]) -> Vec<u8> {
    hello(Reign {
        cluster: Some(ClusterId(cluster)),
        centrals: centrals.iter().copied().map(at).collect(),
        ..Term(term).into()
    })
}

fn full() -> Vec<u8> {
    line(&FromCentral::Error {
        code: ErrorCode::LimitExceeded,
        message: Said::default(),
    })
}

/// A central on standby, which knows which one is active, or does not.
fn standby(active: Option<(u8, u32)>, centrals: &[u8]) -> Vec<u8> {
    let details = Details::Active {
        ip: active.map(|(host, _)| ip(host)),
        port: active.map(|_| PORT),
        term: active.map(|(_, term)| Term(term)),
        centrals: centrals.iter().map(|host| (ip(*host), PORT)).collect(),
    };
    line(&FromCentral::Error {
        code: ErrorCode::NotActive,
        message: Said {
            message: String::new(),
            details: Some(details),
        },
    })
}

const WEB: &[u8] = b"HTTP/1.1 400 Bad Request\r\n\r\n";

fn place_of(address: SocketAddr) -> Place {
    (address.ip().to_string(), address.port())
}

fn link(network: &MemoryNetwork, centrals: Centrals) -> LinkConfig {
    LinkConfig {
        network: network.host(PEER),
        centrals,
        role: PeerRole::Client {
            name: None,
            session: None,
        },
        security: Arc::default(),
    }
}

fn finder(network: &MemoryNetwork, centrals: &[SocketAddr]) -> Finder {
    let places: Vec<_> = centrals.iter().copied().map(place_of).collect();
    Finder::new(link(network, places.into()))
}

async fn found(finder: &mut Finder) -> Result<SocketAddr, LinkDown> {
    finder.find().await.map(|connection| connection.central)
}

async fn lost(finder: &mut Finder) -> Lost {
    match found(finder).await {
        Err(LinkDown::Lost(lost)) => lost,
        other => panic!("{other:?}"),
    }
}

/// Tries addresses as if they were those of one name.
async fn found_among(
    network: &MemoryNetwork,
    addresses: &[SocketAddr],
) -> Result<SocketAddr, LinkDown> {
    let mut finder = finder(network, &[]);
    // One that is dialled by its address, as often as there are addresses, goes the same way.
    let name: Place = ("central.lan".to_owned(), PORT);
    finder.known = KnownCentrals::new(vec![name.clone()], &Kept::default());
    finder.known.resolved(&name, addresses);
    let candidates = addresses.iter().map(|at| Candidate {
        origin: Origin::Given,
        ..finder.known.redirect(*at)
    });
    let candidates: Vec<_> = candidates.collect();
    assert!(candidates.iter().all(|candidate| candidate.place == name));
    let found = finder.go_round(Wanted::Any, candidates).await;
    found.map(|connection| connection.central)
}

#[tokio::test(start_paused = true)]
async fn what_is_no_central_at_one_address_does_not_hide_the_central_at_another() {
    let network = MemoryNetwork::default();
    let closes = answers(&network, 10, b"");
    let web = answers(&network, 11, WEB);
    let central = answers(&network, 12, &central_of(1));
    let idle = answers(&network, 13, &standby(None, &[]));
    let found = found_among(&network, &[closes, web, idle, central]).await;
    assert_eq!(found, Ok(central));
    // The first trouble is told, but for an answer of a central.
    let Err(LinkDown::Lost(lost)) = found_among(&network, &[closes, web]).await else {
        panic!("nobody is there");
    };
    assert!(matches!(lost, Lost::ClosedEarly { .. }), "{lost}");
    let Err(LinkDown::Lost(lost)) = found_among(&network, &[closes, idle]).await else {
        panic!("nobody is active");
    };
    let not_active = ErrorCode::NotActive;
    assert!(matches!(lost, Lost::Refused { code, .. } if code == not_active));
}

#[tokio::test(start_paused = true)]
async fn of_several_centrals_the_first_that_takes_this_node_is_obeyed() {
    let network = MemoryNetwork::default();
    let nobody = at(10);
    let web = answers(&network, 11, WEB);
    let full = answers(&network, 12, &full());
    let [one, other] = [13, 14].map(|host| answers(&network, host, &central_of(1)));
    let mut all = finder(&network, &[nobody, web, full, one, other]);
    assert_eq!(found(&mut all).await, Ok(one));
    // A central's no is told, wherever it came; of other troubles the first.
    for (places, is_no) in [
        (vec![web, full, nobody], true),
        (vec![full, web], true),
        (vec![web, nobody], false),
    ] {
        let down = found(&mut finder(&network, &places)).await.unwrap_err();
        assert_eq!(down.is_an_answer(), is_no, "{down:?}");
        let is_stranger = matches!(down, LinkDown::Lost(Lost::Stranger { .. }));
        assert!(is_no || is_stranger, "{down:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_central_of_an_earlier_term_is_passed_over() {
    let network = MemoryNetwork::default();
    let old = answers(&network, 10, &central_of(4));
    let new = answers(&network, 11, &central_of(5));
    let mut finder = finder(&network, &[old, new]);
    // The last one comes first.
    finder.latest_term.seen(Term(5));
    assert_eq!(found(&mut finder).await, Ok(new));
    assert_eq!(found(&mut finder).await, Ok(new));
    finder.known = KnownCentrals::new(vec![place_of(old)], &Kept::default());
    let expected = format!("{old}: a central of term 4, after one of term 5");
    assert_eq!(lost(&mut finder).await.to_string(), expected);
    // The later one does not come back.
    tokio::time::sleep(Duration::from_secs(15)).await;
    assert_eq!(found(&mut finder).await, Ok(old));
}

#[tokio::test(start_paused = true)]
async fn a_redirection_is_followed_once() {
    let network = MemoryNetwork::default();
    let idle = answers(&network, 10, &standby(Some((12, 6)), &[10, 11, 12]));
    let stale = answers(&network, 11, &standby(Some((13, 5)), &[]));
    let active = answers(&network, 12, &central_of(6));
    let hidden = answers(&network, 13, &central_of(9));
    let mut one = finder(&network, &[idle]);
    assert_eq!(found(&mut one).await, Ok(active));
    // It is told of the others too, and that the term is 6.
    assert_eq!(one.latest_term(), Term(6));
    // Who is redirected to one that redirects looks elsewhere.
    let to_stale = answers(&network, 14, &standby(Some((11, 5)), &[]));
    let down = lost(&mut finder(&network, &[to_stale])).await;
    assert!(matches!(down, Lost::Refused { .. }), "{down}");
    let mut both = finder(&network, &[to_stale, hidden]);
    assert_eq!(found(&mut both).await, Ok(hidden));
    // Two that send a node to each other hold it up no longer.
    let [a, b] = [20, 21];
    let first = answers(&network, a, &standby(Some((b, 5)), &[a, b]));
    answers(&network, b, &standby(Some((a, 5)), &[a, b]));
    let down = lost(&mut finder(&network, &[first])).await;
    assert!(matches!(down, Lost::Refused { .. }), "{down}");
    assert_eq!(stale, at(11));
}

#[tokio::test(start_paused = true)]
async fn a_frozen_central_holds_a_node_up_for_two_seconds_where_there_are_others() {
    let network = MemoryNetwork::default();
    let frozen = answers(&network, 10, &central_of(1));
    let other = answers(&network, 11, &central_of(1));
    network.freeze(10);
    let began = Instant::now();
    let mut both = finder(&network, &[frozen, other]);
    assert_eq!(found(&mut both).await, Ok(other));
    assert!(began.elapsed() <= PATIENCE, "{:?}", began.elapsed());
    // From now on it is the first one.
    let began = Instant::now();
    assert_eq!(found(&mut both).await, Ok(other));
    assert!(began.elapsed() < Duration::from_millis(100));
}

/// A run finds the first of two centrals, and once that has gone the second one. What it keeps is there afterwards.
async fn leave_for_the_second(network: &MemoryNetwork, places: &Centrals, both: [SocketAddr; 2]) {
    let [first, second] = both;
    let mut finder = Finder::new(link(network, places.clone()));
    assert_eq!(found(&mut finder).await, Ok(first));
    network.kill(10);
    assert_eq!(found(&mut finder).await, Ok(second));
    drop(finder);
    let kept = places.kept.as_deref().unwrap();
    while !kept.exists() {
        tokio::task::yield_now().await;
    }
}

#[tokio::test(start_paused = true)]
async fn what_hello_taught_is_used_by_this_run_and_the_next() {
    let network = MemoryNetwork::default();
    let folder = tempfile::tempdir().unwrap();
    let kept = folder.path().join("new").join("kept");
    let first = answers(&network, 10, &member(5, 1, &[10, 11]));
    let second = answers(&network, 11, &member(6, 1, &[10, 11]));
    let places = Centrals {
        kept: Some(kept),
        ..vec![place_of(first)].into()
    };
    leave_for_the_second(&network, &places, [first, second]).await;
    let mut next = Finder::new(link(&network, places.clone()));
    assert_eq!(found(&mut next).await, Ok(second));
    // Another cluster has that address by now.
    network.kill(11);
    let other = answers(&network, 11, &member(7, 2, &[]));
    assert_eq!(other, second);
    let mut next = Finder::new(link(&network, places));
    let down = found(&mut next).await.unwrap_err();
    assert!(matches!(down, LinkDown::Lost(_)), "{down:?}");
}

/// The same machines, with the same addresses, have become another cluster: what an earlier run kept hides none that is
/// given.
#[tokio::test(start_paused = true)]
async fn what_an_earlier_run_kept_does_not_hide_a_central_that_is_given() {
    let network = MemoryNetwork::default();
    let folder = tempfile::tempdir().unwrap();
    let kept = folder.path().join("kept");
    let first = answers(&network, 10, &member(5, 1, &[10, 11]));
    let second = answers(&network, 11, &member(6, 1, &[10, 11]));
    let places = Centrals {
        kept: Some(kept),
        ..vec![place_of(first), place_of(second)].into()
    };
    leave_for_the_second(&network, &places, [first, second]).await;
    network.kill(11);
    let active = answers(&network, 10, &member(1, 2, &[10, 11]));
    answers(&network, 11, &standby(Some((10, 1)), &[10, 11]));
    let mut next = Finder::new(link(&network, places));
    assert_eq!(found(&mut next).await, Ok(active));
}

#[tokio::test(start_paused = true)]
async fn only_an_active_central_of_a_later_term_is_gone_to_instead_of_a_limited_one() {
    let network = MemoryNetwork::default();
    let limited = Reign {
        cluster: Some(ClusterId(1)),
        state: CentralState::Limited,
        ..Term(5).into()
    };
    let first = answers(&network, 10, &hello(limited.clone()));
    let another = finder;
    let mut finder = finder(&network, &[first, at(11), at(12), at(13)]);
    assert_eq!(found(&mut finder).await, Ok(first));
    assert!(finder.find_later(Term(5)).await.is_none());
    answers(&network, 11, &member(5, 1, &[]));
    answers(
        &network,
        12,
        &hello(Reign {
            term: Term(7),
            ..limited
        }),
    );
    assert!(finder.find_later(Term(5)).await.is_none());
    // One that sends this node to the one that it has.
    let mut sent = another(&network, &[first, at(14)]);
    assert_eq!(found(&mut sent).await, Ok(first));
    answers(&network, 14, &standby(Some((10, 9)), &[]));
    assert!(sent.find_later(Term(5)).await.is_none());
    let active = answers(&network, 13, &member(6, 1, &[]));
    let later = finder.find_later(Term(5)).await.unwrap();
    assert_eq!(later.central, active);
}

fn announced(host: u8, cluster: u32, group: &str) -> Heard {
    Heard::There(Sighting {
        instance: format!("c{host}"),
        addresses: vec![at(host)],
        said: Announced {
            cluster: Some(ShortClusterId(cluster)),
            group: GroupName::try_from(group).ok(),
            state: Some(CentralState::Active),
            term: Term(1),
        },
    })
}

/// A finder that goes by what it hears, and what says something to it.
fn listening(network: &MemoryNetwork, group: &str) -> (Finder, tokio::sync::mpsc::Sender<Heard>) {
    let (says, heard) = tokio::sync::mpsc::channel(64);
    let group = GroupName::try_from(group).ok();
    let announcing = Announcing { group };
    let mut finder = finder(network, &[]);
    finder.listening = Listening::of(announcing, Browser::played(heard));
    (finder, says)
}

#[tokio::test(start_paused = true)]
async fn a_central_that_announces_itself_is_found() {
    let network = MemoryNetwork::default();
    let cluster = |short: u64| short << 32;
    let ours = answers(&network, 10, &member(5, cluster(7), &[]));
    let theirs = answers(&network, 11, &member(5, cluster(8), &[]));
    let (mut alone, says) = listening(&network, "");
    let began = Instant::now();
    let nobody = lost(&mut alone).await;
    assert_eq!(
        nobody.to_string(),
        "no central announces itself, of group None"
    );
    assert_eq!(began.elapsed(), Duration::from_secs(3));
    says.send(announced(10, 7, "lab")).await.unwrap();
    assert_eq!(found(&mut alone).await, Ok(ours));
    // The last one is asked before anybody is listened to.
    let began = Instant::now();
    assert_eq!(found(&mut alone).await, Ok(ours));
    assert!(began.elapsed() < Duration::from_millis(100));
    // Two clusters are told apart.
    let both = [announced(10, 7, "lab"), announced(11, 8, "aula")];
    for (group, expected) in [("aula", Ok(theirs)), ("", Err(["aula", "lab"]))] {
        let (mut finder, says) = listening(&network, group);
        for heard in both.clone() {
            says.send(heard).await.unwrap();
        }
        match expected {
            Ok(at) => assert_eq!(found(&mut finder).await, Ok(at)),
            Err(names) => {
                let down = lost(&mut finder).await;
                assert!(down.to_string().contains(&format!("{names:?}")), "{down}");
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_later_central_is_also_found_by_its_announcement() {
    let network = MemoryNetwork::default();
    let first = answers(&network, 10, &member(5, 7 << 32, &[]));
    let (mut finder, says) = listening(&network, "");
    says.send(announced(10, 7, "lab")).await.unwrap();
    assert_eq!(found(&mut finder).await, Ok(first));
    // The next browser hears of another one.
    let (next, heard) = tokio::sync::mpsc::channel(8);
    finder.listening = Listening::of(Announcing { group: None }, Browser::played(heard));
    let second = answers(&network, 11, &member(6, 7 << 32, &[]));
    next.send(announced(11, 7, "lab")).await.unwrap();
    let later = finder.find_later(Term(5)).await.unwrap();
    assert_eq!(later.central, second);
}

#[tokio::test(start_paused = true)]
async fn an_announcement_is_a_hint_and_hello_decides() {
    let network = MemoryNetwork::default();
    // Nobody, a web server, and a central of another cluster than is announced.
    answers(&network, 11, WEB);
    answers(&network, 12, &member(5, 8 << 32, &[]));
    let (mut finder, says) = listening(&network, "");
    for host in 10..13 {
        says.send(announced(host, 7, "lab")).await.unwrap();
    }
    assert!(found(&mut finder).await.is_err());
    let ours = answers(&network, 13, &member(5, 7 << 32, &[]));
    says.send(announced(13, 7, "lab")).await.unwrap();
    assert_eq!(found(&mut finder).await, Ok(ours));
}
