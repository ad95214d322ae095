//! Connections to other nodes: why there is none, and who was refused for what.

use super::{coded, security, spoken, system, t, units::bytes};
use crate::{
    cli::names,
    model::{
        Limit,
        limits::{
            HELLO_TIMEOUT, IDLE_TIMEOUT, LEAST_TAKEN_BYTES, MAX_ACCOUNT_NAME_CHARS, MAX_LINE_BYTES,
            MAX_QUEUED_REQUESTS, NAME_RESTS, PROTOCOL, SEND_STALL_TIMEOUT,
        },
    },
    node::{Lost, Refused, Stranger, rules::discovery::Unannounced},
    proto::{ErrorCode, Said, legacy::MAX_LEGACY_PART_BYTES, said::Details},
};

/// Why there is no connection to the central.
pub fn lost(lost: &Lost) -> String {
    match lost {
        Lost::UnknownHost { host, .. } => t!("lost-unknown-host", host = host),
        Lost::NoInterface { host, zone } => t!("lost-no-interface", host = host, zone = zone),
        Lost::NoAnswer(address) => t!("lost-no-answer", address = address),
        Lost::Unreachable { address, why } => {
            t!("lost-unreachable", address = address, why = why)
        }
        Lost::NoHello { host, port } => t!("lost-no-hello", place = place(host, *port)),
        Lost::ClosedEarly { host, port } => t!("lost-closed-early", place = place(host, *port)),
        Lost::Stranger { host, port, who } => stranger(who, &place(host, *port)),
        Lost::OtherProtocol { theirs } => other_protocol(*theirs),
        Lost::Outdated {
            host,
            port,
            outdated,
        } => coded(
            &t!("lost-outdated", place = place(host, *port)),
            outdated.code(),
        ),
        Lost::OtherCluster { host, port, other } => coded(
            &t!("lost-other-cluster", place = place(host, *port)),
            other.code(),
        ),
        Lost::Unannounced(unannounced) => {
            coded(&self::unannounced(unannounced), unannounced.code())
        }
        Lost::NotListening(why) => t!("lost-not-listening", why = why),
        Lost::Moved(address) => t!("lost-moved", address = address),
        Lost::NotAMessage(_) => t!("lost-not-a-message"),
        Lost::LineTooLong => t!("lost-line-too-long"),
        Lost::Closed => t!("lost-closed"),
        Lost::Cut => t!("lost-cut"),
        Lost::Failed(why) => system::error(why),
        Lost::Silent => t!("lost-silent"),
        Lost::Stops => t!("lost-stops"),
        Lost::NoRandomness => t!("no-randomness"),
        Lost::Stopped => t!("lost-stopped"),
        Lost::Refused { code, message } => refusal(*code, message),
    }
}

/// Why nobody is found who announces itself.
fn unannounced(unannounced: &Unannounced) -> String {
    match unannounced {
        Unannounced::Nobody { group: None } => t!("lost-nobody-announced"),
        Unannounced::Nobody { group: Some(group) } => {
            t!("lost-nobody-announced-of", group = group)
        }
        Unannounced::Several { names } => {
            t!("lost-several-clusters", names = names.join(", "))
        }
    }
}

fn place(host: &str, port: u16) -> String {
    // As an address of IPv6 is written with a port.
    if host.contains(':') {
        format!("[{host}]:{port}")
    } else {
        format!("{host}:{port}")
    }
}

fn stranger(who: &Stranger, place: &str) -> String {
    match who {
        Stranger::Secondary(number) => {
            t!("lost-secondary-there", place = place, number = number)
        }
        Stranger::SomeSecondary => t!("lost-some-secondary-there", place = place),
        Stranger::Central | Stranger::Client | Stranger::Other(_) => {
            t!("lost-stranger", place = place)
        }
    }
}

fn other_protocol(theirs: u32) -> String {
    t!(
        "other-protocol",
        theirs = theirs.to_string(),
        ours = PROTOCOL.to_string()
    )
}

