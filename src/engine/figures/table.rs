//! The figures. What an order does is decided without changing anything; what follows is a fact, which is all that
//! changes the table. So an order that fails changes nothing, and whoever applies the same facts has the same values.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use serde::{Deserialize, Serialize};

use crate::model::{
    ClientName, FigureAnswer, FigureDoor, FigureError, FigureName, FigureOrder, FigureRequest,
    FigureValue, FileName,
    limits::{MAX_FIGURE_REQUESTS, MAX_FIGURES, MAX_PLAYERS, MAX_VOTES},
};

/// Files whose plays are counted.
const MOST_PLAYED: usize = 100_000;

/// What became of figures, never what is to become of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "kebab-case")]
pub enum FigureFact {
    /// A free one has another value.
    Changed {
        /// Its name.
        name: String,
        /// What was added.
        by: i64,
        /// Its value from now on.
        value: i64,
        /// Where the order came in.
        door: FigureDoor,
        /// Who gave it.
        who: String,
        /// The asker's name for it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        request: Option<String>,
    },
    /// A free one is zero, and takes no room any more.
    Reset {
        /// Its name.
        name: String,
        /// Where the order came in.
        door: FigureDoor,
        /// Who gave it.
        who: String,
    },
    /// Somebody likes a file, or does not any more.
    Voted {
        /// The file.
        file: FileName,
        /// Who.
        who: ClientName,
        /// They do.
        likes: bool,
    },
    /// A reader played a file for the first time.
    Played {
        /// The file.
        file: FileName,
        /// Which reader, as a number that only tells readers and files apart.
        reader: u64,
    },
}

/// What an order does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decided {
    /// The answer to it.
    pub answer: FigureAnswer,
    /// What changes, if anything does.
    pub fact: Option<FigureFact>,
}

/// See the module.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(from = "Saved", into = "Saved")]
pub struct Figures {
    free: BTreeMap<String, i64>,
    plays: BTreeMap<FileName, u64>,
    votes: BTreeMap<FileName, BTreeSet<ClientName>>,
    vote_count: usize,
    /// The latest readers, the oldest first.
    readers: VecDeque<u64>,
    known_readers: BTreeSet<u64>,
    /// The latest requests that have a name, the oldest first, and the values after them.
    requests: VecDeque<(String, i64)>,
    answered: BTreeMap<String, i64>,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct Saved {
    free: BTreeMap<String, i64>,
    plays: BTreeMap<FileName, u64>,
    votes: BTreeMap<FileName, BTreeSet<ClientName>>,
    readers: VecDeque<u64>,
    requests: VecDeque<(String, i64)>,
}

impl From<Saved> for Figures {
    fn from(saved: Saved) -> Self {
        Self {
            vote_count: saved.votes.values().map(BTreeSet::len).sum(),
            known_readers: saved.readers.iter().copied().collect(),
            answered: saved.requests.iter().cloned().collect(),
            free: saved.free,
            plays: saved.plays,
            votes: saved.votes,
            readers: saved.readers,
            requests: saved.requests,
        }
    }
}

impl From<Figures> for Saved {
    fn from(figures: Figures) -> Self {
        Self {
            free: figures.free,
            plays: figures.plays,
            votes: figures.votes,
            readers: figures.readers,
            requests: figures.requests,
        }
    }
}

impl Figures {
    /// True where nobody has counted anything.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The free ones, by name.
    pub fn free(&self) -> impl Iterator<Item = FigureValue> {
        self.free.iter().map(|(name, value)| FigureValue {
            name: FigureName::Free(name.clone()),
            value: *value,
        })
    }

    /// How often a file was played, once for each reader.
    pub fn plays(&self, file: &FileName) -> u64 {
        self.plays.get(file).copied().unwrap_or(0)
    }

    /// How many like a file.
    pub fn votes(&self, file: &FileName) -> u64 {
        self.votes.get(file).map_or(0, |who| who.len() as u64)
    }

    /// Files that were played or have votes, with how many of both.
    pub fn of_files(&self) -> impl Iterator<Item = (&FileName, u64, u64)> {
        let played = self.plays.iter();
        let played = played.map(|(file, plays)| (file, *plays, self.votes(file)));
        let voted = self.votes.iter();
        let voted = voted.filter(|(file, _)| !self.plays.contains_key(file));
        played.chain(voted.map(|(file, who)| (file, 0, who.len() as u64)))
    }

    /// What an order does; `downloads` has the books' figure of a file.
    pub fn decide(
        &self,
        asked: &FigureRequest,
        downloads: impl FnOnce(&FileName) -> u64,
    ) -> Decided {
        let counted = |value: u64| match asked.order {
            FigureOrder::Ask => Ok(i64::try_from(value).unwrap_or(i64::MAX)),
            FigureOrder::Add(_) | FigureOrder::Reset => Err(FigureError::Counted),
        };
        let decided = match &asked.name {
            FigureName::Free(name) => self.decide_free(name, asked),
            FigureName::Downloads(file) => counted(downloads(file)).map(|value| (value, None)),
            FigureName::Plays(file) => counted(self.plays(file)).map(|value| (value, None)),
            FigureName::Votes(file) => self.decide_vote(file, asked),
        };
        match decided {
            Ok((value, fact)) => Decided {
                answer: Ok(FigureValue {
                    name: asked.name.clone(),
                    value,
                }),
                fact,
            },
            Err(error) => Decided {
                answer: Err(error),
                fact: None,
            },
        }
    }

