//! The index on real folders: every wait is for an event, with a deadline.

use std::{
    fs,
    path::Path,
    sync::{
        Arc,
        mpsc::{Receiver, channel},
    },
    time::{Duration, Instant},
};

mod bulk;
mod by_hand;
mod folders;
mod mounts;
mod writing;

use super::{
    ContentReader, Gone, Index, IndexCommand, IndexConfig, IndexEvent, IndexedFile, open_served,
    start,
};
use crate::{
    model::{ByteRange, RemovedReason},
    store::{Root, StoreError},
};

/// Far less than what people want, so that the tests do not wait.
const QUIET: Duration = Duration::from_secs(1);
const DEADLINE: Duration = Duration::from_secs(40);

struct Watched {
    folder: tempfile::TempDir,
    cache: tempfile::TempDir,
    index: Option<Index>,
    events: Receiver<IndexEvent>,
    /// The folder that is served, below `served`.
    below: String,
    forget_disks: bool,
}

impl Watched {
    fn start(files: &[(&str, &[u8])]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for (name, bytes) in files {
            write(&folder.path().join("served").join(name), bytes);
        }
        let cache = tempfile::tempdir().unwrap();
        let (index, events) = begin(&folder.path().join("served"), cache.path(), false);
        Self {
            folder,
            cache,
            index: Some(index),
            events,
            below: String::new(),
            forget_disks: false,
        }
    }

    fn restart(&mut self) {
        self.stop();
        let (index, events) = begin(&self.path(""), self.cache.path(), self.forget_disks);
        (self.index, self.events) = (Some(index), events);
    }

    fn stop(&mut self) {
        if let Some(index) = self.index.take() {
            index.send(IndexCommand::Stop);
            index.join();
        }
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        let folder = self.folder.path().join("served");
        let served = if self.below.is_empty() {
            folder
        } else {
            folder.join(&self.below)
        };
        served.join(name)
    }

    /// The first event that is wanted; others are skipped.
    fn wait<T>(&self, what: &str, mut wanted: impl FnMut(IndexEvent) -> Option<T>) -> T {
        let deadline = Instant::now() + DEADLINE;
        let mut skipped = Vec::new();
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let event = self.events.recv_timeout(left);
            let event = event.unwrap_or_else(|_| panic!("no {what}; only {skipped:?}"));
            skipped.push(format!("{event:?}"));
            if let Some(found) = wanted(event) {
                return found;
            }
        }
    }

    fn added(&self, name: &str) -> Arc<IndexedFile> {
        self.wait(&format!("Added {name}"), |event| match event {
            IndexEvent::Added(file) if file.meta.name.as_str() == name => Some(file),
            _ => None,
        })
    }

    fn removed(&self, name: &str) -> (RemovedReason, Gone) {
        self.wait(&format!("Removed {name}"), |event| match event {
            IndexEvent::Removed { file, reason, why } if file.meta.name.as_str() == name => {
                Some((reason, why))
            }
            _ => None,
        })
    }

    fn ready(&self) -> usize {
        self.wait("Ready", |event| match event {
            IndexEvent::Ready { files, .. } => Some(files),
            _ => None,
        })
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        self.stop();
    }
}

fn begin(folder: &Path, cache: &Path, forget_disks: bool) -> (Index, Receiver<IndexEvent>) {
    let (sender, events) = channel();
    let config = IndexConfig {
        cache: cache.join("digests"),
        quiet: QUIET,
        forget_disks,
    };
    let root = open_served(folder, &config).unwrap();
    let index = start(root, config, move |event| sender.send(event).is_ok());
    (index.unwrap(), events)
}

/// A file that looks as if nobody had touched it for long.
fn write(path: &Path, bytes: &[u8]) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, bytes).unwrap();
    let file = fs::File::options().write(true).open(path).unwrap();
    file.set_modified(std::time::SystemTime::now() - Duration::from_secs(60))
        .unwrap();
}

