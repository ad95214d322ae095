//! What people are told about files that are not served. Each is told once and by name, but never so many that nobody
//! would read on.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, Instant},
};

use super::types::Notice;
use crate::model::{FileNameError, IgnoredReason};

/// Names told one by one for each kind of reason, per [`TURN`].
const MOST_SINGLE: usize = 20;
/// Names quoted in the summary of all others.
const EXAMPLES: usize = 3;
/// How often the others are told, in one summary.
const TURN: Duration = Duration::from_secs(600);

/// What has been told for one kind of reason.
#[derive(Debug)]
struct Kind {
    began: Instant,
    single: usize,
    more: usize,
    examples: Vec<String>,
    reason: IgnoredReason,
    /// When the last summary was told.
    told: Option<Instant>,
}

impl Kind {
    /// Hidden names mostly belong to programs. They are told once, at the start.
    fn most_single(&self) -> usize {
        match self.reason {
            IgnoredReason::Name(FileNameError::Dot) => 0,
            _ => MOST_SINGLE,
        }
    }

    fn can_tell_rest(&self, now: Instant) -> bool {
        let is_time = self.told.is_none_or(|told| now >= told + TURN);
        is_time && (self.told.is_none() || self.most_single() > 0)
    }
}

/// What is not served, and what was told about it.
#[derive(Debug, Default)]
pub(super) struct PassedOver {
    /// The paths of the last look.
    paths: BTreeSet<String>,
    /// By the reason's code.
    kinds: BTreeMap<&'static str, Kind>,
}

impl PassedOver {
    /// A look is over. Returns what to tell about all that it passed over.
    pub(super) fn looked(
        &mut self,
        now: Instant,
        ignored: BTreeMap<String, IgnoredReason>,
    ) -> Vec<Notice> {
        let paths = std::mem::take(&mut self.paths);
        let mut notices = Vec::new();
        for (path, reason) in ignored {
            if !paths.contains(&path) {
                notices.extend(self.one(now, path.clone(), reason));
            }
            self.paths.insert(path);
        }
        notices.extend(self.rest(now));
        notices
    }

    /// Something is passed over that was not before. Returns what to tell about it alone.
    pub(super) fn one(
        &mut self,
        now: Instant,
        path: String,
        reason: IgnoredReason,
    ) -> Option<Notice> {
        let kind = self.kinds.entry(reason.code()).or_insert_with(|| Kind {
            began: now,
            single: 0,
            more: 0,
            examples: Vec::new(),
            reason: reason.clone(),
            told: None,
        });
        if now >= kind.began + TURN {
            (kind.began, kind.single) = (now, 0);
        }
        if kind.single < kind.most_single() {
            kind.single += 1;
            return Some(Notice::Ignored { path, reason });
        }
        kind.more += 1;
        if kind.examples.len() < EXAMPLES {
            kind.examples.push(path);
        }
        None
    }

    /// The summary of the others, if it is time for one.
    fn rest(&mut self, now: Instant) -> Vec<Notice> {
        let due = self.kinds.values_mut();
        let due = due.filter(|kind| kind.more > 0 && kind.can_tell_rest(now));
        due.map(|kind| {
            kind.told = Some(now);
            Notice::ManyIgnored {
                count: std::mem::take(&mut kind.more),
                examples: std::mem::take(&mut kind.examples),
                reason: kind.reason.clone(),
            }
        })
        .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_are_told_by_name_and_many_in_one() {
        let now = Instant::now();
        let mut passed = PassedOver::default();
        let mut look = |now, count: usize, reason: IgnoredReason| {
            let ignored = (0..count).map(|n| (format!("p{n}"), reason.clone()));
            let notices = passed.looked(now, ignored.collect());
            assert!(passed.looked(now, BTreeMap::new()).is_empty());
            let mut single = 0;
            let mut many = Vec::new();
            for notice in notices {
                match notice {
                    Notice::Ignored { .. } => single += 1,
                    Notice::ManyIgnored {
                        count, examples, ..
                    } => many.push((count, examples.len())),
                    other => panic!("{other:?}"),
                }
            }
            (single, many)
        };
        assert_eq!(look(now, 3, IgnoredReason::NotAFile), (3, vec![]));
        let many = look(now, 5000, IgnoredReason::Symlink);
        assert_eq!(many, (MOST_SINGLE, vec![(5000 - MOST_SINGLE, EXAMPLES)]));
        let soon = now + TURN / 2;
        assert_eq!(look(soon, 100, IgnoredReason::Symlink), (0, vec![]));
        let later = look(now + TURN, 21, IgnoredReason::Symlink);
        assert_eq!(later, (MOST_SINGLE, vec![(101, EXAMPLES)]));
        let hidden = IgnoredReason::Name(FileNameError::Dot);
        assert_eq!(look(now, 2, hidden.clone()), (0, vec![(2, 2)]));
        assert_eq!(look(now + TURN, 2, hidden), (0, vec![]));
    }

    #[test]
    fn what_was_told_is_told_again_only_when_it_was_gone_meanwhile() {
        let now = Instant::now();
        let mut passed = PassedOver::default();
        let mut look = |paths: &[&str]| {
            let ignored = paths
                .iter()
                .map(|path| (path.to_string(), IgnoredReason::Symlink));
            passed.looked(now, ignored.collect()).len()
        };
        assert_eq!(
            [look(&["a"]), look(&["a", "b"]), look(&["a", "b"])],
            [1, 1, 0]
        );
        assert_eq!([look(&["b"]), look(&["a", "b"])], [0, 1]);
    }
}
