//! `descargas-*.json`: the downloads that are not complete, kept from run to run.
//!
//! Each folder of downloads has its file. A client claims it for as long as it runs; another client of that folder has
//! a second file meanwhile, and whoever starts later takes in the files of all that have ended. All work on files is done off
//! the owner's task, one piece at a time.

use std::{
    fmt, fs,
    future::pending,
    io,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};
use tokio::task::JoinHandle;

use super::MemoryTrouble;
use crate::{
    node::rules::downloads::{self, MOST_REMEMBERED},
    store::{Claim, Loaded, Root, StoreError, claim, load_json_within, save_json, sha256},
};

/// Longest file that is read: as long as one can be that is full of the longest names.
const MOST_BYTES: u64 = 32 << 20;
/// Clients of one folder that run at once and are told apart.
const MOST_AT_ONCE: u32 = 16;
/// Digits of a digest that tell folders apart.
const KEY_DIGITS: usize = 16;

/// A download as it is written down.
pub(super) type Remembered = downloads::Remembered<Use>;

/// What a remembered download is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Use {
    /// The file goes into the folder.
    Download,
    /// The file that is there is compared with the cluster's, and mended.
    Verify,
}

/// The file's content.
#[derive(Debug, Serialize, Deserialize)]
struct Content {
    version: Version,
    /// Where the downloads go, for whoever looks into the file.
    folder: String,
    downloads: Vec<Remembered>,
}

/// The one way to write such a file so far.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(try_from = "u32", into = "u32")]
struct Version;

/// Written by a version of this program that is newer.
#[derive(Clone, Copy, Debug)]
struct UnknownVersion(u32);

impl fmt::Display for UnknownVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "unknown version {}", self.0)
    }
}

impl TryFrom<u32> for Version {
    type Error = UnknownVersion;

    fn try_from(number: u32) -> Result<Self, UnknownVersion> {
        match number {
            1 => Ok(Self),
            other => Err(UnknownVersion(other)),
        }
    }
}

impl From<Version> for u32 {
    fn from(_: Version) -> Self {
        1
    }
}

/// What would be written after reading such a file; for the fuzz targets.
#[cfg(feature = "fuzzing")]
pub fn rewritten(json: &[u8]) -> Option<Vec<u8>> {
    let content: Content = serde_json::from_slice(json).ok()?;
    serde_json::to_vec(&content).ok()
}

/// What comes of work on the file.
#[derive(Debug, Default)]
pub(super) struct News {
    /// Downloads of earlier runs.
    pub(super) found: Vec<Remembered>,
    /// What people are to hear.
    pub(super) trouble: Option<MemoryTrouble>,
}

/// The owner's side.
#[derive(Debug)]
pub(super) struct Memory {
    /// None while it is worked on, and where nothing is remembered.
    book: Option<Book>,
    work: Option<JoinHandle<(Book, Done)>>,
    /// What is in the file.
    written: Vec<Remembered>,
    /// Something may have changed since.
    may_have_changed: bool,
    /// People know that it cannot be written.
    failed: bool,
}

/// Work that is done.
#[derive(Debug)]
enum Done {
    Opened(Result<News, StoreError>),
    Saved(Result<(), StoreError>, Vec<Remembered>),
}

impl Memory {
    /// Begins to look for what earlier runs left. Nothing is remembered without a folder to keep it in.
    pub(super) fn start(folder: Option<&Path>, target: &Path) -> Self {
        let mut memory = Self {
            book: None,
            work: None,
            written: Vec::new(),
            may_have_changed: false,
            failed: false,
        };
        if let Some(folder) = folder {
            let (folder, target) = (folder.to_owned(), target.to_owned());
            memory.work = Some(tokio::task::spawn_blocking(move || {
                let mut book = Book::of(folder, &target);
                let opened = book.open();
                (book, Done::Opened(opened))
            }));
        }
        memory
    }

    /// Something happened to a download.
    pub(super) fn may_change(&mut self) {
        self.may_have_changed = true;
    }

    /// True when [`Self::save`] is to be called.
    pub(super) fn is_due(&self) -> bool {
        self.may_have_changed && self.book.is_some()
    }

    /// Begins to write down all downloads that are not complete, unless just that is there.
    pub(super) fn save(&mut self, downloads: Vec<Remembered>) {
        self.may_have_changed = false;
        if downloads == self.written && !self.failed {
            return;
        }
        let Some(mut book) = self.book.take() else {
            return;
        };
        self.work = Some(tokio::task::spawn_blocking(move || {
            let saved = book.save(&downloads);
            (book, Done::Saved(saved, downloads))
        }));
    }

