//! Files that have stopped changing are read, and served from then on.

use std::{
    io,
    sync::Arc,
    time::{Duration, Instant},
};

use super::{
    IgnoredReason, IndexEvent, IndexedFile, Origin,
    content::{Seen, Stamp},
    hashing::LARGE_BYTES,
    run::{Running, Unheard},
    scan::look,
};
use crate::{
    model::{FileMeta, FileName, Manifest},
    store::hash::manifest_id,
};

/// Commands wait this long for files that need not be read.
const TURN: Duration = Duration::from_millis(20);

impl<E: FnMut(IndexEvent) -> bool> Running<E> {
    /// Serves what is known already of the files that have stopped changing, for a while; others are to be
    /// read.
    pub(super) fn take_settled(&mut self) -> Result<(), Unheard> {
        let began = Instant::now();
        while began.elapsed() < TURN {
            let Some((name, stamp)) = self.settling.take_settled(Instant::now()) else {
                break;
            };
            if look(&self.root, &name).is_none_or(|seen| seen.stamp != stamp) {
                self.look_soon();
                continue;
            }
            // While everything is read again, nothing is taken for known.
            let known = (!self.rereading).then(|| self.cache.get(&name, stamp));
            match known.flatten() {
                Some(manifest) => self.serve(name, stamp, manifest, Origin::Look)?,
                None => self.hashing.add(name, stamp),
            }
        }
        Ok(())
    }

    /// Has files read for as long as there are threads that wait for some.
    pub(super) fn start_reading(&mut self) -> Result<(), Unheard> {
        while let Some((name, stamp, started)) = self.hashing.start() {
            match started {
                Ok(()) if stamp.bytes >= LARGE_BYTES => {
                    let bytes = stamp.bytes;
                    self.tell(IndexEvent::Hashing { name, bytes })?;
                }
                Ok(()) => {}
                Err(error) => self.has_read(name, stamp, Err(error))?,
            }
        }
        Ok(())
    }

    /// A file was read, or could not be.
    pub(super) fn has_read(
        &mut self,
        name: FileName,
        stamp: Stamp,
        read: io::Result<Manifest>,
    ) -> Result<(), Unheard> {
        if self.served.contains_key(&name) {
            return self.has_read_again(&name, stamp, read);
        }
        match (look(&self.root, &name), read) {
            (None, _) => Ok(()),
            (Some(after), _) if after.stamp != stamp => {
                self.settling.again(Instant::now(), name, after.stamp);
                Ok(())
            }
            (Some(_), Ok(manifest)) => {
                let manifest = Arc::new(manifest);
                self.cache.put(&name, stamp, &manifest);
                self.serve(name, stamp, manifest, Origin::Look)
            }
            (Some(after), Err(error)) => self.cannot_read(name, after, &error),
        }
    }

    pub(super) fn cannot_read(
        &mut self,
        name: FileName,
        seen: Seen,
        error: &io::Error,
    ) -> Result<(), Unheard> {
        let path = name.to_string();
        self.unreadable.failed(Instant::now(), name, seen);
        if self.ignored.insert(path.clone()) {
            let reason = IgnoredReason::Unreadable(error.into());
            self.tell(IndexEvent::Ignored { path, reason })?;
        }
        Ok(())
    }

    pub(super) fn serve(
        &mut self,
        name: FileName,
        stamp: Stamp,
        manifest: Arc<Manifest>,
        origin: Origin,
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
        self.own.served(&file);
        self.served.insert(name, Arc::clone(&file));
        self.tell(IndexEvent::Added { file, origin })
    }
}
