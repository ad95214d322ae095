//! How a part file ends: it gets its name, is kept for another time, or is gone.

use std::{io, path::PathBuf};

use super::{PartFile, space::give_back, there::There, without};
use crate::store::{
    StoreError,
    disk::{Content as _, Disk, FileOf},
    zeros::zero_chunks,
};

impl<D: Disk> PartFile<D> {
    /// Gives the file its name, once all of it is on the disk, and says where it is.
    ///
    /// # Errors
    /// [`StoreError::Exists`] when a file of other content took the name meanwhile, that chunks are missing, and what
    /// the disk says; what was received is kept.
    pub fn finish(&self) -> Result<PathBuf, StoreError> {
        let names = &self.names;
        let mut lasting = self.lasting();
        if !self.progress().have.is_full() {
            return Err(names.fail(&io::Error::other("chunks are missing")));
        }
        self.sync_content(&mut lasting, FileOf::<D>::sync_all)?;
        if let Ok(entry) = self.file.entry() {
            let _ = self.named.set(entry.changed);
        }
        match names.give_name(&self.file) {
            Err(StoreError::Exists(path)) => match names.there(&self.manifest)? {
                // Somebody else has put the same there.
                There::Same(path) => {
                    names
                        .discard(&self.file)
                        .map_err(|error| names.fail(&error))?;
                    Ok(path)
                }
                There::Other(..) | There::None => Err(StoreError::Exists(path)),
            },
            other => other,
        }
    }

    /// Ends for now: keeps what was received and frees the space reserved for the rest. An empty hidden part file is
    /// removed.
    ///
    /// # Errors
    /// What the disk says.
    pub fn put_away(&self) -> Result<(), StoreError> {
        let zeros = zero_chunks(&self.manifest);
        let is_empty = without(self.have(), &zeros).is_empty();
        let synced = if is_empty { Ok(()) } else { self.sync() };
        // A chunk that is being written is not recorded yet, and its space must stay reserved.
        let _alone = self.writing.write();
        let progress = self.progress();
        let given = if is_empty && self.names.is_hidden() {
            self.names.discard(&self.file)
        } else {
            give_back(&self.file, self.manifest.layout(), &progress.have)
        };
        synced.and(given.map_err(|error| self.names.fail(&error)))
    }

    /// Ends for good: nothing is left of it.
    ///
    /// # Errors
    /// What the disk says.
    pub fn discard(&self) -> Result<(), StoreError> {
        let _alone = self.writing.write();
        let discarded = self.names.discard(&self.file);
        discarded.map_err(|error| self.names.fail(&error))
    }
}
