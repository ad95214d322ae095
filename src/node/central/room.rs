//! How much room the key store has left, and what people hear of that.

use std::time::{Duration, Instant};

use super::CentralEvent;

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

impl Room {
    /// Whether the key store is to be asked now.
    pub(super) fn is_due(&mut self, now: Instant) -> bool {
        let is_due = self.measured.is_none_or(|at| now - at >= MEASURE_EVERY);
        if is_due {
            self.measured = Some(now);
        }
        is_due
    }

    /// What people are to hear: once each time that it gets worse.
    pub(super) fn news(&mut self, figures: KeyStoreFigures) -> Option<CentralEvent> {
        let KeyStoreFigures { bytes, full } = figures;
        let bytes = bytes.unwrap_or(0);
        let level = if full { Level::None } else { Level::of(bytes) };
        let before = std::mem::replace(&mut self.told, level);
        (level > before).then_some(CentralEvent::KeyStoreFills {
            bytes,
            quota: USUAL_QUOTA,
            full,
        })
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
