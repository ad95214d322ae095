//! Which disks a served folder had, from run to run: a disk that is not mounted at the start is told from an empty new
//! folder. A JSON file beside the digest cache; without it, what is there is believed.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use super::{Scan, kept};
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

/// What becomes of disks that a folder had and that are not there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MissedDisks {
    /// What is on them is waited for.
    WaitedFor,
    /// They are not missed any more: what is there is all.
    Forgotten,
}

/// The disks of a folder.
#[derive(Debug)]
pub struct Disks {
    path: PathBuf,
    known: Known,
    /// What was mounted at the last look, and what of it hides files that were served.
    mounted: BTreeSet<String>,
    covers: BTreeSet<String>,
}

impl Disks {
    /// Reads what an earlier run left.
    pub fn open(path: PathBuf, folder: &Path, missed: MissedDisks) -> Self {
        let fresh = Known {
            folder: kept::folder_text(folder),
            ..Known::default()
        };
        let known = match (missed, kept::read::<Known>(&path, MOST_BYTES)) {
            (MissedDisks::Forgotten, _) => None,
            (MissedDisks::WaitedFor, Ok(known)) => {
                known.filter(|known| known.folder == fresh.folder)
            }
            (MissedDisks::WaitedFor, Err(error)) => {
                tracing::warn!(path = %path.display(), %error, "disks of the folder");
                None
            }
        };
        let disks = Self {
            path,
            known: known.unwrap_or(fresh),
            mounted: BTreeSet::new(),
            covers: BTreeSet::new(),
        };
        if missed == MissedDisks::Forgotten {
            disks.save();
        }
        disks
    }

    /// A folder that had files and is not there: most likely its disk is not.
    fn misses(&self, folder: &Path) -> bool {
        let is_there = fs::metadata(folder).is_ok();
        self.known.had_files && !is_there || self.mounts().check_above().is_err()
    }

    /// The mount points that must be there.
    fn mounts(&self) -> Mounts {
        Mounts {
            above: self.known.above.as_ref().map(PathBuf::from),
            below: self.known.below.iter().cloned().collect(),
        }
    }

    /// A look is over: says which folders' disks are away.
    pub fn found(
        &mut self,
        root: &Root,
        scan: &mut Scan,
        is_served_below: impl Fn(&FileName) -> bool,
    ) {
        // What is mounted over files that are served hides them for a while; they are served again afterwards.
        let is_over_files = |path: &str| {
            let folder = FileName::try_from(path);
            folder.is_ok_and(|folder| is_served_below(&folder))
        };
        let new = scan.mounted.difference(&self.mounted);
        let covers: Vec<String> = new.filter(|path| is_over_files(path)).cloned().collect();
        self.covers.retain(|path| scan.mounted.contains(path));
        self.covers.extend(covers);
        self.mounted = std::mem::take(&mut scan.mounted);
        let mounted = self.mounted.difference(&self.covers).cloned().collect();
        self.learn(root, &mounted, !scan.look.files.is_empty());
        let hidden = |path: &str| scan.look.ignored.contains_key(path);
        scan.look.away = self.away(&mounted, hidden);
    }

    /// These mount points are to be there from now on.
    fn learn(&mut self, root: &Root, mounted: &BTreeSet<String>, has_files: bool) {
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
    }

    /// The folders whose disks are away, no one below another; of those that are hidden nothing is known.
    fn away(&self, mounted: &BTreeSet<String>, hidden: impl Fn(&str) -> bool) -> Vec<FileName> {
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
        if let Err(error) = kept::write(&self.path, &self.known) {
            tracing::warn!(path = %self.path.display(), %error, "disks of the folder");
        }
    }
}

/// Opens the folder that is to be served; one that is new is made. One whose disk is away is waited for.
///
/// # Errors
/// As [`Root::create`].
pub fn open_served(folder: &Path, disks: &Disks) -> Result<Root, StoreError> {
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

    fn open(path: &Path, folder: &Path) -> Disks {
        Disks::open(path.to_owned(), folder, MissedDisks::WaitedFor)
    }

    #[test]
    fn a_folder_that_had_files_is_missed_and_another_is_not() {
        let kept = tempfile::tempdir().unwrap();
        let path = kept.path().join("disks");
        let served = tempfile::tempdir().unwrap();
        let folder = served.path().join("videos");
        let root = Root::create(&folder).unwrap();
        let mut disks = open(&path, &folder);
        assert!(!disks.misses(&folder));
        let mounted = BTreeSet::from(["disk".to_owned(), "disk/in".to_owned()]);
        disks.learn(&root, &mounted, true);
        assert!(disks.away(&mounted, |_| false).is_empty());
        let disks = open(&path, &folder);
        assert!(!disks.misses(&folder));
        let disk = FileName::try_from("disk").unwrap();
        let none = BTreeSet::new();
        assert_eq!(disks.away(&none, |_| false), [disk]);
        assert!(disks.away(&none, |_| true).is_empty());
        fs::remove_dir(&folder).unwrap();
        assert!(disks.misses(&folder));
        assert!(!open(&path, &served.path().join("other")).misses(&folder));
        let forgotten = Disks::open(path.clone(), &folder, MissedDisks::Forgotten);
        assert!(!forgotten.misses(&folder));
        // Nobody's words are known by heart.
        fs::write(&path, b"{\"folder\":1}").unwrap();
        assert!(!open(&path, &folder).misses(&folder));
    }

    #[test]
    fn what_is_mounted_over_files_that_are_served_is_no_disk_to_wait_for() {
        let kept = tempfile::tempdir().unwrap();
        let served = tempfile::tempdir().unwrap();
        let root = Root::create(served.path()).unwrap();
        let mut disks = open(&kept.path().join("disks"), served.path());
        let mut away = |mounted: &[&str]| {
            let mut scan = Scan::default();
            scan.mounted = mounted.iter().map(|path| path.to_string()).collect();
            disks.found(&root, &mut scan, |folder| folder.as_str() == "serie");
            let away = scan.look.away.iter();
            away.map(ToString::to_string).collect::<Vec<_>>()
        };
        assert!(away(&["serie", "disk"]).is_empty());
        assert_eq!(away(&["serie"]), ["disk"]);
        assert_eq!(away(&[]), ["disk"]);
    }
}
