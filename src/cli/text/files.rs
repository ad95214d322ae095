//! Trouble with files and folders, and with their names.

use std::path::Path;

use super::{coded, spoken, t};
use crate::{
    model::{FileNameError, IgnoredReason},
    store::StoreError,
};

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
        StoreError::Exists(_) => t!(
            "store-exists",
            path = path,
            verify = spoken::command("VERIFICAR")
        ),
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

/// Why something in a served folder is not served.
pub fn ignored(reason: &IgnoredReason) -> String {
    match reason {
        IgnoredReason::NotUtf8 => t!("ignored-not-utf8"),
        IgnoredReason::Name(error) => t!("ignored-name", why = file_name(error)),
        IgnoredReason::Published => t!("ignored-published"),
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
        FileNameError::Forbidden('\n') => t!("bad-name-line-feed"),
        FileNameError::Forbidden(c) => t!("bad-name-character", character = c.to_string()),
        FileNameError::Reserved => t!("bad-name-reserved"),
        FileNameError::TooLong => t!("bad-name-too-long"),
    }
}
