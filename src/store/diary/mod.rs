//! A diary: records that are appended to a file and are on the disk before anybody acts on them. It knows nothing of what
//! is in them.
//!
//! A head (`central.diario`), which says the format and the cluster, and is locked by whoever has the diary; and segments
//! beside it (`central.diario.000007`), of which the last is written to. The first record of a segment is a snapshot, which
//! stands for all that was recorded before; each later one is one number further. Where there are too many, a new segment
//! begins with a new snapshot; it is made under another name, synced, and renamed, and so is the first one of each run. The
//! one before is kept, those before it are removed.
//!
//! After a failure nothing is known of what the disk has, so nothing more is written (`Errno` from fsync is told once, and
//! a later sync says nothing about what was lost before): whoever has the diary must stop, and read it again.

mod error;
mod format;
mod segments;
#[cfg(test)]
mod tests;

use std::{
    ffi::{OsStr, OsString},
    io,
    path::{Path, PathBuf},
};

pub use self::{
    error::DiaryError,
    format::{Batch, Cut, Found, MAX_BATCH_BYTES, read},
    segments::{Segment, Survey, survey},
};
use super::{
    StoreError,
    disk::{Content, Disk, FileOf, Folder, Make, Replace},
    root::Root,
};

/// A segment with so much behind its snapshot, and at least as much again as the snapshot, is followed by another.
const SLACK_BYTES: u64 = 64 << 20;
const SLACK_BATCHES: u64 = 100_000;

/// An open diary. Nobody else has it.
#[derive(Debug)]
pub struct Diary<D: Disk = Root> {
    disk: D,
    name: OsString,
    path: PathBuf,
    /// Locked.
    _head: FileOf<D>,
    cluster: String,
    segment: OpenSegment<FileOf<D>>,
    /// The number of the last record.
    seq: u64,
    is_broken: bool,
}

/// The segment that is written to.
#[derive(Debug)]
struct OpenSegment<F> {
    number: u64,
    file: F,
    /// The number of its snapshot.
    snapshot: u64,
    /// Where the records after the snapshot begin, and how many there are.
    after_snapshot: u64,
    batches: u64,
    /// Where the next one goes.
    end: u64,
}

/// A diary that was there.
#[derive(Debug)]
pub struct Opened<D: Disk = Root> {
    /// It.
    pub diary: Diary<D>,
    /// What was in its last segment.
    pub found: Found,
}

/// The folder and the name of a file.
fn place_of(path: &Path) -> Result<(Root, OsString), StoreError> {
    let name = path.file_name();
    let name = name.ok_or_else(|| StoreError::NotAFile(path.to_owned()))?;
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    let root = Root::create(folder.unwrap_or(Path::new(".")))?;
    Ok((root, name.to_owned()))
}

impl Diary {
    /// Opens a diary; `None` when there is none. One that was a single file is divided.
    ///
    /// # Errors
    /// See [`DiaryError`].
    pub fn open(path: &Path) -> Result<Option<Opened>, DiaryError> {
        let (root, name) = place_of(path)?;
        Self::open_on(root, &name)
    }

    /// Makes a new one, which stands for what `snapshot` says. `cluster` is in all records' checksums, so that none of
    /// another diary is taken for one of this.
    ///
    /// # Errors
    /// When something has the name, and what the disk says.
    pub fn create(path: &Path, cluster: &str, snapshot: &Batch) -> Result<Self, DiaryError> {
        let (root, name) = place_of(path)?;
        Self::create_on(root, &name, cluster, snapshot)
    }
}

