//! The task that owns a client: its name, its link to the central, its downloads.

use std::time::{Duration, Instant};

use tokio::{
    sync::{mpsc, oneshot},
    time::{MissedTickBehavior, interval, sleep_until, timeout},
};
use tokio_util::task::TaskTracker;

use super::{
    ClientConfig, ClientError, ClientEvent, DownloadAnswer, DownloadEvent, DownloadNumber, Summary,
    Tally,
    api::ClientCommand,
    downloads::{Downloads, End, Running, State},
    questions::Questions,
    statistics::{Booked, Statistics},
};
use crate::{
    model::{
        ClientName, FileName, Finished, Grant, Outcome, SentBytes, TransferId,
        limits::{STATISTICS_EVERY, STOP_GRACE},
    },
    node::{
        Failure,
        fetch::{Fetch, FetchConfig, FetchEnd, FetchOutcome, FetchUpdate},
        link::{Link, LinkDown, LinkEvent},
        statistics::Moment,
    },
    proto::{
        ErrorCode, PeerRole,
        control::{FromCentral, ToCentral},
    },
    store::{Existing, PartPlace, Root, StoreError},
};

/// Wakes the loop when nothing is waited for.
const IDLE: Duration = Duration::from_secs(3600);

/// The client's task.
pub(super) struct Client {
    pub(super) config: ClientConfig,
    pub(super) commands: mpsc::Receiver<ClientCommand>,
    pub(super) events: mpsc::Sender<ClientEvent>,
    pub(super) link: Link,
    pub(super) statistics: Statistics,
    pub(super) updates: mpsc::Receiver<(TransferId, FetchUpdate)>,
    pub(super) update_sender: mpsc::Sender<(TransferId, FetchUpdate)>,
    pub(super) tasks: TaskTracker,
    pub(super) state: ClientState,
}

/// What the owner knows.
#[derive(Debug, Default)]
pub(super) struct ClientState {
    name: Option<ClientName>,
    outbox: Option<mpsc::Sender<ToCentral>>,
    was_up: bool,
    told_lost: bool,
    pub(super) downloads: Downloads,
    questions: Questions,
    idle_waiters: Vec<oneshot::Sender<Tally>>,
}

impl Client {
    /// Runs until it is told to stop.
    pub(super) async fn run(mut self) {
        let mut save = interval(STATISTICS_EVERY);
        save.set_missed_tick_behavior(MissedTickBehavior::Delay);
        save.reset();
        loop {
            self.answer_idle();
            let due = self.state.downloads.next_overdue();
            let due = due.unwrap_or_else(|| Instant::now() + IDLE);
            tokio::select! {
                command = self.commands.recv() => match command {
                    Some(ClientCommand::Stop(answer)) => {
                        let saved = self.stop().await;
                        let _ = answer.send(saved);
                        return;
                    }
                    Some(command) => self.command(command).await,
                    // Every handle is gone: nobody is left to ask for anything.
                    None => {
                        let _ = self.stop().await;
                        return;
                    }
                },
                Some(event) = self.link.events.recv() => self.link_event(event),
                Some((transfer, update)) = self.updates.recv() => self.update(transfer, update),
                () = sleep_until(due.into()) => self.book_overdue(),
                _ = save.tick() => self.save().await,
            }
        }
    }

    fn tell(&self, event: ClientEvent) {
        tracing::debug!(?event, "event");
        // Events are for people: nobody waits for a console that stands still.
        let _ = self.events.try_send(event);
    }

    fn tell_of(&self, number: DownloadNumber, file: &FileName, what: DownloadEvent) {
        let file = file.clone();
        self.tell(ClientEvent::Download { number, file, what });
    }

    /// Sends a message; false when there is no link.
    fn send(&mut self, message: ToCentral) -> bool {
        let sent = match &self.state.outbox {
            Some(outbox) => outbox.try_send(message).is_ok(),
            None => false,
        };
        if !sent {
            self.state.outbox = None;
        }
        sent
    }

    async fn command(&mut self, command: ClientCommand) {
        match command {
            ClientCommand::Enrol(name, answer) => self.enrol(name, answer).await,
            ClientCommand::List(answer) => {
                if let Some(first) = self.state.questions.list(answer) {
                    self.ask(first);
                }
            }
            ClientCommand::Status(answer) => {
                self.state.questions.status(answer);
                self.ask(ToCentral::Status);
            }
            ClientCommand::Download(file, answer) => self.download(file, answer),
            ClientCommand::Cancel(number, answer) => {
                let _ = answer.send(self.cancel(number));
            }
            ClientCommand::Downloads(answer) => {
                let _ = answer.send(self.state.downloads.views());
            }
            ClientCommand::WaitIdle(answer) => self.state.idle_waiters.push(answer),
            // Taken out by the loop.
            ClientCommand::Stop(answer) => {
                let _ = answer.send(Ok(()));
            }
        }
    }

    /// Sends a question; without a link it is sent when the present attempt to connect succeeds, and
    /// answered with "unreachable" when it fails.
    fn ask(&mut self, message: ToCentral) {
        if !self.send(message) {
            self.link.try_now();
        }
    }

    async fn enrol(&mut self, name: ClientName, answer: oneshot::Sender<Result<(), ClientError>>) {
        if self.state.name.as_ref() != Some(&name) {
            if let Some(message) = self.statistics.rename(&name).await {
                self.tell(ClientEvent::Statistics { message });
            }
            self.state.name = Some(name.clone());
        }
        self.state.questions.enrol(answer);
        self.ask(ToCentral::Enrol { name });
    }

