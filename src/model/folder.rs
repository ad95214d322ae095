//! What can be said of a served folder: what a look at it finds, why a file is not served, who writes to it, why it was
//! set aside.

use std::{collections::BTreeMap, time::Duration};

use serde::{Deserialize, Serialize};

use super::{FileName, FileNameError, Seen, SystemError, error_codes};

/// What one look at a folder found.
#[derive(Clone, Debug, Default)]
pub struct Look {
    /// Files that can be served.
    pub files: BTreeMap<FileName, Seen>,
    /// The device of each folder, by its path below the root. The root is "".
    pub devices: BTreeMap<String, u64>,
    /// Folders whose disks are away, none below another. What lies there now is not the disk's.
    pub away: Vec<FileName>,
    /// Paths that are not served, and why.
    pub ignored: BTreeMap<String, IgnoredReason>,
    /// How much of it could be read.
    pub extent: Extent,
    /// There is something to be seen after this long.
    pub again: Option<Duration>,
}

/// How much of a folder a look could read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Extent {
    /// All of it.
    #[default]
    Whole,
    /// Not what is below those of the ignored paths that are folders: it may still be there.
    Partial,
}

/// Why something in a folder is not served.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IgnoredReason {
    /// Its name is not text.
    #[error("its name is not UTF-8")]
    NotUtf8,
    /// Its name is not one that can be asked for.
    #[error(transparent)]
    Name(FileNameError),
    /// Its name would be that of a file that somebody publishes.
    #[error("names that begin with @ are those of published files")]
    Published,
    /// A symbolic link.
    #[error("a symbolic link")]
    Symlink,
    /// A device, a socket, a pipe.
    #[error("not a regular file")]
    NotAFile,
    /// Below too many folders.
    #[error("below too many folders")]
    TooDeep,
    /// Longer than any file may be.
    #[error("too large")]
    TooLarge,
    /// More files than one secondary may have.
    #[error("too many files")]
    TooMany,
    /// The operating system does not let it be read.
    #[error("{0}")]
    Unreadable(SystemError),
}

error_codes!(IgnoredReason, code {
    Self::NotUtf8 => "name-not-utf8",
    Self::Published => "name-published",
    Self::Symlink => "symbolic-link",
    Self::NotAFile => "not-a-file",
    Self::TooDeep => "too-deep",
    Self::TooLarge => "file-too-large",
    Self::TooMany => "too-many-files",
    Self::Unreadable(_) => "file-unreadable",
} in {
    Self::Name(error) => error.code(),
});

/// A process that can write into a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Writer {
    /// Its number.
    pub process: u32,
    /// What it calls itself; no control characters.
    pub program: String,
}

/// What a chunk is on the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// What it should be.
    Right,
    /// Something else, or the disk cannot read it.
    Wrong,
    /// The file changed, or cannot be read for a reason of another kind.
    Unclear,
}

/// Why a file was set aside.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RetiredReason {
    /// It was deleted at another secondary.
    Deleted,
    /// A newer version has its name.
    Replaced,
    /// Somebody decided for another content of the name.
    Resolved,
    /// The disk had altered it.
    Damaged,
}
