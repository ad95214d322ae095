//! Entering rooms and leaving them.

use super::{
    Decided, Line, RoomRefusal, Talk,
    facts::{inside, make_room, refuse_more},
};
use crate::{
    engine::registry::{Room, RoomFact, Rooms},
    model::{
        AccountName, Limit, RoomAnswer, RoomId, RoomInfo, RoomName, RoomOptions,
        limits::{MAX_ROOM_PEOPLE, MAX_ROOMS_OF_ONE},
    },
};

impl Talk {
    pub(super) fn enter(
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

    pub(super) fn leave(
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
}
