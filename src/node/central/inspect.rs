//! A central's journal as people look at it while no central has it, and how one is restored from a copy. Blocking.

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::journal::{BatchHead, parse, replay};
use crate::{
    engine::registry::Entry,
    model::Digest,
    store::{
        StoreError,
        diary::{Cut, Diary, DiaryError, Found, read},
    },
};

/// A journal that was read.
#[derive(Debug)]
pub struct Journal {
    /// Whose it is.
    pub cluster: String,
    /// The number of its snapshot, and what that says.
    pub snapshot: u64,
    /// The snapshot, as JSON.
    pub facts: Vec<u8>,
    /// What was recorded since.
    pub batches: Vec<JournalBatch>,
    /// The same for all journals with the same facts.
    pub digest: Digest,
    /// What was being written when the machine stopped.
    pub cut: Option<Cut>,
}

/// Facts that were written together.
#[derive(Debug, Serialize)]
pub struct JournalBatch {
    /// When, by whom, and how many.
    #[serde(flatten)]
    pub head: BatchHead,
    /// The facts.
    pub entries: Vec<Entry>,
}

/// What came of restoring a journal.
#[derive(Debug)]
pub struct Restored {
    /// Its last record.
    pub seq: u64,
    /// Good records that came after damage, and are not in it.
    pub lost: u64,
    /// Where the journal is that was there before.
    pub before: Option<PathBuf>,
}

fn bytes_of(path: &Path) -> Result<Vec<u8>, DiaryError> {
    let bytes = std::fs::read(path);
    Ok(bytes.map_err(|error| StoreError::new(path, &error))?)
}

/// Reads a journal, and all facts in it.
///
/// # Errors
/// See [`DiaryError`].
pub fn journal(path: &Path) -> Result<Journal, DiaryError> {
    let found = read(path, &bytes_of(path)?)?;
    let (registry, _) = replay(path, &found)?;
    let batches: Result<Vec<_>, _> = found
        .batches
        .iter()
        .map(|batch| {
            let (head, entries) = parse(path, batch.seq, &batch.body)?;
            Ok::<_, DiaryError>(JournalBatch { head, entries })
        })
        .collect();
    Ok(Journal {
        cluster: found.cluster,
        snapshot: found.snapshot.seq,
        facts: found.snapshot.body,
        batches: batches?,
        digest: registry.digest(),
        cut: found.cut,
    })
}

/// Makes a journal of what is good of another, until the first damage. One that is there is kept under another name.
///
/// # Errors
/// When a central has it, when nothing is good of the other, and what the disk says.
pub fn restore(from: &Path, to: &Path) -> Result<Restored, DiaryError> {
    let bytes = bytes_of(from)?;
    let (found, lost) = good_part(from, &bytes)?;
    replay(from, &found)?;
    // Nobody else may have it. What is wrong with it does not matter.
    if let Err(error @ DiaryError::Store(_)) = Diary::open(to) {
        return Err(error);
    }
    let before = set_aside(to).map_err(|error| StoreError::new(to, &error))?;
    let mut diary = Diary::create(to, &found.cluster, &found.snapshot)?;
    for batch in &found.batches {
        diary.append(&batch.body)?;
    }
    Ok(Restored {
        seq: diary.seq(),
        lost,
        before,
    })
}

/// What is before the first damage, and how many good records come after it.
fn good_part(path: &Path, bytes: &[u8]) -> Result<(Found, u64), DiaryError> {
    match read(path, bytes) {
        Err(DiaryError::Damaged {
            at, seq, follow, ..
        }) if seq > 0 => {
            let good = bytes.get(..at as usize).unwrap_or(bytes);
            Ok((read(path, good)?, follow))
        }
        read => Ok((read?, 0)),
    }
}

/// Gives what has the name another one.
fn set_aside(path: &Path) -> std::io::Result<Option<PathBuf>> {
    if std::fs::symlink_metadata(path).is_err() {
        return Ok(None);
    }
    for n in 1.. {
        let mut other = path.as_os_str().to_owned();
        other.push(format!(".{n}"));
        let other = PathBuf::from(other);
        if std::fs::symlink_metadata(&other).is_err() {
            std::fs::rename(path, &other)?;
            return Ok(Some(other));
        }
    }
    Ok(None)
}
