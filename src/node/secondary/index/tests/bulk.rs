//! Thousands of small files that come, go and get other names at once.

use std::{
    collections::BTreeSet,
    fs,
    time::{Duration, Instant},
};

use super::*;

const FILES: usize = 8000;

fn names(folder: &str) -> impl Iterator<Item = String> {
    (0..FILES).map(move |n| format!("{folder}/{}/{n}", n % 10))
}

/// What is told until all of these were removed, each as deleted, and all of those added.
fn wait_for_all(watched: &Watched, mut gone: BTreeSet<String>, mut new: BTreeSet<String>) {
    let began = Instant::now();
    watched.wait("all of them", |event| {
        match event {
            IndexEvent::Found(Notice::Removed { file, reason, why }) => {
                assert_eq!((reason, why), (RemovedReason::Deleted, Gone::Deleted));
                assert!(gone.remove(file.meta.name.as_str()), "{file:?}");
            }
            IndexEvent::Found(Notice::Added { file, .. }) => {
                assert!(new.remove(file.meta.name.as_str()), "{file:?}");
            }
            IndexEvent::Found(Notice::Ready(Total { .. })) => {}
            other => panic!("{other:?}"),
        }
        (gone.is_empty() && new.is_empty()).then_some(())
    });
    assert!(
        began.elapsed() < Duration::from_secs(30),
        "{:?}",
        began.elapsed()
    );
}

#[test]
fn thousands_of_files_come_get_other_names_and_are_deleted_at_once() {
    let watched = Watched::start(&[("a", b"one")]);
    watched.ready();
    let outside = watched.folder.path().join("outside");
    for name in names("serie") {
        write(&outside.join(name), b"x");
    }
    fs::rename(outside.join("serie"), watched.path("serie")).unwrap();
    let none = BTreeSet::new;
    wait_for_all(&watched, none(), names("serie").collect());
    fs::rename(watched.path("serie"), watched.path("other")).unwrap();
    let renamed = names("other").collect();
    wait_for_all(&watched, names("serie").collect(), renamed);
    fs::remove_dir_all(watched.path("other")).unwrap();
    wait_for_all(&watched, names("other").collect(), none());
}
