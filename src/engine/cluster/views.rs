//! The cluster as people look at it, row by row.

use std::{
    net::{Ipv4Addr, SocketAddr},
    time::{Duration, Instant},
};

use super::{
    Cluster,
    admission::RequestKey,
    machine::{Client, Peer, Request},
};
use crate::model::{FileName, SecondaryNumber, SecondaryStatus};

/// A secondary that has enrolled since the central started.
#[derive(Clone, Debug, PartialEq)]
pub struct SecondaryInfo {
    /// Its number.
    pub number: SecondaryNumber,
    /// How it is.
    pub state: SecondaryCondition,
    /// When it counts as down unless it is heard of before; `None` while it is down.
    pub lease_left: Option<Duration>,
    /// Where others reach it.
    pub address: SocketAddr,
    /// Files that it holds.
    pub files: u64,
    /// Files that it still lacks.
    pub missing: u64,
    /// Files whose name another secondary holds with other content.
    pub conflicts: u64,
    /// Its folder may only be read: it takes no copies.
    pub read_only: bool,
    /// A disk of its folder is not there now: no copies are taken below it.
    pub away: bool,
    /// Payload bytes that it has sent, to clients and to other secondaries, by its reports to this run of the
    /// central. A secondary that was there before tells again what it sent of late.
    pub bytes_sent: u64,
    /// The same of the last three seconds.
    pub rate_bytes_per_s: f64,
    /// Transfers in which it has a connection, copies included; those of the original are one per part.
    pub transfers: u32,
}

/// How a secondary is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecondaryCondition {
    /// Its lease is alive.
    Up,
    /// Its lease is alive, and nothing new is asked of it while others can do it.
    Draining,
    /// Its lease has ended.
    Down,
}

/// A client.
#[derive(Clone, Debug, PartialEq)]
pub struct ClientInfo {
    /// Its name; empty while it has none.
    pub name: String,
    /// Where it connects from; 0.0.0.0:0 for one of the original, whose address only its secondaries know.
    pub address: SocketAddr,
    /// Downloads that run; for one of the original, parts on their way.
    pub running: u32,
    /// Downloads that wait.
    pub waiting: u32,
    /// Complete downloads so far, by the books: those of earlier runs, and of others of this name, included.
    pub downloads: u64,
    /// For how long it has been connected; for one of the original, been sent something.
    pub connected_for: Duration,
    /// It speaks the protocol of 2017. Such a client is known only while it is being sent something.
    pub legacy: bool,
}

/// A download that waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueueRow {
    /// Its place, from 1.
    pub place: u32,
    /// Who waits.
    pub client: String,
    /// For what.
    pub file: FileName,
    /// For how long; it starts anew with each connection.
    pub waited: Duration,
}

impl Cluster {
    /// The secondaries, by number. Looks at the whole catalogue once.
    pub fn secondaries(&self, now: Instant) -> Vec<SecondaryInfo> {
        let rows = self.status().secondaries.into_iter();
        rows.map(|row| self.secondary(now, &row)).collect()
    }

    fn secondary(&self, now: Instant, row: &SecondaryStatus) -> SecondaryInfo {
        let number = row.number;
        let lease = self.membership.get(number).and_then(|m| m.alive);
        let state = match lease {
            None => SecondaryCondition::Down,
            Some(_) if self.draining.contains(number) => SecondaryCondition::Draining,
            Some(_) => SecondaryCondition::Up,
        };
        SecondaryInfo {
            number,
            state,
            lease_left: lease.map(|lease| lease.ends.saturating_duration_since(now)),
            address: SocketAddr::new(row.ip, row.port),
            files: row.files,
            missing: row.missing,
            conflicts: row.conflicts,
            read_only: row.read_only,
            away: row.away,
            bytes_sent: self.traffic.bytes(number),
            rate_bytes_per_s: self.traffic.bytes_per_s(now, number),
            transfers: self.traffic.open(number) as u32,
        }
    }

    /// The clients: those that are connected, in the order in which they came, then those of the original that are
    /// being sent something.
    pub fn clients(&self, now: Instant) -> Vec<ClientInfo> {
        let connected = self.peers.values().filter_map(|peer| match peer {
            Peer::Client(client) => Some(self.client(now, client)),
            Peer::Secondary { .. } => None,
        });
        let originals = self.traffic.originals().into_iter();
        let originals = originals.map(|(name, original)| ClientInfo {
            address: SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0)),
            running: original.parts,
            waiting: 0,
            downloads: self.ledger.downloads_by(&name),
            connected_for: now.saturating_duration_since(original.since),
            legacy: true,
            name: name.to_string(),
        });
        connected.chain(originals).collect()
    }

    fn client(&self, now: Instant, client: &Client) -> ClientInfo {
        let is_running = |request: &&Request| matches!(request, Request::Running(_));
        let running = client.requests.values().filter(is_running).count();
        let name = client.name.as_ref();
        ClientInfo {
            name: name.map_or_else(Default::default, |name| name.as_str().to_owned()),
            address: client.address,
            running: running as u32,
            waiting: (client.requests.len() - running) as u32,
            downloads: name.map_or(0, |name| self.ledger.downloads_by(name)),
            connected_for: now.saturating_duration_since(client.since),
            legacy: false,
        }
    }

    /// The downloads that wait, the first in line first.
    pub fn queue(&self, now: Instant) -> Vec<QueueRow> {
        let row = |(place, (link, request)): (u32, RequestKey)| match self.peers.get(&link)? {
            Peer::Client(client) => match client.requests.get(&request)? {
                Request::Waiting { file, since } => Some(QueueRow {
                    place,
                    client: client.name.as_ref()?.to_string(),
                    file: file.clone(),
                    waited: now.saturating_duration_since(*since),
                }),
                Request::Running(_) => None,
            },
            Peer::Secondary { .. } => None,
        };
        (1..).zip(self.admission.line()).filter_map(row).collect()
    }
}
