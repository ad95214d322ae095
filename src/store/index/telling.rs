//! What is told of all that is passed over in a folder: each thing once and by its name, but never so much that nobody
//! reads it.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use super::IndexEvent;
use crate::model::{FileNameError, IgnoredReason};

/// Names that are told one by one for each kind of reason, in each [`TURN`].
const MOST_SINGLE: usize = 20;
/// Names that are told of the others.
const EXAMPLES: usize = 3;
/// How often what was more is told, in one.
const TURN: Duration = Duration::from_secs(600);

/// What is told of one kind of reason.
#[derive(Debug)]
struct Kind {
    began: Instant,
    single: usize,
    more: usize,
    examples: Vec<String>,
    reason: IgnoredReason,
    /// When the rest was last told.
    told: Option<Instant>,
}

impl Kind {
    /// Hidden names are those of programs, mostly: that there are some is told once, at the start.
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

/// By the reason's code.
#[derive(Debug, Default)]
pub(super) struct Telling(BTreeMap<&'static str, Kind>);

impl Telling {
    /// Something is passed over that was not at the last look: what is to be told of it alone.
    pub(super) fn passed_over(
        &mut self,
        now: Instant,
        path: String,
        reason: IgnoredReason,
    ) -> Option<IndexEvent> {
        let kind = self.0.entry(reason.code()).or_insert_with(|| Kind {
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
            return Some(IndexEvent::Ignored { path, reason });
        }
        kind.more += 1;
        if kind.examples.len() < EXAMPLES {
            kind.examples.push(path);
        }
        None
    }

    /// What is to be told of the others, once a look is over.
    pub(super) fn rest(&mut self, now: Instant) -> Vec<IndexEvent> {
        let due = self.0.values_mut();
        let due = due.filter(|kind| kind.more > 0 && kind.can_tell_rest(now));
        due.map(|kind| {
            kind.told = Some(now);
            IndexEvent::ManyIgnored {
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
        let mut telling = Telling::default();
        let mut pass = |now, count: usize, reason: IgnoredReason| {
            let each = (0..count)
                .filter_map(|n| telling.passed_over(now, format!("p{n}"), reason.clone()));
            let single = each.count();
            let many = telling.rest(now).into_iter().map(|event| match event {
                IndexEvent::ManyIgnored {
                    count, examples, ..
                } => (count, examples.len()),
                other => panic!("{other:?}"),
            });
            (single, many.collect::<Vec<_>>())
        };
        assert_eq!(pass(now, 3, IgnoredReason::NotAFile), (3, vec![]));
        let many = pass(now, 5000, IgnoredReason::Symlink);
        assert_eq!(many, (MOST_SINGLE, vec![(5000 - MOST_SINGLE, EXAMPLES)]));
        let soon = now + TURN / 2;
        assert_eq!(pass(soon, 100, IgnoredReason::Symlink), (0, vec![]));
        let later = pass(now + TURN, 21, IgnoredReason::Symlink);
        assert_eq!(later, (MOST_SINGLE, vec![(101, EXAMPLES)]));
        let hidden = IgnoredReason::Name(FileNameError::Dot);
        assert_eq!(pass(now, 2, hidden.clone()), (0, vec![(2, 2)]));
        assert_eq!(pass(now + TURN, 2, hidden), (0, vec![]));
    }
}
