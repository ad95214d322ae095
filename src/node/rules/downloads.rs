//! The downloads of a client, in the order in which they were asked for: what each answer of the central
//! means to them. Knows neither sockets nor files.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use super::{DownloadNumber, Receiving, endings::Endings};
use crate::{
    model::{FileMeta, FileName, Finished, Grant, Outcome, TransferId},
    node::Failure,
    proto::{ErrorCode, control::ToCentral},
};

/// How long a request that waited in the list of a central that has gone leaves the new one for its
/// secondaries to enrol, before it asks again.
const ASK_AGAIN: Duration = Duration::from_secs(1);
/// One download.
#[derive(Debug)]
pub struct Download<A, R> {
    /// Its file.
    pub file: FileName,
    /// How far it is.
    pub state: State<A, R>,
}

/// How far a download is.
///
/// ```text
///  Asked ──▶ Queued ──▶ Running ──▶ Ended
///    │          │                     ▲
///    └── refused, cancelled ──────────┘
/// ```
#[derive(Debug)]
pub enum State<A, R> {
    /// The central was asked; whoever asked us waits.
    Asked(A),
    /// It waits for its place, at this one, from 1.
    Queued(u32),
    /// It was granted.
    Running(Running<R>),
    /// It is over.
    Ended(End),
}

/// A download that was granted.
#[derive(Debug)]
pub struct Running<R> {
    /// Its name at the central.
    pub transfer: TransferId,
    /// What was granted.
    pub meta: FileMeta,
    /// What receives it.
    pub receiving: R,
}

/// How all of a client's downloads ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Downloads that ended with the file.
    pub complete: u64,
    /// Downloads that ended without it.
    pub failed: u64,
}

/// How a download ended, for those who look later.
#[derive(Clone, Debug)]
pub enum End {
    /// The file is there.
    Complete,
    /// It is not, and this is why.
    Failed(Failure),
    /// It was given up.
    Cancelled,
}

/// All downloads of a client.
#[derive(Debug)]
pub struct Downloads<A, R> {
    list: BTreeMap<DownloadNumber, Download<A, R>>,
    /// Those that are over.
    pub endings: Endings,
    /// Requests that wait and are to be made again, as the central was not ready for them.
    ask_again: BTreeMap<DownloadNumber, Instant>,
}

/// What a grant means.
#[derive(Clone, Debug, PartialEq)]
pub enum Granted {
    /// It starts; [`Downloads::started`] follows.
    Start,
    /// It runs already, and knows its sources anew.
    Runs,
    /// Nobody wants it any more, which the central is to be told.
    Unwanted(Finished),
}

/// What a refusal, or a place in the line, is the answer to.
#[derive(Debug, PartialEq)]
pub enum Answers<A> {
    /// To the question of whoever asked first.
    Asker(A),
    /// To one that has been waiting.
    Waiting(FileName),
    /// To nothing that is waited for: a resumed download goes on from the sources that it knows.
    Nothing,
}

/// What giving up a download means.
#[derive(Clone, Debug, PartialEq)]
pub enum GivenUp {
    /// It was told to stop and ends later.
    Stopping,
    /// It waited and is over; the central is to be told.
    Withdrawn(FileName, ToCentral),
    /// There is nothing to give up.
    Nothing,
}

impl<A, R> Default for Downloads<A, R> {
    fn default() -> Self {
        Self {
            list: BTreeMap::new(),
            endings: Endings::default(),
            ask_again: BTreeMap::new(),
        }
    }
}

impl<A, R: Receiving> Downloads<A, R> {
    /// The download that has this name and is not over.
    pub fn active(&self, file: &FileName) -> Option<DownloadNumber> {
        self.list
            .iter()
            .find(|(_, download)| {
                download.file == *file && !matches!(download.state, State::Ended(_))
            })
            .map(|(number, _)| *number)
    }

    /// A new one.
    pub fn ask(&mut self, file: FileName, answer: A) -> DownloadNumber {
        let last = self.list.last_key_value().map_or(0, |(number, _)| number.0);
        let number = DownloadNumber(last + 1);
        let state = State::Asked(answer);
        self.list.insert(number, Download { file, state });
        number
    }

    /// The file of a download.
    pub fn file(&self, number: DownloadNumber) -> Option<&FileName> {
        Some(&self.list.get(&number)?.file)
    }

    /// A grant came.
    pub fn granted(&mut self, number: DownloadNumber, grant: &Grant) -> Granted {
        let unwanted = Finished {
            transfer: grant.transfer,
            outcome: Outcome::Cancelled,
            reason: None,
            sources: Vec::new(),
        };
        match self.list.get(&number).map(|download| &download.state) {
            Some(State::Running(running)) => {
                running.receiving.set_sources(grant.sources.clone());
                Granted::Runs
            }
            Some(State::Asked(_) | State::Queued(_)) => Granted::Start,
            // Given up meanwhile.
            None | Some(State::Ended(_)) => Granted::Unwanted(unwanted),
        }
    }

    /// A granted download runs; gives its file, and who asked for it, unless it had waited.
    pub fn started(
        &mut self,
        number: DownloadNumber,
        transfer: TransferId,
        meta: FileMeta,
        receiving: R,
    ) -> Option<(FileName, Option<A>)> {
        let download = self.list.get_mut(&number)?;
        let running = State::Running(Running {
            transfer,
            meta,
            receiving,
        });
        let asker = match std::mem::replace(&mut download.state, running) {
            State::Asked(asker) => Some(asker),
            State::Queued(_) | State::Running(_) | State::Ended(_) => None,
        };
        Some((download.file.clone(), asker))
    }

