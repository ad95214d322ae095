//! Who reads the file while it comes, and which chunks each reader is near enough to. Owns the windows, and the time for which
//! a reader goes hungry; knows nothing of who brings what.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, Instant},
};

use super::{ReaderAt, ReaderId};
use crate::model::{ChunkIndex, ChunkSet};

/// A reader that is this hungry makes a source late whose bytes do not come.
pub(super) const HUNGRY: Duration = Duration::from_millis(300);
/// One that is this hungry makes two of them late.
pub(super) const STARVING: Duration = Duration::from_secs(1);
/// How often it is looked at whether a hungry reader can be helped.
const LOOK: Duration = Duration::from_millis(100);
/// Players close a connection and open another one at once, often at the same place: what has begun to come may come for
/// so long after a reader has left.
const GRACE: Duration = Duration::from_secs(1);
/// The reader of a file that is read from its beginning.
const ONLY: ReaderId = ReaderId(0);

/// The readers of one download.
#[derive(Clone, Debug)]
pub(super) struct Readers {
    /// All chunks are wanted, whether somebody reads them or not.
    keeps_all: bool,
    chunk_count: u32,
    list: BTreeMap<ReaderId, Reader>,
    /// What has begun to come for a reader that left is let come until then.
    grace_until: Option<Instant>,
    looked_at: Option<Instant>,
}

/// One of them.
#[derive(Clone, Copy, Debug)]
struct Reader {
    /// The chunk that it is at.
    position: u32,
    window_chunks: u32,
    is_urgent: bool,
    /// Since when it waits for the chunk that it is at.
    hungry_since: Option<Instant>,
}

impl Reader {
    fn end(&self) -> u32 {
        self.position.saturating_add(self.window_chunks)
    }

    fn reaches(&self, chunk: ChunkIndex) -> bool {
        (self.position..self.end()).contains(&chunk.0)
    }
}

impl Readers {
    /// Nobody reads, and all chunks are wanted.
    pub(super) fn of_all(chunk_count: u32) -> Self {
        Self {
            keeps_all: true,
            chunk_count,
            list: BTreeMap::new(),
            grace_until: None,
            looked_at: None,
        }
    }

    /// Only what readers are near enough to is wanted.
    pub(super) fn only(chunk_count: u32) -> Self {
        Self {
            keeps_all: false,
            ..Self::of_all(chunk_count)
        }
    }

    /// One reads from the beginning, and so many chunks ahead are kept for it. With a window of none nothing would ever
    /// come.
    pub(super) fn in_order(chunk_count: u32, ahead_chunks: u32) -> Self {
        let mut readers = Self::only(chunk_count);
        let reader = Reader {
            position: 0,
            window_chunks: ahead_chunks.max(1),
            is_urgent: false,
            hungry_since: None,
        };
        readers.list.insert(ONLY, reader);
        readers
    }

    /// The one that reads from the beginning has taken so many chunks.
    pub(super) fn taken(&mut self, chunks: u32) {
        if let Some(reader) = self.list.get_mut(&ONLY) {
            reader.position = reader.position.max(chunks);
        }
    }

    /// A reader begins, or is elsewhere now.
    pub(super) fn read(&mut self, at: ReaderAt) {
        let before = self.list.get(&at.reader);
        let before = before.filter(|before| before.position == at.position.0);
        let reader = Reader {
            position: at.position.0,
            window_chunks: at.window_chunks,
            is_urgent: at.is_urgent,
            hungry_since: before.and_then(|before| before.hungry_since),
        };
        self.list.insert(at.reader, reader);
    }

    /// A reader is gone.
    pub(super) fn left(&mut self, now: Instant, reader: ReaderId) {
        if self.list.remove(&reader).is_some() {
            self.grace_until = Some(now + GRACE);
        }
    }

    pub(super) fn keeps_all(&self) -> bool {
        self.keeps_all
    }

    pub(super) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// True while nobody reads and none has just left.
    pub(super) fn are_gone(&self) -> bool {
        self.list.is_empty() && self.grace_until.is_none()
    }

    /// Those that are in a hurry.
    pub(super) fn urgent(&self) -> u32 {
        self.list.values().filter(|reader| reader.is_urgent).count() as u32
    }

    /// True for a chunk that some reader is near enough to.
    pub(super) fn reaches(&self, chunk: ChunkIndex) -> bool {
        self.list.values().any(|reader| reader.reaches(chunk))
    }

    /// Chunks that readers are near enough to, each once, in order.
    pub(super) fn reached(&self) -> BTreeSet<ChunkIndex> {
        let windows = self.list.values();
        let chunks = windows.flat_map(|reader| reader.position..reader.end().min(self.chunk_count));
        chunks.map(ChunkIndex).collect()
    }

