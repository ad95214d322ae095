//! Accounts: what follows when somebody proves a key, or is a guest again, and what administrators order.

use std::time::Instant;

use serde::{Deserialize, Serialize};

use super::Cluster;
use crate::{
    engine::{
        accounts::{self, AccountRefusal, Granted},
        cluster::{Action, ConnectionId, Notice, books::Origin, places::Named},
        registry::{AccountFact, Entry},
    },
    model::{
        AccountName, Actor, ClientName, Deed, Digest, Door, Proven, Wish,
        messages::{ForClient, User},
    },
};

/// An account as administrators see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountInfo {
    /// Its name.
    pub name: AccountName,
    /// When it was registered, in milliseconds since 1970; of a name that rests, until when it does.
    pub since_ms: u64,
    /// The names of its devices: the first digits of their keys, and when they came.
    pub devices: Vec<(String, u64)>,
    /// Its connections.
    pub connected: u32,
    /// Until when a recovery code is good.
    pub code_until_ms: Option<u64>,
    /// It is no more, and nobody may have its name yet.
    pub rests: bool,
}

impl Cluster {
    /// Accounts are allowed, or not.
    pub fn allow_accounts(&mut self, are_allowed: bool) {
        self.registrar.set_open(are_allowed);
    }

    /// Whose connection it is, if it is an account's.
    pub fn account_at(&self, connection: ConnectionId) -> Option<&AccountName> {
        self.places.account_of(connection)
    }

    /// Somebody has proven a key.
    pub(super) fn of_account(&mut self, connection: ConnectionId, proven: &Proven) {
        let Some(client) = self.places.get(connection) else {
            return self.wrong_role(connection);
        };
        let (address, own) = (client.address(), client.account().cloned());
        let Origin::Host(from) = Origin::of_address(address.ip()) else {
            return;
        };
        self.free_rested();
        let wall_ms = self.wall_ms();
        let accounts = self.registry.accounts();
        let decided = self
            .registrar
            .decide(accounts, wall_ms, from, own.as_ref(), proven);
        let Granted { name, fact } = match decided {
            Ok(granted) => granted,
            Err(refusal) => return self.refuse_account(connection, refusal),
        };
        let (who, key) = (Actor::Account(name.clone()), proven.key);
        let is_new = matches!(fact, Some(AccountFact::Registered { .. }));
        if let Some(fact) = fact {
            let deed = match &fact {
                AccountFact::Registered { .. } => Deed::Registered { key, address },
                AccountFact::DeviceAdded { .. } => Deed::DeviceAdded { key, address },
                AccountFact::Unregistered { .. }
                | AccountFact::DeviceRemoved { .. }
                | AccountFact::Code { .. }
                | AccountFact::Freed { .. } => Deed::Unregistered,
            };
            self.account_fact(Some(connection), fact);
            self.audit(who, deed);
        }
        match proven.wish {
            Wish::Register | Wish::SignIn => self.sign_in(connection, name, is_new),
            Wish::Unregister => {
                self.withdraw_all(&name);
                self.end_account(&name);
            }
        }
    }

    /// Something about an account is a fact, by the wish of whoever is at the other end of a connection.
    fn account_fact(&mut self, by: Option<ConnectionId>, fact: AccountFact) {
        if let AccountFact::Registered { name, guests, .. } = &fact {
            self.books.rename_client(&name.client(), guests);
        }
        let registered = match &fact {
            AccountFact::Registered { name, .. } => Some(name.clone()),
            _ => None,
        };
        self.record(Entry::Account(fact));
        if let Some(name) = registered {
            // Guests that are called so are called otherwise from now on.
            for connection in self.places.guests_alike(&name.likeness()) {
                let hears = Some(connection) != by && !self.places.is_away(connection);
                if let Some(guest) = self.name_guest(connection, &name.client())
                    && hears
                {
                    self.tell_name(connection, guest);
                }
            }
        }
    }

