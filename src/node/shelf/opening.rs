//! A folder or a bucket, whichever was given.

use std::{path::Path, sync::Arc, time::Duration};

use super::{folder::FolderShelf, kinds::Shelf};
use crate::{
    model::{RemoteError, SecondaryNumber, is_bucket_address},
    store::{
        StoreError,
        index::{Disks, open_served},
        retired::{Retired, RetiredLimits},
    },
};

/// What is to be served, and how.
#[derive(Debug)]
pub(in crate::node) struct Wanted<'a> {
    /// A path, or the address of a bucket.
    pub(in crate::node) place: &'a Path,
    /// Whose it is.
    /// Who keeps its records in a bucket; a folder asks for none of these two.
    #[cfg_attr(not(feature = "object-store"), expect(dead_code))]
    pub(in crate::node) number: SecondaryNumber,
    pub(in crate::node) retired: RetiredLimits,
    #[cfg_attr(not(feature = "object-store"), expect(dead_code))]
    pub(in crate::node) look_every: Option<Duration>,
}

/// A place that can be served.
#[derive(Debug)]
pub(in crate::node) struct Opened {
    pub(in crate::node) shelf: Arc<dyn Shelf>,
    /// What is wrong with it now, and may pass.
    pub(in crate::node) trouble: Option<StoreError>,
}

/// Opens it; a folder that is new is made. `disks` are those that it had in earlier runs.
///
/// # Errors
/// What the disk says, and what is wrong with a bucket that somebody must do something about.
pub(in crate::node) async fn open(wanted: Wanted<'_>, disks: Disks) -> Result<Opened, StoreError> {
    if let Some(address) = wanted.place.to_str().filter(|text| is_bucket_address(text)) {
        return bucket(address, &wanted).await;
    }
    let root = open_served(wanted.place, &disks)?;
    let retired = Retired::new(root.clone(), wanted.retired);
    Ok(Opened {
        shelf: Arc::new(FolderShelf::new(root, retired, disks)),
        trouble: None,
    })
}

#[cfg(feature = "object-store")]
async fn bucket(address: &str, wanted: &Wanted<'_>) -> Result<Opened, StoreError> {
    use super::object::{ObjectConfig, ObjectShelf};
    let fail = |why: RemoteError| StoreError::Remote {
        path: shown(address).into(),
        why,
    };
    let objects = crate::net::objects::Objects::open(address).map_err(fail)?;
    let config = ObjectConfig {
        owner: format!("secundario{}", wanted.number),
        look_every: wanted.look_every,
        retired: wanted.retired,
    };
    let shelf = ObjectShelf::new(objects, &config, tokio::runtime::Handle::current());
    let trouble = shelf.probe().await?;
    Ok(Opened {
        shelf: Arc::new(shelf),
        trouble,
    })
}

#[cfg(not(feature = "object-store"))]
async fn bucket(address: &str, _: &Wanted<'_>) -> Result<Opened, StoreError> {
    Err(StoreError::Remote {
        path: shown(address).into(),
        why: RemoteError::NotInBuild,
    })
}

/// An address without what may be a password in it.
fn shown(address: &str) -> String {
    match address.split_once("://") {
        Some((scheme, rest)) if rest.contains('@') => {
            let (_, after) = rest.rsplit_once('@').unwrap_or(("", rest));
            format!("{scheme}://…@{after}")
        }
        _ => address.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_be_a_password_is_not_shown() {
        for (address, expected) in [
            ("s3://cubo/a@b", "s3://…@b"),
            ("s3://key:secret@cubo/a", "s3://…@cubo/a"),
            ("s3://cubo/a", "s3://cubo/a"),
        ] {
            assert_eq!(shown(address), expected);
        }
    }
}
