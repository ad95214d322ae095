//! What the tasks of a client's downloads tell its owner, and what follows from their ends.

use std::{path::PathBuf, time::Duration};

use super::{DownloadEvent, DownloadNumber, Summary, state::Client, statistics::Booked};
use crate::{
    engine::download::Notice,
    model::{
        FileName, Finished, FromPeers, Manifest, Outcome, ReceivedFrom, TransferId,
        messages::{FromClient, FromReceiver, Report},
    },
    node::{
        Failure, clock,
        fetch::{FetchEnd, FetchOutcome, FetchUpdate},
        rules::{
            downloads::{AfterStop, End},
            endings::Unbooked,
        },
    },
    store::{Checkup, PartNote, zero_bytes},
};

impl Client {
    pub(super) fn update(&mut self, transfer: TransferId, update: FetchUpdate) {
        let Some((number, file, _)) = self.state.downloads.of_transfer(transfer) else {
            return;
        };
        let file = file.clone();
        match update {
            FetchUpdate::Resumed { bytes } => {
                self.tell_of(number, &file, DownloadEvent::Resumed { bytes });
            }
            FetchUpdate::OwnDisk { bytes } => {
                self.state.downloads.took_own(number, bytes);
                self.statistics.own_disk(&file, bytes);
                self.tell_of(number, &file, DownloadEvent::OwnDisk { bytes });
            }
            // People hear it once: it is the same for every file of the folder.
            FetchUpdate::Remark(PartNote::NoLocks)
                if std::mem::replace(&mut self.state.told_no_locks, true) => {}
            FetchUpdate::Remark(note) => self.tell_of(number, &file, DownloadEvent::Remark(note)),
            FetchUpdate::Checked(Checkup { chunks, bad }) => {
                self.tell_of(number, &file, DownloadEvent::Checked { chunks, bad });
            }
            FetchUpdate::Notice(notice) => {
                let downloads = &mut self.state.downloads;
                let begins_anew = match notice {
                    Notice::NoSources { .. } => downloads.sources_gone(number),
                    Notice::SourcesAgain { .. } => {
                        downloads.sources_back(number);
                        false
                    }
                    Notice::Suspect { .. }
                    | Notice::Cleared { .. }
                    | Notice::Dead { .. }
                    | Notice::Back { .. }
                    | Notice::Banned { .. } => false,
                };
                self.tell_of(number, &file, DownloadEvent::Notice(notice));
                if begins_anew {
                    self.tell_of(number, &file, DownloadEvent::Superseded);
                }
            }
            FetchUpdate::Report {
                source,
                fault,
                chunk,
            } => {
                self.send(FromReceiver::Report(Report {
                    transfer,
                    source,
                    fault,
                    chunk,
                }));
            }
            FetchUpdate::MorePeers { lost } => {
                self.send(FromClient::MorePeers { transfer, lost });
            }
            FetchUpdate::Progress { permille } => {
                let sent = self.peering.uplink.sent_to_swarms();
                let transfers = vec![(transfer, permille)];
                self.send(FromClient::Progress { transfers, sent });
            }
            FetchUpdate::Ended(end) => self.ended(transfer, number, *end),
        }
    }

