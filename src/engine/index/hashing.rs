//! The files being read, and whether another may start. There is one reading per thread. Large files get at most half
//! of the threads, so that small ones never wait for long.

use std::collections::BTreeMap;

use super::types::HashJob;
use crate::model::FileName;

/// Reading a file this long takes a while.
pub(super) const LARGE_BYTES: u64 = 64 << 20;

#[derive(Debug)]
struct Job {
    name: FileName,
    bytes: u64,
    /// Somebody waits for it.
    wanted: bool,
}

/// The readings. A cancelled one keeps its thread until the thread reports.
#[derive(Debug)]
pub(super) struct Hashing {
    most: usize,
    jobs: BTreeMap<HashJob, Job>,
    next: u64,
}

impl Hashing {
    /// For this many threads.
    pub(super) fn new(threads: usize) -> Self {
        Self {
            most: threads.max(1),
            jobs: BTreeMap::new(),
            next: 0,
        }
    }

    /// True when a file of this length can be read now.
    pub(super) fn has_room_for(&self, bytes: u64) -> bool {
        let large = self.jobs.values().filter(|job| job.bytes >= LARGE_BYTES);
        self.jobs.len() < self.most
            && (bytes < LARGE_BYTES || large.count() < (self.most / 2).max(1))
    }

    /// Starts the reading of a file.
    pub(super) fn begin(&mut self, name: FileName, bytes: u64) -> HashJob {
        let job = HashJob(self.next);
        self.next += 1;
        let wanted = true;
        self.jobs.insert(
            job,
            Job {
                name,
                bytes,
                wanted,
            },
        );
        job
    }

    /// Cancels a reading: nobody waits for it any more. Returns false if it is over or was cancelled before.
    pub(super) fn cancel(&mut self, job: HashJob) -> bool {
        let job = self.jobs.get_mut(&job);
        job.is_some_and(|job| std::mem::replace(&mut job.wanted, false))
    }

    /// Ends a reading. Returns its file if somebody waits for it.
    pub(super) fn over(&mut self, job: HashJob) -> Option<FileName> {
        let job = self.jobs.remove(&job)?;
        job.wanted.then_some(job.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_file_finds_a_thread_while_large_ones_are_read() {
        let name = |text: &str| FileName::try_from(text).unwrap();
        let mut hashing = Hashing::new(4);
        let first = hashing.begin(name("a"), LARGE_BYTES);
        let second = hashing.begin(name("b"), LARGE_BYTES);
        assert!(!hashing.has_room_for(LARGE_BYTES) && hashing.has_room_for(1));
        // A cancelled reading still has its thread.
        assert!(hashing.cancel(second) && !hashing.cancel(second));
        assert!(!hashing.has_room_for(LARGE_BYTES));
        assert_eq!(hashing.over(second), None);
        assert!(hashing.has_room_for(LARGE_BYTES));
        assert_eq!(hashing.over(first), Some(name("a")));
        assert_eq!(hashing.over(first), None);
        assert!(Hashing::new(0).has_room_for(LARGE_BYTES));
    }
}
