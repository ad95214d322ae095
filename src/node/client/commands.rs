//! What the program that runs a client asks of it.

use bytes::Bytes;
use tokio::sync::{mpsc, oneshot};

use super::{
    ClientError, DownloadAnswer, DownloadEvent, DownloadNumber, DownloadState, DownloadView, Named,
    Priority,
    api::{Asker, ClientCommand},
    state::{Client, Purpose},
};
use crate::{
    engine::download::ChunkMap,
    model::{
        ClientName, FigureAnswer, FigureName, FigureOrder, FigureValue, FileName,
        messages::{Counting, FromClient, Question},
    },
    node::{
        Lost, clock,
        fetch::{Fetch, Reader},
        rules::downloads::{Download, End, GivenUp, Regulated, Resuming, State},
    },
};

impl Client {
    pub(super) fn command(&mut self, command: ClientCommand) {
        match command {
            ClientCommand::Enrol(name, answer) => {
                self.name_is_usual();
                self.enrol(name, answer);
            }
            ClientCommand::Rooms(order, answer) => self.ask_rooms(order, answer),
            ClientCommand::ShowRoom(room, shown, answer) => {
                self.show_room(room, shown);
                let _ = answer.send(());
            }
            ClientCommand::HeardInRoom(room, upto, answer) => {
                self.heard_in_room(room, upto);
                let _ = answer.send(());
            }
            ClientCommand::Account(command) => self.account_command(command),
            ClientCommand::List(answer) => {
                if let Some(first) = self.state.questions.list(answer) {
                    self.ask(first);
                }
            }
            ClientCommand::Status(answer) => {
                self.state.questions.status(answer);
                self.ask(Question::Status);
            }
            ClientCommand::Count(name, order, answer) => self.count_one(name, order, answer),
            ClientCommand::CountList(answer) => self.count_all(answer),
            ClientCommand::Name(answer) => say(answer, self.state.name.clone()),
            ClientCommand::Central(answer) => say(answer, self.state.place.clone()),
            ClientCommand::Download(file, named, answer) => self.download(file, named, answer),
            ClientCommand::Verify(file, answer) => self.verify(file, answer),
            ClientCommand::Stream(file, chunks, answer) => self.stream(file, chunks, answer),
            ClientCommand::Watch(file, keep, answer) => self.watch(file, keep, answer),
            ClientCommand::Watched(number, answer) => say(answer, self.watched(number)),
            ClientCommand::Unwatch(number, answer) => {
                self.unwatch(number);
                let _ = answer.send(());
            }
            ClientCommand::Pause(number, answer) => say(answer, self.pause(number)),
            ClientCommand::Resume(number, answer) => self.resume(number, answer),
            ClientCommand::Cancel(number, answer) => say(answer, self.cancel(number)),
            ClientCommand::SetPriority(number, priority, answer) => {
                say(answer, self.set_priority(number, priority))
            }
            ClientCommand::Detail(number, answer) => self.detail(number, answer),
            ClientCommand::SetDownloadLimit(bytes_per_s, answer) => {
                self.downlink.set_limit(bytes_per_s);
                let _ = answer.send(());
            }
            ClientCommand::DownloadLimit(answer) => say(answer, self.downlink.limit_bytes_per_s()),
            ClientCommand::Downloads(answer) => say(answer, self.views()),
            ClientCommand::PublishedName(name, answer) => say(answer, self.published_name(&name)),
            ClientCommand::Publish(read, answer) => self.publish(*read, answer),
            ClientCommand::Withdraw(name, answer) => self.withdraw(&name, answer),
            ClientCommand::Content(account, answer) => {
                let first = self.state.questions.content(account, answer);
                self.ask(first);
            }
            ClientCommand::Shelf(answer) => say(answer, self.shelf()),
            ClientCommand::Serving(answer) => say(answer, self.peering.view(clock::now())),
            ClientCommand::SetUploadLimit(bytes_per_s, answer) => {
                self.peering.uplink.set_limit(bytes_per_s);
                let _ = answer.send(());
            }
            ClientCommand::WaitIdle(answer) => self.state.idle_waiters.push(answer),
            ClientCommand::WaitForAnEnd(answer) => self.wait_for_an_end(answer),
            // The loop takes it out.
            ClientCommand::Stop(answer) => say(answer, Ok(())),
        }
    }

