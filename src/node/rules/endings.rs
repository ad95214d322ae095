//! Downloads of a client that are over: what the central is told of them, once or again, and what is waited for
//! before they are booked.

use std::{
    collections::{BTreeMap, VecDeque},
    time::{Duration, Instant},
};

use super::DownloadNumber;
use crate::{
    model::{
        FileMeta, FileName, Finished, Outcome, ReceivedFrom, TransferId, limits::STATISTICS_EVERY,
    },
    proto::control::ToCentral,
};

/// How long the central has to tell what the secondaries reported.
const SETTLE_WITHIN: Duration = Duration::from_secs(5);
/// The same where somebody waits for the end. It comes at once unless a secondary has just failed.
const SETTLE_SOON: Duration = Duration::from_millis(300);
/// Ends of downloads that are kept to be told again.
const MOST_ENDS: usize = 256;
/// How long they are: a central that is killed has forgotten what it had not saved.
const KEEP_ENDS: Duration = STATISTICS_EVERY.saturating_mul(3);

/// A download that is over and whose figures the secondaries have not all reported.
#[derive(Debug)]
pub struct Unsettled {
    /// Its file.
    pub file: FileName,
    /// How it ended.
    pub outcome: Outcome,
    /// From its start to its end.
    pub took: Duration,
    /// What each secondary brought.
    pub received: Vec<ReceivedFrom>,
    deadline: Instant,
}

/// The end of a download, and what a central that has forgotten the download must be told before it.
#[derive(Debug)]
struct Told {
    at: Instant,
    /// The central has closed its books.
    settled: bool,
    number: DownloadNumber,
    file: FileMeta,
    finished: Finished,
}

impl Told {
    fn is_kept(&self, now: Instant) -> bool {
        !self.settled || now.saturating_duration_since(self.at) < KEEP_ENDS
    }

    fn words(&self) -> [ToCentral; 2] {
        let resume = ToCentral::Resume {
            transfer: self.finished.transfer,
            request: self.number.0,
            file: self.file.clone(),
        };
        [resume, ToCentral::Finished(self.finished.clone())]
    }
}

/// See the module.
#[derive(Debug, Default)]
pub struct Endings {
    unsettled: BTreeMap<TransferId, Unsettled>,
    /// Ends that the central may not know of.
    ends: VecDeque<Told>,
}

impl Endings {
    /// Keeps an end, to be told again on another link.
    pub(super) fn keep(
        &mut self,
        now: Instant,
        number: DownloadNumber,
        file: FileMeta,
        finished: Finished,
    ) {
        self.ends.retain(|end| end.is_kept(now));
        if self.ends.len() == MOST_ENDS {
            self.ends.pop_front();
        }
        self.ends.push_back(Told {
            at: now,
            settled: false,
            number,
            file,
            finished,
        });
    }

    pub(super) fn words_for_a_new_link(&self, now: Instant) -> Vec<ToCentral> {
        let ends = self.ends.iter().filter(|end| end.is_kept(now));
        ends.flat_map(Told::words).collect()
    }

    /// What the central has not acknowledged of a download.
    pub(super) fn unsettled_words(&self, number: DownloadNumber) -> Vec<ToCentral> {
        let of = |end: &&Told| end.number == number && !end.settled;
        self.ends.iter().filter(of).flat_map(Told::words).collect()
    }

    /// Waits for what the secondaries report of an ended transfer.
    pub fn unsettle(
        &mut self,
        now: Instant,
        transfer: TransferId,
        file: FileName,
        outcome: Outcome,
        took: Duration,
        received: Vec<ReceivedFrom>,
    ) {
        self.unsettled.insert(
            transfer,
            Unsettled {
                file,
                outcome,
                took,
                received,
                deadline: now + SETTLE_WITHIN,
            },
        );
    }

    /// The central has closed its books of a transfer.
    pub fn settle(&mut self, transfer: TransferId) -> Option<Unsettled> {
        for end in &mut self.ends {
            end.settled |= end.finished.transfer == transfer;
        }
        self.unsettled.remove(&transfer)
    }

    /// Gives up waiting for the figures of one: there is no central to tell.
    pub fn take_unsettled_of(&mut self, transfer: TransferId) -> Option<Unsettled> {
        self.unsettled.remove(&transfer)
    }

    /// Those for which nothing came in time.
    pub fn overdue(&mut self, now: Instant) -> Vec<Unsettled> {
        let overdue: Vec<_> = self
            .unsettled
            .iter()
            .filter(|(_, unsettled)| unsettled.deadline <= now)
            .map(|(transfer, _)| *transfer)
            .collect();
        overdue
            .into_iter()
            .filter_map(|transfer| self.unsettled.remove(&transfer))
            .collect()
    }

    /// Somebody waits for the end of everything.
    pub fn hurry(&mut self, now: Instant) {
        for unsettled in self.unsettled.values_mut() {
            unsettled.deadline = unsettled.deadline.min(now + SETTLE_SOON);
        }
    }

    /// Gives up waiting for figures.
    pub fn take_unsettled(&mut self) -> Vec<Unsettled> {
        std::mem::take(&mut self.unsettled).into_values().collect()
    }

    /// When [`Self::overdue`] is due.
    pub fn next_overdue(&self) -> Option<Instant> {
        self.unsettled.values().map(|u| u.deadline).min()
    }

    /// True when nothing is to be booked.
    pub fn are_settled(&self) -> bool {
        self.unsettled.is_empty()
    }
}
