//! What a file is: its length and the digest of each of its chunks.

use super::{ChunkIndex, ChunkLayout, Digest, FileName};

/// What the catalogue keeps of a file: enough to ask for it and to check its manifest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileMeta {
    /// Where it lies in a served folder.
    pub name: FileName,
    /// Its length and chunks.
    pub layout: ChunkLayout,
    /// Id of its manifest; equal for equal content, whatever the name.
    pub id: Digest,
}

/// Length, digest of the whole and digest of each chunk. Its id is the SHA-256 of [`Manifest::canonical`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manifest {
    layout: ChunkLayout,
    whole: Digest,
    chunks: Vec<Digest>,
}

/// Raw digests that do not fit a file's length.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("manifest of {actual_bytes} bytes where {expected_bytes} were expected")]
pub struct ManifestError {
    /// Bytes that the digests of such a file take.
    pub expected_bytes: u64,
    /// Bytes that came.
    pub actual_bytes: u64,
}

impl Manifest {
    /// Puts a manifest together from the digests of its chunks, in order.
    pub fn new(
        layout: ChunkLayout,
        whole: Digest,
        chunks: Vec<Digest>,
    ) -> Result<Self, ManifestError> {
        if chunks.len() == layout.chunk_count() as usize {
            Ok(Self {
                layout,
                whole,
                chunks,
            })
        } else {
            Err(ManifestError {
                expected_bytes: Self::raw_bytes(layout),
                actual_bytes: (chunks.len() as u64 + 1) * Digest::BYTES as u64,
            })
        }
    }

    /// Length of [`Manifest::to_raw`] for a file of this layout, in bytes.
    pub fn raw_bytes(layout: ChunkLayout) -> u64 {
        (u64::from(layout.chunk_count()) + 1) * Digest::BYTES as u64
    }

    /// Reads what [`Manifest::to_raw`] wrote: the digest of the whole, then one per chunk.
    pub fn from_raw(layout: ChunkLayout, raw: &[u8]) -> Result<Self, ManifestError> {
        let mut digests = raw.chunks_exact(Digest::BYTES).map(|bytes| {
            let mut digest = [0; Digest::BYTES];
            digest.copy_from_slice(bytes);
            Digest::new(digest)
        });
        let error = ManifestError {
            expected_bytes: Self::raw_bytes(layout),
            actual_bytes: raw.len() as u64,
        };
        if error.expected_bytes != error.actual_bytes {
            return Err(error);
        }
        let whole = digests.next().ok_or(error)?;
        Ok(Self {
            layout,
            whole,
            chunks: digests.collect(),
        })
    }

    /// The digests as they travel: the whole's, then each chunk's.
    pub fn to_raw(&self) -> Vec<u8> {
        let mut raw = Vec::with_capacity(Self::raw_bytes(self.layout) as usize);
        raw.extend_from_slice(self.whole.as_bytes());
        self.chunks
            .iter()
            .for_each(|digest| raw.extend_from_slice(digest.as_bytes()));
        raw
    }

    /// The bytes whose SHA-256 is the manifest's id: `trozos manifest 1\n`, the length and the chunk size
    /// as big-endian 64 and 32 bits, then [`Manifest::to_raw`].
    pub fn canonical(&self) -> Vec<u8> {
        let mut bytes = b"trozos manifest 1\n".to_vec();
        bytes.extend_from_slice(&self.layout.file_bytes().to_be_bytes());
        bytes.extend_from_slice(&self.layout.chunk_bytes().to_be_bytes());
        bytes.extend_from_slice(&self.to_raw());
        bytes
    }

    /// Length and chunks.
    pub fn layout(&self) -> ChunkLayout {
        self.layout
    }

    /// SHA-256 of the whole file, as `sha256sum` prints it.
    pub fn whole(&self) -> Digest {
        self.whole
    }

    /// SHA-256 of one chunk; `None` for a chunk that the file lacks.
    pub fn chunk(&self, chunk: ChunkIndex) -> Option<Digest> {
        self.chunks.get(chunk.as_usize()).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn raw_digests_round_trip_and_wrong_counts_are_refused() {
        let layout = ChunkLayout::for_file((2 << 20) + 1).unwrap();
        let digests = (0..3).map(|i| Digest::new([i; 32])).collect();
        let manifest = Manifest::new(layout, Digest::new([9; 32]), digests).unwrap();
        let raw = manifest.to_raw();
        assert_eq!(Manifest::from_raw(layout, &raw).unwrap(), manifest);
        assert!(Manifest::from_raw(layout, &raw[1..]).is_err());
        assert!(Manifest::from_raw(layout, &raw[32..]).is_err());
        assert!(Manifest::new(layout, Digest::new([9; 32]), Vec::new()).is_err());
    }
}
