//! When a new or changed file has stopped changing. Owns the waiting files; must not look at the folder.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, Instant, SystemTime},
};

use super::rhythm::Rhythms;
use crate::model::{FileName, FileTime, Stamp};

/// A file that its writer has closed, or that was moved here, is left alone for this long when its date says that it is
/// old, or when it came as a whole.
const QUICK: Duration = Duration::from_millis(250);
/// While somebody who has written to it has not closed it, as far as was heard.
const QUIET_HEARD: Duration = Duration::from_secs(30);
/// A file that somebody could write into is taken all the same when it has not changed for this long.
pub(super) const QUIET_OPEN: Duration = Duration::from_secs(600);
/// One that is open is looked at again after this long, then after twice as long, and so on.
const AGAIN: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(4));

/// A file that is not served yet.
#[derive(Clone, Copy, Debug)]
struct Waiting {
    stamp: Stamp,
    /// When it was first seen to be like this.
    since: Instant,
    /// How old it was then, by its date.
    age: Duration,
    /// It was another before.
    changed: bool,
    /// It is open for writing, and looked at again at the time, after this long.
    held: Option<(Instant, Duration)>,
    due: Instant,
}

/// A file that has stopped changing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Settled {
    pub(super) name: FileName,
    pub(super) stamp: Stamp,
    /// Since when it is like this.
    pub(super) since: Instant,
    /// When it could be taken.
    pub(super) due: Instant,
    /// Its writer was not heard to close it.
    pub(super) heard_open: bool,
    held: Option<Duration>,
    changed: bool,
}

/// Files that are not served yet.
#[derive(Debug)]
pub(super) struct Settling {
    /// One that was changed is left alone for this long.
    quiet: Duration,
    waiting: BTreeMap<FileName, Waiting>,
    /// Each of them is in one of these: by when it may have stopped changing, or by its length when it has.
    due: BTreeSet<(Instant, FileName)>,
    settled: BTreeSet<(u64, FileName)>,
    /// Written to, and not closed since.
    open: BTreeSet<FileName>,
    closed: BTreeSet<FileName>,
    /// Came under this name as a whole.
    moved: BTreeSet<FileName>,
    rhythms: Rhythms,
}

impl Settling {
    pub(super) fn new(quiet: Duration) -> Self {
        Self {
            quiet: quiet.max(QUICK),
            waiting: BTreeMap::new(),
            due: BTreeSet::new(),
            settled: BTreeSet::new(),
            open: BTreeSet::new(),
            closed: BTreeSet::new(),
            moved: BTreeSet::new(),
            rhythms: Rhythms::default(),
        }
    }

    /// Somebody writes to a file.
    pub(super) fn written(&mut self, name: FileName) {
        self.closed.remove(&name);
        self.moved.remove(&name);
        self.open.insert(name);
    }

    /// A writer closed a file.
    pub(super) fn closed(&mut self, name: FileName) {
        self.open.remove(&name);
        self.closed.insert(name);
    }

    /// A file got this name, perhaps instead of another.
    pub(super) fn moved(&mut self, name: FileName) {
        self.open.remove(&name);
        self.closed.remove(&name);
        self.moved.insert(name);
    }

    /// Not all closings were heard: who is still writing is not known.
    pub(super) fn missed(&mut self) {
        self.open.clear();
        self.closed.clear();
        self.moved.clear();
    }

    /// A file is another than it was, whether it was served or waited.
    pub(super) fn changed(&mut self, now: Instant, name: &FileName, old: Stamp, new: Stamp) {
        self.rhythms.changed(now, name, old, new);
    }

