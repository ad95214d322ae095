//! The machine: its rooms, its verbs, and the ways between the rooms. What follows when sources come and go is in
//! `sources`, what readers wait for in `readers`, what counts after the end in `over`, what can be seen in `views`.

mod over;
mod readers;
mod sources;
mod swarm;
mod views;

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use super::{
    Action, Event, FailReason, Finish, Notice,
    blame::Blame,
    chunks::ChunkTable,
    flow::Block,
    hedges::Hedges,
    help::{self, Help},
    outlook::Outlook,
    parts::Parts,
    readers::Readers,
    schedule::{self, Pass},
    source::{Declined, Due},
    sources::Sources,
    swarm::Swarm,
    wait::Wait,
};
use crate::model::{ChunkIndex, ChunkLayout, ChunkSet, Fault, SourceId, Who};

/// A call that comes this much later than it was due means that this process did not run, because it was stopped or because
/// the machine is busy. Sources are not to blame for a silence that nobody listened to.
const OWN_STOP: Duration = Duration::from_millis(50);

/// How a download is to be run.
#[derive(Clone, Copy, Debug)]
pub struct DownloadConfig {
    /// Decides the jitter of reconnections.
    pub seed: u64,
    /// How long to wait with no source.
    pub source_wait: Duration,
}

/// The decisions of one download. See [`super`] for its rooms and [`crate::engine`] for its verbs.
#[derive(Debug)]
pub struct Download {
    layout: ChunkLayout,
    chunks: ChunkTable,
    sources: Sources,
    blame: Blame,
    hedges: Hedges,
    wait: Wait,
    /// Who reads the file while it comes.
    readers: Readers,
    parts: Parts,
    actions: VecDeque<Action>,
    state: State,
    began: Instant,
    resumed_bytes: u64,
    still_sending: Vec<SourceId>,
    seed: u64,
    swarm: Option<Swarm>,
}

/// How far the download is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
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
            chunks: ChunkTable::new(layout),
            sources: Sources::new(layout.chunk_bytes(), config.seed),
            blame: Blame::default(),
            hedges: Hedges::new(layout),
            wait: Wait::new(config.source_wait),
            readers: Readers::of_all(layout.chunk_count()),
            parts: Parts::default(),
            actions: VecDeque::new(),
            state: State::Preparing,
            began: now,
            resumed_bytes: 0,
            still_sending: Vec::new(),
            seed: config.seed,
            swarm: None,
        }
    }

    /// A download of a file that is read from its beginning while it comes. Every source is asked for the first chunk that
    /// nobody has to bring, and for none that is more than `ahead_chunks` ahead of the reader ([`Event::Taken`]).
    pub fn in_order(
        layout: ChunkLayout,
        config: DownloadConfig,
        ahead_chunks: u32,
        now: Instant,
    ) -> Self {
        Self {
            readers: Readers::in_order(layout.chunk_count(), ahead_chunks),
            ..Self::new(layout, config, now)
        }
    }

    /// A download of what readers are near to ([`Event::Read`]), and of nothing else. It is complete when everything happens
    /// to be here.
    pub fn for_readers(layout: ChunkLayout, config: DownloadConfig, now: Instant) -> Self {
        Self {
            readers: Readers::only(layout.chunk_count()),
            ..Self::new(layout, config, now)
        }
    }

    /// One thing that happened.
    pub fn handle_event(&mut self, now: Instant, event: Event) {
        if self.state == State::Over {
            return self.late(event);
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
            Event::Blocked { source } => self.set_blocked(now, source, Some(Block::Full)),
            Event::Limited { source } => self.set_blocked(now, source, Some(Block::Limit)),
            Event::Unblocked { source } => self.set_blocked(now, source, None),
            Event::Taken { chunks } => self.readers.taken(chunks),
            Event::Read(at) => self.readers.read(at),
            Event::Left { reader } => self.readers.left(now, reader),
            Event::Forgotten { chunk } => drop(self.chunks.forget(chunk)),
            Event::PartCame { source, chunk } => self.part_came(now, source, chunk),
            Event::PartsVerified { chunk } => self.parts_verified(now, chunk),
            Event::PartsWrong { chunk } => self.parts_wrong(now, chunk),
            Event::Lied { source, chunk } => self.lied(now, source, chunk),
            Event::LocalFailure { reason } => {
                self.finish(Finish::Failed(FailReason::Local(reason)));
            }
            Event::Swarm(event) => self.in_the_swarm(now, event),
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
            self.sources.shift(late);
            self.wait.shift(late);
            self.readers.shift(late);
            if let Some(swarm) = &mut self.swarm {
                swarm.shift(late);
            }
        }
        for (source, due) in self.sources.due(now) {
            match due {
                Due::Connect => self.actions.push_back(Action::Connect { source }),
                Due::Suspect => self.tell_of(source, |who| Notice::Suspect { who }),
                Due::Stalled => self.disconnect(now, source, Fault::Stalled),
            }
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
        let deadlines = [
            self.sources.deadline(),
            self.wait.deadline(),
            self.readers.deadline(),
            self.swarm_deadline(),
        ];
        deadlines.into_iter().flatten().min()
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
        if self.state == State::Running {
            self.schedule(now);
            self.look_around(now);
        }
        self.look_for_sources(now);
    }

    fn finish(&mut self, finish: Finish) {
        self.state = State::Over;
        self.still_sending = self.sources.end();
        self.actions.push_back(Action::Finish(finish));
    }

    fn tell(&mut self, notice: Notice) {
        self.actions.push_back(Action::Notice(notice));
    }

    fn tell_of(&mut self, source: SourceId, notice: impl FnOnce(Who) -> Notice) {
        let who = self.sources[source].who();
        let notice = notice(who);
        // Nobody wants to hear of each peer that is slow: peers are many, and nobody's in particular.
        if !self.sources[source].is_peer() || matches!(notice, Notice::Banned { .. }) {
            self.tell(notice);
        }
    }

    fn ready(&mut self, have: &ChunkSet) {
        if self.state == State::Preparing {
            self.state = State::Running;
            self.resumed_bytes = self.chunks.resume(have);
        }
    }
}

