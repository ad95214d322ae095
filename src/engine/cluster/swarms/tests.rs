use std::{collections::BTreeSet, net::IpAddr};

use super::{
    member::{GATHER, MOST_LINKS},
    *,
};
use crate::model::Term;

const GIVES: Gives = Gives {
    is_on: true,
    uplink: 1_000_000,
};
const TAKES: Gives = Gives {
    is_on: false,
    uplink: 0,
};

fn peer(number: u64) -> PeerNumber {
    PeerNumber::try_from(number).unwrap()
}

fn id() -> Digest {
    Digest::new([7; 32])
}

fn transfer(number: u64) -> TransferId {
    TransferId::new(Term(1), number)
}

fn joins(swarms: &mut Swarms, now: Instant, number: u64, gives: Gives) {
    swarms.join(now, (transfer(number), id()), peer(number), gives);
}

/// Whom each was told of in all.
fn told(swarms: &mut Swarms, now: Instant) -> BTreeMap<u64, BTreeSet<u32>> {
    let mut told: BTreeMap<u64, BTreeSet<u32>> = BTreeMap::new();
    for news in swarms.take_news(now + GATHER) {
        let of = told.entry(news.peer.get().into()).or_default();
        of.extend(news.add.iter().map(|peer| peer.get()));
    }
    told
}

#[test]
fn one_alone_is_in_no_swarm_and_two_are_if_one_gives() {
    let now = Instant::now();
    let mut swarms = Swarms::new(1);
    joins(&mut swarms, now, 1, TAKES);
    assert_eq!((swarms.next_news(), swarms.has_begun(id())), (None, false));
    joins(&mut swarms, now, 2, TAKES);
    assert_eq!((swarms.next_news(), swarms.has_begun(id())), (None, false));
    joins(&mut swarms, now, 3, GIVES);
    assert!(swarms.has_begun(id()));
    // Who gives nothing is named to nobody; all know that they are in a swarm, at once.
    assert_eq!(swarms.next_news(), Some(now));
    let told = told(&mut swarms, now);
    assert_eq!(told[&1], BTreeSet::from([3]));
    assert_eq!(told[&2], BTreeSet::from([3]));
    assert_eq!(told[&3], BTreeSet::new());
    assert_eq!(swarms.sharers(id()).collect::<Vec<_>>(), [transfer(3)]);
    swarms.ended(transfer(1));
    swarms.ended(transfer(2));
    swarms.gone(peer(3));
    assert!(!swarms.has_begun(id()) && swarms.swarms.is_empty() && swarms.of.is_empty());
}

#[test]
fn a_seeder_is_there_for_the_next_one() {
    let now = Instant::now();
    let mut swarms = Swarms::new(1);
    joins(&mut swarms, now, 1, GIVES);
    swarms.seeds(now, id(), (peer(1), GIVES), true);
    swarms.ended(transfer(1));
    assert!(!swarms.has_begun(id()));
    joins(&mut swarms, now, 2, TAKES);
    assert_eq!(told(&mut swarms, now)[&2], BTreeSet::from([1]));
    // One that gives nothing does not seed.
    swarms.seeds(now, id(), (peer(3), TAKES), true);
    assert!(!swarms.swarms[&id()].members.contains_key(&peer(3)));
    swarms.seeds(now, id(), (peer(1), GIVES), false);
    assert_eq!(swarms.swarms[&id()].members.len(), 1);
}

#[test]
fn everybody_has_enough_links_and_nobody_too_many() {
    let now = Instant::now();
    let mut swarms = Swarms::new(1);
    let mut known: BTreeMap<u64, BTreeSet<u32>> = BTreeMap::new();
    for number in 1..=300 {
        joins(&mut swarms, now, number, GIVES);
        if number % 20 == 0 {
            for (peer, of) in told(&mut swarms, now) {
                known.entry(peer).or_default().extend(of);
            }
        }
    }
    for (number, member) in &swarms.swarms[&id()].members {
        let links: BTreeSet<_> = member.links.iter().map(|peer| peer.get()).collect();
        assert!((FIRST_LINKS..=MOST_LINKS).contains(&links.len()));
        assert_eq!(known[&number.get().into()], links, "both ends are told");
    }
    // All can reach all.
    let (mut reached, mut next) = (BTreeSet::from([1]), vec![1]);
    while let Some(at) = next.pop() {
        for other in &known[&at] {
            if reached.insert(u64::from(*other)) {
                next.push(u64::from(*other));
            }
        }
    }
    assert_eq!(reached.len(), 300);
}

