//! The values that pass between a sender and the machine.

use std::time::Instant;

/// A receiver of one uplink. It stands for one connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ReceiverId(pub(super) u64);

/// What a receiver receives for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A download: a person waits for it.
    Client,
    /// A copy for another secondary.
    Copy,
}

/// The answer to a receiver that asks for a turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// Its turn has come.
    Now,
    /// Not yet: it asks again at this time, or when it is woken.
    At(Instant),
    /// Turns are shorter than the frame by now: it asks for less.
    TooMuch,
}
