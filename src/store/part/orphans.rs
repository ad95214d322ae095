//! Part files of copies that nobody goes on with. A copy that is stopped is kept, as the central will most likely
//! order it again; when it does not, because the file is gone or came otherwise, its part file ends here. Only what has
//! the name of a part file, below the hidden folder, is ever touched.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    io,
    time::{Duration, SystemTime},
};

use cap_std::fs::{Dir, MetadataExt};

use super::{
    space::give_back,
    target::{hidden_stem, parts_below},
};
use crate::{
    model::{ChunkSet, Digest, FileMeta, FileName},
    store::{
        Root,
        disk::{Content, Disk, Folder, Locked, Make},
        journal,
        spot::Spot,
    },
};

/// How long a part file is kept without receiving anything.
const KEEP_FOR: Duration = Duration::from_secs(7 * 24 * 3600);
/// How long it is kept when there are too many of them, or no space is left for others.
const LEAST_KEPT_FOR: Duration = Duration::from_secs(3600);
/// Part files that are kept beyond that time, the youngest.
const MOST_KEPT: usize = 64;

/// The rules by which part files are removed.
#[derive(Clone, Debug, Default)]
pub struct Sweep {
    /// Files that are being received.
    pub running: Vec<FileName>,
    /// Files that are there: their part files are of no use. Those of other versions are.
    pub held: Vec<FileMeta>,
    /// Space is short.
    pub pressure: Pressure,
}

/// Whether space is short.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Pressure {
    /// It is not.
    #[default]
    None,
    /// Something did not fit.
    NoSpace,
}

/// What lies below the hidden folder of one file.
#[derive(Debug, Default)]
struct Left {
    names: Vec<String>,
    /// When anything was written to it, the last time.
    written: Duration,
    has_part: bool,
}

impl Sweep {
    /// Removes expired part files, frees what others have reserved, and says how many were removed. Files that are
    /// being received are left alone.
    ///
    /// # Errors
    /// What the disk says; no folder of part files is none.
    pub fn run(&self, root: &Root, now: SystemTime) -> io::Result<usize> {
        let folders = root.hidden_folders();
        let removed = folders.iter().map(|hidden| self.run_in(root, now, hidden));
        removed.sum()
    }

    fn run_in(&self, root: &Root, now: SystemTime, hidden: &str) -> io::Result<usize> {
        let folder = parts_below(hidden);
        let dir = match root.folder(&folder, Make::Nothing) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(0),
            other => other?,
        };
        let stem = |file: &FileName| hidden_stem(&Spot::from(file));
        let running: HashSet<String> = self.running.iter().map(stem).collect();
        let held = self.held.iter().map(|held| (stem(&held.name), held.id));
        let held: HashMap<String, Digest> = held.collect();
        let now = now.duration_since(SystemTime::UNIX_EPOCH);
        let now = now.unwrap_or_default();
        let mut left: Vec<_> = all(&dir)?.into_iter().collect();
        left.retain(|(stem, _)| !running.contains(stem));
        left.sort_by_key(|(_, left)| std::cmp::Reverse(left.written));
        let mut removed = 0;
        for (position, (stem, left)) in left.into_iter().enumerate() {
            let age = now.saturating_sub(left.written);
            let is_too_much = position >= MOST_KEPT || self.pressure == Pressure::NoSpace;
            let is_over =
                age >= KEEP_FOR || (age >= LEAST_KEPT_FOR && (is_too_much || !left.has_part));
            match one(&dir, &stem, &left, held.get(&stem).copied(), is_over) {
                Ok(true) => removed += 1,
                Ok(false) => {}
                Err(error) => tracing::warn!(part = stem, %error, "a part file is left"),
            }
        }
        if removed > 0 {
            root.remove_empty(&folder);
        }
        Ok(removed)
    }
}

/// What is there, by the part of its name that tells files apart.
fn all(dir: &Dir) -> io::Result<BTreeMap<String, Left>> {
    let mut all: BTreeMap<String, Left> = BTreeMap::new();
    for entry in dir.entries()? {
        let entry = entry?;
        let Ok(name) = entry.file_name().into_string() else {
            continue;
        };
        let part = name.strip_suffix(FileName::PART_SUFFIX);
        let shown = part.or_else(|| name.strip_suffix(FileName::JOURNAL_SUFFIX));
        let Some(stem) = shown.map(|shown| shown.strip_prefix('.').unwrap_or(shown)) else {
            continue;
        };
        let Ok(meta) = dir.symlink_metadata(&name) else {
            continue;
        };
        if Digest::try_from(stem).is_err() || !meta.is_file() {
            continue;
        }
        let left = all.entry(stem.to_owned()).or_default();
        let seconds = u64::try_from(MetadataExt::mtime(&meta)).unwrap_or(0);
        left.written = left.written.max(Duration::from_secs(seconds));
        left.has_part |= part.is_some();
        left.names.push(name);
    }
    Ok(all)
}

/// What the journal of a part file says, if it has one.
fn journal_of(dir: &Dir, stem: &str) -> io::Result<Option<(FileMeta, ChunkSet)>> {
    let journal = match dir.open_file(format!("{stem}{}", FileName::JOURNAL_SUFFIX)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        other => other?,
    };
    Ok(journal::read_any(&journal)?.map(|(meta, found)| {
        let mut have = found.synced;
        for chunk in found.unsure.iter() {
            have.insert(chunk);
        }
        (meta, have)
    }))
}

/// True when it was removed; `held` is the content of the file that has the name.
fn one(
    dir: &Dir,
    stem: &str,
    left: &Left,
    held: Option<Digest>,
    is_over: bool,
) -> io::Result<bool> {
    let name = format!("{stem}{}", FileName::PART_SUFFIX);
    let part = if left.has_part {
        let part = dir.open_to_write(&name)?;
        match Content::lock(&part) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(false),
            // Another process may have it.
            Ok(Locked::NoLocks) if !is_over => return Ok(false),
            other => other?,
        };
        Some(part)
    } else {
        None
    };
    let found = if is_over {
        None
    } else {
        journal_of(dir, stem)?
    };
    let is_held = match &found {
        Some((meta, _)) => held == Some(meta.id),
        // Nothing vouches for its content.
        None => held.is_some(),
    };
    if is_over || is_held {
        for name in &left.names {
            dir.remove(name)?;
        }
        return Ok(true);
    }
    let Some(part) = part else {
        return Ok(false);
    };
    if Content::links(&part)? > 1 {
        // An older version that was set aside, and a run that was killed while another took its place. Nothing must
        // be given back of what is in it.
        dir.remove(&name)?;
        return Ok(false);
    }
    if let Some((meta, have)) = found
        && part.entry()?.bytes == meta.layout.file_bytes()
    {
        // This does not count as use: the file ages all the same.
        let written = part.metadata()?.modified()?;
        give_back(&part, meta.layout, &have)?;
        part.set_modified(written)?;
    }
    Ok(false)
}
