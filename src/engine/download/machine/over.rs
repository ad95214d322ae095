//! What still counts when a download is over.

use super::{super::Event, Download};
use crate::model::SourceId;

impl Download {
    /// Sources that had something on its way when the download ended, and that are not silent.
    pub fn still_sending(&self) -> &[SourceId] {
        &self.still_sending
    }

    /// What was on its way when the download ended is counted. A chunk that is verified now is in the file all the same,
    /// so that the next run has it.
    pub(super) fn late(&mut self, event: Event) {
        match event {
            Event::Received { source, bytes, .. } => {
                if let Some(source) = self.sources.get_mut(source) {
                    source.count(bytes);
                }
            }
            Event::Verified { source: id, chunk } => {
                if let Some(source) = self.sources.get_mut(id)
                    && self.chunks.complete(chunk, id)
                {
                    source.credit(self.layout.chunk_len(chunk));
                }
            }
            Event::PartsVerified { chunk } => self.credit_parts(chunk),
            Event::Sources(_)
            | Event::Connected { .. }
            | Event::Lost { .. }
            | Event::Ready { .. }
            | Event::Wrong { .. }
            | Event::Refused { .. }
            | Event::Cancelled { .. }
            | Event::Queued { .. }
            | Event::Blocked { .. }
            | Event::Limited { .. }
            | Event::Unblocked { .. }
            | Event::Taken { .. }
            | Event::Read(_)
            | Event::Left { .. }
            | Event::Forgotten { .. }
            | Event::PartCame { .. }
            | Event::PartsWrong { .. }
            | Event::Lied { .. }
            | Event::Swarm(_)
            | Event::LocalFailure { .. }
            | Event::Stop => {}
        }
    }
}
