//! What the owner does that others notice.

use std::fmt;

use super::{CentralEvent, inputs::Outgoing};
use crate::engine::cluster::ConnectionId;

/// See the module.
pub(super) enum Effect {
    /// Something is sent on a connection.
    Post(ConnectionId, Outgoing),
    /// A connection is closed once what is on its way has been sent.
    Close(ConnectionId),
    /// People are told.
    Tell(CentralEvent),
    /// A program of this process is answered.
    Answer(Box<dyn FnOnce() + Send>),
}

impl fmt::Debug for Effect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Post(connection, _) => f.debug_tuple("Post").field(connection).finish(),
            Self::Close(connection) => f.debug_tuple("Close").field(connection).finish(),
            Self::Tell(event) => f.debug_tuple("Tell").field(event).finish(),
            Self::Answer(_) => f.write_str("Answer"),
        }
    }
}
