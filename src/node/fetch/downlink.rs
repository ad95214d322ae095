//! The downlink that all fetches of a node share: [`crate::engine::receive::Downlink`] behind a lock, with its waits. As with
//! an uplink, most turns come at once, and no read waits for another task.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
};

use parking_lot::Mutex;
use tokio::{sync::Notify, time::sleep_until};

use crate::{
    engine::receive::{self, Go, ReaderId},
    node::clock::now,
};

/// See the module.
#[derive(Debug)]
pub(in crate::node) struct Downlink {
    shared: Mutex<Shared>,
    /// There is a limit. Without one nobody takes the lock for what it reads.
    is_limited: AtomicBool,
}

#[derive(Debug)]
struct Shared {
    machine: receive::Downlink,
    /// Wakes a reader that may ask again.
    bells: BTreeMap<ReaderId, Arc<Notify>>,
}

/// One fetch's share of a downlink.
#[derive(Clone, Debug)]
pub(super) struct Lane {
    downlink: Arc<Downlink>,
    lane: receive::Lane,
}

/// What one connection reads, for as long as this lives.
#[derive(Debug)]
pub(super) struct Intake {
    downlink: Arc<Downlink>,
    id: ReaderId,
    bell: Arc<Notify>,
}

impl Downlink {
    /// A downlink with a limit in bytes per second; `None` for none.
    pub(in crate::node) fn new(limit_bytes_per_s: Option<u64>) -> Arc<Self> {
        Arc::new(Self {
            shared: Mutex::new(Shared {
                machine: receive::Downlink::new(now(), limit_bytes_per_s),
                bells: BTreeMap::new(),
            }),
            is_limited: AtomicBool::new(limit_bytes_per_s.is_some()),
        })
    }

    /// Changes the limit, for those that wait as well.
    pub(in crate::node) fn set_limit(&self, bytes_per_s: Option<u64>) {
        self.is_limited.store(bytes_per_s.is_some(), Relaxed);
        self.tell(|machine| machine.set_limit(now(), bytes_per_s));
    }

    /// The limit in bytes per second.
    pub(in crate::node) fn limit_bytes_per_s(&self) -> Option<u64> {
        self.shared.lock().machine.limit_bytes_per_s()
    }

    /// The share of one more fetch.
    pub(super) fn lane(self: &Arc<Self>) -> Lane {
        Lane {
            downlink: Arc::clone(self),
            lane: self.shared.lock().machine.lane(),
        }
    }

    /// Tells the machine something, and wakes the readers that it names.
    fn tell<T>(&self, event: impl FnOnce(&mut receive::Downlink) -> T) -> T {
        let mut shared = self.shared.lock();
        let answer = event(&mut shared.machine);
        while let Some(woken) = shared.machine.poll_woken() {
            if let Some(bell) = shared.bells.get(&woken) {
                bell.notify_one();
            }
        }
        answer
    }
}

impl Lane {
    /// One more connection of the fetch.
    pub(super) fn join(&self) -> Intake {
        let mut shared = self.downlink.shared.lock();
        let id = shared.machine.reader(self.lane);
        let bell = Arc::new(Notify::new());
        shared.bells.insert(id, Arc::clone(&bell));
        drop(shared);
        Intake {
            downlink: Arc::clone(&self.downlink),
            id,
            bell,
        }
    }
}

impl Intake {
    /// How much may be read at once, in bytes.
    pub(super) fn piece_bytes(&self) -> usize {
        if !self.downlink.is_limited.load(Relaxed) {
            return usize::MAX;
        }
        let bytes = self.downlink.shared.lock().machine.piece_bytes();
        usize::try_from(bytes).unwrap_or(usize::MAX)
    }

    /// So many bytes were read. True when more may be read at once; otherwise [`Self::turn`] says when.
    pub(super) fn try_turn(&self, bytes: usize) -> bool {
        !self.downlink.is_limited.load(Relaxed) || self.ask(bytes) == Go::Now
    }

    /// Waits until more may be read after so many bytes. Cancel-safe.
    pub(super) async fn turn(&self, bytes: usize) {
        let _withdrawn = Withdrawn(self);
        loop {
            match self.ask(bytes) {
                Go::Now => return,
                Go::At(at) => tokio::select! {
                    () = sleep_until(at.into()) => {}
                    () = self.bell.notified() => {}
                },
                Go::Wait => self.bell.notified().await,
            }
        }
    }

    fn ask(&self, bytes: usize) -> Go {
        self.downlink
            .tell(|machine| machine.ask(now(), self.id, bytes as u64))
    }
}

impl Drop for Intake {
    fn drop(&mut self) {
        self.downlink.tell(|machine| machine.withdraw(self.id));
        self.downlink.shared.lock().bells.remove(&self.id);
    }
}

/// A wait for a turn. Dropping it ends the wait.
struct Withdrawn<'a>(&'a Intake);

impl Drop for Withdrawn<'_> {
    fn drop(&mut self) {
        let intake = self.0;
        intake.downlink.tell(|machine| machine.withdraw(intake.id));
    }
}