impl<D: Disk> Diary<D> {
    pub(super) fn open_on(disk: D, name: &OsStr) -> Result<Option<Opened<D>>, DiaryError> {
        let path = disk.path().join(name);
        let fail = |error: io::Error| DiaryError::from(StoreError::new(&path, &error));
        let folder = disk.folder(".", Make::Nothing).map_err(fail)?;
        let numbers = segments::numbers(&folder, name).map_err(fail)?;
        if folder.look(name).map_err(fail)?.is_none() {
            // Somebody has copied or removed some of the files.
            let is_none = numbers.is_empty();
            return if is_none {
                Ok(None)
            } else {
                Err(DiaryError::Incomplete(path))
            };
        }
        let head = folder.open_to_write(name).map_err(fail)?;
        // Where files cannot be locked, people must see to it that no two centrals have one diary.
        head.lock().map_err(fail)?;
        let entry = head.entry().map_err(fail)?;
        let named = folder.look(name).map_err(fail)?;
        if named.map(|named| named.identity) != Some(entry.identity) {
            // Whoever had it until now has put another one there.
            return Err(StoreError::Busy(path).into());
        }
        let bytes = segments::bytes_of(&head).map_err(fail)?;
        if format::is_unfinished(&bytes) && numbers.iter().all(|number| *number == 1) {
            segments::remove_unfinished(&folder, name, &numbers).map_err(fail)?;
            return Ok(None);
        }
        let (found, good, newest) = segments::last(&disk, name, &bytes, &numbers)?;
        if newest > 0 {
            segments::write_head_again(&folder, &head, &found.cluster).map_err(fail)?;
        }
        // What was read may be nowhere but in the system's memory: a run before this one may have ended because a sync
        // failed, and what that did not write is never written again. So all of it is written to another segment.
        let records = good.get(found.start as usize..found.end as usize);
        let records = records.unwrap_or_default();
        let (number, snapshot) = (newest + 1, found.snapshot.seq);
        let segment = OpenSegment::write(&folder, name, &found.cluster, number, snapshot, records);
        let mut segment = segment.map_err(fail)?;
        segment.after_snapshot -= found.end - found.after_snapshot;
        segment.batches = found.batches.len() as u64;
        let head = match newest {
            0 => {
                let bytes = format::head(&found.cluster);
                let head = segments::write_new(&folder, name, name, &bytes, Replace::Existing);
                head.map_err(fail)?
            }
            _ => head,
        };
        segments::remove_old(&folder, name, number).map_err(fail)?;
        let diary = Self {
            name: name.to_owned(),
            _head: head,
            cluster: found.cluster.clone(),
            segment,
            seq: found.last(),
            is_broken: false,
            path,
            disk,
        };
        Ok(Some(Opened { diary, found }))
    }

