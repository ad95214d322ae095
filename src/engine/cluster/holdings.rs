//! What follows when a secondary holds a file, or holds it no longer: for the catalogue, for copies, and for who is
//! receiving it.

use std::{collections::BTreeSet, time::Duration};

use super::{
    Action, Cluster, LinkId, Notice,
    catalog::{Announced, Removed},
    machine::Peer,
};
use crate::model::{
    FileMeta, FileName, HeldFile, RemovedReason, SecondaryNumber, messages::ForClient,
};

/// How long after its start the central waits for those whom an earlier run knew.
const COME_BACK_WITHIN: Duration = Duration::from_secs(60);

impl Cluster {
    pub(super) fn replace_holdings(
        &mut self,
        link: LinkId,
        number: SecondaryNumber,
        files: Vec<HeldFile>,
    ) {
        let held: BTreeSet<FileName> = files.iter().map(|file| file.meta.name.clone()).collect();
        if let Some(Peer::Secondary { announced, .. }) = self.peers.get_mut(&link) {
            *announced = held.len();
        }
        // What it edited is compared with what it is known to hold, which is why that goes last.
        for file in &files {
            self.hold(number, file);
        }
        for file in self.catalog.held_by(number) {
            if !held.contains(&file.name) {
                self.forget_copy(number, &file, RemovedReason::Lost);
            }
        }
        self.find_missing(number);
    }

    pub(super) fn find_missing(&mut self, number: SecondaryNumber) {
        let missing: Vec<_> = self
            .catalog
            .iter()
            .filter(|entry| !entry.holders.contains(number) && !entry.is_busy(number))
            .map(|entry| entry.meta.name.clone())
            .collect();
        missing
            .iter()
            .for_each(|name| self.placement.missing(number, name));
    }

    pub(super) fn hold(&mut self, number: SecondaryNumber, held: &HeldFile) {
        let file = &held.meta;
        let at = self.wall_s();
        let parties = self.parties_of(&file.name);
        match self.catalog.announce(number, held, at) {
            Announced::New => {
                self.offer(file);
                let mut forms = self.catalog.twins().forms(&file.name);
                if let Some(other) = forms.find(|form| *form != file.name) {
                    let file = file.name.clone();
                    self.tell(Notice::SameText { file, other });
                }
            }
            Announced::Holder | Announced::Known => {}
            Announced::Replaced => {
                self.tell(Notice::Replaced {
                    file: file.name.clone(),
                    number,
                    bytes: file.layout.file_bytes(),
                });
                self.content_changed(&file.name);
            }
            Announced::TookOver => {
                self.tell(Notice::Conflict {
                    file: file.name.clone(),
                    number,
                });
                self.content_changed(&file.name);
            }
            Announced::Promoted(promoted) => {
                self.content_changed(&file.name);
                self.tell(Notice::Offered {
                    file: promoted.name.clone(),
                    bytes: promoted.layout.file_bytes(),
                });
            }
            Announced::Outdated => self.placement.missing(number, &file.name),
            Announced::Conflict => self.tell(Notice::Conflict {
                file: file.name.clone(),
                number,
            }),
            Announced::Deleted => return self.owed.withdraw(number, file),
        }
        self.owed.keep(number, &file.name);
        self.tell_of_conflict(&file.name, parties);
        self.placement.can_be_sent_again(&file.name);
        let entry = self.catalog.get(&file.name);
        let lacks = entry.is_some_and(|e| !e.holders.contains(number) && !e.is_busy(number));
        // Held, or in conflict: either way it is not to be copied there.
        if !lacks && let Some(copy) = self.placement.settled(number, &file.name) {
            self.end_copy(number, copy);
        }
    }

    fn offer(&mut self, file: &FileMeta) {
        let notice = Notice::Offered {
            file: file.name.clone(),
            bytes: file.layout.file_bytes(),
        };
        self.tell(notice);
        self.lacking_everywhere(&file.name);
    }

    fn lacking_everywhere(&mut self, name: &FileName) {
        let Some(entry) = self.catalog.get(name) else {
            return;
        };
        let holders = entry.holders;
        self.placement.missing_everywhere_but(name, |number| {
            holders.contains(number) || entry.is_busy(number)
        });
    }

    /// A name has other content than before: copies of the old one end, all get the new one, and who is receiving the
    /// old one hears of it.
    pub(super) fn content_changed(&mut self, name: &FileName) {
        self.end_copies_of(name);
        self.lacking_everywhere(name);
        let Some(entry) = self.catalog.get(name) else {
            return;
        };
        let file = entry.meta.clone();
        let receiving = self.transfers.iter().filter(|(_, transfer)| {
            transfer.file.name == *name
                && transfer.file.id != file.id
                && !transfer.receiver.is_copy()
        });
        let told = receiving.map(|(transfer, running)| {
            let superseded = ForClient::Superseded {
                transfer: *transfer,
                file: file.clone(),
            };
            Action::ToClient(running.link, superseded)
        });
        self.actions.extend(told.collect::<Vec<_>>());
    }

    pub(super) fn forget_copy(
        &mut self,
        number: SecondaryNumber,
        file: &FileMeta,
        reason: RemovedReason,
    ) {
        let at = self.wall_s();
        let name = &file.name;
        let parties = self.parties_of(name);
        match self.catalog.remove(number, file, reason, at) {
            Removed::Unknown => {}
            Removed::Changing => {
                if let Some(copy) = self.placement.settled(number, name) {
                    self.end_copy(number, copy);
                }
            }
            Removed::HolderGone | Removed::OtherGone => self.placement.missing(number, name),
            Removed::EntryGone { promoted: None } => self.entry_gone(name, None),
            Removed::EntryGone {
                promoted: Some(meta),
            } => {
                self.content_changed(name);
                self.offer(&meta);
            }
            Removed::Deleted { aside, promoted } => {
                self.entry_gone(name, Some(number));
                for (holder, meta) in aside {
                    self.owed.withdraw(holder, &meta);
                }
                if let Some(meta) = promoted {
                    self.offer(&meta);
                }
            }
        }
        self.tell_of_conflict(name, parties);
    }

    /// Once all secondaries are here and have told what they hold, a name whose content none of them has is given to
    /// what else there is. What an earlier run knew waits for those who have not come back yet.
    pub(super) fn give_up_orphans(&mut self) {
        let waits = self.last_call < self.started + COME_BACK_WITHIN;
        let present = self.membership.inventoried_count();
        let all_are_here = present == self.membership.iter().count();
        if !all_are_here || present < self.config.required_secondaries {
            return;
        }
        let at = self.wall_s();
        let is_due = |name: &&FileName| !waits || !self.catalog.is_remembered(name);
        let due: Vec<_> = self
            .catalog
            .orphans()
            .iter()
            .filter(is_due)
            .cloned()
            .collect();
        for name in due {
            match self.catalog.give_up(&name, at) {
                Some(meta) => {
                    self.content_changed(&name);
                    self.offer(&meta);
                }
                None if self.catalog.get(&name).is_none() => self.end_copies_of(&name),
                None => {}
            }
        }
    }

    pub(super) fn end_copies_of(&mut self, name: &FileName) {
        for (number, copy) in self.placement.forget(name) {
            self.end_copy(number, copy);
        }
    }

    pub(super) fn entry_gone(&mut self, name: &FileName, deleted_at: Option<SecondaryNumber>) {
        self.end_copies_of(name);
        self.tell(Notice::NoLongerOffered {
            file: name.clone(),
            deleted_at,
        });
    }
}
