//! SHA-256 of bytes, manifests and files.
//!
//! One message is a sequential chain, which neither a second core nor vector registers can speed up; many messages are
//! not. Chunks that wait together are therefore hashed together, each in a lane of its own ([`sha256_many`]): on a
//! processor without SHA instructions that is several times as fast.
//!
//! Every digest decides whether bytes are kept. The reference is sha2; what is faster (ring for one message,
//! tape-sha256 for many) is compared with it on the processor at hand before its first use, and is not used where
//! they differ.

use std::{
    collections::VecDeque,
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
use sha2::{Digest as _, Sha256};

use super::{StoreError, disk::Content as _, zeros::digest_of_zeros};
use crate::model::{ByteRange, ChunkIndex, ChunkLayout, Digest, Manifest};

/// What is read and hashed in one go, in bytes.
const PIECE_BYTES: usize = 256 << 10;
/// A step of reading a file, in bytes: some chunks, or a part of a large one.
const STEP_BYTES: u64 = 4 << 20;
/// Steps that the second thread may be behind.
const BEHIND: usize = 1;
/// From this many messages on it pays to hash them side by side: all lanes cost as much as one.
const FEWEST_TOGETHER: usize = 3;

/// SHA-256 of some bytes.
pub fn sha256(bytes: &[u8]) -> Digest {
    let mut hasher = Hasher::new();
    hasher.update(bytes);
    hasher.digest()
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

/// SHA-256 by the reference.
fn reference(message: &[u8]) -> Digest {
    Digest::new(Sha256::digest(message).into())
}

fn lanes_are_right() -> bool {
    static RIGHT: OnceLock<bool> = OnceLock::new();
    *RIGHT.get_or_init(|| {
        let backend = tape_sha256::backend();
        agrees(backend, 2 * lanes(), |messages| {
            let mut digests = vec![[0; 32]; messages.len()];
            tape_sha256::hash_many(messages, &mut digests);
            digests.into_iter().map(Digest::new).collect()
        })
    })
}

fn ring_is_right() -> bool {
    static RIGHT: OnceLock<bool> = OnceLock::new();
    *RIGHT.get_or_init(|| {
        agrees("ring", 2 * FEWEST_TOGETHER, |messages| {
            let digest = |message: &&[u8]| {
                let mut hasher = Hasher::Ring(Context::new(&SHA256));
                // In two pieces, as most messages come.
                let (first, rest) = message.split_at(message.len() / 3);
                hasher.update(first);
                hasher.update(rest);
                hasher.digest()
            };
            messages.iter().map(digest).collect()
        })
    })
}

/// True when a way of hashing agrees with the reference about some messages of different lengths.
fn agrees(name: &str, count: usize, hash: impl Fn(&[&[u8]]) -> Vec<Digest>) -> bool {
    let bytes: Vec<u8> = (0..4096u32).map(|i| (i * 31 + i / 251) as u8).collect();
    let messages: Vec<&[u8]> = (0..count).map(|i| &bytes[i..bytes.len() - 7 * i]).collect();
    let expected = messages.iter().map(|message| reference(message));
    let right = hash(&messages).into_iter().eq(expected);
    if !right {
        tracing::error!(name, "wrong digests: it is not used");
    }
    right
}

/// SHA-256 of one message that comes in pieces.
enum Hasher {
    Ring(Context),
    Reference(Sha256),
}

impl Hasher {
    fn new() -> Self {
        if ring_is_right() {
            Self::Ring(Context::new(&SHA256))
        } else {
            Self::Reference(Sha256::new())
        }
    }

    fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::Ring(context) => context.update(bytes),
            Self::Reference(hasher) => hasher.update(bytes),
        }
    }

    fn digest(self) -> Digest {
        let mut bytes = [0; 32];
        match self {
            // SHA-256 has 32 bytes.
            Self::Ring(context) => bytes.copy_from_slice(context.finish().as_ref()),
            Self::Reference(hasher) => bytes.copy_from_slice(&hasher.finalize()),
        }
        Digest::new(bytes)
    }
}

impl std::fmt::Debug for Hasher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Hasher")
    }
}

