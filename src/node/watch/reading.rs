//! One reader of a content that comes: its bytes in order, as they are taken.

use std::time::Duration;

use bytes::Bytes;
use tokio::time::{Instant, timeout};

use super::{
    end::{PATIENCE, WatchEnd},
    place::Found,
    watched::Watched,
};
use crate::{
    engine::download::ReaderId,
    model::{ByteRange, ChunkIndex},
};

/// Bytes of a piece.
const PIECE_BYTES: u64 = 256 << 10;

/// See the module. What is wanted for it is not wanted any more when it is dropped.
#[derive(Debug)]
pub struct Reading {
    watched: Watched,
    id: ReaderId,
    rest: ByteRange,
    /// A chunk in memory that is being read.
    chunk: Option<(ChunkIndex, Bytes)>,
    /// The last chunk that was looked for.
    looked_for: Option<ChunkIndex>,
    looked: Option<Looked>,
}

/// How a reader found a chunk that it came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Looked {
    /// It was there.
    pub was_there: bool,
    /// How long it was waited for.
    pub waited: Duration,
}

/// A reader, for whoever may have to end it. Holds nothing for it.
#[derive(Clone, Debug)]
pub struct ReaderHandle {
    watched: Watched,
    id: ReaderId,
}

impl ReaderHandle {
    /// Since when nobody waits for its bytes; `None` while somebody does, and once it has gone.
    pub fn idle_since(&self) -> Option<Instant> {
        self.watched.idle_since(self.id)
    }

    /// Sends it away.
    pub fn end(&self) {
        self.watched.displace(self.id);
    }
}

impl Reading {
    pub(super) fn new(watched: Watched, id: ReaderId, rest: ByteRange) -> Self {
        Self {
            watched,
            id,
            rest,
            chunk: None,
            looked_for: None,
            looked: None,
        }
    }

    /// For whoever may have to end it.
    pub fn handle(&self) -> ReaderHandle {
        ReaderHandle {
            watched: self.watched.clone(),
            id: self.id,
        }
    }

    /// How the last chunk was found, once for each that this reader came to.
    pub fn looked(&mut self) -> Option<Looked> {
        self.looked.take()
    }

    /// Where it is, in bytes.
    pub fn position(&self) -> u64 {
        self.rest.start
    }

    /// Bytes that are still to come.
    pub fn rest_bytes(&self) -> u64 {
        self.rest.len()
    }

    /// Waits until there is something to read, and takes nothing. Cancel-safe.
    ///
    /// # Errors
    /// When the rest does not come.
    pub async fn first(&mut self) -> Result<(), WatchEnd> {
        if self.rest.is_empty() {
            return Ok(());
        }
        self.found().await.map(drop)
    }

    /// The next piece, verified, as soon as it is there; `None` after the last.
    ///
    /// # Errors
    /// When the rest does not come. Whoever passes pieces on must not let this look like their end.
    pub async fn next(&mut self) -> Option<Result<Bytes, WatchEnd>> {
        if self.rest.is_empty() {
            return None;
        }
        self.watched.set_idle(self.id, false);
        let piece = self.piece().await;
        self.watched.set_idle(self.id, true);
        Some(piece)
    }

    async fn piece(&mut self) -> Result<Bytes, WatchEnd> {
        let layout = self.watched.meta().layout;
        let chunk = layout.chunk_at(self.rest.start);
        let whole = layout.byte_range(chunk);
        let end = self.rest.end.min(whole.end);
        let piece = ByteRange {
            start: self.rest.start,
            end: end.min(self.rest.start + PIECE_BYTES),
        };
        let kept = self.chunk.take().filter(|(kept, _)| *kept == chunk);
        let found = match kept {
            Some((_, bytes)) => Found::Memory(bytes),
            None => self.found().await?,
        };
        let bytes = match found {
            Found::Memory(all) => {
                let from = (piece.start - whole.start) as usize;
                let bytes = all.slice(from..from + piece.len() as usize);
                self.chunk = (piece.end < end).then_some((chunk, all));
                bytes
            }
            Found::File(file) => {
                let read = tokio::task::spawn_blocking(move || file.read(piece));
                let read = read.await.map_err(|_| WatchEnd::Stopped)?;
                let read = read.map_err(|error| {
                    tracing::warn!(%error, "what has come cannot be read");
                    WatchEnd::Changed
                });
                Bytes::from(read?)
            }
        };
        self.rest.start = piece.end;
        let position = match self.rest.is_empty() {
            true => ChunkIndex(chunk.0 + 1),
            false => layout.chunk_at(self.rest.start),
        };
        self.watched.took(self.id, piece.len(), position);
        Ok(bytes)
    }

    /// The chunk that comes next, once it is there.
    async fn found(&mut self) -> Result<Found, WatchEnd> {
        let chunk = self.watched.meta().layout.chunk_at(self.rest.start);
        let (began, mut was_there) = (Instant::now(), true);
        let waiting = async {
            loop {
                let changed = self.watched.changed();
                tokio::pin!(changed);
                changed.as_mut().enable();
                if let Some(found) = self.watched.find(self.id, chunk)? {
                    return Ok(found);
                }
                was_there = false;
                changed.await;
            }
        };
        let found = timeout(PATIENCE, waiting).await;
        // A file is asked again for each piece of a chunk.
        if self.looked_for.replace(chunk) != Some(chunk) {
            let waited = began.elapsed();
            self.looked = Some(Looked { was_there, waited });
        }
        found.unwrap_or(Err(WatchEnd::Stalled))
    }
}

impl Watched {
    /// Begins to read a range, which is cut to what there is.
    pub fn read(&self, range: ByteRange) -> Reading {
        let layout = self.meta().layout;
        let end = range.end.min(layout.file_bytes());
        let range = ByteRange {
            start: range.start.min(end),
            end,
        };
        let position = layout.chunk_at(range.start);
        let end = ChunkIndex(match range.end.checked_sub(1) {
            Some(last) => layout.chunk_at(last).0 + 1,
            None => 0,
        });
        let reader = self.add(position, end, None);
        Reading::new(self.clone(), reader, range)
    }
}

impl Drop for Reading {
    fn drop(&mut self) {
        self.watched.leave(self.id);
    }
}
