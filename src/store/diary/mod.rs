//! A diary: records that are appended to a file and are on the disk before anybody acts on them. It knows nothing of what
//! is in them.
//!
//! A header line, then records. The first is a snapshot, which stands for all that was recorded before; each later one is
//! one number further. Where there are too many, a file with a new snapshot takes the place of the old one: it is made
//! beside it, synced, and renamed.
//!
//! After a failure nothing is known of what the disk has, so nothing more is written (`Errno` from fsync is told once, and
//! a later sync says nothing about what was lost before): whoever has the diary must stop, and read it again.

mod error;
mod format;
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
};
use super::{
    StoreError,
    disk::{Content, Disk, FileOf, Folder, Make, Replace},
    root::Root,
};

/// Largest file that is read, in bytes.
const MOST_BYTES: u64 = 2 << 30;
/// A file with so much behind its snapshot, and at least as much again as the snapshot, is written anew.
const SLACK_BYTES: u64 = 64 << 20;
const SLACK_BATCHES: u64 = 100_000;
/// What is added to the name of a file that is to take the diary's place.
const NEW: &str = ".nuevo";

/// An open diary. Nobody else has it.
#[derive(Debug)]
pub struct Diary<D: Disk = Root> {
    disk: D,
    name: OsString,
    path: PathBuf,
    file: FileOf<D>,
    cluster: String,
    /// The number of the last record.
    seq: u64,
    /// Where the next one goes.
    end: u64,
    /// Where the records after the snapshot begin, and how many there are.
    after_snapshot: u64,
    batches: u64,
    is_broken: bool,
}

/// A diary that was there.
#[derive(Debug)]
pub struct Opened<D: Disk = Root> {
    /// It.
    pub diary: Diary<D>,
    /// What is in it.
    pub found: Found,
}

/// The folder and the name of a file.
pub(crate) fn place_of(path: &Path) -> Result<(Root, OsString), StoreError> {
    let name = path.file_name();
    let name = name.ok_or_else(|| StoreError::NotAFile(path.to_owned()))?;
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    let root = Root::create(folder.unwrap_or(Path::new(".")))?;
    Ok((root, name.to_owned()))
}

impl Diary {
    /// Opens a file; `None` when there is none.
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
        if folder.look(name).map_err(fail)?.is_none() {
            return Ok(None);
        }
        let file = folder.open_to_write(name).map_err(fail)?;
        // Where files cannot be locked, people must see to it that no two centrals have one diary.
        file.lock().map_err(fail)?;
        let entry = file.entry().map_err(fail)?;
        let named = folder.look(name).map_err(fail)?;
        if named.map(|named| named.identity) != Some(entry.identity) {
            // Whoever had it until now has put another one there.
            return Err(StoreError::Busy(path).into());
        }
        let mut bytes = vec![0; entry.bytes.min(MOST_BYTES) as usize];
        file.read_at(&mut bytes, 0).map_err(fail)?;
        let found = read(&path, &bytes)?;
        if found.cut.is_some() {
            file.resize(found.end).map_err(fail)?;
            file.sync_data().map_err(fail)?;
        }
        remove_new(&folder, name).map_err(fail)?;
        let seq = found.batches.last().unwrap_or(&found.snapshot).seq;
        let diary = Self {
            name: name.to_owned(),
            file,
            cluster: found.cluster.clone(),
            seq,
            end: found.end,
            after_snapshot: found.after_snapshot,
            batches: found.batches.len() as u64,
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
        remove_new(&folder, name).map_err(fail)?;
        let written = write_new(&folder, name, cluster, snapshot, Replace::Never);
        let (file, end) = written.map_err(fail)?;
        Ok(Self {
            name: name.to_owned(),
            file,
            cluster: cluster.to_owned(),
            seq: snapshot.seq,
            end,
            after_snapshot: end,
            batches: 0,
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

    /// Appends a record, which is on the disk when this returns. Its number is the next one.
    ///
    /// # Errors
    /// What the disk says. Nothing can be written from then on.
    pub fn append(&mut self, body: &[u8]) -> Result<u64, StoreError> {
        let seq = self.seq + 1;
        let record = format::encode(&self.cluster, seq, body);
        self.attempt(|diary| {
            diary.file.write_at(&record, diary.end)?;
            diary.file.sync_data()
        })?;
        self.seq = seq;
        self.end += record.len() as u64;
        self.batches += 1;
        Ok(seq)
    }

    /// True when a snapshot should take the place of the records.
    pub fn is_loose(&self) -> bool {
        let behind = self.end - self.after_snapshot;
        behind > SLACK_BYTES.max(self.after_snapshot) || self.batches > SLACK_BATCHES
    }

    /// Writes it anew, with a snapshot that stands for all records until now.
    ///
    /// # Errors
    /// As [`Self::append`].
    pub fn compact(&mut self, snapshot: &[u8]) -> Result<(), StoreError> {
        let batch = Batch {
            seq: self.seq,
            body: snapshot.to_vec(),
        };
        self.attempt(|diary| {
            let folder = diary.disk.folder(".", Make::Nothing)?;
            remove_new(&folder, &diary.name)?;
            let (name, cluster) = (&diary.name, &diary.cluster);
            let (file, end) = write_new(&folder, name, cluster, &batch, Replace::Existing)?;
            (diary.file, diary.end) = (file, end);
            (diary.after_snapshot, diary.batches) = (end, 0);
            Ok(())
        })
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

/// The name of the file that is to take the diary's place.
fn new_name(name: &OsStr) -> OsString {
    let mut new = name.to_owned();
    new.push(NEW);
    new
}

/// Takes away what a run that was stopped meanwhile has left.
fn remove_new<F: Folder>(folder: &F, name: &OsStr) -> io::Result<()> {
    let new = new_name(name);
    if folder.look(&new)?.is_none() {
        return Ok(());
    }
    let file = folder.open_file(&new)?;
    let mut bytes = vec![0; file.entry()?.bytes.min(format::MARK.len() as u64) as usize];
    file.read_at(&mut bytes, 0)?;
    // What was not synced may read as zeros.
    let mut marked = bytes.iter().zip(format::MARK);
    if marked.all(|(byte, mark)| byte == mark || *byte == 0) {
        folder.remove(&new)?;
    }
    Ok(())
}

/// Makes a file with a snapshot beside the diary, and gives it the diary's name.
fn write_new<F: Folder>(
    folder: &F,
    name: &OsStr,
    cluster: &str,
    snapshot: &Batch,
    replace: Replace,
) -> io::Result<(F::File, u64)> {
    let new = new_name(name);
    let file = folder.make_new(&new)?;
    file.lock()?;
    let mut bytes = format::header(cluster, snapshot.seq);
    bytes.extend(format::encode(cluster, snapshot.seq, &snapshot.body));
    file.write_at(&bytes, 0)?;
    file.sync_all()?;
    folder.take(name, folder, &new, replace)?;
    folder.sync()?;
    Ok((file, bytes.len() as u64))
}
