//! All pages of the books that are not closed. What must be looked at on every event is found without looking at
//! the others, and each has an origin: pages that somebody makes up, or leaves, cost that origin its own ones.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
    time::Instant,
};

use super::account::Account;
use crate::model::{
    Incarnation, SecondaryNumber, TransferId,
    limits::{MAX_TRANSFERS, MAX_TRANSFERS_OF_A_HOST},
};

/// Whom a page comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Origin {
    /// A client on this host; a /64 of IPv6 counts as one.
    Host(IpAddr),
    /// A secondary: its copies, and what it reports that nobody here knows.
    Secondary(SecondaryNumber),
    /// A run of the central that saved it.
    Saved,
}

impl Origin {
    pub(super) fn of_address(address: IpAddr) -> Self {
        Self::Host(match address.to_canonical() {
            IpAddr::V4(address) => IpAddr::V4(address),
            IpAddr::V6(address) => {
                let prefix = address.to_bits() >> 64 << 64;
                IpAddr::V6(prefix.into())
            }
        })
    }

    /// Pages that may wait for a word or a report at once.
    fn most(self) -> usize {
        match self {
            Self::Host(_) => MAX_TRANSFERS_OF_A_HOST,
            Self::Secondary(_) => MAX_TRANSFERS,
            Self::Saved => usize::MAX,
        }
    }
}

/// Pages that may wait for a word or a report at once, whomever they come from.
const MOST_WAITING: usize = 3 * MAX_TRANSFERS;

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Accounts {
    pages: BTreeMap<TransferId, Account>,
    /// How many pages each origin has.
    counts: BTreeMap<Origin, usize>,
    /// Those that have ended: they wait for reports.
    ended: BTreeSet<TransferId>,
    /// Of these, what has changed since it was last looked at: it may be complete.
    changed: BTreeSet<TransferId>,
    /// When each that has a deadline is closed whatever is missing.
    deadlines: BTreeSet<(Instant, TransferId)>,
    /// The same by origin.
    waiting: BTreeMap<Origin, BTreeSet<(Instant, TransferId)>>,
    /// Those that are closed now whatever is missing, as their origin has too many.
    surplus: BTreeSet<TransferId>,
}

impl Accounts {
    pub(super) fn iter(&self) -> impl Iterator<Item = &Account> {
        self.pages.values()
    }

    pub(super) fn get(&self, transfer: TransferId) -> Option<&Account> {
        self.pages.get(&transfer)
    }

    /// Pages of an origin.
    pub(super) fn count(&self, origin: Origin) -> usize {
        self.counts.get(&origin).copied().unwrap_or(0)
    }

    /// Adds a page; there is none of its transfer.
    pub(super) fn insert(&mut self, account: Account) {
        let transfer = account.open.transfer;
        *self.counts.entry(account.origin).or_default() += 1;
        let (origin, deadline) = (account.origin, account.deadline());
        let has_ended = account.ended.is_some();
        self.pages.insert(transfer, account);
        self.index(transfer, origin, (None, deadline), has_ended);
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
        let (origin, deadline) = (account.origin, account.deadline());
        let has_ended = account.ended.is_some();
        self.index(transfer, origin, (before, deadline), has_ended);
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
        origin: Origin,
        (before, deadline): (Option<Instant>, Option<Instant>),
        has_ended: bool,
    ) {
        if has_ended {
            self.ended.insert(transfer);
            self.changed.insert(transfer);
        }
        if deadline == before {
            return;
        }
        let waiting = self.waiting.entry(origin).or_default();
        if let Some(at) = before {
            self.deadlines.remove(&(at, transfer));
            waiting.remove(&(at, transfer));
        }
        if let Some(at) = deadline {
            self.deadlines.insert((at, transfer));
            waiting.insert((at, transfer));
            if waiting.len() > origin.most()
                && let Some(first) = waiting.pop_first()
            {
                self.deadlines.remove(&first);
                self.surplus.insert(first.1);
            }
            if self.deadlines.len() > MOST_WAITING
                && let Some((_, first)) = self.deadlines.pop_first()
            {
                self.surplus.insert(first);
            }
        }
    }

    /// A secondary's lease ended.
    pub(super) fn fell(&mut self, number: SecondaryNumber) {
        for account in self.pages.values_mut() {
            account.fell.insert(number);
        }
        // Nothing of it is waited for any more.
        self.changed.clone_from(&self.ended);
    }

    /// Takes out all that can be closed.
    pub(super) fn take_due(
        &mut self,
        now: Instant,
        alive: &impl Fn(SecondaryNumber) -> Option<Incarnation>,
    ) -> Vec<Account> {
        let overdue = self.deadlines.iter().take_while(|(at, _)| *at <= now);
        let mut due: BTreeSet<_> = overdue.map(|(_, transfer)| *transfer).collect();
        due.append(&mut self.surplus);
        for transfer in std::mem::take(&mut self.changed) {
            let account = self.pages.get(&transfer);
            if account.is_some_and(|account| account.is_due(now, alive)) {
                due.insert(transfer);
            }
        }
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
        self.changed.remove(&transfer);
        if let Some(at) = account.deadline() {
            self.deadlines.remove(&(at, transfer));
            if let Some(waiting) = self.waiting.get_mut(&account.origin) {
                waiting.remove(&(at, transfer));
            }
        }
        if let Some(count) = self.counts.get_mut(&account.origin) {
            *count -= 1;
            if *count == 0 {
                self.counts.remove(&account.origin);
                self.waiting.remove(&account.origin);
            }
        }
        Some(account)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{ClientName, FileName, Receiver, Term};

    fn page(n: u64, origin: Origin, since: Instant) -> Account {
        let receiver = Receiver::Client(ClientName::try_from("ana").unwrap());
        let file = FileName::try_from("a").unwrap();
        let mut account = Account::new(
            TransferId::new(Term(1), n),
            receiver,
            file,
            Some(since),
            origin,
        );
        account.orphan_since = Some(since);
        account
    }

    #[test]
    fn pages_that_are_left_cost_their_own_origin_the_oldest() {
        let now = Instant::now();
        let mut accounts = Accounts::default();
        let host = |n: u16| {
            Origin::of_address(std::net::Ipv6Addr::from_segments([n, 0, 0, 0, 0, 0, 0, 1]).into())
        };
        assert_eq!(host(7), Origin::of_address("7::99".parse().unwrap()));
        accounts.insert(page(1, host(8), now));
        let most = MAX_TRANSFERS_OF_A_HOST as u64;
        for n in 0..=most {
            let since = now + std::time::Duration::from_millis(n);
            accounts.insert(page(1000 + n, host(7), since));
            let due = accounts.take_due(now, &|_| None);
            assert_eq!(due.len(), usize::from(n == most));
            assert!(
                due.iter()
                    .all(|page| page.open.transfer == TransferId::new(Term(1), 1000))
            );
        }
        assert_eq!(accounts.count(host(7)), MAX_TRANSFERS_OF_A_HOST);
        assert_eq!(accounts.count(host(8)), 1);
    }
}
