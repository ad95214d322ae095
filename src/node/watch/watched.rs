//! What the readers of a content share with each other and with the fetch that brings it. `fetched` is what that one does.

mod fetched;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, OnceLock},
};

use parking_lot::Mutex;
use tokio::{sync::Notify, time::Instant};

use super::{
    end::WatchEnd,
    place::{ChunkPlace, Found, Place},
    window::Window,
};
use crate::{
    engine::download::{ReaderAt, ReaderId},
    model::{ChunkIndex, ChunkSet, FileMeta, Manifest},
    node::face::Streaming,
};

/// The end of a content that players want at once, in bytes: some formats have their index there.
const TAIL_BYTES: u64 = 8 << 20;
const MOST_TAIL_CHUNKS: u32 = 2;
/// And the beginning.
const HEAD_CHUNKS: u32 = 2;

/// How much memory readers may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WatchLimits {
    /// Verified chunks that are kept in memory, where there is no file.
    pub cache_bytes: u64,
    /// What is kept for one reader ahead of it.
    pub window_bytes: u64,
}

impl WatchLimits {
    /// Of whoever watches alone.
    pub const ALONE: Self = Self {
        cache_bytes: 256 << 20,
        window_bytes: 64 << 20,
    };
}

/// A content that is read while it comes. Copies are the same.
#[derive(Clone, Debug)]
pub struct Watched(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    meta: FileMeta,
    manifest: Arc<OnceLock<Arc<Manifest>>>,
    limits: WatchLimits,
    /// Where it is counted, once somebody has asked for that.
    counts: OnceLock<Arc<Streaming>>,
    state: Mutex<State>,
    /// Readers look again.
    changed: Notify,
    /// The fetch looks again.
    moved: Notify,
}

#[derive(Debug)]
struct State {
    readers: BTreeMap<ReaderId, Reader>,
    last: u64,
    /// Readers that the fetch has to hear of, and those that are gone.
    dirty: BTreeSet<ReaderId>,
    gone: Vec<ReaderId>,
    /// Chunks that are not kept any more.
    forgotten: Vec<ChunkIndex>,
    place: Place,
    end: Option<WatchEnd>,
    is_prepared: bool,
    /// Most that is kept in memory.
    cache_bytes: u64,
    /// Bytes that came in vain.
    wasted_bytes: u64,
    counted: Counted,
}

/// What of a content has been counted.
#[derive(Clone, Copy, Debug, Default)]
struct Counted {
    kept_bytes: u64,
    wasted_bytes: u64,
}

#[derive(Clone, Copy, Debug)]
struct Reader {
    position: ChunkIndex,
    /// One past the last chunk that it reads.
    end: ChunkIndex,
    window: Window,
    /// Chunks that are wanted of it whatever its window is.
    fixed_chunks: Option<u32>,
    /// Since when nothing was asked of it; `None` while somebody waits for its bytes.
    idle_since: Option<Instant>,
}

impl Reader {
    /// Since when nobody waits for its bytes, if somebody reads them at all.
    fn idle_since(&self) -> Option<Instant> {
        self.idle_since.filter(|_| self.fixed_chunks.is_none())
    }
}

/// What the fetch has to hear.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::node) enum News {
    Read(ReaderAt),
    Left(ReaderId),
    Forgotten(ChunkIndex),
}

/// For readers, and whoever gives them out.
impl Watched {
    /// The content.
    pub fn meta(&self) -> &FileMeta {
        &self.0.meta
    }

    /// Its digests, once a source has brought them.
    ///
    /// # Errors
    /// When the fetch has ended before.
    pub async fn manifest(&self) -> Result<Arc<Manifest>, WatchEnd> {
        loop {
            let changed = self.0.changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            if let Some(manifest) = self.0.manifest.get() {
                return Ok(Arc::clone(manifest));
            }
            if let Some(end) = self.0.state.lock().end.clone() {
                return Err(end);
            }
            changed.await;
        }
    }

    /// Its digests, if a source has brought them.
    pub(in crate::node) fn known_manifest(&self) -> Option<Arc<Manifest>> {
        self.0.manifest.get().cloned()
    }

    /// The file with its chunks, and which are there, if they are kept in one.
    pub(in crate::node) fn in_file(&self) -> Option<(Arc<dyn ChunkPlace>, ChunkSet)> {
        self.0.state.lock().place.in_file()
    }

