//! Messages of secondaries, and what follows when they come and go.

use std::{collections::BTreeSet, net::SocketAddr};

use super::Cluster;
use crate::{
    engine::{
        cluster::{Action, ConnectionId, DownReason, Notice, Refusal},
        registry::{Entry, Known},
    },
    model::{
        CopyLimits, FileMeta, HeldFile, Incarnation, Limit, RemovedReason, SecondaryNumber,
        SentTransfer, messages::FromSecondary,
    },
};

impl Cluster {
    pub(super) fn of_secondary(&mut self, connection: ConnectionId, message: FromSecondary) {
        let Some(number) = self.members.number(connection) else {
            return self.wrong_role(connection);
        };
        match message {
            FromSecondary::Limits(limits) => self.limits(connection, number, limits),
            FromSecondary::Inventory { files, last, batch } => {
                if let Err(refusal) = self.members.add_page(connection, files) {
                    return self.close(connection, refusal);
                }
                if last {
                    self.inventory(connection, number);
                }
                self.acknowledge(connection, batch);
            }
            FromSecondary::Added { files, batch } => self.added(connection, number, files, batch),
            FromSecondary::Removed {
                files,
                reason,
                batch,
            } => {
                self.removed(connection, number, &files, reason);
                self.acknowledge(connection, batch);
            }
            FromSecondary::Ack { batch } => self.catalog.acknowledged(number, batch),
            FromSecondary::Sent { transfers } => self.sent(number, transfers),
        }
    }

    pub(super) fn enrol_secondary(
        &mut self,
        connection: ConnectionId,
        number: SecondaryNumber,
        incarnation: Incarnation,
        address: SocketAddr,
    ) {
        let now = self.last_call;
        let enrolled = self
            .members
            .enrol(now, connection, number, incarnation, address);
        let enrolled = match enrolled {
            Ok(enrolled) => enrolled,
            Err(refusal) => return self.close(connection, refusal),
        };
        if let Some(old) = enrolled.replaces {
            self.close(old, Refusal::Replaced);
            self.stop_copies_of(number);
        }
        let known = Known {
            incarnation,
            address,
        };
        if self.registry.secondary(number) != Some(known) {
            self.record(Entry::Secondary {
                number,
                incarnation,
                address,
            });
        }
        self.tell_all_expelled(connection);
        self.catalog.enrolled(number);
        self.books.enrolled(now, number, incarnation);
        self.tell(Notice::SecondaryUp {
            number,
            address,
            returned: enrolled.returned,
        });
    }

    /// The end of a lease, if one hangs on this connection.
    pub(super) fn secondary_down(&mut self, connection: ConnectionId, why: DownReason) {
        let Some(number) = self.members.end(connection) else {
            return;
        };
        self.books.fell(number);
        self.tell(Notice::SecondaryDown { number, why });
        self.stop_copies_of(number);
        for change in self.catalog.left(number) {
            self.follow(change);
        }
        if !self.members.is_any_alive() {
            self.tell(Notice::NoSecondaries);
        }
        self.review_copies();
        self.push_sources_of(|_| true);
    }

    fn stop_copies_of(&mut self, number: SecondaryNumber) {
        for transfer in self.copies.leave(number) {
            self.transfers.end(transfer);
            self.books.orphan(self.last_call, transfer);
        }
    }

    /// A secondary has told all that it holds.
    fn inventory(&mut self, connection: ConnectionId, number: SecondaryNumber) {
        let files = self.members.take_pages(connection);
        self.join(number);
        let held: BTreeSet<_> = files.iter().map(|file| &file.meta.name).collect();
        // What it edited is compared with what it is known to hold, which is why that goes last.
        for file in &files {
            self.holds(number, file);
        }
        for file in self.catalog.held_by(number) {
            if !held.contains(&file.name) {
                self.holds_no_longer(number, &file, RemovedReason::Lost);
            }
        }
        self.review_copies();
        self.push_sources_of(|_| true);
    }

    fn join(&mut self, number: SecondaryNumber) {
        if let Some(member) = self.members.get(number) {
            self.copies.join(number, member.limits());
        }
    }

    /// Where a secondary takes no copies from now on.
    fn limits(&mut self, connection: ConnectionId, number: SecondaryNumber, limits: CopyLimits) {
        if limits.away_below.len() > CopyLimits::MOST_FOLDERS {
            let (of, most) = (Limit::Folders, CopyLimits::MOST_FOLDERS);
            return self.close(connection, Refusal::TooMany { of, most });
        }
        if !self.members.set_limits(number, &limits) {
            return;
        }
        let read_only = limits.read_only;
        self.tell(Notice::Limits { number, limits });
        if read_only {
            for copy in self.copies.leave(number) {
                self.end_copy(number, copy);
            }
        } else if self.members.present().contains(number) {
            self.join(number);
            self.review_copies();
        }
    }

    fn added(
        &mut self,
        connection: ConnectionId,
        number: SecondaryNumber,
        files: Vec<HeldFile>,
        batch: Option<u64>,
    ) {
        let is_new = |file: &&HeldFile| !self.catalog.has(number, &file.meta.name);
        let new = files.iter().filter(is_new).count();
        if let Err(refusal) = self.members.announces(connection, new) {
            return self.close(connection, refusal);
        }
        for file in &files {
            self.holds(number, file);
        }
        let names: BTreeSet<_> = files.into_iter().map(|file| file.meta.name).collect();
        self.push_sources_of(|file| names.contains(&file.name));
        self.acknowledge(connection, batch);
    }

    fn removed(
        &mut self,
        connection: ConnectionId,
        number: SecondaryNumber,
        files: &[FileMeta],
        reason: RemovedReason,
    ) {
        for file in files {
            let had = self.catalog.has(number, &file.name);
            self.holds_no_longer(number, file, reason);
            if reason == RemovedReason::Lost {
                let (now, present) = (self.last_call, self.members.present());
                let damage = self.catalog.damage(now, number, file, present);
                damage.into_iter().for_each(|notice| self.tell(notice));
            }
            if had && !self.catalog.has(number, &file.name) {
                self.members.takes_back(connection);
            }
        }
        let names: BTreeSet<_> = files.iter().map(|file| &file.name).collect();
        self.push_sources_of(|file| names.contains(&file.name));
    }

    fn sent(&mut self, number: SecondaryNumber, transfers: Vec<SentTransfer>) {
        let (now, Some(incarnation)) = (self.last_call, self.members.alive_run(number)) else {
            return;
        };
        for mut sent in transfers {
            let transfer = sent.transfer;
            self.audit_sent(&mut sent);
            let more = self.books.report(now, number, incarnation, &sent);
            self.transfers.sent(now, number, more);
            if more > 0
                && let Some(running) = self.transfers.get(transfer)
                && let Some(request) = running.request
            {
                self.places.worked(now, (running.connection, request));
            }
        }
    }

    /// A message of a secondary is handled. It is acknowledged once it is durable.
    fn acknowledge(&mut self, connection: ConnectionId, batch: Option<u64>) {
        if let Some(batch) = batch {
            self.actions.push_back(Action::Ack { connection, batch });
        }
    }

    /// Tells secondaries what they are owed.
    pub(super) fn tell_owed(&mut self) {
        for (number, message) in self.catalog.owed_messages() {
            match self.members.connection(number) {
                Some(connection) => self
                    .actions
                    .push_back(Action::ToSecondary(connection, message)),
                None => self.catalog.forget_owed(number),
            }
        }
    }
}
