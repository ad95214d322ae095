//! A bucket that is open: what is in it, and its bytes.

use std::{fmt, ops::Range, sync::Arc, time::Duration};

use bytes::Bytes;
use futures_util::TryStreamExt;
use object_store::{
    GetOptions, GetResult, ObjectStore, ObjectStoreExt, multipart::MultipartStore, path::Path,
};

use super::{
    fault::{sort, within},
    types::{Listing, Object, ObjectError, Tag, object},
};
use crate::model::RemoteError;

/// How long a small request may take, with all its repetitions.
pub(super) const ANSWERS_WITHIN: Duration = Duration::from_secs(45);
/// How long a range may take.
const READ_WITHIN: Duration = Duration::from_secs(60);
/// How long a listing may take.
const LIST_WITHIN: Duration = Duration::from_secs(600);

/// How often a listing is tried that breaks off.
const LISTED: usize = 3;

/// What all stores can do that are used here.
pub(super) trait Store: ObjectStore + MultipartStore {}

impl<S: ObjectStore + MultipartStore> Store for S {}

/// A bucket, below a prefix. Clones are the same one.
#[derive(Clone)]
pub struct Objects {
    pub(super) client: Arc<dyn Store>,
    /// Empty, or ends with a slash.
    pub(super) prefix: Arc<str>,
    /// How people call it; no secrets.
    pub(super) shown: Arc<str>,
}

impl fmt::Debug for Objects {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The store's own would show its credentials' kind, and perhaps more in another version.
        f.debug_tuple("Objects").field(&self.shown).finish()
    }
}

impl Objects {
    /// How people call it.
    pub fn shown(&self) -> &str {
        &self.shown
    }

    pub(super) fn path(&self, name: &str) -> Result<Path, ObjectError> {
        let path = Path::parse(format!("{}{name}", self.prefix));
        path.map_err(|_| ObjectError::NotThere)
    }

    /// Finds out whether the bucket is there and may be listed.
    ///
    /// # Errors
    /// What is wrong with it.
    pub async fn probe(&self) -> Result<(), RemoteError> {
        let path = self.list_path("");
        let listed = within(ANSWERS_WITHIN, async {
            let mut listed = self.client.list(path.as_ref());
            listed.try_next().await.map_err(sort)
        });
        match listed.await {
            // A store may say so of a prefix that nothing is below.
            Ok(_) | Err(ObjectError::NotThere) => Ok(()),
            Err(ObjectError::Store(error)) => Err(error),
            Err(other) => Err(RemoteError::failed(&other.to_string())),
        }
    }

    fn list_path(&self, below: &str) -> Option<Path> {
        let whole = format!("{}{below}", self.prefix);
        Path::parse(whole.trim_end_matches('/'))
            .ok()
            .filter(|path| !path.as_ref().is_empty())
    }

    /// All that is below a folder, which ends with a slash or is empty; fails when there is more than `most`.
    ///
    /// # Errors
    /// What is wrong with the store: a listing is whole, or none.
    pub async fn list(&self, below: &str, most: usize) -> Result<Listing, RemoteError> {
        let mut tried = 1;
        loop {
            match within(LIST_WITHIN, self.list_once(below, most)).await {
                Ok(found) => return Ok(found),
                Err(ObjectError::NotThere) => return Ok(Listing::new()),
                // A page that breaks off is not asked for again by itself.
                Err(ObjectError::Store(RemoteError::Unreachable(_))) if tried < LISTED => {
                    tried += 1;
                }
                Err(ObjectError::Store(error)) => return Err(error),
                Err(other) => return Err(RemoteError::failed(&other.to_string())),
            }
        }
    }

    async fn list_once(&self, below: &str, most: usize) -> Result<Listing, ObjectError> {
        let path = self.list_path(below);
        let mut found = Listing::new();
        let mut listed = self.client.list(path.as_ref());
        while let Some(meta) = listed.try_next().await.map_err(sort)? {
            let Some(name) = meta.location.as_ref().strip_prefix(&*self.prefix) else {
                continue;
            };
            if found.len() >= most {
                let why = format!("more than {most} objects");
                return Err(RemoteError::failed(&why).into());
            }
            let name = name.to_owned();
            found.insert(name, object(&meta));
        }
        Ok(found)
    }

    /// How an object looks now.
    ///
    /// # Errors
    /// [`ObjectError::NotThere`], and what is wrong with the store.
    pub async fn look(&self, name: &str) -> Result<Object, ObjectError> {
        let path = self.path(name)?;
        let looked = async { self.client.head(&path).await.map_err(sort) };
        let meta = within(ANSWERS_WITHIN, looked).await?;
        Ok(object(&meta))
    }

    /// Exactly a range of an object that is still what it was.
    ///
    /// # Errors
    /// [`ObjectError::Changed`] and [`ObjectError::NotThere`] when it is not, and what is wrong with the store.
    pub async fn read(
        &self,
        name: &str,
        tag: &Tag,
        range: Range<u64>,
    ) -> Result<Bytes, ObjectError> {
        if range.is_empty() {
            return Ok(Bytes::new());
        }
        let path = self.path(name)?;
        let mut options = GetOptions::new().with_range(Some(range.clone()));
        options = options.with_if_match(tag.etag.as_deref());
        let expected = range.end - range.start;
        within(READ_WITHIN, async {
            let got = self.client.get_opts(&path, options).await.map_err(sort)?;
            // Some servers ignore the precondition.
            if object(&got.meta).tag != *tag || got.range != range {
                return Err(ObjectError::Changed);
            }
            let bytes = got.bytes().await.map_err(sort)?;
            if bytes.len() as u64 != expected {
                let why = format!("{} bytes instead of {expected}", bytes.len());
                return Err(RemoteError::failed(&why).into());
            }
            Ok(bytes)
        })
        .await
    }

    /// All of a small object.
    ///
    /// # Errors
    /// [`ObjectError::NotThere`], what is wrong with the store, and that it is longer than `most_bytes`.
    pub async fn read_small(&self, name: &str, most_bytes: u64) -> Result<Bytes, ObjectError> {
        let path = self.path(name)?;
        within(READ_WITHIN, async {
            let got: GetResult = self.client.get(&path).await.map_err(sort)?;
            if got.meta.size > most_bytes {
                let why = format!("{name}: {} bytes", got.meta.size);
                return Err(RemoteError::failed(&why).into());
            }
            got.bytes().await.map_err(sort)
        })
        .await
    }
}
