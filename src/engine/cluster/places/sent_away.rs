//! Who was sent away, and until when: names of clients, and hosts that ask by protocols without names.

use std::{collections::BTreeMap, net::IpAddr, time::Instant};

use super::Places;
use crate::model::ClientName;

/// See the module.
#[derive(Debug, Default)]
pub(super) struct SentAway {
    names: BTreeMap<ClientName, Instant>,
    hosts: BTreeMap<IpAddr, Instant>,
}

impl SentAway {
    /// Refuses a name from now on.
    pub(super) fn name(&mut self, name: ClientName, until: Instant) {
        self.names.insert(name, until);
    }

    /// Refuses a host from now on.
    pub(super) fn host(&mut self, host: IpAddr, until: Instant) {
        self.hosts.insert(host.to_canonical(), until);
    }

    /// Forgets those that are not refused any more.
    pub(super) fn forget(&mut self, now: Instant) {
        self.names.retain(|_, until| *until > now);
        self.hosts.retain(|_, until| *until > now);
    }

    pub(super) fn has_name(&self, name: &ClientName) -> bool {
        self.names.contains_key(name)
    }

    /// How many names are refused.
    pub(super) fn names(&self) -> usize {
        self.names.len()
    }

    /// Hosts that are refused, and until when.
    pub(super) fn hosts(&self) -> impl Iterator<Item = (IpAddr, Instant)> + '_ {
        self.hosts.iter().map(|(host, until)| (*host, *until))
    }
}

impl Places {
    /// Refuses a name from now on, and the hosts of clients that have it, if those are no servers.
    pub(in crate::engine::cluster) fn expel(
        &mut self,
        name: ClientName,
        until: Instant,
    ) -> Vec<IpAddr> {
        let clients = self.clients.values();
        let named = clients.filter(|c| c.name.as_ref() == Some(&name) && !c.needs_no_slot);
        let hosts: Vec<IpAddr> = named.map(|client| client.address.ip()).collect();
        self.sent_away.name(name, until);
        hosts.iter().for_each(|host| self.expel_host(*host, until));
        hosts
    }

    /// Refuses a host from now on.
    pub(in crate::engine::cluster) fn expel_host(&mut self, host: IpAddr, until: Instant) {
        self.sent_away.host(host, until);
    }

    /// Hosts that are refused, and until when.
    pub(in crate::engine::cluster) fn expelled_hosts(
        &mut self,
        now: Instant,
    ) -> Vec<(IpAddr, Instant)> {
        self.sent_away.forget(now);
        self.sent_away.hosts().collect()
    }
}
