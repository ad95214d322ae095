//! What an address means on this machine. A link-local address of IPv6 holds on one link only, and its zone, the
//! interface of that link (`fe80::1%eth0`), is a machine's own word for it: it is never sent to others.

use std::{
    net::{IpAddr, Ipv6Addr, SocketAddr, SocketAddrV6},
    os::fd::AsFd,
};

use socket2::{Domain, Socket, Type};

/// A zone that names no interface of this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct NoSuchZone(pub(super) String);

/// The address that is written there, with its zone; `None` for names. Zones of addresses that need none are
/// left out.
pub(super) fn written(host: &str, port: u16) -> Option<Result<SocketAddr, NoSuchZone>> {
    if let Ok(ip) = host.parse::<IpAddr>() {
        return Some(Ok(SocketAddr::new(ip.to_canonical(), port)));
    }
    let (ip, zone) = host.split_once('%')?;
    let ip: Ipv6Addr = ip.parse().ok()?;
    if !is_link_local(IpAddr::V6(ip)) {
        return Some(Ok(SocketAddr::new(ip.to_canonical(), port)));
    }
    let index = index_of(zone).ok_or_else(|| NoSuchZone(zone.to_owned()));
    Some(index.map(|index| SocketAddrV6::new(ip, port, 0, index).into()))
}

/// Where to try an address of this machine's point of view: itself, or, of a link-local one without a zone, one for
/// each interface that has such addresses.
pub(super) fn in_zones(address: SocketAddr) -> Vec<SocketAddr> {
    match address {
        SocketAddr::V6(v6) if is_link_local(address.ip()) && v6.scope_id() == 0 => {
            let zones = zones();
            if zones.is_empty() {
                return vec![address];
            }
            let with = |zone| SocketAddrV6::new(*v6.ip(), v6.port(), 0, zone).into();
            zones.into_iter().map(with).collect()
        }
        SocketAddr::V4(_) | SocketAddr::V6(_) => vec![address],
    }
}

/// Where to try an address that a central has named, which is connected to at `central`. A loopback address that was
/// named from another machine is that machine's own: its node is where the central is. A link-local one is most
/// likely on the link that leads to the central.
pub fn reachable(named: SocketAddr, central: Option<SocketAddr>) -> Vec<SocketAddr> {
    let named = SocketAddr::new(named.ip().to_canonical(), named.port());
    let Some(central) = central else {
        return in_zones(named);
    };
    if named.ip().is_loopback() && !central.ip().to_canonical().is_loopback() {
        let mut there = central;
        there.set_port(named.port());
        return vec![there];
    }
    let mut places = in_zones(named);
    if let (SocketAddr::V6(central), SocketAddr::V6(named)) = (central, named)
        && is_link_local(IpAddr::V6(*named.ip()))
        && central.scope_id() != 0
    {
        let there = SocketAddrV6::new(*named.ip(), named.port(), 0, central.scope_id()).into();
        places.retain(|place| *place != there);
        places.insert(0, there);
    }
    places
}

fn is_link_local(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(_) => false,
        IpAddr::V6(ip) => ip.is_unicast_link_local(),
    }
}

/// The interfaces that have link-local addresses.
fn zones() -> Vec<u32> {
    let interfaces = if_addrs::get_if_addrs().unwrap_or_default();
    let mut zones: Vec<u32> = interfaces
        .into_iter()
        .filter(|interface| is_link_local(interface.ip()))
        .filter_map(|interface| interface.index)
        .collect();
    zones.sort_unstable();
    zones.dedup();
    zones
}

/// An interface by its name or its number; within an URL a zone follows `%25`.
fn index_of(zone: &str) -> Option<u32> {
    let named = |name: &str| {
        let socket = Socket::new(Domain::IPV6, Type::DGRAM, None).ok()?;
        rustix::net::netdevice::name_to_index(socket.as_fd(), name).ok()
    };
    named(zone)
        .or_else(|| zone.parse().ok().filter(|index| *index > 0))
        .or_else(|| named(zone.strip_prefix("25")?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> SocketAddr {
        text.parse().unwrap()
    }

    #[test]
    fn written_addresses_keep_the_zones_that_they_need() {
        assert_eq!(written("10.0.0.1", 7), Some(Ok(at("10.0.0.1:7"))));
        assert_eq!(written("::ffff:10.0.0.1", 7), Some(Ok(at("10.0.0.1:7"))));
        assert_eq!(written("::1%lo", 7), Some(Ok(at("[::1]:7"))));
        assert_eq!(written("fe80::1%3", 7), Some(Ok(at("[fe80::1%3]:7"))));
        let lo = written("fe80::1%lo", 7).unwrap().unwrap();
        assert_eq!(written("fe80::1%25lo", 7), Some(Ok(lo)));
        assert!(matches!(lo, SocketAddr::V6(lo) if lo.scope_id() > 0));
        let none = Err(NoSuchZone("eth99".to_owned()));
        assert_eq!(written("fe80::1%eth99", 7), Some(none));
        assert_eq!(written("localhost", 7), None);
        assert_eq!(written("a%b", 7), None);
    }

    #[test]
    fn named_addresses_are_read_from_where_the_central_is() {
        let (near, far) = (at("127.0.0.1:50000"), at("10.0.0.2:50000"));
        let link = at("[fe80::2%7]:50000");
        for (named, central, expected) in [
            ("10.0.0.3:50001", Some(far), "10.0.0.3:50001"),
            ("[::ffff:10.0.0.3]:50001", None, "10.0.0.3:50001"),
            // The same machine names itself so to a central of its own.
            ("127.0.0.1:50001", Some(near), "127.0.0.1:50001"),
            ("127.0.0.1:50001", Some(far), "10.0.0.2:50001"),
            ("[::1]:50001", Some(link), "[fe80::2%7]:50001"),
            ("127.0.0.1:50001", None, "127.0.0.1:50001"),
        ] {
            assert_eq!(reachable(at(named), central), [at(expected)], "{named}");
        }
        // Each link is tried, the central's first; where there is none, the system has the last word.
        let places = reachable(at("[fe80::9]:50001"), Some(link));
        assert_eq!(places[0], at("[fe80::9%7]:50001"));
    }
}
