//! The bytes of a diary: a header line, then records of `len u32, seq u64, check [u8; 8], body`, numbers in little-endian
//! order. `check` is the beginning of a SHA-256 over the cluster, the number and the body.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::DiaryError;
use crate::store::hash::sha256;

const VERSION: u32 = 1;
/// How every diary begins.
pub(super) const MARK: &[u8] = b"{\"trozos_journal\":";
/// Longest header.
const MOST_HEADER_BYTES: usize = 4096;
const HEAD_BYTES: usize = 20;
/// Largest record but for snapshots, in bytes.
pub const MAX_BATCH_BYTES: usize = 1 << 20;

#[derive(Serialize, Deserialize)]
struct Header {
    trozos_journal: u32,
    /// Whose it is.
    cluster: String,
    /// The number of the snapshot with which it begins.
    snapshot: u64,
}

/// A record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch {
    /// Its number.
    pub seq: u64,
    /// What was recorded.
    pub body: Vec<u8>,
}

/// What a diary says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Whose it is.
    pub cluster: String,
    /// All that was recorded before the first of the others.
    pub snapshot: Batch,
    /// What was recorded since.
    pub batches: Vec<Batch>,
    /// Where the snapshot ends.
    pub after_snapshot: u64,
    /// Where the last good record ends.
    pub end: u64,
    /// What comes after that.
    pub cut: Option<Cut>,
}

/// A record that was being written when the machine stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cut {
    /// How much of it there is.
    pub bytes: u64,
}

/// The first line.
pub(super) fn header(cluster: &str, snapshot: u64) -> Vec<u8> {
    let header = Header {
        trozos_journal: VERSION,
        cluster: cluster.to_owned(),
        snapshot,
    };
    let mut line = serde_json::to_vec(&header).unwrap_or_default();
    line.push(b'\n');
    line
}

/// One record.
pub(super) fn encode(cluster: &str, seq: u64, body: &[u8]) -> Vec<u8> {
    let mut record = Vec::with_capacity(HEAD_BYTES + body.len());
    record.extend((body.len() as u32).to_le_bytes());
    record.extend(seq.to_le_bytes());
    record.extend(check(cluster, seq, body));
    record.extend(body);
    record
}

fn check(cluster: &str, seq: u64, body: &[u8]) -> [u8; 8] {
    let mut bytes = cluster.as_bytes().to_vec();
    bytes.extend(seq.to_le_bytes());
    bytes.extend(body);
    let digest = sha256(&bytes);
    let mut first = [0; 8];
    first.copy_from_slice(&digest.as_bytes()[..8]);
    first
}

/// A good record at a place, and where it ends. Only a number that `may_be` is looked at closely.
fn decode(
    cluster: &str,
    bytes: &[u8],
    at: usize,
    may_be: impl Fn(u64) -> bool,
) -> Option<(Batch, usize)> {
    let head = bytes.get(at..at + HEAD_BYTES)?;
    let (length, rest) = head.split_first_chunk::<4>()?;
    let (seq, expected) = rest.split_first_chunk::<8>()?;
    let (length, seq) = (
        u32::from_le_bytes(*length) as usize,
        u64::from_le_bytes(*seq),
    );
    let start = at + HEAD_BYTES;
    let body = bytes.get(start..start.checked_add(length)?)?;
    if !may_be(seq) || check(cluster, seq, body) != *expected {
        return None;
    }
    let body = body.to_vec();
    Some((Batch { seq, body }, start + length))
}

/// Reads a diary. A bad record with no good one after it was being written when the machine stopped: it counts for
/// nothing.
///
/// # Errors
/// Whatever else is wrong with it.
pub fn read(path: &Path, bytes: &[u8]) -> Result<Found, DiaryError> {
    let foreign = || DiaryError::Foreign(path.to_owned());
    let first = &bytes[..bytes.len().min(MOST_HEADER_BYTES)];
    if !first.starts_with(MARK) {
        return Err(foreign());
    }
    let line = first.iter().position(|byte| *byte == b'\n');
    let line = line.ok_or_else(foreign)?;
    let header: Header = serde_json::from_slice(&first[..line]).map_err(|_| foreign())?;
    if header.trozos_journal != VERSION {
        return Err(DiaryError::Later {
            path: path.to_owned(),
            version: header.trozos_journal,
        });
    }
    let cluster = header.cluster;
    let damaged = |at: usize, seq: u64| DiaryError::Damaged {
        path: path.to_owned(),
        at: at as u64,
        seq,
        follow: good_after(&cluster, bytes, at + 1, seq),
    };
    let begin = line + 1;
    let snapshot = decode(&cluster, bytes, begin, |seq| seq == header.snapshot);
    let (snapshot, mut end) = snapshot.ok_or_else(|| damaged(begin, 0))?;
    let after_snapshot = end as u64;
    let mut batches: Vec<Batch> = Vec::new();
    let mut seq = snapshot.seq;
    while let Some((batch, next)) = decode(&cluster, bytes, end, |next| next == seq + 1) {
        (seq, end) = (batch.seq, next);
        batches.push(batch);
    }
    let cut = bytes.len() - end;
    if cut > 0 && good_after(&cluster, bytes, end + 1, seq) > 0 {
        return Err(damaged(end, seq));
    }
    let bytes = cut as u64;
    Ok(Found {
        snapshot,
        batches,
        after_snapshot,
        end: end as u64,
        cut: (cut > 0).then_some(Cut { bytes }),
        cluster,
    })
}

/// Good records from a place on, with numbers after this one.
fn good_after(cluster: &str, bytes: &[u8], from: usize, seq: u64) -> u64 {
    // No file has more records than that.
    let most = seq.saturating_add((bytes.len() / HEAD_BYTES) as u64 + 1);
    let (mut at, mut good, mut last) = (from, 0, seq);
    while at + HEAD_BYTES <= bytes.len() {
        match decode(cluster, bytes, at, |next| next > last && next <= most) {
            Some((batch, next)) => {
                (at, last) = (next, batch.seq);
                good += 1;
            }
            None => at += 1,
        }
    }
    good
}
