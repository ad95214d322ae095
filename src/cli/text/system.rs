//! What the operating system says, in the chosen language: its own words are English, with numbers behind them.

use std::io::ErrorKind;

use rustix::io::Errno;

use super::t;
use crate::model::SystemError;

/// Why something failed. What has no words here is told by its number, and the system's own words are quoted.
pub fn error(error: &SystemError) -> String {
    let told = kind(error.kind()).or_else(|| error.number().and_then(number));
    match (told, error.number()) {
        (Some(text), _) => text,
        (None, Some(number)) => t!(
            "system-number",
            number = number.to_string(),
            words = error.words()
        ),
        (None, None) => t!("system-other", words = error.words()),
    }
}

/// The words of a kind of failure; none for those that are rare or not told apart.
fn kind(kind: ErrorKind) -> Option<String> {
    Some(match kind {
        ErrorKind::NotFound => t!("system-not-found"),
        ErrorKind::PermissionDenied => t!("system-denied"),
        ErrorKind::ConnectionRefused => t!("system-refused"),
        ErrorKind::ConnectionReset => t!("system-reset"),
        ErrorKind::ConnectionAborted => t!("system-aborted"),
        ErrorKind::NotConnected => t!("system-not-connected"),
        ErrorKind::AddrInUse => t!("system-in-use"),
        ErrorKind::AddrNotAvailable => t!("system-not-here"),
        ErrorKind::AlreadyExists => t!("system-exists"),
        ErrorKind::BrokenPipe => t!("system-closed"),
        ErrorKind::TimedOut => t!("system-timed-out"),
        ErrorKind::UnexpectedEof => t!("system-cut"),
        ErrorKind::HostUnreachable => t!("system-no-host"),
        ErrorKind::NetworkUnreachable => t!("system-no-network"),
        ErrorKind::NetworkDown => t!("system-network-down"),
        ErrorKind::StorageFull => t!("system-full"),
        ErrorKind::QuotaExceeded => t!("system-quota"),
        ErrorKind::FileTooLarge => t!("system-too-large"),
        ErrorKind::ReadOnlyFilesystem => t!("system-read-only"),
        ErrorKind::IsADirectory => t!("system-folder"),
        ErrorKind::NotADirectory => t!("system-no-folder"),
        ErrorKind::DirectoryNotEmpty => t!("system-not-empty"),
        ErrorKind::ResourceBusy | ErrorKind::ExecutableFileBusy | ErrorKind::WouldBlock => {
            t!("system-busy")
        }
        ErrorKind::Deadlock => t!("system-deadlock"),
        ErrorKind::StaleNetworkFileHandle => t!("system-stale"),
        ErrorKind::InvalidData => t!("system-data"),
        ErrorKind::InvalidFilename => t!("system-name"),
        ErrorKind::Unsupported => t!("system-unsupported"),
        ErrorKind::OutOfMemory => t!("system-memory"),
        ErrorKind::Interrupted => t!("interrupted"),
        _ => return None,
    })
}

/// The words of a number that is of no kind.
fn number(number: i32) -> Option<String> {
    if !(1..4096).contains(&number) {
        return None;
    }
    Some(match Errno::from_raw_os_error(number) {
        Errno::IO => t!("system-io"),
        Errno::MFILE | Errno::NFILE => t!("system-descriptors"),
        Errno::NOBUFS | Errno::NOMEM => t!("system-memory"),
        Errno::AFNOSUPPORT | Errno::PROTONOSUPPORT => t!("system-family"),
        Errno::NODEV | Errno::NXIO => t!("system-device"),
        Errno::LOOP => t!("system-loop"),
        Errno::NOTSUP => t!("system-unsupported"),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    #[test]
    fn reasons_are_told_in_the_chosen_language() {
        let of_number = |number| error(&io::Error::from_raw_os_error(number).into());
        for (number, told) in [
            (111, "nadie escucha ahí"),
            (113, "no se llega a esa máquina"),
            (5, "error de lectura o escritura del disco"),
            (24, "demasiados ficheros abiertos"),
            (4000, "error 4000 del sistema: «Unknown error 4000»"),
        ] {
            assert_eq!(of_number(number), told);
        }
        assert_eq!(
            error(&io::Error::other("some words").into()),
            "otro error: «some words»"
        );
        assert_eq!(error(&ErrorKind::TimedOut.into()), "no contesta a tiempo");
    }

    /// What the system says most often has words of its own, whatever the number.
    #[test]
    fn common_numbers_have_words() {
        let common = [
            1, 2, 4, 5, 6, 11, 12, 13, 16, 17, 19, 20, 21, 23, 24, 26, 27, 28, 30, 32, 35, 36, 39,
            40, 93, 95, 97, 98, 99, 100, 101, 103, 104, 105, 107, 110, 111, 113, 116, 122,
        ];
        for number in common {
            let told = error(&io::Error::from_raw_os_error(number).into());
            assert!(!told.contains('«'), "{number}: {told}");
        }
    }
}
