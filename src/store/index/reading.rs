//! Files that have stopped changing are read, and served from then on.

use std::{io, sync::Arc, time::Instant};

use super::{
    IgnoredReason, IndexEvent, IndexedFile,
    content::{Seen, Stamp},
    run::{Job, Running, Unheard},
    scan::look,
};
use crate::{
    model::{ChunkLayout, FileMeta, FileName, Manifest},
    store::{
        hash::{FileHasher, manifest_id},
        root::Make,
    },
};

/// Reading a file this long is worth telling.
const LARGE_BYTES: u64 = 64 << 20;

impl<E: FnMut(IndexEvent) -> bool> Running<E> {
    /// Serves what is known already, and starts to read the next file that is not.
    pub(super) fn next_job(&mut self) -> Result<(), Unheard> {
        while let Some((name, stamp)) = self.settling.take_settled(Instant::now()) {
            let Some(seen) = look(&self.root, &name).filter(|seen| seen.stamp == stamp) else {
                self.look_soon();
                continue;
            };
            if let Some(manifest) = self.cache.get(&name, stamp) {
                self.serve(name, stamp, manifest)?;
                continue;
            }
            match self.open(&name, stamp) {
                Ok(hasher) => {
                    if stamp.bytes >= LARGE_BYTES {
                        let (name, bytes) = (name.clone(), stamp.bytes);
                        self.tell(IndexEvent::Hashing { name, bytes })?;
                    }
                    self.job = Some(Job {
                        name,
                        stamp,
                        hasher,
                    });
                    return Ok(());
                }
                Err(error) => self.cannot_read(name, seen, &error)?,
            }
        }
        Ok(())
    }

    fn open(&self, name: &FileName, stamp: Stamp) -> io::Result<FileHasher> {
        let place = self
            .root
            .place(name, Make::Nothing)
            .map_err(io::Error::other)?;
        let layout = ChunkLayout::for_file(stamp.bytes).map_err(io::Error::other)?;
        FileHasher::new(place.open()?, layout)
    }

    fn cannot_read(
        &mut self,
        name: FileName,
        seen: Seen,
        error: &io::Error,
    ) -> Result<(), Unheard> {
        let path = name.to_string();
        self.unreadable.failed(Instant::now(), name, seen);
        if self.ignored.insert(path.clone()) {
            let reason = IgnoredReason::Unreadable(error.to_string());
            self.tell(IndexEvent::Ignored { path, reason })?;
        }
        Ok(())
    }

    pub(super) fn read_on(&mut self) -> Result<(), Unheard> {
        let Some(mut job) = self.job.take() else {
            return Ok(());
        };
        let read = match job.hasher.step() {
            Ok(true) => {
                self.job = Some(job);
                return Ok(());
            }
            Ok(false) => job.hasher.finish(),
            Err(error) => Err(error),
        };
        let (name, stamp) = (job.name, job.stamp);
        match (look(&self.root, &name), read) {
            (None, _) => Ok(()),
            (Some(after), _) if after.stamp != stamp => {
                self.settling.again(Instant::now(), name, after.stamp);
                Ok(())
            }
            (Some(_), Ok(manifest)) => {
                let manifest = Arc::new(manifest);
                self.cache.put(&name, stamp, &manifest);
                self.serve(name, stamp, manifest)
            }
            (Some(after), Err(error)) => self.cannot_read(name, after, &error),
        }
    }

    pub(super) fn serve(
        &mut self,
        name: FileName,
        stamp: Stamp,
        manifest: Arc<Manifest>,
    ) -> Result<(), Unheard> {
        self.settling.forget(&name);
        self.unreadable.forget(&name);
        let meta = FileMeta {
            name: name.clone(),
            layout: manifest.layout(),
            id: manifest_id(&manifest),
        };
        let file = Arc::new(IndexedFile {
            meta,
            manifest,
            stamp,
        });
        self.served.insert(name, Arc::clone(&file));
        self.tell(IndexEvent::Added(file))
    }
}
