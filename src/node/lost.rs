//! Why a node has no connection to its central.

use std::net::SocketAddr;

use crate::{
    model::{SecondaryNumber, SystemError},
    net::{ConnectError, ReadError},
    node::{
        Denied,
        rules::{discovery::Unannounced, finding::OtherCluster, terms::Outdated},
    },
    proto::{ErrorCode, LineError, PeerRole, Said},
};

/// Why there is no connection to the central. It is tried again, whatever it is; `Display` is for logs.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Lost {
    /// The central's name has no address.
    #[error("{host}: unknown host: {why}")]
    UnknownHost {
        /// The name.
        host: String,
        /// What the system says.
        why: SystemError,
    },
    /// The zone of the central's link-local address is no interface of this machine.
    #[error("{host}: no interface {zone}")]
    NoInterface {
        /// The address.
        host: String,
        /// The zone.
        zone: String,
    },
    /// Nothing answers at the address.
    #[error("{0}: no answer")]
    NoAnswer(SocketAddr),
    /// The address is not to be reached, or nobody listens there.
    #[error("{address}: {why}")]
    Unreachable {
        /// Where.
        address: SocketAddr,
        /// What the system says.
        why: SystemError,
    },
    /// What answers says nothing.
    #[error("{host}:{port}: no hello")]
    NoHello {
        /// The central's name, as it was given.
        host: String,
        /// Its port.
        port: u16,
    },
    /// What answers closed the connection without a word.
    #[error("{host}:{port}: closed before hello")]
    ClosedEarly {
        /// The central's name, as it was given.
        host: String,
        /// Its port.
        port: u16,
    },
    /// What answers is no central.
    #[error("{host}:{port}: {who}")]
    Stranger {
        /// The central's name, as it was given.
        host: String,
        /// Its port.
        port: u16,
        /// What it is.
        who: Stranger,
    },
    /// The central speaks another version of the protocol.
    #[error("protocol {theirs}")]
    OtherProtocol {
        /// Its version.
        theirs: u32,
    },
    /// The central is of an earlier term than one that this node has been connected to.
    #[error("{host}:{port}: a central of term {}, after one of term {}", outdated.term, outdated.latest)]
    Outdated {
        /// The central's name, as it was given.
        host: String,
        /// Its port.
        port: u16,
        /// The terms.
        outdated: Outdated,
    },
    /// What answers where a central was said to be is of another cluster.
    #[error("{host}:{port}: {other}")]
    OtherCluster {
        /// As it was dialled.
        host: String,
        /// Its port.
        port: u16,
        /// That.
        other: OtherCluster,
    },
    /// No central is found by its announcement.
    #[error("{0}")]
    Unannounced(Unannounced),
    /// It cannot be heard who announces itself.
    #[error("announcements cannot be heard: {0}")]
    NotListening(SystemError),
    /// The central has handed over to another one, or this node has found that one.
    #[error("another central reigns, at {0}")]
    Moved(SocketAddr),
    /// What came is not the protocol.
    #[error("{0}")]
    NotAMessage(String),
    /// A line is longer than any message.
    #[error("a line that is too long")]
    LineTooLong,
    /// The central closed the connection.
    #[error("closed")]
    Closed,
    /// The connection ended in the middle of a message.
    #[error("the connection ended in the middle of a message")]
    Cut,
    /// The connection failed.
    #[error("{0}")]
    Failed(SystemError),
    /// The central shows no sign of life.
    #[error("silent")]
    Silent,
    /// The central stops.
    #[error("the central stops")]
    Stops,
    /// The system gives no random numbers to begin with.
    #[error("the system has no random numbers")]
    NoRandomness,
    /// This node stops.
    #[error("stopped")]
    Stopped,
    /// The central answered with an error.
    #[error("{}: {message}", code.code())]
    Refused {
        /// Which.
        code: ErrorCode,
        /// Its words and values.
        message: Said,
    },
}

/// What answers where somebody else was dialled.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Stranger {
    /// A central.
    #[error("a central answers there")]
    Central,
    /// A secondary.
    #[error("secondary {0} answers there")]
    Secondary(SecondaryNumber),
    /// A secondary that did not say which.
    #[error("a secondary answers there")]
    SomeSecondary,
    /// It takes itself for a client.
    #[error("a client answers there")]
    Client,
    /// Something that does not speak the protocol; what it said instead is for logs.
    #[error("{0}")]
    Other(String),
}

impl From<PeerRole> for Stranger {
    fn from(role: PeerRole) -> Self {
        match role {
            PeerRole::Central(_) => Self::Central,
            PeerRole::Secondary { number, .. } => Self::Secondary(number),
            PeerRole::Client { .. } | PeerRole::Peer { .. } => Self::Client,
        }
    }
}

impl Lost {
    /// The administrator of the cluster has sent this client away.
    pub(super) fn is_expelled(&self) -> bool {
        matches!(
            self,
            Self::Refused {
                code: ErrorCode::Expelled,
                ..
            }
        )
    }
}

impl From<ConnectError> for Lost {
    fn from(error: ConnectError) -> Self {
        match error {
            ConnectError::Resolve { host, source } => Self::UnknownHost {
                host,
                why: source.into(),
            },
            ConnectError::NoInterface { host, zone } => Self::NoInterface { host, zone },
            ConnectError::TimedOut(address) => Self::NoAnswer(address),
            ConnectError::Refused { address, source } => Self::Unreachable {
                address,
                why: source.into(),
            },
        }
    }
}

impl From<std::io::Error> for Lost {
    fn from(error: std::io::Error) -> Self {
        Self::Failed(error.into())
    }
}

impl From<LineError> for Lost {
    fn from(error: LineError) -> Self {
        match error {
            LineError::TooLong => Self::LineTooLong,
            LineError::NotAMessage(_) => Self::NotAMessage(error.to_string()),
        }
    }
}

impl From<ReadError> for Lost {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Io(error) => error.into(),
            ReadError::Line(error) => error.into(),
            ReadError::CutShort => Self::Cut,
        }
    }
}

/// Why there is no link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum LinkDown {
    /// Trying again may help.
    Lost(Lost),
    /// One side must be restarted with a different secret or TLS setting.
    Denied(Denied),
}

impl<E: Into<Lost>> From<E> for LinkDown {
    fn from(error: E) -> Self {
        Self::Lost(error.into())
    }
}

impl LinkDown {
    /// A central answered, and its answer is no.
    pub(super) fn is_an_answer(&self) -> bool {
        match self {
            Self::Denied(denied) => !matches!(denied, Denied::Tls(_)),
            Self::Lost(lost) => {
                matches!(lost, Lost::Refused { .. } | Lost::OtherProtocol { .. })
            }
        }
    }

    /// Another central reigns, and is asked next: nothing is lost.
    pub(super) fn is_move(&self) -> bool {
        matches!(self, Self::Lost(Lost::Moved(_)))
    }

    /// The administrator of the cluster has sent this client away.
    pub(super) fn is_expelled(&self) -> bool {
        matches!(self, Self::Lost(lost) if lost.is_expelled())
    }
}
