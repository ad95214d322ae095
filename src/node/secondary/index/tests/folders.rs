//! Folders that may only be read, and what in a folder is passed over.

use std::{
    fs,
    path::Path,
    time::{Duration, Instant},
};

use super::*;

#[test]
fn a_corrected_permission_is_noticed() {
    use std::os::unix::fs::PermissionsExt;
    let chmod = |path: &Path, mode| {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    };
    obey_permissions();
    let watched = Watched::start(&[("a", b"one")]);
    watched.ready();
    let secret = watched.folder.path().join("secret");
    write(&secret, b"two");
    chmod(&secret, 0);
    fs::rename(&secret, watched.path("b")).unwrap();
    watched.wait("Ignored", |event| match event {
        IndexEvent::Found(Notice::Ignored { path, .. }) => (path == "b").then_some(()),
        _ => None,
    });
    let began = Instant::now();
    chmod(&watched.path("b"), 0o644);
    watched.added("b");
    assert!(began.elapsed() < Duration::from_secs(20));
}

/// This thread, and those that it starts, may not read or write what its user may not.
fn obey_permissions() {
    use rustix::thread::{CapabilitySet, capabilities, set_capabilities};
    let mut sets = capabilities(None).unwrap();
    let above = CapabilitySet::DAC_OVERRIDE | CapabilitySet::DAC_READ_SEARCH;
    sets.effective.remove(above);
    set_capabilities(None, sets).unwrap();
}

#[test]
fn a_folder_that_may_only_be_read_is_served() {
    use std::os::unix::fs::PermissionsExt;
    let chmod = |path: &Path, mode| {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    };
    obey_permissions();
    let mut watched = Watched::start(&[("a", b"one"), ("b", b"two")]);
    watched.ready();
    watched.stop();
    chmod(&watched.path(""), 0o555);
    watched.restart();
    watched.wait("ReadOnly", |event| match event {
        IndexEvent::ReadOnly(StoreError::Denied(_)) => Some(()),
        IndexEvent::Found(Notice::Ready(Total { .. })) => panic!("ready before it was told"),
        _ => None,
    });
    let added = watched.added("a");
    watched.ready();
    // What was deleted elsewhere cannot be moved away, and does not come back by that.
    let index = watched.index.as_ref().unwrap();
    index.send(set_aside(&added));
    let removed = watched.removed("a");
    assert_eq!(removed, (RemovedReason::Lost, Gone::Withdrawn));
    fs::write(watched.path("b"), b"two and more").unwrap();
    watched.wait("Added b", |event| match event {
        IndexEvent::Found(Notice::Added { file, .. }) => {
            assert_eq!(file.meta.name.as_str(), "b");
            Some(())
        }
        _ => None,
    });
    chmod(&watched.path(""), 0o755);
    watched.wait("Writable", |event| {
        matches!(event, IndexEvent::Writable).then_some(())
    });
}

#[test]
fn what_is_passed_over_is_told_once_with_the_reason() {
    let mut watched = Watched::start(&[
        ("a", b"one"),
        ("copia.part", b"x"),
        ("copia.part-diario", b"x"),
        ("temporada.part/cap 1", b"x"),
        (".oculto", b"x"),
        (".trozos/retirados/b", b"x"),
        (".trozos-prueba-1", b"x"),
    ]);
    watched.stop();
    std::os::unix::fs::symlink("a", watched.path("enlace")).unwrap();
    // Somebody is making it now: that is told when it stays.
    fs::write(watched.path("bajando.part"), b"x").unwrap();
    for n in 0..100 {
        let name = format!("many/{n}\\");
        write(&watched.path(&name), b"x");
    }
    watched.restart();
    let mut told = Vec::new();
    watched.wait("Ready", |event| match event {
        IndexEvent::Found(Notice::Ignored { path, reason }) => {
            told.push((path, reason.code()));
            None
        }
        IndexEvent::Found(Notice::ManyIgnored { count, reason, .. }) => {
            told.push((count.to_string(), reason.code()));
            None
        }
        IndexEvent::Found(Notice::Ready(Total { files, .. })) => (files == 1).then_some(()),
        _ => None,
    });
    told.retain(|(path, _)| !path.starts_with("many/"));
    told.sort();
    let expected = [
        ("1", "name-dot"),
        ("80", "name-forbidden"),
        ("copia.part", "name-reserved"),
        ("copia.part-diario", "name-reserved"),
        ("enlace", "symbolic-link"),
        ("temporada.part", "name-reserved"),
    ];
    let expected = expected.map(|(path, code)| (path.to_owned(), code));
    assert_eq!(told, expected);
    // And nothing of that again.
    watched.wait("the last one", |event| match event {
        IndexEvent::Found(Notice::Ignored { path, .. }) => {
            assert_eq!(path, "bajando.part");
            Some(())
        }
        IndexEvent::Found(Notice::ManyIgnored { .. }) => panic!("{event:?}"),
        _ => None,
    });
}
