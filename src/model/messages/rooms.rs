//! What clients and their central say to each other of rooms and channels.

use serde::{Deserialize, Serialize};

use super::super::{Job, RequestId, RoomAnswer, RoomId, RoomMessage, RoomName, RoomOrder};

/// From a client to the central, of rooms and channels.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum OfRooms {
    /// Wants something; the answer carries the same request number.
    AskRooms {
        /// Chosen by the client.
        request: RequestId,
        /// What it wants.
        #[serde(flatten)]
        order: RoomOrder,
    },
    /// Has shown what was said in a room up to a message.
    HeardInRoom {
        /// The room.
        room: RoomId,
        /// The number of the message.
        upto: u64,
    },
    /// Shows what is said in a room from now on, or does so no more and wants to know how much there is.
    ShowRoom {
        /// The room.
        room: RoomId,
        /// It shows it.
        shown: bool,
    },
}

/// From the central to a client, of rooms and channels. That an order is refused is said by `proto`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum ForRooms {
    /// The answer to an order.
    RoomAnswer {
        /// The client's number for it.
        request: RequestId,
        /// What came of it.
        #[serde(flatten)]
        answer: RoomAnswer,
    },
    /// What was said in a room that the client shows.
    SaidInRoom {
        /// The room.
        room: RoomId,
        /// The messages, the oldest first.
        messages: Vec<RoomMessage>,
    },
    /// How much was said in a room that it does not show, and that its account has not had.
    Unread {
        /// The room.
        room: RoomId,
        /// So many messages.
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
