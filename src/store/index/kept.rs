//! Small JSON files beside the digest cache, which say something of a served folder from run to run.

use std::{
    fs,
    io::{self, Read},
    path::{Path, PathBuf},
};

use serde::{Serialize, de::DeserializeOwned};

use crate::model::is_bucket_address;

/// A folder as such a file names it: one text, however its path is written.
pub(super) fn folder_text(folder: &Path) -> String {
    if let Some(address) = folder.to_str().filter(|text| is_bucket_address(text)) {
        return address.to_owned();
    }
    let folder = std::path::absolute(folder).unwrap_or(folder.to_owned());
    let folder: PathBuf = folder.components().collect();
    folder.to_string_lossy().into_owned()
}

/// What a file says, of which no more than so many bytes are read; `None` when there is none.
pub(super) fn read<T: DeserializeOwned>(path: &Path, most_bytes: u64) -> io::Result<Option<T>> {
    let file = match fs::File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let mut text = String::new();
    file.take(most_bytes).read_to_string(&mut text)?;
    Ok(Some(serde_json::from_str(&text)?))
}

/// Puts a file in the place of the one before.
pub(super) fn write(path: &Path, value: &impl Serialize) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut fresh = tempfile::NamedTempFile::new_in(folder)?;
    serde_json::to_writer(fresh.as_file_mut(), value)?;
    fresh.persist(path)?;
    Ok(())
}
