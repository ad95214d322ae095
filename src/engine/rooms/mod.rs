//! Who may do what in rooms and channels, and who is told what: decides by the facts of the registry, and says which facts
//! follow. It keeps who is there on which connection, how far each has been sent what was said, and how much each says.

mod giving;
mod pace;
#[cfg(test)]
mod tests;

pub use self::giving::Giving;

use std::collections::{BTreeMap, BTreeSet};

use self::pace::Pace;
use super::registry::{Channel, Room, RoomFact, Rooms};
use crate::model::{
    AccountName, Asked, Job, Limit, RoomAnswer, RoomId, RoomInfo, RoomMessage, RoomName,
    RoomOptions, RoomOrder, RoomText,
    limits::{MAX_CHANNELS, MAX_JOBS, MAX_ROOM_PEOPLE, MAX_ROOMS, MAX_ROOMS_OF_ONE, ROOM_RESTS},
};

/// Messages on their way to a connection that its client has not confirmed.
const WINDOW: usize = 64;
/// Messages of one answer about the past.
const PAGE: usize = 100;
/// Messages of one line; their texts fit a line many times.
const LINE: usize = 16;

/// Why somebody does not get what it wants of rooms.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RoomRefusal {
    /// Who talks has an account.
    #[error("this connection is no account's")]
    NotConnected,
    /// There is no account of the name.
    #[error("there is no account {0}")]
    Unknown(AccountName),
    /// Nobody says anything to itself.
    #[error("that is yourself")]
    Oneself,
    /// It is not in the room.
    #[error("you are not in {0}")]
    NotInside(RoomId),
    /// It does not have this message of the channel.
    #[error("message {seq} of {channel} is not yours")]
    NotYours {
        /// The channel.
        channel: RoomName,
        /// The message.
        seq: u64,
    },
    /// It says too much at once.
    #[error("too fast: again in {wait_ms} ms")]
    TooFast {
        /// After how many milliseconds it may say more.
        wait_ms: u64,
    },
    /// Over a limit.
    #[error("too many {of}")]
    TooMany {
        /// Of what.
        of: Limit,
        /// How many there may be.
        most: usize,
    },
}

/// A connection of an account, by a number of its owner's.
pub type Line = u64;

/// What somebody on a connection hears without having asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Told {
    /// Messages of a room that is open there, the oldest first.
    Said {
        /// The room.
        room: RoomId,
        /// The messages.
        messages: Vec<RoomMessage>,
    },
    /// So many messages of a room that is not open there wait for whoever it is.
    Unread {
        /// The room.
        room: RoomId,
        /// How many.
        count: u32,
    },
    /// It has a message of a channel.
    Given {
        /// The channel.
        channel: RoomName,
        /// The message.
        job: Job,
        /// Until when, in milliseconds since 1970.
        until_ms: u64,
    },
}

/// What an order comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decided {
    /// What becomes facts, in this order.
    pub facts: Vec<RoomFact>,
    /// What is answered.
    pub answer: RoomAnswer,
    /// What is said, where nothing of it is kept.
    pub passing: Option<(RoomId, RoomMessage)>,
}

impl From<RoomAnswer> for Decided {
    fn from(answer: RoomAnswer) -> Self {
        Self {
            facts: Vec::new(),
            answer,
            passing: None,
        }
    }
}

/// Who is there on a connection.
#[derive(Clone, Debug)]
struct Present {
    who: AccountName,
    /// The rooms that it shows, and the last message of each that was sent.
    shows: BTreeMap<RoomId, u64>,
    /// What it was told of the others.
    unread: BTreeMap<RoomId, u32>,
    /// The channels that it listens to.
    listens: BTreeSet<RoomName>,
}

/// See the module.
#[derive(Clone, Debug, Default)]
pub struct Talk {
    present: BTreeMap<Line, Present>,
    paces: BTreeMap<AccountName, Pace>,
    /// Who was given a message of a channel last.
    last_given: BTreeMap<RoomName, Line>,
    /// On which connection somebody has a message of a channel.
    held: BTreeMap<(RoomName, u64), Line>,
    /// What is to be told again to somebody who came back.
    again: Vec<(Line, RoomName, u64)>,
    /// Rooms in which something happened, and connections that came, since people were last told.
    touched: BTreeSet<RoomId>,
    came: BTreeSet<Line>,
}

