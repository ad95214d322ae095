//! Who was sent away, and until when: names of clients, and hosts that ask by protocols without names.

use std::{collections::BTreeMap, net::IpAddr, time::Instant};

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

    /// Forgets those that are not refused any more, and returns them.
    pub(super) fn let_in(&mut self, now: Instant) -> (Vec<ClientName>, Vec<IpAddr>) {
        let names = self.names.extract_if(.., |_, until| *until <= now);
        let names = names.map(|(name, _)| name).collect();
        let hosts = self.hosts.extract_if(.., |_, until| *until <= now);
        (names, hosts.map(|(host, _)| host).collect())
    }

    /// Names that are refused.
    pub(super) fn refused(&self) -> impl Iterator<Item = &ClientName> {
        self.names.keys()
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
