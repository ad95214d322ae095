//! Who copies what next, so that every live secondary ends up with every file. Knows neither addresses nor
//! contents; the cluster says what is missing where and whether anybody can send it.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, Instant},
};

use crate::model::{FileName, SecondaryNumber, TransferId};

/// Copies that one secondary makes at once.
const COPIES_PER_TARGET: usize = 3;
/// First and longest wait before a failed copy is tried again.
const RETRY: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(60));

/// How long a secondary may take to serve what it has copied.
const SERVED_WITHIN: Duration = Duration::from_secs(10);

#[derive(Debug, Default)]
struct Target {
    missing: BTreeSet<FileName>,
    active: BTreeMap<FileName, TransferId>,
    retry: BTreeMap<FileName, Retry>,
}

#[derive(Clone, Copy, Debug)]
struct Retry {
    at: Instant,
    wait: Duration,
}

/// Copies that run and files that are missing, per live secondary.
#[derive(Debug, Default)]
pub(super) struct Placement {
    targets: BTreeMap<SecondaryNumber, Target>,
}

impl Placement {
    /// A secondary can copy from now on; what it lacks is added with [`Self::missing`].
    pub(super) fn join(&mut self, number: SecondaryNumber) {
        self.targets.insert(number, Target::default());
    }

    /// It cannot any more. Returns its copies that ran.
    pub(super) fn leave(&mut self, number: SecondaryNumber) -> Vec<TransferId> {
        self.targets
            .remove(&number)
            .map_or_else(Vec::new, |t| t.active.into_values().collect())
    }

    pub(super) fn missing(&mut self, number: SecondaryNumber, name: &FileName) {
        if let Some(target) = self.targets.get_mut(&number) {
            target.missing.insert(name.clone());
        }
    }

    pub(super) fn missing_everywhere_but(
        &mut self,
        name: &FileName,
        has: impl Fn(SecondaryNumber) -> bool,
    ) {
        for (number, target) in &mut self.targets {
            if !has(*number) {
                target.missing.insert(name.clone());
            }
        }
    }

    /// A secondary needs the file no more. Returns its copy of it, if one ran.
    pub(super) fn settled(
        &mut self,
        number: SecondaryNumber,
        name: &FileName,
    ) -> Option<TransferId> {
        let target = self.targets.get_mut(&number)?;
        target.missing.remove(name);
        target.retry.remove(name);
        target.active.remove(name)
    }

    /// The file is gone. Returns the copies of it that ran, with who made them.
    pub(super) fn forget(&mut self, name: &FileName) -> Vec<(SecondaryNumber, TransferId)> {
        let numbers: Vec<_> = self.targets.keys().copied().collect();
        numbers
            .into_iter()
            .filter_map(|n| self.settled(n, name).map(|id| (n, id)))
            .collect()
    }

    pub(super) fn started(&mut self, number: SecondaryNumber, name: &FileName, id: TransferId) {
        if let Some(target) = self.targets.get_mut(&number) {
            target.active.insert(name.clone(), id);
        }
    }

    /// A copy is complete. Its target says so once it serves the file; if it never does, it lacks it.
    pub(super) fn completed(&mut self, now: Instant, number: SecondaryNumber, name: &FileName) {
        if let Some(target) = self.targets.get_mut(&number)
            && target.active.remove(name).is_some()
        {
            let (wait, at) = (RETRY.0, now + SERVED_WITHIN);
            target.retry.insert(name.clone(), Retry { at, wait });
        }
    }

    /// A copy ended without the file: it is tried again later, each time later than before.
    pub(super) fn failed(&mut self, now: Instant, number: SecondaryNumber, name: &FileName) {
        let Some(target) = self.targets.get_mut(&number) else {
            return;
        };
        target.active.remove(name);
        let wait = target
            .retry
            .get(name)
            .map_or(RETRY.0, |retry| (retry.wait * 2).min(RETRY.1));
        target.retry.insert(
            name.clone(),
            Retry {
                at: now + wait,
                wait,
            },
        );
    }

    /// The next copies to start.
    pub(super) fn due(
        &self,
        now: Instant,
        can_be_sent: impl Fn(&FileName, SecondaryNumber) -> bool,
    ) -> Vec<(SecondaryNumber, FileName)> {
        let mut due = Vec::new();
        for (number, target) in &self.targets {
            let free = COPIES_PER_TARGET.saturating_sub(target.active.len());
            due.extend(
                target
                    .missing
                    .iter()
                    .filter(|name| !target.active.contains_key(*name))
                    .filter(|name| target.retry.get(*name).is_none_or(|retry| retry.at <= now))
                    .filter(|name| can_be_sent(name, *number))
                    .take(free)
                    .map(|name| (*number, name.clone())),
            );
        }
        due
    }

    pub(super) fn next_retry(&self, now: Instant) -> Option<Instant> {
        let all = self
            .targets
            .values()
            .flat_map(|target| target.retry.values());
        all.map(|retry| retry.at).filter(|at| *at > now).min()
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

    pub(super) fn is_level(&self) -> bool {
        self.targets
            .values()
            .all(|target| target.missing.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copies_are_bounded_and_a_failed_one_waits_longer_each_time() {
        let one = SecondaryNumber::try_from(1).unwrap();
        let names: Vec<_> = (0..5)
            .map(|i| FileName::try_from(format!("f{i}").as_str()).unwrap())
            .collect();
        let mut placement = Placement::default();
        placement.join(one);
        names.iter().for_each(|name| placement.missing(one, name));
        let now = Instant::now();
        let due = placement.due(now, |_, _| true);
        assert_eq!(due.len(), COPIES_PER_TARGET);
        for (index, (number, name)) in due.iter().enumerate() {
            placement.started(*number, name, TransferId(index as u64));
        }
        assert!(placement.due(now, |_, _| true).is_empty());
        placement.failed(now, one, &names[0]);
        assert_eq!(placement.due(now, |_, _| true), [(one, names[3].clone())]);
        let later = now + RETRY.0;
        assert_eq!(placement.due(later, |_, _| true), [(one, names[0].clone())]);
        placement.failed(later, one, &names[0]);
        assert_eq!(placement.next_retry(later), Some(later + 2 * RETRY.0));
        // One that is complete and is never served is lacking still.
        placement.completed(later, one, &names[1]);
        assert!(
            !placement
                .due(later, |_, _| true)
                .iter()
                .any(|(_, n)| *n == names[1])
        );
        let given_up = placement.due(later + SERVED_WITHIN, |_, _| true);
        assert!(given_up.contains(&(one, names[1].clone())));
        for name in &names {
            placement.settled(one, name);
        }
        assert!(placement.is_level());
    }
}
