//! The index machine over an imagined folder, in which people write, rename, delete and unmount, disks alter what is on
//! them, and everything that the machine asks for takes its time. Contents are numbers.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
    time::{Duration, Instant},
};

use trozos::{
    engine::index::{
        Action, Event, Gone, HashJob, Hearing, Index, IndexConfig, Notice, PathNow, Processes,
        Read, Recognised, SetAside, Snapshot, Touch, Verdict,
    },
    model::{
        ChunkIndex, ChunkLayout, Digest, Extent, FileMeta, FileName, FileTime, IgnoredReason,
        IndexedFile, Look, Manifest, RemovedReason, RetiredReason, Seen, Stamp, SystemError,
        Writer,
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
        let config = IndexConfig {
            quiet: Duration::from_secs(4),
            hash_threads: THREADS,
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

/// What the shell does, and what comes of it.
impl World {
    fn is_visible(&self, name: &FileName) -> bool {
        let folder = folder_of(name);
        self.is_there && (folder != DISK || self.is_mounted) && (folder != "a" || self.is_open)
    }

    fn visible(&self, name: &FileName) -> Option<&File> {
        self.disk.get(name).filter(|_| self.is_visible(name))
    }

    fn begin(&mut self, takes: Duration, work: Work) {
        self.works += 1;
        self.work.push((self.now + takes, self.works, work));
    }

    /// Lets time pass, in which the shell and the machine do what they have to.
    fn pass(&mut self, time: Duration) {
        let until = self.now + time;
        for _ in 0..MOST_STEPS {
            let is_interrupted = self.drain();
            let work = self.work.iter().map(|(at, ..)| *at).min();
            let more = is_interrupted.then(|| self.now + Duration::from_millis(1));
            let times = [self.index.poll_timeout(), work, more];
            let next = times.into_iter().flatten().min().unwrap_or(until);
            if next > until {
                self.now = until;
                return self.index.handle_timeout(self.now);
            }
            self.now = self.now.max(next);
            if work.is_some_and(|at| at <= self.now) {
                self.answer();
            } else {
                self.index.handle_timeout(self.now);
            }
            assert!(self.index.is_in_order());
        }
        panic!("there is always something to do");
    }

    /// Does what the machine wants; true when it stops early, as if there were mail.
    fn drain(&mut self) -> bool {
        while let Some(action) = self.index.poll_action() {
            self.perform(action);
            if self.random.u8(..40) == 0 {
                return true;
            }
        }
        false
    }

    fn perform(&mut self, action: Action) {
        match action {
            Action::Look => {
                let early = FOLDERS.into_iter().filter(|_| self.random.bool());
                let early: Vec<_> = early.collect();
                let early = early.into_iter().map(|folder| (folder, self.list(folder)));
                let early = early.collect();
                let takes = ms(&mut self.random, 1..200);
                let (began, was_there) = (self.now, self.is_there);
                let look = Work::Look {
                    began,
                    was_there,
                    early,
                };
                self.begin(takes, look);
            }
            Action::Listen => {
                let takes = ms(&mut self.random, 0..20);
                self.begin(takes, Work::Listen);
            }
            Action::Recognise { name, stamp } => {
                let takes = ms(&mut self.random, 0..3);
                self.begin(takes, Work::Recognise(name, stamp));
            }
            Action::FindWriters(asked) => {
                assert!(!asked.is_empty());
                let takes = ms(&mut self.random, 0..60);
                let began = self.now;
                self.begin(takes, Work::FindWriters { began, asked });
            }
            Action::Hash { job, name, stamp } => self.begin_hash(job, name, stamp),
            Action::CancelHash(job) => self.cancel(job),
            Action::CheckChunk { file, .. } => {
                let takes = ms(&mut self.random, 0..500);
                self.begin(takes, Work::CheckChunk(file));
            }
            Action::SetAside { file, reason } => {
                let takes = ms(&mut self.random, 0..30);
                self.begin(takes, Work::SetAside(file, reason));
            }
            Action::Remember(file) => {
                self.damaged.remove(&key(file.stamp));
                self.known.insert(key(file.stamp), content_of(&file));
            }
            Action::RememberDamage(file) => {
                self.known.remove(&key(file.stamp));
                self.damaged.insert(key(file.stamp), content_of(&file));
            }
            Action::ForgetOthers => {
                let of_use: BTreeSet<Key> =
                    self.index.known().map(|file| key(file.stamp)).collect();
                self.known.retain(|key, _| of_use.contains(key));
                self.damaged.retain(|key, _| of_use.contains(key));
            }
            Action::Tell(notice) => {
                self.tell(|| format!("{notice:?}"));
                self.notice(notice);
            }
        }
    }

    fn begin_hash(&mut self, job: HashJob, name: FileName, stamp: Stamp) {
        self.tell(|| format!("read {name} {stamp:?}"));
        let mut running = 0;
        for (_, _, work) in &self.work {
            if let Work::Hash {
                name: other,
                stamp: others,
                is_cancelled,
                ..
            } = work
            {
                running += 1;
                let twice = !is_cancelled && (other, others) == (&name, &stamp);
                assert!(!twice, "{name} is read twice at once");
            }
        }
        assert!(running < THREADS, "{running} files are read at once");
        let is_known = self.held.get(&name).is_some_and(|held| held.stamp == stamp)
            || self.damaged.contains_key(&key(stamp));
        let quiet_for = |at: &Instant| self.now.duration_since(*at);
        let is_old = self
            .changed_at
            .get(&name)
            .map(quiet_for)
            .is_none_or(|quiet| quiet >= QUIET_OPEN);
        let is_closed = self.closed.contains(&(name.clone(), key(stamp)));
        assert!(
            is_known || is_old || is_closed,
            "{name} may still be written"
        );
        let takes = if stamp.bytes > 64 << 20 {
            ms(&mut self.random, 100..30_000)
        } else {
            ms(&mut self.random, 0..60)
        };
        let is_cancelled = false;
        self.begin(
            takes,
            Work::Hash {
                job,
                name,
                stamp,
                is_cancelled,
            },
        );
    }

    /// A thread notices soon that nobody waits for it.
    fn cancel(&mut self, wanted: HashJob) {
        let soon = self.now + ms(&mut self.random, 0..100);
        for (at, _, work) in &mut self.work {
            if let Work::Hash {
                job, is_cancelled, ..
            } = work
                && *job == wanted
            {
                (*is_cancelled, *at) = (true, soon.min(*at));
                return;
            }
        }
    }

    /// The work that is over next is answered.
    fn answer(&mut self) {
        let next = (0..self.work.len()).min_by_key(|at| (self.work[*at].0, self.work[*at].1));
        let (_, _, work) = self.work.swap_remove(next.unwrap());
        let event = match work {
            Work::Look {
                began,
                was_there,
                early,
            } => {
                if was_there && self.is_there {
                    self.looked(began, early)
                } else {
                    let path = PathNow::Nothing;
                    Event::FolderGone { began, path }
                }
            }
            Work::Listen if self.heard < 1.0 => Event::Listens(Hearing::Deaf),
            Work::Listen => Event::Listens(Hearing::All),
            Work::Recognise(name, stamp) => {
                let found = self.recognise(&name, stamp);
                Event::Recognised { name, stamp, found }
            }
            Work::FindWriters { began, asked } => self.writers(began, asked),
            Work::Hash {
                job,
                name,
                stamp,
                is_cancelled,
            } => {
                let after = self.see(&name);
                let read = self.read(&name, stamp, is_cancelled);
                Event::Hashed { job, after, read }
            }
            Work::CheckChunk(file) => {
                let after = self.see(&file.meta.name);
                let verdict = match self.visible(&file.meta.name) {
                    Some(found) if found.stamp != file.stamp => Verdict::Unclear,
                    Some(found) if found.reads_as() == content_of(&file) => Verdict::Right,
                    Some(_) => Verdict::Wrong,
                    None => Verdict::Unclear,
                };
                Event::ChunkChecked {
                    file,
                    verdict,
                    after,
                }
            }
            Work::SetAside(file, reason) => {
                let found = self.visible(&file.meta.name).map(|found| found.stamp);
                let outcome = match found {
                    Some(stamp) if stamp != file.stamp => SetAside::Changed,
                    None => SetAside::Changed,
                    Some(_) if self.is_writable => {
                        self.disk.remove(&file.meta.name);
                        SetAside::Done
                    }
                    Some(_) => SetAside::Failed,
                };
                Event::SetAside {
                    file,
                    reason,
                    outcome,
                }
            }
            Work::Hint(event) => event,
        };
        self.tell(|| format!("    {event:?}"));
        self.index.handle_event(self.now, event);
    }

    /// What a look at one name says.
    fn see(&mut self, name: &FileName) -> Option<Seen> {
        let seen = self.visible(name).map(File::seen);
        if seen.is_none() {
            self.unseen_since.entry(name.clone()).or_insert(self.now);
        }
        seen
    }

    fn list(&self, folder: &'static str) -> Listing {
        let device = match folder {
            DISK if self.is_mounted => 2,
            _ => 1,
        };
        let names = self
            .disk
            .iter()
            .filter(|(name, _)| folder_of(name) == folder);
        let seen = names.filter(|(name, _)| self.is_visible(name));
        Listing {
            device: Some(device),
            is_readable: folder != "a" || self.is_open,
            files: seen
                .map(|(name, file)| (name.clone(), file.seen()))
                .collect(),
        }
    }

    fn looked(&mut self, began: Instant, early: Vec<(&'static str, Listing)>) -> Event {
        if self.random.u8(..50) == 0 {
            return Event::LookFailed { began };
        }
        let mut look = Look::default();
        let mut early: BTreeMap<_, _> = early.into_iter().collect();
        for folder in FOLDERS {
            let listing = early.remove(folder).unwrap_or_else(|| self.list(folder));
            if let Some(device) = listing.device {
                look.devices.insert(folder.to_owned(), device);
            }
            if !listing.is_readable {
                look.extent = Extent::Partial;
                let reason = IgnoredReason::Unreadable(denied());
                look.ignored.insert(folder.to_owned(), reason);
            }
            if folder == DISK && listing.device != Some(2) && self.knows_disks {
                look.away.push(FileName::try_from(DISK).unwrap());
            }
            look.files.extend(listing.files);
        }
        let names = self.held.keys().chain(&self.changing);
        let unseen: Vec<FileName> = names
            .filter(|name| !look.files.contains_key(name))
            .cloned()
            .collect();
        self.unseen_since
            .retain(|name, _| !look.files.contains_key(name));
        for name in unseen {
            self.unseen_since.entry(name).or_insert(self.now);
        }
        let clock = self.clock();
        Event::Looked { began, clock, look }
    }

    fn recognise(&mut self, name: &FileName, stamp: Stamp) -> Recognised {
        let seen = self.see(name);
        if seen.is_none_or(|seen| seen.stamp != stamp) {
            Recognised::Other(seen)
        } else if let Some(content) = self.damaged.get(&key(stamp)) {
            Recognised::Damaged(indexed(name, stamp, *content))
        } else if let Some(content) = self.known.get(&key(stamp)) {
            Recognised::Known(indexed(name, stamp, *content))
        } else {
            Recognised::Unknown
        }
    }

    fn writers(&mut self, began: Instant, asked: Vec<(FileName, Stamp)>) -> Event {
        let mut open = BTreeMap::new();
        for (name, stamp) in &asked {
            let file = self.visible(name);
            if file.is_some_and(|file| file.is_open) {
                let program = "editor".to_owned();
                open.insert(
                    name.clone(),
                    Writer {
                        process: 7,
                        program,
                    },
                );
            } else {
                self.closed.insert((name.clone(), key(*stamp)));
            }
        }
        let processes = Processes::All;
        Event::Writers {
            began,
            asked,
            open,
            processes,
        }
    }

    fn read(&mut self, name: &FileName, stamp: Stamp, is_cancelled: bool) -> Read {
        let Some(file) = self.visible(name).copied() else {
            return Read::Failed(denied());
        };
        if is_cancelled || !file.is_readable {
            return Read::Failed(denied());
        }
        if file.is_rotten && self.random.bool() {
            return Read::Damage(denied());
        }
        if file.stamp == stamp {
            Read::Content(indexed(name, stamp, file.reads_as()))
        } else {
            // Some of this and some of that.
            Read::Content(indexed(name, stamp, 1 << 30))
        }
    }
}

fn denied() -> SystemError {
    SystemError::from(&std::io::Error::from(std::io::ErrorKind::PermissionDenied))
}

/// What the node is told, and whether it is true.
impl World {
    fn notice(&mut self, notice: Notice) {
        match notice {
            Notice::Added { file, .. } => self.added(file),
            Notice::Removed { file, reason, why } => self.removed(&file, reason, why),
            Notice::Damaged { file } => {
                assert!(!self.held.contains_key(&file.meta.name));
                self.told_damaged.insert(file.meta.name.clone());
            }
            Notice::Ready(total) => {
                assert!(!self.was_ready, "ready twice");
                self.was_ready = true;
                assert_eq!(total.files, self.index.served().count());
            }
            Notice::ReadAll(_) => {
                assert!(self.asked_to_read_all, "nobody asked for it");
                self.asked_to_read_all = false;
            }
            Notice::DisksAway(away) => {
                assert_ne!(away, self.away, "told twice");
                self.away = away;
            }
            Notice::Hashing { bytes, .. } => assert!(bytes >= 64 << 20),
            Notice::CaughtUp
            | Notice::Ignored { .. }
            | Notice::ManyIgnored { .. }
            | Notice::BeingWritten { .. } => {}
        }
    }

    fn added(&mut self, file: Arc<IndexedFile>) {
        let name = file.meta.name.clone();
        let content = content_of(&file);
        let stands_for = &self.meanings[&key(file.stamp)];
        assert!(
            stands_for.contains(&content),
            "{name} is served as what it never was"
        );
        if let Some(expected) = self.damaged.get(&key(file.stamp)) {
            assert_eq!(content, *expected, "{name} is served though it is damaged");
        }
        let withdrawn = self.withdrawn.remove(&name);
        // What is not seen where no disk is known to be away is forgotten.
        let may_be_forgotten = folder_of(&name) == DISK && !self.knows_disks;
        let came_back = withdrawn == Some(key(file.stamp)) && !may_be_forgotten;
        assert!(!came_back, "{name} came back");
        self.changing.remove(&name);
        self.told_damaged.remove(&name);
        self.unseen_since.remove(&name);
        self.held.insert(name, file);
    }

    fn removed(&mut self, file: &Arc<IndexedFile>, reason: RemovedReason, why: Gone) {
        let name = &file.meta.name;
        let held = self.held.remove(name);
        let was_changing = self.changing.remove(name);
        let is_held = held.is_some_and(|held| Arc::ptr_eq(&held, file));
        assert!(is_held || was_changing, "{name} was not served");
        match reason {
            RemovedReason::Changing => {
                assert!(is_held && why == Gone::Changed);
                self.changing.insert(name.clone());
            }
            RemovedReason::Deleted => {
                let since = self.unseen_since.get(name);
                let missing = since.map(|since| self.now.duration_since(*since));
                assert!(missing >= Some(MISSING), "{name} was replaced, not deleted");
                let is_hidden = self.disk.contains_key(name) && !self.is_visible(name);
                assert!(
                    !is_hidden || self.was_changed_lately(name),
                    "{name} is on a disk that is away"
                );
            }
            RemovedReason::Lost => {}
        }
        if why == Gone::Withdrawn {
            self.withdrawn.insert(name.clone(), key(file.stamp));
        }
    }

    fn was_changed_lately(&self, name: &FileName) -> bool {
        let at = self.changed_at.get(name);
        at.is_some_and(|at| self.now.duration_since(*at) < Duration::from_secs(60))
    }
}

/// What people and disks do.
impl World {
    fn any_name(&mut self) -> FileName {
        let folder = ["", "a/", "disk/"][self.random.usize(..3)];
        let text = format!("{folder}f{}", self.random.u8(..4));
        FileName::try_from(text.as_str()).unwrap()
    }

    /// A file that somebody can do something to.
    fn any_file(&mut self) -> Option<FileName> {
        let names = self.disk.keys().filter(|name| self.is_visible(name));
        let names: Vec<_> = names.cloned().collect();
        self.random.choice(names)
    }

    fn any_held(&mut self) -> Option<Arc<IndexedFile>> {
        let files: Vec<_> = self.held.values().cloned().collect();
        self.random.choice(files)
    }

    /// The shell hears of something, perhaps, a moment later.
    fn hint(&mut self, event: Event) {
        if self.random.f64() < self.heard {
            let later = ms(&mut self.random, 0..30);
            self.begin(later, Work::Hint(event));
        }
    }

    fn touch(&mut self, name: &FileName, touch: Touch) {
        self.hint(Event::Touched(name.clone(), touch));
        self.hint(Event::Changed);
    }

    fn changed(&mut self, name: &FileName) {
        self.changed_at.insert(name.clone(), self.now);
    }

    /// Content of its own for a file.
    fn put(&mut self, name: &FileName, inode: Option<u64>, age: Duration) {
        self.contents += 1;
        self.inodes += 1;
        let bytes = match self.random.u8(..20) {
            0 => self.random.u64(64 << 20..70 << 20),
            _ => self.random.u64(..1 << 20),
        };
        let changed = self.date(age);
        let stamp = Stamp {
            device: if folder_of(name) == DISK { 2 } else { 1 },
            inode: inode.unwrap_or(self.inodes),
            bytes,
            changed,
        };
        let content = self.contents;
        self.meanings.entry(key(stamp)).or_default().insert(content);
        let file = File {
            stamp,
            status: self.clock(),
            content,
            is_rotten: false,
            is_readable: true,
            is_open: false,
        };
        self.disk.insert(name.clone(), file);
        self.changed(name);
    }

    fn write_new(&mut self) {
        let name = self.any_name();
        if !self.is_visible(&name) {
            return;
        }
        let age = match self.random.u8(..3) {
            0 => Duration::from_secs(3600),
            _ => ms(&mut self.random, 0..8000),
        };
        self.put(&name, None, age);
        self.tell(|| format!("* write {name}"));
        self.touch(&name, Touch::Written);
        self.leave_open_or_close(&name);
    }

    fn leave_open_or_close(&mut self, name: &FileName) {
        let stays_open = self.random.u8(..4) == 0;
        if let Some(file) = self.disk.get_mut(name) {
            file.is_open = stays_open;
        }
        if !stays_open {
            self.touch(name, Touch::Closed);
        }
    }

    fn replace(&mut self) {
        let name = self.any_name();
        if self.is_visible(&name) {
            self.tell(|| format!("* replace {name}"));
            self.put(&name, None, Duration::ZERO);
            self.touch(&name, Touch::Moved);
        }
    }

    /// Somebody writes on, in place.
    fn write_on(&mut self) {
        let Some(name) = self.any_file() else {
            return;
        };
        let inode = self.disk[&name].stamp.inode;
        for _ in 0..self.random.u8(1..4) {
            self.tell(|| format!("* write on {name}"));
            self.put(&name, Some(inode), Duration::ZERO);
            self.touch(&name, Touch::Written);
            self.leave_open_or_close(&name);
            let pause = ms(&mut self.random, 0..5000);
            self.pass(pause);
            if self
                .disk
                .get(&name)
                .is_none_or(|file| file.stamp.inode != inode)
                || !self.is_visible(&name)
            {
                return;
            }
        }
    }

    fn delete(&mut self) {
        let Some(name) = self.any_file() else {
            return;
        };
        self.tell(|| format!("* delete {name}"));
        self.disk.remove(&name);
        self.changed(&name);
        self.hint(Event::Changed);
        if self.random.bool() {
            // Some programs replace a file like this.
            let pause = ms(&mut self.random, 0..450);
            self.pass(pause);
            if self.is_visible(&name) {
                self.put(&name, None, Duration::ZERO);
                self.touch(&name, Touch::Closed);
            }
        }
    }

    fn rename(&mut self) {
        let Some(from) = self.any_file() else {
            return;
        };
        let to = self.any_name();
        // Nothing is moved from disk to disk.
        if folder_of(&from) == folder_of(&to) && from != to {
            self.tell(|| format!("* rename {from} to {to}"));
            if let Some(mut file) = self.disk.remove(&from) {
                file.status = self.clock();
                self.disk.insert(to.clone(), file);
            }
            self.changed(&from);
            self.changed(&to);
            self.touch(&to, Touch::Moved);
        }
    }

    fn alter(&mut self) {
        let Some(name) = self.any_file() else {
            return;
        };
        let clock = self.clock();
        let what = self.random.u8(..5);
        self.tell(|| format!("* alter {name}: {what}"));
        let Some(file) = self.disk.get_mut(&name) else {
            return;
        };
        match what {
            0 => {
                (file.is_readable, file.status) = (!file.is_readable, clock);
                self.hint(Event::Changed);
            }
            1 | 2 => {
                file.is_rotten = true;
                // Where nobody remembers what it was, it is what it is.
                let (key, rotten) = (key(file.stamp), file.reads_as());
                self.meanings.entry(key).or_default().insert(rotten);
            }
            3 => file.is_rotten = false,
            _ => {
                file.is_open = false;
                self.touch(&name, Touch::Closed);
            }
        }
    }

    fn environment(&mut self) {
        let what = self.random.u8(..4);
        self.tell(|| format!("* environment: {what}"));
        match what {
            0 => {
                self.is_mounted = !self.is_mounted;
            }
            1 => self.is_there = !self.is_there,
            2 => self.is_open = !self.is_open,
            _ => self.is_writable = !self.is_writable,
        }
        self.hint(Event::Changed);
    }

    /// The shell does one thing after the other: what the node tells it waits until a look is over.
    fn wait_for_look(&mut self) {
        while self
            .work
            .iter()
            .any(|(_, _, work)| matches!(work, Work::Look { .. }))
        {
            self.pass(Duration::from_millis(10));
        }
    }

    /// The node has wishes.
    fn wish(&mut self) {
        self.wait_for_look();
        let Some(held) = self.any_held() else {
            return;
        };
        let (file, chunk) = (held.meta.clone(), ChunkIndex(0));
        let what = self.random.u8(..6);
        self.tell(|| format!("* wish {what}: {}", file.name));
        let event = match what {
            0 => {
                let reason = RetiredReason::Deleted;
                Event::Unwanted { file, reason }
            }
            1 | 2 => Event::Complaint { file, chunk },
            3 => {
                let seen = self.see(&file.name);
                Event::Doubted(file.name, seen)
            }
            _ => {
                self.asked_to_read_all = true;
                Event::ReadAll
            }
        };
        self.index.handle_event(self.now, event);
    }

    /// A copy got its name.
    fn copy(&mut self) {
        self.wait_for_look();
        let name = self.any_name();
        if !self.is_visible(&name) {
            return;
        }
        self.tell(|| format!("* copy {name}"));
        self.put(&name, None, Duration::ZERO);
        self.touch(&name, Touch::Moved);
        let file = self.disk[&name];
        let file = indexed(&name, file.stamp, file.content);
        let inserted = (self.random.u8(..5) > 0).then_some(file);
        self.index.handle_event(self.now, Event::Inserted(inserted));
    }

    fn deed(&mut self) {
        match self.random.u8(..24) {
            0..4 => self.write_new(),
            4..6 => self.replace(),
            6..9 => self.write_on(),
            9..12 => self.delete(),
            12..14 => self.rename(),
            14..17 => self.alter(),
            17..19 => self.environment(),
            19..22 => self.wish(),
            22 => self.copy(),
            _ => {
                self.index.handle_event(self.now, Event::Missed);
                self.hint(Event::Changed);
            }
        }
    }
}

/// The end: everything comes to rest, and what is served is what is there.
impl World {
    fn comes_to_rest(&mut self) {
        self.tell(|| "* rest".to_owned());
        self.is_there = true;
        self.is_open = true;
        self.is_mounted |= self.random.u8(..4) > 0;
        self.is_writable |= self.random.bool();
        let clock = self.clock();
        for file in self.disk.values_mut() {
            file.is_open = false;
            if !file.is_readable && self.random.bool() {
                (file.is_readable, file.status) = (true, clock);
            }
        }
        self.heard = 1.0;
        self.index.handle_event(self.now, Event::Missed);
        self.index.handle_event(self.now, Event::Changed);
        self.pass(REST);
        // One that cannot be read may be tried again at this very moment.
        for _ in 0..60 {
            if self.index.snapshot().hashing > 0 {
                self.pass(Duration::from_secs(1));
            }
        }
        let Snapshot {
            settling,
            waiting,
            hashing,
            missing,
            ..
        } = self.index.snapshot();
        assert_eq!((settling, waiting, hashing, missing), (0, 0, 0, 0));
        assert!(self.was_ready && !self.asked_to_read_all);
        for name in &self.changing {
            let file = &self.disk[name];
            let has_reason =
                !file.is_readable || file.is_rotten || self.told_damaged.contains(name);
            assert!(has_reason, "{name} is waited for");
        }
        let missing_disk = !self.is_mounted && self.knows_disks;
        assert_eq!(self.away.len(), usize::from(missing_disk));
        let served: Vec<_> = self.index.served().map(|file| &file.meta.name).collect();
        assert_eq!(served, self.held.keys().collect::<Vec<_>>());
        for (name, held) in &self.held {
            let found = self.visible(name);
            let is_it = found.is_some_and(|found| found.stamp == held.stamp);
            assert!(is_it, "{name} is not what is served");
        }
        for (name, file) in &self.disk {
            let has_reason = !self.is_visible(name)
                || !file.is_readable
                || file.is_rotten
                || self.told_damaged.contains(name)
                || self.withdrawn.get(name) == Some(&key(file.stamp));
            assert!(
                has_reason || self.held.contains_key(name),
                "{name} is not served"
            );
        }
    }
}
