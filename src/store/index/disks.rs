//! Which disks a served folder had, from run to run: a disk that is not mounted at the start is told from an empty new
//! folder. A JSON file beside the digest cache; without it, what is there is believed.

use std::{
    collections::BTreeSet,
    fs, io,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use crate::{
    model::FileName,
    store::{
        Root, StoreError,
        mounts::{Mounts, mount_above},
    },
};

/// Mount points below a folder that are remembered.
const MOST: usize = 1000;
/// Longest file that is read.
const MOST_BYTES: u64 = 4 << 20;

/// What is known of a folder.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
struct Known {
    /// The folder, so that another one is not taken for it.
    folder: String,
    /// It had files.
    had_files: bool,
    /// Where its disk is mounted.
    above: Option<String>,
    /// Where in it others are.
    below: BTreeSet<String>,
}

/// The disks of a folder.
#[derive(Debug)]
pub(super) struct Disks {
    path: PathBuf,
    known: Known,
}

impl Disks {
    /// Reads what an earlier run left.
    pub(super) fn open(path: PathBuf, folder: &Path, forget: bool) -> Self {
        let folder = std::path::absolute(folder).unwrap_or(folder.to_owned());
        // However it is written.
        let folder: PathBuf = folder.components().collect();
        let fresh = Known {
            folder: folder.to_string_lossy().into_owned(),
            ..Known::default()
        };
        let known = match read(&path) {
            _ if forget => None,
            Ok(known) => known.filter(|known| known.folder == fresh.folder),
            Err(error) => {
                tracing::warn!(path = %path.display(), %error, "disks of the folder");
                None
            }
        };
        let known = known.unwrap_or(fresh);
        let disks = Self { path, known };
        if forget {
            disks.save();
        }
        disks
    }

    /// A folder that had files and is not there: most likely its disk is not.
    pub(super) fn misses(&self, folder: &Path) -> bool {
        let is_there = fs::metadata(folder).is_ok();
        self.known.had_files && !is_there || self.mounts().check_above().is_err()
    }

    /// The mount points that must be there.
    pub(super) fn mounts(&self) -> Mounts {
        Mounts {
            above: self.known.above.as_ref().map(PathBuf::from),
            below: self.known.below.iter().cloned().collect(),
        }
    }

    /// A look found these mount points, and files or none; `hidden` could not be looked at. Gives the folders whose disks are away, no one below another.
    pub(super) fn found(
        &mut self,
        root: &Root,
        mounted: &BTreeSet<String>,
        hidden: impl Fn(&str) -> bool,
        has_files: bool,
    ) -> Vec<FileName> {
        let before = self.known.clone();
        for path in mounted {
            if self.known.below.len() < MOST && FileName::try_from(path.as_str()).is_ok() {
                self.known.below.insert(path.clone());
            }
        }
        self.known.had_files |= has_files;
        if let Some(above) = mount_above(root.path()) {
            self.known.above = above.to_str().map(str::to_owned);
        }
        if self.known != before {
            root.need(self.mounts());
            self.save();
        }
        let mut away: Vec<FileName> = Vec::new();
        let names = self.known.below.difference(mounted);
        let names = names.filter(|path| !hidden(path));
        for name in names.filter_map(|path| FileName::try_from(path.as_str()).ok()) {
            if !away.iter().any(|above| name.is_below(above)) {
                away.push(name);
            }
        }
        away
    }

    /// What cannot be kept is not known in the next run, which then believes what it finds.
    fn save(&self) {
        let save = || -> io::Result<()> {
            let folder = self.path.parent().unwrap_or(Path::new("."));
            let mut fresh = tempfile::NamedTempFile::new_in(folder)?;
            serde_json::to_writer(fresh.as_file_mut(), &self.known)?;
            fresh.persist(&self.path)?;
            Ok(())
        };
        if let Err(error) = save() {
            tracing::warn!(path = %self.path.display(), %error, "disks of the folder");
        }
    }
}

fn read(path: &Path) -> io::Result<Option<Known>> {
    use io::Read;
    let file = match fs::File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let mut text = String::new();
    file.take(MOST_BYTES).read_to_string(&mut text)?;
    Ok(Some(serde_json::from_str(&text)?))
}

/// Opens the folder that is to be served; one that is new is made. One whose disk is away is waited for.
///
/// # Errors
/// As [`Root::create`].
pub fn open_served(folder: &Path, config: &super::IndexConfig) -> Result<Root, StoreError> {
    let disks = Disks::open(config.disks(), folder, config.forget_disks);
    let root = if disks.misses(folder) {
        Root::absent(folder)
    } else {
        Root::create(folder)?
    };
    root.need(disks.mounts());
    Ok(root)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_that_had_files_is_missed_and_another_is_not() {
        let kept = tempfile::tempdir().unwrap();
        let path = kept.path().join("disks");
        let served = tempfile::tempdir().unwrap();
        let folder = served.path().join("videos");
        let root = Root::create(&folder).unwrap();
        let mut disks = Disks::open(path.clone(), &folder, false);
        assert!(!disks.misses(&folder));
        let mounted = BTreeSet::from(["disk".to_owned(), "disk/in".to_owned()]);
        assert!(disks.found(&root, &mounted, |_| false, true).is_empty());
        let mut disks = Disks::open(path.clone(), &folder, false);
        assert!(!disks.misses(&folder));
        let disk = FileName::try_from("disk").unwrap();
        let none = BTreeSet::new();
        assert_eq!(disks.found(&root, &none, |_| false, false), [disk]);
        assert!(disks.found(&root, &none, |_| true, false).is_empty());
        fs::remove_dir(&folder).unwrap();
        assert!(disks.misses(&folder));
        assert!(!Disks::open(path.clone(), &served.path().join("other"), false).misses(&folder));
        assert!(!Disks::open(path.clone(), &folder, true).misses(&folder));
        // Nobody's words are known by heart.
        fs::write(&path, b"{\"folder\":1}").unwrap();
        assert!(!Disks::open(path, &folder, false).misses(&folder));
    }
}
