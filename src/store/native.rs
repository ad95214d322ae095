//! Folders and files as the operating system has them.

use std::{
    ffi::{OsStr, OsString},
    fs::File,
    io,
    os::unix::fs::{FileExt, MetadataExt as _},
};

use cap_std::fs::{Dir, MetadataExt};
use rustix::{
    fs::{AtFlags, FallocateFlags, FlockOperation, Mode, OFlags, RenameFlags, openat},
    io::Errno,
};

use super::disk::{self, Content, Entry, Folder, Locked, Replace};
use crate::model::ByteRange;

/// `f_type` of a file system in memory, as statfs(2) lists it.
const TMPFS_MAGIC: rustix::fs::FsWord = 0x0102_1994;
/// The unit of `st_blocks`.
const BLOCK_BYTES: u64 = 512;
/// Space that a file must leave free, in bytes, for its journal, for folder entries, and for everything else on the
/// disk.
const HEADROOM_BYTES: u64 = 1 << 20;

impl Folder for Dir {
    type File = File;

    fn open_file(&self, name: impl AsRef<OsStr>) -> io::Result<File> {
        open(self, name.as_ref(), OFlags::RDONLY)
    }

    fn open_to_write(&self, name: impl AsRef<OsStr>) -> io::Result<File> {
        open(self, name.as_ref(), OFlags::RDWR)
    }

    fn open_or_make(&self, name: impl AsRef<OsStr>) -> io::Result<File> {
        open(self, name.as_ref(), OFlags::RDWR | OFlags::CREATE)
    }

    fn make_new(&self, name: impl AsRef<OsStr>) -> io::Result<File> {
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::EXCL;
        open(self, name.as_ref(), flags)
    }

    fn look(&self, name: impl AsRef<OsStr>) -> io::Result<Option<Entry>> {
        match self.symlink_metadata(name.as_ref()) {
            Ok(found) => Ok(Some(Entry {
                is_file: found.is_file(),
                is_link: found.is_symlink(),
                bytes: found.len(),
                identity: (MetadataExt::dev(&found), MetadataExt::ino(&found)),
                changed: (MetadataExt::mtime(&found), MetadataExt::mtime_nsec(&found)),
            })),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn names(&self) -> io::Result<Vec<OsString>> {
        let entries = self.entries()?;
        entries.map(|entry| Ok(entry?.file_name())).collect()
    }

    fn take(
        &self,
        name: impl AsRef<OsStr>,
        from: &Self,
        from_name: impl AsRef<OsStr>,
        replace: Replace,
    ) -> io::Result<()> {
        let (name, from_name) = (name.as_ref(), from_name.as_ref());
        if replace == Replace::Existing {
            return from.rename(from_name, self, name);
        }
        let never = RenameFlags::NOREPLACE;
        match rustix::fs::renameat_with(from, from_name, self, name, never) {
            // The file system cannot do this directly. A hard link never replaces another file.
            Err(Errno::INVAL | Errno::NOSYS) => {}
            other => return other.map_err(Into::into),
        }
        match rustix::fs::linkat(from, from_name, self, name, AtFlags::empty()) {
            Ok(()) => from.remove_file(from_name),
            // Hard links are not supported either: look first, then move.
            Err(Errno::PERM | Errno::OPNOTSUPP | Errno::NOSYS) => match self.look(name)? {
                Some(_) => Err(io::ErrorKind::AlreadyExists.into()),
                None => from.rename(from_name, self, name),
            },
            Err(error) => Err(error.into()),
        }
    }

    fn link(
        &self,
        name: impl AsRef<OsStr>,
        from: &Self,
        from_name: impl AsRef<OsStr>,
    ) -> io::Result<()> {
        let (name, from_name) = (name.as_ref(), from_name.as_ref());
        let linked = rustix::fs::linkat(from, from_name, self, name, AtFlags::empty());
        linked.map_err(Into::into)
    }

    fn exchange(
        &self,
        name: impl AsRef<OsStr>,
        other: &Self,
        other_name: impl AsRef<OsStr>,
    ) -> io::Result<()> {
        let (name, other_name) = (name.as_ref(), other_name.as_ref());
        let exchange = RenameFlags::EXCHANGE;
        let exchanged = rustix::fs::renameat_with(other, other_name, self, name, exchange);
        exchanged.map_err(Into::into)
    }

    fn remove(&self, name: impl AsRef<OsStr>) -> io::Result<()> {
        self.remove_file(name.as_ref())
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
fn open(dir: &Dir, name: &OsStr, flags: OFlags) -> io::Result<File> {
    let always = OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK;
    let mode = Mode::from_raw_mode(0o644);
    Ok(openat(dir, name, flags | always, mode)?.into())
}

impl Content for File {
    fn entry(&self) -> io::Result<Entry> {
        let found = self.metadata()?;
        Ok(Entry {
            is_file: found.is_file(),
            is_link: found.is_symlink(),
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

    /// Free space is checked first, as fallocate takes every free block before it fails. Then space is reserved where
    /// that is cheap: a file system in memory would fill it all with zeros.
    fn reserve(&self, bytes: u64, filled: &[ByteRange], promised_bytes: u64) -> io::Result<()> {
        let is_memory = rustix::fs::fstatfs(self)?.f_type == TMPFS_MAGIC;
        let before = self.metadata()?;
        let needed: u64 = filled.iter().map(|range| range.len()).sum();
        let lacking = needed.saturating_sub(before.blocks() * BLOCK_BYTES);
        let free = rustix::fs::fstatvfs(self)?;
        let free_bytes = free.f_bavail.saturating_mul(free.f_frsize);
        // A tmpfs without a limit has no blocks at all, nor has a share that does not know.
        let is_known = free.f_blocks > 0 && lacking > 0;
        let must_leave = |bytes: u64| {
            if is_known && lacking.saturating_add(bytes) > free_bytes {
                Err(io::Error::from(io::ErrorKind::StorageFull))
            } else {
                Ok(())
            }
        };
        let to_take = if is_memory {
            must_leave(promised_bytes)?;
            &[]
        } else if lacking == 0 {
            &[]
        } else {
            must_leave(HEADROOM_BYTES)?;
            filled
        };
        for range in to_take {
            let flags = FallocateFlags::empty();
            match rustix::fs::fallocate(self, flags, range.start, range.len()) {
                Ok(()) => {}
                Err(Errno::OPNOTSUPP | Errno::NOSYS) => {
                    must_leave(promised_bytes.saturating_add(HEADROOM_BYTES))?;
                    break;
                }
                Err(error) => {
                    // Another process took the space meanwhile. Truncating frees what lies beyond the end.
                    let _ = self.set_len(before.len());
                    return Err(error.into());
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

    fn release(&self, range: ByteRange) -> io::Result<()> {
        if range.is_empty() {
            return Ok(());
        }
        let how = FallocateFlags::PUNCH_HOLE | FallocateFlags::KEEP_SIZE;
        match rustix::fs::fallocate(self, how, range.start, range.len()) {
            Err(Errno::OPNOTSUPP | Errno::NOSYS) => Ok(()),
            other => other.map_err(Into::into),
        }
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

    fn lock(&self) -> io::Result<Locked> {
        match rustix::fs::flock(self, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Ok(Locked::Alone),
            // NFS without its lock service, and file systems that never had any.
            Err(Errno::NOLCK | Errno::OPNOTSUPP | Errno::NOSYS | Errno::INVAL) => {
                Ok(Locked::NoLocks)
            }
            Err(error) => Err(error.into()),
        }
    }
}
