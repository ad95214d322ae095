//! The uplink that all connections of a node share: [`crate::engine::send::Uplink`] behind a lock, with its waits.
//!
//! The machine has no task of its own. Most turns come at once, and a frame must not wait for another task.

use std::{collections::BTreeMap, sync::Arc};

use parking_lot::{Mutex, MutexGuard};
use tokio::{sync::Notify, time::sleep_until};

use super::crowd::Crowd;
use crate::{
    engine::send::{self, Kind, ReceiverId, Turn},
    model::SecondaryNumber,
    node::clock::now,
};

/// See the module.
#[derive(Debug)]
pub(in crate::node) struct Uplink {
    shared: Mutex<Shared>,
    /// Where members of swarms wait for their chunks.
    crowd: Arc<Crowd>,
}

#[derive(Debug)]
struct Shared {
    machine: send::Uplink,
    /// Wakes a receiver that may ask again.
    bells: BTreeMap<ReceiverId, Arc<Notify>>,
}

/// One receiver's share of an uplink, for as long as this lives.
#[derive(Debug)]
pub(in crate::node) struct Share {
    uplink: Arc<Uplink>,
    id: ReceiverId,
    bell: Arc<Notify>,
}

impl Uplink {
    /// An uplink with a limit in bytes per second; `None` for none.
    pub(in crate::node) fn new(limit_bytes_per_s: Option<u64>) -> Self {
        Self::with(limit_bytes_per_s, None)
    }

    /// The same for a secondary, which chooses what it gives to swarms.
    pub(in crate::node) fn of_secondary(
        limit_bytes_per_s: Option<u64>,
        own: SecondaryNumber,
    ) -> Self {
        Self::with(limit_bytes_per_s, Some(own))
    }

    fn with(limit_bytes_per_s: Option<u64>, own: Option<SecondaryNumber>) -> Self {
        Self {
            crowd: Arc::new(Crowd::new(own, limit_bytes_per_s)),
            shared: Mutex::new(Shared {
                machine: send::Uplink::new(now(), limit_bytes_per_s),
                bells: BTreeMap::new(),
            }),
        }
    }

    /// Changes the limit, for those that wait as well.
    pub(in crate::node) fn set_limit(&self, bytes_per_s: Option<u64>) {
        self.tell(|machine| machine.set_limit(now(), bytes_per_s));
        self.crowd.set_limit(bytes_per_s);
    }

    /// The limit in bytes per second.
    pub(in crate::node) fn limit_bytes_per_s(&self) -> Option<u64> {
        self.lock().machine.limit_bytes_per_s()
    }

    /// How fast members of swarms are sent to now, in bytes per second.
    pub(in crate::node) fn sent_to_swarms(&self) -> u64 {
        self.crowd.rate_bytes_per_s()
    }

    /// Where members of swarms wait for their chunks.
    pub(super) fn crowd(&self) -> &Arc<Crowd> {
        &self.crowd
    }

    /// Adds a receiver, which is idle at first.
    pub(in crate::node) fn join(self: &Arc<Self>, kind: Kind) -> Share {
        let mut shared = self.lock();
        let id = shared.machine.join(kind);
        let bell = Arc::new(Notify::new());
        shared.bells.insert(id, Arc::clone(&bell));
        drop(shared);
        Share {
            uplink: Arc::clone(self),
            id,
            bell,
        }
    }

    /// Tells the machine something, and wakes the receivers that it names.
    fn tell<T>(&self, event: impl FnOnce(&mut send::Uplink) -> T) -> T {
        let mut shared = self.lock();
        let answer = event(&mut shared.machine);
        while let Some(woken) = shared.machine.poll_woken() {
            if let Some(bell) = shared.bells.get(&woken) {
                bell.notify_one();
            }
        }
        answer
    }

    fn lock(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock()
    }
}

impl Share {
    /// The receiver has something to get from now on.
    pub(super) fn set_busy(&self) {
        self.uplink.tell(|machine| machine.set_busy(now(), self.id));
    }

    /// The receiver has nothing to get any more.
    pub(super) fn set_idle(&self) {
        self.uplink.tell(|machine| machine.set_idle(now(), self.id));
    }

    /// How long its next frame may be, in bytes.
    pub(super) fn most_bytes(&self) -> u64 {
        self.uplink.lock().machine.most_bytes(now(), self.id)
    }

    /// Waits until it may be sent a frame. Cancel-safe.
    ///
    /// # Errors
    /// When the limit has changed, and the frame should be shorter.
    pub(super) async fn turn(&self, frame_bytes: u64) -> Result<(), TooMuch> {
        let _withdrawn = Withdrawn(self);
        loop {
            let ask = |machine: &mut send::Uplink| machine.ask(now(), self.id, frame_bytes);
            let at = match self.uplink.tell(ask) {
                Turn::Now => return Ok(()),
                Turn::At(at) => at,
                Turn::TooMuch => return Err(TooMuch),
            };
            tokio::select! {
                () = sleep_until(at.into()) => {}
                () = self.bell.notified() => {}
            }
        }
    }

