//! Blocks of objects on their way to receivers: fetched ahead, several at once, shared by all who read the same, and no more
//! of them than there is memory for.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use bytes::Bytes;
use parking_lot::Mutex;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, watch};

use super::bucket::Bucket;
use crate::{
    model::{ByteRange, FileName},
    net::objects::Tag,
    store::StoreError,
};

/// Bytes of a block: what a far store needs some hundredths of a second for is worth a request.
pub(super) const BLOCK_BYTES: u64 = 4 << 20;
/// Blocks that are kept or under way: 256 MiB.
const MOST_BLOCKS: usize = 64;
/// Blocks that are fetched ahead for one range.
const MOST_AHEAD: u64 = 8;

/// An object in one state, of which blocks are fetched.
#[derive(Debug)]
pub(super) struct Source {
    pub(super) name: FileName,
    pub(super) tag: Tag,
    pub(super) bytes: u64,
}

impl Source {
    fn key(&self, block: u64) -> Key {
        (self.name.clone(), self.tag.clone(), block)
    }

    /// The bytes of a block.
    pub(super) fn range(&self, block: u64) -> ByteRange {
        let start = block * BLOCK_BYTES;
        ByteRange {
            start,
            end: self.bytes.min(start + BLOCK_BYTES),
        }
    }
}

type Key = (FileName, Tag, u64);
type Got = Option<Result<Bytes, StoreError>>;

#[derive(Debug)]
struct Block {
    got: watch::Sender<Got>,
    /// When it was asked for last.
    used: AtomicU64,
    _room: OwnedSemaphorePermit,
}

/// See the module. Clones are the same.
#[derive(Clone, Debug)]
pub(super) struct Blocks(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    bucket: Bucket,
    room: Arc<Semaphore>,
    /// A block has come, or has gone.
    moved: Notify,
    blocks: Mutex<HashMap<Key, Arc<Block>>>,
    clock: AtomicU64,
}

impl Blocks {
    pub(super) fn new(bucket: Bucket) -> Self {
        Self(Arc::new(Inner {
            bucket,
            room: Arc::new(Semaphore::new(MOST_BLOCKS)),
            moved: Notify::new(),
            blocks: Mutex::default(),
            clock: AtomicU64::new(0),
        }))
    }

    /// Begins to fetch what a range lies in, as far as there is room.
    pub(super) fn ahead(&self, source: &Arc<Source>, range: ByteRange) {
        for block in blocks_of(range).take(MOST_AHEAD as usize) {
            if self.block(source, block).is_none() {
                return;
            }
        }
    }

    /// A block, once it is here. Cancel-safe: whoever else waits for it gets it.
    pub(super) async fn get(&self, source: &Arc<Source>, block: u64) -> Result<Bytes, StoreError> {
        loop {
            let moved = self.0.moved.notified();
            tokio::pin!(moved);
            moved.as_mut().enable();
            let Some(found) = self.block(source, block) else {
                moved.await;
                continue;
            };
            let mut got = found.got.subscribe();
            drop(found);
            if let Ok(got) = got.wait_for(Option::is_some).await
                && let Some(got) = got.as_ref()
            {
                return got.clone();
            }
            // Its task ended with the node.
            let why = crate::model::RemoteError::unreachable("this node stops");
            return Err(self.0.bucket.fail(source.name.as_str(), why.into()));
        }
    }

    /// A block that is here or under way from now on; `None` when there is no room for it.
    fn block(&self, source: &Arc<Source>, block: u64) -> Option<Arc<Block>> {
        let now = self.0.clock.fetch_add(1, Ordering::Relaxed);
        let mut blocks = self.0.blocks.lock();
        let key = source.key(block);
        if let Some(found) = blocks.get(&key) {
            found.used.store(now, Ordering::Relaxed);
            return Some(Arc::clone(found));
        }
        let room = || Arc::clone(&self.0.room).try_acquire_owned().ok();
        let room = room().or_else(|| {
            let oldest = blocks
                .iter()
                .filter(|(_, block)| block.got.borrow().is_some())
                .min_by_key(|(_, block)| block.used.load(Ordering::Relaxed));
            let oldest = oldest.map(|(key, _)| key.clone())?;
            blocks.remove(&oldest);
            room()
        })?;
        let fresh = Arc::new(Block {
            got: watch::Sender::new(None),
            used: AtomicU64::new(now),
            _room: room,
        });
        blocks.insert(key, Arc::clone(&fresh));
        drop(blocks);
        self.fetch(Arc::clone(source), block, &fresh);
        Some(fresh)
    }

    fn fetch(&self, source: Arc<Source>, block: u64, fresh: &Arc<Block>) {
        let (this, fresh) = (self.clone(), Arc::clone(fresh));
        self.0.bucket.spawn(async move {
            let bucket = &this.0.bucket;
            let (range, name) = (source.range(block), source.name.as_str());
            let got = bucket
                .objects
                .read(name, &source.tag, range.start..range.end);
            let got = got.await.map_err(|error| bucket.fail(name, error));
            if got.is_err() {
                // Who asks next tries again.
                this.0.blocks.lock().remove(&source.key(block));
            }
            fresh.got.send_replace(Some(got));
            drop(fresh);
            this.0.moved.notify_waiters();
        });
    }
}

/// The blocks that a range lies in.
pub(super) fn blocks_of(range: ByteRange) -> std::ops::Range<u64> {
    if range.is_empty() {
        return 0..0;
    }
    range.start / BLOCK_BYTES..range.end.div_ceil(BLOCK_BYTES)
}
