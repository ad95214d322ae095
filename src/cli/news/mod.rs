//! What a console tells of events: one line for one thing that happened, however many downloads or files it touches.
//! Events that come in bulk wait a moment for others like them, in the order in which they began; whatever else happens
//! is told after them. `client`, `central` and `secondary` know what goes together, `bulk` gathers, `complete` is about
//! downloads that are complete, `notices` about the secondaries of downloads and copies.

mod bulk;
mod central;
mod client;
mod complete;
mod notices;
mod secondary;

use std::time::Instant;

pub use self::{central::CentralNews, client::ClientNews, secondary::SecondaryNews};
use super::text::line::Line;

/// Makes lines of events.
pub trait News<E> {
    /// Something happened. Gives what is told at once; events that may have others like them are kept.
    fn take(&mut self, now: Instant, event: &E) -> Vec<Line>;

    /// What was kept for long enough.
    fn due(&mut self, now: Instant) -> Vec<Line>;

    /// All that was kept.
    fn rest(&mut self) -> Vec<Line>;
}
