//! What the index does when it is told.

use std::time::Instant;

use super::{
    Gone, IndexCommand, IndexEvent, Origin,
    run::{Running, Unheard},
    scan::{Scan, look},
};
use crate::{
    model::{FileMeta, FileName, RemovedReason, RetiredReason, Seen},
    store::StoreError,
};

impl<E: FnMut(IndexEvent) -> bool> Running<E> {
    pub(super) fn command(&mut self, command: IndexCommand) -> Result<(), Unheard> {
        match command {
            IndexCommand::Stop => Err(Unheard),
            IndexCommand::Look(name) => self.doubt(&name),
            IndexCommand::Check { file, chunk } => {
                self.check(&file, chunk);
                Ok(())
            }
            IndexCommand::ReadAll => self.read_all(),
            IndexCommand::Insert {
                meta,
                manifest,
                replaced,
            } => {
                if let Some((old, reason)) = replaced {
                    let path = self.retired.adopt(&old, reason);
                    self.lies_aside(
                        &meta.name,
                        path.filter(|_| reason != RetiredReason::Damaged),
                    );
                }
                match look(&self.root, &meta.name) {
                    Some(Seen { stamp, .. }) if stamp.bytes == meta.layout.file_bytes() => {
                        self.hashing.forget(&meta.name);
                        self.cache.put(&meta.name, stamp, &manifest);
                        self.serve(meta.name, stamp, manifest, Origin::Copy)
                    }
                    // Gone or changed again: the next look says which.
                    _ => {
                        self.look_at = Instant::now();
                        Ok(())
                    }
                }
            }
            IndexCommand::SetAside { file, reason } => self.set_aside(&file, reason),
        }
    }

    fn set_aside(&mut self, meta: &FileMeta, reason: RetiredReason) -> Result<(), Unheard> {
        let served = self.served.get(&meta.name);
        let Some(file) = served.filter(|served| served.meta.id == meta.id).cloned() else {
            return Ok(());
        };
        match self.retired.take(&file, reason) {
            // Somebody puts another file there: the next look says what.
            Err(StoreError::Changed(_) | StoreError::NotFound(_)) => {
                self.look_soon();
                Ok(())
            }
            Ok(path) => {
                self.lies_aside(&meta.name, path);
                self.remove(&meta.name, RemovedReason::Lost, Gone::SetAside(reason))
            }
            Err(error) => {
                tracing::warn!(file = %meta.name, %error, "cannot be set aside");
                // Looks find it, and must not bring it back.
                self.withdrawn.insert(meta.name.clone(), (file, reason));
                self.remove(&meta.name, RemovedReason::Lost, Gone::Withdrawn)
            }
        }
    }

    /// What was set aside still has chunks that others may be made of.
    fn lies_aside(&self, name: &FileName, path: Option<String>) {
        if let Some(path) = path {
            self.own.set_aside(name, path);
        }
    }

    /// Tries again to set aside what could not be; what has changed since is a file like others.
    pub(super) fn set_withdrawn_aside(&mut self, scan: &Scan) {
        let Self {
            withdrawn, retired, ..
        } = self;
        withdrawn.retain(|name, (file, reason)| {
            let seen = scan.files.get(name);
            let is_there = seen.is_some_and(|seen| seen.stamp == file.stamp);
            is_there && retired.take(file, *reason).is_err()
        });
    }
}
