//! The time as nodes see it: tokio's, which a test can stop, and let pass without waiting.

use std::time::Instant;

/// Now.
pub(super) fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}
