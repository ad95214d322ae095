//! Who is asked for which chunk.
//!
//! Every source first takes what only it has, then what is its own, in order; one that has nothing of its own left takes from the
//! tail of whoever would finish last. Near the end a source takes a chunk only if it would bring it before
//! the others could have brought everything: the time `T` at which all of them together, each at its rate,
//! have sent what is outstanding and unassigned. When nothing is unassigned, an idle source takes chunks back
//! from the one that would finish last, or duplicates its last one (libtorrent's end game, bounded).
//!
//! Where somebody reads the file while it comes, everybody takes the first chunk that nobody has to bring, and
//! what is too far ahead of the reader counts neither as missing nor as unassigned.

use std::{collections::BTreeSet, time::Instant};

use super::{
    Action, Download,
    machine::State,
    queue::{Request, Want},
    source::{Link, Source},
};
use crate::model::{ChunkIndex, Fault, SourceId};

/// What a chunk may come later than the fluid finish time, as a share of it.
const SLACK: f64 = 0.05;
/// Help must be expected in this share of the owner's time.
const HELP_GAIN: f64 = 0.8;
/// Help must bring its chunk this much sooner, in seconds: less is noise, and what the owner has sent by then is sent
/// twice.
const HELP_SECONDS: f64 = 0.5;
/// What an owner has sent and has not arrived here, at a guess: a request that would begin within so many bytes cannot
/// be taken back any more.
const ON_ITS_WAY_BYTES: u64 = 64 << 10;
/// A duplicate that is only sooner may not bring the waste of hedges above this share of the file.
const CHEAP_SHARE: f64 = 0.01;
/// One that is so much sooner, in seconds, or whose owner is silent, may cost more.
const DEAR_SECONDS: f64 = 3.0;
/// Such hedges may cost this share of the file, or this many chunks if that is more.
const HEDGE_SHARE: f64 = 0.05;
const HEDGE_CHUNKS: u64 = 2;
/// What a source that has not sent anything yet is taken to need where another lets this side wait in line: who does so
/// is most likely only busy, and others are as busy.
const UNPROVEN_SECONDS: f64 = 5.0;
/// Where a proven source is so much sooner than a line, in seconds, what had come of the chunk is given up.
const HOPELESS_SECONDS: f64 = 10.0;
/// Rate of a source of which nothing is known where nothing is known of any, in bytes per second.
const ANY_RATE: f64 = 1e6;

/// A source that works, with what is needed to compare it.
#[derive(Clone, Copy, Debug)]
struct Worker {
    id: SourceId,
    rate: f64,
    outstanding_bytes: f64,
}

impl Worker {
    /// When it would have sent `more` bytes after all that is outstanding, in seconds.
    fn time_for(&self, more: f64) -> f64 {
        (self.outstanding_bytes + more) / self.rate
    }
}

impl Download {
    /// Asks for as much as is sensible now.
    pub(super) fn schedule(&mut self, now: Instant) {
        if self.state != State::Running {
            return;
        }
        self.assign(now);
        if self.unassigned().0 > 0 {
            self.drop_useless(now);
        }
        self.end_game(now);
    }

    /// Gives unassigned chunks to sources that have space for them.
    fn assign(&mut self, now: Instant) {
        let mut tried = BTreeSet::new();
        let chunk_bytes = f64::from(self.layout.chunk_bytes());
        let mut workers = None;
        while self.unassigned().0 > 0 {
            let with_space: BTreeSet<_> = self
                .sources
                .values()
                .filter(|source| !tried.contains(&source.id))
                .filter(|source| Self::is_working(source) && source.has_space(now))
                .map(|source| source.id)
                .collect();
            if with_space.is_empty() {
                // As nearly always: rates are not asked for in vain.
                return;
            }
            let workers = workers.get_or_insert_with(|| self.workers(now));
            let candidate = workers
                .iter()
                .filter(|worker| with_space.contains(&worker.id))
                .min_by(|a, b| a.time_for(chunk_bytes).total_cmp(&b.time_for(chunk_bytes)))
                .copied();
            let Some(worker) = candidate else {
                return;
            };
            match self.next_chunk(&worker, workers) {
                Some(chunk) => {
                    let asked = f64::from(self.layout.chunk_len(chunk));
                    for other in workers.iter_mut().filter(|w| w.id == worker.id) {
                        other.outstanding_bytes += asked;
                    }
                    self.request(now, worker.id, chunk);
                }
                None => {
                    tried.insert(worker.id);
                }
            }
        }
    }

