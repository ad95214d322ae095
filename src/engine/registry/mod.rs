//! What a central must never forget, as a machine of facts: [`Registry::apply`] is all that changes it. It knows no clock,
//! no seed and no connection, decides nothing, and refuses nothing: whoever applies the same entries in the same order has
//! the same registry, today, after a restart, or at another central.
//!
//! The cluster machine decides, records what it decided (`cluster::router::record`), and can be made anew from a registry.
//! Its rooms hold the same facts in the shape that they decide by; [`Cluster::assert_recorded`] compares the two.
//!
//! [`Cluster::assert_recorded`]: super::cluster::Cluster::assert_recorded

mod accounts;
mod answers;
mod closed;
mod entry;
mod figures;
mod ledger;
mod rooms;
mod saved;
mod tables;
#[cfg(test)]
mod tests;
mod trail;
mod waiting;

use std::{
    collections::{BTreeMap, BTreeSet},
    net::{IpAddr, SocketAddr},
};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

pub use self::{
    accounts::{Account, AccountFact, Accounts, Code, Device, Resting},
    answers::{Answers, Known as KnownOrder},
    closed::Closed,
    entry::{Entry, Place},
    figures::{Figures, sender_of},
    ledger::Ledger,
    rooms::{Channel, Pending, Room, RoomFact, Rooms, Taken},
    saved::{ClosedTransfer, LegacyParts, OpenTransfer, Reported, Totals},
    tables::Tables,
    trail::Trail,
    waiting::{Row, Waiting},
};
use crate::{
    engine::figures::Figures as Counted,
    model::{
        ClientName, Digest, FileName, Incarnation, NameRecord, Publication, SecondaryNumber, Term,
    },
};

/// See the module.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Registry {
    term: Term,
    /// The first reign whose transfers are all in here. 0 before there was any.
    first_term: Term,
    begun: bool,
    max_downloads: Option<MaxDownloads>,
    drained: BTreeSet<SecondaryNumber>,
    /// Until when, in milliseconds since 1970.
    expelled: BTreeMap<ClientName, u64>,
    expelled_hosts: BTreeMap<IpAddr, u64>,
    secondaries: BTreeMap<SecondaryNumber, Known>,
    names: BTreeMap<FileName, NameRecord>,
    publications: BTreeMap<FileName, Publication>,
    waiting: Waiting,
    ledger: Ledger,
    accounts: Accounts,
    trail: Trail,
    rooms: Rooms,
    answers: Answers,
    #[serde(skip_serializing_if = "Counted::is_empty")]
    counted: Counted,
}

/// How many downloads run at once, by a person's order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct MaxDownloads {
    most: usize,
    configured: usize,
}

/// A secondary that has enrolled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Known {
    /// The last run of its process.
    pub incarnation: Incarnation,
    /// Where others reached it.
    pub address: SocketAddr,
}

impl Registry {
    /// What a run knew that kept no journal.
    pub fn import(
        totals: Totals,
        names: impl IntoIterator<Item = NameRecord>,
        begun: bool,
        term: Term,
    ) -> Self {
        let mut registry = Self {
            term,
            begun,
            ledger: Ledger::import(totals),
            ..Self::default()
        };
        for record in names {
            registry.apply(&Entry::Name(record));
        }
        registry
    }

    /// One thing more is a fact.
    pub fn apply(&mut self, entry: &Entry) {
        match entry.clone() {
            Entry::Term { term } => {
                self.term = term;
                if self.first_term == Term::default() {
                    self.first_term = term;
                }
            }
            Entry::Begun => self.begun = true,
            Entry::Stopped => self.begun = false,
            Entry::MaxDownloads { most, configured } => {
                self.max_downloads = Some(MaxDownloads { most, configured });
            }
            Entry::Drained { number } => drop(self.drained.insert(number)),
            Entry::Works { number } => drop(self.drained.remove(&number)),
            Entry::Expelled { name, until_ms } => drop(self.expelled.insert(name, until_ms)),
            Entry::LetIn { name } => drop(self.expelled.remove(&name)),
            Entry::ExpelledHost { host, until_ms } => {
                self.expelled_hosts.insert(host, until_ms);
            }
            Entry::LetInHost { host } => drop(self.expelled_hosts.remove(&host)),
            Entry::Secondary {
                number,
                incarnation,
                address,
            } => {
                let known = Known {
                    incarnation,
                    address,
                };
                self.secondaries.insert(number, known);
            }
            Entry::Name(record) if record.is_empty() => drop(self.names.remove(&record.name)),
            Entry::Name(record) => drop(self.names.insert(record.name.clone(), record)),
            Entry::Published(publication) => {
                let name = publication.file.name.clone();
                self.publications.insert(name, publication);
            }
            Entry::Withdrawn { name } => drop(self.publications.remove(&name)),
            Entry::Entered(place) => self.waiting.enter(place),
            Entry::Granted { place, transfer } => self.waiting.grant(place, transfer),
            Entry::Left { session, request } => self.waiting.leave(session, request),
            Entry::Renamed { session, client } => self.waiting.rename(session, &client),
            Entry::Account(fact) => {
                self.accounts.apply(&fact);
                if let AccountFact::Registered { name, guests, .. } = fact {
                    self.ledger.rename_client(&name.client(), &guests);
                }
            }
            Entry::Audit(line) => self.trail.add(line),
            Entry::Room(fact) => self.rooms.apply(fact),
            Entry::Answered { id, at_ms, answer } => self.answers.keep(id, at_ms, answer),
            Entry::Figure(fact) => self.counted.apply(fact),
            Entry::Client { .. }
            | Entry::Open(_)
            | Entry::Dropped { .. }
            | Entry::Settled(_)
            | Entry::Reopened { .. }
            | Entry::Unconfirmed { .. }
            | Entry::Closed { .. }
            | Entry::Legacy { .. } => self.ledger.apply(entry),
        }
    }

