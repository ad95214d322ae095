//! A file that is being received: `NAME.part` and its journal of verified chunks. A name is given to it
//! only when every byte is there and on the disk.
//!
//! `target` is where it is to be and `names` where everything of it lies until then; `there` is what has its name
//! already, `resume` what an earlier run left of it, `repair` what a damaged file of the name is still good for, `own`
//! what other files of this disk are good for, `chunks` which of their chunks are right. `lasting` makes it durable,
//! `ending` gives it its name or keeps it, `reading` reads what is there of it, `replace` lets it take the name of an older version, `orphans` ends those
//! that nobody goes on with. `space` is what it takes of the disk, `promises` what others will.

mod chunks;
mod ending;
mod lasting;
mod names;
mod orphans;
mod own;
mod promises;
mod reading;
mod repair;
mod replace;
mod resume;
mod space;
mod target;
mod there;

#[cfg(test)]
pub(super) mod tests;

use std::{
    io,
    path::PathBuf,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU64, Ordering},
    },
};

use parking_lot::{Mutex, MutexGuard, RwLock};

use super::{
    Root, StoreError,
    disk::{Disk, FileOf, Locked, Make},
    hash::sha256_many,
    journal::Journal,
    spot::Spot,
    zeros::{self, zero_chunks},
};
use crate::model::{ChunkIndex, ChunkSet, FileMeta, Manifest};
use names::Names;
use promises::Promise;
use repair::Old;
use resume::Earlier;
use space::{bytes_of, give_back, reserve};
use there::{There, there};

pub use orphans::{Pressure, Sweep};
pub use own::OwnFile;
pub use reading::WholeFile;
pub use repair::Checkup;
pub use target::{Existing, PartNote, PartPlace, Target};

/// Attempts to open a part file that others take away or that has to be set aside first.
const ATTEMPTS: usize = 4;

/// A file to be received.
#[derive(Debug)]
pub enum Opened<D: Disk = Root> {
    /// It is there already, with the same content.
    AlreadyComplete(PathBuf),
    /// It can be received.
    Part {
        /// The unfinished file.
        part: Box<PartFile<D>>,
        /// Chunks that earlier runs brought; those of zeros are not among them ([`PartFile::have`]).
        have: ChunkSet,
        /// For people.
        notes: Vec<PartNote>,
    },
}

/// An unfinished file. Chunks may be written from several threads.
#[derive(Debug)]
pub struct PartFile<D: Disk = Root> {
    file: FileOf<D>,
    progress: Mutex<Progress<FileOf<D>>>,
    /// Shared by those who write a chunk; whoever gives space back is alone. Never taken while `progress` is held.
    writing: RwLock<()>,
    /// Held while something is made to last. Never taken while `progress` is held.
    lasting: Mutex<Lasting>,
    unsynced_bytes: AtomicU64,
    promise: Arc<Promise>,
    manifest: Arc<Manifest>,
    names: Names<D>,
    /// When it was last written before it got its name.
    named: OnceLock<(i64, i64)>,
}

/// What is there of a part file.
#[derive(Debug)]
struct Progress<F> {
    journal: Journal<F>,
    have: ChunkSet,
}

/// What the disk has said of it.
#[derive(Debug)]
struct Lasting {
    /// It failed to keep something; nothing that is written from then on can be relied on.
    failed: bool,
    /// The names of part file and journal are on it.
    names: bool,
}

/// A chunk that was hashed.
#[derive(Debug)]
pub struct Checked<B> {
    chunk: ChunkIndex,
    bytes: B,
    right: bool,
}

impl<B> Checked<B> {
    /// Which one.
    pub fn chunk(&self) -> ChunkIndex {
        self.chunk
    }
}

impl<D: Disk> PartFile<D> {
    /// Opens a file for receiving, under its own name: looks at what has it, goes on with what an earlier run left.
    ///
    /// # Errors
    /// As [`PartFile::open_at`].
    pub fn open(
        disk: &D,
        meta: &FileMeta,
        manifest: Arc<Manifest>,
        existing: Existing,
        place: PartPlace,
    ) -> Result<Opened<D>, StoreError> {
        let target = Target {
            spot: Spot::from(&meta.name),
            existing,
            place,
        };
        Self::open_at(disk, meta, manifest, &target)
    }