    /// Sources that work, with their rates; one whose rate is unknown counts as typical.
    fn workers(&self, now: Instant) -> Vec<Worker> {
        let working = || {
            self.sources
                .values()
                .filter(|source| Self::is_working(source))
        };
        let known: Vec<f64> = working().filter_map(|source| source.rate(now)).collect();
        let typical = if known.is_empty() {
            ANY_RATE
        } else {
            known.iter().sum::<f64>() / known.len() as f64
        };
        working()
            .map(|source| Worker {
                id: source.id,
                rate: source.rate(now).unwrap_or(typical),
                outstanding_bytes: source.queue.sums().unfinished_bytes as f64,
            })
            .collect()
    }

    /// True when this chunk from this source would not be what everybody waits for in the end.
    fn is_in_time(&self, worker: &Worker, chunk: ChunkIndex, workers: &[Worker]) -> bool {
        let chunk_bytes = f64::from(self.layout.chunk_bytes());
        let own = worker.time_for(chunk_bytes);
        let has_it = |w: &&Worker| self.sources[&w.id].have.contains(chunk);
        let rivals: Vec<_> = workers.iter().filter(has_it).collect();
        let times = rivals.iter().map(|w| w.time_for(chunk_bytes));
        let best = times.fold(f64::INFINITY, f64::min);
        let (_, unassigned_bytes) = self.unassigned();
        let fluid = fluid_finish_time(unassigned_bytes as f64, rivals);
        own <= fluid.max(best) * (1.0 + SLACK)
    }

    /// What a source should bring next: what only it has, then what it would bring in time.
    fn next_chunk(&self, worker: &Worker, workers: &[Worker]) -> Option<ChunkIndex> {
        if let Some(chunk) = self.its_alone(worker, workers) {
            return Some(chunk);
        }
        let chunk = self.first_choice(worker, workers)?;
        self.is_in_time(worker, chunk, workers).then_some(chunk)
    }

    /// The first unassigned chunk that no other source that works has.
    fn its_alone(&self, worker: &Worker, workers: &[Worker]) -> Option<ChunkIndex> {
        let others = workers.iter().filter(|other| other.id != worker.id);
        let others: Vec<_> = others.map(|other| &self.sources[&other.id].have).collect();
        let is_read = self.reading.is_some();
        if is_read || others.is_empty() || others.iter().any(|have| have.is_all()) {
            return None;
        }
        let source = &self.sources[&worker.id];
        self.layout.all().iter().find(|chunk| {
            self.is_unassigned(*chunk)
                && source.can_send(*chunk)
                && source.queue.get(*chunk).is_none()
                && !others.iter().any(|have| have.contains(*chunk))
        })
    }

    /// Its own first, then what has no owner, then from the tail of whoever would finish last.
    fn first_choice(&self, worker: &Worker, workers: &[Worker]) -> Option<ChunkIndex> {
        let source = &self.sources[&worker.id];
        // A request that was taken back ends first.
        let allowed =
            |chunk: &ChunkIndex| source.can_send(*chunk) && source.queue.get(*chunk).is_none();
        if let Some(reading) = self.reading {
            return self.in_reach(reading).find(allowed);
        }
        let own = self.chunks.missing_forward(Some(worker.id));
        let nobodys = self.chunks.missing_forward(None);
        if let Some(chunk) = own.chain(nobodys).find(allowed) {
            return Some(chunk);
        }
        let mut homes: Vec<(SourceId, f64)> = self
            .chunks
            .homes_with_missing()
            .filter(|home| *home != worker.id)
            .filter(|home| !self.sources.get(home).is_some_and(Source::is_expected))
            .map(|home| {
                let (_, bytes) = self.chunks.missing_of(Some(home));
                let owner = workers.iter().find(|w| w.id == home);
                // One that does not work would finish last of all.
                let time = owner.map_or(f64::INFINITY, |w| w.time_for(bytes as f64));
                (home, time)
            })
            .collect();
        homes.sort_by(|a, b| b.1.total_cmp(&a.1));
        homes
            .into_iter()
            .find_map(|(home, _)| self.chunks.missing_backward(Some(home)).find(allowed))
    }

