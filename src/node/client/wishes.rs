//! What a client's user wants of its downloads.

use bytes::Bytes;
use tokio::sync::{mpsc, oneshot};

use super::{
    ClientError, DownloadAnswer, DownloadEvent, DownloadNumber, Named, Priority, handle::Asker,
    run::Client,
};
use crate::{
    engine::download::ChunkMap,
    model::{FileName, messages::FromClient},
    node::{
        fetch::Reader,
        rules::downloads::{GivenUp, Regulated, Resuming, State},
    },
};

/// What a download is for.
#[derive(Clone, Debug)]
pub(super) enum Purpose {
    /// The file is to be in the folder, or where it was said to.
    File(Option<Named>),
    /// The file that is there is to be as it should be.
    Verify,
    /// Somebody reads it.
    Stream(Reader),
}

impl Client {
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

    pub(super) fn verify(&mut self, file: FileName, answer: Asker) {
        let Some(answer) = self.may_ask(&file, answer) else {
            return;
        };
        let number = self.state.downloads.ask(file.clone(), answer);
        self.ask_for(number, file, Purpose::Verify);
    }

    pub(super) fn stream(&mut self, file: FileName, chunks: mpsc::Sender<Bytes>, answer: Asker) {
        if self.state.name.is_none() {
            let _ = answer.send(Err(ClientError::NotEnrolled));
            return;
        }
        let downloads = &mut self.state.downloads;
        let number = downloads.ask_privately(file.clone(), answer);
        self.ask_for(number, file, Purpose::Stream(Reader::new(chunks)));
    }

    /// Answers at once when the central need not be asked.
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

    fn ask_for(&mut self, number: DownloadNumber, file: FileName, purpose: Purpose) {
        // The number may have been another's, who was refused.
        self.state.maps.forget(number);
        self.state.purposes.insert(number, purpose);
        self.ask(FromClient::Download {
            request: number.into(),
            name: file,
        });
    }

    pub(super) fn pause(&mut self, number: DownloadNumber) -> bool {
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

    pub(super) fn resume(&mut self, number: DownloadNumber, answer: Asker) {
        let (answer, what) = match self.state.downloads.resume(number, answer) {
            Resuming::Ask(request) => return self.ask(request),
            Resuming::Soon(answer) => (answer, Ok(DownloadAnswer::Found(number))),
            Resuming::Held(file, answer) => {
                self.tell_of(number, &file, DownloadEvent::Held);
                (answer, Ok(DownloadAnswer::Found(number)))
            }
            Resuming::Active(answer) => (answer, Err(ClientError::AlreadyRunning(number))),
            Resuming::Unknown(answer) => (answer, Err(ClientError::NoSuchDownload(number))),
        };
        let _ = answer.send(what);
    }

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
        self.state.purposes.remove(&number);
        self.tell_of(number, &file, DownloadEvent::Cancelled);
        true
    }

    pub(super) fn set_priority(&mut self, number: DownloadNumber, priority: Priority) -> bool {
        self.state.downloads.set_priority(number, priority)
    }

    /// Holds and lets go on what priorities say.
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

    pub(super) fn detail(&self, number: DownloadNumber, answer: oneshot::Sender<Option<ChunkMap>>) {
        let answer = match self.state.downloads.get(number).map(|d| &d.state) {
            Some(State::Running(running)) => match running.receiving.send_map(answer) {
                Ok(()) => return,
                Err(answer) => answer,
            },
            _ => answer,
        };
        let _ = answer.send(self.state.maps.get(number));
    }
}
