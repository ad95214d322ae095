//! What the cluster does when secondaries come, go, and change what they hold.

use std::{collections::BTreeSet, net::SocketAddr, time::Instant};

use super::{Action, Cluster, DownReason, LinkId, Notice, Refusal, machine::Peer, owed::Due};
use crate::model::{
    CopyLimits, FileMeta, HeldFile, Incarnation, Limit, Receiver, RemovedReason, SecondaryNumber,
    SentTransfer, TransferId, Who,
    limits::MAX_FILES_PER_SECONDARY,
    messages::{ForSecondary, FromSecondary, Report},
};

impl Cluster {
    pub(super) fn of_secondary(&mut self, now: Instant, link: LinkId, message: FromSecondary) {
        match message {
            FromSecondary::Limits(limits) => self.limits(link, limits),
            FromSecondary::Inventory { files, last, batch } => {
                self.inventory(link, files, last, batch);
            }
            FromSecondary::Added { files, batch } => self.added(link, files, batch),
            FromSecondary::Removed {
                files,
                reason,
                batch,
            } => self.removed(link, files, reason, batch),
            FromSecondary::Ack { batch } => self.acknowledged(link, batch),
            FromSecondary::Sent { transfers } => self.sent(now, link, transfers),
        }
    }

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
        // What was on its way to an older connection comes up again with the inventory.
        self.owed.forget(number);
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
        self.owed.forget(number);
        self.catalog.left(number);
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

    fn inventory(&mut self, link: LinkId, files: Vec<HeldFile>, last: bool, batch: Option<u64>) {
        let Some(Peer::Secondary {
            number, inventory, ..
        }) = self.peers.get_mut(&link)
        else {
            return self.wrong_role(link, "inventory");
        };
        let number = *number;
        if inventory.len() + files.len() > MAX_FILES_PER_SECONDARY {
            return self.too_many_files(link);
        }
        inventory.extend(files);
        if last {
            let files = std::mem::take(inventory);
            self.membership.set_inventoried(number);
            self.join(number);
            self.replace_holdings(link, number, files);
            self.push_sources_of(|_| true);
        }
        self.acknowledge(link, batch);
    }

    /// What a secondary said is known from now on, and durable once it hears so.
    fn acknowledge(&mut self, link: LinkId, batch: Option<u64>) {
        if let Some(batch) = batch {
            self.actions.push_back(Action::Ack { link, batch });
        }
    }

    fn too_many_files(&mut self, link: LinkId) {
        let refusal = Refusal::TooMany {
            of: Limit::Files,
            most: MAX_FILES_PER_SECONDARY,
        };
        self.actions.push_back(Action::Close { link, refusal });
    }

    fn join(&mut self, number: SecondaryNumber) {
        if let Some(member) = self.membership.get(number) {
            self.placement.join(number, &member.limits);
        }
    }

    /// Where a secondary takes no copies from now on.
    fn limits(&mut self, link: LinkId, limits: CopyLimits) {
        let Some(Peer::Secondary { number, .. }) = self.peers.get(&link) else {
            return self.wrong_role(link, "limits");
        };
        let number = *number;
        if limits.away_below.len() > CopyLimits::MOST_FOLDERS {
            let refusal = Refusal::TooMany {
                of: Limit::Folders,
                most: CopyLimits::MOST_FOLDERS,
            };
            return self.actions.push_back(Action::Close { link, refusal });
        }
        let Some(member) = self.membership.get(number) else {
            return;
        };
        if member.limits == limits {
            return;
        }
        let known = member.inventoried;
        let read_only = limits.read_only;
        self.membership.set_limits(number, limits.clone());
        self.tell(Notice::Limits { number, limits });
        if read_only {
            for copy in self.placement.leave(number) {
                self.end_copy(number, copy);
            }
        } else if known {
            self.join(number);
            self.find_missing(number);
        }
    }

    fn added(&mut self, link: LinkId, files: Vec<HeldFile>, batch: Option<u64>) {
        let Some(Peer::Secondary { number, .. }) = self.peers.get(&link) else {
            return self.wrong_role(link, "added");
        };
        let number = *number;
        let new = files
            .iter()
            .filter(|file| !self.catalog.has(number, &file.meta.name))
            .count();
        if let Some(Peer::Secondary { announced, .. }) = self.peers.get_mut(&link) {
            *announced += new;
            if *announced > MAX_FILES_PER_SECONDARY {
                return self.too_many_files(link);
            }
        }
        let mut names = BTreeSet::new();
        for file in files {
            self.hold(number, &file);
            names.insert(file.meta.name);
        }
        self.push_sources_of(|file| names.contains(&file.name));
        self.acknowledge(link, batch);
    }

