//! The bytes of a diary's files. Each begins with a line that says the format and the cluster. That is all of the head; in a
//! segment records follow, `len u32, seq u64, check [u8; 8], body`, numbers in little-endian order. `check` is the beginning
//! of a SHA-256 over the cluster, the number and the body. A diary of format 1 was one file, which looks like a segment
//! without a number.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::DiaryError;
use crate::store::hash::sha256;

const VERSION: u32 = 2;
/// Of diaries in one file.
const ONE_FILE: u32 = 1;
/// How every file of a diary begins.
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
    /// Which segment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    segment: Option<u64>,
    /// The number of the snapshot with which it begins.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    snapshot: Option<u64>,
}

/// What a file of a diary is, by its first line.
#[derive(Debug)]
pub(super) enum Begins {
    /// Which cluster the segments are of.
    Head {
        cluster: String,
    },
    Records(Records),
}

#[derive(Debug)]
pub(super) struct Records {
    cluster: String,
    /// `None` in a diary of one file.
    segment: Option<u64>,
    snapshot: u64,
    /// Where the records begin.
    start: usize,
}

/// A record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch {
    /// Its number.
    pub seq: u64,
    /// What was recorded.
    pub body: Vec<u8>,
}

/// What a segment says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Whose it is.
    pub cluster: String,
    /// Its number; `None` of a diary in one file.
    pub segment: Option<u64>,
    /// All that was recorded before the first of the others.
    pub snapshot: Batch,
    /// What was recorded since.
    pub batches: Vec<Batch>,
    /// Where the records begin.
    pub start: u64,
    /// Where the snapshot ends.
    pub after_snapshot: u64,
    /// Where the last good record ends.
    pub end: u64,
    /// What comes after that.
    pub cut: Option<Cut>,
}

impl Found {
    /// The number of the last record.
    pub fn last(&self) -> u64 {
        self.batches.last().unwrap_or(&self.snapshot).seq
    }
}

/// A record that was being written when the machine stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cut {
    /// How much of it there is.
    pub bytes: u64,
}

fn line(header: &Header) -> Vec<u8> {
    let mut line = serde_json::to_vec(header).unwrap_or_default();
    line.push(b'\n');
    line
}

/// All of the head.
pub(super) fn head(cluster: &str) -> Vec<u8> {
    line(&Header {
        trozos_journal: VERSION,
        cluster: cluster.to_owned(),
        segment: None,
        snapshot: None,
    })
}

/// The first line of a segment.
pub(super) fn header(cluster: &str, segment: u64, snapshot: u64) -> Vec<u8> {
    line(&Header {
        trozos_journal: VERSION,
        cluster: cluster.to_owned(),
        segment: Some(segment),
        snapshot: Some(snapshot),
    })
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

/// True for a head that was being written when the machine stopped.
pub(super) fn is_unfinished(bytes: &[u8]) -> bool {
    let mut begins = bytes.iter().zip(MARK);
    let is_ours = begins.all(|(byte, mark)| byte == mark || *byte == 0);
    is_ours && bytes.len() < MOST_HEADER_BYTES && !bytes.contains(&b'\n')
}

/// What a file is.
///
/// # Errors
/// It is no file of a diary, or of a format that is not known here.
pub(super) fn begins(path: &Path, bytes: &[u8]) -> Result<Begins, DiaryError> {
    let foreign = || DiaryError::Foreign(path.to_owned());
    let first = &bytes[..bytes.len().min(MOST_HEADER_BYTES)];
    if !first.starts_with(MARK) {
        return Err(foreign());
    }
    let line = first.iter().position(|byte| *byte == b'\n');
    let line = line.ok_or_else(foreign)?;
    let header: Header = serde_json::from_slice(&first[..line]).map_err(|_| foreign())?;
    let (cluster, segment) = (header.cluster, header.segment);
    match (header.trozos_journal, segment, header.snapshot) {
        (VERSION, None, None) => Ok(Begins::Head { cluster }),
        (ONE_FILE, None, Some(snapshot)) | (VERSION, Some(_), Some(snapshot)) => {
            Ok(Begins::Records(Records {
                cluster,
                segment,
                snapshot,
                start: line + 1,
            }))
        }
        (ONE_FILE | VERSION, ..) => Err(foreign()),
        (version, ..) => Err(DiaryError::Later {
            path: path.to_owned(),
            version,
        }),
    }
}

/// Reads a segment. A bad record with no good one after it was being written when the machine stopped: it counts for
/// nothing.
///
/// # Errors
/// Whatever else is wrong with it.
pub fn read(path: &Path, bytes: &[u8]) -> Result<Found, DiaryError> {
    match begins(path, bytes)? {
        Begins::Records(records) => records.read(path, bytes),
        Begins::Head { .. } => Err(DiaryError::Foreign(path.to_owned())),
    }
}

impl Records {
    pub(super) fn read(self, path: &Path, bytes: &[u8]) -> Result<Found, DiaryError> {
        let cluster = self.cluster;
        let damaged = |at: usize, seq: u64, follow: usize| DiaryError::Damaged {
            path: path.to_owned(),
            at: at as u64,
            seq,
            follow: follow as u64,
        };
        let begin = self.start;
        let Some((snapshot, mut end)) = decode(&cluster, bytes, begin, |seq| seq == self.snapshot)
        else {
            let follow = good_after(&cluster, bytes, begin + 1, 0).len();
            return Err(damaged(begin, 0, follow));
        };
        let after_snapshot = end as u64;
        let mut batches: Vec<Batch> = Vec::new();
        let mut seq = snapshot.seq;
        while let Some((batch, next)) = decode(&cluster, bytes, end, |next| next == seq + 1) {
            (seq, end) = (batch.seq, next);
            batches.push(batch);
        }
        let cut = bytes.len() - end;
        if cut > 0 {
            let follow = good_after(&cluster, bytes, end + 1, seq).len();
            if follow > 0 {
                return Err(damaged(end, seq, follow));
            }
        }
        let bytes = cut as u64;
        Ok(Found {
            snapshot,
            segment: self.segment,
            batches,
            start: begin as u64,
            after_snapshot,
            end: end as u64,
            cut: (cut > 0).then_some(Cut { bytes }),
            cluster,
        })
    }
}

/// Good records of a segment that cannot be read as it is, from a number on.
pub(super) fn salvage(path: &Path, bytes: &[u8], after: u64) -> Vec<Batch> {
    match begins(path, bytes) {
        Ok(Begins::Records(records)) => good_after(&records.cluster, bytes, records.start, after),
        Ok(Begins::Head { .. }) | Err(_) => Vec::new(),
    }
}

/// Good records from a place on, with numbers after this one.
fn good_after(cluster: &str, bytes: &[u8], from: usize, seq: u64) -> Vec<Batch> {
    // No file has more records than that.
    let most = seq.saturating_add((bytes.len() / HEAD_BYTES) as u64 + 1);
    let (mut at, mut last) = (from, seq);
    let mut good = Vec::new();
    while at + HEAD_BYTES <= bytes.len() {
        match decode(cluster, bytes, at, |next| next > last && next <= most) {
            Some((batch, next)) => {
                (at, last) = (next, batch.seq);
                good.push(batch);
            }
            None => at += 1,
        }
    }
    good
}
