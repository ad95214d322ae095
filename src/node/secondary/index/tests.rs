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

mod aside;
mod bulk;
mod by_hand;
mod damage;
mod folders;
mod mounts;
mod writing;

use super::{IndexCommand, IndexConfig, IndexEvent, IndexThread, open_served, start};
use crate::{
    engine::index::{Gone, Notice, Total},
    model::{ByteRange, FileName, IndexedFile, Origin, RemovedReason, RetiredReason},
    store::{
        ContentReader, Root, StoreError,
        index::MissedDisks,
        retired::{Retired, RetiredLimits},
    },
};

/// Far less than what people want, so that the tests do not wait.
const QUIET: Duration = Duration::from_secs(1);
const DEADLINE: Duration = Duration::from_secs(40);

struct Watched {
    folder: tempfile::TempDir,
    cache: tempfile::TempDir,
    index: Option<IndexThread>,
    root: Root,
    retired: Retired,
    events: Receiver<IndexEvent>,
    /// The folder that is served, below `served`.
    below: String,
    missed: MissedDisks,
    scrub_every: Option<Duration>,
}

impl Watched {
    fn start(files: &[(&str, &[u8])]) -> Self {
        Self::start_with(files, None)
    }

    fn start_with(files: &[(&str, &[u8])], scrub_every: Option<Duration>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for (name, bytes) in files {
            write(&folder.path().join("served").join(name), bytes);
        }
        let cache = tempfile::tempdir().unwrap();
        let missed = MissedDisks::WaitedFor;
        let served = folder.path().join("served");
        let begun = begin(&served, cache.path(), missed, scrub_every);
        let (index, root, retired, events) = begun;
        Self {
            folder,
            cache,
            index: Some(index),
            root,
            retired,
            events,
            below: String::new(),
            missed,
            scrub_every,
        }
    }

    fn restart(&mut self) {
        self.stop();
        let (folder, cache) = (self.path(""), self.cache.path());
        let begun = begin(&folder, cache, self.missed, self.scrub_every);
        let (index, root, retired, events) = begun;
        (self.index, self.root) = (Some(index), root);
        (self.retired, self.events) = (retired, events);
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
        self.added_from(name).0
    }

    fn added_from(&self, name: &str) -> (Arc<IndexedFile>, Origin) {
        self.wait(&format!("Added {name}"), |event| match event {
            IndexEvent::Found(Notice::Added { file, origin })
                if file.meta.name.as_str() == name =>
            {
                Some((file, origin))
            }
            _ => None,
        })
    }

    fn removed(&self, name: &str) -> (RemovedReason, Gone) {
        self.wait(&format!("Removed {name}"), |event| match event {
            IndexEvent::Found(Notice::Removed { file, reason, why })
                if file.meta.name.as_str() == name =>
            {
                Some((reason, why))
            }
            _ => None,
        })
    }

    fn damaged(&self, name: &str) -> Arc<IndexedFile> {
        self.wait(&format!("Damaged {name}"), |event| match event {
            IndexEvent::Found(Notice::Damaged { file }) if file.meta.name.as_str() == name => {
                Some(file)
            }
            _ => None,
        })
    }

    fn ready_without(&self, name: &str) -> usize {
        self.wait("Ready", |event| match event {
            IndexEvent::Found(Notice::Added { file, .. }) if file.meta.name.as_str() == name => {
                panic!("{file:?}")
            }
            IndexEvent::Found(Notice::Ready(Total { files, .. })) => Some(files),
            _ => None,
        })
    }

    fn ready(&self) -> usize {
        self.wait("Ready", |event| match event {
            IndexEvent::Found(Notice::Ready(Total { files, .. })) => Some(files),
            _ => None,
        })
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        self.stop();
    }
}

fn begin(
    folder: &Path,
    cache: &Path,
    missed: MissedDisks,
    scrub_every: Option<Duration>,
) -> (IndexThread, Root, Retired, Receiver<IndexEvent>) {
    let (sender, events) = channel();
    let config = IndexConfig {
        cache: cache.join("digests"),
        quiet: QUIET,
        look_every: None,
        missed,
        scrub_every,
    };
    let root = open_served(folder, &config).unwrap();
    let retired = Retired::new(root.clone(), RetiredLimits::default());
    let index = start(root.clone(), config, retired.clone(), move |event| {
        sender.send(event).is_ok()
    });
    (index.unwrap(), root, retired, events)
}

