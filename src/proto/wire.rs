//! The parts that both planes share.

use std::net::{IpAddr, SocketAddr};

use serde::{Deserialize, Serialize};

use super::nonce::Nonce;
use crate::model::{
    ClientName, ClusterId, Incarnation, PeerNumber, SecondaryNumber, Session, Term,
    limits::{MAX_CENTRALS, PROTOCOL, SWARM},
};

/// A message whose parts are valid one by one but do not belong together.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WireError {
    /// The peer's protocol number.
    #[error("protocol {theirs}: this program speaks {PROTOCOL}")]
    WrongProtocol {
        /// What the peer announced.
        theirs: u32,
    },
    /// A field that this role must send is missing.
    #[error("hello from a {role} without {field}")]
    Missing {
        /// Role of the peer.
        role: &'static str,
        /// The field.
        field: &'static str,
    },
}

/// The first line each way on every connection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hello {
    /// Version of the protocol; see [`PROTOCOL`].
    pub protocol: u32,
    /// `central`, `secondary`, `client` or `peer`.
    pub role: String,
    /// A client's name, once it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<ClientName>,
    /// A central's reign.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub term: Option<Term>,
    /// A central's cluster.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cluster: Option<ClusterId>,
    /// How a central stands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<CentralState>,
    /// Where the cluster's centrals are.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub centrals: Vec<(IpAddr, u16)>,
    /// The run of this client's process.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<Session>,
    /// A secondary's number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<SecondaryNumber>,
    /// Address at which others reach this secondary; the connection's own when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ip: Option<IpAddr>,
    /// Port at which others reach this secondary.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
    /// The run of this secondary's process.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub incarnation: Option<Incarnation>,
    /// Of one who connects and knows the cluster's secret; of a central, what accounts sign on this connection.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nonce: Option<Nonce>,
    /// A peer's number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub peer: Option<PeerNumber>,
    /// The version of what this program knows of swarms; nothing, if it knows none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub swarm: Option<u32>,
}

/// How a central that takes peers stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CentralState {
    /// It reigns, or is of a version that knows nothing else.
    #[default]
    Active,
    /// It cannot know whether it still reigns: what runs goes on, and its peers look for another.
    Limited,
    /// A state of a newer version.
    #[serde(other)]
    Unknown,
}

/// What a central says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reign {
    /// Which one.
    pub term: Term,
    /// Of which cluster; an old central does not say it.
    pub cluster: Option<ClusterId>,
    /// How it stands.
    pub state: CentralState,
    /// Where the cluster's centrals are, as far as it knows others.
    pub centrals: Vec<SocketAddr>,
    /// It lets clients be sources of each other.
    pub swarm: bool,
}

impl From<Term> for Reign {
    fn from(term: Term) -> Self {
        Self {
            term,
            ..Self::default()
        }
    }
}

/// Addresses as they are on the wire.
pub fn pairs(addresses: &[SocketAddr]) -> Vec<(IpAddr, u16)> {
    let addresses = addresses.iter().take(MAX_CENTRALS);
    addresses.map(|at| (at.ip(), at.port())).collect()
}

/// Addresses that somebody may be connected to, of those that a peer named; the first [`MAX_CENTRALS`].
pub fn usable(named: &[(IpAddr, u16)]) -> Vec<SocketAddr> {
    let mut usable: Vec<SocketAddr> = Vec::new();
    for (ip, port) in named {
        let ip = ip.to_canonical();
        let at = SocketAddr::new(ip, *port);
        let is_nowhere = ip.is_unspecified() || ip.is_multicast() || *port == 0;
        if !is_nowhere && !usable.contains(&at) && usable.len() < MAX_CENTRALS {
            usable.push(at);
        }
    }
    usable
}

/// Who says hello.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PeerRole {
    /// The central.
    Central(Reign),
    /// A client, with its name once it has one.
    Client {
        /// The name.
        name: Option<ClientName>,
        /// The run of its process, which a central must know.
        session: Option<Session>,
    },
    /// A secondary that enrols or receives a copy.
    Secondary {
        /// Its number.
        number: SecondaryNumber,
        /// Where it listens, when it said so.
        listens: Option<(Option<IpAddr>, u16)>,
        /// The run of its process.
        incarnation: Incarnation,
    },
    /// A client that gives another what it has, or asks it for that. Peers say numbers to each other, and no names.
    Peer {
        /// Its number.
        number: PeerNumber,
    },
}

impl Hello {
    /// True when whoever says it knows swarms of this version.
    pub fn knows_swarms(&self) -> bool {
        self.swarm == Some(SWARM)
    }

