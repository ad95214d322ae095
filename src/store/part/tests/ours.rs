//! What belongs to a person is never taken, and what was taken of the disk is given back.

use std::{
    ffi::OsStr,
    os::unix::{ffi::OsStrExt, fs::MetadataExt, fs::symlink},
};

use super::{
    super::{Existing, Target},
    Folder, LENGTH, bytes, chunk, file,
    power::Sample,
    sim::SimDisk,
    write,
};
use crate::{
    model::{ChunkLayout, Digest, FileMeta, FileName, Manifest},
    store::{
        StoreError,
        hash::{manifest_id, sha256},
        part::{Opened, PartFile, PartNote, PartPlace},
        spot::Spot,
    },
};

const OURS: &[u8] = b"{\"trozos_diario\":1,";

pub(super) fn put(folder: &Folder, name: &str, bytes: &[u8]) {
    std::fs::write(folder.root.path().join(name), bytes).unwrap();
}

pub(super) fn read(folder: &Folder, name: &str) -> Option<Vec<u8>> {
    std::fs::read(folder.root.path().join(name)).ok()
}

fn receive_all(part: &PartFile) {
    (0..4).for_each(|index| assert!(write(part, index, &chunk(index))));
    part.finish().unwrap();
}

#[test]
fn a_persons_files_of_our_names_are_kept() {
    let folder = Folder::new();
    let theirs = [
        "a.part-diario~",
        "a.part",
        "a.part-diario",
        ".a.part-diario",
        ".a.2.part-diario",
        "a.1.part",
        ".a.trozos",
    ];
    for name in theirs {
        put(&folder, name, name.as_bytes());
    }
    let (part, have, notes) = folder.part("a", PartPlace::Beside);
    assert!(have.is_empty());
    let to = folder.root.path().join("a.2.part");
    assert_eq!(notes, [PartNote::SetAside { to }]);
    receive_all(&part);
    assert_eq!(read(&folder, "a").unwrap(), bytes());
    for (name, now) in theirs.map(|name| match name {
        "a.part" => (name, "a.2.part"),
        "a.part-diario" => (name, "a.2.part-diario"),
        other => (other, other),
    }) {
        assert_eq!(read(&folder, now).as_deref(), Some(name.as_bytes()));
    }
    assert_eq!(folder.entries().len(), theirs.len() + 1);
}

#[test]
fn a_persons_file_in_the_journals_place_is_moved_and_a_journal_is_not() {
    let folder = Folder::new();
    put(&folder, "a.part-diario", b"mine");
    put(&folder, ".a.part-diario", OURS);
    let (part, ..) = folder.part("a", PartPlace::Beside);
    receive_all(&part);
    assert_eq!(folder.entries(), ["a", "a.1.part-diario"]);
    assert_eq!(read(&folder, "a.1.part-diario").unwrap(), b"mine");
    // It comes while the file is being received.
    let (part, ..) = folder.part("b", PartPlace::Beside);
    std::fs::remove_file(folder.root.path().join("b.part-diario")).unwrap();
    put(&folder, "b.part-diario", b"mine too");
    receive_all(&part);
    assert_eq!(read(&folder, "b.part-diario").unwrap(), b"mine too");
}

#[test]
fn what_does_not_fit_takes_nothing() {
    let folder = Folder::new();
    let layout = ChunkLayout::for_file(15 << 40).unwrap();
    let chunks = vec![Digest::new([7; 32]); layout.chunk_count() as usize];
    let manifest = Manifest::new(layout, sha256(b"a"), chunks).unwrap();
    let meta = FileMeta {
        name: FileName::try_from("large").unwrap(),
        layout,
        id: manifest_id(&manifest),
    };
    let manifest = std::sync::Arc::new(manifest);
    for place in [PartPlace::Beside, PartPlace::Hidden] {
        let manifest = std::sync::Arc::clone(&manifest);
        let opened = PartFile::open(&folder.root, &meta, manifest, Existing::Keep, place);
        assert!(matches!(opened, Err(StoreError::DiskFull(_))), "{opened:?}");
        assert_eq!(folder.entries(), Vec::<String>::new());
    }
}

#[test]
fn who_stops_keeps_what_came_and_gives_the_rest_back() {
    let folder = Folder::new();
    let (part, ..) = folder.part("a", PartPlace::Beside);
    write(&part, 2, &chunk(2));
    part.put_away().unwrap();
    drop(part);
    let found = std::fs::metadata(folder.root.path().join("a.part")).unwrap();
    assert_eq!(found.len(), LENGTH as u64);
    let taken = found.blocks() * 512;
    assert!(taken < 2 << 20, "{taken} bytes for a chunk of 1 MiB");
    let (part, have, notes) = folder.part("a", PartPlace::Beside);
    assert_eq!((have, notes), (vec![2], vec![]));
    receive_all(&part);
    assert_eq!(folder.entries(), ["a"]);
    for place in [PartPlace::Beside, PartPlace::Hidden] {
        let (part, ..) = folder.part("b", place);
        part.put_away().unwrap();
        let left = std::fs::metadata(folder.root.path().join("b.part"));
        match place {
            PartPlace::Beside => assert!(left.unwrap().blocks() * 512 < 1 << 20),
            PartPlace::Hidden => assert_eq!(folder.entries(), ["a"]),
        }
        drop(part);
        let (part, have, notes) = folder.part("b", place);
        assert!(have.is_empty() && notes.is_empty());
        write(&part, 0, &chunk(0));
        part.discard().unwrap();
        assert_eq!(folder.entries(), ["a"]);
    }
}

