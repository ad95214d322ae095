//! What is known of each file that is set aside. JSON lines in `.trozos/retirados.indice`, appended; the last line of a
//! file counts, one that is none is passed over, and the folder itself decides what is there.

use std::{
    collections::{BTreeMap, HashMap},
    io::{self, Read, Write},
};

use cap_std::fs::OpenOptions;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    file::{RetiredFile, RetiredTotal},
    found::{Found, look, walk},
    naming,
};
use crate::{
    model::{Digest, FileTime, RetiredReason, Stamp, limits::MAX_FILES_PER_SECONDARY},
    store::{
        Root, StoreError,
        disk::{Disk, Folder, HIDDEN, Make, Replace},
    },
};

const FILE: &str = "retirados.indice";
/// Most of it that is read, in bytes.
const MOST_BYTES: u64 = 256 << 20;
/// Lines that are tolerated beyond twice the files before it is written anew.
const SLACK_LINES: usize = 64;

/// A file that is set aside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    /// Below the root.
    pub(super) path: String,
    pub(super) name: String,
    pub(super) id: Option<Digest>,
    pub(super) when_ms: i64,
    pub(super) reason: Option<RetiredReason>,
    pub(super) stamp: Stamp,
    pub(super) bytes: u64,
}

impl Entry {
    pub(super) fn shown(&self, number: u64) -> RetiredFile {
        RetiredFile {
            number,
            name: self.name.clone(),
            bytes: self.bytes,
            when_ms: self.when_ms,
            reason: self.reason,
            path: self.path.clone(),
        }
    }
}

#[derive(Debug, Serialize, Deserialize)]
struct Line {
    path: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    known: Option<Known>,
}

/// What is said of a file; nothing when it has gone.
#[derive(Debug, Serialize, Deserialize)]
struct Known {
    name: String,
    /// As RFC 3339 has it.
    when: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    why: Option<RetiredReason>,
    /// Of its content, if it is still the file that it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    #[serde(default)]
    inode: u64,
    #[serde(default)]
    bytes: u64,
    #[serde(default)]
    changed: FileTime,
}

impl Known {
    fn is_of(&self, stamp: Stamp) -> bool {
        (self.inode, self.bytes, self.changed) == (stamp.inode, stamp.bytes, stamp.changed)
    }
}

/// All that is set aside. Numbers are in the order of age.
#[derive(Debug, Default)]
pub(super) struct Book {
    entries: BTreeMap<u64, Entry>,
    numbers: HashMap<String, u64>,
    bytes: u64,
    last_number: u64,
    lines: usize,
    loaded: bool,
}

impl Book {
    pub(super) fn is_loaded(&self) -> bool {
        self.loaded
    }

    /// Forgets everything; numbers are not reused.
    pub(super) fn forget_all(&mut self) {
        *self = Self {
            last_number: self.last_number,
            ..Self::default()
        };
    }

    pub(super) fn get(&self, number: u64) -> Option<&Entry> {
        self.entries.get(&number)
    }

    pub(super) fn has(&self, path: &str) -> bool {
        self.numbers.contains_key(path)
    }

    /// The oldest first.
    pub(super) fn iter(&self) -> impl Iterator<Item = (u64, &Entry)> {
        self.entries.iter().map(|(number, entry)| (*number, entry))
    }

    /// The n-th oldest, from 0.
    pub(super) fn nth(&self, n: usize) -> Option<(u64, Entry)> {
        self.iter()
            .nth(n)
            .map(|(number, entry)| (number, entry.clone()))
    }

    pub(super) fn total(&self) -> RetiredTotal {
        RetiredTotal {
            files: self.entries.len(),
            bytes: self.bytes,
        }
    }

    pub(super) fn is_over(&self, max_bytes: u64) -> bool {
        self.bytes > max_bytes || self.entries.len() > MAX_FILES_PER_SECONDARY
    }

    pub(super) fn add(&mut self, root: &Root, entry: Entry) -> u64 {
        let line = line_of(&entry);
        let number = self.insert(entry);
        self.append(root, &line);
        number
    }

    fn insert(&mut self, entry: Entry) -> u64 {
        self.last_number += 1;
        self.bytes = self.bytes.saturating_add(entry.bytes);
        self.numbers.insert(entry.path.clone(), self.last_number);
        self.entries.insert(self.last_number, entry);
        self.last_number
    }

    pub(super) fn remove(&mut self, root: &Root, number: u64) -> Option<Entry> {
        let entry = self.take_out(number)?;
        let (path, known) = (entry.path.clone(), None);
        self.append(root, &Line { path, known });
        Some(entry)
    }

    fn take_out(&mut self, number: u64) -> Option<Entry> {
        let entry = self.entries.remove(&number)?;
        self.numbers.remove(&entry.path);
        self.bytes = self.bytes.saturating_sub(entry.bytes);
        Some(entry)
    }

    /// Compares with what is there. Gives numbers and contents of which nothing is known any more.
    ///
    /// # Errors
    /// What the disk says; then nothing has changed.
    pub(super) fn reconcile(&mut self, root: &Root) -> Result<Vec<(u64, Digest)>, StoreError> {
        let base = naming::base("");
        let fail = |error: io::Error| StoreError::new(&root.path().join(&base), &error);
        let mut there = walk(root, &base).map_err(fail)?;
        let mut said = if self.loaded {
            HashMap::new()
        } else {
            self.read(root).map_err(fail)?
        };
        // On other disks, which may be away.
        let elsewhere = said.keys().chain(self.numbers.keys());
        for path in elsewhere.filter(|path| !path.starts_with(&base)) {
            if let Some(found) = look(root, path) {
                there.insert(path.clone(), found);
            }
        }
        let mut changed = Vec::new();
        for (number, entry) in self.entries.clone() {
            let found = there.remove(&entry.path);
            let is_same = found.is_some_and(|found| found.stamp == entry.stamp);
            if !is_same && let Some(id) = entry.id {
                changed.push((number, id));
            }
            match found {
                Some(found) => self.update(number, &found, is_same),
                None => {
                    self.take_out(number);
                }
            }
        }
        let mut fresh: Vec<Entry> = there
            .into_iter()
            .map(|(path, found)| entry_of(&found, said.remove(&path), path, &base))
            .collect();
        fresh.sort_by(|a, b| (a.when_ms, &a.path).cmp(&(b.when_ms, &b.path)));
        for entry in fresh {
            self.insert(entry);
        }
        self.loaded = true;
        Ok(changed)
    }

