//! Errors: what is wrong, with the value, and what to do about it.

use std::path::Path;

use super::{links, security, system, t, units::bytes};
use crate::{
    model::{FileNameError, IgnoredReason, SystemError},
    node::{StartError, StatisticsTrouble, StopError, client::ClientError},
    store::{Damage, StoreError},
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
        StartError::NoSuchHost {
            host,
            zone: Some(zone),
        } => t!("lost-no-interface", host = host, zone = zone),
        StartError::NoSuchHost { host, zone: None } => t!("start-no-such-host", host = host),
        StartError::PortDenied(address) => t!("start-port-denied", address = address),
        StartError::Listen { address, source } => {
            t!("start-listen", address = address, why = source)
        }
        StartError::NumberInUse { number, message } => match links::holder(message) {
            Some(address) => t!("start-number-in-use-by", number = number, address = address),
            None => t!("start-number-in-use", number = number),
        },
        StartError::Refused(lost) => t!("start-refused", why = links::lost(lost)),
        // These have their own.
        StartError::Denied(denied) => return security::denied(denied),
        StartError::Store(error) => return store(error),
    };
    coded(&text, error.code())
}

/// Why a node's end is not as it should be.
pub fn stop(error: &StopError) -> String {
    match error {
        StopError::Statistics(error) => t!("error-statistics-not-saved", why = store(error)),
        StopError::Broken => t!("error", why = coded(&t!("program-failed"), error.code())),
    }
}

/// Trouble with a file or folder.
pub fn store(error: &StoreError) -> String {
    let path = error.path();
    let text = match error {
        StoreError::NotFound(path) if is_nowhere(path) => t!("store-nowhere", path = path),
        StoreError::NotFound(_) => t!("store-not-found", path = path),
        StoreError::Denied(_) => t!("store-denied", path = path),
        StoreError::DiskAway(_) => t!("store-disk-away", path = path),
        StoreError::ReadOnly(_) => t!("store-read-only", path = path),
        StoreError::DiskFull(_) => t!("store-full", path = path),
        StoreError::NotADirectory(_) => t!("store-not-folder", path = path),
        StoreError::Exists(_) => t!("store-exists", path = path),
        StoreError::Busy(_) => t!("store-busy", path = path),
        StoreError::Changed(_) => t!("store-changed", path = path),
        StoreError::TooLarge(_) => t!("store-too-large", path = path),
        StoreError::NoDescriptor(_) => t!("store-no-descriptor", path = path),
        StoreError::NotAFile(_) => t!("store-not-a-file", path = path),
        StoreError::Link(_) => t!("store-link", path = path),
        StoreError::Other { why, .. } => t!("store-other", path = path, why = why),
    };
    coded(&text, error.code())
}

/// A path is below the working folder, which somebody has removed.
fn is_nowhere(path: &Path) -> bool {
    path.is_relative() && std::env::current_dir().is_err()
}

/// Trouble with a statistics file.
pub fn statistics(trouble: &StatisticsTrouble) -> String {
    match trouble {
        StatisticsTrouble::SetAside { path, to, damage } => {
            let why = self::damage(damage);
            t!("statistics-set-aside", path = path, why = why, to = to)
        }
        StatisticsTrouble::InUse { path, instead } => {
            t!("statistics-in-use", path = path, instead = instead)
        }
        StatisticsTrouble::Failed(error) => t!("statistics-failed", why = store(error)),
    }
}

/// An error with what led to it. Causes of ours are told in the chosen language already; the system's are here.
pub fn chain(error: &anyhow::Error) -> String {
    let told = error.chain().map(|cause| match cause.downcast_ref() {
        Some(error) => system::error(&SystemError::from(error as &std::io::Error)),
        None => cause.to_string(),
    });
    told.collect::<Vec<_>>().join(": ")
}

/// What is wrong with a file of this program's.
fn damage(damage: &Damage) -> String {
    match damage {
        Damage::TooLarge { bytes: size } => t!("damage-too-large", size = bytes(*size)),
        Damage::Cut { line, column } => t!(
            "damage-cut",
            line = line.to_string(),
            column = column.to_string()
        ),
        Damage::Syntax { line, column } => t!(
            "damage-syntax",
            line = line.to_string(),
            column = column.to_string()
        ),
        Damage::Content { line: 0, .. } => t!("damage-content"),
        Damage::Content { line, column, .. } => {
            t!(
                "damage-content-at",
                line = line.to_string(),
                column = column.to_string()
            )
        }
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
        IgnoredReason::Unreadable(why) => t!("ignored-unreadable", why = why),
    }
}

/// Why a name is none of a file's.
pub fn file_name(error: &FileNameError) -> String {
    match error {
        FileNameError::EmptyComponent => t!("bad-name-component"),
        FileNameError::Dot => t!("bad-name-dot"),
        FileNameError::Forbidden(c) => t!("bad-name-character", character = c.to_string()),
        FileNameError::Reserved => t!("bad-name-reserved"),
        FileNameError::TooLong => t!("bad-name-too-long"),
    }
}

/// Why a request of a client came to nothing.
pub fn client(error: &ClientError) -> String {
    let text = match error {
        ClientError::NotEnrolled => t!("client-not-enrolled"),
        ClientError::NotReady => t!("client-not-ready"),
        ClientError::NotFound => t!("client-not-found"),
        ClientError::Unreachable(lost) => t!("client-unreachable", why = links::lost(lost)),
        // These have their own.
        ClientError::Denied(denied) => return security::denied(denied),
        ClientError::AlreadyRunning(number) => t!("client-running", number = number),
        ClientError::Refused { code, message } => return links::refusal(*code, message),
        ClientError::NoSuchDownload(number) => {
            t!("no-download", which = number.0.to_string())
        }
        ClientError::NoLocalFile(file) => t!("no-local-file", name = file),
        ClientError::Stopped => t!("client-stopped"),
    };
    coded(&text, error.code())
}
