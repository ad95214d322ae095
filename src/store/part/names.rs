//! Where the part file and its journal lie, and every change of their names.

use std::{io, path::PathBuf};

use super::{
    target::{Existing, PartPlace, Target, hidden_folder, stem},
    there::{There, there},
};
use crate::{
    model::{ChunkSet, FileMeta, FileName, Manifest},
    store::{
        StoreError,
        disk::{Content, Disk, Entry, FileOf, Folder, Locked, Make, Place, Replace},
        error::NotAFile,
        journal::{self, Journal},
        spot::Spot,
    },
};

/// Attempts to find a name for a journal that is being written.
const ATTEMPTS: u32 = 9;

/// Where everything of a part file is.
#[derive(Debug)]
pub(super) struct Names<D: Disk> {
    pub(super) disk: D,
    pub(super) spot: Spot,
    existing: Existing,
    place: PartPlace,
    /// The part file's own place.
    pub(super) part: Place<D::Folder>,
    /// The path of its folder in the disk.
    folder: String,
    /// Name of both without their suffixes.
    stem: String,
    journal: String,
    /// Folders above, or names in them, may be new and not on the disk.
    pub(super) unsure: bool,
    /// The only file that may be replaced, unless any file may be.
    pub(super) replaces: Option<Entry>,
}

