//! What the cluster does when secondaries come, go, and change what they hold.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::SocketAddr,
    time::Instant,
};

use super::{
    Action, Cluster, DownReason, LinkId, Notice, Refusal,
    catalog::{Added, Removed},
    machine::Peer,
};
use crate::model::{
    Fault, FileMeta, FileName, Incarnation, Receiver, RemovedReason, SecondaryNumber, SentTransfer,
    TransferId, limits::MAX_FILES_PER_SECONDARY,
};

impl Cluster {
    pub(super) fn enrol_secondary(
        &mut self,
        now: Instant,
        link: LinkId,
        number: SecondaryNumber,
        incarnation: Incarnation,
        address: SocketAddr,
    ) {
        let enrolled = match self
            .membership
            .enrol(now, link, number, incarnation, address)
        {
            Ok(enrolled) => enrolled,
            Err(in_use) => {
                let refusal = Refusal::NumberInUse {
                    number,
                    by: in_use.by,
                };
                self.actions.push_back(Action::Close { link, refusal });
                return;
            }
        };
        if let Some(old) = enrolled.replaces {
            self.peers.remove(&old);
            self.actions.push_back(Action::Close {
                link: old,
                refusal: Refusal::Replaced,
            });
            self.stop_copies_of(now, number);
        }
        self.traffic.enrolled(now, number, incarnation);
        self.peers.insert(
            link,
            Peer::Secondary {
                number,
                inventory: Vec::new(),
                announced: 0,
            },
        );
        self.tell(Notice::SecondaryUp {
            number,
            address,
            returned: enrolled.returned,
        });
    }

    /// The end of a lease.
    pub(super) fn secondary_down(
        &mut self,
        now: Instant,
        number: SecondaryNumber,
        link: LinkId,
        why: DownReason,
    ) {
        if !self.membership.end(number, link) {
            return;
        }
        self.ledger.fell(number);
        self.traffic.left(number);
        self.tell(Notice::SecondaryDown { number, why });
        self.stop_copies_of(now, number);
        if self.membership.alive().next().is_none() {
            self.tell(Notice::NoSecondaries);
        }
        self.push_sources_of(|_| true);
    }

    fn stop_copies_of(&mut self, now: Instant, number: SecondaryNumber) {
        for transfer in self.placement.leave(number) {
            self.transfers.remove(&transfer);
            self.ledger.orphan(now, transfer);
        }
    }

    pub(super) fn inventory(&mut self, link: LinkId, files: Vec<FileMeta>, last: bool) {
        let Some(Peer::Secondary {
            number,
            inventory,
            announced,
        }) = self.peers.get_mut(&link)
        else {
            return self.wrong_role(link, "inventory");
        };
        let number = *number;
        if inventory.len() + files.len() > MAX_FILES_PER_SECONDARY {
            return self.too_many_files(link);
        }
        inventory.extend(files);
        if !last {
            return;
        }
        let files = std::mem::take(inventory);
        *announced = files.len();
        self.membership.set_inventoried(number);
        self.placement.join(number);
        self.replace_holdings(number, files);
        self.push_sources_of(|_| true);
    }

    fn too_many_files(&mut self, link: LinkId) {
        let refusal = Refusal::TooMany("files");
        self.actions.push_back(Action::Close { link, refusal });
    }

    fn replace_holdings(&mut self, number: SecondaryNumber, files: Vec<FileMeta>) {
        let now_held: BTreeMap<&FileName, &FileMeta> =
            files.iter().map(|file| (&file.name, file)).collect();
        let gone: Vec<_> = self
            .catalog
            .held_by(number)
            .into_iter()
            .filter(|old| now_held.get(&old.name).is_none_or(|new| new.id != old.id))
            .collect();
        for file in gone {
            self.forget_copy(number, &file, RemovedReason::Lost);
        }
        for file in &files {
            if self.withdrawn.contains(&(file.name.clone(), file.id)) {
                self.withdraw_from(number, file);
            } else {
                self.hold(number, file);
            }
        }
        let missing: Vec<_> = self
            .catalog
            .iter()
            .filter(|entry| !entry.holders.contains(number) && !entry.conflicts_with(number))
            .map(|entry| entry.meta.name.clone())
            .collect();
        missing
            .iter()
            .for_each(|name| self.placement.missing(number, name));
    }

