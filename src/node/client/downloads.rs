//! The downloads of this run, in the order in which they were asked for. Owns their states; knows neither
//! sockets nor files.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use tokio::sync::oneshot;

use super::{ClientError, DownloadAnswer, DownloadNumber, DownloadState, DownloadView, Tally};
use crate::{
    model::{FileMeta, FileName, Outcome, ReceivedFrom, TransferId},
    node::{Failure, fetch::Fetch},
};

/// How long the central has to tell what the secondaries reported.
const SETTLE_WITHIN: Duration = Duration::from_secs(5);
/// The same where somebody waits for the end. It comes at once unless a secondary has just failed.
const SETTLE_SOON: Duration = Duration::from_millis(300);

/// One download.
#[derive(Debug)]
pub(super) struct Download {
    pub(super) file: FileName,
    pub(super) state: State,
}

/// How far a download is.
///
/// ```text
///  Asked ──▶ Queued ──▶ Running ──▶ Ended
///    │          │                     ▲
///    └── refused, cancelled ──────────┘
/// ```
#[derive(Debug)]
pub(super) enum State {
    /// The central was asked; whoever asked us waits.
    Asked(oneshot::Sender<Result<DownloadAnswer, ClientError>>),
    Queued(u32),
    Running(Box<Running>),
    Ended(End),
}

/// A download that was granted.
#[derive(Debug)]
pub(super) struct Running {
    pub(super) transfer: TransferId,
    pub(super) meta: FileMeta,
    pub(super) fetch: Fetch,
}

/// How a download ended, for those who look later.
#[derive(Clone, Debug)]
pub(super) enum End {
    Complete,
    Failed(Failure),
    Cancelled,
}

/// A download that is over and whose figures the secondaries have not all reported.
#[derive(Debug)]
pub(super) struct Unsettled {
    pub(super) file: FileName,
    pub(super) outcome: Outcome,
    pub(super) took: Duration,
    pub(super) received: Vec<ReceivedFrom>,
    deadline: Instant,
}

/// All downloads of a client.
#[derive(Debug, Default)]
pub(super) struct Downloads {
    list: BTreeMap<DownloadNumber, Download>,
    unsettled: BTreeMap<TransferId, Unsettled>,
}

impl Downloads {
    /// The download that has this name and is not over.
    pub(super) fn active(&self, file: &FileName) -> Option<DownloadNumber> {
        self.list
            .iter()
            .find(|(_, download)| {
                download.file == *file && !matches!(download.state, State::Ended(_))
            })
            .map(|(number, _)| *number)
    }

    /// A new one.
    pub(super) fn ask(
        &mut self,
        file: FileName,
        answer: oneshot::Sender<Result<DownloadAnswer, ClientError>>,
    ) -> DownloadNumber {
        let last = self.list.last_key_value().map_or(0, |(number, _)| number.0);
        let number = DownloadNumber(last + 1);
        let state = State::Asked(answer);
        self.list.insert(number, Download { file, state });
        number
    }

    pub(super) fn get_mut(&mut self, number: DownloadNumber) -> Option<&mut Download> {
        self.list.get_mut(&number)
    }

    pub(super) fn of_transfer(
        &mut self,
        wanted: TransferId,
    ) -> Option<(DownloadNumber, &mut Download)> {
        self.list
            .iter_mut()
            .find(|(_, download)| match &download.state {
                State::Running(running) => running.transfer == wanted,
                State::Asked(_) | State::Queued(_) | State::Ended(_) => false,
            })
            .map(|(number, download)| (*number, download))
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (DownloadNumber, &Download)> {
        self.list
            .iter()
            .map(|(number, download)| (*number, download))
    }

    /// One that never started leaves no trace.
    pub(super) fn forget(&mut self, number: DownloadNumber) -> Option<Download> {
        self.list.remove(&number)
    }

    /// Takes out all that the central was asked for and has not answered.
    pub(super) fn take_asked(
        &mut self,
    ) -> Vec<oneshot::Sender<Result<DownloadAnswer, ClientError>>> {
        let asked: Vec<_> = self
            .list
            .iter()
            .filter(|(_, download)| matches!(download.state, State::Asked(_)))
            .map(|(number, _)| *number)
            .collect();
        asked
            .into_iter()
            .filter_map(|number| match self.list.remove(&number)?.state {
                State::Asked(answer) => Some(answer),
                State::Queued(_) | State::Running(_) | State::Ended(_) => None,
            })
            .collect()
    }

    /// Waits for what the secondaries report of an ended transfer.
    pub(super) fn unsettle(
        &mut self,
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
                deadline: Instant::now() + SETTLE_WITHIN,
            },
        );
    }

    pub(super) fn settle(&mut self, transfer: TransferId) -> Option<Unsettled> {
        self.unsettled.remove(&transfer)
    }

    /// Those for which nothing came in time.
    pub(super) fn overdue(&mut self, now: Instant) -> Vec<Unsettled> {
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
    pub(super) fn hurry(&mut self, now: Instant) {
        for unsettled in self.unsettled.values_mut() {
            unsettled.deadline = unsettled.deadline.min(now + SETTLE_SOON);
        }
    }

    /// Gives up waiting for figures.
    pub(super) fn take_unsettled(&mut self) -> Vec<Unsettled> {
        std::mem::take(&mut self.unsettled).into_values().collect()
    }

    pub(super) fn next_overdue(&self) -> Option<Instant> {
        self.unsettled.values().map(|u| u.deadline).min()
    }

    /// True when nothing runs, waits, or is to be booked.
    pub(super) fn is_idle(&self) -> bool {
        self.unsettled.is_empty()
            && self
                .list
                .values()
                .all(|download| matches!(download.state, State::Ended(_)))
    }

    pub(super) fn tally(&self) -> Tally {
        let mut tally = Tally::default();
        for download in self.list.values() {
            match &download.state {
                State::Ended(End::Complete) => tally.complete += 1,
                State::Ended(End::Failed(_) | End::Cancelled) => tally.failed += 1,
                State::Asked(_) | State::Queued(_) | State::Running(_) => {}
            }
        }
        tally
    }

    pub(super) fn views(&self) -> Vec<DownloadView> {
        self.list
            .iter()
            .map(|(number, download)| DownloadView {
                number: *number,
                file: download.file.clone(),
                state: match &download.state {
                    State::Asked(_) => DownloadState::Asked,
                    State::Queued(place) => DownloadState::Queued(*place),
                    State::Running(running) => {
                        DownloadState::Running(Box::new(running.fetch.snapshot()))
                    }
                    State::Ended(End::Complete) => DownloadState::Complete,
                    State::Ended(End::Failed(why)) => DownloadState::Failed(why.clone()),
                    State::Ended(End::Cancelled) => DownloadState::Cancelled,
                },
            })
            .collect()
    }
}
