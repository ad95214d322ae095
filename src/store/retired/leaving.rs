//! How what was set aside comes back, or goes for good.

use std::time::SystemTime;

use cap_std::fs::Dir;

use super::{
    Retired, RetiredTotal,
    book::{Book, Entry},
    lock, naming, now_ms,
};
use crate::{
    model::{FileName, RetiredReason},
    store::{
        StoreError,
        disk::{Disk, Folder, Make, Place, Replace},
    },
};

impl Retired {
    /// Brings a file back: under the name that it had, or, when another has that, under a new one. Its new name; `None`
    /// when there is no such number.
    ///
    /// # Errors
    /// What the disk says; the file is kept.
    pub fn recover(&self, number: u64) -> Result<Option<FileName>, StoreError> {
        let mut book = self.book();
        self.reconcile(&mut book)?;
        let Some(entry) = book.get(number).cloned() else {
            return Ok(None);
        };
        if entry.reason == Some(RetiredReason::Damaged) {
            self.make_new(&entry)?;
        }
        let mut only_top = false;
        for name in naming::to_recover(&entry.name, number) {
            let is_below = name.as_str().contains('/');
            if only_top && is_below {
                continue;
            }
            let recovered = match self.0.root.place(&name, Make::Folders) {
                Ok(to) => self
                    .move_out(&mut book, number, &entry, &to)
                    .and_then(|()| to.dir.sync().map_err(|error| to.fail(&error))),
                // Something else has the name of the folder.
                Err(StoreError::NotADirectory(_) | StoreError::Exists(_)) if is_below => {
                    only_top = true;
                    continue;
                }
                Err(error) => Err(error),
            };
            match recovered {
                Ok(()) => return Ok(Some(name)),
                Err(StoreError::Exists(_)) => {}
                // That folder is on another disk now.
                Err(StoreError::Other { .. }) if is_below => only_top = true,
                Err(error) => return Err(error),
            }
        }
        let path = self.0.root.path().join(&entry.path);
        Err(StoreError::Exists(path))
    }

    /// A recovered damaged file gets a new date: by its old one it would be recognised as the damaged content.
    fn make_new(&self, entry: &Entry) -> Result<(), StoreError> {
        let place = self.place(&entry.path)?;
        let file = place.open().map_err(|error| place.fail(&error))?;
        file.set_modified(SystemTime::now())
            .map_err(|error| place.fail(&error))
    }

    fn move_out(
        &self,
        book: &mut Book,
        number: u64,
        entry: &Entry,
        to: &Place<Dir>,
    ) -> Result<(), StoreError> {
        let from = self.place(&entry.path)?;
        let moved = to.take(&from.dir, &from.name, Replace::Never);
        moved.map_err(|error| to.fail(&error))?;
        self.forget(book, number);
        Ok(())
    }

    /// Removes files of these numbers for good; gives what went. One that cannot be removed stays.
    ///
    /// # Errors
    /// What the disk says.
    pub fn empty(&self, numbers: &[u64]) -> Result<RetiredTotal, StoreError> {
        let mut book = self.book();
        self.reconcile(&mut book)?;
        let (mut gone, mut failed) = (RetiredTotal::default(), None);
        for number in numbers.iter().copied() {
            let Some(bytes) = book.get(number).map(|entry| entry.bytes) else {
                continue;
            };
            match self.drop_file(&mut book, number) {
                Ok(()) => {
                    gone.files += 1;
                    gone.bytes = gone.bytes.saturating_add(bytes);
                }
                Err(error) => failed = Some(error),
            }
        }
        book.tidy(&self.0.root);
        failed.map_or(Ok(gone), Err)
    }

    /// Looks at what is there, and removes what is too old or too much. What goes is logged.
    ///
    /// # Errors
    /// What the disk says.
    pub fn enforce(&self) -> Result<(), StoreError> {
        let mut book = self.book();
        self.reconcile(&mut book)?;
        self.enforce_now(&mut book);
        book.tidy(&self.0.root);
        Ok(())
    }

    pub(super) fn enforce_now(&self, book: &mut Book) {
        let max_bytes = self.max_bytes();
        let max_age_ms = lock(&self.0.limits).max_age.as_millis() as i64;
        let oldest = now_ms().saturating_sub(max_age_ms);
        let mut stuck = 0;
        while let Some((number, entry)) = book.nth(stuck) {
            let is_old = entry.when_ms < oldest;
            if !is_old && !book.is_over(max_bytes) {
                return;
            }
            let (name, reason, bytes) = (entry.name, entry.reason, entry.bytes);
            let why = if is_old {
                "it is old"
            } else {
                "there is too much"
            };
            match self.drop_file(book, number) {
                Ok(()) => tracing::warn!(name, bytes, ?reason, why, "dropped what was set aside"),
                Err(error) => {
                    tracing::warn!(name, %error, "what was set aside cannot be dropped");
                    stuck += 1;
                }
            }
        }
    }

    /// Removes one from the disk.
    fn drop_file(&self, book: &mut Book, number: u64) -> Result<(), StoreError> {
        let Some(path) = book.get(number).map(|entry| entry.path.clone()) else {
            return Ok(());
        };
        let removed = self.place(&path).and_then(|place| {
            let removed = place.dir.remove(&place.name);
            removed.map_err(|error| place.fail(&error))
        });
        match removed {
            Ok(()) | Err(StoreError::NotFound(_)) => {
                self.forget(book, number);
                Ok(())
            }
            Err(error) => Err(error),
        }
    }

    fn forget(&self, book: &mut Book, number: u64) {
        if let Some(entry) = book.remove(&self.0.root, number) {
            if let Some(id) = entry.id {
                self.contents().remove(&(id, number));
            }
            let folder = entry
                .path
                .rsplit_once('/')
                .map_or(".", |(folder, _)| folder);
            self.0.root.remove_empty(folder);
        }
    }
}
