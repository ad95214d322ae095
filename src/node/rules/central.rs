//! Where the cluster machine and the wire differ: who may enrol, and how a refusal is said.

use std::net::SocketAddr;

use crate::{
    engine::{
        accounts::AccountRefusal,
        cluster::{Event, Refusal},
    },
    node::Refused,
    proto::{ErrorCode, PeerRole, Said, said::Details},
};

/// What a hello means to the machine.
///
/// # Errors
/// For a peer that does not belong here.
pub fn enrolment(role: PeerRole, peer: SocketAddr, highest_number: u16) -> Result<Event, Refused> {
    match role {
        PeerRole::Central(_) => Err(Refused::Unexpected("a central does not enrol at a central")),
        PeerRole::Peer { .. } => Err(Refused::Unexpected(
            "a peer has nothing to say to a central",
        )),
        PeerRole::Client { name, session } => Ok(Event::ClientHello {
            name,
            session,
            address: peer,
        }),
        PeerRole::Secondary {
            number,
            listens,
            incarnation,
        } => {
            if number.get() > highest_number {
                let most = highest_number;
                return Err(Refused::NumberTooHigh { number, most });
            }
            let (ip, port) = listens.unwrap_or((None, peer.port()));
            Ok(Event::SecondaryHello {
                number,
                incarnation,
                address: SocketAddr::new(ip.unwrap_or(peer.ip()).to_canonical(), port),
            })
        }
    }
}

/// The wire's words and values for a refusal.
pub fn said_of(refusal: &Refusal) -> Said {
    let details = match refusal {
        Refusal::NumberInUse { by, .. } => Some(Details::Holder {
            ip: by.ip(),
            port: by.port(),
        }),
        Refusal::TooMany { of, most } => Some(Details::Limit {
            of: *of,
            most: Some(*most as u64),
        }),
        Refusal::NotPublished(_)
        | Refusal::NoSource(_)
        | Refusal::NotConnected
        | Refusal::NotYours(_)
        | Refusal::NameTaken(_)
        | Refusal::Replaced
        | Refusal::Silent
        | Refusal::NotEnrolled
        | Refusal::NotReady { .. }
        | Refusal::NotFound(_)
        | Refusal::WrongRole
        | Refusal::Expelled => None,
    };
    Said {
        message: refusal.to_string(),
        details,
    }
}

/// The wire's code for a refusal.
pub fn code_of(refusal: &Refusal) -> ErrorCode {
    match refusal {
        Refusal::NumberInUse { .. } => ErrorCode::NumberInUse,
        Refusal::Replaced => ErrorCode::Stopping,
        Refusal::Silent => ErrorCode::TimedOut,
        Refusal::NotEnrolled => ErrorCode::NotEnrolled,
        Refusal::NotReady { .. } => ErrorCode::NotReady,
        Refusal::NotFound(_) | Refusal::NotPublished(_) => ErrorCode::NotFound,
        Refusal::NoSource(_) => ErrorCode::NoSource,
        Refusal::NotConnected => ErrorCode::NotConnected,
        Refusal::NotYours(_) => ErrorCode::NotAllowed,
        Refusal::NameTaken(_) => ErrorCode::NameTaken,
        Refusal::TooMany { .. } => ErrorCode::LimitExceeded,
        Refusal::WrongRole => ErrorCode::BadMessage,
        Refusal::Expelled => ErrorCode::Expelled,
    }
}

/// The wire's words and values for why somebody does not have an account.
pub fn said_of_account(refusal: &AccountRefusal) -> Said {
    let details = match refusal {
        AccountRefusal::TooMany { of, most } => Some(Details::Limit {
            of: *of,
            most: Some(*most as u64),
        }),
        AccountRefusal::BadName(_)
        | AccountRefusal::NameTaken(_)
        | AccountRefusal::NameRests { .. }
        | AccountRefusal::Closed
        | AccountRefusal::NotConnected
        | AccountRefusal::Unknown(_)
        | AccountRefusal::WrongKey(_)
        | AccountRefusal::Registered(_) => None,
    };
    Said {
        message: refusal.to_string(),
        details,
    }
}

/// The wire's code for the same.
pub fn code_of_account(refusal: &AccountRefusal) -> ErrorCode {
    match refusal {
        AccountRefusal::BadName(_) => ErrorCode::BadName,
        AccountRefusal::NameTaken(_) | AccountRefusal::NameRests { .. } => ErrorCode::NameTaken,
        AccountRefusal::Closed => ErrorCode::RegistrationClosed,
        AccountRefusal::NotConnected => ErrorCode::NotConnected,
        AccountRefusal::Unknown(_) => ErrorCode::UnknownAccount,
        AccountRefusal::WrongKey(_) => ErrorCode::WrongKey,
        AccountRefusal::Registered(_) => ErrorCode::NameRegistered,
        AccountRefusal::TooMany { .. } => ErrorCode::LimitExceeded,
    }
}
