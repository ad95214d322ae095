//! Between the cluster machine's words and the wire's.

use std::net::SocketAddr;

use crate::{
    engine::cluster::{Action, Event, LinkId, Notice, Refusal},
    model::limits::{MAX_FILES_PER_SECONDARY, MAX_REQUESTS_PER_CLIENT, MAX_WAITING},
    node::Refused,
    proto::{
        ErrorCode, PeerRole, Said,
        control::{CopyOrder, FromCentral, ToCentral},
        said::{Details, Limit},
    },
};

/// What a line means to the central.
#[derive(Debug)]
pub enum Meaning {
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
pub fn meaning(message: ToCentral) -> Meaning {
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
        ToCentral::Limits(limits) => Event::Limits(limits),
        ToCentral::Inventory { files, last, batch } => Event::Inventory { files, last, batch },
        ToCentral::Added { files, batch } => Event::Added { files, batch },
        ToCentral::Removed {
            files,
            reason,
            batch,
        } => Event::Removed {
            files,
            reason,
            batch,
        },
        ToCentral::Noted { batch } => Event::Noted { batch },
        ToCentral::Sent { transfers } => Event::Sent { transfers },
    })
}

/// What a hello means to the machine.
///
/// # Errors
/// For a peer that has no business here.
pub fn enrolment(role: PeerRole, peer: SocketAddr, highest_number: u16) -> Result<Event, Refused> {
    match role {
        PeerRole::Central => Err(Refused::Unexpected("a central does not enrol at a central")),
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

/// What an action of the machine means to whoever owns its connections.
#[derive(Debug)]
pub enum Word {
    /// Send it.
    Message(LinkId, FromCentral),
    /// Send it and close: the machine has forgotten the peer.
    Last(LinkId, FromCentral),
    /// Note a secondary's message once all that was unsaved by now is durable.
    Noted(LinkId, u64),
    /// Tell the people.
    Notice(Notice),
}

/// Words for an action.
pub fn word_for(action: Action) -> Word {
    let (link, message) = match action {
        Action::Notice(notice) => return Word::Notice(notice),
        Action::Close { link, refusal } => {
            let (code, message) = (code_of(&refusal), said_of(&refusal));
            return Word::Last(link, FromCentral::Error { code, message });
        }
        Action::Enrolled { link, name } => (link, FromCentral::Enrolled { name }),
        Action::Grant {
            link,
            request,
            grant,
        } => (link, FromCentral::Granted { request, grant }),
        Action::Queue {
            link,
            request,
            place,
        } => (link, FromCentral::Queued { request, place }),
        Action::Refuse {
            link,
            request,
            refusal,
        } => {
            let (code, message) = (code_of(&refusal), said_of(&refusal));
            (
                link,
                FromCentral::Refused {
                    request,
                    code,
                    message,
                },
            )
        }
        Action::Sources {
            link,
            transfer,
            sources,
        } => (link, FromCentral::Sources { transfer, sources }),
        Action::Settled {
            link,
            transfer,
            sent,
        } => (link, FromCentral::Settled { transfer, sent }),
        Action::Copy {
            link,
            grant,
            replaces,
        } => (link, FromCentral::Copy(CopyOrder { grant, replaces })),
        Action::CancelCopy { link, transfer } => (link, FromCentral::CancelCopy { transfer }),
        Action::Withdraw { link, batch, files } => (link, FromCentral::Withdraw { batch, files }),
        Action::Conflicts {
            link,
            batch,
            conflicts: names,
        } => (link, FromCentral::Conflicts { batch, names }),
        Action::Noted { link, batch } => return Word::Noted(link, batch),
        Action::Superseded {
            link,
            transfer,
            file,
        } => (link, FromCentral::Superseded { transfer, file }),
        Action::Ended {
            link,
            transfer,
            outcome,
            expelled,
        } => {
            let ended = FromCentral::Ended {
                transfer,
                outcome,
                expelled,
            };
            (link, ended)
        }
    };
    Word::Message(link, message)
}

/// The wire's words and values for a refusal.
fn said_of(refusal: &Refusal) -> Said {
    let details = match refusal {
        Refusal::NumberInUse { by, .. } => Some(Details::Holder {
            ip: by.ip(),
            port: by.port(),
        }),
        Refusal::TooMany(what) => limit_of(what),
        Refusal::Replaced
        | Refusal::Silent
        | Refusal::NotEnrolled
        | Refusal::NotReady { .. }
        | Refusal::NotFound(_)
        | Refusal::WrongRole(_)
        | Refusal::Expelled => None,
    };
    Said {
        message: refusal.to_string(),
        details,
    }
}

/// The limit that the machine means. The names are its own; one that is not known here goes without details.
fn limit_of(what: &str) -> Option<Details> {
    let (of, most) = match what {
        "requests" => (Limit::Downloads, MAX_REQUESTS_PER_CLIENT),
        "downloads waiting" => (Limit::Waiting, MAX_WAITING),
        "files" => (Limit::Files, MAX_FILES_PER_SECONDARY),
        _ => return None,
    };
    let most = Some(most as u64);
    Some(Details::Limit { of, most })
}

/// The wire's code for a refusal.
fn code_of(refusal: &Refusal) -> ErrorCode {
    match refusal {
        Refusal::NumberInUse { .. } => ErrorCode::NumberInUse,
        Refusal::Replaced => ErrorCode::Stopping,
        Refusal::Silent => ErrorCode::TimedOut,
        Refusal::NotEnrolled => ErrorCode::NotEnrolled,
        Refusal::NotReady { .. } => ErrorCode::NotReady,
        Refusal::NotFound(_) => ErrorCode::NotFound,
        Refusal::TooMany(_) => ErrorCode::LimitExceeded,
        Refusal::WrongRole(_) => ErrorCode::BadMessage,
        Refusal::Expelled => ErrorCode::Expelled,
    }
}