    fn download(
        &mut self,
        file: FileName,
        answer: oneshot::Sender<Result<DownloadAnswer, ClientError>>,
    ) {
        if self.state.name.is_none() {
            let _ = answer.send(Err(ClientError::NotEnrolled));
            return;
        }
        if let Some(number) = self.state.downloads.active(&file) {
            let _ = answer.send(Err(ClientError::AlreadyRunning(number)));
            return;
        }
        let number = self.state.downloads.ask(file.clone(), answer);
        self.ask(ToCentral::Download {
            request: number.0,
            name: file,
        });
    }

    fn cancel(&mut self, number: DownloadNumber) -> bool {
        let Some(download) = self.state.downloads.get_mut(number) else {
            return false;
        };
        match &download.state {
            State::Running(running) => {
                running.fetch.stop();
                true
            }
            State::Queued(_) => {
                download.state = State::Ended(End::Cancelled);
                let file = download.file.clone();
                self.send(ToCentral::Cancel { request: number.0 });
                self.tell_of(number, &file, DownloadEvent::Cancelled);
                true
            }
            State::Asked(_) | State::Ended(_) => false,
        }
    }

    fn link_event(&mut self, event: LinkEvent) {
        match event {
            LinkEvent::Up { outbox, .. } => {
                self.state.outbox = Some(outbox);
                if std::mem::take(&mut self.state.told_lost) {
                    self.tell(ClientEvent::CentralBack);
                }
                self.state.was_up = true;
                self.say_all_again();
            }
            LinkEvent::Message(message) => self.message(message),
            LinkEvent::Down(down) => self.link_down(&down),
        }
    }

    /// A new link knows nothing of what was said on the last one.
    fn say_all_again(&mut self) {
        if let Some(name) = self.state.name.clone() {
            self.send(ToCentral::Enrol { name });
        }
        for question in self.state.questions.unanswered() {
            self.send(question);
        }
        let mut messages = Vec::new();
        for (number, download) in self.state.downloads.iter() {
            let request = number.0;
            match &download.state {
                State::Running(running) => messages.push(ToCentral::Resume {
                    transfer: running.transfer,
                    request,
                    file: running.meta.clone(),
                }),
                State::Asked(_) | State::Queued(_) => messages.push(ToCentral::Download {
                    request,
                    name: download.file.clone(),
                }),
                State::Ended(_) => {}
            }
        }
        for message in messages {
            self.send(message);
        }
    }

    fn link_down(&mut self, down: &LinkDown) {
        self.state.outbox = None;
        let reason = down.to_string();
        let unreachable = ClientError::Unreachable(reason.clone());
        for answer in self.state.downloads.take_asked() {
            let _ = answer.send(Err(unreachable.clone()));
        }
        self.state.questions.fail(&unreachable);
        // A central that was never there is told by the answer to the first request.
        if self.state.was_up && !std::mem::replace(&mut self.state.told_lost, true) {
            self.tell(ClientEvent::CentralLost { reason });
        }
    }

    fn message(&mut self, message: FromCentral) {
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

    fn granted(&mut self, number: DownloadNumber, grant: Grant) {
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

    fn queued(&mut self, number: DownloadNumber, place: u32) {
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

    fn refused(&mut self, number: DownloadNumber, code: ErrorCode, message: String) {
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

    fn update(&mut self, transfer: TransferId, update: FetchUpdate) {
        let Some((number, download)) = self.state.downloads.of_transfer(transfer) else {
            return;
        };
        let file = download.file.clone();
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

    fn ended(&mut self, transfer: TransferId, number: DownloadNumber, end: FetchEnd) {
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
        let Some(download) = self.state.downloads.get_mut(number) else {
            return;
        };
        download.state = State::Ended(state);
        let file = download.file.clone();
        self.state
            .downloads
            .unsettle(transfer, file.clone(), kind, took, sources);
        if !self.send(ToCentral::Finished(finished)) {
            self.settled(transfer, &[]);
        }
        self.tell_of(number, &file, event);
    }

    /// The secondaries have reported; nothing when the central cannot say.
    fn settled(&mut self, transfer: TransferId, sent: &[SentBytes]) {
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

    fn book_overdue(&mut self) {
        for unsettled in self.state.downloads.overdue(Instant::now()) {
            self.statistics.book(&Booked {
                file: &unsettled.file,
                outcome: unsettled.outcome,
                took: unsettled.took,
                received: &unsettled.received,
                sent: None,
            });
        }
    }

    fn answer_idle(&mut self) {
        if !self.state.idle_waiters.is_empty() && self.state.downloads.is_idle() {
            let tally = self.state.downloads.tally();
            for waiter in self.state.idle_waiters.drain(..) {
                let _ = waiter.send(tally);
            }
        }
    }

    async fn save(&mut self) {
        if let Some(error) = self.statistics.save(Moment::Running).await {
            self.tell(ClientEvent::Statistics {
                message: error.to_string(),
            });
        }
    }

    /// Ends what runs (what is there is kept), waits a little for the last figures, says goodbye.
    async fn stop(mut self) -> Result<(), StoreError> {
        let active: Vec<_> = self
            .state
            .downloads
            .iter()
            .map(|(number, _)| number)
            .collect();
        for number in active {
            self.cancel(number);
        }
        let stopped = ClientError::Stopped;
        for answer in self.state.downloads.take_asked() {
            let _ = answer.send(Err(stopped.clone()));
        }
        let ended = async {
            while !self.state.downloads.is_idle() {
                tokio::select! {
                    Some(event) = self.link.events.recv() => self.link_event(event),
                    Some((transfer, update)) = self.updates.recv() => self.update(transfer, update),
                }
            }
        };
        let _ = timeout(STOP_GRACE, ended).await;
        self.answer_idle();
        self.send(ToCentral::Bye);
        self.state.outbox = None;
        self.link.stop().await;
        self.statistics.finish().await
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
