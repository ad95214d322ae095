//! Who may send how much, when several would send at once.
//!
//! Clients first: while a client is being sent something, copies for other secondaries send no more than
//! clients get, so that they take at most half of the uplink.
//!
//! Clients alike: TCP connections that share a queue which drops what it cannot hold may share it very
//! unevenly, for minutes. A client that is ahead of the one that got least waits a little, and the others have
//! the uplink. One that does not get faster when others wait is held back elsewhere, and is not waited for.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicI64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::{
    sync::Notify,
    time::{Instant, sleep, timeout},
};

/// What copies may send at once after clients were sent as much, in bytes.
const MOST_CREDIT: i64 = 2 << 20;
/// How long a copy's frame waits: a client that takes nothing must not stop copies for good.
const LONGEST_WAIT: Duration = Duration::from_millis(200);
/// How far ahead of the client that got least another may be, in bytes.
const LEAD: u64 = 2 << 20;
/// How long a client's frame waits for the others. Shorter than any receiver's patience with a silent server.
const FAIR_WAIT: Duration = Duration::from_millis(250);
/// How often it looks whether they have caught up.
const LOOK: Duration = Duration::from_millis(5);
/// A client that is this many times as fast while others wait was held back by them.
const HELD_BACK: f64 = 1.5;
/// How long one that was not is not waited for: the wait costs those that are fast a fortieth.
const NOT_WAITED_FOR: Duration = Duration::from_secs(10);
/// After a wait that helped nobody, none of the same client for so long: whoever connects again and again to be
/// waited for costs the others at most a tenth.
const NO_WAIT_AFTER_VAIN: Duration = Duration::from_millis(2250);

/// What clients and copies were sent.
#[derive(Debug, Default)]
pub(super) struct Shares {
    busy_clients: AtomicUsize,
    credit: AtomicI64,
    more: Notify,
    clients: Mutex<Clients>,
}

#[derive(Debug, Default)]
struct Clients {
    next: u64,
    shares: BTreeMap<u64, Share>,
}

/// What one client got since it was last level with the others.
#[derive(Debug)]
struct Share {
    is_busy: bool,
    bytes: u64,
    since: Instant,
    /// What it got in all, for its speed.
    total_bytes: u64,
    not_waited_for_until: Option<Instant>,
    /// It waits for nobody until then.
    does_not_wait_until: Option<Instant>,
}

impl Share {
    fn speed(&self, now: Instant) -> f64 {
        let seconds = now.saturating_duration_since(self.since).as_secs_f64();
        self.total_bytes as f64 / seconds.max(0.001)
    }

    fn is_waited_for(&self, now: Instant) -> bool {
        self.is_busy && self.not_waited_for_until.is_none_or(|until| until <= now)
    }
}

/// A client's connection, for as long as this lives.
#[derive(Debug)]
pub(super) struct ClientShare {
    shares: Arc<Shares>,
    key: u64,
}

impl Shares {
    /// A client connects; nothing is to be sent to it yet.
    pub(super) fn client(self: &Arc<Self>) -> ClientShare {
        let mut clients = self.clients();
        let key = clients.next;
        clients.next += 1;
        let share = Share {
            is_busy: false,
            bytes: 0,
            since: Instant::now(),
            total_bytes: 0,
            not_waited_for_until: None,
            does_not_wait_until: None,
        };
        clients.shares.insert(key, share);
        drop(clients);
        ClientShare {
            shares: Arc::clone(self),
            key,
        }
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

    fn clients(&self) -> MutexGuard<'_, Clients> {
        self.clients.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ClientShare {
    /// Says whether something is to be sent to it from now on.
    pub(super) fn set_busy(&self, is_busy: bool) {
        let mut clients = self.shares.clients();
        // Who had nothing to get has no claim to what others got meanwhile.
        let busy = clients.shares.values().filter(|share| share.is_busy);
        let least = busy.map(|share| share.bytes).min().unwrap_or(0);
        let Some(share) = clients.shares.get_mut(&self.key) else {
            return;
        };
        if std::mem::replace(&mut share.is_busy, is_busy) == is_busy {
            return;
        }
        if is_busy {
            share.bytes = share.bytes.max(least);
        }
        drop(clients);
        let count = &self.shares.busy_clients;
        if is_busy {
            if count.fetch_add(1, Ordering::AcqRel) == 0 {
                self.shares.credit.store(0, Ordering::Release);
            }
        } else if count.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.shares.more.notify_waiters();
        }
    }

    /// It was sent so much.
    pub(super) fn got(&self, bytes: usize) {
        let add = |credit: i64| Some((credit + bytes as i64).min(MOST_CREDIT));
        let _ = self
            .shares
            .credit
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, add);
        self.shares.more.notify_waiters();
        if let Some(share) = self.shares.clients().shares.get_mut(&self.key) {
            share.bytes += bytes as u64;
            share.total_bytes += bytes as u64;
        }
    }

