//! The journal of verified chunks beside a part file: which chunks are in it, and which of these are known
//! to be on the disk. Knows nothing of the part file's bytes.
//!
//! A header line, then records of 16 bytes: a kind, three zeros, a number as 32 bits big-endian, and the first eight
//! bytes of a SHA-256 over the file's id, the record's position and the rest of it. `W n`: chunk n was verified and
//! written. `S n`: the first n `W` records' chunks are on the disk. `F 0`: the disk failed to keep what no `S` covers,
//! and those `W` records are void. Everything from the first record with a wrong checksum on is ignored: it was being
//! written when the machine stopped.

use std::io;

use serde::{Deserialize, Serialize};

use super::{disk::Content, hash::sha256};
use crate::model::{ChunkIndex, ChunkLayout, ChunkSet, Digest, FileMeta, FileName};

const VERSION: u32 = 1;
const RECORD_BYTES: usize = 16;
const WRITTEN: u8 = b'W';
const SYNCED: u8 = b'S';
const FAILED: u8 = b'F';
/// Longest header that is looked at.
const MOST_HEADER_BYTES: usize = 4096;
/// How every journal begins.
const MARK: &[u8] = b"{\"trozos_diario\":";

#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Header {
    trozos_diario: u32,
    id: String,
    length: u64,
}

impl Header {
    fn of(meta: &FileMeta) -> Self {
        Self {
            trozos_diario: VERSION,
            id: meta.id.to_string(),
            length: meta.layout.file_bytes(),
        }
    }
}

/// What a journal says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Found {
    /// Chunks that are on the disk.
    pub(super) synced: ChunkSet,
    /// Chunks that were written later, and may not be.
    pub(super) unsure: ChunkSet,
}

/// Reads a journal; `None` when it is another file's or no journal at all.
pub(super) fn read(journal: &impl Content, meta: &FileMeta) -> io::Result<Option<Found>> {
    let most = MOST_HEADER_BYTES as u64
        + 3 * RECORD_BYTES as u64 * (u64::from(meta.layout.chunk_count()) + 1);
    let mut bytes = vec![0; journal.entry()?.bytes.min(most) as usize];
    journal.read_at(&mut bytes, 0)?;
    let Some(end) = bytes.iter().position(|byte| *byte == b'\n') else {
        return Ok(None);
    };
    match serde_json::from_slice::<Header>(&bytes[..end]) {
        Ok(header) if header == Header::of(meta) => {}
        _ => return Ok(None),
    }
    let mut written = Vec::new();
    let mut synced_count = 0;
    for (position, record) in bytes[end + 1..].chunks_exact(RECORD_BYTES).enumerate() {
        let (kind, number) = (
            record[0],
            u32::from_be_bytes([record[4], record[5], record[6], record[7]]),
        );
        if record != encode(meta.id, position as u64, kind, number) {
            break;
        }
        match kind {
            WRITTEN => written.push(ChunkIndex(number)),
            SYNCED => synced_count = (number as usize).min(written.len()),
            FAILED => written.truncate(synced_count),
            _ => break,
        }
    }
    let count = meta.layout.chunk_count();
    let mut found = Found {
        synced: ChunkSet::new(count),
        unsure: ChunkSet::new(count),
    };
    for (position, chunk) in written.into_iter().enumerate() {
        if position < synced_count {
            found.synced.insert(chunk);
        } else if !found.synced.contains(chunk) {
            found.unsure.insert(chunk);
        }
    }
    Ok(Some(found))
}

/// Reads a journal of any file, and says which, without its name; none where it is no journal.
pub(super) fn read_any(journal: &impl Content) -> io::Result<Option<(FileMeta, Found)>> {
    let length = journal.entry()?.bytes.min(MOST_HEADER_BYTES as u64);
    let mut bytes = vec![0; length as usize];
    journal.read_at(&mut bytes, 0)?;
    let line = bytes.split(|byte| *byte == b'\n').next();
    let header = line.and_then(|line| serde_json::from_slice::<Header>(line).ok());
    let meta = header.and_then(|header| {
        Some(FileMeta {
            // Its name is not in it, and tells nothing.
            name: FileName::try_from("-").ok()?,
            layout: ChunkLayout::for_file(header.length).ok()?,
            id: Digest::try_from(header.id.as_str()).ok()?,
        })
    });
    match meta {
        Some(meta) => Ok(read(journal, &meta)?.map(|found| (meta, found))),
        None => Ok(None),
    }
}

/// True for a journal of any file, however damaged after its first bytes, and for one that was still empty when the
/// machine stopped.
pub(super) fn is_journal(file: &impl Content) -> io::Result<bool> {
    let length = file.entry()?.bytes.min(MOST_HEADER_BYTES as u64 + 1) as usize;
    let mut bytes = vec![0; length];
    file.read_at(&mut bytes, 0)?;
    // The end of a mark that did not reach the disk reads as zeros.
    let begins = bytes.iter().zip(MARK).enumerate();
    let mut marked = begins.map(|(at, (byte, mark))| byte == mark || (at > 0 && *byte == 0));
    let is_marked = marked.all(|is_right| is_right);
    let is_blank = length <= MOST_HEADER_BYTES && bytes.iter().all(|byte| *byte == 0);
    Ok(is_marked || is_blank)
}

