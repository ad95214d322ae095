//! What readers wait for. The chunk that a reader is at is asked for in parts, from several sources at once, before all else;
//! where a source is late with what a hungry reader waits for, another is asked as well. What nobody is near to any more is
//! taken back, unless all of the file is wanted.

use std::time::{Duration, Instant};

use super::{
    super::{
        Action,
        outlook::Worker,
        parts::{MOST_OWNERS, cut},
        queue::Want,
        readers::{HUNGRY, STARVING},
        source::Source,
    },
    Download,
};
use crate::model::{ChunkIndex, Part, SourceId, limits::MAX_QUEUED_REQUESTS};

/// Parts are not made shorter than this, in bytes.
const LEAST_PART_BYTES: u32 = 256 << 10;
/// Chunks that are put together from parts at a time. What other hungry readers wait for is only asked for first.
const MOST_SPLIT: usize = 6;
/// Sources that send parts of one chunk.
const MOST_PARTS: usize = 8;
/// A source that is slower than this share of the fastest sends no part.
const LEAST_RATE_SHARE: f64 = 0.1;
/// A source from which nothing has come for so long is late.
const SILENT: Duration = Duration::from_millis(200);
/// So is one that needs this many times as long as another, and this much longer, in seconds.
const LATE_TIMES: f64 = 2.0;
const LATE_SECONDS: f64 = 0.25;

impl Download {
    /// Asks for what hungry readers wait for, and takes back what nobody waits for any more.
    pub(super) fn serve_readers(&mut self, now: Instant) {
        self.readers.look(now, self.chunks.have());
        if !self.readers.keeps_all() {
            self.take_back_unwanted(now);
        }
        let hungry = self.readers.hungry(now);
        for (chunk, waited) in &hungry {
            if self.chunks.is_missing(*chunk) {
                if self.parts.chunks().count() < MOST_SPLIT {
                    self.ask_in_parts(now, *chunk);
                }
            } else if let Some(owners) = self.chunks.owners(*chunk) {
                self.ask_anew_if_late(now, *chunk, owners.first, *waited);
            }
        }
        let split: Vec<ChunkIndex> = self.parts.chunks().collect();
        for chunk in split {
            let waited = hungry.iter().find(|(hungry, _)| *hungry == chunk);
            self.see_to_parts(now, chunk, waited.map(|(_, waited)| *waited));
        }
    }

    /// Asks several sources for parts of a missing chunk, each for as much as it is fast.
    fn ask_in_parts(&mut self, now: Instant, chunk: ChunkIndex) {
        let length = self.layout.chunk_len(chunk);
        let mut workers = self.free_for(now, chunk);
        let Some(fastest) = workers.first().map(|worker| worker.rate) else {
            return;
        };
        let most = match self.parts.is_disputed(chunk) {
            true => 1,
            false => (length / LEAST_PART_BYTES).max(1) as usize,
        };
        workers.retain(|worker| worker.rate >= fastest * LEAST_RATE_SHARE);
        workers.truncate(most.min(MOST_PARTS));
        let weights: Vec<f64> = workers.iter().map(|worker| worker.rate).collect();
        let parts = cut(length, &weights).into_iter();
        let parts = parts.zip(workers.iter().map(|worker| worker.id));
        let parts: Vec<(Part, SourceId)> = parts.filter(|(part, _)| part.bytes > 0).collect();
        if !self.chunks.split(chunk) {
            return;
        }
        self.parts.begin(chunk, &parts);
        for (part, source) in parts {
            self.ask_part(now, source, chunk, part);
        }
    }

    fn ask_part(&mut self, now: Instant, id: SourceId, chunk: ChunkIndex, part: Part) {
        if let Some(source) = self.sources.get_mut(id) {
            source.ask_part(now, chunk, part.bytes);
            self.actions.push_back(Action::RequestPart {
                source: id,
                chunk,
                part,
            });
        }
    }

    /// Sources that may be asked for a chunk now, the fastest first; those that let this side wait in line come last.
    fn free_for(&self, now: Instant, chunk: ChunkIndex) -> Vec<Worker> {
        let outlook = self.outlook(now);
        let mut workers = outlook.workers();
        workers.retain(|worker| {
            let source = &self.sources[worker.id];
            source.may_be_asked_for(chunk) && source.queue().len() < MAX_QUEUED_REQUESTS
        });
        let in_line = |worker: &Worker| self.sources[worker.id].in_line_for(now).is_some();
        workers.sort_by(|a, b| {
            let lines = in_line(a).cmp(&in_line(b));
            lines.then(b.rate.total_cmp(&a.rate))
        });
        workers
    }

