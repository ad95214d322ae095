//! How long to leave a file alone before it counts as quiet. What was heard about it, its age, and how it has grown so
//! far decide.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use super::{rhythm::Rhythms, state::Unserved, types::Touch};
use crate::model::{FileName, Stamp};

/// A file that its writer has closed, or that was moved here, is left alone for this long when its date says that it is
/// old, or when it came as a whole.
const QUICK: Duration = Duration::from_millis(250);
/// While somebody who has written to it has not closed it, as far as was heard.
const QUIET_HEARD: Duration = Duration::from_secs(30);

/// What is known about how files are written.
#[derive(Debug)]
pub(super) struct Settle {
    /// A file that was changed is left alone for this long.
    quiet: Duration,
    /// The last that was heard of each file that is not served.
    heard: BTreeMap<FileName, Touch>,
    rhythms: Rhythms,
}

impl Settle {
    pub(super) fn new(quiet: Duration) -> Self {
        Self {
            quiet: quiet.max(QUICK),
            heard: BTreeMap::new(),
            rhythms: Rhythms::default(),
        }
    }

    /// A new file is quiet after this long, unless somebody goes on writing it.
    pub(super) fn quiet(&self) -> Duration {
        self.quiet
    }

    /// Somebody does something to a file.
    pub(super) fn touched(&mut self, name: FileName, touch: Touch) {
        self.heard.insert(name, touch);
    }

    /// Not all closings were heard: who is still writing is not known.
    pub(super) fn missed(&mut self) {
        self.heard.clear();
    }

    /// A file is another than it was, whether it was served or not.
    pub(super) fn changed(&mut self, now: Instant, name: &FileName, old: Stamp, new: Stamp) {
        self.rhythms.changed(now, name, old, new);
    }

    /// True when somebody writes to a file and was not heard to close it.
    pub(super) fn is_heard_open(&self, name: &FileName) -> bool {
        self.heard.get(name) == Some(&Touch::Written)
    }

    /// Somebody still has a file open. When it is closed is to be heard anew.
    pub(super) fn is_open(&mut self, name: &FileName) {
        if self.heard.get(name) == Some(&Touch::Closed) {
            self.heard.remove(name);
        }
    }

    /// A file is to be read: of what was heard only that it is being written is of use.
    pub(super) fn taken(&mut self, name: &FileName) {
        if !self.is_heard_open(name) {
            self.heard.remove(name);
        }
    }

    /// A file is served.
    pub(super) fn served(&mut self, name: &FileName) {
        self.heard.remove(name);
    }

    /// Keeps only what is known of files that are still there.
    pub(super) fn retain(&mut self, now: Instant, is_there: impl Fn(&FileName) -> bool) {
        self.heard.retain(|name, _| is_there(name));
        self.rhythms.retain(now, is_there);
    }

    /// When a file is quiet if it stays as it is. `age` is how old it was when it was first seen like this; `again`, when
    /// it was open for writing, is the time to look again.
    pub(super) fn quiet_at(
        &self,
        name: &FileName,
        file: &Unserved,
        age: Duration,
        again: Option<Instant>,
    ) -> Instant {
        let quiet = file.since + self.wait(name, file, age);
        match again {
            // Its writer has closed it: that is looked at now.
            Some(_) if self.heard.get(name) == Some(&Touch::Closed) => quiet,
            Some(again) => quiet.max(again),
            None => quiet,
        }
    }

    fn wait(&self, name: &FileName, file: &Unserved, age: Duration) -> Duration {
        let is_old = age >= self.quiet;
        let least = match self.heard.get(name) {
            Some(Touch::Written) => return QUIET_HEARD,
            Some(_) | None if is_old && !file.changed => Duration::ZERO,
            Some(Touch::Moved) => QUICK,
            Some(Touch::Closed) if is_old => QUICK,
            Some(Touch::Closed) | None if file.changed => self.quiet,
            Some(Touch::Closed) | None => self.quiet.saturating_sub(age),
        };
        least.max(self.rhythms.wait(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::FileTime;

    const QUIET: Duration = Duration::from_secs(4);

    fn stamp(bytes: u64, at_s: i64) -> Stamp {
        Stamp {
            device: 1,
            inode: 2,
            bytes,
            changed: FileTime(1_000_000 + at_s, 0),
        }
    }

    /// How long each file waits from its last change on.
    #[test]
    fn what_was_heard_its_age_and_its_rhythm_say_how_long_a_file_waits() {
        let name = FileName::try_from("a").unwrap();
        let start = Instant::now();
        let (new, old) = (Duration::from_secs(1), Duration::from_secs(60));
        let (first, later) = (false, true);
        for (heard, changed, age, expected) in [
            (None, first, old, Duration::ZERO),
            (None, first, new, QUIET - new),
            (None, later, old, QUIET),
            (Some(Touch::Written), first, old, QUIET_HEARD),
            (Some(Touch::Closed), first, new, QUIET - new),
            // `cp -p` and the like: written, dated back, closed.
            (Some(Touch::Closed), later, old, QUICK),
            (Some(Touch::Closed), later, new, QUIET),
            (Some(Touch::Moved), first, new, QUICK),
            (Some(Touch::Moved), later, new, QUICK),
        ] {
            let mut settle = Settle::new(QUIET);
            if let Some(touch) = heard {
                settle.touched(name.clone(), touch);
            }
            let mut file = Unserved::new(stamp(5, 0), start);
            file.changed = changed;
            let quiet = settle.quiet_at(&name, &file, age, None);
            assert_eq!(quiet, start + expected, "{heard:?} {changed} {age:?}");
        }
    }

    #[test]
    fn a_recording_in_pieces_waits_for_a_multiple_of_its_pauses() {
        let name = FileName::try_from("rec").unwrap();
        let start = Instant::now();
        let mut settle = Settle::new(QUIET);
        let mut file = Unserved::new(stamp(1, 0), start);
        for piece in 1..4 {
            let now = start + Duration::from_secs(3 * piece);
            settle.touched(name.clone(), Touch::Written);
            settle.touched(name.clone(), Touch::Closed);
            let grown = stamp(piece + 1, 3 * piece as i64);
            settle.changed(now, &name, file.stamp, grown);
            file = file.changed_to(grown, now);
            let quiet = settle.quiet_at(&name, &file, Duration::ZERO, None);
            assert_eq!(quiet, now + Duration::from_secs(9), "{piece}");
        }
        // It was taken too early: its rhythm is still known.
        settle.served(&name);
        let now = start + Duration::from_secs(21);
        settle.changed(now, &name, file.stamp, stamp(5, 21));
        let file = Unserved::new(stamp(5, 21), now);
        let quiet = settle.quiet_at(&name, &file, Duration::ZERO, None);
        assert_eq!(quiet, now + Duration::from_secs(36));
    }

    #[test]
    fn what_is_open_is_looked_at_again_at_once_when_it_is_closed() {
        let name = FileName::try_from("a").unwrap();
        let start = Instant::now();
        let mut settle = Settle::new(QUIET);
        let file = Unserved::new(stamp(5, -60), start);
        let again = Some(start + Duration::from_secs(60));
        let quiet_at = |settle: &Settle| settle.quiet_at(&name, &file, Duration::MAX, again);
        assert_eq!(Some(quiet_at(&settle)), again);
        settle.touched(name.clone(), Touch::Closed);
        assert_eq!(quiet_at(&settle), start);
        settle.is_open(&name);
        assert_eq!(Some(quiet_at(&settle)), again);
    }
}
