//! Chunks from files of this disk: an older version, a copy, a file under another name. Each chunk is verified like one
//! from the network, and a file is read whole only when a sample of it was of use.

use std::{fs::File, io, sync::Arc};

use super::{
    Checked, PartFile,
    chunks::is_hole,
    repair::{good_of, lots, proceed},
};
use crate::{
    model::{ByteRange, ChunkIndex, ChunkSet, Digest, Manifest},
    store::{
        Root, StoreError,
        disk::{Content, Disk, Entry, FileOf, Folder, Make},
        hash::{lanes, sha256_many},
        spot::Spot,
        zeros,
    },
};

/// Chunks of a file of unknown content that are read before all others are: none of use, and it is left alone.
const SAMPLE: u64 = 32;
/// Names of a folder that are looked at for files of the same length, and such files.
const MOST_LOOKED_AT: usize = 1000;
const MOST_AS_LONG: usize = 3;
const SMALL_BYTES: u64 = 4 << 20;
/// Taken chunks are synced when so many bytes are not.
const SYNC_BYTES: u64 = 256 << 20;

/// A file of this disk that may have chunks of one that is received.
#[derive(Debug)]
pub struct OwnFile<F = File> {
    pub(in crate::store) file: F,
    /// What is known of its content.
    pub(in crate::store) manifest: Option<Arc<Manifest>>,
    /// Chunks that are read to find out whether the others are worth it, where nothing is known.
    pub(in crate::store) sample: u64,
}

impl OwnFile {
    /// A file whose content is known, as far as that goes: what is taken from it is verified all the same.
    pub(in crate::store) fn known(file: File, manifest: Arc<Manifest>) -> Self {
        Self {
            file,
            manifest: Some(manifest),
            sample: SAMPLE,
        }
    }

    /// True when it is this file, cut into chunks of this length.
    pub fn is(&self, entry: &Entry, chunk_bytes: u32) -> bool {
        let same = self
            .file
            .entry()
            .is_ok_and(|own| own.identity == entry.identity);
        let known = self.manifest.as_ref();
        same && known.is_some_and(|known| known.layout().chunk_bytes() == chunk_bytes)
    }

    /// Files beside a name that are as long as the one that is wanted: one that was renamed is. Of a small one, no
    /// other is worth a look.
    pub fn as_long(root: &Root, spot: &Spot, bytes: u64) -> Vec<Self> {
        if bytes < SMALL_BYTES {
            return Vec::new();
        }
        let found = || -> io::Result<Vec<Self>> {
            let dir = root.folder(&spot.folder, Make::Nothing)?;
            let names = dir.entries()?.take(MOST_LOOKED_AT).flatten();
            let names = names.filter_map(|entry| entry.file_name().into_string().ok());
            let is_as_long = |name: &String| matches!(dir.look(name), Ok(Some(entry)) if entry.is_file && entry.bytes == bytes);
            let open = |name: String| {
                let file = dir.open_file(&name).ok()?;
                Some(Self {
                    file,
                    manifest: None,
                    sample: 1,
                })
            };
            let found = names.filter(is_as_long).filter_map(open);
            Ok(found.take(MOST_AS_LONG).collect())
        };
        found().unwrap_or_default()
    }

    /// The file that has a name, whatever is in it.
    pub fn named(root: &Root, spot: &Spot) -> Option<Self> {
        let file = root.place_at(spot, Make::Nothing).ok()?.open().ok()?;
        let is_file = file.entry().is_ok_and(|entry| entry.is_file);
        is_file.then_some(Self {
            file,
            manifest: None,
            sample: SAMPLE,
        })
    }
}

/// Chunks that are not there yet, by digest.
struct Wanted(Vec<(Digest, ChunkIndex)>);

impl Wanted {
    fn of(&self, digest: Digest) -> impl Iterator<Item = ChunkIndex> + '_ {
        let first = self.0.partition_point(|(other, _)| *other < digest);
        let same = self.0[first..]
            .iter()
            .take_while(move |(other, _)| *other == digest);
        same.map(|(_, chunk)| *chunk)
    }

    fn has(&self, digest: Digest) -> bool {
        self.of(digest).next().is_some()
    }
}

impl<D: Disk> PartFile<D> {
    /// Takes missing chunks from files of this disk, one file after the other until none is missing; gives their bytes.
    /// Stops with what it has when `keep_on` is false.
    ///
    /// # Errors
    /// What the disk says of the part file; other files are passed over.
    pub fn take_own(
        &self,
        files: impl Iterator<Item = OwnFile<FileOf<D>>>,
        keep_on: &dyn Fn() -> bool,
    ) -> Result<u64, StoreError> {
        let mut bytes = 0;
        for own in files {
            let wanted = self.wanted();
            if wanted.0.is_empty() || !keep_on() {
                break;
            }
            let chunk_bytes = self.manifest.layout().chunk_bytes();
            bytes += match &own.manifest {
                Some(known) if known.layout().chunk_bytes() == chunk_bytes => {
                    self.take_known(&own.file, known, &wanted, keep_on)?
                }
                Some(_) | None => self.take_unknown(&own.file, own.sample, &wanted, keep_on)?,
            };
        }
        Ok(bytes)
    }

    fn wanted(&self) -> Wanted {
        let have = self.have();
        let all = self.manifest.layout().all();
        let lacking = all.iter().filter(|chunk| !have.contains(*chunk));
        let digest = |chunk| self.manifest.chunk(chunk).map(|digest| (digest, chunk));
        let mut wanted: Vec<_> = lacking.filter_map(digest).collect();
        wanted.sort_unstable();
        Wanted(wanted)
    }

