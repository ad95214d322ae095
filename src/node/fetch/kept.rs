//! Where a fetch has its chunks, and how far that is.

use std::{path::PathBuf, sync::Arc, time::Instant};

use super::stream::Stream;
use crate::store::PartFile;

/// Where the chunks go.
///
/// ```text
///  Closed ──manifest──▶ Opening ──▶ Part | AlreadyThere | Failed
///  Stream{Unknown} ──manifest──▶ Stream{Asked} ──▶ Stream{Known}; the same for Memory
/// ```
pub(super) enum State {
    /// The digests are not known.
    Closed,
    /// The part file is being opened.
    Opening,
    Part(Part),
    AlreadyThere(PathBuf),
    Stream(Reading),
    /// Readers find them in memory.
    Memory {
        has_asked_for_zeros: bool,
    },
    /// It could not be opened.
    Failed,
}

pub(super) struct Part {
    pub(super) file: Arc<PartFile>,
    pub(super) sync: Sync,
}

/// Whether what was written is on the disk.
pub(super) enum Sync {
    /// All that was there then is.
    Done(Instant),
    Running,
}

/// What is given to a reader.
pub(super) struct Reading {
    pub(super) stream: Arc<Stream>,
    /// Chunks of zeros are looked for, or are known: nobody has to send them.
    pub(super) has_asked_for_zeros: bool,
    pub(super) has_all: bool,
}