    /// All of it, as JSON: [`Self::restore`] reads it.
    pub fn snapshot(&self) -> Vec<u8> {
        // Its maps have keys that are texts or numbers, and its values are plain.
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// A registry that was written by [`Self::snapshot`].
    ///
    /// # Errors
    /// When it is none, or another version's.
    pub fn restore(snapshot: &[u8]) -> Result<Self, serde_json::Error> {
        serde_json::from_slice(snapshot)
    }

    /// The same for all that have the same facts.
    pub fn digest(&self) -> Digest {
        Digest::new(Sha256::digest(self.snapshot()).into())
    }

    /// The last reign.
    pub fn term(&self) -> Term {
        self.term
    }

    /// True for a reign whose transfers are all known here.
    pub fn has_all_of(&self, term: Term) -> bool {
        self.first_term != Term::default() && (self.first_term..=self.term).contains(&term)
    }

    /// Service has begun.
    pub fn has_begun(&self) -> bool {
        self.begun
    }

    /// How many downloads run at once at a central that is started with so many: an order counts until that is changed.
    pub fn max_downloads(&self, configured: usize) -> usize {
        let ordered = self.max_downloads.filter(|o| o.configured == configured);
        ordered.map_or(configured, |ordered| ordered.most)
    }

    /// Drained secondaries.
    pub fn drained(&self) -> impl Iterator<Item = SecondaryNumber> {
        self.drained.iter().copied()
    }

    /// Refused names, and until when, in milliseconds since 1970.
    pub fn expelled(&self) -> impl Iterator<Item = (&ClientName, u64)> {
        self.expelled.iter().map(|(name, until)| (name, *until))
    }

    /// Hosts that are refused by HTTP, and until when, in milliseconds since 1970.
    pub fn expelled_hosts(&self) -> impl Iterator<Item = (IpAddr, u64)> {
        let hosts = self.expelled_hosts.iter();
        hosts.map(|(host, until)| (*host, *until))
    }

    /// Secondaries that have enrolled.
    pub fn secondaries(&self) -> impl Iterator<Item = (SecondaryNumber, Known)> {
        self.secondaries
            .iter()
            .map(|(number, known)| (*number, *known))
    }

    /// One of them.
    pub fn secondary(&self, number: SecondaryNumber) -> Option<Known> {
        self.secondaries.get(&number).copied()
    }

    /// What is remembered of names.
    pub fn names(&self) -> impl Iterator<Item = &NameRecord> {
        self.names.values()
    }

    /// What is remembered of one.
    pub fn name(&self, name: &FileName) -> Option<&NameRecord> {
        self.names.get(name)
    }

    /// What people publish, by name.
    pub fn publications(&self) -> impl Iterator<Item = &Publication> {
        self.publications.values()
    }

    /// Slots and the line.
    pub fn waiting(&self) -> &Waiting {
        &self.waiting
    }

    /// Accounts, and names of former ones.
    pub fn accounts(&self) -> &Accounts {
        &self.accounts
    }

    /// The audit trail.
    pub fn trail(&self) -> &Trail {
        &self.trail
    }

    /// Rooms and channels.
    pub fn rooms(&self) -> &Rooms {
        &self.rooms
    }

    /// What orders were answered.
    pub fn answers(&self) -> &Answers {
        &self.answers
    }

    /// What people and programs count.
    pub fn counted(&self) -> &Counted {
        &self.counted
    }

    /// The books.
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }
}
