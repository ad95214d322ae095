//! Which files are being read now, and whether another one may be: as many as there are threads, and large ones in half
//! of them, so that small ones never wait for long.

use std::collections::BTreeMap;

use super::types::HashJob;
use crate::model::FileName;

/// Reading a file this long takes a while, and two threads.
pub(super) const LARGE_BYTES: u64 = 64 << 20;

#[derive(Debug)]
struct Job {
    name: FileName,
    bytes: u64,
    /// Somebody waits for it.
    wanted: bool,
}

/// The readings. One that was cancelled has its thread until that says so.
#[derive(Debug)]
pub(super) struct Hashing {
    most: usize,
    jobs: BTreeMap<HashJob, Job>,
    next: u64,
}

impl Hashing {
    /// So many threads.
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

    /// A file is being read.
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

    /// Nobody waits for a reading any more. False when that was so before, or it is over.
    pub(super) fn cancel(&mut self, job: HashJob) -> bool {
        let job = self.jobs.get_mut(&job);
        job.is_some_and(|job| std::mem::replace(&mut job.wanted, false))
    }

    /// A reading is over: the file, if somebody waits for it.
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
        // What is cancelled still has its thread.
        assert!(hashing.cancel(second) && !hashing.cancel(second));
        assert!(!hashing.has_room_for(LARGE_BYTES));
        assert_eq!(hashing.over(second), None);
        assert!(hashing.has_room_for(LARGE_BYTES));
        assert_eq!(hashing.over(first), Some(name("a")));
        assert_eq!(hashing.over(first), None);
        assert!(Hashing::new(0).has_room_for(LARGE_BYTES));
    }
}
