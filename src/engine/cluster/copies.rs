//! Copies between secondaries: what is missing where, what runs, and when failed copies are retried. Knows no addresses
//! and no contents. The router says what is missing and whether anybody can send it.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, Instant},
};

use super::numbers::NumberSet;
use crate::model::{CopyLimits, FileName, SecondaryNumber, TransferId};

/// How many copies one secondary makes at once.
const COPIES_PER_TARGET: usize = 3;
/// The first and the longest wait before a failed copy is retried.
const RETRY: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(60));

/// How long a secondary may take to serve what it has copied.
const SERVED_WITHIN: Duration = Duration::from_secs(10);

#[derive(Debug, Default)]
struct Target {
    missing: BTreeSet<FileName>,
    /// Missing files whose copy may start: none runs or waits for a retry, and no lack of a sender was found
    /// yet.
    ready: BTreeSet<FileName>,
    active: BTreeMap<FileName, TransferId>,
    /// Files whose copy failed.
    failed: BTreeMap<FileName, Wait>,
    /// When waiting files are ready again.
    retries: BTreeSet<(Instant, FileName)>,
    /// Where it takes no copies now. What is missing there waits.
    limits: CopyLimits,
}

/// After a copy that failed.
#[derive(Clone, Copy, Debug)]
struct Wait {
    length: Duration,
    is_over: bool,
}

impl Target {
    fn lacks(&mut self, name: &FileName) {
        self.missing.insert(name.clone());
        let waits = self.failed.get(name).is_some_and(|wait| !wait.is_over);
        if !waits && !self.active.contains_key(name) {
            self.ready.insert(name.clone());
        }
    }

    /// It does not need the file any more. Returns the running copy, if there is one.
    fn has(&mut self, name: &FileName) -> Option<TransferId> {
        if !self.missing.remove(name) {
            // Only missing files have a copy.
            return None;
        }
        self.ready.remove(name);
        if self.failed.remove(name).is_some() {
            self.retries.retain(|(_, waiting)| waiting != name);
        }
        self.active.remove(name)
    }

    fn wait(&mut self, name: &FileName, at: Instant, length: Duration) {
        self.ready.remove(name);
        let is_over = false;
        self.failed.insert(name.clone(), Wait { length, is_over });
        self.retries.insert((at, name.clone()));
    }

    /// Makes files ready whose time has come.
    fn wake(&mut self, now: Instant) {
        while let Some((at, name)) = self.retries.pop_first() {
            if at > now {
                self.retries.insert((at, name));
                return;
            }
            if let Some(wait) = self.failed.get_mut(&name) {
                wait.is_over = true;
            }
            if self.missing.contains(&name) && !self.active.contains_key(&name) {
                self.ready.insert(name);
            }
        }
    }
}

/// Copies that run and files that are missing, per live secondary.
#[derive(Debug, Default)]
pub(super) struct Copies {
    targets: BTreeMap<SecondaryNumber, Target>,
}

impl Copies {
    /// A secondary can make copies from now on. [`Self::missing`] says what it lacks. If it sends its inventory again, its
    /// running copies go on. A read-only secondary is no target.
    pub(super) fn join(&mut self, number: SecondaryNumber, limits: &CopyLimits) {
        if limits.read_only {
            return;
        }
        let target = self.targets.entry(number).or_default();
        if target.limits != *limits {
            target.limits = limits.clone();
            let waiting = |name: &&FileName| {
                let waits = target.failed.get(*name).is_some_and(|wait| !wait.is_over);
                !waits && !target.active.contains_key(*name)
            };
            target.ready = target.missing.iter().filter(waiting).cloned().collect();
        }
    }

    /// A secondary cannot make copies any more. Returns its running copies.
    pub(super) fn leave(&mut self, number: SecondaryNumber) -> Vec<TransferId> {
        self.targets
            .remove(&number)
            .map_or_else(Vec::new, |t| t.active.into_values().collect())
    }

