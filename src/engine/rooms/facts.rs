//! What follows from the facts alone, whoever is there.

use super::{Decided, RoomRefusal};
use crate::{
    engine::registry::{Channel, Room, RoomFact, Rooms},
    model::{
        AccountName, Job, Limit, RoomAnswer, RoomId, RoomInfo, RoomMessage, RoomName,
        limits::{MAX_ROOMS, MAX_ROOMS_OF_ONE, ROOM_RESTS},
    },
};

/// Messages of one answer about the past.
const PAGE: usize = 100;

/// A room, if somebody is in it.
pub(super) fn inside<'a>(
    state: &'a Rooms,
    room: &RoomId,
    who: &AccountName,
) -> Result<&'a Room, RoomRefusal> {
    let there = state.get(room).filter(|there| there.heard(who).is_some());
    there.ok_or_else(|| RoomRefusal::NotInside(room.clone()))
}

pub(super) fn refuse_more(count: usize, most: usize, of: Limit) -> Result<(), RoomRefusal> {
    if count < most {
        return Ok(());
    }
    Err(RoomRefusal::TooMany { of, most })
}

/// Makes room for one more: where there are too many, one that has rested for long is given up.
pub(super) fn make_room(state: &Rooms, wall_ms: u64) -> Result<Option<RoomFact>, RoomRefusal> {
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

pub(super) fn rooms(state: &Rooms, who: &AccountName) -> RoomAnswer {
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

pub(super) fn history(
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

pub(super) fn dead(state: &Rooms, channel: &RoomName) -> RoomAnswer {
    let known = state.channel(channel);
    let dead: Vec<Job> = known.into_iter().flat_map(Channel::dead).cloned().collect();
    let newest = dead.len().saturating_sub(PAGE);
    RoomAnswer::Dead {
        jobs: dead[newest..].to_vec(),
    }
}

pub(super) fn finish(
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
