//! Who reads through a gateway: so many at once. A viewer is an address that reads a content, with as many requests as its
//! player makes.

use std::{
    collections::BTreeMap,
    net::IpAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use parking_lot::Mutex;
use tokio::sync::Notify;

use crate::model::Digest;

/// Who reads what.
type Key = (IpAddr, Digest);

/// See the module. Copies are the same.
#[derive(Clone, Debug)]
pub(super) struct Viewers(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    most: usize,
    /// Requests of each.
    viewers: Mutex<BTreeMap<Key, usize>>,
    left: Notify,
    sent_bytes: AtomicU64,
}

/// A request of a viewer, for as long as this lives.
#[derive(Debug)]
pub(super) struct Viewer {
    shared: Arc<Shared>,
    key: Key,
}

impl Viewers {
    /// So many at once.
    pub(super) fn new(most: usize) -> Self {
        Self(Arc::new(Shared {
            most,
            viewers: Mutex::default(),
            left: Notify::new(),
            sent_bytes: AtomicU64::new(0),
        }))
    }

    /// Lets a request in, once there is a place for its viewer. Cancel-safe.
    pub(super) async fn enter(&self, address: IpAddr, content: Digest) -> Viewer {
        let key = (address.to_canonical(), content);
        loop {
            let left = self.0.left.notified();
            tokio::pin!(left);
            left.as_mut().enable();
            if self.is_let_in(key) {
                return Viewer {
                    shared: Arc::clone(&self.0),
                    key,
                };
            }
            left.await;
        }
    }

    fn is_let_in(&self, key: Key) -> bool {
        let mut viewers = self.0.viewers.lock();
        if viewers.len() >= self.0.most && !viewers.contains_key(&key) {
            return false;
        }
        *viewers.entry(key).or_default() += 1;
        true
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.0.viewers.lock().len()
    }

    /// Bytes that all of them were sent.
    pub(super) fn sent_bytes(&self) -> u64 {
        self.0.sent_bytes.load(Ordering::Relaxed)
    }
}

impl Viewer {
    /// Requests of this viewer that are being answered.
    pub(super) fn requests(&self) -> usize {
        let viewers = self.shared.viewers.lock();
        viewers.get(&self.key).copied().unwrap_or(0)
    }

    /// It is sent some bytes.
    pub(super) fn sent(&self, bytes: u64) {
        self.shared.sent_bytes.fetch_add(bytes, Ordering::Relaxed);
    }
}

impl Drop for Viewer {
    fn drop(&mut self) {
        let mut viewers = self.shared.viewers.lock();
        if let Some(requests) = viewers.get_mut(&self.key) {
            *requests -= 1;
            if *requests == 0 {
                viewers.remove(&self.key);
            }
        }
        drop(viewers);
        self.shared.left.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::timeout;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn one_more_waits_for_another_to_leave_and_a_player_has_many_requests() {
        let viewers = Viewers::new(1);
        let content = Digest::new([1; 32]);
        let first = viewers.enter([10, 0, 0, 1].into(), content).await;
        let again = viewers.enter([10, 0, 0, 1].into(), content).await;
        let other = || viewers.enter([10, 0, 0, 2].into(), content);
        drop(first);
        assert!(timeout(Duration::from_secs(9), other()).await.is_err());
        let waiting = tokio::spawn({
            let viewers = viewers.clone();
            async move { viewers.enter([10, 0, 0, 2].into(), content).await }
        });
        tokio::task::yield_now().await;
        drop(again);
        waiting.await.unwrap().sent(5);
        assert_eq!((viewers.count(), viewers.sent_bytes()), (0, 5));
    }
}
