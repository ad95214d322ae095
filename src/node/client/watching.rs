//! Files that are watched while they come: asked for, found again, and let go of.

use std::{sync::Arc, time::Duration};

use parking_lot::Mutex;
use tokio::time::{Instant, sleep};

use super::{
    ClientError, ClientHandle, DownloadAnswer, DownloadNumber, DownloadState,
    api::Asker,
    state::{Client, Purpose},
    watch_list::Keep,
};
use crate::{
    model::{FileName, messages::Counting},
    node::{Watched, rules::downloads::State},
};

/// How long whoever wants to read waits for a download to run. Some players take no for an answer for good.
const RUNS_WITHIN: Duration = Duration::from_secs(10);
/// How often it is looked whether it does.
const LOOK: Duration = Duration::from_millis(50);

impl Client {
    pub(super) fn watch(&mut self, file: FileName, keep: Keep, answer: Asker) {
        if self.state.name.is_none() {
            let _ = answer.send(Err(ClientError::NotEnrolled));
            return;
        }
        self.send(Counting::Played { name: file.clone() });
        let active = self.state.downloads.active(&file);
        let runs = active.filter(|number| {
            let download = self.state.downloads.get(*number);
            download.is_some_and(|download| !download.is_paused())
        });
        match (runs, keep) {
            // It comes already.
            (Some(number), _) => {
                self.state.watching.begin(number);
                if let Some(State::Running(running)) =
                    self.state.downloads.get(number).map(|d| &d.state)
                {
                    let watched = running.receiving.watched();
                    self.state.watching.runs(number, || watched);
                }
                let _ = answer.send(Ok(DownloadAnswer::Found(number)));
            }
            (None, Keep::TheFile) => {
                self.download(file.clone(), None, answer);
                if let Some(number) = self.state.downloads.active(&file) {
                    self.state.watching.begin(number);
                }
            }
            (None, Keep::Nothing) => {
                let downloads = &mut self.state.downloads;
                let number = downloads.ask_privately(file.clone(), answer);
                self.state.watching.begin(number);
                self.ask_for(number, file, Purpose::Watch);
            }
        }
    }

    /// What there is to read of a download.
    pub(super) fn watched(&self, number: DownloadNumber) -> Option<Watched> {
        self.state.watching.get(number)
    }

    /// Nobody watches a download any more. One that is not kept is over with that.
    pub(super) fn unwatch(&mut self, number: DownloadNumber) {
        self.state.watching.end(number);
        if matches!(self.state.purposes.get(&number), Some(Purpose::Watch)) {
            self.cancel(number);
        }
    }
}

/// A file that is watched, for whoever serves it to players. Copies are the same.
#[derive(Clone, Debug)]
pub struct Watch {
    client: ClientHandle,
    file: FileName,
    keep: Keep,
    number: Arc<Mutex<DownloadNumber>>,
}

impl Watch {
    /// Begins to watch a file.
    ///
    /// # Errors
    /// As [`ClientHandle::download`].
    pub async fn begin(
        client: ClientHandle,
        file: FileName,
        keep: Keep,
    ) -> Result<(Self, DownloadAnswer), ClientError> {
        let answer = client.watch(file.clone(), keep).await?;
        let number = Arc::new(Mutex::new(answer.number()));
        let watch = Self {
            client,
            file,
            keep,
            number,
        };
        Ok((watch, answer))
    }

    /// Its file.
    pub fn file(&self) -> &FileName {
        &self.file
    }

    /// Its download at present.
    pub fn number(&self) -> DownloadNumber {
        *self.number.lock()
    }

    /// Those who read it now.
    pub async fn readers(&self) -> usize {
        let watched = self.client.watched(self.number()).await;
        watched
            .ok()
            .flatten()
            .map_or(0, |watched| watched.readers())
    }

    /// What there is to read, once it comes; a download that has failed is begun anew. `None` when there is none in time.
    pub async fn watched(&self) -> Option<Watched> {
        let until = Instant::now() + RUNS_WITHIN;
        let mut is_asked_anew = false;
        loop {
            let number = self.number();
            match self.client.watched(number).await.ok()? {
                Some(watched) if !watched.is_over() => return Some(watched),
                Some(_) | None => {
                    let views = self.client.downloads().await.ok()?;
                    let view = views.into_iter().find(|view| view.number == number);
                    let has_ended = view.is_none_or(|view| {
                        let state = view.state;
                        matches!(state, DownloadState::Failed(_) | DownloadState::Cancelled)
                    });
                    if has_ended && !std::mem::replace(&mut is_asked_anew, true) {
                        let answer = self.client.watch(self.file.clone(), self.keep).await.ok()?;
                        *self.number.lock() = answer.number();
                    }
                }
            }
            if Instant::now() >= until {
                return None;
            }
            sleep(LOOK).await;
        }
    }

    /// Nobody watches it any more.
    pub async fn end(&self) {
        let _ = self.client.unwatch(self.number()).await;
    }
}
