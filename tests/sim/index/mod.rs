//! The index machine over an imagined folder, in which people write, rename, delete and unmount, disks alter what is on
//! them, and everything that the machine asks for takes its time. Contents are numbers.

mod people;
mod rest;
mod shell;
mod told;

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
    time::{Duration, Instant},
};

use trozos::{
    engine::index::{
        Action, Event, Gone, HashJob, Hearing, Index, IndexConfig, Notice, PathNow, Processes,
        Read, Recognised, ScrubConfig, SetAside, Snapshot, Touch,
    },
    model::{
        ChunkIndex, ChunkLayout, Digest, Extent, FileMeta, FileName, FileTime, IgnoredReason,
        IndexedFile, Look, Manifest, RemovedReason, RetiredReason, Scrub, Seen, Stamp, SystemError,
        Verdict, Writer,
    },
};

/// What people do in one story, at most.
const MOST_DEEDS: usize = 40;
/// A story in which this much happens has no end.
const MOST_STEPS: usize = 200_000;
/// Long enough for everything to come to rest, also for what is tried again after ten minutes.
const REST: Duration = Duration::from_secs(1500);
/// A file must be missing for this long to count as deleted.
const MISSING: Duration = Duration::from_millis(500);
/// One that is open for writing is read after this long all the same.
const QUIET_OPEN: Duration = Duration::from_secs(600);
const THREADS: usize = 2;
/// Much less than [`REST`].
const SCRUB_MS: u64 = 400_000;
/// The folder whose disk can be unmounted.
const DISK: &str = "disk";

fn ms(random: &mut fastrand::Rng, range: std::ops::Range<u64>) -> Duration {
    Duration::from_millis(random.u64(range))
}

/// A file as it is on the imagined disk.
#[derive(Clone, Copy, Debug)]
struct File {
    stamp: Stamp,
    status: FileTime,
    /// What its stamp stands for.
    content: u32,
    /// The disk has altered it.
    is_rotten: bool,
    is_readable: bool,
    is_open: bool,
}

impl File {
    fn seen(&self) -> Seen {
        Seen {
            stamp: self.stamp,
            status: self.status,
        }
    }

    /// What whoever reads it gets.
    fn reads_as(&self) -> u32 {
        if self.is_rotten {
            self.content | 1 << 31
        } else {
            self.content
        }
    }
}

/// What a file is recognised by, whatever its name and its disk.
type Key = (u64, u64, FileTime);

fn key(stamp: Stamp) -> Key {
    (stamp.inode, stamp.bytes, stamp.changed)
}

fn indexed(name: &FileName, stamp: Stamp, content: u32) -> Arc<IndexedFile> {
    let mut bytes = [0; 32];
    bytes[..4].copy_from_slice(&content.to_be_bytes());
    let digest = Digest::new(bytes);
    let layout = ChunkLayout::for_file(stamp.bytes).unwrap();
    let chunks = vec![digest; layout.chunk_count() as usize];
    let manifest = Manifest::new(layout, digest, chunks).unwrap();
    Arc::new(IndexedFile {
        meta: FileMeta {
            name: name.clone(),
            layout,
            id: digest,
        },
        manifest: Arc::new(manifest),
        stamp,
    })
}

fn content_of(file: &IndexedFile) -> u32 {
    let mut bytes = [0; 4];
    bytes.copy_from_slice(&file.meta.id.as_bytes()[..4]);
    u32::from_be_bytes(bytes)
}

