//! Whether any source is there. Owns the time since when none has been; knows none of them.

use std::time::{Duration, Instant};

use super::sources::Prospect;

/// What a look at the sources changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Waited {
    /// The wait began; it may take so long.
    Begun { up_to: Duration },
    /// A source is there again, after so long.
    Ended { after: Duration },
    /// It took too long: so long.
    TooLong { waited: Duration },
}

/// The wait for a source.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wait {
    most: Duration,
    since: Option<Instant>,
}

impl Wait {
    /// Nobody is waited for yet; a wait may take `most`.
    pub(super) fn new(most: Duration) -> Self {
        Self { most, since: None }
    }

    pub(super) fn is_on(&self) -> bool {
        self.since.is_some()
    }

    /// When the wait is too long.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.since.map(|since| since + self.most)
    }

    /// Begins, ends or gives up the wait. A source that is only expected neither begins nor ends it.
    pub(super) fn look(&mut self, now: Instant, prospect: Prospect) -> Option<Waited> {
        let Some(since) = self.since else {
            if prospect != Prospect::Nobody {
                return None;
            }
            self.since = Some(now);
            return Some(Waited::Begun { up_to: self.most });
        };
        let waited = now.saturating_duration_since(since);
        if prospect == Prospect::There {
            self.since = None;
            return Some(Waited::Ended { after: waited });
        }
        (now >= since + self.most).then_some(Waited::TooLong { waited })
    }

    /// Leaves a time in which this side did not run out of account.
    pub(super) fn shift(&mut self, by: Duration) {
        if let Some(since) = &mut self.since {
            *since += by;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_that_is_only_expected_neither_begins_nor_ends_the_wait() {
        let (start, most) = (Instant::now(), Duration::from_secs(60));
        let mut wait = Wait::new(most);
        assert_eq!(wait.look(start, Prospect::Expected), None);
        assert_eq!((wait.is_on(), wait.deadline()), (false, None));
        let begun = Waited::Begun { up_to: most };
        assert_eq!(wait.look(start, Prospect::Nobody), Some(begun));
        let later = start + Duration::from_secs(59);
        assert_eq!(wait.look(later, Prospect::Expected), None);
        assert_eq!(wait.deadline(), Some(start + most));
        let after = Duration::from_secs(59);
        let ended = Some(Waited::Ended { after });
        assert_eq!(wait.look(later, Prospect::There), ended);
        assert!(!wait.is_on());
    }

    #[test]
    fn a_wait_ends_in_time_and_the_time_this_side_did_not_run_is_not_counted() {
        let (start, most) = (Instant::now(), Duration::from_secs(60));
        let mut wait = Wait::new(most);
        wait.look(start, Prospect::Nobody);
        wait.shift(most);
        assert_eq!(wait.look(start + most, Prospect::Nobody), None);
        let waited = most;
        let too_long = Some(Waited::TooLong { waited });
        assert_eq!(wait.look(start + 2 * most, Prospect::Nobody), too_long);
    }
}
