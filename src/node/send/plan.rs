//! How long the next frame is, and how it gets to the socket. Pure.

use std::time::Duration;

use crate::model::{ByteRange, limits::MAX_FRAME_BYTES};

/// Frames start small, so that a slow receiver can take a request back soon.
const FIRST_FRAME_BYTES: u32 = 256 << 10;
const LEAST_FRAME_BYTES: u32 = 64 << 10;
/// Frames that are read into memory are short, as there may be many receivers. The kernel reads ahead meanwhile, and can
/// send the next frames itself.
const MOST_COPIED_BYTES: u64 = 128 << 10;
/// Frames double in length while they are faster than this, and halve while they are slower.
const FAST_FRAME: Duration = Duration::from_millis(20);
const SLOW_FRAME: Duration = Duration::from_millis(100);

/// Bytes of a content that are sent with one header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Frame {
    pub(super) range: ByteRange,
    pub(super) how: How,
}

/// How a frame gets to the socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum How {
    /// The kernel sends it from the page cache.
    Kernel,
    /// It is read into memory and written.
    Copy,
}

/// Plans the next frame of a chunk, of which `rest` is not sent yet.
///
/// `most_bytes` is what the uplink grants in one turn. `in_memory` says whether the kernel can send a range at once.
pub(super) fn plan(
    rest: ByteRange,
    pace: Pace,
    most_bytes: u64,
    in_memory: impl FnOnce(ByteRange) -> bool,
) -> Frame {
    let first = |bytes: u64| ByteRange {
        start: rest.start,
        end: rest.end.min(rest.start + bytes),
    };
    let length = most_bytes.clamp(1, u64::from(pace.frame_bytes));
    let range = first(length);
    if in_memory(range) {
        let how = How::Kernel;
        return Frame { range, how };
    }
    Frame {
        range: first(length.min(MOST_COPIED_BYTES)),
        how: How::Copy,
    }
}

/// How long a receiver's frames may be, judged by how long they take.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pace {
    frame_bytes: u32,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            frame_bytes: FIRST_FRAME_BYTES,
        }
    }
}

impl Pace {
    /// A frame took so long.
    pub(super) fn took(&mut self, took: Duration) {
        if took < FAST_FRAME {
            self.frame_bytes = (self.frame_bytes * 2).min(MAX_FRAME_BYTES);
        } else if took > SLOW_FRAME {
            self.frame_bytes = (self.frame_bytes / 2).max(LEAST_FRAME_BYTES);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHUNK: ByteRange = ByteRange {
        start: 3 << 20,
        end: 4 << 20,
    };

    fn pace(frame_bytes: u32) -> Pace {
        Pace { frame_bytes }
    }

    #[test]
    fn the_least_of_all_bounds_is_the_length_of_a_frame() {
        for (case, start, pace_bytes, most_bytes, is_in_memory, length) in [
            ("pace", 0, 256 << 10, u64::MAX, true, 256 << 10),
            ("turn", 0, 256 << 10, 40_000, true, 40_000),
            ("chunk", (1 << 20) - 100, 256 << 10, 40_000, true, 100),
            ("the largest", 0, MAX_FRAME_BYTES, u64::MAX, true, 1 << 20),
            ("copied", 0, 256 << 10, u64::MAX, false, MOST_COPIED_BYTES),
            ("copied, turn", 0, 256 << 10, 5000, false, 5000),
            ("copied, slow", 0, 64 << 10, u64::MAX, false, 64 << 10),
            ("never nothing", 0, 64 << 10, 0, true, 1),
        ] {
            let rest = ByteRange {
                start: CHUNK.start + start,
                ..CHUNK
            };
            let frame = plan(rest, pace(pace_bytes), most_bytes, |_| is_in_memory);
            let end = rest.start + length;
            assert_eq!(frame.range, ByteRange { end, ..rest }, "{case}");
            let how = if is_in_memory { How::Kernel } else { How::Copy };
            assert_eq!(frame.how, how, "{case}");
        }
    }

    #[test]
    fn the_whole_frame_must_be_in_memory() {
        let mut probed = None;
        let frame = plan(CHUNK, Pace::default(), 200_000, |range| {
            probed = Some(range);
            true
        });
        assert_eq!(probed, Some(frame.range));
    }

    #[test]
    fn fast_frames_grow_and_slow_ones_shrink_within_bounds() {
        let mut pace = Pace::default();
        for (took, expected) in [
            (FAST_FRAME, FIRST_FRAME_BYTES),
            (FAST_FRAME / 2, 2 * FIRST_FRAME_BYTES),
            (FAST_FRAME / 2, MAX_FRAME_BYTES),
            (FAST_FRAME / 2, MAX_FRAME_BYTES),
            (SLOW_FRAME, MAX_FRAME_BYTES),
            (2 * SLOW_FRAME, MAX_FRAME_BYTES / 2),
        ] {
            pace.took(took);
            assert_eq!(pace.frame_bytes, expected);
        }
        (0..9).for_each(|_| pace.took(2 * SLOW_FRAME));
        assert_eq!(pace.frame_bytes, LEAST_FRAME_BYTES);
    }
}
