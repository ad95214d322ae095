//! The machine's state and verbs: what each event does to chunks and sources.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    time::{Duration, Instant},
};

use super::{
    Action, Event, FailReason, Finish, Notice, SourceState,
    chunks::ChunkTable,
    queue::{Delivery, Want},
    reading::Reading,
    source::{Link, Source},
};
use crate::model::{ChunkIndex, ChunkLayout, ChunkSet, Fault, SourceId};

/// A call that comes this much later than it was due means that this process did not run, be it as it was stopped or
/// as the machine is busy: what it did not hear meanwhile is nobody's silence.
const OWN_STOP: Duration = Duration::from_millis(50);
/// Refusals on one connection after which a source is given up for a while.
const MOST_REFUSALS: u32 = 3;

/// How a download is to be run.
#[derive(Clone, Copy, Debug)]
pub struct DownloadConfig {
    /// Decides the jitter of reconnections.
    pub seed: u64,
    /// How long to wait with no source.
    pub source_wait: Duration,
}

/// The decisions of one download.
#[derive(Debug)]
pub struct Download {
    pub(super) layout: ChunkLayout,
    pub(super) config: DownloadConfig,
    pub(super) chunks: ChunkTable,
    pub(super) sources: BTreeMap<SourceId, Source>,
    pub(super) actions: VecDeque<Action>,
    /// Who sent which chunk with a wrong digest. Each source is here once: it is not asked again.
    pub(super) wrong: BTreeMap<ChunkIndex, BTreeSet<SourceId>>,
    pub(super) state: State,
    pub(super) began: Instant,
    /// Somebody reads the file from its beginning while it comes.
    pub(super) reading: Option<Reading>,
    pub(super) resumed_bytes: u64,
    /// No source is there since then.
    pub(super) waiting_since: Option<Instant>,
    /// Bytes that hedges have cost or may still cost.
    pub(super) hedged_bytes: u64,
    still_sending: Vec<SourceId>,
}

/// How far the download is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// The digests or the part file are not there yet.
    Preparing,
    /// Chunks are asked for.
    Running,
    /// [`Action::Finish`] was given.
    Over,
}

impl Download {
    /// A download of a file of this layout, without sources.
    pub fn new(layout: ChunkLayout, config: DownloadConfig, now: Instant) -> Self {
        Self {
            layout,
            config,
            chunks: ChunkTable::new(layout),
            sources: BTreeMap::new(),
            actions: VecDeque::new(),
            wrong: BTreeMap::new(),
            state: State::Preparing,
            began: now,
            reading: None,
            resumed_bytes: 0,
            waiting_since: None,
            hedged_bytes: 0,
            still_sending: Vec::new(),
        }
    }

    /// A download of a file that is read from its beginning while it comes: every source is asked for the
    /// first chunk that nobody has to bring, and for none that is more than `ahead_chunks` ahead of the
    /// reader ([`Event::Taken`]).
    pub fn in_order(
        layout: ChunkLayout,
        config: DownloadConfig,
        ahead_chunks: u32,
        now: Instant,
    ) -> Self {
        Self {
            reading: Some(Reading::new(ahead_chunks)),
            ..Self::new(layout, config, now)
        }
    }

    /// One thing that happened.
    pub fn handle_event(&mut self, now: Instant, event: Event) {
        if self.state == State::Over {
            match event {
                Event::Received { source, bytes, .. } => self.count(source, bytes),
                Event::Verified { source, chunk } => self.verified_late(source, chunk),
                _ => {}
            }
            return;
        }
        match event {
            Event::Sources(list) => self.listed(now, list),
            Event::Connected { source } => self.connected(now, source),
            Event::Lost {
                source,
                fault: Fault::Digest,
            } => self.ban(now, source, None),
            Event::Lost { source, fault } => self.lost(now, source, fault),
            Event::Ready { have } => self.ready(&have),
            Event::Received {
                source,
                chunk,
                bytes,
            } => self.received_bytes(now, source, chunk, bytes),
            Event::Verified { source, chunk } => self.verified(now, source, chunk),
            Event::Wrong { source, chunk } => self.wrong(now, source, chunk),
            Event::Refused { source, chunk } => self.refused(now, source, chunk),
            Event::Cancelled { source, chunk } => self.cancelled(now, source, chunk),
            Event::Queued { source } => self.queued(now, source),
            Event::Blocked { source } => self.set_blocked(now, source, true),
            Event::Unblocked { source } => self.set_blocked(now, source, false),
            Event::Taken { chunks } => self.taken(chunks),
            Event::LocalFailure { reason } => {
                self.finish(Finish::Failed(FailReason::Local(reason)));
            }
            Event::Stop => self.finish(Finish::Stopped),
        }
        self.after(now);
    }