    /// A file was seen that is not served.
    pub(super) fn seen(&mut self, now: Instant, clock: SystemTime, name: &FileName, stamp: Stamp) {
        let known = self.waiting.get(name).copied();
        if let Some(known) = known.filter(|known| known.stamp == stamp) {
            if !self.settled.contains(&(stamp.bytes, name.clone())) {
                self.put(name.clone(), known);
            }
            return;
        }
        if let Some(known) = known {
            self.changed(now, name, known.stamp, stamp);
        }
        let waiting = Waiting {
            stamp,
            since: now,
            age: age(clock, stamp),
            changed: known.is_some(),
            held: None,
            due: now,
        };
        self.put(name.clone(), waiting);
    }

    /// How long a file is to be like it is before it is taken.
    fn wait(&self, name: &FileName, file: &Waiting) -> Duration {
        if self.open.contains(name) {
            return QUIET_HEARD;
        }
        let is_old = file.age >= self.quiet;
        let is_closed = self.closed.contains(name);
        let least = if is_old && !file.changed {
            Duration::ZERO
        } else if self.moved.contains(name) || (is_old && is_closed) {
            QUICK
        } else if file.changed {
            self.quiet
        } else {
            self.quiet.saturating_sub(file.age)
        };
        least.max(self.rhythms.wait(name))
    }

    /// Keeps only those that are still there.
    pub(super) fn retain(&mut self, now: Instant, is_there: impl Fn(&FileName) -> bool) {
        self.waiting.retain(|name, _| is_there(name));
        self.due.retain(|(_, name)| is_there(name));
        self.settled.retain(|(_, name)| is_there(name));
        for heard in [&mut self.open, &mut self.closed, &mut self.moved] {
            heard.retain(&is_there);
        }
        self.rhythms.retain(now, is_there);
    }

    /// It is served now, or gone.
    pub(super) fn forget(&mut self, name: &FileName) {
        self.take_out(name);
        for heard in [&mut self.open, &mut self.closed, &mut self.moved] {
            heard.remove(name);
        }
    }

    fn take_out(&mut self, name: &FileName) -> Option<Waiting> {
        let (name, waiting) = self.waiting.remove_entry(name)?;
        let key = (waiting.due, name);
        if !self.due.remove(&key) {
            self.settled.remove(&(waiting.stamp.bytes, key.1));
        }
        Some(waiting)
    }

    fn put(&mut self, name: FileName, mut waiting: Waiting) {
        self.take_out(&name);
        let quiet = waiting.since + self.wait(&name, &waiting);
        waiting.due = match waiting.held {
            // Its writer has closed it: that is looked at now.
            Some(_) if self.closed.contains(&name) => quiet,
            Some((again, _)) => quiet.max(again),
            None => quiet,
        };
        self.due.insert((waiting.due, name.clone()));
        self.waiting.insert(name, waiting);
    }

    /// Starts its wait anew: it changed while it was read.
    pub(super) fn again(&mut self, now: Instant, name: FileName, stamp: Stamp) {
        let waiting = Waiting {
            stamp,
            since: now,
            age: Duration::ZERO,
            changed: true,
            held: None,
            due: now,
        };
        self.put(name, waiting);
    }

    /// It is open for writing, or whether it is has still to be found out: it waits until then.
    pub(super) fn hold(&mut self, file: Settled, until: Until) {
        let held = match until {
            Until::Looked(at) => Some((at, file.held.unwrap_or_default())),
            Until::Closed(now) => {
                let longer = file.held.map_or(AGAIN.0, |wait| wait * 2);
                let wait = longer.clamp(AGAIN.0, AGAIN.1);
                Some((now + wait, wait))
            }
        };
        self.closed.remove(&file.name);
        let waiting = Waiting {
            stamp: file.stamp,
            since: file.since,
            // Nothing is to be waited for but that.
            age: Duration::MAX,
            changed: file.changed,
            held,
            due: file.since,
        };
        self.put(file.name, waiting);
    }