    /// Takes chunks from where a manifest says that they are. They are copied first, as blocks may be shared instead,
    /// and then read and hashed: the file is not ours alone.
    fn take_known(
        &self,
        from: &FileOf<D>,
        known: &Manifest,
        wanted: &Wanted,
        keep_on: &dyn Fn() -> bool,
    ) -> Result<u64, StoreError> {
        let layout = self.manifest.layout();
        let mut planned = ChunkSet::new(layout.chunk_count());
        let mut whence = vec![0; layout.chunk_count() as usize];
        let mut plan = Vec::new();
        for theirs in known.layout().all().iter() {
            let Some(digest) = known.chunk(theirs) else {
                continue;
            };
            for ours in wanted.of(digest) {
                let fits = layout.chunk_len(ours) == known.layout().chunk_len(theirs);
                if fits && planned.insert(ours) {
                    whence[ours.as_usize()] = known.layout().byte_range(theirs).start;
                    plan.push(ours);
                }
            }
        }
        let mut taken = 0;
        for lot in lots(plan.into_iter(), &self.manifest) {
            if !keep_on() {
                break;
            }
            let writing = self.writing.read();
            let mut copied = Vec::with_capacity(lot.len());
            for chunk in lot {
                let range = layout.byte_range(chunk);
                match self.file.copy_range(from, whence[chunk.as_usize()], range) {
                    Ok(()) => copied.push(chunk),
                    Err(error) if is_no_space(&error) => return Err(self.names.fail(&error)),
                    Err(error) => tracing::debug!(%chunk, %error, "not to be had from here"),
                }
            }
            for (chunk, bytes) in good_of(&self.file, &copied, &self.manifest) {
                let punched = zeros::punch(&self.file, &bytes, layout.byte_range(chunk).start);
                punched.map_err(|error| self.names.fail(&error))?;
                self.record(chunk)?;
                taken += bytes.len() as u64;
            }
            drop(writing);
            self.sync_if_much()?;
        }
        Ok(taken)
    }

    /// Reads a file of which nothing is known, and takes what is wanted; all of it only when a sample has something.
    fn take_unknown(
        &self,
        from: &FileOf<D>,
        sample: u64,
        wanted: &Wanted,
        keep_on: &dyn Fn() -> bool,
    ) -> Result<u64, StoreError> {
        let Ok(entry) = from.entry() else {
            return Ok(0);
        };
        let chunk_bytes = u64::from(self.manifest.layout().chunk_bytes());
        let count = entry.bytes.div_ceil(chunk_bytes);
        let range = |index: u64| ByteRange {
            start: index * chunk_bytes,
            end: entry.bytes.min((index + 1) * chunk_bytes),
        };
        let step = (count / sample).max(1);
        let mut sample = (0..count).step_by(step as usize).chain([count.max(1) - 1]);
        let has_some = sample.any(|index| {
            let read = read_lot(from, &[range(index)]);
            keep_on() && read.iter().any(|(digest, _)| wanted.has(*digest))
        });
        if !has_some {
            return Ok(0);
        }
        let most = lots_of(chunk_bytes);
        let (mut taken, mut next) = (0, 0);
        while next < count && proceed(keep_on).is_ok() {
            let end = count.min(next + most);
            let lot: Vec<_> = (next..end).map(range).collect();
            for (digest, bytes) in read_lot(from, &lot) {
                taken += self.write_wanted(wanted, digest, bytes)?;
            }
            self.sync_if_much()?;
            next = end;
        }
        Ok(taken)
    }

    fn write_wanted(
        &self,
        wanted: &Wanted,
        digest: Digest,
        bytes: Vec<u8>,
    ) -> Result<u64, StoreError> {
        let mut taken = 0;
        let mut checked = Checked {
            chunk: ChunkIndex(0),
            bytes,
            right: true,
        };
        for chunk in wanted.of(digest) {
            if self.progress().have.contains(chunk) {
                continue;
            }
            checked.chunk = chunk;
            if self.write(&checked)? {
                taken += checked.bytes.len() as u64;
            }
        }
        Ok(taken)
    }

    fn sync_if_much(&self) -> Result<(), StoreError> {
        if self.unsynced_bytes() >= SYNC_BYTES {
            self.sync()?;
        }
        Ok(())
    }
}

/// Chunks that are read before they are hashed.
fn lots_of(chunk_bytes: u64) -> u64 {
    const LOT_BYTES: u64 = 16 << 20;
    (LOT_BYTES / chunk_bytes).clamp(1, lanes() as u64)
}

/// Digests and bytes of ranges; those that cannot be read, and holes, are left out.
fn read_lot(file: &impl Content, ranges: &[ByteRange]) -> Vec<(Digest, Vec<u8>)> {
    let mut read = Vec::with_capacity(ranges.len());
    for range in ranges.iter().filter(|range| !is_hole(file, **range)) {
        let mut bytes = vec![0; range.len() as usize];
        if file.read_at(&mut bytes, range.start).is_ok() {
            read.push(bytes);
        }
    }
    let messages: Vec<&[u8]> = read.iter().map(Vec::as_slice).collect();
    let digests = sha256_many(&messages);
    digests.into_iter().zip(read).collect()
}

/// True when it is the part file that cannot be written.
fn is_no_space(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge
    )
}
