//! The time as nodes see it: tokio's, which a test can stop, and let pass without waiting.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

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

/// A clock that goes on while the machine is suspended: leases do, too.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BootClock {
    base: std::time::Instant,
    at: Duration,
}

impl BootClock {
    pub(crate) fn new() -> Self {
        Self {
            base: now(),
            at: since_boot(),
        }
    }

    pub(crate) fn now(&self) -> std::time::Instant {
        self.base + since_boot().saturating_sub(self.at)
    }
}

fn since_boot() -> Duration {
    let at = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
    let seconds = u64::try_from(at.tv_sec).unwrap_or(0);
    Duration::new(seconds, u32::try_from(at.tv_nsec).unwrap_or(0))
}
