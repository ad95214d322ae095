//! Downloads of a client that are over: their ends are told to the central, again if need be, and they are booked once the
//! secondaries have reported what they sent.

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

/// How long the central has to pass on what the secondaries reported.
const BOOKED_WITHIN: Duration = Duration::from_secs(5);
/// The same while somebody waits for the end. Reports come at once unless a secondary has just failed.
const BOOKED_SOON: Duration = Duration::from_millis(300);
/// Ends that are kept to be told again.
const MOST_ENDS: usize = 256;
/// For how long: a central that is killed has forgotten what it had not saved.
const KEEP_ENDS: Duration = STATISTICS_EVERY.saturating_mul(3);

/// A download that is over, and whose secondaries have not all reported.
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

/// The end of a download, with what a central that has forgotten the download must be told first.
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

    /// The end of a download, if the central has not closed its books yet.
    pub(super) fn unbooked_messages(&self, number: DownloadNumber) -> Vec<ToCentral> {
        let of = |end: &&Told| end.number == number && !end.booked;
        self.ends
            .iter()
            .filter(of)
            .flat_map(Told::messages)
            .collect()
    }

    /// Waits for the reports of an ended transfer.
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

    /// Stops waiting for the reports of one, as there is no central to tell.
    pub fn take_unbooked_of(&mut self, transfer: TransferId) -> Option<Unbooked> {
        self.unbooked.remove(&transfer)
    }

    /// Takes out downloads whose reports did not come in time.
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

    /// Somebody waits for the end of all downloads.
    pub fn hurry(&mut self, now: Instant) {
        for unbooked in self.unbooked.values_mut() {
            unbooked.deadline = unbooked.deadline.min(now + BOOKED_SOON);
        }
    }

    /// Stops waiting for reports.
    pub fn take_unbooked(&mut self) -> Vec<Unbooked> {
        std::mem::take(&mut self.unbooked).into_values().collect()
    }

    /// When [`Self::overdue`] is due.
    pub fn next_overdue(&self) -> Option<Instant> {
        self.unbooked.values().map(|u| u.deadline).min()
    }

    /// True when no download is still to be booked.
    pub fn are_booked(&self) -> bool {
        self.unbooked.is_empty()
    }
}
