//! A look at a bucket: which of its objects can be files.

use std::collections::BTreeMap;

use futures_util::{StreamExt, stream};
use parking_lot::Mutex;

use super::{
    bucket::{Bucket, seen},
    known::Known,
};
use crate::{
    model::{
        FileName, FileNameError, IgnoredReason, Look,
        limits::{MAX_FILE_BYTES, MAX_FILES_PER_SECONDARY},
    },
    net::objects::{Listing, Object, ObjectError},
    node::clock::wall_s,
    store::StoreError,
};

/// Where this program keeps its own, below the prefix.
pub(super) const HIDDEN: &str = ".trozos";
/// Objects that are listed: files, and what this program keeps beside them.
pub(super) const MOST_OBJECTS: usize = 2 * MAX_FILES_PER_SECONDARY;
/// Objects of no bytes that are asked for in one look, as each may stand for a folder.
const MOST_EMPTY: usize = 200;

/// Objects that are asked for at once, where a listing does not say enough.
const ASKED_AT_ONCE: usize = 16;
/// Objects that were written twice within so many seconds may have one date.
const SAME_MOMENT_S: i64 = 5;

/// Looks at all of it.
///
/// # Errors
/// What is wrong with the store.
pub(super) fn look(bucket: &Bucket, known: &Mutex<Known>) -> Result<Look, StoreError> {
    known.lock().begin();
    let listing = async {
        let listed = bucket.objects.list("", MOST_OBJECTS).await;
        listed.map_err(ObjectError::from)
    };
    let listing = bucket
        .ask("", listing)
        .inspect_err(|_| known.lock().failed())?;
    let mut look = Look::default();
    let mut found = sort(listing, &mut look);
    find_markers(bucket, known, &mut found);
    find_tags(bucket, known, &mut found).inspect_err(|_| known.lock().failed())?;
    let mut known = known.lock();
    let files = known.found(found).iter();
    look.files = files
        .filter(|(name, _)| !look.ignored.contains_key(name.as_str()))
        .map(|(name, object)| (name.clone(), seen(object)))
        .collect();
    Ok(look)
}

/// The objects that can be files, and why others cannot.
fn sort(listing: Listing, look: &mut Look) -> BTreeMap<FileName, Object> {
    let mut found = BTreeMap::new();
    let mut ignored = BTreeMap::new();
    for (key, object) in &listing {
        let reason = match FileName::try_from(key.as_str()) {
            Err(FileNameError::Dot) if key.split('/').next() == Some(HIDDEN) => continue,
            Err(error) => IgnoredReason::Name(error),
            Ok(_) if is_above_others(&listing, key) => match object.bytes {
                0 => continue,
                _ => IgnoredReason::NotAFile,
            },
            Ok(_) if object.bytes > MAX_FILE_BYTES => IgnoredReason::TooLarge,
            Ok(_) if found.len() >= MAX_FILES_PER_SECONDARY => IgnoredReason::TooMany,
            Ok(name) => {
                found.insert(name, object.clone());
                continue;
            }
        };
        ignored.insert(key.clone(), reason);
    }
    look.ignored = ignored;
    found
}

/// True for the name of a folder in which there are files.
fn is_above_others(listing: &Listing, key: &str) -> bool {
    let below = format!("{key}/");
    let next = listing.range(below.clone()..).next();
    next.is_some_and(|(name, _)| name.starts_with(&below))
}

/// Asks one by one for objects whose state the listing does not tell but by their dates, and which are not known.
fn find_tags(
    bucket: &Bucket,
    known: &Mutex<Known>,
    found: &mut BTreeMap<FileName, Object>,
) -> Result<(), StoreError> {
    let now_s = i64::try_from(wall_s()).unwrap_or(i64::MAX);
    let mut asked = Vec::new();
    {
        let known = known.lock();
        for (name, object) in found.iter_mut() {
            if object.tag.is_exact() {
                continue;
            }
            // What was written within a moment may have been written twice.
            let is_old = now_s.saturating_sub(object.changed_s) >= SAME_MOMENT_S;
            match known.get(name) {
                Some(before)
                    if is_old
                        && (before.bytes, before.changed_s) == (object.bytes, object.changed_s) =>
                {
                    *object = before.clone();
                }
                _ => asked.push(name.clone()),
            }
        }
    }
    let objects = bucket.objects.clone();
    let asking = stream::iter(asked).map(|name| {
        let objects = objects.clone();
        async move { (objects.find(name.as_str()).await, name) }
    });
    let asking = asking.buffer_unordered(ASKED_AT_ONCE).collect::<Vec<_>>();
    for (looked, name) in bucket.wait(asking).unwrap_or_default() {
        match looked.map_err(|error| bucket.fail(name.as_str(), error))? {
            Some(object) => drop(found.insert(name, object)),
            None => drop(found.remove(&name)),
        }
    }
    Ok(())
}

/// Takes out what stands for an empty folder: some programs make an object of no bytes whose name ends with a slash, and
/// listings leave the slash out. Such a name is not there when it is asked for.
fn find_markers(bucket: &Bucket, known: &Mutex<Known>, found: &mut BTreeMap<FileName, Object>) {
    let empty: Vec<FileName> = {
        let known = known.lock();
        found.retain(|name, object| object.bytes > 0 || !known.markers.contains(name));
        let is_new = |name: &FileName| known.get(name).is_none();
        let empty = found.iter().filter(|(_, object)| object.bytes == 0);
        let empty = empty.map(|(name, _)| name).filter(|name| is_new(name));
        empty.take(MOST_EMPTY).cloned().collect()
    };
    for name in empty {
        let looked = bucket.ask(name.as_str(), bucket.objects.look(name.as_str()));
        if let Err(StoreError::NotFound(_)) = looked {
            found.remove(&name);
            known.lock().markers.insert(name);
        }
    }
}
