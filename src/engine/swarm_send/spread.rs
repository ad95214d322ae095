//! Which chunk a secondary gives to whoever takes any of some: the one that it has sent least, so that all of them are
//! soon among the receivers, who give them to each other.

use crate::model::{ChunkIndex, ChunkSet, SecondaryNumber};

/// Into so many shares the secondaries divide what they begin with. With other numbers of them some begin alike, which
/// costs little.
const SHARES: u32 = 3;

/// How often one secondary has sent each chunk of a content to a swarm.
#[derive(Clone, Debug)]
pub struct Spread {
    sent: Vec<u16>,
    /// Which of [`SHARES`] is its own.
    own: u32,
}

impl Spread {
    /// Nothing was sent of a content of so many chunks.
    pub fn new(chunk_count: u32, own: SecondaryNumber) -> Self {
        Self {
            sent: vec![0; chunk_count as usize],
            own: u32::from(own.get()) % SHARES,
        }
    }

    /// The chunk to send of those that are wanted, which counts as sent from now on. Those of the own share count as sent
    /// once less; of those that are alike the first in the file comes first, as disks like it best.
    pub fn choose(&mut self, wanted: &ChunkSet) -> Option<ChunkIndex> {
        let within = wanted
            .iter()
            .take_while(|chunk| chunk.as_usize() < self.sent.len());
        let chunk = within.min_by_key(|chunk| {
            let is_others = chunk.0 % SHARES != self.own;
            self.sent[chunk.as_usize()].saturating_add(u16::from(is_others))
        })?;
        let sent = &mut self.sent[chunk.as_usize()];
        *sent = sent.saturating_add(1);
        Some(chunk)
    }

    /// A chosen chunk was not sent after all.
    pub fn give_back(&mut self, chunk: ChunkIndex) {
        if let Some(sent) = self.sent.get_mut(chunk.as_usize()) {
            *sent = sent.saturating_sub(1);
        }
    }
}