    /// Time passed.
    pub fn handle_timeout(&mut self, now: Instant) {
        if self.state == State::Over {
            return;
        }
        if let Some(due) = self.poll_timeout()
            && now > due + OWN_STOP
        {
            let late = now.saturating_duration_since(due);
            self.sources.values_mut().for_each(|s| s.shift(late));
            if let Some(since) = &mut self.waiting_since {
                *since += late;
            }
        }
        let due: Vec<_> = self
            .sources
            .values()
            .filter(|source| source.deadline().is_some_and(|due| due <= now))
            .map(|source| source.id)
            .collect();
        for id in due {
            self.source_due(now, id);
        }
        self.after(now);
    }

    /// The next thing to do.
    pub fn poll_action(&mut self) -> Option<Action> {
        self.actions.pop_front()
    }

    /// When [`Self::handle_timeout`] is due.
    pub fn poll_timeout(&self) -> Option<Instant> {
        if self.state == State::Over {
            return None;
        }
        let given_up = self
            .waiting_since
            .map(|since| since + self.config.source_wait);
        self.sources
            .values()
            .filter_map(Source::deadline)
            .chain(given_up)
            .min()
    }

    /// Sources that had something on its way when the download ended, and that are not silent.
    pub fn still_sending(&self) -> &[SourceId] {
        &self.still_sending
    }

    fn count(&mut self, id: SourceId, bytes: u32) {
        if let Some(source) = self.sources.get_mut(&id) {
            source.counters.received_bytes += u64::from(bytes);
        }
    }

    /// What follows from any change.
    fn after(&mut self, now: Instant) {
        if self.state == State::Over {
            return;
        }
        if self.state == State::Running && self.chunks.have().is_full() {
            return self.finish(Finish::Complete);
        }
        self.rest(now);
        self.schedule(now);
        self.look_for_sources(now);
    }

    pub(super) fn finish(&mut self, finish: Finish) {
        self.state = State::Over;
        let is_sending = |source: &&Source| {
            let has_more = source.queue.sums().unfinished > 0;
            has_more && (Self::is_working(source) || source.state() == SourceState::Resting)
        };
        let sending = self.sources.values().filter(is_sending);
        self.still_sending = sending.map(|source| source.id).collect();
        for source in self.sources.values_mut() {
            // What came of chunks that will not be whole is waste.
            source.queue.take_all();
        }
        self.actions.push_back(Action::Finish(finish));
    }

    pub(super) fn tell(&mut self, notice: Notice) {
        self.actions.push_back(Action::Notice(notice));
    }

    fn ready(&mut self, have: &ChunkSet) {
        if self.state == State::Preparing {
            self.state = State::Running;
            self.resumed_bytes = self.chunks.resume(have);
        }
    }

    fn received_bytes(&mut self, now: Instant, id: SourceId, chunk: ChunkIndex, bytes: u32) {
        self.count(id, bytes);
        let Some(source) = self.sources.get_mut(&id) else {
            return;
        };
        if !source.is_connected() {
            return;
        }
        source.measure(now, bytes);
        let wanted_before = source.queue.sums().wanted;
        match source.queue.receive(chunk, bytes) {
            Delivery::Whole => source.grow_window(now, wanted_before),
            Delivery::Useless => {
                if source.queue.get(chunk).is_some_and(|r| r.is_whole()) {
                    source.queue.remove(chunk);
                }
            }
            Delivery::Part | Delivery::Unasked => {}
        }
        source.sync(now);
        self.clear(id);
    }

    /// It is not silent any more: it may be asked again.
    fn clear(&mut self, id: SourceId) {
        if let Some(source) = self.sources.get_mut(&id)
            && source.link == Link::Suspect
        {
            source.link = Link::Up;
            let who = source.who;
            self.tell(Notice::Cleared { who });
        }
    }