    /// Says which secondaries lack a file that they should have. Others do not need it any more, and there may be a sender
    /// again. Returns running copies that are not needed, with their targets.
    pub(super) fn missing(
        &mut self,
        name: &FileName,
        lacking: NumberSet,
    ) -> Vec<(SecondaryNumber, TransferId)> {
        let mut over = Vec::new();
        for (number, target) in &mut self.targets {
            if lacking.contains(*number) {
                target.lacks(name);
            } else if let Some(copy) = target.has(name) {
                over.push((*number, copy));
            }
        }
        over
    }

    /// A file is gone. Returns its running copies, with their targets.
    pub(super) fn forget(&mut self, name: &FileName) -> Vec<(SecondaryNumber, TransferId)> {
        self.missing(name, NumberSet::default())
    }

    pub(super) fn started(&mut self, number: SecondaryNumber, name: &FileName, id: TransferId) {
        if let Some(target) = self.targets.get_mut(&number) {
            target.ready.remove(name);
            target.active.insert(name.clone(), id);
        }
    }

    /// A copy is complete. The file still counts as missing until its target serves it.
    pub(super) fn completed(&mut self, now: Instant, number: SecondaryNumber, name: &FileName) {
        if let Some(target) = self.targets.get_mut(&number)
            && target.active.remove(name).is_some()
        {
            target.wait(name, now + SERVED_WITHIN, RETRY.0);
        }
    }

    /// A copy failed. It is retried later, after a longer wait each time.
    pub(super) fn failed(&mut self, now: Instant, number: SecondaryNumber, name: &FileName) {
        let Some(target) = self.targets.get_mut(&number) else {
            return;
        };
        target.active.remove(name);
        let wait = target
            .failed
            .get(name)
            .map_or(RETRY.0, |wait| (wait.length * 2).min(RETRY.1));
        target.wait(name, now + wait, wait);
    }

    /// The next copies to start, none for a drained target. A file that nobody can send is not looked at again
    /// before [`Self::missing`].
    pub(super) fn due(
        &mut self,
        now: Instant,
        is_resting: impl Fn(SecondaryNumber) -> bool,
        can_be_sent: impl Fn(&FileName, SecondaryNumber) -> bool,
    ) -> Vec<(SecondaryNumber, FileName)> {
        let mut due = Vec::new();
        for (number, target) in &mut self.targets {
            target.wake(now);
            if is_resting(*number) {
                continue;
            }
            let mut free = COPIES_PER_TARGET.saturating_sub(target.active.len());
            let mut stuck = Vec::new();
            for name in &target.ready {
                if free == 0 {
                    break;
                }
                if !target.limits.covers(name) && can_be_sent(name, *number) {
                    due.push((*number, name.clone()));
                    free -= 1;
                } else {
                    stuck.push(name.clone());
                }
            }
            for name in &stuck {
                target.ready.remove(name);
            }
        }
        due
    }

    pub(super) fn next_retry(&self, now: Instant) -> Option<Instant> {
        let all = self.targets.values().flat_map(|target| {
            let mut retries = target.retries.iter().map(|(at, _)| *at);
            retries.find(|at| *at > now)
        });
        all.min()
    }

    pub(super) fn missing_count(&self, number: SecondaryNumber) -> usize {
        self.targets
            .get(&number)
            .map_or(0, |target| target.missing.len())
    }

    pub(super) fn active_count(&self) -> usize {
        self.targets
            .values()
            .map(|target| target.active.len())
            .sum()
    }

