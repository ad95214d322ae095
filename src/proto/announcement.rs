//! What a central announces of itself on its network (DNS-SD, RFC 6763): the TXT record of a service. Anybody can announce
//! anything; it is a hint of where to ask, and `hello` decides.

use std::net::SocketAddr;

use super::wire::CentralState;
use crate::model::{GroupName, ShortClusterId, Term};

/// The kind of service, with its domain.
pub const SERVICE: &str = "_trozos._tcp.local.";
/// Version of the TXT record.
const VERSION: &str = "1";

/// A TXT record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Announced {
    /// Its cluster.
    pub cluster: Option<ShortClusterId>,
    /// What people call that.
    pub group: Option<GroupName>,
    /// How it stands; `None` for one that is not the active one.
    pub state: Option<CentralState>,
    /// Its term.
    pub term: Term,
}

/// A central that was heard of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sighting {
    /// What the service is called.
    pub instance: String,
    /// Where it listens.
    pub addresses: Vec<SocketAddr>,
    /// What it says.
    pub said: Announced,
}

/// What was heard on the network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard {
    /// A central is there, or says something new.
    There(Sighting),
    /// The service of that name has ended, or is not heard of any more.
    Gone(String),
}

/// A record that says nothing of use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("TXT record: {0} is missing or wrong")]
pub struct BadAnnouncement(&'static str);

impl Announced {
    /// Keys and values, as they are sent.
    pub fn to_txt(&self) -> Vec<(&'static str, String)> {
        let state = match self.state {
            Some(CentralState::Active | CentralState::Unknown) => "active",
            Some(CentralState::Limited) => "limited",
            None => "standby",
        };
        let mut txt = vec![
            ("v", VERSION.to_owned()),
            ("st", state.to_owned()),
            ("t", self.term.to_string()),
        ];
        if let Some(cluster) = self.cluster {
            txt.push(("cl", cluster.to_string()));
        }
        if let Some(group) = &self.group {
            txt.push(("grupo", group.to_string()));
        }
        txt
    }

    /// Reads a record, of which `value` gives the values by their keys. Other keys are of newer versions.
    ///
    /// # Errors
    /// When it is of another version, or a value breaks its rule.
    pub fn of_txt<'a>(value: impl Fn(&str) -> Option<&'a [u8]>) -> Result<Self, BadAnnouncement> {
        let text = |key: &'static str| match value(key).map(std::str::from_utf8) {
            None => Ok(None),
            Some(Ok(text)) => Ok(Some(text)),
            Some(Err(_)) => Err(BadAnnouncement(key)),
        };
        if text("v")? != Some(VERSION) {
            return Err(BadAnnouncement("v"));
        }
        let cluster = text("cl")?.map(ShortClusterId::try_from).transpose();
        let group = text("grupo")?.filter(|group| !group.is_empty());
        let group = group.map(GroupName::try_from).transpose();
        let term = text("t")?.map_or(Ok(0), str::parse);
        Ok(Self {
            cluster: cluster.map_err(|_| BadAnnouncement("cl"))?,
            group: group.map_err(|_| BadAnnouncement("grupo"))?,
            state: match text("st")? {
                Some("active") | None => Some(CentralState::Active),
                Some("limited") => Some(CentralState::Limited),
                Some("standby") => None,
                Some(_) => Some(CentralState::Unknown),
            },
            term: Term(term.map_err(|_| BadAnnouncement("t"))?),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(txt: &[(&str, &[u8])]) -> Result<Announced, BadAnnouncement> {
        let value = |key: &str| {
            let found = txt.iter().find(|(known, _)| *known == key);
            found.map(|(_, value)| *value)
        };
        Announced::of_txt(value)
    }

    #[test]
    fn what_is_announced_is_read_as_it_was_meant() {
        for state in [
            None,
            Some(CentralState::Active),
            Some(CentralState::Limited),
        ] {
            let said = Announced {
                cluster: Some(ShortClusterId(0xff)),
                group: Some(GroupName::try_from("aula 3").unwrap()),
                state,
                term: Term(7),
            };
            let txt = said.to_txt();
            let txt: Vec<_> = txt
                .iter()
                .map(|(key, value)| (*key, value.as_bytes()))
                .collect();
            assert_eq!(read(&txt), Ok(said));
        }
        let least = read(&[("v", b"1"), ("later", b"\xff")]).unwrap();
        assert_eq!(
            (least.cluster, least.group, least.term),
            (None, None, Term(0))
        );
        assert_eq!(least.state, Some(CentralState::Active));
    }

    #[test]
    fn what_breaks_a_rule_is_no_announcement() {
        let long = [b'a'; 49];
        for (key, value) in [
            ("v", &b"2"[..]),
            ("v", b"\xff"),
            ("cl", b"123"),
            ("cl", b"0000000G"),
            ("cl", b"000000FF"),
            ("grupo", b"a\x1b[31m"),
            ("grupo", b" a"),
            ("grupo", &long),
            ("grupo", b"\xc3"),
            ("t", b"-1"),
            ("t", b"4294967296"),
        ] {
            let txt = [(key, value), ("v", &b"1"[..])];
            assert_eq!(read(&txt), Err(BadAnnouncement(key)), "{value:?}");
        }
        assert_eq!(read(&[]), Err(BadAnnouncement("v")));
    }
}
