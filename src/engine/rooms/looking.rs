//! What people see of rooms, each as far as it has heard.

use super::{Line, Present, Talk};
use crate::{
    engine::registry::{Room, RoomFact, Rooms},
    model::{AccountName, RoomId, RoomMessage, messages::ForRooms},
};

/// Messages on their way to a connection that its client has not confirmed.
const WINDOW: usize = 64;
/// Messages of one line; their texts fit a line many times.
const LINE: usize = 16;

impl Talk {
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
    pub fn news(&mut self, state: &Rooms) -> Vec<(Line, ForRooms)> {
        let touched = std::mem::take(&mut self.touched);
        let came = std::mem::take(&mut self.came);
        let mut news = Vec::new();
        if touched.is_empty() && came.is_empty() {
            return news;
        }
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
}

impl Present {
    /// What it is to be told of a room now.
    fn told_of(&mut self, who: &AccountName, room: &RoomId, there: &Room) -> Vec<ForRooms> {
        let room = room.clone();
        if let Some(sent) = self.shows.get_mut(&room) {
            let lines = due(there, who, sent).into_iter();
            let said = lines.map(|messages| ForRooms::SaidInRoom {
                room: room.clone(),
                messages,
            });
            return said.collect();
        }
        let count = there.unread(who).try_into().unwrap_or(u32::MAX);
        let told = self.unread.insert(room.clone(), count);
        match told.unwrap_or(0) == count {
            true => Vec::new(),
            false => vec![ForRooms::Unread { room, count }],
        }
    }
}

/// The messages that a connection is to be sent now, line by line.
pub(super) fn due(there: &Room, who: &AccountName, sent: &mut u64) -> Vec<Vec<RoomMessage>> {
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
