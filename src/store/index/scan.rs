//! One look at a folder: every regular file with a name that can be served, and what is in the way of the
//! others. Never follows a symbolic link.

use std::{
    collections::BTreeSet,
    time::{Duration, SystemTime},
};

use cap_std::fs::{Dir, DirEntry, FileType, MetadataExt as _};

use crate::{
    model::{
        Extent, FileName, FileNameError, IgnoredReason, Look, Seen,
        limits::{MAX_COMPONENTS, MAX_FILE_BYTES, MAX_FILES_PER_SECONDARY},
    },
    store::{
        Root, StoreError,
        disk::{Disk, HIDDEN, Make},
        error::is_no_descriptor,
        mounts::is_mount_point,
        stamp::seen,
    },
};

/// A part file that has not changed for this long is not being made by anybody.
const UNFINISHED: Duration = Duration::from_secs(10);

/// What a look found.
#[derive(Debug, Default)]
pub struct Scan {
    /// The folder, but for what of it is away: [`super::Disks`] knows that.
    pub look: Look,
    /// Folders at which something is mounted.
    pub(super) mounted: BTreeSet<String>,
    /// There was no file descriptor left: what was not found may still be there.
    exhausted: bool,
}

/// Looks at the whole folder.
///
/// # Errors
/// When the folder itself cannot be read, and [`StoreError::NoDescriptor`] when nothing can be said of it.
pub fn scan(root: &Root) -> Result<Scan, StoreError> {
    let mut scan = Scan::default();
    let fail = |error: std::io::Error| StoreError::new(root.path(), &error);
    let dir = root.dir().map_err(fail)?;
    if !root.is_current().map_err(fail)? {
        return Err(StoreError::Changed(root.path().to_owned()));
    }
    let device = dir.dir_metadata().map_err(fail)?.dev();
    scan.look.devices.insert(String::new(), device);
    let entries = dir.entries().map_err(fail)?;
    for entry in entries {
        let entry = entry.map_err(fail)?;
        scan.entry("", &entry, 1);
    }
    if scan.exhausted {
        return Err(StoreError::NoDescriptor(root.path().to_owned()));
    }
    Ok(scan)
}

/// Looks at one name.
pub fn see(root: &Root, name: &FileName) -> Option<Seen> {
    let place = root.place(name, Make::Nothing).ok()?;
    let meta = place.dir.symlink_metadata(&place.name).ok()?;
    meta.is_file().then(|| seen(&meta))
}

impl Scan {
    fn entry(&mut self, above: &str, entry: &DirEntry, depth: usize) {
        let os_name = entry.file_name();
        let shown = os_name.to_string_lossy();
        let path = format!("{above}{shown}");
        if shown.starts_with('.') {
            if !shown.starts_with(HIDDEN) {
                self.ignore(path, IgnoredReason::Name(FileNameError::Dot));
            }
            return;
        }
        if above.is_empty() && shown.starts_with('@') {
            return self.ignore(path, IgnoredReason::Published);
        }
        if os_name.to_str().is_none() {
            return self.ignore(path, IgnoredReason::NotUtf8);
        }
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => self.folder(&path, entry, depth),
            Ok(kind) if kind.is_file() => self.file(path, entry),
            Ok(kind) => self.ignore(path, kind_of(kind)),
            Err(error) => self.unreadable(path, &error),
        }
    }

    fn folder(&mut self, path: &str, entry: &DirEntry, depth: usize) {
        if depth >= MAX_COMPONENTS {
            return self.ignore(path.to_owned(), IgnoredReason::TooDeep);
        }
        // Nothing below it could have a name.
        if let Err(error) = FileName::try_from(path) {
            return self.ignore(path.to_owned(), IgnoredReason::Name(error));
        }
        let opened = entry.open_dir().and_then(|dir: Dir| {
            let device = dir.dir_metadata()?.dev();
            if self.look.devices.len() < MAX_FILES_PER_SECONDARY {
                self.look.devices.insert(path.to_owned(), device);
            }
            if is_mount_point(&dir) {
                self.mounted.insert(path.to_owned());
            }
            let above = format!("{path}/");
            for entry in dir.entries()? {
                self.entry(&above, &entry?, depth + 1);
            }
            Ok(())
        });
        if let Err(error) = opened {
            self.unreadable(path.to_owned(), &error);
        }
    }

    fn file(&mut self, path: String, entry: &DirEntry) {
        let name = match FileName::try_from(path.as_str()) {
            Ok(name) => name,
            Err(FileNameError::Reserved) => return self.unfinished(path, entry),
            Err(error) => return self.ignore(path, IgnoredReason::Name(error)),
        };
        match entry.metadata() {
            Ok(meta) if meta.size() > MAX_FILE_BYTES => {
                self.ignore(path, IgnoredReason::TooLarge);
            }
            Ok(_) if self.look.files.len() >= MAX_FILES_PER_SECONDARY => {
                self.ignore(path, IgnoredReason::TooMany);
            }
            Ok(meta) => {
                self.look.files.insert(name, seen(&meta));
            }
            // Deleted between the two looks.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => self.unreadable(path, &error),
        }
    }

    /// A file that says of itself that it is not whole. While it changes, somebody is just making it.
    fn unfinished(&mut self, path: String, entry: &DirEntry) {
        let changed = entry.metadata().and_then(|meta| meta.modified());
        let age = changed.map(|changed| {
            let now = SystemTime::now();
            now.duration_since(changed.into_std()).unwrap_or_default()
        });
        match age {
            Ok(age) if age < UNFINISHED => {
                let left = UNFINISHED - age;
                let again = self.look.again;
                self.look.again = Some(again.map_or(left, |again| again.min(left)));
            }
            Ok(_) => self.ignore(path, IgnoredReason::Name(FileNameError::Reserved)),
            Err(error) => self.unreadable(path, &error),
        }
    }

    fn unreadable(&mut self, path: String, error: &std::io::Error) {
        if is_no_descriptor(error) {
            self.exhausted = true;
        } else if error.kind() != std::io::ErrorKind::NotFound {
            self.look.extent = Extent::Partial;
            self.ignore(path, IgnoredReason::Unreadable(error.into()));
        }
    }

    fn ignore(&mut self, path: String, reason: IgnoredReason) {
        if self.look.ignored.len() < MAX_FILES_PER_SECONDARY {
            self.look.ignored.insert(path, reason);
        }
    }
}

fn kind_of(kind: FileType) -> IgnoredReason {
    if kind.is_symlink() {
        IgnoredReason::Symlink
    } else {
        IgnoredReason::NotAFile
    }
}
