//! A disk that takes its time, for tests: what is saved below a folder waits so long for each fsync.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use parking_lot::Mutex;

static SLOW: Mutex<Vec<(PathBuf, Duration)>> = Mutex::new(Vec::new());

/// From now on each fsync below a folder takes so long.
pub(crate) fn slow_down(folder: &Path, each: Duration) {
    let mut slow = SLOW.lock();
    slow.push((folder.to_owned(), each));
}

/// An fsync of a file, or of its folder.
pub(super) fn wait(path: &Path) {
    let takes = {
        let slow = SLOW.lock();
        let found = slow.iter().find(|(folder, _)| path.starts_with(folder));
        found.map(|(_, each)| *each)
    };
    if let Some(each) = takes {
        std::thread::sleep(each);
    }
}
