//! Rooms, private conversations and channels: what they are called, and what is said there.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{
    AccountName, RequestId, Session, error_codes,
    limits::{MAX_ROOM_NAME_CHARS, MAX_TEXT_BYTES},
};

/// The name of a room or a channel: up to 120 characters, none of which is a control character, first neither `@` nor `#`. The
/// room of a file is called as the file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RoomName(String);

/// What somebody says: one line of up to 2,000 bytes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RoomText(String);

/// Why a text is no name of a room, or nothing that can be said.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RoomNameError {
    /// Nothing but spaces.
    #[error("empty")]
    Empty,
    /// Longer than it may be.
    #[error("longer than {0}")]
    TooLong(usize),
    /// It holds a control character.
    #[error("{0:?} is not allowed")]
    Forbidden(char),
    /// It names no room of such a kind.
    #[error("names no room")]
    Unknown,
}

error_codes!(RoomNameError, code {
    Self::Empty | Self::TooLong(_) | Self::Forbidden(_) | Self::Unknown => "bad-name",
});

impl RoomName {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<&str> for RoomName {
    type Error = RoomNameError;

    fn try_from(text: &str) -> Result<Self, Self::Error> {
        let text = text.trim();
        match text.chars().next() {
            None => return Err(RoomNameError::Empty),
            Some(first @ ('@' | '#')) => return Err(RoomNameError::Forbidden(first)),
            Some(_) => {}
        }
        if text.chars().count() > MAX_ROOM_NAME_CHARS {
            return Err(RoomNameError::TooLong(MAX_ROOM_NAME_CHARS));
        }
        match text.chars().find(|c| c.is_control()) {
            Some(control) => Err(RoomNameError::Forbidden(control)),
            None => Ok(Self(text.to_owned())),
        }
    }
}

impl TryFrom<String> for RoomName {
    type Error = RoomNameError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::try_from(text.as_str())
    }
}

impl From<RoomName> for String {
    fn from(name: RoomName) -> Self {
        name.0
    }
}

impl fmt::Display for RoomName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl RoomText {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<&str> for RoomText {
    type Error = RoomNameError;

    fn try_from(text: &str) -> Result<Self, Self::Error> {
        let text = text.trim();
        if text.is_empty() {
            return Err(RoomNameError::Empty);
        }
        if text.len() > MAX_TEXT_BYTES {
            return Err(RoomNameError::TooLong(MAX_TEXT_BYTES));
        }
        match text.chars().find(|c| c.is_control()) {
            Some(control) => Err(RoomNameError::Forbidden(control)),
            None => Ok(Self(text.to_owned())),
        }
    }
}

impl TryFrom<String> for RoomText {
    type Error = RoomNameError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::try_from(text.as_str())
    }
}

impl From<RoomText> for String {
    fn from(text: RoomText) -> Self {
        text.0
    }
}

/// Where people talk. Written as `#name` or as `@ana/@luis`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum RoomId {
    /// A room, open to all accounts.
    Room(RoomName),
    /// What two accounts say to each other; the first name comes first in their order.
    Pair(AccountName, AccountName),
}

impl RoomId {
    /// The private conversation of two accounts; `None` of one with itself.
    pub fn pair(one: &AccountName, other: &AccountName) -> Option<Self> {
        match one.cmp(other) {
            std::cmp::Ordering::Less => Some(Self::Pair(one.clone(), other.clone())),
            std::cmp::Ordering::Greater => Some(Self::Pair(other.clone(), one.clone())),
            std::cmp::Ordering::Equal => None,
        }
    }

    /// With whom an account talks here, if it is a private conversation.
    pub fn other(&self, own: &AccountName) -> Option<&AccountName> {
        match self {
            Self::Pair(one, other) if one == own => Some(other),
            Self::Pair(one, other) if other == own => Some(one),
            Self::Pair(..) | Self::Room(_) => None,
        }
    }

    /// True for an account that may be here.
    pub fn lets_in(&self, account: &AccountName) -> bool {
        match self {
            Self::Room(_) => true,
            Self::Pair(one, other) => account == one || account == other,
        }
    }
}

impl fmt::Display for RoomId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Room(name) => write!(f, "#{name}"),
            Self::Pair(one, other) => write!(f, "@{one}/@{other}"),
        }
    }
}

impl From<RoomId> for String {
    fn from(room: RoomId) -> Self {
        room.to_string()
    }
}

impl TryFrom<String> for RoomId {
    type Error = RoomNameError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        if let Some(name) = text.strip_prefix('#') {
            return RoomName::try_from(name).map(Self::Room);
        }
        let pair = text
            .strip_prefix('@')
            .and_then(|rest| rest.split_once("/@"));
        let (one, other) = pair.ok_or(RoomNameError::Unknown)?;
        let name = |text| AccountName::try_from(text).map_err(|_| RoomNameError::Unknown);
        Self::pair(&name(one)?, &name(other)?).ok_or(RoomNameError::Unknown)
    }
}

/// How a room is, from its beginning on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct RoomOptions {
    /// Nothing that is said is kept: who is not there does not get it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub ephemeral: bool,
    /// Who comes gets all that is kept, not only what is said from then on.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub whole: bool,
    /// What is said is kept, and shown once so many are in.
    #[serde(skip_serializing_if = "is_zero")]
    pub opens_with: u32,
}

#[allow(clippy::trivially_copy_pass_by_ref)] // What serde asks for.
fn is_zero(number: &u32) -> bool {
    *number == 0
}

