//! Where something is on the network, as people write it: `10.0.0.2`, `central.lan`, `central.lan:50000`, `::1`,
//! `[::1]`, `[fe80::1%eth0]:50000`.

use std::{fmt, net::IpAddr};

use super::{quantity::BadValue, text::t};

/// Longest name of a host, in bytes, with room for a zone.
const MOST_HOST_BYTES: usize = 300;

/// A name or an address, and a port where one was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Without brackets.
    pub host: String,
    /// Never 0.
    pub port: Option<u16>,
}

impl Place {
    /// The address, when it is not a name. Without its zone.
    pub fn ip(&self) -> Option<IpAddr> {
        ip(&self.host)
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.port {
            None => f.write_str(&self.host),
            Some(port) if self.host.contains(':') => write!(f, "[{}]:{port}", self.host),
            Some(port) => write!(f, "{}:{port}", self.host),
        }
    }
}

fn ip(host: &str) -> Option<IpAddr> {
    let (ip, zone) = host.split_once('%').unwrap_or((host, ""));
    ip.parse().ok().filter(|_| !zone.contains(':'))
}

/// Reads a place.
///
/// # Errors
/// What was written and what can be.
pub fn place(text: &str) -> Result<Place, BadValue> {
    let fail = |why: String| BadValue::new(text, why);
    if text.is_empty() {
        return Err(BadValue::empty());
    }
    if text.contains("://") || text.contains('/') {
        return Err(fail(t!("why-not-url")));
    }
    if let Some(rest) = text.strip_prefix('[') {
        let (host, after) = rest
            .split_once(']')
            .ok_or_else(|| fail(t!("why-brackets")))?;
        if !matches!(ip(host), Some(IpAddr::V6(_))) {
            return Err(fail(t!("why-brackets")));
        }
        let port = match after.strip_prefix(':') {
            None if after.is_empty() => None,
            Some(port) => Some(port_of(port).ok_or_else(|| fail(t!("why-port")))?),
            None => return Err(fail(t!("why-brackets"))),
        };
        return Ok(Place {
            host: host.to_owned(),
            port,
        });
    }
    let (host, port) = match text.matches(':').count() {
        0 => (text, None),
        1 => {
            let (host, port) = text.split_once(':').unwrap_or((text, ""));
            (
                host,
                Some(port_of(port).ok_or_else(|| fail(t!("why-port")))?),
            )
        }
        // With a port behind it, it would be another address.
        _ if matches!(ip(text), Some(IpAddr::V6(_))) => (text, None),
        _ => return Err(fail(t!("why-brackets"))),
    };
    let is_odd = |c: char| c.is_whitespace() || c.is_control() || matches!(c, '[' | ']' | '@');
    if host.is_empty() || host.len() > MOST_HOST_BYTES || host.contains(is_odd) {
        return Err(fail(t!("why-host")));
    }
    Ok(Place {
        host: host.to_owned(),
        port,
    })
}

fn port_of(text: &str) -> Option<u16> {
    let is_number = !text.is_empty() && text.bytes().all(|digit| digit.is_ascii_digit());
    let port = is_number.then(|| text.parse().ok()).flatten();
    port.filter(|port| *port > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_read_as_people_write_them() {
        for (text, host, port) in [
            ("10.0.0.2", "10.0.0.2", None),
            ("10.0.0.2:7", "10.0.0.2", Some(7)),
            ("central.lan", "central.lan", None),
            ("central.lan:50000", "central.lan", Some(50_000)),
            ("::1", "::1", None),
            ("[::1]", "::1", None),
            ("[::1]:50000", "::1", Some(50_000)),
            ("fe80::1%eth0", "fe80::1%eth0", None),
            ("[fe80::1%eth0]:9", "fe80::1%eth0", Some(9)),
        ] {
            let read = place(text).unwrap();
            assert_eq!((read.host.as_str(), read.port), (host, port), "{text}");
            assert_eq!(place(&read.to_string()).unwrap(), read);
        }
    }

    #[test]
    fn what_is_no_place_is_named_with_the_remedy() {
        for (text, part) in [
            ("http://h:1", "h:50000"),
            ("h/x", "h:50000"),
            ("[::1", "[::1]:50000"),
            ("[h]:1", "[::1]:50000"),
            ("[::1]x", "[::1]:50000"),
            ("::1:50000", "[::1]:50000"),
            ("fe80::1%eth0:7", "[::1]:50000"),
            ("h:", "65535"),
            ("h:0", "65535"),
            ("h:65536", "65535"),
            ("h:+1", "65535"),
            (":1", "10.0.0.2"),
            ("a b", "10.0.0.2"),
            ("yo@h", "10.0.0.2"),
        ] {
            let error = place(text).unwrap_err().to_string();
            assert!(
                error.contains(text) && error.contains(part),
                "{text}: {error}"
            );
        }
    }
}
