//! What is known of a film.

use std::time::Duration;

use crate::model::ByteRange;

/// Boxes, or elements, that are looked at: real files have a few dozen before their first picture.
pub(super) const MOST_PARTS: usize = 4096;
/// What claims to play longer says nothing.
const LONGEST: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// What is known of a film.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Media {
    /// How long it plays.
    pub duration: Option<Duration>,
    /// Where its index lies (`moov`, Cues), or all that it can only lie in.
    pub index: Option<ByteRange>,
}

impl Media {
    /// Bytes for each second of it, on an average.
    pub fn bytes_per_second(&self, file_bytes: u64) -> Option<u64> {
        let duration = self.duration?.as_millis().max(1);
        let rate = u128::from(file_bytes) * 1000 / duration;
        u64::try_from(rate).ok().filter(|rate| *rate > 0)
    }
}

/// So many units, of which there are so many in a second.
pub(super) fn seconds(units: f64, in_a_second: f64) -> Option<Duration> {
    let duration = Duration::try_from_secs_f64(units / in_a_second).ok()?;
    (!duration.is_zero() && duration <= LONGEST).then_some(duration)
}
