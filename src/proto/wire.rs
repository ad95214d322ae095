//! The parts that both planes share.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use super::nonce::Nonce;
use crate::model::{ClientName, Incarnation, SecondaryNumber, Session, Term, limits::PROTOCOL};

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
    /// `central`, `secondary` or `client`.
    pub role: String,
    /// A client's name, once it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<ClientName>,
    /// A central's reign.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub term: Option<Term>,
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
    /// Of one who connects and knows the cluster's secret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nonce: Option<Nonce>,
}

/// Who says hello.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PeerRole {
    /// The central.
    Central {
        /// Its reign.
        term: Term,
    },
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
}

impl Hello {
    /// The hello of this program in a role.
    pub fn from_role(role: &PeerRole) -> Self {
        let blank = |text: &str| Self {
            protocol: PROTOCOL,
            role: text.to_owned(),
            name: None,
            term: None,
            session: None,
            number: None,
            ip: None,
            port: None,
            incarnation: None,
            nonce: None,
        };
        match role {
            PeerRole::Central { term } => Self {
                term: Some(*term),
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
                ..blank("secondary")
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
            "central" => Ok(PeerRole::Central {
                term: self.term.ok_or(missing("central", "term"))?,
            }),
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
            _ => Err(missing("peer", "a known role")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hello_names_both_protocols_and_what_is_missing() {
        let hello: Hello = serde_json::from_str(r#"{"protocol":2,"role":"client","x":1}"#).unwrap();
        assert_eq!(
            hello.into_role(),
            Err(WireError::WrongProtocol { theirs: 2 })
        );
        for role in ["secondary", "central", "emperor"] {
            let hello = format!(r#"{{"protocol":1,"role":"{role}"}}"#);
            let hello: Hello = serde_json::from_str(&hello).unwrap();
            assert!(matches!(hello.into_role(), Err(WireError::Missing { .. })));
        }
    }
}
