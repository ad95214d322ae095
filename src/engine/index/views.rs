//! Views of the index. Nothing here changes it.

use std::sync::Arc;

use super::{
    machine::Index,
    state::FileState,
    types::{Snapshot, Total},
};
use crate::model::IndexedFile;

impl Index {
    /// How many files are in which state.
    pub fn snapshot(&self) -> Snapshot {
        let mut snapshot = Snapshot::default();
        for (_, state) in self.files.iter() {
            match state {
                FileState::Settling { .. } => snapshot.settling += 1,
                FileState::Quiet(_)
                | FileState::Recognising(_)
                | FileState::Unknown(_)
                | FileState::Queued(_) => snapshot.waiting += 1,
                FileState::Hashing(..) => snapshot.hashing += 1,
                FileState::Served { file, .. } => {
                    snapshot.served.files += 1;
                    snapshot.served.bytes += file.stamp.bytes;
                }
                FileState::Missing { .. } => snapshot.missing += 1,
                FileState::Failed { .. } => snapshot.failed += 1,
                FileState::Damaged { .. } => snapshot.damaged += 1,
                FileState::Withdrawn { .. } => snapshot.withdrawn += 1,
            }
        }
        snapshot
    }

    /// Files that are served, and their bytes.
    pub fn total(&self) -> Total {
        self.snapshot().served
    }

    /// All files that are served.
    pub fn served(&self) -> impl Iterator<Item = &Arc<IndexedFile>> {
        self.files.iter().filter_map(|(_, state)| state.served())
    }

    /// All files whose digests are of use: what is served, and what should be.
    pub fn known(&self) -> impl Iterator<Item = &Arc<IndexedFile>> {
        self.files.iter().filter_map(|(_, state)| state.known())
    }

    /// True when the last look did not find the folder.
    pub fn is_folder_gone(&self) -> bool {
        self.folder.is_gone
    }

    /// True when the first look is over, and what it found was read.
    pub fn is_ready(&self) -> bool {
        self.progress.is_ready
    }

    /// True when the queues agree with the states. For tests.
    pub fn is_in_order(&self) -> bool {
        self.files.are_in_order()
    }
}