    /// Waits while it is far ahead of others that may catch up. Cancel-safe.
    pub(super) async fn turn(&self, bytes: usize) {
        if self.shares.busy_clients.load(Ordering::Acquire) < 2 {
            return;
        }
        let began = Instant::now();
        let Some(behind) = self.behind(began, bytes) else {
            return;
        };
        loop {
            sleep(LOOK).await;
            let now = Instant::now();
            if self.behind(now, bytes).is_none() {
                return;
            }
            if now >= began + FAIR_WAIT {
                return self.give_up(began, now, &behind);
            }
        }
    }

    /// Those that it would leave too far behind, with what they have and how fast they were; `None` when there
    /// are none.
    fn behind(&self, now: Instant, bytes: usize) -> Option<Vec<(u64, u64, f64)>> {
        let clients = self.shares.clients();
        let own = clients.shares.get(&self.key)?;
        if own.does_not_wait_until.is_some_and(|until| now < until) {
            return None;
        }
        let own = own.bytes + bytes as u64;
        let behind: Vec<_> = clients
            .shares
            .iter()
            .filter(|(key, share)| **key != self.key && share.is_waited_for(now))
            .filter(|(_, share)| share.bytes + LEAD < own)
            .map(|(key, share)| (*key, share.total_bytes, share.speed(now)))
            .collect();
        (!behind.is_empty()).then_some(behind)
    }

    /// The wait was too long: those that did not get faster in it are not waited for, and are level again.
    fn give_up(&self, began: Instant, now: Instant, behind: &[(u64, u64, f64)]) {
        let mut clients = self.shares.clients();
        let Some(own) = clients.shares.get(&self.key).map(|share| share.bytes) else {
            return;
        };
        let waited = now.saturating_duration_since(began).as_secs_f64();
        let mut helped = false;
        for (key, before_bytes, before_speed) in behind {
            let Some(share) = clients.shares.get_mut(key) else {
                continue;
            };
            let speed = (share.total_bytes - before_bytes) as f64 / waited;
            if speed <= before_speed * HELD_BACK {
                share.not_waited_for_until = Some(now + NOT_WAITED_FOR);
                share.bytes = share.bytes.max(own);
            } else {
                helped = true;
            }
        }
        if !helped && let Some(share) = clients.shares.get_mut(&self.key) {
            share.does_not_wait_until = Some(now + NO_WAIT_AFTER_VAIN);
        }
    }
}

impl Drop for ClientShare {
    fn drop(&mut self) {
        self.set_busy(false);
        self.shares.clients().shares.remove(&self.key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn copies_get_as_much_as_clients_while_there_are_clients() {
        let shares = Arc::new(Shares::default());
        let start = Instant::now();
        shares.copy_turn(1 << 20).await;
        assert_eq!(start.elapsed(), Duration::ZERO);
        let client = shares.client();
        client.set_busy(true);
        client.got(1 << 20);
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
    #[tokio::test(start_paused = true)]
    async fn who_is_ahead_waits_for_those_that_get_faster_meanwhile_and_for_no_others() {
        let shares = Arc::new(Shares::default());
        let (fast, slow) = (shares.client(), shares.client());
        fast.set_busy(true);
        slow.set_busy(true);
        sleep(Duration::from_secs(1)).await;
        slow.got(100_000);
        fast.got(1 << 20);
        let start = Instant::now();
        fast.turn(1 << 20).await;
        assert_eq!(start.elapsed(), Duration::ZERO);
        fast.got(1 << 20);
        // The slow one uses what the fast one leaves.
        let helped = async {
            sleep(Duration::from_millis(98)).await;
            slow.got(1 << 20);
        };
        tokio::join!(fast.turn(1 << 20), helped);
        assert_eq!(start.elapsed(), Duration::from_millis(100));
        fast.got(1 << 20);
        // Now it does not: the wait has an end, and there is none for some time after.
        let start = Instant::now();
        fast.turn(1 << 20).await;
        assert_eq!(start.elapsed(), FAIR_WAIT);
        for _ in 0..10 {
            fast.got(1 << 20);
            fast.turn(1 << 20).await;
        }
        assert_eq!(start.elapsed(), FAIR_WAIT);
        sleep(NOT_WAITED_FOR).await;
        fast.turn(1 << 20).await;
        assert_eq!(start.elapsed(), 2 * FAIR_WAIT + NOT_WAITED_FOR);
        drop(slow);
        fast.turn(1 << 20).await;
    }

    #[tokio::test(start_paused = true)]
    async fn those_who_connect_only_to_be_waited_for_cost_a_tenth() {
        let shares = Arc::new(Shares::default());
        let honest = shares.client();
        honest.set_busy(true);
        let start = Instant::now();
        let mut stuck = Vec::new();
        // 100 MiB/s if nobody were in the way.
        for n in 0..1000 {
            if n % 20 == 0 {
                let client = shares.client();
                client.set_busy(true);
                stuck.push(client);
            }
            honest.turn(1 << 20).await;
            honest.got(1 << 20);
            sleep(Duration::from_millis(10)).await;
        }
        let alone = Duration::from_secs(10);
        let waited = start.elapsed() - alone;
        assert!(waited <= alone / 8, "{waited:?}");
    }
}
