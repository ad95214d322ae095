//! An object that is read from its beginning to its end, by ranges of which some are under way: to be hashed, or copied.

use std::{collections::VecDeque, io, ops::Range};

use bytes::{Buf, Bytes};
use tokio::sync::oneshot;

use super::bucket::Bucket;
use crate::{
    net::objects::{ObjectError, Tag},
    store::Readable,
};

/// Bytes of a range.
const RANGE_BYTES: u64 = 8 << 20;
/// Ranges that are under way.
const AHEAD: usize = 3;

/// See the module.
#[derive(Debug)]
pub(super) struct Straight {
    bucket: Bucket,
    name: String,
    tag: Tag,
    bytes: u64,
    /// Where the next range begins that nobody has asked for.
    asked: u64,
    coming: VecDeque<oneshot::Receiver<Result<Bytes, ObjectError>>>,
    at: u64,
    rest: Bytes,
}

impl Straight {
    pub(super) fn new(bucket: &Bucket, name: String, tag: Tag, bytes: u64) -> Self {
        Self {
            bucket: bucket.clone(),
            name,
            tag,
            bytes,
            asked: 0,
            coming: VecDeque::new(),
            at: 0,
            rest: Bytes::new(),
        }
    }

    fn ask_ahead(&mut self) {
        while self.coming.len() < AHEAD && self.asked < self.bytes {
            let range = self.asked..self.bytes.min(self.asked + RANGE_BYTES);
            self.asked = range.end;
            self.coming.push_back(self.ask(range));
        }
    }

    fn ask(&self, range: Range<u64>) -> oneshot::Receiver<Result<Bytes, ObjectError>> {
        let (answer, coming) = oneshot::channel();
        let (objects, name, tag) = (
            self.bucket.objects.clone(),
            self.name.clone(),
            self.tag.clone(),
        );
        self.bucket.spawn(async move {
            let _ = answer.send(objects.read(&name, &tag, range).await);
        });
        coming
    }

    /// The next bytes; empty after the last.
    pub(super) async fn next(&mut self) -> Result<Bytes, ObjectError> {
        self.ask_ahead();
        let Some(coming) = self.coming.pop_front() else {
            return Ok(Bytes::new());
        };
        let ended = |_| crate::model::RemoteError::unreachable("this node stops");
        let bytes = coming.await.map_err(ended)??;
        self.ask_ahead();
        Ok(bytes)
    }
}

impl Readable for Straight {
    fn read_exact_at(&mut self, bytes: &mut [u8], start: u64) -> io::Result<()> {
        if start != self.at {
            return Err(io::Error::other("not read in order"));
        }
        let mut filled = 0;
        while filled < bytes.len() {
            if self.rest.is_empty() {
                let bucket = self.bucket.clone();
                let next = bucket.wait(self.next());
                let next = next.ok_or(io::ErrorKind::Interrupted)?;
                self.rest = next.map_err(io::Error::other)?;
                if self.rest.is_empty() {
                    return Err(io::ErrorKind::UnexpectedEof.into());
                }
            }
            let count = self.rest.len().min(bytes.len() - filled);
            self.rest.copy_to_slice(&mut bytes[filled..filled + count]);
            filled += count;
        }
        self.at += bytes.len() as u64;
        Ok(())
    }

    fn length(&self) -> io::Result<u64> {
        Ok(self.bytes)
    }
}
