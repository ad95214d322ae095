//! Copies whose target has the whole file, or may have it although nobody wants it any more, and has not said yet
//! that it serves it. When the file was deleted meanwhile, the target's word is the end of an old order, not
//! somebody's wish to have the file back.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use crate::model::{FileName, SecondaryNumber};

/// How long a target may take to serve what it has copied.
const SERVED_WITHIN: Duration = Duration::from_secs(10);
/// Beyond this those that are overdue are forgotten.
const MANY: usize = 1000;

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Arrivals {
    until: BTreeMap<(SecondaryNumber, FileName), Instant>,
}

impl Arrivals {
    /// A copy has ended, perhaps with the file.
    pub(super) fn expect(&mut self, now: Instant, number: SecondaryNumber, name: &FileName) {
        if self.until.len() >= MANY {
            self.until.retain(|_, until| *until > now);
        }
        let until = now + SERVED_WITHIN;
        self.until.insert((number, name.clone()), until);
    }

    /// A copy has ended without the file.
    pub(super) fn forget(&mut self, number: SecondaryNumber, name: &FileName) {
        self.until.remove(&(number, name.clone()));
    }

    /// A secondary serves a file: true when that is what was expected of a copy.
    pub(super) fn came(&mut self, now: Instant, number: SecondaryNumber, name: &FileName) -> bool {
        let until = self.until.remove(&(number, name.clone()));
        until.is_some_and(|until| until > now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_arrival_is_expected_once_and_for_a_while() {
        let now = Instant::now();
        let name = FileName::try_from("a").unwrap();
        let [one, two] = [1, 2].map(|n| SecondaryNumber::try_from(n).unwrap());
        let mut arrivals = Arrivals::default();
        arrivals.expect(now, one, &name);
        assert!(!arrivals.came(now, two, &name));
        assert!(arrivals.came(now, one, &name));
        assert!(!arrivals.came(now, one, &name));
        arrivals.expect(now, one, &name);
        assert!(!arrivals.came(now + SERVED_WITHIN, one, &name));
        arrivals.expect(now, one, &name);
        arrivals.forget(one, &name);
        assert!(!arrivals.came(now, one, &name));
    }
}
