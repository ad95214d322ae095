//! The task that owns a client: its name, its link to the central, its downloads.

use std::{collections::BTreeMap, net::SocketAddr, time::Duration};

use tokio::{
    sync::{mpsc, oneshot},
    time::{MissedTickBehavior, interval, sleep_until, timeout},
};
use tokio_util::task::TaskTracker;

use super::{
    ClientConfig, ClientError, ClientEvent, DownloadEvent, DownloadNumber, Tally,
    handle::{Asker, ClientCommand},
    maps::Maps,
    questions::Questions,
    statistics::Statistics,
    telling::Telling,
    wishes::Purpose,
};
use crate::{
    model::{
        ClientName, FileName, TransferId,
        limits::{STATISTICS_EVERY, STOP_GRACE},
        messages::{FromClient, Question},
    },
    net::Network,
    node::{
        Lost, clock,
        fetch::{Fetch, FetchUpdate},
        link::{Link, LinkEvent},
        lost::LinkDown,
        rules::downloads::Downloads,
    },
    proto::control::ToCentral,
    store::StoreError,
};

/// Wakes the loop when nothing is waited for.
const IDLE: Duration = Duration::from_secs(3600);

/// The client's task.
pub(super) struct Client {
    pub(super) network: Network,
    pub(super) config: ClientConfig,
    pub(super) commands: mpsc::Receiver<ClientCommand>,
    pub(super) telling: Telling,
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
    pub(super) name: Option<ClientName>,
    pub(super) outbox: Option<mpsc::Sender<ToCentral>>,
    /// Where the central was found last.
    pub(super) central: Option<SocketAddr>,
    pub(super) was_up: bool,
    pub(super) told_lost: bool,
    pub(super) told_no_locks: bool,
    pub(super) downloads: Downloads<Asker, Fetch>,
    /// What each download is for.
    pub(super) purposes: BTreeMap<DownloadNumber, Purpose>,
    pub(super) maps: Maps,
    pub(super) questions: Questions,
    pub(super) idle_waiters: Vec<oneshot::Sender<Tally>>,
    /// Those who wait until anything has ended.
    pub(super) end_waiters: Vec<oneshot::Sender<bool>>,
}

impl Client {
    /// Runs until it is told to stop.
    pub(super) async fn run(mut self) {
        let mut save = interval(STATISTICS_EVERY);
        save.set_missed_tick_behavior(MissedTickBehavior::Delay);
        save.reset();
        loop {
            self.regulate();
            self.answer_idle();
            let due = self.state.downloads.next_due();
            let due = due.unwrap_or_else(|| clock::now() + IDLE);
            tokio::select! {
                command = self.commands.recv() => match command {
                    Some(ClientCommand::Stop(answer)) => {
                        let (saved, telling) = self.stop().await;
                        let _ = answer.send(saved);
                        return telling.finish().await;
                    }
                    Some(command) => self.command(command),
                    // Every handle is gone: nobody is left to ask for anything.
                    None => {
                        let _ = self.stop().await;
                        return;
                    }
                },
                event = self.link.events.recv() => match event {
                    Some(event) => self.link_event(event),
                    // Its task has failed: whoever waits for an answer must not wait for ever.
                    None => {
                        let (_, telling) = self.stop().await;
                        return telling.finish().await;
                    }
                },
                Some((transfer, update)) = self.updates.recv() => self.update(transfer, update),
                () = self.telling.tell_waiting() => {}
                trouble = self.statistics.saved() => self.tell(ClientEvent::Statistics(trouble)),
                () = sleep_until(due.into()) => {
                    self.book_overdue();
                    self.ask_due_again();
                }
                _ = save.tick() => self.statistics.save(),
            }
        }
    }

    pub(super) fn tell(&mut self, event: ClientEvent) {
        if event.is_kept() {
            for waiter in self.state.end_waiters.drain(..) {
                let _ = waiter.send(true);
            }
        }
        self.telling.tell(event);
    }

    pub(super) fn tell_of(&mut self, number: DownloadNumber, file: &FileName, what: DownloadEvent) {
        let file = file.clone();
        self.tell(ClientEvent::Download { number, file, what });
    }

    /// Sends a message; false when there is no link.
    pub(super) fn send(&mut self, message: impl Into<ToCentral>) -> bool {
        let sent = match &self.state.outbox {
            Some(outbox) => outbox.try_send(message.into()).is_ok(),
            None => false,
        };
        if !sent {
            self.state.outbox = None;
        }
        sent
    }

