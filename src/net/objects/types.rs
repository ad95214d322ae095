//! What is said of objects, and what can go wrong with one.

use std::{collections::BTreeMap, sync::Arc};

use object_store::ObjectMeta;

use crate::model::RemoteError;

/// What tells one state of an object from another, in the store's own words.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Tag {
    /// Its ETag.
    pub(super) etag: Option<Arc<str>>,
    /// When it was written, in seconds since 1970. A listing and a single look say it alike down to seconds.
    pub(super) changed_s: i64,
}

impl Tag {
    /// The same as text, for digests of it.
    pub fn text(&self) -> &str {
        self.etag.as_deref().unwrap_or_default()
    }

    /// False when only the date tells one state from another: some stores leave the ETag out of their listings.
    pub fn is_exact(&self) -> bool {
        self.etag.is_some()
    }
}

/// An object, as a look finds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Object {
    /// Its length.
    pub bytes: u64,
    /// When it was written, in seconds since 1970 by the store's clock.
    pub changed_s: i64,
    /// Its state.
    pub tag: Tag,
}

/// Why something could not be done with an object.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ObjectError {
    /// It is not there.
    #[error("not there")]
    NotThere,
    /// It is no longer what it was.
    #[error("changed")]
    Changed,
    /// Its name is taken.
    #[error("its name is taken")]
    Exists,
    /// The store, and no single object.
    #[error(transparent)]
    Store(#[from] RemoteError),
}

/// What a listing found: all that is below the prefix, by its name there.
pub type Listing = BTreeMap<String, Object>;

/// An object as the library tells of it.
pub(super) fn object(meta: &ObjectMeta) -> Object {
    let changed_s = meta.last_modified.timestamp();
    Object {
        bytes: meta.size,
        changed_s,
        tag: Tag {
            etag: meta.e_tag.as_deref().map(Arc::from),
            changed_s,
        },
    }
}
