//! Why a node's end is not as it should be.

use crate::{model::error_codes, store::StoreError};

/// Why a node's end is not as it should be. It has ended all the same.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StopError {
    /// Its statistics could not be saved.
    #[error("statistics not saved: {0}")]
    Statistics(StoreError),
    /// Its task failed before it was told to stop.
    #[error("a part of the program failed")]
    Broken,
}

error_codes!(StopError, code {
    Self::Broken => "program-failed",
} in {
    Self::Statistics(error) => error.code(),
});

impl StopError {
    /// How a node ended whose task has been waited for.
    pub(super) fn of<E>(
        task: Result<Result<(), impl Into<StopError>>, E>,
    ) -> Result<(), StopError> {
        match task {
            Ok(saved) => saved.map_err(Into::into),
            Err(_) => Err(StopError::Broken),
        }
    }
}

impl From<StoreError> for StopError {
    fn from(error: StoreError) -> Self {
        Self::Statistics(error)
    }
}
