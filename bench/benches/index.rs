//! The folder index, from its start until it says that it is ready, and until it serves what is put into the folder. All
//! files are in the page cache.
//! `cargo bench --bench index`
#![allow(clippy::unwrap_used)]

use std::{
    fs::File,
    io::Write,
    path::{Path, PathBuf},
    sync::mpsc::{Receiver, channel},
    time::{Duration, SystemTime},
};

use divan::{
    Bencher,
    counter::{BytesCount, ItemsCount},
};
use tempfile::TempDir;
use trozos::{
    engine::index::{Notice, Total},
    node::secondary::index::{IndexCommand, IndexConfig, IndexEvent, IndexThread, start},
    store::{
        Root,
        index::MissedDisks,
        retired::{Retired, RetiredLimits},
    },
};

/// The same with four times as many files shows what grows faster than their number.
const FILES: [usize; 2] = [2000, 8000];
const DROPPED: [usize; 2] = [5000, 20_000];
const SMALL_BYTES: usize = 4 << 10;
const LARGE_BYTES: usize = 256 << 20;

fn main() {
    divan::main();
}

/// A served folder, and beside it room for caches.
struct Folders {
    served: TempDir,
    caches: TempDir,
    caches_made: usize,
}

/// An index that is ready; it is stopped outside of what is measured.
struct Ready {
    index: Option<IndexThread>,
    events: Receiver<IndexEvent>,
}

impl Drop for Ready {
    fn drop(&mut self) {
        if let Some(index) = self.index.take() {
            index.send(IndexCommand::Stop);
            index.join();
        }
    }
}

/// A file that nobody has touched for an hour, so that nothing waits for it to stop changing.
fn write(path: &Path, bytes: &[u8]) {
    let mut file = File::create(path).unwrap();
    file.write_all(bytes).unwrap();
    let hour = Duration::from_secs(3600);
    file.set_modified(SystemTime::now() - hour).unwrap();
}

impl Folders {
    fn new() -> Self {
        Self { served: tempfile::tempdir().unwrap(), caches: tempfile::tempdir().unwrap(), caches_made: 0 }
    }

    fn with_small(files: usize) -> Self {
        let folders = Self::new();
        let mut bytes = vec![7; SMALL_BYTES];
        for n in 0..files {
            bytes[..8].copy_from_slice(&n.to_le_bytes());
            write(&folders.served.path().join(format!("f{n:05}")), &bytes);
        }
        folders
    }

    /// The path of a cache that is not there.
    fn new_cache(&mut self) -> PathBuf {
        self.caches_made += 1;
        self.caches.path().join(format!("{}", self.caches_made))
    }

    fn index(&self, cache: PathBuf, files: usize) -> Ready {
        let root = Root::open(self.served.path()).unwrap();
        let (sender, events) = channel();
        let config = IndexConfig { cache, quiet: std::time::Duration::from_secs(1), look_every: None, missed: MissedDisks::WaitedFor, scrub_every: None };
        let retired = Retired::new(root.clone(), RetiredLimits::default());
        let emit = move |event| sender.send(event).is_ok();
        let index = start(root, config, retired, emit).unwrap();
        let found = events.iter().find_map(|event| match event {
            IndexEvent::Found(Notice::Ready(Total { files, .. })) => Some(files),
            _ => None,
        });
        assert_eq!(found, Some(files));
        Ready { index: Some(index), events }
    }
}

#[divan::bench(args = FILES, sample_count = 5, sample_size = 1)]
fn first_of_small_files(bencher: Bencher<'_, '_>, files: usize) {
    let mut folders = Folders::with_small(files);
    let caches: Vec<_> = (0..100).map(|_| folders.new_cache()).collect();
    let mut caches = caches.into_iter();
    bencher
        .counter(ItemsCount::new(files))
        .with_inputs(|| caches.next().unwrap())
        .bench_local_values(|cache| folders.index(cache, files));
}

#[divan::bench(args = FILES, sample_count = 5, sample_size = 1)]
fn again_with_cache(bencher: Bencher<'_, '_>, files: usize) {
    let mut folders = Folders::with_small(files);
    let cache = folders.new_cache();
    drop(folders.index(cache.clone(), files));
    bencher.counter(ItemsCount::new(files)).bench_local(|| folders.index(cache.clone(), files));
}

/// Files that are put into a folder while it is served, until all of them are. Two seconds of each are for the quiet time.
#[divan::bench(args = DROPPED, sample_count = 3, sample_size = 1)]
fn dropped_in(bencher: Bencher<'_, '_>, files: usize) {
    bencher
        .counter(ItemsCount::new(files))
        .with_inputs(|| {
            let mut folders = Folders::new();
            let cache = folders.new_cache();
            let ready = folders.index(cache, 0);
            (folders, ready)
        })
        .bench_local_values(|(folders, ready)| {
            for n in 0..files {
                let path = folders.served.path().join(format!("f{n:05}"));
                std::fs::write(path, n.to_le_bytes()).unwrap();
            }
            let added = |event: &IndexEvent| matches!(event, IndexEvent::Found(Notice::Added { .. }));
            assert_eq!(ready.events.iter().filter(added).take(files).count(), files);
            (folders, ready)
        });
}

#[divan::bench(sample_count = 5, sample_size = 1)]
fn first_of_one_256_mib_file(bencher: Bencher<'_, '_>) {
    let mut folders = Folders::new();
    let bytes: Vec<u8> = (0..LARGE_BYTES).map(|i| (i * 7 + i / 251) as u8).collect();
    write(&folders.served.path().join("large"), &bytes);
    let caches: Vec<_> = (0..100).map(|_| folders.new_cache()).collect();
    let mut caches = caches.into_iter();
    bencher
        .counter(BytesCount::new(LARGE_BYTES))
        .with_inputs(|| caches.next().unwrap())
        .bench_local_values(|cache| folders.index(cache, 1));
}
