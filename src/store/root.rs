//! A folder, and files below it that cannot be outside it: every access goes through its handle, and no
//! symbolic link leads out.

use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use arc_swap::{ArcSwap, ArcSwapOption};
use cap_std::{
    ambient_authority,
    fs::{Dir, MetadataExt},
};
use rustix::{
    fs::{Access, AtFlags},
    io::Errno,
};

use super::{
    StoreError,
    disk::{Disk, Folder as _, HIDDEN, Make},
    error::{DiskAway, IsALink},
    mounts::{Mounts, is_same},
};
use crate::model::FileName;

/// A folder that is served, or into which files are downloaded. Clones have the same handle, also after
/// `Root::reopen`.
#[derive(Clone, Debug)]
pub struct Root {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    path: PathBuf,
    /// None while its disk has not been there.
    dir: ArcSwapOption<Dir>,
    /// Disks that must be mounted before anything is done in the folder.
    mounts: ArcSwap<Mounts>,
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
            dir: ArcSwapOption::from_pointee(dir),
            mounts: ArcSwap::default(),
        };
        Ok(Self {
            inner: Arc::new(inner),
        })
    }

    /// A folder that is not there yet, until [`Self::reopen`] finds it.
    pub(super) fn absent(path: &Path) -> Self {
        let inner = Inner {
            path: path.to_owned(),
            dir: ArcSwapOption::empty(),
            mounts: ArcSwap::default(),
        };
        Self {
            inner: Arc::new(inner),
        }
    }

    /// Sets the disks that must be mounted before anything is done in the folder.
    pub(super) fn need(&self, mounts: Mounts) {
        self.inner.mounts.store(Arc::new(mounts));
    }

    /// Opens a folder, which is made when it is not there.
    ///
    /// # Errors
    /// As [`Root::open`], and when it cannot be made.
    pub fn create(path: &Path) -> Result<Self, StoreError> {
        match std::fs::create_dir_all(path) {
            // It exists as something else; opening it reports what.
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
        let probe = || loop {
            let dir = self.dir()?;
            let name = format!(".trozos-prueba-{:016x}", fastrand::u64(..));
            match dir.make_new(&name) {
                Ok(_) => return dir.remove_file(&name),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        };
        probe().map_err(|error| StoreError::new(&self.inner.path, &error))
    }

    /// What the system says about making files in it, without making one.
    ///
    /// # Errors
    /// That it may only be read.
    pub fn allows_writing(&self) -> Result<(), StoreError> {
        let wanted = Access::WRITE_OK | Access::EXEC_OK;
        let dir = self.dir();
        let dir = dir.map_err(|error| StoreError::new(&self.inner.path, &error))?;
        match rustix::fs::accessat(&*dir, ".", wanted, AtFlags::EACCESS) {
            // Unknown, which counts as allowed.
            Ok(()) | Err(Errno::NOSYS | Errno::INVAL) => Ok(()),
            Err(error) => Err(StoreError::new(&self.inner.path, &error.into())),
        }
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        &self.inner.path
    }

    /// Where a file is or would be.
    pub fn full_path(&self, name: &FileName) -> PathBuf {
        self.inner.path.join(name.as_str())
    }

    /// True when a file has the name, whatever is in it.
    pub fn has_file(&self, name: &FileName) -> bool {
        let found = self.place(name, Make::Nothing).map(|place| place.look());
        matches!(found, Ok(Ok(Some(entry))) if entry.is_file)
    }

    /// True when a folder on the way to this one, or itself, is a symbolic link.
    fn has_link(&self, path: &str) -> bool {
        let ends = path.match_indices('/').map(|(at, _)| at);
        let mut folders = ends.chain([path.len()]).map(|end| &path[..end]);
        folders.any(|folder| {
            let found = self.dir().and_then(|dir| dir.symlink_metadata(folder));
            found.is_ok_and(|found| found.is_symlink())
        })
    }

    /// Its handle.
    ///
    /// # Errors
    /// When its disk is away, or has never been there.
    pub(super) fn dir(&self) -> io::Result<Arc<Dir>> {
        self.inner.mounts.load().check_above()?;
        self.handle().ok_or_else(|| io::Error::other(DiskAway))
    }

    fn handle(&self) -> Option<Arc<Dir>> {
        self.inner.dir.load_full()
    }

    /// True when the path leads to the folder that is open: the handle outlives its folder.
    ///
    /// # Errors
    /// What the disk says.
    pub fn is_current(&self) -> io::Result<bool> {
        match self.handle() {
            Some(dir) => is_same(self.path(), &*dir),
            None => Ok(false),
        }
    }

    /// Opens what the path leads to now, for all clones; false when nothing came of it. An empty folder on
    /// another device is left alone: most likely it is where a disk was mounted that is away.
    ///
    /// # Errors
    /// What the disk says.
    pub fn reopen(&self) -> io::Result<bool> {
        if self.is_current()? {
            return Ok(false);
        }
        self.inner.mounts.load().check_above()?;
        let fresh = Dir::open_ambient_dir(self.path(), ambient_authority())?;
        let empty = fresh.entries()?.next().is_none();
        if let Some(before) = self.handle()
            && empty
            && fresh.dir_metadata()?.dev() != before.dir_metadata()?.dev()
        {
            return Ok(false);
        }
        self.inner.dir.store(Some(Arc::new(fresh)));
        Ok(true)
    }

    /// The hidden folders of all disks that the folder is on, its own first.
    pub(super) fn hidden_folders(&self) -> Vec<String> {
        let mounts = self.inner.mounts.load();
        let below = mounts.below.iter();
        let below = below.map(|mount| format!("{mount}/{HIDDEN}"));
        std::iter::once(HIDDEN.to_owned()).chain(below).collect()
    }
}

impl Disk for Root {
    type Folder = Dir;

    fn path(&self) -> &Path {
        &self.inner.path
    }

    fn hidden(&self, path: &str) -> String {
        let mounts = self.inner.mounts.load();
        match mounts.of(path) {
            Some(mount) => format!("{mount}/{HIDDEN}"),
            None => HIDDEN.to_owned(),
        }
    }

    fn folder(&self, path: &str, make: Make) -> io::Result<Dir> {
        let dir = self.dir()?;
        self.inner.mounts.load().check(&*dir, path)?;
        let open = || {
            if make == Make::Folders && path != "." {
                dir.create_dir_all(path)?;
            }
            dir.open_dir(path)
        };
        // A link that leads out is refused as if it were a matter of permissions.
        open().map_err(|error| {
            if self.has_link(path) {
                io::Error::other(IsALink)
            } else {
                error
            }
        })
    }

    fn remove_empty(&self, path: &str) {
        let Ok(dir) = self.dir() else {
            return;
        };
        let mut next = Some(path);
        while let Some(folder) = next {
            if dir.remove_dir(folder).is_err() {
                return;
            }
            next = folder.rsplit_once('/').map(|(above, _)| above);
        }
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
