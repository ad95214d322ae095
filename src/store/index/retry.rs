//! Files that could not be read, and when each is tried again.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use crate::model::{FileName, Seen};

/// A file that cannot be read is tried again after this long, then after twice as long, and so on.
const FIRST: Duration = Duration::from_secs(30);
/// But not less often than this.
const LONGEST: Duration = Duration::from_secs(600);

#[derive(Debug)]
struct Failed {
    seen: Seen,
    again: Instant,
    wait: Duration,
}

/// Files that could not be read. One is forgotten when it is served, or gone.
#[derive(Debug, Default)]
pub(super) struct Unreadable(BTreeMap<FileName, Failed>);

impl Unreadable {
    /// Reading a file failed, as it was seen then.
    pub(super) fn failed(&mut self, now: Instant, name: FileName, seen: Seen) {
        let before = self.0.get(&name).filter(|failed| failed.seen == seen);
        let wait = before.map_or(FIRST, |failed| (failed.wait * 2).min(LONGEST));
        let again = now + wait;
        self.0.insert(name, Failed { seen, again, wait });
    }

    /// True when trying again is of no use yet: it is as it was, its permissions as well, and it was tried
    /// a short time ago.
    pub(super) fn is_hopeless(&self, now: Instant, name: &FileName, seen: Seen) -> bool {
        let failed = self.0.get(name);
        failed.is_some_and(|failed| failed.seen == seen && now < failed.again)
    }

    /// When the next one is to be tried.
    pub(super) fn next(&self, now: Instant) -> Option<Instant> {
        let times = self.0.values().map(|failed| failed.again);
        times.filter(|again| *again > now).min()
    }

    pub(super) fn forget(&mut self, name: &FileName) {
        self.0.remove(name);
    }

    pub(super) fn retain(&mut self, is_there: impl Fn(&FileName) -> bool) {
        self.0.retain(|name, _| is_there(name));
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &FileName> {
        self.0.keys()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{FileTime, Stamp};

    #[test]
    fn a_file_is_tried_again_when_anything_changed_or_later() {
        let stamp = Stamp {
            device: 1,
            inode: 2,
            bytes: 3,
            changed: FileTime(4, 5),
        };
        let status = FileTime(6, 7);
        let seen = Seen { stamp, status };
        let chmod = Seen {
            stamp,
            status: FileTime(6, 8),
        };
        let name = FileName::try_from("a").unwrap();
        let start = Instant::now();
        let mut unreadable = Unreadable::default();
        assert!(!unreadable.is_hopeless(start, &name, seen));
        unreadable.failed(start, name.clone(), seen);
        assert!(unreadable.is_hopeless(start, &name, seen));
        assert!(!unreadable.is_hopeless(start, &name, chmod));
        assert_eq!(unreadable.next(start), Some(start + FIRST));
        let mut now = start + FIRST;
        assert!(!unreadable.is_hopeless(now, &name, seen));
        unreadable.failed(now, name.clone(), seen);
        assert!(unreadable.is_hopeless(now + FIRST, &name, seen));
        for _ in 0..10 {
            now += LONGEST;
            assert!(!unreadable.is_hopeless(now, &name, seen));
            unreadable.failed(now, name.clone(), seen);
        }
        unreadable.failed(now, name.clone(), chmod);
        assert_eq!(unreadable.next(now), Some(now + FIRST));
        unreadable.forget(&name);
        assert_eq!(unreadable.next(now), None);
    }
}
