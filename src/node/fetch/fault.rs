//! Why a connection to a source is of no use any more, and what the machine calls that.

use crate::{
    model::Fault,
    net::{ConnectError, ReadError},
    node::greeting::GreetError,
    proto::{ErrorCode, LineError},
};

/// Why a connection is of no use any more.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::node) struct Lost {
    pub(super) fault: Fault,
    /// For logs.
    pub(in crate::node) reason: String,
}

impl Lost {
    /// What came is not the protocol.
    pub(super) fn protocol(reason: impl Into<String>) -> Self {
        Self {
            fault: Fault::Protocol,
            reason: reason.into(),
        }
    }

    /// The source says no.
    pub(super) fn refused(code: ErrorCode, reason: String) -> Self {
        let fault = match code {
            ErrorCode::NoSuchContent
            | ErrorCode::FileChanged
            | ErrorCode::ReadFailed
            | ErrorCode::NotAllowed
            | ErrorCode::NoSource
            | ErrorCode::LimitExceeded => Fault::Refused,
            ErrorCode::Stopping | ErrorCode::TimedOut => Fault::Broken,
            ErrorCode::WrongProtocol
            | ErrorCode::SecretRequired
            | ErrorCode::WrongSecret
            | ErrorCode::TlsRequired
            | ErrorCode::NoTls
            | ErrorCode::BadMessage
            | ErrorCode::NotEnrolled
            | ErrorCode::NotReady
            | ErrorCode::NotFound
            | ErrorCode::NumberInUse
            | ErrorCode::NumberNotAllowed
            | ErrorCode::Expelled
            | ErrorCode::NotActive
            | ErrorCode::NameTaken
            | ErrorCode::BadName
            | ErrorCode::RegistrationClosed
            | ErrorCode::NotConnected
            | ErrorCode::UnknownAccount
            | ErrorCode::WrongKey
            | ErrorCode::NameRegistered
            | ErrorCode::AdministratorRequired
            | ErrorCode::Internal
            | ErrorCode::Unknown => Fault::Protocol,
        };
        Self { fault, reason }
    }
}

impl From<ReadError> for Lost {
    fn from(error: ReadError) -> Self {
        let fault = match &error {
            ReadError::Io(_) | ReadError::CutShort => Fault::Broken,
            ReadError::Line(_) => Fault::Protocol,
        };
        let reason = error.to_string();
        Self { fault, reason }
    }
}

impl From<GreetError> for Lost {
    fn from(error: GreetError) -> Self {
        match error {
            GreetError::Connect(error) => Self {
                fault: match error {
                    ConnectError::TimedOut(_) => Fault::Stalled,
                    ConnectError::Resolve { .. }
                    | ConnectError::NoInterface { .. }
                    | ConnectError::Refused { .. } => Fault::Unreachable,
                },
                reason: error.to_string(),
            },
            GreetError::Denied(denied) => Self::protocol(denied.to_string()),
            GreetError::Refused(code, message) => Self::refused(code, message.message),
            GreetError::Read(error) => error.into(),
            GreetError::Write(error) => error.into(),
            GreetError::Closed => ReadError::CutShort.into(),
            GreetError::Stranger(who) => Self::protocol(who.to_string()),
            GreetError::NoRandomness => Self::protocol("the system has no random numbers"),
        }
    }
}

impl From<LineError> for Lost {
    fn from(error: LineError) -> Self {
        Self::protocol(error.to_string())
    }
}

impl From<std::io::Error> for Lost {
    fn from(error: std::io::Error) -> Self {
        Self {
            fault: Fault::Broken,
            reason: error.to_string(),
        }
    }
}
