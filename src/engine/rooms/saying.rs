//! Saying something in rooms and channels.

use super::{
    Decided, RoomRefusal, Talk,
    facts::{make_room, refuse_more},
};
use crate::{
    engine::registry::{Room, RoomFact, Rooms},
    model::{
        AccountName, Asked, Job, Limit, RoomAnswer, RoomId, RoomMessage, RoomName, RoomOptions,
        RoomText,
        limits::{MAX_CHANNELS, MAX_JOBS},
    },
};

impl Talk {
    pub(super) fn say(
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

    pub(super) fn tell(
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
    pub(super) fn pace(&mut self, who: &AccountName, wall_ms: u64) -> Result<(), RoomRefusal> {
        self.paces.retain(|_, pace| !pace.is_rested(wall_ms));
        let pace = self.paces.entry(who.clone()).or_default();
        pace.take(wall_ms)
            .map_err(|wait_ms| RoomRefusal::TooFast { wait_ms })
    }

    pub(super) fn put(
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
