//! The chunks that a receiver would take from a secondary that chooses itself, as a bitmap in a line.

use base64::{Engine, engine::general_purpose::STANDARD_NO_PAD};
use serde::{Deserialize, Serialize};

use crate::model::{
    ChunkIndex, ChunkSet,
    limits::{MAX_CHUNKS, MAX_WANTED_CHUNKS},
};

/// At least one chunk; the last at most [`MAX_WANTED_CHUNKS`] − 1 after the first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "Wire", try_from = "Wire")]
pub struct Wanted(ChunkSet);

#[derive(Serialize, Deserialize)]
struct Wire {
    from: u32,
    wanted: String,
}

/// Why a bitmap says nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
enum WantedError {
    #[error("wanted chunks: not base64")]
    NotBase64,
    #[error("wanted chunks: none")]
    Nothing,
    #[error(
        "wanted chunks: {0} bits from chunk {1}; at most {MAX_WANTED_CHUNKS}, below {MAX_CHUNKS}"
    )]
    TooMany(usize, u32),
}

impl Wanted {
    /// These chunks, which come in order, as far as they fit beside the first; `None` for no chunk.
    pub fn of(chunks: impl IntoIterator<Item = ChunkIndex>) -> Option<Self> {
        let mut chunks = chunks.into_iter();
        let first = chunks.next().filter(|first| first.0 < MAX_CHUNKS)?;
        let end = first.0.saturating_add(MAX_WANTED_CHUNKS).min(MAX_CHUNKS);
        let kept: Vec<_> = std::iter::once(first)
            .chain(chunks.take_while(|chunk| chunk.0 < end))
            .collect();
        let last = kept.iter().max()?;
        let mut set = ChunkSet::new(last.0 + 1);
        for chunk in kept {
            set.insert(chunk);
        }
        Some(Self(set))
    }

    /// The chunks.
    pub fn chunks(&self) -> &ChunkSet {
        &self.0
    }
}

impl From<Wanted> for Wire {
    fn from(wanted: Wanted) -> Self {
        let from = wanted.0.iter().next().map_or(0, |first| first.0);
        let bits = (wanted.0.chunk_count() - from) as usize;
        let mut bytes = vec![0_u8; bits.div_ceil(8)];
        for chunk in wanted.0.iter() {
            let bit = (chunk.0 - from) as usize;
            bytes[bit / 8] |= 1 << (bit % 8);
        }
        Self {
            from,
            wanted: STANDARD_NO_PAD.encode(bytes),
        }
    }
}

impl TryFrom<Wire> for Wanted {
    type Error = WantedError;

    fn try_from(wire: Wire) -> Result<Self, WantedError> {
        let Wire { from, wanted } = wire;
        let bytes = STANDARD_NO_PAD
            .decode(wanted)
            .map_err(|_| WantedError::NotBase64)?;
        let is_set = |bit: &usize| bytes[bit / 8] >> (bit % 8) & 1 == 1;
        let bits = bytes.len() * 8;
        let last = (0..bits).rev().find(is_set).ok_or(WantedError::Nothing)?;
        let too_many = || WantedError::TooMany(bits, from);
        if bits > MAX_WANTED_CHUNKS as usize {
            return Err(too_many());
        }
        let end = from.checked_add(last as u32 + 1).ok_or_else(too_many)?;
        if end > MAX_CHUNKS {
            return Err(too_many());
        }
        let mut set = ChunkSet::new(end);
        for bit in (0..=last).filter(is_set) {
            set.insert(ChunkIndex(from + bit as u32));
        }
        Ok(Self(set))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(chunks: &[u32]) -> Option<Wanted> {
        Wanted::of(chunks.iter().copied().map(ChunkIndex))
    }

    #[test]
    fn what_is_wanted_round_trips() {
        for chunks in [
            &[0][..],
            &[7, 8, 9, 100],
            &[MAX_CHUNKS - 1],
            &[5, 5 + MAX_WANTED_CHUNKS - 1],
        ] {
            let wanted = wanted(chunks).unwrap();
            let json = serde_json::to_string(&wanted).unwrap();
            assert!(json.len() < 16 * 1024);
            let again: Wanted = serde_json::from_str(&json).unwrap();
            assert_eq!(again, wanted);
            assert!(
                again
                    .chunks()
                    .iter()
                    .map(|c| c.0)
                    .eq(chunks.iter().copied())
            );
        }
        assert_eq!(wanted(&[]), None);
        assert_eq!(wanted(&[MAX_CHUNKS]), None);
        let cut = wanted(&[1, 1 + MAX_WANTED_CHUNKS]).unwrap();
        assert_eq!(cut.chunks().len(), 1);
    }

    #[test]
    fn a_bitmap_has_bounds() {
        let many = STANDARD_NO_PAD.encode(vec![255; MAX_WANTED_CHUNKS as usize / 8 + 1]);
        for (from, bits) in [
            (0, ""),
            (0, "AAAA"),
            (0, "!"),
            (0, &*many),
            (MAX_CHUNKS, "AQ"),
            (MAX_CHUNKS - 1, "Aw"),
            (u32::MAX, "/w"),
        ] {
            let json = format!(r#"{{"from":{from},"wanted":"{bits}"}}"#);
            assert!(serde_json::from_str::<Wanted>(&json).is_err(), "{json:.60}");
        }
        let json = format!(r#"{{"from":{},"wanted":"AQ"}}"#, MAX_CHUNKS - 1);
        assert!(serde_json::from_str::<Wanted>(&json).is_ok());
    }
}