#[test]
fn what_is_there_is_served_before_ready() {
    let watched = Watched::start(&[
        ("película nº 1.mp4", b"abc"),
        ("serie/cap 1.mp4", b"defg"),
        ("empty", b""),
        (".hidden", b"x"),
        ("half.part", b"x"),
    ]);
    let mut names = Vec::new();
    let files = watched.wait("Ready", |event| match event {
        IndexEvent::Added(file) => {
            names.push(file.meta.name.to_string());
            None
        }
        IndexEvent::Ready { files, bytes } => Some((files, bytes)),
        _ => None,
    });
    names.sort();
    assert_eq!(names, ["empty", "película nº 1.mp4", "serie/cap 1.mp4"]);
    assert_eq!(files, (3, 7));
    std::os::unix::fs::symlink("/etc/passwd", watched.path("link")).unwrap();
    watched.wait("Ignored", |event| match event {
        IndexEvent::Ignored { path, .. } => (path == "link").then_some(()),
        _ => None,
    });
}

#[test]
fn a_file_that_is_written_is_served_when_its_writer_is_done() {
    use std::io::Write;
    let watched = Watched::start(&[]);
    assert_eq!(watched.ready(), 0);
    let mut file = fs::File::create(watched.path("new")).unwrap();
    let began = Instant::now();
    while began.elapsed() < Duration::from_millis(1800) {
        file.write_all(b"more").unwrap();
        let early = watched.events.recv_timeout(Duration::from_millis(100));
        assert!(early.is_err(), "{early:?}");
    }
    let length = file.metadata().unwrap().len();
    drop(file);
    let added = watched.added("new");
    assert_eq!(added.meta.layout.file_bytes(), length);
}

#[test]
fn deleted_edited_and_renamed_files_are_told_apart() {
    let watched = Watched::start(&[("a", b"one"), ("b", b"two"), ("c", b"three")]);
    assert_eq!(watched.ready(), 3);
    fs::remove_file(watched.path("a")).unwrap();
    assert_eq!(
        watched.removed("a"),
        (RemovedReason::Deleted, Gone::Deleted)
    );
    fs::write(watched.path("b"), b"two and more").unwrap();
    assert_eq!(watched.removed("b"), (RemovedReason::Lost, Gone::Changed));
    assert_eq!(watched.added("b").meta.layout.file_bytes(), 12);
    fs::rename(watched.path("c"), watched.path("d")).unwrap();
    let added = watched.added("d");
    assert_eq!(added.manifest.whole(), crate::store::sha256(b"three"));
    // Replaced within a moment: an edit, not a deletion.
    fs::remove_file(watched.path("d")).unwrap();
    fs::write(watched.path("d"), b"another").unwrap();
    assert_eq!(watched.removed("d"), (RemovedReason::Lost, Gone::Changed));
    watched.added("d");
}

#[test]
fn a_folder_that_goes_away_is_no_deletion() {
    let watched = Watched::start(&[("a", b"one")]);
    watched.ready();
    let aside = watched.folder.path().join("aside");
    fs::rename(watched.path(""), &aside).unwrap();
    watched.index.as_ref().unwrap().send(IndexCommand::Look(
        crate::model::FileName::try_from("a").unwrap(),
    ));
    watched.wait("FolderGone", |event| {
        matches!(event, IndexEvent::FolderGone(_)).then_some(())
    });
    assert_eq!(watched.removed("a"), (RemovedReason::Lost, Gone::Changed));
    fs::rename(&aside, watched.path("")).unwrap();
    watched.wait("FolderBack", |event| {
        matches!(event, IndexEvent::FolderBack).then_some(())
    });
    watched.added("a");
}

#[test]
fn a_folder_made_anew_is_served() {
    let watched = Watched::start(&[("a", b"one")]);
    watched.ready();
    let aside = watched.folder.path().join("aside");
    // Twice, as the second one must be heard of by a new watcher.
    for round in 0..2 {
        fs::rename(watched.path(""), &aside).unwrap();
        write(&watched.path("serie/b"), b"two");
        let name = crate::model::FileName::try_from("a").unwrap();
        let index = watched.index.as_ref().unwrap();
        index.send(IndexCommand::Look(name));
        watched.wait("FolderGone", |event| {
            matches!(event, IndexEvent::FolderGone(_)).then_some(())
        });
        watched.wait("FolderBack", |event| {
            matches!(event, IndexEvent::FolderBack).then_some(())
        });
        let added = watched.added("serie/b");
        // A copy that was told to be set aside is, through the new handle.
        index.send(IndexCommand::SetAside(added.meta.clone()));
        assert_eq!(
            watched.removed("serie/b"),
            (RemovedReason::Lost, Gone::SetAside)
        );
        assert!(
            watched.path(".trozos/retirados/serie/b").exists(),
            "{round}"
        );
        write(&watched.path("c"), b"three");
        watched.added("c");
        fs::remove_dir_all(&aside).unwrap();
    }
}

