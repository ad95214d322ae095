//! Errors: what is wrong, with the value, and what to do about it.

use super::{security, system, t};
use crate::{
    model::FileNameError,
    node::{StartError, StatisticsTrouble, client::ClientError},
    proto::ErrorCode,
    store::{StoreError, index::IgnoredReason},
};

/// A text with the code that docs/problemas.md explains.
pub(super) fn coded(text: &str, code: &str) -> String {
    format!("{text} [{code}]")
}

/// Why a program does not start.
pub fn start(error: &StartError) -> String {
    let text = match error {
        StartError::PortInUse(address) => {
            let port = address.port().to_string();
            t!("start-port-in-use", port = port, address = address)
        }
        StartError::NotLocal(ip) => t!("start-not-local", ip = ip),
        StartError::PortDenied(address) => t!("start-port-denied", address = address),
        StartError::Listen { address, source } => {
            t!("start-listen", address = address, why = source)
        }
        StartError::NumberInUse { number, message } => {
            t!("start-number-in-use", number = number, why = message)
        }
        StartError::Refused { message } => t!("start-refused", why = message),
        // These have their own.
        StartError::Denied(denied) => return security::denied(denied),
        StartError::Store(error) => return store(error),
    };
    coded(&text, error.code())
}

/// Trouble with a file or folder.
pub fn store(error: &StoreError) -> String {
    let path = error.path();
    let text = match error {
        StoreError::NotFound(_) => t!("store-not-found", path = path),
        StoreError::Denied(_) => t!("store-denied", path = path),
        StoreError::ReadOnly(_) => t!("store-read-only", path = path),
        StoreError::DiskFull(_) => t!("store-full", path = path),
        StoreError::NotADirectory(_) => t!("store-not-folder", path = path),
        StoreError::Exists(_) => t!("store-exists", path = path),
        StoreError::Busy(_) => t!("store-busy", path = path),
        StoreError::Changed(_) => t!("store-changed", path = path),
        StoreError::TooLarge(_) => t!("store-too-large", path = path),
        StoreError::NoDescriptor(_) => t!("store-no-descriptor", path = path),
        StoreError::Other { message, .. } => t!("store-other", path = path, why = message),
    };
    coded(&text, error.code())
}

/// Trouble with a statistics file.
pub fn statistics(trouble: &StatisticsTrouble) -> String {
    match trouble {
        StatisticsTrouble::SetAside { path, to, reason } => {
            t!("statistics-set-aside", path = path, why = reason, to = to)
        }
        StatisticsTrouble::Failed(error) => t!("statistics-failed", why = store(error)),
    }
}

/// Why something in a served folder is not served.
pub fn ignored(reason: &IgnoredReason) -> String {
    match reason {
        IgnoredReason::NotUtf8 => t!("ignored-not-utf8"),
        IgnoredReason::Name(error) => t!("ignored-name", why = file_name(error)),
        IgnoredReason::Symlink => t!("ignored-symlink"),
        IgnoredReason::NotAFile => t!("ignored-not-a-file"),
        IgnoredReason::TooDeep => t!("ignored-too-deep"),
        IgnoredReason::TooLarge => t!("ignored-too-large"),
        IgnoredReason::TooMany => t!("ignored-too-many"),
        IgnoredReason::Unreadable(error) => t!("ignored-unreadable", why = error.to_string()),
    }
}

/// Why a name is none of a file's.
pub fn file_name(error: &FileNameError) -> String {
    match error {
        FileNameError::EmptyComponent => t!("bad-name-component"),
        FileNameError::Dot => t!("bad-name-dot"),
        FileNameError::Forbidden(c) => t!("bad-name-character", character = format!("{c:?}")),
        FileNameError::Reserved => t!("bad-name-reserved"),
        FileNameError::TooLong => t!("bad-name-too-long"),
    }
}

/// A refusal of the central that has no words of its own.
pub fn refused(code: ErrorCode, message: &str) -> String {
    let text = match code {
        ErrorCode::NotReady => t!("refused-not-ready"),
        ErrorCode::NotFound => t!("refused-not-found"),
        ErrorCode::LimitExceeded => t!("refused-limit", why = message),
        ErrorCode::Expelled => t!("refused-expelled"),
        ErrorCode::SecretRequired
        | ErrorCode::WrongSecret
        | ErrorCode::TlsRequired
        | ErrorCode::NoTls
        | ErrorCode::WrongProtocol
        | ErrorCode::BadMessage
        | ErrorCode::NotEnrolled
        | ErrorCode::NumberInUse
        | ErrorCode::NumberNotAllowed
        | ErrorCode::NoSuchContent
        | ErrorCode::FileChanged
        | ErrorCode::ReadFailed
        | ErrorCode::Stopping
        | ErrorCode::TimedOut
        | ErrorCode::Internal
        | ErrorCode::Unknown => t!("refused-other", why = message),
    };
    coded(&text, code.code())
}

/// Why a request of a client came to nothing.
pub fn client(error: &ClientError) -> String {
    let text = match error {
        ClientError::NotEnrolled => t!("client-not-enrolled"),
        ClientError::NotReady => t!("client-not-ready"),
        ClientError::NotFound => t!("client-not-found"),
        ClientError::Unreachable(reason) => t!("client-unreachable", why = system::reason(reason)),
        // These have their own.
        ClientError::Denied(denied) => return security::denied(denied),
        ClientError::AlreadyRunning(number) => t!("client-running", number = number.0),
        ClientError::Refused { code, message } => return refused(*code, message),
        ClientError::NoSuchDownload(number) => {
            t!("no-download", which = number.0.to_string())
        }
        ClientError::NoLocalFile(file) => t!("no-local-file", name = file),
        ClientError::Stopped => t!("client-stopped"),
    };
    coded(&text, error.code())
}
