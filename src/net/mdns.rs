//! Announcements on the local network (mDNS-SD, RFC 6762 and 6763): one that this node makes, and those of others. They go
//! out on every interface that is up, with or without a default route, and are hints: whoever is found is asked.

use std::{
    io,
    net::{IpAddr, SocketAddr, SocketAddrV6},
    time::Duration,
};

use mdns_sd::{
    IfKind, Receiver, ResolvedService, ScopedIp, ServiceDaemon, ServiceEvent, ServiceInfo,
};
use tokio::time::timeout;

use crate::{
    model::ShortClusterId,
    proto::announcement::{Announced, Heard, SERVICE, Sighting},
};

/// Longest name of a service, in bytes: a label of DNS.
const MAX_INSTANCE_BYTES: usize = 63;
/// Addresses of one central that are tried.
const MOST_ADDRESSES: usize = 8;
/// How long the last words may take.
const LAST_WORDS: Duration = Duration::from_millis(500);

/// What a node says of itself, for as long as this is there.
pub struct Announcement {
    daemon: ServiceDaemon,
    instance: String,
    host: String,
    listens: SocketAddr,
}

/// Hears what others announce, for as long as this is there.
pub struct Browser(Hearing);

enum Hearing {
    Network(ServiceDaemon, Receiver<ServiceEvent>),
    #[cfg(test)]
    Played(tokio::sync::mpsc::Receiver<Heard>),
}

impl std::fmt::Debug for Announcement {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let instance = &self.instance;
        f.debug_struct("Announcement")
            .field("instance", instance)
            .finish()
    }
}

impl std::fmt::Debug for Browser {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Browser")
    }
}

fn other(error: mdns_sd::Error) -> io::Error {
    io::Error::other(error.to_string())
}

impl Announcement {
    /// Announces a service of this machine that listens there; `process` is a number of this process alone.
    ///
    /// # Errors
    /// When the system has no thread or no socket for it.
    pub fn start(
        machine: &str,
        listens: SocketAddr,
        process: ShortClusterId,
        said: &Announced,
    ) -> io::Result<Self> {
        let announcement = Self {
            daemon: ServiceDaemon::new().map_err(other)?,
            instance: instance(machine, listens.port(), process),
            // Of its own, as the machine's name may be announced by another program with other addresses.
            host: format!("trozos-{process}.local."),
            listens,
        };
        announcement.say(said)?;
        Ok(announcement)
    }

    /// Says something else from now on.
    ///
    /// # Errors
    /// When the thread is gone.
    pub fn say(&self, said: &Announced) -> io::Result<()> {
        let ip = self.listens.ip();
        let addresses: Vec<IpAddr> = if ip.is_unspecified() {
            Vec::new()
        } else {
            vec![ip]
        };
        let txt = said.to_txt();
        let info = ServiceInfo::new(
            SERVICE,
            &self.instance,
            &self.host,
            &addresses[..],
            self.listens.port(),
            &txt[..],
        );
        let mut info = info.map_err(other)?;
        if ip.is_unspecified() {
            info = info.enable_addr_auto();
            if ip.is_ipv4() {
                info.set_interfaces(vec![IfKind::IPv4]);
            }
        }
        self.daemon.register(info).map_err(other)
    }

    /// Tells all that it ends.
    pub async fn end(self) {
        if let Ok(over) = self.daemon.shutdown() {
            let _ = timeout(LAST_WORDS, over.recv_async()).await;
        }
    }
}

/// What the service of a machine is called. Two machines may have one name.
fn instance(machine: &str, port: u16, process: ShortClusterId) -> String {
    let port = format!("-{port}-{process}");
    let mut end = machine.len().min(MAX_INSTANCE_BYTES - port.len());
    while !machine.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}{port}", &machine[..end])
}

impl Browser {
    /// Asks who is there, and listens.
    ///
    /// # Errors
    /// When the system has no thread or no socket for it.
    pub fn start() -> io::Result<Self> {
        let daemon = ServiceDaemon::new().map_err(other)?;
        let heard = daemon.browse(SERVICE).map_err(other)?;
        Ok(Self(Hearing::Network(daemon, heard)))
    }