#[test]
fn the_rest_of_an_earlier_run_ends_when_the_file_comes_otherwise() {
    let folder = Folder::new();
    for (name, place) in [("a", PartPlace::Beside), ("b", PartPlace::Hidden)] {
        let (part, ..) = folder.part(name, place);
        write(&part, 1, &chunk(1));
        part.sync().unwrap();
        drop(part);
        put(&folder, name, &bytes());
        assert!(matches!(
            folder.open(name, place),
            Ok(Opened::AlreadyComplete(_))
        ));
    }
    assert_eq!(folder.entries(), ["a", "b"]);
    // It may be anybody's.
    put(&folder, "a.part", b"mine");
    folder.open("a", PartPlace::Beside).unwrap();
    assert_eq!(read(&folder, "a.part").unwrap(), b"mine");
}

#[test]
fn what_can_be_no_files_place_is_never_replaced() {
    let folder = Folder::new();
    let path = folder.root.path();
    std::fs::create_dir(path.join("folder")).unwrap();
    symlink("nowhere", path.join("link")).unwrap();
    symlink("/", path.join("out")).unwrap();
    for existing in [Existing::Keep, Existing::Overwrite] {
        for name in ["folder", "link", "out/a"] {
            let (meta, manifest) = file(name);
            let place = PartPlace::Beside;
            let opened = PartFile::open(&folder.root, &meta, manifest, existing, place);
            let error = opened.unwrap_err();
            assert_eq!(error.path(), path.join(name));
            match name {
                "folder" => assert!(matches!(error, StoreError::NotAFile(_))),
                _ => assert!(matches!(error, StoreError::Link(_)), "{error}"),
            }
        }
    }
    assert_eq!(folder.entries(), ["folder", "link", "out"]);
}

#[test]
fn any_name_that_a_folder_takes_can_be_given() {
    let folder = Folder::new();
    let long = "ñ".repeat(127) + "x";
    for name in [
        OsStr::new("b.part"),
        OsStr::new(".hidden"),
        OsStr::new(&long),
        OsStr::from_bytes(b"\xff\xfe"),
    ] {
        let (meta, manifest) = file("serie/a");
        let target = Target {
            spot: Spot::named(name).unwrap(),
            existing: Existing::Keep,
            place: PartPlace::Beside,
        };
        let open = || {
            PartFile::open_at(
                &folder.root,
                &meta,
                std::sync::Arc::clone(&manifest),
                &target,
            )
        };
        let Opened::Part { part, .. } = open().unwrap() else {
            panic!("{name:?}");
        };
        write(&part, 3, &chunk(3));
        part.sync().unwrap();
        drop(part);
        let Opened::Part { part, have, .. } = open().unwrap() else {
            panic!("{name:?}");
        };
        assert_eq!(have.len(), 1);
        receive_all(&part);
        assert!(matches!(open(), Ok(Opened::AlreadyComplete(_))));
        assert_eq!(
            std::fs::read(folder.root.path().join(name)).unwrap(),
            bytes()
        );
    }
    assert_eq!(std::fs::read_dir(folder.root.path()).unwrap().count(), 4);
    for bad in ["", ".", "..", "a/b", "/a", "a/"] {
        assert_eq!(Spot::named(OsStr::new(bad)), None, "{bad}");
    }
}

fn receive_on(sample: &Sample, part: &PartFile<SimDisk>) {
    for chunk in sample.meta.layout.all().iter() {
        let range = sample.meta.layout.byte_range(chunk);
        let bytes = &sample.bytes[range.start as usize..range.end as usize];
        for checked in part.check(vec![(chunk, bytes)]) {
            assert!(part.write(&checked).unwrap());
        }
    }
}

fn opened(sample: &Sample, disk: &SimDisk) -> Box<PartFile<SimDisk>> {
    match sample.open(disk).unwrap() {
        Opened::Part { part, notes, .. } => {
            assert!(notes.contains(&PartNote::NoLocks));
            part
        }
        Opened::AlreadyComplete(path) => panic!("{path:?}"),
    }
}

#[test]
fn without_locks_two_may_receive_one_file() {
    for seed in 0..20 {
        let sample = Sample::new(seed);
        let disk = sample.disk(seed);
        disk.lose_locks();
        let (one, other) = (opened(&sample, &disk), opened(&sample, &disk));
        receive_on(&sample, &one);
        receive_on(&sample, &other);
        one.finish().unwrap();
        other.finish().unwrap();
        assert_eq!(disk.content(sample.name()).unwrap(), sample.bytes);
        // One that began when the other had its name.
        let disk = sample.disk(seed);
        disk.lose_locks();
        let late = opened(&sample, &disk);
        receive_on(&sample, &late);
        disk.put(sample.name(), &sample.bytes);
        late.finish().unwrap();
        assert!(disk.content(&sample.part()).is_none());
    }
}

#[test]
fn without_locks_nobody_gets_anothers_part_file_for_his_own() {
    for seed in 0..20 {
        let mut one = Sample::new(seed);
        let mut other = Sample::new(seed + 1000);
        for sample in [&mut one, &mut other] {
            sample.meta.name = FileName::try_from("a").unwrap();
            sample.place = PartPlace::Beside;
        }
        let disk = one.disk(seed);
        disk.lose_locks();
        let first = opened(&one, &disk);
        receive_on(&one, &first);
        // It sets the first one's aside.
        let second = opened(&other, &disk);
        assert!(matches!(first.finish(), Err(StoreError::Changed(_))));
        assert_eq!(disk.content("a"), None);
        receive_on(&other, &second);
        second.finish().unwrap();
        assert_eq!(disk.content("a").unwrap(), other.bytes);
    }
}
