//! What the fetch does with what its readers share.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, OnceLock},
};

use bytes::Bytes;
use parking_lot::Mutex;
use tokio::sync::Notify;

use super::{Counted, News, Reader, Shared, State, WatchLimits, Watched};
use crate::{
    engine::download::{ReaderAt, ReaderId},
    model::{ChunkIndex, ChunkSet, FileMeta, Manifest},
    node::watch::{
        cache::Cache,
        end::WatchEnd,
        place::{ChunkPlace, Found, Place},
    },
};

impl Watched {
    /// Nobody reads, and nothing is there.
    pub(in crate::node) fn new(
        meta: FileMeta,
        manifest: Arc<OnceLock<Arc<Manifest>>>,
        limits: WatchLimits,
    ) -> Self {
        let state = State {
            readers: BTreeMap::new(),
            last: 0,
            dirty: BTreeSet::new(),
            gone: Vec::new(),
            forgotten: Vec::new(),
            place: Place::None,
            end: None,
            is_prepared: false,
            cache_bytes: limits.cache_bytes,
            wasted_bytes: 0,
            counted: Counted::default(),
        };
        Self(Arc::new(Shared {
            meta,
            manifest,
            limits,
            counts: OnceLock::new(),
            state: Mutex::new(state),
            changed: Notify::new(),
            moved: Notify::new(),
        }))
    }

    /// Resolves once readers have moved. Cancel-safe.
    pub(in crate::node) async fn moved(&self) {
        self.0.moved.notified().await;
    }

    /// What has happened since the last call.
    pub(in crate::node) fn news(&self) -> Vec<News> {
        let mut state = self.0.state.lock();
        let gone = std::mem::take(&mut state.gone);
        let forgotten = std::mem::take(&mut state.forgotten);
        let dirty = std::mem::take(&mut state.dirty);
        let most = self.window_bytes(&state);
        let at = dirty.into_iter().filter_map(|id| {
            let reader = state.readers.get(&id)?;
            Some(News::Read(self.at(id, reader, most)))
        });
        let forgotten = forgotten.into_iter().map(News::Forgotten);
        let at: Vec<_> = at.collect();
        let gone = gone.into_iter().map(News::Left);
        forgotten.chain(at).chain(gone).collect()
    }

    fn at(&self, id: ReaderId, reader: &Reader, most_bytes: u64) -> ReaderAt {
        ReaderAt {
            reader: id,
            position: reader.position,
            window_chunks: self.wanted(reader, most_bytes),
            is_urgent: reader.fixed_chunks.is_none(),
        }
    }

    /// How many chunks are wanted for a reader, from where it is.
    fn wanted(&self, reader: &Reader, most_bytes: u64) -> u32 {
        let window = reader.window.chunks(self.0.meta.layout, most_bytes);
        let left = reader.end.0.saturating_sub(reader.position.0);
        reader.fixed_chunks.unwrap_or(window).min(left)
    }

    /// What may be kept for each reader: in memory all of them share one half of it, so that what they have read stays for a
    /// while.
    fn window_bytes(&self, state: &State) -> u64 {
        let most = self.0.limits.window_bytes;
        match &state.place {
            Place::Memory { cache, .. } => {
                let readers = state.readers.len().max(1) as u64;
                most.min(cache.most_bytes() / 2 / readers)
            }
            Place::None | Place::File { .. } => most,
        }
    }

    /// Chunks are kept in memory; these are nothing but zeros, and nobody brings them.
    pub(in crate::node) fn keep_in_memory(&self, zeros: ChunkSet) {
        let mut state = self.0.state.lock();
        let cache = Cache::new(state.cache_bytes);
        state.place = Place::Memory { cache, zeros };
        drop(state);
        self.0.changed.notify_waiters();
    }

    /// Chunks are in a file, these already.
    pub(in crate::node) fn keep_in_file(&self, file: Arc<dyn ChunkPlace>, have: ChunkSet) {
        self.0.state.lock().place = Place::File { file, have };
        self.0.changed.notify_waiters();
    }

