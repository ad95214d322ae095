//! Sources come, go, and are given up.

use std::time::Instant;

use super::{
    Action, FailReason, Finish, Holder, Notice,
    chunks::Left,
    machine::Download,
    queue::Want,
    source::{Link, Source},
};
use crate::model::{ChunkIndex, Fault, SecondaryNumber};

impl Download {
    pub(super) fn listed(&mut self, now: Instant, list: Vec<Holder>) {
        let before: Vec<_> = self
            .sources
            .values_mut()
            .filter_map(|source| {
                std::mem::replace(&mut source.announced, false).then_some(source.number)
            })
            .collect();
        let mut back = Vec::new();
        for holder in list {
            let number = holder.source;
            if self.reading.is_none() {
                for range in holder.ranges {
                    self.chunks.set_home(range, number);
                }
            }
            match self.sources.get_mut(&number) {
                None => self.add_source(now, number, holder.is_draining),
                Some(source) => {
                    source.announced = true;
                    source.is_draining = holder.is_draining;
                    if !before.contains(&number) {
                        source.forget_failures();
                        back.push(number);
                    }
                }
            }
        }
        // Those that are to rest now are not connected to for a moment only.
        self.rest(now);
        for number in back {
            let source = self.sources.get(&number);
            let waits = |source: &Source| matches!(source.link, Link::Waiting { .. });
            if source.is_some_and(|source| waits(source) && !source.is_resting) {
                self.connect(now, number);
            }
        }
    }

    fn add_source(&mut self, now: Instant, number: SecondaryNumber, is_draining: bool) {
        let chunk_bytes = self.layout.chunk_bytes();
        let mut source = Source::new(number, chunk_bytes, self.config.seed, now);
        source.is_draining = is_draining;
        if is_draining {
            // Connected to if no other is there.
            source.link = Link::Resting;
        } else {
            self.actions.push_back(Action::Connect { source: number });
        }
        self.sources.insert(number, source);
    }

    pub(super) fn connect(&mut self, now: Instant, number: SecondaryNumber) {
        if let Some(source) = self.sources.get_mut(&number) {
            source.start_connecting(now);
            self.actions.push_back(Action::Connect { source: number });
        }
    }

    pub(super) fn connected(&mut self, now: Instant, number: SecondaryNumber) {
        let Some(source) = self.sources.get_mut(&number) else {
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
            let (own_chunks, _) = self.chunks.missing_of(Some(number));
            source.counters.recovered_chunks += u64::from(own_chunks);
            self.tell(Notice::Back {
                source: number,
                after,
                own_chunks,
            });
        }
        if let Some(since) = self.waiting_since.take() {
            let after = now.saturating_duration_since(since);
            self.tell(Notice::SourcesAgain { after });
        }
    }

    pub(super) fn lost(&mut self, now: Instant, number: SecondaryNumber, fault: Fault) {
        let working = self.sources.get(&number).is_some_and(|source| {
            source.is_connected() || matches!(source.link, Link::Connecting { .. })
        });
        if working {
            self.count_fault(number, fault);
            self.give_up(now, number, fault);
        }
    }

    /// Takes all work from a source and tries it again later.
    pub(super) fn give_up(&mut self, now: Instant, number: SecondaryNumber, fault: Fault) {
        let returned_chunks = self.release(number);
        let Some(source) = self.sources.get_mut(&number) else {
            return;
        };
        source.start_waiting(now);
        source.sync(now);
        if source.dead_since.is_some() {
            // It was told when it died; that it still does not answer is no news.
            return;
        }
        source.dead_since = Some(now);
        self.actions.push_back(Action::Report {
            source: number,
            fault,
            chunk: None,
        });
        self.tell(Notice::Dead {
            source: number,
            fault,
            returned_chunks,
        });
    }

    /// Puts back every chunk that a source had to bring, in one step; says how many.
    pub(super) fn release(&mut self, number: SecondaryNumber) -> u32 {
        let Some(source) = self.sources.get_mut(&number) else {
            return 0;
        };
        let mut returned = 0;
        for request in source.queue.take_all() {
            if request.want == Want::Wanted {
                source.counters.retries += 1;
                if self.chunks.leave(request.chunk, number) == Left::Missing {
                    returned += 1;
                }
            }
        }
        returned
    }

    pub(super) fn ban(&mut self, now: Instant, number: SecondaryNumber, chunk: Option<ChunkIndex>) {
        self.release(number);
        let Some(source) = self.sources.get_mut(&number) else {
            return;
        };
        if source.link == Link::Banned {
            return;
        }
        let connected = source.is_connected();
        source.counters.faults.count(Fault::Digest);
        source.link = Link::Banned;
        source.sync(now);
        if connected {
            self.actions
                .push_back(Action::Disconnect { source: number });
        }
        self.actions.push_back(Action::Report {
            source: number,
            fault: Fault::Digest,
            chunk,
        });
        self.tell(Notice::Banned {
            source: number,
            chunk,
        });
    }

    /// Ends a connection from this side and gives the source up for now.
    pub(super) fn disconnect(&mut self, now: Instant, number: SecondaryNumber, fault: Fault) {
        self.actions
            .push_back(Action::Disconnect { source: number });
        self.give_up(now, number, fault);
    }

    pub(super) fn source_due(&mut self, now: Instant, number: SecondaryNumber) {
        let Some(source) = self.sources.get_mut(&number) else {
            return;
        };
        match source.link {
            Link::Connecting { overdue_at } if overdue_at <= now => {
                self.count_fault(number, Fault::Stalled);
                self.disconnect(now, number, Fault::Stalled);
            }
            Link::Connecting { .. } => source.expected_until = None,
            Link::Waiting { .. } if source.is_resting => source.link = Link::Resting,
            Link::Waiting { .. } => self.connect(now, number),
            Link::Up | Link::Suspect => {
                if source.progress.dead_at().is_some_and(|at| at <= now) {
                    self.count_fault(number, Fault::Stalled);
                    self.disconnect(now, number, Fault::Stalled);
                } else if source.link == Link::Up {
                    source.link = Link::Suspect;
                    self.tell(Notice::Suspect { source: number });
                }
            }
            Link::Resting | Link::Banned => {}
        }
    }

    fn count_fault(&mut self, number: SecondaryNumber, fault: Fault) {
        if let Some(source) = self.sources.get_mut(&number) {
            source.counters.faults.count(fault);
        }
    }

    /// Starts, ends and bounds the wait for a source.
    pub(super) fn look_for_sources(&mut self, now: Instant) {
        let none = self
            .sources
            .values()
            .all(|source| !source.is_connected() && !source.is_first_attempt());
        match self.waiting_since {
            None if none => {
                self.waiting_since = Some(now);
                let up_to = self.config.source_wait;
                self.tell(Notice::NoSources { up_to });
            }
            Some(since) if now >= since + self.config.source_wait => {
                let waited = now.saturating_duration_since(since);
                self.finish(Finish::Failed(FailReason::NoSources { waited }));
            }
            None | Some(_) => {}
        }
    }
}
