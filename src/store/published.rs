//! Files that a person publishes, wherever they are: found by their path, read once for their digests, and opened again as
//! they were. Nobody who receives one hears where it is.

use std::{
    path::{Component, Path, PathBuf},
    sync::Arc,
};

use super::{
    ContentReader, Root, StoreError,
    disk::{Disk, Make},
    hash::FileHasher,
    stamp::{indexed, stamp_of},
};
use crate::model::{ChunkLayout, FileName, FileNameError, IndexedFile, Stamp, error_codes};

/// Why a path is not published.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PathError {
    /// It is in none of the folders that may be published from.
    #[error("{}: outside of the folders that may be published from", .0.display())]
    Outside(PathBuf),
    /// It is hidden, or in a hidden folder.
    #[error("{}: hidden, or in a hidden folder", .0.display())]
    Hidden(PathBuf),
    /// Its name cannot be that of a published file.
    #[error("{}: {name}", path.display())]
    Name {
        /// The path.
        path: PathBuf,
        /// What is wrong with the name.
        name: FileNameError,
    },
    /// It cannot be read.
    #[error("{0}")]
    Store(#[from] StoreError),
}

error_codes!(PathError, code {
    Self::Outside(_) => "outside-allowed",
    Self::Hidden(_) => "file-hidden",
} in {
    Self::Name { name, .. } => name.code(),
    Self::Store(error) => error.code(),
});

/// A file, wherever it is: no link leads there, and none is followed when it is opened again.
#[derive(Clone, Debug)]
pub struct Whereabouts {
    root: Root,
    name: FileName,
}

impl Whereabouts {
    /// Finds a file below one of the folders that are allowed. Links on the way are followed once, here, and what they lead
    /// to must be allowed.
    ///
    /// # Errors
    /// See [`PathError`].
    pub fn find(path: &Path, allowed: &[PathBuf]) -> Result<Self, PathError> {
        let real = real_path(path)?;
        check_allowed(&real, allowed)?;
        let (Some(folder), Some(file)) = (real.parent(), real.file_name()) else {
            return Err(StoreError::NotAFile(real).into());
        };
        let name = FileName::try_from(&*file.to_string_lossy());
        let name = name.map_err(|name| PathError::Name {
            path: real.clone(),
            name,
        })?;
        let found = Self {
            root: Root::open(folder)?,
            name,
        };
        found.stamp()?;
        Ok(found)
    }

    /// Where it is.
    pub fn path(&self) -> PathBuf {
        self.root.full_path(&self.name)
    }

    /// What it is called there.
    pub fn file_name(&self) -> &FileName {
        &self.name
    }

    /// What tells whether it is as it was.
    ///
    /// # Errors
    /// When it is no file, or is not there.
    pub fn stamp(&self) -> Result<Stamp, StoreError> {
        let place = self.root.place(&self.name, Make::Nothing)?;
        let handle = place.open().map_err(|error| place.fail(&error))?;
        let meta = handle.metadata().map_err(|error| place.fail(&error))?;
        if !meta.is_file() {
            return Err(StoreError::NotAFile(self.path()));
        }
        Ok(stamp_of(&meta))
    }

    /// Reads all of it for its digests. Blocking, and long.
    ///
    /// # Errors
    /// [`StoreError::Changed`] when somebody writes it meanwhile.
    pub fn digest(&self, is_over: impl Fn() -> bool) -> Result<IndexedFile, StoreError> {
        let before = self.stamp()?;
        let place = self.root.place(&self.name, Make::Nothing)?;
        let fail = |error: std::io::Error| place.fail(&error);
        let layout = ChunkLayout::for_file(before.bytes);
        let layout = layout.map_err(|_| StoreError::TooLarge(self.path()))?;
        let handle = place.open().map_err(fail)?;
        let mut hasher = FileHasher::new(handle, layout).map_err(fail)?;
        while hasher.step().map_err(fail)? {
            if is_over() {
                return Err(fail(std::io::ErrorKind::Interrupted.into()));
            }
        }
        let manifest = Arc::new(hasher.finish().map_err(fail)?);
        if self.stamp()? != before {
            return Err(StoreError::Changed(self.path()));
        }
        Ok(indexed(self.name.clone(), before, manifest))
    }

    /// Opens it as it was when its digests were made.
    ///
    /// # Errors
    /// [`StoreError::Changed`] when it is not that any more.
    pub fn open(&self, file: Arc<IndexedFile>) -> Result<ContentReader, StoreError> {
        ContentReader::open(&self.root, file)
    }
}