    /// A hungry reader waits for a chunk that one source was asked for. Where that one is late, others are asked instead.
    fn ask_anew_if_late(
        &mut self,
        now: Instant,
        chunk: ChunkIndex,
        owner: SourceId,
        waited: Duration,
    ) {
        let Some(fastest) = self.free_for(now, chunk).first().copied() else {
            return;
        };
        let source = &self.sources[owner];
        let request = source.queue().get(chunk);
        let is_begun = request.is_some_and(|request| request.received > 0);
        let left = request.map_or(0, |request| request.length - request.received);
        let is_late = self.is_late(now, source, left, &fastest);
        let is_overdue = waited >= HUNGRY || silence(now, source) >= HUNGRY;
        // What has not begun is behind other chunks, which nobody waits for.
        let is_behind = !is_begun && waited >= HUNGRY / 3;
        if is_behind || (is_overdue && is_late) {
            self.leave_to_others(now, chunk);
            self.ask_in_parts(now, chunk);
        }
    }

    /// Takes a chunk back from all that were asked for all of it.
    fn leave_to_others(&mut self, now: Instant, chunk: ChunkIndex) {
        while let Some(owners) = self.chunks.owners(chunk) {
            self.take_back(now, owners.first, chunk);
        }
    }

    /// True when a source does not bring what is left as it should, so that another had better be asked.
    fn is_late(&self, now: Instant, source: &Source, left_bytes: u32, other: &Worker) -> bool {
        if source.is_suspect() || silence(now, source) >= SILENT {
            return true;
        }
        let Some(rate) = source.rate(now) else {
            return false;
        };
        let (own, others) = (
            f64::from(left_bytes) / rate,
            f64::from(left_bytes) / other.rate,
        );
        own > others * LATE_TIMES && own > others + LATE_SECONDS
    }

    /// Has somebody bring each part of a chunk, and one more where those who were asked are late. `waited` is for how long a
    /// hungry reader has waited for it.
    fn see_to_parts(&mut self, now: Instant, chunk: ChunkIndex, waited: Option<Duration>) {
        let count = self.parts.pieces(chunk).len();
        for index in 0..count {
            let piece = &self.parts.pieces(chunk)[index];
            if piece.by.is_some() {
                continue;
            }
            let owners = piece.owners.clone();
            let may_have = match waited {
                Some(waited) if waited >= STARVING => MOST_OWNERS,
                Some(waited) if waited >= HUNGRY => 2,
                _ => 1,
            };
            let helper = self.free_for(now, chunk).first().copied();
            let Some(helper) = helper else {
                continue;
            };
            let are_late = owners.iter().all(|owner| {
                let source = &self.sources[*owner];
                let request = source.queue().get(chunk);
                let left = request.map_or(0, |request| request.length - request.received);
                self.is_late(now, source, left, &helper)
            });
            let is_needed = owners.is_empty() || (owners.len() < may_have && are_late);
            if is_needed && let Some(part) = self.parts.join(chunk, index, helper.id) {
                if !owners.is_empty()
                    && let Some(source) = self.sources.get_mut(helper.id)
                {
                    source.count_hedge();
                }
                self.ask_part(now, helper.id, chunk, part);
            }
        }
        let pieces = self.parts.pieces(chunk);
        let is_coming = pieces.iter().any(|piece| !piece.owners.is_empty());
        let is_whole = pieces.iter().all(|piece| piece.by.is_some());
        if !is_coming && !is_whole {
            // Nobody can bring the rest now: it is as missing as any other.
            self.give_parts_up(chunk);
        }
    }

    /// A chunk is not put together from parts after all: it is missing.
    fn give_parts_up(&mut self, chunk: ChunkIndex) {
        self.drop_parts(chunk);
        self.chunks.unsplit(chunk);
    }

    /// Parts of a chunk that are here are of no use.
    pub(super) fn drop_parts(&mut self, chunk: ChunkIndex) {
        let pieces = self.parts.end(chunk);
        if pieces.is_empty() {
            return;
        }
        for piece in pieces {
            if let Some(source) = piece.by.and_then(|by| self.sources.get_mut(by)) {
                source.release(piece.part.bytes);
            }
        }
        self.actions.push_back(Action::ForgetParts { chunk });
    }

    /// Takes back what no reader is near to any more: at once what has not begun to come, and a moment later, or where
    /// somebody else is hungry, what is not half here.
    fn take_back_unwanted(&mut self, now: Instant) {
        let cuts = self.readers.cuts(now);
        let is_unwanted = |received: u32, length: u32| {
            received == 0 || (cuts && u64::from(received) * 2 < u64::from(length))
        };
        let mut unwanted = Vec::new();
        for source in self.sources.iter() {
            let requests = source.queue().iter().filter(|request| {
                request.want == Want::Wanted
                    && !request.is_part
                    && !request.is_whole()
                    && !self.readers.reaches(request.chunk)
                    && is_unwanted(request.received, request.length)
            });
            unwanted.extend(requests.map(|request| (source.id(), request.chunk)));
        }
        for (owner, chunk) in unwanted {
            self.take_back(now, owner, chunk);
        }
        let unwanted: Vec<ChunkIndex> = self
            .parts
            .chunks()
            .filter(|chunk| !self.readers.reaches(*chunk))
            .filter(|chunk| {
                let pieces = self.parts.pieces(*chunk).iter();
                let mut lacking = pieces.filter(|p| p.by.is_none() && p.owners.is_empty());
                let length = self.layout.chunk_len(*chunk);
                lacking.next().is_some() || is_unwanted(self.arrived(*chunk), length)
            })
            .collect();
        for chunk in unwanted {
            let pieces = self.parts.pieces(chunk).iter();
            let owners: Vec<_> = pieces.flat_map(|piece| piece.owners.clone()).collect();
            for owner in owners {
                self.take_back(now, owner, chunk);
            }
            self.give_parts_up(chunk);
        }
    }

