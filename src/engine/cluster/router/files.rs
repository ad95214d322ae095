//! What follows for copies and receivers when a name gets other content or other holders.

use std::time::Duration;

use super::Cluster;
use crate::{
    engine::cluster::{
        Action,
        catalog::{Change, Effect, Remembered, Standing},
        numbers::NumberSet,
    },
    model::{
        FileMeta, FileName, HeldFile, RemovedReason, SecondaryNumber, TransferId,
        messages::{ForClient, ForSecondary},
    },
};

/// How long after its start the central waits for those whom an earlier run knew.
const COME_BACK_WITHIN: Duration = Duration::from_secs(60);

impl Cluster {
    pub(super) fn holds(&mut self, number: SecondaryNumber, held: &HeldFile) {
        // Nobody but its owner gives a published name a content.
        if held.meta.name.is_reserved() {
            return;
        }
        let change = self.catalog.holds(self.now(), number, held);
        self.follow(change);
    }

    pub(super) fn holds_no_longer(
        &mut self,
        number: SecondaryNumber,
        file: &FileMeta,
        reason: RemovedReason,
    ) {
        let now = self.now();
        let change = self.catalog.holds_no_longer(now, number, file, reason);
        self.follow(change);
    }

    /// Once all secondaries are here and have told what they hold, a name whose content none of them has is given to
    /// what else there is. What an earlier run knew waits for those who have not come back yet.
    pub(super) fn give_up_orphans(&mut self) {
        let present = self.members.present();
        let are_all_here = self.members.count() == usize::from(present.len());
        if !are_all_here || usize::from(present.len()) < self.config.required_secondaries {
            return;
        }
        let remembered = if self.last_call < self.started + COME_BACK_WITHIN {
            Remembered::Awaited
        } else {
            Remembered::GivenUp
        };
        for change in self.catalog.give_up_orphans(self.now(), remembered) {
            self.follow(change);
        }
    }

    /// Tells people of a change, and does what follows from it.
    pub(super) fn follow(&mut self, change: Change) {
        let name = &change.name;
        match change.effect {
            Effect::None => {}
            Effect::Holders => self.review(name),
            Effect::Gone => {
                self.end_copies_of(name);
                self.review(name);
            }
            Effect::Content => {
                self.end_copies_of(name);
                self.review(name);
                self.tell_superseded(name);
            }
        }
        for notice in change.notices {
            self.tell(notice);
        }
    }

    /// The secondaries that should hold the content of a name and do not. One that has something else under the name is
    /// left alone.
    fn lacking(&self, standing: &Standing) -> NumberSet {
        let wanted = (self.policy)(&standing.meta, self.members.present());
        wanted.without(standing.holders).without(standing.busy())
    }

    /// Orders and ends copies of a name by what it stands for now.
    fn review(&mut self, name: &FileName) {
        let standing = self.catalog.get(name);
        let lacking = standing.map_or_else(NumberSet::default, |standing| self.lacking(standing));
        for (number, copy) in self.copies.missing(name, lacking) {
            self.end_copy(number, copy);
        }
    }

    /// Reviews the copies of all names after a change of the secondaries.
    pub(super) fn review_copies(&mut self) {
        let mut over = Vec::new();
        for standing in self.catalog.iter() {
            let lacking = self.lacking(standing);
            over.extend(self.copies.missing(&standing.meta.name, lacking));
        }
        for (number, copy) in over {
            self.end_copy(number, copy);
        }
    }

    fn end_copies_of(&mut self, name: &FileName) {
        for (number, copy) in self.copies.forget(name) {
            self.end_copy(number, copy);
        }
    }

    /// A copy that is no longer wanted. One that is complete is gone from the list when this is called.
    pub(super) fn end_copy(&mut self, number: SecondaryNumber, transfer: TransferId) {
        if self.transfers.end(transfer).is_none() {
            return;
        }
        // The target tells what came of it. If it does not, the books are closed without its word.
        self.books.orphan(self.last_call, transfer);
        if let Some(connection) = self.members.connection(number) {
            let cancel = ForSecondary::CancelCopy { transfer };
            self.actions
                .push_back(Action::ToSecondary(connection, cancel));
        }
    }

    /// Clients that receive an older content of a name hear of the one that it has now.
    fn tell_superseded(&mut self, name: &FileName) {
        let Some(standing) = self.catalog.get(name) else {
            return;
        };
        let file = &standing.meta;
        let older = self.transfers.iter().filter(|(_, running)| {
            running.file.name == *name && running.file.id != file.id && !running.receiver.is_copy()
        });
        let told = older.map(|(transfer, running)| {
            let superseded = ForClient::Superseded {
                transfer,
                file: file.clone(),
            };
            Action::ToClient(running.connection, superseded)
        });
        self.actions.extend(told);
    }
}
