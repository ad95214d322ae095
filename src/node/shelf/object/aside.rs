//! What was set aside in a bucket: below `.trozos/retirados`, each under a key that says when and why. The store copies; what
//! is too long for that passes through here.

use std::{collections::BTreeMap, path::PathBuf, time::Duration};

use bytes::Bytes;
use parking_lot::Mutex;

use super::{
    bucket::Bucket,
    looking::{HIDDEN, MOST_OBJECTS},
    straight::Straight,
};
use crate::{
    model::{FileName, RetiredReason},
    net::objects::{Object, ObjectError, Upload},
    node::{clock::wall_ms, shelf::kinds::Aside},
    store::{
        StoreError,
        retired::{RetiredFile, RetiredLimits, RetiredTotal, names_to_recover},
    },
};

/// Unless said otherwise no more is kept than this, in bytes.
const USUAL_MAX_BYTES: u64 = 50_000_000_000;
/// Longest object that stores copy by themselves.
const MOST_COPIED_BYTES: u64 = 5 << 30;
/// Bytes of the parts of one that passes through here.
const PART_BYTES: u64 = 64 << 20;

const REASONS: &[(RetiredReason, &str)] = &[
    (RetiredReason::Deleted, "deleted"),
    (RetiredReason::Replaced, "replaced"),
    (RetiredReason::Resolved, "resolved"),
    (RetiredReason::Damaged, "damaged"),
];

/// See the module.
#[derive(Debug)]
pub(super) struct ObjectAside {
    bucket: Bucket,
    limits: Mutex<RetiredLimits>,
    /// Numbers by which people call what is kept, by key.
    numbers: Mutex<Numbers>,
}

#[derive(Debug, Default)]
struct Numbers {
    by_key: BTreeMap<String, u64>,
    last: u64,
}

/// One that is kept.
#[derive(Clone, Debug)]
struct Kept {
    key: String,
    name: String,
    when_ms: u64,
    reason: Option<RetiredReason>,
    object: Object,
}

fn folder() -> String {
    format!("{HIDDEN}/retirados/")
}

/// What a key says: when, why, and the name.
fn parse(key: &str) -> Option<(u64, Option<RetiredReason>, &str)> {
    let below = key.strip_prefix(folder().as_str())?;
    let (head, name) = below.split_once('/')?;
    let mut parts = head.split('-');
    let when = parts.next()?.parse().ok()?;
    let word = parts.next()?;
    let reason = REASONS.iter().find(|(_, known)| *known == word);
    Some((when, reason.map(|(reason, _)| *reason), name))
}

impl ObjectAside {
    pub(super) fn new(bucket: &Bucket, limits: RetiredLimits) -> Self {
        Self {
            bucket: bucket.clone(),
            limits: Mutex::new(limits),
            numbers: Mutex::default(),
        }
    }

    fn max_bytes(&self) -> u64 {
        self.limits.lock().max_bytes.unwrap_or(USUAL_MAX_BYTES)
    }

    /// Keeps a copy of an object, and gives its key; `None` when it is longer than all that may be kept.
    pub(super) async fn keep(
        &self,
        name: &str,
        object: &Object,
        reason: RetiredReason,
    ) -> Result<Option<String>, ObjectError> {
        if object.bytes > self.max_bytes() {
            tracing::warn!(
                name,
                bytes = object.bytes,
                ?reason,
                "too large to be kept aside: it is dropped"
            );
            return Ok(None);
        }
        let word = REASONS.iter().find(|(known, _)| *known == reason);
        let word = word.map_or("", |(_, word)| word);
        let random = fastrand::u16(..);
        let key = format!("{}{:015}-{word}-{random:04x}/{name}", folder(), wall_ms());
        self.copy(name, object, &key).await?;
        Ok(Some(key))
    }

    async fn copy(&self, from: &str, object: &Object, to: &str) -> Result<(), ObjectError> {
        if object.bytes <= MOST_COPIED_BYTES {
            return self.bucket.objects.copy(from, to).await;
        }
        let objects = &self.bucket.objects;
        let upload = objects.begin(to).await?;
        let copied = self.copy_parts(from, object, to, &upload).await;
        if copied.is_err() {
            let _ = objects.give_up(to, &upload).await;
        }
        copied
    }

    /// Reads an object as it is, and writes it again in parts.
    async fn copy_parts(
        &self,
        from: &str,
        object: &Object,
        to: &str,
        upload: &Upload,
    ) -> Result<(), ObjectError> {
        let objects = &self.bucket.objects;
        let tag = object.tag.clone();
        let mut reader = Straight::new(&self.bucket, from.to_owned(), tag, object.bytes);
        let (mut parts, mut pieces, mut gathered) = (Vec::new(), Vec::<Bytes>::new(), 0);
        loop {
            let piece = reader.next().await?;
            let is_last = piece.is_empty();
            gathered += piece.len() as u64;
            pieces.push(piece);
            // Ranges are shorter than parts, and divide them.
            if gathered >= PART_BYTES || (is_last && gathered > 0) {
                let part = std::mem::take(&mut pieces);
                parts.push(objects.put_part(to, upload, parts.len(), part).await?);
                gathered = 0;
            }
            if is_last {
                break;
            }
        }
        objects.complete(to, upload, parts).await.map(drop)
    }

