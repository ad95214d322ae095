//! The time as nodes see it: tokio's, which a test can stop, and let pass without waiting.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// Now.
pub(super) fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}

/// Seconds since 1970, by this machine's clock.
pub fn wall_s() -> u64 {
    wall_ms() / 1000
}

/// The same in milliseconds.
pub(super) fn wall_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| {
        u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
    })
}
