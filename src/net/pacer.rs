//! A limit on bytes per second, shared by all that send.

use std::{sync::Mutex, time::Duration};

use tokio::time::{Instant, sleep_until};

/// Bytes that may be sent at once after a pause, as time at the limit's rate.
const BURST: Duration = Duration::from_millis(50);

/// Spaces sends so that all of them together keep to a rate: a virtual clock that each send moves on by its
/// own length (the generic cell rate algorithm, ITU-T I.371).
#[derive(Debug)]
pub struct Pacer {
    rate_bytes_per_s: u64,
    free_at: Mutex<Instant>,
}

impl Pacer {
    /// A limit in bytes per second, at least 1.
    pub fn new(rate_bytes_per_s: u64) -> Self {
        Self {
            rate_bytes_per_s: rate_bytes_per_s.max(1),
            free_at: Mutex::new(Instant::now()),
        }
    }

    /// How much to send in one go so that sends stay even, in bytes.
    pub fn slice_bytes(&self) -> usize {
        (self.rate_bytes_per_s / 50).clamp(4 * 1024, 1 << 20) as usize
    }

    /// Waits until `bytes` may be sent. Cancel-safe, but a cancelled wait has used its turn.
    pub async fn wait(&self, bytes: usize) {
        let cost = Duration::from_secs_f64(bytes as f64 / self.rate_bytes_per_s as f64);
        let turn = {
            let mut free_at = self
                .free_at
                .lock()
                .unwrap_or_else(std::sync::PoisonError::into_inner);
            let earliest = Instant::now().checked_sub(BURST).unwrap_or(*free_at);
            let turn = (*free_at).max(earliest);
            *free_at = turn + cost;
            turn
        };
        sleep_until(turn).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn all_senders_together_keep_to_the_rate() {
        let pacer = Pacer::new(1_000_000);
        let start = Instant::now();
        for _ in 0..50 {
            tokio::join!(pacer.wait(10_000), pacer.wait(10_000));
        }
        let took = start.elapsed().as_secs_f64();
        assert!((0.93..1.01).contains(&took), "{took}");
    }
}