    /// True if nothing is missing anywhere.
    pub(super) fn are_all_made(&self) -> bool {
        self.targets
            .values()
            .all(|target| target.missing.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{
        Term,
        samples::{name, number},
    };

    const NOBODY: fn(SecondaryNumber) -> bool = |_| false;

    #[test]
    fn copies_are_bounded_and_a_failed_one_waits_longer_each_time() {
        let one = number(1);
        let names: Vec<_> = (0..5).map(|i| name(&format!("f{i}"))).collect();
        let mut copies = Copies::default();
        copies.join(one, &CopyLimits::default());
        let missing = |copies: &mut Copies, name| copies.missing(name, NumberSet::of(one));
        names
            .iter()
            .for_each(|name| drop(missing(&mut copies, name)));
        let now = Instant::now();
        let due = copies.due(now, NOBODY, |_, _| true);
        assert_eq!(due.len(), COPIES_PER_TARGET);
        for (index, (number, name)) in due.iter().enumerate() {
            copies.started(*number, name, TransferId::new(Term(1), index as u64));
        }
        assert!(copies.due(now, NOBODY, |_, _| true).is_empty());
        copies.failed(now, one, &names[0]);
        assert_eq!(
            copies.due(now, NOBODY, |_, _| true),
            [(one, names[3].clone())]
        );
        let later = now + RETRY.0;
        assert_eq!(
            copies.due(later, NOBODY, |_, _| true),
            [(one, names[0].clone())]
        );
        copies.failed(later, one, &names[0]);
        assert_eq!(copies.next_retry(later), Some(later + 2 * RETRY.0));
        // A complete copy that is never served is still missing.
        copies.completed(later, one, &names[1]);
        assert!(
            !copies
                .due(later, NOBODY, |_, _| true)
                .iter()
                .any(|(_, n)| *n == names[1])
        );
        let given_up = copies.due(later + SERVED_WITHIN, NOBODY, |_, _| true);
        assert!(given_up.contains(&(one, names[1].clone())));
        for name in &names {
            copies.forget(name);
        }
        assert!(copies.are_all_made());
        assert_eq!(copies.next_retry(later), None);
    }

    #[test]
    fn what_nobody_can_send_is_looked_at_again_when_somebody_may() {
        let one = number(1);
        let name = FileName::try_from("f").unwrap();
        let mut copies = Copies::default();
        copies.join(one, &CopyLimits::default());
        copies.missing(&name, NumberSet::of(one));
        let now = Instant::now();
        let asked = std::cell::Cell::new(0);
        let nobody = |_: &FileName, _: SecondaryNumber| {
            asked.set(asked.get() + 1);
            false
        };
        assert!(copies.due(now, NOBODY, nobody).is_empty());
        assert!(copies.due(now, NOBODY, nobody).is_empty());
        assert_eq!((asked.get(), copies.missing_count(one)), (1, 1));
        copies.missing(&name, NumberSet::of(one));
        assert_eq!(copies.due(now, NOBODY, |_, _| true), [(one, name)]);
    }

    #[test]
    fn nothing_is_ordered_where_no_copies_are_taken() {
        let [one, two] = [1, 2].map(number);
        let [inside, beside] = ["disk/a", "b"].map(|n| FileName::try_from(n).unwrap());
        let mut copies = Copies::default();
        let read_only = CopyLimits {
            read_only: true,
            ..CopyLimits::default()
        };
        let away = CopyLimits::new(false, false, &[FileName::try_from("disk").unwrap()]);
        copies.join(one, &read_only);
        copies.join(two, &away);
        for name in [&inside, &beside] {
            copies.missing(name, [one, two].into_iter().collect());
        }
        let now = Instant::now();
        let due = |copies: &mut Copies| copies.due(now, NOBODY, |_, _| true);
        assert_eq!(due(&mut copies), [(two, beside.clone())]);
        assert_eq!(copies.missing_count(one), 0);
        assert_eq!(copies.missing_count(two), 2);
        copies.started(two, &beside, TransferId::new(Term(1), 1));
        copies.missing(&inside, NumberSet::of(two));
        assert_eq!(due(&mut copies), []);
        // The disk is back.
        copies.join(two, &CopyLimits::default());
        assert_eq!(due(&mut copies), [(two, inside)]);
    }
}
