//! One source as the download sees it: its connection, what was asked of it (`parts` of what others are asked for), how it behaves, what it
//! brought. Knows neither the other sources nor the chunk table.

mod member;
mod membership;
mod parts;

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use self::member::Member;
use super::{
    SourceSnapshot, SourceState,
    connection::{Connection, ConnectionState, Rest},
    counters::Counters,
    flow::{Block, Flow},
    queue::{RequestQueue, Want},
};
use crate::model::{ChunkIndex, Fault, Have, ReceivedFrom, SourceId, SourceInfo, Who};

/// Refusals on one connection after which a source is given up for a while.
const MOST_REFUSALS: u32 = 3;

/// What is to be done about a source whose deadline has passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Due {
    /// Connect to it.
    Connect,
    /// Tell people that it is suspect.
    Suspect,
    /// Give it up: it did not answer, or was silent for too long.
    Stalled,
}

/// What follows when a source says that a chunk will not come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Declined {
    /// The source was suspect and is not any more.
    pub(super) is_cleared: bool,
    /// The source no longer has the chunk to bring.
    pub(super) leaves: bool,
    /// It has refused too much, and is to be given up.
    pub(super) is_too_much: bool,
}

/// A source. Its counters and what the central says of it outlive its connections.
#[derive(Clone, Debug)]
pub(super) struct Source {
    id: SourceId,
    who: Who,
    have: Have,
    connection: Connection,
    flow: Flow,
    refused: BTreeSet<ChunkIndex>,
    refusals: u32,
    counters: Counters,
    /// Bytes of parts that it brought of chunks that are not whole.
    held_bytes: u64,
    member: Member,
}

/// What can be seen of it.
impl Source {
    pub(super) fn id(&self) -> SourceId {
        self.id
    }

    pub(super) fn who(&self) -> Who {
        self.who
    }

    /// Chunks that it can send, as the central says.
    pub(super) fn have(&self) -> &Have {
        &self.have
    }

    pub(super) fn connection(&self) -> &Connection {
        &self.connection
    }

    /// What was asked of it and is not settled.
    pub(super) fn queue(&self) -> &RequestQueue {
        self.flow.queue()
    }

    /// Chunks that it refused since it last connected.
    pub(super) fn refused(&self) -> &BTreeSet<ChunkIndex> {
        &self.refused
    }

    pub(super) fn is_connected(&self) -> bool {
        self.connection.is_connected()
    }

    pub(super) fn is_suspect(&self) -> bool {
        self.connection.state() == ConnectionState::Suspect
    }

    /// True while it may be asked for more.
    pub(super) fn is_working(&self) -> bool {
        match self.connection.seen() {
            SourceState::Up => true,
            SourceState::Connecting
            | SourceState::Resting
            | SourceState::Suspect
            | SourceState::Dead
            | SourceState::Banned => false,
        }
    }

    /// True when it can send a chunk, as far as is known, and was not asked for it. A request that was taken back has to
    /// end before the chunk is asked for again.
    pub(super) fn may_be_asked_for(&self, chunk: ChunkIndex) -> bool {
        self.can_send(chunk) && self.queue().get(chunk).is_none()
    }

    fn can_send(&self, chunk: ChunkIndex) -> bool {
        self.have.contains(chunk) && !self.refused.contains(&chunk)
    }

    /// True when one more chunk may be asked of it.
    pub(super) fn has_space(&self, now: Instant) -> bool {
        self.flow.has_space(now)
    }

    /// Recent rate, in bytes per second; `None` while unknown.
    pub(super) fn rate(&self, now: Instant) -> Option<f64> {
        self.flow.rate(now)
    }

    /// How long this side has waited in its line; `None` if the source does not say that it waits.
    pub(super) fn in_line_for(&self, now: Instant) -> Option<Duration> {
        self.flow.in_line_for(now)
    }

    /// How long nothing has come of what is awaited of it; `None` while nothing is.
    pub(super) fn silent_for(&self, now: Instant) -> Option<Duration> {
        self.flow.silent_for(now)
    }

