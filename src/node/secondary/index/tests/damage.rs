//! Files that are not what they should be.

use std::{fs, path::Path};

use super::*;

#[test]
fn a_file_that_cannot_be_sent_is_read_again() {
    let mut watched = Watched::start(&[("a", b"one"), ("b", b"two")]);
    watched.ready();
    let name = |text| crate::model::FileName::try_from(text).unwrap();
    let send = |watched: &Watched, command| watched.index.as_ref().unwrap().send(command);
    send(&watched, IndexCommand::Look(name("a")));
    assert_eq!(watched.removed("a"), (RemovedReason::Lost, Gone::Changed));
    let added = watched.added("a");
    assert_eq!(added.manifest.whole(), crate::store::sha256(b"one"));
    // One that was deleted is not taken for a damaged one.
    fs::remove_file(watched.path("b")).unwrap();
    send(&watched, IndexCommand::Look(name("b")));
    assert_eq!(
        watched.removed("b"),
        (RemovedReason::Deleted, Gone::Deleted)
    );
    // The same stamp with other content: the digests of before are not believed.
    let path = watched.path("a");
    let changed = fs::metadata(&path).unwrap().modified().unwrap();
    watched.stop();
    fs::write(&path, b"six").unwrap();
    let file = fs::File::options().write(true).open(&path).unwrap();
    file.set_modified(changed).unwrap();
    watched.restart();
    assert_eq!(watched.added("a").meta, added.meta);
    send(&watched, IndexCommand::Look(name("a")));
    assert_eq!(watched.removed("a"), (RemovedReason::Lost, Gone::Changed));
    assert_eq!(watched.damaged("a").meta, added.meta);
}

/// Other content of the same length under the same dates.
fn alter(path: &Path, bytes: &[u8]) {
    let changed = fs::metadata(path).unwrap().modified().unwrap();
    // In place: it must not be seen without its content.
    let file = fs::File::options().write(true).open(path).unwrap();
    std::os::unix::fs::FileExt::write_all_at(&file, bytes, 0).unwrap();
    file.set_modified(changed).unwrap();
}

#[test]
fn what_was_altered_without_a_trace_is_found_when_all_is_read_again() {
    let mut watched = Watched::start(&[("a", b"one"), ("b", b"two"), ("serie/c", b"three")]);
    assert_eq!(watched.ready(), 3);
    alter(&watched.path("b"), b"owt");
    watched.index.as_ref().unwrap().send(IndexCommand::ReadAll);
    let mut told = Vec::new();
    let all = watched.wait("ReadAll", |event| match event {
        IndexEvent::Found(Notice::Removed { file, reason, why }) => {
            told.push((file.meta.name.to_string(), Some((reason, why))));
            None
        }
        IndexEvent::Found(Notice::Damaged { file }) => {
            assert_eq!(file.manifest.whole(), crate::store::sha256(b"two"));
            told.push((file.meta.name.to_string(), None));
            None
        }
        IndexEvent::Found(Notice::Added { file, .. }) => panic!("{file:?}"),
        IndexEvent::Found(Notice::ReadAll(Total { files, bytes })) => Some((files, bytes)),
        _ => None,
    });
    assert_eq!(all, (2, 8));
    let lost = Some((RemovedReason::Lost, Gone::Damaged));
    assert_eq!(told, [("b".to_owned(), lost), ("b".to_owned(), None)]);
    // Later runs know that it is damaged, under another name as well.
    watched.restart();
    assert_eq!(watched.ready_without("b"), 2);
    fs::rename(watched.path("b"), watched.path("serie/d")).unwrap();
    watched.damaged("serie/d");
    // What somebody puts there is no damage.
    fs::write(watched.path("serie/d"), b"new").unwrap();
    let whole = watched.added("serie/d").manifest.whole();
    assert_eq!(whole, crate::store::sha256(b"new"));
}

#[test]
fn a_file_that_goes_while_all_is_read_again_is_no_hindrance() {
    let watched = Watched::start(&[("a", b"one"), ("b", b"two")]);
    assert_eq!(watched.ready(), 2);
    fs::remove_file(watched.path("a")).unwrap();
    let index = watched.index.as_ref().unwrap();
    index.send(IndexCommand::ReadAll);
    index.send(IndexCommand::ReadAll);
    watched.wait("ReadAll", |event| match event {
        IndexEvent::Found(Notice::ReadAll(Total { .. })) => Some(()),
        IndexEvent::Found(Notice::Added { file, .. }) => panic!("{file:?}"),
        _ => None,
    });
}

fn chunk_check(file: &IndexedFile) -> IndexCommand {
    IndexCommand::Check {
        file: file.meta.clone(),
        chunk: crate::model::ChunkIndex(0),
    }
}

