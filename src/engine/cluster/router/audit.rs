//! The audit trail: what is noted of what happens, and of whom.

use super::Cluster;
use crate::{
    engine::{
        accounts,
        cluster::ConnectionId,
        registry::{Accounts, ClosedTransfer, Entry},
    },
    model::{AccountName, Actor, Audited, ClientName, Deed, Door, Receiver, SentTransfer},
};

impl Cluster {
    /// A line of the audit trail.
    pub(super) fn audit(&mut self, who: Actor, deed: Deed) {
        let at_ms = self.wall_ms();
        self.record(Entry::Audit(Audited {
            n: 0,
            at_ms,
            who,
            deed,
        }));
    }

    /// The same of what an administrator orders.
    pub(super) fn audit_order(&mut self, door: Door, deed: Deed) {
        self.audit(Actor::Administrator(door), deed);
    }

    /// An administrator has ordered something.
    pub fn note_order(&mut self, door: Door, deed: Deed) {
        self.audit_order(door, deed);
        self.note();
    }

    /// Who is at the other end of a client's connection.
    pub(super) fn actor_at(&self, connection: ConnectionId) -> Option<Actor> {
        let client = self.places.get(connection)?;
        match client.account() {
            Some(account) => Some(Actor::Account(account.clone())),
            None => Some(Actor::Guest(client.name()?.clone())),
        }
    }

    /// The books of a transfer are closed for the first time.
    pub(super) fn audit_closed(&mut self, closed: &ClosedTransfer) {
        let open = &closed.open;
        if open.receiver.is_copy() {
            return;
        }
        let accounts = self.registry.accounts();
        let who = Actor::of_receiver(&open.receiver, |name| account_of(accounts, name));
        let reported = open.sent.iter().map(|reported| reported.bytes);
        let deed = Deed::Finished {
            file: open.file.clone(),
            transfer: open.transfer,
            outcome: closed.finished.as_ref().map(|finished| finished.outcome),
            bytes: reported.fold(0, u64::saturating_add),
        };
        self.audit(who, deed);
    }

    /// A secondary reports what it sent. Who receives, and is not known here by a grant, has only said how it is called:
    /// it does not speak for an account. What nobody but the secondary tells of is noted once it is over.
    pub(super) fn audit_sent(&mut self, sent: &mut SentTransfer) {
        let is_known = self.books.file_of(sent.transfer).is_some();
        if let Receiver::Client(name) | Receiver::Legacy(name) = &mut sent.receiver
            && !is_known
            && self.registry.accounts().is_reserved(name)
        {
            *name = accounts::guest_name(self.registry.accounts(), None, name);
        }
        let is_told_by_it_alone = matches!(sent.receiver, Receiver::Legacy(_) | Receiver::Http(_));
        if is_told_by_it_alone && sent.last && !self.books.are_closed(sent.transfer) {
            let who = Actor::of_receiver(&sent.receiver, |_| None);
            let deed = Deed::Finished {
                file: sent.file.clone(),
                transfer: sent.transfer,
                outcome: None,
                bytes: sent.bytes,
            };
            self.audit(who, deed);
        }
    }
}

/// Whose a client's name is.
fn account_of(accounts: &Accounts, name: &ClientName) -> Option<AccountName> {
    Some(accounts.of_client(name)?.name.clone())
}
