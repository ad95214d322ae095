//! The central.

mod api;

pub use api::{CentralConfig, CentralHandle, DownloadCount, Stopped};

pub use crate::engine::cluster::{DownReason, Notice as CentralEvent};

/// Starts it; its events go to `events`, which must be drained.
///
/// # Errors
/// See [`super::StartError`].
pub async fn start(
    config: CentralConfig,
    events: tokio::sync::mpsc::Sender<CentralEvent>,
) -> Result<CentralHandle, super::StartError> {
    let _ = (config, events);
    Err(super::StartError::Refused {
        message: "not built yet".into(),
    })
}
