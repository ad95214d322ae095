//! What is ordered of rooms, what comes of it, and what people are told.

use super::super::registry::RoomFact;
use crate::model::{
    AccountName, Asked, Limit, RoomAnswer, RoomId, RoomMessage, RoomName, RoomOrder,
};

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
