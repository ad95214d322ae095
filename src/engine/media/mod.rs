//! What the first bytes of a film say of it: how long it plays, and where its index lies, without which no player begins.
//! Whatever the bytes are, the look ends soon and gives something sensible or nothing.

mod matroska;
mod mp4;

use std::time::Duration;

use crate::model::ByteRange;

/// Boxes, or elements, that are looked at: real files have a few dozen before their first picture.
const MOST_PARTS: usize = 4096;
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
    /// What the beginning of a file says, or a part of it that begins where [`Media::index`] of an earlier look does.
    /// `None` when that is no film of a known kind. A part that is cut short says what is whole in it.
    pub fn look(part: &[u8], at: u64, file_bytes: u64) -> Option<Self> {
        let end = at.checked_add(part.len() as u64)?;
        if end > file_bytes {
            return None;
        }
        match at {
            0 => matroska::look(part, file_bytes).or_else(|| mp4::look(part, 0, file_bytes)),
            _ => mp4::look(part, at, file_bytes),
        }
    }

    /// Bytes for each second of it, on an average.
    pub fn bytes_per_second(&self, file_bytes: u64) -> Option<u64> {
        let duration = self.duration?.as_millis().max(1);
        let rate = u128::from(file_bytes) * 1000 / duration;
        u64::try_from(rate).ok().filter(|rate| *rate > 0)
    }
}

/// So many units, of which there are so many in a second.
fn seconds(units: f64, in_a_second: f64) -> Option<Duration> {
    let duration = Duration::try_from_secs_f64(units / in_a_second).ok()?;
    (!duration.is_zero() && duration <= LONGEST).then_some(duration)
}

#[cfg(test)]
mod tests;