    /// Waits for the next news; for ever where there is no work. Cancel-safe.
    pub(super) async fn news(&mut self) -> News {
        loop {
            let Some(work) = &mut self.work else {
                return pending().await;
            };
            let ended = work.await;
            self.work = None;
            match ended {
                Ok((book, done)) => {
                    self.book = Some(book);
                    let news = self.done(done);
                    if !news.found.is_empty() || news.trouble.is_some() {
                        return news;
                    }
                }
                Err(error) => tracing::error!(%error, "nothing more is remembered"),
            }
        }
    }

    fn done(&mut self, done: Done) -> News {
        match done {
            Done::Opened(Ok(news)) => {
                self.written.clone_from(&news.found);
                self.may_have_changed = true;
                news
            }
            Done::Saved(Ok(()), written) => {
                self.written = written;
                self.failed = false;
                News::default()
            }
            Done::Opened(Err(error)) | Done::Saved(Err(error), _) => {
                let is_told = std::mem::replace(&mut self.failed, true);
                let trouble = (!is_told).then_some(MemoryTrouble::Failed(error));
                News {
                    trouble,
                    ..News::default()
                }
            }
        }
    }

    /// Writes down for the last time what is not complete. A failure is in the log: people know of the first one.
    pub(super) async fn finish(mut self, mut downloads: Vec<Remembered>) {
        if let Some(work) = self.work.take()
            && let Ok((book, done)) = work.await
        {
            self.book = Some(book);
            // This run has not heard of them.
            let found = self.done(done).found;
            let is_new = |one: &Remembered| downloads.iter().all(|known| known.file != one.file);
            let mut all: Vec<_> = found.into_iter().filter(is_new).collect();
            all.append(&mut downloads);
            downloads = all;
        }
        if downloads == self.written && !self.failed {
            return;
        }
        if let Some(mut book) = self.book.take() {
            let saving = tokio::task::spawn_blocking(move || book.save(&downloads));
            if let Ok(Err(error)) = saving.await {
                tracing::warn!(%error, "downloads are not remembered");
            }
        }
    }
}

/// The file itself.
#[derive(Debug)]
struct Book {
    folder: PathBuf,
    target: String,
    key: String,
    own: Option<(PathBuf, Claim)>,
}

impl Book {
    fn of(folder: PathBuf, target: &Path) -> Self {
        let target = real(target);
        let digest = sha256(target.as_os_str().as_encoded_bytes()).to_string();
        Self {
            folder,
            target: target.to_string_lossy().into_owned(),
            key: digest.chars().take(KEY_DIGITS).collect(),
            own: None,
        }
    }

    /// The files that clients of this folder may have.
    fn paths(&self) -> impl Iterator<Item = PathBuf> + use<> {
        let (folder, key) = (self.folder.clone(), self.key.clone());
        (1..=MOST_AT_ONCE).map(move |n| match n {
            1 => folder.join(format!("descargas-{key}.json")),
            n => folder.join(format!("descargas-{key}-{n}.json")),
        })
    }

    /// Takes in what clients left that have ended. Nothing is made where there is nothing.
    fn open(&mut self) -> Result<News, StoreError> {
        let left: Vec<PathBuf> = self.paths().filter(|path| path.exists()).collect();
        let mut news = News::default();
        if left.is_empty() {
            return Ok(news);
        }
        let own = self.own()?;
        let mut taken = Vec::new();
        for path in left {
            let claim = match path == own {
                true => None,
                false => match claim(&path)? {
                    Some(claim) => Some(claim),
                    // Its client runs.
                    None => continue,
                },
            };
            read(&path, &mut news)?;
            taken.extend(claim.map(|claim| (path, claim)));
        }
        if !taken.is_empty() {
            self.save(&news.found)?;
        }
        for (path, _claim) in taken {
            remove(&path)?;
        }
        Ok(news)
    }

    /// The file of this client, claimed the first time.
    fn own(&mut self) -> Result<PathBuf, StoreError> {
        if let Some((path, _)) = &self.own {
            return Ok(path.clone());
        }
        for path in self.paths() {
            if let Some(claim) = claim(&path)? {
                self.own = Some((path.clone(), claim));
                return Ok(path);
            }
        }
        Err(StoreError::Busy(self.folder.clone()))
    }

    fn save(&mut self, downloads: &[Remembered]) -> Result<(), StoreError> {
        if downloads.is_empty() {
            return match &self.own {
                Some((path, _)) => remove(path),
                None => Ok(()),
            };
        }
        Root::create(&self.folder)?;
        let path = self.own()?;
        let content = Content {
            version: Version,
            folder: self.target.clone(),
            downloads: downloads.to_vec(),
        };
        save_json(&path, &content)
    }
}

