//! Those who read at any place of a file while it comes: they read on, seek, pause and leave. What they read must be there,
//! right and soon, and nothing may be asked for that nobody is near to.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, Instant},
};

use trozos::{
    engine::download::{Download, DownloadConfig, Event, ReaderAt, ReaderId},
    model::{ChunkIndex, ChunkLayout, Part, SourceId},
};

use super::{Coming, World, id, index, takes};

/// After the last of them has left, what has begun may come for a second.
const GRACE: Duration = Duration::from_millis(1100);
/// How long after that the download is stopped.
const AFTERWARDS: Duration = Duration::from_secs(5);

/// All who read a file.
#[derive(Clone, Debug)]
pub struct Watchers {
    pub list: Vec<Watcher>,
    /// The file is kept: all of it is asked for.
    pub keeps: bool,
    /// Chunks that memory has room for, where it is not kept.
    pub memory_chunks: usize,
}

/// One of them.
#[derive(Clone, Debug)]
pub struct Watcher {
    pub begins: Duration,
    pub window_chunks: u32,
    pub acts: Vec<Act>,
}

/// What a watcher does. After the last of these it leaves.
#[derive(Clone, Copy, Debug)]
pub enum Act {
    /// It goes on at this chunk.
    Seek(u32),
    /// It reads so many chunks, and takes so long for each.
    Read(u32, Duration),
    /// It takes nothing.
    Pause(Duration),
}

impl Watchers {
    pub fn download(&self, layout: ChunkLayout, config: DownloadConfig, now: Instant) -> Download {
        match self.keeps {
            true => Download::new(layout, config, now),
            false => Download::for_readers(layout, config, now),
        }
    }
}

/// How far a watcher is.
#[derive(Clone, Debug)]
struct Seat {
    acts: Vec<Act>,
    next: usize,
    window_chunks: u32,
    at: Option<u32>,
    /// What is left of the present reading.
    left: Option<(u32, Duration)>,
    /// It waits for the chunk that it is at.
    waits_since: Option<Instant>,
    /// It has sought, and not read since.
    has_sought: bool,
    /// Turns that were called off are known by this.
    turn: u64,
}

/// How long somebody has waited, and for what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wait {
    pub lasted: Duration,
    /// For the first chunk after a beginning or a seek.
    pub after_seek: bool,
}

/// Those who read, and what is known of parts.
#[derive(Debug, Default)]
pub struct Audience {
    watchers: Option<Watchers>,
    seats: BTreeMap<usize, Seat>,
    /// Those who have not begun.
    coming: usize,
    /// Since when nobody is there.
    left_at: Option<Instant>,
    now: Option<Instant>,
    /// Parts that have come, who sent them, and whether they are right.
    parts: BTreeMap<(ChunkIndex, usize, u32), bool>,
    /// Who lied in parts of a chunk that was wrong.
    disputes: BTreeMap<ChunkIndex, BTreeSet<usize>>,
    /// Windows that somebody has had since the machine was last heard: what it wanted for them is taken back next.
    passed: Vec<(u32, u32)>,
    /// Chunks in memory, in the order in which they came.
    memory: Vec<ChunkIndex>,
    pub waits: Vec<Wait>,
    pub seeks: u32,
}

impl Audience {
    pub fn new(watchers: Option<Watchers>) -> Self {
        Self {
            coming: watchers.as_ref().map_or(0, |watchers| watchers.list.len()),
            watchers,
            ..Self::default()
        }
    }

    fn keeps(&self) -> bool {
        self.watchers.as_ref().is_none_or(|watchers| watchers.keeps)
    }

    pub fn may_forget(&self) -> bool {
        !self.keeps()
    }

    fn reaches(&self, chunk: ChunkIndex) -> bool {
        let ahead = |seat: &Seat| {
            chunk
                .0
                .checked_sub(seat.at?)
                .map(|by| by < seat.window_chunks)
        };
        self.seats.values().any(|seat| ahead(seat) == Some(true))
    }

    /// Nothing is asked for that nobody is near to.
    pub fn allows(&self, seed: u64, chunk: ChunkIndex) {
        let mut passed = self.passed.iter();
        let was_near = passed.any(|(at, window)| (*at..at + window).contains(&chunk.0));
        let is_allowed = self.keeps() || self.reaches(chunk) || was_near;
        assert!(is_allowed, "seed {seed}: nobody is near {chunk}");
    }

    /// All that the machine wanted is heard.
    pub fn heard(&mut self) {
        self.passed.clear();
    }

