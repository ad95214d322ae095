//! Downloads that outlive a run: those that are not complete and that nobody cancelled. The next run has them as paused.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{
    Download, DownloadNumber, Downloads, End, Origin, Priority, Reached, Receiving, State, Stopping,
};
use crate::model::FileName;

/// Downloads that are remembered: those that were asked for first.
pub const MOST_REMEMBERED: usize = 10_000;

/// A download as the next run finds it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Remembered<P> {
    /// Its file.
    pub file: FileName,
    /// What it is for.
    pub purpose: P,
    /// Whether others of its client go before it.
    #[serde(default)]
    pub priority: Priority,
    /// How much of it was here.
    #[serde(default)]
    pub reached: Reached,
}

impl<A, R: Receiving> Downloads<A, R> {
    /// Those that the next run is to go on with, by number. Of several of one file that is the last; a request that the
    /// central has not answered is none yet.
    pub fn unfinished(&self) -> Vec<(DownloadNumber, &Download<A, R>)> {
        let mut seen = BTreeSet::new();
        let last_first = self
            .list
            .iter()
            .rev()
            .filter(|(_, download)| !download.is_private && seen.insert(&download.file));
        let mut unfinished: Vec<_> = last_first
            .filter(|(_, download)| is_unfinished(download))
            .map(|(number, download)| (*number, download))
            .collect();
        unfinished.reverse();
        unfinished.truncate(MOST_REMEMBERED);
        unfinished
    }

    /// Takes in a download of an earlier run; `None` if one of its file is under way already.
    pub fn restore<P>(&mut self, remembered: &Remembered<P>) -> Option<DownloadNumber> {
        if self.active(&remembered.file).is_some() {
            return None;
        }
        Some(self.add(Download {
            file: remembered.file.clone(),
            state: State::Paused,
            priority: remembered.priority,
            is_private: false,
            past: Default::default(),
            reached: remembered.reached,
            origin: Origin::EarlierRun,
        }))
    }

    /// So much of a download is here.
    pub fn reach(&mut self, number: DownloadNumber, reached: Reached) {
        if let Some(download) = self.list.get_mut(&number) {
            download.reached = reached;
        }
    }
}

fn is_unfinished<A, R>(download: &Download<A, R>) -> bool {
    match &download.state {
        State::Again(_)
        | State::Queued(_)
        | State::Paused
        | State::Held
        | State::Ended(End::Failed(_)) => true,
        State::Running(running) => running.stopping != Some(Stopping::Cancelled),
        State::Asked(_) | State::Ended(End::Complete | End::Cancelled) => false,
    }
}
