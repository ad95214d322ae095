//! When a peer was last heard. Its connection's reader notes it, and the owner looks at it, perhaps later, as it may be
//! busy with other peers.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use crate::node::clock;

/// Shared by a connection's reader and the owner.
#[derive(Clone, Debug)]
pub(super) struct Heard(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    began: Instant,
    /// Since `began`, in microseconds.
    arrived: AtomicU64,
    /// The reader waits for the owner, and reads nothing meanwhile.
    waits: AtomicBool,
}

impl Heard {
    /// For a connection that begins now.
    pub(super) fn new(now: Instant) -> Self {
        Self(Arc::new(Shared {
            began: now,
            arrived: AtomicU64::new(0),
            waits: AtomicBool::new(false),
        }))
    }

    /// Something arrived.
    pub(super) fn note(&self, now: Instant) {
        let since = now.saturating_duration_since(self.0.began).as_micros();
        let since = u64::try_from(since).unwrap_or(u64::MAX);
        self.0.arrived.fetch_max(since, Ordering::Relaxed);
    }

    /// Waits until the owner has taken something. A peer does not count as silent while the owner is busy.
    pub(super) async fn unread<T>(&self, takes: impl Future<Output = T>) -> T {
        self.0.waits.store(true, Ordering::Relaxed);
        let taken = takes.await;
        self.note(clock::now());
        self.0.waits.store(false, Ordering::Relaxed);
        taken
    }

    /// The last moment at which the peer may have said something.
    pub(super) fn last(&self, now: Instant) -> Instant {
        if self.0.waits.load(Ordering::Relaxed) {
            return now;
        }
        let since = self.0.arrived.load(Ordering::Relaxed);
        self.0.began + Duration::from_micros(since)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn nobody_is_silent_while_the_owner_does_not_listen() {
        let began = Instant::now();
        let heard = Heard::new(began);
        let later = began + Duration::from_secs(3);
        assert_eq!(heard.last(later), began);
        let said = began + Duration::from_secs(1);
        heard.note(said);
        heard.note(began);
        assert_eq!(heard.last(later), said);
        let owner = heard.clone();
        let seen = heard.unread(async move { owner.last(later) }).await;
        assert_eq!(seen, later);
        assert!(heard.last(later) < later);
    }
}