    pub fn forget_parts(&mut self, chunk: ChunkIndex) {
        self.parts.retain(|(other, ..), _| *other != chunk);
    }
}

impl World {
    pub fn begin_to_watch(&mut self) {
        let watchers = self.story.watchers.clone();
        for (index, watcher) in watchers.iter().flat_map(|w| &w.list).enumerate() {
            self.after(watcher.begins, Coming::Watcher(index, 0));
        }
    }

    fn reader(&self, watcher: usize) -> ReaderId {
        ReaderId(watcher as u64 + 1)
    }

    /// A watcher begins, or goes on after a pause or a chunk.
    pub(super) fn watcher(&mut self, watcher: usize, turn: u64) {
        if turn == 0 {
            let plan = self
                .story
                .watchers
                .as_ref()
                .map(|w| w.list[watcher].clone());
            let plan = plan.unwrap_or_else(|| unreachable!("one of the story"));
            self.audience.coming -= 1;
            self.audience.left_at = None;
            let seat = Seat {
                acts: plan.acts,
                next: 0,
                window_chunks: plan.window_chunks,
                at: None,
                left: None,
                waits_since: None,
                has_sought: false,
                turn: 1,
            };
            self.audience.seats.insert(watcher, seat);
            return self.go_on(watcher);
        }
        let Some(seat) = self.audience.seats.get_mut(&watcher) else {
            return;
        };
        if seat.turn != turn {
            return;
        }
        seat.turn += 1;
        if let Some((chunks, per_chunk)) = seat.left {
            // It has taken the chunk.
            seat.left = (chunks > 1).then_some((chunks - 1, per_chunk));
            let at = seat.at.map_or(0, |at| at + 1);
            self.move_to(watcher, at);
        }
        self.go_on(watcher);
    }

    fn move_to(&mut self, watcher: usize, at: u32) {
        let reader = self.reader(watcher);
        let count = self.layout.chunk_count();
        let Some(seat) = self.audience.seats.get_mut(&watcher) else {
            return;
        };
        let at = at.min(count);
        let passed = seat.at.map(|before| (before, seat.window_chunks));
        seat.at = Some(at);
        let window_chunks = seat.window_chunks.min(count - at);
        self.audience.passed.extend(passed);
        self.feed(Event::Read(ReaderAt {
            reader,
            position: ChunkIndex(at),
            window_chunks,
            is_urgent: true,
        }));
    }

    /// What a watcher does next.
    fn go_on(&mut self, watcher: usize) {
        loop {
            let count = self.layout.chunk_count();
            let Some(seat) = self.audience.seats.get_mut(&watcher) else {
                return;
            };
            if let Some((chunks, _)) = seat.left {
                if chunks > 0 && seat.at.is_some_and(|at| at < count) {
                    seat.waits_since = Some(self.now);
                    return;
                }
                seat.left = None;
            }
            let act = seat.acts.get(seat.next).copied();
            seat.next += 1;
            match act {
                Some(Act::Seek(chunk)) => {
                    seat.has_sought = true;
                    self.audience.seeks += 1;
                    self.move_to(watcher, chunk % count.max(1));
                }
                Some(Act::Read(chunks, per_chunk)) => seat.left = Some((chunks, per_chunk)),
                Some(Act::Pause(time)) => {
                    let turn = seat.turn;
                    return self.after(time, Coming::Watcher(watcher, turn));
                }
                None => {
                    let passed = seat.at.map(|before| (before, seat.window_chunks));
                    self.audience.passed.extend(passed);
                    self.audience.seats.remove(&watcher);
                    let reader = self.reader(watcher);
                    self.feed(Event::Left { reader });
                    if self.audience.seats.is_empty() {
                        self.audience.left_at = Some(self.now);
                        if self.audience.coming == 0 && !self.audience.keeps() {
                            self.after(GRACE + AFTERWARDS, Coming::Over);
                        }
                    }
                    return;
                }
            }
        }
    }

    /// Those who wait look whether their chunk is there; memory that is full is given back.
    pub(super) fn watch(&mut self) {
        self.audience.now = Some(self.now);
        let waiting: Vec<usize> = self.audience.seats.keys().copied().collect();
        for watcher in waiting {
            let seed = self.story.seed;
            let now = self.now;
            let Some(seat) = self.audience.seats.get_mut(&watcher) else {
                continue;
            };
            let (Some(since), Some(at), Some((_, per_chunk))) =
                (seat.waits_since, seat.at, seat.left)
            else {
                continue;
            };
            let chunk = ChunkIndex(at);
            if !self.machine.have().contains(chunk) {
                continue;
            }
            assert!(self.good.contains(&chunk), "seed {seed}: wrong bytes");
            seat.waits_since = None;
            let wait = Wait {
                lasted: now - since,
                after_seek: std::mem::take(&mut seat.has_sought),
            };
            let turn = seat.turn;
            self.audience.waits.push(wait);
            self.after(per_chunk, Coming::Watcher(watcher, turn));
        }
        self.give_memory_back();
    }