    fn request(&mut self, now: Instant, id: SourceId, chunk: ChunkIndex) {
        if self.chunks.take(chunk, id) {
            self.push_request(now, id, chunk);
        }
    }

    fn push_request(&mut self, now: Instant, id: SourceId, chunk: ChunkIndex) {
        let length = self.layout.chunk_len(chunk);
        if let Some(source) = self.sources.get_mut(&id) {
            source.queue.push(chunk, length);
            source.sync(now);
            let source = id;
            self.actions.push_back(Action::Request { source, chunk });
        }
    }

    /// Lets idle sources help those that would finish last.
    fn end_game(&mut self, now: Instant) {
        let is_idle = |source: &Source| source.queue.sums().unfinished == 0;
        let is_free = |source: &Source| is_idle(source) && !self.has_more_for(source);
        let mut sources = self.sources.values();
        if !sources.any(|source| Self::is_working(source) && is_free(source)) {
            return;
        }
        let mut workers = self.workers(now);
        workers.retain(|worker| is_free(&self.sources[&worker.id]));
        for worker in workers {
            self.help(now, &worker);
        }
    }

    fn help(&mut self, now: Instant, helper: &Worker) {
        let typical = helper.rate;
        let slowest = self
            .sources
            .values()
            .filter(|s| s.id != helper.id && s.queue.sums().wanted > 0)
            .filter_map(|source| {
                let chunk = self.last_chunk(source, helper.id)?;
                Some((source.id, chunk, owner_time(now, source, typical)))
            })
            .max_by(|a, b| a.2.total_cmp(&b.2));
        let Some((owner, request, owner_time)) = slowest else {
            return;
        };
        let is_in_line = self.sources[&owner].progress.in_line_for(now).is_some();
        let is_proven = self.sources[&helper.id].rate(now).is_some();
        let own_time = if is_in_line && !is_proven {
            UNPROVEN_SECONDS
        } else {
            f64::from(request.length) / helper.rate
        };
        let is_suspect = self.sources[&owner].link == Link::Suspect;
        if own_time >= owner_time * HELP_GAIN && !is_suspect {
            return;
        }
        let gain = owner_time - own_time;
        if gain < HELP_SECONDS {
            return;
        }
        let before = self.bytes_before(owner, request.chunk);
        let is_begun =
            request.received > 0 || before == 0 || (before <= ON_ITS_WAY_BYTES && !is_suspect);
        let is_hopeless = is_in_line && is_proven && gain >= HOPELESS_SECONDS;
        if !is_begun || is_hopeless {
            self.take_back(now, owner, request.chunk, helper.id);
        } else if gain >= DEAR_SECONDS || self.is_cheap(now, owner, &request, own_time) {
            self.hedge(now, &request, helper.id);
        }
    }

    /// True when a duplicate that takes so many seconds should cost next to nothing.
    fn is_cheap(&self, now: Instant, owner: SourceId, request: &Request, own_time: f64) -> bool {
        let rate = self.sources[&owner].rate(now).unwrap_or(0.0);
        let lost = u64::from(request.received) + (rate * own_time) as u64 + ON_ITS_WAY_BYTES;
        let most = (self.layout.file_bytes() as f64 * CHEAP_SHARE) as u64;
        self.hedged_bytes + lost <= most
    }

    /// The last chunk that a source has to bring and that another may bring as well.
    fn last_chunk(&self, source: &Source, helper: SourceId) -> Option<Request> {
        let helping = &self.sources[&helper];
        let found = source.queue.iter().rev().find(|request| {
            let owners = self.chunks.owners(request.chunk);
            request.want == Want::Wanted
                && !request.is_whole()
                && owners.is_some_and(|owners| owners.second.is_none())
                && helping.can_send(request.chunk)
                && helping.queue.get(request.chunk).is_none()
        });
        found.copied()
    }

    /// What an owner has to send before a chunk, in bytes.
    fn bytes_before(&self, owner: SourceId, chunk: ChunkIndex) -> u64 {
        let queue = self.sources[&owner].queue.iter();
        queue
            .take_while(|request| request.chunk != chunk)
            .map(|request| u64::from(request.length - request.received))
            .sum()
    }

