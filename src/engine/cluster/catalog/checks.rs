//! Which copies secondaries were asked to check after complaints of receivers. Each is checked once in a while, however
//! many complain.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use crate::model::{Digest, FileMeta, FileName, SecondaryNumber};

/// A copy is not checked again sooner than this.
const PAUSE: Duration = Duration::from_secs(10);
/// A copy that its secondary gives up within this time after the request was damaged.
const ANSWERED_WITHIN: Duration = Duration::from_secs(120);
/// How many copies are remembered. Complaints about others are ignored meanwhile.
const MOST: usize = 1000;

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Checks(BTreeMap<(SecondaryNumber, FileName), (Digest, Instant)>);

impl Checks {
    /// True when a copy is to be checked now.
    pub(super) fn ask(&mut self, now: Instant, number: SecondaryNumber, file: &FileMeta) -> bool {
        let key = (number, file.name.clone());
        let known = self.0.get(&key).copied();
        if known.is_some_and(|(id, at)| id == file.id && now < at + PAUSE) {
            return false;
        }
        if self.0.len() >= MOST {
            self.0.retain(|_, (_, at)| now < *at + ANSWERED_WITHIN);
        }
        let has_room = known.is_some() || self.0.len() < MOST;
        if has_room {
            self.0.insert(key, (file.id, now));
        }
        has_room
    }

    /// A secondary has given a copy up. True when it had been asked to check it.
    pub(super) fn answered(
        &mut self,
        now: Instant,
        number: SecondaryNumber,
        file: &FileMeta,
    ) -> bool {
        let key = (number, file.name.clone());
        let asked = self.0.get(&key).copied();
        let is_it = |(id, at): (Digest, Instant)| id == file.id && now < at + ANSWERED_WITHIN;
        let is_answer = asked.is_some_and(is_it);
        if is_answer {
            self.0.remove(&key);
        }
        is_answer
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::samples::{meta, number};

    fn file(name: &str, content: u8) -> FileMeta {
        meta(name, 10, content)
    }

    #[test]
    fn a_copy_is_looked_at_once_in_a_while_and_by_its_content() {
        let one = number(1);
        let (now, a) = (Instant::now(), file("a", 1));
        let mut checks = Checks::default();
        assert!(!checks.answered(now, one, &a));
        assert!(checks.ask(now, one, &a) && !checks.ask(now, one, &a));
        assert!(checks.ask(now, one, &file("b", 1)));
        assert!(checks.ask(now + PAUSE, one, &a));
        assert!(!checks.answered(now + PAUSE, one, &file("a", 2)));
        assert!(checks.answered(now + PAUSE, one, &a));
        assert!(!checks.answered(now + PAUSE, one, &a));
        for n in 0..2 * MOST {
            checks.ask(now, one, &file(&format!("f{n}"), 1));
        }
        assert!(checks.0.len() <= MOST);
        let later = now + ANSWERED_WITHIN;
        assert!(checks.ask(later, one, &file("late", 1)));
        assert!(!checks.answered(later, one, &file("f1", 1)));
    }
}
