//! Downloads of a client that are over: what the central is told of them, once or again, and what is waited for
//! before they are booked.

use std::{
    collections::{BTreeMap, VecDeque},
    time::{Duration, Instant},
};

use super::DownloadNumber;
use crate::{
    model::{
        FileMeta, FileName, Finished, KnownSource, Outcome, ReceivedFrom, TransferId,
        limits::STATISTICS_EVERY,
        messages::{FromClient, FromReceiver, Resume},
    },
    proto::control::ToCentral,
};

/// How long the central has to tell what the secondaries reported.
const BOOKED_WITHIN: Duration = Duration::from_secs(5);
/// The same where somebody waits for the end. It comes at once unless a secondary has just failed.
const BOOKED_SOON: Duration = Duration::from_millis(300);
/// Ends of downloads that are kept to be told again.
const MOST_ENDS: usize = 256;
/// How long they are: a central that is killed has forgotten what it had not saved.
const KEEP_ENDS: Duration = STATISTICS_EVERY.saturating_mul(3);

/// A download that is over and whose figures the secondaries have not all reported.
#[derive(Debug)]
pub struct Unbooked {
    /// Its file.
    pub file: FileName,
    /// How it ended.
    pub outcome: Outcome,
    /// From its start to its end.
    pub took: Duration,
    /// What each source brought.
    pub received: Vec<ReceivedFrom>,
    deadline: Instant,
}

/// The end of a download, and what a central that has forgotten the download must be told before it.
#[derive(Debug)]
struct Told {
    at: Instant,
    /// The central has closed its books.
    booked: bool,
    number: DownloadNumber,
    file: FileMeta,
    finished: Finished,
}

impl Told {
    fn is_kept(&self, now: Instant) -> bool {
        !self.booked || now.saturating_duration_since(self.at) < KEEP_ENDS
    }

    fn messages(&self) -> [ToCentral; 2] {
        let sources = self.finished.sources.iter();
        let known = |source: &ReceivedFrom| KnownSource {
            id: source.source,
            who: source.who,
        };
        let resume = FromClient::Resume(Resume {
            transfer: self.finished.transfer,
            request: self.number.into(),
            file: self.file.clone(),
            sources: sources.map(known).collect(),
        });
        let finished = FromReceiver::Finished(self.finished.clone());
        [resume.into(), finished.into()]
    }
}

/// See the module.
#[derive(Debug, Default)]
pub struct Endings {
    unbooked: BTreeMap<TransferId, Unbooked>,
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
            booked: false,
            number,
            file,
            finished,
        });
    }

    pub(super) fn first_messages(&self, now: Instant) -> Vec<ToCentral> {
        let ends = self.ends.iter().filter(|end| end.is_kept(now));
        ends.flat_map(Told::messages).collect()
    }

    /// What the central has not acknowledged of a download.
    pub(super) fn unbooked_messages(&self, number: DownloadNumber) -> Vec<ToCentral> {
        let of = |end: &&Told| end.number == number && !end.booked;
        self.ends
            .iter()
            .filter(of)
            .flat_map(Told::messages)
            .collect()
    }

    /// Waits for what the secondaries report of an ended transfer.
    pub fn wait_for_books(
        &mut self,
        now: Instant,
        transfer: TransferId,
        file: FileName,
        outcome: Outcome,
        took: Duration,
        received: Vec<ReceivedFrom>,
    ) {
        self.unbooked.insert(
            transfer,
            Unbooked {
                file,
                outcome,
                took,
                received,
                deadline: now + BOOKED_WITHIN,
            },
        );
    }

    /// The central has closed its books of a transfer.
    pub fn booked(&mut self, transfer: TransferId) -> Option<Unbooked> {
        for end in &mut self.ends {
            end.booked |= end.finished.transfer == transfer;
        }
        self.unbooked.remove(&transfer)
    }

    /// Gives up waiting for the figures of one: there is no central to tell.
    pub fn take_unbooked_of(&mut self, transfer: TransferId) -> Option<Unbooked> {
        self.unbooked.remove(&transfer)
    }

    /// Those for which nothing came in time.
    pub fn overdue(&mut self, now: Instant) -> Vec<Unbooked> {
        let overdue: Vec<_> = self
            .unbooked
            .iter()
            .filter(|(_, unbooked)| unbooked.deadline <= now)
            .map(|(transfer, _)| *transfer)
            .collect();
        overdue
            .into_iter()
            .filter_map(|transfer| self.unbooked.remove(&transfer))
            .collect()
    }

    /// Somebody waits for the end of everything.
    pub fn hurry(&mut self, now: Instant) {
        for unbooked in self.unbooked.values_mut() {
            unbooked.deadline = unbooked.deadline.min(now + BOOKED_SOON);
        }
    }

    /// Gives up waiting for figures.
    pub fn take_unbooked(&mut self) -> Vec<Unbooked> {
        std::mem::take(&mut self.unbooked).into_values().collect()
    }

    /// When [`Self::overdue`] is due.
    pub fn next_overdue(&self) -> Option<Instant> {
        self.unbooked.values().map(|u| u.deadline).min()
    }

    /// True when nothing is to be booked.
    pub fn are_booked(&self) -> bool {
        self.unbooked.is_empty()
    }
}