impl<D: Disk> Names<D> {
    pub(super) fn new(disk: &D, target: &Target, make: Make) -> Result<Self, StoreError> {
        let Target {
            spot,
            existing,
            place,
        } = target.clone();
        let folder = match place {
            PartPlace::Beside => spot.folder.clone(),
            PartPlace::Hidden => hidden_folder(disk, &spot),
        };
        let path = match folder.as_str() {
            "." => disk.path().to_owned(),
            below => disk.path().join(below),
        };
        let opened = match disk.folder(&folder, Make::Nothing) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                disk.folder(&folder, make).map(|dir| (dir, true))
            }
            other => other.map(|dir| (dir, false)),
        };
        let (dir, unsure) = opened.map_err(|error| StoreError::new(&path, &error))?;
        let stem = stem(&spot, place);
        let name = format!("{stem}{}", FileName::PART_SUFFIX);
        let part = Place {
            dir,
            path: path.join(&name),
            name: name.into(),
        };
        Ok(Self {
            disk: disk.clone(),
            spot,
            existing,
            place,
            part,
            folder,
            journal: format!("{stem}{}", FileName::JOURNAL_SUFFIX),
            stem,
            // An earlier run may have been killed just after it made the folder.
            unsure: unsure || place == PartPlace::Beside,
            replaces: None,
        })
    }

    pub(super) fn is_hidden(&self) -> bool {
        self.place == PartPlace::Hidden
    }

    pub(super) fn fail(&self, error: &io::Error) -> StoreError {
        self.part.fail(error)
    }

    pub(super) fn fail_journal(&self, error: &io::Error) -> StoreError {
        StoreError::new(&self.part.path.with_file_name(&self.journal), error)
    }

    /// Opens the part file for this process alone. None when another gave it its final name, or moved it,
    /// between the opening and the locking: what is open then is not the part file any more.
    pub(super) fn lock_part(&self) -> Result<Option<(FileOf<D>, Locked)>, StoreError> {
        let lock = || {
            let file = self.part.dir.open_or_make(&self.part.name)?;
            let locked = file.lock()?;
            let opened = file.entry()?;
            if !opened.is_file {
                return Err(io::Error::other(NotAFile));
            }
            let named = self.part.look()?;
            let is_same = named.is_some_and(|named| named.identity == opened.identity);
            if is_same && self.is_hidden() && file.links()? > 1 {
                // An older version that was set aside, and a run that was killed while another took its place.
                self.part.dir.remove(&self.part.name)?;
                return Ok(None);
            }
            Ok(is_same.then_some((file, locked)))
        };
        lock().map_err(|error| self.fail(&error))
    }

    /// The journal, if there is one.
    pub(super) fn open_journal(&self) -> Result<Option<FileOf<D>>, StoreError> {
        match self.part.dir.open_file(&self.journal) {
            Ok(journal) => Ok(Some(journal)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(self.fail_journal(&error)),
        }
    }

    /// Replaces the journal by one that starts with the trusted chunks. It need not be durable when there are none and
    /// there was no journal.
    pub(super) fn new_journal(
        &self,
        file: &FileOf<D>,
        meta: &FileMeta,
        have: &ChunkSet,
    ) -> Result<Journal<FileOf<D>>, StoreError> {
        let dir = &self.part.dir;
        let make = || {
            // An older journal must not come back.
            let must_last = !have.is_empty() || dir.look(&self.journal)?.is_some();
            self.make_way_for_journal()?;
            let (fresh, name) = self.fresh_journal()?;
            let journal = Journal::start(fresh, meta, have)?;
            dir.take(&self.journal, dir, &name, Replace::Existing)?;
            if must_last {
                self.sync()?;
            }
            Ok(journal)
        };
        if !have.is_empty() {
            file.sync_data().map_err(|error| self.fail(&error))?;
        }
        make().map_err(|error| self.fail_journal(&error))
    }

    /// A journal under a temporary name, which nobody reads. One that a killed run left is removed; any other file of
    /// the name is not ours.
    fn fresh_journal(&self) -> io::Result<(FileOf<D>, String)> {
        let dir = &self.part.dir;
        for n in 1..=ATTEMPTS {
            let name = self.fresh_name(n);
            match dir.make_new(&name) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                other => return Ok((other?, name)),
            }
            if self.is_journal(&name)? {
                dir.remove(&name)?;
                return Ok((dir.make_new(&name)?, name));
            }
        }
        Err(io::ErrorKind::AlreadyExists.into())
    }

    /// A hidden name: no file of the catalogue has one, nor has its part file.
    fn fresh_name(&self, n: u32) -> String {
        let number = if n == 1 {
            String::new()
        } else {
            format!(".{n}")
        };
        format!(".{}{number}{}", self.stem, FileName::JOURNAL_SUFFIX)
    }

    /// Whether the file of this name was written by this program as a journal, damaged or not.
    fn is_journal(&self, name: &str) -> io::Result<bool> {
        let dir = &self.part.dir;
        if !dir.look(name)?.is_some_and(|found| found.is_file) {
            return Ok(false);
        }
        match dir.open_file(name) {
            // All that lies there is ours.
            Ok(_) if self.is_hidden() => Ok(true),
            Ok(file) => journal::is_journal(&file),
            Err(error) => Err(error),
        }
    }

    /// Moves what has the journal's name and is none to a free one.
    fn make_way_for_journal(&self) -> io::Result<()> {
        let dir = &self.part.dir;
        if dir.look(&self.journal)?.is_none() || self.is_journal(&self.journal)? {
            return Ok(());
        }
        let (_, free) = self.free_names()?;
        tracing::info!(journal = self.journal, to = free, "not ours: moved");
        dir.take(&free, dir, &self.journal, Replace::Never)
    }

    /// Names for what is set aside, the first that are free: of a part file and its journal.
    fn free_names(&self) -> io::Result<(String, String)> {
        let dir = &self.part.dir;
        for n in 1u32.. {
            let part = format!("{}.{n}{}", self.stem, FileName::PART_SUFFIX);
            let journal = format!("{}.{n}{}", self.stem, FileName::JOURNAL_SUFFIX);
            if dir.look(&part)?.is_none() && dir.look(&journal)?.is_none() {
                return Ok((part, journal));
            }
        }
        Err(io::ErrorKind::AlreadyExists.into())
    }

    /// Makes the names of part file and journal durable.
    pub(super) fn sync(&self) -> io::Result<()> {
        self.part.dir.sync()?;
        self.disk.sync_above(&self.folder)
    }

    /// Moves what is no part of this file to a free name, its journal with it.
    pub(super) fn set_aside(&self) -> Result<PathBuf, StoreError> {
        let dir = &self.part.dir;
        let set_aside = || {
            let (part, journal) = self.free_names()?;
            if dir.look(&self.journal)?.is_some() {
                dir.take(&journal, dir, &self.journal, Replace::Never)?;
            }
            dir.take(&part, dir, &self.part.name, Replace::Never)?;
            dir.sync()?;
            Ok(self.part.path.with_file_name(part))
        };
        set_aside().map_err(|error| self.fail(&error))
    }

    /// Gives the part file, all of which is on the disk, its final name.
    pub(super) fn give_name(&self, file: &FileOf<D>) -> Result<PathBuf, StoreError> {
        let (target, is_new) = match self.disk.place_at(&self.spot, Make::Nothing) {
            Err(StoreError::NotFound(_)) => (self.disk.place_at(&self.spot, Make::Folders)?, true),
            other => (other?, false),
        };
        let ours = file.entry().map_err(|error| self.fail(&error))?.identity;
        let is_ours = |found: Option<Entry>| found.is_some_and(|found| found.identity == ours);
        let found = target.look().map_err(|error| target.fail(&error))?;
        if !is_ours(self.part.look().map_err(|error| self.fail(&error))?) {
            // Without locks another process may have done this already, or a person has moved it.
            return if is_ours(found) {
                Ok(target.path)
            } else {
                Err(StoreError::Changed(self.part.path.clone()))
            };
        }
        if found.is_some_and(|found| !found.is_file) {
            return Err(StoreError::NotAFile(target.path));
        }
        if self.replaces.is_some() && found != self.replaces {
            // Somebody has put another file there meanwhile.
            return Err(StoreError::Changed(target.path));
        }
        let fail = |error: io::Error| target.fail(&error);
        // A file must not be moved to a folder that may be lost.
        if is_new || self.unsure {
            self.disk.sync_above(&self.spot.folder).map_err(fail)?;
        }
        let (dir, name) = (&self.part.dir, &self.part.name);
        match self.existing {
            Existing::Keep => target.take(dir, name, Replace::Never).map_err(fail)?,
            Existing::Overwrite => target.take(dir, name, Replace::Existing).map_err(fail)?,
            Existing::Replaces(old) => self.replace(&target, old)?,
        }
        target.dir.sync().map_err(fail)?;
        self.forget_journal();
        Ok(target.path)
    }

    /// What has the file's name.
    pub(super) fn there(&self, manifest: &Manifest) -> Result<There, StoreError> {
        there(&self.disk, &self.spot, manifest)
    }

    /// Removes the open part file and its journal; `file` is this process's own.
    pub(super) fn discard(&self, file: &FileOf<D>) -> io::Result<()> {
        let ours = file.entry()?.identity;
        if self
            .part
            .look()?
            .is_some_and(|found| found.identity == ours)
        {
            self.part.dir.remove(&self.part.name)?;
        }
        self.forget_journal();
        Ok(())
    }

    /// Finishes what a run that was killed just before its end left of a complete file.
    pub(super) fn tidy(&self, meta: &FileMeta) -> Result<(), StoreError> {
        let has_part = !matches!(self.part.look(), Ok(None));
        // What cannot be read was not left by such a run.
        let has_journal = self.is_journal(&self.journal).unwrap_or(false);
        if !has_part && !has_journal {
            return Ok(());
        }
        // The journal is removed last: only it says that the name may not be durable.
        let target = self.disk.place_at(&self.spot, Make::Nothing)?;
        let last = || {
            target.dir.sync()?;
            self.disk.sync_above(&self.spot.folder)
        };
        last().map_err(|error| target.fail(&error))?;
        if has_part {
            self.tidy_part(meta)?;
            if !matches!(self.part.look(), Ok(None)) {
                return Ok(());
            }
        }
        if !self.is_journal(&self.journal).unwrap_or(false) {
            return Ok(());
        }
        self.forget_journal();
        Ok(())
    }

    /// The file came from elsewhere, and what an earlier run left of it is of no use. Another process that is
    /// receiving it does the same at its end.
    fn tidy_part(&self, meta: &FileMeta) -> Result<(), StoreError> {
        // Without its journal it may be anybody's.
        let is_its = |journal| matches!(journal::read(&journal, meta), Ok(Some(_)));
        let journal = self.open_journal().ok().flatten();
        if !self.is_hidden() && !journal.is_some_and(is_its) {
            return Ok(());
        }
        match self.lock_part() {
            Ok(Some((file, Locked::Alone))) => {
                self.discard(&file).map_err(|error| self.fail(&error))
            }
            Ok(Some((_, Locked::NoLocks)) | None) | Err(_) => Ok(()),
        }
    }

    /// Removes a journal without a part file, and one under a temporary name. One that stays does no harm to the next
    /// run.
    fn forget_journal(&self) {
        let dir = &self.part.dir;
        for name in [&self.journal, &self.fresh_name(1)] {
            let removed = match self.is_journal(name) {
                Ok(true) => dir.remove(name),
                Ok(false) => Ok(()),
                Err(error) => Err(error),
            };
            if let Err(error) = removed {
                tracing::warn!(journal = name, %error, "a journal is left over");
            }
        }
        if self.is_hidden() {
            self.disk.remove_empty(&self.folder);
        }
    }
}