fn encode(id: Digest, position: u64, kind: u8, number: u32) -> [u8; RECORD_BYTES] {
    let mut checked = id.as_bytes().to_vec();
    checked.extend_from_slice(&position.to_be_bytes());
    checked.push(kind);
    checked.extend_from_slice(&number.to_be_bytes());
    let check = sha256(&checked);
    let mut record = [0; RECORD_BYTES];
    record[0] = kind;
    record[4..8].copy_from_slice(&number.to_be_bytes());
    record[8..].copy_from_slice(&check.as_bytes()[..8]);
    record
}

/// A journal that is written.
#[derive(Debug)]
pub(super) struct Journal<F> {
    file: F,
    id: Digest,
    /// Records so far, and where the next one goes. One that could not be written whole is written over.
    position: u64,
    end: u64,
    written: u32,
}

impl<F: Content> Journal<F> {
    /// Writes a new one into an empty file; `have` is on the disk.
    pub(super) fn start(file: F, meta: &FileMeta, have: &ChunkSet) -> io::Result<Self> {
        let mut bytes = serde_json::to_vec(&Header::of(meta)).map_err(io::Error::other)?;
        bytes.push(b'\n');
        let mut records = have
            .iter()
            .map(|chunk| (WRITTEN, chunk.0))
            .collect::<Vec<_>>();
        if !have.is_empty() {
            records.push((SYNCED, have.len()));
        }
        for (position, (kind, number)) in records.iter().enumerate() {
            bytes.extend_from_slice(&encode(meta.id, position as u64, *kind, *number));
        }
        file.write_at(&bytes, 0)?;
        if !have.is_empty() {
            file.sync_data()?;
        }
        Ok(Self {
            file,
            id: meta.id,
            position: records.len() as u64,
            end: bytes.len() as u64,
            written: have.len(),
        })
    }

    fn append(&mut self, kind: u8, number: u32) -> io::Result<()> {
        let record = encode(self.id, self.position, kind, number);
        self.file.write_at(&record, self.end)?;
        self.position += 1;
        self.end += RECORD_BYTES as u64;
        Ok(())
    }

    /// A chunk is verified and written.
    pub(super) fn written(&mut self, chunk: ChunkIndex) -> io::Result<()> {
        self.append(WRITTEN, chunk.0)?;
        self.written += 1;
        Ok(())
    }

    /// How many chunks have been recorded: what a sync of the data that starts now will cover.
    pub(super) fn count(&self) -> u32 {
        self.written
    }

    /// The data of the first `count` recorded chunks is on the disk.
    pub(super) fn synced(&mut self, count: u32) -> io::Result<()> {
        self.append(SYNCED, count)?;
        self.file.sync_data()
    }

    /// The disk failed to keep what was not synced.
    pub(super) fn forget_unsynced(&mut self) -> io::Result<()> {
        self.append(FAILED, 0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::model::samples;

    fn meta(chunks: u64) -> FileMeta {
        samples::meta("a", chunks << 20, 1)
    }

    proptest! {
        #[test]
        fn a_journal_cut_or_damaged_anywhere_never_says_more_than_was_written(
            steps in proptest::collection::vec(0u32..40, 1..60),
            cut in any::<prop::sample::Index>(),
            damage in any::<Option<prop::sample::Index>>(),
        ) {
            let meta = meta(30);
            let path = tempfile::NamedTempFile::new().unwrap();
            let mut journal =
                Journal::start(path.reopen().unwrap(), &meta, &ChunkSet::new(30)).unwrap();
            let (mut written, mut synced) = (Vec::new(), 0);
            for step in steps {
                if step < 30 {
                    journal.written(ChunkIndex(step)).unwrap();
                    written.push(step);
                } else {
                    synced = journal.count() as usize;
                    journal.synced(journal.count()).unwrap();
                }
            }
            let mut bytes = std::fs::read(path.path()).unwrap();
            bytes.truncate(cut.index(bytes.len() + 1));
            if let Some(damage) = damage && !bytes.is_empty() {
                let at = damage.index(bytes.len());
                bytes[at] ^= 0x55;
            }
            std::fs::write(path.path(), &bytes).unwrap();
            if let Some(found) = read(&path.reopen().unwrap(), &meta).unwrap() {
                let truly_synced = &written[..synced];
                prop_assert!(found.synced.iter().all(|chunk| truly_synced.contains(&chunk.0)));
                prop_assert!(found.unsure.iter().all(|chunk| written.contains(&chunk.0)));
            }
        }
    }

    #[test]
    fn another_files_journal_is_not_read() {
        let path = tempfile::NamedTempFile::new().unwrap();
        let mut have = ChunkSet::new(3);
        have.insert(ChunkIndex(1));
        Journal::start(path.reopen().unwrap(), &meta(3), &have).unwrap();
        let found = read(&path.reopen().unwrap(), &meta(3)).unwrap();
        assert_eq!(found.map(|found| found.synced), Some(have));
        assert_eq!(read(&path.reopen().unwrap(), &meta(4)).unwrap(), None);
    }
}