#[test]
fn a_renamed_folder_is_a_deletion() {
    let watched = Watched::start(&[("serie/a", b"one")]);
    watched.ready();
    fs::rename(watched.path("serie"), watched.path("other")).unwrap();
    watched.added("other/a");
    assert_eq!(
        watched.removed("serie/a"),
        (RemovedReason::Deleted, Gone::Deleted)
    );
}

#[test]
fn a_file_that_cannot_be_sent_is_read_again() {
    let mut watched = Watched::start(&[("a", b"one"), ("b", b"two")]);
    watched.ready();
    let name = |text| crate::model::FileName::try_from(text).unwrap();
    let send = |watched: &Watched, command| watched.index.as_ref().unwrap().send(command);
    send(&watched, IndexCommand::Look(name("a")));
    assert_eq!(watched.removed("a"), (RemovedReason::Lost, Gone::Changed));
    let added = watched.added("a");
    assert_eq!(added.manifest.whole(), crate::store::sha256(b"one"));
    // One that was deleted is not taken for a damaged one.
    fs::remove_file(watched.path("b")).unwrap();
    send(&watched, IndexCommand::Look(name("b")));
    assert_eq!(
        watched.removed("b"),
        (RemovedReason::Deleted, Gone::Deleted)
    );
    // The same stamp with other content: the digests of before are not believed.
    let path = watched.path("a");
    let changed = fs::metadata(&path).unwrap().modified().unwrap();
    watched.stop();
    fs::write(&path, b"six").unwrap();
    let file = fs::File::options().write(true).open(&path).unwrap();
    file.set_modified(changed).unwrap();
    drop(file);
    watched.restart();
    assert_eq!(watched.added("a").meta, added.meta);
    send(&watched, IndexCommand::Look(name("a")));
    let again = watched.added("a");
    assert_eq!(again.manifest.whole(), crate::store::sha256(b"six"));
}

#[test]
fn nothing_waits_for_a_large_file() {
    let mut watched = Watched::start(&[("a", b"one")]);
    watched.ready();
    let added = watched_file(&watched, "b", b"two");
    let large = |watched: &Watched, name: &str| {
        // All hole: it takes minutes to hash, and no space.
        let path = watched.folder.path().join(name);
        write(&path, b"");
        let file = fs::File::options().write(true).open(&path).unwrap();
        file.set_len(64 << 30).unwrap();
        file.set_modified(std::time::SystemTime::now() - Duration::from_secs(60))
            .unwrap();
        drop(file);
        fs::rename(path, watched.path(name)).unwrap();
        watched.wait("Hashing", |event| match event {
            IndexEvent::Hashing { name: told, .. } => (told.as_str() == name).then_some(()),
            _ => None,
        });
    };
    large(&watched, "large");
    let began = Instant::now();
    let index = watched.index.as_ref().unwrap();
    index.send(IndexCommand::SetAside(added.meta.clone()));
    assert_eq!(watched.removed("b"), (RemovedReason::Lost, Gone::SetAside));
    assert!(began.elapsed() < Duration::from_secs(2));
    if std::thread::available_parallelism().is_ok_and(|cores| cores.get() > 1) {
        watched_file(&watched, "c", b"three");
    }
    // What it was is not read to its end.
    let mut writing = fs::File::options();
    let file = writing.write(true).open(watched.path("large"));
    file.unwrap().set_len(5).unwrap();
    assert_eq!(watched.added("large").manifest.layout().file_bytes(), 5);
    large(&watched, "other");
    let began = Instant::now();
    watched.stop();
    assert!(began.elapsed() < Duration::from_secs(2));
}

/// Puts a file into the folder, whole and old, and waits until it is served.
fn watched_file(watched: &Watched, name: &str, bytes: &[u8]) -> Arc<IndexedFile> {
    let path = watched.folder.path().join(name);
    write(&path, bytes);
    fs::rename(path, watched.path(name)).unwrap();
    watched.added(name)
}