    /// Has the beginning and the end brought at once, and kept for as long as this is watched: players look there first.
    pub fn prepare_to_play(&self) {
        if std::mem::replace(&mut self.0.state.lock().is_prepared, true) {
            return;
        }
        let layout = self.0.meta.layout;
        let count = layout.chunk_count();
        let chunk = u64::from(layout.chunk_bytes());
        let tail = TAIL_BYTES.div_ceil(chunk).min(MOST_TAIL_CHUNKS.into()) as u32;
        let head = HEAD_CHUNKS.min(count);
        self.add(ChunkIndex(0), ChunkIndex(head), Some(head));
        let (first, tail) = (count.saturating_sub(tail), tail.min(count));
        self.add(ChunkIndex(first), ChunkIndex(count), Some(tail));
    }

    /// Those who read now.
    pub fn readers(&self) -> usize {
        let state = self.0.state.lock();
        state
            .readers
            .values()
            .filter(|r| r.fixed_chunks.is_none())
            .count()
    }

    /// True when nothing more is fetched, and not all has come: whoever wants to read needs another fetch.
    pub fn is_over(&self) -> bool {
        self.0.state.lock().end.is_some()
    }

    /// What is kept, sent in vain and waited for is counted there from now on, if it is not counted yet.
    pub fn count_in(&self, counts: &Arc<Streaming>) {
        self.0.counts.get_or_init(|| Arc::clone(counts));
        self.count(&mut self.0.state.lock());
    }

    pub(super) fn add(
        &self,
        position: ChunkIndex,
        end: ChunkIndex,
        fixed_chunks: Option<u32>,
    ) -> ReaderId {
        let now = Instant::now();
        let mut state = self.0.state.lock();
        // 0 is whoever reads from the beginning.
        state.last += 1;
        let id = ReaderId(state.last);
        let reader = Reader {
            position,
            end,
            window: Window::new(now),
            fixed_chunks,
            idle_since: Some(now),
        };
        state.readers.insert(id, reader);
        state.dirty.insert(id);
        drop(state);
        self.0.moved.notify_one();
        id
    }
}

/// For one reader.
impl Watched {
    /// What a reader at a chunk finds; `None` when it has to wait.
    ///
    /// # Errors
    /// When nothing more comes.
    pub(super) fn find(&self, id: ReaderId, chunk: ChunkIndex) -> Result<Option<Found>, WatchEnd> {
        let mut state = self.0.state.lock();
        if !state.readers.contains_key(&id) {
            return Err(WatchEnd::Displaced);
        }
        match state.place.find(self.0.meta.layout, chunk) {
            Some(found) => Ok(Some(found)),
            None => state.end.clone().map_or(Ok(None), Err),
        }
    }

    /// Resolves once something is different.
    pub(super) fn changed(&self) -> tokio::sync::futures::Notified<'_> {
        self.0.changed.notified()
    }

    /// Since when nobody waits for the bytes of a reader.
    pub(super) fn idle_since(&self, id: ReaderId) -> Option<Instant> {
        self.0.state.lock().readers.get(&id)?.idle_since()
    }

    /// Sends a reader away.
    pub(super) fn displace(&self, id: ReaderId) {
        self.leave(id);
        self.0.changed.notify_waiters();
    }

    /// Somebody waits for the bytes of a reader, or does not any more.
    pub(super) fn set_idle(&self, id: ReaderId, is_idle: bool) {
        let mut state = self.0.state.lock();
        if let Some(reader) = state.readers.get_mut(&id) {
            reader.idle_since = is_idle.then(Instant::now);
        }
    }

    /// A reader took bytes, and is at this chunk now.
    pub(super) fn took(&self, id: ReaderId, bytes: u64, position: ChunkIndex) {
        let now = Instant::now();
        let most = self.0.limits.window_bytes;
        let mut state = self.0.state.lock();
        let Some(reader) = state.readers.get_mut(&id) else {
            return;
        };
        reader.window.took(now, bytes, most);
        if std::mem::replace(&mut reader.position, position) == position {
            return;
        }
        state.dirty.insert(id);
        drop(state);
        self.0.moved.notify_one();
    }

    /// A reader is gone.
    pub(super) fn leave(&self, id: ReaderId) {
        let mut state = self.0.state.lock();
        if state.readers.remove(&id).is_none() {
            return;
        }
        state.dirty.remove(&id);
        state.gone.push(id);
        drop(state);
        self.0.moved.notify_one();
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        if let Some(counts) = self.counts.get() {
            counts.keeps(self.state.get_mut().counted.kept_bytes, 0);
        }
    }
}
