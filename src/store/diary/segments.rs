//! The files of a diary: a head that has its name, and segments beside it, which have that name and a number.

use std::{
    ffi::{OsStr, OsString},
    io,
    path::{Path, PathBuf},
};

use super::{
    DiaryError,
    format::{self, Batch, Begins, Found},
};
use crate::store::{
    StoreError,
    disk::{Content, Disk, Folder, Make, Replace},
    root::Root,
};

/// Largest file that is read, in bytes.
const MOST_BYTES: u64 = 2 << 30;
/// What is added to the name of a file that is to take a place.
const NEW: &str = ".nuevo";
const DIGITS: usize = 6;

/// What a segment is called.
pub(super) fn name_of(name: &OsStr, number: u64) -> OsString {
    with(name, &format!(".{number:0DIGITS$}"))
}

fn with(name: &OsStr, more: &str) -> OsString {
    let mut name = name.to_owned();
    name.push(more);
    name
}

/// Numbers of the segments that are there, the oldest first.
pub(super) fn numbers<F: Folder>(folder: &F, name: &OsStr) -> io::Result<Vec<u64>> {
    let prefix = with(name, ".");
    let number = |found: &OsString| {
        let digits = found
            .as_encoded_bytes()
            .strip_prefix(prefix.as_encoded_bytes())?;
        let is_number = digits.len() >= DIGITS && digits.iter().all(u8::is_ascii_digit);
        std::str::from_utf8(digits)
            .ok()
            .filter(|_| is_number)?
            .parse()
            .ok()
    };
    let mut numbers: Vec<u64> = folder.names()?.iter().filter_map(number).collect();
    numbers.sort_unstable();
    Ok(numbers)
}

pub(super) fn bytes_of(file: &impl Content) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; file.entry()?.bytes.min(MOST_BYTES) as usize];
    file.read_at(&mut bytes, 0)?;
    Ok(bytes)
}

