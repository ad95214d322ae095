//! Who reads what comes: so many at once. A viewer is an address that reads a content, with as many requests as its player
//! makes. Nobody is refused for having too many of them: the one ends that has been idle longest. Where all places are taken,
//! the address that has most gives one up for another that has at least two fewer.

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

use crate::{model::Digest, node::ReaderHandle};

/// Readers of one viewer, and of all.
const MOST_OF_A_VIEWER: usize = 8;
const MOST_READERS: usize = 64;

/// Who reads what.
type Key = (IpAddr, Digest);
/// Requests by number, with what each reads, once it does.
type Requests = BTreeMap<u64, Option<ReaderHandle>>;

/// See the module. Copies are the same.
#[derive(Clone, Debug)]
pub(super) struct Viewers(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    most: usize,
    viewers: Mutex<BTreeMap<Key, Requests>>,
    last: AtomicU64,
    left: Notify,
    sent_bytes: AtomicU64,
}

/// A request of a viewer, for as long as this lives.
#[derive(Debug)]
pub(super) struct Viewer {
    shared: Arc<Shared>,
    key: Key,
    number: u64,
}

impl Viewers {
    /// So many at once.
    pub(super) fn new(most: usize) -> Self {
        Self(Arc::new(Shared {
            most,
            viewers: Mutex::default(),
            last: AtomicU64::default(),
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
            if let Some(number) = self.let_in(key) {
                return Viewer {
                    shared: Arc::clone(&self.0),
                    key,
                    number,
                };
            }
            left.await;
        }
    }

    /// The number of a request, if there is a place for its viewer.
    fn let_in(&self, key: Key) -> Option<u64> {
        let mut viewers = self.0.viewers.lock();
        if viewers.len() >= self.0.most && !viewers.contains_key(&key) {
            let idlest = gives_way(&viewers, key.0)?;
            let requests = viewers.remove(&idlest).unwrap_or_default();
            requests.values().flatten().for_each(ReaderHandle::end);
        }
        let number = self.0.last.fetch_add(1, Ordering::Relaxed);
        viewers.entry(key).or_default().insert(number, None);
        Some(number)
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

/// Whose place is an address's that comes: the idlest viewer of the address that has most of them, if that is fair.
fn gives_way(viewers: &BTreeMap<Key, Requests>, comes: IpAddr) -> Option<Key> {
    let mut counts: BTreeMap<IpAddr, usize> = BTreeMap::new();
    for (address, _) in viewers.keys() {
        *counts.entry(*address).or_default() += 1;
    }
    let own = counts.get(&comes).copied().unwrap_or(0);
    let (most_of, most) = counts.into_iter().max_by_key(|(_, count)| *count)?;
    if most < own + 2 {
        return None;
    }
    // One is idle when nobody waits for anything of it, since its last request became so.
    let idle_since = |requests: &Requests| {
        let handles = requests.values().map(Option::as_ref);
        let since: Option<Vec<_>> = handles.map(|handle| handle?.idle_since()).collect();
        since?.into_iter().max()
    };
    let of_it = viewers
        .iter()
        .filter(|((address, _), _)| *address == most_of);
    let idle = of_it.filter_map(|(key, requests)| Some((idle_since(requests)?, *key)));
    idle.min().map(|(_, key)| key)
}

impl Viewer {
    /// This request reads. Where that makes too many readers, of this viewer or of all, the others' idlest one ends.
    pub(super) fn reads(&self, reader: ReaderHandle) {
        let mut viewers = self.shared.viewers.lock();
        let own = viewers.entry(self.key).or_default();
        own.insert(self.number, None);
        let own_readers = own.values().flatten().count();
        let all_readers = viewers.values().flat_map(BTreeMap::values).flatten();
        let among: Vec<ReaderHandle> = if own_readers >= MOST_OF_A_VIEWER {
            let own = viewers.get(&self.key).into_iter();
            own.flat_map(BTreeMap::values).flatten().cloned().collect()
        } else if all_readers.clone().count() >= MOST_READERS {
            all_readers.cloned().collect()
        } else {
            Vec::new()
        };
        let own = viewers.entry(self.key).or_default();
        own.insert(self.number, Some(reader));
        drop(viewers);
        let idle = among.into_iter();
        let idle = idle.filter_map(|reader| Some((reader.idle_since()?, reader)));
        if let Some((_, oldest)) = idle.min_by_key(|(since, _)| *since) {
            oldest.end();
        }
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
            requests.remove(&self.number);
            if requests.is_empty() {
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
