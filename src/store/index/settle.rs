//! When a new or changed file has stopped changing. Owns the waiting files; must not look at the folder.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, Instant, SystemTime},
};

use super::content::Stamp;
use crate::model::FileName;

/// A file that nobody has touched for this long when it is first seen is taken as it is.
const OLD: Duration = Duration::from_secs(2);
/// One that was seen to change is, after this long without a change.
const QUIET: Duration = Duration::from_secs(1);
/// After its writer has closed it.
const QUIET_CLOSED: Duration = Duration::from_millis(250);
/// While somebody who has written to it has not closed it.
const QUIET_OPEN: Duration = Duration::from_secs(30);

#[derive(Debug)]
struct Waiting {
    stamp: Stamp,
    since: Instant,
    wait: Duration,
}

impl Waiting {
    fn due(&self) -> Instant {
        self.since + self.wait
    }
}

/// Files that are not served yet.
#[derive(Debug, Default)]
pub(super) struct Settling {
    waiting: BTreeMap<FileName, Waiting>,
    /// Each of them is in one of these: by when it may have stopped changing, or by its length when it has.
    due: BTreeSet<(Instant, FileName)>,
    settled: BTreeSet<(u64, FileName)>,
    /// Written to, and not closed since.
    open: BTreeSet<FileName>,
    closed: BTreeSet<FileName>,
}

impl Settling {
    /// Somebody writes to a file.
    pub(super) fn written(&mut self, name: FileName) {
        self.closed.remove(&name);
        self.open.insert(name);
    }

    /// A writer closed a file.
    pub(super) fn closed(&mut self, name: FileName) {
        self.open.remove(&name);
        self.closed.insert(name);
    }

    /// Not all closings were heard: who is still writing is not known.
    pub(super) fn missed(&mut self) {
        self.open.clear();
        self.closed.clear();
    }

    /// A file was seen that is not served.
    pub(super) fn seen(&mut self, now: Instant, clock: SystemTime, name: &FileName, stamp: Stamp) {
        let known = self.waiting.get(name).map(|waiting| waiting.stamp);
        let age = clock
            .duration_since(SystemTime::UNIX_EPOCH)
            .unwrap_or_default()
            .as_secs_f64()
            - (stamp.changed.0 as f64 + stamp.changed.1 as f64 / 1e9);
        let wait = if self.open.contains(name) {
            QUIET_OPEN
        } else if self.closed.contains(name) {
            QUIET_CLOSED
        } else if known.is_none() && age > OLD.as_secs_f64() {
            Duration::ZERO
        } else {
            QUIET
        };
        let (since, wait) = match self.waiting.get(name) {
            None => (now, wait),
            Some(known) if known.stamp != stamp => (now, wait),
            // What is taken as it is stays so.
            Some(known) if wait.is_zero() || known.wait.is_zero() || known.wait == wait => return,
            Some(known) => (known.since, wait),
        };
        self.put(name.clone(), Waiting { stamp, since, wait });
    }

    /// Keeps only those that are still there.
    pub(super) fn retain(&mut self, is_there: impl Fn(&FileName) -> bool) {
        self.waiting.retain(|name, _| is_there(name));
        self.due.retain(|(_, name)| is_there(name));
        self.settled.retain(|(_, name)| is_there(name));
        self.open.retain(&is_there);
        self.closed.retain(&is_there);
    }

    /// It is served now, or gone.
    pub(super) fn forget(&mut self, name: &FileName) {
        self.take_out(name);
        self.open.remove(name);
        self.closed.remove(name);
    }

    fn take_out(&mut self, name: &FileName) -> Option<Waiting> {
        let (name, waiting) = self.waiting.remove_entry(name)?;
        let key = (waiting.due(), name);
        if !self.due.remove(&key) {
            self.settled.remove(&(waiting.stamp.bytes, key.1));
        }
        Some(waiting)
    }