/// Takes away what a run that was stopped meanwhile has left.
pub(super) fn remove_new<F: Folder>(folder: &F, name: &OsStr) -> io::Result<()> {
    let new = with(name, NEW);
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

/// Makes a file beside the diary that is called `name`, and gives it another name of the diary's.
pub(super) fn write_new<F: Folder>(
    folder: &F,
    name: &OsStr,
    to: &OsStr,
    bytes: &[u8],
    replace: Replace,
) -> io::Result<F::File> {
    remove_new(folder, name)?;
    let new = with(name, NEW);
    let file = folder.make_new(&new)?;
    file.lock()?;
    file.write_at(bytes, 0)?;
    file.sync_all()?;
    folder.take(to, folder, &new, replace)?;
    folder.sync()?;
    Ok(file)
}

/// Takes away what was made when the machine stopped, before anything had been recorded. A segment alone would look like a
/// loss.
pub(super) fn remove_unfinished<F: Folder>(
    folder: &F,
    name: &OsStr,
    numbers: &[u64],
) -> io::Result<()> {
    for number in numbers {
        folder.remove(name_of(name, *number))?;
    }
    folder.sync()?;
    folder.remove(name)
}

/// A head that is seen may not have its name for good, or what it says.
pub(super) fn write_head_again<F: Folder>(
    folder: &F,
    head: &F::File,
    cluster: &str,
) -> io::Result<()> {
    head.write_at(&format::head(cluster), 0)?;
    head.sync_all()?;
    folder.sync()
}

/// Removes segments that nobody needs any more: all but this one and the one before.
pub(super) fn remove_old<F: Folder>(folder: &F, name: &OsStr, newest: u64) -> io::Result<()> {
    for number in numbers(folder, name)? {
        if number + 1 < newest {
            folder.remove(name_of(name, number))?;
        }
    }
    Ok(())
}

/// A diary as it lies there, also damaged.
#[derive(Debug)]
pub struct Survey {
    /// Whose it is.
    pub cluster: String,
    /// Its segments, the oldest first. A diary of one file has one.
    pub segments: Vec<Segment>,
}

/// A file with records.
#[derive(Debug)]
pub struct Segment {
    /// Where it is.
    pub path: PathBuf,
    /// What it says.
    pub found: Result<Found, DiaryError>,
    /// All of it.
    pub bytes: Vec<u8>,
}

impl Segment {
    /// Good records with later numbers than this, whatever is between them.
    pub fn salvage(&self, after: u64) -> Vec<Batch> {
        format::salvage(&self.path, &self.bytes, after)
    }

    /// What is before the first damage.
    ///
    /// # Errors
    /// When not even its snapshot is good.
    pub fn good_part(&self) -> Result<Found, DiaryError> {
        match &self.found {
            Err(DiaryError::Damaged { at, seq, .. }) if *seq > 0 => {
                let good = self.bytes.get(..*at as usize).unwrap_or(&self.bytes);
                format::read(&self.path, good)
            }
            found => found.clone(),
        }
    }
}

/// Looks at a diary that may be open elsewhere, or at a copy of one; also at one segment alone.
///
/// # Errors
/// When there is none, or it is of a format that is not known here.
pub fn survey(path: &Path) -> Result<Survey, DiaryError> {
    let name = path.file_name();
    let name = name.ok_or_else(|| StoreError::NotAFile(path.to_owned()))?;
    let above = path.parent().filter(|above| !above.as_os_str().is_empty());
    let root = Root::open(above.unwrap_or(Path::new(".")))?;
    survey_on(&root, name)
}

pub(super) fn survey_on<D: Disk>(disk: &D, name: &OsStr) -> Result<Survey, DiaryError> {
    let path = disk.path().join(name);
    let fail = |error: io::Error| DiaryError::from(StoreError::new(&path, &error));
    let folder = disk.folder(".", Make::Nothing).map_err(fail)?;
    let bytes = folder.open_file(name).and_then(|head| bytes_of(&head));
    let bytes = bytes.map_err(fail)?;
    let cluster = match format::begins(&path, &bytes)? {
        Begins::Head { cluster } => cluster,
        Begins::Records(records) => {
            let found = records.read(&path, &bytes);
            let cluster = found.as_ref().map(|found| found.cluster.clone());
            return Ok(Survey {
                cluster: cluster.unwrap_or_default(),
                segments: vec![Segment { path, found, bytes }],
            });
        }
    };
    let mut segments = Vec::new();
    for number in numbers(&folder, name).map_err(fail)? {
        let called = name_of(name, number);
        let path = disk.path().join(&called);
        let fail = |error: io::Error| DiaryError::from(StoreError::new(&path, &error));
        let file = folder.open_file(&called).map_err(fail)?;
        let bytes = bytes_of(&file).map_err(fail)?;
        let found = read_segment(&path, &bytes, &cluster, number);
        segments.push(Segment { path, found, bytes });
    }
    if segments.is_empty() {
        return Err(DiaryError::Incomplete(path));
    }
    Ok(Survey { cluster, segments })
}

/// What the last segment says, its bytes and its number; 0 for a diary that is one file.
pub(super) fn last<D: Disk>(
    disk: &D,
    name: &OsStr,
    head: &[u8],
    numbers: &[u64],
) -> Result<(Found, Vec<u8>, u64), DiaryError> {
    let path = disk.path().join(name);
    match format::begins(&path, head)? {
        Begins::Head { cluster } => {
            let newest = *numbers.last().ok_or(DiaryError::Incomplete(path))?;
            let called = name_of(name, newest);
            let path = disk.path().join(&called);
            let folder = disk.folder(".", Make::Nothing);
            let bytes = folder
                .and_then(|folder| bytes_of(&folder.open_file(&called)?))
                .map_err(|error| StoreError::new(&path, &error))?;
            let found = read_segment(&path, &bytes, &cluster, newest)?;
            Ok((found, bytes, newest))
        }
        Begins::Records(records) => {
            let found = records.read(&path, head)?;
            // One of the segments, by the name of the diary; or an old copy beside later segments.
            if found.segment.is_some() || numbers.iter().any(|number| *number > 1) {
                return Err(DiaryError::Foreign(path));
            }
            Ok((found, head.to_vec(), 0))
        }
    }
}

/// Reads the segment of a cluster that has this number.
pub(super) fn read_segment(
    path: &Path,
    bytes: &[u8],
    cluster: &str,
    number: u64,
) -> Result<Found, DiaryError> {
    let found = format::read(path, bytes)?;
    if found.cluster != cluster || found.segment != Some(number) {
        return Err(DiaryError::Foreign(path.to_owned()));
    }
    Ok(found)
}