    /// Takes out the smallest file that has stopped changing.
    pub(super) fn take_settled(&mut self, now: Instant) -> Option<Settled> {
        while self.due.first().is_some_and(|(due, _)| *due <= now) {
            let (_, name) = self.due.pop_first()?;
            if let Some(waiting) = self.waiting.get(&name) {
                self.settled.insert((waiting.stamp.bytes, name));
            }
        }
        let (_, name) = self.settled.pop_first()?;
        let waiting = self.waiting.remove(&name)?;
        Some(Settled {
            stamp: waiting.stamp,
            since: waiting.since,
            due: waiting.due,
            heard_open: self.open.contains(&name),
            held: waiting.held.map(|(_, wait)| wait),
            changed: waiting.changed,
            name,
        })
    }

    /// It is to be read now: what was heard of it is of no use any more.
    pub(super) fn taken(&mut self, name: &FileName) {
        self.closed.remove(name);
        self.moved.remove(name);
    }

    /// True when one of them has stopped changing.
    pub(super) fn has_settled(&self, now: Instant) -> bool {
        self.next_settled().is_some_and(|due| due <= now)
    }

    /// When the next one may have stopped changing.
    pub(super) fn next_settled(&self) -> Option<Instant> {
        match self.settled.first() {
            Some((_, name)) => self.waiting.get(name).map(|waiting| waiting.due),
            None => self.due.first().map(|(due, _)| *due),
        }
    }
}

/// What a file waits for that has stopped changing.
#[derive(Clone, Copy, Debug)]
pub(super) enum Until {
    /// Who has it open is looked at then.
    Looked(Instant),
    /// Somebody has it open now.
    Closed(Instant),
}

