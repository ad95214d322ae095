//! What is set aside, and what a copy puts in.

use std::{fs, sync::Arc, time::Instant};

use super::*;

#[test]
fn commands_set_aside_and_insert() {
    let watched = Watched::start(&[("serie/a", b"one")]);
    let added = watched.added("serie/a");
    watched.ready();
    let index = watched.index.as_ref().unwrap();
    index.send(set_aside(&added));
    assert_eq!(
        watched.removed("serie/a"),
        (RemovedReason::Lost, Gone::SetAside(RetiredReason::Deleted))
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
        replaced: None,
    });
    let (copied, origin) = watched.added_from("serie/a");
    assert_eq!((&copied.meta, origin), (&added.meta, Origin::Copied));
}

#[test]
fn what_cannot_be_set_aside_is_not_served_and_tried_again() {
    let watched = Watched::start(&[("a", b"one")]);
    let added = watched.added("a");
    watched.ready();
    write(&watched.path(".trozos"), b"in the way");
    let index = watched.index.as_ref().unwrap();
    index.send(set_aside(&added));
    assert_eq!(watched.removed("a"), (RemovedReason::Lost, Gone::Withdrawn));
    // Nor is it found again as a file like others.
    index.send(IndexCommand::Look(added.meta.name.clone()));
    fs::write(watched.path("b"), b"two").unwrap();
    watched.wait("Added b", |event| match event {
        IndexEvent::Found(Notice::Added { file, .. }) => {
            assert_eq!(file.meta.name.as_str(), "b");
            Some(())
        }
        _ => None,
    });
    fs::remove_file(watched.path(".trozos")).unwrap();
    index.send(IndexCommand::Look(added.meta.name.clone()));
    let deadline = Instant::now() + DEADLINE;
    while watched.path("a").exists() {
        assert!(Instant::now() < deadline);
        std::thread::yield_now();
    }
    assert!(watched.path(".trozos/retirados/a").exists());
}

#[test]
fn what_an_earlier_run_set_aside_can_be_read_by_its_content() {
    let mut watched = Watched::start(&[("a", b"one")]);
    let added = watched.added("a");
    watched.ready();
    watched.index.as_ref().unwrap().send(set_aside(&added));
    watched.removed("a");
    for _ in 0..2 {
        watched.restart();
        watched.ready();
        let root = Root::open(&watched.path("")).unwrap();
        let mut bytes = Vec::new();
        let reader = watched.retired.open(&added).unwrap();
        let whole = ByteRange { start: 0, end: 3 };
        reader.read_at(whole, &mut bytes).unwrap();
        assert_eq!(bytes, b"one");
        assert!(ContentReader::open(&root, Arc::clone(&added)).is_err());
    }
}

#[test]
fn many_files_that_come_and_go_at_once_are_all_told_in_order() {
    const FILES: usize = 2000;
    let watched = Watched::start(&[]);
    watched.ready();
    let names: Vec<String> = (0..FILES).map(|n| format!("serie/{n}")).collect();
    let made = watched.folder.path().join("made");
    for name in &names {
        let file = name.strip_prefix("serie/").unwrap();
        write(&made.join(file), name.as_bytes());
    }
    fs::rename(&made, watched.path("serie")).unwrap();
    let mut held = std::collections::BTreeMap::new();
    let told = |event, held: &mut std::collections::BTreeMap<_, _>| match event {
        IndexEvent::Found(Notice::Added { file, .. }) => {
            assert!(held.insert(file.meta.name.clone(), file).is_none());
        }
        IndexEvent::Found(Notice::Removed { file, reason, .. }) => {
            assert_eq!(reason, RemovedReason::Deleted);
            assert!(held.remove(&file.meta.name).is_some());
        }
        _ => {}
    };
    watched.wait("all files", |event| {
        told(event, &mut held);
        (held.len() == FILES).then_some(())
    });
    // Half of them is set aside while the others are deleted; some of what is deleted comes anew.
    let index = watched.index.as_ref().unwrap();
    let aside: Vec<_> = held.values().step_by(2).cloned().collect();
    for file in &aside {
        index.send(set_aside(file));
    }
    let mut gone = 0;
    watched.wait("all set aside", |event| {
        if let IndexEvent::Found(Notice::Removed { why, .. }) = &event {
            assert_eq!(*why, Gone::SetAside(RetiredReason::Deleted));
            gone += 1;
        }
        (gone == aside.len()).then_some(())
    });
    held.retain(|name, _| watched.path(name.as_str()).exists());
    assert_eq!(held.len(), FILES - aside.len());
    fs::remove_dir_all(watched.path("serie")).unwrap();
    watched.wait("all deleted", |event| {
        told(event, &mut held);
        held.is_empty().then_some(())
    });
    assert_eq!(watched.retired.list().unwrap().len(), aside.len());
}
