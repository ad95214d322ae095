//! What a served folder holds: found, hashed once, kept up to date. Runs in a thread of its own.
//!
//! `run` is its loop and owns the table, `inbox` is what it is sent, `obey` does what it is told. `scan` looks
//! at the folder and `compare` finds what is new and what is gone (`folders` knows whether its disk is, `telling`
//! what people hear of what is passed over), `settle` decides when a file has stopped changing (`rhythm` knows its
//! pauses, `writers` who has it open), `reading` has it read by the threads of `hashing` (again, says `retry`, when that
//! failed; all of them again, when `rereading` is told so), `damage` finds what a disk has altered (`checking` reads
//! single chunks), `cache` remembers digests from run to run, `disks` what was mounted, `own` which files have which
//! chunks. `watch` hears of changes, `content`
//! reads for receivers.

mod cache;
mod checking;
mod compare;
mod content;
mod damage;
mod disks;
mod folders;
mod hashing;
mod inbox;
mod obey;
mod own;
mod reading;
mod rereading;
mod retry;
mod rhythm;
mod run;
mod scan;
mod settle;
mod telling;
mod watch;
mod writers;

#[cfg(feature = "fuzzing")]
pub use cache::known_lines;
pub use content::ContentReader;
pub use disks::open_served;
pub use own::OwnChunks;
pub use run::{Index, IndexConfig, start};

use std::sync::Arc;

use super::StoreError;
use crate::model::{
    ChunkIndex, FileMeta, FileName, IgnoredReason, IndexedFile, Manifest, RemovedReason,
    RetiredReason, Writer,
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

/// What the index finds.
#[derive(Debug)]
pub enum IndexEvent {
    /// The first look at the folder is over: what is served was told before.
    Ready {
        /// Files that are served.
        files: usize,
        /// Their bytes.
        bytes: u64,
    },
    /// Everything was read again after [`IndexCommand::ReadAll`].
    ReadAll {
        /// Files that are served.
        files: usize,
        /// Their bytes.
        bytes: u64,
    },
    /// A file is served from now on; it replaces one of the same name.
    Added {
        /// The file.
        file: Arc<IndexedFile>,
        /// Where it came from.
        origin: Origin,
    },
    /// A file is no longer served.
    Removed {
        /// The file.
        file: Arc<IndexedFile>,
        /// What it means for the cluster.
        reason: RemovedReason,
        /// What happened to it.
        why: Gone,
    },
    /// A file is not what it was hashed as, though nothing shows that somebody changed it. It is not served, and a good copy
    /// may take its place. [`IndexEvent::Added`] when it is whole again.
    Damaged {
        /// What it should be.
        file: Arc<IndexedFile>,
    },
    /// Something in the folder is not served; told once.
    Ignored {
        /// Its path below the folder.
        path: String,
        /// Why.
        reason: IgnoredReason,
    },
    /// More of one kind than can be told one by one is not served.
    ManyIgnored {
        /// How many.
        count: usize,
        /// Some of their paths.
        examples: Vec<String>,
        /// Why.
        reason: IgnoredReason,
    },
    /// The folder is not there any more, or cannot be read.
    FolderGone(StoreError),
    /// The folder is there again.
    FolderBack,
    /// The folders below this one whose disks are not there now, all of them each time.
    DisksAway(Vec<FileName>),
    /// What is on disks that came back is served now, as at the start.
    CaughtUp,
    /// Nothing can be written into the folder.
    ReadOnly(StoreError),
    /// Files can be written into the folder again.
    Writable,
    /// A file has been open for writing for a while: it is served once it is closed.
    BeingWritten {
        /// The file.
        name: FileName,
        /// Who has it open, when that is known.
        by: Option<Writer>,
    },
    /// A large file is being read.
    Hashing {
        /// The file.
        name: FileName,
        /// Its length, in bytes.
        bytes: u64,
    },
}

/// Where a file that is served came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// It was copied here, as [`IndexCommand::Insert`] said.
    Copy,
    /// A look at the folder found it: somebody put it there.
    Look,
}

/// What happened to a file that is no longer served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gone {
    /// It was deleted or renamed.
    Deleted,
    /// It changed, or cannot be read.
    Changed,
    /// The disk has altered it; [`IndexEvent::Damaged`] follows.
    Damaged,
    /// It was set aside.
    SetAside(RetiredReason),
    /// It is not wanted any more, and cannot be moved away here.
    Withdrawn,
}

#[cfg(test)]
mod tests;