#[test]
fn commands_set_aside_and_insert() {
    let watched = Watched::start(&[("serie/a", b"one")]);
    let added = watched.added("serie/a");
    watched.ready();
    let index = watched.index.as_ref().unwrap();
    index.send(IndexCommand::SetAside(added.meta.clone()));
    assert_eq!(
        watched.removed("serie/a"),
        (RemovedReason::Lost, Gone::SetAside)
    );
    let kept = watched.path(".trozos/retirados/serie/a");
    assert_eq!(fs::read(&kept).unwrap(), b"one");
    assert!(!watched.path("serie").exists());
    // A finished copy is believed: it was verified when it came.
    fs::create_dir(watched.path("serie")).unwrap();
    fs::rename(kept, watched.path("serie/a")).unwrap();
    index.send(IndexCommand::Insert {
        meta: added.meta.clone(),
        manifest: Arc::clone(&added.manifest),
    });
    assert_eq!(watched.added("serie/a").meta, added.meta);
}

#[test]
fn what_was_read_once_is_not_read_again() {
    let mut watched = Watched::start(&[("a", b"one")]);
    let before = watched.added("a");
    watched.ready();
    // The same stamp with other content: only a reader would notice.
    let path = watched.path("a");
    let changed = fs::metadata(&path).unwrap().modified().unwrap();
    watched.stop();
    fs::write(&path, b"two").unwrap();
    let file = fs::File::options().write(true).open(&path).unwrap();
    file.set_modified(changed).unwrap();
    watched.restart();
    assert_eq!(watched.added("a").meta, before.meta);
}

#[test]
fn a_reader_refuses_a_file_that_changed() {
    let watched = Watched::start(&[("a", b"one two three")]);
    let file = watched.added("a");
    let root = Root::open(&watched.path("")).unwrap();
    let reader = ContentReader::open(&root, Arc::clone(&file)).unwrap();
    let mut bytes = b">".to_vec();
    reader
        .read_at(ByteRange { start: 4, end: 7 }, &mut bytes)
        .unwrap();
    assert_eq!(bytes, b">two");
    fs::write(watched.path("a"), b"one").unwrap();
    let read = reader.read_at(ByteRange { start: 4, end: 7 }, &mut bytes);
    assert!(matches!(read, Err(StoreError::Changed(_))));
    assert!(matches!(
        reader.check_unchanged(),
        Err(StoreError::Changed(_))
    ));
    assert!(matches!(
        ContentReader::open(&root, file),
        Err(StoreError::Changed(_))
    ));
}

/// Other content of the same length under the same dates.
fn alter(path: &Path, bytes: &[u8]) {
    let changed = fs::metadata(path).unwrap().modified().unwrap();
    fs::write(path, bytes).unwrap();
    let file = fs::File::options().write(true).open(path).unwrap();
    file.set_modified(changed).unwrap();
}

#[test]
fn what_was_altered_without_a_trace_is_found_when_all_is_read_again() {
    let mut watched = Watched::start(&[("a", b"one"), ("b", b"two"), ("serie/c", b"three")]);
    assert_eq!(watched.ready(), 3);
    alter(&watched.path("b"), b"owt");
    watched.index.as_ref().unwrap().send(IndexCommand::ReadAll);
    let mut told = Vec::new();
    let all = watched.wait("ReadAll", |event| match event {
        IndexEvent::Removed { file, reason, why } => {
            told.push((file.meta.name.to_string(), Some((reason, why))));
            None
        }
        IndexEvent::Added(file) => {
            assert_eq!(file.manifest.whole(), crate::store::sha256(b"owt"));
            told.push((file.meta.name.to_string(), None));
            None
        }
        IndexEvent::ReadAll { files, bytes } => Some((files, bytes)),
        _ => None,
    });
    assert_eq!(all, (3, 11));
    let lost = Some((RemovedReason::Lost, Gone::Changed));
    assert_eq!(told, [("b".to_owned(), lost), ("b".to_owned(), None)]);
    // Later runs know it as it is.
    watched.restart();
    let whole = watched.added("b").manifest.whole();
    assert_eq!(whole, crate::store::sha256(b"owt"));
}

#[test]
fn a_file_that_goes_while_all_is_read_again_is_no_hindrance() {
    let watched = Watched::start(&[("a", b"one"), ("b", b"two")]);
    assert_eq!(watched.ready(), 2);
    fs::remove_file(watched.path("a")).unwrap();
    let index = watched.index.as_ref().unwrap();
    index.send(IndexCommand::ReadAll);
    index.send(IndexCommand::ReadAll);
    watched.wait("ReadAll", |event| match event {
        IndexEvent::ReadAll { .. } => Some(()),
        IndexEvent::Added(file) => panic!("{file:?}"),
        _ => None,
    });
}
