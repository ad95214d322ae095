//! Copies that come into a bucket. Chunks come verified and in their order, and go on as parts of equal length, which the store
//! compares with their digests. The name has the object once all of it is there; what had the name before is set aside first.

use std::{pin::Pin, sync::Arc};

use bytes::Bytes;
use parking_lot::Mutex;
use tokio::{sync::mpsc, task::JoinSet};

use super::{
    aside::ObjectAside,
    bucket::{Bucket, stamp_of},
    known::Known,
    records::Records,
};
use crate::{
    model::FileName,
    net::objects::{Expect, Object, ObjectError, Part, Upload, Written},
    node::shelf::kinds::{Incoming, Intake, TakenIn},
};

/// Shortest part; stores take none that is shorter than 5 MiB, but for the last.
const LEAST_PART_BYTES: u64 = 8 << 20;
/// Parts of one object; stores take 10,000.
const MOST_PARTS: u64 = 9_000;
/// Bytes of parts that are under way at once, where parts are short.
const UNDER_WAY_BYTES: u64 = 48 << 20;

/// See the module.
#[derive(Debug)]
pub(super) struct ObjectIntake {
    pub(super) bucket: Bucket,
    pub(super) known: Arc<Mutex<Known>>,
    pub(super) aside: Arc<ObjectAside>,
    pub(super) records: Records,
}

/// How long the parts of an object are.
fn part_bytes(bytes: u64) -> u64 {
    let mib = 1 << 20;
    (bytes.div_ceil(MOST_PARTS).div_ceil(mib) * mib).max(LEAST_PART_BYTES)
}

impl Intake for ObjectIntake {
    fn take(
        self: Arc<Self>,
        copy: Incoming,
        chunks: mpsc::Receiver<Bytes>,
    ) -> Pin<Box<dyn Future<Output = TakenIn> + Send>> {
        Box::pin(async move {
            let name = copy.file.name.clone();
            let taken = self.take_in(&copy, chunks).await;
            let taken = taken.map_err(|error| self.bucket.fail(name.as_str(), error));
            Ok(taken?.then(|| self.bucket.path().join(name.as_str())))
        })
    }
}

impl ObjectIntake {
    /// False when the chunks ended before the last.
    async fn take_in(
        &self,
        copy: &Incoming,
        mut chunks: mpsc::Receiver<Bytes>,
    ) -> Result<bool, ObjectError> {
        let bytes = copy.file.layout.file_bytes();
        self.expected(copy).await?;
        let part_bytes = part_bytes(bytes);
        if bytes <= part_bytes {
            let mut whole = Vec::with_capacity(bytes as usize);
            while let Some(chunk) = chunks.recv().await {
                whole.extend_from_slice(&chunk);
            }
            if whole.len() as u64 != bytes {
                return Ok(false);
            }
            let expect = self.make_room(copy).await?;
            let name = copy.file.name.as_str();
            let written = self.bucket.objects.put(name, whole.into(), &expect).await?;
            self.arrived(&copy.file.name, bytes, &written).await?;
            return Ok(true);
        }
        self.in_parts(copy, bytes, part_bytes, chunks).await
    }

    async fn in_parts(
        &self,
        copy: &Incoming,
        bytes: u64,
        part_bytes: u64,
        chunks: mpsc::Receiver<Bytes>,
    ) -> Result<bool, ObjectError> {
        let name = copy.file.name.as_str();
        let upload = self.bucket.objects.begin(name).await?;
        // Should this node be killed, a later run knows what to give up.
        let record = self.records.begun(name, &upload).await;
        let made = async {
            let parts = self.parts(name, &upload, (bytes, part_bytes), chunks);
            let Some(parts) = parts.await? else {
                return Ok(None);
            };
            self.make_room(copy).await?;
            let objects = &self.bucket.objects;
            objects.complete(name, &upload, parts).await.map(Some)
        };
        let made = made.await;
        if !matches!(made, Ok(Some(_)))
            && let Err(error) = self.bucket.objects.give_up(name, &upload).await
        {
            // Its record is kept, so that it is tried again.
            tracing::warn!(file = name, %error, "an unfinished copy is left in the bucket");
            return made.map(|_| false);
        }
        self.records.over(record).await;
        let Some(written) = made? else {
            return Ok(false);
        };
        self.arrived(&copy.file.name, bytes, &written).await?;
        Ok(true)
    }

