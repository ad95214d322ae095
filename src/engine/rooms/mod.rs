//! Who may do what in rooms and channels, and who is told what: decides by the facts of the registry, and says which facts
//! follow. It keeps who is there on which connection, how far each has been sent what was said, and how much each says.

mod entering;
mod facts;
mod giving;
mod looking;
mod pace;
mod saying;
#[cfg(test)]
mod tests;
mod types;

pub use self::{
    giving::Giving,
    types::{Decided, Line, Ordered, RoomRefusal},
};

use std::collections::{BTreeMap, BTreeSet};

use self::{
    facts::{dead, finish, history, inside, rooms},
    pace::Pace,
};
use super::registry::{RoomFact, Rooms};
use crate::model::{AccountName, RoomId, RoomName, RoomOrder};

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
}
