//! What a program asks a client to publish, and what it is answered.

use std::{path::PathBuf, sync::Arc};

use super::ClientError;
use crate::{
    model::{Audience, FileMeta, FileName, FileNameError, IndexedFile, error_codes},
    node::{StartError, ask::Stopped},
    store::{
        StoreError,
        published::{PathError, Whereabouts},
    },
};

/// A client among its peers.
#[derive(Clone, Debug, Default)]
pub struct PeeringConfig {
    /// Where its peers find it, in order: the first place that is free is taken. Empty: nowhere, and nothing is published.
    pub listen: Vec<std::net::SocketAddr>,
    /// Folders that files may be published from.
    pub allowed: Vec<PathBuf>,
    /// The folder in which what is published is remembered; it is forgotten where there is none.
    pub records: Option<PathBuf>,
    /// What earlier runs published is served from the start.
    pub serves: bool,
    /// It gives others chunks of what it receives, and for a while of what it has received; so much can it send, in bytes
    /// per second, 0 if that is not known. `None`: it gives nothing but what is published.
    pub gives: Option<u64>,
    /// It neither gives to peers nor takes from them.
    pub alone: bool,
    /// Most bytes per second that all its peers are sent together; `None` for no limit.
    pub upload_limit_bytes_per_s: Option<u64>,
}

/// A file that is to be published.
#[derive(Clone, Debug)]
pub struct PublishOrder {
    /// Where it is.
    pub path: PathBuf,
    /// What it is to be called below the account's name; by its own name, if nothing is said.
    pub name: Option<FileName>,
    /// Who may have it.
    pub audience: Audience,
    /// Other content of that name is replaced.
    pub replaces: bool,
}

/// A file that was read for its digests.
#[derive(Debug)]
pub(in crate::node::client) struct ReadFile {
    pub(in crate::node::client) order: PublishOrder,
    pub(in crate::node::client) place: Whereabouts,
    pub(in crate::node::client) file: Arc<IndexedFile>,
}

/// A file that is published now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublishedAs {
    /// As the cluster knows it.
    pub file: FileMeta,
    /// Where it is.
    pub path: PathBuf,
    /// The port at which it is served.
    pub port: u16,
}

/// A file that this device publishes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShelfView {
    /// What it is called in the cluster.
    pub name: FileName,
    /// Where it is.
    pub path: PathBuf,
    /// How it stands.
    pub state: ShelfState,
}

/// How a file stands that this device publishes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ShelfState {
    /// It can be sent.
    Here,
    /// It has changed since it was published.
    Changed,
    /// It is not there.
    Gone,
}

/// What a client gives to its peers.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ServingView {
    /// Where it listens, if it does.
    pub port: Option<u16>,
    /// Files that it publishes.
    pub files: usize,
    /// Peers that are connected.
    pub peers: usize,
    /// Payload bytes per second of late.
    pub bytes_per_s: f64,
    /// Payload bytes since the start.
    pub bytes: u64,
    /// The limit in bytes per second.
    pub limit_bytes_per_s: Option<u64>,
}

/// Why nothing is published.
#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    /// The file may not be published from there, or cannot be read.
    #[error("{0}")]
    Path(#[from] PathError),
    /// It cannot be called so.
    #[error("{0}")]
    Name(#[from] FileNameError),
    /// This client is no account's.
    #[error("not connected as an account")]
    NotConnected,
    /// This client has nothing to do with peers.
    #[error("this client has no peers")]
    Alone,
    /// It cannot be reached by its peers.
    #[error("{0}")]
    Listen(StartError),
    /// It is published, and will be forgotten.
    #[error("{0}")]
    Record(StoreError),
    /// The central refused, or is not there.
    #[error("{0}")]
    Client(#[from] ClientError),
}

error_codes!(PublishError, code {
    Self::NotConnected => "not-connected",
    Self::Alone => "without-peers",
} in {
    Self::Path(error) => error.code(),
    Self::Name(error) => error.code(),
    Self::Listen(error) => error.code(),
    Self::Record(error) => error.code(),
    Self::Client(error) => error.code(),
});

impl From<Stopped> for PublishError {
    fn from(_: Stopped) -> Self {
        Self::Client(ClientError::Stopped)
    }
}