    fn put(&mut self, name: FileName, waiting: Waiting) {
        self.take_out(&name);
        self.due.insert((waiting.due(), name.clone()));
        self.waiting.insert(name, waiting);
    }

    /// Starts its wait anew: it changed while it was read.
    pub(super) fn again(&mut self, now: Instant, name: FileName, stamp: Stamp) {
        let waiting = Waiting {
            stamp,
            since: now,
            wait: QUIET,
        };
        self.put(name, waiting);
    }

    /// Takes out the smallest file that has stopped changing.
    pub(super) fn take_settled(&mut self, now: Instant) -> Option<(FileName, Stamp)> {
        while self.due.first().is_some_and(|(due, _)| *due <= now) {
            let (_, name) = self.due.pop_first()?;
            if let Some(waiting) = self.waiting.get(&name) {
                self.settled.insert((waiting.stamp.bytes, name));
            }
        }
        let (_, name) = self.settled.pop_first()?;
        let waiting = self.waiting.remove(&name)?;
        self.closed.remove(&name);
        Some((name, waiting.stamp))
    }

    /// True when one of them has stopped changing.
    pub(super) fn has_settled(&self, now: Instant) -> bool {
        self.next_settled().is_some_and(|due| due <= now)
    }

    /// When the next one may have stopped changing.
    pub(super) fn next_settled(&self) -> Option<Instant> {
        match self.settled.first() {
            Some((_, name)) => self.waiting.get(name).map(Waiting::due),
            None => self.due.first().map(|(due, _)| *due),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stamp(bytes: u64, age_s: i64) -> Stamp {
        Stamp {
            device: 1,
            inode: 2,
            bytes,
            changed: (1_000_000 - age_s, 0),
        }
    }

    #[test]
    fn old_files_are_taken_at_once_and_new_ones_when_they_are_quiet() {
        let clock = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000);
        let start = Instant::now();
        let name = |text: &str| FileName::try_from(text).unwrap();
        let mut settling = Settling::default();
        settling.seen(start, clock, &name("old"), stamp(9, 60));
        settling.seen(start, clock, &name("new"), stamp(5, 0));
        settling.written(name("open"));
        settling.seen(start, clock, &name("open"), stamp(5, 60));
        assert_eq!(
            settling.take_settled(start).map(|(n, _)| n),
            Some(name("old"))
        );
        assert_eq!(settling.take_settled(start), None);
        let later = start + QUIET / 2;
        settling.seen(later, clock, &name("new"), stamp(6, 0));
        assert_eq!(settling.take_settled(start + QUIET), None);
        assert!(settling.take_settled(later + QUIET).is_some());
        assert_eq!(settling.next_settled(), Some(start + QUIET_OPEN));
        settling.closed(name("open"));
        settling.seen(later, clock, &name("open"), stamp(5, 60));
        assert!(settling.take_settled(start + QUIET_CLOSED).is_some());
    }

    #[test]
    fn many_files_are_taken_in_the_order_of_their_lengths() {
        const FILES: u64 = 100_000;
        let clock = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000);
        let start = Instant::now();
        let mut settling = Settling::default();
        for round in 0..2 {
            for n in 0..FILES {
                let name = FileName::try_from(format!("f{n}").as_str()).unwrap();
                let bytes = (n * 7919 + round) % FILES;
                settling.seen(start, clock, &name, stamp(bytes, 60));
            }
        }
        // Changed since it was first seen: not at once.
        assert_eq!(settling.take_settled(start), None);
        settling.retain(|name| name.as_str() != "f0");
        let mut taken = 0;
        let mut last = 0;
        while let Some((_, stamp)) = settling.take_settled(start + QUIET) {
            assert!(stamp.bytes >= last);
            last = stamp.bytes;
            taken += 1;
        }
        assert_eq!(taken, FILES - 1);
        assert_eq!(settling.next_settled(), None);
        assert!(start.elapsed() < Duration::from_secs(20));
    }
}
