//! What follows of readers ([`crate::node::watch`]) for a fetch, and what comes for them.

use super::{
    buffers::ChunkBuffer,
    joints::Joined,
    messages::{Input, Origin},
    shell::Shell,
};
use crate::{
    engine::download::Event,
    model::{ChunkIndex, Part, SourceId},
    node::{clock, watch::News},
};

/// What follows of readers for a fetch.
impl Shell {
    /// Readers are elsewhere, or chunks of theirs were given up.
    pub(super) fn readers_moved(&mut self) {
        let now = clock::now();
        for news in self.watched.news() {
            let event = match news {
                News::Read(at) => Event::Read(at),
                News::Left(reader) => Event::Left { reader },
                News::Forgotten(chunk) => Event::Forgotten { chunk },
            };
            self.machine.handle_event(now, event);
        }
    }

    /// A part of a chunk has come.
    pub(super) fn part_came(
        &mut self,
        origin: Origin,
        chunk: ChunkIndex,
        part: Part,
        buffer: ChunkBuffer,
    ) {
        if self.sources.is_open(origin) {
            let source = origin.source;
            self.joints.add(source, chunk, part, buffer);
            let came = Event::PartCame { source, chunk };
            self.machine.handle_event(clock::now(), came);
        }
    }

    /// A chunk is verified. Whoever reads there may have it, if it has not been given up again meanwhile.
    pub(super) fn arrived(&mut self, chunk: ChunkIndex, event: Event) {
        let is_there = self.watched.arrived(chunk);
        self.machine.handle_event(clock::now(), event);
        if !is_there && self.storage.is_memory() {
            let forgotten = Event::Forgotten { chunk };
            self.machine.handle_event(clock::now(), forgotten);
        } else if let Some(joined) = self.joints.settle(chunk) {
            self.find_liars(chunk, joined);
        }
    }

    /// Compares what several sources have sent of a chunk with what it is.
    fn find_liars(&self, chunk: ChunkIndex, joined: Joined) {
        let range = self.file.layout.byte_range(chunk);
        let (found, inputs) = (self.watched.bytes_of(chunk), self.input_sender.clone());
        self.works.spawn_blocking(move || {
            let right = match found {
                Some(Ok(bytes)) => bytes,
                Some(Err(file)) => file.read(range).unwrap_or_default().into(),
                None => return,
            };
            if right.len() as u64 == range.len() {
                let _ = inputs.blocking_send(Input::Lied(chunk, joined.liars(&right)));
            }
        });
    }

    /// Puts a chunk together and has it looked at.
    pub(super) fn join(&mut self, chunk: ChunkIndex, parts: Vec<(Part, SourceId)>) {
        match self.joints.join(chunk, parts) {
            Some(whole) => self.writing.push(whole),
            // A connection that was cut off had brought one of them.
            None => {
                let wrong = Event::PartsWrong { chunk };
                self.machine.handle_event(clock::now(), wrong);
            }
        }
    }

    pub(super) fn lied(&mut self, chunk: ChunkIndex, sources: Vec<SourceId>) {
        for source in sources {
            let lied = Event::Lied { source, chunk };
            self.machine.handle_event(clock::now(), lied);
        }
    }
}
