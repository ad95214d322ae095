//! A served file, and how it is read.

use std::{fs::File, os::unix::fs::MetadataExt, sync::Arc};

use crate::{
    model::{ByteRange, FileMeta, Manifest},
    store::{
        Root, StoreError,
        disk::{Disk, Entry, Make},
        hash::read_range,
    },
};

/// The kernel reads ahead in steps about this long.
const PROBE_EVERY_BYTES: usize = 128 << 10;

/// What tells one state of a file from another without reading it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub(super) struct Stamp {
    pub(super) device: u64,
    pub(super) inode: u64,
    pub(super) bytes: u64,
    /// Last change of its content, in seconds and nanoseconds.
    pub(super) changed: (i64, i64),
}

impl Stamp {
    pub(super) fn of(meta: &impl MetadataExt) -> Self {
        Self {
            device: meta.dev(),
            inode: meta.ino(),
            bytes: meta.size(),
            changed: (meta.mtime(), meta.mtime_nsec()),
        }
    }
}

/// A file as a look at the folder finds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Seen {
    pub(super) stamp: Stamp,
    /// Last change of its content, name or permissions, in seconds and nanoseconds.
    pub(super) status: (i64, i64),
}

/// A file that was hashed, as it was then.
#[derive(Debug)]
pub struct IndexedFile {
    /// Name, length, id.
    pub meta: FileMeta,
    /// Its digests.
    pub manifest: Arc<Manifest>,
    pub(super) stamp: Stamp,
}

impl IndexedFile {
    /// The last change of its content when it was read, in milliseconds since 1970 by its disk's clock.
    pub fn modified_ms(&self) -> i64 {
        let (seconds, nanoseconds) = self.stamp.changed;
        seconds
            .saturating_mul(1000)
            .saturating_add(nanoseconds / 1_000_000)
    }

    /// What the file was on the disk when it was hashed.
    pub fn entry(&self) -> Entry {
        let stamp = self.stamp;
        Entry {
            is_file: true,
            bytes: stamp.bytes,
            identity: (stamp.device, stamp.inode),
            changed: stamp.changed,
        }
    }
}

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
        if Stamp::of(&meta) == self.file.stamp {
            Ok(())
        } else {
            Err(StoreError::Changed(self.path()))
        }
    }

    fn path(&self) -> std::path::PathBuf {
        self.root.full_path(&self.file.meta.name)
    }
}
