//! How a file is set aside.

use std::{io, sync::Arc};

use cap_std::fs::Dir;
use rustix::{fs::AtFlags, io::Errno};

use super::{
    Content, Kept, Retired, RetiredReason,
    book::{self, Book, Entry},
    naming, now_ms,
};
use crate::{
    model::FileName,
    store::{
        StoreError,
        disk::{Disk, Folder, Make, Place, Replace, split},
        index::{IndexedFile, Stamp},
    },
};

/// In which way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum How {
    Link,
    Move,
}

impl Retired {
    /// Sets a file aside under a second name, so that another can take its first one by a rename. Where there are no
    /// second names it is moved.
    ///
    /// # Errors
    /// [`StoreError::Changed`] when another file has the name by now, and what the disk says; the file is where it was.
    pub fn link(&self, file: &Arc<IndexedFile>, reason: RetiredReason) -> Result<Kept, StoreError> {
        self.keep(file, reason, How::Link)
    }

    /// Moves a file out of the served folder.
    ///
    /// # Errors
    /// As [`Retired::link`].
    pub fn take(&self, file: &Arc<IndexedFile>, reason: RetiredReason) -> Result<Kept, StoreError> {
        self.keep(file, reason, How::Move)
    }

    /// Takes back what [`Retired::link`] did, as nobody took the name.
    ///
    /// # Errors
    /// [`StoreError::Exists`] when a file that had to be moved finds its name taken, and what the disk says; it is kept.
    pub fn undo(&self, file: &IndexedFile, kept: Kept) -> Result<(), StoreError> {
        let mut book = self.book();
        match kept {
            Kept::TooLarge => Ok(()),
            Kept::Linked(number) => self.drop_file(&mut book, number),
            Kept::Moved(number) => {
                let Some(entry) = book.get(number).cloned() else {
                    return Ok(());
                };
                let to = self.0.root.place(&file.meta.name, Make::Folders)?;
                self.move_out(&mut book, number, &entry, &to)
            }
        }
    }

    fn keep(
        &self,
        file: &Arc<IndexedFile>,
        reason: RetiredReason,
        how: How,
    ) -> Result<Kept, StoreError> {
        let mut book = self.loaded();
        let from = self.0.root.place(&file.meta.name, Make::Nothing)?;
        if stamp_at(&from)? != file.stamp {
            return Err(StoreError::Changed(from.path));
        }
        let bytes = taken_bytes(&from)?;
        if bytes > self.max_bytes() {
            let (name, id) = (&file.meta.name, &file.meta.id);
            tracing::warn!(%name, %id, bytes, ?reason, "too large to be kept aside: it is dropped");
            if how == How::Move {
                from.dir.remove(&from.name).map_err(|e| from.fail(&e))?;
                self.0.root.remove_empty(split(&file.meta.name).0);
            }
            return Ok(Kept::TooLarge);
        }
        let (path, how) = self.put(&book, &from, &file.meta.name, how)?;
        let place = self.place(&path)?;
        if stamp_at(&place)? != file.stamp {
            // Somebody put another file there at this very moment.
            match how {
                How::Link => place.dir.remove(&place.name),
                How::Move => from.take(&place.dir, &place.name, Replace::Never),
            }
            .map_err(|error| place.fail(&error))?;
            return Err(StoreError::Changed(from.path));
        }
        if how == How::Link {
            place.dir.sync().map_err(|error| place.fail(&error))?;
        } else {
            self.0.root.remove_empty(split(&file.meta.name).0);
        }
        let number = book.add(
            &self.0.root,
            Entry {
                path: path.clone(),
                name: file.meta.name.to_string(),
                // What is damaged is not that content.
                id: (reason != RetiredReason::Damaged).then_some(file.meta.id),
                when_ms: now_ms(),
                reason: Some(reason),
                stamp: file.stamp,
                bytes,
            },
        );
        if reason != RetiredReason::Damaged {
            let file = Arc::clone(file);
            let key = (file.meta.id, number);
            self.contents().insert(key, Content { file, path });
        }
        self.enforce_now(&mut book);
        Ok(match how {
            How::Link => Kept::Linked(number),
            How::Move => Kept::Moved(number),
        })
    }

    /// Finds a free name and puts the file there: below the root's hidden folder, or, from another disk, below one of
    /// that disk's own.
    fn put(
        &self,
        book: &Book,
        from: &Place<Dir>,
        name: &FileName,
        how: How,
    ) -> Result<(String, How), StoreError> {
        let mut last = io::Error::from(io::ErrorKind::CrossesDevices);
        for home in naming::homes(name) {
            match self.put_below(book, from, home, name, how) {
                Err(error) if error.kind() == io::ErrorKind::CrossesDevices => last = error,
                other => return other.map_err(|error| from.fail(&error)),
            }
        }
        Err(from.fail(&last))
    }

    fn put_below(
        &self,
        book: &Book,
        from: &Place<Dir>,
        home: &str,
        name: &FileName,
        how: How,
    ) -> io::Result<(String, How)> {
        let base = naming::base(home);
        let (above, file) = split(name);
        let below = above.strip_prefix(home).unwrap_or(above);
        let below = below.trim_start_matches('/');
        let mut folder = match below {
            "" | "." => base.clone(),
            below => format!("{base}/{below}"),
        };
        let dir = match self.0.root.folder(&folder, Make::Folders) {
            // A file that was set aside before has the name of the folder.
            Err(error) if is_no_folder(&error) && folder != base => {
                folder = base;
                self.0.root.folder(&folder, Make::Folders)?
            }
            other => other?,
        };
        let put = self.put_in(book, from, &folder, &dir, file, how);
        if put.is_err() {
            self.0.root.remove_empty(&folder);
        }
        put
    }

    fn put_in(
        &self,
        book: &Book,
        from: &Place<Dir>,
        folder: &str,
        dir: &Dir,
        file: &str,
        mut how: How,
    ) -> io::Result<(String, How)> {
        for n in 1u32.. {
            let name = naming::numbered(file, n);
            let path = format!("{folder}/{name}");
            if book.has(&path) {
                continue;
            }
            let mut put = match how {
                How::Link => {
                    let flags = AtFlags::empty();
                    rustix::fs::linkat(&from.dir, &from.name, dir, &name, flags).map_err(Into::into)
                }
                How::Move => dir.take(&name, &from.dir, &from.name, Replace::Never),
            };
            if how == How::Link && put.as_ref().is_err_and(has_no_links) {
                how = How::Move;
                put = dir.take(&name, &from.dir, &from.name, Replace::Never);
            }
            match put {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                other => return other.map(|()| (path, how)),
            }
        }
        Err(io::ErrorKind::AlreadyExists.into())
    }
}

fn stamp_at(place: &Place<Dir>) -> Result<Stamp, StoreError> {
    let found = place.dir.symlink_metadata(&place.name);
    found
        .map(|found| Stamp::of_found(&found))
        .map_err(|error| place.fail(&error))
}

/// What a file takes: its length, or less if it has holes.
fn taken_bytes(place: &Place<Dir>) -> Result<u64, StoreError> {
    let found = place.dir.symlink_metadata(&place.name);
    found
        .map(|found| book::taken(&found))
        .map_err(|error| place.fail(&error))
}

fn is_no_folder(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotADirectory | io::ErrorKind::AlreadyExists
    )
}

/// File systems without second names, files of others that may not get one, and files that have too many.
fn has_no_links(error: &io::Error) -> bool {
    matches!(
        Errno::from_io_error(error),
        Some(Errno::PERM | Errno::ACCESS | Errno::OPNOTSUPP | Errno::NOSYS | Errno::MLINK)
    )
}
