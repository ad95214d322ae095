//! How a data connection ends, and why a frame was not sent.

use std::io;

use crate::{node::Refused, store::StoreError};

/// Why a data connection ends; told to the peer when it was refused.
#[derive(Debug)]
pub(super) enum End {
    /// The peer is gone, or asked for the end.
    Quiet,
    /// The peer is told.
    Told(Refused),
    /// The peer takes too little of what is sent to it.
    TookNothing,
}

impl From<Refused> for End {
    fn from(refused: Refused) -> Self {
        Self::Told(refused)
    }
}

/// True when the kernel cannot send this file on this stream.
pub(super) fn is_unsupported(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::InvalidInput | io::ErrorKind::Unsupported
    )
}

impl From<io::Error> for End {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::TimedOut => Self::TookNothing,
            _ => Self::Quiet,
        }
    }
}

/// Why a frame was not sent.
pub(super) enum NotSent {
    /// Nothing was, as it is not wanted any more.
    Withdrawn,
    /// Nothing was, as the file could not be read.
    Read(StoreError),
    /// Some of it was, and the rest is not there.
    Cut(StoreError),
    Ended(End),
}

impl From<End> for NotSent {
    fn from(end: End) -> Self {
        Self::Ended(end)
    }
}

impl From<io::Error> for NotSent {
    fn from(error: io::Error) -> Self {
        Self::Ended(error.into())
    }
}
