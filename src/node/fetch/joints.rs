//! Parts of chunks that have come from several sources, until they are put together. Where together they are wrong, nobody
//! knows who lied until the chunk has come from one source: then each part is compared with it.

use std::collections::{BTreeMap, VecDeque};

use super::{buffers::ChunkBuffer, writing::Whole};
use crate::model::{ChunkIndex, Part, SourceId};

/// Chunks in dispute whose parts are kept. Of older ones nobody learns who lied.
const MOST_DISPUTES: usize = 4;

/// Who sent which part.
type Parts = Vec<(Part, SourceId)>;

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Joints {
    /// By chunk, who sent it, and where in the chunk it begins.
    parts: BTreeMap<(ChunkIndex, SourceId, u32), (Part, ChunkBuffer)>,
    /// Chunks that are being looked at, as several sources sent them.
    joined: BTreeMap<ChunkIndex, Joined>,
    disputed: VecDeque<(ChunkIndex, Joined)>,
}

/// A chunk as it was put together.
#[derive(Debug)]
pub(super) struct Joined {
    bytes: Vec<u8>,
    parts: Parts,
}

impl Joined {
    /// Those whose parts are not what the chunk is.
    pub(super) fn liars(&self, right: &[u8]) -> Vec<SourceId> {
        let is_wrong = |part: &Part| {
            let range = part.from as usize..(part.from + part.bytes) as usize;
            self.bytes.get(range.clone()) != right.get(range)
        };
        let wrong = self.parts.iter().filter(|(part, _)| is_wrong(part));
        let mut liars: Vec<_> = wrong.map(|(_, source)| *source).collect();
        liars.sort_unstable();
        liars.dedup();
        liars
    }
}

impl Joints {
    /// A part has come.
    pub(super) fn add(
        &mut self,
        source: SourceId,
        chunk: ChunkIndex,
        part: Part,
        buffer: ChunkBuffer,
    ) {
        self.parts
            .insert((chunk, source, part.from), (part, buffer));
    }

    /// The parts of a chunk are not wanted.
    pub(super) fn forget(&mut self, chunk: ChunkIndex) {
        self.parts.retain(|(other, ..), _| *other != chunk);
    }

    /// Puts a chunk together; `None` if a part is not there.
    pub(super) fn join(&mut self, chunk: ChunkIndex, parts: Parts) -> Option<Whole> {
        let mut whole: Option<ChunkBuffer> = None;
        for (part, source) in &parts {
            let (there, buffer) = self.parts.remove(&(chunk, *source, part.from))?;
            if there != *part {
                return None;
            }
            match &mut whole {
                None => whole = Some(buffer),
                Some(whole) => whole.bytes.extend_from_slice(&buffer.bytes),
            }
        }
        self.forget(chunk);
        let buffer = whole?;
        let first = parts.first().map(|(_, source)| *source);
        if parts.iter().any(|(_, source)| Some(*source) != first) {
            let bytes = buffer.bytes.clone();
            self.joined.insert(chunk, Joined { bytes, parts });
        }
        Some(Whole {
            source: None,
            chunk,
            buffer,
        })
    }

    /// A chunk that was put together is right.
    pub(super) fn right(&mut self, chunk: ChunkIndex) {
        self.joined.remove(&chunk);
    }

    /// It is wrong.
    pub(super) fn wrong(&mut self, chunk: ChunkIndex) {
        if let Some(joined) = self.joined.remove(&chunk) {
            self.disputed.push_back((chunk, joined));
        }
        if self.disputed.len() > MOST_DISPUTES {
            self.disputed.pop_front();
        }
    }

    /// What was wrong of a chunk that is known now.
    pub(super) fn settle(&mut self, chunk: ChunkIndex) -> Option<Joined> {
        let mut disputed = self.disputed.iter();
        let index = disputed.position(|(other, _)| *other == chunk)?;
        self.disputed.remove(index).map(|(_, joined)| joined)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHUNK: ChunkIndex = ChunkIndex(3);
    const A: SourceId = SourceId(1);
    const B: SourceId = SourceId(2);

    fn part(from: u32, bytes: u32) -> Part {
        Part { from, bytes }
    }

    fn add(joints: &mut Joints, source: SourceId, from: u32, bytes: &[u8]) {
        let buffer = ChunkBuffer::apart(bytes.to_vec());
        let part = part(from, bytes.len() as u32);
        joints.add(source, CHUNK, part, buffer);
    }

    #[test]
    fn parts_make_the_chunk_in_their_order_and_who_lied_is_known_once_it_is() {
        let mut joints = Joints::default();
        add(&mut joints, B, 2, b"cX");
        add(&mut joints, A, 0, b"ab");
        let parts = vec![(part(0, 2), A), (part(2, 2), B)];
        let whole = joints.join(CHUNK, parts.clone()).unwrap();
        assert_eq!(whole.buffer.bytes, b"abcX");
        joints.wrong(CHUNK);
        let joined = joints.settle(CHUNK).unwrap();
        assert_eq!(joined.liars(b"abcd"), [B]);
        assert_eq!(joined.liars(b"abcX"), []);
        assert!(joints.settle(CHUNK).is_none());
        // Without one of them there is no chunk.
        add(&mut joints, A, 0, b"ab");
        assert!(joints.join(CHUNK, parts).is_none());
    }

    #[test]
    fn one_source_alone_is_not_kept_for_a_dispute() {
        let mut joints = Joints::default();
        add(&mut joints, A, 0, b"abcd");
        assert!(joints.join(CHUNK, vec![(part(0, 4), A)]).is_some());
        joints.wrong(CHUNK);
        assert!(joints.settle(CHUNK).is_none());
    }
}