    /// Chunks that readers are near enough to, in the order in which they are needed: what each of them is at, then the next
    /// of each, and so on. Those in a hurry come first, then the newest. A chunk that two are near may come twice.
    pub(super) fn in_turn(&self) -> impl Iterator<Item = ChunkIndex> + '_ {
        let longest = self.list.values().map(|reader| {
            let there = self.chunk_count.saturating_sub(reader.position);
            reader.window_chunks.min(there)
        });
        let longest = longest.max().unwrap_or(0);
        (0..longest).flat_map(move |step| {
            let of = move |reader: &Reader| {
                let chunk = reader.position.checked_add(step)?;
                let is_there = step < reader.window_chunks && chunk < self.chunk_count;
                is_there.then_some(ChunkIndex(chunk))
            };
            let those = move |urgent: bool| {
                let newest = self.list.values().rev();
                newest
                    .filter(move |reader| reader.is_urgent == urgent)
                    .filter_map(of)
            };
            those(true).chain(those(false))
        })
    }

    /// Looks at who goes hungry.
    pub(super) fn look(&mut self, now: Instant, have: &ChunkSet) {
        self.looked_at = Some(now);
        self.grace_until = self.grace_until.filter(|until| *until > now);
        for reader in self.list.values_mut() {
            let lacks = reader.is_urgent
                && reader.window_chunks > 0
                && reader.position < self.chunk_count
                && !have.contains(ChunkIndex(reader.position));
            reader.hungry_since = lacks.then(|| reader.hungry_since.unwrap_or(now));
        }
    }

    /// The chunks that hungry readers wait for, and for how long the hungriest at each has; those of the newest come first.
    pub(super) fn hungry(&self, now: Instant) -> Vec<(ChunkIndex, Duration)> {
        let mut hungry: Vec<(ChunkIndex, Duration)> = Vec::new();
        for reader in self.list.values().rev() {
            let Some(since) = reader.hungry_since else {
                continue;
            };
            let chunk = ChunkIndex(reader.position);
            let waited = now.saturating_duration_since(since);
            match hungry.iter_mut().find(|(other, _)| *other == chunk) {
                Some((_, longest)) => *longest = waited.max(*longest),
                None => hungry.push((chunk, waited)),
            }
        }
        hungry
    }

    /// True when what has begun to come, and nobody is near to any more, is not to come to its end.
    pub(super) fn cuts(&self, now: Instant) -> bool {
        let is_hungry = self.list.values().any(|r| r.hungry_since.is_some());
        is_hungry || self.grace_until.is_none_or(|until| until <= now)
    }

    /// When somebody is to look again.
    pub(super) fn deadline(&self) -> Option<Instant> {
        let looked_at = self.looked_at?;
        let next_look = |since: Instant| {
            let looks = looked_at.saturating_duration_since(since).as_millis() / LOOK.as_millis();
            since + LOOK * (looks as u32).saturating_add(1)
        };
        let hungry = self.list.values().filter_map(|reader| reader.hungry_since);
        hungry.map(next_look).chain(self.grace_until).min()
    }

    /// Leaves a time in which this side did not run out of account.
    pub(super) fn shift(&mut self, by: Duration) {
        for reader in self.list.values_mut() {
            reader.hungry_since = reader.hungry_since.map(|since| since + by);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    fn at(reader: u64, position: u32, window_chunks: u32, is_urgent: bool) -> ReaderAt {
        ReaderAt {
            reader: ReaderId(reader),
            position: ChunkIndex(position),
            window_chunks,
            is_urgent,
        }
    }

    fn in_turn(readers: &Readers) -> Vec<u32> {
        readers.in_turn().map(|chunk| chunk.0).collect()
    }

    #[test]
    fn the_window_of_the_only_reader_moves_with_it_and_never_back() {
        let mut readers = Readers::in_order(20, 2);
        assert_eq!(in_turn(&readers), [0, 1]);
        readers.taken(5);
        readers.taken(3);
        assert_eq!(in_turn(&readers), [5, 6]);
        readers.taken(u32::MAX);
        assert!(in_turn(&readers).is_empty());
        assert_eq!(in_turn(&Readers::in_order(20, 0)), [0]);
    }

    #[test]
    fn readers_take_turns_the_newest_in_a_hurry_first() {
        let mut readers = Readers::only(20);
        readers.read(at(1, 18, 5, false));
        readers.read(at(2, 3, 3, true));
        readers.read(at(3, 10, 2, true));
        assert_eq!(in_turn(&readers), [10, 3, 18, 11, 4, 19, 5]);
        readers.read(at(2, 10, 2, true));
        assert_eq!(in_turn(&readers), [10, 10, 18, 11, 11, 19]);
        let reached: Vec<_> = readers.reached().into_iter().map(|c| c.0).collect();
        assert_eq!(reached, [10, 11, 18, 19]);
        assert!(readers.reaches(ChunkIndex(19)) && !readers.reaches(ChunkIndex(12)));
        assert_eq!(readers.urgent(), 2);
    }

    #[test]
    fn hunger_is_measured_while_the_chunk_is_not_there() {
        let (start, mut have) = (Instant::now(), ChunkSet::new(20));
        let mut readers = Readers::only(20);
        readers.read(at(1, 3, 3, true));
        readers.read(at(2, 3, 3, false));
        readers.look(start, &have);
        assert_eq!(readers.deadline(), Some(start + LOOK));
        readers.look(start + 150 * MS, &have);
        assert_eq!(readers.deadline(), Some(start + 2 * LOOK));
        let hungry = readers.hungry(start + HUNGRY);
        assert_eq!(hungry, [(ChunkIndex(3), HUNGRY)]);
        have.insert(ChunkIndex(3));
        readers.look(start + HUNGRY, &have);
        assert_eq!(readers.hungry(start + HUNGRY), []);
        assert_eq!(readers.deadline(), None);
        // Who reads past the end is not hungry.
        readers.read(at(1, 20, 3, true));
        readers.look(start, &have);
        assert_eq!(readers.hungry(start), []);
    }

    #[test]
    fn what_a_reader_left_behind_is_cut_after_a_moment_or_when_another_is_hungry() {
        let (start, have) = (Instant::now(), ChunkSet::new(20));
        let mut readers = Readers::only(20);
        readers.read(at(1, 3, 3, true));
        readers.look(start, &have);
        readers.left(start, ReaderId(1));
        readers.look(start, &have);
        assert!(!readers.cuts(start) && readers.cuts(start + GRACE));
        assert_eq!(readers.deadline(), Some(start + GRACE));
        readers.read(at(2, 9, 3, true));
        readers.look(start, &have);
        assert!(readers.cuts(start));
    }
}
