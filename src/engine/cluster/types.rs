//! The events and actions of the cluster machine.

use std::net::SocketAddr;

use super::Notice;
use crate::{
    engine::{accounts::AccountRefusal, registry::Entry, rooms::RoomRefusal},
    model::{
        ClientName, Digest, FileMeta, FileName, HeldFile, Incarnation, Limit, Origin, PeerNumber,
        Proven, RemovedReason, RequestId, SecondaryNumber, Session, TransferId,
        limits::EXPELLED_FOR,
        messages::{
            ForClient, ForReceiver, ForRooms, ForSecondary, FromClient, FromReceiver,
            FromSecondary, OfRooms,
        },
    },
};

/// One control connection; never used twice within a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConnectionId(pub u64);

/// Where a peer listens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PeerPlace {
    /// Its number.
    pub peer: PeerNumber,
    /// Where it listens.
    pub address: SocketAddr,
    /// The digest of its certificate's public key, where connections are encrypted.
    pub key: Option<Digest>,
}

/// How a connection ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Parting {
    /// The peer said goodbye first.
    Goodbye,
    /// It broke, or was closed without a word.
    Broken,
}

/// What happened outside.
#[derive(Clone, Debug)]
pub enum Event {
    /// A secondary said hello.
    SecondaryHello {
        /// Its number.
        number: SecondaryNumber,
        /// The run of its process.
        incarnation: Incarnation,
        /// Where others reach it.
        address: SocketAddr,
    },
    /// A client said hello.
    ClientHello {
        /// Its name, when it has one.
        name: Option<ClientName>,
        /// The run of its process, when it said so.
        session: Option<Session>,
        /// Where it connects from.
        address: SocketAddr,
    },
    /// The gateway of the central's own process said hello. Its downloads are a client's, but take no slot: those who read by
    /// it are limited elsewhere.
    GatewayHello {
        /// Its name.
        name: ClientName,
        /// Where people see it.
        address: SocketAddr,
    },
    /// The peer is alive. An owner that knows when its lines arrived tells by [`Cluster::hear`](super::Cluster::hear).
    Alive,
    /// The connection ended.
    Closed(Parting),
    /// Whoever receives a transfer said something.
    Receiver(FromReceiver),
    /// A client said something.
    Client(FromClient),
    /// A client has proven the key of an account: the owner has checked the signature, which is of this connection.
    Proven(Proven),
    /// A client said something of rooms and channels.
    Rooms(OfRooms),
    /// A secondary said something.
    Secondary(FromSecondary),
}

impl From<FromReceiver> for Event {
    fn from(message: FromReceiver) -> Self {
        Self::Receiver(message)
    }
}

impl From<FromClient> for Event {
    fn from(message: FromClient) -> Self {
        Self::Client(message)
    }
}

impl From<OfRooms> for Event {
    fn from(message: OfRooms) -> Self {
        Self::Rooms(message)
    }
}

impl From<FromSecondary> for Event {
    fn from(message: FromSecondary) -> Self {
        Self::Secondary(message)
    }
}

impl Event {
    /// All that a secondary holds, in one page.
    pub fn inventory(files: Vec<FileMeta>) -> Self {
        Self::Secondary(FromSecondary::Inventory {
            files: files.into_iter().map(HeldFile::from).collect(),
            last: true,
            batch: None,
        })
    }

    /// Files that a secondary holds from now on.
    pub fn added(files: Vec<FileMeta>, origin: Origin) -> Self {
        let held = |meta| HeldFile {
            origin,
            ..HeldFile::from(meta)
        };
        Self::Secondary(FromSecondary::Added {
            files: files.into_iter().map(held).collect(),
            batch: None,
        })
    }

    /// Files that a secondary no longer holds.
    pub fn removed(files: Vec<FileMeta>, reason: RemovedReason) -> Self {
        Self::Secondary(FromSecondary::Removed {
            files,
            reason,
            batch: None,
        })
    }
}

