//! A limit on bytes per second, shared by all that send.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{
    sync::{Notify, Semaphore},
    time::{Instant, sleep_until},
};

/// Bytes that may be sent at once after a pause, as time at the limit's rate.
const BURST: Duration = Duration::from_millis(50);

/// Spaces sends so that all of them together keep to a rate: in the order in which they come, each takes the next
/// stretch of one line of bytes once a virtual clock, which runs at the rate, has come to where it begins (the generic
/// cell rate algorithm, ITU-T I.371). What is not sent after all is given back, by those that go away while they wait
/// as well: only bytes that are sent are paid for. Another rate holds for those that wait already.
#[derive(Debug)]
pub struct Pacer {
    line: Mutex<Line>,
    changed: Notify,
    /// Senders that wait, one after the other.
    next: Semaphore,
}

/// A turn to send. What is not paid of it when it is dropped is given back.
#[derive(Debug)]
pub struct Turn {
    pacer: Arc<Pacer>,
    unpaid_bytes: usize,
}

impl Turn {
    /// So many bytes of it were sent.
    pub fn pay(&mut self, bytes: usize) {
        self.unpaid_bytes = self.unpaid_bytes.saturating_sub(bytes);
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        if self.unpaid_bytes > 0 {
            self.pacer.line().give_back(self.unpaid_bytes);
            self.pacer.changed.notify_waiters();
        }
    }
}

/// Positions are in bytes; they stay exact enough for years.
#[derive(Debug)]
struct Line {
    /// `None`: nobody waits.
    rate_bytes_per_s: Option<u64>,
    /// Where the clock was then.
    at: Instant,
    clock: f64,
    /// Where the next send begins.
    end: f64,
}

impl Line {
    fn clock(&self, now: Instant) -> f64 {
        let rate = self.rate_bytes_per_s.unwrap_or(0) as f64;
        self.clock + rate * now.saturating_duration_since(self.at).as_secs_f64()
    }

    fn set_rate(&mut self, now: Instant, rate_bytes_per_s: Option<u64>) {
        let clock = match self.rate_bytes_per_s {
            Some(_) => self.clock(now),
            // Unlimited sends create no debt.
            None => self.end,
        };
        (self.at, self.clock) = (now, clock);
        self.rate_bytes_per_s = rate_bytes_per_s.map(|rate| rate.max(1));
    }

    /// Where the next stretch begins.
    fn start(&self, now: Instant) -> f64 {
        let burst = self.rate_bytes_per_s.unwrap_or(0) as f64 * BURST.as_secs_f64();
        self.end.max(self.clock(now) - burst)
    }

    fn give_back(&mut self, bytes: usize) {
        self.end -= bytes as f64;
    }

    /// When the clock is there; `None` for at once.
    fn when(&self, position: f64) -> Option<Instant> {
        let rate = self.rate_bytes_per_s? as f64;
        let wait = ((position - self.clock) / rate).max(0.0);
        // A position that is too far off to compute is reached once the rate changes.
        let wait = Duration::try_from_secs_f64(wait).unwrap_or(Duration::from_secs(3600));
        Some(self.at + wait)
    }
}

impl Pacer {
    /// A limit in bytes per second, at least 1; `None` for none.
    pub fn new(rate_bytes_per_s: Option<u64>) -> Self {
        let now = Instant::now();
        let mut line = Line {
            rate_bytes_per_s: None,
            at: now,
            clock: 0.0,
            end: 0.0,
        };
        line.set_rate(now, rate_bytes_per_s);
        Self {
            line: Mutex::new(line),
            changed: Notify::new(),
            next: Semaphore::new(1),
        }
    }

    /// Another limit from now on, for those that wait as well.
    pub fn set_rate(&self, rate_bytes_per_s: Option<u64>) {
        self.line().set_rate(Instant::now(), rate_bytes_per_s);
        self.changed.notify_waiters();
    }

    /// The limit in bytes per second.
    pub fn rate_bytes_per_s(&self) -> Option<u64> {
        self.line().rate_bytes_per_s
    }

    /// How much to send in one go so that sends stay even, in bytes.
    pub fn slice_bytes(&self) -> usize {
        match self.rate_bytes_per_s() {
            Some(rate) => (rate / 50).clamp(4 * 1024, 1 << 20) as usize,
            None => usize::MAX,
        }
    }