    /// Sends all parts, several at once; `None` when the chunks ended before the last.
    async fn parts(
        &self,
        name: &str,
        upload: &Upload,
        (bytes, part_bytes): (u64, u64),
        mut chunks: mpsc::Receiver<Bytes>,
    ) -> Result<Option<Vec<Part>>, ObjectError> {
        let most_under_way = (UNDER_WAY_BYTES / part_bytes).max(1) as usize;
        let mut under_way = JoinSet::new();
        let mut done: Vec<(usize, Part)> = Vec::new();
        let (mut pieces, mut gathered, mut sent, mut number) = (Vec::new(), 0, 0, 0);
        let mut rest = Bytes::new();
        loop {
            if rest.is_empty() && sent + gathered < bytes {
                let Some(chunk) = chunks.recv().await else {
                    return Ok(None);
                };
                rest = chunk;
                continue;
            }
            let room = (part_bytes - gathered).min(rest.len() as u64);
            if room > 0 {
                pieces.push(rest.split_to(room as usize));
                gathered += room;
            }
            let is_last = sent + gathered >= bytes;
            if gathered == part_bytes || is_last {
                while under_way.len() >= most_under_way {
                    done.extend(next_done(&mut under_way).await?);
                }
                let (objects, upload) = (self.bucket.objects.clone(), upload.clone());
                let (name, part) = (name.to_owned(), std::mem::take(&mut pieces));
                under_way.spawn(async move {
                    let put = objects.put_part(&name, &upload, number, part).await?;
                    Ok((number, put))
                });
                (sent, gathered, number) = (sent + gathered, 0, number + 1);
            }
            if is_last {
                break;
            }
        }
        while let Some(part) = next_done(&mut under_way).await? {
            done.push(part);
        }
        done.sort_by_key(|(number, _)| *number);
        Ok(Some(done.into_iter().map(|(_, part)| part).collect()))
    }

    /// What must have the name now.
    async fn expected(&self, copy: &Incoming) -> Result<Option<Object>, ObjectError> {
        let found = self.bucket.objects.find(copy.file.name.as_str()).await?;
        match (found, &copy.replaces) {
            (None, _) => Ok(None),
            (Some(object), Some((old, _))) if stamp_of(&object) == old.stamp => Ok(Some(object)),
            (Some(_), Some(_)) => Err(ObjectError::Changed),
            (Some(_), None) => Err(ObjectError::Exists),
        }
    }

    /// Sets aside what has the name, if the copy may replace it.
    async fn make_room(&self, copy: &Incoming) -> Result<Expect, ObjectError> {
        match (self.expected(copy).await?, &copy.replaces) {
            (Some(object), Some((_, reason))) => {
                let name = copy.file.name.as_str();
                self.aside.keep(name, &object, *reason).await?;
                Ok(Expect::State(object.tag))
            }
            _ => Ok(Expect::Nothing),
        }
    }

    /// The object has its name: it is known from now on, unless somebody has written another at this very moment.
    async fn arrived(
        &self,
        name: &FileName,
        bytes: u64,
        written: &Written,
    ) -> Result<(), ObjectError> {
        let object = self.bucket.objects.look(name.as_str()).await?;
        if object.bytes != bytes || !written.is(&object.tag) {
            return Err(ObjectError::Changed);
        }
        self.known.lock().note(name, Some(object));
        Ok(())
    }
}

async fn next_done(
    under_way: &mut JoinSet<Result<(usize, Part), ObjectError>>,
) -> Result<Option<(usize, Part)>, ObjectError> {
    match under_way.join_next().await {
        None => Ok(None),
        Some(Ok(done)) => done.map(Some),
        Some(Err(_)) => Err(crate::model::RemoteError::failed("a task of this node ended").into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::limits::MAX_FILE_BYTES;

    #[test]
    fn parts_are_long_enough_and_not_too_many() {
        for (bytes, expected) in [
            (0, LEAST_PART_BYTES),
            (100 << 30, 12 << 20),
            (LEAST_PART_BYTES * MOST_PARTS, LEAST_PART_BYTES),
            (
                LEAST_PART_BYTES * MOST_PARTS + 1,
                LEAST_PART_BYTES + (1 << 20),
            ),
        ] {
            assert_eq!(part_bytes(bytes), expected, "{bytes}");
            assert!(bytes.div_ceil(part_bytes(bytes)) <= MOST_PARTS);
        }
        assert!(MAX_FILE_BYTES.div_ceil(part_bytes(MAX_FILE_BYTES)) <= MOST_PARTS);
    }
}
