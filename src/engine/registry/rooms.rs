//! Rooms and channels as facts: who is in which, what was said there, and how far each has it.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use serde::{Deserialize, Serialize};

use crate::model::{
    AccountName, Asked, Job, RoomId, RoomMessage, RoomName, RoomOptions,
    limits::{MAX_DEAD_JOBS, MAX_JOB_TRIES, MAX_ROOM_BYTES, MAX_ROOM_MESSAGES},
};

/// Requests of a channel that are remembered, so that one that is repeated does nothing more.
const MOST_REMEMBERED: usize = 256;

/// A fact about rooms and channels.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "k", rename_all = "kebab-case")]
pub enum RoomFact {
    /// A room is new.
    Made {
        /// The room.
        room: RoomId,
        /// How it is.
        options: RoomOptions,
        /// When, in milliseconds since 1970.
        at_ms: u64,
    },
    /// Somebody is in a room, and has all messages up to a number.
    Joined {
        /// The room.
        room: RoomId,
        /// Who.
        who: AccountName,
        /// The number.
        heard: u64,
    },
    /// Somebody is in a room no more.
    Left {
        /// The room.
        room: RoomId,
        /// Who.
        who: AccountName,
    },
    /// So many are in a room that what is said there is shown from now on.
    Opened {
        /// The room.
        room: RoomId,
    },
    /// Something was said.
    Said {
        /// Where.
        room: RoomId,
        /// What.
        message: RoomMessage,
    },
    /// Somebody has all messages up to a number.
    Heard {
        /// The room.
        room: RoomId,
        /// Who.
        who: AccountName,
        /// The number.
        upto: u64,
    },
    /// A room is no more.
    GivenUp {
        /// The room.
        room: RoomId,
    },
    /// A message was put into a channel.
    Put {
        /// The channel.
        channel: RoomName,
        /// The message.
        job: Job,
        /// Which request that was.
        by: Asked,
    },
    /// Somebody has a message of a channel.
    Taken {
        /// The channel.
        channel: RoomName,
        /// The message.
        seq: u64,
        /// Who.
        who: AccountName,
        /// Until when, in milliseconds since 1970.
        until_ms: u64,
    },
    /// A message of a channel is finished.
    Finished {
        /// The channel.
        channel: RoomName,
        /// The message.
        seq: u64,
    },
    /// Whoever had a message of a channel did not finish it. After the third time it is set aside.
    Failed {
        /// The channel.
        channel: RoomName,
        /// The message.
        seq: u64,
    },
}

/// See the module.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Rooms {
    rooms: BTreeMap<RoomId, Room>,
    channels: BTreeMap<RoomName, Channel>,
}

/// A room.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Room {
    options: RoomOptions,
    is_open: bool,
    /// The number of the last message, kept or not.
    last: u64,
    /// When something last happened here, in milliseconds since 1970.
    at_ms: u64,
    messages: VecDeque<RoomMessage>,
    bytes: usize,
    /// Who is in it, and the last message that each has.
    people: BTreeMap<AccountName, u64>,
}

/// A channel.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Channel {
    last: u64,
    /// What is not finished.
    jobs: BTreeMap<u64, Pending>,
    /// Which of it somebody has.
    taken: BTreeSet<u64>,
    /// What nobody could finish.
    dead: VecDeque<Job>,
    /// Requests of late.
    lately: VecDeque<(Asked, u64)>,
}

/// A message of a channel that is not finished.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pending {
    /// The message.
    pub job: Job,
    /// Who has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub taken: Option<Taken>,
}

/// Who has a message of a channel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Taken {
    /// Who.
    pub who: AccountName,
    /// Until when, in milliseconds since 1970.
    pub until_ms: u64,
}

impl Room {
    /// How it is.
    pub fn options(&self) -> RoomOptions {
        self.options
    }

    /// What is said here is shown.
    pub fn is_open(&self) -> bool {
        self.is_open
    }

    /// The number of the last message; 0 where nothing was said yet.
    pub fn last(&self) -> u64 {
        self.last
    }

    /// When something last happened here, in milliseconds since 1970.
    pub fn at_ms(&self) -> u64 {
        self.at_ms
    }

    /// What was said and is kept, the oldest first.
    pub fn messages(&self) -> impl DoubleEndedIterator<Item = &RoomMessage> + ExactSizeIterator {
        self.messages.iter()
    }

    /// What was said after a message, the oldest first.
    pub fn after(&self, seq: u64) -> impl Iterator<Item = &RoomMessage> {
        let first = self.messages.partition_point(|message| message.seq <= seq);
        self.messages.range(first..)
    }

    /// Who is here, and the last message that each has.
    pub fn people(&self) -> impl ExactSizeIterator<Item = (&AccountName, u64)> {
        self.people.iter().map(|(who, heard)| (who, *heard))
    }

    /// The last message that somebody has who is here.
    pub fn heard(&self, who: &AccountName) -> Option<u64> {
        self.people.get(who).copied()
    }

    /// Messages that somebody who is here has not had.
    pub fn unread(&self, who: &AccountName) -> usize {
        let heard = self.heard(who).filter(|_| self.is_open);
        heard.map_or(0, |heard| self.after(heard).count())
    }

