//! Hosts that were sent away: what they ask for through a face is refused for a while.

use std::{collections::BTreeMap, net::IpAddr, sync::Arc, time::Instant};

use parking_lot::Mutex;

use crate::node::clock;

/// See the module. Copies are the same.
#[derive(Clone, Debug, Default)]
pub struct ExpelledHosts(Arc<Mutex<BTreeMap<IpAddr, Instant>>>);

impl ExpelledHosts {
    /// Refuses a host until then.
    pub(in crate::node) fn expel(&self, host: IpAddr, until: Instant) {
        let (now, mut hosts) = (clock::now(), self.0.lock());
        hosts.retain(|_, until| *until > now);
        hosts.insert(host.to_canonical(), until);
    }

    /// True while a host is refused.
    pub fn has(&self, host: IpAddr) -> bool {
        let hosts = self.0.lock();
        let until = hosts.get(&host.to_canonical());
        until.is_some_and(|until| *until > clock::now())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_host_is_refused_for_a_while() {
        let hosts = ExpelledHosts::default();
        let ana = IpAddr::from([10, 0, 0, 5]);
        assert!(!hosts.has(ana));
        hosts.expel(ana, clock::now() + Duration::from_secs(60));
        assert!(hosts.has("::ffff:10.0.0.5".parse().unwrap()));
        tokio::time::advance(Duration::from_secs(61)).await;
        assert!(!hosts.has(ana));
    }
}