    fn removed(
        &mut self,
        link: LinkId,
        files: Vec<FileMeta>,
        reason: RemovedReason,
        batch: Option<u64>,
    ) {
        let Some(Peer::Secondary { number, .. }) = self.peers.get(&link) else {
            return self.wrong_role(link, "removed");
        };
        let number = *number;
        for file in &files {
            let had = self.catalog.has(number, &file.name);
            self.forget_copy(number, file, reason);
            self.tell_of_damage(number, file, reason);
            if had
                && !self.catalog.has(number, &file.name)
                && let Some(Peer::Secondary { announced, .. }) = self.peers.get_mut(&link)
            {
                *announced = announced.saturating_sub(1);
            }
        }
        let names: BTreeSet<_> = files.iter().map(|file| &file.name).collect();
        self.push_sources_of(|file| names.contains(&file.name));
        self.acknowledge(link, batch);
    }

    /// Tells secondaries what they are owed.
    pub(super) fn tell_owed(&mut self) {
        for (number, due) in self.owed.due() {
            let Some(link) = self.membership.link(number) else {
                self.owed.forget(number);
                continue;
            };
            let message = match due {
                Due::Withdraw(batch, files) => {
                    let files: Vec<_> = files
                        .into_iter()
                        .filter(|file| self.catalog.is_withdrawn(file))
                        .collect();
                    ForSecondary::Withdraw { batch, files }
                }
                Due::Conflicts(batch, names) => {
                    let names = self.conflicts_that_fit(number, names);
                    ForSecondary::Conflicts { batch, names }
                }
            };
            self.actions.push_back(Action::ToSecondary(link, message));
        }
    }

    fn acknowledged(&mut self, link: LinkId, batch: u64) {
        let Some(Peer::Secondary { number, .. }) = self.peers.get(&link) else {
            return self.wrong_role(link, "ack");
        };
        self.owed.acknowledged(*number, batch);
    }

    /// A copy that is no longer wanted. One that is complete is gone from the list when this is called.
    pub(super) fn end_copy(&mut self, number: SecondaryNumber, copy: TransferId) {
        if self.transfers.remove(&copy).is_some() {
            // Its target says what came of it; if it says nothing, the books are closed without it.
            self.ledger.orphan(self.last_call, copy);
        } else {
            return;
        }
        if let Some(link) = self.membership.link(number) {
            let cancel = ForSecondary::CancelCopy { transfer: copy };
            self.actions.push_back(Action::ToSecondary(link, cancel));
        }
    }

    fn sent(&mut self, now: Instant, link: LinkId, transfers: Vec<SentTransfer>) {
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
            if news.more > 0
                && let Some(running) = self.transfers.get(&transfer.transfer)
            {
                self.admission.worked(now, (running.link, running.request));
            }
            self.ledger.report(now, number, incarnation, transfer, news);
        }
    }

    pub(super) fn reported(&mut self, now: Instant, link: LinkId, report: Report) {
        let Report {
            transfer,
            source,
            fault,
            chunk,
        } = report;
        // Believed from who receives that transfer, of who sends in it.
        let running = self.transfers.get(&transfer);
        let Some(running) = running.filter(|running| running.link == link) else {
            return;
        };
        let Some(Who::Secondary(secondary)) = running.ids.who(source) else {
            return;
        };
        let (asked, resting) = self.holders(&running.file, None);
        let is_assigned = running.ranges.contains_key(&secondary);
        if !is_assigned && !asked.contains(secondary) && !resting.contains(secondary) {
            return;
        }
        let (by, file) = (running.receiver.clone(), running.file.clone());
        self.membership.probe(now, secondary);
        self.tell(Notice::Reported {
            by,
            secondary,
            fault,
        });
        self.check(now, &file, secondary, (fault, chunk));
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
            Receiver::Client(_) | Receiver::Legacy(_) => None,
        }
    }
}
