//! SHA-256 of bytes, manifests and files.
//!
//! One message is a chain that no second core and no vector register can speed up; many messages are not.
//! Chunks that wait together are therefore hashed together, each in a lane of its own ([`sha256_many`]):
//! on a processor without SHA instructions that is several times as fast.

use std::{
    fs::File,
    io::{self, Read},
    os::unix::fs::FileExt,
    path::Path,
    sync::{
        Arc, OnceLock,
        mpsc::{SyncSender, sync_channel},
    },
    thread::JoinHandle,
};

use ring::digest::{Context, SHA256};

use super::StoreError;
use crate::model::{ByteRange, ChunkIndex, ChunkLayout, Digest, Manifest};

/// What is read and hashed in one go, in bytes.
const PIECE_BYTES: usize = 256 << 10;
/// Chunks that the second thread may be behind.
const BEHIND: usize = 2;
/// Messages from which on it pays to hash them side by side; all lanes cost the same as one.
const FEWEST_TOGETHER: usize = 3;

/// SHA-256 of some bytes.
pub fn sha256(bytes: &[u8]) -> Digest {
    let mut hasher = Context::new(&SHA256);
    hasher.update(bytes);
    digest(hasher)
}

/// SHA-256 of each of some messages, fastest when they are as long as each other and as many as
/// [`lanes`].
pub fn sha256_many(messages: &[&[u8]]) -> Vec<Digest> {
    if messages.len() < FEWEST_TOGETHER || !lanes_are_right() {
        return messages.iter().map(|message| sha256(message)).collect();
    }
    let mut digests = vec![[0; 32]; messages.len()];
    tape_sha256::hash_many(messages, &mut digests);
    digests.into_iter().map(Digest::new).collect()
}

/// How many messages are best hashed at once on this processor.
pub fn lanes() -> usize {
    tape_sha256::lane_width().max(FEWEST_TOGETHER)
}

/// Every digest decides whether bytes are kept, so this processor's code is asked once for some whose
/// digests another library knows.
fn lanes_are_right() -> bool {
    static RIGHT: OnceLock<bool> = OnceLock::new();
    *RIGHT.get_or_init(|| {
        let bytes: Vec<u8> = (0..4096u32).map(|i| (i * 31 + i / 251) as u8).collect();
        let messages: Vec<&[u8]> = (0..2 * lanes())
            .map(|i| &bytes[i..bytes.len() - 7 * i])
            .collect();
        let mut digests = vec![[0; 32]; messages.len()];
        tape_sha256::hash_many(&messages, &mut digests);
        let expected = messages.iter().map(|message| sha256(message));
        let right = digests.into_iter().map(Digest::new).eq(expected);
        if !right {
            let backend = tape_sha256::backend();
            tracing::error!(backend, "wrong digests: chunks are hashed one by one");
        }
        right
    })
}

fn digest(hasher: Context) -> Digest {
    let mut bytes = [0; 32];
    // SHA-256 has 32 bytes.
    bytes.copy_from_slice(hasher.finish().as_ref());
    Digest::new(bytes)
}

/// SHA-256 of a whole file, as `sha256sum` prints it.
///
/// # Errors
/// When it cannot be read.
pub fn sha256_file(path: &Path) -> Result<Digest, StoreError> {
    let whole = || -> io::Result<Digest> {
        let mut file = File::open(path)?;
        let mut hasher = Context::new(&SHA256);
        let mut piece = vec![0; PIECE_BYTES];
        loop {
            match file.read(&mut piece)? {
                0 => return Ok(digest(hasher)),
                count => hasher.update(&piece[..count]),
            }
        }
    };
    whole().map_err(|error| StoreError::new(path, &error))
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
                let mut hasher = Context::new(&SHA256);
                for chunk in chunks {
                    hasher.update(chunk.as_slice());
                }
                digest(hasher)
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

    proptest::proptest! {
        /// All ways of hashing agree with an implementation that has nothing in common with them.
        #[test]
        fn all_ways_agree(
            lengths in proptest::collection::vec(0usize..700, 0..40),
            same in 0usize..3000,
            seed: u8,
        ) {
            use sha2::Digest as _;
            let bytes: Vec<u8> = (0..4000).map(|i| (i * 7 + i / 13) as u8 ^ seed).collect();
            for lengths in [lengths.clone(), vec![same; lengths.len()]] {
                let messages: Vec<&[u8]> =
                    lengths.iter().enumerate().map(|(i, length)| &bytes[i..i + length]).collect();
                let many = sha256_many(&messages);
                for (message, many) in messages.iter().zip(many) {
                    let expected = Digest::new(sha2::Sha256::digest(message).into());
                    proptest::prop_assert_eq!(many, expected);
                    proptest::prop_assert_eq!(sha256(message), expected);
                }
            }
        }
    }

    #[test]
    fn lanes_of_this_processor_are_right() {
        assert!(lanes_are_right());
    }

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