    /// The digests are known.
    pub(in crate::node) fn knows_manifest(&self) {
        self.0.changed.notify_waiters();
    }

    /// Keeps a verified chunk in memory.
    pub(in crate::node) fn put(&self, chunk: ChunkIndex, bytes: Bytes) {
        self.with_cache(|cache, distance| cache.put(chunk, bytes, distance));
    }

    /// Keeps no more than so many bytes in memory from now on.
    pub(in crate::node) fn set_cache_bytes(&self, bytes: u64) {
        let mut state = self.0.state.lock();
        state.cache_bytes = bytes;
        // They are told how much less, or more, is kept for them.
        state.dirty = state.readers.keys().copied().collect();
        drop(state);
        self.with_cache(|cache, distance| cache.set_most(bytes, distance));
        self.0.moved.notify_one();
    }

    /// Does something with the cache that may cost chunks. It is told how far ahead of a reader a chunk is that one waits
    /// for.
    fn with_cache(
        &self,
        act: impl FnOnce(&mut Cache, &dyn Fn(ChunkIndex) -> Option<u32>) -> Vec<ChunkIndex>,
    ) {
        let mut state = self.0.state.lock();
        let most = self.window_bytes(&state);
        let windows: Vec<(u32, u32)> = state
            .readers
            .values()
            .map(|reader| (reader.position.0, self.wanted(reader, most)))
            .collect();
        let distance = |chunk: ChunkIndex| {
            let ahead = windows.iter().filter_map(|(position, chunks)| {
                let ahead = chunk.0.checked_sub(*position)?;
                (ahead < *chunks).then_some(ahead)
            });
            ahead.min()
        };
        if let Place::Memory { cache, .. } = &mut state.place {
            let gone = act(cache, &distance);
            state.forgotten.extend(gone);
        }
        self.count(&mut state);
        let has_forgotten = !state.forgotten.is_empty();
        drop(state);
        if has_forgotten {
            self.0.moved.notify_one();
        }
    }

    /// Bytes have come that nobody needs any more, so many in all.
    pub(in crate::node) fn wasted(&self, bytes: u64) {
        let mut state = self.0.state.lock();
        state.wasted_bytes = bytes;
        self.count(&mut state);
    }

    /// Counts what is new.
    pub(super) fn count(&self, state: &mut State) {
        let Some(counts) = self.0.counts.get() else {
            return;
        };
        let kept_bytes = match &state.place {
            Place::Memory { cache, .. } => cache.bytes(),
            Place::None | Place::File { .. } => 0,
        };
        counts.keeps(state.counted.kept_bytes, kept_bytes);
        counts.cancelled(
            state
                .wasted_bytes
                .saturating_sub(state.counted.wasted_bytes),
        );
        state.counted = Counted {
            kept_bytes,
            wasted_bytes: state.wasted_bytes,
        };
    }

    /// A chunk was verified. False if it is not there all the same, as it had to go meanwhile.
    pub(in crate::node) fn arrived(&self, chunk: ChunkIndex) -> bool {
        let is_there = self.0.state.lock().place.arrived(chunk);
        self.0.changed.notify_waiters();
        is_there
    }

    /// Where a chunk is that is there.
    pub(in crate::node) fn bytes_of(
        &self,
        chunk: ChunkIndex,
    ) -> Option<Result<Bytes, Arc<dyn ChunkPlace>>> {
        let found = self.0.state.lock().place.find(self.0.meta.layout, chunk)?;
        Some(match found {
            Found::Memory(bytes) => Ok(bytes),
            Found::File(file) => Err(file),
        })
    }

    /// Nothing more comes.
    pub(in crate::node) fn end(&self, end: WatchEnd) {
        let mut state = self.0.state.lock();
        state.end.get_or_insert(end);
        if matches!(state.place, Place::File { .. }) {
            // Whoever goes on with the file finds it free.
            state.place = Place::None;
        }
        drop(state);
        self.0.changed.notify_waiters();
    }
}
