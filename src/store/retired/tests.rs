//! On real folders.

use std::{fs, path::Path, sync::Arc, time::Duration};

use super::*;
use crate::{
    model::{ChunkLayout, FileMeta, Manifest},
    store::{
        hash::{manifest_id, sha256},
        stamp::{indexed, stamp_of},
    },
};

struct Bench {
    folder: tempfile::TempDir,
    root: Root,
    retired: Retired,
}

fn limits(max_bytes: u64) -> RetiredLimits {
    RetiredLimits {
        max_bytes: Some(max_bytes),
        ..RetiredLimits::default()
    }
}

impl Bench {
    fn new(max_bytes: u64) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let root = Root::open(folder.path()).unwrap();
        let retired = Retired::new(root.clone(), limits(max_bytes));
        Self {
            folder,
            root,
            retired,
        }
    }

    /// As after a restart.
    fn again(&mut self) {
        self.retired = Retired::new(self.root.clone(), limits(u64::MAX));
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(name)
    }

    fn file(&self, name: &str, bytes: &[u8]) -> Arc<IndexedFile> {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, bytes).unwrap();
        let layout = ChunkLayout::for_file(bytes.len() as u64).unwrap();
        let chunks = bytes.chunks(1 << 20).map(sha256).collect();
        let manifest = Manifest::new(layout, sha256(bytes), chunks).unwrap();
        Arc::new(IndexedFile {
            meta: FileMeta {
                name: FileName::try_from(name).unwrap(),
                layout,
                id: manifest_id(&manifest),
            },
            manifest: Arc::new(manifest),
            stamp: stamp_of(&fs::metadata(&path).unwrap()),
        })
    }

    fn names(&self) -> Vec<(String, Option<RetiredReason>)> {
        let list = self.retired.list().unwrap();
        list.into_iter()
            .map(|file| (file.name, file.reason))
            .collect()
    }

    fn read(&self, file: &IndexedFile) -> Vec<u8> {
        let reader = self.retired.open(file).unwrap();
        let mut bytes = Vec::new();
        let range = file.meta.layout.byte_range(crate::model::ChunkIndex(0));
        reader.read_at(range, &mut bytes).unwrap();
        bytes
    }
}

fn kept(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    let mut folders = vec![folder.join(".trozos/retirados")];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).into_iter().flatten().flatten() {
            if entry.path().is_dir() {
                folders.push(entry.path());
            } else {
                let base = folder.join(".trozos/retirados");
                names.push(
                    entry
                        .path()
                        .strip_prefix(base)
                        .unwrap()
                        .display()
                        .to_string(),
                );
            }
        }
    }
    names.sort();
    names
}

#[test]
fn what_is_set_aside_is_known_after_a_restart_and_comes_back() {
    let mut bench = Bench::new(u64::MAX);
    let a = bench.file("serie/a.mp4", b"one");
    assert_eq!(
        bench.retired.take(&a, RetiredReason::Deleted),
        Ok(Some(".trozos/retirados/serie/a.mp4".to_owned()))
    );
    assert!(!bench.path("serie").exists());
    assert_eq!(bench.read(&a), b"one");
    bench.again();
    let list = bench.retired.list().unwrap();
    assert_eq!((list[0].name.as_str(), list[0].bytes), ("serie/a.mp4", 3));
    assert_eq!(list[0].reason, Some(RetiredReason::Deleted));
    // Its digests are believed while it is the same file.
    assert!(bench.retired.find(&a.meta.id).is_none());
    bench
        .retired
        .restore(|name, stamp| (*name == a.meta.name && stamp == a.stamp).then(|| Arc::clone(&a)));
    assert_eq!(bench.read(&a), b"one");
    let name = bench.retired.recover(list[0].number).unwrap().unwrap();
    assert_eq!(name.as_str(), "serie/a.mp4");
    assert_eq!(fs::read(bench.path("serie/a.mp4")).unwrap(), b"one");
    assert!(bench.retired.find(&a.meta.id).is_none() && bench.names().is_empty());
    assert_eq!(bench.retired.recover(list[0].number), Ok(None));
    bench.retired.enforce().unwrap();
    assert!(!bench.path(".trozos").exists());
}

#[test]
fn a_name_that_is_taken_is_not_taken_away() {
    let bench = Bench::new(u64::MAX);
    let old = bench.file("a.mp4", b"one");
    bench.retired.take(&old, RetiredReason::Replaced).unwrap();
    let newer = bench.file("a.mp4", b"two");
    bench.retired.take(&newer, RetiredReason::Resolved).unwrap();
    let newest = bench.file("a.mp4", b"three");
    assert_eq!(kept(bench.folder.path()), ["a-2.mp4", "a.mp4"]);
    let list = bench.retired.list().unwrap();
    for (file, name) in list
        .iter()
        .zip(["a (recuperado).mp4", "a (recuperado 2).mp4"])
    {
        let recovered = bench.retired.recover(file.number).unwrap().unwrap();
        assert_eq!(recovered.as_str(), name);
    }
    assert_eq!(fs::read(bench.path("a.mp4")).unwrap(), b"three");
    assert_eq!(fs::read(bench.path("a (recuperado).mp4")).unwrap(), b"one");
    assert_eq!(
        fs::read(bench.path("a (recuperado 2).mp4")).unwrap(),
        b"two"
    );
    drop(newest);
}

