//! A disk in memory. It loses what was not synced when the power goes, fails when it is told to, and can stop in
//! the middle of everything, as it looks to a process that is killed.
//!
//! Content: each file has what is on the platter, and writes that are not; a power cut keeps any of them, or
//! beginnings of them, or zeros in their place. Names: changes are kept as they are or not at all, those of one
//! name in their order; a folder's sync makes those in it last. A sync that fails loses writes that go on being
//! seen until the power goes, as on Linux.

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, MutexGuard,
        atomic::{AtomicBool, Ordering},
    },
};

use fastrand::Rng;
use rustix::io::Errno;

use crate::store::disk::{Content, Disk, Entry, Folder, Make, Replace};

/// What goes wrong, and at which operation, counted from 0.
#[derive(Clone, Debug)]
pub(super) enum Fault {
    /// The process is killed: nothing that it does from then on has any effect.
    Kill { at: u64 },
    /// This operation fails; of a write, a beginning may be done.
    Fail { at: u64, error: Errno },
    /// There is no space from then on.
    Full { from: u64 },
    /// Another program puts a file there.
    Appears {
        at: u64,
        path: String,
        bytes: Vec<u8>,
    },
}

/// The disk; clones are the same one.
#[derive(Clone, Debug)]
pub(super) struct SimDisk {
    state: Arc<Mutex<State>>,
    path: PathBuf,
}

#[derive(Debug)]
struct State {
    files: Vec<SimContent>,
    seen: Tree,
    kept: Tree,
    /// From `kept` to `seen`.
    changes: Vec<Change>,
    operations: u64,
    fault: Option<Fault>,
    random: Rng,
}

/// By path.
type Tree = BTreeMap<String, Node>;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Node {
    File(usize),
    Folder,
}

/// New states of some names, all or none of which come to be.
type Change = Vec<(String, Option<Node>)>;

#[derive(Debug, Default)]
struct SimContent {
    seen: Vec<u8>,
    kept: Vec<u8>,
    /// From `kept` to `seen`, unless a sync failed.
    writes: Vec<Write>,
    is_locked: bool,
}

#[derive(Clone, Debug)]
enum Write {
    At { offset: usize, bytes: Vec<u8> },
    Length(usize),
}

/// What an operation needs.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Needs {
    Nothing,
    Space,
}

impl SimDisk {
    pub(super) fn new(seed: u64) -> Self {
        let state = State {
            files: Vec::new(),
            seen: Tree::new(),
            kept: Tree::new(),
            changes: Vec::new(),
            operations: 0,
            fault: None,
            random: Rng::with_seed(seed),
        };
        Self {
            state: Arc::new(Mutex::new(state)),
            path: PathBuf::from("/disk"),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no test goes on after a panic")
    }

    /// From now on operations are counted anew, and this goes wrong.
    pub(super) fn set_fault(&self, fault: Fault) {
        let mut state = self.state();
        (state.operations, state.fault) = (0, Some(fault));
    }

    /// Operations since the last fault was set.
    pub(super) fn operations(&self) -> u64 {
        self.state().operations
    }

    /// Nothing goes wrong any more, and a new process can begin.
    pub(super) fn heal(&self) {
        self.state().fault = None;
    }

    /// The machine stops and starts again.
    pub(super) fn cut_power(&self) {
        self.heal();
        self.state().cut_power();
    }

    /// A file that is on the disk, with what another program wrote.
    pub(super) fn put(&self, path: &str, bytes: &[u8]) {
        self.state().put(path, bytes);
    }

    pub(super) fn content(&self, path: &str) -> Option<Vec<u8>> {
        let state = self.state();
        match state.seen.get(path)? {
            Node::File(file) => Some(state.files[*file].seen.clone()),
            Node::Folder => None,
        }
    }

    /// Paths of all files.
    pub(super) fn files(&self) -> Vec<String> {
        let state = self.state();
        let files = state.seen.iter().filter(|(_, node)| **node != Node::Folder);
        files.map(|(path, _)| path.clone()).collect()
    }
}

impl State {
    /// Counts an operation and says whether it comes to anything.
    fn step(&mut self, needs: Needs) -> io::Result<()> {
        let now = self.operations;
        self.operations += 1;
        let failure = match &self.fault {
            Some(Fault::Kill { at }) if now >= *at => Some(Errno::INTR),
            Some(Fault::Fail { at, error }) if now == *at => Some(*error),
            Some(Fault::Full { from }) if now >= *from && needs == Needs::Space => {
                Some(Errno::NOSPC)
            }
            Some(Fault::Appears { at, path, bytes }) if now == *at => {
                let (path, bytes) = (path.clone(), bytes.clone());
                self.put(&path, &bytes);
                None
            }
            _ => None,
        };
        failure.map_or(Ok(()), |errno| Err(errno.into()))
    }