/// How old a file is by its date. One of the future is new.
fn age(clock: SystemTime, stamp: Stamp) -> Duration {
    let FileTime(seconds, part) = stamp.changed;
    let Ok(seconds) = u64::try_from(seconds) else {
        return Duration::MAX;
    };
    let part = u32::try_from(part).unwrap_or(0).min(999_999_999);
    let changed = SystemTime::UNIX_EPOCH.checked_add(Duration::new(seconds, part));
    changed.map_or(Duration::ZERO, |changed| {
        clock.duration_since(changed).unwrap_or_default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const QUIET: Duration = Duration::from_secs(4);

    fn stamp(bytes: u64, age_s: i64) -> Stamp {
        Stamp {
            device: 1,
            inode: 2,
            bytes,
            changed: FileTime(1_000_000 - age_s, 0),
        }
    }

    fn name(text: &str) -> FileName {
        FileName::try_from(text).unwrap()
    }

    fn clock() -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000)
    }

    fn take(settling: &mut Settling, now: Instant) -> Option<String> {
        let taken = settling.take_settled(now);
        taken.map(|settled| settled.name.to_string())
    }

    #[test]
    fn old_files_are_taken_at_once_and_new_ones_when_they_are_quiet() {
        let start = Instant::now();
        let mut settling = Settling::new(QUIET);
        settling.seen(start, clock(), &name("old"), stamp(9, 60));
        settling.seen(start, clock(), &name("new"), stamp(5, 1));
        settling.written(name("open"));
        settling.seen(start, clock(), &name("open"), stamp(5, 60));
        assert_eq!(take(&mut settling, start), Some("old".to_owned()));
        assert_eq!(take(&mut settling, start), None);
        // What of its quiet time has passed by then counts.
        let quiet = QUIET - Duration::from_secs(1);
        assert_eq!(settling.next_settled(), Some(start + quiet));
        let later = start + quiet / 2;
        settling.seen(later, clock(), &name("new"), stamp(4, 0));
        assert_eq!(take(&mut settling, start + quiet), None);
        assert!(take(&mut settling, later + QUIET).is_some());
        assert_eq!(settling.next_settled(), Some(start + QUIET_HEARD));
        settling.closed(name("open"));
        settling.seen(later, clock(), &name("open"), stamp(5, 60));
        assert!(take(&mut settling, start + QUICK).is_some());
    }

    #[test]
    fn what_came_as_a_whole_is_taken_soon() {
        let start = Instant::now();
        let mut settling = Settling::new(QUIET);
        settling.moved(name("moved"));
        settling.seen(start, clock(), &name("moved"), stamp(5, 0));
        // `cp -p` and the like: written, dated back, closed.
        settling.written(name("copied"));
        settling.seen(start, clock(), &name("copied"), stamp(3, 0));
        settling.closed(name("copied"));
        settling.seen(start, clock(), &name("copied"), stamp(5, 600));
        assert_eq!(take(&mut settling, start), None);
        assert_eq!(
            take(&mut settling, start + QUICK),
            Some("copied".to_owned())
        );
        assert_eq!(take(&mut settling, start + QUICK), Some("moved".to_owned()));
    }

    #[test]
    fn a_recording_in_pieces_is_taken_once_it_pauses_for_longer_than_before() {
        let start = Instant::now();
        let mut settling = Settling::new(QUIET);
        for piece in 0..4 {
            let now = start + Duration::from_secs(3 * piece);
            let clock = clock() + Duration::from_secs(3 * piece);
            assert_eq!(take(&mut settling, now), None, "{piece}");
            settling.written(name("rec"));
            settling.closed(name("rec"));
            settling.seen(
                now,
                clock,
                &name("rec"),
                stamp(piece + 1, -3 * piece as i64),
            );
        }
        let last = start + Duration::from_secs(9);
        assert_eq!(settling.next_settled(), Some(last + Duration::from_secs(9)));
        assert!(take(&mut settling, last + Duration::from_secs(9)).is_some());
        // It was taken too early: its rhythm is still known.
        let (old, new) = (stamp(4, -9), stamp(5, -21));
        let now = start + Duration::from_secs(21);
        settling.changed(now, &name("rec"), old, new);
        settling.seen(now, clock() + Duration::from_secs(21), &name("rec"), new);
        assert_eq!(settling.next_settled(), Some(now + Duration::from_secs(36)));
    }

    #[test]
    fn what_is_open_is_looked_at_again_until_it_is_closed() {
        let start = Instant::now();
        let mut settling = Settling::new(QUIET);
        settling.seen(start, clock(), &name("a"), stamp(5, 60));
        let mut now = start;
        for wait_ms in [500, 1000, 2000, 4000, 4000] {
            let settled = settling.take_settled(now).unwrap();
            assert_eq!(settled.since, start);
            settling.hold(settled, Until::Closed(now));
            // A look does not change that.
            settling.seen(now, clock(), &name("a"), stamp(5, 60));
            assert_eq!(settling.take_settled(now), None);
            now += Duration::from_millis(wait_ms);
            assert_eq!(settling.next_settled(), Some(now));
        }
        let settled = settling.take_settled(now).unwrap();
        settling.hold(settled, Until::Closed(now));
        settling.closed(name("a"));
        settling.seen(now, clock(), &name("a"), stamp(5, 60));
        assert!(settling.take_settled(now).is_some());
    }

    #[test]
    fn many_files_are_taken_in_the_order_of_their_lengths() {
        const FILES: u64 = 100_000;
        let start = Instant::now();
        let mut settling = Settling::new(QUIET);
        for round in 0..2 {
            for n in 0..FILES {
                let bytes = (n * 7919 + round) % FILES;
                settling.seen(start, clock(), &name(&format!("f{n}")), stamp(bytes, 60));
            }
        }
        // Changed since it was first seen: not at once.
        assert_eq!(settling.take_settled(start), None);
        settling.retain(start, |name| name.as_str() != "f0");
        let mut taken = 0;
        let mut last = 0;
        while let Some(settled) = settling.take_settled(start + QUIET) {
            assert!(settled.stamp.bytes >= last);
            last = settled.stamp.bytes;
            taken += 1;
        }
        assert_eq!(taken, FILES - 1);
        assert_eq!(settling.next_settled(), None);
        assert!(start.elapsed() < Duration::from_secs(20));
    }
}