/// What the owner must do: nearly always, to send a message to a peer.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// Write it down. Nothing that comes after it may be done before it is durable.
    Record(Entry),
    /// Send it to whoever receives a transfer.
    ToReceiver(ConnectionId, ForReceiver),
    /// Send it to a client.
    ToClient(ConnectionId, ForClient),
    /// Send it to a secondary.
    ToSecondary(ConnectionId, ForSecondary),
    /// Tell a client its number as a peer, and what this central's tickets are checked with.
    Number {
        /// The connection.
        connection: ConnectionId,
        /// Its number.
        peer: PeerNumber,
    },
    /// Tell a client which peers it may ask in a transfer, each with a ticket, and which no more.
    Introduce {
        /// The connection.
        connection: ConnectionId,
        /// The number of the one who asks.
        receiver: PeerNumber,
        /// The transfer.
        transfer: TransferId,
        /// The content.
        id: Digest,
        /// These it may ask.
        add: Vec<PeerPlace>,
        /// These have gone.
        drop: Vec<PeerNumber>,
        /// They are in a swarm with it, and have what they announce. Others have all.
        is_swarm: bool,
    },
    /// Acknowledge what a secondary said.
    Ack {
        /// The connection.
        connection: ConnectionId,
        /// Its number for what it said.
        batch: u64,
    },
    /// Tell a client that its request is refused.
    Refuse {
        /// The connection.
        connection: ConnectionId,
        /// The client's number for it.
        request: RequestId,
        /// Why.
        refusal: Refusal,
    },
    /// Send it to a client, of rooms and channels.
    ToRooms(ConnectionId, ForRooms),
    /// Tell a client that it does not get what it wants of rooms.
    RefuseRoom {
        /// The connection.
        connection: ConnectionId,
        /// The client's number for it.
        request: RequestId,
        /// Why.
        refusal: RoomRefusal,
    },
    /// Tell a client that it does not have the account that it wants.
    RefuseAccount {
        /// The connection.
        connection: ConnectionId,
        /// Why.
        refusal: AccountRefusal,
    },
    /// Close a connection after an error line.
    Close {
        /// The connection.
        connection: ConnectionId,
        /// Why.
        refusal: Refusal,
    },
    /// Tell the people.
    Notice(Notice),
}

/// Why a peer or a request is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Another live process has the number.
    #[error("secondary number {number} is in use by {by}")]
    NumberInUse {
        /// The number.
        number: SecondaryNumber,
        /// Who has it.
        by: SocketAddr,
    },
    /// A newer connection of the same process has taken its place.
    #[error("replaced by a newer connection")]
    Replaced,
    /// It was silent for longer than its lease.
    #[error("silent for too long")]
    Silent,
    /// The client has no name.
    #[error("enrol with a name first")]
    NotEnrolled,
    /// Service has not begun, or no secondary is alive.
    #[error("{present} of {required} secondaries are here")]
    NotReady {
        /// Live secondaries whose files are known.
        present: usize,
        /// How many are needed.
        required: usize,
    },
    /// No live secondary holds it.
    #[error("no live secondary holds {0}")]
    NotFound(FileName),
    /// Nobody publishes it, or not for whoever asks.
    #[error("nobody publishes {0}")]
    NotPublished(FileName),
    /// It is published, and nobody who can send it is connected.
    #[error("no device that has {0} is connected")]
    NoSource(FileName),
    /// The client is no account's, which this takes.
    #[error("this takes an account")]
    NotConnected,
    /// It is not below the name of the account.
    #[error("{0} is not below the name of this account")]
    NotYours(FileName),
    /// The name stands for other content.
    #[error("{0} is published with other content")]
    NameTaken(FileName),
    /// Over a limit.
    #[error("too many {of}")]
    TooMany {
        /// Of what.
        of: Limit,
        /// How many there may be.
        most: usize,
    },
    /// A message that this peer may not send.
    #[error("this message is not for this role")]
    WrongRole,
    /// The administrator has ended this client's connection, or has done so a short time ago.
    #[error(
        "expelled by the administrator; this name is refused for {} s",
        EXPELLED_FOR.as_secs()
    )]
    Expelled,
}