#[test]
fn a_complaint_is_looked_into_and_only_proven_damage_counts() {
    let watched = Watched::start(&[("a", b"one"), ("b", b"two")]);
    let a = watched.added("a");
    watched.ready();
    let index = watched.index.as_ref().unwrap();
    // Somebody complains of what is right, or of what is not there.
    index.send(chunk_check(&a));
    let mut other = a.meta.clone();
    other.id = crate::model::Digest::new([7; 32]);
    index.send(IndexCommand::Check {
        file: other,
        chunk: crate::model::ChunkIndex(9),
    });
    watched_file(&watched, "c", b"three");
    alter(&watched.path("a"), b"eno");
    index.send(chunk_check(&a));
    assert_eq!(watched.removed("a"), (RemovedReason::Lost, Gone::Damaged));
    assert_eq!(watched.damaged("a").meta, a.meta);
    // A copy takes its place, and what was damaged goes to what is kept aside.
    let aside = watched.path(".trozos/retirados/a");
    fs::create_dir_all(aside.parent().unwrap()).unwrap();
    fs::hard_link(watched.path("a"), &aside).unwrap();
    write(&watched.path("new.part"), b"one");
    fs::rename(watched.path("new.part"), watched.path("a")).unwrap();
    index.send(IndexCommand::Insert {
        meta: a.meta.clone(),
        manifest: Arc::clone(&a.manifest),
        replaced: Some((Arc::clone(&a), RetiredReason::Damaged)),
    });
    let (again, origin) = watched.added_from("a");
    assert_eq!((&again.meta, origin), (&a.meta, Origin::Copied));
    let kept = watched.retired.list().unwrap();
    assert_eq!(kept[0].reason, Some(RetiredReason::Damaged));
    assert!(watched.retired.find(&a.meta.id).is_none());
}

#[test]
fn damage_that_goes_away_by_itself_is_none() {
    let mut watched = Watched::start(&[("a", b"one")]);
    let a = watched.added("a");
    watched.ready();
    alter(&watched.path("a"), b"eno");
    watched.index.as_ref().unwrap().send(chunk_check(&a));
    watched.damaged("a");
    alter(&watched.path("a"), b"one");
    // A restart reads it once more, as reading everything does.
    watched.restart();
    assert_eq!(watched.added("a").meta, a.meta);
    watched.restart();
    assert_eq!(watched.added("a").meta, a.meta);
    watched.ready();
    alter(&watched.path("a"), b"eno");
    watched.index.as_ref().unwrap().send(chunk_check(&a));
    watched.damaged("a");
    alter(&watched.path("a"), b"one");
    watched.index.as_ref().unwrap().send(IndexCommand::ReadAll);
    assert_eq!(watched.added("a").meta, a.meta);
}

/// Waits until everything was read again, this often from run to run.
fn scrubbed(watched: &Watched, rounds: u64) -> crate::model::Scrub {
    watched.wait("Scrubbed", |event| match event {
        IndexEvent::Scrubbed(done, Some(_)) if done.rounds >= rounds => Some(done),
        _ => None,
    })
}

#[test]
fn what_the_disk_alters_is_found_though_nobody_asks_for_it() {
    let every = Some(Duration::from_millis(300));
    let mut watched = Watched::start_with(&[("a", b"one"), ("b", b"two"), ("none", b"")], every);
    assert_eq!(watched.ready(), 3);
    let done = scrubbed(&watched, 1);
    assert_eq!(
        done.last.map(|round| (round.bytes, round.damaged)),
        Some((6, 0))
    );
    alter(&watched.path("b"), b"owt");
    assert_eq!(watched.removed("b"), (RemovedReason::Lost, Gone::Damaged));
    watched.damaged("b");
    let is_counted = |done: &crate::model::Scrub| {
        done.round.damaged == 1 || done.last.is_some_and(|last| last.damaged == 1)
    };
    let rounds = watched.wait("a count", |event| match event {
        IndexEvent::Scrubbed(done, _) if is_counted(&done) => Some(done.rounds),
        _ => None,
    });
    // A later run goes on where this one was.
    watched.restart();
    assert!(scrubbed(&watched, 1).rounds >= rounds);
    // What somebody writes is read, and no damage.
    fs::write(watched.path("b"), b"new").unwrap();
    let whole = watched.added("b").manifest.whole();
    assert_eq!(whole, crate::store::sha256(b"new"));
    let rounds = scrubbed(&watched, 0).rounds;
    let done = scrubbed(&watched, rounds + 2);
    assert_eq!(
        done.last.map(|round| (round.bytes, round.damaged)),
        Some((6, 0))
    );
}
