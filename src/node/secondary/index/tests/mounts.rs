//! Tests that mount a disk: `.ci/run` runs them in a mount namespace of their own.

use std::{fs, path::Path, sync::Arc, time::Duration};

use super::*;
use crate::{
    model::{ChunkIndex, ChunkLayout, FileMeta, Manifest},
    store::{Existing, Opened, PartFile, PartPlace, manifest_id, sha256},
};

#[test]
#[ignore = "mounts, which needs root: run it with `unshare -m`"]
fn an_unmounted_subfolder_is_no_deletion() {
    let watched = Watched::start(&[("serie/a", b"under")]);
    watched.ready();
    let disk = watched.path("disk");
    fs::create_dir(&disk).unwrap();
    run("mount", &["-t", "tmpfs", "none"], &disk);
    write(&disk.join("in/b"), b"two");
    write(&disk.join("c"), b"three");
    watched.added("disk/c");
    fs::remove_file(disk.join("c")).unwrap();
    assert_eq!(
        watched.removed("disk/c"),
        (RemovedReason::Deleted, Gone::Deleted)
    );
    run("umount", &[], &disk);
    assert_eq!(
        watched.removed("disk/in/b"),
        (RemovedReason::Lost, Gone::Changed)
    );
    let serie = watched.path("serie");
    run("mount", &["-t", "tmpfs", "none"], &serie);
    assert_eq!(
        watched.removed("serie/a"),
        (RemovedReason::Lost, Gone::Changed)
    );
    run("umount", &[], &serie);
    watched.added("serie/a");
}

#[test]
#[ignore = "mounts, which needs root: run it with `unshare -m`"]
fn a_served_disk_may_go_and_come_back() {
    let mut watched = Watched::start(&[]);
    watched.stop();
    let disk = watched.path("");
    run("mount", &["-t", "tmpfs", "none"], &disk);
    write(&disk.join("a"), b"one");
    watched.restart();
    watched.added("a");
    watched.ready();
    run("umount", &["-l"], &disk);
    watched.wait("FolderGone", |event| {
        matches!(event, IndexEvent::FolderGone(_)).then_some(())
    });
    assert_eq!(watched.removed("a"), (RemovedReason::Lost, Gone::Changed));
    // The empty mount point is not taken for the folder.
    let early = watched.events.recv_timeout(Duration::from_secs(5));
    assert!(early.is_err(), "{early:?}");
    run("mount", &["-t", "tmpfs", "none"], &disk);
    write(&disk.join("b"), b"two");
    watched.wait("FolderBack", |event| {
        matches!(event, IndexEvent::FolderBack).then_some(())
    });
    watched.added("b");
    write(&disk.join("c"), b"three");
    watched.added("c");
    watched.stop();
    run("umount", &["-l"], &disk);
}

fn write_and_add(watched: &Watched, name: &str) -> Arc<IndexedFile> {
    write(&watched.path(name), b"five");
    watched.added(name)
}

/// Begins to receive a copy, in a hidden part file.
fn begin_copy(root: &Root, name: &str) -> Result<PartFile, StoreError> {
    let layout = ChunkLayout::for_file(3).unwrap();
    let manifest = Manifest::new(layout, sha256(b"six"), vec![sha256(b"six")]).unwrap();
    let meta = FileMeta {
        name: FileName::try_from(name).unwrap(),
        layout,
        id: manifest_id(&manifest),
    };
    let (existing, place) = (Existing::Keep, PartPlace::Hidden);
    match PartFile::open(root, &meta, Arc::new(manifest), existing, place)? {
        Opened::Part { part, .. } => Ok(*part),
        other => panic!("{other:?}"),
    }
}

/// Receives a copy, from its hidden part file to its name.
fn receive(root: &Root, name: &str) {
    let part = begin_copy(root, name).unwrap();
    for checked in part.check(vec![(ChunkIndex(0), b"six")]) {
        assert!(part.write(&checked).unwrap());
    }
    part.finish().unwrap();
    assert_eq!(fs::read(root.path().join(name)).unwrap(), b"six");
}

