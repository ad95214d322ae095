//! What is known of a receiver as one of a swarm: what it got lately, what it takes, and for which chunk it has a slot.

use std::{sync::Arc, time::Instant};

use tokio::time::Instant as Moment;

use super::crowd::{Crowd, Place};
use crate::{
    model::{ChunkIndex, ChunkSet, Lately},
    proto::Wanted,
};

/// A receiver in a swarm; nothing of one outside.
#[derive(Debug, Default)]
pub(super) struct Member {
    pub(super) place: Option<Arc<Place>>,
    pub(super) lately: Lately,
    pub(super) uplink: Option<u64>,
    pub(super) any: Option<Wanted>,
    /// The chunk for which it has a slot.
    pub(super) slot_of: Option<ChunkIndex>,
    /// What it was told of a peer's chunks, and when it hears more.
    pub(super) told: Option<ChunkSet>,
    pub(super) news_at: Option<Instant>,
    /// The length of the line that it was told, in milliseconds.
    pub(super) told_line: u32,
}

impl Member {
    /// True while it waits for any chunk.
    pub(super) fn waits_for_any(&self) -> bool {
        self.any.is_some()
    }

    /// It is in a swarm: it says what it got lately.
    pub(super) fn is_in(&mut self, crowd: &Arc<Crowd>, lately: Lately) {
        self.place.get_or_insert_with(|| Arc::new(crowd.join()));
        self.lately = lately;
    }

    /// It takes any of these.
    pub(super) fn wants(&mut self, wanted: Wanted, uplink: Option<u64>) {
        self.any = Some(wanted);
        self.uplink = uplink.or(self.uplink);
    }

    /// Another content is open, or none.
    pub(super) fn forget(&mut self) {
        self.any = None;
        self.told = None;
        self.news_at = None;
        self.free();
    }

    /// The chunk for which it has a slot has been sent, or was taken back.
    pub(super) fn settle(&mut self, first: Option<ChunkIndex>) {
        if self.slot_of.is_some() && self.slot_of != first {
            self.free();
        }
    }

    fn free(&mut self) {
        if self.slot_of.take().is_some()
            && let Some(place) = &self.place
        {
            place.done();
        }
    }

    /// So many bytes of a chunk were sent.
    pub(super) fn sent(&self, bytes: u64) {
        if let Some(place) = &self.place {
            place.sent(bytes);
        }
    }

    /// When it hears what a peer has got since.
    pub(super) fn news_at(&self) -> Option<Moment> {
        self.news_at.map(Into::into)
    }
}
