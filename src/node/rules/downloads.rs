//! The downloads of a client, in the order in which they were asked for: what each answer of the central
//! means to them. Knows neither sockets nor files.
//!
//! `types` is how far each is, `holding` how they are paused, held for the sake of others, and go on.

mod holding;
mod types;

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use super::{DownloadNumber, Receiving, endings::Endings};
use crate::{
    model::{FileName, Finished, Grant, Outcome, SourceInfo, TransferId, messages::FromClient},
    node::Failure,
    proto::{ErrorCode, control::ToCentral},
};

/// How long a request that waited in the list of a central that has gone leaves the new one for its
/// secondaries to enrol, before it asks again.
const ASK_AGAIN: Duration = Duration::from_secs(1);

/// Downloads that are over and still listed: those that were asked for last.
const MOST_ENDED: usize = 1000;

pub use holding::{Priority, Regulated, Resuming};
pub use types::*;

/// All downloads of a client.
#[derive(Debug)]
pub struct Downloads<A, R> {
    list: BTreeMap<DownloadNumber, Download<A, R>>,
    /// Those that run, by their names at the central.
    running: BTreeMap<TransferId, DownloadNumber>,
    /// Those that are over and not listed any more.
    unlisted: Tally,
    /// Those that are over.
    pub endings: Endings,
    /// Requests that wait and are to be made again, as the central was not ready for them, and downloads that are to
    /// be taken up again, as it did not let them be.
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
    /// The download that has this name and is not over.
    pub fn active(&self, file: &FileName) -> Option<DownloadNumber> {
        let is_it = |download: &Download<A, R>| {
            let is_over = matches!(download.state, State::Ended(_));
            download.file == *file && !download.is_private && !is_over
        };
        let mut list = self.list.iter();
        list.find_map(|(number, download)| is_it(download).then_some(*number))
    }

    /// A download that runs took bytes from files of its own disk.
    pub fn took_own(&mut self, number: DownloadNumber, bytes: u64) {
        if let Some(download) = self.list.get_mut(&number) {
            download.past.own_bytes = download.past.own_bytes.saturating_add(bytes);
        }
    }

    /// A new one.
    pub fn ask(&mut self, file: FileName, answer: A) -> DownloadNumber {
        self.add(file, answer, false)
    }

    /// A new one, for a reader.
    pub fn ask_privately(&mut self, file: FileName, answer: A) -> DownloadNumber {
        self.add(file, answer, true)
    }

    fn add(&mut self, file: FileName, answer: A, is_private: bool) -> DownloadNumber {
        let last = self.list.last_key_value().map_or(0, |(number, _)| number.0);
        let number = DownloadNumber(last + 1);
        let download = Download {
            file,
            state: State::Asked(answer),
            priority: Priority::default(),
            is_private,
            past: Past::default(),
        };
        self.forget_ended();
        self.list.insert(number, download);
        number
    }

    /// Of those that are over the last ones stay, and the others count.
    fn forget_ended(&mut self) {
        let is_over =
            |(_, download): &(&_, &Download<A, R>)| matches!(download.state, State::Ended(_));
        let ended = self.list.iter().filter(is_over);
        let mut surplus = ended.count().saturating_sub(MOST_ENDED);
        while surplus > 0 {
            let oldest = self.list.iter().find(is_over).map(|(number, _)| *number);
            if let Some(download) = oldest.and_then(|number| self.list.remove(&number)) {
                self.unlisted.count(&download.state);
            }
            surplus -= 1;
        }
    }

    /// One of them.
    pub fn get(&self, number: DownloadNumber) -> Option<&Download<A, R>> {
        self.list.get(&number)
    }

    /// The file of a download.
    pub fn file(&self, number: DownloadNumber) -> Option<&FileName> {
        Some(&self.list.get(&number)?.file)
    }

    /// A grant came.
    pub fn granted(&mut self, number: DownloadNumber, grant: &Grant) -> Granted<A> {
        let unwanted = Finished {
            transfer: grant.transfer,
            outcome: Outcome::Cancelled,
            reason: None,
            sources: Vec::new(),
        };
        match self.list.get(&number).map(|download| &download.state) {
            Some(State::Running(_)) => {
                if let Some(running) = self.running(number) {
                    running.set_sources(grant.sources.clone());
                }
                Granted::Runs
            }
            Some(State::Asked(_) | State::Again(_) | State::Queued(_)) => {
                if self.must_wait(number) {
                    Granted::Held(unwanted, self.hold(number))
                } else {
                    Granted::Start
                }
            }
            // Given up or paused meanwhile.
            None | Some(State::Paused | State::Held | State::Ended(_)) => {
                Granted::Unwanted(unwanted)
            }
        }
    }

