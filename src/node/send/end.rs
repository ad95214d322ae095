//! How a data connection ends, and why a frame was not sent.

use std::io;

use crate::{node::Refused, store::StoreError};

/// Why a data connection ends.
#[derive(Debug)]
pub(super) enum End {
    /// The peer has gone, or has asked for the end.
    Quiet,
    /// The peer did something wrong, and is told.
    Told(Refused),
    /// The peer takes too little of what is sent to it.
    TookNothing,
}

impl From<Refused> for End {
    fn from(refused: Refused) -> Self {
        Self::Told(refused)
    }
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
#[derive(Debug)]
pub(super) enum NotSent {
    /// Before anything was sent, it was taken back, or must be shorter.
    Withdrawn,
    /// Nothing was sent, as the content could not be read.
    Read(StoreError),
    /// Some of it was sent, but the rest cannot be read.
    Cut(StoreError),
    /// The connection ends.
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