    fn verified(&mut self, now: Instant, id: SourceId, chunk: ChunkIndex) {
        let length = u64::from(self.layout.chunk_len(chunk));
        let Some(source) = self.sources.get_mut(&id) else {
            return;
        };
        source.queue.remove(chunk);
        source.forget_failures();
        source.sync(now);
        if self.chunks.complete(chunk, id).is_none() {
            return;
        }
        source.counters.useful_bytes += length;
        source.counters.useful_chunks += 1;
        for other in self.sources.values_mut() {
            let Some(before) = other.queue.set_want(chunk, Want::Useless) else {
                continue;
            };
            if before.want == Want::Wanted {
                let unsent = length.saturating_sub(u64::from(before.received));
                self.hedged_bytes = self.hedged_bytes.saturating_sub(unsent);
                if !before.is_whole() {
                    let source = other.id;
                    self.actions.push_back(Action::Cancel { source, chunk });
                }
            }
            if before.is_whole() {
                other.queue.remove(chunk);
            }
            other.sync(now);
        }
    }

    /// It was on its way when all ended, and is in the file all the same: the next run has it.
    fn verified_late(&mut self, id: SourceId, chunk: ChunkIndex) {
        let length = u64::from(self.layout.chunk_len(chunk));
        if let Some(source) = self.sources.get_mut(&id)
            && self.chunks.complete(chunk, id).is_some()
        {
            source.counters.useful_bytes += length;
            source.counters.useful_chunks += 1;
        }
    }

    fn wrong(&mut self, now: Instant, id: SourceId, chunk: ChunkIndex) {
        let Some(source) = self.sources.get_mut(&id) else {
            return;
        };
        source.counters.digest_failures += 1;
        self.wrong.entry(chunk).or_default().insert(id);
        self.ban(now, id, Some(chunk));
        self.blame_manifest(chunk);
    }

    /// Two sources can be damaged in one chunk, and a third be right. The digests are blamed once nobody is left to ask.
    fn blame_manifest(&mut self, chunk: ChunkIndex) {
        let mut sources = self.sources.values();
        if sources.any(|source| source.state() != SourceState::Banned) {
            return;
        }
        let mut senders = self.wrong.get(&chunk).into_iter().flatten();
        if let (Some(first), Some(second)) = (senders.next(), senders.next()) {
            let who = [first, second].map(|id| self.sources[id].who);
            self.finish(Finish::Failed(FailReason::WrongManifest { chunk, who }));
        }
    }

    fn refused(&mut self, now: Instant, id: SourceId, chunk: ChunkIndex) {
        let Some(source) = self.sources.get_mut(&id) else {
            return;
        };
        if source.queue.remove(chunk).is_none() {
            return;
        }
        source.counters.retries += 1;
        source.counters.faults.count(Fault::Refused);
        source.refused.insert(chunk);
        source.refusals += 1;
        source.progress.sign_of_life(now);
        source.sync(now);
        let over = source.refusals >= MOST_REFUSALS;
        self.clear(id);
        self.chunks.leave(chunk, id);
        if over {
            self.disconnect(now, id, Fault::Refused);
        }
    }

    fn cancelled(&mut self, now: Instant, id: SourceId, chunk: ChunkIndex) {
        let Some(source) = self.sources.get_mut(&id) else {
            return;
        };
        if let Some(request) = source.queue.remove(chunk)
            && request.want == Want::Wanted
        {
            // Nobody asked for that; the chunk is to be had elsewhere all the same.
            source.counters.retries += 1;
            self.chunks.leave(chunk, id);
        }
        source.progress.sign_of_life(now);
        source.sync(now);
        self.clear(id);
    }

    fn queued(&mut self, now: Instant, id: SourceId) {
        if let Some(source) = self.sources.get_mut(&id)
            && source.is_connected()
        {
            source.progress.queued(now);
            self.clear(id);
        }
    }

    fn set_blocked(&mut self, now: Instant, id: SourceId, blocked: bool) {
        if let Some(source) = self.sources.get_mut(&id) {
            source.progress.set_blocked(now, blocked);
            source.sync(now);
        }
    }

    /// True while a source may be asked for more.
    pub(super) fn is_working(source: &Source) -> bool {
        match source.state() {
            SourceState::Up => true,
            SourceState::Connecting
            | SourceState::Resting
            | SourceState::Suspect
            | SourceState::Dead
            | SourceState::Banned => false,
        }
    }
}
