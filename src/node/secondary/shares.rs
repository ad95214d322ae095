//! Who may send how much, when several would send at once.
//!
//! Clients first: while a client is being sent something, copies for other secondaries send no more than
//! clients get, so that they take at most half of the uplink.
//!
//! Clients alike: TCP connections that share a queue which drops what it cannot hold may share it very
//! unevenly, for minutes. A client that is ahead of the one that got least waits a little, and the others have
//! the uplink. When that leaves the uplink idle, those that got less than an even share of it are held back
//! elsewhere, and are not waited for.

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
/// The frame that it sends then: a fifth of an even share where ten clients share 200 Mbit/s.
const HELD_BACK_BYTES: u64 = 128 << 10;
/// How often it looks whether they have caught up.
const LOOK: Duration = Duration::from_millis(5);
/// A wait in which all clients together got less than this share of what is usual left the uplink idle.
const IDLE: f64 = 0.8;
/// The stretch over which the usual speed is counted anew, and how much the last one weighs in it.
const STRETCH: Duration = Duration::from_millis(250);
const STRETCH_WEIGHT: f64 = 0.125;
/// How long a client must leave the uplink idle before it counts as held back elsewhere. One whose packets were
/// dropped may be silent for a second.
const TRIAL: Duration = Duration::from_millis(1500);
/// One that has taken nothing for so long is not waited for before it takes something again.
const SILENT: Duration = Duration::from_secs(1);
/// The same for one that has taken so many bytes before: more likely its packets were dropped again and again.
const SILENT_KNOWN: Duration = Duration::from_secs(4);
const KNOWN_BYTES: u64 = 4 << 20;
/// Who has nothing to get for longer than this has no claim to what others got meanwhile.
const BETWEEN_REQUESTS: Duration = Duration::from_secs(1);
/// How long waits may leave the uplink idle: at first in all, and then which part of the time. Whoever connects again
/// and again only to be waited for gets no more.
const MOST_IDLE: Duration = Duration::from_millis(4500);
const IDLE_PART: f64 = 0.1;
/// How long one that is held back elsewhere is not waited for, the first time; each time twice as long: the wait costs those that are fast a fortieth.
const NOT_WAITED_FOR: Duration = Duration::from_secs(10);

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
    /// What all of them got, ever.
    total_bytes: u64,
    pace: Option<Pace>,
    idle: Idle,
}

/// How long waits may still leave the uplink idle.
#[derive(Debug)]
struct Idle {
    left: Duration,
    at: Instant,
    /// What was before is paid.
    paid: Instant,
}

impl Default for Idle {
    fn default() -> Self {
        let now = Instant::now();
        Self {
            left: MOST_IDLE,
            at: now,
            paid: now,
        }
    }
}

impl Idle {
    fn is_affordable(&mut self, now: Instant) -> bool {
        let earned = now.saturating_duration_since(self.at).mul_f64(IDLE_PART);
        self.left = (self.left + earned).min(MOST_IDLE);
        self.at = now;
        self.left >= FAIR_WAIT
    }

    /// A wait left it idle. Waits at the same time are paid once.
    fn pay(&mut self, began: Instant, now: Instant) {
        let cost = now.saturating_duration_since(began.max(self.paid));
        self.left = self.left.saturating_sub(cost);
        self.paid = now;
    }
}

/// How fast all clients together are usually sent to.
#[derive(Debug)]
struct Pace {
    /// Bytes per second, a moving average over a few seconds; `None` before the first stretch is over.
    usual: Option<f64>,
    since: Instant,
    bytes: u64,
    /// Somebody held back in this stretch: a lower speed says nothing of what the uplink can do.
    held_back: bool,
}

impl Clients {
    fn got(&mut self, key: u64, bytes: u64, now: Instant) {
        if let Some(share) = self.shares.get_mut(&key) {
            share.bytes += bytes;
            share.total_bytes += bytes;
            share.last = now;
        }
        self.total_bytes += bytes;
        let pace = self.pace.get_or_insert(Pace {
            usual: None,
            since: now,
            bytes: 0,
            held_back: false,
        });
        pace.bytes += bytes;
        let stretch = now.saturating_duration_since(pace.since);
        if stretch >= STRETCH {
            let speed = pace.bytes as f64 / stretch.as_secs_f64();
            let usual = pace.usual.unwrap_or(speed);
            let held_back = std::mem::take(&mut pace.held_back);
            if speed > usual || !held_back {
                pace.usual = Some(usual + (speed - usual) * STRETCH_WEIGHT);
            }
            pace.since = now;
            pace.bytes = 0;
        }
    }

    fn busy(&self) -> impl Iterator<Item = &Share> {
        self.shares.values().filter(|share| share.is_busy)
    }

