//! What happens at a central, for people.

use std::{
    net::{IpAddr, SocketAddr},
    path::PathBuf,
};

use crate::{
    engine::cluster::Notice,
    node::{Refused, StatisticsTrouble},
};

/// What happens at a central, for people.
#[derive(Clone, Debug, PartialEq)]
pub enum CentralEvent {
    /// In the cluster.
    Cluster(Notice),
    /// Many files can be downloaded from now on.
    ManyOffered {
        /// How many.
        files: usize,
    },
    /// Many files cannot be downloaded any more.
    ManyNoLongerOffered {
        /// How many.
        files: usize,
    },
    /// Clients did more than was told of them.
    LeftOut {
        /// Where they are, when that is known.
        address: Option<IpAddr>,
        /// Notices about them that were not told.
        lines: u64,
    },
    /// A message was refused and its connection ended.
    BadPeer {
        /// Where it came from.
        address: SocketAddr,
        /// What was wrong.
        reason: Refused,
    },
    /// The last record of the journal was being written when the machine stopped: nobody had been told of it, and it is
    /// taken away.
    JournalCut {
        /// The journal.
        path: PathBuf,
        /// The length of what was there of it.
        bytes: u64,
    },
    /// The key store of several centrals has little room left, or none.
    KeyStoreFills {
        /// What it takes on the disk, in bytes.
        bytes: u64,
        /// What it takes at most, unless it was told otherwise, in bytes.
        quota: u64,
        /// It takes nothing more.
        full: bool,
    },
    /// Statistics could not be read or saved.
    Statistics(StatisticsTrouble),
}
