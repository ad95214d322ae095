//! What a file that is being received needs of a disk. `root` is a real disk; the tests of `part` use one in memory
//! that loses unsynced data.

use std::{
    ffi::{OsStr, OsString},
    fmt::Debug,
    io,
    path::{Path, PathBuf},
};

use super::{StoreError, spot::Spot};
use crate::model::{ByteRange, FileName};

/// Where unfinished copies and files that were set aside live, inside the folder.
pub(super) const HIDDEN: &str = ".trozos";

/// How much is copied in one step where the system has no better way, in bytes.
const PIECE_BYTES: u64 = 1 << 20;

/// A folder tree that cannot be left.
pub trait Disk: Clone + Debug {
    /// A folder in it.
    type Folder: Folder;

    /// Where it is, for people.
    fn path(&self) -> &Path;

    /// The hidden folder on the same disk as a file of this path: what is in it can be moved there.
    fn hidden(&self, _path: &str) -> String {
        HIDDEN.to_owned()
    }

    /// Opens a folder; `.` is the uppermost.
    ///
    /// # Errors
    /// When it is not there and is not to be made, and what the disk says.
    fn folder(&self, path: &str, make: Make) -> io::Result<Self::Folder>;

    /// Removes a folder and those above it as long as they are empty.
    fn remove_empty(&self, path: &str);

    /// A file's own folder.
    ///
    /// # Errors
    /// As [`Disk::folder`].
    fn place(&self, name: &FileName, make: Make) -> Result<Place<Self::Folder>, StoreError> {
        self.place_at(&Spot::from(name), make)
    }

    /// The folder of a spot.
    ///
    /// # Errors
    /// As [`Disk::folder`].
    fn place_at(&self, spot: &Spot, make: Make) -> Result<Place<Self::Folder>, StoreError> {
        let path = spot.below(self.path());
        let dir = self.folder(&spot.folder, make);
        Ok(Place {
            dir: dir.map_err(|error| StoreError::new(&path, &error))?,
            name: spot.name.clone(),
            path,
        })
    }

    /// Makes the names of a folder and of those above it durable; they may be new.
    ///
    /// # Errors
    /// What the disk says.
    fn sync_above(&self, path: &str) -> io::Result<()> {
        let mut below = path;
        while below != "." {
            below = below.rsplit_once('/').map_or(".", |(above, _)| above);
            self.folder(below, Make::Nothing)?.sync()?;
        }
        Ok(())
    }
}

/// The files of a disk.
pub(super) type FileOf<D> = <<D as Disk>::Folder as Folder>::File;

/// An open folder. Names are single components; a symbolic link is never followed.
pub trait Folder: Debug {
    /// A file in it.
    type File: Content;

    /// Opens a file for reading.
    ///
    /// # Errors
    /// What the disk says.
    fn open_file(&self, name: impl AsRef<OsStr>) -> io::Result<Self::File>;

    /// Opens a file for reading and writing that is there.
    ///
    /// # Errors
    /// What the disk says.
    fn open_to_write(&self, name: impl AsRef<OsStr>) -> io::Result<Self::File>;

    /// Opens a file for reading and writing; it is made when needed.
    ///
    /// # Errors
    /// What the disk says.
    fn open_or_make(&self, name: impl AsRef<OsStr>) -> io::Result<Self::File>;

    /// Makes a file, for reading and writing.
    ///
    /// # Errors
    /// [`io::ErrorKind::AlreadyExists`] when anything has the name, and what the disk says.
    fn make_new(&self, name: impl AsRef<OsStr>) -> io::Result<Self::File>;

    /// What has a name.
    ///
    /// # Errors
    /// What the disk says; a name that is free is none.
    fn look(&self, name: impl AsRef<OsStr>) -> io::Result<Option<Entry>>;

    /// All names in it, in no order.
    ///
    /// # Errors
    /// What the disk says.
    fn names(&self) -> io::Result<Vec<OsString>>;

    /// Moves a file here.
    ///
    /// # Errors
    /// [`io::ErrorKind::AlreadyExists`] when something has the name and is not to be replaced, and what the
    /// disk says.
    fn take(
        &self,
        name: impl AsRef<OsStr>,
        from: &Self,
        from_name: impl AsRef<OsStr>,
        replace: Replace,
    ) -> io::Result<()>;

    /// Gives a file a second name here.
    ///
    /// # Errors
    /// [`io::ErrorKind::AlreadyExists`] when something has the name, and what the disk says; many cannot.
    fn link(
        &self,
        name: impl AsRef<OsStr>,
        from: &Self,
        from_name: impl AsRef<OsStr>,
    ) -> io::Result<()>;

    /// Exchanges two names atomically.
    ///
    /// # Errors
    /// What the disk says; many cannot.
    fn exchange(
        &self,
        name: impl AsRef<OsStr>,
        other: &Self,
        other_name: impl AsRef<OsStr>,
    ) -> io::Result<()>;

    /// Removes a file.
    ///
    /// # Errors
    /// What the disk says.
    fn remove(&self, name: impl AsRef<OsStr>) -> io::Result<()>;

    /// Makes changes of its names durable.
    ///
    /// # Errors
    /// What the disk says.
    fn sync(&self) -> io::Result<()>;
}

/// An open file.
pub trait Content: Debug + Sized {
    /// What it is now.
    ///
    /// # Errors
    /// What the disk says.
    fn entry(&self) -> io::Result<Entry>;

