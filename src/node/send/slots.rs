//! What is different for a receiver in a swarm: it waits for a slot before each chunk, lets a secondary choose which, and
//! hears what a peer has got since.

use std::time::Duration;

use tokio::{
    sync::mpsc,
    time::{Instant as Moment, sleep_until},
};

use super::{
    end::End,
    provider::Provider,
    requests::Asked,
    sender::{Read, Sender},
};
use crate::{
    model::{ChunkIndex, ChunkSet},
    net::PlainSocket,
    node::clock,
    proto::data::FromSource,
};

/// How often a receiver in the line hears that it waits.
const NEXT_WORD: Duration = Duration::from_secs(1);
/// How often a receiver hears what a peer has got since.
const NEWS: Duration = Duration::from_millis(250);
/// A line that is longer or shorter by so much is told of without other news, in milliseconds.
const NOTABLE_MS: u32 = 500;

impl<P: Provider, W: PlainSocket> Sender<P, W> {
    /// Sends the next frame, in a swarm once there is a slot for its chunk.
    pub(super) async fn step(&mut self, requests: &mut mpsc::Receiver<Read>) -> Result<(), End> {
        if self.member.place.is_some() && !self.has_slot(requests).await? {
            return Ok(());
        }
        self.frame(requests).await
    }

    /// Waits for a slot for the next chunk, and answers requests meanwhile: they may take it back. False if nothing is
    /// left to send.
    async fn has_slot(&mut self, requests: &mut mpsc::Receiver<Read>) -> Result<bool, End> {
        let first = self.requests.first();
        self.member.settle(first);
        if self.member.slot_of.is_some() {
            return Ok(true);
        }
        // Somebody waits for what is asked for in parts.
        if self.requests.begins_with_part() {
            self.meter.share().set_busy();
            return Ok(true);
        }
        let Some(place) = self.member.place.clone() else {
            return Ok(true);
        };
        // Who waits here is not waited for on the uplink.
        self.meter.share().set_idle();
        let mut next_word = Moment::now();
        loop {
            if self.requests.first().is_none() && !self.member.waits_for_any() {
                place.done();
                return Ok(false);
            }
            place.ask(self.member.lately, self.member.uplink);
            let news_at = self.member.news_at();
            tokio::select! {
                biased;
                () = place.slot() => break,
                request = requests.recv() => {
                    self.request(request.ok_or(End::Quiet)?).await?;
                    if self.requests.begins_with_part() {
                        place.done();
                        self.meter.share().set_busy();
                        return Ok(true);
                    }
                }
                () = sleep_until(next_word), if self.tells_queued => {
                    self.writer.try_send(&FromSource::Queued).await?;
                    next_word = Moment::now() + NEXT_WORD;
                }
                () = sleep_until(news_at.unwrap_or(next_word)), if news_at.is_some() => {
                    self.tell_news().await?;
                }
            }
        }
        self.meter.share().set_busy();
        let chunk = match self.requests.first() {
            Some(first) => Some(first),
            None => self.choose().await?,
        };
        self.member.slot_of = chunk;
        if chunk.is_none() {
            place.done();
        }
        Ok(chunk.is_some())
    }

    /// Chooses a chunk for a receiver that takes any of some, or says that there is none.
    async fn choose(&mut self) -> Result<Option<ChunkIndex>, End> {
        let (Some(open), Some(wanted)) = (&self.open, self.member.any.take()) else {
            return Ok(None);
        };
        let meta = open.content.meta();
        let (id, layout) = (meta.id, meta.layout);
        let crowd = self.context.uplink.crowd();
        let chosen = crowd.choose((id, layout.chunk_count()), wanted.chunks());
        match chosen {
            Some(chunk) if self.requests.ask(layout, chunk, None)? == Asked::Queued => {
                Ok(Some(chunk))
            }
            Some(_) | None => {
                self.writer.send(&FromSource::None).await?;
                Ok(None)
            }
        }
    }

    /// Tells a receiver what this peer has got since it told it last. A holder of all says nothing.
    pub(super) async fn tell_news(&mut self) -> Result<(), End> {
        let Some(open) = &self.open else {
            return Ok(());
        };
        let Some(has) = open.content.have() else {
            self.member.news_at = None;
            return Ok(());
        };
        let chunk_bytes = open.content.meta().layout.chunk_bytes();
        let line = self.context.uplink.crowd().line_ms(chunk_bytes);
        let is_other = line.abs_diff(self.member.told_line) > NOTABLE_MS;
        let is_first = self.member.told.is_none();
        let count = open.content.meta().layout.chunk_count();
        let told = self.member.told.get_or_insert_with(|| ChunkSet::new(count));
        let mut new = ChunkSet::new(count);
        for chunk in has.iter().filter(|chunk| told.insert(*chunk)) {
            new.insert(chunk);
        }
        self.member.news_at = Some(clock::now() + NEWS);
        if is_first || is_other || !new.is_empty() {
            self.member.told_line = line;
            let have = FromSource::Have { chunks: new, line };
            self.writer.send(&have).await?;
        }
        Ok(())
    }
}
