//! Why a diary cannot be used.

use std::path::PathBuf;

use crate::{model::error_codes, store::StoreError};

/// Why a diary cannot be used. Nothing of it was changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DiaryError {
    /// The file cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// It is another file.
    #[error("{}: no journal", .0.display())]
    Foreign(PathBuf),
    /// Its head is there and its segments are not, or the other way round.
    #[error("{}: a part of the journal is missing", .0.display())]
    Incomplete(PathBuf),
    /// It is of a later version of this program.
    #[error("{}: a journal of format {version}", path.display())]
    Later {
        /// The file.
        path: PathBuf,
        /// Its format.
        version: u32,
    },
    /// A record is damaged, and good ones follow: this is no write that was cut off.
    #[error("{}: damaged at byte {at}, after record {seq}; {follow} good records follow", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Where.
        at: u64,
        /// The last record before; 0 when not even the snapshot is good.
        seq: u64,
        /// How many good records come after.
        follow: u64,
    },
    /// A record that was written as it is cannot be understood.
    #[error("{}: record {seq} is not understood: {words}", path.display())]
    Content {
        /// The file.
        path: PathBuf,
        /// Which.
        seq: u64,
        /// Why, for logs.
        words: String,
    },
}

error_codes!(DiaryError, code {
    Self::Foreign(_) => "journal-foreign",
    Self::Incomplete(_) => "journal-incomplete",
    Self::Later { .. } => "journal-later",
    Self::Damaged { .. } => "journal-damaged",
    Self::Content { .. } => "journal-not-understood",
} in {
    Self::Store(error) => error.code(),
});
