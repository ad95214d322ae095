//! What must be so at the end of a story, once nothing fails any more.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, Instant},
};

use trozos::{
    engine::cluster::SecondaryCondition,
    model::{Digest, FileMeta, FileName, ListedFile, SecondaryNumber, limits::EXPELLED_FOR},
};

use super::{
    client::Client,
    net::Host,
    secondary::Secondary,
    story::Happening,
    world::{Slot, World},
};
use crate::oracle::books::check_balance;

const LOOK_EVERY: Duration = Duration::from_millis(250);
/// Within this a download of a small file ends.
const SOON: Duration = Duration::from_secs(10);
/// Within this a secondary that is drained has nothing left to send. Connections of a machine that lost its power stand
/// for a minute.
const DRAINED_WITHIN: Duration = Duration::from_secs(70);
/// Within this all books are closed: those of receivers that vanished are the last.
const BOOKS_CLOSED_WITHIN: Duration = Duration::from_secs(80);
/// Within this clients are back that were sent away. One whose clock is ahead comes too early and has to wait once more.
const BACK_WITHIN: Duration = EXPELLED_FOR.saturating_mul(3);

impl World {
    /// What keeps the cluster from being as it should be once nothing fails.
    pub(super) fn what_is_wrong(&self) -> Option<String> {
        if let Some(unfinished) = self.clients().find_map(|(_, client)| client.unfinished()) {
            return Some(format!("downloads do not end: {unfinished}"));
        }
        let cluster = &self.central().cluster;
        let status = cluster.status();
        let rows = status.secondaries.iter().filter(|row| row.alive);
        let lacks = rows.clone().map(|row| row.missing).sum::<u64>() + status.changing;
        let is_level = status.level || status.conflicts > 0;
        let is_busy = status.running + status.waiting + lacks > 0;
        if rows.count() < self.story.secondaries || !is_level || is_busy {
            return Some(format!("{status:?}"));
        }
        assert!(!status.level || status.conflicts == 0, "{status:?}");
        let (listed, _) = cluster.listing(None, |_| true);
        let listed: BTreeMap<_, _> = listed
            .iter()
            .map(|listed| (&listed.file.name, listed))
            .collect();
        for (number, slot, secondary) in self.numbered_secondaries() {
            if secondary.is_busy() {
                return Some(format!("{secondary:?} is busy"));
            }
            let there = slot.disk.files.values().map(|content| &content.meta);
            if !there.eq(secondary.held().values().map(|held| &held.meta)) {
                return Some(format!("{secondary:?} holds {:?}", slot.disk));
            }
            let names: BTreeSet<_> = slot.disk.files.keys().collect();
            let is_wanted = |listed: &ListedFile| cluster.wanted(&listed.file).contains(&number);
            let wanted = listed.iter().filter(|(_, listed)| is_wanted(listed));
            let is_listed = names.iter().all(|name| listed.contains_key(name));
            if !is_listed
                || !wanted
                    .map(|(name, _)| name)
                    .all(|name| names.contains(name))
            {
                return Some(format!(
                    "{number}: {names:?} is there, {listed:?} is listed"
                ));
            }
        }
        for listed in listed.values() {
            let holders = self.holders_of(&listed.file);
            let wanted = cluster.wanted(&listed.file);
            let is_where_wanted = wanted.iter().all(|number| holders.contains(number));
            let is_counted = holders.len() == usize::from(listed.holders)
                && wanted.len() == usize::from(listed.wanted);
            if !is_counted || !(is_where_wanted || listed.conflict) {
                return Some(format!("{listed:?}, held by {holders:?}"));
            }
        }
        self.who_has_not_heard()
    }

    fn numbered_secondaries(&self) -> impl Iterator<Item = (SecondaryNumber, &Slot, &Secondary)> {
        let hosts = (1..).zip(self.secondaries());
        hosts.map(|(host, (slot, secondary))| (self.number_of(host), slot, secondary))
    }

    /// The secondaries that say they hold this very content.
    fn holders_of(&self, file: &FileMeta) -> BTreeSet<SecondaryNumber> {
        let secondaries = self.numbered_secondaries();
        let holders = secondaries.filter(|(.., secondary)| {
            let held = secondary.held().get(&file.name);
            held.is_some_and(|held| held.meta.id == file.id)
        });
        holders.map(|(number, ..)| number).collect()
    }

    /// A conflict that somebody who is part of it does not know of.
    fn who_has_not_heard(&self) -> Option<String> {
        let conflicts = self.central().cluster.conflicts();
        let names: BTreeSet<_> = conflicts.iter().map(|conflict| &conflict.name).collect();
        for (number, _, secondary) in self.numbered_secondaries() {
            for conflict in &conflicts {
                let mut holders = conflict.versions.iter().flat_map(|v| &v.secondaries);
                let is_part = holders.any(|holder| *holder == number);
                if is_part && !secondary.conflicts.contains(&conflict.name) {
                    return Some(format!("{number} does not know of {conflict:?}"));
                }
            }
            let decided = secondary
                .conflicts
                .iter()
                .find(|name| !names.contains(name));
            if let Some(name) = decided {
                return Some(format!("{number} knows of a conflict about {name}"));
            }
        }
        None
    }

    /// All is right: it has to stay so under a person's orders, and the figures must be right in the end.
    pub(super) fn end_well(mut self) {
        self.check_ends();
        if self.seed.is_multiple_of(2) {
            self.drain_one();
            self.check_ends();
        }
        self.check_figures();
    }

