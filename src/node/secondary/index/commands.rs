//! What the index's thread does on the node's commands.

use std::sync::Arc;

use super::{
    api::{IndexCommand, IndexEvent},
    thread::{Running, Unheard},
};
use crate::{
    engine::index::Event,
    model::{FileMeta, IndexedFile, Manifest, RetiredReason},
    store::indexed,
};

impl<E: FnMut(IndexEvent) -> bool> Running<E> {
    pub(super) fn command(&mut self, command: IndexCommand) -> Result<(), Unheard> {
        match command {
            IndexCommand::Stop => return Err(Unheard),
            IndexCommand::Look(name) => {
                let seen = self.shelf.see_anew(&name);
                self.feed(Event::Doubted(name, seen));
            }
            IndexCommand::Check { file, chunk } => self.feed(Event::Complaint { file, chunk }),
            IndexCommand::ReadAll => self.feed(Event::ReadAll),
            IndexCommand::SetAside { file, reason } => self.feed(Event::Unwanted { file, reason }),
            IndexCommand::Insert {
                meta,
                manifest,
                replaced,
            } => {
                if let Some((old, reason)) = replaced {
                    self.adopt(&old, reason);
                }
                let inserted = self.inserted(&meta, manifest);
                self.feed(Event::Inserted(inserted));
            }
        }
        Ok(())
    }

    /// A copy has replaced a file, which was set aside.
    fn adopt(&mut self, old: &Arc<IndexedFile>, reason: RetiredReason) {
        let path = self.shelf.adopt(old, reason);
        // A damaged file has no chunks for other files.
        if let Some(path) = path.filter(|_| reason != RetiredReason::Damaged) {
            self.own.set_aside(&old.meta.name, path);
        }
    }

    /// A copy as it is in the folder, unless it is gone or was changed again.
    fn inserted(&self, meta: &FileMeta, manifest: Arc<Manifest>) -> Option<Arc<IndexedFile>> {
        let stamp = self.shelf.see(&meta.name)?.stamp;
        let is_whole = stamp.bytes == meta.layout.file_bytes();
        is_whole.then(|| Arc::new(indexed(meta.name.clone(), stamp, manifest)))
    }
}