    /// A place in the line came; nothing is to be said of one that is known.
    pub fn queued(&mut self, number: DownloadNumber, place: u32) -> Answers<A> {
        let Some(download) = self.list.get_mut(&number) else {
            return Answers::Nothing;
        };
        match std::mem::replace(&mut download.state, State::Queued(place)) {
            State::Asked(asker) => Answers::Asker(asker),
            State::Queued(before) if before == place => Answers::Nothing,
            State::Queued(_) => Answers::Waiting(download.file.clone()),
            other @ (State::Running(_) | State::Ended(_)) => {
                download.state = other;
                Answers::Nothing
            }
        }
    }

    /// A refusal came. One that never started leaves no trace; one that waited goes on waiting when the central
    /// has just started and is not ready yet.
    pub fn refused(&mut self, now: Instant, number: DownloadNumber, why: &Failure) -> Answers<A> {
        match self.list.get_mut(&number) {
            Some(Download {
                state: State::Asked(_),
                ..
            }) => match self.list.remove(&number).map(|download| download.state) {
                Some(State::Asked(asker)) => Answers::Asker(asker),
                _ => Answers::Nothing,
            },
            Some(Download {
                state: State::Queued(_),
                ..
            }) if matches!(
                why,
                Failure::Refused {
                    code: ErrorCode::NotReady,
                    ..
                }
            ) =>
            {
                self.ask_again.insert(number, now + ASK_AGAIN);
                Answers::Nothing
            }
            Some(Download {
                file,
                state: state @ State::Queued(_),
            }) => {
                *state = State::Ended(End::Failed(why.clone()));
                Answers::Waiting(file.clone())
            }
            Some(Download {
                state: State::Running(_) | State::Ended(_),
                ..
            })
            | None => Answers::Nothing,
        }
    }

    /// Its user gives a download up.
    pub fn give_up(&mut self, number: DownloadNumber) -> GivenUp {
        let Some(download) = self.list.get_mut(&number) else {
            return GivenUp::Nothing;
        };
        match &download.state {
            State::Running(running) => {
                running.receiving.stop();
                GivenUp::Stopping
            }
            State::Queued(_) => {
                download.state = State::Ended(End::Cancelled);
                let request = number.0;
                GivenUp::Withdrawn(download.file.clone(), ToCentral::Cancel { request })
            }
            State::Asked(_) | State::Ended(_) => GivenUp::Nothing,
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
            self.endings
                .keep(now, number, running.meta, finished.clone());
        }
        Some(download.file.clone())
    }

    /// What a new link must be told: it knows nothing of what was said on the last one.
    pub fn words_for_a_new_link(&self, now: Instant) -> Vec<ToCentral> {
        let ends = self.endings.words_for_a_new_link(now);
        let word = |(number, download): (&DownloadNumber, &Download<A, R>)| match &download.state {
            State::Running(running) => Some(ToCentral::Resume {
                transfer: running.transfer,
                request: number.0,
                file: running.meta.clone(),
            }),
            State::Asked(_) | State::Queued(_) => Some(ToCentral::Download {
                request: number.0,
                name: download.file.clone(),
            }),
            State::Ended(_) => None,
        };
        ends.into_iter()
            .chain(self.list.iter().filter_map(word))
            .collect()
    }

    /// The download that runs under a transfer's name.
    pub fn of_transfer(&self, wanted: TransferId) -> Option<(DownloadNumber, &FileName, &R)> {
        self.list
            .iter()
            .find_map(|(number, download)| match &download.state {
                State::Running(running) if running.transfer == wanted => {
                    Some((*number, &download.file, &running.receiving))
                }
                State::Running(_) | State::Asked(_) | State::Queued(_) | State::Ended(_) => None,
            })
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
        let waiting = due.into_keys().filter_map(|number| {
            let download = self.list.get(&number)?;
            matches!(download.state, State::Queued(_)).then(|| ToCentral::Download {
                request: number.0,
                name: download.file.clone(),
            })
        });
        waiting.collect()
    }

    /// The link is down: takes out all that the central was asked for and has not answered. The next link is
    /// told of those that wait.
    pub fn take_asked(&mut self) -> Vec<A> {
        self.ask_again.clear();
        let asked: Vec<_> = self
            .list
            .iter()
            .filter(|(_, download)| matches!(download.state, State::Asked(_)))
            .map(|(number, _)| *number)
            .collect();
        asked
            .into_iter()
            .filter_map(|number| match self.list.remove(&number)?.state {
                State::Asked(answer) => Some(answer),
                State::Queued(_) | State::Running(_) | State::Ended(_) => None,
            })
            .collect()
    }

    /// When [`Self::due_again`] or [`Endings::overdue`] is due.
    pub fn next_due(&self) -> Option<Instant> {
        let again = self.ask_again.values().copied();
        again.chain(self.endings.next_overdue()).min()
    }

    /// True when nothing runs, waits, or is to be booked.
    pub fn is_idle(&self) -> bool {
        self.endings.are_settled()
            && self
                .list
                .values()
                .all(|download| matches!(download.state, State::Ended(_)))
    }

    /// How many are over, and how.
    pub fn tally(&self) -> Tally {
        let mut tally = Tally::default();
        for download in self.list.values() {
            match &download.state {
                State::Ended(End::Complete) => tally.complete += 1,
                State::Ended(End::Failed(_) | End::Cancelled) => tally.failed += 1,
                State::Asked(_) | State::Queued(_) | State::Running(_) => {}
            }
        }
        tally
    }
}
