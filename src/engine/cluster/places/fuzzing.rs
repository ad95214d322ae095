//! The door to the line, for a fuzz target.

use std::time::Instant;

use super::line;
use crate::{engine::cluster::ConnectionId, model::RequestId};

/// A client's request: its connection, and its own number for it.
pub type RequestKey = (ConnectionId, RequestId);

/// The slots and the line of those that wait.
#[derive(Debug)]
pub struct Line(line::Line, Instant);

impl Line {
    /// So many slots.
    pub fn new(slots: usize, now: Instant) -> Self {
        Self(line::Line::new(slots), now)
    }

    /// A request enters: its position in the line, 0 when it runs, `None` when the line is full.
    pub fn enter(&mut self, key: RequestKey) -> Option<u32> {
        match self.0.enter(self.1, key) {
            line::InLine::Runs => Some(0),
            line::InLine::Waits(position) => Some(position),
            line::InLine::Full => None,
        }
    }

    /// A request that ran before goes on.
    pub fn readmit(&mut self, key: RequestKey) {
        self.0.readmit(self.1, key);
    }

    /// Takes out every request that `gone` names; gives those that start, and those at another position.
    pub fn leave(
        &mut self,
        gone: impl Fn(RequestKey) -> bool,
    ) -> (Vec<RequestKey>, Vec<(RequestKey, u32)>) {
        let moved = self.0.leave(self.1, gone);
        (moved.start, moved.positions)
    }

    /// How many run and how many wait.
    pub fn counts(&self) -> (usize, usize) {
        (self.0.running(), self.0.waiting())
    }
}