    /// True when a part of the operation that just failed may have been done.
    fn can_begin(&self) -> bool {
        match self.fault {
            Some(Fault::Kill { at }) => self.operations - 1 == at,
            _ => true,
        }
    }

    fn put(&mut self, path: &str, bytes: &[u8]) {
        self.files.push(SimContent {
            seen: bytes.to_vec(),
            kept: bytes.to_vec(),
            ..SimContent::default()
        });
        let node = Node::File(self.files.len() - 1);
        let mut all = vec![(path.to_owned(), Some(node))];
        let mut below = path;
        while let Some((above, _)) = below.rsplit_once('/') {
            all.push((above.to_owned(), Some(Node::Folder)));
            below = above;
        }
        let settled: BTreeSet<usize> = (0..self.changes.len())
            .filter(|&i| shares_name(&self.changes[i], &all))
            .collect();
        self.keep(settled);
        apply(&mut self.seen, &all);
        apply(&mut self.kept, &all);
    }

    fn change(&mut self, change: Change) {
        apply(&mut self.seen, &change);
        self.changes.push(change);
    }

    /// Makes changes last, and those of the same names before them.
    fn keep(&mut self, mut wanted: BTreeSet<usize>) {
        for later in (0..self.changes.len()).rev() {
            if wanted.contains(&later) {
                let before =
                    (0..later).filter(|&i| shares_name(&self.changes[i], &self.changes[later]));
                wanted.extend(before.collect::<Vec<_>>());
            }
        }
        let changes = std::mem::take(&mut self.changes);
        for (index, change) in changes.into_iter().enumerate() {
            if wanted.contains(&index) {
                apply(&mut self.kept, &change);
            } else {
                self.changes.push(change);
            }
        }
    }

    fn cut_power(&mut self) {
        // In some file systems changes of names last in their order, in others they do not.
        let in_order = self.random.bool();
        let likely = *self
            .random
            .choice(&[0.0, 0.5, 0.9, 1.0])
            .expect("not empty");
        let mut given_up: Vec<Change> = Vec::new();
        for change in std::mem::take(&mut self.changes) {
            let blocked = match in_order {
                true => !given_up.is_empty(),
                false => given_up.iter().any(|before| shares_name(before, &change)),
            };
            if blocked || self.random.f64() >= likely {
                given_up.push(change);
            } else {
                apply(&mut self.kept, &change);
            }
        }
        let kept = self.kept.clone();
        let is_reachable = |path: &String| {
            let mut below = path.as_str();
            while let Some((above, _)) = below.rsplit_once('/') {
                if kept.get(above) != Some(&Node::Folder) {
                    return false;
                }
                below = above;
            }
            true
        };
        self.kept.retain(|path, _| is_reachable(path));
        self.seen = self.kept.clone();
        let likely = *self
            .random
            .choice(&[0.0, 0.5, 0.9, 1.0])
            .expect("not empty");
        for file in &mut self.files {
            file.lose(&mut self.random, likely);
        }
    }
}

impl SimContent {
    fn write(&mut self, write: Write) {
        write.apply(&mut self.seen);
        self.writes.push(write);
    }

    /// Each write comes to the platter with a likelihood; others do not, or in part.
    fn lose(&mut self, random: &mut Rng, likely: f64) {
        for write in std::mem::take(&mut self.writes) {
            if random.f64() < likely {
                write.apply(&mut self.kept);
                continue;
            }
            match (write, random.u8(..3)) {
                (Write::At { offset, mut bytes }, 0) => {
                    bytes.truncate(random.usize(..=bytes.len()));
                    Write::At { offset, bytes }.apply(&mut self.kept);
                }
                (Write::At { offset, bytes }, 1) if offset >= self.kept.len() => {
                    // The length came to the platter, the content did not.
                    let bytes = vec![0; bytes.len()];
                    Write::At { offset, bytes }.apply(&mut self.kept);
                }
                _ => {}
            }
        }
        self.seen = self.kept.clone();
        self.is_locked = false;
    }

    fn sync(&mut self) {
        for write in std::mem::take(&mut self.writes) {
            write.apply(&mut self.kept);
        }
    }

