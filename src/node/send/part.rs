//! Parts of contents that the kernel sends itself, though a library frames them that only knows bytes in memory. The library
//! is shown a stand-in of the same length; who writes to the socket knows it by its address, and lets the kernel send the
//! part instead. A stand-in that comes to the socket by any other way, as through a buffer of the library's, is noticed
//! before it counts as sent.

use std::{
    io,
    sync::{
        Arc, LazyLock,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    task::{Context, Poll, ready},
};

use super::provider::Content;
use crate::{model::ByteRange, net::Socket, store::StoreError};

/// Longest part. Nothing is ever written to the stand-in, so that it takes no memory.
pub(super) const MOST_PART_BYTES: u64 = 1 << 20;
/// What is read at once where the kernel cannot send a file.
const READ_BYTES: u64 = 64 << 10;

static STAND_IN: LazyLock<Vec<u8>> = LazyLock::new(|| vec![0; MOST_PART_BYTES as usize]);

/// True for bytes that stand for a part.
pub(in crate::node) fn is_stand_in(bytes: &[u8]) -> bool {
    STAND_IN.as_ptr_range().contains(&bytes.as_ptr())
}

/// See the module.
pub struct Part {
    content: Arc<dyn Content>,
    range: ByteRange,
    sent_bytes: AtomicU64,
    /// False once the kernel has refused to send from this file.
    by_kernel: Arc<AtomicBool>,
}

impl std::fmt::Debug for Part {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Part({:?})", self.range)
    }
}

/// Why a part was not sent.
#[derive(Debug)]
pub(in crate::node) enum PartError {
    /// The connection failed.
    Connection(io::Error),
    /// The content cannot be read as it was.
    Content(StoreError),
}

impl Part {
    pub(super) fn new(
        content: Arc<dyn Content>,
        range: ByteRange,
        by_kernel: &Arc<AtomicBool>,
    ) -> Self {
        Self {
            content,
            range,
            sent_bytes: AtomicU64::new(0),
            by_kernel: Arc::clone(by_kernel),
        }
    }

    /// Bytes that stand for what is left after so many.
    pub(super) fn stand_in(&self, after: u64) -> &'static [u8] {
        let left = self.range.len().saturating_sub(after);
        &STAND_IN[..left.min(MOST_PART_BYTES) as usize]
    }

    /// True when the socket has taken so many.
    pub(super) fn has_sent(&self, bytes: u64) -> bool {
        self.sent_bytes.load(Ordering::Acquire) >= bytes
    }

    /// True when the socket has taken all of it.
    pub(in crate::node) fn is_over(&self) -> bool {
        self.has_sent(self.range.len())
    }

    /// Has the socket take some of it, up to so many bytes.
    pub(in crate::node) fn poll_send(
        &self,
        socket: &Socket,
        context: &mut Context<'_>,
        most: usize,
    ) -> Poll<Result<usize, PartError>> {
        let sent = self.sent_bytes.load(Ordering::Acquire);
        let start = self.range.start + sent;
        let most = (most as u64).min(self.range.end - start);
        let count = match self.content.kernel_file() {
            Some(file) if self.by_kernel.load(Ordering::Relaxed) => {
                match ready!(socket.poll_send_file(context, file, start, most as usize)) {
                    Ok(0) if most > 0 => {
                        let error = io::Error::from(io::ErrorKind::UnexpectedEof);
                        let why = self.content.check_unchanged().err();
                        let why = why.unwrap_or_else(|| self.content.error(&error));
                        return Poll::Ready(Err(PartError::Content(why)));
                    }
                    Ok(count) => count,
                    Err(error) if is_unsupported(&error) => {
                        tracing::debug!(%error, "the kernel cannot send this file");
                        self.by_kernel.store(false, Ordering::Relaxed);
                        ready!(self.poll_copy(socket, context, start, most))?
                    }
                    // No socket says that.
                    Err(error) if is_of_the_disk(&error) => {
                        let why = self.content.error(&error);
                        return Poll::Ready(Err(PartError::Content(why)));
                    }
                    Err(error) => return Poll::Ready(Err(PartError::Connection(error))),
                }
            }
            _ => ready!(self.poll_copy(socket, context, start, most))?,
        };
        self.sent_bytes.fetch_add(count as u64, Ordering::Release);
        Poll::Ready(Ok(count))
    }

    /// The same through memory.
    fn poll_copy(
        &self,
        socket: &Socket,
        context: &mut Context<'_>,
        start: u64,
        most: u64,
    ) -> Poll<Result<usize, PartError>> {
        let end = start + most.min(READ_BYTES);
        let mut bytes = Vec::new();
        let read = self.content.read_at(ByteRange { start, end }, &mut bytes);
        if let Err(error) = read.and_then(|()| self.content.check_unchanged()) {
            return Poll::Ready(Err(PartError::Content(error)));
        }
        let written = ready!(socket.poll_try_write(context, &bytes));
        Poll::Ready(written.map_err(PartError::Connection))
    }
}

/// True if the kernel cannot send a file on a stream.
pub(super) fn is_unsupported(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::InvalidInput | io::ErrorKind::Unsupported
    )
}

/// True for what only a disk says.
pub(super) fn is_of_the_disk(error: &io::Error) -> bool {
    error.raw_os_error() == Some(rustix::io::Errno::IO.raw_os_error())
}