/// An order, and who gives it.
#[derive(Clone, Copy, Debug)]
pub struct Ordered<'a> {
    /// On which connection.
    pub line: Line,
    /// Whose that is.
    pub who: &'a AccountName,
    /// Since when its account is, in milliseconds since 1970: what was said to another of the name is not its affair.
    pub since_ms: u64,
    /// Which request it is.
    pub by: Asked,
    /// What is wanted.
    pub order: &'a RoomOrder,
}

impl Talk {
    /// An account is there on a connection. What waits for it is told by [`Self::news`].
    pub fn comes(&mut self, line: Line, who: &AccountName) {
        let is_same = self.present.get(&line).is_some_and(|p| p.who == *who);
        if !is_same {
            let present = Present {
                who: who.clone(),
                shows: BTreeMap::new(),
                unread: BTreeMap::new(),
                listens: BTreeSet::new(),
            };
            self.present.insert(line, present);
            self.came.insert(line);
        }
    }

    /// Nobody is there on a connection any more. What it has of channels goes to others.
    pub fn goes(&mut self, line: Line) -> Vec<RoomFact> {
        self.came.remove(&line);
        match self.present.remove(&line) {
            Some(_) => self.give_up(line, None),
            None => Vec::new(),
        }
    }

    /// Something happened in a room.
    pub fn touch(&mut self, fact: &RoomFact) {
        match fact {
            RoomFact::Joined { room, .. }
            | RoomFact::Opened { room }
            | RoomFact::Said { room, .. }
            | RoomFact::Heard { room, .. } => drop(self.touched.insert(room.clone())),
            _ => {}
        }
    }

    /// True for an account that is there on some connection.
    pub fn is_there(&self, who: &AccountName) -> bool {
        self.present.values().any(|present| present.who == *who)
    }

    /// Decides on an order.
    ///
    /// # Errors
    /// Why it is refused; then nothing has happened.
    pub fn decide(
        &mut self,
        state: &Rooms,
        wall_ms: u64,
        ordered: Ordered<'_>,
        is_account: impl Fn(&AccountName) -> bool,
    ) -> Result<Decided, RoomRefusal> {
        let Ordered {
            line,
            who,
            since_ms,
            by,
            order,
        } = ordered;
        self.comes(line, who);
        match order {
            RoomOrder::Enter { room, options } => {
                self.enter(state, wall_ms, (line, who), room, *options)
            }
            RoomOrder::Leave { room } => self.leave(state, who, RoomId::Room(room.clone())),
            RoomOrder::Say { room, text } => {
                let id = RoomId::Room(room.clone());
                let room = inside(state, &id, who)?;
                self.say(room, id, wall_ms, (who, by), text)
            }
            RoomOrder::Tell { to, text } => {
                let id = RoomId::pair(who, to).ok_or(RoomRefusal::Oneself)?;
                if !is_account(to) {
                    return Err(RoomRefusal::Unknown(to.clone()));
                }
                self.tell(state, id, wall_ms, (who, by), (to, text))
            }
            RoomOrder::Rooms => Ok(rooms(state, who).into()),
            RoomOrder::History { room, before } => history(state, (who, since_ms), room, *before),
            RoomOrder::Listen { channel } => Ok(self.listen(state, (line, who), channel)),
            RoomOrder::Rest { channel } => Ok(self.rest(line, channel)),
            RoomOrder::Dead { channel } => Ok(dead(state, channel).into()),
            RoomOrder::Put { channel, text } => self.put(state, wall_ms, (who, by), channel, text),
            RoomOrder::Finish { channel, seq, done } => {
                let decided = finish(state, who, channel, *seq, *done)?;
                self.held.remove(&(channel.clone(), *seq));
                Ok(decided)
            }
        }
    }

    /// Somebody has all messages of a room up to a number. Gives the fact, if it is one.
    pub fn heard(&self, state: &Rooms, line: Line, room: &RoomId, upto: u64) -> Option<RoomFact> {
        let who = &self.present.get(&line)?.who;
        let there = state.get(room)?;
        // Nobody has what was not said.
        let upto = upto.min(there.last());
        (there.heard(who)? < upto).then(|| RoomFact::Heard {
            room: room.clone(),
            who: who.clone(),
            upto,
        })
    }

    /// A client shows a room from now on, or does so no more.
    pub fn shows(&mut self, state: &Rooms, line: Line, room: &RoomId, is_shown: bool) {
        let Some(present) = self.present.get_mut(&line) else {
            return;
        };
        let heard = state.get(room).and_then(|there| there.heard(&present.who));
        match heard.filter(|_| is_shown) {
            Some(heard) => drop(present.shows.insert(room.clone(), heard)),
            None => drop(present.shows.remove(room)),
        }
        present.unread.remove(room);
        self.touched.insert(room.clone());
    }

