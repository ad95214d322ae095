//! Why a server sends a peer away, or ends its connection: told to the peer by a code, and to the server's people in
//! their language. `Display` is the English text of the wire and of logs.

use crate::{
    model::{
        ChunkIndex, FileName, Limit, SecondaryNumber, SystemError, TransferId,
        limits::{
            HELLO_TIMEOUT, IDLE_TIMEOUT, LEAST_TAKEN_BYTES, MAX_QUEUED_REQUESTS, PROTOCOL,
            SEND_STALL_TIMEOUT,
        },
    },
    net::TlsRefusal,
    proto::{
        ErrorCode, LineError, Said, WireError, legacy::MAX_LEGACY_PART_BYTES, said::Details,
        ticket::TicketError,
    },
    store::StoreError,
};

/// Why a peer is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// It said nothing for too long at the beginning.
    #[error("no line within {} s", HELLO_TIMEOUT.as_secs())]
    SaysNothing,
    /// It was silent for too long afterwards.
    #[error("silent for too long")]
    Silent,
    /// It asked for nothing for too long.
    #[error("idle for {} s", IDLE_TIMEOUT.as_secs())]
    Idle,
    /// It takes too little of what it asked for.
    #[error("took less than {LEAST_TAKEN_BYTES} bytes in {} s", SEND_STALL_TIMEOUT.as_secs())]
    TakesTooLittle,
    /// The TLS handshake failed.
    #[error("TLS: {0}")]
    Tls(TlsRefusal),
    /// The connection failed within the TLS handshake.
    #[error("TLS: {0}")]
    TlsBroken(SystemError),
    /// This port speaks TLS, and it does not.
    #[error("this port speaks TLS only")]
    NeedsTls,
    /// It speaks TLS, and this port does not.
    #[error("this port does not speak TLS")]
    HasNoTls,
    /// The cluster is closed, and it shows no secret.
    #[error("this cluster is closed: the first line must have a nonce")]
    NeedsSecret,
    /// The cluster is closed, and the protocol of 2017 proves nothing.
    #[error("the protocol of 2017 proves nothing: this cluster is closed")]
    OldInClosed,
    /// It does not know the secret.
    #[error("the proof is not right: the secrets differ")]
    WrongSecret,
    /// What it signed is not signed with the key that it names, or not for this connection.
    #[error("not signed with the key of the account, or not for this connection")]
    NotSigned,
    /// It does not know the administrator's password, or there is none.
    #[error("only for an administrator, with the password")]
    NotAdministrator,
    /// It speaks another version of the protocol.
    #[error("protocol {theirs}: this program speaks {PROTOCOL}")]
    OtherProtocol {
        /// Its version.
        theirs: u32,
    },
    /// A line is longer than any message.
    #[error("{}", LineError::TooLong)]
    LineTooLong,
    /// What it sent is not the protocol, in the parser's words.
    #[error("{0}")]
    NotAMessage(String),
    /// It sent a message that is not expected now, or not from its role.
    #[error("{0}")]
    Unexpected(&'static str),
    /// Its number is above what this central takes.
    #[error(
        "secondary number {number}: this central takes 1 to {most}; start it with --secundarios {number} to take more"
    )]
    NumberTooHigh {
        /// Its number.
        number: SecondaryNumber,
        /// The highest that is taken.
        most: u16,
    },
    /// A client that receives has not said its name.
    #[error("a client says its name in hello")]
    Nameless,
    /// All permits are held.
    #[error("all {most} connections of this server are in use")]
    NoPermit {
        /// How many there are.
        most: usize,
    },
    /// Its permit was revoked for another connection.
    #[error("idle, or of the address with the most connections: gave way to another")]
    GaveWay,
    /// This process has no file descriptor left.
    #[error("no file descriptor is left; raise the limit (ulimit -n)")]
    NoDescriptor,
    /// It asks for a chunk twice, or for too many at once.
    #[error("chunk {0}: asked for twice, or over {MAX_QUEUED_REQUESTS} requests at once")]
    TooManyChunks(ChunkIndex),
    /// It asks again and again for chunks that the file lacks.
    #[error("chunk {0}: over {MAX_QUEUED_REQUESTS} chunks that the file lacks")]
    NoSuchChunks(ChunkIndex),
    /// It asks for a file that is not here.
    #[error("{0}: not held here")]
    NotHeld(FileName),
    /// It asks for a file that cannot be read.
    #[error("{0}")]
    Unreadable(StoreError),
    /// A peer shows no ticket, or another peer's.
    #[error("no ticket of this peer's")]
    NoTicket,
    /// A peer shows a ticket that lets it in nowhere.
    #[error("{0}")]
    Ticket(TicketError),
    /// A peer asks for a published file that is not as it was.
    #[error("{0}: changed since it was published")]
    FileChanged(FileName),
    /// The transfer is another receiver's, or another file's.
    #[error("transfer {0} is another receiver's or another file's")]
    OthersTransfer(TransferId),
    /// The administrator has sent the receiver away.
    #[error("the receiver was expelled")]
    Expelled,
    /// This server stops.
    #[error("this server stops")]
    Stopping,
    /// A legacy client asks for a part that its protocol cannot name.
    #[error("part {part} has {bytes} bytes; this protocol takes {MAX_LEGACY_PART_BYTES}")]
    PartTooLarge {
        /// Which.
        part: u8,
        /// Its length.
        bytes: u64,
    },
    /// The receiver's connection failed in the middle.
    #[error("the receiver is gone: {0}")]
    ReceiverGone(SystemError),
    /// This server's own fault.
    #[error("{0}")]
    Internal(SystemError),
    /// The system gives no random numbers.
    #[error("the system has no random numbers")]
    NoRandomness,
}

