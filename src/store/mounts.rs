//! The disks that a folder consists of. While one is away, its mount point shows other contents, and what is written
//! there fills another disk. Knows the mount points only.

use std::{
    io,
    os::{fd::AsFd, unix::fs::MetadataExt},
    path::{Path, PathBuf},
};

use rustix::{
    fd::OwnedFd,
    fs::{AtFlags, CWD, Mode, OFlags, StatxAttributes, StatxFlags},
    io::Errno,
};

use super::error::DiskAway;

/// Mount points of a folder.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Mounts {
    /// The one that the folder is on: the folder itself, or one above.
    pub(super) above: Option<PathBuf>,
    /// Those below the folder, as paths in it.
    pub(super) below: Vec<String>,
}

impl Mounts {
    /// Checks that the disk of the folder itself is mounted.
    ///
    /// # Errors
    /// [`DiskAway`] when it is not.
    pub(super) fn check_above(&self) -> io::Result<()> {
        match &self.above {
            Some(path) if !is_mounted(open(CWD, path)) => Err(away()),
            Some(_) | None => Ok(()),
        }
    }

    /// The mount point below the folder that a path is on.
    pub(super) fn of(&self, path: &str) -> Option<&str> {
        let on_the_way = self.below.iter().filter(|mount| is_in(path, mount));
        on_the_way
            .map(String::as_str)
            .max_by_key(|mount| mount.len())
    }

    /// Checks that all disks on the way to a path in the folder are mounted.
    ///
    /// # Errors
    /// [`DiskAway`] when one is not.
    pub(super) fn check(&self, root: &impl AsFd, path: &str) -> io::Result<()> {
        self.check_above()?;
        let on_the_way = self.below.iter().filter(|mount| is_in(path, mount));
        for mount in on_the_way {
            if !is_mounted(open(root, Path::new(mount))) {
                return Err(away());
            }
        }
        Ok(())
    }
}

/// True for a path and all that is below it.
pub(super) fn is_in(path: &str, folder: &str) -> bool {
    path.strip_prefix(folder)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

fn away() -> io::Error {
    io::Error::other(DiskAway)
}

/// An unknown state does not block: opening the file will report the error.
fn is_mounted(folder: Result<OwnedFd, Errno>) -> bool {
    match folder {
        Ok(folder) => is_mount_point(&folder),
        Err(Errno::NOENT | Errno::NOTDIR) => false,
        Err(_) => true,
    }
}

fn open(at: impl AsFd, path: &Path) -> Result<OwnedFd, Errno> {
    let flags = OFlags::DIRECTORY | OFlags::CLOEXEC;
    let open = |flags| rustix::fs::openat(&at, path, flags, Mode::empty());
    match open(flags) {
        // Read permission is not needed.
        Err(Errno::ACCESS) => open(flags | OFlags::PATH),
        other => other,
    }
}

/// True when something is mounted at this very folder. Where the system does not say so, the numbers of devices do.
pub(super) fn is_mount_point(folder: &impl AsFd) -> bool {
    let asked = rustix::fs::statx(folder, "", AtFlags::EMPTY_PATH, StatxFlags::empty());
    if let Ok(found) = asked
        && found
            .stx_attributes_mask
            .contains(StatxAttributes::MOUNT_ROOT)
    {
        return found.stx_attributes.contains(StatxAttributes::MOUNT_ROOT);
    }
    let own = rustix::fs::fstat(folder);
    let above = rustix::fs::statat(folder, "..", AtFlags::empty());
    matches!((own, above), (Ok(own), Ok(above)) if own.st_dev != above.st_dev)
}

/// Where the disk of a folder is mounted; none for the one that the system itself is on.
pub(super) fn mount_above(folder: &Path) -> Option<PathBuf> {
    let path = folder.canonicalize().ok()?;
    let mut above = path.ancestors().filter(|path| path.parent().is_some());
    above
        .find(|path| open(CWD, path).is_ok_and(|folder| is_mount_point(&folder)))
        .map(Path::to_owned)
}

/// True when two paths lead to the same folder.
pub(super) fn is_same(path: &Path, folder: &impl AsFd) -> io::Result<bool> {
    let named = std::fs::metadata(path)?;
    let ours = rustix::fs::fstat(folder)?;
    Ok((named.dev(), named.ino()) == (ours.st_dev, ours.st_ino))
}

#[cfg(test)]
mod tests {
    use std::fs::File;

    use super::*;

    #[test]
    fn a_disk_that_is_not_mounted_is_missed_below_it_alone() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(folder.path().join("disk/in")).unwrap();
        let root = File::open(folder.path()).unwrap();
        let mut mounts = Mounts {
            above: None,
            below: vec!["disk".to_owned()],
        };
        let away = |result: io::Result<()>| {
            result.is_err_and(|error| error.get_ref().is_some_and(|own| own.is::<DiskAway>()))
        };
        assert!(mounts.check(&root, ".").is_ok() && mounts.check(&root, "disk2").is_ok());
        assert!(away(mounts.check(&root, "disk/in")) && away(mounts.check(&root, "disk")));
        mounts.below.push("disk/in".to_owned());
        let on = ["a", "disk/a", "disk/in/a"].map(|path| mounts.of(path));
        assert_eq!(on, [None, Some("disk"), Some("disk/in")]);
        mounts.above = Some(folder.path().to_owned());
        assert!(away(mounts.check(&root, ".")));
        mounts.above = Some(PathBuf::from("/proc"));
        assert!(mounts.check(&root, ".").is_ok());
        assert_eq!(
            mount_above(Path::new("/proc/self")).as_deref(),
            Some(Path::new("/proc"))
        );
    }
}
