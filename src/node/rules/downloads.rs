//! The downloads of a client, in the order in which they were asked for: what each answer of the central
//! means to them. Knows neither sockets nor files.

use std::{
    collections::{BTreeMap, VecDeque},
    time::{Duration, Instant},
};

use super::Receiving;
use crate::{
    model::{
        FileMeta, FileName, Finished, Grant, Outcome, ReceivedFrom, TransferId,
        limits::STATISTICS_EVERY,
    },
    node::{
        Failure,
        client::{DownloadNumber, Tally},
    },
    proto::{ErrorCode, control::ToCentral},
};

/// How long the central has to tell what the secondaries reported.
const SETTLE_WITHIN: Duration = Duration::from_secs(5);
/// The same where somebody waits for the end. It comes at once unless a secondary has just failed.
const SETTLE_SOON: Duration = Duration::from_millis(300);
/// How long a request that waited in the list of a central that has gone leaves the new one for its
/// secondaries to enrol, before it asks again.
const ASK_AGAIN: Duration = Duration::from_secs(1);
/// Ends of downloads that are kept to be told again.
const MOST_ENDS: usize = 256;
/// How long they are: a central that is killed has forgotten what it had not saved.
const KEEP_ENDS: Duration = STATISTICS_EVERY.saturating_mul(3);

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

/// A download that is over and whose figures the secondaries have not all reported.
#[derive(Debug)]
pub struct Unsettled {
    /// Its file.
    pub file: FileName,
    /// How it ended.
    pub outcome: Outcome,
    /// From its start to its end.
    pub took: Duration,
    /// What each secondary brought.
    pub received: Vec<ReceivedFrom>,
    deadline: Instant,
}

/// The end of a download, and what a central that has forgotten the download must be told before it.
#[derive(Debug)]
struct Told {
    at: Instant,
    /// The central has closed its books.
    settled: bool,
    number: DownloadNumber,
    file: FileMeta,
    finished: Finished,
}

impl Told {
    fn is_kept(&self, now: Instant) -> bool {
        !self.settled || now.saturating_duration_since(self.at) < KEEP_ENDS
    }
}

/// All downloads of a client.
#[derive(Debug)]
pub struct Downloads<A, R> {
    list: BTreeMap<DownloadNumber, Download<A, R>>,
    unsettled: BTreeMap<TransferId, Unsettled>,
    /// Requests that wait and are to be made again, as the central was not ready for them.
    ask_again: BTreeMap<DownloadNumber, Instant>,
    /// Ends that the central may not know of.
    ends: VecDeque<Told>,
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
            unsettled: BTreeMap::new(),
            ask_again: BTreeMap::new(),
            ends: VecDeque::new(),
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
            self.ends.retain(|end| end.is_kept(now));
            if self.ends.len() == MOST_ENDS {
                self.ends.pop_front();
            }
            self.ends.push_back(Told {
                at: now,
                settled: false,
                number,
                file: running.meta,
                finished: finished.clone(),
            });
        }
        Some(download.file.clone())
    }

    /// What a new link must be told: it knows nothing of what was said on the last one.
    pub fn words_for_a_new_link(&self, now: Instant) -> Vec<ToCentral> {
        let ends = self.ends.iter().filter(|end| end.is_kept(now));
        let ends = ends.flat_map(|end| {
            let resume = ToCentral::Resume {
                transfer: end.finished.transfer,
                request: end.number.0,
                file: end.file.clone(),
            };
            [resume, ToCentral::Finished(end.finished.clone())]
        });
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
        ends.chain(self.list.iter().filter_map(word)).collect()
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

    /// Waits for what the secondaries report of an ended transfer.
    pub fn unsettle(
        &mut self,
        now: Instant,
        transfer: TransferId,
        file: FileName,
        outcome: Outcome,
        took: Duration,
        received: Vec<ReceivedFrom>,
    ) {
        self.unsettled.insert(
            transfer,
            Unsettled {
                file,
                outcome,
                took,
                received,
                deadline: now + SETTLE_WITHIN,
            },
        );
    }

    /// The central has closed its books of a transfer.
    pub fn settle(&mut self, transfer: TransferId) -> Option<Unsettled> {
        for end in &mut self.ends {
            end.settled |= end.finished.transfer == transfer;
        }
        self.unsettled.remove(&transfer)
    }

    /// Gives up waiting for the figures of one: there is no central to tell.
    pub fn take_unsettled_of(&mut self, transfer: TransferId) -> Option<Unsettled> {
        self.unsettled.remove(&transfer)
    }

    /// Those for which nothing came in time.
    pub fn overdue(&mut self, now: Instant) -> Vec<Unsettled> {
        let overdue: Vec<_> = self
            .unsettled
            .iter()
            .filter(|(_, unsettled)| unsettled.deadline <= now)
            .map(|(transfer, _)| *transfer)
            .collect();
        overdue
            .into_iter()
            .filter_map(|transfer| self.unsettled.remove(&transfer))
            .collect()
    }

    /// Somebody waits for the end of everything.
    pub fn hurry(&mut self, now: Instant) {
        for unsettled in self.unsettled.values_mut() {
            unsettled.deadline = unsettled.deadline.min(now + SETTLE_SOON);
        }
    }

    /// Gives up waiting for figures.
    pub fn take_unsettled(&mut self) -> Vec<Unsettled> {
        std::mem::take(&mut self.unsettled).into_values().collect()
    }

    /// When [`Self::overdue`] or [`Self::due_again`] is due.
    pub fn next_due(&self) -> Option<Instant> {
        let overdue = self.unsettled.values().map(|u| u.deadline);
        overdue.chain(self.ask_again.values().copied()).min()
    }

    /// True when nothing runs, waits, or is to be booked.
    pub fn is_idle(&self) -> bool {
        self.unsettled.is_empty()
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
