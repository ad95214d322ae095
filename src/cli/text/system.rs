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