    /// When [`Self::due`] is to be called.
    pub(super) fn deadline(&self) -> Option<Instant> {
        match self.connection.state() {
            ConnectionState::Up => self.flow.suspect_at(),
            ConnectionState::Suspect => self.flow.dead_at(),
            ConnectionState::Connecting { .. }
            | ConnectionState::Waiting { .. }
            | ConnectionState::Resting { .. }
            | ConnectionState::Banned => self.connection.deadline(),
        }
    }

    /// Its counters as others see them.
    pub(super) fn received_from(&self) -> ReceivedFrom {
        let pending_bytes = self.queue().sums().pending_bytes + self.held_bytes;
        self.counters
            .received_from(self.id, self.who, pending_bytes)
    }

    /// The source as it stands.
    pub(super) fn snapshot(&self, now: Instant) -> SourceSnapshot {
        let in_flight = self.queue().sums().wanted;
        let is_busy = in_flight > 0 && self.is_connected();
        let rate = self.rate(now).filter(|_| is_busy);
        SourceSnapshot {
            state: self.connection.seen(),
            rate_bytes_per_s: rate.unwrap_or(0.0),
            in_flight,
            received: self.received_from(),
        }
    }
}

/// What happens to its connection.
impl Source {
    /// A source that was just listed. It is being connected to, unless it is drained.
    pub(super) fn new(info: SourceInfo, chunk_bytes: u32, seed: u64, now: Instant) -> Self {
        Self {
            id: info.id,
            who: info.who,
            connection: Connection::new(&info, seed, now),
            have: info.have,
            flow: Flow::new(chunk_bytes),
            refused: BTreeSet::new(),
            refusals: 0,
            counters: Counters::default(),
            held_bytes: 0,
            member: Member::default(),
        }
    }

    /// The central lists it once more.
    pub(super) fn list(&mut self, info: SourceInfo, is_back: bool) {
        self.have = info.have;
        self.connection.list(info.draining, is_back);
    }

    /// The central's new list is coming. Says whether the source was in the one before.
    pub(super) fn unlist(&mut self) -> bool {
        self.connection.unlist()
    }

    /// See [`Connection::retry`].
    pub(super) fn retry(&mut self, now: Instant) -> bool {
        self.connection.retry(now)
    }

    /// See [`Connection::rest`].
    pub(super) fn rest(&mut self, now: Instant, others_suffice: bool) -> Option<Rest> {
        let rest = self.connection.rest(others_suffice, self.queue().len() > 0);
        if rest == Some(Rest::End) {
            self.connection.connect(now);
        }
        rest
    }

    /// Its connection stands: nothing learnt on an earlier one holds for it. `own_chunks` of its own are missing. Gives
    /// how long it had been given up for, if it had.
    pub(super) fn connected(&mut self, now: Instant, own_chunks: u32) -> Option<Duration> {
        let dead_since = self.connection.connected()?;
        self.flow.restart();
        self.refusals = 0;
        self.refused.clear();
        let after = now.saturating_duration_since(dead_since?);
        self.counters.recovered(after, own_chunks);
        Some(after)
    }

    /// Counts a fault that costs it its connection.
    pub(super) fn count_fault(&mut self, fault: Fault) {
        self.counters.fault(fault);
    }

    /// See [`Connection::give_up`]. Its work has been taken.
    pub(super) fn give_up(&mut self, now: Instant) -> bool {
        self.connection.give_up(now)
    }

    /// See [`Connection::ban`]. Its work has been taken.
    pub(super) fn ban(&mut self) -> Option<bool> {
        let was_connected = self.connection.ban()?;
        self.counters.fault(Fault::Digest);
        Some(was_connected)
    }

    /// Its deadline has passed.
    pub(super) fn due(&mut self, now: Instant) -> Option<Due> {
        match self.connection.state() {
            ConnectionState::Connecting { overdue_at, .. } => {
                if overdue_at <= now {
                    return Some(self.stalled());
                }
                self.connection.end_grace();
                None
            }
            ConnectionState::Waiting { .. } => {
                self.connection.stop_waiting(now).then_some(Due::Connect)
            }
            ConnectionState::Up | ConnectionState::Suspect
                if self.flow.dead_at().is_some_and(|at| at <= now) =>
            {
                Some(self.stalled())
            }
            ConnectionState::Up => {
                self.connection.suspect();
                Some(Due::Suspect)
            }
            ConnectionState::Suspect
            | ConnectionState::Resting { .. }
            | ConnectionState::Banned => None,
        }
    }

