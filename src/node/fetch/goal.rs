//! What is asked of a fetch: what a file is received for, where it goes, and by whom.

use std::{net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};

use super::{downlink::Downlink, reader::Reader};
use crate::{
    net::Network,
    node::{Security, WatchLimits},
    proto::PeerRole,
    store::{Existing, PartPlace, Root, Spot, StoreError, index::OwnChunks},
};

/// How files are received.
#[derive(Clone, Debug)]
pub(in crate::node) struct FetchConfig {
    pub(in crate::node) network: Network,
    /// Who says hello to the secondaries.
    pub(in crate::node) role: PeerRole,
    /// Where the central is that names the sources.
    pub(in crate::node) central: Option<SocketAddr>,
    pub(in crate::node) security: Arc<Security>,
    /// How long to wait with no source.
    pub(in crate::node) source_wait: Duration,
    /// What all fetches of this node receive together.
    pub(in crate::node) downlink: Arc<Downlink>,
    pub(in crate::node) goal: Goal,
}

/// What a file is received for.
#[derive(Clone, Debug)]
pub(in crate::node) enum Goal {
    /// To be there.
    File(Target),
    /// To make the one good that is there.
    Verify(Folder),
    /// To be read while it comes, and not to be kept.
    Stream(Reader),
    /// To be watched: only what readers are near to is asked for, and kept in memory for a while.
    Watch(WatchLimits),
}

/// A folder, which may be on a disk that takes its time: it is opened off the async threads, once it is needed.
#[derive(Clone, Debug)]
pub(in crate::node) enum Folder {
    /// It is open.
    Open(Root),
    /// It is made when it is not there.
    Made(PathBuf),
    /// It is there.
    There(PathBuf),
}

impl Folder {
    /// Opens it. Blocking.
    pub(super) fn open(&self) -> Result<Root, StoreError> {
        match self {
            Self::Open(root) => Ok(root.clone()),
            Self::Made(path) => Root::create(path),
            Self::There(path) => Root::open(path),
        }
    }
}

/// Where a file goes.
#[derive(Clone, Debug)]
pub(in crate::node) struct Target {
    pub(in crate::node) root: Folder,
    /// Its place there; the one that its name says when there is none.
    pub(in crate::node) spot: Option<Spot>,
    pub(in crate::node) existing: Existing,
    pub(in crate::node) place: PartPlace,
    pub(in crate::node) own: Own,
}

/// Where chunks of the file may be on this disk.
#[derive(Clone, Debug)]
pub(in crate::node) enum Own {
    /// In the file that is to be replaced, or one beside it that may have been renamed.
    Beside,
    /// In files that are served, or were a while ago.
    Served(OwnChunks),
}
