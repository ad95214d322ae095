//! Views of the cluster: what can be downloaded and from whom, the state of secondaries, clients and the line, and what
//! was downloaded.

use std::{
    collections::BTreeMap,
    net::{Ipv4Addr, SocketAddr},
    time::{Duration, Instant},
};

use serde::{Deserialize, Serialize};

use super::{Cluster, counts::FileCounts};
use crate::{
    engine::cluster::{
        Refusal,
        numbers::NumberSet,
        places::{Client, Waiting},
    },
    model::{
        self, ClientName, ClusterStatus, FileMeta, FileName, ListedFile, SecondaryNumber,
        SecondaryStatus,
    },
};

/// What the listing depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ListingVersion {
    catalog: u64,
    present: NumberSet,
    begun: bool,
    published: u64,
}

/// A value that changes whenever [`FileCounts`] may have changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CountsVersion {
    listing: ListingVersion,
    conflicts: usize,
    changing: usize,
}

/// A secondary that has enrolled since the central started.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SecondaryInfo {
    /// Its number.
    pub number: SecondaryNumber,
    /// Its condition.
    pub state: SecondaryCondition,
    /// When it counts as down unless something arrives before; `None` while it is down.
    #[serde(rename = "lease_left_s", with = "model::serde::maybe_seconds")]
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
    #[serde(rename = "bytes_per_s")]
    pub rate_bytes_per_s: f64,
    /// Transfers in which it has a connection, copies included; legacy ones are one per part.
    pub transfers: u32,
}

/// The condition of a secondary.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SecondaryCondition {
    /// Its lease is alive.
    Up,
    /// Its lease is alive, but nothing new is asked of it while others can do it.
    Draining,
    /// Its lease has ended.
    Down,
}

/// A live secondary that holds a file.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Holder {
    /// Its number.
    pub number: SecondaryNumber,
    /// Where others reach it.
    pub address: SocketAddr,
    /// Transfers in which it has a connection.
    pub transfers: usize,
    /// Payload bytes per second that it sends of late.
    pub rate_bytes_per_s: f64,
}

/// A client.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ClientInfo {
    /// Its name; empty while it has none.
    pub name: String,
    /// Where it connects from; 0.0.0.0:0 for a legacy one, whose address only its secondaries know.
    pub address: SocketAddr,
    /// Downloads that run; for a legacy one, parts on their way.
    pub running: u32,
    /// Downloads that wait.
    pub waiting: u32,
    /// Complete downloads so far, by the books: those of earlier runs, and of others of this name, included.
    pub downloads: u64,
    /// For how long it has been connected; for a legacy one, been sent something.
    #[serde(rename = "connected_s", with = "model::serde::seconds")]
    pub connected_for: Duration,
    /// It is an account's: its name is proven.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub account: bool,
    /// It speaks the protocol of 2017. Such a client is known only while it is being sent something.
    pub legacy: bool,
}

/// A download that waits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueueRow {
    /// Its position in the line, from 1.
    pub position: u32,
    /// Who waits.
    pub client: String,
    /// For what.
    pub file: FileName,
    /// For how long; it starts anew with each connection.
    #[serde(rename = "waited_s", with = "model::serde::seconds")]
    pub waited: Duration,
}

impl Cluster {
    /// Downloads per file, zeros included.
    pub fn per_file(&self) -> BTreeMap<FileName, u64> {
        let booked = self.books.per_file();
        let known = self.catalog.iter();
        let known = known.map(|standing| (standing.meta.name.clone(), 0));
        known
            .chain(booked.map(|(name, count)| (name.clone(), count)))
            .collect()
    }

    /// Downloads per client.
    pub fn per_client(&self) -> BTreeMap<ClientName, u64> {
        let booked = self.books.per_client();
        booked.map(|(name, count)| (name.clone(), count)).collect()
    }

    /// A value that changes whenever [`Self::listing`] may have changed.
    pub fn listing_version(&self) -> ListingVersion {
        ListingVersion {
            catalog: self.catalog.version(),
            present: self.members.present(),
            begun: self.has_begun(),
            published: self.publications.version(),
        }
    }

    /// See [`CountsVersion`].
    pub fn counts_version(&self) -> CountsVersion {
        CountsVersion {
            listing: self.listing_version(),
            conflicts: self.catalog.conflict_count(),
            changing: self.catalog.changing_count(),
        }
    }

    /// Files that everybody can download, by name, from after a name; as many as `fits` lets in. The flag says
    /// whether there are more.
    pub fn listing(
        &self,
        after: Option<&FileName>,
        fits: impl FnMut(&ListedFile) -> bool,
    ) -> (Vec<ListedFile>, bool) {
        self.listing_for(None, after, fits)
    }

    /// The secondaries, of those that are alive and have told all, that should hold a file.
    pub fn wanted(&self, file: &FileMeta) -> Vec<SecondaryNumber> {
        let wanted = (self.policy)(file, self.members.present());
        wanted.iter().collect()
    }

    /// The file of a name that can be downloaded now, with the addresses of the live holders that are to be asked.
    pub fn find(&self, name: &FileName) -> Result<(FileMeta, Vec<SocketAddr>), Refusal> {
        self.check_ready()?;
        // Who holds it may not be back yet.
        let not_found = || match self.is_grace() {
            true => self.not_ready(),
            false => Refusal::NotFound(name.clone()),
        };
        let file = &self.catalog.look_up(name).ok_or_else(not_found)?.meta;
        let holders = self.catalog.holders_of(file).and(self.members.present());
        let asked = self.addresses(self.members.usable(holders).asked);
        if asked.is_empty() {
            return Err(not_found());
        }
        let addresses = asked.into_iter().map(|(_, address)| address);
        Ok((file.clone(), addresses.collect()))
    }