    fn command(&mut self, command: ClientCommand) {
        match command {
            ClientCommand::Enrol(name, answer) => self.enrol(name, answer),
            ClientCommand::List(answer) => {
                if let Some(first) = self.state.questions.list(answer) {
                    self.ask(first);
                }
            }
            ClientCommand::Status(answer) => {
                self.state.questions.status(answer);
                self.ask(Question::Status);
            }
            ClientCommand::Name(answer) => {
                let _ = answer.send(self.state.name.clone());
            }
            ClientCommand::Download(file, named, answer) => self.download(file, named, answer),
            ClientCommand::Verify(file, answer) => self.verify(file, answer),
            ClientCommand::Stream(file, chunks, answer) => self.stream(file, chunks, answer),
            ClientCommand::Pause(number, answer) => {
                let _ = answer.send(self.pause(number));
            }
            ClientCommand::Resume(number, answer) => self.resume(number, answer),
            ClientCommand::Cancel(number, answer) => {
                let _ = answer.send(self.cancel(number));
            }
            ClientCommand::SetPriority(number, priority, answer) => {
                let _ = answer.send(self.set_priority(number, priority));
            }
            ClientCommand::Detail(number, answer) => self.detail(number, answer),
            ClientCommand::Downloads(answer) => {
                let _ = answer.send(self.views());
            }
            ClientCommand::WaitIdle(answer) => self.state.idle_waiters.push(answer),
            ClientCommand::WaitForAnEnd(answer) => {
                if self.state.downloads.is_any_on_its_way() {
                    self.state.end_waiters.push(answer);
                } else {
                    let _ = answer.send(false);
                }
            }
            // Taken out by the loop.
            ClientCommand::Stop(answer) => {
                let _ = answer.send(Ok(()));
            }
        }
    }

    /// Sends a question; without a link it is sent when the present attempt to connect succeeds, and
    /// answered with "unreachable" when it fails.
    pub(super) fn ask(&mut self, message: impl Into<ToCentral>) {
        if !self.send(message) {
            self.link.try_now();
        }
    }

    fn enrol(&mut self, name: ClientName, answer: oneshot::Sender<Result<(), ClientError>>) {
        if self.state.name.as_ref() != Some(&name) {
            self.statistics.rename(&name);
            self.state.name = Some(name.clone());
        }
        self.state.questions.enrol(answer);
        self.ask(FromClient::Enrol { name });
    }

    pub(super) fn link_event(&mut self, event: LinkEvent) {
        match event {
            LinkEvent::Up { central, outbox } => {
                self.state.central = Some(central);
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

    fn ask_due_again(&mut self) {
        for message in self.state.downloads.due_again(clock::now()) {
            self.send(message);
        }
    }

    /// A new link knows nothing of what was said on the last one.
    fn say_all_again(&mut self) {
        if let Some(name) = self.state.name.clone() {
            self.send(FromClient::Enrol { name });
        }
        for question in self.state.questions.unanswered() {
            self.send(question);
        }
        for message in self.state.downloads.first_messages(clock::now()) {
            self.send(message);
        }
    }

    fn link_down(&mut self, down: &LinkDown) {
        self.state.outbox = None;
        let unreachable = match down {
            LinkDown::Denied(denied) => ClientError::Denied(denied.clone()),
            LinkDown::Lost(Lost::Refused { code, message }) if down.is_expelled() => {
                ClientError::Refused {
                    code: *code,
                    message: message.clone(),
                }
            }
            LinkDown::Lost(lost) => ClientError::Unreachable(lost.clone()),
        };
        for answer in self.state.downloads.take_asked() {
            let _ = answer.send(Err(unreachable.clone()));
        }
        self.state.questions.fail(&unreachable);
        if down.is_expelled() {
            self.give_all_up();
        }
        // A central that was never there is told by the answer to the first request.
        if self.state.was_up && !std::mem::replace(&mut self.state.told_lost, true) {
            self.tell(match down {
                LinkDown::Denied(denied) => ClientEvent::Denied(denied.clone()),
                LinkDown::Lost(_) if down.is_expelled() => ClientEvent::Expelled,
                LinkDown::Lost(lost) => ClientEvent::CentralLost {
                    reason: lost.clone(),
                },
            });
        }
    }

    fn give_all_up(&mut self) {
        let all = self.state.downloads.iter();
        let all = all.filter(|(_, download)| !download.is_paused());
        let all: Vec<_> = all.map(|(number, _)| number).collect();
        for number in all {
            self.cancel(number);
        }
    }

    pub(super) fn answer_idle(&mut self) {
        if self.state.idle_waiters.is_empty() {
            return;
        }
        self.state.downloads.endings.hurry(clock::now());
        if self.state.downloads.is_idle() {
            let tally = self.state.downloads.tally();
            for waiter in self.state.idle_waiters.drain(..) {
                let _ = waiter.send(tally);
            }
        }
    }

    /// Ends what runs (what is there is kept, also of what is paused), waits a little for the last figures, says
    /// goodbye.
    async fn stop(mut self) -> (Result<(), StoreError>, Telling) {
        self.give_all_up();
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
        let unbooked = self.state.downloads.endings.take_unbooked();
        self.book_without_reports(unbooked);
        self.answer_idle();
        self.send(ToCentral::Bye);
        self.state.outbox = None;
        self.link.stop().await;
        (self.statistics.finish().await, self.telling)
    }
}
