//! How much one may say: so many messages at once, and so many more each second.

use crate::model::limits::{SAID_AT_ONCE, SAID_EACH_SECOND};

/// What one message costs, in milliseconds.
const COST_MS: u64 = 1000 / SAID_EACH_SECOND as u64;

/// What somebody has said of late (the generic cell rate algorithm: the time at which all of it is paid for).
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Pace {
    paid_ms: u64,
}

impl Pace {
    /// One message more.
    ///
    /// # Errors
    /// When it is too much: after how many milliseconds it is not.
    pub(super) fn take(&mut self, now_ms: u64) -> Result<(), u64> {
        let paid_ms = self.paid_ms.max(now_ms) + COST_MS;
        let most_ms = now_ms + COST_MS * u64::from(SAID_AT_ONCE);
        if paid_ms > most_ms {
            return Err(paid_ms - most_ms);
        }
        self.paid_ms = paid_ms;
        Ok(())
    }

    /// Nothing is left of what was said.
    pub(super) fn is_rested(&self, now_ms: u64) -> bool {
        self.paid_ms <= now_ms
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_says_much_at_once_waits() {
        let mut pace = Pace::default();
        for _ in 0..SAID_AT_ONCE {
            assert_eq!(pace.take(1_000_000), Ok(()));
        }
        assert_eq!(pace.take(1_000_000), Err(COST_MS));
        assert_eq!(pace.take(1_000_000 + COST_MS), Ok(()));
        assert!(pace.take(1_000_000 + COST_MS).is_err());
        assert!(pace.is_rested(1_010_000));
    }
}
