//! SHA-256 of bytes, manifests and files.

use std::{
    collections::VecDeque,
    fs::File,
    io::{self, Read},
    os::unix::fs::FileExt,
    path::Path,
    sync::{
        Arc,
        mpsc::{SyncSender, sync_channel},
    },
    thread::JoinHandle,
};

use sha2::{Digest as _, Sha256};

use super::StoreError;
use crate::model::{ByteRange, ChunkIndex, ChunkLayout, Digest, Manifest};

/// What is read and hashed in one go, in bytes.
const PIECE_BYTES: usize = 256 << 10;
/// A step of reading a file, in bytes.
const STEP_BYTES: u64 = 1 << 20;
/// Steps that the second thread may be behind.
const BEHIND: usize = 2;

/// SHA-256 of some bytes.
pub fn sha256(bytes: &[u8]) -> Digest {
    Digest::new(Sha256::digest(bytes).into())
}

/// SHA-256 of a whole file, as `sha256sum` prints it.
///
/// # Errors
/// When it cannot be read.
pub fn sha256_file(path: &Path) -> Result<Digest, StoreError> {
    let digest = || -> io::Result<Digest> {
        let mut file = File::open(path)?;
        let mut hasher = Sha256::new();
        let mut piece = vec![0; PIECE_BYTES];
        loop {
            match file.read(&mut piece)? {
                0 => return Ok(Digest::new(hasher.finalize().into())),
                count => hasher.update(&piece[..count]),
            }
        }
    };
    digest().map_err(|error| StoreError::new(path, &error))
}

/// The id of a manifest.
pub fn manifest_id(manifest: &Manifest) -> Digest {
    sha256(&manifest.canonical())
}

/// Reads a file once and makes its manifest, a piece per step. The digest of the whole is computed in a
/// thread of its own, beside the chunks'.
#[derive(Debug)]
pub(super) struct FileHasher {
    file: File,
    layout: ChunkLayout,
    digests: Vec<Digest>,
    /// Of the chunk that is being read.
    chunk: Sha256,
    /// What was read of it.
    chunk_bytes: u64,
    pieces: Pieces,
    /// None for a file of one chunk, which has the digest of that chunk.
    whole: Option<Whole>,
}

/// Buffers that take turns, so that memory is taken once.
#[derive(Debug, Default)]
struct Pieces {
    buffers: VecDeque<Arc<Vec<u8>>>,
}

/// The thread that computes the digest of the whole file.
#[derive(Debug)]
struct Whole {
    pieces: SyncSender<Arc<Vec<u8>>>,
    thread: JoinHandle<Digest>,
}

impl FileHasher {
    pub(super) fn new(file: File, layout: ChunkLayout) -> io::Result<Self> {
        let whole = match layout.chunk_count() {
            0 | 1 => None,
            _ => Some(Whole::start()?),
        };
        Ok(Self {
            file,
            layout,
            digests: Vec::with_capacity(layout.chunk_count() as usize),
            chunk: Sha256::new(),
            chunk_bytes: 0,
            pieces: Pieces::default(),
            whole,
        })
    }

    /// Reads the next piece; false when there is none left.
    pub(super) fn step(&mut self) -> io::Result<bool> {
        let chunk = ChunkIndex(self.digests.len() as u32);
        if !self.layout.contains(chunk) {
            return Ok(false);
        }
        let all = self.layout.byte_range(chunk);
        let start = all.start + self.chunk_bytes;
        let end = all.end.min(start + STEP_BYTES);
        let mut bytes = self.pieces.take();
        bytes.resize((end - start) as usize, 0);
        self.file.read_exact_at(&mut bytes, start)?;
        let piece = Arc::new(bytes);
        if let Some(whole) = &self.whole {
            // The thread ends only when this sender does.
            let _ = whole.pieces.send(Arc::clone(&piece));
        }
        self.chunk.update(piece.as_slice());
        self.pieces.give_back(piece);
        self.chunk_bytes += end - start;
        if end == all.end {
            let digest = self.chunk.finalize_reset();
            self.digests.push(Digest::new(digest.into()));
            self.chunk_bytes = 0;
        }
        Ok(true)
    }

    /// The manifest, after all steps.
    pub(super) fn finish(self) -> io::Result<Manifest> {
        let whole = match (self.whole, self.digests.first()) {
            (Some(whole), _) => whole.finish()?,
            (None, Some(only)) => *only,
            (None, None) => sha256(b""),
        };
        Manifest::new(self.layout, whole, self.digests).map_err(io::Error::other)
    }
}

impl Pieces {
    /// The oldest buffer, when nobody else has it any more, or a new one.
    fn take(&mut self) -> Vec<u8> {
        let oldest = self.buffers.pop_front().unwrap_or_default();
        match Arc::try_unwrap(oldest) {
            Ok(bytes) => bytes,
            Err(oldest) => {
                self.buffers.push_front(oldest);
                Vec::new()
            }
        }
    }

    fn give_back(&mut self, piece: Arc<Vec<u8>>) {
        // One is being hashed, others wait.
        if self.buffers.len() < BEHIND + 2 {
            self.buffers.push_back(piece);
        }
    }
}

impl Whole {
    fn start() -> io::Result<Self> {
        let (pieces, waiting) = sync_channel::<Arc<Vec<u8>>>(BEHIND);
        let thread = std::thread::Builder::new()
            .name("sha256".to_owned())
            .spawn(move || {
                let mut hasher = Sha256::new();
                for piece in waiting {
                    hasher.update(piece.as_slice());
                }
                Digest::new(hasher.finalize().into())
            })?;
        Ok(Self { pieces, thread })
    }

    fn finish(self) -> io::Result<Digest> {
        drop(self.pieces);
        let digest = self.thread.join();
        digest.map_err(|_| io::Error::other("the hashing thread failed"))
    }
}

/// Appends a range of a file.
pub(super) fn read_range(file: &File, range: ByteRange, target: &mut Vec<u8>) -> io::Result<()> {
    let before = target.len();
    target.resize(before + range.len() as usize, 0);
    let read = file.read_exact_at(&mut target[before..], range.start);
    if read.is_err() {
        target.truncate(before);
    }
    read
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manifest_has_the_digests_of_all_and_of_each_chunk() {
        let folder = tempfile::tempdir().unwrap();
        for length in [0usize, 1, 1 << 20, (2 << 20) + 5, 9 << 20] {
            let bytes: Vec<u8> = (0..length).map(|i| (i * 7 + i / 251) as u8).collect();
            let path = folder.path().join("f");
            std::fs::write(&path, &bytes).unwrap();
            let layout = ChunkLayout::for_file(length as u64).unwrap();
            let mut hasher = FileHasher::new(File::open(&path).unwrap(), layout).unwrap();
            while hasher.step().unwrap() {}
            let manifest = hasher.finish().unwrap();
            assert_eq!(manifest.whole(), sha256(&bytes));
            for (index, chunk) in bytes.chunks(1 << 20).enumerate() {
                let digest = manifest.chunk(ChunkIndex(index as u32));
                assert_eq!(digest, Some(sha256(chunk)));
            }
        }
    }
}