    async fn kept(&self) -> Result<Vec<Kept>, ObjectError> {
        let listed = self.bucket.objects.list(&folder(), MOST_OBJECTS).await?;
        let mut kept: Vec<Kept> = Vec::new();
        for (key, object) in listed {
            if let Some((when_ms, reason, name)) = parse(&key) {
                let name = name.to_owned();
                kept.push(Kept {
                    key,
                    name,
                    when_ms,
                    reason,
                    object,
                });
            }
        }
        kept.sort_by(|a, b| (a.when_ms, &a.key).cmp(&(b.when_ms, &b.key)));
        Ok(kept)
    }

    /// All that is kept, with the numbers by which people call it.
    async fn numbered(&self) -> Result<BTreeMap<u64, Kept>, ObjectError> {
        let kept = self.kept().await?;
        let mut numbers = self.numbers.lock();
        let numbers = &mut *numbers;
        numbers
            .by_key
            .retain(|key, _| kept.iter().any(|one| one.key == *key));
        let mut numbered = BTreeMap::new();
        for one in kept {
            let number = *numbers.by_key.entry(one.key.clone()).or_insert_with(|| {
                numbers.last += 1;
                numbers.last
            });
            numbered.insert(number, one);
        }
        Ok(numbered)
    }

    async fn recover_now(&self, number: u64) -> Result<Option<FileName>, ObjectError> {
        let Some(one) = self.numbered().await?.remove(&number) else {
            return Ok(None);
        };
        for name in names_to_recover(&one.name, number) {
            if self.bucket.objects.find(name.as_str()).await?.is_some() {
                continue;
            }
            self.copy(&one.key, &one.object, name.as_str()).await?;
            self.bucket.objects.remove(&one.key).await?;
            return Ok(Some(name));
        }
        Err(ObjectError::Exists)
    }

    async fn remove(&self, going: Vec<Kept>) -> Result<RetiredTotal, ObjectError> {
        let mut gone = RetiredTotal::default();
        for one in going {
            self.bucket.objects.remove(&one.key).await?;
            gone.files += 1;
            gone.bytes = gone.bytes.saturating_add(one.object.bytes);
        }
        Ok(gone)
    }

    async fn enforce_now(&self) -> Result<(), ObjectError> {
        let kept = self.kept().await?;
        let max_age = self.limits.lock().max_age;
        let mut left: u64 = kept.iter().map(|one| one.object.bytes).sum();
        let mut going = Vec::new();
        for one in kept {
            let age = Duration::from_millis(wall_ms().saturating_sub(one.when_ms));
            if age < max_age && left <= self.max_bytes() {
                break;
            }
            left = left.saturating_sub(one.object.bytes);
            tracing::warn!(
                name = one.name,
                bytes = one.object.bytes,
                "dropped what was set aside"
            );
            going.push(one);
        }
        self.remove(going).await.map(drop)
    }

    /// Takes an object that is still what it was out of its name.
    pub(super) async fn take(
        &self,
        name: &str,
        object: &Object,
        reason: RetiredReason,
    ) -> Result<Option<String>, ObjectError> {
        let key = self.keep(name, object, reason).await?;
        // Somebody may have written another one meanwhile: it stays.
        if self.bucket.objects.look(name).await? != *object {
            return Err(ObjectError::Changed);
        }
        self.bucket.objects.remove(name).await?;
        Ok(key)
    }
}

impl Aside for ObjectAside {
    fn path(&self) -> PathBuf {
        self.bucket.path().to_owned()
    }

    fn list(&self) -> Result<Vec<RetiredFile>, StoreError> {
        let numbered = self.bucket.ask("", self.numbered())?;
        let shown = numbered.into_iter().map(|(number, one)| RetiredFile {
            number,
            name: one.name,
            bytes: one.object.bytes,
            when_ms: i64::try_from(one.when_ms).unwrap_or(i64::MAX),
            reason: one.reason,
            path: one.key,
        });
        Ok(shown.collect())
    }

    fn recover(&self, number: u64) -> Result<Option<FileName>, StoreError> {
        self.bucket.ask("", self.recover_now(number))
    }

    fn empty(&self, numbers: &[u64]) -> Result<RetiredTotal, StoreError> {
        self.bucket.ask("", async {
            let mut numbered = self.numbered().await?;
            let going = numbers.iter().filter_map(|number| numbered.remove(number));
            self.remove(going.collect()).await
        })
    }

    fn set_limits(&self, limits: RetiredLimits) {
        *self.limits.lock() = limits;
    }

    fn enforce(&self) -> Result<(), StoreError> {
        self.bucket.ask("", self.enforce_now())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_say_when_and_why_and_of_what() {
        let key = ".trozos/retirados/001700000000000-replaced-00ff/serie/a.mp4";
        let (when, reason, name) = parse(key).unwrap();
        assert_eq!((when, name), (1_700_000_000_000, "serie/a.mp4"));
        assert_eq!(reason, Some(RetiredReason::Replaced));
        for bad in [
            "a.mp4",
            ".trozos/retirados/a.mp4",
            ".trozos/retirados/x-replaced-0/a",
        ] {
            assert!(parse(bad).is_none(), "{bad}");
        }
    }
}
