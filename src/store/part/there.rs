//! What has the name of a file before it is received.

use std::path::PathBuf;

use super::chunks::Chunks;
use crate::{
    model::Manifest,
    store::{
        StoreError,
        disk::{Disk, Entry, Make},
        spot::Spot,
    },
};

/// What has the name of a file that is to be received.
pub(super) enum There {
    None,
    Same(PathBuf),
    Other(PathBuf, Entry),
}

/// # Errors
/// [`StoreError::Link`] and [`StoreError::NotAFile`] when it can be no file's, whatever is allowed to be replaced.
pub(super) fn there<D: Disk>(
    disk: &D,
    spot: &Spot,
    manifest: &Manifest,
) -> Result<There, StoreError> {
    let place = match disk.place_at(spot, Make::Nothing) {
        Ok(place) => place,
        Err(StoreError::NotFound(_)) => return Ok(There::None),
        Err(error) => return Err(error),
    };
    let found = match place.look().map_err(|error| place.fail(&error))? {
        None => return Ok(There::None),
        Some(found) if found.is_link => return Err(StoreError::Link(place.path)),
        Some(found) if !found.is_file => return Err(StoreError::NotAFile(place.path)),
        Some(found) if found.bytes != manifest.layout().file_bytes() => {
            return Ok(There::Other(place.path, found));
        }
        Some(found) => found,
    };
    let file = place.open().map_err(|error| place.fail(&error))?;
    let mut chunks = Chunks::new(&file, manifest);
    let mut all = manifest.layout().all().iter();
    let is_same = all.all(|chunk| chunks.is_good(chunk));
    Ok(if is_same {
        There::Same(place.path)
    } else {
        There::Other(place.path, found)
    })
}