    /// One that hears what a test says.
    #[cfg(test)]
    pub fn played(heard: tokio::sync::mpsc::Receiver<Heard>) -> Self {
        Self(Hearing::Played(heard))
    }

    /// What is heard next; `None` once nothing can be heard any more. Cancel-safe.
    pub async fn next(&mut self) -> Option<Heard> {
        match &mut self.0 {
            Hearing::Network(_, events) => loop {
                match events.recv_async().await.ok()? {
                    ServiceEvent::ServiceResolved(service) => match sighting(&service) {
                        Some(sighting) => return Some(Heard::There(sighting)),
                        None => tracing::debug!(?service, "an announcement of no use"),
                    },
                    ServiceEvent::ServiceRemoved(_, name) => return Some(Heard::Gone(name)),
                    _ => {}
                }
            },
            #[cfg(test)]
            Hearing::Played(heard) => heard.recv().await,
        }
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        match &self.0 {
            Hearing::Network(daemon, _) => {
                // Its thread ends by itself; nobody waits for that.
                let _ = daemon.shutdown();
            }
            #[cfg(test)]
            Hearing::Played(_) => {}
        }
    }
}

/// What a service says, if it is a central's.
fn sighting(service: &ResolvedService) -> Option<Sighting> {
    let value = |key: &str| service.txt_properties.get(key)?.val();
    let said = Announced::of_txt(value).ok()?;
    let mut addresses: Vec<SocketAddr> = service
        .addresses
        .iter()
        .map(|ip| address(ip, service.port))
        .filter(|at| !at.ip().is_unspecified() && !at.ip().is_multicast() && at.port() != 0)
        .collect();
    // Servers listen on IPv4 unless told otherwise; and the order of a set is nobody's.
    addresses.sort_by_key(|at| (at.is_ipv6(), *at));
    addresses.truncate(MOST_ADDRESSES);
    (!addresses.is_empty()).then(|| Sighting {
        instance: service.fullname.clone(),
        addresses,
        said,
    })
}

/// An address as it is reached from here.
fn address(ip: &ScopedIp, port: u16) -> SocketAddr {
    match ip {
        ScopedIp::V6(v6) if v6.addr().is_unicast_link_local() => {
            SocketAddrV6::new(*v6.addr(), port, 0, v6.scope_id().index).into()
        }
        other => SocketAddr::new(other.to_ip_addr().to_canonical(), port),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_has_a_name_that_fits_a_label() {
        let process = ShortClusterId(0xff);
        assert_eq!(instance("sala1", 50_000, process), "sala1-50000-000000ff");
        let long = instance(&"ñ".repeat(60), 50_000, process);
        assert!(long.len() <= MAX_INSTANCE_BYTES, "{long}");
        assert!(long.ends_with("ñ-50000-000000ff"));
    }

    fn resolved(ips: &str, port: u16, txt: &[(&str, &str)]) -> ResolvedService {
        let info = ServiceInfo::new(SERVICE, "x", "h.local.", ips, port, txt);
        info.unwrap().as_resolved_service()
    }

    #[test]
    fn what_others_announce_is_taken_as_hostile() {
        let good = resolved("10.0.0.2,fe80::7,224.0.0.1,0.0.0.0", 7, &[("v", "1")]);
        let seen = sighting(&good).unwrap();
        let at: Vec<_> = seen.addresses.iter().map(ToString::to_string).collect();
        assert_eq!(at, ["10.0.0.2:7", "[fe80::7]:7"]);
        assert_eq!(seen.instance, "x._trozos._tcp.local.");
        for bad in [
            resolved("10.0.0.2", 0, &[("v", "1")]),
            resolved("224.0.0.1", 7, &[("v", "1")]),
            resolved("10.0.0.2", 7, &[]),
            resolved("10.0.0.2", 7, &[("v", "1"), ("cl", "x")]),
        ] {
            assert_eq!(sighting(&bad), None, "{bad:?}");
        }
        let many: Vec<String> = (1..=200).map(|n| format!("10.0.0.{n}")).collect();
        let many = resolved(&many.join(","), 7, &[("v", "1")]);
        assert_eq!(sighting(&many).unwrap().addresses.len(), MOST_ADDRESSES);
    }
}