    fn update(&mut self, number: u64, found: &Found, is_same: bool) {
        let Some(entry) = self.entries.get_mut(&number) else {
            return;
        };
        self.bytes = self
            .bytes
            .saturating_sub(entry.bytes)
            .saturating_add(found.bytes);
        (entry.stamp, entry.bytes) = (found.stamp, found.bytes);
        if !is_same {
            entry.id = None;
        }
    }

    fn read(&mut self, root: &Root) -> io::Result<HashMap<String, Known>> {
        let mut text = Vec::new();
        match root
            .folder(HIDDEN, Make::Nothing)
            .and_then(|dir| dir.open_file(FILE))
        {
            Ok(file) => file.take(MOST_BYTES).read_to_end(&mut text)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(HashMap::new()),
            Err(error) => return Err(error),
        };
        let mut said = HashMap::new();
        for line in text
            .split(|byte| *byte == b'\n')
            .filter(|line| !line.is_empty())
        {
            self.lines += 1;
            match serde_json::from_slice(line) {
                Ok(Line {
                    path,
                    known: Some(known),
                }) if is_ours(&path) => {
                    said.insert(path, known);
                }
                Ok(Line { path, .. }) => {
                    said.remove(&path);
                }
                Err(_) => {}
            }
        }
        Ok(said)
    }

    /// A failed write loses what is known of one file, not the file.
    fn append(&mut self, root: &Root, line: &Line) {
        self.lines += 1;
        let write = || -> io::Result<()> {
            let dir = root.folder(HIDDEN, Make::Folders)?;
            let mut options = OpenOptions::new();
            let mut file = dir.open_with(FILE, options.create(true).append(true))?;
            file.write_all(&encode(line))
        };
        if let Err(error) = write() {
            tracing::warn!(%error, path = line.path, "what was set aside may not be known later");
        }
    }

    /// Writes it anew when most of it is of no use, and removes it when there is nothing in it.
    pub(super) fn tidy(&mut self, root: &Root) {
        if self.lines <= 2 * self.entries.len() + SLACK_LINES && !self.entries.is_empty() {
            return;
        }
        let rewrite = || -> io::Result<()> {
            let dir = root.folder(HIDDEN, Make::Nothing)?;
            if self.entries.is_empty() {
                dir.remove(FILE)?;
                root.remove_empty(HIDDEN);
                return Ok(());
            }
            let fresh = format!("{FILE}~");
            let mut file = dir.create(&fresh)?;
            for entry in self.entries.values() {
                file.write_all(&encode(&line_of(entry)))?;
            }
            file.sync_all()?;
            dir.take(FILE, &dir, &fresh, Replace::Existing)
        };
        match rewrite() {
            Ok(()) => self.lines = self.entries.len(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => self.lines = 0,
            Err(error) => tracing::warn!(%error, "the book of what was set aside"),
        }
    }
}

fn line_of(entry: &Entry) -> Line {
    let when = Timestamp::from_millisecond(entry.when_ms).unwrap_or(Timestamp::UNIX_EPOCH);
    Line {
        path: entry.path.clone(),
        known: Some(Known {
            name: entry.name.clone(),
            when: when.to_string(),
            why: entry.reason,
            id: entry.id.map(|id| id.to_string()),
            inode: entry.stamp.inode,
            bytes: entry.stamp.bytes,
            changed: entry.stamp.changed,
        }),
    }
}

fn encode(line: &Line) -> Vec<u8> {
    // A line feed first: the last line may be cut.
    let mut bytes = vec![b'\n'];
    // Writing plain strings and numbers to memory does not fail.
    let _ = serde_json::to_writer(&mut bytes, line);
    bytes.push(b'\n');
    bytes
}

/// True for a path that leads to a hidden folder of ours and nowhere else: anybody may have written it.
fn is_ours(path: &str) -> bool {
    let is_plain = |component: &str| !matches!(component, "" | "." | "..");
    let base = naming::base("");
    let is_below = path.starts_with(&format!("{base}/")) || path.contains(&format!("/{base}/"));
    is_below && path.split('/').all(is_plain)
}

/// A file with what the book says of it; else it was put there by hand.
fn entry_of(found: &Found, said: Option<Known>, path: String, base: &str) -> Entry {
    let plain = path.strip_prefix(base).unwrap_or(&path);
    let plain = plain.trim_start_matches('/').to_owned();
    let id = said.as_ref().filter(|known| known.is_of(found.stamp));
    let id = id.and_then(|known| Digest::try_from(known.id.as_deref()?).ok());
    let reason = said.as_ref().and_then(|known| known.why);
    let when = said
        .as_ref()
        .and_then(|known| known.when.parse::<Timestamp>().ok());
    Entry {
        path,
        name: said.map_or(plain, |known| known.name),
        id,
        when_ms: when.map_or(found.status_ms, Timestamp::as_millisecond),
        reason,
        stamp: found.stamp,
        bytes: found.bytes,
    }
}