    /// A connection is an account's from now on.
    fn sign_in(&mut self, connection: ConnectionId, name: AccountName, is_new: bool) {
        self.let_in(self.last_call);
        let before = self.places.account_of(connection).cloned();
        if before.as_ref() != Some(&name) {
            self.sign_out(connection);
        }
        let Some(named) = self.places.sign_in(connection, &name) else {
            return self.send_away(connection);
        };
        let address = named.address;
        self.call(connection, named);
        if before.as_ref() != Some(&name) {
            self.audit(Actor::Account(name.clone()), Deed::Connected { address });
        }
        let signed_in = ForClient::SignedIn { name, new: is_new };
        self.actions
            .push_back(Action::ToClient(connection, signed_in));
    }

    /// A connection is no account's any more; it keeps its name until it gets another.
    pub(super) fn sign_out(&mut self, connection: ConnectionId) {
        if let Some(account) = self.places.sign_out(connection) {
            self.device_left(connection);
            self.audit(Actor::Account(account), Deed::Disconnected);
        }
    }

    /// A client is a guest again, of a name with a number.
    pub(super) fn leave_account(&mut self, connection: ConnectionId) {
        let Some(account) = self.places.account_of(connection).cloned() else {
            return self.refuse_account(connection, AccountRefusal::NotConnected);
        };
        self.sign_out(connection);
        self.is_guest(connection, &account);
    }

    /// A connection that was an account's is told what it is called as a guest.
    fn is_guest(&mut self, connection: ConnectionId, account: &AccountName) {
        if let Some(name) = self.name_guest(connection, &account.client()) {
            let signed_out = ForClient::SignedOut { name };
            self.actions
                .push_back(Action::ToClient(connection, signed_out));
        }
    }

    fn name_guest(&mut self, connection: ConnectionId, wanted: &ClientName) -> Option<ClientName> {
        let accounts = self.registry.accounts();
        let named = self
            .places
            .enrol(connection, wanted, |name| accounts.is_reserved(name))?;
        Some(self.call(connection, named))
    }

    /// A client is called otherwise: so are its downloads, and it books them under that name as well.
    pub(super) fn call(&mut self, connection: ConnectionId, named: Named) -> ClientName {
        let name = named.name;
        self.books.know_client(&name);
        if named.before.as_ref() == Some(&name) {
            return name;
        }
        if named.before.is_some() {
            for transfer in self.transfers.rename(connection, &name) {
                self.books.rename(transfer, &name);
            }
        }
        if !self.places.is_away(connection) {
            self.tell(Notice::ClientEnrolled {
                client: name.clone(),
                address: named.address,
            });
        }
        name
    }

    /// A guest wants a name that must not be an account's.
    pub(super) fn enrol_guest(&mut self, connection: ConnectionId, wanted: &ClientName) {
        if self.registry.accounts().is_reserved(wanted) {
            let refusal = AccountRefusal::Registered(wanted.clone());
            return self.refuse_account(connection, refusal);
        }
        self.enrol_client(connection, wanted);
    }

    /// An account is no more: whoever has signed in as it is a guest.
    fn end_account(&mut self, name: &AccountName) {
        for connection in self.places.connections_of_account(name) {
            self.sign_out(connection);
            self.is_guest(connection, name);
        }
    }

    fn free_rested(&mut self) {
        for fact in accounts::rested(self.registry.accounts(), self.wall_ms()) {
            self.record(Entry::Account(fact));
        }
    }

    fn refuse_account(&mut self, connection: ConnectionId, refusal: AccountRefusal) {
        self.actions.push_back(Action::RefuseAccount {
            connection,
            refusal,
        });
    }

    /// Lets one device more into an account that has a code of this hash.
    ///
    /// # Errors
    /// When there is no such account.
    pub fn new_account_code(
        &mut self,
        now: Instant,
        name: &ClientName,
        hash: Digest,
        door: Door,
    ) -> Result<AccountName, AccountRefusal> {
        self.notice_own_stop(now);
        let granted = accounts::new_code(self.registry.accounts(), self.wall_ms(), name, hash)?;
        let deed = |account| Deed::CodeMade { account };
        Ok(self.order(now, granted, door, deed))
    }