    /// A granted download runs; gives its file, and who asked for it, unless it had waited.
    pub fn started(
        &mut self,
        number: DownloadNumber,
        grant: &Grant,
        receiving: R,
    ) -> Option<(FileName, Option<A>)> {
        let download = self.list.get_mut(&number)?;
        self.running.insert(grant.transfer, number);
        let running = State::Running(Running::new(grant, receiving));
        let asker = std::mem::replace(&mut download.state, running).into_asker();
        Some((download.file.clone(), asker))
    }

    /// A place in the line came; nothing is to be said of one that is known.
    pub fn queued(&mut self, number: DownloadNumber, place: u32) -> Answers<A> {
        let Some(download) = self.list.get_mut(&number) else {
            return Answers::Nothing;
        };
        match std::mem::replace(&mut download.state, State::Queued(place)) {
            State::Asked(asker) | State::Again(Some(asker)) => Answers::Asker(asker),
            State::Queued(before) if before == place => Answers::Nothing,
            State::Queued(_) | State::Again(None) => Answers::Waiting(download.file.clone()),
            other @ (State::Running(_) | State::Paused | State::Held | State::Ended(_)) => {
                download.state = other;
                Answers::Nothing
            }
        }
    }

    /// A refusal came. One that never started leaves no trace, and one that was to go on is paused again; one
    /// that waited goes on waiting when the central has just started and is not ready yet.
    pub fn refused(&mut self, now: Instant, number: DownloadNumber, why: &Failure) -> Answers<A> {
        let Some(download) = self.list.get_mut(&number) else {
            return Answers::Nothing;
        };
        let is_not_ready = matches!(
            why,
            Failure::Refused {
                code: ErrorCode::NotReady,
                ..
            }
        );
        match &mut download.state {
            State::Asked(_) => {
                let asked = self.list.remove(&number);
                let asker = asked.and_then(|download| download.state.into_asker());
                asker.map_or(Answers::Nothing, Answers::Asker)
            }
            state @ State::Again(Some(_)) => {
                let asker = std::mem::replace(state, State::Paused).into_asker();
                asker.map_or(Answers::Nothing, Answers::Asker)
            }
            State::Queued(_) | State::Again(None) if is_not_ready => {
                self.ask_again.insert(number, now + ASK_AGAIN);
                Answers::Nothing
            }
            state @ (State::Queued(_) | State::Again(None)) => {
                *state = State::Ended(End::Failed(why.clone()));
                Answers::Waiting(download.file.clone())
            }
            State::Running(_) | State::Paused | State::Held | State::Ended(_) => {
                // Taken up on a new link, to go on or to tell its end, and refused: perhaps the last link has not been
                // missed yet. One that runs goes on with the sources it has.
                self.ask_again.insert(number, now + ASK_AGAIN);
                Answers::Nothing
            }
        }
    }

    /// Its user gives a download up.
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

    /// It is over, which the central is told; gives its file. What is told is kept, to be told again on another
    /// link.
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

    /// It has stopped without an end of its own, which the central is told as a cancellation; gives its file and
    /// what it came to.
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

    /// The name of what a transfer brings has other content now. Gives the download that begins anew for that, as
    /// nobody has the old one.
    pub fn superseded(&mut self, transfer: TransferId) -> Option<DownloadNumber> {
        let (number, ..) = self.of_transfer(transfer)?;
        let running = self.running(number)?;
        running.superseded = true;
        let is_stuck = running.without_sources;
        (is_stuck && self.begin_anew(number)).then_some(number)
    }

    /// There is nobody to ask for what a download brings, or somebody again. True when it begins anew for that.
    pub fn sources_gone(&mut self, number: DownloadNumber, gone: bool) -> bool {
        if let Some(running) = self.running(number) {
            running.without_sources = gone;
        }
        gone && self.begin_anew(number)
    }

    fn running(&mut self, number: DownloadNumber) -> Option<&mut Running<R>> {
        self.list.get_mut(&number)?.state.running_mut()
    }

    /// Nobody has what a download brings. Where that is because the name has other content now, it stops and begins
    /// anew; true then. What is read while it comes cannot.
    pub fn begin_anew(&mut self, number: DownloadNumber) -> bool {
        let Some(download) = self.list.get_mut(&number) else {
            return false;
        };
        let is_private = download.is_private;
        if let Some(running) = download.state.running_mut()
            && running.superseded
            && running.stopping.is_none()
            && !is_private
        {
            running.stop(Stopping::Again);
            return true;
        }
        false
    }

