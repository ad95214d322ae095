//! Batches of facts as they are written: a line that says what follows, then a fact a line.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::{engine::registry::Entry, model::Term, store::diary::DiaryError};

/// The format of batches.
pub(super) const VERSION: u32 = 1;

/// The first line of a batch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BatchHead {
    /// The format.
    pub v: u32,
    /// The number of the batch.
    pub seq: u64,
    /// The reign.
    pub term: Term,
    /// When, in milliseconds since 1970; never less than before.
    pub at: u64,
    /// How many facts follow, one a line.
    pub n: usize,
}

pub(super) fn line_of(entry: &Entry) -> Vec<u8> {
    // Its maps have keys that are texts or numbers, and its values are plain.
    serde_json::to_vec(entry).unwrap_or_default()
}

/// A batch as it is written.
pub(super) fn batch(seq: u64, term: Term, at: u64, entries: &[Entry]) -> Vec<u8> {
    let lines: Vec<Vec<u8>> = entries.iter().map(line_of).collect();
    of_lines(seq, term, at, &lines)
}

pub(super) fn of_lines(seq: u64, term: Term, at: u64, lines: &[Vec<u8>]) -> Vec<u8> {
    let head = BatchHead {
        v: VERSION,
        seq,
        term,
        at,
        n: lines.len(),
    };
    let mut body = serde_json::to_vec(&head).unwrap_or_default();
    for line in lines {
        body.push(b'\n');
        body.extend_from_slice(line);
    }
    body
}

/// The first line of a batch, if it is one.
pub(super) fn head_of(body: &[u8]) -> Option<BatchHead> {
    let line = body.split(|byte| *byte == b'\n').next()?;
    serde_json::from_slice(line).ok()
}

/// The facts of a batch.
///
/// # Errors
/// When it is not understood.
pub(super) fn parse(
    path: &Path,
    seq: u64,
    body: &[u8],
) -> Result<(BatchHead, Vec<Entry>), DiaryError> {
    let not_understood = |words: String| DiaryError::Content {
        path: path.to_owned(),
        seq,
        words,
    };
    let mut lines = body.split(|byte| *byte == b'\n');
    let head = lines.next().unwrap_or_default();
    let head: BatchHead =
        serde_json::from_slice(head).map_err(|error| not_understood(error.to_string()))?;
    if head.v != VERSION {
        return Err(DiaryError::Later {
            path: path.to_owned(),
            version: head.v,
        });
    }
    let entries: Result<Vec<Entry>, _> = lines.map(serde_json::from_slice).collect();
    let entries = entries.map_err(|error| not_understood(error.to_string()))?;
    if entries.len() != head.n || head.seq != seq {
        return Err(not_understood("another number of facts".to_owned()));
    }
    Ok((head, entries))
}