    /// An account is no more, by an administrator's order; its name rests.
    ///
    /// # Errors
    /// When there is no such account.
    pub fn remove_account(
        &mut self,
        now: Instant,
        name: &ClientName,
        door: Door,
    ) -> Result<AccountName, AccountRefusal> {
        self.notice_own_stop(now);
        let granted = accounts::remove(self.registry.accounts(), self.wall_ms(), name)?;
        let name = self.order(now, granted, door, |account| Deed::AccountRemoved {
            account,
        });
        self.withdraw_all(&name);
        self.end_account(&name);
        self.after(now);
        Ok(name)
    }

    /// A device is an account's no more: the one whose key begins so. Whoever has signed in with it is a guest.
    ///
    /// # Errors
    /// When there is no such account, or none or several of its keys begin so.
    pub fn remove_device(
        &mut self,
        now: Instant,
        name: &ClientName,
        key: &str,
        door: Door,
    ) -> Result<AccountName, AccountRefusal> {
        self.notice_own_stop(now);
        let (granted, key) = accounts::remove_device(self.registry.accounts(), name, key)?;
        let name = self.order(now, granted, door, |account| Deed::DeviceRemoved {
            account,
            key,
        });
        // All of its connections: which device each of them is on is not kept. The others come again by themselves.
        self.end_account(&name);
        self.after(now);
        Ok(name)
    }

    /// A name that rests is free again.
    ///
    /// # Errors
    /// When it does not rest.
    pub fn free_account_name(
        &mut self,
        now: Instant,
        name: &ClientName,
        door: Door,
    ) -> Result<AccountName, AccountRefusal> {
        self.notice_own_stop(now);
        let granted = accounts::free(self.registry.accounts(), name)?;
        Ok(self.order(now, granted, door, |account| Deed::NameFreed { account }))
    }

    fn order(
        &mut self,
        now: Instant,
        granted: Granted,
        door: Door,
        deed: impl FnOnce(AccountName) -> Deed,
    ) -> AccountName {
        let Granted { name, fact } = granted;
        if let Some(fact) = fact {
            self.account_fact(None, fact);
            self.audit_order(door, deed(name.clone()));
        }
        self.after(now);
        name
    }

    /// The accounts, and the names that rest, for administrators.
    pub fn accounts(&self) -> Vec<AccountInfo> {
        let accounts = self.registry.accounts();
        let known = accounts.iter().map(|account| AccountInfo {
            name: account.name.clone(),
            since_ms: account.since_ms,
            devices: account
                .devices
                .iter()
                .map(|device| (device.key.short(), device.since_ms))
                .collect(),
            connected: self.places.connections_of_account(&account.name).len() as u32,
            code_until_ms: account.code.map(|code| code.until_ms),
            rests: false,
        });
        let resting = accounts.resting().map(|resting| AccountInfo {
            name: resting.name.clone(),
            since_ms: resting.until_ms,
            devices: Vec::new(),
            connected: 0,
            code_until_ms: None,
            rests: true,
        });
        known.chain(resting).collect()
    }

    /// Accounts as everybody sees them, from after a name, as many as `fits` lets in. The flag says whether there are
    /// more.
    pub fn users(
        &self,
        viewer: Option<&AccountName>,
        after: Option<&AccountName>,
        mut fits: impl FnMut(&User) -> bool,
    ) -> (Vec<User>, bool) {
        let mut users = Vec::new();
        let connected: std::collections::BTreeSet<_> =
            self.places.clients().filter_map(|c| c.account()).collect();
        for account in self.registry.accounts().after(after) {
            let user = User {
                name: account.name.clone(),
                connected: connected.contains(&account.name),
                files: self.published_count(&account.name, viewer),
            };
            if !fits(&user) {
                return (users, true);
            }
            users.push(user);
        }
        (users, false)
    }
}