    fn give_memory_back(&mut self) {
        if self.audience.keeps() {
            return;
        }
        let most = self
            .audience
            .watchers
            .as_ref()
            .map_or(0, |w| w.memory_chunks);
        for chunk in self.machine.have().iter() {
            if !self.audience.memory.contains(&chunk) {
                self.audience.memory.push(chunk);
            }
        }
        while self.audience.memory.len() > most {
            let memory = self.audience.memory.iter();
            let mut least = memory
                .enumerate()
                .filter(|(_, chunk)| !self.audience.reaches(**chunk));
            let Some((index, chunk)) = least.next().map(|(index, chunk)| (index, *chunk)) else {
                return;
            };
            self.audience.memory.remove(index);
            self.have -= 1;
            self.feed(Event::Forgotten { chunk });
        }
    }
}

/// Chunks that come in parts.
impl World {
    pub(super) fn asked_for_part(&mut self, source: usize, chunk: ChunkIndex, part: Part) {
        let seed = self.story.seed;
        let is_watched = self.audience.keeps()
            || !self.audience.seats.is_empty()
            || !self.audience.passed.is_empty();
        assert!(is_watched, "seed {seed}: nobody reads {chunk}");
        assert!(self.told_connected.contains(&source), "seed {seed}");
        assert!(!self.banned.contains(&source), "seed {seed}");
        assert!(self.layout.contains(chunk) && part.bytes > 0, "seed {seed}");
        let end = part.from + part.bytes;
        assert!(end <= self.layout.chunk_len(chunk), "seed {seed}");
        assert!(!self.machine.have().contains(chunk), "seed {seed}");
        let owners = self.asked.entry(chunk).or_default();
        assert!(
            owners.insert(source),
            "seed {seed}: {chunk} of {source} again"
        );
        let secondary = &self.secondaries[source];
        assert!(secondary.have.contains(chunk), "seed {seed}: {chunk} lacks");
        let generation = secondary.connection.generation;
        let wait = secondary.plan.latency;
        self.after(wait, Coming::Asked(source, generation, chunk, Some(part)));
    }

    pub(super) fn part(&mut self, source: usize, chunk: ChunkIndex, part: Part, good: bool) {
        self.forget(source, chunk);
        let key = (chunk, source, part.from);
        self.audience.parts.insert(key, good);
        let source = id(source);
        self.feed(Event::PartCame { source, chunk });
    }

    pub(super) fn join(&mut self, chunk: ChunkIndex, parts: &[(Part, SourceId)]) {
        let seed = self.story.seed;
        let mut end = 0;
        let mut liars = BTreeSet::new();
        for (part, source) in parts {
            assert_eq!(part.from, end, "seed {seed}: {parts:?}");
            end += part.bytes;
            let key = (chunk, index(*source), part.from);
            let good = self.audience.parts.remove(&key);
            let good = good.unwrap_or_else(|| panic!("seed {seed}: {key:?} has not come"));
            if !good {
                liars.insert(index(*source));
            }
        }
        assert_eq!(end, self.layout.chunk_len(chunk), "seed {seed}");
        self.audience.forget_parts(chunk);
        let good = liars.is_empty();
        let senders: BTreeSet<_> = parts.iter().map(|(_, source)| *source).collect();
        if !good && senders.len() > 1 {
            self.audience.disputes.insert(chunk, liars);
        }
        self.after(takes(chunk), Coming::Joined(chunk, good));
    }

    pub(super) fn joined(&mut self, chunk: ChunkIndex, good: bool) {
        if !good {
            return self.feed(Event::PartsWrong { chunk });
        }
        self.good.insert(chunk);
        self.feed(Event::PartsVerified { chunk });
        self.find_liars(chunk);
    }

    /// A chunk is known: whoever sent something else of it lied.
    pub(super) fn find_liars(&mut self, chunk: ChunkIndex) {
        for liar in self.audience.disputes.remove(&chunk).unwrap_or_default() {
            let source = id(liar);
            self.feed(Event::Lied { source, chunk });
        }
    }
}