impl Refused {
    /// What the peer is told.
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::SaysNothing | Self::Silent | Self::Idle | Self::TakesTooLittle => {
                ErrorCode::TimedOut
            }
            Self::Tls(_) | Self::TlsBroken(_) | Self::NeedsTls => ErrorCode::TlsRequired,
            Self::HasNoTls => ErrorCode::NoTls,
            Self::NeedsSecret | Self::OldInClosed => ErrorCode::SecretRequired,
            Self::WrongSecret => ErrorCode::WrongSecret,
            Self::NotSigned => ErrorCode::WrongKey,
            Self::NotAdministrator => ErrorCode::AdministratorRequired,
            Self::OtherProtocol { .. } => ErrorCode::WrongProtocol,
            Self::LineTooLong
            | Self::NotAMessage(_)
            | Self::Unexpected(_)
            | Self::OthersTransfer(_)
            | Self::PartTooLarge { .. }
            | Self::ReceiverGone(_) => ErrorCode::BadMessage,
            Self::NumberTooHigh { .. } => ErrorCode::NumberNotAllowed,
            Self::Nameless => ErrorCode::NotEnrolled,
            Self::NoPermit { .. }
            | Self::GaveWay
            | Self::NoDescriptor
            | Self::TooManyChunks(_)
            | Self::NoSuchChunks(_)
            | Self::Unreadable(StoreError::NoDescriptor(_)) => ErrorCode::LimitExceeded,
            Self::NoTicket | Self::Ticket(_) => ErrorCode::NotAllowed,
            Self::FileChanged(_) => ErrorCode::FileChanged,
            Self::NotHeld(_) | Self::Unreadable(_) => ErrorCode::NoSuchContent,
            Self::Expelled => ErrorCode::Expelled,
            Self::Stopping => ErrorCode::Stopping,
            Self::Internal(_) | Self::NoRandomness => ErrorCode::Internal,
        }
    }

    /// The peer's fault, and not this server's or the disk's.
    pub(super) fn is_own_fault(&self) -> bool {
        matches!(
            self.code(),
            ErrorCode::BadMessage | ErrorCode::LimitExceeded | ErrorCode::TimedOut
        )
    }

    /// What goes with the code.
    pub fn said(&self) -> Said {
        let limit = |of, most: Option<usize>| Details::Limit {
            of,
            most: most.map(|most| most as u64),
        };
        let details = match self {
            Self::NumberTooHigh { number, most } => Some(Details::Numbers {
                number: *number,
                most: *most,
            }),
            Self::OtherProtocol { .. } => Some(Details::Protocol { version: PROTOCOL }),
            Self::NoPermit { most } => Some(limit(Limit::Connections, Some(*most))),
            Self::GaveWay => Some(limit(Limit::Share, None)),
            Self::NoDescriptor | Self::Unreadable(StoreError::NoDescriptor(_)) => {
                Some(limit(Limit::Descriptors, None))
            }
            Self::TooManyChunks(_) | Self::NoSuchChunks(_) => {
                Some(limit(Limit::Chunks, Some(MAX_QUEUED_REQUESTS)))
            }
            _ => None,
        };
        Said {
            message: self.to_string(),
            details,
        }
    }
}

impl From<LineError> for Refused {
    fn from(error: LineError) -> Self {
        match error {
            LineError::TooLong => Self::LineTooLong,
            LineError::NotAMessage(_) => Self::NotAMessage(error.to_string()),
        }
    }
}

impl From<WireError> for Refused {
    fn from(error: WireError) -> Self {
        match error {
            WireError::WrongProtocol { theirs } => Self::OtherProtocol { theirs },
            WireError::Missing { .. } => Self::NotAMessage(error.to_string()),
        }
    }
}