/// Adds what is in a file to what was found: each name once, and no more than anybody writes.
fn read(path: &Path, news: &mut News) -> Result<(), StoreError> {
    match load_json_within::<Content>(path, MOST_BYTES)? {
        Loaded::Missing => {}
        Loaded::Read(content) => {
            for one in content.downloads {
                let is_known = news.found.iter().any(|known| known.file == one.file);
                if !is_known && news.found.len() < MOST_REMEMBERED {
                    news.found.push(one);
                }
            }
        }
        Loaded::SetAside { to, damage } => {
            let path = path.to_owned();
            news.trouble = Some(MemoryTrouble::SetAside { path, to, damage });
        }
    }
    Ok(())
}

fn remove(path: &Path) -> Result<(), StoreError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(StoreError::new(path, &error)),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// The one name of a folder that may not be there yet: absolute, and without links as far as it is there.
fn real(path: &Path) -> PathBuf {
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    for there in path.ancestors() {
        if let Ok(real) = there.canonicalize() {
            // Joined to nothing it would end in a slash, and be called otherwise.
            let missing = path.strip_prefix(there).unwrap_or(Path::new(""));
            return real.components().chain(missing.components()).collect();
        }
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::FileName;

    fn remembered(file: &str) -> Remembered {
        Remembered {
            file: FileName::try_from(file).unwrap(),
            purpose: Use::Download,
            priority: Default::default(),
            reached: Default::default(),
        }
    }

    fn found(book: &mut Book) -> Vec<String> {
        let news = book.open().unwrap();
        news.found.iter().map(|one| one.file.to_string()).collect()
    }

    #[test]
    fn a_folder_is_remembered_by_one_client_at_a_time_and_nothing_is_lost() {
        let folder = tempfile::tempdir().unwrap();
        let state = folder.path().join("state");
        let book = |target: &str| Book::of(state.clone(), &folder.path().join(target));
        let mut first = book("a");
        assert!(found(&mut first).is_empty() && !state.exists());
        first.save(&[]).unwrap();
        assert!(
            !state.exists(),
            "nothing to remember, and something is made"
        );
        first.save(&[remembered("x"), remembered("y")]).unwrap();
        // A second one of the folder, and one of another.
        let (mut second, mut other) = (book("a"), book("b"));
        assert!(found(&mut second).is_empty() && found(&mut other).is_empty());
        second.save(&[remembered("z"), remembered("x")]).unwrap();
        other.save(&[remembered("w")]).unwrap();
        drop((first, second));
        let mut third = book("a");
        assert_eq!(found(&mut third), ["x", "y", "z"]);
        drop(third);
        let mut fourth = book("a");
        assert_eq!(found(&mut fourth), ["x", "y", "z"]);
        fourth.save(&[]).unwrap();
        drop(fourth);
        assert!(found(&mut book("a")).is_empty());
        drop(other);
        assert_eq!(found(&mut book("b")), ["w"]);
    }

    #[test]
    fn what_is_not_understood_is_set_aside_and_the_client_goes_on() {
        let folder = tempfile::tempdir().unwrap();
        let book = || Book::of(folder.path().to_owned(), &folder.path().join("a"));
        let path = book().paths().next().unwrap();
        let name = |name: &str| format!(r#"{{"file":"{name}","purpose":"download"}}"#);
        let of = |version: u32, downloads: &str| {
            format!(r#"{{"version":{version},"folder":"","downloads":[{downloads}]}}"#)
        };
        for bad in [
            "{".to_owned(),
            of(2, ""),
            of(1, &name("../../etc/passwd")),
            of(1, &name("x").replace("download", "erase")),
            "x".repeat(MOST_BYTES as usize + 1),
        ] {
            fs::write(&path, &bad).unwrap();
            let news = book().open().unwrap();
            assert!(news.found.is_empty());
            let set_aside = matches!(news.trouble, Some(MemoryTrouble::SetAside { .. }));
            assert!(set_aside && !path.exists(), "{:.80}", bad);
        }
        let many: Vec<String> = (0..=MOST_REMEMBERED)
            .map(|n| name(&n.to_string()))
            .collect();
        fs::write(&path, of(1, &many.join(","))).unwrap();
        let mut last = book();
        assert_eq!(found(&mut last).len(), MOST_REMEMBERED);
        last.save(&[remembered("x")]).unwrap();
    }

    #[test]
    fn a_folder_has_one_name_however_it_is_called() {
        let folder = tempfile::tempdir().unwrap();
        let there = folder.path().canonicalize().unwrap();
        std::os::unix::fs::symlink(&there, folder.path().join("link")).unwrap();
        let called = ["link/new/x", "new/x", "link/new/x/", "./new//x"];
        let names = || called.map(|path| real(&folder.path().join(path)).into_os_string());
        let name = there.join("new/x").into_os_string();
        assert!(
            names().iter().all(|called| *called == name),
            "{:?}",
            names()
        );
        fs::create_dir_all(&name).unwrap();
        assert!(
            names().iter().all(|called| *called == name),
            "{:?}",
            names()
        );
    }
}