    /// Before a person decides: nothing is in conflict whose changes were made one to the other, and of those that people
    /// made without knowing of each other none is lost.
    pub(super) fn check_nothing_is_lost(&self) {
        let cluster = &self.central().cluster;
        let mut there: BTreeMap<FileName, BTreeSet<Digest>> = BTreeMap::new();
        for listed in cluster.listing(None, |_| true).0 {
            let ids = there.entry(listed.file.name).or_default();
            ids.insert(listed.file.id);
        }
        for conflict in cluster.conflicts() {
            let line = self.chronicle.names.get(&conflict.name);
            let is_ordered = line.is_some_and(|line| line.is_ordered);
            assert!(!is_ordered, "{conflict:?} is none: {line:?}");
            let ids = conflict.versions.iter().map(|version| version.file.id);
            there.entry(conflict.name.clone()).or_default().extend(ids);
        }
        // The central takes two folders of one number for one: what is in the second is an edit of what is in the first.
        let shared = self.impostor_ran().then_some(1);
        for (name, line) in &self.chronicle.names {
            if let Some(heads) = line.traced_heads(shared) {
                let ids = there.get(name).cloned().unwrap_or_default();
                assert!(heads.is_subset(&ids), "{name} has {ids:?}: {line:?}");
            }
        }
    }

    fn check_ends(&self) {
        for (_, client) in self.clients() {
            client.check_ends();
        }
        let (listed, _) = self.central().cluster.listing(None, |_| true);
        let listed: BTreeMap<_, _> = listed
            .iter()
            .map(|listed| (&listed.file.name, listed.file.id))
            .collect();
        let ordered = self
            .chronicle
            .names
            .iter()
            .filter(|(_, line)| line.is_ordered);
        for (name, line) in ordered {
            let is_there = listed.get(name).copied();
            assert_eq!(is_there, line.latest, "{name} was changed last: {line:?}");
        }
    }

    /// One secondary is to have nothing to send, and then to work again.
    fn drain_one(&mut self) {
        let host = self.story.secondaries;
        let number = self.number_of(host);
        self.happen(Happening::Drain(host, true));
        let deadline = self.now + DRAINED_WITHIN;
        while !self.central().told_drained.contains(&number) {
            assert!(self.now < deadline, "{number} is never drained");
            self.until(self.now + Duration::from_secs(1));
        }
        self.ask_for_all();
        self.happen(Happening::Drain(host, false));
        let rows = self.central().cluster.secondaries(self.now).into_iter();
        let drained = rows.filter(|row| row.state != SecondaryCondition::Up);
        assert_eq!(drained.count(), 0, "{:?} stays drained", self.central());
        for [holders, sources] in self.ask_for_all() {
            assert!(
                sources.contains(&number) || !holders.contains(&number),
                "{number} is left in peace: {sources:?}"
            );
        }
    }

    /// Somebody asks for each file; gives who holds it, and who was to send it.
    fn ask_for_all(&mut self) -> Vec<[BTreeSet<SecondaryNumber>; 2]> {
        let there = |(host, client): (Host, &Client)| client.link.is_up().then_some(host);
        let Some(host) = self.clients().find_map(there) else {
            // All have been sent away.
            return Vec::new();
        };
        let mut granted = Vec::new();
        let (listed, _) = self.central().cluster.listing(None, |_| true);
        for listed in &listed {
            let names = self.story.contents.iter().map(|content| &content.meta.name);
            let content = names.clone().position(|name| *name == listed.file.name);
            self.happen(Happening::Ask(host, content.expect("it is of the story")));
            let deadline = self.now + SOON;
            self.until(self.now + LOOK_EVERY);
            while let Some(wrong) = self.what_is_wrong() {
                assert!(self.now < deadline, "{wrong}");
                self.until(self.now + LOOK_EVERY);
            }
            let holders = self.holders_of(&listed.file);
            granted.push([holders, self.central().granted_of.clone()]);
        }
        granted
    }

    fn wait_for_closed_books(&mut self, deadline: Instant) {
        while !self.central().cluster.totals().open.is_empty() {
            let open = self.central().cluster.totals().open;
            assert!(self.now < deadline, "{open:?}");
            self.until(self.now + LOOK_EVERY);
        }
    }

    fn check_figures(&mut self) {
        let deadline = self.now + BOOKS_CLOSED_WITHIN;
        // Whoever is on a connection that carries nothing notices; the last reports come.
        self.until(self.now + SOON);
        self.wait_for_closed_books(deadline);
        // Whoever was sent away tells the ends of his downloads when he is back.
        let deadline = deadline.max(self.now + BACK_WITHIN);
        while !self.lost_ends && !self.clients().all(|(_, client)| client.link.is_up()) {
            assert!(
                self.now < deadline,
                "{:?} stay away",
                self.clients().count()
            );
            self.until(self.now + SOON);
        }
        self.until(self.now + LOOK_EVERY);
        self.wait_for_closed_books(self.now + SOON);
        let totals = self.central().cluster.totals();
        check_balance(&totals);
        let booked = totals.totals.bytes_sent + totals.copies.bytes_sent;
        assert!(booked <= self.sent_bytes, "{booked} of {}", self.sent_bytes);
        if !self.lost_figures {
            assert_eq!(booked, self.sent_bytes, "{totals:?}");
        }
        let whole: u64 = self.clients().map(|(_, client)| client.whole).sum();
        if !self.lost_ends {
            assert_eq!(totals.totals.downloads, whole, "{totals:?}");
        }
    }
}
