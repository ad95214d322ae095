//! How a served file is read.

use std::{fs::File, sync::Arc};

use crate::{
    model::{ByteRange, IndexedFile},
    store::{
        Root, StoreError,
        disk::{Disk, Make},
        hash::read_range,
        stamp::stamp_of,
    },
};

/// The kernel reads ahead in steps about this long.
const PROBE_EVERY_BYTES: usize = 128 << 10;

/// Reads a served file for one receiver.
#[derive(Debug)]
pub struct ContentReader {
    handle: File,
    file: Arc<IndexedFile>,
    root: Root,
}

impl ContentReader {
    /// Opens a file.
    ///
    /// # Errors
    /// [`StoreError::Changed`] when it is not the one that was indexed.
    pub fn open(root: &Root, file: Arc<IndexedFile>) -> Result<Self, StoreError> {
        let place = root.place(&file.meta.name, Make::Nothing)?;
        let handle = place.open().map_err(|error| place.fail(&error))?;
        Self::of(root, file, handle)
    }

    /// Reads a file that is open, wherever it lies by now.
    pub(in crate::store) fn of(
        root: &Root,
        file: Arc<IndexedFile>,
        handle: File,
    ) -> Result<Self, StoreError> {
        let reader = Self {
            handle,
            file,
            root: root.clone(),
        };
        reader.check_unchanged()?;
        Ok(reader)
    }

    /// What it reads.
    pub fn file(&self) -> &Arc<IndexedFile> {
        &self.file
    }

    /// Appends exactly a range of the file.
    ///
    /// # Errors
    /// [`StoreError::Changed`] when the file is shorter than it was.
    pub fn read_at(&self, range: ByteRange, target: &mut Vec<u8>) -> Result<(), StoreError> {
        read_range(&self.handle, range, target).map_err(|error| match error.kind() {
            std::io::ErrorKind::UnexpectedEof => StoreError::Changed(self.path()),
            _ => StoreError::new(&self.path(), &error),
        })
    }

    /// The same, with what the system says.
    pub(super) fn read_plain(&self, range: ByteRange, target: &mut Vec<u8>) -> std::io::Result<()> {
        read_range(&self.handle, range, target)
    }

    /// Asks the system to forget what it has of a range in memory. It keeps what is not on the disk yet.
    pub(super) fn forget(&self, range: ByteRange) {
        let length = std::num::NonZeroU64::new(range.len());
        let advice = rustix::fs::Advice::DontNeed;
        if let Err(error) = rustix::fs::fadvise(&self.handle, range.start, length, advice) {
            tracing::debug!(%error, "the system does not forget what it has read");
        }
    }

    /// What reading it by other means said.
    pub fn error(&self, error: &std::io::Error) -> StoreError {
        StoreError::new(&self.path(), error)
    }

    /// The open file, for the kernel to send from.
    pub fn file_handle(&self) -> &File {
        &self.handle
    }

    /// True when a range of the file is in memory, as far as a few probes show.
    pub fn is_in_memory(&self, range: ByteRange) -> bool {
        let mut byte = [0];
        let last = range.end.saturating_sub(1);
        (range.start..last)
            .step_by(PROBE_EVERY_BYTES)
            .chain([last])
            .all(|offset| {
                let mut target = [std::io::IoSliceMut::new(&mut byte)];
                let flags = rustix::io::ReadWriteFlags::NOWAIT;
                rustix::io::preadv2(&self.handle, &mut target, offset, flags) == Ok(1)
            })
    }

    /// Makes sure that the file has not been touched since it was indexed.
    ///
    /// # Errors
    /// [`StoreError::Changed`] when it has.
    pub fn check_unchanged(&self) -> Result<(), StoreError> {
        let meta = self
            .handle
            .metadata()
            .map_err(|error| StoreError::new(&self.path(), &error))?;
        if stamp_of(&meta) == self.file.stamp {
            Ok(())
        } else {
            Err(StoreError::Changed(self.path()))
        }
    }

    fn path(&self) -> std::path::PathBuf {
        self.root.full_path(&self.file.meta.name)
    }
}