    fn stalled(&mut self) -> Due {
        self.counters.fault(Fault::Stalled);
        Due::Stalled
    }

    /// Leaves a time in which this side did not run out of account.
    pub(super) fn shift(&mut self, by: Duration) {
        self.flow.shift(by);
        self.connection.shift(by);
    }
}

/// What happens to its requests.
impl Source {
    /// It is asked for one more chunk.
    pub(super) fn ask(&mut self, now: Instant, chunk: ChunkIndex, length: u32) {
        self.flow.ask(now, chunk, length);
    }

    /// A chunk is taken back from it.
    pub(super) fn take_back(&mut self, now: Instant, chunk: ChunkIndex) {
        self.flow.take_back(now, chunk);
        self.counters.retry();
    }

    /// Bytes came. Says whether it was suspect and is not any more.
    pub(super) fn receive(&mut self, now: Instant, chunk: ChunkIndex, bytes: u32) -> bool {
        self.count(bytes);
        if !self.is_connected() {
            return false;
        }
        self.flow.receive(now, chunk, bytes);
        self.connection.clear()
    }

    /// Counts bytes that came, and nothing else.
    pub(super) fn count(&mut self, bytes: u32) {
        self.counters.received(bytes);
    }

    /// A chunk of it was verified.
    pub(super) fn settle(&mut self, now: Instant, chunk: ChunkIndex) {
        self.flow.settle(now, chunk);
        self.connection.forget_failures();
    }

    /// A verified chunk of it is in the file, and was not before.
    pub(super) fn credit(&mut self, length: u32) {
        self.counters.useful(u64::from(length));
    }

    /// See [`Flow::make_useless`].
    pub(super) fn make_useless(&mut self, now: Instant, chunk: ChunkIndex) -> u64 {
        self.flow.make_useless(now, chunk)
    }

    /// A chunk of it did not match its digest.
    pub(super) fn count_digest_failure(&mut self) {
        self.counters.digest_failure();
    }

    /// It says that it cannot send a chunk. `None` if it was not asked for it.
    pub(super) fn refuse(&mut self, now: Instant, chunk: ChunkIndex) -> Option<Declined> {
        self.flow.refuse(now, chunk)?;
        self.counters.retry();
        self.counters.fault(Fault::Refused);
        self.refused.insert(chunk);
        self.refusals += 1;
        Some(Declined {
            is_cleared: self.connection.clear(),
            leaves: true,
            is_too_much: self.refusals >= MOST_REFUSALS,
        })
    }

    /// It confirms that the rest of a chunk will not come. Where nobody has asked for that, another has to bring the chunk.
    pub(super) fn cancel(&mut self, now: Instant, chunk: ChunkIndex) -> Declined {
        let request = self.flow.cancel(now, chunk);
        let leaves = request.is_some_and(|request| request.want == Want::Wanted);
        if leaves {
            self.counters.retry();
        }
        Declined {
            is_cleared: self.connection.clear(),
            leaves,
            is_too_much: false,
        }
    }

    /// It says that this side waits in its line. Says whether it was suspect and is not any more.
    pub(super) fn queued(&mut self, now: Instant) -> bool {
        if !self.is_connected() {
            return false;
        }
        self.flow.queued(now);
        self.connection.clear()
    }

    /// Says why this side takes nothing from it from now on, if so.
    pub(super) fn set_blocked(&mut self, now: Instant, block: Option<Block>) {
        self.flow.set_blocked(now, block);
    }

    /// Its connection is gone: takes all its requests. Gives those chunks that it had to bring.
    pub(super) fn take_work(&mut self, now: Instant) -> impl Iterator<Item = ChunkIndex> + '_ {
        let chunks = self.flow.take_all(now);
        chunks.inspect(|_| self.counters.retry())
    }

    /// The download is over. Says whether it goes on sending.
    pub(super) fn end(&mut self) -> bool {
        let is_sending = self.is_working() || self.connection.seen() == SourceState::Resting;
        self.held_bytes = 0;
        self.flow.end() && is_sending
    }
}