/// What the shell is doing; its answer comes later.
#[derive(Debug)]
enum Work {
    Look {
        began: Instant,
        /// The folder was there when it began.
        was_there: bool,
        /// Folders as they were then; of the others what there is at the end counts.
        early: Vec<(&'static str, Listing)>,
    },
    Recognise(FileName, Stamp),
    FindWriters {
        began: Instant,
        asked: Vec<(FileName, Stamp)>,
    },
    Hash {
        job: HashJob,
        name: FileName,
        stamp: Stamp,
        is_cancelled: bool,
    },
    CheckChunk(Arc<IndexedFile>),
    Scrub(Arc<IndexedFile>, ChunkIndex),
    SetAside(Arc<IndexedFile>, RetiredReason),
    Hint(Event),
    Listen,
}

/// One folder at one moment.
#[derive(Clone, Debug, Default)]
struct Listing {
    device: Option<u64>,
    is_readable: bool,
    files: Vec<(FileName, Seen)>,
}

struct World {
    random: fastrand::Rng,
    trace: bool,
    start: Instant,
    now: Instant,
    index: Index,
    /// All files of all disks, whether they are mounted or not.
    disk: BTreeMap<FileName, File>,
    is_mounted: bool,
    is_there: bool,
    is_writable: bool,
    /// The folder "a" can be read.
    is_open: bool,
    /// Which disks there were is remembered.
    knows_disks: bool,
    /// Changes are heard, as a share.
    heard: f64,
    inodes: u64,
    contents: u32,
    work: Vec<(Instant, u64, Work)>,
    works: u64,
    known: HashMap<Key, u32>,
    damaged: HashMap<Key, u32>,
    /// Files of which a receiver got wrong bytes, until they are read.
    suspects: BTreeSet<Key>,
    /// What the stamps of all files have stood for.
    meanings: HashMap<Key, BTreeSet<u32>>,
    /// Files that could not be moved away, and are not to come back.
    withdrawn: BTreeMap<FileName, Key>,
    /// What the node was told.
    held: BTreeMap<FileName, Arc<IndexedFile>>,
    changing: BTreeSet<FileName>,
    told_damaged: BTreeSet<FileName>,
    /// Since when every answer said that a file is not there.
    unseen_since: BTreeMap<FileName, Instant>,
    /// Files that nobody could write into when that was asked last.
    closed: BTreeSet<(FileName, Key)>,
    /// When files were last changed.
    changed_at: BTreeMap<FileName, Instant>,
    away: Vec<FileName>,
    asked_to_read_all: bool,
    was_ready: bool,
    /// What is served is read again once in a while.
    scrubs: bool,
}

const FOLDERS: [&str; 3] = ["", "a", DISK];

fn folder_of(name: &FileName) -> &str {
    name.as_str()
        .rsplit_once('/')
        .map_or("", |(above, _)| above)
}

/// Tells one story.
pub fn run(seed: u64, trace: bool) {
    let mut world = World::new(seed, trace);
    for _ in 0..world.random.usize(..8) {
        world.write_new();
    }
    let deeds = world.random.usize(1..MOST_DEEDS);
    for _ in 0..deeds {
        let pause = match world.random.u8(..6) {
            0 => Duration::ZERO,
            1 | 2 => ms(&mut world.random, 0..400),
            3 | 4 => ms(&mut world.random, 0..6000),
            _ => ms(&mut world.random, 0..90_000),
        };
        world.pass(pause);
        world.deed();
    }
    world.comes_to_rest();
}

impl World {
    fn new(seed: u64, trace: bool) -> Self {
        let mut random = fastrand::Rng::with_seed(seed);
        let start = Instant::now();
        let scrubs = random.bool();
        let config = IndexConfig {
            quiet: Duration::from_secs(4),
            look_every: None,
            hash_threads: THREADS,
            scrub: scrubs.then(|| ScrubConfig {
                every: ms(&mut random, 1000..SCRUB_MS),
                done: Scrub::default(),
                rest: ms(&mut random, 0..SCRUB_MS),
            }),
        };
        Self {
            trace,
            start,
            now: start,
            index: Index::new(start, config),
            disk: BTreeMap::new(),
            is_mounted: true,
            is_there: random.u8(..20) > 0,
            is_writable: true,
            is_open: true,
            knows_disks: random.bool(),
            heard: if random.u8(..4) == 0 {
                random.f64()
            } else {
                1.0
            },
            inodes: 100,
            contents: 0,
            work: Vec::new(),
            works: 0,
            known: HashMap::new(),
            damaged: HashMap::new(),
            suspects: BTreeSet::new(),
            meanings: HashMap::new(),
            withdrawn: BTreeMap::new(),
            held: BTreeMap::new(),
            changing: BTreeSet::new(),
            told_damaged: BTreeSet::new(),
            unseen_since: BTreeMap::new(),
            closed: BTreeSet::new(),
            changed_at: BTreeMap::new(),
            away: Vec::new(),
            asked_to_read_all: false,
            was_ready: false,
            scrubs,
            random,
        }
    }

    fn tell(&self, text: impl FnOnce() -> String) {
        if self.trace {
            let at = self.now.duration_since(self.start).as_secs_f64();
            println!("{at:10.3} {}", text());
        }
    }

    fn clock(&self) -> FileTime {
        let since = self.now.duration_since(self.start);
        FileTime(
            1_000_000 + since.as_secs() as i64,
            i64::from(since.subsec_nanos()),
        )
    }

    /// A date that no other file has.
    fn date(&mut self, age: Duration) -> FileTime {
        self.inodes += 1;
        let FileTime(seconds, part) = self.clock();
        let part = part / 1000 * 1000 + (self.inodes % 1000) as i64;
        FileTime(seconds - age.as_secs() as i64, part)
    }
}
