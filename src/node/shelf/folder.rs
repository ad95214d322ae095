//! A folder as a place of files: everything is what `store` has for it.

use std::{io, path::Path, sync::Arc};

use parking_lot::Mutex;

use super::kinds::{Aside, FoundWriters, Habits, Listening, Shelf};
use crate::{
    engine::index::Processes,
    model::{
        ChunkIndex, Digest, FileName, IndexedFile, Look, Manifest, RetiredReason, Seen, Stamp,
        Verdict,
    },
    node::send::Content,
    store::{
        ContentReader, Root, StoreError, Sweep,
        index::{Disks, Heard, ReadFrom, Scan, Writers, check_chunk, digest, scan, see, watch},
        retired::Retired,
    },
};

/// See the module.
#[derive(Debug)]
pub struct FolderShelf {
    root: Root,
    retired: Retired,
    /// Only the index's thread takes it.
    disks: Mutex<Disks>,
}

impl FolderShelf {
    /// A folder with what was set aside in it, and the disks that it had in earlier runs.
    pub fn new(root: Root, retired: Retired, disks: Disks) -> Self {
        Self {
            root,
            retired,
            disks: Mutex::new(disks),
        }
    }
}

impl Shelf for FolderShelf {
    fn path(&self) -> &Path {
        self.root.path()
    }

    fn habits(&self) -> Habits {
        Habits {
            looks_apart: false,
            look_every: None,
            is_atomic: false,
        }
    }

    fn scan(&self) -> Result<Scan, StoreError> {
        scan(&self.root)
    }

    fn recall(&self, mut scan: Scan, is_served_below: &dyn Fn(&FileName) -> bool) -> Look {
        let mut disks = self.disks.lock();
        disks.found(&self.root, &mut scan, is_served_below);
        scan.look
    }

    fn see(&self, name: &FileName) -> Option<Seen> {
        see(&self.root, name)
    }

    fn see_current(&self, name: &FileName) -> Option<Seen> {
        let is_current = matches!(self.root.is_current(), Ok(true));
        see(&self.root, name).filter(|_| is_current)
    }

    fn see_anew(&self, name: &FileName) -> Option<Seen> {
        self.see_current(name)
    }

    fn reopen(&self) -> io::Result<bool> {
        self.root.reopen()
    }

    fn listen(&self, tell: Box<dyn Fn(Heard) + Send>) -> Listening {
        match watch(&self.root, tell) {
            Ok(watcher) => Listening::Hears(Box::new(watcher)),
            Err(error) => Listening::Deaf(error.to_string()),
        }
    }

    fn allows_writing(&self) -> Result<(), StoreError> {
        self.root.allows_writing()
    }

    fn check_writable(&self) -> Result<(), StoreError> {
        self.root.check_writable()
    }

    fn writers(&self, asked: &[(FileName, Stamp)]) -> FoundWriters {
        let writers = Writers::look();
        let open = asked.iter().filter_map(|(name, stamp)| {
            let writer = writers.of(name, *stamp)?;
            Some((name.clone(), writer))
        });
        FoundWriters {
            open: open.collect(),
            processes: if writers.is_complete() {
                Processes::All
            } else {
                Processes::Some
            },
        }
    }

    fn digest(
        &self,
        name: &FileName,
        stamp: Stamp,
        keep_on: &dyn Fn() -> bool,
    ) -> io::Result<Manifest> {
        digest(&self.root, name, stamp, keep_on)
    }

    fn check_chunk(&self, file: &Arc<IndexedFile>, chunk: ChunkIndex, from: ReadFrom) -> Verdict {
        check_chunk(&self.root, file, chunk, from)
    }

    fn open(&self, file: &Arc<IndexedFile>) -> Result<Arc<dyn Content>, StoreError> {
        let opened = match ContentReader::open(&self.root, Arc::clone(file)) {
            // Another file has its name by now. The content may have been set aside.
            Err(error @ (StoreError::Changed(_) | StoreError::NotFound(_))) => {
                self.retired.open(file).map_err(|_| error)
            }
            other => other,
        };
        Ok(Arc::new(opened?))
    }

    fn set_aside(
        &self,
        file: &Arc<IndexedFile>,
        reason: RetiredReason,
    ) -> Result<Option<String>, StoreError> {
        self.retired.take(file, reason)
    }

    fn adopt(&self, file: &Arc<IndexedFile>, reason: RetiredReason) -> Option<String> {
        self.retired.adopt(file, reason)
    }

    fn aside(&self) -> Arc<dyn Aside> {
        Arc::new(self.retired.clone())
    }

    fn restore_aside(&self, known: &mut dyn FnMut(&FileName, Stamp) -> Option<Arc<IndexedFile>>) {
        self.retired.restore(known);
    }

    fn reload_aside(&self) {
        self.retired.reload();
    }

    fn readable_aside(&self) -> Vec<Arc<IndexedFile>> {
        self.retired.readable()
    }

    fn find_aside(&self, id: &Digest) -> Option<Arc<IndexedFile>> {
        self.retired.find(id)
    }

    fn sweep(&self, sweep: &Sweep) {
        match sweep.run(&self.root, std::time::SystemTime::now()) {
            Ok(0) => {}
            Ok(removed) => tracing::info!(removed, "part files that nobody goes on with"),
            Err(error) => tracing::warn!(%error, "part files are not looked at"),
        }
    }

    fn root(&self) -> Option<&Root> {
        Some(&self.root)
    }
}