    /// Waits until `bytes` may be sent. Cancel-safe.
    pub async fn turn(self: &Arc<Self>, bytes: usize) -> Turn {
        let turn = |unpaid_bytes| Turn {
            pacer: Arc::clone(self),
            unpaid_bytes,
        };
        if self.rate_bytes_per_s().is_none() {
            return turn(0);
        }
        // The semaphore is never closed.
        let _next = self.next.acquire().await;
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            // Subscribed before the check, so that no change is missed.
            changed.as_mut().enable();
            let due = {
                let mut line = self.line();
                if line.rate_bytes_per_s.is_none() {
                    return turn(0);
                }
                let now = Instant::now();
                let start = line.start(now);
                match line.when(start) {
                    Some(due) if due > now => due,
                    Some(_) | None => {
                        line.end = start + bytes as f64;
                        return turn(bytes);
                    }
                }
            };
            tokio::select! {
                () = sleep_until(due) => {}
                () = changed => {}
            }
        }
    }

    fn line(&self) -> MutexGuard<'_, Line> {
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::timeout;

    use super::*;

    async fn send(pacer: &Arc<Pacer>, bytes: usize) {
        pacer.turn(bytes).await.pay(bytes);
    }

    #[tokio::test(start_paused = true)]
    async fn all_senders_together_keep_to_the_rate() {
        let pacer = Arc::new(Pacer::new(Some(1_000_000)));
        let start = Instant::now();
        for _ in 0..50 {
            tokio::join!(send(&pacer, 10_000), send(&pacer, 10_000));
        }
        let took = start.elapsed().as_secs_f64();
        assert!((0.93..1.01).contains(&took), "{took}");
    }

    #[tokio::test(start_paused = true)]
    async fn without_a_limit_nobody_waits_and_nothing_is_made_up_for() {
        let pacer = Arc::new(Pacer::new(None));
        let start = Instant::now();
        assert_eq!(pacer.slice_bytes(), usize::MAX);
        for _ in 0..1000 {
            send(&pacer, 1 << 30).await;
        }
        assert_eq!(start.elapsed(), Duration::ZERO);
        tokio::time::sleep(Duration::from_secs(100)).await;
        pacer.set_rate(Some(1000));
        let start = Instant::now();
        for _ in 0..11 {
            send(&pacer, 1000).await;
        }
        let took = start.elapsed().as_secs_f64();
        assert!((9.9..10.1).contains(&took), "{took}");
    }

    #[tokio::test(start_paused = true)]
    async fn another_limit_holds_at_once_for_those_that_wait() {
        let pacer = Arc::new(Pacer::new(Some(10)));
        let start = Instant::now();
        // 100 s of it.
        let waiting: Vec<_> = (0..10)
            .map(|_| {
                let pacer = Arc::clone(&pacer);
                tokio::spawn(async move { send(&pacer, 100).await })
            })
            .collect();
        tokio::time::sleep(Duration::from_secs(55)).await;
        assert_eq!(waiting.iter().filter(|task| task.is_finished()).count(), 6);
        pacer.set_rate(Some(100));
        for task in waiting {
            task.await.unwrap();
        }
        let took = start.elapsed().as_secs_f64();
        assert!((58.4..58.6).contains(&took), "{took}");
        pacer.set_rate(Some(1));
        let waiting = {
            let pacer = Arc::clone(&pacer);
            tokio::spawn(async move { send(&pacer, 1).await })
        };
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert!(!waiting.is_finished());
        pacer.set_rate(None);
        waiting.await.unwrap();
        assert_eq!(start.elapsed().as_secs(), 59);
    }

    #[tokio::test(start_paused = true)]
    async fn only_what_is_sent_is_paid_for() {
        let pacer = Arc::new(Pacer::new(Some(1000)));
        send(&pacer, 1000).await;
        let start = Instant::now();
        // Those that ask and go away, while they wait or before they send.
        for _ in 0..100 {
            let gone = timeout(Duration::from_millis(1), pacer.turn(1000)).await;
            assert!(gone.is_err());
        }
        drop(pacer.turn(1000).await);
        // One that sends less than it meant to.
        pacer.turn(1000).await.pay(500);
        send(&pacer, 1).await;
        let took = start.elapsed().as_secs_f64();
        assert!((1.4..1.6).contains(&took), "{took}");
    }

    #[tokio::test(start_paused = true)]
    async fn turns_are_taken_in_the_order_of_asking() {
        let pacer = Arc::new(Pacer::new(Some(1000)));
        // Nobody has the first turn at once.
        send(&pacer, 100).await;
        let (done, mut order) = tokio::sync::mpsc::unbounded_channel();
        for n in 0..20 {
            let (pacer, done) = (Arc::clone(&pacer), done.clone());
            tokio::spawn(async move {
                for _ in 0..3 {
                    send(&pacer, 100).await;
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