/// A central's refusal, by its code and the values that came with it. The central's own words are only logged; they are
/// quoted for a code of a newer version.
pub fn refusal(code: ErrorCode, said: &Said) -> String {
    let text = match code {
        ErrorCode::WrongProtocol => match &said.details {
            Some(Details::Protocol { version }) => other_protocol(*version),
            _ => t!("refused-protocol"),
        },
        ErrorCode::SecretRequired => t!("denied-secret-required"),
        ErrorCode::WrongSecret => t!("denied-wrong-secret"),
        ErrorCode::TlsRequired => t!("denied-tls-required"),
        ErrorCode::NoTls => t!("denied-not-tls"),
        ErrorCode::BadMessage => t!("refused-bad-message"),
        ErrorCode::LimitExceeded => limit(said.details.as_ref()),
        ErrorCode::NotEnrolled => t!("client-not-enrolled"),
        ErrorCode::NotReady => t!("refused-not-ready"),
        ErrorCode::NotFound => t!("refused-not-found"),
        ErrorCode::NoSource => t!("refused-no-source"),
        ErrorCode::NotAllowed => t!("refused-not-allowed"),
        ErrorCode::NumberInUse => match holder(said) {
            Some(address) => t!("refused-number-in-use-by", address = address),
            None => t!("refused-number-in-use"),
        },
        ErrorCode::NumberNotAllowed => match &said.details {
            Some(Details::Numbers { number, most }) => {
                t!("refused-number-above", number = number, most = most)
            }
            _ => t!("refused-number-not-allowed"),
        },
        ErrorCode::NoSuchContent => t!("refused-no-such-content"),
        ErrorCode::FileChanged => t!("refused-file-changed"),
        ErrorCode::ReadFailed => t!("refused-read-failed"),
        ErrorCode::NotActive => match &said.details {
            Some(Details::Active {
                ip: Some(ip),
                port: Some(port),
                ..
            }) => t!(
                "refused-not-active-but",
                address = std::net::SocketAddr::new(*ip, *port)
            ),
            _ => t!("refused-not-active"),
        },
        ErrorCode::Stopping => t!("refused-stopping"),
        ErrorCode::Expelled => t!("refused-expelled"),
        ErrorCode::NameTaken
        | ErrorCode::BadName
        | ErrorCode::RegistrationClosed
        | ErrorCode::NotConnected
        | ErrorCode::UnknownAccount
        | ErrorCode::WrongKey
        | ErrorCode::NameRegistered
        | ErrorCode::NotInRoom
        | ErrorCode::NotYours
        | ErrorCode::Oneself
        | ErrorCode::TooFast
        | ErrorCode::AdministratorRequired => of_account(code),
        ErrorCode::TimedOut => t!("refused-timed-out"),
        ErrorCode::Internal => t!("refused-internal"),
        ErrorCode::Unknown => t!("refused-unknown", words = said.message),
    };
    coded(&text, code.code())
}

/// The same of what is about accounts.
fn of_account(code: ErrorCode) -> String {
    match code {
        ErrorCode::NameTaken => t!("refused-name-taken", days = NAME_RESTS.as_secs() / 86400),
        ErrorCode::BadName => t!("refused-bad-name", most = MAX_ACCOUNT_NAME_CHARS),
        ErrorCode::RegistrationClosed => t!("refused-registration-closed"),
        ErrorCode::NotConnected => {
            t!(
                "refused-not-connected",
                connect = spoken::command("CONECTAR")
            )
        }
        ErrorCode::UnknownAccount => {
            t!(
                "refused-unknown-account",
                register = spoken::command("REGISTRAR")
            )
        }
        ErrorCode::WrongKey => t!(
            "refused-wrong-key",
            code = spoken::at_central("CUENTA"),
            connect = spoken::command("CONECTAR")
        ),
        ErrorCode::NameRegistered => {
            t!(
                "refused-name-registered",
                connect = spoken::command("CONECTAR")
            )
        }
        ErrorCode::NotInRoom => t!("refused-not-in-room", room = spoken::command("SALA")),
        ErrorCode::NotYours => t!("refused-not-yours"),
        ErrorCode::Oneself => t!("refused-oneself"),
        ErrorCode::TooFast => t!("refused-too-fast"),
        ErrorCode::AdministratorRequired => t!(
            "refused-administrator",
            flag = names::dashed("admin_contrasena_archivo")
        ),
        _ => t!("refused-internal"),
    }
}

/// Who has a number that is in use.
pub fn holder(said: &Said) -> Option<std::net::SocketAddr> {
    match said.details {
        Some(Details::Holder { ip, port }) => Some((ip, port).into()),
        _ => None,
    }
}

