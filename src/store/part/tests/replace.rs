//! A file takes the place of an older version: on a disk in memory that stops at every operation and that can do more
//! or less, and on a real one.

use fastrand::Rng;

use super::{
    super::{Existing, Opened, PartFile, PartPlace},
    Folder, bytes, chunk, file,
    power::{Sample, for_seeds},
    sim::{Fault, SimDisk},
    write,
};
use crate::store::{
    StoreError,
    disk::{Content as _, Disk, Entry, Make},
};

const OLD: &[u8] = b"an older version";

/// What file systems are able to do: second names, exchanges.
const ABILITIES: [(bool, bool); 3] = [(true, true), (true, false), (false, false)];

struct Replacing {
    sample: Sample,
    disk: SimDisk,
}

impl Replacing {
    fn new(seed: u64, disk_seed: u64, (can_link, can_exchange): (bool, bool)) -> Self {
        let mut sample = Sample::new(seed);
        sample.place = PartPlace::Hidden;
        let disk = sample.disk(disk_seed);
        disk.set_abilities(can_link, can_exchange);
        disk.put(sample.name(), OLD);
        let place = disk.place(&sample.meta.name, Make::Nothing).unwrap();
        sample.existing = Existing::Replaces(place.look().unwrap().unwrap());
        Self { sample, disk }
    }

    fn content(&self) -> Option<Vec<u8>> {
        self.disk.content(self.sample.name())
    }

    /// Files that were set aside.
    fn aside(&self) -> Vec<Vec<u8>> {
        let files = self.disk.files().into_iter();
        let aside = files.filter(|path| path.starts_with(".trozos/retirados/"));
        aside
            .map(|path| self.disk.content(&path).unwrap())
            .collect()
    }
}

#[test]
fn a_stop_at_every_operation_leaves_the_older_version_or_the_new_one() {
    for abilities in ABILITIES {
        for_seeds(0..25, |seed| {
            for at in 0.. {
                let it = Replacing::new(seed, seed + at, abilities);
                it.disk.set_fault(Fault::Kill { at });
                let run = it.sample.receive(&it.disk, &mut Rng::with_seed(seed));
                let is_over = it.disk.operations() <= at;
                if seed % 2 == 0 {
                    it.disk.heal();
                } else {
                    it.disk.cut_power();
                }
                let content = it.content();
                match &content {
                    Some(content) => assert!(*content == it.sample.bytes || content == OLD),
                    None => assert!(!abilities.0, "the name is without a file"),
                }
                let is_old = content.as_deref() == Some(OLD);
                let is_kept = it.aside().iter().any(|aside| aside == OLD);
                assert!(is_old || is_kept, "the older version is lost");
                assert!(!is_old || run.end.is_err());
                // It goes on, and ends.
                let again = it.sample.receive(&it.disk, &mut Rng::with_seed(seed + at));
                assert_eq!(again.end, Ok(()));
                it.disk.cut_power();
                assert_eq!(it.content().unwrap(), it.sample.bytes);
                assert!(it.aside().iter().all(|aside| aside == OLD));
                assert!(!it.aside().is_empty());
                it.sample.open(&it.disk).unwrap();
                assert!(it.aside().iter().any(|aside| aside == OLD));
                assert_eq!(it.disk.content(&it.sample.part()), None);
                if is_over {
                    break;
                }
            }
        });
    }
}

#[test]
fn a_file_that_comes_meanwhile_is_left_and_the_older_version_is_not_set_aside() {
    for abilities in ABILITIES {
        for_seeds(0..25, |seed| {
            for at in 0.. {
                let it = Replacing::new(seed, seed, abilities);
                it.disk.set_fault(Fault::Appears {
                    at,
                    path: it.sample.name().to_owned(),
                    bytes: b"mine".to_vec(),
                });
                let run = it.sample.receive(&it.disk, &mut Rng::with_seed(seed));
                if it.disk.operations() <= at {
                    break;
                }
                match run.end {
                    Err(StoreError::Changed(_) | StoreError::Exists(_)) => {
                        assert_eq!(it.content().unwrap(), b"mine");
                        // It may have come when the older version was moved already.
                        let aside = it.aside();
                        assert!(aside.is_empty() || (!abilities.0 && aside == [OLD]));
                    }
                    Err(other) => panic!("{other}"),
                    // Where names cannot be exchanged nothing is left between the last look and the move.
                    Ok(()) => assert!(it.content().unwrap() == b"mine" || !abilities.1, "at {at}"),
                }
            }
        });
    }
}

fn entry(folder: &Folder, name: &str) -> Entry {
    let file = std::fs::File::open(folder.root.path().join(name)).unwrap();
    file.entry().unwrap()
}

fn open(folder: &Folder, old: Entry) -> Result<Opened, StoreError> {
    let (meta, manifest) = file("serie/a");
    let replaces = Existing::Replaces(old);
    PartFile::open(&folder.root, &meta, manifest, replaces, PartPlace::Hidden)
}

fn whole(folder: &Folder, old: Entry) -> Box<PartFile> {
    let Ok(Opened::Part { part, .. }) = open(folder, old) else {
        panic!("there is something to receive");
    };
    for index in 0..4 {
        write(&part, index, &chunk(index));
    }
    part
}

#[test]
fn an_older_version_is_set_aside_and_its_name_is_never_without_a_file() {
    let folder = Folder::new();
    let path = folder.root.path().join("serie/a");
    std::fs::create_dir(folder.root.path().join("serie")).unwrap();
    for (version, kept) in [(b"first", "a"), (b"other", "a-2")] {
        std::fs::write(&path, version).unwrap();
        let part = whole(&folder, entry(&folder, "serie/a"));
        let over = std::sync::atomic::AtomicBool::new(false);
        let was_missing = std::thread::scope(|scope| {
            let looking = scope.spawn(|| {
                let mut was_missing = false;
                while !over.load(std::sync::atomic::Ordering::Relaxed) {
                    was_missing |= !path.exists();
                }
                was_missing
            });
            part.finish().unwrap();
            over.store(true, std::sync::atomic::Ordering::Relaxed);
            looking.join().unwrap()
        });
        assert!(!was_missing);
        assert_eq!(std::fs::read(&path).unwrap(), bytes());
        let kept = folder
            .root
            .path()
            .join(".trozos/retirados/serie")
            .join(kept);
        assert_eq!(std::fs::read(kept).unwrap(), version);
        assert!(!folder.root.path().join(".trozos/partes").exists());
    }
}

#[test]
fn an_older_version_that_changed_meanwhile_is_not_touched() {
    let folder = Folder::new();
    let path = folder.root.path().join("serie/a");
    std::fs::create_dir(folder.root.path().join("serie")).unwrap();
    std::fs::write(&path, b"first").unwrap();
    let old = entry(&folder, "serie/a");
    let part = whole(&folder, old);
    // As long as before, and written into the same file.
    std::fs::write(&path, b"2nd !").unwrap();
    assert_eq!(part.finish(), Err(StoreError::Changed(path.clone())));
    assert_eq!(std::fs::read(&path).unwrap(), b"2nd !");
    assert!(!folder.root.path().join(".trozos/retirados").exists());
    drop(part);
    assert!(matches!(open(&folder, old), Err(StoreError::Changed(_))));
    // What was received is not lost: it is for the next order.
    let Ok(Opened::Part { have, .. }) = open(&folder, entry(&folder, "serie/a")) else {
        panic!("there is something to receive");
    };
    assert!(have.is_full());
}
