//! How much room the key store has left, and what people hear of that.

use std::time::{Duration, Instant};

use super::{CentralEvent, several::Several, state::Central};
use crate::node::clock;

/// It is asked this often.
const MEASURE_EVERY: Duration = Duration::from_secs(30);
/// What etcd takes before it refuses everything, unless it is told otherwise, in bytes.
const USUAL_QUOTA: u64 = 2 << 30;

/// What is known of it.
#[derive(Debug, Default)]
pub(super) struct Room {
    measured: Option<Instant>,
    told: Level,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
enum Level {
    #[default]
    Enough,
    Half,
    Little,
    /// It takes nothing more.
    None,
}

impl Level {
    fn of(bytes: u64) -> Self {
        match bytes * 100 / USUAL_QUOTA {
            0..50 => Self::Enough,
            50..80 => Self::Half,
            _ => Self::Little,
        }
    }
}

/// How the key store of several centrals is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyStoreFigures {
    /// What it takes on the disk, in bytes, once that is known.
    pub bytes: Option<u64>,
    /// It takes nothing more.
    pub full: bool,
}

impl Several {
    pub(super) fn figures(&self) -> KeyStoreFigures {
        KeyStoreFigures {
            bytes: self.reign.bytes(),
            full: self.reign.has_no_space(),
        }
    }
}

impl Central {
    /// Looks now and then; people are told when it gets worse, once each time.
    pub(super) fn look_at_room(&mut self) {
        let now = clock::now();
        let Some(several) = &mut self.several else {
            return;
        };
        if several
            .room
            .measured
            .is_none_or(|at| now - at >= MEASURE_EVERY)
        {
            several.room.measured = Some(now);
            several.reign.measure();
        }
        let KeyStoreFigures { bytes, full } = several.figures();
        let level = if full {
            Level::None
        } else {
            Level::of(bytes.unwrap_or(0))
        };
        let before = std::mem::replace(&mut several.room.told, level);
        if level > before {
            let event = CentralEvent::KeyStoreFills {
                bytes: bytes.unwrap_or(0),
                quota: USUAL_QUOTA,
                full,
            };
            // What it follows from cannot be written, perhaps.
            let _ = self.events.try_send(event);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_hear_of_half_and_of_four_fifths() {
        let percent = |percent: u64| Level::of(USUAL_QUOTA / 100 * percent);
        assert_eq!([0, 49].map(percent), [Level::Enough; 2]);
        assert_eq!([52, 79].map(percent), [Level::Half; 2]);
        assert_eq!([82, 300].map(percent), [Level::Little; 2]);
    }
}