    /// It took so many bytes.
    pub(super) fn took(&self, bytes: u64) {
        self.uplink
            .tell(|machine| machine.took(now(), self.id, bytes));
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.uplink.tell(|machine| machine.leave(now(), self.id));
        self.uplink.lock().bells.remove(&self.id);
    }
}

/// The frame is longer than a turn is by now.
#[derive(Debug)]
pub(super) struct TooMuch;

/// A wait for a turn. Dropping it ends the wait.
struct Withdrawn<'a>(&'a Share);

impl Drop for Withdrawn<'_> {
    fn drop(&mut self) {
        let share = self.0;
        share
            .uplink
            .tell(|machine| machine.withdraw(now(), share.id));
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::{Instant, sleep, timeout};

    use super::*;

    /// So many receivers of an uplink, which have something to get.
    fn receivers(limit_bytes_per_s: Option<u64>, count: usize) -> (Arc<Uplink>, Vec<Share>) {
        let uplink = Arc::new(Uplink::new(limit_bytes_per_s));
        let shares = (0..count).map(|_| {
            let share = uplink.join(Kind::Client);
            share.set_busy();
            share
        });
        let shares = shares.collect();
        (uplink, shares)
    }

    async fn send(share: &Share, bytes: u64) {
        share.turn(bytes).await.unwrap();
        share.took(bytes);
    }

    #[tokio::test(start_paused = true)]
    async fn all_senders_together_keep_to_the_limit() {
        let (_uplink, shares) = receivers(Some(1_000_000), 2);
        let start = Instant::now();
        for _ in 0..50 {
            tokio::join!(send(&shares[0], 10_000), send(&shares[1], 10_000));
        }
        let took = start.elapsed().as_secs_f64();
        assert!((0.93..1.01).contains(&took), "{took}");
    }

    #[tokio::test(start_paused = true)]
    async fn without_a_limit_nobody_waits_and_nothing_is_owed_later() {
        let (uplink, shares) = receivers(None, 1);
        let start = Instant::now();
        assert_eq!(shares[0].most_bytes(), u64::MAX);
        for _ in 0..1000 {
            send(&shares[0], 1 << 30).await;
        }
        assert_eq!(start.elapsed(), Duration::ZERO);
        sleep(Duration::from_secs(100)).await;
        uplink.set_limit(Some(4096));
        let start = Instant::now();
        for _ in 0..11 {
            send(&shares[0], 4096).await;
        }
        let took = start.elapsed().as_secs_f64();
        assert!((9.9..10.1).contains(&took), "{took}");
    }

    #[tokio::test(start_paused = true)]
    async fn another_limit_holds_at_once_for_those_that_wait() {
        let (uplink, shares) = receivers(Some(512), 10);
        let start = Instant::now();
        // A turn takes eight seconds.
        let sending = shares.into_iter().map(|share| {
            tokio::spawn(async move {
                send(&share, 4096).await;
                share
            })
        });
        let sending: Vec<_> = sending.collect();
        sleep(Duration::from_secs(44)).await;
        assert_eq!(sending.iter().filter(|task| task.is_finished()).count(), 6);
        uplink.set_limit(Some(4096));
        let mut shares = Vec::new();
        for task in sending {
            shares.push(task.await.unwrap());
        }
        let took = start.elapsed().as_secs_f64();
        assert!((47.3..47.6).contains(&took), "{took}");
        uplink.set_limit(Some(1));
        let turn = async { shares[0].turn(1).await.unwrap() };
        let none = async {
            sleep(Duration::from_secs(1)).await;
            uplink.set_limit(None);
        };
        tokio::join!(turn, none);
        assert_eq!(start.elapsed().as_secs(), 48);
    }

    #[tokio::test(start_paused = true)]
    async fn those_that_go_away_while_they_wait_cost_nothing() {
        let (uplink, shares) = receivers(Some(4096), 2);
        send(&shares[0], 4096).await;
        let start = Instant::now();
        for _ in 0..100 {
            let gone = timeout(Duration::from_millis(1), shares[1].turn(4096)).await;
            assert!(gone.is_err());
        }
        let late = uplink.join(Kind::Client);
        late.set_busy();
        late.turn(4096).await.unwrap();
        drop(late);
        send(&shares[0], 4096).await;
        let took = start.elapsed().as_secs_f64();
        assert!((0.95..1.01).contains(&took), "{took}");
    }

    #[tokio::test(start_paused = true)]
    async fn turns_are_taken_in_the_order_of_asking() {
        let (_uplink, shares) = receivers(Some(4096), 21);
        let mut shares = shares.into_iter();
        // Nobody has the first turn at once.
        send(&shares.next().unwrap(), 4096).await;
        let (done, mut order) = tokio::sync::mpsc::unbounded_channel();
        for (n, share) in shares.enumerate() {
            let done = done.clone();
            tokio::spawn(async move {
                for _ in 0..3 {
                    send(&share, 4096).await;
                    let _ = done.send(n);
                }
            });
        }
        drop(done);
        let mut taken = Vec::new();
        while let Some(n) = order.recv().await {
            taken.push(n);
        }
        let all: Vec<_> = (0..20).collect();
        assert_eq!(taken, [&all[..], &all[..], &all[..]].concat());
    }
}