    /// Answers once any download has ended, or at once if none will by itself.
    fn wait_for_an_end(&mut self, answer: oneshot::Sender<bool>) {
        if self.state.downloads.is_any_on_its_way() {
            self.state.end_waiters.push(answer);
        } else {
            say(answer, false);
        }
    }

    fn count_one(
        &mut self,
        name: FigureName,
        order: FigureOrder,
        answer: oneshot::Sender<Result<FigureAnswer, ClientError>>,
    ) {
        let order = self.state.counts.order(name, order, answer);
        self.count(order);
    }

    fn count_all(&mut self, answer: oneshot::Sender<Result<Vec<FigureValue>, ClientError>>) {
        let list = self.state.counts.list(answer);
        self.count(list);
    }

    /// Sends an order to a figure, at once or not at all.
    fn count(&mut self, order: Counting) {
        if !self.send(order) {
            self.link.try_now();
            let lost = ClientError::Unreachable(Lost::Stops);
            self.state.counts.fail(&lost);
        }
    }

    pub(super) fn enrol(
        &mut self,
        name: ClientName,
        answer: oneshot::Sender<Result<ClientName, ClientError>>,
    ) {
        if self.state.wanted_name.replace(name.clone()).as_ref() != Some(&name) {
            self.statistics.rename(&name);
        }
        let before = self.state.name.replace(name);
        self.state.name_before = self.state.name_before.take().or(before);
        self.state.questions.enrol(answer);
        if self.state.outbox.is_some() {
            self.say_who();
        } else {
            self.link.try_now();
        }
    }

    pub(super) fn download(&mut self, file: FileName, named: Option<Named>, answer: Asker) {
        let active = self.state.downloads.active(&file);
        let is_paused = |number: &DownloadNumber| {
            let download = self.state.downloads.get(*number);
            download.is_some_and(|download| download.is_paused())
        };
        if let Some(paused) = active.filter(is_paused) {
            return self.resume(paused, answer);
        }
        if let Some(answer) = self.may_ask(&file, answer) {
            let number = self.state.downloads.ask(file.clone(), answer);
            self.ask_for(number, file, Purpose::File(named));
        }
    }

    fn verify(&mut self, file: FileName, answer: Asker) {
        let Some(answer) = self.may_ask(&file, answer) else {
            return;
        };
        let number = self.state.downloads.ask(file.clone(), answer);
        self.ask_for(number, file, Purpose::Verify);
    }

    fn stream(&mut self, file: FileName, chunks: mpsc::Sender<Bytes>, answer: Asker) {
        if self.state.name.is_none() {
            let _ = answer.send(Err(ClientError::NotEnrolled));
            return;
        }
        let downloads = &mut self.state.downloads;
        let number = downloads.ask_privately(file.clone(), answer);
        self.ask_for(number, file, Purpose::Stream(Reader::new(chunks)));
    }

    /// Gives the asker back if the central is to be asked; answers at once otherwise.
    fn may_ask(&self, file: &FileName, answer: Asker) -> Option<Asker> {
        let error = if self.state.name.is_none() {
            ClientError::NotEnrolled
        } else {
            match self.state.downloads.active(file) {
                Some(number) => ClientError::AlreadyRunning(number),
                None => return Some(answer),
            }
        };
        let _ = answer.send(Err(error));
        None
    }

    pub(super) fn ask_for(&mut self, number: DownloadNumber, file: FileName, purpose: Purpose) {
        // The number may have been that of a download that was refused.
        self.state.maps.forget(number);
        let downloads = &self.state.downloads;
        let purposes = &mut self.state.purposes;
        purposes.retain(|number, _| downloads.get(*number).is_some());
        self.state.purposes.insert(number, purpose);
        self.ask(FromClient::Download {
            request: number.into(),
            name: file,
        });
    }