    /// The same, wherever it is to be.
    ///
    /// # Errors
    /// [`StoreError::Exists`] when other content has the name and is to be kept, [`StoreError::Link`] and
    /// [`StoreError::NotAFile`] when what has it is never replaced, [`StoreError::Busy`] when
    /// another process receives it, [`StoreError::DiskFull`] when it does not fit, and what the disk says.
    pub fn open_at(
        disk: &D,
        meta: &FileMeta,
        manifest: Arc<Manifest>,
        target: &Target,
    ) -> Result<Opened<D>, StoreError> {
        let mut notes = Vec::new();
        for _ in 0..ATTEMPTS {
            match there(disk, &target.spot, &manifest)? {
                There::Same(path) => {
                    // Where there is no folder for part files there is nothing to tidy up.
                    if let Ok(names) = Names::new(disk, target, Make::Nothing) {
                        names.tidy(meta)?;
                    }
                    return Ok(Opened::AlreadyComplete(path));
                }
                There::Other(path, found) => match target.existing {
                    Existing::Keep => return Err(StoreError::Exists(path)),
                    Existing::Replaces(old) if old != found => {
                        return Err(StoreError::Changed(path));
                    }
                    Existing::Replaces(_) | Existing::Overwrite => {}
                },
                There::None => {}
            }
            let names = Names::new(disk, target, Make::Folders)?;
            let nothing_more = |_: &FileOf<D>, _: &mut ChunkSet| Ok(());
            if let Some(begun) = Self::begin(names, meta, &manifest, &mut notes, nothing_more)? {
                let (part, have) = begun;
                return Ok(Opened::Part { part, have, notes });
            }
        }
        Err(StoreError::Busy(target.spot.below(disk.path())))
    }

    /// Reads the file that has the name, and unless it is as it should be opens one for receiving, beside it,
    /// with all that is good of it; that one takes its place once it is whole. Until then nothing of the old
    /// file changes. It stops, with an error, when `keep_on` says so.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is no such file, [`StoreError::Busy`] when another process receives
    /// it, and what the disk says.
    pub fn verify(
        disk: &D,
        meta: &FileMeta,
        manifest: Arc<Manifest>,
        keep_on: &dyn Fn() -> bool,
    ) -> Result<(Checkup, Opened<D>), StoreError> {
        let target = Target {
            spot: Spot::from(&meta.name),
            existing: Existing::Overwrite,
            place: PartPlace::Beside,
        };
        let old = Old::look(disk, meta, &manifest, keep_on)?;
        let checkup = old.checkup();
        if old.is_whole(meta) {
            let names = Names::new(disk, &target, Make::Nothing)?;
            names.tidy(meta)?;
            return Ok((checkup, Opened::AlreadyComplete(old.path)));
        }
        let mut notes = Vec::new();
        for _ in 0..ATTEMPTS {
            let mut names = Names::new(disk, &target, Make::Folders)?;
            names.replaces = Some(old.entry);
            let fill =
                |part: &FileOf<D>, have: &mut ChunkSet| old.fill(part, have, &manifest, keep_on);
            if let Some(begun) = Self::begin(names, meta, &manifest, &mut notes, fill)? {
                let (part, have) = begun;
                return Ok((checkup, Opened::Part { part, have, notes }));
            }
        }
        Err(StoreError::Busy(old.path))
    }

