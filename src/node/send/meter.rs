//! Counts what one receiver is sent, for all who need to know.

use std::{io, time::Duration};

use super::{patience::Patience, uplink::Share};
use crate::node::rules::sent::Sending;

/// See the module.
#[derive(Debug)]
pub(super) struct Meter {
    share: Share,
    patience: Patience,
    books: Option<Books>,
}

/// The books of the open transfer.
#[derive(Debug)]
struct Books {
    sending: Sending,
    /// What this connection has sent in it, in bytes.
    sent_bytes: u64,
}

impl Meter {
    pub(super) fn new(share: Share) -> Self {
        Self {
            share,
            patience: Patience::default(),
            books: None,
        }
    }

    /// From now on this transfer is sent.
    pub(super) fn open(&mut self, sending: Sending) {
        self.books = Some(Books {
            sending,
            sent_bytes: 0,
        });
    }

    /// The transfer is over; gives the bytes that were sent in it.
    pub(super) fn close(&mut self) -> u64 {
        self.books.take().map_or(0, |books| books.sent_bytes)
    }

    /// The receiver's share of the uplink.
    pub(super) fn share(&self) -> &Share {
        &self.share
    }

    /// The socket took so many bytes of payload after such a wait.
    ///
    /// # Errors
    /// `TimedOut` when it has taken too little for too long.
    pub(super) fn took(&mut self, bytes: usize, waited: Duration) -> io::Result<()> {
        let payload = bytes as u64;
        self.share.took(payload);
        if let Some(books) = &mut self.books {
            books.sending.add_bytes(payload);
            books.sent_bytes += payload;
        }
        self.patience.took(payload, waited)
    }

    /// All of a chunk was sent.
    pub(super) fn took_chunk(&self) {
        if let Some(books) = &self.books {
            books.sending.add_chunk();
        }
    }

    /// All of a part of the legacy protocol was sent.
    pub(super) fn took_part(&self, part: u8) {
        if let Some(books) = &self.books {
            books.sending.set_whole_part(part);
        }
    }
}