    fn take_back(&mut self, now: Instant, owner: SourceId, chunk: ChunkIndex, helper: SourceId) {
        if let Some(source) = self.sources.get_mut(&owner) {
            source.queue.set_want(chunk, Want::TakenBack);
            source.counters.retries += 1;
            source.sync(now);
        }
        let source = owner;
        self.actions.push_back(Action::Cancel { source, chunk });
        self.chunks.leave(chunk, owner);
        self.request(now, helper, chunk);
    }

    fn hedge(&mut self, now: Instant, request: &Request, helper: SourceId) {
        let length = u64::from(request.length);
        let share = (self.layout.file_bytes() as f64 * HEDGE_SHARE) as u64;
        let most = share.max(HEDGE_CHUNKS * u64::from(self.layout.chunk_bytes()));
        if self.hedged_bytes + length > most || !self.chunks.join(request.chunk, helper) {
            return;
        }
        self.hedged_bytes += length;
        if let Some(source) = self.sources.get_mut(&helper) {
            source.counters.hedges += 1;
        }
        self.push_request(now, helper, request.chunk);
    }

    /// Gives up sources that refuse all that is missing and that they have: they would never be asked for anything
    /// again.
    fn drop_useless(&mut self, now: Instant) {
        let useless: Vec<_> = self
            .sources
            .values()
            .filter(|s| s.is_connected() && s.queue.len() == 0 && !s.refused.is_empty())
            .filter(|s| {
                let refused = s.refused.iter();
                let refused = refused.filter(|chunk| self.is_unassigned(**chunk)).count();
                refused > 0 && refused >= self.unassigned_of(s)
            })
            .map(|source| source.id)
            .collect();
        for id in useless {
            self.disconnect(now, id, Fault::Refused);
        }
    }
}

/// When a source would have sent all that is wanted of it, in seconds.
fn owner_time(now: Instant, source: &Source, typical: f64) -> f64 {
    match source.link {
        // How long a line is left is not known: as long again as so far.
        Link::Up => match source.progress.in_line_for(now) {
            Some(waited) => waited.as_secs_f64(),
            None => {
                let rate = source.rate(now).unwrap_or(typical);
                source.queue.sums().unfinished_bytes as f64 / rate
            }
        },
        Link::Suspect
        | Link::Connecting { .. }
        | Link::Waiting { .. }
        | Link::Resting
        | Link::Banned => f64::INFINITY,
    }
}

/// The time at which all sources together, each at its rate, would have sent what is outstanding at each and
/// `unassigned` bytes besides, in seconds: T with Σ max(0, rate·T − outstanding) = unassigned.
fn fluid_finish_time(unassigned: f64, mut by_time: Vec<&Worker>) -> f64 {
    by_time.sort_by(|a, b| a.time_for(0.0).total_cmp(&b.time_for(0.0)));
    let (mut rate, mut outstanding, mut time) = (0.0, 0.0, 0.0);
    for worker in by_time {
        if rate > 0.0 && time <= worker.time_for(0.0) {
            break;
        }
        rate += worker.rate;
        outstanding += worker.outstanding_bytes;
        time = (unassigned + outstanding) / rate;
    }
    time
}

#[cfg(test)]
mod tests {
    use super::*;

    fn worker(id: u32, rate: f64, outstanding_bytes: f64) -> Worker {
        Worker {
            id: SourceId(id),
            rate,
            outstanding_bytes,
        }
    }

    #[test]
    fn the_fluid_finish_time_leaves_out_who_is_busy_longer() {
        for (unassigned, workers, expected) in [
            (30.0, vec![worker(1, 1.0, 0.0), worker(2, 2.0, 0.0)], 10.0),
            (10.0, vec![worker(1, 1.0, 0.0), worker(2, 1.0, 100.0)], 10.0),
            (30.0, vec![worker(1, 1.0, 0.0), worker(2, 1.0, 10.0)], 20.0),
            (0.0, vec![worker(1, 1.0, 5.0)], 5.0),
            (5.0, vec![], 0.0),
        ] {
            let time = fluid_finish_time(unassigned, workers.iter().collect());
            assert!((time - expected).abs() < 1e-9, "{time} for {expected}");
        }
    }
}