    /// What everybody has to be told by now.
    pub fn news(&mut self, state: &Rooms) -> Vec<(Line, Told)> {
        let touched = std::mem::take(&mut self.touched);
        let came = std::mem::take(&mut self.came);
        let mut news = Vec::new();
        for (line, present) in &mut self.present {
            let who = present.who.clone();
            let mut look = |room: &RoomId, there: &Room| {
                let told = present.told_of(&who, room, there);
                news.extend(told.into_iter().map(|told| (*line, told)));
            };
            if came.contains(line) {
                for (room, there) in state.of(&who) {
                    look(room, there);
                }
                continue;
            }
            for room in &touched {
                let there = state.get(room);
                if let Some(there) = there.filter(|there| there.heard(&who).is_some()) {
                    look(room, there);
                }
            }
        }
        news
    }

    /// Who hears what is said and not kept.
    pub fn passing(&self, state: &Rooms, room: &RoomId) -> Vec<Line> {
        let there = state.get(room);
        let hears = |present: &Present| {
            present.shows.contains_key(room)
                && there.is_some_and(|there| there.heard(&present.who).is_some())
        };
        let lines = self.present.iter().filter(|(_, present)| hears(present));
        lines.map(|(line, _)| *line).collect()
    }

    fn enter(
        &mut self,
        state: &Rooms,
        wall_ms: u64,
        (line, who): (Line, &AccountName),
        name: &RoomName,
        options: RoomOptions,
    ) -> Result<Decided, RoomRefusal> {
        let id = RoomId::Room(name.clone());
        let there = state.get(&id);
        let mut facts = Vec::new();
        if there.is_none() {
            facts.extend(make_room(state, wall_ms)?);
            facts.push(RoomFact::Made {
                room: id.clone(),
                options,
                at_ms: wall_ms,
            });
        }
        let options = there.map_or(options, Room::options);
        let people = there.map_or(0, |there| there.people().len());
        let is_inside = there.is_some_and(|there| there.heard(who).is_some());
        let heard = match there {
            // Who waits for others gets what was said meanwhile, as they do.
            Some(there) if !options.whole && there.is_open() => there.last(),
            Some(_) | None => 0,
        };
        if !is_inside {
            refuse_more(people, MAX_ROOM_PEOPLE, Limit::RoomPeople)?;
            refuse_more(state.of(who).count(), MAX_ROOMS_OF_ONE, Limit::Rooms)?;
            facts.push(RoomFact::Joined {
                room: id.clone(),
                who: who.clone(),
                heard,
            });
        }
        let people = people + usize::from(!is_inside);
        let opens = there.is_none_or(|there| !there.is_open())
            && options.opens_with > 0
            && people >= options.opens_with as usize;
        if opens {
            facts.push(RoomFact::Opened { room: id.clone() });
        }
        if let Some(present) = self.present.get_mut(&line) {
            let heard = there.and_then(|there| there.heard(who)).unwrap_or(heard);
            present.unread.remove(&id);
            present.shows.entry(id.clone()).or_insert(heard);
            self.touched.insert(id.clone());
        }
        let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        let unread = there.map_or(0, |there| match is_inside {
            true => there.unread(who),
            false => there.after(heard).count(),
        });
        let entered = RoomInfo {
            room: id,
            people: count(people),
            inside: true,
            messages: count(there.map_or(0, |there| there.messages().len())),
            unread: count(unread),
            options,
        };
        Ok(Decided {
            facts,
            ..RoomAnswer::Entered(entered).into()
        })
    }

    fn leave(
        &mut self,
        state: &Rooms,
        who: &AccountName,
        room: RoomId,
    ) -> Result<Decided, RoomRefusal> {
        inside(state, &room, who)?;
        for present in self.present.values_mut().filter(|p| p.who == *who) {
            present.shows.remove(&room);
            present.unread.remove(&room);
        }
        let who = who.clone();
        Ok(Decided {
            facts: vec![RoomFact::Left { room, who }],
            ..RoomAnswer::Done.into()
        })
    }