    fn ended(&mut self, transfer: TransferId, number: DownloadNumber, end: FetchEnd) {
        let FetchEnd {
            outcome,
            took,
            sources,
            own_bytes: _,
            map,
        } = end;
        self.state.maps.keep(number, &map);
        self.look_at(number);
        let kind = outcome.outcome();
        if kind == Outcome::Complete {
            self.goes_on_giving(transfer);
        }
        let mut finished = Finished {
            transfer,
            outcome: kind,
            reason: None,
            sources: sources
                .iter()
                .filter(|source| source.who.secondary().is_some())
                .cloned()
                .collect(),
            peers: FromPeers::of(&sources),
        };
        let (state, event) = match outcome {
            FetchOutcome::Complete { path, manifest } => {
                let summary = self.summary(number, path, &manifest, took, &sources);
                (End::Complete, DownloadEvent::Complete(summary))
            }
            FetchOutcome::AlreadyComplete { path, manifest } => {
                let event = DownloadEvent::AlreadyComplete {
                    path,
                    bytes: manifest.layout().file_bytes(),
                    whole: manifest.whole(),
                };
                (End::Complete, event)
            }
            FetchOutcome::Failed(Failure::Sources(_))
                if self.state.downloads.begin_anew(number) =>
            {
                if let Some(file) = self.state.downloads.file(number).cloned() {
                    self.tell_of(number, &file, DownloadEvent::Superseded);
                }
                finished.outcome = Outcome::Cancelled;
                return self.stopped(number, finished, took);
            }
            FetchOutcome::Failed(reason) => {
                finished.reason = Some(reason.for_the_central());
                let event = DownloadEvent::Failed {
                    reason: reason.clone(),
                };
                (End::Failed(reason), event)
            }
            FetchOutcome::Stopped => return self.stopped(number, finished, took),
        };
        let now = clock::now();
        if let Some(file) = self.state.downloads.end(now, number, state, &finished) {
            self.end_reading(number);
            self.book_later(&file, finished, took);
            self.tell_of(number, &file, event);
        }
    }

    /// A download has stopped as it was told to. What it has received is kept.
    fn stopped(&mut self, number: DownloadNumber, finished: Finished, took: Duration) {
        let downloads = &mut self.state.downloads;
        let stopped = downloads.stopped(clock::now(), number, &finished, took);
        let Some((file, after)) = stopped else {
            return;
        };
        // The central must hear of the end before it is asked again.
        self.book_later(&file, finished, took);
        match after {
            AfterStop::Cancelled => {
                self.end_reading(number);
                self.tell_of(number, &file, DownloadEvent::Cancelled);
            }
            AfterStop::Paused => self.tell_of(number, &file, DownloadEvent::Paused),
            AfterStop::Held => self.tell_of(number, &file, DownloadEvent::Held),
            AfterStop::Again(request) => self.ask(request),
        }
    }

    /// Tells the central of an end, and books it once the secondaries have reported.
    fn book_later(&mut self, file: &FileName, finished: Finished, took: Duration) {
        let (transfer, outcome) = (finished.transfer, finished.outcome);
        let (now, received) = (clock::now(), finished.sources.clone());
        self.state.downloads.endings.wait_for_books(
            now,
            transfer,
            file.clone(),
            outcome,
            took,
            received,
        );
        if !self.send(FromReceiver::Finished(finished)) {
            let unbooked = self.state.downloads.endings.take_unbooked_of(transfer);
            self.book_without_reports(unbooked);
        }
    }

    fn summary(
        &self,
        number: DownloadNumber,
        path: PathBuf,
        manifest: &Manifest,
        took: Duration,
        sources: &[ReceivedFrom],
    ) -> Summary {
        let download = self.state.downloads.get(number);
        let past = download.map(|d| d.past.clone()).unwrap_or_default();
        let all = past.with(took, sources);
        let received_bytes: u64 = all.received.iter().map(|source| source.bytes).sum();
        let bytes = manifest.layout().file_bytes();
        let zero_bytes = zero_bytes(manifest);
        let spared_bytes = all.own_bytes.saturating_add(zero_bytes);
        Summary {
            path,
            bytes,
            resumed_bytes: bytes.saturating_sub(received_bytes.saturating_add(spared_bytes)),
            own_disk_bytes: all.own_bytes,
            zero_bytes,
            took: all.took,
            whole: manifest.whole(),
            sources: all.received,
        }
    }

    /// Books downloads for which no reports came in time.
    pub(super) fn book_overdue(&mut self) {
        let overdue = self.state.downloads.endings.overdue(clock::now());
        self.book_without_reports(overdue);
    }

    /// Books downloads with nothing but what was received.
    pub(super) fn book_without_reports(&mut self, downloads: impl IntoIterator<Item = Unbooked>) {
        for unbooked in downloads {
            self.statistics.book(&Booked {
                file: &unbooked.file,
                outcome: unbooked.outcome,
                took: unbooked.took,
                received: &unbooked.received,
                sent: None,
            });
        }
    }
}
