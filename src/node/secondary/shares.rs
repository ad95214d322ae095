//! Clients first: while a client is being sent something, copies for other secondaries send no more than
//! clients get, so that they take at most half of the uplink.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::{sync::Notify, time::timeout};

/// What copies may send at once after clients were sent as much, in bytes.
const MOST_CREDIT: i64 = 2 << 20;
/// How long a copy's frame waits: a client that takes nothing must not stop copies for good.
const LONGEST_WAIT: Duration = Duration::from_millis(200);

/// What clients were sent and copies have not used.
#[derive(Debug, Default)]
pub(super) struct Shares {
    busy_clients: AtomicUsize,
    credit: AtomicI64,
    more: Notify,
}

/// A client for which something is to be sent, for as long as this lives.
#[derive(Debug)]
pub(super) struct BusyClient(Arc<Shares>);

impl Shares {
    /// A client waits for something.
    pub(super) fn busy_client(self: &Arc<Self>) -> BusyClient {
        if self.busy_clients.fetch_add(1, Ordering::AcqRel) == 0 {
            self.credit.store(0, Ordering::Release);
        }
        BusyClient(Arc::clone(self))
    }

    /// A client was sent so much.
    pub(super) fn client_got(&self, bytes: usize) {
        let add = |credit: i64| Some((credit + bytes as i64).min(MOST_CREDIT));
        let _ = self
            .credit
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, add);
        self.more.notify_waiters();
    }

    /// Waits until a copy may send so much. Cancel-safe.
    pub(super) async fn copy_turn(&self, bytes: usize) {
        let turn = async {
            loop {
                // Before the look, so that nothing that comes after it is missed.
                let more = self.more.notified();
                if self.busy_clients.load(Ordering::Acquire) == 0 || self.take(bytes as i64) {
                    return;
                }
                more.await;
            }
        };
        let _ = timeout(LONGEST_WAIT, turn).await;
    }

    fn take(&self, bytes: i64) -> bool {
        let bytes = bytes.min(MOST_CREDIT);
        let take = |credit: i64| (credit >= bytes).then_some(credit - bytes);
        self.credit
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, take)
            .is_ok()
    }
}

impl Drop for BusyClient {
    fn drop(&mut self) {
        if self.0.busy_clients.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.0.more.notify_waiters();
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::Instant;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn copies_get_as_much_as_clients_while_there_are_clients() {
        let shares = Arc::new(Shares::default());
        let start = Instant::now();
        shares.copy_turn(1 << 20).await;
        assert_eq!(start.elapsed(), Duration::ZERO);
        let client = shares.busy_client();
        shares.client_got(1 << 20);
        shares.copy_turn(1 << 20).await;
        assert_eq!(start.elapsed(), Duration::ZERO);
        // The client takes nothing: the copy goes on all the same, slowly.
        shares.copy_turn(1 << 20).await;
        assert_eq!(start.elapsed(), LONGEST_WAIT);
        let waiting = {
            let shares = Arc::clone(&shares);
            tokio::spawn(async move { shares.copy_turn(1 << 20).await })
        };
        tokio::task::yield_now().await;
        drop(client);
        waiting.await.unwrap();
        assert_eq!(start.elapsed(), LONGEST_WAIT);
    }
}
