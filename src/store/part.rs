//! A file that is being received: `NAME.part` and its journal of verified chunks. A name is given to it
//! only when every byte is there and on the disk.

use std::{
    fs::File,
    io,
    os::unix::fs::FileExt,
    path::PathBuf,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use rustix::fs::{FallocateFlags, FlockOperation};

use super::{
    StoreError,
    hash::{read_range, sha256, sha256_many},
    journal::{self, Journal},
    root::{HIDDEN, Make, Place, Replace, Root, sync_folder},
};
use crate::model::{ChunkIndex, ChunkLayout, ChunkSet, FileMeta, FileName, Manifest};

/// Chunks of which a journal says that they are on the disk, and which are read all the same.
const SAMPLE: usize = 16;

/// `f_type` of a file system in memory, as statfs(2) lists it.
const TMPFS_MAGIC: rustix::fs::FsWord = 0x0102_1994;
/// The unit of `st_blocks`.
const BLOCK_BYTES: u64 = 512;

/// What to do with a file of other content that has the name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Existing {
    /// Leave it: the transfer fails.
    Keep,
    /// Replace it, once the new one is complete.
    Overwrite,
}

/// Where an unfinished file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PartPlace {
    /// `NAME.part`, where the file will be.
    Beside,
    /// Below a hidden folder of the root, so that nobody takes it for a file.
    Hidden,
}

/// What was found of an earlier run, when it could not simply go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PartNote {
    /// It was of other content, or its journal is of no use: everything is asked for again.
    StartedOver,
    /// Some journalled chunks were not in the file as they should be, and are asked for again.
    Damaged {
        /// How many.
        chunks: u32,
    },
}

/// A file to be received.
#[derive(Debug)]
pub enum Opened {
    /// It is there already, with the same content.
    AlreadyComplete(PathBuf),
    /// It can be received.
    Part {
        /// The unfinished file.
        part: Box<PartFile>,
        /// Chunks of it that are there.
        have: ChunkSet,
        /// For people.
        notes: Vec<PartNote>,
    },
}

/// An unfinished file. Chunks may be written from several threads.
#[derive(Debug)]
pub struct PartFile {
    file: File,
    progress: Mutex<Progress>,
    unsynced_bytes: AtomicU64,
    manifest: Arc<Manifest>,
    names: Names,
}

/// What is there of a part file.
#[derive(Debug)]
struct Progress {
    journal: Journal,
    have: ChunkSet,
    /// The disk failed to keep something; nothing that is written from then on can be relied on.
    sync_failed: bool,
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

/// Where everything of a part file is.
#[derive(Debug)]
struct Names {
    root: Root,
    name: FileName,
    existing: Existing,
    place: PartPlace,
    /// The part file's own place.
    part: Place,
    journal: String,
}

impl Names {
    fn new(
        root: &Root,
        name: &FileName,
        existing: Existing,
        place: PartPlace,
    ) -> Result<Self, StoreError> {
        let mut part = match place {
            PartPlace::Beside => root.place(name, Make::Folders)?,
            PartPlace::Hidden => {
                let folder = Self::hidden_folder();
                let path = root.path().join(&folder);
                let dir = root
                    .folder(&folder, Make::Folders)
                    .map_err(|error| StoreError::new(&path, &error))?;
                let name = sha256(name.as_str().as_bytes()).to_string();
                Place { dir, name, path }
            }
        };
        let journal = format!("{}{}", part.name, FileName::JOURNAL_SUFFIX);
        part.name.push_str(FileName::PART_SUFFIX);
        part.path = match place {
            PartPlace::Beside => part.path.with_file_name(&part.name),
            PartPlace::Hidden => part.path.join(&part.name),
        };
        Ok(Self {
            root: root.clone(),
            name: name.clone(),
            existing,
            place,
            part,
            journal,
        })
    }

    fn hidden_folder() -> String {
        format!("{HIDDEN}/partes")
    }

    fn fail(&self, error: &io::Error) -> StoreError {
        self.part.fail(error)
    }

