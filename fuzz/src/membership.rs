//! Leases, beside a plain table of them.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    time::{Duration, Instant},
};

use arbitrary::{Arbitrary, Unstructured};
use trozos::{
    engine::cluster::{ConnectionId, fuzzing::Leases},
    model::{
        Incarnation, SecondaryNumber,
        limits::{HEARTBEAT, LEASE},
        samples,
    },
};

#[derive(Arbitrary, Debug)]
enum Step {
    Enrol { number: u8, incarnation: u8 },
    Renew { connection: u8 },
    Probe { number: u8 },
    HasTold { number: u8 },
    End { connection: u8 },
    Wait { ms: u16 },
    Expire,
}

#[derive(Debug)]
struct Member {
    incarnation: u8,
    /// Its connection and the end of its lease.
    lease: Option<(ConnectionId, Instant)>,
    /// When it was last heard.
    heard: Instant,
    has_told: bool,
}

fn number(n: u8) -> SecondaryNumber {
    samples::number(u64::from(n % 4) + 1)
}

/// Steps of four secondaries.
pub fn membership(data: &[u8]) {
    let mut input = Unstructured::new(data);
    let (mut leases, mut model) = (
        Leases::default(),
        BTreeMap::<SecondaryNumber, Member>::new(),
    );
    let (mut now, mut connections) = (Instant::now(), 0u64);
    for step in crate::steps(&mut input, 500) {
        match step {
            Step::Enrol {
                number: n,
                incarnation,
            } => {
                connections += 1;
                let (number, connection) = (number(n), ConnectionId(connections));
                let address = SocketAddr::from(([10, 0, 0, n], 1));
                let run = Incarnation(u64::from(incarnation % 2));
                let enrolled = leases.enrol(now, connection, number, run, address);
                let before = model.get(&number);
                let held = before.and_then(|m| Some((m.incarnation, m.lease?.0)));
                if held.is_some_and(|(other, _)| other != incarnation % 2) {
                    assert_eq!(enrolled, None);
                    continue;
                }
                assert_eq!(
                    enrolled,
                    Some((before.is_some(), held.map(|(_, connection)| connection)))
                );
                let member = Member {
                    incarnation: incarnation % 2,
                    lease: Some((connection, now + LEASE)),
                    heard: now,
                    has_told: false,
                };
                model.insert(number, member);
            }
            Step::Renew { connection } => {
                let connection = ConnectionId(u64::from(connection));
                leases.renew(now, connection);
                if let Some(member) = on(&mut model, connection) {
                    member.lease = Some((connection, now + LEASE));
                    member.heard = now;
                }
            }
            Step::Probe { number: n } => {
                leases.probe(now, number(n));
                let heard = model.get(&number(n)).map(|m| m.heard);
                if let (Some((_, ends)), Some(heard)) = (lease(&mut model, n), heard) {
                    let shown_by = (now + 2 * HEARTBEAT).max(heard + 3 * HEARTBEAT);
                    *ends = (*ends).min(shown_by);
                }
            }
            Step::HasTold { number: n } => {
                if let Some((connection, _)) = lease(&mut model, n).copied() {
                    leases.has_told(connection);
                    model.entry(number(n)).and_modify(|m| m.has_told = true);
                }
            }
            Step::End { connection } => {
                let connection = ConnectionId(u64::from(connection));
                let holder = model
                    .iter()
                    .find(|(_, m)| m.lease.is_some_and(|(of, _)| of == connection));
                let holder = holder.map(|(number, _)| *number);
                assert_eq!(leases.end(connection), holder);
                if let Some(member) = on(&mut model, connection) {
                    member.lease = None;
                }
            }
            Step::Wait { ms } => now += Duration::from_millis(ms.into()),
            Step::Expire => {
                let due = model.iter().filter_map(|(number, member)| {
                    let (connection, _) = member.lease.filter(|(_, ends)| *ends <= now)?;
                    Some((*number, connection))
                });
                let due: Vec<_> = due.collect();
                assert!(
                    due.iter()
                        .map(|(_, connection)| *connection)
                        .eq(leases.expired(now))
                );
                for (number, connection) in due {
                    assert_eq!(leases.end(connection), Some(number));
                    model.entry(number).and_modify(|m| m.lease = None);
                }
            }
        }
        let alive = model.iter().filter_map(|(n, m)| Some((*n, m.lease?)));
        let alive: Vec<_> = alive.collect();
        let listed: Vec<_> = alive
            .iter()
            .map(|(n, (connection, _))| (*n, Some(*connection)))
            .collect();
        assert_eq!(leases.alive(), listed);
        assert_eq!(
            leases.next_expiry(),
            alive.iter().map(|(_, (_, ends))| *ends).min()
        );
        let known = model.values().filter(|m| m.lease.is_some() && m.has_told);
        assert_eq!(leases.present_count(), known.count());
    }
}

fn lease(
    model: &mut BTreeMap<SecondaryNumber, Member>,
    n: u8,
) -> Option<&mut (ConnectionId, Instant)> {
    model.get_mut(&number(n))?.lease.as_mut()
}

fn on(
    model: &mut BTreeMap<SecondaryNumber, Member>,
    connection: ConnectionId,
) -> Option<&mut Member> {
    let is_on = |member: &&mut Member| member.lease.is_some_and(|(of, _)| of == connection);
    model.values_mut().find(is_on)
}
