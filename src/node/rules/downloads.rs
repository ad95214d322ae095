//! A client's downloads, in the order in which they were asked for. Knows neither sockets nor files.
//!
//! `types` says how far each one is, `past` what it has behind it. `answers` is what the central's words mean to them and
//! what a new link is told, `holding` how they are paused, held for more important ones and resumed, `ending` how they
//! end, `remembered` which of them the next run goes on with.

mod answers;
mod ending;
mod holding;
mod past;
mod remembered;
mod types;

use std::{collections::BTreeMap, time::Instant};

use super::{DownloadNumber, Receiving, endings::Endings};
use crate::model::{Digest, FileName, SourceInfo, TransferId};

/// Ended downloads that stay listed: the ones asked for last.
const MOST_ENDED: usize = 1000;

pub use holding::{Regulated, Resuming};
pub use past::{Origin, Past, Reached};
pub use remembered::{MOST_REMEMBERED, Remembered};
pub use types::*;

/// All downloads of a client.
#[derive(Debug)]
pub struct Downloads<A, R> {
    list: BTreeMap<DownloadNumber, Download<A, R>>,
    /// Those that run, by the central's name for them.
    running: BTreeMap<TransferId, DownloadNumber>,
    /// Counts of ended downloads that are no longer listed.
    unlisted: Tally,
    /// Downloads that are over.
    pub endings: Endings,
    /// When to repeat a request that the central was not ready for, or a resumption that it refused.
    ask_again: BTreeMap<DownloadNumber, Instant>,
}

impl<A, R> Default for Downloads<A, R> {
    fn default() -> Self {
        Self {
            list: BTreeMap::new(),
            running: BTreeMap::new(),
            unlisted: Tally::default(),
            endings: Endings::default(),
            ask_again: BTreeMap::new(),
        }
    }
}

impl<A, R: Receiving> Downloads<A, R> {
    /// The unfinished download of this name.
    pub fn active(&self, file: &FileName) -> Option<DownloadNumber> {
        let is_it = |download: &Download<A, R>| {
            let is_over = matches!(download.state, State::Ended(_));
            download.file == *file && !download.is_private && !is_over
        };
        let mut list = self.list.iter();
        list.find_map(|(number, download)| is_it(download).then_some(*number))
    }

    /// A running download took bytes from files of this disk.
    pub fn took_own(&mut self, number: DownloadNumber, bytes: u64) {
        if let Some(download) = self.list.get_mut(&number) {
            download.past.own_bytes = download.past.own_bytes.saturating_add(bytes);
        }
    }

    /// Adds a download that the central is asked for.
    pub fn ask(&mut self, file: FileName, answer: A) -> DownloadNumber {
        self.add(Download::new(file, answer))
    }

    /// The same for a reader. Others of the same file may run beside it.
    pub fn ask_privately(&mut self, file: FileName, answer: A) -> DownloadNumber {
        let is_private = true;
        self.add(Download {
            is_private,
            ..Download::new(file, answer)
        })
    }

    fn add(&mut self, download: Download<A, R>) -> DownloadNumber {
        let last = self.list.last_key_value().map_or(0, |(number, _)| number.0);
        let number = DownloadNumber(last + 1);
        self.forget_ended();
        self.list.insert(number, download);
        number
    }

    /// Keeps the latest ended downloads listed, and only counts the others.
    fn forget_ended(&mut self) {
        let is_over =
            |(_, download): &(&_, &Download<A, R>)| matches!(download.state, State::Ended(_));
        let ended = self.list.iter().filter(is_over);
        let mut surplus = ended.count().saturating_sub(MOST_ENDED);
        while surplus > 0 {
            let oldest = self.list.iter().find(is_over).map(|(number, _)| *number);
            if let Some(download) = oldest.and_then(|number| self.list.remove(&number)) {
                self.unlisted.count(&download);
            }
            surplus -= 1;
        }
    }

    /// One download.
    pub fn get(&self, number: DownloadNumber) -> Option<&Download<A, R>> {
        self.list.get(&number)
    }

    /// The file of a download.
    pub fn file(&self, number: DownloadNumber) -> Option<&FileName> {
        Some(&self.list.get(&number)?.file)
    }

    /// All downloads, by number.
    pub fn iter(&self) -> impl Iterator<Item = (DownloadNumber, &Download<A, R>)> {
        self.list
            .iter()
            .map(|(number, download)| (*number, download))
    }

    /// The running download of a transfer.
    pub fn of_transfer(&self, wanted: TransferId) -> Option<(DownloadNumber, &FileName, &R)> {
        let number = *self.running.get(&wanted)?;
        let download = self.list.get(&number)?;
        let running = download.state.running()?;
        Some((number, &download.file, &running.receiving))
    }

    /// A running download of a content.
    pub fn receiving(&self, id: Digest) -> Option<&R> {
        let running = self.list.values().filter_map(|d| d.state.running());
        let mut of_it = running.filter(|running| running.meta.id == id);
        of_it.next().map(|running| &running.receiving)
    }

    /// Who can send in a transfer from now on.
    pub fn set_sources(&mut self, transfer: TransferId, sources: Vec<SourceInfo>) {
        let number = self.running.get(&transfer).copied();
        if let Some(running) = number.and_then(|number| self.running(number)) {
            running.set_sources(sources);
        }
    }

    /// When [`Self::due_again`] or [`Endings::overdue`] is due.
    pub fn next_due(&self) -> Option<Instant> {
        let again = self.ask_again.values().copied();
        again.chain(self.endings.next_overdue()).min()
    }

    /// True when nothing runs, waits, or is still to be booked. Paused downloads do not count: nobody resumes them.
    pub fn is_idle(&self) -> bool {
        self.endings.are_booked()
            && self
                .list
                .values()
                .all(|download| matches!(download.state, State::Ended(_) | State::Paused))
    }

    /// True when a download will end by itself, with an event.
    pub fn is_any_on_its_way(&self) -> bool {
        self.list.values().any(|download| match &download.state {
            State::Again(_) | State::Queued(_) | State::Running(_) | State::Held => true,
            State::Asked(_) | State::Paused | State::Ended(_) => false,
        })
    }

    /// How many have ended, and how.
    pub fn tally(&self) -> Tally {
        let mut tally = self.unlisted;
        for download in self.list.values() {
            tally.count(download);
        }
        tally
    }

    fn running(&mut self, number: DownloadNumber) -> Option<&mut Running<R>> {
        self.list.get_mut(&number)?.state.running_mut()
    }

    /// True when a download of a higher priority wants to run.
    fn must_wait(&self, number: DownloadNumber) -> bool {
        let priority = self.list.get(&number).map(|download| download.priority);
        priority.is_some_and(|priority| self.highest().is_some_and(|highest| highest > priority))
    }

    fn highest(&self) -> Option<Priority> {
        let wanting = self.list.values().filter(|d| d.wants_to_run());
        wanting.map(|download| download.priority).max()
    }
}

#[cfg(test)]
mod tests;