/// The folders whose disks are away, the next time that they are told.
fn away(watched: &Watched) -> Vec<String> {
    watched.wait("DisksAway", |event| match event {
        IndexEvent::Found(Notice::DisksAway(folders)) => {
            Some(folders.iter().map(ToString::to_string).collect())
        }
        _ => None,
    })
}

#[test]
#[ignore = "mounts, which needs root: run it with `unshare -m`"]
fn a_disk_that_is_not_mounted_at_the_start_is_waited_for() {
    let mut watched = Watched::start(&[("a", b"one")]);
    watched.ready();
    let disk = watched.path("serie/disk");
    fs::create_dir_all(&disk).unwrap();
    run("mount", &["-t", "tmpfs", "none"], &disk);
    write(&disk.join("in/b"), b"two");
    watched.added("serie/disk/in/b");
    watched.stop();
    run("umount", &[], &disk);
    // What lies at the mount point is not the disk's.
    write(&disk.join("c"), b"three");
    watched.restart();
    assert_eq!(away(&watched), ["serie/disk"]);
    assert_eq!(watched.ready(), 1);
    let refused = begin_copy(&watched.root, "serie/disk/new/d");
    assert!(
        matches!(refused, Err(StoreError::DiskAway(_))),
        "{refused:?}"
    );
    assert!(!disk.join("new").exists());
    run("mount", &["-t", "tmpfs", "none"], &disk);
    write(&disk.join("e"), b"four");
    assert!(away(&watched).is_empty());
    watched.added("serie/disk/e");
    watched.wait("CaughtUp", |event| {
        matches!(event, IndexEvent::Found(Notice::CaughtUp)).then_some(())
    });
    // What is set aside stays on its disk.
    let added = write_and_add(&watched, "serie/disk/f");
    let index = watched.index.as_ref().unwrap();
    index.send(super::set_aside(&added));
    let removed = watched.removed("serie/disk/f");
    let aside = Gone::SetAside(RetiredReason::Deleted);
    assert_eq!(removed, (RemovedReason::Lost, aside));
    assert!(disk.join(".trozos/retirados/f").exists());
    receive(&watched.root, "serie/disk/new/d");
    // A disk that is gone for good is forgotten when a person says so, and stays so.
    watched.stop();
    run("umount", &[], &disk);
    watched.missed = MissedDisks::Forgotten;
    watched.restart();
    watched.added("serie/disk/c");
    watched.missed = MissedDisks::WaitedFor;
    watched.restart();
    assert_eq!(watched.ready(), 2);
}

#[test]
#[ignore = "mounts, which needs root: run it with `unshare -m`"]
fn a_served_folder_whose_disk_is_not_mounted_at_the_start_is_waited_for() {
    let mut watched = Watched::start(&[]);
    watched.stop();
    // The folder is below the mount point, and is not there without the disk.
    let disk = watched.folder.path().join("served");
    run("mount", &["-t", "tmpfs", "none"], &disk);
    watched.below = "videos".to_owned();
    write(&watched.path("a"), b"one");
    watched.restart();
    watched.added("a");
    watched.stop();
    // The test still has what was set aside open.
    run("umount", &["-l"], &disk);
    for exists in [false, true] {
        // An earlier run may have made it.
        if exists {
            fs::create_dir(watched.path("")).unwrap();
            write(&watched.path("stray"), b"x");
        }
        watched.restart();
        let gone = watched.wait("FolderGone", |event| match event {
            IndexEvent::FolderGone(error) => Some(error),
            IndexEvent::Found(Notice::Ready(Total { .. })) => panic!("ready before it was told"),
            _ => None,
        });
        assert!(matches!(gone, StoreError::DiskAway(_)), "{gone:?}");
        assert_eq!(watched.ready(), 0);
        assert_eq!(watched.path("").exists(), exists);
    }
    run("mount", &["-t", "tmpfs", "none"], &disk);
    write(&watched.path("b"), b"two");
    watched.wait("FolderBack", |event| {
        matches!(event, IndexEvent::FolderBack).then_some(())
    });
    watched.added("b");
    watched.stop();
    run("umount", &["-l"], &disk);
}

/// Runs a program on a path.
fn run(program: &str, arguments: &[&str], path: &Path) {
    let mut command = std::process::Command::new(program);
    let status = command.args(arguments).arg(path).status().unwrap();
    assert!(status.success());
}
