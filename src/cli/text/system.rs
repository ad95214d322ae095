//! What the operating system says, in the chosen language: its own words are English, with numbers behind them.

use std::io::{Error, ErrorKind};

use super::t;

/// Why something failed; the system's own words where there are no others.
pub fn error(error: &Error) -> String {
    match kind(error.kind()) {
        Some(text) => text,
        None => error.to_string(),
    }
}

/// The words of a kind of failure.
pub fn kind(kind: ErrorKind) -> Option<String> {
    Some(match kind {
        ErrorKind::NotFound => t!("system-not-found"),
        ErrorKind::PermissionDenied => t!("system-denied"),
        ErrorKind::ConnectionRefused => t!("system-refused"),
        ErrorKind::ConnectionReset => t!("system-reset"),
        ErrorKind::ConnectionAborted => t!("system-aborted"),
        ErrorKind::NotConnected => t!("system-not-connected"),
        ErrorKind::AddrInUse => t!("system-in-use"),
        ErrorKind::AddrNotAvailable => t!("system-not-here"),
        ErrorKind::BrokenPipe => t!("system-closed"),
        ErrorKind::TimedOut => t!("system-timed-out"),
        ErrorKind::UnexpectedEof => t!("system-cut"),
        ErrorKind::HostUnreachable => t!("system-no-host"),
        ErrorKind::NetworkUnreachable => t!("system-no-network"),
        ErrorKind::NetworkDown => t!("system-network-down"),
        ErrorKind::StorageFull => t!("system-full"),
        ErrorKind::ReadOnlyFilesystem => t!("system-read-only"),
        ErrorKind::IsADirectory => t!("system-folder"),
        ErrorKind::NotADirectory => t!("system-no-folder"),
        ErrorKind::InvalidData => t!("system-data"),
        _ => return None,
    })
}

/// Words for a phrase.
type Words = fn() -> String;

/// What nodes say of connections to each other, at the end of a reason.
const OURS: &[(&str, Words)] = &[
    ("no answer", || t!("link-no-answer")),
    ("no hello", || t!("link-no-hello")),
    ("closed", || t!("link-closed")),
    ("closed before hello", || t!("link-closed-early")),
    ("silent", || t!("link-silent")),
    ("the central stops", || t!("link-stops")),
    ("the connection ended in the middle of a message", || {
        t!("system-cut")
    }),
];

/// A reason of the layers below in the chosen language. What the system said ends with its number, by which it is
/// known; what else is not known stays as it is.
pub fn reason(text: &str) -> String {
    let (head, last) = match text.rsplit_once(": ") {
        Some((head, last)) => (format!("{head}: "), last),
        None => (String::new(), text),
    };
    let ours = OURS.iter().find(|(phrase, _)| *phrase == last);
    let told = match ours {
        Some((_, words)) => Some(words()),
        None => number(last).and_then(|number| kind(Error::from_raw_os_error(number).kind())),
    };
    told.map_or_else(|| text.to_owned(), |told| format!("{head}{told}"))
}

/// The number in `Connection refused (os error 111)`.
fn number(text: &str) -> Option<i32> {
    let (_, rest) = text.rsplit_once("(os error ")?;
    rest.strip_suffix(')')?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_are_told_in_the_chosen_language() {
        for (text, told) in [
            (
                "127.0.0.1:7: Connection refused (os error 111)",
                "127.0.0.1:7: nadie escucha ahí",
            ),
            ("10.0.0.1:7: no answer", "10.0.0.1:7: no contesta"),
            ("closed", "se cerró la conexión"),
            ("something else", "something else"),
            ("x (os error y)", "x (os error y)"),
        ] {
            assert_eq!(reason(text), told);
        }
    }
}