    pub(super) fn create_on(
        disk: D,
        name: &OsStr,
        cluster: &str,
        snapshot: &Batch,
    ) -> Result<Self, DiaryError> {
        let path = disk.path().join(name);
        let fail = |error: io::Error| DiaryError::from(StoreError::new(&path, &error));
        let folder = disk.folder(".", Make::Nothing).map_err(fail)?;
        let head = folder.make_new(name).map_err(fail)?;
        head.lock().map_err(fail)?;
        // It has its name before anything else has one, and says what it is once there is something.
        folder.sync().map_err(fail)?;
        let record = format::encode(cluster, snapshot.seq, &snapshot.body);
        let segment = OpenSegment::write(&folder, name, cluster, 1, snapshot.seq, &record);
        let segment = segment.map_err(fail)?;
        head.write_at(&format::head(cluster), 0).map_err(fail)?;
        head.sync_all().map_err(fail)?;
        Ok(Self {
            name: name.to_owned(),
            _head: head,
            cluster: cluster.to_owned(),
            segment,
            seq: snapshot.seq,
            is_broken: false,
            path,
            disk,
        })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The cluster that it is of.
    pub fn cluster(&self) -> &str {
        &self.cluster
    }

    /// The number of its last record.
    pub fn seq(&self) -> u64 {
        self.seq
    }

    /// The number of the segment that is written to: each run has later ones.
    pub fn segment(&self) -> u64 {
        self.segment.number
    }

    /// Appends a record, which is on the disk when this returns. Its number is the next one.
    ///
    /// # Errors
    /// What the disk says. Nothing can be written from then on.
    pub fn append(&mut self, body: &[u8]) -> Result<u64, StoreError> {
        let seq = self.seq + 1;
        let record = format::encode(&self.cluster, seq, body);
        self.attempt(|diary| {
            let segment = &diary.segment;
            segment.file.write_at(&record, segment.end)?;
            segment.file.sync_data()
        })?;
        self.seq = seq;
        self.segment.end += record.len() as u64;
        self.segment.batches += 1;
        Ok(seq)
    }

    /// True when a new segment should begin.
    pub fn is_loose(&self) -> bool {
        let segment = &self.segment;
        let behind = segment.end - segment.after_snapshot;
        behind > SLACK_BYTES.max(segment.after_snapshot) || segment.batches > SLACK_BATCHES
    }

    /// Begins a new segment with a snapshot that stands for all records until its number, which may be later than the
    /// last. Records that are later than the snapshot come after it.
    ///
    /// # Errors
    /// As [`Self::append`]. One that is older than the present segment's is refused.
    pub fn restart(&mut self, snapshot: &Batch) -> Result<(), StoreError> {
        if snapshot.seq < self.segment.snapshot {
            let error = io::Error::other("the snapshot is older than the one that is there");
            return Err(StoreError::new(&self.path, &error));
        }
        let later = match snapshot.seq < self.seq {
            true => self.since(snapshot.seq + 1, usize::MAX)?,
            false => Vec::new(),
        };
        let mut records = format::encode(&self.cluster, snapshot.seq, &snapshot.body);
        let after_snapshot = records.len() as u64;
        for batch in &later {
            records.extend(format::encode(&self.cluster, batch.seq, &batch.body));
        }
        self.attempt(|diary| {
            let folder = diary.disk.folder(".", Make::Nothing)?;
            let (number, seq) = (diary.segment.number + 1, snapshot.seq);
            let (name, cluster) = (&diary.name, &diary.cluster);
            let mut segment = OpenSegment::write(&folder, name, cluster, number, seq, &records)?;
            segment.after_snapshot -= records.len() as u64 - after_snapshot;
            segment.batches = later.len() as u64;
            diary.segment = segment;
            diary.seq = diary.seq.max(snapshot.seq);
            segments::remove_old(&folder, &diary.name, number)
        })
    }

    /// Records from a number on, in order, so many at most: those that the last two segments have.
    ///
    /// # Errors
    /// What the disk says, also when what it has is not what was written.
    pub fn since(&self, from: u64, most: usize) -> Result<Vec<Batch>, StoreError> {
        let fail = |error: io::Error| StoreError::new(&self.path, &error);
        let folder = self.disk.folder(".", Make::Nothing).map_err(fail)?;
        let mut all: Vec<Batch> = Vec::new();
        for number in [self.segment.number - 1, self.segment.number] {
            let called = segments::name_of(&self.name, number);
            if folder.look(&called).map_err(fail)?.is_none() {
                continue;
            }
            let file = folder.open_file(&called).map_err(fail)?;
            let bytes = segments::bytes_of(&file).map_err(fail)?;
            let path = self.disk.path().join(called);
            let found = segments::read_segment(&path, &bytes, &self.cluster, number);
            let found = match found {
                Ok(found) => found,
                // The one before is not needed.
                Err(_) if number < self.segment.number => continue,
                Err(error) => return Err(fail(io::Error::other(error))),
            };
            if all.last().is_some_and(|last| last.seq < found.snapshot.seq) {
                all.clear();
            }
            let next = all.last().map_or(from, |last| last.seq + 1);
            all.extend(found.batches.into_iter().filter(|batch| batch.seq >= next));
        }
        all.truncate(most);
        Ok(all)
    }

    /// The snapshot with which the present segment begins.
    ///
    /// # Errors
    /// As [`Self::since`].
    pub fn snapshot(&self) -> Result<Batch, StoreError> {
        let called = segments::name_of(&self.name, self.segment.number);
        let path = self.disk.path().join(&called);
        let fail = |error: io::Error| StoreError::new(&path, &error);
        let folder = self.disk.folder(".", Make::Nothing).map_err(fail)?;
        let file = folder.open_file(&called).map_err(fail)?;
        let bytes = segments::bytes_of(&file).map_err(fail)?;
        let found = segments::read_segment(&path, &bytes, &self.cluster, self.segment.number);
        Ok(found
            .map_err(|error| fail(io::Error::other(error)))?
            .snapshot)
    }

    fn attempt(
        &mut self,
        what: impl FnOnce(&mut Self) -> io::Result<()>,
    ) -> Result<(), StoreError> {
        let done = match self.is_broken {
            true => Err(io::Error::other("it failed before")),
            false => what(self),
        };
        self.is_broken = done.is_err();
        done.map_err(|error| StoreError::new(&self.path, &error))
    }
}

impl<F: Content> OpenSegment<F> {
    /// Writes one: the records begin with the snapshot, and count as nothing else.
    fn write<G: Folder<File = F>>(
        folder: &G,
        name: &OsStr,
        cluster: &str,
        number: u64,
        snapshot: u64,
        records: &[u8],
    ) -> io::Result<Self> {
        let mut bytes = format::header(cluster, number, snapshot);
        bytes.extend_from_slice(records);
        // The first one may be left over from a try that was interrupted.
        let replace = if number == 1 {
            Replace::Existing
        } else {
            Replace::Never
        };
        let called = segments::name_of(name, number);
        let file = segments::write_new(folder, name, &called, &bytes, replace)?;
        let end = bytes.len() as u64;
        Ok(Self {
            number,
            file,
            snapshot,
            after_snapshot: end,
            batches: 0,
            end,
        })
    }
}
