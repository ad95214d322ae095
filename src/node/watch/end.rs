//! How reading ends before its end.

use std::time::Duration;

use crate::node::Failure;

/// How long a reader waits for a byte. Players give up after a minute, and ask again.
pub(super) const PATIENCE: Duration = Duration::from_secs(45);

/// Why no more bytes come to a reader. What came before is right; nothing may be taken for the whole.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum WatchEnd {
    /// The fetch was stopped.
    #[error("it was stopped")]
    Stopped,
    /// The fetch has failed.
    #[error("{0}")]
    Failed(Failure),
    /// Nothing has come for too long.
    #[error("nothing has come for {} s", PATIENCE.as_secs())]
    Stalled,
    /// This reader was sent away for another.
    #[error("another reader needed its place")]
    Displaced,
    /// The file was changed, or cannot be read any more.
    #[error("the file was changed while it was read")]
    Changed,
}
