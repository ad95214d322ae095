//! What can be seen of a download. Changes nothing.

use std::time::{Duration, Instant};

use super::{
    super::{ChunkMap, Snapshot, source::Source},
    Download,
};
use crate::model::{ChunkSet, ReceivedFrom, SourceId, Who};

impl Download {
    /// The download as it stands.
    pub fn snapshot(&self, now: Instant) -> Snapshot {
        let sources = self.sources.iter().map(|source| source.snapshot(now));
        let sources: Vec<_> = sources.collect();
        let rate: f64 = sources.iter().map(|source| source.rate_bytes_per_s).sum();
        let have_bytes = self.chunks.have_bytes();
        let received_bytes = have_bytes + self.sources.arriving_bytes();
        let left = self.layout.file_bytes().saturating_sub(received_bytes);
        let time_left = (rate >= 1.0)
            .then(|| Duration::try_from_secs_f64(left as f64 / rate).ok())
            .flatten();
        let elapsed = now.saturating_duration_since(self.began);
        let average = match elapsed.as_secs_f64() {
            // What is only watched may be there no more.
            seconds if seconds > 0.0 => {
                have_bytes.saturating_sub(self.resumed_bytes) as f64 / seconds
            }
            _ => 0.0,
        };
        Snapshot {
            file_bytes: self.layout.file_bytes(),
            have_bytes,
            received_bytes,
            resumed_bytes: self.resumed_bytes,
            chunk_count: self.layout.chunk_count(),
            have_chunks: self.chunks.have().len(),
            rate_bytes_per_s: rate,
            time_left,
            elapsed,
            average_bytes_per_s: average,
            wasted_bytes: sources.iter().map(|source| source.received.wasted).sum(),
            retries: sources.iter().map(|source| source.received.retries).sum(),
            waiting_for_sources: self.wait.is_on(),
            readers: self.readers.urgent(),
            sources,
        }
    }

    /// Where every chunk stands, in at most some thousand cells.
    pub fn chunk_map(&self) -> ChunkMap {
        let mut map = ChunkMap::empty(self.layout.chunk_count());
        for chunk in self.chunks.have().iter() {
            map.cell_mut(chunk).have += 1;
        }
        for (chunk, owners) in self.chunks.in_flight() {
            let cell = map.cell_mut(chunk);
            cell.in_flight = cell.in_flight.or_else(|| self.who(owners.first));
        }
        for chunk in self.parts.chunks() {
            let pieces = self.parts.pieces(chunk).iter();
            let mut owners = pieces.flat_map(|piece| piece.by.iter().chain(&piece.owners));
            let first = owners.next().and_then(|source| self.who(*source));
            let cell = map.cell_mut(chunk);
            cell.in_flight = cell.in_flight.or(first);
        }
        let brought_by = self.chunks.brought_by().iter();
        map.set_brought_by(brought_by.map(|by| by.and_then(|source| self.who(source))));
        map
    }

    /// Who a source is; `None` for one that was never listed.
    pub fn who(&self, source: SourceId) -> Option<Who> {
        self.sources.get(source).map(Source::who)
    }

    /// Who brought each chunk; `None` for a missing one and for one of an earlier run.
    pub fn brought_by(&self) -> &[Option<SourceId>] {
        self.chunks.brought_by()
    }

    /// Verified chunks.
    pub fn have(&self) -> &ChunkSet {
        self.chunks.have()
    }

    /// Verified bytes that earlier runs brought.
    pub fn resumed_bytes(&self) -> u64 {
        self.resumed_bytes
    }

    /// What each source that was ever listed brought, by id.
    pub fn received(&self) -> Vec<ReceivedFrom> {
        self.sources.iter().map(Source::received_from).collect()
    }
}