    /// What a new link must be told: it knows nothing of what was said on the last one.
    pub fn first_messages(&self, now: Instant) -> Vec<ToCentral> {
        let ends = self.endings.first_messages(now);
        let message = |(number, download): (&DownloadNumber, &Download<A, R>)| match &download.state
        {
            State::Running(running) => Some(running.resume(*number).into()),
            State::Asked(_) | State::Again(_) | State::Queued(_) => {
                Some(download.request(*number).into())
            }
            State::Paused | State::Held | State::Ended(_) => None,
        };
        ends.into_iter()
            .chain(self.list.iter().filter_map(message))
            .collect()
    }

    /// Who can send in a transfer from now on.
    pub fn set_sources(&mut self, transfer: TransferId, sources: Vec<SourceInfo>) {
        let number = self.running.get(&transfer).copied();
        if let Some(running) = number.and_then(|number| self.running(number)) {
            running.set_sources(sources);
        }
    }

    /// The download that runs under a transfer's name.
    pub fn of_transfer(&self, wanted: TransferId) -> Option<(DownloadNumber, &FileName, &R)> {
        let number = *self.running.get(&wanted)?;
        let download = self.list.get(&number)?;
        let running = download.state.running()?;
        Some((number, &download.file, &running.receiving))
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = (DownloadNumber, &Download<A, R>)> {
        self.list
            .iter()
            .map(|(number, download)| (*number, download))
    }

    /// What is to be asked again by now.
    pub fn due_again(&mut self, now: Instant) -> Vec<ToCentral> {
        let (due, later): (BTreeMap<_, _>, _) = std::mem::take(&mut self.ask_again)
            .into_iter()
            .partition(|(_, at)| *at <= now);
        self.ask_again = later;
        let mut messages = Vec::new();
        for number in due.into_keys() {
            let Some(download) = self.list.get(&number) else {
                messages.extend(self.endings.unbooked_messages(number));
                continue;
            };
            match &download.state {
                State::Queued(_) | State::Again(None) => {
                    messages.push(download.request(number).into())
                }
                State::Running(running) => {
                    messages.extend(self.endings.unbooked_messages(number));
                    messages.push(running.resume(number).into());
                }
                State::Paused | State::Held | State::Ended(_) => {
                    messages.extend(self.endings.unbooked_messages(number));
                }
                State::Asked(_) | State::Again(Some(_)) => {}
            }
        }
        messages
    }

    /// The link is down: takes out all that the central was asked for and has not answered; those that were to
    /// go on are paused again. The next link is told of those that wait.
    pub fn take_asked(&mut self) -> Vec<A> {
        self.ask_again.clear();
        let mut askers = Vec::new();
        for download in self.list.values_mut() {
            if matches!(download.state, State::Again(Some(_))) {
                let again = std::mem::replace(&mut download.state, State::Paused);
                askers.extend(again.into_asker());
            }
        }
        let is_asked = |download: &Download<A, R>| matches!(download.state, State::Asked(_));
        let asked: Vec<_> = self
            .list
            .iter()
            .filter_map(|(number, download)| is_asked(download).then_some(*number))
            .collect();
        for number in asked {
            let asked = self.list.remove(&number);
            askers.extend(asked.and_then(|download| download.state.into_asker()));
        }
        askers
    }

    /// When [`Self::due_again`] or [`Endings::overdue`] is due.
    pub fn next_due(&self) -> Option<Instant> {
        let again = self.ask_again.values().copied();
        again.chain(self.endings.next_overdue()).min()
    }

    /// True when nothing runs, waits, or is to be booked. What is paused is not waited for.
    pub fn is_idle(&self) -> bool {
        self.endings.are_booked()
            && self
                .list
                .values()
                .all(|download| matches!(download.state, State::Ended(_) | State::Paused))
    }

    /// True when one of them will end by itself, and people will hear of it.
    pub fn is_any_on_its_way(&self) -> bool {
        self.list.values().any(|download| match &download.state {
            State::Again(_) | State::Queued(_) | State::Running(_) | State::Held => true,
            State::Asked(_) | State::Paused | State::Ended(_) => false,
        })
    }

    /// How many are over, and how.
    pub fn tally(&self) -> Tally {
        let mut tally = self.unlisted;
        for download in self.list.values() {
            tally.count(&download.state);
        }
        tally
    }
}

#[cfg(test)]
mod tests;