    /// Those that a client's next bytes would leave too far behind, if there is anything left to wait for them with.
    fn behind(
        &mut self,
        key: u64,
        bytes: u64,
        now: Instant,
    ) -> impl Iterator<Item = (u64, &Share)> {
        let own = match self.shares.get(&key) {
            Some(share) if self.idle.is_affordable(now) => share.bytes + bytes,
            Some(_) | None => 0,
        };
        let others = self.shares.iter().map(|(other, share)| (*other, share));
        others.filter(move |(other, share)| {
            *other != key && share.bytes + LEAD < own && share.is_waited_for(now)
        })
    }
}

/// What one client got since it was last level with the others.
#[derive(Debug)]
struct Share {
    is_busy: bool,
    /// When it had nothing to get any more, the last time.
    idle: Option<Instant>,
    bytes: u64,
    /// What it got in all.
    total_bytes: u64,
    /// When it took something, or began to have something to get.
    last: Instant,
    not_waited_for_until: Option<Instant>,
    /// It has left the uplink idle since then.
    idle_since: Option<Instant>,
    /// How often it was given up.
    given_up: u32,
}

impl Share {
    fn is_waited_for(&self, now: Instant) -> bool {
        let patience = match self.total_bytes {
            ..KNOWN_BYTES => SILENT,
            _ => SILENT_KNOWN,
        };
        self.is_busy
            && now.saturating_duration_since(self.last) < patience
            && self.not_waited_for_until.is_none_or(|until| until <= now)
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
            idle: None,
            bytes: 0,
            total_bytes: 0,
            last: Instant::now(),
            not_waited_for_until: None,
            idle_since: None,
            given_up: 0,
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
        let least = clients.busy().map(|share| share.bytes).min().unwrap_or(0);
        let Some(share) = clients.shares.get_mut(&self.key) else {
            return;
        };
        if std::mem::replace(&mut share.is_busy, is_busy) == is_busy {
            return;
        }
        let now = Instant::now();
        if is_busy {
            // Between two requests there is always a moment without any.
            let had_nothing = share
                .idle
                .is_none_or(|since| now - since > BETWEEN_REQUESTS);
            if had_nothing {
                share.bytes = share.bytes.max(least);
            }
            share.last = now;
        } else {
            share.idle = Some(now);
        }
        let count = &self.shares.busy_clients;
        if is_busy {
            if count.fetch_add(1, Ordering::AcqRel) == 0 {
                // What was usual before a pause says nothing about now.
                clients.pace = None;
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
        self.shares
            .clients()
            .got(self.key, bytes as u64, Instant::now());
    }

    /// How long its next frame may be: little while it is ahead of others, or the wait before it would be in vain.
    pub(super) fn most_bytes(&self) -> u64 {
        if self.shares.busy_clients.load(Ordering::Acquire) < 2 {
            return u64::MAX;
        }
        if self.is_ahead(Instant::now(), 0) {
            HELD_BACK_BYTES
        } else {
            u64::MAX
        }
    }

    /// Waits while it is far ahead of others that may catch up. Cancel-safe.
    pub(super) async fn turn(&self, bytes: usize) {
        if self.shares.busy_clients.load(Ordering::Acquire) < 2 {
            return;
        }
        let began = Instant::now();
        let Some(before) = self.hold_back(began, bytes) else {
            return;
        };
        loop {
            sleep(LOOK).await;
            let now = Instant::now();
            if !self.is_ahead(now, bytes) {
                return;
            }
            if now >= began + FAIR_WAIT {
                return self.give_up(&before, now - began, now);
            }
        }
    }

    fn is_ahead(&self, now: Instant, bytes: usize) -> bool {
        let mut clients = self.shares.clients();
        clients.behind(self.key, bytes as u64, now).next().is_some()
    }

    /// Begins a wait for those behind; `None` when nobody is.
    fn hold_back(&self, now: Instant, bytes: usize) -> Option<Look> {
        let mut clients = self.shares.clients();
        let behind = clients.behind(self.key, bytes as u64, now);
        let behind: Vec<_> = behind
            .map(|(key, share)| (key, share.total_bytes))
            .collect();
        if behind.is_empty() {
            return None;
        }
        if let Some(pace) = &mut clients.pace {
            pace.held_back = true;
        }
        Some(Look {
            total_bytes: clients.total_bytes,
            behind,
        })
    }

    /// The wait was long: if it left the uplink idle, those that did not use it are not waited for, and are level
    /// again.
    fn give_up(&self, before: &Look, waited: Duration, now: Instant) {
        let mut clients = self.shares.clients();
        let Some(own) = clients.shares.get(&self.key).map(|share| share.bytes) else {
            return;
        };
        let Some(usual) = clients.pace.as_ref().and_then(|pace| pace.usual) else {
            return;
        };
        // What would have been sent in this time.
        let usual = usual * waited.as_secs_f64();
        let is_idle = ((clients.total_bytes - before.total_bytes) as f64) < IDLE * usual;
        let even = usual / clients.busy().count() as f64;
        if is_idle {
            clients.idle.pay(now - waited, now);
        }
        for (key, bytes) in &before.behind {
            let Some(share) = clients.shares.get_mut(key) else {
                continue;
            };
            if !is_idle || (share.total_bytes - bytes) as f64 >= even {
                share.idle_since = None;
                continue;
            }
            let since = *share.idle_since.get_or_insert(now - waited);
            if now - since >= TRIAL {
                share.idle_since = None;
                share.given_up = (share.given_up + 1).min(5);
                share.not_waited_for_until =
                    Some(now + NOT_WAITED_FOR * (1 << (share.given_up - 1)));
                share.bytes = share.bytes.max(own);
            }
        }
    }
}

/// What a client that waits compares with when its wait is over.
#[derive(Debug)]
struct Look {
    total_bytes: u64,
    /// Those behind, with what they had got in all.
    behind: Vec<(u64, u64)>,
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

    /// Two clients that were sent as much for a while, so that it is known what is usual.
    async fn two_level_clients(shares: &Arc<Shares>) -> (ClientShare, ClientShare) {
        let clients = (shares.client(), shares.client());
        clients.0.set_busy(true);
        clients.1.set_busy(true);
        for _ in 0..20 {
            sleep(Duration::from_millis(50)).await;
            clients.0.got(64 << 10);
            clients.1.got(64 << 10);
        }
        clients
    }

    #[tokio::test(start_paused = true)]
    async fn who_is_ahead_waits_for_those_that_use_what_it_leaves() {
        let shares = Arc::new(Shares::default());
        let (fast, slow) = two_level_clients(&shares).await;
        let start = Instant::now();
        fast.turn(1 << 20).await;
        assert_eq!(
            (start.elapsed(), fast.most_bytes()),
            (Duration::ZERO, u64::MAX)
        );
        fast.got(3 << 20);
        assert_eq!(fast.most_bytes(), HELD_BACK_BYTES);
        assert_eq!(slow.most_bytes(), u64::MAX);
        let helped = async {
            sleep(Duration::from_millis(98)).await;
            slow.got(3 << 20);
        };
        tokio::join!(fast.turn(64 << 10), helped);
        assert_eq!(start.elapsed(), Duration::from_millis(100));
        fast.got(3 << 20);
        drop(slow);
        fast.turn(1 << 20).await;
        assert_eq!(start.elapsed(), Duration::from_millis(100));
    }

    #[tokio::test(start_paused = true)]
    async fn a_moment_between_requests_costs_no_claim_and_a_pause_does() {
        let shares = Arc::new(Shares::default());
        let (fast, slow) = two_level_clients(&shares).await;
        fast.got(3 << 20);
        for (pause, held_back) in [
            (BETWEEN_REQUESTS, HELD_BACK_BYTES),
            (2 * BETWEEN_REQUESTS, u64::MAX),
        ] {
            slow.set_busy(false);
            sleep(pause).await;
            slow.set_busy(true);
            assert_eq!(fast.most_bytes(), held_back, "{pause:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_waits_long_for_one_that_leaves_the_uplink_idle() {
        let shares = Arc::new(Shares::default());
        let (fast, slow) = two_level_clients(&shares).await;
        fast.got(3 << 20);
        let mut start = Instant::now();
        for _ in 0..2 {
            while fast.most_bytes() == HELD_BACK_BYTES {
                fast.turn(1 << 10).await;
                fast.got(1 << 10);
                slow.got(1 << 10);
            }
            assert_eq!(start.elapsed(), TRIAL);
            start = Instant::now();
            for _ in 0..100 {
                fast.turn(1 << 20).await;
                fast.got(1 << 20);
            }
            assert_eq!(start.elapsed(), Duration::ZERO);
            sleep(NOT_WAITED_FOR + TRIAL).await;
            slow.got(1 << 10);
            start = Instant::now();
        }
        // The second time it is not waited for twice as long.
        assert_eq!(fast.most_bytes(), u64::MAX);
        sleep(NOT_WAITED_FOR).await;
        slow.got(1 << 10);
        assert_eq!(fast.most_bytes(), HELD_BACK_BYTES);
        // And not at all once it takes nothing.
        sleep(SILENT).await;
        assert_eq!(fast.most_bytes(), u64::MAX);
    }

    #[tokio::test(start_paused = true)]
    async fn those_who_connect_only_to_be_waited_for_cost_a_tenth() {
        let shares = Arc::new(Shares::default());
        let (honest, stuck) = two_level_clients(&shares).await;
        let start = Instant::now();
        let mut stuck = vec![stuck];
        // 12.8 MiB/s if nobody were in the way.
        let mut alone = Duration::ZERO;
        for n in 0..6000 {
            if n % 20 == 0 {
                let client = shares.client();
                client.set_busy(true);
                stuck.push(client);
            }
            honest.turn(128 << 10).await;
            honest.got(128 << 10);
            sleep(Duration::from_millis(10)).await;
            alone += Duration::from_millis(10);
        }
        let waited = start.elapsed() - alone;
        assert!(waited <= start.elapsed() / 8 + MOST_IDLE, "{waited:?}");
    }
}