#[test]
fn some_of_the_first_links_go_to_those_who_can_give_most() {
    let now = Instant::now();
    let mut swarms = Swarms::new(3);
    for number in 1..=40 {
        let uplink = if number == 7 || number == 9 {
            1 << 40
        } else {
            1
        };
        let gives = Gives {
            is_on: true,
            uplink,
        };
        joins(&mut swarms, now, number, gives);
    }
    let members = &swarms.swarms[&id()].members;
    for strong in [7, 9] {
        assert_eq!(members[&peer(strong)].links.len(), MOST_LINKS);
    }
}

#[test]
fn who_is_lost_is_replaced_and_in_the_end_named_to_nobody() {
    let now = Instant::now();
    let mut swarms = Swarms::new(1);
    for number in 1..=9 {
        joins(&mut swarms, now, number, GIVES);
    }
    told(&mut swarms, now);
    let lost = peer(9);
    let members = |swarms: &Swarms| -> Vec<u64> {
        let members = swarms.swarms[&id()].members.iter();
        let linked = members.filter(|(_, member)| member.links.contains(&lost));
        linked.map(|(number, _)| number.get().into()).collect()
    };
    // Those who were never told of it have lost nothing.
    swarms.more(now, transfer(9), &[lost, peer(77)]);
    for loser in members(&swarms) {
        swarms.more(now, transfer(loser), &[lost]);
    }
    assert!(!swarms.swarms[&id()].members[&lost].may_be_asked());
    joins(&mut swarms, now, 10, GIVES);
    assert!(!told(&mut swarms, now)[&10].contains(&9));
}

#[test]
fn a_liar_is_named_to_nobody_once_three_addresses_accuse_it() {
    let now = Instant::now();
    let mut swarms = Swarms::new(1);
    for number in 1..=6 {
        joins(&mut swarms, now, number, GIVES);
    }
    told(&mut swarms, now);
    let liar = peer(6);
    let at = |host: u8| IpAddr::from([10, 0, 0, host]);
    assert!(!swarms.accused(now, transfer(1), at(1), liar));
    assert!(!swarms.accused(now, transfer(2), at(1), liar));
    assert!(!swarms.accused(now, transfer(2), at(2), liar));
    assert!(swarms.accused(now, transfer(3), at(3), liar));
    assert!(!swarms.accused(now, transfer(4), at(4), liar));
    let news = swarms.take_news(now + GATHER);
    assert!(!news.is_empty() && news.iter().all(|news| news.drop == [liar]));
    // The same for one that gives nothing any more.
    swarms.gives(now, peer(5), TAKES);
    let news = swarms.take_news(now + GATHER);
    assert!(!news.is_empty() && news.iter().all(|news| news.drop == [peer(5)]));
}

#[test]
fn news_are_gathered_and_come_once() {
    let now = Instant::now();
    let mut swarms = Swarms::new(1);
    joins(&mut swarms, now, 1, GIVES);
    joins(&mut swarms, now, 2, GIVES);
    assert_eq!(swarms.take_news(now).len(), 2);
    for number in 3..=5 {
        joins(&mut swarms, now, number, GIVES);
    }
    // The new ones at once, the others later and of all three.
    let at_once = swarms.take_news(now);
    assert_eq!(at_once.len(), 3);
    assert_eq!(swarms.next_news(), Some(now + GATHER));
    let later = swarms.take_news(now + GATHER);
    assert!(
        later
            .iter()
            .filter(|news| news.peer.get() <= 2)
            .all(|news| news.add.len() == 3)
    );
    assert!(swarms.take_news(now + GATHER).is_empty());
}
