//! What must hold of one download machine after each thing that happens to it.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Instant,
};

use trozos::{
    engine::download::{Action, Download, Event, Finish, Snapshot, SourceSnapshot, SourceState},
    model::{ChunkIndex, ChunkLayout, ChunkSet, SourceId, Who},
};

/// See the module.
#[derive(Debug)]
pub struct FetchCheck {
    layout: ChunkLayout,
    have: ChunkSet,
    /// Who was asked for a chunk and has neither brought it nor been told to leave it.
    owners: BTreeMap<ChunkIndex, BTreeSet<SourceId>>,
    arrived: BTreeMap<SourceId, u64>,
    /// Those that are about to leave, as was last said of each.
    draining: BTreeSet<SourceId>,
    was_stopped: bool,
    is_over: bool,
    /// What each id stands for.
    who: BTreeMap<SourceId, Who>,
}

impl FetchCheck {
    pub fn new(layout: ChunkLayout) -> Self {
        Self {
            layout,
            have: ChunkSet::new(layout.chunk_count()),
            owners: BTreeMap::new(),
            arrived: BTreeMap::new(),
            draining: BTreeSet::new(),
            was_stopped: false,
            is_over: false,
            who: BTreeMap::new(),
        }
    }

    pub fn event(&mut self, event: &Event) {
        match event {
            Event::Received { source, bytes, .. } => {
                *self.arrived.entry(*source).or_default() += u64::from(*bytes);
            }
            Event::Lost { source, .. } => self.gone(*source),
            Event::Refused { source, chunk }
            | Event::Cancelled { source, chunk }
            | Event::Verified { source, chunk }
            | Event::Wrong { source, chunk } => self.left(*source, *chunk),
            Event::Sources(_) if self.is_over => {}
            Event::Sources(list) => {
                for source in list {
                    let who = *self.who.entry(source.id).or_insert(source.who);
                    assert_eq!(who, source.who, "{} was another", source.id);
                    if source.draining {
                        self.draining.insert(source.id);
                    } else {
                        self.draining.remove(&source.id);
                    }
                }
                let all: BTreeSet<_> = self.who.values().collect();
                assert_eq!(all.len(), self.who.len(), "one has two ids: {:?}", self.who);
            }
            Event::Stop => self.was_stopped = true,
            Event::Connected { .. }
            | Event::Swarm(_)
            | Event::Ready { .. }
            | Event::Queued { .. }
            | Event::Blocked { .. }
            | Event::Limited { .. }
            | Event::Unblocked { .. }
            | Event::Taken { .. }
            | Event::Read(_)
            | Event::Left { .. }
            | Event::Forgotten { .. }
            | Event::PartCame { .. }
            | Event::PartsVerified { .. }
            | Event::PartsWrong { .. }
            | Event::Lied { .. }
            | Event::LocalFailure { .. } => {}
        }
    }

    fn gone(&mut self, source: SourceId) {
        for owners in self.owners.values_mut() {
            owners.remove(&source);
        }
    }

    fn left(&mut self, source: SourceId, chunk: ChunkIndex) {
        if let Some(owners) = self.owners.get_mut(&chunk) {
            owners.remove(&source);
        }
    }

    pub fn action(&mut self, now: Instant, action: &Action, machine: &Download) {
        assert!(!self.is_over, "{action:?} after the end");
        match action {
            Action::Request { source, chunk } => {
                assert!(!self.was_stopped, "{chunk} is asked for after a stop");
                if self.draining.contains(source) {
                    self.check_needed(*source, &machine.snapshot(now));
                }
                assert!(self.layout.contains(*chunk));
                assert!(!machine.have().contains(*chunk), "{chunk} is here");
                let owners = self.owners.entry(*chunk).or_default();
                assert!(owners.insert(*source), "{chunk} of {source} again");
                assert!(owners.len() <= 2, "{chunk} has owners {owners:?}");
            }
            Action::Cancel { source, chunk } => self.left(*source, *chunk),
            Action::Connect { source } | Action::Disconnect { source } => self.gone(*source),
            Action::Finish(finish) => {
                self.is_over = true;
                if *finish == Finish::Complete {
                    assert!(machine.have().is_full(), "complete without all chunks");
                }
            }
            Action::RequestPart { .. } | Action::JoinParts { .. } | Action::ForgetParts { .. } => {
                unreachable!("nobody reads")
            }
            Action::Swarm(action) => panic!("{action:?} outside of a swarm"),
            Action::Report { .. } | Action::Notice(_) => {}
        }
    }

    /// One that is about to leave is asked for something only while no other works.
    fn check_needed(&self, source: SourceId, snapshot: &Snapshot) {
        let works = |other: &&SourceSnapshot| {
            let is_staying = !self.draining.contains(&other.received.source);
            is_staying && other.state == SourceState::Up
        };
        let other = snapshot.sources.iter().find(works);
        assert!(other.is_none(), "{source} is left in peace for {other:?}");
    }

    /// Nobody is left in peace without a word of the central.
    fn check_resting(&self, snapshot: &Snapshot) {
        for source in &snapshot.sources {
            let id = source.received.source;
            let rests = source.state == SourceState::Resting;
            assert!(!rests || self.draining.contains(&id), "{source:?}");
        }
    }

    pub fn after(&mut self, now: Instant, machine: &Download) {
        let have = machine.have();
        if have.len() != self.have.len() {
            for chunk in self.have.iter() {
                assert!(have.contains(chunk), "{chunk} was here and is not");
            }
            self.have = have.clone();
        }
        let snapshot = machine.snapshot(now);
        assert_eq!(snapshot.have_chunks, have.len());
        assert!(self.is_over || !self.was_stopped, "it was stopped and runs");
        self.check_resting(&snapshot);
        let chunk = u64::from(self.layout.chunk_bytes());
        let mut wasted = 0;
        // A duplicate or two, and for each chunk that was lost, refused, wrong or taken back, what had come
        // of it.
        let mut budget = (self.layout.file_bytes() / 20).max(2 * chunk);
        for source in &snapshot.sources {
            let received = &source.received;
            let arrived = self.arrived.get(&received.source).copied().unwrap_or(0);
            assert!(
                received.bytes + received.wasted <= arrived,
                "more is booked of {} than came",
                received.source
            );
            wasted += received.wasted;
            budget += chunk * (received.retries + received.digest_failures);
        }
        if !self.is_over {
            assert!(
                wasted <= budget,
                "{wasted} bytes wasted, {budget} allowed: {snapshot:?}"
            );
        }
    }
}
