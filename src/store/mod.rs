//! Blocking file access.

/// Placeholder until the store lands.
#[derive(Debug, thiserror::Error)]
#[error("store")]
pub struct StoreError;
