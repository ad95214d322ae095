//! Sources come, go, and are given up.

use std::time::Instant;

use super::{
    Action, FailReason, Finish, Notice,
    chunks::Left,
    machine::Download,
    queue::Want,
    source::{Link, Source},
};
use crate::model::{ChunkIndex, Fault, Have, SourceId, SourceInfo, limits::MAX_SOURCES};

impl Download {
    /// True when an entry of a list counts: an id stands for one source for good, and a download has so many sources
    /// at most.
    fn accepts(&self, info: &SourceInfo) -> bool {
        match self.sources.get(&info.id) {
            Some(known) => known.who == info.who,
            None => self.sources.len() < MAX_SOURCES,
        }
    }

    pub(super) fn listed(&mut self, now: Instant, list: Vec<SourceInfo>) {
        let before: Vec<_> = self
            .sources
            .values_mut()
            .filter_map(|source| {
                std::mem::replace(&mut source.announced, false).then_some(source.id)
            })
            .collect();
        let mut back = Vec::new();
        for info in list {
            if !self.accepts(&info) {
                continue;
            }
            let id = info.id;
            if self.reading.is_none() {
                for range in &info.ranges {
                    self.chunks.set_home(*range, id, &info.have);
                }
            }
            match self.sources.get_mut(&id) {
                None => self.add_source(now, &info),
                Some(source) => {
                    source.announced = true;
                    source.is_draining = info.draining;
                    source.have = info.have;
                    if !before.contains(&id) {
                        source.forget_failures();
                        back.push(id);
                    }
                }
            }
        }
        // Those that are to rest now are not connected to for a moment only.
        self.rest(now);
        for id in back {
            let source = self.sources.get(&id);
            let waits = |source: &Source| matches!(source.link, Link::Waiting { .. });
            if source.is_some_and(|source| waits(source) && !source.is_resting) {
                self.connect(now, id);
            }
        }
    }

    fn add_source(&mut self, now: Instant, info: &SourceInfo) {
        let chunk_bytes = self.layout.chunk_bytes();
        let mut source = Source::new(info, chunk_bytes, self.config.seed, now);
        if info.draining {
            // Connected to if no other is there.
            source.link = Link::Resting;
        } else {
            self.actions.push_back(Action::Connect { source: info.id });
        }
        self.sources.insert(info.id, source);
    }

    pub(super) fn connect(&mut self, now: Instant, id: SourceId) {
        if let Some(source) = self.sources.get_mut(&id) {
            source.start_connecting(now);
            self.actions.push_back(Action::Connect { source: id });
        }
    }

    pub(super) fn connected(&mut self, now: Instant, id: SourceId) {
        let Some(source) = self.sources.get_mut(&id) else {
            return;
        };
        match source.link {
            Link::Connecting { .. } => {}
            Link::Up | Link::Suspect | Link::Waiting { .. } | Link::Resting | Link::Banned => {
                return;
            }
        }
        source.start_working();
        source.refused.clear();
        if let Some(since) = source.dead_since.take() {
            let after = now.saturating_duration_since(since);
            source.counters.recoveries += 1;
            source.counters.recovery += after;
            let (own_chunks, _) = self.chunks.missing_of(Some(id));
            source.counters.recovered_chunks += u64::from(own_chunks);
            let who = source.who;
            self.tell(Notice::Back {
                who,
                after,
                own_chunks,
            });
        }
    }

    pub(super) fn lost(&mut self, now: Instant, id: SourceId, fault: Fault) {
        let working = self.sources.get(&id).is_some_and(|source| {
            source.is_connected() || matches!(source.link, Link::Connecting { .. })
        });
        if working {
            self.count_fault(id, fault);
            self.give_up(now, id, fault);
        }
    }

    /// Takes all work from a source and tries it again later.
    pub(super) fn give_up(&mut self, now: Instant, id: SourceId, fault: Fault) {
        let returned_chunks = self.release(id);
        let Some(source) = self.sources.get_mut(&id) else {
            return;
        };
        source.start_waiting(now);
        source.sync(now);
        if source.dead_since.is_some() {
            // It was told when it died; that it still does not answer is no news.
            return;
        }
        source.dead_since = Some(now);
        let who = source.who;
        self.actions.push_back(Action::Report {
            source: id,
            fault,
            chunk: None,
        });
        self.tell(Notice::Dead {
            who,
            fault,
            returned_chunks,
        });
    }

