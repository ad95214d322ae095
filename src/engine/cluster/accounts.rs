//! All pages of the books that are not closed. What must be looked at on every event is found without looking at
//! the others: ten thousand transfers that somebody has made up, or left, slow nobody down.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Instant,
};

use super::account::Account;
use crate::model::{Incarnation, SecondaryNumber, TransferId};

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Accounts {
    pages: BTreeMap<TransferId, Account>,
    /// Those that have ended: the next report may complete them.
    ended: BTreeSet<TransferId>,
    /// When each that has a deadline is closed whatever is missing.
    deadlines: BTreeSet<(Instant, TransferId)>,
}

impl Accounts {
    pub(super) fn len(&self) -> usize {
        self.pages.len()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Account> {
        self.pages.values()
    }

    pub(super) fn get(&self, transfer: TransferId) -> Option<&Account> {
        self.pages.get(&transfer)
    }

    /// Adds a page; there is none of its transfer.
    pub(super) fn insert(&mut self, account: Account) {
        let transfer = account.open.transfer;
        let (deadline, has_ended) = (account.deadline(), account.ended.is_some());
        self.pages.insert(transfer, account);
        self.index(transfer, None, deadline, has_ended);
    }

    /// Changes a page, if there is one.
    pub(super) fn change(
        &mut self,
        transfer: TransferId,
        change: impl FnOnce(&mut Account),
    ) -> Option<()> {
        let account = self.pages.get_mut(&transfer)?;
        let before = account.deadline();
        change(account);
        let (deadline, has_ended) = (account.deadline(), account.ended.is_some());
        self.index(transfer, before, deadline, has_ended);
        Some(())
    }

    /// Time passed in which nobody was heard: those that have ended wait anew for their last reports.
    pub(super) fn renew(&mut self, now: Instant) {
        let ended: Vec<_> = self.ended.iter().copied().collect();
        for transfer in ended {
            self.change(transfer, |account| {
                if let Some(ended) = &mut account.ended {
                    ended.waits_since = now;
                }
            });
        }
    }

    /// A page is as it is from now on; its deadline was another, or it had none.
    fn index(
        &mut self,
        transfer: TransferId,
        before: Option<Instant>,
        deadline: Option<Instant>,
        has_ended: bool,
    ) {
        if has_ended {
            self.ended.insert(transfer);
        }
        if deadline != before {
            if let Some(at) = before {
                self.deadlines.remove(&(at, transfer));
            }
            self.deadlines.extend(deadline.map(|at| (at, transfer)));
        }
    }

    /// A secondary's lease ended.
    pub(super) fn fell(&mut self, number: SecondaryNumber) {
        for account in self.pages.values_mut() {
            account.fell.insert(number);
        }
    }

    /// Takes out all that can be closed.
    pub(super) fn take_due(
        &mut self,
        now: Instant,
        alive: &impl Fn(SecondaryNumber) -> Option<Incarnation>,
    ) -> Vec<Account> {
        let overdue = self.deadlines.iter().take_while(|(at, _)| *at <= now);
        let overdue = overdue.map(|(_, transfer)| *transfer);
        let candidates: BTreeSet<_> = overdue.chain(self.ended.iter().copied()).collect();
        let is_due = |transfer: &TransferId| {
            let account = self.pages.get(transfer);
            account.is_some_and(|account| account.is_due(now, alive))
        };
        let due: Vec<_> = candidates.into_iter().filter(is_due).collect();
        due.into_iter()
            .filter_map(|transfer| self.remove(transfer))
            .collect()
    }

    pub(super) fn next_deadline(&self) -> Option<Instant> {
        self.deadlines.first().map(|(at, _)| *at)
    }

    fn remove(&mut self, transfer: TransferId) -> Option<Account> {
        let account = self.pages.remove(&transfer)?;
        self.ended.remove(&transfer);
        if let Some(at) = account.deadline() {
            self.deadlines.remove(&(at, transfer));
        }
        Some(account)
    }
}
