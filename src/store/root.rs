//! A folder, and files below it that cannot be outside it: every access goes through its handle, and no
//! symbolic link leads out.

use std::{
    io,
    path::{Path, PathBuf},
    sync::{Arc, PoisonError, RwLock},
};

use cap_std::{
    ambient_authority,
    fs::{Dir, MetadataExt},
};
use rustix::fs::{Mode, OFlags, RenameFlags, openat};

use super::StoreError;
use crate::model::FileName;

/// Where unfinished copies and files that were set aside live, inside the folder.
pub(super) const HIDDEN: &str = ".trozos";

/// A folder that is served, or into which files are downloaded. Clones have the same handle, also after
/// `Root::reopen`.
#[derive(Clone, Debug)]
pub struct Root {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    path: PathBuf,
    dir: RwLock<Arc<Dir>>,
}

/// A folder below a root, and a name in it.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) dir: Dir,
    pub(super) name: String,
    /// For people.
    pub(super) path: PathBuf,
}

impl Root {
    /// Opens a folder.
    ///
    /// # Errors
    /// When it is not there, is no folder, or cannot be listed.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let fail = |error: io::Error| StoreError::new(path, &error);
        if !std::fs::metadata(path).map_err(fail)?.is_dir() {
            return Err(StoreError::NotADirectory(path.to_owned()));
        }
        let dir = Dir::open_ambient_dir(path, ambient_authority()).map_err(fail)?;
        dir.entries().map_err(fail)?;
        let inner = Inner {
            path: path.to_owned(),
            dir: RwLock::new(Arc::new(dir)),
        };
        Ok(Self {
            inner: Arc::new(inner),
        })
    }

    /// Opens a folder, which is made when it is not there.
    ///
    /// # Errors
    /// As [`Root::open`], and when it cannot be made.
    pub fn create(path: &Path) -> Result<Self, StoreError> {
        match std::fs::create_dir_all(path) {
            // Something of another kind is there: opening says what.
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                return Err(StoreError::new(path, &error));
            }
            _ => {}
        }
        Self::open(path)
    }

    /// Makes sure that files can be made in it.
    ///
    /// # Errors
    /// When they cannot.
    pub fn check_writable(&self) -> Result<(), StoreError> {
        let probe = format!(".trozos-prueba-{}", std::process::id());
        let dir = self.dir();
        let made = dir.write(&probe, b"");
        let removed = dir.remove_file(&probe);
        made.and(removed)
            .map_err(|error| StoreError::new(&self.inner.path, &error))
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        &self.inner.path
    }

    /// Where a file is or would be.
    pub fn full_path(&self, name: &FileName) -> PathBuf {
        self.inner.path.join(name.as_str())
    }

    pub(super) fn dir(&self) -> Arc<Dir> {
        let dir = self.inner.dir.read();
        Arc::clone(&dir.unwrap_or_else(PoisonError::into_inner))
    }

    /// True when the path leads to the folder that is open: the handle outlives its folder.
    pub(super) fn is_current(&self) -> io::Result<bool> {
        use std::os::unix::fs::MetadataExt as _;
        let named = std::fs::metadata(self.path())?;
        let ours = self.dir().dir_metadata()?;
        Ok((named.dev(), named.ino()) == (MetadataExt::dev(&ours), MetadataExt::ino(&ours)))
    }

    /// Opens what the path leads to now, for all clones; false when nothing came of it. An empty folder on
    /// another device is left alone: most likely it is where a disk was mounted that is away.
    pub(super) fn reopen(&self) -> io::Result<bool> {
        if self.is_current()? {
            return Ok(false);
        }
        let fresh = Dir::open_ambient_dir(self.path(), ambient_authority())?;
        let empty = fresh.entries()?.next().is_none();
        let before = self.dir().dir_metadata()?.dev();
        if empty && fresh.dir_metadata()?.dev() != before {
            return Ok(false);
        }
        let mut dir = self
            .inner
            .dir
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        *dir = Arc::new(fresh);
        Ok(true)
    }

    /// A file's own folder. With `make`, folders are made as needed.
    pub(super) fn place(&self, name: &FileName, make: Make) -> Result<Place, StoreError> {
        let path = self.full_path(name);
        let (folder, file) = match name.as_str().rsplit_once('/') {
            Some((folder, file)) => (Some(folder), file),
            None => (None, name.as_str()),
        };
        let dir = self.folder(folder.unwrap_or("."), make);
        Ok(Place {
            dir: dir.map_err(|error| StoreError::new(&path, &error))?,
            name: file.to_owned(),
            path,
        })
    }

    pub(super) fn folder(&self, folder: &str, make: Make) -> io::Result<Dir> {
        if make == Make::Folders && folder != "." {
            self.dir().create_dir_all(folder)?;
        }
        self.dir().open_dir(folder)
    }

    /// Removes a folder and those above it as long as they are empty.
    pub(super) fn remove_empty(&self, folder: &str) {
        let mut next = Some(folder);
        while let Some(folder) = next {
            if self.dir().remove_dir(folder).is_err() {
                return;
            }
            next = folder.rsplit_once('/').map(|(above, _)| above);
        }
    }
}

