//! Which chunks of a file are as they should be.

use std::io;

use crate::{
    model::{ByteRange, ChunkIndex, ChunkLayout, ChunkSet, Manifest},
    store::{
        disk::Content,
        hash::sha256,
        journal::Found,
        zeros::{self, digest_of_zeros},
    },
};

/// How many chunks that the journal vouches for are read all the same, as a sample.
const SAMPLE: usize = 16;

/// True for a range of the file in which there is no data.
pub(super) fn is_hole(file: &impl Content, range: ByteRange) -> bool {
    let is_there = || file.entry().map(|entry| entry.bytes >= range.end);
    match file.data_from(range.start) {
        Ok(data) => data.is_none_or(|data| data >= range.end) && matches!(is_there(), Ok(true)),
        Err(_) => false,
    }
}

/// Compares chunks of a file with their digests.
pub(super) struct Chunks<'a, F> {
    file: &'a F,
    manifest: &'a Manifest,
    bytes: Vec<u8>,
}

impl<'a, F: Content> Chunks<'a, F> {
    pub(super) fn new(file: &'a F, manifest: &'a Manifest) -> Self {
        Self {
            file,
            manifest,
            bytes: Vec::new(),
        }
    }

    pub(super) fn is_good(&mut self, chunk: ChunkIndex) -> bool {
        let range = self.manifest.layout().byte_range(chunk);
        if is_hole(self.file, range) {
            return self.manifest.chunk(chunk) == Some(digest_of_zeros(range.len()));
        }
        self.bytes.resize(range.len() as usize, 0);
        self.file.read_at(&mut self.bytes, range.start).is_ok()
            && self.manifest.chunk(chunk) == Some(sha256(&self.bytes))
    }

    /// True when a sample of the recorded chunks is good.
    pub(super) fn is_sound(&mut self, synced: &ChunkSet) -> bool {
        let step = (synced.len() as usize / SAMPLE).max(1);
        let offset = fastrand::usize(..step);
        let mut sample = synced.iter().skip(offset).step_by(step);
        sample.all(|chunk| self.is_good(chunk))
    }

    /// Synced chunks, and good ones that were written later. The latter are written again: if the disk failed to keep
    /// them the kernel still shows them, but would not write them a second time.
    pub(super) fn trusted(&mut self, found: &Found) -> io::Result<ChunkSet> {
        let mut trusted = found.synced.clone();
        for chunk in found.unsure.iter() {
            if is_hole(self.file, self.manifest.layout().byte_range(chunk)) {
                // Nothing was kept of it; zeros need no record.
                continue;
            }
            if self.is_good(chunk) {
                let start = self.manifest.layout().byte_range(chunk).start;
                zeros::write(self.file, &self.bytes, start)?;
                trusted.insert(chunk);
            }
        }
        Ok(trusted)
    }

    /// Every good chunk that is there.
    pub(super) fn good(&mut self, layout: ChunkLayout) -> ChunkSet {
        let mut good = ChunkSet::new(layout.chunk_count());
        for chunk in layout.all().iter() {
            if self.is_good(chunk) {
                good.insert(chunk);
            }
        }
        good
    }
}