/// Chunks are asked for, and come or do not.
impl Download {
    fn received_bytes(&mut self, now: Instant, id: SourceId, chunk: ChunkIndex, bytes: u32) {
        if let Some(source) = self.sources.get_mut(id)
            && source.receive(now, chunk, bytes)
        {
            self.tell_of(id, |who| Notice::Cleared { who });
        }
    }

    fn verified(&mut self, now: Instant, id: SourceId, chunk: ChunkIndex) {
        let Some(source) = self.sources.get_mut(id) else {
            return;
        };
        source.settle(now, chunk);
        if !self.chunks.complete(chunk, id) {
            return;
        }
        source.credit(self.layout.chunk_len(chunk));
        self.drop_parts(chunk);
        self.is_here(now, chunk);
    }

    /// A chunk is in the file: nobody else needs to send it.
    fn is_here(&mut self, now: Instant, chunk: ChunkIndex) {
        self.got(now);
        self.parts.settle(chunk);
        for (source, unsent_bytes) in self.sources.make_useless(now, chunk) {
            self.hedges.give_back(unsent_bytes);
            self.actions.push_back(Action::Cancel { source, chunk });
        }
    }

    fn refused(&mut self, now: Instant, id: SourceId, chunk: ChunkIndex) {
        let source = self.sources.get_mut(id);
        if let Some(declined) = source.and_then(|source| source.refuse(now, chunk)) {
            self.declined(id, chunk, declined);
            if declined.is_too_much {
                self.disconnect(now, id, Fault::Refused);
            }
        }
    }

    fn cancelled(&mut self, now: Instant, id: SourceId, chunk: ChunkIndex) {
        if let Some(source) = self.sources.get_mut(id) {
            let declined = source.cancel(now, chunk);
            self.declined(id, chunk, declined);
        }
    }

    fn declined(&mut self, id: SourceId, chunk: ChunkIndex, declined: Declined) {
        if declined.is_cleared {
            self.tell_of(id, |who| Notice::Cleared { who });
        }
        if declined.leaves {
            self.chunks.leave(chunk, id);
            self.parts.leave(chunk, id);
        }
    }

    fn set_blocked(&mut self, now: Instant, id: SourceId, block: Option<Block>) {
        if let Some(source) = self.sources.get_mut(id) {
            source.set_blocked(now, block);
        }
    }

    /// Asks for as much as is sensible now.
    fn schedule(&mut self, now: Instant) {
        if !self.readers.are_gone() || self.parts.chunks().next().is_some() {
            self.serve_readers(now);
        }
        let alone = self.swarm.is_none();
        self.ask_swarm(now, self.readers.is_empty());
        let mut pass = Pass::default();
        while (alone || !self.readers.is_empty())
            && let Some((source, chunk)) = pass.next(&self.outlook(now))
        {
            self.request(now, source, chunk);
        }
        for source in schedule::useless(&self.outlook(now)) {
            self.disconnect(now, source, Fault::Refused);
        }
        for helper in help::helpers(&self.outlook(now)) {
            match help::help(&self.outlook(now), &self.hedges, &helper) {
                None => {}
                Some(Help::TakeBack { owner, chunk }) => {
                    self.take_back(now, owner, chunk);
                    self.request(now, helper.id, chunk);
                }
                Some(Help::Hedge { chunk }) => self.hedge(now, helper.id, chunk),
            }
        }
    }

    fn outlook(&self, now: Instant) -> Outlook<'_> {
        Outlook {
            now,
            layout: self.layout,
            chunks: &self.chunks,
            sources: &self.sources,
            readers: &self.readers,
        }
    }

    /// Asks for a missing chunk.
    fn request(&mut self, now: Instant, source: SourceId, chunk: ChunkIndex) {
        if self.chunks.take(chunk, source) {
            self.ask(now, source, chunk);
        }
    }

    fn ask(&mut self, now: Instant, id: SourceId, chunk: ChunkIndex) {
        let length = self.layout.chunk_len(chunk);
        if let Some(source) = self.sources.get_mut(id) {
            source.ask(now, chunk, length);
            let source = id;
            self.actions.push_back(Action::Request { source, chunk });
        }
    }

    fn take_back(&mut self, now: Instant, owner: SourceId, chunk: ChunkIndex) {
        if let Some(source) = self.sources.get_mut(owner) {
            source.take_back(now, chunk);
        }
        let source = owner;
        self.actions.push_back(Action::Cancel { source, chunk });
        self.chunks.leave(chunk, owner);
    }

    fn hedge(&mut self, now: Instant, helper: SourceId, chunk: ChunkIndex) {
        let length = u64::from(self.layout.chunk_len(chunk));
        if !self.hedges.allows(length) || !self.chunks.join(chunk, helper) {
            return;
        }
        self.hedges.spend(length);
        if let Some(source) = self.sources.get_mut(helper) {
            source.count_hedge();
        }
        self.ask(now, helper, chunk);
    }
}