/// Gives its name to another file, as a copy does that replaces it.
fn replace(bench: &Bench, file: &IndexedFile, bytes: &[u8]) {
    let (folder, name) = naming::usual_place(&file.meta.name);
    let folder = bench.path(&folder);
    fs::create_dir_all(&folder).unwrap();
    let free = (1..).map(|n| folder.join(naming::numbered(name, n)));
    let to = free.into_iter().find(|to| !to.exists()).unwrap();
    let path = bench.path(file.meta.name.as_str());
    fs::hard_link(&path, to).unwrap();
    fs::write(bench.path("new"), bytes).unwrap();
    fs::rename(bench.path("new"), path).unwrap();
}

#[test]
fn what_a_copy_replaced_is_taken_into_the_book() {
    let mut bench = Bench::new(u64::MAX);
    for n in 1..=3 {
        let old = bench.file("serie/a.mp4", format!("version {n}").as_bytes());
        let reader = ContentReader::open(&bench.root, Arc::clone(&old)).unwrap();
        // Nobody has replaced it yet.
        assert_eq!(bench.retired.adopt(&old, RetiredReason::Replaced), None);
        replace(&bench, &old, b"newest");
        let path = bench.retired.adopt(&old, RetiredReason::Replaced).unwrap();
        assert!(bench.path(&path).exists() && path.starts_with(".trozos/retirados/serie/a"));
        // Who has it open goes on, and it can be opened again.
        reader.check_unchanged().unwrap();
        assert_eq!(bench.read(&old), format!("version {n}").as_bytes());
        // What has the name now is not what was to be set aside.
        let again = bench.retired.take(&old, RetiredReason::Deleted);
        assert!(matches!(again, Err(StoreError::Changed(_))));
    }
    assert_eq!(fs::read(bench.path("serie/a.mp4")).unwrap(), b"newest");
    let all = vec![("serie/a.mp4".to_owned(), Some(RetiredReason::Replaced)); 3];
    assert_eq!(bench.names(), all);
    bench.again();
    assert_eq!(bench.names(), all);
    bench.retired.set_limits(limits(0));
    let large = bench.file("large", b"more than nothing");
    replace(&bench, &large, b"new");
    assert_eq!(bench.retired.adopt(&large, RetiredReason::Replaced), None);
    assert!(!bench.path(".trozos/retirados/large").exists());
}

#[test]
fn no_more_is_kept_than_may_be_and_the_oldest_goes_first() {
    let bench = Bench::new(10_000);
    for n in 0..5 {
        let file = bench.file(&format!("f{n}"), &[n; 4000]);
        bench.retired.take(&file, RetiredReason::Deleted).unwrap();
        assert!(bench.retired.total().bytes <= 10_000);
    }
    assert_eq!(kept(bench.folder.path()), ["f3", "f4"]);
    // What is larger than all that may be kept takes nothing else with it.
    let large = bench.file("large", &[7; 10_001]);
    assert_eq!(bench.retired.take(&large, RetiredReason::Deleted), Ok(None));
    assert!(!bench.path("large").exists());
    assert_eq!(kept(bench.folder.path()), ["f3", "f4"]);
    bench.retired.set_limits(RetiredLimits {
        max_bytes: None,
        max_age: Duration::ZERO,
    });
    // Older than now, by the clock.
    while !bench.names().is_empty() {
        bench.retired.enforce().unwrap();
    }
    assert!(kept(bench.folder.path()).is_empty());
}

