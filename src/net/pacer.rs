//! A limit on bytes per second, shared by all that send.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{
    sync::Notify,
    time::{Instant, sleep_until},
};

/// Bytes that may be sent at once after a pause, as time at the limit's rate.
const BURST: Duration = Duration::from_millis(50);

/// Spaces sends so that all of them together keep to a rate: each takes the next stretch of one line of bytes, and
/// waits until a virtual clock, which runs at the rate, has come to where its stretch begins (the generic cell rate
/// algorithm, ITU-T I.371). Another rate holds for those that wait already.
#[derive(Debug)]
pub struct Pacer {
    line: Mutex<Line>,
    changed: Notify,
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
            // What is sent without a limit is not made up for.
            None => self.end,
        };
        (self.at, self.clock) = (now, clock);
        self.rate_bytes_per_s = rate_bytes_per_s.map(|rate| rate.max(1));
    }

    /// Takes the next stretch; gives where it begins.
    fn take(&mut self, now: Instant, bytes: usize) -> f64 {
        let burst = self.rate_bytes_per_s.unwrap_or(0) as f64 * BURST.as_secs_f64();
        let start = self.end.max(self.clock(now) - burst);
        self.end = start + bytes as f64;
        start
    }

    /// When the clock is there; `None` for at once.
    fn when(&self, position: f64) -> Option<Instant> {
        let rate = self.rate_bytes_per_s? as f64;
        let wait = ((position - self.clock) / rate).max(0.0);
        // A position so far off that it cannot be said is one that another rate will bring nearer.
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

    /// Waits until `bytes` may be sent. Cancel-safe, but a cancelled wait has used its turn.
    pub async fn wait(&self, bytes: usize) {
        let mut position = None;
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            // Before the look, so that no change is missed.
            changed.as_mut().enable();
            let turn = {
                let mut line = self.line();
                if line.rate_bytes_per_s.is_none() {
                    return;
                }
                let position = *position.get_or_insert_with(|| line.take(Instant::now(), bytes));
                line.when(position)
            };
            let Some(turn) = turn else {
                return;
            };
            tokio::select! {
                () = sleep_until(turn) => return,
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
    use std::sync::Arc;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn all_senders_together_keep_to_the_rate() {
        let pacer = Pacer::new(Some(1_000_000));
        let start = Instant::now();
        for _ in 0..50 {
            tokio::join!(pacer.wait(10_000), pacer.wait(10_000));
        }
        let took = start.elapsed().as_secs_f64();
        assert!((0.93..1.01).contains(&took), "{took}");
    }

    #[tokio::test(start_paused = true)]
    async fn without_a_limit_nobody_waits_and_nothing_is_made_up_for() {
        let pacer = Pacer::new(None);
        let start = Instant::now();
        assert_eq!(pacer.slice_bytes(), usize::MAX);
        for _ in 0..1000 {
            pacer.wait(1 << 30).await;
        }
        assert_eq!(start.elapsed(), Duration::ZERO);
        tokio::time::sleep(Duration::from_secs(100)).await;
        pacer.set_rate(Some(1000));
        let start = Instant::now();
        for _ in 0..11 {
            pacer.wait(1000).await;
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
                tokio::spawn(async move { pacer.wait(100).await })
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
            tokio::spawn(async move { pacer.wait(1).await })
        };
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert!(!waiting.is_finished());
        pacer.set_rate(None);
        waiting.await.unwrap();
        assert_eq!(start.elapsed().as_secs(), 59);
    }
}