/// What somebody said in a room.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoomMessage {
    /// Its number in the room, from 1; 0 where nothing is kept.
    pub seq: u64,
    /// When, in milliseconds since 1970.
    pub at_ms: u64,
    /// Who.
    pub from: AccountName,
    /// What.
    pub text: RoomText,
    /// Which request that was, so that one that is repeated is said once.
    pub by: Asked,
}

/// A request of a client: its number counts in the run of its process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    /// The run of the client's process.
    pub session: Session,
    /// Its own number for the request.
    pub request: RequestId,
}

/// A message of a channel: one listener at a time has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Job {
    /// Its number in the channel, from 1.
    pub seq: u64,
    /// When it was put there, in milliseconds since 1970.
    pub at_ms: u64,
    /// By whom.
    pub from: AccountName,
    /// What it says.
    pub text: RoomText,
    /// How often somebody had it and did not finish it.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub tries: u32,
}

/// What a client wants of rooms and channels.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "order", rename_all = "kebab-case")]
pub enum RoomOrder {
    /// To be in a room, which is made if there is none, and to hear what is said there.
    Enter {
        /// The room.
        room: RoomName,
        /// How it is to be, if it is new.
        #[serde(default)]
        options: RoomOptions,
    },
    /// To be in a room no more.
    Leave {
        /// The room.
        room: RoomName,
    },
    /// To say something in a room.
    Say {
        /// The room.
        room: RoomName,
        /// What.
        text: RoomText,
    },
    /// To say something to one account.
    Tell {
        /// To whom.
        to: AccountName,
        /// What.
        text: RoomText,
    },
    /// The rooms that there are, and one's private conversations.
    Rooms,
    /// What was said, from before a message on, the newest.
    History {
        /// Where.
        room: RoomId,
        /// Before which message.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        before: Option<u64>,
    },
    /// To be given messages of a channel, one at a time.
    Listen {
        /// The channel.
        channel: RoomName,
    },
    /// To be given none any more; what one has goes to another.
    Rest {
        /// The channel.
        channel: RoomName,
    },
    /// To put a message into a channel.
    Put {
        /// The channel.
        channel: RoomName,
        /// The message.
        text: RoomText,
    },
    /// What nobody could finish of a channel.
    Dead {
        /// The channel.
        channel: RoomName,
    },
    /// A message that one has is finished, or cannot be.
    Finish {
        /// The channel.
        channel: RoomName,
        /// The message.
        seq: u64,
        /// It is finished.
        done: bool,
    },
}

/// A room as it is listed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoomInfo {
    /// The room.
    pub room: RoomId,
    /// How many are in it.
    pub people: u32,
    /// The asker is one of them.
    pub inside: bool,
    /// Messages that are kept.
    pub messages: u32,
    /// Those that the asker has not had.
    pub unread: u32,
    /// How it is.
    #[serde(default)]
    pub options: RoomOptions,
}

/// What came of an order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "kebab-case")]
pub enum RoomAnswer {
    /// It is in the room.
    Entered(RoomInfo),
    /// It was said, and has this number.
    Said {
        /// The number; 0 where nothing is kept.
        seq: u64,
        /// Whoever was told it is there now and gets it at once; otherwise once it is back.
        there: bool,
    },
    /// It was done.
    Done,
    /// The rooms.
    Rooms {
        /// Rooms by name, then private conversations.
        rooms: Vec<RoomInfo>,
    },
    /// What was said, the oldest first.
    History {
        /// The messages.
        messages: Vec<RoomMessage>,
        /// There are older ones.
        more: bool,
    },
    /// What nobody could finish, the oldest first; the newest of them where there are many.
    Dead {
        /// The messages.
        jobs: Vec<Job>,
    },
    /// It listens to a channel in which so many messages wait.
    Listens {
        /// They.
        waiting: u32,
        /// Those that were set aside.
        dead: u32,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account(name: &str) -> AccountName {
        AccountName::try_from(name).unwrap()
    }

    #[test]
    fn a_room_is_written_so_that_it_can_be_read() {
        let pair = RoomId::pair(&account("luis"), &account("ana")).unwrap();
        for (room, text) in [
            (
                RoomId::Room(RoomName::try_from(" sala 1 ").unwrap()),
                "#sala 1",
            ),
            (pair.clone(), "@ana/@luis"),
        ] {
            assert_eq!(room.to_string(), text);
            assert_eq!(RoomId::try_from(text.to_owned()), Ok(room));
        }
        assert_eq!(pair.other(&account("ana")), Some(&account("luis")));
        assert!(!pair.lets_in(&account("eva")));
        assert_eq!(RoomId::pair(&account("ana"), &account("ana")), None);
        for bad in [
            "",
            "#",
            "#  ",
            "@ana",
            "@ana/@ana",
            "@a b/@c",
            "sala",
            "#@ana",
        ] {
            assert!(RoomId::try_from(bad.to_owned()).is_err(), "{bad}");
        }
    }

    #[test]
    fn what_is_said_is_one_line() {
        assert_eq!(RoomText::try_from(" hola ").unwrap().as_str(), "hola");
        assert_eq!(RoomText::try_from("  "), Err(RoomNameError::Empty));
        assert_eq!(
            RoomText::try_from("a\nb"),
            Err(RoomNameError::Forbidden('\n'))
        );
        let long = "ñ".repeat(MAX_TEXT_BYTES / 2 + 1);
        assert_eq!(
            RoomText::try_from(long.as_str()),
            Err(RoomNameError::TooLong(MAX_TEXT_BYTES))
        );
        let name = "x".repeat(MAX_ROOM_NAME_CHARS + 1);
        assert!(RoomName::try_from(name.as_str()).is_err());
    }
}
