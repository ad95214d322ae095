//! What was taken out of a served folder and may be wanted again: `.trozos/retirados`, with a bound on how much is kept
//! and for how long, the oldest out first. Nothing else removes a file that somebody had saved.
//!
//! `book` remembers what each file was and finds what people changed by hand; `keeping` puts files there, `leaving` gives
//! them back or removes them, `naming` finds free names. Clones share one book. What is kept can be read by its content ([`Retired::open`]) without waiting for the book.

mod book;
mod file;
mod found;
mod keeping;
mod leaving;
pub(super) mod naming;

#[cfg(test)]
mod tests;

use std::{
    collections::BTreeMap,
    fs::File,
    path::Path,
    sync::Arc,
    time::{Duration, SystemTime},
};

use cap_std::fs::Dir;
use parking_lot::{Mutex, MutexGuard};

use super::{
    Root, StoreError,
    disk::{Disk, Make, Place},
    index::ContentReader,
};
use crate::model::{Digest, FileName, IndexedFile, RetiredReason, Stamp};
use book::Book;

pub use file::{RetiredFile, RetiredTotal};
pub use naming::to_recover as names_to_recover;

/// Unless said otherwise no more is kept than this, in bytes.
const USUAL_MAX_BYTES: u64 = 50_000_000_000;
/// Nor more than this share of the disk.
const USUAL_SHARE: u64 = 10;
/// How long it is kept unless said otherwise.
const USUAL_MAX_AGE: Duration = Duration::from_secs(30 * 24 * 3600);

/// How much is kept, and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetiredLimits {
    /// In bytes; `None` for a tenth of the disk, and 50 GB at most.
    pub max_bytes: Option<u64>,
    /// What has been there for longer goes.
    pub max_age: Duration,
}

impl Default for RetiredLimits {
    fn default() -> Self {
        Self {
            max_bytes: None,
            max_age: USUAL_MAX_AGE,
        }
    }
}

/// See the module.
#[derive(Clone, Debug)]
pub struct Retired(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    root: Root,
    limits: Mutex<RetiredLimits>,
    /// Held while the disk works.
    book: Mutex<Book>,
    /// What can be read, by content and number. Never held for long.
    contents: Mutex<BTreeMap<(Digest, u64), Content>>,
}

#[derive(Clone, Debug)]
struct Content {
    file: Arc<IndexedFile>,
    path: String,
}

impl Retired {
    /// What a folder has set aside. Nothing is read before it is needed.
    pub fn new(root: Root, limits: RetiredLimits) -> Self {
        Self(Arc::new(Inner {
            root,
            limits: Mutex::new(limits),
            book: Mutex::default(),
            contents: Mutex::default(),
        }))
    }

    /// Where it lies, for people.
    pub fn path(&self) -> &Path {
        self.0.root.path()
    }

    /// All that is kept, the oldest first.
    ///
    /// # Errors
    /// What the disk says.
    pub fn list(&self) -> Result<Vec<RetiredFile>, StoreError> {
        let mut book = self.book();
        self.reconcile(&mut book)?;
        Ok(book
            .iter()
            .map(|(number, entry)| entry.shown(number))
            .collect())
    }

    /// How much is kept, as far as it is known without looking.
    pub fn total(&self) -> RetiredTotal {
        self.book().total()
    }

    /// Other limits from now on.
    pub fn set_limits(&self, limits: RetiredLimits) {
        *lock(&self.0.limits) = limits;
    }

    fn max_bytes(&self) -> u64 {
        let limits = *lock(&self.0.limits);
        limits.max_bytes.unwrap_or_else(|| {
            let disk = self.0.root.dir().ok();
            let disk = disk.and_then(|dir| rustix::fs::fstatvfs(&*dir).ok());
            let disk_bytes =
                disk.map_or(u64::MAX, |disk| disk.f_blocks.saturating_mul(disk.f_frsize));
            // A tmpfs without a limit has no blocks at all.
            match disk_bytes / USUAL_SHARE {
                0 => USUAL_MAX_BYTES,
                share => share.min(USUAL_MAX_BYTES),
            }
        })
    }

    /// The folder is another one, perhaps: what was known of it is read anew when it is needed.
    pub fn reload(&self) {
        self.book().forget_all();
        self.contents().clear();
    }

    /// Makes known what digests files have that an earlier run set aside, so that they can be read.
    pub fn restore(&self, mut known: impl FnMut(&FileName, Stamp) -> Option<Arc<IndexedFile>>) {
        let book = self.loaded();
        let mut contents = self.contents();
        for (number, entry) in book.iter() {
            let (Some(id), Ok(name)) = (entry.id, FileName::try_from(entry.name.as_str())) else {
                continue;
            };
            if entry.reason == Some(RetiredReason::Damaged) || contents.contains_key(&(id, number))
            {
                continue;
            }
            let Some(file) = known(&name, entry.stamp).filter(|file| file.meta.id == id) else {
                continue;
            };
            let path = entry.path.clone();
            contents.insert((id, number), Content { file, path });
        }
    }

    /// What can be read by its content: name and stamp of each.
    pub fn readable(&self) -> Vec<Arc<IndexedFile>> {
        let contents = self.contents();
        contents
            .values()
            .map(|content| Arc::clone(&content.file))
            .collect()
    }

    /// A content that is kept; does not wait for the disk.
    pub fn find(&self, id: &Digest) -> Option<Arc<IndexedFile>> {
        self.content(id).map(|content| content.file)
    }

    fn content(&self, id: &Digest) -> Option<Content> {
        let contents = self.contents();
        let found = contents.range((*id, 0)..=(*id, u64::MAX)).next_back();
        found.map(|(_, content)| content.clone())
    }

    /// Opens a content that is kept.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when it is not, [`StoreError::Changed`] when somebody has touched it, and what the disk
    /// says.
    pub fn open(&self, file: &IndexedFile) -> Result<ContentReader, StoreError> {
        let root = &self.0.root;
        let lacking = || StoreError::NotFound(root.full_path(&file.meta.name));
        let content = self.content(&file.meta.id).ok_or_else(lacking)?;
        let place = self.place(&content.path)?;
        let handle: File = place.open().map_err(|error| place.fail(&error))?;
        ContentReader::of(root, content.file, handle)
    }

    fn place(&self, path: &str) -> Result<Place<Dir>, StoreError> {
        let root = &self.0.root;
        let (folder, name) = path.rsplit_once('/').unwrap_or((".", path));
        let full = root.path().join(path);
        let dir = root.folder(folder, Make::Nothing);
        Ok(Place {
            dir: dir.map_err(|error| StoreError::new(&full, &error))?,
            name: name.into(),
            path: full,
        })
    }

    /// Finds out what people did there by hand.
    fn reconcile(&self, book: &mut Book) -> Result<(), StoreError> {
        let changed = book.reconcile(&self.0.root)?;
        let mut contents = self.contents();
        for (number, id) in changed {
            contents.remove(&(id, number));
        }
        Ok(())
    }

    /// The book, read.
    fn loaded(&self) -> MutexGuard<'_, Book> {
        let mut book = self.book();
        if !book.is_loaded()
            && let Err(error) = self.reconcile(&mut book)
        {
            tracing::warn!(%error, "what was set aside is not known");
        }
        book
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        lock(&self.0.book)
    }

    fn contents(&self) -> MutexGuard<'_, BTreeMap<(Digest, u64), Content>> {
        lock(&self.0.contents)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock()
}

fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    since.map_or(0, |since| since.as_millis() as i64)
}