    /// Opens the part file with what an earlier run left and what `fill` adds to it, all of it on the disk. None
    /// when it must be tried again.
    fn begin(
        mut names: Names<D>,
        meta: &FileMeta,
        manifest: &Arc<Manifest>,
        notes: &mut Vec<PartNote>,
        fill: impl FnOnce(&FileOf<D>, &mut ChunkSet) -> io::Result<()>,
    ) -> Result<Option<(Box<Self>, ChunkSet)>, StoreError> {
        let Some((file, locked)) = names.lock_part()? else {
            return Ok(None);
        };
        if locked == Locked::NoLocks && !notes.contains(&PartNote::NoLocks) {
            notes.push(PartNote::NoLocks);
        }
        let mut have = match resume::resume(&file, meta, manifest, &mut names)? {
            Earlier::Ours { have, note } => {
                notes.extend(note);
                have
            }
            Earlier::Foreign => {
                let to = names.set_aside()?;
                notes.push(PartNote::SetAside { to });
                return Ok(None);
            }
        };
        let zeros = zero_chunks(manifest);
        for chunk in zeros.iter() {
            have.insert(chunk);
        }
        let filled = reserve(&file, meta.layout, &zeros, &have).and_then(|promise| {
            let had = bytes_of(meta.layout, &have);
            fill(&file, &mut have)?;
            promise.keep(bytes_of(meta.layout, &have) - had);
            Ok(promise)
        });
        // Zeros need no record: they are known by their digests.
        let brought = without(have.clone(), &zeros);
        let ready = filled
            .map_err(|error| names.fail(&error))
            .and_then(|promise| Ok((promise, names.new_journal(&file, meta, &brought)?)));
        let (promise, journal) = match ready {
            Ok(ready) => ready,
            Err(error) => {
                // What was taken of the disk is of use to nobody.
                let given = if brought.is_empty() {
                    names.discard(&file)
                } else {
                    give_back(&file, meta.layout, &have)
                };
                if let Err(error) = given {
                    tracing::warn!(%error, "space is not given back");
                }
                return Err(error);
            }
        };
        let part = Self {
            file,
            progress: Mutex::new(Progress { journal, have }),
            writing: RwLock::new(()),
            lasting: Mutex::new(Lasting {
                failed: false,
                names: false,
            }),
            unsynced_bytes: AtomicU64::new(0),
            promise,
            manifest: Arc::clone(manifest),
            names,
            named: OnceLock::new(),
        };
        Ok(Some((Box::new(part), brought)))
    }

    /// All chunks that are there, those of zeros as well.
    pub fn have(&self) -> ChunkSet {
        self.progress().have.clone()
    }

    /// Hashes some chunks, all together, and says which of them are right.
    pub fn check<B: AsRef<[u8]>>(&self, chunks: Vec<(ChunkIndex, B)>) -> Vec<Checked<B>> {
        let bytes: Vec<&[u8]> = chunks.iter().map(|(_, bytes)| bytes.as_ref()).collect();
        let digests = sha256_many(&bytes);
        let checked = chunks.into_iter().zip(digests);
        checked
            .map(|((chunk, bytes), digest)| Checked {
                chunk,
                bytes,
                right: self.manifest.chunk(chunk) == Some(digest),
            })
            .collect()
    }

    /// Writes a chunk if it is right; false, and nothing is written, if it is not.
    ///
    /// # Errors
    /// What the disk says.
    pub fn write<B: AsRef<[u8]>>(&self, checked: &Checked<B>) -> Result<bool, StoreError> {
        let range = self.manifest.layout().byte_range(checked.chunk);
        let bytes = checked.bytes.as_ref();
        if !checked.right || range.len() != bytes.len() as u64 {
            return Ok(false);
        }
        if self.progress().have.contains(checked.chunk) {
            // A duplicate. The file may have its name already, and must not look changed.
            return Ok(true);
        }
        let _writing = self.writing.read();
        let written = zeros::write(&self.file, bytes, range.start);
        written.map_err(|error| self.names.fail(&error))?;
        self.record(checked.chunk)?;
        Ok(true)
    }

    /// A chunk is in the file, right. Whoever calls it holds `writing` since before it was written.
    fn record(&self, chunk: ChunkIndex) -> Result<(), StoreError> {
        let mut progress = self.progress();
        let recorded = progress.journal.written(chunk);
        recorded.map_err(|error| self.names.fail_journal(&error))?;
        progress.have.insert(chunk);
        drop(progress);
        let bytes = u64::from(self.manifest.layout().chunk_len(chunk));
        self.promise.keep(bytes);
        self.unsynced_bytes.fetch_add(bytes, Ordering::Relaxed);
        Ok(())
    }

    fn progress(&self) -> MutexGuard<'_, Progress<FileOf<D>>> {
        self.progress.lock()
    }
}

fn without(mut all: ChunkSet, chunks: &ChunkSet) -> ChunkSet {
    chunks.iter().for_each(|chunk| {
        all.remove(chunk);
    });
    all
}
