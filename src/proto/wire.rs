//! How values of the model look in JSON, and the parts that both planes share.

use std::{borrow::Cow, net::IpAddr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use super::handshake::Nonce;
use crate::model::{
    ChunkIndex, ChunkLayout, ChunkRange, ClientName, Digest, FileMeta, FileName, Incarnation,
    SecondaryNumber, TransferId, limits::PROTOCOL,
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

macro_rules! text_value {
    ($type:ty, $to:expr) => {
        impl Serialize for $type {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                let to: fn(&$type) -> Cow<'_, str> = $to;
                serializer.serialize_str(&to(self))
            }
        }

        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = Cow::<'de, str>::deserialize(deserializer)?;
                Self::try_from(&*text).map_err(D::Error::custom)
            }
        }
    };
}

text_value!(FileName, |name| Cow::Borrowed(name.as_str()));
text_value!(ClientName, |name| Cow::Borrowed(name.as_str()));
text_value!(Digest, |digest| Cow::Owned(digest.to_string()));

macro_rules! number_value {
    ($type:ty, $wire:ty, $to:expr, $from:expr) => {
        impl Serialize for $type {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                let to: fn(&$type) -> $wire = $to;
                to(self).serialize(serializer)
            }
        }

        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let from: fn($wire) -> Result<$type, String> = $from;
                from(<$wire>::deserialize(deserializer)?).map_err(D::Error::custom)
            }
        }
    };
}

number_value!(SecondaryNumber, u64, |n| u64::from(n.get()), |n| {
    SecondaryNumber::try_from(n).map_err(|e| e.to_string())
});
number_value!(TransferId, u64, |id| id.0, |id| Ok(TransferId(id)));
number_value!(Incarnation, u64, |id| id.0, |id| Ok(Incarnation(id)));
number_value!(ChunkIndex, u32, |chunk| chunk.0, |chunk| Ok(ChunkIndex(
    chunk
)));
number_value!(
    ChunkRange,
    [u32; 2],
    |range| [range.first, range.count],
    |[first, count]| {
        first
            .checked_add(count)
            .map(|_| ChunkRange { first, count })
            .ok_or_else(|| format!("chunk range {first}+{count}: too large"))
    }
);

#[derive(Serialize, Deserialize)]
struct FileMetaWire {
    name: FileName,
    length: u64,
    chunk: u32,
    id: Digest,
}

impl Serialize for FileMeta {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        FileMetaWire {
            name: self.name.clone(),
            length: self.layout.file_bytes(),
            chunk: self.layout.chunk_bytes(),
            id: self.id,
        }
        .serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for FileMeta {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let wire = FileMetaWire::deserialize(deserializer)?;
        let layout = ChunkLayout::checked(wire.length, wire.chunk).map_err(D::Error::custom)?;
        Ok(Self {
            name: wire.name,
            layout,
            id: wire.id,
        })
    }
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
    Central,
    /// A client, with its name once it has one.
    Client {
        /// The name.
        name: Option<ClientName>,
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
            number: None,
            ip: None,
            port: None,
            incarnation: None,
            nonce: None,
        };
        match role {
            PeerRole::Central => blank("central"),
            PeerRole::Client { name } => Self {
                name: name.clone(),
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
        match self.role.as_str() {
            "central" => Ok(PeerRole::Central),
            "client" => Ok(PeerRole::Client { name: self.name }),
            "secondary" => Ok(PeerRole::Secondary {
                number: self.number.ok_or(WireError::Missing {
                    role: "secondary",
                    field: "number",
                })?,
                listens: self.port.map(|port| (self.ip, port)),
                incarnation: self.incarnation.ok_or(WireError::Missing {
                    role: "secondary",
                    field: "incarnation",
                })?,
            }),
            _ => Err(WireError::Missing {
                role: "peer",
                field: "a known role",
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_values_do_not_become_model_values() {
        assert!(serde_json::from_str::<FileName>(r#""../x""#).is_err());
        assert!(serde_json::from_str::<FileName>(r#""a\u0000b""#).is_err());
        assert!(serde_json::from_str::<SecondaryNumber>("0").is_err());
        assert!(serde_json::from_str::<SecondaryNumber>("-1").is_err());
        assert!(serde_json::from_str::<SecondaryNumber>("1e99").is_err());
        assert!(serde_json::from_str::<ChunkRange>("[4294967295,1]").is_err());
        assert!(serde_json::from_str::<Digest>(r#""abc""#).is_err());
        let meta = r#"{"name":"a","length":10,"chunk":1,"id":"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"}"#;
        assert!(serde_json::from_str::<FileMeta>(meta).is_err());
        assert!(serde_json::from_str::<FileMeta>(&meta.replace(":1,", ":1048576,")).is_ok());
    }

    #[test]
    fn hello_names_both_protocols_and_what_is_missing() {
        let hello: Hello = serde_json::from_str(r#"{"protocol":2,"role":"client","x":1}"#).unwrap();
        assert_eq!(
            hello.into_role(),
            Err(WireError::WrongProtocol { theirs: 2 })
        );
        let hello: Hello = serde_json::from_str(r#"{"protocol":1,"role":"secondary"}"#).unwrap();
        assert!(matches!(hello.into_role(), Err(WireError::Missing { .. })));
    }
}
