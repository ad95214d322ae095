//! What follows between the rooms when sources come, go, or are given up.

use std::time::Instant;

use super::{
    super::{Action, FailReason, Finish, Notice, chunks::Left, connection::Rest, wait::Waited},
    Download,
};
use crate::model::{ChunkIndex, Fault, SourceId, SourceInfo};

impl Download {
    pub(super) fn listed(&mut self, now: Instant, list: Vec<SourceInfo>) {
        let before = self.sources.begin_list();
        let mut back = Vec::new();
        for info in list {
            let id = info.id;
            if !self.sources.accepts(&info) {
                continue;
            }
            if self.readers.keeps_all() {
                for range in &info.ranges {
                    self.chunks.set_home(*range, id, &info.have);
                }
            }
            let is_back = !before.contains(&id);
            if self.sources.list(now, info, is_back) {
                self.actions.push_back(Action::Connect { source: id });
            } else if is_back {
                back.push(id);
            }
        }
        // Those that are to rest from now on are not connected to for a moment only.
        self.rest(now);
        for id in back {
            if let Some(source) = self.sources.get_mut(id)
                && source.retry(now)
            {
                self.actions.push_back(Action::Connect { source: id });
            }
        }
    }

    pub(super) fn connected(&mut self, now: Instant, id: SourceId) {
        let Some(source) = self.sources.get_mut(id) else {
            return;
        };
        let (own_chunks, _) = self.chunks.missing_of(Some(id));
        if let Some(after) = source.connected(now, own_chunks)
            && !source.is_peer()
        {
            let who = source.who();
            self.tell(Notice::Back {
                who,
                after,
                own_chunks,
            });
        }
    }

    pub(super) fn queued(&mut self, now: Instant, id: SourceId) {
        if let Some(source) = self.sources.get_mut(id)
            && source.queued(now)
        {
            self.tell_of(id, |who| Notice::Cleared { who });
        }
    }

    pub(super) fn lost(&mut self, now: Instant, id: SourceId, fault: Fault) {
        if let Some(source) = self.sources.get_mut(id)
            && source.connection().can_be_lost()
        {
            source.count_fault(fault);
            self.give_up(now, id, fault);
        }
    }

    /// Ends a connection from this side and gives its source up for now.
    pub(super) fn disconnect(&mut self, now: Instant, id: SourceId, fault: Fault) {
        self.actions.push_back(Action::Disconnect { source: id });
        self.give_up(now, id, fault);
    }

    /// Takes all work from a source and tries it again later.
    fn give_up(&mut self, now: Instant, id: SourceId, fault: Fault) {
        let returned_chunks = self.release(now, id);
        self.leave_swarm(id);
        let Some(source) = self.sources.get_mut(id) else {
            return;
        };
        if source.give_up(now) {
            self.report(id, fault, None);
            self.tell_of(id, |who| Notice::Dead {
                who,
                fault,
                returned_chunks,
            });
        }
    }

    /// Puts back every chunk that a source had to bring, in one step. Says how many are missing by that.
    fn release(&mut self, now: Instant, id: SourceId) -> u32 {
        let mut returned = 0;
        if let Some(source) = self.sources.get_mut(id) {
            for chunk in source.take_work(now) {
                self.parts.leave(chunk, id);
                if self.chunks.leave(chunk, id) == Left::Missing {
                    returned += 1;
                }
            }
        }
        returned
    }

    pub(super) fn wrong(&mut self, now: Instant, id: SourceId, chunk: ChunkIndex) {
        let Some(source) = self.sources.get_mut(id) else {
            return;
        };
        source.count_digest_failure();
        self.blame.add(chunk, id);
        self.ban(now, id, Some(chunk));
        if self.sources.are_all_banned()
            && let Some(senders) = self.blame.two_senders(chunk)
        {
            let who = senders.map(|id| self.sources[id].who());
            self.finish(Finish::Failed(FailReason::WrongManifest { chunk, who }));
        }
    }

    pub(super) fn ban(&mut self, now: Instant, id: SourceId, chunk: Option<ChunkIndex>) {
        self.release(now, id);
        self.leave_swarm(id);
        let Some(was_connected) = self.sources.get_mut(id).and_then(|source| source.ban()) else {
            return;
        };
        if was_connected {
            self.actions.push_back(Action::Disconnect { source: id });
        }
        self.report(id, Fault::Digest, chunk);
        self.tell_of(id, |who| Notice::Banned { who, chunk });
    }

    /// The central is told of lost peers when it is asked for others.
    fn report(&mut self, source: SourceId, fault: Fault, chunk: Option<ChunkIndex>) {
        if source.peer().is_some() && fault != Fault::Digest {
            return;
        }
        self.actions.push_back(Action::Report {
            source,
            fault,
            chunk,
        });
    }

    /// Lets drained sources rest, or wakes them.
    pub(super) fn rest(&mut self, now: Instant) {
        if !self.sources.any_drained() {
            return;
        }
        let missing = self.chunks.not_here();
        let others_suffice = self.sources.can_do_without_drained(missing);
        let changed = self.sources.rest(now, others_suffice);
        for (source, _) in changed.iter().filter(|(_, rest)| *rest == Rest::Begin) {
            let source = *source;
            self.actions.push_back(Action::Disconnect { source });
        }
        for (source, _) in changed.iter().filter(|(_, rest)| *rest == Rest::End) {
            let source = *source;
            self.actions.push_back(Action::Connect { source });
        }
    }

    /// Begins, ends and bounds the wait for a source.
    pub(super) fn look_for_sources(&mut self, now: Instant) {
        let prospect = self.sources.prospect(self.chunks.have());
        match self.wait.look(now, prospect) {
            None => {}
            Some(Waited::Begun { up_to }) => self.tell(Notice::NoSources { up_to }),
            Some(Waited::Ended { after }) => self.tell(Notice::SourcesAgain { after }),
            Some(Waited::TooLong { waited }) => {
                self.finish(Finish::Failed(FailReason::NoSources { waited }));
            }
        }
    }
}
