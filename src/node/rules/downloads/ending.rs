//! How downloads end: given up, complete, failed, or stopped on their way to something else.

use std::time::{Duration, Instant};

use super::{AfterStop, Downloads, End, GivenUp, State, Stopping};
use crate::{
    model::{FileName, Finished, messages::FromClient},
    node::rules::{DownloadNumber, Receiving},
};

impl<A, R: Receiving> Downloads<A, R> {
    /// The user gives a download up.
    pub fn give_up(&mut self, number: DownloadNumber) -> GivenUp {
        let Some(download) = self.list.get_mut(&number) else {
            return GivenUp::Nothing;
        };
        match &mut download.state {
            State::Running(running) => {
                running.stop(Stopping::Cancelled);
                GivenUp::Stopping
            }
            state @ (State::Queued(_) | State::Again(None)) => {
                *state = State::Ended(End::Cancelled);
                let request = number.into();
                GivenUp::Withdrawn(download.file.clone(), FromClient::Cancel { request })
            }
            state @ (State::Paused | State::Held) => {
                *state = State::Ended(End::Cancelled);
                GivenUp::Dropped(download.file.clone())
            }
            State::Asked(_) | State::Again(Some(_)) | State::Ended(_) => GivenUp::Nothing,
        }
    }

    /// A download is over. Gives its file. The report to the central is kept, to be repeated on another link.
    pub fn end(
        &mut self,
        now: Instant,
        number: DownloadNumber,
        end: End,
        finished: &Finished,
    ) -> Option<FileName> {
        let download = self.list.get_mut(&number)?;
        let before = std::mem::replace(&mut download.state, State::Ended(end));
        if let State::Running(running) = before {
            self.running.remove(&running.transfer);
            self.endings
                .keep(now, number, running.meta, finished.clone());
        }
        Some(download.file.clone())
    }

    /// A download has stopped as it was told to. The central hears of it as a cancellation. Gives its file and what
    /// follows.
    pub fn stopped(
        &mut self,
        now: Instant,
        number: DownloadNumber,
        finished: &Finished,
        took: Duration,
    ) -> Option<(FileName, AfterStop)> {
        let download = self.list.get_mut(&number)?;
        let State::Running(running) = &download.state else {
            return None;
        };
        let request = number.into();
        let name = download.file.clone();
        let (state, stopped) = match running.stopping {
            None | Some(Stopping::Cancelled) => {
                (State::Ended(End::Cancelled), AfterStop::Cancelled)
            }
            Some(Stopping::Paused) => (State::Paused, AfterStop::Paused),
            Some(Stopping::Held) => (State::Held, AfterStop::Held),
            Some(Stopping::Again) => {
                let again = FromClient::Download { request, name };
                (State::Again(None), AfterStop::Again(again))
            }
        };
        download.past.add(took, &finished.sources);
        if let State::Running(running) = std::mem::replace(&mut download.state, state) {
            self.running.remove(&running.transfer);
            let meta = running.meta;
            self.endings.keep(now, number, meta, finished.clone());
        }
        Some((download.file.clone(), stopped))
    }
}