    pub(super) fn added(&mut self, link: LinkId, files: Vec<FileMeta>) {
        let Some(Peer::Secondary {
            number, announced, ..
        }) = self.peers.get_mut(&link)
        else {
            return self.wrong_role(link, "added");
        };
        let number = *number;
        *announced += files.len();
        if *announced > MAX_FILES_PER_SECONDARY {
            return self.too_many_files(link);
        }
        let mut names = BTreeSet::new();
        for file in files {
            let is_copy = self.arrivals.came(self.last_call, number, &file.name);
            let key = (file.name.clone(), file.id);
            if is_copy && self.withdrawn.contains(&key) {
                // It was deleted while it was copied there.
                self.withdraw_from(number, &file);
                continue;
            }
            // Putting a deleted file back is as deliberate as deleting it was.
            self.withdrawn.remove(&key);
            self.hold(number, &file);
            names.insert(file.name);
        }
        self.push_sources_of(|file| names.contains(&file.name));
    }

    fn hold(&mut self, number: SecondaryNumber, file: &FileMeta) {
        match self.catalog.add(number, file) {
            Added::New => {
                self.offer(file);
            }
            Added::Holder | Added::Known => {}
            Added::Replaced(promoted) => {
                self.entry_gone(&file.name, None);
                self.offer(&promoted);
            }
            Added::Conflict => {
                let notice = Notice::Conflict {
                    file: file.name.clone(),
                    number,
                };
                self.tell(notice);
            }
        }
        self.placement.can_be_sent_again(&file.name);
        // Held, or in conflict: either way it is not to be copied there.
        if let Some(copy) = self.placement.settled(number, &file.name) {
            self.end_copy(number, copy);
        }
    }

    fn offer(&mut self, file: &FileMeta) {
        let notice = Notice::Offered {
            file: file.name.clone(),
            bytes: file.layout.file_bytes(),
        };
        self.tell(notice);
        let Some(entry) = self.catalog.get(&file.name) else {
            return;
        };
        let holders = entry.holders;
        self.placement.missing_everywhere_but(&file.name, |number| {
            holders.contains(number) || entry.conflicts_with(number)
        });
    }

    pub(super) fn removed(&mut self, link: LinkId, files: Vec<FileMeta>, reason: RemovedReason) {
        let Some(Peer::Secondary {
            number, announced, ..
        }) = self.peers.get_mut(&link)
        else {
            return self.wrong_role(link, "removed");
        };
        let number = *number;
        *announced = announced.saturating_sub(files.len());
        for file in &files {
            self.forget_copy(number, file, reason);
        }
        self.push_sources_of(|file| files.iter().any(|gone| gone.name == file.name));
    }

    fn forget_copy(&mut self, number: SecondaryNumber, file: &FileMeta, reason: RemovedReason) {
        let held = self
            .catalog
            .get(&file.name)
            .is_some_and(|e| e.meta.id == file.id && e.holders.contains(number));
        if held && reason == RemovedReason::Deleted {
            return self.withdraw(number, file);
        }
        match self.catalog.remove(number, &file.name, file.id) {
            Removed::Unknown => {}
            Removed::HolderGone | Removed::ConflictGone => {
                self.placement.missing(number, &file.name);
            }
            Removed::EntryGone { promoted } => {
                self.entry_gone(&file.name, None);
                promoted.iter().for_each(|meta| self.offer(meta));
            }
        }
    }