fn set_aside(file: &IndexedFile) -> IndexCommand {
    IndexCommand::SetAside {
        file: file.meta.clone(),
        reason: RetiredReason::Deleted,
    }
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
        IndexEvent::Found(Notice::Added { file, .. }) => {
            names.push(file.meta.name.to_string());
            None
        }
        IndexEvent::Found(Notice::Ready(Total { files, bytes })) => Some((files, bytes)),
        _ => None,
    });
    names.sort();
    assert_eq!(names, ["empty", "película nº 1.mp4", "serie/cap 1.mp4"]);
    assert_eq!(files, (3, 7));
    std::os::unix::fs::symlink("/etc/passwd", watched.path("link")).unwrap();
    watched.wait("Ignored", |event| match event {
        IndexEvent::Found(Notice::Ignored { path, .. }) => (path == "link").then_some(()),
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
    assert_eq!(
        watched.removed("b"),
        (RemovedReason::Changing, Gone::Changed)
    );
    assert_eq!(watched.added("b").meta.layout.file_bytes(), 12);
    fs::rename(watched.path("c"), watched.path("d")).unwrap();
    let added = watched.added("d");
    assert_eq!(added.manifest.whole(), crate::store::sha256(b"three"));
    // Replaced within a moment: an edit, not a deletion.
    fs::remove_file(watched.path("d")).unwrap();
    fs::write(watched.path("d"), b"another").unwrap();
    assert_eq!(
        watched.removed("d"),
        (RemovedReason::Changing, Gone::Changed)
    );
    // The same bytes in another file are new as well.
    let before = watched.added("d");
    fs::remove_file(watched.path("d")).unwrap();
    write(&watched.path("d"), b"another");
    assert_eq!(
        watched.removed("d"),
        (RemovedReason::Changing, Gone::Changed)
    );
    let (again, origin) = watched.added_from("d");
    assert_eq!((again.meta.id, origin), (before.meta.id, Origin::Written));
    // As `write` dates it.
    let age = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap()
        .as_millis() as i64
        - again.modified_ms();
    assert!((60_000..120_000).contains(&age), "{age}");
}

#[test]
fn a_file_that_goes_away_while_it_is_changed_is_deleted() {
    use std::io::Write;
    let watched = Watched::start(&[("a", b"one")]);
    assert_eq!(watched.ready(), 1);
    let mut file = fs::File::options()
        .append(true)
        .open(watched.path("a"))
        .unwrap();
    file.write_all(b" and more").unwrap();
    assert_eq!(
        watched.removed("a"),
        (RemovedReason::Changing, Gone::Changed)
    );
    // Nobody has read what it became.
    fs::remove_file(watched.path("a")).unwrap();
    assert_eq!(
        watched.removed("a"),
        (RemovedReason::Deleted, Gone::Deleted)
    );
}

#[test]
fn a_folder_that_goes_away_is_no_deletion() {
    let watched = Watched::start(&[("a", b"one")]);
    watched.ready();
    let aside = watched.folder.path().join("aside");
    fs::rename(watched.path(""), &aside).unwrap();
    watched
        .index
        .as_ref()
        .unwrap()
        .send(IndexCommand::Look(FileName::try_from("a").unwrap()));
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
        let name = FileName::try_from("a").unwrap();
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
        index.send(set_aside(&added));
        assert_eq!(
            watched.removed("serie/b"),
            (RemovedReason::Lost, Gone::SetAside(RetiredReason::Deleted))
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
            IndexEvent::Found(Notice::Hashing { name: told, .. }) => {
                (told.as_str() == name).then_some(())
            }
            _ => None,
        });
    };
    large(&watched, "large");
    let began = Instant::now();
    let index = watched.index.as_ref().unwrap();
    index.send(set_aside(&added));
    assert_eq!(
        watched.removed("b"),
        (RemovedReason::Lost, Gone::SetAside(RetiredReason::Deleted))
    );
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