    /// The file of a name that can be downloaded now, with the live holders that are to be asked, the least busy first.
    ///
    /// # Errors
    /// As [`Self::find`].
    pub fn offer(&self, now: Instant, name: &FileName) -> Result<(FileMeta, Vec<Holder>), Refusal> {
        let (file, _) = self.find(name)?;
        let holders = self.catalog.holders_of(&file).and(self.members.present());
        let asked = self.addresses(self.members.usable(holders).asked);
        let senders = self.books.senders();
        let holder = |(number, address)| Holder {
            number,
            address,
            transfers: senders.open(number),
            rate_bytes_per_s: senders.bytes_per_s(now, number),
        };
        let mut holders: Vec<Holder> = asked.into_iter().map(holder).collect();
        holders.sort_by(|a, b| {
            let by_rate = a.rate_bytes_per_s.total_cmp(&b.rate_bytes_per_s);
            a.transfers.cmp(&b.transfers).then(by_rate)
        });
        Ok((file, holders))
    }

    /// The state of the cluster. Looks at the whole catalogue once.
    pub fn status(&self) -> ClusterStatus {
        self.status_with(&self.count_files())
    }

    /// The state of the cluster, with files as they were counted some time ago.
    pub fn status_with(&self, counts: &FileCounts) -> ClusterStatus {
        let FileCounts {
            listed,
            held,
            conflicts,
            ..
        } = counts;
        ClusterStatus {
            ready: self.is_ready(),
            level: self.is_level(),
            required: self.config.required_secondaries as u16,
            secondaries: self
                .members
                .iter()
                .map(|(number, member)| SecondaryStatus {
                    number,
                    ip: member.address().ip(),
                    port: member.address().port(),
                    alive: member.is_alive(),
                    files: held[usize::from(number.get())],
                    missing: self.copies.missing_count(number) as u64,
                    conflicts: conflicts[usize::from(number.get())],
                    read_only: member.limits().read_only,
                    away: member.limits().some_away(),
                })
                .collect(),
            files: *listed,
            clients: self.places.clients().count() as u64,
            running: self.places.running_count() as u64,
            waiting: self.places.waiting_count() as u64,
            copies: self.copies.active_count() as u64,
            conflicts: self.catalog.conflict_count() as u64,
            changing: self.catalog.changing_count() as u64,
        }
    }

    /// The secondaries, by number. Looks at the whole catalogue once.
    pub fn secondaries(&self, now: Instant) -> Vec<SecondaryInfo> {
        let rows = self.status().secondaries.into_iter();
        rows.map(|row| self.secondary(now, &row)).collect()
    }

    /// The same of a state that is known.
    pub fn secondaries_of(&self, now: Instant, status: &ClusterStatus) -> Vec<SecondaryInfo> {
        let rows = status.secondaries.iter();
        rows.map(|row| self.secondary(now, row)).collect()
    }

    fn secondary(&self, now: Instant, row: &SecondaryStatus) -> SecondaryInfo {
        let number = row.number;
        let ends = self.members.get(number).and_then(|m| m.lease_ends());
        let state = match ends {
            None => SecondaryCondition::Down,
            Some(_) if self.members.is_draining(number) => SecondaryCondition::Draining,
            Some(_) => SecondaryCondition::Up,
        };
        let senders = self.books.senders();
        SecondaryInfo {
            number,
            state,
            lease_left: ends.map(|ends| ends.saturating_duration_since(now)),
            address: SocketAddr::new(row.ip, row.port),
            files: row.files,
            missing: row.missing,
            conflicts: row.conflicts,
            read_only: row.read_only,
            away: row.away,
            bytes_sent: senders.bytes(number),
            rate_bytes_per_s: senders.bytes_per_s(now, number),
            transfers: senders.open(number) as u32,
        }
    }

    /// The clients: those that are connected, in the order in which they came, then legacy ones that are
    /// being sent something.
    pub fn clients(&self, now: Instant) -> Vec<ClientInfo> {
        let connected = self.places.clients();
        let connected = connected.map(|client| self.client(now, client));
        let legacy_clients = self.books.senders().legacy_clients().into_iter();
        let legacy_clients = legacy_clients.map(|(name, legacy)| ClientInfo {
            address: SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0)),
            running: legacy.parts,
            waiting: 0,
            downloads: self.books.downloads_by(&name),
            connected_for: now.saturating_duration_since(legacy.since),
            account: false,
            legacy: true,
            name: name.to_string(),
        });
        connected.chain(legacy_clients).collect()
    }

    fn client(&self, now: Instant, client: &Client) -> ClientInfo {
        let (running, name) = (client.running().count(), client.name());
        ClientInfo {
            name: name.map_or_else(Default::default, |name| name.as_str().to_owned()),
            address: client.address(),
            running: running as u32,
            waiting: (client.request_count() - running) as u32,
            downloads: name.map_or(0, |name| self.books.downloads_by(name)),
            connected_for: now.saturating_duration_since(client.since()),
            account: client.account().is_some(),
            legacy: false,
        }
    }

    /// The downloads that wait, the first in line first.
    pub fn queue(&self, now: Instant) -> Vec<QueueRow> {
        let row = |waiting: Waiting<'_>| QueueRow {
            position: waiting.position,
            client: waiting.client.to_string(),
            file: waiting.file.clone(),
            waited: now.saturating_duration_since(waiting.since),
        };
        self.places.waiting().map(row).collect()
    }
}
