//! What the central's answers mean to downloads, and what the central is told on a new link.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use super::{Answers, Download, Downloads, End, Granted, Running, State, Stopping};
use crate::{
    model::{FileName, Finished, Grant, Outcome, TransferId},
    node::{
        Failure,
        rules::{DownloadNumber, Receiving},
    },
    proto::{ErrorCode, control::ToCentral},
};

/// How long to wait before a request is repeated: a new central needs time until its secondaries have enrolled.
pub(super) const ASK_AGAIN: Duration = Duration::from_secs(1);

impl<A, R: Receiving> Downloads<A, R> {
    /// A grant came.
    pub fn granted(&mut self, number: DownloadNumber, grant: &Grant) -> Granted<A> {
        let unwanted = Finished {
            transfer: grant.transfer,
            outcome: Outcome::Cancelled,
            reason: None,
            sources: Vec::new(),
            peers: Default::default(),
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
            // It was given up or paused meanwhile.
            None | Some(State::Paused | State::Held | State::Ended(_)) => {
                Granted::Unwanted(unwanted)
            }
        }
    }

    /// Holds a download that was granted; gives who waits for the answer.
    fn hold(&mut self, number: DownloadNumber) -> Option<A> {
        let download = self.list.get_mut(&number)?;
        std::mem::replace(&mut download.state, State::Held).into_asker()
    }

    /// A granted download runs. Gives its file, and who asked for it if they still wait for an answer.
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

    /// A place in the line came. A place that is already known is no news.
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

    /// A refusal came. A download that never started is forgotten, and one that was being resumed is paused again. One
    /// that waited keeps waiting if the central has only just started and is not ready.
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
                // It was resumed on a new link, to go on or to report its end. The central may not have missed the old
                // link yet. A running download goes on with the sources that it has.
                self.ask_again.insert(number, now + ASK_AGAIN);
                Answers::Nothing
            }
        }
    }

    /// There is no service, or no central, and whoever asked can wait: the request is repeated until there is. Gives who
    /// waits for the answer; `None` where nobody does.
    pub fn postpone(&mut self, now: Instant, number: DownloadNumber) -> Option<A> {
        let state = &mut self.list.get_mut(&number)?.state;
        if !matches!(state, State::Asked(_) | State::Again(Some(_))) {
            return None;
        }
        self.ask_again.insert(number, now + ASK_AGAIN);
        std::mem::replace(state, State::Again(None)).into_asker()
    }

    /// The same for all that the central has not answered, as the link is down. The next link is told of them.
    pub fn postpone_all(&mut self, now: Instant) -> Vec<(DownloadNumber, A)> {
        let numbers: Vec<_> = self.list.keys().copied().collect();
        let postponed = numbers.into_iter();
        postponed
            .filter_map(|number| Some((number, self.postpone(now, number)?)))
            .collect()
    }

    /// A running transfer's name has other content now. Gives its download if it begins anew, because nobody has the
    /// old content.
    pub fn superseded(&mut self, transfer: TransferId) -> Option<DownloadNumber> {
        let (number, ..) = self.of_transfer(transfer)?;
        let running = self.running(number)?;
        running.superseded = true;
        let is_stuck = running.without_sources;
        (is_stuck && self.begin_anew(number)).then_some(number)
    }

    /// A download has nobody left to ask. True if it begins anew, because its name has other content now.
    pub fn sources_gone(&mut self, number: DownloadNumber) -> bool {
        if let Some(running) = self.running(number) {
            running.without_sources = true;
        }
        self.begin_anew(number)
    }

    /// A download has somebody to ask again.
    pub fn sources_back(&mut self, number: DownloadNumber) {
        if let Some(running) = self.running(number) {
            running.without_sources = false;
        }
    }

    /// Nobody has a download's content. If its name has other content now, the download stops and begins anew, and this
    /// is true. One that is read as it comes cannot begin anew.
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

    /// What a new link is told: the central may have forgotten all that was said on the last one.
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

    /// The requests that are due to be repeated.
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

    /// The link is down. Takes out the downloads that the central has not answered, and pauses those that were being
    /// resumed; gives who waits for the answers. The next link is told of those that wait in line.
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
}
