//! Files that somebody is still writing.

use std::{
    fs,
    io::Write,
    time::{Duration, Instant},
};

use super::{QUIET, Watched, write};

/// Nothing is told of for this long.
fn silence(watched: &Watched, length: Duration) {
    let early = watched.events.recv_timeout(length);
    assert!(early.is_err(), "{early:?}");
}

#[test]
fn a_file_that_is_open_is_not_served_however_long_it_rests() {
    let watched = Watched::start(&[]);
    watched.ready();
    let path = watched.folder.path().join("recording");
    write(&path, b"one");
    let mut file = fs::File::options().append(true).open(&path).unwrap();
    // Its dates say nothing of the writer.
    fs::rename(&path, watched.path("recording")).unwrap();
    silence(&watched, QUIET * 3);
    file.write_all(b" and two").unwrap();
    silence(&watched, QUIET * 3);
    let closed = Instant::now();
    drop(file);
    let added = watched.added("recording");
    assert_eq!(added.meta.layout.file_bytes(), 11);
    assert!(closed.elapsed() < Duration::from_secs(20));
}

#[test]
fn a_file_that_is_written_in_pieces_is_served_once_and_whole() {
    let watched = Watched::start(&[]);
    watched.ready();
    for _ in 0..5 {
        let mut options = fs::File::options();
        let file = options.create(true).append(true).open(watched.path("a"));
        file.unwrap().write_all(b"piece").unwrap();
        silence(&watched, QUIET * 7 / 10);
    }
    assert_eq!(watched.added("a").meta.layout.file_bytes(), 25);
}

#[test]
fn what_came_as_a_whole_does_not_wait() {
    let watched = Watched::start(&[("a", b"one")]);
    watched.ready();
    let path = watched.folder.path().join("new");
    fs::write(&path, b"other").unwrap();
    fs::rename(&path, watched.path("a")).unwrap();
    watched.removed("a");
    assert_eq!(watched.added("a").meta.layout.file_bytes(), 5);
}