    fn remove_hidden(&self) {
        if self.place == PartPlace::Hidden {
            self.root.remove_empty(&Self::hidden_folder());
        }
    }
}

impl PartFile {
    /// Opens a file for receiving: looks at what has its name, goes on with what an earlier run left.
    ///
    /// # Errors
    /// [`StoreError::Exists`] when other content has the name and is to be kept, [`StoreError::Busy`] when
    /// another process receives it, and what the disk says.
    pub fn open(
        root: &Root,
        meta: &FileMeta,
        manifest: Arc<Manifest>,
        existing: Existing,
        place: PartPlace,
    ) -> Result<Opened, StoreError> {
        match target(root, meta, &manifest)? {
            Target::Same => return Ok(Opened::AlreadyComplete(root.full_path(&meta.name))),
            Target::Other if existing == Existing::Keep => {
                return Err(StoreError::Exists(root.full_path(&meta.name)));
            }
            Target::Other | Target::None => {}
        }
        let names = Names::new(root, &meta.name, existing, place)?;
        let fail = |error: io::Error| names.fail(&error);
        let file = names.part.open_beside(&names.part.name).map_err(fail)?;
        rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive)
            .map_err(|error| fail(error.into()))?;
        let (have, notes) = resume(&file, meta, &manifest, &names).map_err(fail)?;
        allocate(&file, meta.layout).map_err(fail)?;
        let journal = new_journal(&file, meta, &have, &names).map_err(fail)?;
        let part = Box::new(Self {
            file,
            progress: Mutex::new(Progress {
                journal,
                have: have.clone(),
                sync_failed: false,
            }),
            unsynced_bytes: AtomicU64::new(0),
            manifest,
            names,
        });
        Ok(Opened::Part { part, have, notes })
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
        let fail = |error: io::Error| self.names.fail(&error);
        self.file.write_all_at(bytes, range.start).map_err(fail)?;
        let mut progress = self.progress();
        progress.journal.written(checked.chunk).map_err(fail)?;
        progress.have.insert(checked.chunk);
        drop(progress);
        self.unsynced_bytes
            .fetch_add(bytes.len() as u64, Ordering::Relaxed);
        Ok(true)
    }

    /// Bytes that were written and may not be on the disk.
    pub fn unsynced_bytes(&self) -> u64 {
        self.unsynced_bytes.load(Ordering::Relaxed)
    }

    /// Makes what was written last: the data first, then the record of it. Once the disk has failed to, it
    /// is not asked again: the kernel drops pages that it could not write, and would then say that all is
    /// well. What was not on the disk before is forgotten.
    ///
    /// # Errors
    /// What the disk says, or that it failed before.
    pub fn sync(&self) -> Result<(), StoreError> {
        let fail = |error: io::Error| self.names.fail(&error);
        let covered_bytes = self.unsynced_bytes();
        let covered = self.progress().journal.count();
        self.sync_data(|| self.file.sync_data()).map_err(fail)?;
        self.progress().journal.synced(covered).map_err(fail)?;
        self.unsynced_bytes
            .fetch_sub(covered_bytes, Ordering::Relaxed);
        Ok(())
    }

    fn sync_data(&self, sync: impl FnOnce() -> io::Result<()>) -> io::Result<()> {
        if self.progress().sync_failed {
            return Err(io::Error::other(
                "the disk failed to keep what was written to this file",
            ));
        }
        sync().inspect_err(|_| {
            let mut progress = self.progress();
            progress.sync_failed = true;
            if let Err(error) = progress.journal.forget_unsynced() {
                tracing::warn!(%error, "the journal vouches for chunks that may not be on the disk");
            }
        })
    }

    /// Gives the file its name, once all of it is on the disk, and says where it is.
    ///
    /// # Errors
    /// [`StoreError::Exists`] when another file took the name meanwhile, that chunks are missing, and what
    /// the disk says; what was received is kept.
    pub fn finish(&self) -> Result<PathBuf, StoreError> {
        let names = &self.names;
        let fail = |error: io::Error| names.fail(&error);
        if !self.progress().have.is_full() {
            return Err(fail(io::Error::other("chunks are missing")));
        }
        self.sync_data(|| self.file.sync_all()).map_err(fail)?;
        let target = names.root.place(&names.name, Make::Folders)?;
        let replace = match names.existing {
            Existing::Keep => Replace::Never,
            Existing::Overwrite => Replace::Existing,
        };
        target
            .take(&names.part.dir, &names.part.name, replace)
            .map_err(|error| target.fail(&error))?;
        target.sync_folder().map_err(|error| target.fail(&error))?;
        names.part.dir.remove_file(&names.journal).map_err(fail)?;
        names.remove_hidden();
        Ok(target.path)
    }