    /// The hello of this program in a role.
    pub fn from_role(role: &PeerRole) -> Self {
        let blank = |text: &str| Self {
            protocol: PROTOCOL,
            role: text.to_owned(),
            name: None,
            term: None,
            cluster: None,
            state: None,
            centrals: Vec::new(),
            session: None,
            number: None,
            ip: None,
            port: None,
            incarnation: None,
            nonce: None,
            peer: None,
            swarm: None,
        };
        match role {
            PeerRole::Central(reign) => Self {
                term: Some(reign.term),
                cluster: reign.cluster,
                state: Some(reign.state),
                centrals: pairs(&reign.centrals),
                swarm: reign.swarm.then_some(SWARM),
                ..blank("central")
            },
            PeerRole::Client { name, session } => Self {
                name: name.clone(),
                session: *session,
                ..blank("client")
            },
            PeerRole::Secondary {
                number,
                listens,
                incarnation,
            } => Self {
                number: Some(*number),
                ip: listens.and_then(|(ip, _)| ip),
                port: listens.map(|(_, port)| port),
                incarnation: Some(*incarnation),
                swarm: Some(SWARM),
                ..blank("secondary")
            },
            PeerRole::Peer { number } => Self {
                peer: Some(*number),
                swarm: Some(SWARM),
                ..blank("peer")
            },
        }
    }

    /// Who the peer is; refuses another protocol and a role that lacks what it must say.
    pub fn into_role(self) -> Result<PeerRole, WireError> {
        if self.protocol != PROTOCOL {
            return Err(WireError::WrongProtocol {
                theirs: self.protocol,
            });
        }
        let missing = |role, field| WireError::Missing { role, field };
        match self.role.as_str() {
            "central" => Ok(PeerRole::Central(Reign {
                swarm: self.knows_swarms(),
                term: self.term.ok_or(missing("central", "term"))?,
                cluster: self.cluster,
                state: self.state.unwrap_or_default(),
                centrals: usable(&self.centrals),
            })),
            "client" => Ok(PeerRole::Client {
                name: self.name,
                session: self.session,
            }),
            "secondary" => Ok(PeerRole::Secondary {
                number: self.number.ok_or(missing("secondary", "number"))?,
                listens: self.port.map(|port| (self.ip, port)),
                incarnation: self
                    .incarnation
                    .ok_or(missing("secondary", "incarnation"))?,
            }),
            "peer" => Ok(PeerRole::Peer {
                number: self.peer.ok_or(missing("peer", "peer"))?,
            }),
            _ => Err(missing("peer", "a known role")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_central_of_any_version_is_understood() {
        let role = |json: &str| {
            let hello: Hello = serde_json::from_str(json).unwrap();
            match hello.into_role().unwrap() {
                PeerRole::Central(reign) => reign,
                other => panic!("{other:?}"),
            }
        };
        let old = r#"{"protocol":1,"role":"central","term":7}"#;
        assert_eq!(role(old), Term(7).into());
        let new = r#"{"protocol":1,"role":"central","term":7,"cluster":"00000000000000ff","state":"limited","centrals":[["10.0.0.1",50000],["::ffff:10.0.0.1",50000],["0.0.0.0",1],["10.0.0.2",0],["ff02::1",9],["::1",9]],"mood":"good"}"#;
        let reign = role(new);
        assert_eq!(reign.state, CentralState::Limited);
        assert_eq!(reign.cluster, Some(ClusterId(255)));
        // Each once, and nobody can listen at the others.
        let at: Vec<_> = reign.centrals.iter().map(ToString::to_string).collect();
        assert_eq!(at, ["10.0.0.1:50000", "[::1]:9"]);
        assert!(!reign.swarm);
        let swarm = r#"{"protocol":1,"role":"central","term":7,"swarm":1}"#;
        assert!(role(swarm).swarm);
        assert!(!role(&swarm.replace(r#""swarm":1"#, r#""swarm":2"#)).swarm);
        let later = r#"{"protocol":1,"role":"central","term":7,"state":"asleep"}"#;
        assert_eq!(role(later).state, CentralState::Unknown);
        let said = serde_json::to_string(&Hello::from_role(&PeerRole::Central(reign.clone())));
        assert_eq!(role(&said.unwrap()), reign);
        let many: Vec<_> = (1..=200)
            .map(|port| ("10.0.0.1".parse().unwrap(), port))
            .collect();
        assert_eq!(usable(&many).len(), MAX_CENTRALS);
    }

    #[test]
    fn hello_names_both_protocols_and_what_is_missing() {
        let hello: Hello = serde_json::from_str(r#"{"protocol":2,"role":"client","x":1}"#).unwrap();
        assert_eq!(
            hello.into_role(),
            Err(WireError::WrongProtocol { theirs: 2 })
        );
        for role in ["secondary", "central", "peer", "emperor"] {
            let hello = format!(r#"{{"protocol":1,"role":"{role}"}}"#);
            let hello: Hello = serde_json::from_str(&hello).unwrap();
            assert!(matches!(hello.into_role(), Err(WireError::Missing { .. })));
        }
    }
}
