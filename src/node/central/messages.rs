//! Between the cluster machine's words and the wire's.

use std::net::SocketAddr;

use crate::{
    engine::cluster::{Event, Refusal},
    proto::{ErrorCode, PeerRole, control::ToCentral},
};

/// What a line means to the central.
pub(super) enum Meaning {
    /// Something for the machine.
    Event(Event),
    /// Answered from the catalogue.
    List(Option<crate::model::FileName>),
    /// Answered from the machine's state.
    Status,
    /// The peer stops.
    Goodbye,
    /// `hello` in the middle of a connection.
    Unexpected,
}

/// Sorts a line.
pub(super) fn meaning(message: ToCentral) -> Meaning {
    Meaning::Event(match message {
        ToCentral::Hello(_) => return Meaning::Unexpected,
        ToCentral::Bye => return Meaning::Goodbye,
        ToCentral::List { after } => return Meaning::List(after),
        ToCentral::Status => return Meaning::Status,
        ToCentral::Ping => Event::Alive,
        ToCentral::Report {
            transfer,
            secondary,
            fault,
            chunk,
        } => Event::Report {
            transfer,
            secondary,
            fault,
            chunk,
        },
        ToCentral::Finished(finished) => Event::Finished(finished),
        ToCentral::Enrol { name } => Event::Enrol { name },
        ToCentral::Download { request, name } => Event::Download { request, name },
        ToCentral::Cancel { request } => Event::Cancel { request },
        ToCentral::Resume {
            transfer,
            request,
            file,
        } => Event::Resume {
            transfer,
            request,
            file,
        },
        ToCentral::Inventory { files, last } => Event::Inventory { files, last },
        ToCentral::Added { files } => Event::Added { files },
        ToCentral::Removed { files, reason } => Event::Removed { files, reason },
        ToCentral::Sent { transfers } => Event::Sent { transfers },
    })
}

/// What a hello means to the machine; an error for a peer that has no business here.
pub(super) fn enrolment(
    role: PeerRole,
    peer: SocketAddr,
    highest_number: u16,
) -> Result<Event, (ErrorCode, String)> {
    match role {
        PeerRole::Central => Err((
            ErrorCode::BadMessage,
            "a central does not enrol at a central".to_owned(),
        )),
        PeerRole::Client { name } => Ok(Event::ClientHello {
            name,
            address: peer,
        }),
        PeerRole::Secondary {
            number,
            listens,
            incarnation,
        } => {
            if number.get() > highest_number {
                return Err((
                    ErrorCode::NumberNotAllowed,
                    format!(
                        "secondary number {number}: this central takes 1 to {highest_number}; \
                         start it with --secundarios {number} to take more"
                    ),
                ));
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

/// The wire's code for a refusal.
pub(super) fn code_of(refusal: &Refusal) -> ErrorCode {
    match refusal {
        Refusal::NumberInUse { .. } => ErrorCode::NumberInUse,
        Refusal::Replaced => ErrorCode::Stopping,
        Refusal::Silent => ErrorCode::TimedOut,
        Refusal::NotEnrolled => ErrorCode::NotEnrolled,
        Refusal::NotReady { .. } => ErrorCode::NotReady,
        Refusal::NotFound(_) => ErrorCode::NotFound,
        Refusal::TooMany(_) => ErrorCode::LimitExceeded,
        Refusal::WrongRole(_) => ErrorCode::BadMessage,
    }
}
