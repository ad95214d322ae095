//! What the central says to a client.

use std::sync::Arc;

use super::{
    ClientConfig, ClientError, DownloadAnswer, DownloadEvent, DownloadNumber,
    downloads::{End, Running, State},
    run::Client,
    statistics::Booked,
};
use crate::{
    model::{ClientName, Finished, Grant, Outcome, SentBytes, TransferId},
    node::{
        Failure,
        fetch::{Fetch, FetchConfig},
    },
    proto::{
        ErrorCode, PeerRole,
        control::{FromCentral, ToCentral},
    },
    store::{Existing, PartPlace, Root, StoreError},
};

impl Client {
    pub(super) fn message(&mut self, message: FromCentral) {
        match message {
            FromCentral::Enrolled { .. } => self.state.questions.enrolled(),
            FromCentral::Listing { ready, files, more } => {
                if let Some(next) = self.state.questions.listing(ready, files, more) {
                    self.ask(next);
                }
            }
            FromCentral::Status(status) => self.state.questions.answer_status(&status),
            FromCentral::Granted { request, grant } => self.granted(DownloadNumber(request), grant),
            FromCentral::Queued { request, place } => self.queued(DownloadNumber(request), place),
            FromCentral::Refused {
                request,
                code,
                message,
            } => self.refused(DownloadNumber(request), code, message),
            FromCentral::Sources { transfer, sources } => {
                if let Some((_, download)) = self.state.downloads.of_transfer(transfer)
                    && let State::Running(running) = &download.state
                {
                    running.fetch.set_sources(sources);
                }
            }
            FromCentral::Settled { transfer, sent } => self.settled(transfer, &sent),
            FromCentral::Hello(_)
            | FromCentral::Ping
            | FromCentral::Bye
            | FromCentral::Error { .. }
            | FromCentral::Copy(_)
            | FromCentral::CancelCopy { .. }
            | FromCentral::Withdraw { .. }
            | FromCentral::Ended { .. } => tracing::warn!(?message, "not for a client"),
        }
    }

    pub(super) fn granted(&mut self, number: DownloadNumber, grant: Grant) {
        let Some(download) = self.state.downloads.get_mut(number) else {
            // Given up meanwhile.
            let transfer = grant.transfer;
            self.send(ToCentral::Finished(cancelled(transfer)));
            return;
        };
        match &download.state {
            State::Running(running) => return running.fetch.set_sources(grant.sources),
            State::Ended(_) => {
                let transfer = grant.transfer;
                self.send(ToCentral::Finished(cancelled(transfer)));
                return;
            }
            State::Asked(_) | State::Queued(_) => {}
        }
        let file = download.file.clone();
        let started = DownloadEvent::Started {
            bytes: grant.file.layout.file_bytes(),
            chunks: grant.file.layout.chunk_count(),
            sources: grant
                .sources
                .iter()
                .map(|source| {
                    let chunks = source.ranges.iter().map(|range| range.count).sum();
                    (source.number, chunks)
                })
                .collect(),
        };
        let (transfer, meta) = (grant.transfer, grant.file.clone());
        let fetch = match fetch_config(&self.config, self.state.name.as_ref()) {
            Ok(config) => Fetch::start(grant, config, self.update_sender.clone(), &self.tasks),
            Err(error) => {
                let failure = Failure::Store(error);
                download.state = State::Ended(End::Failed(failure.clone()));
                let mut finished = cancelled(transfer);
                finished.outcome = Outcome::Failed;
                finished.reason = Some(failure.to_string());
                self.send(ToCentral::Finished(finished));
                self.tell_of(number, &file, DownloadEvent::Failed { reason: failure });
                return;
            }
        };
        let running = State::Running(Box::new(Running {
            transfer,
            meta,
            fetch,
        }));
        if let State::Asked(answer) = std::mem::replace(&mut download.state, running) {
            let _ = answer.send(Ok(DownloadAnswer::Found(number)));
        }
        self.tell_of(number, &file, started);
    }

    pub(super) fn queued(&mut self, number: DownloadNumber, place: u32) {
        let Some(download) = self.state.downloads.get_mut(number) else {
            return;
        };
        let file = download.file.clone();
        match std::mem::replace(&mut download.state, State::Queued(place)) {
            State::Asked(answer) => {
                let _ = answer.send(Ok(DownloadAnswer::Waits(number, place)));
            }
            State::Queued(before) if before == place => return,
            State::Queued(_) => {}
            other @ (State::Running(_) | State::Ended(_)) => {
                download.state = other;
                return;
            }
        }
        self.tell_of(number, &file, DownloadEvent::Queued { place });
    }

    pub(super) fn refused(&mut self, number: DownloadNumber, code: ErrorCode, message: String) {
        let error = match code {
            ErrorCode::NotEnrolled => ClientError::NotEnrolled,
            ErrorCode::NotReady => ClientError::NotReady,
            ErrorCode::NotFound => ClientError::NotFound,
            _ => ClientError::Refused {
                code,
                message: message.clone(),
            },
        };
        let Some(download) = self.state.downloads.get_mut(number) else {
            return;
        };
        let failure = Failure::Refused { code, message };
        match &download.state {
            State::Asked(_) => {
                if let Some(forgotten) = self.state.downloads.forget(number)
                    && let State::Asked(answer) = forgotten.state
                {
                    let _ = answer.send(Err(error));
                }
            }
            State::Queued(_) => {
                download.state = State::Ended(End::Failed(failure.clone()));
                let file = download.file.clone();
                self.tell_of(number, &file, DownloadEvent::Failed { reason: failure });
            }
            // A resumed download goes on from the sources that it knows.
            State::Running(_) | State::Ended(_) => {
                tracing::info!(number = number.0, ?code, "refused");
            }
        }
    }

    /// The secondaries have reported; nothing when the central cannot say.
    pub(super) fn settled(&mut self, transfer: TransferId, sent: &[SentBytes]) {
        if let Some(unsettled) = self.state.downloads.settle(transfer) {
            self.statistics.book(&Booked {
                file: &unsettled.file,
                outcome: unsettled.outcome,
                took: unsettled.took,
                received: &unsettled.received,
                sent: (!sent.is_empty()).then_some(sent),
            });
        }
    }
}

fn cancelled(transfer: TransferId) -> Finished {
    Finished {
        transfer,
        outcome: Outcome::Cancelled,
        reason: None,
        sources: Vec::new(),
    }
}

fn fetch_config(
    config: &ClientConfig,
    name: Option<&ClientName>,
) -> Result<FetchConfig, StoreError> {
    let root = Root::create(&config.target)?;
    Ok(FetchConfig {
        security: Arc::clone(&config.security),
        role: PeerRole::Client {
            name: name.cloned(),
        },
        root,
        existing: if config.overwrite {
            Existing::Overwrite
        } else {
            Existing::Keep
        },
        place: PartPlace::Beside,
        source_wait: config.source_wait,
    })
}
