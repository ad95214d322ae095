//! Downloads that wait by their user's wish or for the sake of more important ones. They have no place at the central
//! and ask for one when they go on; what is there of them is kept.
//!
//! The rule of priorities: while a download asks, waits, runs, or is held, all of a lower priority are held.

use super::{Download, DownloadNumber, Downloads, GivenUp, Receiving, State, Stopping};
use crate::model::{FileName, messages::FromClient};

/// How important a download is among its client's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Priority {
    /// It waits for all others.
    Low,
    /// As all are at first.
    #[default]
    Normal,
    /// All others wait for it.
    High,
}

/// What the wish that a download goes on means.
#[derive(Debug, PartialEq)]
pub enum Resuming<A> {
    /// The central is to be asked.
    Ask(FromClient),
    /// It goes on by itself, as soon as it has stopped.
    Soon(A),
    /// It goes on by itself, after others.
    Held(FileName, A),
    /// It was not paused.
    Active(A),
    /// There is no such one, or it is over.
    Unknown(A),
}

/// What priorities changed.
#[derive(Clone, Debug, PartialEq)]
pub enum Regulated {
    /// It waited and is held; the central is to be told.
    Withdrawn(DownloadNumber, FileName, FromClient),
    /// It goes on; the central is to be asked.
    Released(FromClient),
}

impl<A, R> Download<A, R> {
    /// It would run if it could.
    fn wants_to_run(&self) -> bool {
        match &self.state {
            State::Asked(_) | State::Again(_) | State::Queued(_) | State::Held => true,
            State::Running(running) => match running.stopping {
                None | Some(Stopping::Held | Stopping::Again) => true,
                Some(Stopping::Cancelled | Stopping::Paused) => false,
            },
            State::Paused | State::Ended(_) => false,
        }
    }

    /// It is paused, or will be once it has stopped.
    pub fn is_paused(&self) -> bool {
        match &self.state {
            State::Paused => true,
            State::Running(running) => running.stopping == Some(Stopping::Paused),
            State::Asked(_)
            | State::Again(_)
            | State::Queued(_)
            | State::Held
            | State::Ended(_) => false,
        }
    }

    /// It is held, or will be once it has stopped.
    pub fn is_held(&self) -> bool {
        match &self.state {
            State::Held => true,
            State::Running(running) => running.stopping == Some(Stopping::Held),
            State::Asked(_)
            | State::Again(_)
            | State::Queued(_)
            | State::Paused
            | State::Ended(_) => false,
        }
    }
}

impl<A, R: Receiving> Downloads<A, R> {
    /// Its user makes a download wait.
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
            // Whoever waits for the answer is answered first.
            State::Asked(_) | State::Again(Some(_)) | State::Paused | State::Ended(_) => {
                GivenUp::Nothing
            }
        }
    }

    /// Its user lets a download go on.
    pub fn resume(&mut self, number: DownloadNumber, asker: A) -> Resuming<A> {
        let must_wait = self.must_wait(number);
        let Some(download) = self.list.get_mut(&number) else {
            return Resuming::Unknown(asker);
        };
        match &mut download.state {
            state @ State::Paused if must_wait => {
                *state = State::Held;
                Resuming::Held(download.file.clone(), asker)
            }
            state @ State::Paused => {
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
            | State::Held => Resuming::Active(asker),
            State::Ended(_) => Resuming::Unknown(asker),
        }
    }

    /// Changes a priority; false when there is no such download, or it is over. [`Self::regulate`] follows.
    pub fn set_priority(&mut self, number: DownloadNumber, priority: Priority) -> bool {
        match self.list.get_mut(&number) {
            Some(download) if !matches!(download.state, State::Ended(_)) => {
                download.priority = priority;
                true
            }
            Some(_) | None => false,
        }
    }

    /// Holds what must wait for more important ones, and lets go on what need not wait any more.
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
                // Those that somebody waits for are held when they are granted.
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

    /// True when one of a higher priority would run.
    pub(super) fn must_wait(&self, number: DownloadNumber) -> bool {
        let priority = self.list.get(&number).map(|download| download.priority);
        priority.is_some_and(|priority| self.highest().is_some_and(|highest| highest > priority))
    }

    /// Holds one that has just been granted; gives whoever waits for the answer.
    pub(super) fn hold(&mut self, number: DownloadNumber) -> Option<A> {
        let download = self.list.get_mut(&number)?;
        std::mem::replace(&mut download.state, State::Held).into_asker()
    }

    fn highest(&self) -> Option<Priority> {
        let wanting = self.list.values().filter(|d| d.wants_to_run());
        wanting.map(|download| download.priority).max()
    }
}
