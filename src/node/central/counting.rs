//! What the owner has of figures: orders that wait, and how many came in by each door. It knows nobody who asks.

use std::{sync::atomic::Ordering, time::Instant};

use super::api::{DoorInfo, FigureAsked, OpenDoor, QueueInfo};
use crate::{
    engine::{figures::Queue, recent::RecentRate},
    model::{FigureDoor, limits::MAX_FIGURE_QUEUE},
};

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Figures {
    pub(super) queue: Queue<FigureAsked>,
    open: Vec<OpenDoor>,
    counts: [Count; FigureDoor::ALL.len()],
}

#[derive(Debug, Default)]
struct Count {
    orders: u64,
    refused: u64,
    rate: RecentRate,
}

impl Figures {
    /// When something is to be done; `None` while nothing waits.
    pub(super) fn due(&self, now: Instant) -> Option<Instant> {
        self.queue.poll_timeout(now)
    }

    /// A door is open.
    pub(super) fn opened(&mut self, door: OpenDoor) {
        self.open.retain(|known| known.door != door.door);
        self.open.push(door);
    }

    /// An order came to its end.
    pub(super) fn note(&mut self, now: Instant, door: FigureDoor, is_refused: bool) {
        let count = &mut self.counts[door.index()];
        count.orders += 1;
        count.refused += u64::from(is_refused);
        count.rate.count(now, 1);
    }

    /// For people.
    pub(super) fn info(&self, now: Instant) -> QueueInfo {
        let door = |door: FigureDoor| {
            let count = &self.counts[door.index()];
            let open = self.open.iter().find(|open| open.door == door);
            DoorInfo {
                door,
                address: open.map(|open| open.address),
                connections: open.map_or(0, |open| open.connections.load(Ordering::Relaxed)),
                orders: count.orders,
                refused: count.refused,
                orders_per_s: count.rate.bytes_per_s(now),
            }
        };
        QueueInfo {
            waiting: self.queue.len(),
            most: MAX_FIGURE_QUEUE,
            doors: FigureDoor::ALL.map(door).into(),
        }
    }
}
