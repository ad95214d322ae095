//! Events that are alike, kept until no more come. What goes on for long is told ever more rarely.

use std::time::{Duration, Instant};

use crate::cli::text::line::Line;

/// So many are told one by one.
const FEW: usize = 2;
/// Lines that are kept of a group; of what comes beyond them only the number is known.
const MOST_LINES: usize = 4096;
/// A group is told when nothing was added for this long, and at the latest when its first event is so old.
const QUIET: Duration = Duration::from_millis(1000);
const LONGEST: Duration = Duration::from_secs(5);
/// Both are so much longer each time that a group like it was told shortly before, up to a limit.
const LONGER: u32 = 4;
const MOST_STEPS: u32 = 2;
/// How long it is remembered that a group was told.
const REMEMBERED: Duration = Duration::from_secs(120);

/// Groups of events, each known by a key.
#[derive(Debug)]
pub(super) struct Bulk<K> {
    groups: Vec<Group<K>>,
    /// Keys of groups that were told of late, how often in a row, and when last.
    told: Vec<(K, u32, Instant)>,
}

#[derive(Debug)]
struct Group<K> {
    key: K,
    /// Its events by name, each in its own line.
    lines: Vec<(String, Line)>,
    sum: Sum,
    began: Instant,
    last: Instant,
    /// How many times like it was told before.
    steps: u32,
}

/// How many events, and the bytes of their files.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Sum {
    pub(super) count: usize,
    pub(super) bytes: u64,
}

impl<K> Default for Bulk<K> {
    fn default() -> Self {
        Self {
            groups: Vec::new(),
            told: Vec::new(),
        }
    }
}

impl<K> Group<K> {
    fn is_due(&self, now: Instant) -> bool {
        let longer = LONGER.pow(self.steps.min(MOST_STEPS));
        now.saturating_duration_since(self.last) >= QUIET * longer
            || now.saturating_duration_since(self.began) >= LONGEST * longer
    }
}

impl<K: PartialEq> Bulk<K> {
    /// Keeps an event about something of this name, which alone would be this line.
    pub(super) fn add(&mut self, now: Instant, key: K, name: &str, line: Line, bytes: u64) {
        let group = match self.groups.iter().position(|group| group.key == key) {
            Some(place) => &mut self.groups[place],
            None => {
                self.told
                    .retain(|(_, _, at)| now.saturating_duration_since(*at) < REMEMBERED);
                let before = self.told.iter().find(|(told, _, _)| *told == key);
                let steps = before.map_or(0, |(_, steps, _)| *steps);
                self.groups.push_mut(Group {
                    key,
                    lines: Vec::new(),
                    sum: Sum::default(),
                    began: now,
                    last: now,
                    steps,
                })
            }
        };
        group.last = now;
        group.sum.count += 1;
        group.sum.bytes = group.sum.bytes.saturating_add(bytes);
        if group.lines.len() < MOST_LINES {
            group.lines.push((name.to_owned(), line));
        }
    }

    /// Takes an event back that has become meaningless before it was told.
    pub(super) fn take_back(&mut self, key: &K, name: &str, bytes: u64) {
        let Some(group) = self.groups.iter_mut().find(|group| group.key == *key) else {
            return;
        };
        if let Some(place) = group.lines.iter().position(|(kept, _)| kept == name) {
            group.lines.remove(place);
            group.sum.count -= 1;
            group.sum.bytes = group.sum.bytes.saturating_sub(bytes);
        }
        self.groups.retain(|group| group.sum.count > 0);
    }

    /// The lines of groups that were kept for long enough, and of those that began before them.
    pub(super) fn due(&mut self, now: Instant, together: impl Fn(&K, Sum) -> Line) -> Vec<Line> {
        let last = self.groups.iter().rposition(|group| group.is_due(now));
        last.map_or_else(Vec::new, |last| self.tell(last + 1, together))
    }

    /// The lines of all groups.
    pub(super) fn rest(&mut self, together: impl Fn(&K, Sum) -> Line) -> Vec<Line> {
        self.tell(self.groups.len(), together)
    }

    fn tell(&mut self, count: usize, together: impl Fn(&K, Sum) -> Line) -> Vec<Line> {
        let mut lines = Vec::new();
        for group in self.groups.drain(..count) {
            if group.sum.count <= FEW {
                lines.extend(group.lines.into_iter().map(|(_, line)| line));
            } else {
                lines.push(together(&group.key, group.sum));
            }
            self.told.retain(|(key, _, _)| *key != group.key);
            self.told.push((group.key, group.steps + 1, group.last));
        }
        lines
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    fn texts(lines: &[Line]) -> Vec<String> {
        lines.iter().map(Line::text).collect()
    }

    fn together(key: &char, sum: Sum) -> Line {
        format!("{} of {key}, {} B", sum.count, sum.bytes).into()
    }

    #[test]
    fn few_are_told_one_by_one_and_many_together_once_no_more_come() {
        let mut bulk = Bulk::default();
        let start = Instant::now();
        for n in 0..100u32 {
            bulk.add(start + n * 5 * MS, 'a', "", format!("a{n}").into(), 10);
        }
        bulk.add(start + 600 * MS, 'b', "", "b0".into(), 1);
        assert!(bulk.due(start + 1400 * MS, together).is_empty());
        let lines = bulk.due(start + 1500 * MS, together);
        assert_eq!(texts(&lines), ["100 of a, 1000 B"]);
        let lines = bulk.due(start + 1600 * MS, together);
        assert_eq!(texts(&lines), ["b0"]);
        assert!(bulk.rest(together).is_empty());
    }

    #[test]
    fn what_comes_for_ever_is_told_all_the_same() {
        let mut bulk = Bulk::default();
        let start = Instant::now();
        let mut told = Vec::new();
        for second in 0..180u32 {
            let now = start + second * 1000 * MS;
            bulk.add(now, 'a', "", format!("{second}").into(), 0);
            if !bulk.due(now, together).is_empty() {
                told.push(second);
            }
        }
        assert_eq!(told, [5, 26, 107]);
        // After a while it is news again.
        let now = start + 400 * 1000 * MS;
        bulk.rest(together);
        bulk.add(now, 'a', "", "a".into(), 0);
        assert_eq!(bulk.due(now + QUIET, together).len(), 1);
    }

    #[test]
    fn what_is_taken_back_is_not_told() {
        let mut bulk = Bulk::default();
        let now = Instant::now();
        for line in ["x", "y", "z", "w"] {
            bulk.add(now, 'a', line, line.into(), 5);
        }
        bulk.take_back(&'a', "y", 5);
        bulk.take_back(&'a', "w", 5);
        assert_eq!(texts(&bulk.rest(together)), ["x", "z"]);
        // It was told.
        bulk.take_back(&'a', "x", 5);
        assert!(bulk.rest(together).is_empty());
    }
}
