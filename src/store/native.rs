//! Folders and files as the operating system has them.

use std::{
    fs::File,
    io,
    os::unix::fs::{FileExt, MetadataExt as _},
};

use cap_std::fs::{Dir, MetadataExt};
use rustix::{
    fs::{AtFlags, FallocateFlags, FlockOperation, Mode, OFlags, RenameFlags, openat},
    io::Errno,
};

use super::disk::{self, Content, Entry, Folder, Replace};
use crate::model::ByteRange;

/// `f_type` of a file system in memory, as statfs(2) lists it.
const TMPFS_MAGIC: rustix::fs::FsWord = 0x0102_1994;
/// The unit of `st_blocks`.
const BLOCK_BYTES: u64 = 512;

impl Folder for Dir {
    type File = File;

    fn open_file(&self, name: &str) -> io::Result<File> {
        open(self, name, OFlags::RDONLY)
    }

    fn open_or_make(&self, name: &str) -> io::Result<File> {
        open(self, name, OFlags::RDWR | OFlags::CREATE)
    }

    fn look(&self, name: &str) -> io::Result<Option<Entry>> {
        match self.symlink_metadata(name) {
            Ok(found) => Ok(Some(Entry {
                is_file: found.is_file(),
                bytes: found.len(),
                identity: (MetadataExt::dev(&found), MetadataExt::ino(&found)),
                changed: (MetadataExt::mtime(&found), MetadataExt::mtime_nsec(&found)),
            })),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn take(&self, name: &str, from: &Self, from_name: &str, replace: Replace) -> io::Result<()> {
        if replace == Replace::Existing {
            return from.rename(from_name, self, name);
        }
        let never = RenameFlags::NOREPLACE;
        match rustix::fs::renameat_with(from, from_name, self, name, never) {
            // A file system that does not know how. A second name is never given over another file.
            Err(Errno::INVAL | Errno::NOSYS) => {}
            other => return other.map_err(Into::into),
        }
        match rustix::fs::linkat(from, from_name, self, name, AtFlags::empty()) {
            Ok(()) => from.remove_file(from_name),
            // Nor that: look first, then move.
            Err(Errno::PERM | Errno::OPNOTSUPP | Errno::NOSYS) => match self.look(name)? {
                Some(_) => Err(io::ErrorKind::AlreadyExists.into()),
                None => from.rename(from_name, self, name),
            },
            Err(error) => Err(error.into()),
        }
    }

    fn link(&self, name: &str, from: &Self, from_name: &str) -> io::Result<()> {
        let linked = rustix::fs::linkat(from, from_name, self, name, AtFlags::empty());
        linked.map_err(Into::into)
    }

    fn exchange(&self, name: &str, other: &Self, other_name: &str) -> io::Result<()> {
        let exchange = RenameFlags::EXCHANGE;
        let exchanged = rustix::fs::renameat_with(other, other_name, self, name, exchange);
        exchanged.map_err(Into::into)
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        self.remove_file(name)
    }

    fn sync(&self) -> io::Result<()> {
        match rustix::fs::fsync(self) {
            // Some file systems cannot; there is nothing more to do.
            Err(Errno::INVAL | Errno::BADF) => Ok(()),
            other => other.map_err(Into::into),
        }
    }
}

/// A name is one component, so it cannot lead out of the folder as long as links are not followed. What is no
/// file must not hold the opening up.
fn open(dir: &Dir, name: &str, flags: OFlags) -> io::Result<File> {
    let always = OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK;
    let mode = Mode::from_raw_mode(0o644);
    Ok(openat(dir, name, flags | always, mode)?.into())
}

impl Content for File {
    fn entry(&self) -> io::Result<Entry> {
        let found = self.metadata()?;
        Ok(Entry {
            is_file: found.is_file(),
            bytes: found.len(),
            identity: (found.dev(), found.ino()),
            changed: (found.mtime(), found.mtime_nsec()),
        })
    }

    fn read_at(&self, bytes: &mut [u8], offset: u64) -> io::Result<()> {
        self.read_exact_at(bytes, offset)
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.write_all_at(bytes, offset)
    }

    fn sync_data(&self) -> io::Result<()> {
        File::sync_data(self)
    }

    fn sync_all(&self) -> io::Result<()> {
        File::sync_all(self)
    }

    fn resize(&self, bytes: u64) -> io::Result<()> {
        self.set_len(bytes)
    }

    /// The space is taken where that is cheap: a file system in memory would fill all of it with zeros first, so
    /// there it is only looked at.
    fn reserve(&self, bytes: u64, filled: &[ByteRange]) -> io::Result<()> {
        if rustix::fs::fstatfs(self)?.f_type == TMPFS_MAGIC {
            let needed: u64 = filled.iter().map(|range| range.len()).sum();
            let taken = self.metadata()?.blocks() * BLOCK_BYTES;
            let free = rustix::fs::fstatvfs(self)?;
            // A tmpfs without a limit has no blocks at all.
            if free.f_blocks > 0 && needed.saturating_sub(taken) > free.f_bavail * free.f_frsize {
                return Err(io::ErrorKind::StorageFull.into());
            }
        } else {
            for range in filled {
                let flags = FallocateFlags::empty();
                match rustix::fs::fallocate(self, flags, range.start, range.len()) {
                    Ok(()) => {}
                    Err(Errno::OPNOTSUPP | Errno::NOSYS) => break,
                    Err(error) => return Err(error.into()),
                }
            }
        }
        self.set_len(bytes)
    }

    fn clear(&self, range: ByteRange) -> io::Result<()> {
        if range.is_empty() {
            return Ok(());
        }
        let flags = FallocateFlags::PUNCH_HOLE | FallocateFlags::KEEP_SIZE;
        match rustix::fs::fallocate(self, flags, range.start, range.len()) {
            Ok(()) => Ok(()),
            Err(Errno::OPNOTSUPP | Errno::NOSYS | Errno::INVAL) => {
                match self.data_from(range.start) {
                    Ok(data) if data.is_none_or(|data| data >= range.end) => Ok(()),
                    _ => disk::write_zeros(self, range),
                }
            }
            Err(error) => Err(error.into()),
        }
    }

    fn data_from(&self, offset: u64) -> io::Result<Option<u64>> {
        match rustix::fs::seek(self, rustix::fs::SeekFrom::Data(offset)) {
            Ok(data) => Ok(Some(data)),
            Err(Errno::NXIO) => Ok(None),
            Err(Errno::INVAL | Errno::OPNOTSUPP | Errno::NOSYS) => Ok(Some(offset)),
            Err(error) => Err(error.into()),
        }
    }

    fn links(&self) -> io::Result<u64> {
        Ok(self.metadata()?.nlink())
    }

    /// File systems that can share blocks between files do so.
    fn copy_range(&self, from: &Self, from_start: u64, range: ByteRange) -> io::Result<()> {
        let (mut read, mut written) = (from_start, range.start);
        while written < range.end {
            let left = (range.end - written) as usize;
            match rustix::fs::copy_file_range(from, Some(&mut read), self, Some(&mut written), left)
            {
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(_) => {}
                Err(Errno::XDEV | Errno::NOSYS | Errno::OPNOTSUPP | Errno::INVAL) => {
                    let rest = ByteRange {
                        start: written,
                        end: range.end,
                    };
                    return disk::copy_pieces(from, read, self, rest);
                }
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    fn lock(&self) -> io::Result<()> {
        Ok(rustix::fs::flock(
            self,
            FlockOperation::NonBlockingLockExclusive,
        )?)
    }
}
