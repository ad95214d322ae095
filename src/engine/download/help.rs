//! The end of a download: idle sources help those that would finish last. Decides, and owns nothing.
//!
//! Help takes a chunk back from its owner, or asks for it a second time if the owner has begun it (libtorrent's end game,
//! bounded by [`Hedges`]).

use std::time::Instant;

use super::{
    connection::ConnectionState,
    hedges::Hedges,
    outlook::{Outlook, Worker},
    queue::{Request, Want},
    source::Source,
};
use crate::model::{ChunkIndex, SourceId};

/// Help must be expected in this share of the owner's time.
const GAIN_SHARE: f64 = 0.8;
/// Help must bring its chunk this much sooner, in seconds. Less is noise, and the owner's bytes of that time come twice.
const LEAST_GAIN_SECONDS: f64 = 0.5;
/// A guess at what an owner has sent that has not arrived here. A request that would begin within so many bytes cannot be
/// taken back any more.
const ON_ITS_WAY_BYTES: u64 = 64 << 10;
/// A hedge that is this much sooner, in seconds, may be dear. So may one whose owner is silent.
const DEAR_SECONDS: f64 = 3.0;
/// How long a source that has sent nothing yet is taken to need where the owner lets this side wait in line. Such an owner
/// is most likely only busy, and the others are as busy.
const UNPROVEN_SECONDS: f64 = 5.0;
/// Where a proven source is this much sooner than a line, in seconds, what has come of the chunk is given up.
const HOPELESS_SECONDS: f64 = 10.0;

/// How an idle source helps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Help {
    /// The chunk is taken back from its owner, and asked of the helper.
    TakeBack { owner: SourceId, chunk: ChunkIndex },
    /// The chunk is asked of the helper as well, if the budget allows it.
    Hedge { chunk: ChunkIndex },
}

/// Sources that have nothing left to do.
pub(super) fn helpers(outlook: &Outlook<'_>) -> Vec<Worker> {
    let is_idle = |source: &Source| {
        let is_asked = source.queue().sums().unfinished > 0 || source.has_any();
        !is_asked && source.line().as_secs_f64() < DEAR_SECONDS
    };
    let is_free = |source: &Source| is_idle(source) && !outlook.has_more_for(source);
    if !outlook.sources.working().any(is_free) {
        return Vec::new();
    }
    let mut workers = outlook.workers();
    workers.retain(|worker| is_free(&outlook.sources[worker.id]));
    workers
}

/// What an idle source should do for whoever would finish last.
pub(super) fn help(outlook: &Outlook<'_>, hedges: &Hedges, helper: &Worker) -> Option<Help> {
    let now = outlook.now;
    let helping = &outlook.sources[helper.id];
    let others = outlook.sources.iter().filter(|s| s.id() != helper.id);
    let slowest = others
        .filter(|source| source.queue().sums().wanted > 0)
        .filter_map(|source| {
            let request = last_request(outlook, source, helping)?;
            Some((source, request, owner_time(now, source, helper.rate)))
        })
        .max_by(|a, b| a.2.total_cmp(&b.2));
    let (owner, request, owner_time) = slowest?;
    let is_in_line = owner.in_line_for(now).is_some();
    let is_proven = helping.rate(now).is_some();
    let own_time = if is_in_line && !is_proven {
        UNPROVEN_SECONDS
    } else {
        f64::from(request.length) / helper.rate
    };
    let is_suspect = owner.is_suspect();
    if own_time >= owner_time * GAIN_SHARE && !is_suspect {
        return None;
    }
    let gain = owner_time - own_time;
    if gain < LEAST_GAIN_SECONDS {
        return None;
    }
    let before = bytes_before(owner, request.chunk);
    let is_begun =
        request.received > 0 || before == 0 || (before <= ON_ITS_WAY_BYTES && !is_suspect);
    let is_hopeless = is_in_line && is_proven && gain >= HOPELESS_SECONDS;
    let chunk = request.chunk;
    if !is_begun || is_hopeless {
        let owner = owner.id();
        return Some(Help::TakeBack { owner, chunk });
    }
    let wasted_bytes = || {
        let rate = owner.rate(now).unwrap_or(0.0);
        u64::from(request.received) + (rate * own_time) as u64 + ON_ITS_WAY_BYTES
    };
    let is_worth_it = gain >= DEAR_SECONDS || hedges.is_cheap(wasted_bytes());
    is_worth_it.then_some(Help::Hedge { chunk })
}

/// The last chunk that a source has to bring alone and that the helper can bring as well.
fn last_request(outlook: &Outlook<'_>, owner: &Source, helping: &Source) -> Option<Request> {
    let found = owner.queue().iter().rev().find(|request| {
        let owners = outlook.chunks.owners(request.chunk);
        let is_near = outlook.readers.keeps_all() || outlook.readers.reaches(request.chunk);
        // What only comes to its end because it has begun is not worth sending twice.
        is_near
            && request.want == Want::Wanted
            && !request.is_whole()
            && owners.is_some_and(|owners| owners.second.is_none())
            && helping.may_be_asked_for(request.chunk)
    });
    found.copied()
}

/// What an owner has to send before a chunk, in bytes.
fn bytes_before(owner: &Source, chunk: ChunkIndex) -> u64 {
    let queue = owner.queue().iter();
    queue
        .take_while(|request| request.chunk != chunk)
        .map(|request| u64::from(request.length - request.received))
        .sum()
}

/// When a source would have sent all that is wanted of it, in seconds.
fn owner_time(now: Instant, source: &Source, typical: f64) -> f64 {
    match source.connection().state() {
        // Where nobody knows how long a line is, it is taken to last as long again as so far.
        ConnectionState::Up => match source.in_line_for(now) {
            Some(waited) => source
                .line()
                .saturating_sub(waited)
                .max(waited)
                .as_secs_f64(),
            None => {
                let rate = source.rate(now).unwrap_or(typical);
                source.queue().sums().unfinished_bytes as f64 / rate
            }
        },
        ConnectionState::Suspect
        | ConnectionState::Connecting { .. }
        | ConnectionState::Waiting { .. }
        | ConnectionState::Resting { .. }
        | ConnectionState::Banned => f64::INFINITY,
    }
}
