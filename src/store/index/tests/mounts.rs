//! Tests that mount a disk: `.ci/run` runs them in a mount namespace of their own.

use std::{fs, path::Path, time::Duration};

use super::{Watched, write};
use crate::{
    model::RemovedReason,
    store::index::{Gone, IndexEvent},
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

/// Runs a program on a path.
fn run(program: &str, arguments: &[&str], path: &Path) {
    let mut command = std::process::Command::new(program);
    let status = command.args(arguments).arg(path).status().unwrap();
    assert!(status.success());
}
