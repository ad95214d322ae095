//! How much a gateway has at once: contents, and memory for all of them.

use super::{
    config::MOST_EACH,
    run::{Owner, Running},
};
use crate::node::{WatchEnd, rules::Receiving};

/// Verified chunks of all contents in memory, in bytes. Each content has one chunk at least.

const MOST_IN_ALL: u64 = 512 << 20;
/// Contents at once. Each has connections to all secondaries, so that those that nobody reads make room for others.
const MOST_CONTENTS: usize = 64;

impl Owner {
    /// Ends what has not been read for the longest, where there is no room for one more.
    pub(super) fn make_room(&mut self) {
        if self.running.len() + self.asked.len() < MOST_CONTENTS {
            return;
        }
        let unread = self.running.iter();
        let unread = unread.filter(|(_, r)| r.watched.readers() == 0 && !r.watched.is_over());
        let oldest = unread.min_by_key(|(_, running)| running.read_at);
        if let Some((transfer, running)) = oldest.map(|(id, running)| (*id, running)) {
            match &running.fetch {
                Some(fetch) => {
                    fetch.stop();
                    // Whoever asks for it from now on has it fetched anew.
                    running.watched.end(WatchEnd::Stopped);
                }
                None => {
                    self.running.remove(&transfer);
                }
            }
        }
    }

    /// Shares the memory out among what is being fetched, in equal parts. What is here whole keeps what it has, if
    /// somebody reads it, and goes first else.
    pub(super) fn share_memory(&mut self) {
        let whole = |running: &Running| match running.fetch {
            Some(_) => 0,
            None => running.file.layout.file_bytes(),
        };
        let fetched = self.running.values().filter(|r| r.fetch.is_some()).count() as u64;
        let mut used: u64 = self.running.values().map(whole).sum();
        // As much as all of them may have.
        let wanted = (fetched * MOST_EACH).min(MOST_IN_ALL);
        self.running.retain(|_, running| {
            let goes = used + wanted > MOST_IN_ALL
                && running.fetch.is_none()
                && running.watched.readers() == 0;
            if goes {
                used -= whole(running);
            }
            !goes
        });
        let each = MOST_IN_ALL.saturating_sub(used) / fetched.max(1);
        for running in self.running.values().filter(|r| r.fetch.is_some()) {
            running.watched.set_cache_bytes(each.min(MOST_EACH));
        }
    }
}