/// Whether missing folders are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Make {
    Folders,
    Nothing,
}

impl Place {
    pub(super) fn fail(&self, error: &io::Error) -> StoreError {
        StoreError::new(&self.path, error)
    }

    /// Opens the file for reading; a symbolic link is not followed.
    pub(super) fn open(&self) -> io::Result<std::fs::File> {
        self.open_as(&self.name, OFlags::RDONLY)
    }

    /// Opens a file of another name beside this one for reading and writing; it is made when needed.
    pub(super) fn open_beside(&self, name: &str) -> io::Result<std::fs::File> {
        self.open_as(name, OFlags::RDWR | OFlags::CREATE)
    }

    /// A name is one component, so it cannot lead out of the folder as long as links are not followed. What
    /// is no file must not hold the opening up.
    fn open_as(&self, name: &str, flags: OFlags) -> io::Result<std::fs::File> {
        let always = OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK;
        let mode = Mode::from_raw_mode(0o644);
        Ok(openat(&self.dir, name, flags | always, mode)?.into())
    }

    /// Moves a file here. An existing one is not replaced unless `replace`.
    pub(super) fn take(&self, from: &Dir, name: &str, replace: Replace) -> io::Result<()> {
        if replace == Replace::Never {
            match rustix::fs::renameat_with(
                from,
                name,
                &self.dir,
                &self.name,
                RenameFlags::NOREPLACE,
            ) {
                // A file system that does not know how: look first, then move.
                Err(rustix::io::Errno::INVAL | rustix::io::Errno::NOSYS) => {
                    if self.dir.symlink_metadata(&self.name).is_ok() {
                        return Err(io::ErrorKind::AlreadyExists.into());
                    }
                }
                other => return other.map_err(Into::into),
            }
        }
        from.rename(name, &self.dir, &self.name)
    }

    /// Makes a rename last.
    pub(super) fn sync_folder(&self) -> io::Result<()> {
        sync_folder(&self.dir)
    }
}

/// What a move does to a file that is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Replace {
    Never,
    Existing,
}

/// Makes changes of names in a folder last.
pub(super) fn sync_folder(dir: &Dir) -> io::Result<()> {
    match rustix::fs::fsync(dir) {
        // Some file systems cannot; there is nothing more to do.
        Err(rustix::io::Errno::INVAL | rustix::io::Errno::BADF) => Ok(()),
        other => other.map_err(Into::into),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_lead_nowhere_outside() {
        let outside = tempfile::tempdir().unwrap();
        std::fs::write(outside.path().join("secret"), b"x").unwrap();
        let folder = tempfile::tempdir().unwrap();
        let root = Root::create(&folder.path().join("a/b")).unwrap();
        root.check_writable().unwrap();
        std::os::unix::fs::symlink(outside.path(), root.path().join("out")).unwrap();
        std::os::unix::fs::symlink(outside.path().join("secret"), root.path().join("direct"))
            .unwrap();
        let through = FileName::try_from("out/secret").unwrap();
        assert!(root.place(&through, Make::Nothing).is_err());
        let direct = FileName::try_from("direct").unwrap();
        let place = root.place(&direct, Make::Nothing).unwrap();
        assert!(place.open().is_err());
    }

    #[test]
    fn a_folder_made_anew_is_opened_for_all_clones() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("f");
        let root = Root::create(&path).unwrap();
        let clone = root.clone();
        assert!(root.is_current().unwrap() && !root.reopen().unwrap());
        std::fs::remove_dir(&path).unwrap();
        assert!(root.reopen().is_err());
        std::fs::create_dir(&path).unwrap();
        assert!(!clone.is_current().unwrap());
        assert!(root.reopen().unwrap());
        assert!(clone.is_current().unwrap());
        clone.check_writable().unwrap();
    }

    #[test]
    fn what_is_no_folder_is_said_to_be_none() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("f");
        std::fs::write(&file, b"").unwrap();
        assert!(matches!(
            Root::create(&file),
            Err(StoreError::NotADirectory(_))
        ));
        assert!(matches!(
            Root::open(&folder.path().join("none")),
            Err(StoreError::NotFound(_))
        ));
    }
}
