//! On a real disk, as `ours`, `own` and `orphans`; `power`, `damage`, `repair` and `replace` are on one in memory, which is `sim`.

mod damage;
mod orphans;
mod ours;
mod own;
mod power;
mod repair;
mod replace;
pub(in crate::store) mod sim;

use std::{fs::File, os::unix::fs::FileExt};

use super::*;
use crate::{
    model::{ChunkLayout, FileName},
    store::{manifest_id, sha256},
};

const LENGTH: usize = (3 << 20) + 77;

fn bytes() -> Vec<u8> {
    (0..LENGTH).map(|i| (i * 31 + i / 1000) as u8).collect()
}

fn file(name: &str) -> (FileMeta, Arc<Manifest>) {
    let layout = ChunkLayout::for_file(LENGTH as u64).unwrap();
    let bytes = bytes();
    let chunks = bytes.chunks(1 << 20).map(sha256).collect();
    let manifest = Manifest::new(layout, sha256(&bytes), chunks).unwrap();
    let meta = FileMeta {
        name: FileName::try_from(name).unwrap(),
        layout,
        id: manifest_id(&manifest),
    };
    (meta, Arc::new(manifest))
}

fn chunk(index: u32) -> Vec<u8> {
    bytes()
        .chunks(1 << 20)
        .nth(index as usize)
        .unwrap()
        .to_vec()
}

fn write(part: &PartFile, index: u32, bytes: &[u8]) -> bool {
    let checked = part.check(vec![(ChunkIndex(index), bytes)]);
    part.write(&checked[0]).unwrap()
}

#[test]
fn what_the_disk_failed_to_keep_is_forgotten() {
    let folder = Folder::new();
    let (part, ..) = folder.part("a", PartPlace::Beside);
    write(&part, 2, &chunk(2));
    part.sync().unwrap();
    write(&part, 0, &chunk(0));
    let failure = part.sync_content(&mut part.lasting(), |_| Err(io::ErrorKind::Other.into()));
    assert!(failure.is_err());
    for index in [1, 3] {
        write(&part, index, &chunk(index));
    }
    // The kernel would say that all is well.
    assert!(part.sync().is_err());
    assert!(part.finish().is_err());
    drop(part);
    let (_, have, notes) = folder.part("a", PartPlace::Beside);
    assert_eq!(have, [1, 2, 3]);
    assert!(notes.is_empty());
}

struct Folder {
    root: Root,
    _temporary: tempfile::TempDir,
}

impl Folder {
    fn new() -> Self {
        let temporary = tempfile::tempdir().unwrap();
        Self {
            root: Root::open(temporary.path()).unwrap(),
            _temporary: temporary,
        }
    }

    fn open(&self, name: &str, place: PartPlace) -> Result<Opened, StoreError> {
        let (meta, manifest) = file(name);
        PartFile::open(&self.root, &meta, manifest, Existing::Keep, place)
    }

    fn part(&self, name: &str, place: PartPlace) -> (Box<PartFile>, Vec<u32>, Vec<PartNote>) {
        match self.open(name, place).unwrap() {
            Opened::Part { part, have, notes } => (part, have.iter().map(|c| c.0).collect(), notes),
            Opened::AlreadyComplete(path) => panic!("{path:?}"),
        }
    }

