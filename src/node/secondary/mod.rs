//! A secondary.

mod api;

pub use api::{
    NoLongerServing, RunningKind, RunningTransfer, SecondaryConfig, SecondaryEvent, SecondaryHandle,
};

/// Starts it; its events go to `events`, which must be drained.
///
/// # Errors
/// See [`super::StartError`].
pub async fn start(
    config: SecondaryConfig,
    events: tokio::sync::mpsc::Sender<SecondaryEvent>,
) -> Result<SecondaryHandle, super::StartError> {
    let _ = (config, events);
    Err(super::StartError::Refused {
        message: "not built yet".into(),
    })
}
