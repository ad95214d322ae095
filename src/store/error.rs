//! What can go wrong with a file, sorted by what a person can do about it.

use std::{
    io,
    path::{Path, PathBuf},
};

use crate::model::{RemoteError, SystemError, error_codes};

/// Why a file or folder could not be used. Every variant names it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// It is not there.
    #[error("{}: not found", .0.display())]
    NotFound(PathBuf),
    /// This user may not read or write it.
    #[error("{}: permission denied", .0.display())]
    Denied(PathBuf),
    /// It is on a file system that is mounted read-only.
    #[error("{}: read-only file system", .0.display())]
    ReadOnly(PathBuf),
    /// No space or no quota is left.
    #[error("{}: no space left on the disk", .0.display())]
    DiskFull(PathBuf),
    /// A folder was expected.
    #[error("{}: not a folder", .0.display())]
    NotADirectory(PathBuf),
    /// A file with other content has the name, and was not to be overwritten.
    #[error("{}: exists with other content", .0.display())]
    Exists(PathBuf),
    /// Another process is working on it.
    #[error("{}: in use by another process", .0.display())]
    Busy(PathBuf),
    /// It is no longer the file that was indexed.
    #[error("{}: changed while in use", .0.display())]
    Changed(PathBuf),
    /// It is larger than the file system or this program allows.
    #[error("{}: too large", .0.display())]
    TooLarge(PathBuf),
    /// This process, or the machine, has no file descriptor left. Says nothing of the file.
    #[error("{}: too many open files", .0.display())]
    NoDescriptor(PathBuf),
    /// Its name belongs to something that is not a regular file.
    #[error("{}: not a regular file", .0.display())]
    NotAFile(PathBuf),
    /// A symbolic link has its name, or leads out of the folder above it.
    #[error("{}: a symbolic link, which is not followed", .0.display())]
    Link(PathBuf),
    /// The disk that was mounted there, or above, is not.
    #[error("{}: its disk is not mounted", .0.display())]
    DiskAway(PathBuf),
    /// The object store that it lies in.
    #[error("{}: {why}", path.display())]
    Remote {
        /// The bucket, or the object.
        path: PathBuf,
        /// What is wrong with the store.
        why: RemoteError,
    },
    /// Anything else that the operating system says.
    #[error("{}: {why}", path.display())]
    Other {
        /// The file or folder.
        path: PathBuf,
        /// What it says.
        why: SystemError,
    },
}

error_codes!(StoreError, code {
    Self::NotFound(_) => "path-not-found",
    Self::Denied(_) => "permission-denied",
    Self::ReadOnly(_) => "read-only-disk",
    Self::DiskFull(_) => "disk-full",
    Self::NotADirectory(_) => "not-a-folder",
    Self::Exists(_) => "other-content-there",
    Self::Busy(_) => "file-busy",
    Self::Changed(_) => "file-changed",
    Self::TooLarge(_) => "file-too-large",
    Self::NoDescriptor(_) => "too-many-open-files",
    Self::NotAFile(_) => "not-a-file",
    Self::Link(_) => "link-not-followed",
    Self::DiskAway(_) => "disk-away",
    Self::Other { .. } => "disk-failed",
} in {
    Self::Remote { why, .. } => why.code(),
});

/// What is in an [`io::Error`] of ours where something else than a file was found; see [`StoreError::NotAFile`].
#[derive(Debug, thiserror::Error)]
#[error("not a regular file")]
pub(super) struct NotAFile;

/// The same where a symbolic link is not followed; see [`StoreError::Link`].
#[derive(Debug, thiserror::Error)]
#[error("a symbolic link, which is not followed")]
pub(super) struct IsALink;

/// A disk is not mounted where it was; see [`StoreError::DiskAway`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("its disk is not mounted")]
pub(super) struct DiskAway;

/// True when there are too many open files, in this process or on this machine.
pub(super) fn is_no_descriptor(error: &io::Error) -> bool {
    let errno = rustix::io::Errno::from_io_error(error);
    matches!(
        errno,
        Some(rustix::io::Errno::MFILE | rustix::io::Errno::NFILE)
    )
}

/// True for what a failing disk says, and file systems that check what they read.
pub fn is_damage(error: &io::Error) -> bool {
    use rustix::io::Errno;
    matches!(
        Errno::from_io_error(error),
        Some(
            Errno::IO
                | Errno::UCLEAN
                | Errno::BADMSG
                | Errno::NODATA
                | Errno::ILSEQ
                | Errno::REMOTEIO
        )
    )
}

impl StoreError {
    /// Sorts an operating system's error.
    pub fn new(path: &Path, error: &io::Error) -> Self {
        let path = path.to_owned();
        if is_no_descriptor(error) {
            return Self::NoDescriptor(path);
        }
        if error.get_ref().is_some_and(|own| own.is::<NotAFile>()) {
            return Self::NotAFile(path);
        }
        if error.get_ref().is_some_and(|own| own.is::<IsALink>()) {
            return Self::Link(path);
        }
        if error.get_ref().is_some_and(|own| own.is::<DiskAway>()) {
            return Self::DiskAway(path);
        }
        if rustix::io::Errno::from_io_error(error) == Some(rustix::io::Errno::LOOP) {
            return Self::Link(path);
        }
        match error.kind() {
            io::ErrorKind::NotFound => Self::NotFound(path),
            io::ErrorKind::PermissionDenied => Self::Denied(path),
            io::ErrorKind::ReadOnlyFilesystem => Self::ReadOnly(path),
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::DiskFull(path),
            io::ErrorKind::NotADirectory => Self::NotADirectory(path),
            io::ErrorKind::AlreadyExists => Self::Exists(path),
            io::ErrorKind::ResourceBusy | io::ErrorKind::WouldBlock => Self::Busy(path),
            io::ErrorKind::FileTooLarge => Self::TooLarge(path),
            _ => Self::Other {
                path,
                why: error.into(),
            },
        }
    }

    /// True when it says nothing of the file or folder, and may pass.
    pub fn says_nothing(&self) -> bool {
        match self {
            Self::NoDescriptor(_) => true,
            Self::Remote { why, .. } => why.may_pass(),
            Self::NotFound(_)
            | Self::Denied(_)
            | Self::ReadOnly(_)
            | Self::DiskFull(_)
            | Self::NotADirectory(_)
            | Self::Exists(_)
            | Self::Busy(_)
            | Self::Changed(_)
            | Self::TooLarge(_)
            | Self::NotAFile(_)
            | Self::Link(_)
            | Self::DiskAway(_)
            | Self::Other { .. } => false,
        }
    }

    /// The file or folder.
    pub fn path(&self) -> &Path {
        match self {
            Self::NotFound(path)
            | Self::Denied(path)
            | Self::ReadOnly(path)
            | Self::DiskFull(path)
            | Self::NotADirectory(path)
            | Self::Exists(path)
            | Self::Busy(path)
            | Self::Changed(path)
            | Self::TooLarge(path)
            | Self::NoDescriptor(path)
            | Self::NotAFile(path)
            | Self::Link(path)
            | Self::DiskAway(path)
            | Self::Remote { path, .. }
            | Self::Other { path, .. } => path,
        }
    }
}
