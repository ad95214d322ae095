//! What the index is told, what it tells, and how it is set up.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use crate::{
    engine::index::Notice,
    model::{ChunkIndex, FileMeta, FileName, IndexedFile, Manifest, RetiredReason},
    store::{
        Root, StoreError,
        index::{self, Disks, MissedDisks},
    },
};

/// What the index is told.
#[derive(Debug)]
pub enum IndexCommand {
    /// A file is no longer wanted under its name: the copy here, if it is that content, is set aside.
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
        /// The file that had the name, and why it has it no more.
        replaced: Option<(Arc<IndexedFile>, RetiredReason)>,
    },
    /// A file could not be read, or was not what it should be: it is not served until it was read anew.
    Look(FileName),
    /// Somebody received wrong bytes of a chunk: it is read, and a content that is damaged is not served any more.
    Check {
        /// The file.
        file: FileMeta,
        /// The chunk.
        chunk: ChunkIndex,
    },
    /// Everything is to be read again, whatever is known of it. What is served goes on being served meanwhile.
    ReadAll,
    /// The end.
    Stop,
}

/// What the index tells.
#[derive(Debug)]
pub enum IndexEvent {
    /// Files came, or went, or cannot be served.
    Found(Notice),
    /// The folder is not there any more, or cannot be read.
    FolderGone(StoreError),
    /// The folder is there again.
    FolderBack,
    /// Nothing can be written into the folder.
    ReadOnly(StoreError),
    /// Files can be written into the folder again.
    Writable,
}

/// How a folder is to be indexed.
#[derive(Clone, Debug)]
pub struct IndexConfig {
    /// A file outside of the folder that keeps digests from run to run.
    pub cache: PathBuf,
    /// A file that was changed is left alone for this long before it is read.
    pub quiet: Duration,
    /// What becomes of disks that the folder had and that are not there.
    pub missed: MissedDisks,
}

impl IndexConfig {
    /// The disks of a folder, as an earlier run left them.
    pub(super) fn disks(&self, folder: &Path) -> Disks {
        Disks::open(self.cache.with_extension("discos"), folder, self.missed)
    }
}

/// Opens the folder that is to be served; one that is new is made. One whose disk is away is waited for.
///
/// # Errors
/// As [`Root::create`].
pub fn open_served(folder: &Path, config: &IndexConfig) -> Result<Root, StoreError> {
    index::open_served(folder, &config.disks(folder))
}
