//! What the index does when it is told.

use std::{io, time::Instant};

use super::{
    Gone, IndexCommand, IndexEvent,
    content::Seen,
    run::{Running, Unheard},
    scan::look,
};
use crate::{
    model::{FileMeta, FileName, RemovedReason},
    store::{
        StoreError,
        disk::{Disk, Make, Place, Replace},
    },
};

impl<E: FnMut(IndexEvent) -> bool> Running<E> {
    pub(super) fn command(&mut self, command: IndexCommand) -> Result<(), Unheard> {
        match command {
            IndexCommand::Stop => Err(Unheard),
            IndexCommand::Look(name) => self.doubt(&name),
            IndexCommand::ReadAll => self.read_all(),
            IndexCommand::Insert { meta, manifest } => {
                match look(&self.root, &meta.name) {
                    Some(Seen { stamp, .. }) if stamp.bytes == meta.layout.file_bytes() => {
                        self.hashing.forget(&meta.name);
                        self.cache.put(&meta.name, stamp, &manifest);
                        self.serve(meta.name, stamp, manifest)
                    }
                    // Gone or changed again: the next look says which.
                    _ => {
                        self.look_at = Instant::now();
                        Ok(())
                    }
                }
            }
            IndexCommand::SetAside(meta) => self.set_aside(&meta),
        }
    }

    /// A file was not what it should be. One that is as it was is read again, as what is known of it is not
    /// so; what became of another, the next look says.
    fn doubt(&mut self, name: &FileName) -> Result<(), Unheard> {
        self.look_at = Instant::now();
        let Some(served) = self.served.get(name) else {
            return Ok(());
        };
        let stamp = served.stamp;
        // The handle would find it in a folder that is gone.
        if !matches!(self.root.is_current(), Ok(true)) {
            return Ok(());
        }
        if look(&self.root, name).is_none_or(|seen| seen.stamp != stamp) {
            return Ok(());
        }
        self.cache.forget(name, stamp);
        self.remove(name, RemovedReason::Lost, Gone::Changed)
    }

    fn set_aside(&mut self, meta: &FileMeta) -> Result<(), Unheard> {
        let served = self.served.get(&meta.name);
        let Some(served) = served.filter(|served| served.meta.id == meta.id) else {
            return Ok(());
        };
        let stamp = served.stamp;
        match self.move_aside(&meta.name) {
            Ok(()) => self.remove(&meta.name, RemovedReason::Lost, Gone::SetAside),
            Err(error) => {
                tracing::warn!(file = %meta.name, %error, "cannot be set aside");
                // Looks find it, and must not bring it back.
                self.withdrawn.insert(meta.name.clone(), stamp);
                self.remove(&meta.name, RemovedReason::Lost, Gone::Withdrawn)
            }
        }
    }

    fn move_aside(&self, name: &FileName) -> Result<(), StoreError> {
        let from = self.root.place(name, Make::Nothing)?;
        let hidden = self.root.hidden(name);
        let (folder, file) = match name.as_str().rsplit_once('/') {
            Some((folder, file)) => (format!("{hidden}/retirados/{folder}"), file),
            None => (format!("{hidden}/retirados"), name.as_str()),
        };
        let fail = |error: io::Error| from.fail(&error);
        let dir = self.root.folder(&folder, Make::Folders).map_err(fail)?;
        for n in 1u32.. {
            let name = if n == 1 {
                file.to_owned()
            } else {
                format!("{file}-{n}")
            };
            let to = Place {
                dir: dir.try_clone().map_err(fail)?,
                path: self.root.path().join(&folder).join(&name),
                name,
            };
            match to.take(&from.dir, &from.name, Replace::Never) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                other => {
                    other.map_err(fail)?;
                    break;
                }
            }
        }
        if let Some((folder, _)) = name.as_str().rsplit_once('/') {
            self.root.remove_empty(folder);
        }
        Ok(())
    }
}
