//! Part files of copies that nobody goes on with. A copy that is stopped is kept, as the central will most likely
//! order it again; when it does not, because the file is gone or came otherwise, its part file ends here. Only what has
//! the name of a part file, below the hidden folder, is ever touched.

use std::{
    collections::{BTreeMap, HashSet},
    io,
    time::{Duration, SystemTime},
};

use cap_std::fs::{Dir, MetadataExt};

use super::{
    names::{hidden_folder, hidden_stem},
    space::gaps,
};
use crate::{
    model::{Digest, FileName},
    store::{
        Root,
        disk::{Content, Disk, Folder, Locked, Make, Spot},
        journal,
    },
};

/// How long a part file is kept into which nothing comes.
const KEEP_FOR: Duration = Duration::from_secs(7 * 24 * 3600);
/// How long it is kept when there are too many of them, or no space is left for others.
const LEAST_KEPT_FOR: Duration = Duration::from_secs(3600);
/// Part files that are kept beyond that time, the youngest.
const MOST_KEPT: usize = 64;

/// What a look at the part files goes by.
#[derive(Clone, Debug, Default)]
pub struct Sweep {
    /// Files that are being received.
    pub running: Vec<FileName>,
    /// Files that are there: their part files are of no use.
    pub held: Vec<FileName>,
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
    /// Removes the part files that have had their time, gives back what others have reserved, and says how many were
    /// removed. Those that are being received are left alone.
    ///
    /// # Errors
    /// What the disk says; no folder of part files is none.
    pub fn run(&self, root: &Root, now: SystemTime) -> io::Result<usize> {
        let dir = match root.folder(&hidden_folder(), Make::Nothing) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(0),
            other => other?,
        };
        let stems = |files: &[FileName]| -> HashSet<String> {
            files.iter().map(|f| hidden_stem(&Spot::from(f))).collect()
        };
        let (running, held) = (stems(&self.running), stems(&self.held));
        let now = now.duration_since(SystemTime::UNIX_EPOCH);
        let now = now.unwrap_or_default();
        let mut left: Vec<_> = all(&dir)?.into_iter().collect();
        left.retain(|(stem, _)| !running.contains(stem));
        left.sort_by_key(|(_, left)| std::cmp::Reverse(left.written));
        let mut removed = 0;
        for (position, (stem, left)) in left.into_iter().enumerate() {
            let age = now.saturating_sub(left.written);
            let is_too_much = position >= MOST_KEPT || self.pressure == Pressure::NoSpace;
            let is_over = held.contains(&stem)
                || age >= KEEP_FOR
                || (age >= LEAST_KEPT_FOR && (is_too_much || !left.has_part));
            match one(&dir, &stem, &left, is_over) {
                Ok(true) => removed += 1,
                Ok(false) => {}
                Err(error) => tracing::warn!(part = stem, %error, "a part file is left"),
            }
        }
        if removed > 0 {
            root.remove_empty(&hidden_folder());
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

/// True when it was removed.
fn one(dir: &Dir, stem: &str, left: &Left, is_over: bool) -> io::Result<bool> {
    let name = format!("{stem}{}", FileName::PART_SUFFIX);
    let part = if left.has_part {
        let part = dir.open_to_write(&name)?;
        match Content::lock(&part) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(false),
            // Who has it may be another process.
            Ok(Locked::NoLocks) if !is_over => return Ok(false),
            other => other?,
        };
        Some(part)
    } else {
        None
    };
    if is_over {
        for name in &left.names {
            dir.remove(name)?;
        }
        return Ok(true);
    }
    if let Some(part) = part {
        let journal = dir.open_file(format!("{stem}{}", FileName::JOURNAL_SUFFIX));
        if let Ok(journal) = journal
            && let Some((layout, found)) = journal::read_any(&journal)?
            && part.entry()?.bytes == layout.file_bytes()
        {
            let mut have = found.synced;
            for chunk in found.unsure.iter() {
                have.insert(chunk);
            }
            // That is no work on it: it gets older all the same.
            let written = part.metadata()?.modified()?;
            gaps(layout, &have).try_for_each(|gap| part.release(gap))?;
            part.set_modified(written)?;
        }
    }
    Ok(false)
}
