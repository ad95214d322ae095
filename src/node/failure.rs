//! Why a transfer came to nothing.

use crate::{
    engine::download::FailReason, model::error_codes, proto::ErrorCode, store::StoreError,
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
        /// For people.
        message: String,
    },
}

error_codes!(Failure, code {} in {
    Self::Sources(reason) => reason.code(),
    Self::Store(error) => error.code(),
    Self::Refused { code, .. } => code.code(),
});