    /// How much has come of a chunk that is asked for in parts.
    fn arrived(&self, chunk: ChunkIndex) -> u32 {
        let pieces = self.parts.pieces(chunk).iter();
        let arrived = pieces.map(|piece| {
            let owners = piece.owners.iter();
            let request = |owner: &SourceId| self.sources[*owner].queue().get(chunk);
            let received = owners.filter_map(request).map(|request| request.received);
            match piece.by {
                Some(_) => piece.part.bytes,
                None => received.max().unwrap_or(0),
            }
        });
        arrived.sum()
    }
}

/// Parts come, and what they are together is known.
impl Download {
    pub(super) fn part_came(&mut self, now: Instant, id: SourceId, chunk: ChunkIndex) {
        let Some((part, others)) = self.parts.came(chunk, id) else {
            if self.parts.pieces(chunk).is_empty() {
                self.actions.push_back(Action::ForgetParts { chunk });
            }
            // It was taken back, and has come all the same.
            if let Some(source) = self.sources.get_mut(id) {
                source.forget_part(now, chunk);
            }
            return;
        };
        if let Some(source) = self.sources.get_mut(id) {
            source.hold(now, chunk, part.bytes);
        }
        let pieces = self.parts.pieces(chunk).iter();
        let parts: Option<Vec<_>> = pieces.map(|p| Some((p.part, p.by?))).collect();
        if let Some(parts) = parts {
            self.actions.push_back(Action::JoinParts { chunk, parts });
        }
        for other in others {
            let unsent = self.sources.get_mut(other);
            if unsent.is_some_and(|source| source.make_useless(now, chunk) > 0) {
                let source = other;
                self.actions.push_back(Action::Cancel { source, chunk });
            }
        }
    }

    pub(super) fn parts_verified(&mut self, now: Instant, chunk: ChunkIndex) {
        self.credit_parts(chunk);
        self.is_here(now, chunk);
    }

    /// A chunk that was put together from parts is in the file: whoever brought one has brought so much of it.
    pub(super) fn credit_parts(&mut self, chunk: ChunkIndex) {
        let pieces = self.parts.end(chunk);
        let longest = pieces
            .iter()
            .filter_map(|piece| Some((piece.part.bytes, piece.by?)));
        let longest = longest.max_by_key(|(bytes, by)| (*bytes, std::cmp::Reverse(*by)));
        let Some((_, longest)) = longest else {
            return;
        };
        let is_new = self.chunks.complete(chunk, longest);
        let mut is_counted = false;
        for piece in pieces {
            let Some(source) = piece.by.and_then(|by| self.sources.get_mut(by)) else {
                continue;
            };
            source.release(piece.part.bytes);
            if is_new {
                let counts = source.id() == longest && !std::mem::replace(&mut is_counted, true);
                source.credit_part(piece.part.bytes, counts);
            }
        }
    }

    pub(super) fn parts_wrong(&mut self, now: Instant, chunk: ChunkIndex) {
        let pieces = self.parts.end(chunk);
        self.chunks.unsplit(chunk);
        let mut senders: Vec<SourceId> = Vec::new();
        for piece in pieces {
            if let Some(source) = piece.by.and_then(|by| self.sources.get_mut(by)) {
                source.release(piece.part.bytes);
                senders.push(source.id());
            }
        }
        senders.sort_unstable();
        senders.dedup();
        match senders[..] {
            [only] => self.wrong(now, only, chunk),
            // Nobody knows who lied. All of the chunk is asked of one alone; once it is known, the parts are compared with it.
            _ => self.parts.dispute(chunk),
        }
    }

    pub(super) fn lied(&mut self, now: Instant, id: SourceId, chunk: ChunkIndex) {
        if let Some(source) = self.sources.get_mut(id) {
            source.count_digest_failure();
            self.ban(now, id, Some(chunk));
        }
    }
}

/// How long a source has sent nothing of what is awaited of it.
fn silence(now: Instant, source: &Source) -> Duration {
    source.silent_for(now).unwrap_or_default()
}
