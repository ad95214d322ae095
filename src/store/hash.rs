//! SHA-256 of bytes, manifests and files.

use std::{
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
/// Chunks that the second thread may be behind.
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

/// Reads a file once and makes its manifest, a chunk per step. The digest of the whole is computed in a
/// thread of its own, beside the chunks'.
#[derive(Debug)]
pub(super) struct FileHasher {
    file: File,
    layout: ChunkLayout,
    digests: Vec<Digest>,
    whole: SyncSender<Arc<Vec<u8>>>,
    thread: JoinHandle<Digest>,
}

impl FileHasher {
    pub(super) fn new(file: File, layout: ChunkLayout) -> io::Result<Self> {
        let (whole, chunks) = sync_channel::<Arc<Vec<u8>>>(BEHIND);
        let thread = std::thread::Builder::new()
            .name("sha256".to_owned())
            .spawn(move || {
                let mut hasher = Sha256::new();
                for chunk in chunks {
                    hasher.update(chunk.as_slice());
                }
                Digest::new(hasher.finalize().into())
            })?;
        Ok(Self {
            file,
            layout,
            digests: Vec::with_capacity(layout.chunk_count() as usize),
            whole,
            thread,
        })
    }

    /// Reads the next chunk; false when there is none left.
    pub(super) fn step(&mut self) -> io::Result<bool> {
        let chunk = ChunkIndex(self.digests.len() as u32);
        if !self.layout.contains(chunk) {
            return Ok(false);
        }
        let mut bytes = Vec::new();
        read_range(&self.file, self.layout.byte_range(chunk), &mut bytes)?;
        let bytes = Arc::new(bytes);
        // The thread ends only when this sender does.
        let _ = self.whole.send(Arc::clone(&bytes));
        self.digests.push(sha256(&bytes));
        Ok(true)
    }

    /// The manifest, after all steps.
    pub(super) fn finish(self) -> io::Result<Manifest> {
        drop(self.whole);
        let whole = self
            .thread
            .join()
            .map_err(|_| io::Error::other("the hashing thread failed"))?;
        Manifest::new(self.layout, whole, self.digests).map_err(io::Error::other)
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
        for length in [0usize, 1, 1 << 20, (2 << 20) + 5] {
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
