//! What a server of chunks needs from the holder of the contents.

use std::{fs::File, io, net::SocketAddr, pin::Pin, sync::Arc};

use tokio_util::sync::CancellationToken;

use super::uplink::Uplink;
use crate::{
    model::{
        ByteRange, ChunkSet, Digest, FileMeta, FileName, Manifest, Receiver, Ticket, TransferId,
    },
    node::{Refused, rules::sent::Sending},
    store::{ContentReader, StoreError},
};

/// The holder of contents, who is told what happens to them.
pub(in crate::node) trait Provider: Send + Sync + 'static {
    /// Opens a content for a receiver.
    fn open(
        &self,
        transfer: TransferId,
        wanted: Wanted,
        receiver: Receiver,
    ) -> impl Future<Output = Result<Opened, Refused>> + Send;

    /// An open file could not be read.
    fn damaged(&self, name: FileName, error: &StoreError) -> impl Future<Output = ()> + Send;

    /// A peer was refused, or its connection ended for what it did.
    fn bad_peer(&self, address: SocketAddr, reason: Refused) -> impl Future<Output = ()> + Send;
}

/// What every sending connection is given.
#[derive(Debug)]
pub(in crate::node) struct Context<P> {
    pub(in crate::node) provider: Arc<P>,
    pub(in crate::node) uplink: Arc<Uplink>,
    /// Cancelled when the node stops.
    pub(in crate::node) stop: CancellationToken,
}

impl<P> Clone for Context<P> {
    fn clone(&self) -> Self {
        Self {
            provider: Arc::clone(&self.provider),
            uplink: Arc::clone(&self.uplink),
            stop: self.stop.clone(),
        }
    }
}

/// What to look for.
#[derive(Debug)]
pub(in crate::node) enum Wanted {
    /// A content, by preference under a name.
    Content {
        id: Digest,
        name: FileName,
        /// The central's permission to ask a peer.
        ticket: Option<Ticket>,
    },
    /// Whatever content has the name; for the legacy protocol.
    Named(FileName),
}

/// A content that can be sent.
pub(in crate::node) struct Opened {
    pub(in crate::node) content: Arc<dyn Content>,
    pub(in crate::node) sending: Sending,
    /// Cancelled when nothing more is to be sent in the transfer.
    pub(in crate::node) stop: CancellationToken,
}

/// What is under way.
pub(in crate::node) type Fetching = Pin<Box<dyn Future<Output = ()> + Send>>;

/// An open content, wherever it is. Reading blocks.
pub trait Content: Send + Sync {
    /// Its name here, its layout and its id.
    fn meta(&self) -> &FileMeta;

    /// The chunks that can be sent, while not all of them can; of a peer that receives the content itself all that it
    /// has, also in the end. `None` where all can be sent from the beginning.
    fn have(&self) -> Option<ChunkSet> {
        None
    }

    /// Its digests.
    fn manifest(&self) -> &Manifest;

    /// Appends the bytes of a range.
    ///
    /// # Errors
    /// [`StoreError::Changed`] if the content has become shorter.
    fn read_at(&self, range: ByteRange, target: &mut Vec<u8>) -> Result<(), StoreError>;

    /// Makes sure that it has not changed since it was verified.
    ///
    /// # Errors
    /// [`StoreError::Changed`] if it has.
    fn check_unchanged(&self) -> Result<(), StoreError>;

    /// The file from which the kernel can send it; `None` if only [`Self::read_at`] can read it.
    fn kernel_file(&self) -> Option<&File>;

    /// True if a range of that file is in the page cache, so that the kernel sends it without waiting for a disk.
    fn is_in_memory(&self, range: ByteRange) -> bool;

    /// Sorts a failure to read it by other means.
    fn error(&self, error: &io::Error) -> StoreError;

    /// Somebody has asked for a range: what is far away can be fetched before its turn comes. Does not wait.
    fn will_read(&self, _range: ByteRange) {}

    /// What is to be waited for before a range is read, where that takes long and needs no thread.
    fn fetch(&self, _range: ByteRange) -> Option<Fetching> {
        None
    }
}

impl Content for ContentReader {
    fn meta(&self) -> &FileMeta {
        &self.file().meta
    }

    fn manifest(&self) -> &Manifest {
        &self.file().manifest
    }

    fn read_at(&self, range: ByteRange, target: &mut Vec<u8>) -> Result<(), StoreError> {
        ContentReader::read_at(self, range, target)
    }

    fn check_unchanged(&self) -> Result<(), StoreError> {
        ContentReader::check_unchanged(self)
    }

    fn kernel_file(&self) -> Option<&File> {
        Some(self.file_handle())
    }

    fn is_in_memory(&self, range: ByteRange) -> bool {
        ContentReader::is_in_memory(self, range)
    }

    fn error(&self, error: &io::Error) -> StoreError {
        ContentReader::error(self, error)
    }
}
