//! What the central says to a client.

use std::sync::Arc;

use super::{
    ClientError, DownloadAnswer, DownloadEvent, DownloadNumber, run::Client, statistics::Booked,
    wishes::Purpose,
};
use crate::{
    model::{
        Grant, SentBytes, TransferId,
        messages::{Answer, ForClient, ForReceiver, FromReceiver},
    },
    node::{
        Failure, clock,
        fetch::{Fetch, FetchConfig, Folder, Goal, Own, Target},
        rules::downloads::{Answers, Granted, State},
    },
    proto::{ErrorCode, PeerRole, Said, control::FromCentral},
    store::{Existing, PartPlace},
};

impl Client {
    pub(super) fn message(&mut self, message: FromCentral) {
        match message {
            FromCentral::Client(message) => self.for_client(message),
            FromCentral::Receiver(ForReceiver::Sources { transfer, sources }) => {
                self.state.downloads.set_sources(transfer, sources);
            }
            FromCentral::Answer(Answer::Listing { ready, files, more }) => {
                if let Some(next) = self.state.questions.listing(ready, files, more) {
                    self.ask(next);
                }
            }
            FromCentral::Answer(Answer::Status(status)) => {
                self.state.questions.answer_status(&status);
            }
            FromCentral::Refused {
                request,
                code,
                message,
            } => self.refused(request.into(), code, message),
            FromCentral::Hello(_)
            | FromCentral::Ping
            | FromCentral::Bye
            | FromCentral::Error { .. }
            | FromCentral::Secondary(_) => tracing::warn!(?message, "not for a client"),
        }
    }

    fn for_client(&mut self, message: ForClient) {
        match message {
            ForClient::Enrolled { .. } => self.state.questions.enrolled(),
            ForClient::Granted { request, grant } => self.granted(request.into(), grant),
            ForClient::Queued { request, position } => self.queued(request.into(), position),
            ForClient::Superseded { transfer, file } => {
                if let Some(number) = self.state.downloads.superseded(transfer) {
                    self.tell_of(number, &file.name, DownloadEvent::Superseded);
                }
            }
            ForClient::Booked { transfer, sent } => self.booked(transfer, &sent),
        }
    }

    pub(super) fn granted(&mut self, number: DownloadNumber, grant: Grant) {
        match self.state.downloads.granted(number, &grant) {
            Granted::Start => {}
            Granted::Runs => return,
            Granted::Unwanted(finished) => {
                self.send(FromReceiver::Finished(finished));
                return;
            }
            Granted::Held(finished, asker) => {
                self.send(FromReceiver::Finished(finished));
                if let Some(answer) = asker {
                    let _ = answer.send(Ok(DownloadAnswer::Found(number)));
                }
                self.tell_of(number, &grant.file.name, DownloadEvent::Held);
                return;
            }
        }
        let started = DownloadEvent::Started {
            bytes: grant.file.layout.file_bytes(),
            chunks: grant.file.layout.chunk_count(),
            sources: grant
                .sources
                .iter()
                .map(|source| {
                    let chunks = source.ranges.iter().map(|range| range.count).sum();
                    (source.who, chunks)
                })
                .collect(),
        };
        let purpose = self.state.purposes.get(&number).cloned();
        let purpose = purpose.unwrap_or(Purpose::File(None));
        let config = self.fetch_config(purpose);
        let updates = self.update_sender.clone();
        let fetch = Fetch::start(grant.clone(), config, updates, &self.tasks);
        let begun = self.state.downloads.started(number, &grant, fetch);
        let Some((file, asker)) = begun else {
            return;
        };
        if let Some(answer) = asker {
            let _ = answer.send(Ok(DownloadAnswer::Found(number)));
        }
        self.tell_of(number, &file, started);
    }

    /// How a download of this purpose is received.
    fn fetch_config(&self, purpose: Purpose) -> FetchConfig {
        let config = &self.config;
        let goal = match purpose {
            Purpose::File(named) => Goal::File(Target {
                root: Folder::Made(match &named {
                    Some(named) => named.folder.clone(),
                    None => config.target.clone(),
                }),
                spot: named.map(|named| named.spot),
                existing: if config.overwrite {
                    Existing::Overwrite
                } else {
                    Existing::Keep
                },
                place: PartPlace::Beside,
                own: Own::Beside,
            }),
            Purpose::Verify => Goal::Verify(Folder::There(config.target.clone())),
            Purpose::Stream(reader) => Goal::Stream(reader),
        };
        FetchConfig {
            network: self.network.clone(),
            security: Arc::clone(&config.security),
            central: self.state.central,
            role: PeerRole::Client {
                name: self.state.name.clone(),
                session: None,
            },
            source_wait: config.source_wait,
            goal,
        }
    }

    pub(super) fn queued(&mut self, number: DownloadNumber, place: u32) {
        let file = self.state.downloads.file(number).cloned();
        match self.state.downloads.queued(number, place) {
            Answers::Asker(answer) => {
                let _ = answer.send(Ok(DownloadAnswer::Waits(number, place)));
            }
            Answers::Waiting(_) => {}
            Answers::Nothing => return,
        }
        if let Some(file) = file {
            self.tell_of(number, &file, DownloadEvent::Queued { place });
        }
    }

    pub(super) fn refused(&mut self, number: DownloadNumber, code: ErrorCode, message: Said) {
        tracing::info!(number = number.0, ?code, %message, "refused");
        let error = match code {
            ErrorCode::NotEnrolled => ClientError::NotEnrolled,
            ErrorCode::NotReady => ClientError::NotReady,
            ErrorCode::NotFound => ClientError::NotFound,
            _ => ClientError::Refused {
                code,
                message: message.clone(),
            },
        };
        let reason = Failure::Refused { code, message };
        match self.state.downloads.refused(clock::now(), number, &reason) {
            Answers::Asker(answer) => {
                let _ = answer.send(Err(error));
            }
            Answers::Waiting(file) => {
                self.tell_of(number, &file, DownloadEvent::Failed { reason });
            }
            Answers::Nothing => {}
        }
        let refused = self.state.downloads.get(number).map(|d| &d.state);
        if matches!(refused, None | Some(State::Ended(_))) {
            self.state.purposes.remove(&number);
        }
    }

    /// The secondaries have reported; nothing when the central cannot say.
    fn booked(&mut self, transfer: TransferId, sent: &[SentBytes]) {
        if let Some(unbooked) = self.state.downloads.endings.booked(transfer) {
            self.statistics.book(&Booked {
                file: &unbooked.file,
                outcome: unbooked.outcome,
                took: unbooked.took,
                received: &unbooked.received,
                sent: (!sent.is_empty()).then_some(sent),
            });
        }
    }
}
