//! Doors to the parsers of this layer's own files, for the fuzz targets.

use std::{fs::File, io};

pub use super::index::known_lines;
use super::journal::{self, Journal};
use crate::model::{ChunkIndex, ChunkSet, FileMeta};

/// What a journal says: chunks that are on the disk, and chunks that may not be. `None` when it is another
/// file's or no journal at all.
///
/// # Errors
/// When it cannot be read.
pub fn read_journal(file: &mut File, meta: &FileMeta) -> io::Result<Option<(ChunkSet, ChunkSet)>> {
    let found = journal::read(file, meta)?;
    Ok(found.map(|found| (found.synced, found.unsure)))
}

/// A journal that is written.
#[derive(Debug)]
pub struct JournalWriter(Journal<File>);

impl JournalWriter {
    /// Starts one in an empty file; `have` is on the disk.
    ///
    /// # Errors
    /// When it cannot be written; so do the others.
    pub fn start(file: File, meta: &FileMeta, have: &ChunkSet) -> io::Result<Self> {
        Journal::start(file, meta, have).map(Self)
    }

    /// A chunk is verified and written.
    pub fn written(&mut self, chunk: ChunkIndex) -> io::Result<()> {
        self.0.written(chunk)
    }

    /// All that was recorded is on the disk.
    pub fn synced(&mut self) -> io::Result<()> {
        self.0.synced(self.0.count())
    }

    /// The disk failed to keep what was not synced.
    pub fn forget_unsynced(&mut self) -> io::Result<()> {
        self.0.forget_unsynced()
    }
}