fn limit(details: Option<&Details>) -> String {
    let (of, most) = match details {
        Some(Details::Limit { of, most }) => (*of, *most),
        _ => (Limit::Unknown, None),
    };
    match (of, most) {
        (Limit::Connections, Some(most)) => t!("limit-connections", count = most),
        (Limit::Share, _) => t!("limit-share"),
        (Limit::Descriptors, _) => t!("limit-descriptors"),
        (Limit::Downloads, Some(most)) => t!("limit-downloads", count = most),
        (Limit::Waiting, Some(most)) => t!("limit-waiting", count = most),
        (Limit::Files, Some(most)) => t!("limit-files", count = most),
        (Limit::Folders, Some(most)) => t!("limit-folders", count = most),
        (Limit::Chunks, Some(most)) => t!("limit-chunks", count = most),
        (Limit::Published, Some(most)) => t!("limit-published", count = most),
        (Limit::Audience, Some(most)) => t!("limit-audience", count = most),
        (Limit::Accounts, Some(most)) => t!("limit-accounts", count = most),
        (Limit::Registrations, Some(most)) => t!("limit-registrations", count = most),
        (Limit::Rooms, Some(most)) => t!("limit-rooms", count = most),
        (Limit::RoomPeople, Some(most)) => t!("limit-room-people", count = most),
        (Limit::Channels, Some(most)) => t!("limit-channels", count = most),
        (Limit::Jobs, Some(most)) => t!("limit-jobs", count = most),
        (Limit::Devices, Some(most)) => t!("limit-devices", count = most),
        (
            Limit::Connections
            | Limit::Downloads
            | Limit::Waiting
            | Limit::Files
            | Limit::Folders
            | Limit::Chunks
            | Limit::Published
            | Limit::Audience
            | Limit::Accounts
            | Limit::Registrations
            | Limit::Devices
            | Limit::Rooms
            | Limit::RoomPeople
            | Limit::Channels
            | Limit::Jobs
            | Limit::Unknown,
            _,
        ) => t!("limit-other"),
    }
}

/// Why this server refused somebody.
pub fn refused(reason: &Refused) -> String {
    match reason {
        Refused::SaysNothing => t!("peer-says-nothing", seconds = HELLO_TIMEOUT.as_secs()),
        Refused::Silent => t!("peer-silent"),
        Refused::Idle => t!("peer-idle", seconds = IDLE_TIMEOUT.as_secs()),
        Refused::TakesTooLittle => t!(
            "peer-takes-too-little",
            size = bytes(LEAST_TAKEN_BYTES),
            seconds = SEND_STALL_TIMEOUT.as_secs()
        ),
        Refused::Tls(refusal) => t!("peer-tls", why = security::tls(refusal)),
        Refused::TlsBroken(why) => t!("peer-tls", why = why),
        Refused::NeedsTls => t!("peer-needs-tls"),
        Refused::HasNoTls => t!("peer-has-no-tls"),
        Refused::NeedsSecret => t!("peer-needs-secret"),
        Refused::OldInClosed => t!("peer-old-in-closed"),
        Refused::WrongSecret => t!("peer-wrong-secret"),
        Refused::NotAdministrator => t!("peer-not-administrator"),
        Refused::NotSigned => t!("peer-not-signed"),
        Refused::OtherProtocol { theirs } => t!(
            "peer-other-protocol",
            theirs = theirs.to_string(),
            ours = PROTOCOL.to_string()
        ),
        Refused::LineTooLong => t!("peer-line-too-long", size = bytes(MAX_LINE_BYTES as u64)),
        Refused::NotAMessage(_) => t!("peer-not-a-message"),
        Refused::Unexpected(_) => t!("peer-unexpected"),
        Refused::NumberTooHigh { number, most } => {
            t!("peer-number-too-high", number = number, most = most)
        }
        Refused::Nameless => t!("peer-nameless"),
        Refused::NoPermit { most } => t!("peer-no-place", count = most),
        Refused::GaveWay => t!("peer-gave-way"),
        Refused::NoDescriptor => t!("peer-no-descriptor"),
        Refused::TooManyChunks(chunk) => t!(
            "peer-too-many-chunks",
            chunk = chunk.to_string(),
            count = MAX_QUEUED_REQUESTS
        ),
        Refused::NoSuchChunks(chunk) => t!(
            "peer-no-such-chunks",
            chunk = chunk.to_string(),
            count = MAX_QUEUED_REQUESTS
        ),
        Refused::NotHeld(file) => t!("peer-not-held", file = file),
        Refused::Unreadable(error) => super::files::store(error),
        Refused::NoTicket => t!("peer-no-ticket"),
        Refused::Ticket(_) => t!("peer-ticket"),
        Refused::FileChanged(file) => t!("peer-file-changed", file = file),
        Refused::OthersTransfer(transfer) => {
            t!("peer-others-transfer", transfer = transfer.to_string())
        }
        Refused::Expelled => t!("peer-expelled"),
        Refused::Stopping => t!("lost-stopped"),
        Refused::PartTooLarge { part, bytes: size } => t!(
            "peer-part-too-large",
            part = u32::from(*part),
            size = bytes(*size),
            most = bytes(MAX_LEGACY_PART_BYTES)
        ),
        Refused::ReceiverGone(why) => t!("peer-gone", why = why),
        Refused::Internal(why) => t!("peer-internal", why = why),
        Refused::NoRandomness => t!("no-randomness"),
    }
}
