//! Why a transfer came to nothing.

use crate::{
    engine::download::FailReason,
    model::{EndReason, error_codes},
    proto::{ErrorCode, Said},
    store::StoreError,
};

/// Why a download or a copy ended without the file.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Failure {
    /// No secondary could send it, or its digests are not right.
    #[error(transparent)]
    Sources(FailReason),
    /// This side's disk.
    #[error(transparent)]
    Store(StoreError),
    /// The central refused.
    #[error("{message}")]
    Refused {
        /// For programs.
        code: ErrorCode,
        /// The central's words and values.
        message: Said,
    },
    /// A fault of this program: a task or a thread of it ended in the middle of its work, or could not be had.
    #[error("a part of the program failed")]
    Broken,
}

error_codes!(Failure, code {
    Self::Broken => "program-failed",
} in {
    Self::Sources(reason) => reason.code(),
    Self::Store(error) => error.code(),
    Self::Refused { code, .. } => code.code(),
});

impl Failure {
    /// What the central is told.
    pub fn for_the_central(&self) -> EndReason {
        EndReason {
            code: self.code().to_owned(),
            message: self.to_string(),
        }
    }
}

/// What became of a transfer elsewhere, as its receiver told the central.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ToldFailure {
    /// See [`FailReason::NoSources`].
    NoSources,
    /// See [`FailReason::WrongManifest`].
    WrongManifest,
    /// See [`StoreError`]: which of its codes.
    Disk(DiskTrouble),
    /// See [`Failure::Refused`].
    Refused(ErrorCode),
    /// See [`Failure::Broken`].
    Broken,
    /// Anything that this version does not know, in the other side's words.
    Other(String),
}

/// The kinds of [`StoreError`], and trouble with the disk that is not said more precisely.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DiskTrouble {
    /// See [`StoreError::NotFound`].
    NotFound,
    /// See [`StoreError::Denied`].
    Denied,
    /// See [`StoreError::ReadOnly`].
    ReadOnly,
    /// See [`StoreError::DiskFull`].
    Full,
    /// See [`StoreError::NotADirectory`].
    NotADirectory,
    /// See [`StoreError::Exists`].
    Exists,
    /// See [`StoreError::Busy`].
    Busy,
    /// See [`StoreError::Changed`].
    Changed,
    /// See [`StoreError::TooLarge`].
    TooLarge,
    /// See [`StoreError::NoDescriptor`].
    NoDescriptor,
    /// See [`StoreError::NotAFile`].
    NotAFile,
    /// See [`StoreError::Link`].
    Link,
    /// It is below a disk that is not there.
    Away,
    /// See [`StoreError::Other`] and [`FailReason::Local`].
    Failed,
}

impl DiskTrouble {
    fn of(code: &str) -> Option<Self> {
        Some(match code {
            "path-not-found" => Self::NotFound,
            "permission-denied" => Self::Denied,
            "read-only-disk" => Self::ReadOnly,
            "disk-full" => Self::Full,
            "not-a-folder" => Self::NotADirectory,
            "other-content-there" => Self::Exists,
            "file-busy" => Self::Busy,
            "file-changed" => Self::Changed,
            "file-too-large" => Self::TooLarge,
            "too-many-open-files" => Self::NoDescriptor,
            "not-a-file" => Self::NotAFile,
            "link-not-followed" => Self::Link,
            "disk-away" => Self::Away,
            "disk-failed" | "local-disk" => Self::Failed,
            _ => return None,
        })
    }
}

impl ToldFailure {
    /// Reads what [`Failure::for_the_central`] says, in this version or another.
    pub fn read(told: &EndReason) -> Self {
        let code = &*told.code;
        match code {
            "no-sources" => return Self::NoSources,
            "wrong-manifest" => return Self::WrongManifest,
            "program-failed" => return Self::Broken,
            _ => {}
        }
        if let Some(trouble) = DiskTrouble::of(code) {
            return Self::Disk(trouble);
        }
        match ErrorCode::of(code) {
            ErrorCode::Unknown => Self::Other(told.message.clone()),
            known => Self::Refused(known),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{path::PathBuf, time::Duration};

    use super::*;

    #[test]
    fn what_the_central_is_told_it_understands() {
        let waited = Duration::from_secs(60);
        let full = Failure::Store(StoreError::DiskFull(PathBuf::from("/a: b")));
        let refused = Failure::Refused {
            code: ErrorCode::NotFound,
            message: "no such: file".to_owned().into(),
        };
        for (failure, told) in [
            (
                Failure::Sources(FailReason::NoSources { waited }),
                ToldFailure::NoSources,
            ),
            (full, ToldFailure::Disk(DiskTrouble::Full)),
            (refused, ToldFailure::Refused(ErrorCode::NotFound)),
        ] {
            assert_eq!(ToldFailure::read(&failure.for_the_central()), told);
        }
        let newer = EndReason {
            code: "on-fire".to_owned(),
            message: "of a newer version".to_owned(),
        };
        let words = newer.message.clone();
        assert_eq!(ToldFailure::read(&newer), ToldFailure::Other(words));
    }

    #[test]
    fn no_code_of_a_failure_is_forgotten() {
        let codes = FailReason::CODES
            .iter()
            .chain(StoreError::CODES)
            .chain(Failure::CODES)
            .chain(ErrorCode::CODES);
        for code in codes.filter(|code| **code != "unknown") {
            let told = ToldFailure::read(&EndReason {
                code: (*code).to_owned(),
                message: String::new(),
            });
            assert!(!matches!(told, ToldFailure::Other(_)), "{code}");
        }
    }
}