    /// Somebody deleted the file: it leaves the cluster, and the other copies are set aside.
    fn withdraw(&mut self, number: SecondaryNumber, file: &FileMeta) {
        let Some(entry) = self.catalog.get(&file.name) else {
            return;
        };
        let others: Vec<_> = entry
            .holders
            .iter()
            .filter(|holder| *holder != number)
            .collect();
        self.withdrawn.insert((file.name.clone(), file.id));
        let removed = self.catalog.withdraw(&file.name);
        self.entry_gone(&file.name, Some(number));
        others
            .into_iter()
            .for_each(|holder| self.withdraw_from(holder, file));
        if let Removed::EntryGone {
            promoted: Some(meta),
        } = removed
        {
            self.offer(&meta);
        }
    }

    fn withdraw_from(&mut self, number: SecondaryNumber, file: &FileMeta) {
        if let Some(link) = self.membership.link(number) {
            self.actions.push_back(Action::Withdraw {
                link,
                file: file.clone(),
            });
        }
    }

    fn entry_gone(&mut self, name: &FileName, deleted_at: Option<SecondaryNumber>) {
        for (number, copy) in self.placement.forget(name) {
            // It may be complete before it hears of this.
            self.arrivals.expect(self.last_call, number, name);
            self.end_copy(number, copy);
        }
        self.tell(Notice::NoLongerOffered {
            file: name.clone(),
            deleted_at,
        });
    }

    /// A copy that is no longer wanted. One that is complete is gone from the list when this is called.
    fn end_copy(&mut self, number: SecondaryNumber, copy: TransferId) {
        if self.transfers.remove(&copy).is_some() {
            // Its target says what came of it; if it says nothing, the books are closed without it.
            self.ledger.orphan(self.last_call, copy);
        } else {
            return;
        }
        if let Some(link) = self.membership.link(number) {
            self.actions.push_back(Action::CancelCopy {
                link,
                transfer: copy,
            });
        }
    }

    pub(super) fn sent(&mut self, now: Instant, link: LinkId, transfers: Vec<SentTransfer>) {
        let Some(Peer::Secondary { number, .. }) = self.peers.get(&link) else {
            return self.wrong_role(link, "sent");
        };
        let number = *number;
        let Some(member) = self.membership.get(number) else {
            return;
        };
        let incarnation = member.incarnation;
        for transfer in transfers {
            let news = self.traffic.sent(now, number, &transfer);
            self.speeds.sent(now, number, news.more);
            self.ledger.report(now, number, incarnation, transfer, news);
        }
    }

    pub(super) fn reported(
        &mut self,
        now: Instant,
        link: LinkId,
        transfer: TransferId,
        (secondary, fault): (SecondaryNumber, Fault),
    ) {
        // Believed from who receives that transfer, of who sends in it.
        let running = self.transfers.get(&transfer);
        let Some(running) = running.filter(|running| running.link == link) else {
            return;
        };
        let (asked, resting) = self.holders(&running.file, None);
        let is_assigned = running.ranges.contains_key(&secondary);
        if !is_assigned && !asked.contains(secondary) && !resting.contains(secondary) {
            return;
        }
        let by = running.receiver.clone();
        self.membership.probe(now, secondary);
        self.tell(Notice::Reported {
            by,
            secondary,
            fault,
        });
    }

    pub(super) fn closed(&mut self, now: Instant, link: LinkId, goodbye: bool) {
        match self.peers.remove(&link) {
            Some(Peer::Secondary { number, .. }) => {
                let why = if goodbye {
                    DownReason::Goodbye
                } else {
                    DownReason::Closed
                };
                self.secondary_down(now, number, link, why);
            }
            Some(Peer::Client(client)) => self.client_gone(now, link, client),
            None => {}
        }
    }

    pub(super) fn wrong_role(&mut self, link: LinkId, what: &'static str) {
        self.actions.push_back(Action::Close {
            link,
            refusal: Refusal::WrongRole(what),
        });
    }

    pub(super) fn is_secondary(&self, receiver: &Receiver) -> Option<SecondaryNumber> {
        match receiver {
            Receiver::Secondary(number) => Some(*number),
            Receiver::Client(_) | Receiver::Original(_) => None,
        }
    }
}
