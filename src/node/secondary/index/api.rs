//! What the index is told, what it tells, and how it is set up.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use crate::{
    engine::index::Notice,
    model::{ChunkIndex, FileMeta, FileName, IndexedFile, Manifest, RetiredReason, Scrub},
    store::{
        Root, StoreError,
        index::{self, Disks, MissedDisks, ScrubRecord},
    },
};

/// What the index is told.
#[derive(Debug)]
pub enum IndexCommand {
    /// A content is no longer wanted under its name: if the file here has it, it is set aside.
    SetAside {
        /// The file.
        file: FileMeta,
        /// Why.
        reason: RetiredReason,
    },
    /// A copy is complete and verified under its final name.
    Insert {
        /// The file.
        meta: FileMeta,
        /// Its digests.
        manifest: Arc<Manifest>,
        /// The file that had the name before, and why it was replaced.
        replaced: Option<(Arc<IndexedFile>, RetiredReason)>,
    },
    /// A file could not be read, or was not what it should be. It is not served until it has been read anew.
    Look(FileName),
    /// Somebody received wrong bytes of a chunk. It is read, and a damaged content is no longer served.
    Check {
        /// The file.
        file: FileMeta,
        /// The chunk.
        chunk: ChunkIndex,
    },
    /// Everything is to be read again, whatever is known of it. Files are served meanwhile.
    ReadAll,
    /// The thread is to end.
    Stop,
}

/// What the index tells.
#[derive(Debug)]
pub enum IndexEvent {
    /// Files came, or went, or cannot be served.
    Found(Notice),
    /// The folder is gone, or cannot be read.
    FolderGone(StoreError),
    /// The folder is back.
    FolderBack,
    /// How far everything has been read again, and when that was done for the last time, in seconds since 1970.
    Scrubbed(Scrub, Option<u64>),
    /// Nothing can be written into the folder.
    ReadOnly(StoreError),
    /// Files can be written into the folder again.
    Writable,
}

/// How a folder is to be indexed.
#[derive(Clone, Debug)]
pub struct IndexConfig {
    /// The file, outside of the folder, that keeps digests from run to run.
    pub cache: PathBuf,
    /// How long a changed file must be left alone before it is read.
    pub quiet: Duration,
    /// How often to look at all of it where all changes are heard; `None`: as usual.
    pub look_every: Option<Duration>,
    /// What to do about disks of earlier runs that are away.
    pub missed: MissedDisks,
    /// All that is served is read and compared with its digests once in this time; `None`: never.
    pub scrub_every: Option<Duration>,
}

impl IndexConfig {
    /// The disks of a folder, as an earlier run left them.
    pub(in crate::node::secondary) fn disks(&self, folder: &Path) -> Disks {
        Disks::open(self.cache.with_extension("discos"), folder, self.missed)
    }

    /// How far an earlier run has read the folder again.
    pub(super) fn scrubbed(&self, folder: &Path) -> ScrubRecord {
        ScrubRecord::open(self.cache.with_extension("repaso"), folder)
    }
}

/// Opens the folder to be served, and makes it if it is new. If its disk is away, it is waited for.
///
/// # Errors
/// As [`Root::create`].
pub fn open_served(folder: &Path, config: &IndexConfig) -> Result<Root, StoreError> {
    index::open_served(folder, &config.disks(folder))
}
