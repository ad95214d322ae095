//! What a sender and the machine say to each other.

use std::time::Instant;

/// A receiver of one uplink, for as long as its connection lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ReceiverId(pub(super) u64);

/// What a receiver is sent things for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Somebody waits for it.
    Client,
    /// A copy for another secondary.
    Copy,
}

/// The answer to a receiver that asks for a turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// It is its turn.
    Now,
    /// It should ask again then, or when it is woken.
    At(Instant),
    /// A turn is shorter than that by now: it should ask for less.
    TooMuch,
}