    /// Removes all that was received.
    ///
    /// # Errors
    /// What the disk says.
    pub fn discard(&self) -> Result<(), StoreError> {
        let names = &self.names;
        let fail = |error: io::Error| names.fail(&error);
        names.part.dir.remove_file(&names.journal).map_err(fail)?;
        names.part.dir.remove_file(&names.part.name).map_err(fail)?;
        names.remove_hidden();
        Ok(())
    }

    fn progress(&self) -> MutexGuard<'_, Progress> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What has the name of a file that is to be received.
enum Target {
    None,
    Same,
    Other,
}

fn target(root: &Root, meta: &FileMeta, manifest: &Manifest) -> Result<Target, StoreError> {
    let place = match root.place(&meta.name, Make::Nothing) {
        Ok(place) => place,
        Err(StoreError::NotFound(_)) => return Ok(Target::None),
        Err(error) => return Err(error),
    };
    match place.dir.symlink_metadata(&place.name) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Target::None),
        Err(error) => return Err(place.fail(&error)),
        Ok(found) if !found.is_file() || found.len() != meta.layout.file_bytes() => {
            return Ok(Target::Other);
        }
        Ok(_) => {}
    }
    let file = place.open().map_err(|error| place.fail(&error))?;
    let same = meta
        .layout
        .all()
        .iter()
        .all(|chunk| is_good(&file, manifest, chunk));
    Ok(if same { Target::Same } else { Target::Other })
}

fn is_good(file: &File, manifest: &Manifest, chunk: ChunkIndex) -> bool {
    let mut bytes = Vec::new();
    read_range(file, manifest.layout().byte_range(chunk), &mut bytes).is_ok()
        && manifest.chunk(chunk) == Some(sha256(&bytes))
}

/// What an earlier run brought and can be trusted.
fn resume(
    file: &File,
    meta: &FileMeta,
    manifest: &Manifest,
    names: &Names,
) -> io::Result<(ChunkSet, Vec<PartNote>)> {
    let nothing = ChunkSet::new(meta.layout.chunk_count());
    let length = file.metadata()?.len();
    let found = match names.part.dir.open(&names.journal) {
        Ok(journal) => journal::read(&mut journal.into_std(), meta)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(error),
    };
    let Some(found) = found.filter(|_| length == meta.layout.file_bytes()) else {
        file.set_len(0)?;
        let notes = if length > 0 {
            vec![PartNote::StartedOver]
        } else {
            Vec::new()
        };
        return Ok((nothing, notes));
    };
    let mut trusted = found.synced;
    let mut damaged = 0;
    let step = (trusted.len() as usize / SAMPLE).max(1);
    let offset = fastrand::usize(..step);
    let sample = trusted.iter().skip(offset).step_by(step);
    let sound = sample
        .into_iter()
        .all(|chunk| is_good(file, manifest, chunk));
    if !sound {
        let bad: Vec<_> = trusted
            .iter()
            .filter(|chunk| !is_good(file, manifest, *chunk))
            .collect();
        damaged = bad.len() as u32;
        for chunk in bad {
            trusted.remove(chunk);
        }
    }
    for chunk in found.unsure.iter() {
        if is_good(file, manifest, chunk) {
            trusted.insert(chunk);
        }
    }
    let notes = if damaged > 0 {
        vec![PartNote::Damaged { chunks: damaged }]
    } else {
        Vec::new()
    };
    Ok((trusted, notes))
}

/// Makes the file as long as it will be, and takes the space where that is cheap: a file system in memory
/// would fill all of it with zeros first, so there the space is only looked at.
fn allocate(file: &File, layout: ChunkLayout) -> io::Result<()> {
    let length = layout.file_bytes();
    if rustix::fs::fstatfs(file)?.f_type == TMPFS_MAGIC {
        let taken = std::os::unix::fs::MetadataExt::blocks(&file.metadata()?) * BLOCK_BYTES;
        let free = rustix::fs::fstatvfs(file)?;
        // A tmpfs without a limit has no blocks at all.
        if free.f_blocks > 0 && length.saturating_sub(taken) > free.f_bavail * free.f_frsize {
            return Err(io::ErrorKind::StorageFull.into());
        }
    } else if length > 0 {
        match rustix::fs::fallocate(file, FallocateFlags::empty(), 0, length) {
            Ok(()) | Err(rustix::io::Errno::OPNOTSUPP | rustix::io::Errno::NOSYS) => {}
            Err(error) => return Err(error.into()),
        }
    }
    file.set_len(length)
}

