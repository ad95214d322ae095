//! Under which names a server may be asked. A web page that a browser shows can make that browser ask any server of the
//! network, and read its answers once the page's own name stands for that server's address (DNS rebinding). That needs
//! a name of the attacker's: addresses are safe, and of names only known ones are answered. Pure.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use axum::http::{HeaderMap, Uri, header};

/// The names of a server.
#[derive(Clone, Debug, Default)]
pub struct Hosts {
    names: Vec<String>,
    /// Nothing but this, with the port.
    only: Option<SocketAddr>,
}

/// Why a request is not answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum WrongHost {
    /// It names none, or several: 400.
    NotOne,
    /// It names another one: 421.
    Other,
}

impl Hosts {
    /// The machine's own name, and those that people have given.
    pub fn new(machine: Option<&str>, given: &[String]) -> Self {
        let mut names: Vec<String> = given.iter().filter_map(|name| plain(name)).collect();
        if let Some(machine) = machine.and_then(plain) {
            let short = machine.split('.').next().unwrap_or(&machine).to_owned();
            names.push(format!("{short}.local"));
            names.push(short);
            names.push(machine);
        }
        Self { names, only: None }
    }

    /// An address, and the name of this machine for itself where it is that.
    pub(super) fn only(address: SocketAddr) -> Self {
        Self {
            names: Vec::new(),
            only: Some(address),
        }
    }

    /// The host of a request, with its port, once it is known to be one of this server's.
    ///
    /// # Errors
    /// When it is not.
    pub(super) fn check(&self, uri: &Uri, headers: &HeaderMap) -> Result<String, WrongHost> {
        let mut fields = headers.get_all(header::HOST).iter();
        let field = fields.next();
        if fields.next().is_some() {
            return Err(WrongHost::NotOne);
        }
        let field = field.map(|field| field.to_str().map_err(|_| WrongHost::NotOne));
        // Of an address in the first line, or of HTTP/2.
        let authority = uri.authority().map(|authority| Ok(authority.as_str()));
        let mut said = authority.into_iter().chain(field);
        let first = said.next().ok_or(WrongHost::NotOne)??;
        for host in [Ok(first)].into_iter().chain(said) {
            if !self.has(host?) {
                return Err(WrongHost::Other);
            }
        }
        Ok(first.to_owned())
    }

    fn has(&self, host: &str) -> bool {
        if let Some(only) = self.only {
            let port = only.port();
            let own_name = only.ip().is_loopback() && host == format!("localhost:{port}");
            return own_name || host == only.to_string();
        }
        let Some(name) = without_port(host) else {
            return false;
        };
        if let Some(inner) = name.strip_prefix('[') {
            let inner = inner.strip_suffix(']');
            return inner.is_some_and(|inner| inner.parse::<Ipv6Addr>().is_ok());
        }
        if name.parse::<IpAddr>().is_ok() {
            return true;
        }
        let Some(name) = plain(name) else {
            return false;
        };
        name == "localhost" || name.ends_with(".localhost") || self.names.contains(&name)
    }
}

/// A name as it is compared: lower case, without the root's dot. `None` for what is no name.
fn plain(name: &str) -> Option<String> {
    let name = name.trim();
    let name = name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase();
    let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_');
    (!name.is_empty() && name.chars().all(is_name)).then_some(name)
}

/// A host without its port; the brackets of an address stay.
pub(super) fn without_port(host: &str) -> Option<&str> {
    let end = match host.rfind(']') {
        Some(bracket) => bracket + 1,
        None => host.find(':').unwrap_or(host.len()),
    };
    let (name, port) = host.split_at(end);
    let digits = port.strip_prefix(':').unwrap_or(port);
    (port.is_empty() || port.starts_with(':'))
        .then_some(name)
        .filter(|_| digits.bytes().all(|digit| digit.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_and_own_names_are_answered_and_nothing_else() {
        let hosts = Hosts::new(Some("Sala.uni.example"), &["videos.example".to_owned()]);
        for (host, expected) in [
            ("127.0.0.1", true),
            ("10.0.0.7:50000", true),
            ("[::1]:50000", true),
            ("[fe80::1]", true),
            ("localhost", true),
            ("LOCALHOST:1", true),
            ("x.localhost", true),
            ("sala", true),
            ("sala.local:50000", true),
            ("sala.uni.example.", true),
            ("videos.example", true),
            ("evil.example", false),
            ("127.0.0.1.evil.example", false),
            ("videos.example.evil", false),
            ("xvideos.example", false),
            ("notlocalhost", false),
            ("localhost.evil", false),
            ("sala.evil", false),
            ("user@127.0.0.1", false),
            ("127.0.0.1:x", false),
            ("[::1", false),
            ("[::1]x", false),
            ("[evil.example]", false),
            ("", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::HOST, host.parse().unwrap());
            let checked = hosts.check(&Uri::from_static("/"), &headers);
            assert_eq!(checked.is_ok(), expected, "{host}");
        }
    }

    #[test]
    fn one_host_is_named_wherever_it_is() {
        let hosts = Hosts::default();
        let mut headers = HeaderMap::new();
        let plain = Uri::from_static("/a");
        let whole = Uri::from_static("http://evil.example/a");
        assert_eq!(hosts.check(&plain, &headers), Err(WrongHost::NotOne));
        assert_eq!(hosts.check(&whole, &headers), Err(WrongHost::Other));
        headers.append(header::HOST, "127.0.0.1".parse().unwrap());
        assert_eq!(hosts.check(&plain, &headers).as_deref(), Ok("127.0.0.1"));
        assert_eq!(hosts.check(&whole, &headers), Err(WrongHost::Other));
        headers.append(header::HOST, "127.0.0.1".parse().unwrap());
        assert_eq!(hosts.check(&plain, &headers), Err(WrongHost::NotOne));
    }

    #[test]
    fn a_place_of_its_own_has_one_address_with_its_port() {
        let hosts = Hosts::only(([127, 0, 0, 1], 4321).into());
        for (host, is_it) in [
            ("127.0.0.1:4321", true),
            ("localhost:4321", true),
            ("127.0.0.1", false),
            ("127.0.0.1:4322", false),
            ("127.0.0.2:4321", false),
            ("localhost", false),
            ("evil.example:4321", false),
        ] {
            assert_eq!(hosts.has(host), is_it, "{host}");
        }
        let hosts = Hosts::only(([10, 0, 0, 5], 80).into());
        assert!(hosts.has("10.0.0.5:80") && !hosts.has("localhost:80"));
    }
}