    /// Fills `bytes` from an offset.
    ///
    /// # Errors
    /// [`io::ErrorKind::UnexpectedEof`] when the file ends before, and what the disk says.
    fn read_at(&self, bytes: &mut [u8], offset: u64) -> io::Result<()>;

    /// Writes all of `bytes` at an offset; after an error any part of them may be written.
    ///
    /// # Errors
    /// What the disk says.
    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()>;

    /// Makes content and length durable.
    ///
    /// # Errors
    /// What the disk says. What was not on the disk by then may be lost, whatever a later call says.
    fn sync_data(&self) -> io::Result<()>;

    /// As [`Content::sync_data`], and its times.
    ///
    /// # Errors
    /// The same.
    fn sync_all(&self) -> io::Result<()>;

    /// Cuts it off or makes it longer, with zeros.
    ///
    /// # Errors
    /// What the disk says.
    fn resize(&self, bytes: u64) -> io::Result<()>;

    /// Sets the length and reserves space for these ranges. Where the file system cannot reserve, free space is
    /// checked, less what is promised to other files. Everything new elsewhere is a hole.
    ///
    /// # Errors
    /// [`io::ErrorKind::StorageFull`] when there is not, and what the disk says. What was taken until then may be
    /// kept: see [`Content::release`].
    fn reserve(&self, bytes: u64, filled: &[ByteRange], promised_bytes: u64) -> io::Result<()>;

    /// Frees the space of a range, which reads as zeros from then on. The length stays.
    ///
    /// # Errors
    /// What the disk says; one that cannot is none.
    fn release(&self, range: ByteRange) -> io::Result<()>;

    /// Makes a range read as zeros; where the disk can, it takes no space from then on.
    ///
    /// # Errors
    /// As [`Content::write_at`].
    fn clear(&self, range: ByteRange) -> io::Result<()> {
        write_zeros(self, range)
    }

    /// Where data begins, from an offset on; `None` when only a hole follows. A disk that knows no holes has data
    /// everywhere.
    ///
    /// # Errors
    /// What the disk says.
    fn data_from(&self, offset: u64) -> io::Result<Option<u64>> {
        Ok(Some(offset))
    }

    /// The number of its hard links.
    ///
    /// # Errors
    /// What the disk says.
    fn links(&self) -> io::Result<u64>;

    /// Copies as many bytes as a range of this file has from an offset of another on.
    ///
    /// # Errors
    /// As [`Content::read_at`] and [`Content::write_at`].
    fn copy_range(&self, from: &Self, from_start: u64, range: ByteRange) -> io::Result<()> {
        copy_pieces(from, from_start, self, range)
    }

    /// Keeps other processes from locking it until it is closed.
    ///
    /// # Errors
    /// [`io::ErrorKind::WouldBlock`] when another has it, and what the disk says.
    fn lock(&self) -> io::Result<Locked>;
}

/// The outcome of locking.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Locked {
    /// No other process has it.
    Alone,
    /// The file system has no locks: others may work on the file.
    NoLocks,
}

/// Copies to a range by reading and writing.
pub(super) fn copy_pieces<C: Content>(
    from: &C,
    from_start: u64,
    to: &C,
    range: ByteRange,
) -> io::Result<()> {
    let mut bytes = Vec::new();
    let mut start = range.start;
    while start < range.end {
        bytes.resize(PIECE_BYTES.min(range.end - start) as usize, 0);
        from.read_at(&mut bytes, from_start + (start - range.start))?;
        to.write_at(&bytes, start)?;
        start += bytes.len() as u64;
    }
    Ok(())
}

/// Makes a range zeros by writing them.
pub(super) fn write_zeros(file: &impl Content, range: ByteRange) -> io::Result<()> {
    let zeros = vec![0; PIECE_BYTES.min(range.len()) as usize];
    let mut start = range.start;
    while start < range.end {
        let count = PIECE_BYTES.min(range.end - start);
        file.write_at(&zeros[..count as usize], start)?;
        start += count;
    }
    Ok(())
}

/// What a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// False for a folder, a link and the like.
    pub is_file: bool,
    /// A symbolic link.
    pub is_link: bool,
    /// Its length.
    pub bytes: u64,
    /// The same for one file whatever its name: device and inode.
    pub identity: (u64, u64),
    /// Last change of its content, in seconds and nanoseconds.
    pub changed: (i64, i64),
}

/// A folder, and a name in it.
#[derive(Debug)]
pub struct Place<F> {
    pub(super) dir: F,
    pub(super) name: OsString,
    /// For people.
    pub(super) path: PathBuf,
}

impl<F: Folder> Place<F> {
    pub(super) fn fail(&self, error: &io::Error) -> StoreError {
        StoreError::new(&self.path, error)
    }

    /// Opens the file for reading.
    pub(super) fn open(&self) -> io::Result<F::File> {
        self.dir.open_file(&self.name)
    }

    /// What has the name.
    pub(super) fn look(&self) -> io::Result<Option<Entry>> {
        self.dir.look(&self.name)
    }

    /// Moves a file here. An existing one is not replaced unless `replace`.
    pub(super) fn take(
        &self,
        from: &F,
        name: impl AsRef<OsStr>,
        replace: Replace,
    ) -> io::Result<()> {
        self.dir.take(&self.name, from, name, replace)
    }
}

/// Whether missing folders are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Make {
    /// They are.
    Folders,
    /// They are not.
    Nothing,
}

/// What a move does to a file that is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Replace {
    /// Leaves it: the move fails.
    Never,
    /// Takes its place.
    Existing,
}