    fn decide_free(
        &self,
        name: &str,
        asked: &FigureRequest,
    ) -> Result<(i64, Option<FigureFact>), FigureError> {
        let known = self.free.get(name).copied();
        let value = known.unwrap_or(0);
        let (door, who) = (asked.door, asked.who.clone());
        match asked.order {
            FigureOrder::Ask => Ok((value, None)),
            FigureOrder::Reset if !asked.may_reset => Err(FigureError::ResetDenied),
            FigureOrder::Reset if known.is_none() => Ok((0, None)),
            FigureOrder::Reset => {
                let name = name.to_owned();
                Ok((0, Some(FigureFact::Reset { name, door, who })))
            }
            FigureOrder::Add(by) => {
                let request = asked.request.as_deref();
                if let Some(request) = request
                    && let Some(before) = self.answered.get(&key(&asked.who, request))
                {
                    return Ok((*before, None));
                }
                if known.is_none() && self.free.len() >= MAX_FIGURES {
                    let most = MAX_FIGURES as u64;
                    return Err(FigureError::TooMany { most });
                }
                let changed = value.checked_add(by);
                let changed = changed.ok_or(FigureError::Overflow { value })?;
                let fact = FigureFact::Changed {
                    name: name.to_owned(),
                    by,
                    value: changed,
                    door,
                    who,
                    request: asked.request.clone(),
                };
                Ok((changed, Some(fact)))
            }
        }
    }

    fn decide_vote(
        &self,
        file: &FileName,
        asked: &FigureRequest,
    ) -> Result<(i64, Option<FigureFact>), FigureError> {
        let votes = self.votes(file) as i64;
        let likes = match asked.order {
            FigureOrder::Ask => return Ok((votes, None)),
            FigureOrder::Add(1) => true,
            FigureOrder::Add(-1) => false,
            FigureOrder::Add(_) | FigureOrder::Reset => return Err(FigureError::OneVote),
        };
        let who = ClientName::try_from(asked.who.as_str());
        let who = who.ok().filter(|_| asked.door == FigureDoor::Client);
        let who = who.ok_or(FigureError::OneVote)?;
        let did = self.votes.get(file).is_some_and(|all| all.contains(&who));
        if did == likes {
            return Ok((votes, None));
        }
        if likes && self.vote_count >= MAX_VOTES {
            let most = MAX_VOTES as u64;
            return Err(FigureError::TooMany { most });
        }
        let file = file.clone();
        let fact = FigureFact::Voted { file, who, likes };
        Ok((votes + if likes { 1 } else { -1 }, Some(fact)))
    }

    /// What follows when a reader plays a file.
    pub fn decide_play(&self, file: &FileName, reader: u64) -> Option<FigureFact> {
        let has_room = self.plays.len() < MOST_PLAYED || self.plays.contains_key(file);
        let is_new = !self.known_readers.contains(&reader);
        let file = file.clone();
        (has_room && is_new).then_some(FigureFact::Played { file, reader })
    }

    /// One thing more is a fact.
    pub fn apply(&mut self, fact: FigureFact) {
        match fact {
            FigureFact::Changed {
                name,
                value,
                who,
                request,
                ..
            } => {
                self.free.insert(name, value);
                if let Some(request) = request {
                    self.remember(key(&who, &request), value);
                }
            }
            FigureFact::Reset { name, .. } => drop(self.free.remove(&name)),
            FigureFact::Voted { file, who, likes } => self.vote(file, who, likes),
            FigureFact::Played { file, reader } => {
                if !self.known_readers.insert(reader) {
                    return;
                }
                let plays = self.plays.entry(file).or_default();
                *plays = plays.saturating_add(1);
                self.readers.push_back(reader);
                if self.readers.len() > MAX_PLAYERS
                    && let Some(oldest) = self.readers.pop_front()
                {
                    self.known_readers.remove(&oldest);
                }
            }
        }
    }

    fn vote(&mut self, file: FileName, who: ClientName, likes: bool) {
        if likes {
            let is_new = self.votes.entry(file).or_default().insert(who);
            self.vote_count += usize::from(is_new);
        } else if let Some(all) = self.votes.get_mut(&file)
            && all.remove(&who)
        {
            self.vote_count -= 1;
            if all.is_empty() {
                self.votes.remove(&file);
            }
        }
    }

    fn remember(&mut self, request: String, value: i64) {
        if self.answered.insert(request.clone(), value).is_none() {
            self.requests.push_back((request, value));
        }
        if self.requests.len() > MAX_FIGURE_REQUESTS
            && let Some((oldest, _)) = self.requests.pop_front()
        {
            self.answered.remove(&oldest);
        }
    }
}

/// Requests of different askers may have the same name.
fn key(who: &str, request: &str) -> String {
    format!("{who}#{request}")
}