/// The files below a folder that may be published, by what they are called in it; at most so many and one more. Hidden
/// ones, links and those with names that cannot be published are passed over.
///
/// # Errors
/// When the folder is not allowed, or cannot be read.
pub fn files_below(
    folder: &Path,
    allowed: &[PathBuf],
    most: usize,
) -> Result<Vec<(FileName, u64)>, PathError> {
    let real = real_path(folder)?;
    check_allowed(&real, allowed)?;
    let mut found = Vec::new();
    let mut folders = vec![real.clone()];
    while let Some(next) = folders.pop() {
        let fail = |error: &std::io::Error| StoreError::new(&next, error);
        for entry in std::fs::read_dir(&next).map_err(|error| fail(&error))? {
            let entry = entry.map_err(|error| fail(&error))?;
            let kind = entry.file_type().map_err(|error| fail(&error))?;
            let path = entry.path();
            let Ok(below) = path.strip_prefix(&real) else {
                continue;
            };
            let Ok(name) = FileName::try_from(&*below.to_string_lossy()) else {
                continue;
            };
            if kind.is_dir() {
                folders.push(path);
            } else if kind.is_file() {
                let bytes = entry.metadata().map_err(|error| fail(&error))?.len();
                found.push((name, bytes));
            }
            if found.len() > most {
                return Ok(found);
            }
        }
    }
    found.sort();
    Ok(found)
}

fn real_path(path: &Path) -> Result<PathBuf, PathError> {
    let real = std::fs::canonicalize(path).map_err(|error| StoreError::new(path, &error))?;
    Ok(real)
}

fn check_allowed(real: &Path, allowed: &[PathBuf]) -> Result<(), PathError> {
    let below = allowed.iter().find_map(|folder| {
        let folder = std::fs::canonicalize(folder).ok()?;
        real.strip_prefix(folder).ok()
    });
    let Some(below) = below else {
        return Err(PathError::Outside(real.to_owned()));
    };
    let is_hidden = |part: Component<'_>| part.as_os_str().to_string_lossy().starts_with('.');
    if below.components().any(is_hidden) {
        return Err(PathError::Hidden(real.to_owned()));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::symlink};

    use super::*;

    fn allowed(folder: &Path) -> Vec<PathBuf> {
        vec![folder.to_owned()]
    }

    #[test]
    fn only_plain_files_of_allowed_folders_are_found() {
        let folder = tempfile::tempdir().unwrap();
        let (open, shut) = (folder.path().join("open"), folder.path().join("shut"));
        for folder in [&open, &shut, &open.join(".ssh")] {
            fs::create_dir_all(folder).unwrap();
        }
        for file in [open.join("a b.mp4"), shut.join("key"), open.join(".ssh/id")] {
            fs::write(file, b"abc").unwrap();
        }
        symlink(shut.join("key"), open.join("out")).unwrap();
        symlink(open.join("a b.mp4"), open.join("in")).unwrap();
        let found = |path: &Path| Whereabouts::find(path, &allowed(&open));
        assert_eq!(
            found(&open.join("a b.mp4")).unwrap().file_name().as_str(),
            "a b.mp4"
        );
        assert_eq!(
            found(&open.join("in")).unwrap().path(),
            fs::canonicalize(open.join("a b.mp4")).unwrap()
        );
        for (path, code) in [
            (open.join("out"), "outside-allowed"),
            (shut.join("key"), "outside-allowed"),
            (open.join("../shut/key"), "outside-allowed"),
            (open.join(".ssh/id"), "file-hidden"),
            (open.join("none"), "path-not-found"),
            (open.clone(), "not-a-file"),
        ] {
            let error = found(&path).unwrap_err();
            assert_eq!(error.code(), code, "{}: {error}", path.display());
        }
        let listed = files_below(&open, &allowed(&open), 10).unwrap();
        assert_eq!(listed.len(), 1, "{listed:?}");
        assert!(files_below(&shut, &allowed(&open), 10).is_err());
    }

    #[test]
    fn a_file_that_was_changed_is_not_opened() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        fs::write(&path, b"abc").unwrap();
        let found = Whereabouts::find(&path, &allowed(folder.path())).unwrap();
        let file = Arc::new(found.digest(|| false).unwrap());
        assert_eq!(file.meta.layout.file_bytes(), 3);
        found.open(Arc::clone(&file)).unwrap();
        fs::write(&path, b"abcd").unwrap();
        let changed = found.open(file).unwrap_err();
        assert!(matches!(changed, StoreError::Changed(_)), "{changed}");
    }
}
