//! Hosts that ask without a name: who was sent away, and whose requests take no slot.

use std::{
    net::{IpAddr, SocketAddr},
    time::Duration,
};

use super::Bench;
use crate::{
    engine::cluster::{Action, Event, Expelled},
    model::{ClientName, Incarnation, Session, messages::ForSecondary, samples::number},
};

fn told(actions: &[Action]) -> Vec<(u64, IpAddr, u64)> {
    let told = actions.iter().filter_map(|action| match action {
        Action::ToSecondary(to, ForSecondary::Expelled { host, for_ms }) => {
            Some((to.0, *host, *for_ms))
        }
        _ => None,
    });
    told.collect()
}

#[test]
fn all_secondaries_hear_of_hosts_that_were_sent_away_also_those_that_come_later() {
    let mut bench = Bench::new(5, &[(1, &["a"]), (2, &["a"])]);
    bench.client(11, "ana");
    let ana = IpAddr::from([10, 0, 1, 11]);
    bench.cluster.expel(bench.now, "ana");
    let sent = told(&bench.actions());
    assert_eq!(sent, [(1, ana, 60_000), (2, ana, 60_000)]);
    bench.pass(Duration::from_secs(20));
    let other: IpAddr = "::ffff:10.0.0.7".parse().unwrap();
    let expelled = bench.cluster.expel(bench.now, &other.to_string());
    assert_eq!(expelled, Expelled::Clients(1));
    let other = other.to_canonical();
    let sent = told(&bench.actions());
    assert_eq!(sent, [(1, other, 60_000), (2, other, 60_000)]);
    let hello = Event::SecondaryHello {
        number: number(3),
        incarnation: Incarnation(9),
        address: SocketAddr::from(([10, 0, 0, 3], 1)),
    };
    let sent = told(&bench.feed(9, hello));
    let left: Vec<_> = sent
        .iter()
        .map(|(to, host, left)| (*to, *host, *left <= 40_000))
        .collect();
    assert_eq!(left, [(9, other, false), (9, ana, true)]);
    bench.pass(Duration::from_secs(41));
    let hosts = bench.cluster.expelled_hosts(bench.now);
    assert_eq!(hosts.len(), 1);
}

#[test]
fn the_gateway_of_a_secondary_takes_no_slot_and_who_only_says_that_it_is_one_does() {
    let mut bench = Bench::new(1, &[(1, &["a"])]);
    bench.client(11, "ana");
    assert!(bench.download(11, 1, "a").is_some());
    for (connection, host, runs) in [(12, 1, true), (13, 7, false)] {
        let hello = Event::ClientHello {
            name: Some(ClientName::of_gateway(number(1))),
            session: Some(Session(connection)),
            address: SocketAddr::from(([10, 0, 0, host], 4)),
        };
        bench.feed(connection, hello);
        assert_eq!(bench.download(connection, 1, "a").is_some(), runs);
    }
    // Where a server is, nobody is sent away with its gateway.
    let gateway = ClientName::of_gateway(number(1));
    bench.cluster.expel(bench.now, &gateway.to_string());
    assert!(told(&bench.actions()).is_empty());
}
