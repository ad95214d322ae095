//! What the system says of a file, in the words of `model`.

use std::{os::unix::fs::MetadataExt, sync::Arc};

use super::{disk::Entry, hash::manifest_id};
use crate::model::{FileMeta, FileName, FileTime, IndexedFile, Manifest, Seen, Stamp};

/// The stamp of a file that is open.
pub(super) fn stamp_of(meta: &impl MetadataExt) -> Stamp {
    Stamp {
        device: meta.dev(),
        inode: meta.ino(),
        bytes: meta.size(),
        changed: FileTime(meta.mtime(), meta.mtime_nsec()),
    }
}

/// A file that was looked at without opening it.
pub(super) fn seen(meta: &cap_std::fs::Metadata) -> Seen {
    use cap_std::fs::MetadataExt;
    let stamp = Stamp {
        device: MetadataExt::dev(meta),
        inode: MetadataExt::ino(meta),
        bytes: MetadataExt::size(meta),
        changed: FileTime(MetadataExt::mtime(meta), MetadataExt::mtime_nsec(meta)),
    };
    let status = FileTime(MetadataExt::ctime(meta), MetadataExt::ctime_nsec(meta));
    Seen { stamp, status }
}

/// A file whose digests are known.
pub fn indexed(name: FileName, stamp: Stamp, manifest: Arc<Manifest>) -> IndexedFile {
    let meta = FileMeta {
        name,
        layout: manifest.layout(),
        id: manifest_id(&manifest),
    };
    IndexedFile {
        meta,
        manifest,
        stamp,
    }
}

impl From<&IndexedFile> for Entry {
    /// What the file was on the disk when it was hashed.
    fn from(file: &IndexedFile) -> Self {
        let stamp = file.stamp;
        let FileTime(seconds, nanoseconds) = stamp.changed;
        Self {
            is_file: true,
            is_link: false,
            bytes: stamp.bytes,
            identity: (stamp.device, stamp.inode),
            changed: (seconds, nanoseconds),
        }
    }
}
