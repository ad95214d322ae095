//! Which connections are of which account. Clients of an account are all called as it is, on all of its devices: what they
//! receive is the account's.

use super::{Client, Places, naming::Named};
use crate::{
    engine::cluster::ConnectionId,
    model::{AccountName, ClientName, Likeness},
};

impl Client {
    /// Whose it is, if it is an account's.
    pub(in crate::engine::cluster) fn account(&self) -> Option<&AccountName> {
        self.account.as_ref()
    }
}

impl Places {
    /// Whose connection it is, if it is an account's.
    pub(in crate::engine::cluster) fn account_of(
        &self,
        connection: ConnectionId,
    ) -> Option<&AccountName> {
        self.get(connection)?.account()
    }

    /// The connections of an account.
    pub(in crate::engine::cluster) fn connections_of_account(
        &self,
        account: &AccountName,
    ) -> Vec<ConnectionId> {
        let is_its = |client: &Client| client.account.as_ref() == Some(account);
        let clients = self.clients.iter().filter(|(_, client)| is_its(client));
        clients.map(|(connection, _)| *connection).collect()
    }

    /// A connection is an account's from now on. `None` if its name is refused.
    pub(in crate::engine::cluster) fn sign_in(
        &mut self,
        connection: ConnectionId,
        account: &AccountName,
    ) -> Option<Named> {
        let name = account.client();
        if self.sent_away.has_name(&name) {
            return None;
        }
        self.clients.get_mut(&connection)?.account = Some(account.clone());
        self.call(connection, &name, name.clone())
    }

    /// A connection is a guest's from now on. Gives the account that it was of; it keeps its name until it gets another.
    pub(in crate::engine::cluster) fn sign_out(
        &mut self,
        connection: ConnectionId,
    ) -> Option<AccountName> {
        self.clients.get_mut(&connection)?.account.take()
    }

    /// Connections of guests whose names look like this, also of those that are not back yet.
    pub(in crate::engine::cluster) fn guests_alike(&self, look: &Likeness) -> Vec<ConnectionId> {
        let is_alike = |client: &Client| {
            let name = client.name.as_ref().filter(|_| client.account.is_none());
            name.is_some_and(|name| Likeness::of(name.as_str()) == *look)
        };
        let clients = self.clients.iter().filter(|(_, client)| is_alike(client));
        clients.map(|(connection, _)| *connection).collect()
    }

    /// A client is called so from now on.
    pub(super) fn call(
        &mut self,
        connection: ConnectionId,
        wanted: &ClientName,
        name: ClientName,
    ) -> Option<Named> {
        let client = self.clients.get_mut(&connection)?;
        client.wanted = Some(wanted.clone());
        let named = Named {
            name: name.clone(),
            address: client.address,
            before: client.name.replace(name),
        };
        let is_new = named.before.as_ref() != Some(&named.name);
        if let Some(session) = client.session.filter(|_| is_new && named.before.is_some()) {
            self.renamed.insert(session, named.name.clone());
        }
        Some(named)
    }
}
