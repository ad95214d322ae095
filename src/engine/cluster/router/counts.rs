//! Counts that need a look at the whole catalogue, and sums over all secondaries.

use super::Cluster;
use crate::{engine::cluster::catalog::Other, model::limits::MAX_SECONDARY_NUMBER};

/// Counts of files that need a look at the whole catalogue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileCounts {
    pub(super) listed: u64,
    /// Of those, files that a secondary lacks which should hold them.
    pub(super) lacking: u64,
    /// The length of all that are listed.
    pub(super) bytes: u64,
    /// By number; none is 0.
    pub(super) held: [u64; MAX_SECONDARY_NUMBER as usize + 1],
    pub(super) conflicts: [u64; MAX_SECONDARY_NUMBER as usize + 1],
}

impl FileCounts {
    /// Files that can be downloaded and that a secondary lacks which should hold them.
    pub fn lacking(&self) -> u64 {
        self.lacking
    }

    /// The length of all files that can be downloaded.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }
}

/// Payload bytes, by the protocol that they were sent by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SentBy {
    /// Ours.
    pub lines_bytes: u64,
    /// HTTP.
    pub http_bytes: u64,
}

impl Cluster {
    /// Looks at the whole catalogue: what of the state takes long to count.
    pub fn count_files(&self) -> FileCounts {
        let present = self.members.present();
        let (mut listed, mut lacking, mut bytes) = (0, 0, 0u64);
        let mut held = [0; MAX_SECONDARY_NUMBER as usize + 1];
        let mut conflicts = held;
        for standing in self.catalog.iter() {
            if !standing.holders.and(present).is_empty() {
                let wanted = (self.policy)(&standing.meta, present);
                listed += 1;
                lacking += u64::from(!wanted.without(standing.holders).is_empty());
                bytes = bytes.saturating_add(standing.meta.layout.file_bytes());
            }
            for number in standing.holders.iter() {
                held[usize::from(number.get())] += 1;
            }
            for (number, other) in standing.others() {
                let is_conflict = matches!(other, Other::Conflict(..));
                conflicts[usize::from(number.get())] += u64::from(is_conflict);
            }
        }
        FileCounts {
            listed,
            lacking,
            bytes,
            held,
            conflicts,
        }
    }

    /// Payload bytes that secondaries have sent, to clients and to each other, by their reports to this run of the
    /// central.
    pub fn sent_by_all(&self) -> SentBy {
        let (all_bytes, http_bytes) = self.books.senders().all_bytes();
        SentBy {
            lines_bytes: all_bytes.saturating_sub(http_bytes),
            http_bytes,
        }
    }
}