    fn pause(&mut self, number: DownloadNumber) -> bool {
        match self.state.downloads.pause(number) {
            GivenUp::Stopping => true,
            GivenUp::Withdrawn(file, cancel) => {
                self.send(cancel);
                self.tell_of(number, &file, DownloadEvent::Paused);
                true
            }
            GivenUp::Dropped(file) => {
                self.tell_of(number, &file, DownloadEvent::Paused);
                true
            }
            GivenUp::Nothing => false,
        }
    }

    fn resume(&mut self, number: DownloadNumber, answer: Asker) {
        let (answer, what) = match self.state.downloads.resume(number, answer) {
            Resuming::Ask(request) => return self.ask(request),
            Resuming::Soon(answer) => (answer, Ok(DownloadAnswer::Found(number))),
            Resuming::Held(file, answer) => {
                self.tell_of(number, &file, DownloadEvent::Held);
                (answer, Ok(DownloadAnswer::Found(number)))
            }
            Resuming::Active(other, answer) => (answer, Err(ClientError::AlreadyRunning(other))),
            Resuming::Unknown(answer) => (answer, Err(ClientError::NoSuchDownload(number))),
        };
        let _ = answer.send(what);
    }

    /// Gives a download up; false if it cannot be.
    pub(super) fn cancel(&mut self, number: DownloadNumber) -> bool {
        let file = match self.state.downloads.give_up(number) {
            GivenUp::Stopping => return true,
            GivenUp::Withdrawn(file, cancel) => {
                self.send(cancel);
                file
            }
            GivenUp::Dropped(file) => file,
            GivenUp::Nothing => return false,
        };
        self.end_reading(number);
        self.tell_of(number, &file, DownloadEvent::Cancelled);
        true
    }

    /// Gives up all downloads but the paused ones.
    pub(super) fn give_all_up(&mut self) {
        let all = self.state.downloads.iter();
        let all = all.filter(|(_, download)| !download.is_paused());
        let all: Vec<_> = all.map(|(number, _)| number).collect();
        for number in all {
            self.cancel(number);
        }
    }

    fn set_priority(&mut self, number: DownloadNumber, priority: Priority) -> bool {
        self.memory.may_change();
        self.state.downloads.set_priority(number, priority)
    }

    /// Holds and releases downloads as their priorities demand.
    pub(super) fn regulate(&mut self) {
        for regulated in self.state.downloads.regulate() {
            match regulated {
                Regulated::Withdrawn(number, file, cancel) => {
                    self.send(cancel);
                    self.tell_of(number, &file, DownloadEvent::Held);
                }
                Regulated::Released(request) => self.ask(request),
            }
        }
    }

    fn detail(&self, number: DownloadNumber, answer: oneshot::Sender<Option<ChunkMap>>) {
        let answer = match self.state.downloads.get(number).map(|d| &d.state) {
            Some(State::Running(running)) => match running.receiving.send_map(answer) {
                Ok(()) => return,
                Err(answer) => answer,
            },
            _ => answer,
        };
        let _ = answer.send(self.state.maps.get(number));
    }

    /// Every download of this run, and those of an earlier one that go on in this one.
    fn views(&self) -> Vec<DownloadView> {
        let all = self.state.downloads.iter();
        all.map(|(number, download)| view(number, download))
            .collect()
    }
}

/// Answers whoever may wait.
fn say<T>(answer: oneshot::Sender<T>, what: T) {
    let _ = answer.send(what);
}

/// A download as people see it.
pub(super) fn view(number: DownloadNumber, download: &Download<Asker, Fetch>) -> DownloadView {
    let state = match &download.state {
        _ if download.is_paused() => DownloadState::Paused,
        _ if download.is_held() => DownloadState::Held,
        State::Asked(_) | State::Again(_) => DownloadState::Asked,
        State::Queued(place) => DownloadState::Queued(*place),
        State::Running(running) => DownloadState::Running(Box::new(running.receiving.snapshot())),
        State::Paused => DownloadState::Paused,
        State::Held => DownloadState::Held,
        State::Ended(End::Complete) => DownloadState::Complete,
        State::Ended(End::Failed(why)) => DownloadState::Failed(why.clone()),
        State::Ended(End::Cancelled) => DownloadState::Cancelled,
    };
    DownloadView {
        number,
        file: download.file.clone(),
        state,
        priority: download.priority,
        reached: download.reached,
    }
}