    /// Writes are lost, but go on being seen.
    fn fail_sync(&mut self, random: &mut Rng) {
        let seen = self.seen.clone();
        let was_locked = self.is_locked;
        self.lose(random, 0.5);
        (self.seen, self.is_locked) = (seen, was_locked);
    }
}

impl Write {
    fn apply(&self, content: &mut Vec<u8>) {
        match self {
            Self::At { offset, bytes } => {
                let end = offset + bytes.len();
                if content.len() < end {
                    content.resize(end, 0);
                }
                content[*offset..end].copy_from_slice(bytes);
            }
            Self::Length(length) => content.resize(*length, 0),
        }
    }
}

fn apply(tree: &mut Tree, change: &Change) {
    for (path, node) in change {
        match node {
            Some(node) => tree.insert(path.clone(), *node),
            None => tree.remove(path),
        };
    }
}

/// True when `later` builds on `earlier`: the same name, or a folder that is removed and was emptied.
fn shares_name(earlier: &Change, later: &Change) -> bool {
    earlier.iter().any(|(path, _)| {
        later.iter().any(|(other, node)| {
            path == other || (node.is_none() && path.starts_with(&format!("{other}/")))
        })
    })
}

fn join(folder: &str, name: &str) -> String {
    match folder {
        "." => name.to_owned(),
        _ => format!("{folder}/{name}"),
    }
}

impl Disk for SimDisk {
    type Folder = SimFolder;

    fn path(&self) -> &Path {
        &self.path
    }

    fn folder(&self, path: &str, make: Make) -> io::Result<SimFolder> {
        let mut state = self.state();
        state.step(Needs::Nothing)?;
        let mut made = String::from(".");
        for component in path.split('/').filter(|component| *component != ".") {
            made = join(&made, component);
            match (state.seen.get(&made), make) {
                (Some(Node::Folder), _) => {}
                (Some(Node::File(_)), _) => return Err(Errno::NOTDIR.into()),
                (None, Make::Nothing) => return Err(Errno::NOENT.into()),
                (None, Make::Folders) => {
                    state.step(Needs::Space)?;
                    state.change(vec![(made.clone(), Some(Node::Folder))]);
                }
            }
        }
        Ok(SimFolder {
            disk: self.clone(),
            path: path.to_owned(),
        })
    }

    fn remove_empty(&self, path: &str) {
        let mut state = self.state();
        let mut next = Some(path);
        while let Some(folder) = next {
            let within = format!("{folder}/");
            let is_empty = !state.seen.keys().any(|path| path.starts_with(&within));
            if state.step(Needs::Nothing).is_err() || !is_empty {
                return;
            }
            state.change(vec![(folder.to_owned(), None)]);
            next = folder.rsplit_once('/').map(|(above, _)| above);
        }
    }
}

/// A folder of it.
#[derive(Debug)]
pub(super) struct SimFolder {
    disk: SimDisk,
    path: String,
}

impl SimFolder {
    fn open(&self, name: &str, make: bool) -> io::Result<SimFile> {
        let path = join(&self.path, name);
        let mut state = self.disk.state();
        let found = state.seen.get(&path).copied();
        let is_new = make && found.is_none();
        state.step(if is_new { Needs::Space } else { Needs::Nothing })?;
        let file = match found {
            Some(Node::File(file)) => file,
            Some(Node::Folder) => return Err(Errno::ISDIR.into()),
            None if !make => return Err(Errno::NOENT.into()),
            None => {
                state.files.push(SimContent::default());
                let file = state.files.len() - 1;
                state.change(vec![(path, Some(Node::File(file)))]);
                file
            }
        };
        Ok(SimFile {
            disk: self.disk.clone(),
            file,
            has_lock: AtomicBool::new(false),
        })
    }
}

impl Folder for SimFolder {
    type File = SimFile;

    fn open_file(&self, name: &str) -> io::Result<SimFile> {
        self.open(name, false)
    }

    fn open_or_make(&self, name: &str) -> io::Result<SimFile> {
        self.open(name, true)
    }

    fn look(&self, name: &str) -> io::Result<Option<Entry>> {
        let mut state = self.disk.state();
        state.step(Needs::Nothing)?;
        let found = state.seen.get(&join(&self.path, name));
        Ok(found.map(|node| match *node {
            Node::File(file) => state.entry(file),
            Node::Folder => Entry {
                is_file: false,
                bytes: 0,
                identity: (0, 0),
            },
        }))
    }

