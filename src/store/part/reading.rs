//! Reading what is there of a file that is being received, and of one that was there before.

use std::{
    fs::File,
    path::{Path, PathBuf},
    sync::OnceLock,
};

use super::PartFile;
use crate::{
    model::ByteRange,
    store::{
        StoreError,
        disk::{Content as _, Disk},
    },
};

impl<D: Disk> PartFile<D> {
    /// The bytes of a range whose chunks are there. It can be read under its final name as well.
    ///
    /// # Errors
    /// [`StoreError::Changed`] when somebody has written it since it got that name, and what the disk says.
    pub fn read(&self, range: ByteRange) -> Result<Vec<u8>, StoreError> {
        let mut bytes = vec![0; range.len() as usize];
        let read = self.file.read_at(&mut bytes, range.start);
        read.map_err(|error| self.names.fail(&error))?;
        if let Some(named) = self.named.get() {
            let now = self.file.entry().map_err(|error| self.names.fail(&error))?;
            if now.changed != *named {
                return Err(StoreError::Changed(self.names.part.path.clone()));
            }
        }
        Ok(bytes)
    }
}

/// A file that was there, whole, when it was to be received. It is opened when it is first read.
#[derive(Debug)]
pub struct WholeFile {
    path: PathBuf,
    opened: OnceLock<(File, (i64, i64))>,
}

impl WholeFile {
    /// One that was just compared with its digests.
    pub fn new(path: PathBuf) -> Self {
        Self {
            path,
            opened: OnceLock::new(),
        }
    }

    /// The bytes of a range.
    ///
    /// # Errors
    /// [`StoreError::Changed`] when somebody has written it since it was opened, and what the disk says.
    pub fn read(&self, range: ByteRange) -> Result<Vec<u8>, StoreError> {
        let path: &Path = &self.path;
        let fail = |error: std::io::Error| StoreError::new(path, &error);
        let opened = match self.opened.get() {
            Some(opened) => opened,
            None => {
                let file = File::open(path).map_err(fail)?;
                let changed = file.entry().map_err(fail)?.changed;
                self.opened.get_or_init(|| (file, changed))
            }
        };
        let mut bytes = vec![0; range.len() as usize];
        opened.0.read_at(&mut bytes, range.start).map_err(fail)?;
        if opened.0.entry().map_err(fail)?.changed != opened.1 {
            return Err(StoreError::Changed(self.path.clone()));
        }
        Ok(bytes)
    }
}
