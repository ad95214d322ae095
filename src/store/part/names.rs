//! Where the part file and its journal lie, and every change of their names.

use std::{io, path::PathBuf};

use super::{Existing, FileOf, PartPlace};
use crate::{
    model::{ChunkSet, FileMeta, FileName},
    store::{
        StoreError,
        disk::{Content, Disk, Entry, Folder, Make, Place, Replace, split},
        error::NotAFile,
        hash::sha256,
        journal::{self, Journal},
    },
};

/// Where everything of a part file is.
#[derive(Debug)]
pub(super) struct Names<D: Disk> {
    disk: D,
    file: FileName,
    existing: Existing,
    place: PartPlace,
    /// The part file's own place.
    part: Place<D::Folder>,
    /// The path of its folder in the disk.
    folder: String,
    /// Name of both without their suffixes.
    stem: String,
    journal: String,
    /// Folders above, or names in them, may be new and not on the disk.
    pub(super) unsure: bool,
    /// The only file that may be replaced, where not any may.
    pub(super) replaces: Option<Entry>,
}

impl<D: Disk> Names<D> {
    pub(super) fn new(
        disk: &D,
        file: &FileName,
        existing: Existing,
        place: PartPlace,
        make: Make,
    ) -> Result<Self, StoreError> {
        let folder = match place {
            PartPlace::Beside => split(file).0.to_owned(),
            PartPlace::Hidden => format!("{}/partes", disk.hidden(file)),
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
        let stem = stem(file, place);
        let name = format!("{stem}{}", FileName::PART_SUFFIX);
        let part = Place {
            dir,
            path: path.join(&name),
            name,
        };
        Ok(Self {
            disk: disk.clone(),
            file: file.clone(),
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
    pub(super) fn lock_part(&self) -> Result<Option<FileOf<D>>, StoreError> {
        let lock = || {
            let file = self.part.dir.open_or_make(&self.part.name)?;
            file.lock()?;
            let opened = file.entry()?;
            if !opened.is_file {
                return Err(io::Error::other(NotAFile));
            }
            let named = self.part.look()?;
            let is_same = named.is_some_and(|named| named.identity == opened.identity);
            Ok(is_same.then_some(file))
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

    /// Replaces the journal by one that starts with what is trusted. Where that is nothing and
    /// nothing was there, nothing needs to last.
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
            let fresh = format!("{}~", self.journal);
            let _ = dir.remove(&fresh);
            let journal = Journal::start(dir.open_or_make(&fresh)?, meta, have)?;
            dir.take(&self.journal, dir, &fresh, Replace::Existing)?;
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

    /// Makes the names of part file and journal last.
    pub(super) fn sync(&self) -> io::Result<()> {
        self.part.dir.sync()?;
        self.disk.sync_above(&self.folder)
    }

    /// Moves what is no part of this file to a free name, its journal with it.
    pub(super) fn set_aside(&self) -> Result<PathBuf, StoreError> {
        let dir = &self.part.dir;
        let set_aside = || {
            for n in 1u32.. {
                let part = format!("{}.{n}{}", self.stem, FileName::PART_SUFFIX);
                let journal = format!("{}.{n}{}", self.stem, FileName::JOURNAL_SUFFIX);
                if dir.look(&part)?.is_some() || dir.look(&journal)?.is_some() {
                    continue;
                }
                if dir.look(&self.journal)?.is_some() {
                    dir.take(&journal, dir, &self.journal, Replace::Never)?;
                }
                dir.take(&part, dir, &self.part.name, Replace::Never)?;
                dir.sync()?;
                return Ok(self.part.path.with_file_name(part));
            }
            Err(io::ErrorKind::AlreadyExists.into())
        };
        set_aside().map_err(|error| self.fail(&error))
    }

    /// Gives the part file, all of which is on the disk, its final name.
    pub(super) fn give_name(&self) -> Result<PathBuf, StoreError> {
        let (target, is_new) = match self.disk.place(&self.file, Make::Nothing) {
            Err(StoreError::NotFound(_)) => (self.disk.place(&self.file, Make::Folders)?, true),
            other => (other?, false),
        };
        let replace = match self.existing {
            Existing::Keep => Replace::Never,
            Existing::Overwrite => Replace::Existing,
        };
        let give = || {
            // A file must not be moved to a folder that may be lost.
            if is_new || self.unsure {
                self.disk.sync_above(split(&self.file).0)?;
            }
            target.take(&self.part.dir, &self.part.name, replace)?;
            target.dir.sync()
        };
        if let Some(replaced) = self.replaces {
            let found = target.look().map_err(|error| target.fail(&error))?;
            if found != Some(replaced) {
                // Somebody has put another file there meanwhile.
                return Err(StoreError::Changed(target.path));
            }
        }
        give().map_err(|error| target.fail(&error))?;
        self.forget_journal();
        Ok(target.path)
    }

    /// Does what is left to do for a complete file, if a run that was killed just before its end left its
    /// journal.
    pub(super) fn tidy(&self, meta: &FileMeta) -> Result<(), StoreError> {
        // What cannot be read was not left by such a run.
        let is_left = |journal| matches!(journal::read(&journal, meta), Ok(Some(_)));
        let journal = self.open_journal().ok().flatten();
        if !matches!(self.part.look(), Ok(None)) || !journal.is_some_and(is_left) {
            return Ok(());
        }
        let target = self.disk.place(&self.file, Make::Nothing)?;
        let last = || {
            target.dir.sync()?;
            self.disk.sync_above(split(&self.file).0)
        };
        last().map_err(|error| target.fail(&error))?;
        self.forget_journal();
        Ok(())
    }

    /// Removes a journal that has no part file any more. The next run takes no harm from one that stays.
    fn forget_journal(&self) {
        if let Err(error) = self.part.dir.remove(&self.journal) {
            tracing::warn!(journal = self.journal, %error, "a journal is left over");
        }
        if self.is_hidden() {
            self.disk.remove_empty(&self.folder);
        }
    }
}

fn stem(file: &FileName, place: PartPlace) -> String {
    match place {
        PartPlace::Beside => split(file).1.to_owned(),
        PartPlace::Hidden => sha256(file.as_str().as_bytes()).to_string(),
    }
}
