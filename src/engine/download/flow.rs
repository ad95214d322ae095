//! What one source was asked for, and how it comes. Owns its queue and the clocks that follow it: those of silence and of
//! speed. Knows nothing of connections, nor what a chunk is to others.
//!
//! Invariant: silence and speed are measured exactly while something is awaited. Each change of the queue sets both
//! clocks.

use std::time::{Duration, Instant};

use super::{
    progress::Progress,
    queue::{Delivery, Request, RequestQueue, Want},
    window::Window,
};
use crate::model::ChunkIndex;

/// See the module.
#[derive(Clone, Debug)]
pub(super) struct Flow {
    queue: RequestQueue,
    progress: Progress,
    window: Window,
    block: Option<Block>,
    /// The source was asked for any chunk, and has chosen none yet.
    any: bool,
}

/// Why this side takes nothing from a source that may have something. Neither is silence of the source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Block {
    /// There is no memory for it: the time says nothing about the source's speed.
    Full,
    /// This side's limit is reached. The time counts, as the limit is part of how fast the source's bytes come.
    Limit,
}

impl Flow {
    /// Nothing was asked for.
    pub(super) fn new(chunk_bytes: u32) -> Self {
        Self {
            queue: RequestQueue::default(),
            progress: Progress::default(),
            window: Window::new(chunk_bytes),
            block: None,
            any: false,
        }
    }

    /// Forgets how the source behaves: its connection is a new one, of which nothing was asked.
    pub(super) fn restart(&mut self) {
        self.progress = Progress::default();
        self.block = None;
        self.any = false;
        self.window.restart();
    }

    /// What was asked for and is not settled.
    pub(super) fn queue(&self) -> &RequestQueue {
        &self.queue
    }

    /// True when one more chunk may be asked for.
    pub(super) fn has_space(&self, now: Instant) -> bool {
        self.window.has_space(now, &self.queue)
    }

    /// Recent rate, in bytes per second; `None` while unknown.
    pub(super) fn rate(&self, now: Instant) -> Option<f64> {
        self.window.rate(now)
    }

    /// See [`Progress::in_line_for`].
    pub(super) fn in_line_for(&self, now: Instant) -> Option<Duration> {
        self.progress.in_line_for(now)
    }

    /// See [`Progress::silent_for`].
    pub(super) fn silent_for(&self, now: Instant) -> Option<Duration> {
        self.progress.silent_for(now)
    }

    /// See [`Progress::suspect_at`].
    pub(super) fn suspect_at(&self) -> Option<Instant> {
        self.progress.suspect_at()
    }

    /// See [`Progress::dead_at`].
    pub(super) fn dead_at(&self) -> Option<Instant> {
        self.progress.dead_at()
    }

    /// One more chunk is asked for.
    pub(super) fn ask(&mut self, now: Instant, chunk: ChunkIndex, length: u32) {
        self.queue.push(chunk, length);
        self.sync(now);
    }

    /// The source is asked for any chunk, or has answered.
    pub(super) fn set_any(&mut self, now: Instant, any: bool) {
        self.any = any;
        self.sync(now);
    }

    /// True while the source has not chosen the chunk that it was asked for.
    pub(super) fn any(&self) -> bool {
        self.any
    }

    /// A part of a chunk is asked for.
    pub(super) fn ask_part(&mut self, now: Instant, chunk: ChunkIndex, bytes: u32) {
        self.queue.push_part(chunk, bytes);
        self.sync(now);
    }

    /// A request is taken back.
    pub(super) fn take_back(&mut self, now: Instant, chunk: ChunkIndex) {
        self.queue.set_want(chunk, Want::TakenBack);
        self.sync(now);
    }

    /// Bytes came.
    pub(super) fn receive(&mut self, now: Instant, chunk: ChunkIndex, bytes: u32) {
        self.window.add(now, bytes);
        self.progress.bytes(now);
        let wanted_before = self.queue.sums().wanted;
        match self.queue.receive(chunk, bytes) {
            Delivery::Whole => self.window.grow(now, wanted_before),
            Delivery::Useless => {
                if self.queue.get(chunk).is_some_and(|r| r.is_whole()) {
                    self.queue.remove(chunk);
                }
            }
            Delivery::Part | Delivery::Unasked => {}
        }
        self.sync(now);
    }

    /// A chunk was verified.
    pub(super) fn settle(&mut self, now: Instant, chunk: ChunkIndex) {
        self.queue.remove(chunk);
        self.sync(now);
    }

    /// A chunk is in the file: what still comes of it is waste. Gives the bytes that were awaited and that nobody needs
    /// any more.
    pub(super) fn make_useless(&mut self, now: Instant, chunk: ChunkIndex) -> u64 {
        let Some(before) = self.queue.set_want(chunk, Want::Useless) else {
            return 0;
        };
        if before.is_whole() {
            self.queue.remove(chunk);
        }
        self.sync(now);
        before.expected_bytes()
    }

    /// The source refuses a chunk. `None` if it was not asked for it.
    pub(super) fn refuse(&mut self, now: Instant, chunk: ChunkIndex) -> Option<Request> {
        let request = self.queue.remove(chunk)?;
        self.sign_of_life(now);
        Some(request)
    }

    /// The rest of a chunk will not come. `None` if it was not asked for.
    pub(super) fn cancel(&mut self, now: Instant, chunk: ChunkIndex) -> Option<Request> {
        let request = self.queue.remove(chunk);
        self.sign_of_life(now);
        request
    }

    /// The source says that this side waits in its line.
    pub(super) fn queued(&mut self, now: Instant) {
        self.progress.queued(now);
    }

    /// Says why this side takes nothing from now on, if so.
    pub(super) fn set_blocked(&mut self, now: Instant, block: Option<Block>) {
        self.block = block;
        self.progress.set_blocked(now, block.is_some());
        self.sync(now);
    }

    /// Takes all requests: nothing more will come. Gives those chunks that the source had to bring.
    pub(super) fn take_all(&mut self, now: Instant) -> impl Iterator<Item = ChunkIndex> + use<> {
        let requests = self.queue.take_all().into_iter();
        self.any = false;
        self.sync(now);
        let wanted = requests.filter(|request| request.want == Want::Wanted);
        wanted.map(|request| request.chunk)
    }

    /// The download is over: what came of chunks that are not whole is waste. Says whether more was awaited.
    pub(super) fn end(&mut self) -> bool {
        let has_more = self.queue.sums().unfinished > 0;
        self.any = false;
        self.queue.take_all();
        has_more
    }

    /// Leaves a time in which this side did not run out of account.
    pub(super) fn shift(&mut self, by: Duration) {
        self.window.shift(by);
        self.progress.shift(by);
    }

    fn sign_of_life(&mut self, now: Instant) {
        self.progress.sign_of_life(now);
        self.sync(now);
    }

    /// Sets the clocks right after a change of the queue.
    fn sync(&mut self, now: Instant) {
        let sums = self.queue.sums();
        self.progress
            .set_awaiting(now, sums.unfinished > 0 || self.any);
        let is_busy = sums.wanted > 0 && self.block != Some(Block::Full);
        self.window.set_busy(now, is_busy);
    }
}
