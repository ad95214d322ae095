//! Digests of objects, kept beside them as segments below `.trozos/indice`: a node that starts elsewhere, or has lost its own
//! cache, reads them instead of all objects. A segment is never changed; many become one. Lines are checked by whoever reads
//! them.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use parking_lot::Mutex;
use tokio::{sync::Notify, time::sleep};

use super::{bucket::Bucket, looking::HIDDEN};
use crate::{net::objects::Expect, node::clock::wall_ms};

/// How long lines are gathered.
const GATHER_FOR: Duration = Duration::from_secs(3);
/// How long to wait after one could not be written.
const AGAIN_AFTER: Duration = Duration::from_secs(30);
/// Longest segment, in bytes.
const MOST_SEGMENT: usize = 32 << 20;
/// Lines that wait to be written, in bytes; more of them are read again by a later run.
const MOST_PENDING: usize = 128 << 20;
/// Bytes of all segments that are read.
const MOST_READ: u64 = 2 << 30;
/// Segments that are listed.
const MOST_SEGMENTS: usize = 10_000;
/// From so many on they are made one.
const MANY: usize = 12;
/// Segments that are read at once.
const AT_ONCE: usize = 6;
/// How long the last lines may take to be written, at the end.
const LAST_WITHIN: Duration = Duration::from_secs(5);

/// See the module. Clones are the same.
#[derive(Clone, Debug)]
pub(super) struct Digests(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    bucket: Bucket,
    pending: Mutex<Vec<u8>>,
    /// Segments whose lines this node knows.
    known: Mutex<BTreeSet<String>>,
    wake: Notify,
}

impl Digests {
    pub(super) fn new(bucket: &Bucket) -> Self {
        let this = Self(Arc::new(Inner {
            bucket: bucket.clone(),
            pending: Mutex::default(),
            known: Mutex::default(),
            wake: Notify::new(),
        }));
        let writer = this.clone();
        bucket.spawn(async move {
            loop {
                writer.0.wake.notified().await;
                sleep(GATHER_FOR).await;
                while !writer.flush().await {
                    sleep(AGAIN_AFTER).await;
                }
            }
        });
        this
    }

    fn folder() -> String {
        format!("{HIDDEN}/indice/")
    }

    /// What is kept, the oldest first.
    pub(super) fn load(&self) -> Vec<Bytes> {
        let inner = &self.0;
        let loading = async {
            let objects = &inner.bucket.objects;
            let listed = match objects.list(&Self::folder(), MOST_SEGMENTS).await {
                Ok(listed) => listed,
                Err(error) => {
                    tracing::warn!(%error, "digests beside the files");
                    return Vec::new();
                }
            };
            let mut left = MOST_READ;
            let fits = |bytes: u64| {
                let fits = bytes <= left && bytes <= 2 * MOST_SEGMENT as u64;
                left = left.saturating_sub(bytes);
                fits
            };
            let mut fits = fits;
            let keys = listed.into_iter().filter(|(_, object)| fits(object.bytes));
            let keys: Vec<String> = keys.map(|(key, _)| key).collect();
            let read = stream::iter(keys).map(|key| async move {
                let read = objects.read_small(&key, 2 * MOST_SEGMENT as u64).await;
                (key, read)
            });
            let read: Vec<_> = read.buffered(AT_ONCE).collect().await;
            let mut segments = Vec::new();
            for (key, bytes) in read {
                match bytes {
                    Ok(bytes) => {
                        inner.known.lock().insert(key);
                        segments.push(bytes);
                    }
                    Err(error) => tracing::warn!(key, %error, "digests beside the files"),
                }
            }
            segments
        };
        inner.bucket.wait(loading).unwrap_or_default()
    }

    /// Has more lines kept.
    pub(super) fn keep(&self, lines: Vec<u8>) {
        let mut pending = self.0.pending.lock();
        if pending.len() + lines.len() <= MOST_PENDING {
            pending.extend(lines);
            self.0.wake.notify_one();
        }
    }

    /// Makes one of many segments.
    pub(super) fn replace(&self, all: &dyn Fn() -> Vec<u8>) {
        if self.0.known.lock().len() < MANY {
            return;
        }
        let (this, lines) = (self.clone(), all());
        self.0.bucket.spawn(async move {
            let old = this.0.known.lock().clone();
            if this.write(lines).await.is_err() {
                return;
            }
            for key in old {
                if this.0.bucket.objects.remove(&key).await.is_ok() {
                    this.0.known.lock().remove(&key);
                }
            }
        });
    }

    /// Writes what waits, at the end of this node.
    pub(super) fn finish(&self) {
        let last = async {
            let flushed = tokio::time::timeout(LAST_WITHIN, self.flush()).await;
            if !matches!(flushed, Ok(true)) {
                tracing::warn!("the last digests are not kept beside the files");
            }
        };
        self.0.bucket.wait(last);
    }

    /// False when what waits could not be written, and still waits.
    async fn flush(&self) -> bool {
        let lines = std::mem::take(&mut *self.0.pending.lock());
        match self.write(lines).await {
            Ok(()) => true,
            Err(rest) => {
                let mut pending = self.0.pending.lock();
                let later = std::mem::replace(&mut *pending, rest);
                pending.extend(later);
                false
            }
        }
    }

    /// Writes lines as segments; gives those back that could not be.
    async fn write(&self, mut lines: Vec<u8>) -> Result<(), Vec<u8>> {
        while !lines.is_empty() {
            let rest = lines.split_off(cut(&lines));
            let random = fastrand::u32(..);
            let key = format!("{}{:015}-{random:08x}", Self::folder(), wall_ms());
            let bytes = Bytes::from(lines);
            let put = self
                .0
                .bucket
                .objects
                .put(&key, bytes.clone(), &Expect::Anything);
            if let Err(error) = put.await {
                tracing::warn!(%error, "digests are not kept beside the files");
                let mut left = bytes.to_vec();
                left.extend(rest);
                return Err(left);
            }
            self.0.known.lock().insert(key);
            lines = rest;
        }
        Ok(())
    }
}

/// Where a segment ends: with a line.
fn cut(lines: &[u8]) -> usize {
    if lines.len() <= MOST_SEGMENT {
        return lines.len();
    }
    let end = lines[..MOST_SEGMENT]
        .iter()
        .rposition(|byte| *byte == b'\n');
    // A line that is longer than a segment is one all the same.
    let next = || lines.iter().position(|byte| *byte == b'\n');
    end.or_else(next).map_or(lines.len(), |end| end + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segments_end_with_a_line() {
        assert_eq!(cut(b"a\nb\n"), 4);
        let mut long = vec![b'a'; MOST_SEGMENT - 2];
        long.extend(b"\nbb\n");
        assert_eq!(cut(&long), MOST_SEGMENT - 1);
        let mut one = vec![b'a'; MOST_SEGMENT + 5];
        one.extend(b"\nb\n");
        assert_eq!(cut(&one), MOST_SEGMENT + 6);
    }
}