    /// Puts back every chunk that a source had to bring, in one step; says how many.
    pub(super) fn release(&mut self, id: SourceId) -> u32 {
        let Some(source) = self.sources.get_mut(&id) else {
            return 0;
        };
        let mut returned = 0;
        for request in source.queue.take_all() {
            if request.want == Want::Wanted {
                source.counters.retries += 1;
                if self.chunks.leave(request.chunk, id) == Left::Missing {
                    returned += 1;
                }
            }
        }
        returned
    }

    pub(super) fn ban(&mut self, now: Instant, id: SourceId, chunk: Option<ChunkIndex>) {
        self.release(id);
        let Some(source) = self.sources.get_mut(&id) else {
            return;
        };
        if source.link == Link::Banned {
            return;
        }
        let (who, connected) = (source.who, source.is_connected());
        source.counters.faults.count(Fault::Digest);
        source.link = Link::Banned;
        source.sync(now);
        if connected {
            self.actions.push_back(Action::Disconnect { source: id });
        }
        self.actions.push_back(Action::Report {
            source: id,
            fault: Fault::Digest,
            chunk,
        });
        self.tell(Notice::Banned { who, chunk });
    }

    /// Ends a connection from this side and gives the source up for now.
    pub(super) fn disconnect(&mut self, now: Instant, id: SourceId, fault: Fault) {
        self.actions.push_back(Action::Disconnect { source: id });
        self.give_up(now, id, fault);
    }

    pub(super) fn source_due(&mut self, now: Instant, id: SourceId) {
        let Some(source) = self.sources.get_mut(&id) else {
            return;
        };
        match source.link {
            Link::Connecting { overdue_at } if overdue_at <= now => {
                self.count_fault(id, Fault::Stalled);
                self.disconnect(now, id, Fault::Stalled);
            }
            Link::Connecting { .. } => source.expected_until = None,
            Link::Waiting { .. } if source.is_resting => source.link = Link::Resting,
            Link::Waiting { .. } => self.connect(now, id),
            Link::Up | Link::Suspect => {
                if source.progress.dead_at().is_some_and(|at| at <= now) {
                    self.count_fault(id, Fault::Stalled);
                    self.disconnect(now, id, Fault::Stalled);
                } else if source.link == Link::Up {
                    source.link = Link::Suspect;
                    let who = source.who;
                    self.tell(Notice::Suspect { who });
                }
            }
            Link::Resting | Link::Banned => {}
        }
    }

    fn count_fault(&mut self, id: SourceId, fault: Fault) {
        if let Some(source) = self.sources.get_mut(&id) {
            source.counters.faults.count(fault);
        }
    }

    /// True when a source can still bring something, once it is connected.
    fn is_of_use(&self, source: &Source) -> bool {
        match &source.have {
            Have::All => true,
            Have::Chunks(chunks) => {
                let here = self.chunks.have();
                source.queue.len() > 0 || chunks.iter().any(|chunk| !here.contains(chunk))
            }
        }
    }

    /// Starts, ends and bounds the wait for a source.
    pub(super) fn look_for_sources(&mut self, now: Instant) {
        let useful = || {
            self.sources
                .values()
                .filter(|source| self.is_of_use(source))
        };
        let is_hoped_for = useful().any(|s| s.is_connected() || s.is_first_attempt());
        let is_there = useful().any(Source::is_connected);
        match self.waiting_since {
            None if !is_hoped_for => {
                self.waiting_since = Some(now);
                let up_to = self.config.source_wait;
                self.tell(Notice::NoSources { up_to });
            }
            Some(since) if is_there => {
                self.waiting_since = None;
                let after = now.saturating_duration_since(since);
                self.tell(Notice::SourcesAgain { after });
            }
            Some(since) if now >= since + self.config.source_wait => {
                let waited = now.saturating_duration_since(since);
                self.finish(Finish::Failed(FailReason::NoSources { waited }));
            }
            None | Some(_) => {}
        }
    }
}
