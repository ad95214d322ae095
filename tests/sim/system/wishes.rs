//! What a client's user wants of his downloads, beside what the client makes of it.

use std::collections::BTreeSet;

use trozos::node::{
    client::DownloadNumber,
    rules::downloads::{Download, Downloads, State, Stopping},
};

use super::{client::Asker, fetch::Handle};

/// See the module.
#[derive(Debug, Default)]
pub struct Wishes {
    /// Those that were paused, and are to go on since.
    going_on: BTreeSet<DownloadNumber>,
}

impl Wishes {
    pub fn pause(&mut self, number: DownloadNumber) {
        self.going_on.remove(&number);
    }

    pub fn go_on(&mut self, number: DownloadNumber) {
        self.going_on.insert(number);
    }

    /// The central would not let it go on now: its user has been told.
    pub fn refused(&mut self, number: DownloadNumber) {
        self.going_on.remove(&number);
    }

    /// There is no central: whoever waited for its answer has been told.
    pub fn not_answered(&mut self) {
        self.going_on.clear();
    }

    /// What was to go on is not paused, and nobody runs beside one of a higher priority, but for those that
    /// somebody waits for or that are stopping.
    pub fn check(&self, downloads: &Downloads<Asker, Handle>) {
        let mut priorities = BTreeSet::new();
        for (number, download) in downloads.iter() {
            let goes_on = self.going_on.contains(&number);
            assert!(!goes_on || !download.is_paused(), "{number:?} {download:?}");
            let runs = match &download.state {
                State::Running(running) => running.stopping.is_none(),
                State::Queued(_) => true,
                State::Asked(_)
                | State::Again(_)
                | State::Paused
                | State::Held
                | State::Ended(_) => false,
            };
            if runs {
                priorities.insert(download.priority);
            }
        }
        assert!(priorities.len() <= 1, "{priorities:?} at once");
    }

    /// One starts: none that is more important would.
    pub fn check_start(&self, downloads: &Downloads<Asker, Handle>, number: DownloadNumber) {
        let Some(starts) = downloads.get(number) else {
            panic!("{number:?} starts and is not there");
        };
        let would_run = |download: &Download<Asker, Handle>| match &download.state {
            State::Asked(_) | State::Again(_) | State::Queued(_) | State::Held => true,
            State::Running(running) => !matches!(
                running.stopping,
                Some(Stopping::Cancelled | Stopping::Paused)
            ),
            State::Paused | State::Ended(_) => false,
        };
        let mut others = downloads.iter().map(|(_, other)| other);
        let first = others.find(|other| would_run(other) && other.priority > starts.priority);
        assert!(first.is_none(), "{starts:?} starts before {first:?}");
    }
}
