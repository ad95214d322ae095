//! What is known of a source as one of a swarm.

use std::time::Duration;

/// Of the present connection.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Member {
    /// It may be asked for any chunk.
    pub(super) chooses: bool,
    /// How long its line is, as it said last.
    pub(super) line: Duration,
    /// It has announced something.
    pub(super) has_announced: bool,
}