/// Replaces the journal by one that starts with what is trusted. Where that is nothing and
/// nothing was there, nothing needs to last.
fn new_journal(
    file: &File,
    meta: &FileMeta,
    have: &ChunkSet,
    names: &Names,
) -> io::Result<Journal> {
    let dir = &names.part.dir;
    // An older journal must not come back.
    let must_last = !have.is_empty() || dir.exists(&names.journal);
    if !have.is_empty() {
        file.sync_data()?;
    }
    let fresh = format!("{}~", names.journal);
    let _ = dir.remove_file(&fresh);
    let journal = Journal::start(names.part.open_beside(&fresh)?, meta, have)?;
    dir.rename(&fresh, dir, &names.journal)?;
    if must_last {
        sync_folder(dir)?;
    }
    Ok(journal)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::manifest_id;

    const LENGTH: usize = (3 << 20) + 77;

    fn bytes() -> Vec<u8> {
        (0..LENGTH).map(|i| (i * 31 + i / 1000) as u8).collect()
    }

    fn file(name: &str) -> (FileMeta, Arc<Manifest>) {
        let layout = ChunkLayout::for_file(LENGTH as u64).unwrap();
        let bytes = bytes();
        let chunks = bytes.chunks(1 << 20).map(sha256).collect();
        let manifest = Manifest::new(layout, sha256(&bytes), chunks).unwrap();
        let meta = FileMeta {
            name: FileName::try_from(name).unwrap(),
            layout,
            id: manifest_id(&manifest),
        };
        (meta, Arc::new(manifest))
    }

    fn chunk(index: u32) -> Vec<u8> {
        bytes()
            .chunks(1 << 20)
            .nth(index as usize)
            .unwrap()
            .to_vec()
    }

    fn write(part: &PartFile, index: u32, bytes: &[u8]) -> bool {
        let checked = part.check(vec![(ChunkIndex(index), bytes)]);
        part.write(&checked[0]).unwrap()
    }

    #[test]
    fn what_the_disk_failed_to_keep_is_forgotten() {
        let folder = Folder::new();
        let (part, ..) = folder.part("a", PartPlace::Beside);
        write(&part, 2, &chunk(2));
        part.sync().unwrap();
        write(&part, 0, &chunk(0));
        let failure = part.sync_data(|| Err(io::ErrorKind::Other.into()));
        assert!(failure.is_err());
        for index in [1, 3] {
            write(&part, index, &chunk(index));
        }
        // The kernel would say that all is well.
        assert!(part.sync().is_err());
        assert!(part.finish().is_err());
        drop(part);
        let (_, have, notes) = folder.part("a", PartPlace::Beside);
        assert_eq!(have, [1, 2, 3]);
        assert!(notes.is_empty());
    }

    struct Folder {
        root: Root,
        _temporary: tempfile::TempDir,
    }

    impl Folder {
        fn new() -> Self {
            let temporary = tempfile::tempdir().unwrap();
            Self {
                root: Root::open(temporary.path()).unwrap(),
                _temporary: temporary,
            }
        }

        fn open(&self, name: &str, place: PartPlace) -> Result<Opened, StoreError> {
            let (meta, manifest) = file(name);
            PartFile::open(&self.root, &meta, manifest, Existing::Keep, place)
        }

        fn part(&self, name: &str, place: PartPlace) -> (Box<PartFile>, Vec<u32>, Vec<PartNote>) {
            match self.open(name, place).unwrap() {
                Opened::Part { part, have, notes } => {
                    (part, have.iter().map(|c| c.0).collect(), notes)
                }
                Opened::AlreadyComplete(path) => panic!("{path:?}"),
            }
        }

        fn entries(&self) -> Vec<String> {
            let mut names: Vec<_> = std::fs::read_dir(self.root.path())
                .unwrap()
                .map(|entry| entry.unwrap().file_name().into_string().unwrap())
                .collect();
            names.sort();
            names
        }
    }

    #[test]
    fn only_right_chunks_are_written_and_only_a_whole_file_gets_the_name() {
        for (place, during) in [(PartPlace::Beside, "serie"), (PartPlace::Hidden, ".trozos")] {
            let folder = Folder::new();
            std::fs::write(folder.root.path().join("other"), b"x").unwrap();
            let (part, have, notes) = folder.part("serie/cap 1.bin", place);
            assert!(have.is_empty() && notes.is_empty());
            for index in 0..4 {
                let mut wrong = chunk(index);
                wrong[5] ^= 1;
                assert!(!write(&part, index, &wrong));
                assert!(part.finish().is_err());
                assert!(write(&part, index, &chunk(index)));
            }
            assert!(!write(&part, 4, &[]));
            let mut expected = [during, "other"];
            expected.sort_unstable();
            assert_eq!(folder.entries(), expected);
            let path = part.finish().unwrap();
            assert_eq!(path, folder.root.path().join("serie/cap 1.bin"));
            assert_eq!(std::fs::read(&path).unwrap(), bytes());
            assert_eq!(folder.entries(), ["other", "serie"]);
            assert!(matches!(
                folder.open("serie/cap 1.bin", place),
                Ok(Opened::AlreadyComplete(_))
            ));
            // Its user changes it, and a duplicate comes late.
            std::fs::write(&path, b"mine").unwrap();
            assert!(write(&part, 0, &chunk(0)));
            assert_eq!(std::fs::read(&path).unwrap(), b"mine");
        }
    }

    #[test]
    fn a_killed_receiver_goes_on_with_what_can_be_trusted() {
        let folder = Folder::new();
        let (part, ..) = folder.part("a", PartPlace::Beside);
        write(&part, 2, &chunk(2));
        part.sync().unwrap();
        assert_eq!(part.unsynced_bytes(), 0);
        write(&part, 0, &chunk(0));
        write(&part, 1, &chunk(1));
        assert!(matches!(
            folder.open("a", PartPlace::Beside),
            Err(StoreError::Busy(_))
        ));
        drop(part);
        // The machine stopped before chunk 1 was on the disk.
        let path = folder.root.path().join("a.part");
        let damaged = File::options().write(true).open(&path).unwrap();
        damaged.write_all_at(&[0; 100], 1 << 20).unwrap();
        let (part, have, notes) = folder.part("a", PartPlace::Beside);
        assert_eq!(have, [0, 2]);
        assert!(notes.is_empty());
        drop(part);
        // Synced data went bad: the sample finds it.
        damaged.write_all_at(&[0; 100], 2 << 20).unwrap();
        let (part, have, notes) = folder.part("a", PartPlace::Beside);
        assert_eq!(have, [0]);
        assert_eq!(notes, [PartNote::Damaged { chunks: 1 }]);
        drop(part);
        std::fs::write(folder.root.path().join("a.part-diario"), b"?").unwrap();
        let (part, have, notes) = folder.part("a", PartPlace::Beside);
        assert!(have.is_empty());
        assert_eq!(notes, [PartNote::StartedOver]);
        part.discard().unwrap();
        assert!(folder.entries().is_empty());
    }

    #[test]
    fn another_file_of_the_name_is_never_lost() {
        let folder = Folder::new();
        let (part, ..) = folder.part("a", PartPlace::Beside);
        for index in 0..4 {
            write(&part, index, &chunk(index));
        }
        std::fs::write(folder.root.path().join("a"), b"mine").unwrap();
        assert!(matches!(part.finish(), Err(StoreError::Exists(_))));
        assert_eq!(
            std::fs::read(folder.root.path().join("a")).unwrap(),
            b"mine"
        );
        drop(part);
        assert!(matches!(
            folder.open("a", PartPlace::Beside),
            Err(StoreError::Exists(_))
        ));
        let (meta, manifest) = file("a");
        let opened = PartFile::open(
            &folder.root,
            &meta,
            manifest,
            Existing::Overwrite,
            PartPlace::Beside,
        );
        let Ok(Opened::Part { part, have, .. }) = opened else {
            panic!("{opened:?}");
        };
        assert!(have.is_full());
        part.finish().unwrap();
        assert_eq!(
            std::fs::read(folder.root.path().join("a")).unwrap(),
            bytes()
        );
    }

    #[test]
    fn a_folder_that_cannot_be_written_is_named() {
        let folder = Folder::new();
        std::fs::write(folder.root.path().join("serie"), b"a file").unwrap();
        let error = folder.open("serie/a", PartPlace::Beside).unwrap_err();
        assert!(error.to_string().contains("serie"), "{error}");
    }
}
