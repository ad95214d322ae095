//! How often files grow. A program may write a file in pieces and close it after each. Such a file must not be read
//! between two pieces.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use crate::model::{FileName, Stamp};

/// A growing file is left alone for this many times the longest pause between its latest pieces.
const PATIENCE: u32 = 3;
/// A single pause longer than this makes no rhythm, as somebody may have edited the file once. Two do.
const ONE_PAUSE: Duration = Duration::from_secs(10);
/// A longer pause is never part of a rhythm: somebody edits the file now and then.
const LONGEST_PAUSE: Duration = Duration::from_secs(120);
/// No rhythm makes a file wait for longer than this.
const LONGEST_WAIT: Duration = Duration::from_secs(60);
/// A rhythm is forgotten when the file has not changed for this long.
const FORGOTTEN: Duration = Duration::from_secs(600);
/// The most files whose rhythm is remembered.
const MOST: usize = 10_000;

#[derive(Clone, Copy, Debug)]
struct Growing {
    pause: Duration,
    /// How many pauses there were.
    pauses: u32,
    last: Instant,
}

/// The pauses of files that grow.
#[derive(Debug, Default)]
pub(super) struct Rhythms(BTreeMap<FileName, Growing>);

impl Rhythms {
    /// A file has changed since it was last looked at.
    pub(super) fn changed(&mut self, now: Instant, name: &FileName, old: Stamp, new: Stamp) {
        let Some(pause) = pause_between(old, new) else {
            return;
        };
        if self.0.len() >= MOST && !self.0.contains_key(name) {
            self.0.retain(|_, growing| growing.last + FORGOTTEN > now);
            if self.0.len() >= MOST {
                return;
            }
        }
        let none = Growing {
            pause,
            pauses: 0,
            last: now,
        };
        let known = self.0.entry(name.clone()).or_insert(none);
        // A long pause counts for a while, as the next may be as long.
        known.pause = pause.max(known.pause * 3 / 4);
        known.pauses = known.pauses.saturating_add(1);
        known.last = now;
    }

    /// How long to leave the file alone after a change.
    pub(super) fn wait(&self, name: &FileName) -> Duration {
        let is_rhythm = |growing: &&Growing| growing.pauses > 1 || growing.pause <= ONE_PAUSE;
        let known = self.0.get(name).filter(is_rhythm);
        known.map_or(Duration::ZERO, |growing| {
            (growing.pause * PATIENCE).min(LONGEST_WAIT)
        })
    }

    /// Keeps only the rhythms of files that are still there and grew lately.
    pub(super) fn retain(&mut self, now: Instant, is_there: impl Fn(&FileName) -> bool) {
        let is_late = |growing: &Growing| growing.last + FORGOTTEN > now;
        self.0
            .retain(|name, growing| is_late(growing) && is_there(name));
    }
}

/// The time between two changes of one growing file, by its dates.
fn pause_between(old: Stamp, new: Stamp) -> Option<Duration> {
    let same = (old.device, old.inode) == (new.device, new.inode);
    if !same || new.bytes < old.bytes {
        return None;
    }
    let pause = new.changed.since(old.changed)?;
    (!pause.is_zero() && pause <= LONGEST_PAUSE).then_some(pause)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::FileTime;

    fn stamp(inode: u64, bytes: u64, at_ms: i64) -> Stamp {
        Stamp {
            device: 1,
            inode,
            bytes,
            changed: FileTime(at_ms / 1000, at_ms % 1000 * 1_000_000),
        }
    }

    #[test]
    fn a_file_waits_for_a_multiple_of_its_pauses() {
        let name = FileName::try_from("a").unwrap();
        let now = Instant::now();
        let mut rhythms = Rhythms::default();
        let mut changed = |old, new| {
            rhythms.changed(now, &name, old, new);
            rhythms.wait(&name)
        };
        let seconds = Duration::from_secs;
        // The file was replaced, cut, or dated back. That is no growth.
        assert_eq!(changed(stamp(1, 1, 0), stamp(2, 2, 3000)), seconds(0));
        assert_eq!(changed(stamp(1, 2, 0), stamp(1, 1, 3000)), seconds(0));
        assert_eq!(changed(stamp(1, 1, 3000), stamp(1, 2, 0)), seconds(0));
        assert_eq!(changed(stamp(1, 1, 0), stamp(1, 2, 200_000)), seconds(0));
        // Edited once.
        assert_eq!(changed(stamp(1, 1, 0), stamp(1, 2, 60_000)), seconds(0));
        rhythms = Rhythms::default();
        let mut changed = |old, new| {
            rhythms.changed(now, &name, old, new);
            rhythms.wait(&name)
        };
        assert_eq!(changed(stamp(1, 1, 0), stamp(1, 2, 3000)), seconds(9));
        // A shorter one afterwards does not make it forgotten at once.
        let later = changed(stamp(1, 2, 3000), stamp(1, 3, 3500));
        assert_eq!(later, Duration::from_millis(6750));
        assert_eq!(changed(stamp(1, 1, 0), stamp(1, 2, 60_000)), LONGEST_WAIT);
        rhythms.retain(now + FORGOTTEN, |_| true);
        assert_eq!(rhythms.wait(&name), seconds(0));
    }

    #[test]
    fn rhythms_are_bounded() {
        let now = Instant::now();
        let mut rhythms = Rhythms::default();
        for n in 0..MOST + 10 {
            let name = FileName::try_from(format!("f{n}").as_str()).unwrap();
            rhythms.changed(now, &name, stamp(1, 1, 0), stamp(1, 2, 1000));
        }
        assert_eq!(rhythms.0.len(), MOST);
    }
}