#[test]
fn what_people_do_there_by_hand_is_noticed() {
    let mut bench = Bench::new(u64::MAX);
    for name in ["a", "b", "c"] {
        let file = bench.file(name, name.as_bytes());
        bench.retired.take(&file, RetiredReason::Deleted).unwrap();
    }
    let book = bench.path(".trozos/retirados.indice");
    let text = fs::read_to_string(&book).unwrap();
    let edited = text.replace("\"why\":\"deleted\"", "\"why\":\"resolved\"");
    fs::write(
        &book,
        format!("not json\n{{}}\n{edited}{{\"path\":\"../../x\",\"known\":null}}\n{{\"pa"),
    )
    .unwrap();
    fs::remove_file(bench.path(".trozos/retirados/b")).unwrap();
    fs::write(bench.path(".trozos/retirados/c"), b"other").unwrap();
    fs::create_dir(bench.path(".trozos/retirados/folder")).unwrap();
    fs::write(bench.path(".trozos/retirados/folder/d"), b"dddd").unwrap();
    std::os::unix::fs::symlink("/etc/passwd", bench.path(".trozos/retirados/link")).unwrap();
    let resolved = Some(RetiredReason::Resolved);
    let expected = [
        ("a".to_owned(), resolved),
        ("c".to_owned(), resolved),
        ("folder/d".to_owned(), None),
    ];
    bench.again();
    assert_eq!(bench.names(), expected);
    // The next run reads what this one adds after a line that was cut.
    let e = bench.file("e", b"e");
    bench.retired.take(&e, RetiredReason::Damaged).unwrap();
    bench.again();
    let damaged = ("e".to_owned(), Some(RetiredReason::Damaged));
    assert!(bench.names().contains(&damaged));
    // It was not what it should be; whoever brings it back means it as it is.
    bench.retired.restore(|_, _| Some(Arc::clone(&e)));
    assert!(bench.retired.find(&e.meta.id).is_none());
    let gone = bench.retired.empty(&[1]).unwrap();
    assert_eq!((gone.files, gone.bytes), (1, 1));
    let gone = bench.retired.empty(&[2, 3, 4, 5, 6]).unwrap();
    assert_eq!((gone.files, gone.bytes), (3, 10));
    assert!(kept(bench.folder.path()) == ["link"] && !book.exists());
}

#[test]
fn names_that_stand_in_the_way_are_no_hindrance() {
    let bench = Bench::new(u64::MAX);
    let take = |name: &str| {
        let file = bench.file(name, b"x");
        bench.retired.take(&file, RetiredReason::Deleted).unwrap();
    };
    let long = format!("{}/{}.mp4", "c".repeat(240), "ñ".repeat(118));
    for name in ["serie", "serie/a", "b/c", "b", &long, &long] {
        take(name);
    }
    assert_eq!(bench.retired.list().unwrap().len(), 6);
    for file in bench.retired.list().unwrap() {
        bench.retired.recover(file.number).unwrap().unwrap();
    }
    // A file cannot lie below a file: it came back at the top, or beside.
    let there = ["serie", "a", "b/c", "b (recuperado)", &long];
    for name in there {
        assert!(bench.path(name).is_file(), "{name}");
    }
    assert!(kept(bench.folder.path()).is_empty());
}

#[test]
fn the_same_name_many_times_and_many_names_are_quick() {
    let bench = Bench::new(u64::MAX);
    for n in 0..300u32 {
        let file = bench.file("a.mp4", &n.to_be_bytes());
        bench.retired.take(&file, RetiredReason::Replaced).unwrap();
    }
    assert_eq!(kept(bench.folder.path()).len(), 300);
    for _ in 0..200 {
        bench
            .retired
            .empty(&[bench.retired.list().unwrap()[0].number])
            .unwrap();
    }
    // Lines of what has gone do not pile up.
    let book = fs::read_to_string(bench.path(".trozos/retirados.indice")).unwrap();
    assert!(book.lines().filter(|line| !line.is_empty()).count() < 300);
    assert_eq!(bench.names().len(), 100);
}

#[test]
fn what_cannot_be_set_aside_stays() {
    let bench = Bench::new(u64::MAX);
    let file = bench.file("a", b"one");
    // Something of another kind is in the way.
    fs::write(bench.path(".trozos"), b"").unwrap();
    assert!(bench.retired.take(&file, RetiredReason::Deleted).is_err());
    assert_eq!(fs::read(bench.path("a")).unwrap(), b"one");
    fs::remove_file(bench.path(".trozos")).unwrap();
    // Nor does it leave the folder.
    let outside = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink(outside.path(), bench.path(".trozos")).unwrap();
    assert!(bench.retired.take(&file, RetiredReason::Deleted).is_err());
    assert_eq!(fs::read_dir(outside.path()).unwrap().count(), 0);
    assert_eq!(fs::read(bench.path("a")).unwrap(), b"one");
}

#[test]
fn what_was_damaged_comes_back_as_a_new_file() {
    let bench = Bench::new(u64::MAX);
    let file = bench.file("a", b"one");
    let path = bench.path("a");
    let old = std::time::SystemTime::now() - Duration::from_secs(1000);
    fs::File::options()
        .write(true)
        .open(&path)
        .and_then(|file| file.set_modified(old))
        .unwrap();
    let stamp = stamp_of(&fs::metadata(&path).unwrap());
    let file = Arc::new(indexed(
        file.meta.name.clone(),
        stamp,
        Arc::clone(&file.manifest),
    ));
    bench.retired.take(&file, RetiredReason::Damaged).unwrap();
    bench.retired.recover(1).unwrap().unwrap();
    assert_ne!(stamp_of(&fs::metadata(&path).unwrap()), stamp);
    assert_eq!(fs::read(&path).unwrap(), b"one");
}
