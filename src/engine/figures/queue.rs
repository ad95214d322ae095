//! Whose order is next. Operators' orders are taken at once, before all that wait at the doors; those of the doors in
//! turns, door by door, in a batch now and then, so that orders are written together and the journal is free in between
//! for whoever downloads. Nobody starves: whatever is taken at once has room for both, whoever floods.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use crate::model::{FigureDoor, limits::MAX_FIGURE_QUEUE};

/// Orders that are taken at once: few, so that whoever asks for something else waits for no more than these.
const SLICE: usize = 64;
/// Of these so many are kept for the doors, however many operators there are.
const KEPT: usize = SLICE / 8;
/// Orders of the doors in one batch.
const BATCH: usize = 192;
/// From the beginning of one batch to the next.
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
    /// So many of the doors' orders may still be taken in this batch.
    left: usize,
    /// Before this there is no other.
    next_batch: Option<Instant>,
}

impl<T> Default for Queue<T> {
    fn default() -> Self {
        Self {
            operators: VecDeque::new(),
            doors: std::array::from_fn(|_| VecDeque::new()),
            turn: 0,
            left: 0,
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
        let next = match self.left {
            0 => self.next_batch.unwrap_or(now).max(now),
            _ => now,
        };
        (self.at_doors() > 0).then_some(next)
    }

    /// Orders whose turn has come, some at a time: more may be due at once.
    pub fn take(&mut self, now: Instant) -> Vec<T> {
        let mut waiting = self.at_doors();
        if waiting > 0 && self.left == 0 && self.next_batch.is_none_or(|at| at <= now) {
            self.left = BATCH;
            self.next_batch = Some(now + PACE);
        }
        let kept = KEPT.min(waiting).min(self.left);
        let of_operators = self.operators.len().min(SLICE - kept);
        let mut taken: Vec<T> = self.operators.drain(..of_operators).collect();
        while taken.len() < SLICE && self.left > 0 && waiting > 0 {
            if let Some(order) = self.doors[self.turn].pop_front() {
                taken.push(order);
                self.left -= 1;
                waiting -= 1;
            }
            self.turn = (self.turn + 1) % DOORS;
        }
        if waiting == 0 {
            self.left = 0;
        }
        taken
    }
}
