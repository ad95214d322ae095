//! What lies below a folder of downloads, for a mirror: its files are found and, where a person wants that, removed.

use std::{io, path::Path};

use cap_std::fs::Dir;

use super::{Root, StoreError, disk::Disk};
use crate::model::FileName;

impl Root {
    /// The files below a folder, which is called as in their names or `.`, with their lengths. Links, devices and what no file of
    /// a cluster can be called, such as hidden and unfinished files, are none of them.
    ///
    /// # Errors
    /// What the disk says; a folder that is not there is an empty one.
    pub fn files_below(&self, folder: &str) -> Result<Vec<(FileName, u64)>, StoreError> {
        let fail = |error: io::Error| StoreError::new(&self.path().join(folder), &error);
        let mut found = Vec::new();
        let prefix = match folder {
            "." => String::new(),
            folder => format!("{folder}/"),
        };
        let dir = match self.dir().and_then(|dir| dir.open_dir(folder)) {
            Ok(dir) => dir,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(found),
            Err(error) => return Err(fail(error)),
        };
        let mut folders = vec![(prefix, dir)];
        while let Some((prefix, dir)) = folders.pop() {
            look_into(&prefix, &dir, &mut found, &mut folders).map_err(fail)?;
        }
        found.sort();
        Ok(found)
    }

    /// Removes a file, and the folders that are empty without it.
    ///
    /// # Errors
    /// What the disk says.
    pub fn remove_file(&self, name: &FileName) -> Result<(), StoreError> {
        let removed = self.dir().and_then(|dir| dir.remove_file(name.as_str()));
        removed.map_err(|error| StoreError::new(&self.full_path(name), &error))?;
        if let Some(above) = Path::new(name.as_str()).parent().and_then(Path::to_str)
            && !above.is_empty()
        {
            self.remove_empty(above);
        }
        Ok(())
    }
}

fn look_into(
    prefix: &str,
    dir: &Dir,
    found: &mut Vec<(FileName, u64)>,
    folders: &mut Vec<(String, Dir)>,
) -> io::Result<()> {
    for entry in dir.entries()? {
        let entry = entry?;
        let Ok(own) = entry.file_name().into_string() else {
            continue;
        };
        let Ok(name) = FileName::try_from(format!("{prefix}{own}").as_str()) else {
            continue;
        };
        let kind = entry.file_type()?;
        if kind.is_dir() {
            folders.push((format!("{prefix}{own}/"), entry.open_dir()?));
        } else if kind.is_file() {
            found.push((name, entry.metadata()?.len()));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_found_and_removed_and_nothing_else_is() {
        let folder = tempfile::tempdir().unwrap();
        let put = |name: &str| {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, name).unwrap();
        };
        let all = ["s/a", "s/deep/b", "s/.hidden", "s/c.part", "other", "t/x"];
        all.into_iter().for_each(put);
        std::os::unix::fs::symlink("../t", folder.path().join("s/link")).unwrap();
        std::os::unix::fs::symlink("../other", folder.path().join("s/file")).unwrap();
        let root = Root::open(folder.path()).unwrap();
        let found = root.files_below("s").unwrap();
        let names: Vec<_> = found.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["s/a", "s/deep/b"]);
        assert_eq!(found[1].1, "s/deep/b".len() as u64);
        assert!(root.files_below("none").unwrap().is_empty());
        assert_eq!(root.files_below(".").unwrap().len(), 4);
        for (name, _) in &found {
            root.remove_file(name).unwrap();
        }
        assert!(!folder.path().join("s/deep").exists());
        for kept in ["s/.hidden", "s/c.part", "other", "t/x", "s/link", "s/file"] {
            assert!(folder.path().join(kept).exists(), "{kept}");
        }
        assert!(root.remove_file(&found[0].0).is_err());
    }
}
