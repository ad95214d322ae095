//! Names and hosts that a person sends away.

use std::{net::IpAddr, time::Instant};

use super::Places;
use crate::model::ClientName;

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

    /// Names and hosts that are refused no longer.
    pub(in crate::engine::cluster) fn let_in(
        &mut self,
        now: Instant,
    ) -> (Vec<ClientName>, Vec<IpAddr>) {
        self.sent_away.let_in(now)
    }

    /// Refuses a host from now on.
    pub(in crate::engine::cluster) fn expel_host(&mut self, host: IpAddr, until: Instant) {
        self.sent_away.host(host, until);
    }

    /// Hosts that are refused, and until when.
    pub(in crate::engine::cluster) fn expelled_hosts(&self) -> Vec<(IpAddr, Instant)> {
        self.sent_away.hosts().collect()
    }
}
