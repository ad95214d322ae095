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
    assert_eq!((&copied.meta, origin), (&added.meta, Origin::Copy));
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
        IndexEvent::Added { file, .. } => {
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
