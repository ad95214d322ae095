//! Folders that may only be read, and what in a folder is passed over.

use std::{fs, path::Path};

use super::{Watched, obey_permissions};
use crate::{
    model::RemovedReason,
    store::{
        StoreError,
        index::{Gone, IndexCommand, IndexEvent},
    },
};

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
        IndexEvent::Ready { .. } => panic!("ready before it was told"),
        _ => None,
    });
    let added = watched.added("a");
    watched.ready();
    // What was deleted elsewhere cannot be moved away, and does not come back by that.
    let index = watched.index.as_ref().unwrap();
    index.send(IndexCommand::SetAside(added.meta.clone()));
    let removed = watched.removed("a");
    assert_eq!(removed, (RemovedReason::Lost, Gone::Withdrawn));
    fs::write(watched.path("b"), b"two and more").unwrap();
    watched.wait("Added b", |event| match event {
        IndexEvent::Added { file, .. } => {
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
