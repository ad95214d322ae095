//! Reads all that is served once in each round, chunk after chunk in the order of names, and compares it with its digests:
//! what disks alter is found before somebody asks for it. File systems with digests call this a scrub.

use std::sync::Arc;

use super::{
    files::Files,
    machine::Index,
    types::{Action, Notice},
};
use crate::model::{ChunkIndex, FileName, IndexedFile, Seen, Verdict};

impl Index {
    /// Has the next chunk read, if that is due. Returns false if there was nothing to decide on.
    pub(super) fn scrub(&mut self) -> bool {
        let now = self.now;
        if self.scrubs_at().is_none_or(|at| at > now) {
            return false;
        }
        let Some(scrubbing) = &mut self.scrubbing else {
            return false;
        };
        if let Some((file, chunk)) = next(&self.files, scrubbing.after()) {
            scrubbing.begin(now);
            self.actions.push_back(Action::Scrub { file, chunk });
            return true;
        }
        let has_ended = scrubbing.end_round(now);
        if has_ended {
            self.tell_scrub(true);
        }
        has_ended
    }

    /// A chunk was read.
    pub(super) fn scrubbed(
        &mut self,
        file: Arc<IndexedFile>,
        chunk: ChunkIndex,
        verdict: Verdict,
        after: Option<Seen>,
    ) {
        let now = self.now;
        let must_count = |scrubbing: &super::scrub::Scrubbing| scrubbing.must_count(now);
        let served = self.scrubbing.as_ref().is_some_and(must_count);
        let served = served.then(|| self.total().bytes);
        let Some(scrubbing) = &mut self.scrubbing else {
            return;
        };
        if let Some(served) = served {
            scrubbing.count(now, served);
        }
        let bytes = file.meta.layout.byte_range(chunk).len();
        if !scrubbing.read(now, (file.meta.name.clone(), chunk), bytes) {
            return;
        }
        let is_damaged = self.chunk_checked(file, verdict, after);
        if let Some(scrubbing) = &mut self.scrubbing
            && verdict != Verdict::Unclear
        {
            scrubbing.compared(bytes, is_damaged);
        }
        self.tell_scrub(is_damaged);
    }

    fn tell_scrub(&mut self, has_news: bool) {
        let now = self.now;
        let scrubbing = self.scrubbing.as_mut();
        if let Some((done, rest)) = scrubbing.and_then(|some| some.kept(now, has_news)) {
            self.tell(Notice::Scrubbed { done, rest });
        }
    }
}

/// The chunk that follows in the order of names, of those that are served.
fn next(
    files: &Files,
    after: Option<&(FileName, ChunkIndex)>,
) -> Option<(Arc<IndexedFile>, ChunkIndex)> {
    if let Some((name, ChunkIndex(chunk))) = after
        && let Some(file) = files.served(name)
        && chunk + 1 < file.meta.layout.chunk_count()
    {
        return Some((Arc::clone(file), ChunkIndex(chunk + 1)));
    }
    let has_bytes = |file: &&Arc<IndexedFile>| file.meta.layout.chunk_count() > 0;
    let mut files = files.served_after(after.map(|(name, _)| name));
    let file = files.find(has_bytes)?;
    Some((Arc::clone(file), ChunkIndex(0)))
}
