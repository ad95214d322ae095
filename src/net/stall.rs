//! A limit on how long the other side may keep us waiting.

use std::{io, time::Duration};

use tokio::time::timeout;

/// What the attempt gives, or `TimedOut` when it takes too long.
pub(super) async fn unless_stalled<T>(
    limit: Duration,
    attempt: impl Future<Output = io::Result<T>>,
) -> io::Result<T> {
    match timeout(limit, attempt).await {
        Ok(result) => result,
        Err(_) => Err(io::ErrorKind::TimedOut.into()),
    }
}
