//! Whose order is next. Operators' orders are taken at once, before all that wait at the doors; those of the doors in
//! turns, door by door, in a batch now and then, so that orders are written together and the journal is free in between
//! for whoever downloads. Nobody starves: a batch has room for both, whoever floods.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use crate::model::{FigureDoor, limits::MAX_FIGURE_QUEUE};

/// Orders that are taken at once.
const BATCH: usize = 256;
/// Of these so many are kept for the doors, and as many for operators.
const KEPT: usize = BATCH / 8;
/// From one batch of the doors' orders to the next.
const PACE: Duration = Duration::from_millis(5);
/// Doors that have a line of their own.
const DOORS: usize = FigureDoor::ALL.len();

/// Where an order waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// With the operators' orders.
    Operator,
    /// At a door.
    Door(FigureDoor),
}

/// See the module. Each line holds [`MAX_FIGURE_QUEUE`] orders at most.
#[derive(Debug)]
pub struct Queue<T> {
    operators: VecDeque<T>,
    doors: [VecDeque<T>; DOORS],
    /// The door whose turn it is.
    turn: usize,
    /// Before this the doors wait.
    next_batch: Option<Instant>,
}

impl<T> Default for Queue<T> {
    fn default() -> Self {
        Self {
            operators: VecDeque::new(),
            doors: std::array::from_fn(|_| VecDeque::new()),
            turn: 0,
            next_batch: None,
        }
    }
}

impl<T> Queue<T> {
    /// An order waits; gives it back where too many do.
    ///
    /// # Errors
    /// The order.
    pub fn push(&mut self, source: Source, order: T) -> Result<(), T> {
        let line = match source {
            Source::Operator => &mut self.operators,
            Source::Door(door) => &mut self.doors[door.index()],
        };
        if line.len() >= MAX_FIGURE_QUEUE {
            return Err(order);
        }
        line.push_back(order);
        Ok(())
    }

    /// How many wait.
    pub fn len(&self) -> usize {
        self.operators.len() + self.at_doors()
    }

    /// True when none waits.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn at_doors(&self) -> usize {
        self.doors.iter().map(VecDeque::len).sum()
    }

    /// When [`Self::take`] gives something; `None` while nothing waits.
    pub fn poll_timeout(&self, now: Instant) -> Option<Instant> {
        if !self.operators.is_empty() {
            return Some(now);
        }
        (self.at_doors() > 0).then(|| self.next_batch.unwrap_or(now).max(now))
    }

    /// The orders whose turn has come.
    pub fn take(&mut self, now: Instant) -> Vec<T> {
        let waiting = self.at_doors();
        let are_due = waiting > 0 && self.next_batch.is_none_or(|at| at <= now);
        let kept = if are_due { KEPT.min(waiting) } else { 0 };
        let of_operators = self.operators.len().min(BATCH - kept);
        let mut taken: Vec<T> = self.operators.drain(..of_operators).collect();
        if are_due {
            self.next_batch = Some(now + PACE);
            let room = (BATCH - taken.len()).min(BATCH - KEPT).min(waiting);
            let full = taken.len() + room;
            while taken.len() < full {
                taken.extend(self.doors[self.turn].pop_front());
                self.turn = (self.turn + 1) % DOORS;
            }
        }
        taken
    }
}
