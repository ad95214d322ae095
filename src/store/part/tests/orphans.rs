//! Part files of copies that nobody goes on with.

use std::{
    os::unix::fs::MetadataExt as _,
    time::{Duration, SystemTime},
};

use super::{
    ours::{put, read},
    *,
};

fn hidden(name: &str) -> String {
    format!(".trozos/partes/{}.part", sha256(name.as_bytes()))
}

fn age(folder: &Folder, path: &str, age: Duration) {
    let file = std::fs::File::options()
        .write(true)
        .open(folder.root.path().join(path))
        .unwrap();
    file.set_modified(SystemTime::now() - age).unwrap();
}

/// A copy that was stopped some time ago.
fn left(folder: &Folder, name: &str, since: Duration) {
    let (part, ..) = folder.part(name, PartPlace::Hidden);
    write(&part, 1, &chunk(1));
    part.sync().unwrap();
    drop(part);
    for end in ["", "-diario"] {
        age(folder, &format!("{}{end}", hidden(name)), since);
    }
}

const HOUR: Duration = Duration::from_secs(3600);

#[test]
fn part_files_that_nobody_goes_on_with_end() {
    let folder = Folder::new();
    left(&folder, "young", HOUR / 2);
    left(&folder, "hours old", HOUR * 20);
    left(&folder, "old", HOUR * 24 * 8);
    left(&folder, "held", HOUR / 2);
    left(&folder, "running", HOUR * 24 * 8);
    let (received, ..) = folder.part("received by another", PartPlace::Hidden);
    age(&folder, &hidden("received by another"), HOUR * 24 * 8);
    put(&folder, ".trozos/partes/mine.part", b"mine");
    let names = |names: &[&str]| {
        names
            .iter()
            .map(|name| FileName::try_from(*name).unwrap())
            .collect::<Vec<_>>()
    };
    let mut sweep = Sweep {
        running: names(&["running", "received by another"]),
        held: vec![file("held").0, file("other").0],
        pressure: Pressure::None,
    };
    let is_there = |name: &str| folder.root.path().join(hidden(name)).exists();
    assert_eq!(sweep.run(&folder.root, SystemTime::now()).unwrap(), 2);
    for (name, stays) in [
        ("young", true),
        ("hours old", true),
        ("old", false),
        ("held", false),
        ("running", true),
    ] {
        assert_eq!(is_there(name), stays, "{name}");
    }
    // What was reserved for the rest is given back.
    let taken = std::fs::metadata(folder.root.path().join(hidden("young"))).unwrap();
    assert!(taken.blocks() * 512 < 2 << 20);
    assert_eq!(folder.part("young", PartPlace::Hidden).1, [1]);
    sweep.pressure = Pressure::NoSpace;
    age(&folder, &hidden("young"), HOUR / 2);
    assert_eq!(sweep.run(&folder.root, SystemTime::now()).unwrap(), 1);
    assert!(is_there("young") && !is_there("hours old"));
    // Nobody is said to receive it, and somebody does.
    sweep.running.clear();
    assert_eq!(sweep.run(&folder.root, SystemTime::now()).unwrap(), 1);
    assert!(is_there("received by another") && !is_there("running"));
    drop(received);
    assert_eq!(read(&folder, ".trozos/partes/mine.part").unwrap(), b"mine");
}

#[test]
fn only_so_many_part_files_are_kept() {
    let folder = Folder::new();
    std::fs::create_dir_all(folder.root.path().join(".trozos/partes")).unwrap();
    for n in 0..70 {
        let path = hidden(&format!("f{n}"));
        put(&folder, &path, b"");
        age(&folder, &path, HOUR * (2 + n));
    }
    let sweep = Sweep::default();
    assert_eq!(sweep.run(&folder.root, SystemTime::now()).unwrap(), 6);
    let is_there = |n: u32| folder.root.path().join(hidden(&format!("f{n}"))).exists();
    assert!((0..64).all(is_there) && !(64..70).any(is_there));
}

#[test]
fn the_part_file_of_a_newer_version_is_of_use() {
    let folder = Folder::new();
    left(&folder, "a", HOUR / 2);
    let (mut older, _) = file("a");
    older.id = sha256(b"older");
    let mut sweep = Sweep {
        held: vec![older],
        ..Sweep::default()
    };
    assert_eq!(sweep.run(&folder.root, SystemTime::now()).unwrap(), 0);
    assert_eq!(folder.part("a", PartPlace::Hidden).1, [1]);
    // Without its journal nobody knows whose it is.
    std::fs::remove_file(folder.root.path().join(hidden("a") + "-diario")).unwrap();
    assert_eq!(sweep.run(&folder.root, SystemTime::now()).unwrap(), 1);
    left(&folder, "a", HOUR / 2);
    sweep.held = vec![file("a").0];
    assert_eq!(sweep.run(&folder.root, SystemTime::now()).unwrap(), 1);
    assert!(!folder.root.path().join(hidden("a")).exists());
}

#[test]
fn nothing_is_given_back_of_an_older_version_that_has_the_part_files_name() {
    let folder = Folder::new();
    left(&folder, "a", HOUR / 2);
    // The new version is in its place, and all stopped before this name was taken away.
    let older = vec![7; LENGTH];
    std::fs::remove_file(folder.root.path().join(hidden("a"))).unwrap();
    put(&folder, "older", &older);
    let link = folder.root.path().join(hidden("a"));
    std::fs::hard_link(folder.root.path().join("older"), &link).unwrap();
    Sweep::default()
        .run(&folder.root, SystemTime::now())
        .unwrap();
    assert!(read(&folder, "older").unwrap() == older, "it is not whole");
    assert!(!link.exists());
}