    fn take(&self, name: &str, from: &Self, from_name: &str, replace: Replace) -> io::Result<()> {
        let (to, from) = (join(&self.path, name), join(&from.path, from_name));
        let mut state = self.disk.state();
        state.step(Needs::Nothing)?;
        let Some(moved) = state.seen.get(&from).copied() else {
            return Err(Errno::NOENT.into());
        };
        if replace == Replace::Never && state.seen.contains_key(&to) {
            return Err(Errno::EXIST.into());
        }
        state.change(vec![(from, None), (to, Some(moved))]);
        Ok(())
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        let path = join(&self.path, name);
        let mut state = self.disk.state();
        state.step(Needs::Nothing)?;
        if !state.seen.contains_key(&path) {
            return Err(Errno::NOENT.into());
        }
        state.change(vec![(path, None)]);
        Ok(())
    }

    fn sync(&self) -> io::Result<()> {
        let mut state = self.disk.state();
        state.step(Needs::Nothing)?;
        let in_here =
            |path: &str| path.rsplit_once('/').map_or(".", |(above, _)| above) == self.path;
        let wanted = state.changes.iter().enumerate();
        let wanted = wanted
            .filter(|(_, change)| change.iter().any(|(path, _)| in_here(path)))
            .map(|(index, _)| index)
            .collect();
        state.keep(wanted);
        Ok(())
    }
}

/// An open file of it.
#[derive(Debug)]
pub(super) struct SimFile {
    disk: SimDisk,
    file: usize,
    has_lock: AtomicBool,
}

impl State {
    fn entry(&self, file: usize) -> Entry {
        Entry {
            is_file: true,
            bytes: self.files[file].seen.len() as u64,
            identity: (1, file as u64),
        }
    }
}

impl SimFile {
    fn sync(&self) -> io::Result<()> {
        let mut guard = self.disk.state();
        let state = &mut *guard;
        match state.step(Needs::Nothing) {
            Ok(()) => state.files[self.file].sync(),
            Err(error) => {
                if !matches!(state.fault, Some(Fault::Kill { .. })) {
                    state.files[self.file].fail_sync(&mut state.random);
                }
                return Err(error);
            }
        }
        Ok(())
    }
}

impl Content for SimFile {
    fn entry(&self) -> io::Result<Entry> {
        let mut state = self.disk.state();
        state.step(Needs::Nothing)?;
        Ok(state.entry(self.file))
    }

    fn read_at(&self, bytes: &mut [u8], offset: u64) -> io::Result<()> {
        let mut state = self.disk.state();
        state.step(Needs::Nothing)?;
        let start = offset as usize;
        let content = &state.files[self.file].seen;
        let found = content.get(start..start + bytes.len());
        bytes.copy_from_slice(found.ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        let mut guard = self.disk.state();
        let state = &mut *guard;
        let verdict = state.step(Needs::Space);
        let count = match &verdict {
            Ok(()) => bytes.len(),
            Err(_) if state.can_begin() => state.random.usize(..=bytes.len()),
            Err(_) => 0,
        };
        if count > 0 {
            state.files[self.file].write(Write::At {
                offset: offset as usize,
                bytes: bytes[..count].to_vec(),
            });
        }
        verdict
    }

    fn sync_data(&self) -> io::Result<()> {
        self.sync()
    }

    fn sync_all(&self) -> io::Result<()> {
        self.sync()
    }

    fn resize(&self, bytes: u64) -> io::Result<()> {
        let mut state = self.disk.state();
        state.step(Needs::Nothing)?;
        state.files[self.file].write(Write::Length(bytes as usize));
        Ok(())
    }

    fn reserve(&self, bytes: u64) -> io::Result<()> {
        let mut state = self.disk.state();
        state.step(Needs::Space)?;
        state.files[self.file].write(Write::Length(bytes as usize));
        Ok(())
    }

    fn lock(&self) -> io::Result<()> {
        let mut state = self.disk.state();
        state.step(Needs::Nothing)?;
        if std::mem::replace(&mut state.files[self.file].is_locked, true) {
            return Err(Errno::WOULDBLOCK.into());
        }
        self.has_lock.store(true, Ordering::Relaxed);
        Ok(())
    }
}

impl Drop for SimFile {
    fn drop(&mut self) {
        if self.has_lock.load(Ordering::Relaxed)
            && let Ok(mut state) = self.disk.state.lock()
        {
            state.files[self.file].is_locked = false;
        }
    }
}
