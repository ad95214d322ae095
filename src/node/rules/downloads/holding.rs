//! Downloads that wait because their user paused them, or because others are more important. They have no place at the
//! central, and ask for one when they go on. What they have received is kept.
//!
//! The rule of priorities: while a download asks, waits, runs or is held, all downloads of a lower priority are held.

use super::{
    DownloadNumber, Downloads, End, GivenUp, Origin, Priority, Receiving, State, Stopping,
};
use crate::model::{FileName, messages::FromClient};

/// What comes of resuming a download.
#[derive(Debug, PartialEq)]
pub enum Resuming<A> {
    /// Ask the central.
    Ask(FromClient),
    /// It is still stopping, and goes on by itself after that.
    Soon(A),
    /// It goes on by itself, after more important ones.
    Held(FileName, A),
    /// It was not paused, or another of the same file is under way: this one.
    Active(DownloadNumber, A),
    /// There is no such download, or it is complete.
    Unknown(A),
}

/// What priorities changed.
#[derive(Clone, Debug, PartialEq)]
pub enum Regulated {
    /// It waited in line and is held: tell the central.
    Withdrawn(DownloadNumber, FileName, FromClient),
    /// It goes on: ask the central.
    Released(FromClient),
}

impl<A, R: Receiving> Downloads<A, R> {
    /// The user pauses a download.
    pub fn pause(&mut self, number: DownloadNumber) -> GivenUp {
        let Some(download) = self.list.get_mut(&number) else {
            return GivenUp::Nothing;
        };
        match &mut download.state {
            State::Running(running) => match running.stopping {
                None | Some(Stopping::Held | Stopping::Again) => {
                    running.stop(Stopping::Paused);
                    GivenUp::Stopping
                }
                Some(Stopping::Cancelled | Stopping::Paused) => GivenUp::Nothing,
            },
            state @ (State::Queued(_) | State::Again(None)) => {
                *state = State::Paused;
                let request = number.into();
                GivenUp::Withdrawn(download.file.clone(), FromClient::Cancel { request })
            }
            state @ State::Held => {
                *state = State::Paused;
                GivenUp::Dropped(download.file.clone())
            }
            // Somebody waits for the central's answer, which comes first.
            State::Asked(_) | State::Again(Some(_)) | State::Paused | State::Ended(_) => {
                GivenUp::Nothing
            }
        }
    }

    /// The user resumes a download that is paused, that failed or that was cancelled.
    pub fn resume(&mut self, number: DownloadNumber, asker: A) -> Resuming<A> {
        let must_wait = self.must_wait(number);
        let Some(download) = self.list.get(&number) else {
            return Resuming::Unknown(asker);
        };
        let is_over = matches!(download.state, State::Ended(_));
        let same = self.active(&download.file).filter(|_| is_over);
        if let Some(other) = same {
            return Resuming::Active(other, asker);
        }
        let Some(download) = self.list.get_mut(&number) else {
            return Resuming::Unknown(asker);
        };
        download.origin = Origin::ThisRun;
        match &mut download.state {
            // Nobody reads it any more.
            State::Ended(End::Failed(_) | End::Cancelled) if download.is_private => {
                Resuming::Unknown(asker)
            }
            state @ (State::Paused | State::Ended(End::Failed(_) | End::Cancelled))
                if must_wait =>
            {
                *state = State::Held;
                Resuming::Held(download.file.clone(), asker)
            }
            state @ (State::Paused | State::Ended(End::Failed(_) | End::Cancelled)) => {
                *state = State::Again(Some(asker));
                Resuming::Ask(download.request(number))
            }
            State::Running(running) if running.stopping == Some(Stopping::Paused) => {
                running.stopping = Some(Stopping::Again);
                Resuming::Soon(asker)
            }
            State::Running(_)
            | State::Asked(_)
            | State::Again(_)
            | State::Queued(_)
            | State::Held => Resuming::Active(number, asker),
            State::Ended(End::Complete) => Resuming::Unknown(asker),
        }
    }

    /// Changes a priority; [`Self::regulate`] applies it. False if there is no such download, or it is over.
    pub fn set_priority(&mut self, number: DownloadNumber, priority: Priority) -> bool {
        match self.list.get_mut(&number) {
            Some(download) if !matches!(download.state, State::Ended(_)) => {
                download.priority = priority;
                true
            }
            Some(_) | None => false,
        }
    }

    /// Holds downloads that must wait for more important ones, and releases those that need not wait any more.
    pub fn regulate(&mut self) -> Vec<Regulated> {
        let Some(highest) = self.highest() else {
            return Vec::new();
        };
        let mut regulated = Vec::new();
        for (&number, download) in &mut self.list {
            let must_wait = download.priority < highest;
            let (request, name) = (number.into(), download.file.clone());
            match &mut download.state {
                State::Running(running) => match (running.stopping, must_wait) {
                    (None | Some(Stopping::Again), true) => running.stop(Stopping::Held),
                    (Some(Stopping::Held), false) => running.stopping = Some(Stopping::Again),
                    (None | Some(Stopping::Again), false)
                    | (Some(Stopping::Held), true)
                    | (Some(Stopping::Cancelled | Stopping::Paused), _) => {}
                },
                state @ (State::Queued(_) | State::Again(None)) if must_wait => {
                    *state = State::Held;
                    let cancel = FromClient::Cancel { request };
                    regulated.push(Regulated::Withdrawn(number, name, cancel));
                }
                state @ State::Held if !must_wait => {
                    *state = State::Again(None);
                    regulated.push(Regulated::Released(download.request(number)));
                }
                // A download whose asker waits for an answer is held once it is granted.
                State::Asked(_)
                | State::Again(_)
                | State::Queued(_)
                | State::Paused
                | State::Held
                | State::Ended(_) => {}
            }
        }
        regulated
    }
}