    fn say(
        &mut self,
        there: &Room,
        room: RoomId,
        wall_ms: u64,
        (who, by): (&AccountName, Asked),
        text: &RoomText,
    ) -> Result<Decided, RoomRefusal> {
        // A request that is repeated was said already.
        if let Some(said) = there.messages().rev().find(|message| message.by == by) {
            let seq = said.seq;
            return Ok(RoomAnswer::Said { seq, there: true }.into());
        }
        self.pace(who, wall_ms)?;
        let is_kept = !there.options().ephemeral;
        let seq = if is_kept { there.last() + 1 } else { 0 };
        let message = RoomMessage {
            seq,
            at_ms: wall_ms,
            from: who.clone(),
            text: text.clone(),
            by,
        };
        let answer = RoomAnswer::Said { seq, there: true };
        Ok(match is_kept {
            true => Decided {
                facts: vec![RoomFact::Said { room, message }],
                ..answer.into()
            },
            false => Decided {
                passing: Some((room, message)),
                ..answer.into()
            },
        })
    }

    fn tell(
        &mut self,
        state: &Rooms,
        room: RoomId,
        wall_ms: u64,
        (who, by): (&AccountName, Asked),
        (to, text): (&AccountName, &RoomText),
    ) -> Result<Decided, RoomRefusal> {
        let mut facts = Vec::new();
        let fresh = Room::default();
        let there = match state.get(&room) {
            Some(there) => there,
            None => {
                facts.extend(make_room(state, wall_ms)?);
                facts.push(RoomFact::Made {
                    room: room.clone(),
                    options: RoomOptions::default(),
                    at_ms: wall_ms,
                });
                &fresh
            }
        };
        for one in [who, to] {
            if there.heard(one).is_none() {
                facts.push(RoomFact::Joined {
                    room: room.clone(),
                    who: one.clone(),
                    heard: there.last(),
                });
            }
        }
        let said = self.say(there, room, wall_ms, (who, by), text)?;
        let seq = match said.answer {
            RoomAnswer::Said { seq, .. } => seq,
            _ => 0,
        };
        facts.extend(said.facts);
        let there = self.is_there(to);
        Ok(Decided {
            facts,
            ..RoomAnswer::Said { seq, there }.into()
        })
    }

    /// Takes one message of what somebody may say.
    fn pace(&mut self, who: &AccountName, wall_ms: u64) -> Result<(), RoomRefusal> {
        self.paces.retain(|_, pace| !pace.is_rested(wall_ms));
        let pace = self.paces.entry(who.clone()).or_default();
        pace.take(wall_ms)
            .map_err(|wait_ms| RoomRefusal::TooFast { wait_ms })
    }

    fn put(
        &mut self,
        state: &Rooms,
        wall_ms: u64,
        (who, by): (&AccountName, Asked),
        channel: &RoomName,
        text: &RoomText,
    ) -> Result<Decided, RoomRefusal> {
        let known = state.channel(channel);
        if let Some(seq) = known.and_then(|known| known.asked(by)) {
            let there = self.listeners(channel).next().is_some();
            return Ok(RoomAnswer::Said { seq, there }.into());
        }
        match known {
            None => refuse_more(state.channels().len(), MAX_CHANNELS, Limit::Channels)?,
            Some(known) => refuse_more(known.jobs().len(), MAX_JOBS, Limit::Jobs)?,
        }
        let seq = known.map_or(0, |known| known.last()) + 1;
        let job = Job {
            seq,
            at_ms: wall_ms,
            from: who.clone(),
            text: text.clone(),
            tries: 0,
        };
        let there = self.listeners(channel).next().is_some();
        let channel = channel.clone();
        Ok(Decided {
            facts: vec![RoomFact::Put { channel, job, by }],
            ..RoomAnswer::Said { seq, there }.into()
        })
    }
}

impl Present {
    /// What it is to be told of a room now.
    fn told_of(&mut self, who: &AccountName, room: &RoomId, there: &Room) -> Vec<Told> {
        let room = room.clone();
        if let Some(sent) = self.shows.get_mut(&room) {
            let lines = due(there, who, sent).into_iter();
            let said = lines.map(|messages| Told::Said {
                room: room.clone(),
                messages,
            });
            return said.collect();
        }
        let count = there.unread(who).try_into().unwrap_or(u32::MAX);
        let told = self.unread.insert(room.clone(), count);
        match told.unwrap_or(0) == count {
            true => Vec::new(),
            false => vec![Told::Unread { room, count }],
        }
    }
}

