//! What happens in a client's downloads.

use std::time::Instant;

use super::{
    DownloadEvent, DownloadNumber, DownloadState, DownloadView, Summary, run::Client,
    statistics::Booked,
};
use crate::{
    model::{Finished, TransferId},
    node::{
        fetch::{FetchEnd, FetchOutcome, FetchUpdate},
        rules::{
            downloads::{End, State},
            endings::Unsettled,
        },
    },
    proto::control::ToCentral,
};

impl Client {
    /// Every download of this run, for people.
    pub(super) fn views(&self) -> Vec<DownloadView> {
        self.state
            .downloads
            .iter()
            .map(|(number, download)| DownloadView {
                number,
                file: download.file.clone(),
                state: match &download.state {
                    State::Asked(_) => DownloadState::Asked,
                    State::Queued(place) => DownloadState::Queued(*place),
                    State::Running(running) => {
                        DownloadState::Running(Box::new(running.receiving.snapshot()))
                    }
                    State::Ended(End::Complete) => DownloadState::Complete,
                    State::Ended(End::Failed(why)) => DownloadState::Failed(why.clone()),
                    State::Ended(End::Cancelled) => DownloadState::Cancelled,
                },
            })
            .collect()
    }

    pub(super) fn update(&mut self, transfer: TransferId, update: FetchUpdate) {
        let Some((number, file, _)) = self.state.downloads.of_transfer(transfer) else {
            return;
        };
        let file = file.clone();
        match update {
            FetchUpdate::Resumed { bytes } => {
                self.tell_of(number, &file, DownloadEvent::Resumed { bytes });
            }
            FetchUpdate::Remark(note) => self.tell_of(number, &file, DownloadEvent::Remark(note)),
            FetchUpdate::Notice(notice) => {
                self.tell_of(number, &file, DownloadEvent::Notice(notice));
            }
            FetchUpdate::Report {
                secondary,
                fault,
                chunk,
            } => {
                self.send(ToCentral::Report {
                    transfer,
                    secondary,
                    fault,
                    chunk,
                });
            }
            FetchUpdate::Ended(end) => self.ended(transfer, number, *end),
        }
    }

    pub(super) fn ended(&mut self, transfer: TransferId, number: DownloadNumber, end: FetchEnd) {
        let FetchEnd {
            outcome,
            took,
            sources,
        } = end;
        let kind = outcome.outcome();
        let mut finished = Finished {
            transfer,
            outcome: kind,
            reason: None,
            sources: sources.clone(),
        };
        let (state, event) = match outcome {
            FetchOutcome::Complete { path, manifest } => {
                let summary = Summary {
                    path,
                    bytes: manifest.layout().file_bytes(),
                    took,
                    whole: manifest.whole(),
                    sources: sources.clone(),
                };
                (End::Complete, DownloadEvent::Complete(summary))
            }
            FetchOutcome::AlreadyComplete { path, .. } => {
                (End::Complete, DownloadEvent::AlreadyComplete { path })
            }
            FetchOutcome::Failed(reason) => {
                finished.reason = Some(reason.to_string());
                let event = DownloadEvent::Failed {
                    reason: reason.clone(),
                };
                (End::Failed(reason), event)
            }
            FetchOutcome::Stopped => (End::Cancelled, DownloadEvent::Cancelled),
        };
        let now = Instant::now();
        let Some(file) = self.state.downloads.end(now, number, state, &finished) else {
            return;
        };
        self.state
            .downloads
            .endings
            .unsettle(now, transfer, file.clone(), kind, took, sources);
        if !self.send(ToCentral::Finished(finished)) {
            let unsettled = self.state.downloads.endings.take_unsettled_of(transfer);
            self.book_without_reports(unsettled);
        }
        self.tell_of(number, &file, event);
    }

    pub(super) fn book_overdue(&mut self) {
        let overdue = self.state.downloads.endings.overdue(Instant::now());
        self.book_without_reports(overdue);
    }

    /// Books what only this side knows of.
    pub(super) fn book_without_reports(&mut self, downloads: impl IntoIterator<Item = Unsettled>) {
        for unsettled in downloads {
            self.statistics.book(&Booked {
                file: &unsettled.file,
                outcome: unsettled.outcome,
                took: unsettled.took,
                received: &unsettled.received,
                sent: None,
            });
        }
    }
}