/// SHA-256 of a whole file, as `sha256sum` prints it.
///
/// # Errors
/// When it cannot be read.
pub fn sha256_file(path: &Path) -> Result<Digest, StoreError> {
    let whole = || -> io::Result<Digest> {
        let mut file = File::open(path)?;
        let mut hasher = Hasher::new();
        let mut piece = vec![0; PIECE_BYTES];
        loop {
            match file.read(&mut piece)? {
                0 => return Ok(hasher.digest()),
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

/// Reads a file once and makes its manifest, a piece per step. The digest of the whole is computed in a
/// thread of its own, beside the chunks'.
#[derive(Debug)]
pub(super) struct FileHasher<R = File> {
    file: R,
    layout: ChunkLayout,
    digests: Vec<Digest>,
    /// Of the chunk that is being read.
    chunk: Hasher,
    /// What was read of it.
    chunk_bytes: u64,
    pieces: Pieces,
    step_bytes: u64,
    /// None for a file of one chunk, which has the digest of that chunk.
    whole: Option<Whole>,
    /// Where data begins from a step on that was looked at.
    data_from: Option<u64>,
}

/// What can be read like a file.
pub trait Readable {
    /// Fills a buffer with what begins at an offset. Offsets only grow, and no bytes are left out.
    ///
    /// # Errors
    /// What it is read from says.
    fn read_exact_at(&mut self, bytes: &mut [u8], start: u64) -> io::Result<()>;

    /// Where data begins from an offset on; `None` when there is nothing but a hole.
    ///
    /// # Errors
    /// As above.
    fn data_from(&mut self, start: u64) -> io::Result<Option<u64>> {
        Ok(Some(start))
    }

    /// How long it is now.
    ///
    /// # Errors
    /// As above.
    fn length(&self) -> io::Result<u64>;
}

impl Readable for File {
    fn read_exact_at(&mut self, bytes: &mut [u8], start: u64) -> io::Result<()> {
        FileExt::read_exact_at(self, bytes, start)
    }

    fn data_from(&mut self, start: u64) -> io::Result<Option<u64>> {
        super::disk::Content::data_from(self, start)
    }

    fn length(&self) -> io::Result<u64> {
        Ok(self.entry()?.bytes)
    }
}

/// Buffers are reused, so that memory is allocated once.
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

impl<R: Readable> FileHasher<R> {
    pub(super) fn new(file: R, layout: ChunkLayout) -> io::Result<Self> {
        let whole = match layout.chunk_count() {
            0 | 1 => None,
            _ => Some(Whole::start()?),
        };
        Ok(Self {
            file,
            layout,
            digests: Vec::with_capacity(layout.chunk_count() as usize),
            chunk: Hasher::new(),
            chunk_bytes: 0,
            pieces: Pieces::default(),
            step_bytes: STEP_BYTES,
            whole,
            data_from: Some(0),
        })
    }

    /// Reads the next piece, unless it is a hole; false when there is none left.
    pub(super) fn step(&mut self) -> io::Result<bool> {
        let chunk = ChunkIndex(self.digests.len() as u32);
        if !self.layout.contains(chunk) {
            return Ok(false);
        }
        let start = self.layout.byte_range(chunk).start + self.chunk_bytes;
        let end = self.layout.file_bytes().min(start + self.step_bytes);
        let is_hole = self.is_hole(start, end)?;
        let mut bytes = self.pieces.take();
        if is_hole {
            bytes.clear();
        }
        bytes.resize((end - start) as usize, 0);
        if !is_hole {
            self.file.read_exact_at(&mut bytes, start)?;
        }
        let piece = Arc::new(bytes);
        if let Some(whole) = &self.whole {
            // The thread ends only when this sender does.
            let _ = whole.pieces.send(Arc::clone(&piece));
        }
        let chunk_bytes = u64::from(self.layout.chunk_bytes());
        if chunk_bytes <= self.step_bytes {
            let chunks: Vec<&[u8]> = piece.chunks(chunk_bytes as usize).collect();
            if is_hole {
                let zeros = |chunk: &&[u8]| digest_of_zeros(chunk.len() as u64);
                self.digests.extend(chunks.iter().map(zeros));
            } else {
                self.digests.extend(sha256_many(&chunks));
            }
        } else {
            self.part_of_chunk(&piece, end == self.layout.byte_range(chunk).end);
        }
        self.pieces.give_back(piece);
        Ok(true)
    }

    /// True when there is no data in a range, and the file does not end in it.
    fn is_hole(&mut self, start: u64, end: u64) -> io::Result<bool> {
        if self.data_from.is_some_and(|data| data <= start) {
            self.data_from = self.file.data_from(start)?;
        }
        let is_hole = self.data_from.is_none_or(|data| data >= end);
        // A truncated file has no data there either.
        Ok(is_hole && self.file.length()? >= end)
    }

    /// Takes in a part of a chunk that is longer than a step; steps end where such chunks do.
    fn part_of_chunk(&mut self, bytes: &[u8], is_last: bool) {
        self.chunk.update(bytes);
        self.chunk_bytes += bytes.len() as u64;
        if is_last {
            let whole = std::mem::replace(&mut self.chunk, Hasher::new());
            self.digests.push(whole.digest());
            self.chunk_bytes = 0;
        }
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
                let mut hasher = Hasher::new();
                for piece in waiting {
                    hasher.update(piece.as_slice());
                }
                hasher.digest()
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

    proptest::proptest! {
        /// All ways of hashing agree with the reference.
        #[test]
        fn all_ways_agree(
            lengths in proptest::collection::vec(0usize..700, 0..40),
            same in 0usize..3000,
            seed: u8,
        ) {
            let bytes: Vec<u8> = (0..4000).map(|i| (i * 7 + i / 13) as u8 ^ seed).collect();
            for lengths in [lengths.clone(), vec![same; lengths.len()]] {
                let messages: Vec<&[u8]> =
                    lengths.iter().enumerate().map(|(i, length)| &bytes[i..i + length]).collect();
                let many = sha256_many(&messages);
                for (message, many) in messages.iter().zip(many) {
                    let expected = reference(message);
                    proptest::prop_assert_eq!(many, expected);
                    proptest::prop_assert_eq!(sha256(message), expected);
                    let mut slow = Hasher::Reference(Sha256::new());
                    message.chunks(100).for_each(|piece| slow.update(piece));
                    proptest::prop_assert_eq!(slow.digest(), expected);
                }
            }
        }
    }

    #[test]
    fn what_is_fast_is_right_on_this_processor() {
        assert!(lanes_are_right() && ring_is_right());
    }

    #[test]
    fn the_reference_knows_the_example_of_fips_180() {
        let expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(reference(b"abc").to_string(), expected);
    }

    #[test]
    fn a_way_that_gets_one_of_many_wrong_is_not_used() {
        let right = |messages: &[&[u8]]| messages.iter().map(|m| reference(m)).collect();
        assert!(agrees("right", 9, right));
        for wrong in 0..9 {
            let but_one = |messages: &[&[u8]]| {
                let mut digests: Vec<_> = messages.iter().map(|m| reference(m)).collect();
                digests[wrong] = reference(b"");
                digests
            };
            assert!(!agrees("wrong", 9, but_one));
        }
        assert!(!agrees("short", 9, |_| Vec::new()));
    }

    #[test]
    fn holes_are_hashed_as_the_zeros_that_they_are() {
        use std::os::unix::fs::FileExt as _;
        for length in [40u64 << 20, (33 << 20) + 5] {
            let file = tempfile::tempfile().unwrap();
            file.set_len(length).unwrap();
            file.write_all_at(b"data", 9 << 20).unwrap();
            let layout = ChunkLayout::for_file(length).unwrap();
            let mut hasher = FileHasher::new(file.try_clone().unwrap(), layout).unwrap();
            while hasher.step().unwrap() {}
            let manifest = hasher.finish().unwrap();
            let mut bytes = vec![0; length as usize];
            file.read_exact_at(&mut bytes, 0).unwrap();
            assert_eq!(manifest.whole(), sha256(&bytes));
            for (index, chunk) in bytes.chunks(1 << 20).enumerate() {
                let digest = manifest.chunk(ChunkIndex(index as u32));
                assert_eq!(digest, Some(sha256(chunk)));
            }
        }
    }

    #[test]
    fn a_manifest_has_the_digests_of_all_and_of_each_chunk() {
        let folder = tempfile::tempdir().unwrap();
        for length in [0usize, 1, 1 << 20, (2 << 20) + 5, 9 << 20] {
            let bytes: Vec<u8> = (0..length).map(|i| (i * 7 + i / 251) as u8).collect();
            let path = folder.path().join("f");
            std::fs::write(&path, &bytes).unwrap();
            let layout = ChunkLayout::for_file(length as u64).unwrap();
            // Several chunks per step, and several steps per chunk.
            for step_bytes in [STEP_BYTES, 1 << 18] {
                let file = File::open(&path).unwrap();
                let mut hasher = FileHasher::new(file, layout).unwrap();
                hasher.step_bytes = step_bytes;
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
}
