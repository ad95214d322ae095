//! A central's journal as people look at it while no central has it, and how one is restored from a copy. Blocking.

use std::{
    ffi::{OsStr, OsString},
    path::{Path, PathBuf},
};

use serde::Serialize;

use super::{
    batches::{BatchHead, parse},
    journal::replay,
};
use crate::{
    engine::registry::Entry,
    model::Digest,
    store::{
        StoreError,
        diary::{Batch, Cut, Diary, DiaryError, Found, Survey, survey},
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
    /// How many segments there are, all of which agree.
    pub segments: usize,
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

/// Reads a journal, and all facts in its last segment, and compares them with those of the segment before.
///
/// # Errors
/// See [`DiaryError`].
pub fn journal(path: &Path) -> Result<Journal, DiaryError> {
    let Survey { segments, .. } = survey(path)?;
    let count = segments.len();
    let mut readable: Vec<(PathBuf, Found)> = Vec::new();
    for segment in segments {
        readable.push((segment.path, segment.found?));
    }
    for pair in readable.windows(2) {
        if let [(_, before), (path, after)] = pair {
            assert_agree(before, path, after)?;
        }
    }
    let (path, found) = readable
        .pop()
        .ok_or_else(|| DiaryError::Incomplete(path.to_owned()))?;
    let (registry, _) = replay(&path, &found)?;
    let batches: Result<Vec<_>, _> = found
        .batches
        .iter()
        .map(|batch| {
            let (head, entries) = parse(&path, batch.seq, &batch.body)?;
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
        segments: count,
    })
}

/// A segment goes on from the one before: its snapshot stands for what that has until there, and what both have is the same.
fn assert_agree(before: &Found, path: &Path, after: &Found) -> Result<(), DiaryError> {
    let differs = |seq| DiaryError::Content {
        path: path.to_owned(),
        seq,
        words: "the segment before says something else".to_owned(),
    };
    let at = after.snapshot.seq;
    if !(before.snapshot.seq..=before.last()).contains(&at) {
        return Ok(());
    }
    let mut until = before.clone();
    until.batches.retain(|batch| batch.seq <= at);
    let (expected, _) = replay(path, &until)?;
    let alone = Found {
        batches: Vec::new(),
        ..after.clone()
    };
    let (found, _) = replay(path, &alone)?;
    if found.digest() != expected.digest() {
        return Err(differs(at));
    }
    let later = before.batches.iter().filter(|batch| batch.seq > at);
    match later.zip(&after.batches).find(|(one, other)| one != other) {
        Some((one, _)) => Err(differs(one.seq)),
        None => Ok(()),
    }
}

/// Makes a journal of what is good of another, until the first damage. One that is there is kept under another name.
///
/// # Errors
/// When a central has it, when nothing is good of the other, and what the disk says.
pub fn restore(from: &Path, to: &Path) -> Result<Restored, DiaryError> {
    let (found, lost) = good_part(from)?;
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

/// What is before the first damage, and how many good records come after it. Where the last segment has no good snapshot,
/// the one before has all until there.
fn good_part(path: &Path) -> Result<(Found, u64), DiaryError> {
    let Survey { segments, .. } = survey(path)?;
    let mut first = None;
    for (nth, segment) in segments.iter().enumerate().rev() {
        match segment.good_part() {
            Ok(found) => {
                first = Some((nth, found));
                break;
            }
            Err(error) if nth == 0 => return Err(error),
            Err(_) => {}
        }
    }
    let (nth, mut found) = first.ok_or_else(|| DiaryError::Incomplete(path.to_owned()))?;
    let mut lost = 0;
    for segment in &segments[nth..] {
        let (mut next, all) = (found.last() + 1, segment.salvage(found.last()));
        let follow = |batch: &Batch| {
            let is_next = batch.seq == next;
            next += u64::from(is_next);
            is_next
        };
        let (good, rest): (Vec<_>, Vec<_>) = all.into_iter().partition(follow);
        found.batches.extend(good);
        lost += rest.len() as u64;
    }
    Ok((found, lost))
}

/// Gives what has the name, and the segments beside it, another one.
pub(super) fn set_aside(path: &Path) -> std::io::Result<Option<PathBuf>> {
    let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else {
        return Ok(None);
    };
    let folder = if folder.as_os_str().is_empty() {
        Path::new(".")
    } else {
        folder
    };
    let begins = |name: &OsStr, other: &OsString| {
        let rest = other
            .as_encoded_bytes()
            .strip_prefix(name.as_encoded_bytes());
        let rest = rest.map(|rest| String::from_utf8_lossy(rest).into_owned());
        // The head, and segments: a copy that was set aside before has a shorter number.
        let is_segment = |rest: &String| {
            let digits = rest.strip_prefix('.').unwrap_or_default();
            digits.len() >= 6 && digits.bytes().all(|byte| byte.is_ascii_digit())
        };
        rest.filter(|rest| rest.is_empty() || is_segment(rest))
    };
    let all: std::io::Result<Vec<OsString>> = std::fs::read_dir(folder)?
        .map(|entry| Ok(entry?.file_name()))
        .collect();
    let all = all?;
    let ours: Vec<(&OsString, String)> = all
        .iter()
        .filter_map(|other| Some((other, begins(name, other)?)))
        .collect();
    if ours.is_empty() {
        return Ok(None);
    }
    for n in 1.. {
        let mut other = name.to_owned();
        other.push(format!(".{n}"));
        if all.iter().any(|taken| begins(&other, taken).is_some()) {
            continue;
        }
        for (own, rest) in ours {
            let mut to = other.clone();
            to.push(rest);
            std::fs::rename(folder.join(own), folder.join(to))?;
        }
        return Ok(Some(path.with_file_name(other)));
    }
    Ok(None)
}
