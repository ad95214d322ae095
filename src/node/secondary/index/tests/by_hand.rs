//! Tests that take long: run with `--ignored`.

use std::time::{Duration, Instant};

use super::*;

#[test]
#[ignore = "makes 100,000 files"]
fn a_start_with_many_known_files_takes_seconds_and_obeys_meanwhile() {
    let mut watched = Watched::start(&[]);
    watched.stop();
    for n in 0..100_000 {
        write(&watched.path(&format!("{}/{n}", n % 100)), b"");
    }
    watched.restart();
    assert_eq!(watched.ready(), 100_000);
    let began = Instant::now();
    watched.restart();
    let first = watched.wait("Added", |event| match event {
        IndexEvent::Found(Notice::Added { file, .. }) => Some(file),
        _ => None,
    });
    let obeying = Instant::now();
    let index = watched.index.as_ref().unwrap();
    index.send(set_aside(&first));
    watched.removed(first.meta.name.as_str());
    let obeyed = obeying.elapsed();
    assert_eq!(watched.ready(), 99_999);
    let took = began.elapsed();
    assert!(
        took < Duration::from_secs(20) && obeyed < Duration::from_secs(1),
        "{took:?} {obeyed:?}"
    );
}
