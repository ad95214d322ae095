//! How long to wait before trying again. Delays double up to a cap. Jitter keeps those who lost the same peer from
//! coming back at the same instant.

use std::time::Duration;

/// Share of a delay that jitter may take off, unless said otherwise.
const JITTER: f64 = 0.25;

/// Delays between attempts.
#[derive(Clone, Debug)]
pub struct Backoff {
    first: Duration,
    cap: Duration,
    next: Duration,
    jitter: f64,
    random: u64,
}

impl Backoff {
    /// Delays that start at `first` and double up to `cap`; `seed` decides their jitter.
    pub fn new(seed: u64, first: Duration, cap: Duration) -> Self {
        Self {
            first: first.min(cap),
            cap,
            next: first.min(cap),
            jitter: JITTER,
            random: seed,
        }
    }

    /// The same, of which jitter may take off another share, from 0 to 1.
    #[must_use]
    pub fn with_jitter(self, share: f64) -> Self {
        Self {
            jitter: share.clamp(0.0, 1.0),
            ..self
        }
    }

    /// The delay before the next attempt: 75 % to 100 %, unless said otherwise, of `first`, then of its double, and so on.
    pub fn next_delay(&mut self) -> Duration {
        let base = self.next;
        self.next = base.saturating_mul(2).min(self.cap);
        self.jitter(base)
    }

    /// A delay at the cap, for a peer that is not expected back soon. It does not change what [`Backoff::next_delay`]
    /// returns.
    pub fn longest_delay(&mut self) -> Duration {
        self.jitter(self.cap)
    }

    /// Starts again at `first`: the peer works.
    pub fn reset(&mut self) {
        self.next = self.first;
    }

    fn jitter(&mut self, base: Duration) -> Duration {
        // SplitMix64 (Steele, Lea, Flood 2014); its top 53 bits make a fraction.
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.random;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        let fraction = ((mixed ^ (mixed >> 31)) >> 11) as f64 / (1u64 << 53) as f64;
        base.mul_f64(1.0 - self.jitter * fraction)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: Duration = Duration::from_millis(250);
    const CAP: Duration = Duration::from_secs(5);

    #[test]
    fn delays_double_up_to_the_cap_and_start_again_after_a_reset() {
        let mut backoff = Backoff::new(7, FIRST, CAP);
        for round in 0..2 {
            for base_ms in [250, 500, 1000, 2000, 4000, 5000, 5000] {
                let base = Duration::from_millis(base_ms);
                let delay = backoff.next_delay();
                assert!(
                    delay <= base && delay >= base.mul_f64(1.0 - JITTER),
                    "round {round}: {delay:?} for {base:?}"
                );
            }
            backoff.reset();
        }
        assert!(backoff.longest_delay() >= CAP.mul_f64(1.0 - JITTER));
        assert!(backoff.next_delay() <= FIRST);
    }

    #[test]
    fn jitter_comes_from_the_seed_alone() {
        let delays = |seed| {
            let mut backoff = Backoff::new(seed, FIRST, CAP);
            [(); 8].map(|()| backoff.next_delay())
        };
        assert_eq!(delays(1), delays(1));
        assert_ne!(delays(1), delays(2));
    }

    #[test]
    fn a_first_delay_over_the_cap_is_cut_and_nothing_overflows() {
        let mut backoff = Backoff::new(0, CAP, FIRST);
        assert!(backoff.next_delay() <= FIRST);
        let mut endless = Backoff::new(0, Duration::MAX / 2, Duration::MAX / 2);
        for _ in 0..4 {
            endless.next_delay();
        }
    }
}