    fn say(&mut self, message: RoomMessage) {
        self.last = self.last.max(message.seq);
        self.at_ms = message.at_ms;
        self.bytes += message.text.as_str().len();
        self.messages.push_back(message);
        while self.messages.len() > MAX_ROOM_MESSAGES || self.bytes > MAX_ROOM_BYTES {
            let Some(oldest) = self.messages.pop_front() else {
                break;
            };
            self.bytes -= oldest.text.as_str().len();
        }
    }
}

impl Channel {
    /// What is not finished, the oldest first.
    pub fn jobs(&self) -> impl ExactSizeIterator<Item = &Pending> {
        self.jobs.values()
    }

    /// Which message somebody has, and until when, in milliseconds since 1970.
    pub fn taken(&self) -> impl Iterator<Item = (u64, &Taken)> {
        let taken = self.taken.iter();
        taken.filter_map(|seq| Some((*seq, self.get(*seq)?.taken.as_ref()?)))
    }

    /// One of these.
    pub fn get(&self, seq: u64) -> Option<&Pending> {
        self.jobs.get(&seq)
    }

    /// What nobody could finish, the oldest first.
    pub fn dead(&self) -> impl ExactSizeIterator<Item = &Job> {
        self.dead.iter()
    }

    /// The number of the last message.
    pub fn last(&self) -> u64 {
        self.last
    }

    /// Which message a request was, if it is remembered.
    pub fn asked(&self, by: Asked) -> Option<u64> {
        let known = self.lately.iter().find(|(asked, _)| *asked == by)?;
        Some(known.1)
    }

    fn fail(&mut self, seq: u64) {
        let Some(pending) = self.jobs.get_mut(&seq) else {
            return;
        };
        pending.taken = None;
        self.taken.remove(&seq);
        pending.job.tries += 1;
        if pending.job.tries < MAX_JOB_TRIES {
            return;
        }
        if let Some(pending) = self.jobs.remove(&seq) {
            self.dead.push_back(pending.job);
        }
        if self.dead.len() > MAX_DEAD_JOBS {
            self.dead.pop_front();
        }
    }
}

impl Rooms {
    /// One thing more is a fact.
    pub(super) fn apply(&mut self, fact: RoomFact) {
        match fact {
            RoomFact::Made {
                room,
                options,
                at_ms,
            } => {
                let made = Room {
                    options,
                    is_open: options.opens_with == 0,
                    at_ms,
                    ..Room::default()
                };
                self.rooms.insert(room, made);
            }
            RoomFact::GivenUp { room } => drop(self.rooms.remove(&room)),
            RoomFact::Joined { room, who, heard } => self.in_room(&room, |room| {
                room.people.insert(who, heard);
            }),
            RoomFact::Left { room, who } => self.in_room(&room, |room| {
                room.people.remove(&who);
            }),
            RoomFact::Opened { room } => self.in_room(&room, |room| room.is_open = true),
            RoomFact::Said { room, message } => self.in_room(&room, |room| room.say(message)),
            RoomFact::Heard { room, who, upto } => self.in_room(&room, |room| {
                if let Some(heard) = room.people.get_mut(&who) {
                    *heard = upto.max(*heard);
                }
            }),
            RoomFact::Put { channel, job, by } => {
                let channel = self.channels.entry(channel).or_default();
                channel.last = channel.last.max(job.seq);
                channel.lately.push_back((by, job.seq));
                if channel.lately.len() > MOST_REMEMBERED {
                    channel.lately.pop_front();
                }
                channel.jobs.insert(job.seq, Pending { job, taken: None });
            }
            RoomFact::Taken {
                channel,
                seq,
                who,
                until_ms,
            } => self.in_channel(&channel, |channel| {
                if let Some(pending) = channel.jobs.get_mut(&seq) {
                    pending.taken = Some(Taken { who, until_ms });
                    channel.taken.insert(seq);
                }
            }),
            RoomFact::Finished { channel, seq } => self.in_channel(&channel, |channel| {
                channel.taken.remove(&seq);
                channel.jobs.remove(&seq);
            }),
            RoomFact::Failed { channel, seq } => {
                self.in_channel(&channel, |channel| channel.fail(seq));
            }
        }
    }

    fn in_room(&mut self, room: &RoomId, change: impl FnOnce(&mut Room)) {
        if let Some(room) = self.rooms.get_mut(room) {
            change(room);
        }
    }

    fn in_channel(&mut self, channel: &RoomName, change: impl FnOnce(&mut Channel)) {
        if let Some(channel) = self.channels.get_mut(channel) {
            change(channel);
        }
    }

    /// A room.
    pub fn get(&self, room: &RoomId) -> Option<&Room> {
        self.rooms.get(room)
    }

    /// All rooms: those with names, then private conversations.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&RoomId, &Room)> {
        self.rooms.iter()
    }

    /// The rooms that somebody is in.
    pub fn of<'a>(&'a self, who: &'a AccountName) -> impl Iterator<Item = (&'a RoomId, &'a Room)> {
        self.iter()
            .filter(|(_, room)| room.people.contains_key(who))
    }

    /// A channel.
    pub fn channel(&self, channel: &RoomName) -> Option<&Channel> {
        self.channels.get(channel)
    }

    /// All channels, by name.
    pub fn channels(&self) -> impl ExactSizeIterator<Item = (&RoomName, &Channel)> {
        self.channels.iter()
    }
}
