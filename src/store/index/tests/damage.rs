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
    let again = watched.added("a");
    assert_eq!(again.manifest.whole(), crate::store::sha256(b"six"));
}

/// Other content of the same length under the same dates.
fn alter(path: &Path, bytes: &[u8]) {
    let changed = fs::metadata(path).unwrap().modified().unwrap();
    fs::write(path, bytes).unwrap();
    let file = fs::File::options().write(true).open(path).unwrap();
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
        IndexEvent::Removed { file, reason, why } => {
            told.push((file.meta.name.to_string(), Some((reason, why))));
            None
        }
        IndexEvent::Added { file, .. } => {
            assert_eq!(file.manifest.whole(), crate::store::sha256(b"owt"));
            told.push((file.meta.name.to_string(), None));
            None
        }
        IndexEvent::ReadAll { files, bytes } => Some((files, bytes)),
        _ => None,
    });
    assert_eq!(all, (3, 11));
    let lost = Some((RemovedReason::Lost, Gone::Changed));
    assert_eq!(told, [("b".to_owned(), lost), ("b".to_owned(), None)]);
    // Later runs know it as it is.
    watched.restart();
    let whole = watched.added("b").manifest.whole();
    assert_eq!(whole, crate::store::sha256(b"owt"));
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
        IndexEvent::ReadAll { .. } => Some(()),
        IndexEvent::Added { file, .. } => panic!("{file:?}"),
        _ => None,
    });
}