/// The messages that a connection is to be sent now, line by line.
fn due(there: &Room, who: &AccountName, sent: &mut u64) -> Vec<Vec<RoomMessage>> {
    if !there.is_open() {
        return Vec::new();
    }
    let heard = there.heard(who).unwrap_or(u64::MAX);
    let on_the_way = there.after(heard).take_while(|m| m.seq <= *sent).count();
    let room = WINDOW.saturating_sub(on_the_way);
    let messages: Vec<RoomMessage> = there.after(*sent).take(room).cloned().collect();
    if let Some(last) = messages.last() {
        *sent = last.seq;
    }
    messages.chunks(LINE).map(<[_]>::to_vec).collect()
}

/// A room, if somebody is in it.
fn inside<'a>(state: &'a Rooms, room: &RoomId, who: &AccountName) -> Result<&'a Room, RoomRefusal> {
    let there = state.get(room).filter(|there| there.heard(who).is_some());
    there.ok_or_else(|| RoomRefusal::NotInside(room.clone()))
}

fn refuse_more(count: usize, most: usize, of: Limit) -> Result<(), RoomRefusal> {
    if count < most {
        return Ok(());
    }
    Err(RoomRefusal::TooMany { of, most })
}

/// Makes room for one more: where there are too many, one that has rested for long is given up.
fn make_room(state: &Rooms, wall_ms: u64) -> Result<Option<RoomFact>, RoomRefusal> {
    if state.iter().len() < MAX_ROOMS {
        return Ok(None);
    }
    let rests = u64::try_from(ROOM_RESTS.as_millis()).unwrap_or(u64::MAX);
    let oldest = state.iter().min_by_key(|(_, room)| room.at_ms());
    let rested = oldest.filter(|(_, room)| room.at_ms().saturating_add(rests) < wall_ms);
    match rested {
        Some((room, _)) => Ok(Some(RoomFact::GivenUp { room: room.clone() })),
        None => Err(RoomRefusal::TooMany {
            of: Limit::Rooms,
            most: MAX_ROOMS,
        }),
    }
}

fn rooms(state: &Rooms, who: &AccountName) -> RoomAnswer {
    let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    let seen = state.iter().filter(|(room, _)| room.lets_in(who));
    let infos = seen.map(|(room, there)| RoomInfo {
        room: room.clone(),
        people: count(there.people().len()),
        inside: there.heard(who).is_some(),
        messages: count(there.messages().len()),
        unread: count(there.unread(who)),
        options: there.options(),
    });
    let mut rooms: Vec<RoomInfo> = infos.collect();
    // One's own first; of the others those with most people.
    rooms.sort_by_key(|info| (!info.inside, std::cmp::Reverse(info.people)));
    rooms.truncate(MAX_ROOMS_OF_ONE);
    rooms.sort_by(|a, b| a.room.cmp(&b.room));
    RoomAnswer::Rooms { rooms }
}

fn history(
    state: &Rooms,
    (who, since_ms): (&AccountName, u64),
    room: &RoomId,
    before: Option<u64>,
) -> Result<Decided, RoomRefusal> {
    let there = inside(state, room, who)?;
    let before = before.unwrap_or(u64::MAX);
    let is_private = matches!(room, RoomId::Pair(..));
    let is_shown = |message: &&RoomMessage| {
        there.is_open() && message.seq < before && !(is_private && message.at_ms < since_ms)
    };
    let mut older = there.messages().rev().filter(is_shown);
    let mut messages: Vec<RoomMessage> = older.by_ref().take(PAGE).cloned().collect();
    messages.reverse();
    let more = older.next().is_some();
    Ok(RoomAnswer::History { messages, more }.into())
}

fn dead(state: &Rooms, channel: &RoomName) -> RoomAnswer {
    let known = state.channel(channel);
    let dead: Vec<Job> = known.into_iter().flat_map(Channel::dead).cloned().collect();
    let newest = dead.len().saturating_sub(PAGE);
    RoomAnswer::Dead {
        jobs: dead[newest..].to_vec(),
    }
}

fn finish(
    state: &Rooms,
    who: &AccountName,
    channel: &RoomName,
    seq: u64,
    done: bool,
) -> Result<Decided, RoomRefusal> {
    let pending = state.channel(channel).and_then(|known| known.get(seq));
    let taken = pending.and_then(|pending| pending.taken.as_ref());
    let channel = channel.clone();
    if taken.is_none_or(|taken| taken.who != *who) {
        return Err(RoomRefusal::NotYours { channel, seq });
    }
    let fact = match done {
        true => RoomFact::Finished { channel, seq },
        false => RoomFact::Failed { channel, seq },
    };
    Ok(Decided {
        facts: vec![fact],
        ..RoomAnswer::Done.into()
    })
}
