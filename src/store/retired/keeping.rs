//! How a file is set aside.

use std::{io, sync::Arc};

use cap_std::fs::Dir;

use super::{
    Content, Retired,
    book::{Book, Entry},
    found::Found,
    naming, now_ms,
};
use crate::{
    model::{FileName, IndexedFile, RetiredReason},
    store::{
        StoreError,
        disk::{Disk, Folder, Make, Place, Replace},
    },
};

impl Retired {
    /// Moves a file out of the served folder, and gives where it is; none when it is larger than all that may be kept,
    /// and gone.
    ///
    /// # Errors
    /// [`StoreError::Changed`] when another file has the name by now, and what the disk says; the file is where it was.
    pub fn take(
        &self,
        file: &Arc<IndexedFile>,
        reason: RetiredReason,
    ) -> Result<Option<String>, StoreError> {
        let mut book = self.loaded();
        let name = &file.meta.name;
        let from = self.0.root.place(name, Make::Nothing)?;
        let found = found_at(&from)?;
        if found.stamp != file.stamp {
            return Err(StoreError::Changed(from.path));
        }
        if found.bytes > self.max_bytes() {
            from.dir.remove(&from.name).map_err(|e| from.fail(&e))?;
            self.0.root.remove_empty(naming::split(name).0);
            too_large(file, found.bytes, reason);
            return Ok(None);
        }
        let path = self.put(&book, &from, name)?;
        let place = self.place(&path)?;
        if found_at(&place)?.stamp != file.stamp {
            // Somebody put another file there at this very moment.
            let back = from.take(&place.dir, &place.name, Replace::Never);
            back.map_err(|error| place.fail(&error))?;
            return Err(StoreError::Changed(from.path));
        }
        self.0.root.remove_empty(naming::split(name).0);
        self.record(&mut book, file, reason, path.clone(), found.bytes);
        Ok(Some(path))
    }

    /// Records a file whose name was given to another: it was set aside then, under one of the names that `keeping`
    /// uses. Gives its path; none when it is not there, or was too large and is removed.
    pub fn adopt(&self, file: &Arc<IndexedFile>, reason: RetiredReason) -> Option<String> {
        let mut book = self.loaded();
        let (folder, name) = naming::usual_place(&file.meta.name);
        let dir = self.0.root.folder(&folder, Make::Nothing).ok()?;
        for n in 1u32.. {
            let numbered = naming::numbered(name, n);
            let path = format!("{folder}/{numbered}");
            if book.has(&path) {
                continue;
            }
            let found = dir.symlink_metadata(&numbered).ok()?;
            let found = Found::of(&found);
            if found.stamp != file.stamp {
                continue;
            }
            if found.bytes > self.max_bytes() {
                match dir.remove(&numbered) {
                    Ok(()) => too_large(file, found.bytes, reason),
                    Err(error) => tracing::warn!(path, %error, "cannot be removed"),
                }
                return None;
            }
            self.record(&mut book, file, reason, path.clone(), found.bytes);
            return Some(path);
        }
        None
    }

    fn record(
        &self,
        book: &mut Book,
        file: &Arc<IndexedFile>,
        reason: RetiredReason,
        path: String,
        bytes: u64,
    ) {
        // What is damaged is not that content.
        let id = (reason != RetiredReason::Damaged).then_some(file.meta.id);
        let entry = Entry {
            path: path.clone(),
            name: file.meta.name.to_string(),
            id,
            when_ms: now_ms(),
            reason: Some(reason),
            stamp: file.stamp,
            bytes,
        };
        let number = book.add(&self.0.root, entry);
        if let Some(id) = id {
            let file = Arc::clone(file);
            self.contents().insert((id, number), Content { file, path });
        }
        self.enforce_now(book);
    }

    /// Finds a free name and moves the file there: below the root's hidden folder, or, from another disk, below one of
    /// that disk's own.
    fn put(&self, book: &Book, from: &Place<Dir>, name: &FileName) -> Result<String, StoreError> {
        let mut last = io::Error::from(io::ErrorKind::CrossesDevices);
        for home in naming::homes(name) {
            match self.put_below(book, from, home, name) {
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
    ) -> io::Result<String> {
        let base = naming::base(home);
        let (above, file) = naming::split(name);
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
        let put = put_in(book, from, &folder, &dir, file);
        if put.is_err() {
            self.0.root.remove_empty(&folder);
        }
        put
    }
}

fn put_in(
    book: &Book,
    from: &Place<Dir>,
    folder: &str,
    dir: &Dir,
    file: &str,
) -> io::Result<String> {
    for n in 1u32.. {
        let name = naming::numbered(file, n);
        let path = format!("{folder}/{name}");
        if book.has(&path) {
            continue;
        }
        match dir.take(&name, &from.dir, &from.name, Replace::Never) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            other => return other.map(|()| path),
        }
    }
    Err(io::ErrorKind::AlreadyExists.into())
}

fn too_large(file: &IndexedFile, bytes: u64, reason: RetiredReason) {
    let (name, id) = (&file.meta.name, &file.meta.id);
    tracing::warn!(%name, %id, bytes, ?reason, "too large to be kept aside: it is dropped");
}

fn found_at(place: &Place<Dir>) -> Result<Found, StoreError> {
    let found = place.dir.symlink_metadata(&place.name);
    let found = found.map_err(|error| place.fail(&error))?;
    Ok(Found::of(&found))
}

fn is_no_folder(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotADirectory | io::ErrorKind::AlreadyExists
    )
}
