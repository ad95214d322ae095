//! Files that are not what they were hashed as, though nothing shows that somebody changed them: a disk has altered
//! them. They are not served and not announced as new content; a good copy may take their place.
//!
//! A file that is suspected is read again before anything else is said of it, whatever is known of its digests. One that
//! was found to be damaged stays so, under any name and over restarts, for as long as it looks as it did, or until
//! everything is read again.

use std::{io, sync::Arc, time::Instant};

use super::{
    Gone, IndexEvent,
    checking::{Checked, Verdict},
    run::{Running, Unheard},
    scan::{Scan, look},
};
use crate::{
    model::{ChunkIndex, FileMeta, FileName, IndexedFile, Manifest, RemovedReason, Stamp},
    store::stamp::indexed,
};

/// A file that is to be read again.
#[derive(Debug)]
pub(super) struct Suspect {
    /// What it should be.
    file: Arc<IndexedFile>,
    /// That it is damaged was told already.
    told: bool,
}

impl<E: FnMut(IndexEvent) -> bool> Running<E> {
    /// Somebody has received wrong bytes of a content: they are read, if it is served.
    pub(super) fn check(&mut self, meta: &FileMeta, chunk: ChunkIndex) {
        let named = self.served.get(&meta.name);
        let same = |file: &&Arc<IndexedFile>| file.meta.id == meta.id;
        let file = named
            .filter(same)
            .or_else(|| self.served.values().find(same));
        if let Some(file) = file {
            self.checking.add(Arc::clone(file), chunk);
        }
    }

    /// A chunk was read.
    pub(super) fn checked(&mut self, checked: Checked) -> Result<(), Unheard> {
        let Checked {
            file,
            chunk,
            verdict,
        } = checked;
        self.checking.done();
        let name = &file.meta.name;
        match verdict {
            Verdict::Right => tracing::info!(file = %name, %chunk, "is right on the disk"),
            Verdict::Unclear => self.look_soon(),
            Verdict::Wrong => {
                let served = self.served.get(name);
                if served.is_some_and(|served| Arc::ptr_eq(served, &file))
                    && self.is_as_it_was(&file)
                {
                    tracing::warn!(file = %name, %chunk, "is not what it was, though nothing shows that it changed");
                    self.look_at = Instant::now();
                    return self.damaged(file, true);
                }
            }
        }
        Ok(())
    }

    /// A file could not be sent. One that is as it was is read again, as what is known of it is not so; what became of
    /// another, the next look says.
    pub(super) fn doubt(&mut self, name: &FileName) -> Result<(), Unheard> {
        self.look_at = Instant::now();
        let Some(file) = self.served.get(name).cloned() else {
            return Ok(());
        };
        if !self.is_as_it_was(&file) {
            return Ok(());
        }
        self.cache.set_damaged(name, file.stamp, &file.manifest);
        let told = false;
        self.suspects.insert(name.clone(), Suspect { file, told });
        self.remove(name, RemovedReason::Lost, Gone::Changed)
    }

    fn is_as_it_was(&self, file: &IndexedFile) -> bool {
        // The handle would find it in a folder that is gone.
        let is_current = matches!(self.root.is_current(), Ok(true));
        let seen = look(&self.root, &file.meta.name);
        is_current && seen.is_some_and(|seen| seen.stamp == file.stamp)
    }

    /// A file that is served is damaged. `again` has all of it read once more.
    pub(super) fn damaged(&mut self, file: Arc<IndexedFile>, again: bool) -> Result<(), Unheard> {
        let name = file.meta.name.clone();
        self.cache.set_damaged(&name, file.stamp, &file.manifest);
        self.remove(&name, RemovedReason::Lost, Gone::Damaged)?;
        if again {
            let (file, told) = (Arc::clone(&file), true);
            self.suspects.insert(name, Suspect { file, told });
        } else {
            self.damaged.insert(name, Arc::clone(&file));
        }
        self.tell(IndexEvent::Damaged { file })
    }

    /// A file that an earlier run, or this one under another name, found to be damaged is read again before it is
    /// believed. True when it is such a one.
    pub(super) fn is_known_damage(&mut self, name: &FileName, stamp: Stamp) -> bool {
        if self.suspects.contains_key(name) {
            return true;
        }
        let Some(manifest) = self.cache.damage_of(stamp) else {
            return false;
        };
        let file = Arc::new(indexed(name.clone(), stamp, manifest));
        let told = false;
        self.suspects.insert(name.clone(), Suspect { file, told });
        true
    }

    /// A file that is suspected was read. True when it is damaged, and all that follows is done.
    pub(super) fn judge(
        &mut self,
        name: &FileName,
        stamp: Stamp,
        read: &io::Result<Manifest>,
    ) -> Result<bool, Unheard> {
        let Some(suspect) = self.suspects.get(name) else {
            return Ok(false);
        };
        let is_damaged = match read {
            _ if suspect.file.stamp != stamp => false,
            Ok(manifest) => *manifest != *suspect.file.manifest,
            Err(error) if is_damage(error) => true,
            // That it cannot be read now says nothing of what is in it.
            Err(_) => return Ok(false),
        };
        let Some(Suspect { file, told }) = self.suspects.remove(name) else {
            return Ok(false);
        };
        if !is_damaged {
            return Ok(false);
        }
        tracing::warn!(file = %name, "is damaged");
        self.damaged.insert(name.clone(), Arc::clone(&file));
        if !told {
            self.tell(IndexEvent::Damaged { file })?;
        }
        Ok(true)
    }

    /// All that was found to be damaged is read once more.
    pub(super) fn doubt_damage(&mut self) {
        for (name, file) in std::mem::take(&mut self.damaged) {
            self.hashing.add(name.clone(), file.stamp);
            let told = true;
            self.suspects.insert(name, Suspect { file, told });
        }
    }

    /// Somebody has changed or taken away what was damaged: it is a file like others.
    pub(super) fn forget_damage(&mut self, scan: &Scan) {
        let is_there = |name: &FileName, file: &IndexedFile| {
            let seen = scan.files.get(name);
            seen.is_some_and(|seen| seen.stamp == file.stamp)
        };
        self.damaged.retain(|name, file| is_there(name, file));
        self.suspects
            .retain(|name, suspect| is_there(name, &suspect.file));
    }
}

/// True for what a failing disk says, and file systems that check what they read.
pub(super) fn is_damage(error: &io::Error) -> bool {
    use rustix::io::Errno;
    matches!(
        Errno::from_io_error(error),
        Some(
            Errno::IO
                | Errno::UCLEAN
                | Errno::BADMSG
                | Errno::NODATA
                | Errno::ILSEQ
                | Errno::REMOTEIO
        )
    )
}
