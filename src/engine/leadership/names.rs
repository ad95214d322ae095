//! What keys are called, below the prefix that the owner puts before them, and what their values look like. They are
//! texts, so that a person can read them.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::values::Batch;
use crate::model::{Digest, KeyRange};

pub(super) const ACTIVE: &str = "active";
pub(super) const FORMAT: &str = "format";
/// Who brings a journal into a store that has none.
pub(super) const IMPORT: &str = "import";
/// Which cluster this is.
pub(super) const IDENTITY: &str = "id";
pub(super) const HANDOVER: &str = "handover";
pub(super) const CURRENT: &str = "snap/current";
const LOG: &str = "log/";
const AFTER_LOG: &str = "log0";
const STANDBY: &str = "standby/";
const AFTER_STANDBY: &str = "standby0";
const SNAPSHOT: &str = "snap/";

/// What a follower watches: `active`, `format`, `handover` and the journal, and neither snapshots nor standbys.
pub fn watched() -> KeyRange {
    KeyRange::between(ACTIVE.to_owned(), AFTER_LOG.to_owned())
}

pub(super) fn log(seq: u64) -> String {
    format!("{LOG}{seq:020}")
}

pub(super) fn log_from(seq: u64) -> KeyRange {
    KeyRange::between(log(seq), AFTER_LOG.to_owned())
}

pub(super) fn log_below(seq: u64) -> KeyRange {
    KeyRange::between(LOG.to_owned(), log(seq))
}

pub(super) fn log_seq(key: &str) -> Option<u64> {
    key.strip_prefix(LOG)?.parse().ok()
}

pub(super) fn standby(node: &str) -> String {
    format!("{STANDBY}{node}")
}

pub(super) fn standbys() -> KeyRange {
    KeyRange::between(STANDBY.to_owned(), AFTER_STANDBY.to_owned())
}

pub(super) fn standby_node(key: &str) -> Option<&str> {
    key.strip_prefix(STANDBY)
}

pub(super) fn piece(seq: u64, n: u32) -> String {
    format!("{SNAPSHOT}{seq:020}/{n:06}")
}

pub(super) fn pieces_below(seq: u64) -> KeyRange {
    KeyRange::between(SNAPSHOT.to_owned(), format!("{SNAPSHOT}{seq:020}"))
}

/// A batch as it is written: its seq and term in a line of their own, then the entries.
pub(super) fn batch_value(batch: &Batch) -> Bytes {
    let mut value = format!("{} {}\n", batch.seq, batch.term).into_bytes();
    value.extend_from_slice(&batch.body);
    value.into()
}

pub(super) fn batch_of(value: &Bytes) -> Option<Batch> {
    let end = value.iter().position(|byte| *byte == b'\n')?;
    let line = std::str::from_utf8(&value[..end]).ok()?;
    let (seq, term) = line.split_once(' ')?;
    Some(Batch {
        seq: seq.parse().ok()?,
        term: term.parse().ok()?,
        body: value.slice(end + 1..),
    })
}

#[derive(Serialize, Deserialize)]
pub(super) struct ActiveValue {
    pub(super) node: String,
    pub(super) address: String,
}

#[derive(Serialize, Deserialize)]
pub(super) struct StandbyValue {
    pub(super) address: String,
    pub(super) applied: u64,
    pub(super) reads: u32,
    pub(super) ready: bool,
}

#[derive(Serialize, Deserialize)]
pub(super) struct HandoverValue {
    pub(super) to: String,
}

#[derive(Serialize, Deserialize)]
pub(super) struct FormatValue {
    pub(super) writes: u32,
    /// The lowest format that a reader must know.
    #[serde(default)]
    pub(super) reads: Option<u32>,
}

/// The format of journals that are begun.
pub(super) const JOURNAL_FORMAT: u32 = 1;

/// What is said of the current snapshot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    /// The last batch that it contains.
    pub seq: u64,
    /// Its term.
    pub term: u64,
    /// In how many pieces it lies.
    pub pieces: u32,
    /// The SHA-256 of all of it.
    pub digest: Digest,
}

pub(super) fn text(value: &impl Serialize) -> Bytes {
    // Numbers, flags and texts: nothing that JSON cannot say.
    serde_json::to_vec(value).unwrap_or_default().into()
}

pub(super) fn read<'a, T: Deserialize<'a>>(value: &'a Bytes) -> Option<T> {
    serde_json::from_slice(value).ok()
}
