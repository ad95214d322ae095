//! Terms of centrals: which one begins, and which one is obeyed.

use std::time::{Duration, Instant};

use crate::model::{Term, error_codes, messages::ForSecondary};

/// How long a node refuses a central of an earlier term while it finds no other. Longer than any lease that may keep an
/// old central believing in its term after a new one has begun.
const NO_OTHER_FOR: Duration = Duration::from_secs(15);

/// The term of a central that starts: later than the one it has saved, and than any that began before now by the clock. So
/// the term still grows if the saved one was lost, or is an old copy.
pub fn next_term(saved: Term, wall_s: u64) -> Term {
    // From 2106 on the clock is of no use here.
    let by_clock = u32::try_from(wall_s).unwrap_or(0);
    Term(saved.0.saturating_add(1).max(by_clock))
}

/// A central of an earlier term than this node has seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outdated {
    /// Its term.
    pub term: Term,
    /// The latest that this node has seen.
    pub latest: Term,
}

error_codes!(Outdated, code {
    Self { .. } => "central-outdated",
});

/// The latest term that a node has seen.
#[derive(Debug, Default)]
pub struct LatestTerm {
    term: Term,
    /// Since when a central has been refused and no other found.
    refused_since: Option<Instant>,
}

impl LatestTerm {
    /// A central says hello.
    ///
    /// # Errors
    /// When there has been a later term. If no other central is found for a while, this one is taken all the same: the
    /// later one is gone for good, and the cluster must go on.
    pub fn greeted(&mut self, now: Instant, term: Term) -> Result<(), Outdated> {
        let latest = self.term;
        if term < latest {
            let since = *self.refused_since.get_or_insert(now);
            if now.saturating_duration_since(since) < NO_OTHER_FOR {
                return Err(Outdated { term, latest });
            }
        }
        self.refused_since = None;
        self.term = term;
        Ok(())
    }

    /// The latest.
    pub fn get(&self) -> Term {
        self.term
    }

    /// Somebody who is believed names the term of another central.
    pub fn seen(&mut self, term: Term) {
        self.term = self.term.max(term);
    }

    /// A central of another cluster is taken, with terms of its own.
    pub fn forget(&mut self) {
        *self = Self::default();
    }
}

/// True for what only the present central may order: files to be copied or set aside, transfers to be over, who
/// is sent away. What a central
/// of an earlier term says otherwise does no harm.
pub fn is_order(message: &ForSecondary) -> bool {
    match message {
        ForSecondary::Copy(_)
        | ForSecondary::CancelCopy { .. }
        | ForSecondary::Withdraw { .. }
        | ForSecondary::Ended { .. }
        | ForSecondary::Expelled { .. } => true,
        ForSecondary::Conflicts { .. } | ForSecondary::Ack { .. } | ForSecondary::Check { .. } => {
            false
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reign_is_later_than_those_before() {
        let now_s = 1_795_889_755;
        for (saved, wall_s, term) in [
            (0, now_s, now_s as u32),
            (now_s as u32 - 60, now_s, now_s as u32),
            // Started twice within a second, or with a clock that is behind.
            (now_s as u32, now_s, now_s as u32 + 1),
            (now_s as u32, 0, now_s as u32 + 1),
            (0, 0, 1),
            (7, 1 << 32, 8),
            (u32::MAX, now_s, u32::MAX),
        ] {
            assert_eq!(
                next_term(Term(saved), wall_s),
                Term(term),
                "{saved} at {wall_s}"
            );
        }
    }

    #[test]
    fn an_earlier_central_is_refused_until_no_other_is_found() {
        let began = Instant::now();
        let mut latest = LatestTerm::default();
        assert_eq!(latest.greeted(began, Term(5)), Ok(()));
        let outdated = Err(Outdated {
            term: Term(4),
            latest: Term(5),
        });
        let after = |s| began + Duration::from_secs(s);
        assert_eq!(latest.greeted(after(1), Term(4)), outdated);
        // The later one is there after all.
        assert_eq!(latest.greeted(after(10), Term(5)), Ok(()));
        for s in [11, 20, 25] {
            assert_eq!(latest.greeted(after(s), Term(4)), outdated, "{s} s");
        }
        assert_eq!(latest.greeted(after(26), Term(4)), Ok(()));
        assert_eq!(latest.greeted(after(27), Term(4)), Ok(()));
        assert_eq!(latest.greeted(after(28), Term(6)), Ok(()));
        // What one of them says of another counts as well.
        latest.seen(Term(3));
        assert_eq!(latest.get(), Term(6));
        latest.seen(Term(9));
        assert!(latest.greeted(after(29), Term(8)).is_err());
        latest.forget();
        assert_eq!(latest.greeted(after(30), Term(1)), Ok(()));
    }
}
