//! Who is asked for which chunk. Decides, and owns nothing but the pass that it is in.
//!
//! A source first takes what only it has, then its own chunks, in order. Once it has none of its own left, it takes from the
//! tail of the source that would finish last. Near the end a source takes a chunk only if it would bring it before the
//! others could have brought everything. That is the time `T` at which all of them together, each at its rate, have sent
//! what is outstanding and what is unassigned. What idle sources do then is in [`super::help`].
//!
//! When somebody reads the file while it comes, every source first takes what readers need next. Where only that is wanted,
//! what is too far ahead of all readers is neither missing nor unassigned, and the ranges that the central assigns mean
//! nothing: no chunk is anybody's own. What a hungry reader waits for does not come this way ([`super::machine`]).

use std::collections::BTreeSet;

use super::{
    outlook::{Outlook, Worker},
    source::Source,
};
use crate::model::{ChunkIndex, SourceId};

/// What a chunk may come later than the fluid finish time, as a share of it.
const SLACK: f64 = 0.05;

/// One pass over the sources that have space.
#[derive(Debug, Default)]
pub(super) struct Pass {
    /// Sources for which there is nothing.
    tried: BTreeSet<SourceId>,
    /// Made once somebody has space: their rates take long to compute.
    workers: Option<Vec<Worker>>,
}

impl Pass {
    /// The next unassigned chunk to ask for, and of whom. The chunk is asked for before the next call.
    pub(super) fn next(&mut self, outlook: &Outlook<'_>) -> Option<(SourceId, ChunkIndex)> {
        let chunk_bytes = f64::from(outlook.layout.chunk_bytes());
        while outlook.unassigned().0 > 0 {
            let untried = |source: &&Source| !self.tried.contains(&source.id());
            let with_space: BTreeSet<_> = outlook
                .sources
                .iter()
                .filter(untried)
                .filter(|source| source.is_working() && !source.is_peer())
                .filter(|source| source.has_space(outlook.now))
                .map(Source::id)
                .collect();
            if with_space.is_empty() {
                return None;
            }
            let workers = self.workers.get_or_insert_with(|| outlook.workers());
            let worker = workers
                .iter()
                .filter(|worker| with_space.contains(&worker.id))
                .min_by(|a, b| a.time_for(chunk_bytes).total_cmp(&b.time_for(chunk_bytes)))
                .copied()?;
            if let Some(chunk) = next_chunk(outlook, &worker, workers) {
                let asked = f64::from(outlook.layout.chunk_len(chunk));
                for other in workers.iter_mut().filter(|w| w.id == worker.id) {
                    other.outstanding_bytes += asked;
                }
                return Some((worker.id, chunk));
            }
            self.tried.insert(worker.id);
        }
        None
    }
}

/// Idle sources that refuse all that is missing and that they have. They are given up, because they would never be asked for
/// anything again.
pub(super) fn useless(outlook: &Outlook<'_>) -> Vec<SourceId> {
    if outlook.unassigned().0 == 0 {
        return Vec::new();
    }
    let is_useless = |source: &&Source| {
        let refused = source.refused().iter();
        let refused = refused
            .filter(|chunk| outlook.is_unassigned(**chunk))
            .count();
        refused > 0 && refused >= outlook.unassigned_of(source)
    };
    let sources = outlook.sources.iter();
    sources
        .filter(|s| s.is_connected() && s.queue().len() == 0 && !s.refused().is_empty())
        .filter(is_useless)
        .map(Source::id)
        .collect()
}

/// What a source should bring next: what readers need, then what only it has, then what it would bring in time.
fn next_chunk(outlook: &Outlook<'_>, worker: &Worker, workers: &[Worker]) -> Option<ChunkIndex> {
    if !outlook.readers.is_empty() {
        let source = &outlook.sources[worker.id];
        let (_, bytes) = outlook.missing_in_reach();
        let needed = outlook.in_reach();
        let mut needed = needed.filter(|chunk| source.may_be_asked_for(*chunk));
        if let Some(chunk) = needed.next()
            && is_in_time(outlook, worker, chunk, bytes, workers)
        {
            return Some(chunk);
        }
    }
    if !outlook.readers.keeps_all() {
        return None;
    }
    if let Some(chunk) = its_alone(outlook, worker, workers) {
        return Some(chunk);
    }
    let chunk = first_choice(outlook, worker, workers)?;
    let (_, bytes) = outlook.unassigned();
    is_in_time(outlook, worker, chunk, bytes, workers).then_some(chunk)
}

/// The first unassigned chunk that no other source that works has.
fn its_alone(outlook: &Outlook<'_>, worker: &Worker, workers: &[Worker]) -> Option<ChunkIndex> {
    let others = workers.iter().filter(|other| other.id != worker.id);
    let others: Vec<_> = others
        .map(|other| outlook.sources[other.id].have())
        .collect();
    if others.is_empty() || others.iter().any(|have| have.is_all()) {
        return None;
    }
    let source = &outlook.sources[worker.id];
    outlook.layout.all().iter().find(|chunk| {
        outlook.is_unassigned(*chunk)
            && source.may_be_asked_for(*chunk)
            && !others.iter().any(|have| have.contains(*chunk))
    })
}

/// Its own first, then what is nobody's own, then from the tail of whoever would finish last.
fn first_choice(outlook: &Outlook<'_>, worker: &Worker, workers: &[Worker]) -> Option<ChunkIndex> {
    let (chunks, sources) = (outlook.chunks, outlook.sources);
    let source = &sources[worker.id];
    let allowed = |chunk: &ChunkIndex| source.may_be_asked_for(*chunk);
    let own = chunks.missing_forward(Some(worker.id));
    let nobodys = chunks.missing_forward(None);
    if let Some(chunk) = own.chain(nobodys).find(allowed) {
        return Some(chunk);
    }
    let is_expected = |home: SourceId| {
        let source = sources.get(home);
        source.is_some_and(|source| source.connection().is_expected())
    };
    let mut homes: Vec<(SourceId, f64)> = chunks
        .homes_with_missing()
        .filter(|home| *home != worker.id && !is_expected(*home))
        .map(|home| {
            let (_, bytes) = chunks.missing_of(Some(home));
            let owner = workers.iter().find(|w| w.id == home);
            // One that does not work would finish last of all.
            let time = owner.map_or(f64::INFINITY, |w| w.time_for(bytes as f64));
            (home, time)
        })
        .collect();
    homes.sort_by(|a, b| b.1.total_cmp(&a.1));
    homes
        .into_iter()
        .find_map(|(home, _)| chunks.missing_backward(Some(home)).find(allowed))
}

/// True when this chunk from this source would not be what everybody waits for when `unassigned_bytes` have come.
fn is_in_time(
    outlook: &Outlook<'_>,
    worker: &Worker,
    chunk: ChunkIndex,
    unassigned_bytes: u64,
    workers: &[Worker],
) -> bool {
    let chunk_bytes = f64::from(outlook.layout.chunk_bytes());
    let own = worker.time_for(chunk_bytes);
    let has_it = |w: &&Worker| outlook.sources[w.id].have().contains(chunk);
    let rivals: Vec<_> = workers.iter().filter(has_it).collect();
    let times = rivals.iter().map(|w| w.time_for(chunk_bytes));
    let best = times.fold(f64::INFINITY, f64::min);
    let fluid = fluid_finish_time(unassigned_bytes as f64, rivals);
    own <= fluid.max(best) * (1.0 + SLACK)
}

/// The time at which all sources together, each at its rate, have sent what is outstanding at each and `unassigned` bytes
/// besides, in seconds: T with Σ max(0, rate·T − outstanding) = unassigned.
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