    fn entries(&self) -> Vec<String> {
        let mut names: Vec<_> = std::fs::read_dir(self.root.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }
}

#[test]
fn only_right_chunks_are_written_and_only_a_whole_file_gets_the_name() {
    for (place, during) in [(PartPlace::Beside, "serie"), (PartPlace::Hidden, ".trozos")] {
        let folder = Folder::new();
        std::fs::write(folder.root.path().join("other"), b"x").unwrap();
        let (part, have, notes) = folder.part("serie/cap 1.bin", place);
        assert!(have.is_empty() && notes.is_empty());
        for index in 0..4 {
            let mut wrong = chunk(index);
            wrong[5] ^= 1;
            assert!(!write(&part, index, &wrong));
            assert!(part.finish().is_err());
            assert!(write(&part, index, &chunk(index)));
        }
        assert!(!write(&part, 4, &[]));
        let mut expected = [during, "other"];
        expected.sort_unstable();
        assert_eq!(folder.entries(), expected);
        let path = part.finish().unwrap();
        assert_eq!(path, folder.root.path().join("serie/cap 1.bin"));
        assert_eq!(std::fs::read(&path).unwrap(), bytes());
        assert_eq!(folder.entries(), ["other", "serie"]);
        assert!(matches!(
            folder.open("serie/cap 1.bin", place),
            Ok(Opened::AlreadyComplete(_))
        ));
        // Its user changes it, and a duplicate comes late.
        std::fs::write(&path, b"mine").unwrap();
        assert!(write(&part, 0, &chunk(0)));
        assert_eq!(std::fs::read(&path).unwrap(), b"mine");
    }
}

#[test]
fn a_killed_receiver_goes_on_with_what_can_be_trusted() {
    let folder = Folder::new();
    let (part, ..) = folder.part("a", PartPlace::Beside);
    write(&part, 2, &chunk(2));
    part.sync().unwrap();
    assert_eq!(part.unsynced_bytes(), 0);
    write(&part, 0, &chunk(0));
    write(&part, 1, &chunk(1));
    assert!(matches!(
        folder.open("a", PartPlace::Beside),
        Err(StoreError::Busy(_))
    ));
    drop(part);
    // The machine stopped before chunk 1 was on the disk.
    let path = folder.root.path().join("a.part");
    let damaged = File::options().write(true).open(&path).unwrap();
    damaged.write_all_at(&[0; 100], 1 << 20).unwrap();
    let (part, have, notes) = folder.part("a", PartPlace::Beside);
    assert_eq!(have, [0, 2]);
    assert!(notes.is_empty());
    drop(part);
    // Synced data went bad: the sample finds it.
    damaged.write_all_at(&[0; 100], 2 << 20).unwrap();
    let (part, have, notes) = folder.part("a", PartPlace::Beside);
    assert_eq!(have, [0]);
    assert_eq!(notes, [PartNote::Damaged { chunks: 1 }]);
    drop(part);
    std::fs::write(folder.root.path().join("a.part-diario"), b"?").unwrap();
    let (_, have, notes) = folder.part("a", PartPlace::Beside);
    assert_eq!(have, [0]);
    assert!(notes.is_empty());
}

#[test]
fn another_file_of_the_name_is_never_lost() {
    let folder = Folder::new();
    let (part, ..) = folder.part("a", PartPlace::Beside);
    for index in 0..4 {
        write(&part, index, &chunk(index));
    }
    std::fs::write(folder.root.path().join("a"), b"mine").unwrap();
    assert!(matches!(part.finish(), Err(StoreError::Exists(_))));
    assert_eq!(
        std::fs::read(folder.root.path().join("a")).unwrap(),
        b"mine"
    );
    drop(part);
    assert!(matches!(
        folder.open("a", PartPlace::Beside),
        Err(StoreError::Exists(_))
    ));
    let (meta, manifest) = file("a");
    let opened = PartFile::open(
        &folder.root,
        &meta,
        manifest,
        Existing::Overwrite,
        PartPlace::Beside,
    );
    let Ok(Opened::Part { part, have, .. }) = opened else {
        panic!("{opened:?}");
    };
    assert!(have.is_full());
    part.finish().unwrap();
    assert_eq!(
        std::fs::read(folder.root.path().join("a")).unwrap(),
        bytes()
    );
}

#[test]
fn a_folder_that_cannot_be_written_is_named() {
    let folder = Folder::new();
    std::fs::write(folder.root.path().join("serie"), b"a file").unwrap();
    let error = folder.open("serie/a", PartPlace::Beside).unwrap_err();
    assert!(error.to_string().contains("serie"), "{error}");
}
