//! How objects come into a bucket: small ones at once and only where nothing else has their name, large ones in parts, which
//! the store checks one by one and which nobody sees before the last is there.

use std::time::Duration;

use bytes::Bytes;
use object_store::{
    MultipartId, ObjectStoreExt, PutMode, PutPayload, PutResult, UpdateVersion, multipart::PartId,
};

use super::{
    fault::{sort, within},
    store::{ANSWERS_WITHIN, Objects},
    types::{Object, ObjectError, Tag},
};
use crate::model::RemoteError;

/// How long a part may take, with all its repetitions.
const PART_WITHIN: Duration = Duration::from_secs(600);
/// How long a store may take to make one object of parts, or to copy one.
const MAKE_WITHIN: Duration = Duration::from_secs(600);

/// What must have a name for something to take it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expect {
    /// Nothing.
    Nothing,
    /// An object in this state.
    State(Tag),
    /// Whatever is there.
    Anything,
}

/// An object that is made of parts, and is not there yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upload {
    id: MultipartId,
}

impl Upload {
    /// The store's name of it, by which another run can give it up.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// One of an earlier run.
    pub fn known(id: String) -> Self {
        Self { id }
    }
}

/// What the store says of an object that it has written.
#[derive(Clone, Debug)]
pub struct Written {
    etag: Option<String>,
}

impl Written {
    fn of(result: PutResult) -> Self {
        Self { etag: result.e_tag }
    }

    /// True when a state is that of what was written, as far as the store says.
    pub fn is(&self, tag: &Tag) -> bool {
        self.etag.is_none() || self.etag.as_deref() == tag.etag.as_deref()
    }
}

/// A part that the store has.
#[derive(Clone, Debug)]
pub struct Part(PartId);

impl Objects {
    /// Writes a small object, if its name has what is expected.
    ///
    /// # Errors
    /// [`ObjectError::Exists`] and [`ObjectError::Changed`] when it has not, and what is wrong with the store.
    pub async fn put(
        &self,
        name: &str,
        bytes: Bytes,
        expect: &Expect,
    ) -> Result<Written, ObjectError> {
        let path = self.path(name)?;
        let mode = match expect {
            Expect::Nothing => PutMode::Create,
            Expect::Anything => PutMode::Overwrite,
            Expect::State(tag) => PutMode::Update(UpdateVersion {
                e_tag: tag.etag.as_deref().map(str::to_owned),
                version: None,
            }),
        };
        let payload = PutPayload::from(bytes);
        within(PART_WITHIN, async {
            let put = self.client.put_opts(&path, payload, mode.into()).await;
            put.map(Written::of).map_err(sort)
        })
        .await
    }

    /// Begins an object of parts.
    ///
    /// # Errors
    /// What is wrong with the store.
    pub async fn begin(&self, name: &str) -> Result<Upload, ObjectError> {
        let path = self.path(name)?;
        let begun = async { self.client.create_multipart(&path).await.map_err(sort) };
        let id = within(ANSWERS_WITHIN, begun).await?;
        Ok(Upload { id })
    }

    /// Sends a part; the store compares it with the digest that is sent along. All but the last are equally long.
    ///
    /// # Errors
    /// What is wrong with the store.
    pub async fn put_part(
        &self,
        name: &str,
        upload: &Upload,
        number: usize,
        pieces: Vec<Bytes>,
    ) -> Result<Part, ObjectError> {
        let path = self.path(name)?;
        let payload: PutPayload = pieces.into_iter().collect();
        within(PART_WITHIN, async {
            let put = self.client.put_part(&path, &upload.id, number, payload);
            put.await.map(Part).map_err(sort)
        })
        .await
    }

    /// Makes one object of all parts, in their order. What had its name before is gone.
    ///
    /// # Errors
    /// What is wrong with the store: the object may be there all the same.
    pub async fn complete(
        &self,
        name: &str,
        upload: &Upload,
        parts: Vec<Part>,
    ) -> Result<Written, ObjectError> {
        let path = self.path(name)?;
        let parts = parts.into_iter().map(|Part(id)| id).collect();
        within(MAKE_WITHIN, async {
            let made = self.client.complete_multipart(&path, &upload.id, parts);
            made.await.map(Written::of).map_err(sort)
        })
        .await
    }

    /// Gives up an object of parts; one that is not known is given up already.
    ///
    /// # Errors
    /// What is wrong with the store.
    pub async fn give_up(&self, name: &str, upload: &Upload) -> Result<(), ObjectError> {
        let path = self.path(name)?;
        let given_up = async {
            self.client
                .abort_multipart(&path, &upload.id)
                .await
                .map_err(sort)
        };
        match within(ANSWERS_WITHIN, given_up).await {
            Err(ObjectError::NotThere) => Ok(()),
            other => other,
        }
    }

    /// Has the store copy an object. Most do so up to 5 GB.
    ///
    /// # Errors
    /// [`ObjectError::NotThere`], and what is wrong with the store.
    pub async fn copy(&self, from: &str, to: &str) -> Result<(), ObjectError> {
        let (from, to) = (self.path(from)?, self.path(to)?);
        within(MAKE_WITHIN, async {
            self.client.copy(&from, &to).await.map_err(sort)
        })
        .await
    }

    /// Removes an object; one that is not there is removed already.
    ///
    /// # Errors
    /// What is wrong with the store.
    pub async fn remove(&self, name: &str) -> Result<(), ObjectError> {
        let path = self.path(name)?;
        let removed = async { self.client.delete(&path).await.map_err(sort) };
        match within(ANSWERS_WITHIN, removed).await {
            Err(ObjectError::NotThere) => Ok(()),
            other => other,
        }
    }

    /// Makes sure that objects can be made and removed.
    ///
    /// # Errors
    /// That they cannot.
    pub async fn try_writing(&self, name: &str) -> Result<(), RemoteError> {
        let tried = async {
            self.put(name, Bytes::from_static(b"-"), &Expect::Anything)
                .await?;
            self.remove(name).await
        };
        match tried.await {
            Ok(()) => Ok(()),
            Err(ObjectError::Store(error)) => Err(error),
            Err(other) => Err(RemoteError::failed(&other.to_string())),
        }
    }

    /// What has a name, if anything has.
    ///
    /// # Errors
    /// What is wrong with the store.
    pub async fn find(&self, name: &str) -> Result<Option<Object>, ObjectError> {
        match self.look(name).await {
            Ok(object) => Ok(Some(object)),
            Err(ObjectError::NotThere) => Ok(None),
            Err(error) => Err(error),
        }
    }
}
