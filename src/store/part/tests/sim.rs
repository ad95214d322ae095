//! A disk in memory. It loses what was not synced when the power goes, fails when it is told to, and can stop in
//! the middle of everything, as it looks to a process that is killed.
//!
//! Content: each file has what is on the platter, and writes that are not; a power cut keeps any of them, or
//! beginnings of them, or zeros in their place. Names: changes are kept as they are or not at all, those of one
//! name in their order; a folder's sync makes those in it last. A sync that fails loses writes that go on being
//! seen until the power goes, as on Linux.

mod access;

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard},
};

use fastrand::Rng;
use rustix::io::Errno;

/// What goes wrong, and at which operation, counted from 0.
#[derive(Clone, Debug)]
pub(in crate::store) enum Fault {
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
pub(in crate::store) struct SimDisk {
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
    has_locks: bool,
    random: Rng,
    can_link: bool,
    can_exchange: bool,
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
    pub(in crate::store) fn new(seed: u64) -> Self {
        let state = State {
            files: Vec::new(),
            seen: Tree::new(),
            kept: Tree::new(),
            changes: Vec::new(),
            operations: 0,
            fault: None,
            has_locks: true,
            random: Rng::with_seed(seed),
            can_link: true,
            can_exchange: true,
        };
        Self {
            state: Arc::new(Mutex::new(state)),
            path: PathBuf::from("/disk"),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no test goes on after a panic")
    }

    /// What the file system is able to do.
    pub(in crate::store) fn set_abilities(&self, can_link: bool, can_exchange: bool) {
        let mut state = self.state();
        (state.can_link, state.can_exchange) = (can_link, can_exchange);
    }

    /// From now on operations are counted anew, and this goes wrong.
    pub(in crate::store) fn set_fault(&self, fault: Fault) {
        let mut state = self.state();
        (state.operations, state.fault) = (0, Some(fault));
    }

    /// From now on nothing can be locked.
    pub(in crate::store) fn lose_locks(&self) {
        self.state().has_locks = false;
    }

    /// Operations since the last fault was set.
    pub(in crate::store) fn operations(&self) -> u64 {
        self.state().operations
    }

    /// Nothing goes wrong any more, and a new process can begin.
    pub(in crate::store) fn heal(&self) {
        self.state().fault = None;
    }

    /// The machine stops and starts again.
    pub(in crate::store) fn cut_power(&self) {
        self.heal();
        self.state().cut_power();
    }

    /// A file that is on the disk, with what another program wrote.
    pub(in crate::store) fn put(&self, path: &str, bytes: &[u8]) {
        self.state().put(path, bytes);
    }

    pub(in crate::store) fn content(&self, path: &str) -> Option<Vec<u8>> {
        let state = self.state();
        match state.seen.get(path)? {
            Node::File(file) => Some(state.files[*file].seen.clone()),
            Node::Folder => None,
        }
    }

    /// Paths of all files.
    pub(in crate::store) fn files(&self) -> Vec<String> {
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
