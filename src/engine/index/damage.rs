//! Damaged and unwanted files. A file is damaged when its bytes are not what was hashed although nothing shows that
//! anybody changed it: the disk has altered it. It is neither served nor announced as new content, and a good copy may
//! take its place.
//!
//! A suspect is read again before anything else is said about it, whatever is known of its digests. A file found to be
//! damaged stays damaged, under any name and over restarts, as long as it looks the same or until everything is read
//! again.

use std::sync::Arc;

use super::{
    machine::Index,
    state::{FileState, Suspect, Unserved},
    types::{Action, Gone, Notice, Read, SetAside},
};
use crate::model::{
    ChunkIndex, FileMeta, FileName, IndexedFile, RemovedReason, RetiredReason, Seen, Stamp, Verdict,
};

/// What reading a suspect has shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Judgement {
    /// It is what it should be, or an unrelated file.
    Right,
    Damaged,
    /// It cannot be read now, which says nothing about its content.
    Open,
}

impl Suspect {
    pub(super) fn judge(&self, stamp: Stamp, read: &Read) -> Judgement {
        if self.file.stamp != stamp {
            return Judgement::Right;
        }
        match read {
            Read::Content(content) if content.manifest == self.file.manifest => Judgement::Right,
            Read::Content(_) | Read::Damage(_) => Judgement::Damaged,
            Read::Failed(_) => Judgement::Open,
        }
    }
}

impl Index {
    /// Somebody received wrong bytes of a content. The chunk is read if the content is served.
    pub(super) fn complaint(&mut self, meta: &FileMeta, chunk: ChunkIndex) {
        let same = |file: &&Arc<IndexedFile>| file.meta.id == meta.id;
        let named = self.files.served(&meta.name).filter(same);
        if let Some(file) = named.or_else(|| self.served().find(same)) {
            let file = Arc::clone(file);
            self.actions.push_back(Action::CheckChunk { file, chunk });
        }
    }

    /// A chunk was read that somebody complained about, or in a scrub. Returns true if its file is damaged.
    pub(super) fn chunk_checked(
        &mut self,
        file: Arc<IndexedFile>,
        verdict: Verdict,
        after: Option<Seen>,
    ) -> bool {
        match verdict {
            Verdict::Right => false,
            Verdict::Unclear => {
                self.looks.soon(self.now);
                false
            }
            Verdict::Wrong => {
                let is_as_it_was = after.is_some_and(|seen| seen.stamp == file.stamp);
                let is_damaged = is_as_it_was && self.is_served(&file);
                if is_damaged {
                    self.looks.by(self.now);
                    let (suspect, told) = (Arc::clone(&file), true);
                    self.removed_as_damaged(&file);
                    self.read_suspect(Suspect {
                        file: suspect,
                        told,
                    });
                }
                is_damaged
            }
        }
    }

    /// A file could not be sent. If it looks the same, what is known of it is wrong, so it is read again. If not, the
    /// next look tells what became of it.
    pub(super) fn doubted(&mut self, name: FileName, seen: Option<Seen>) {
        self.looks.by(self.now);
        let Some(file) = self.files.served(&name).cloned() else {
            return;
        };
        if seen.is_some_and(|seen| seen.stamp == file.stamp) {
            self.take(&name);
            self.actions
                .push_back(Action::RememberDamage(Arc::clone(&file)));
            self.removed(Arc::clone(&file), RemovedReason::Lost, Gone::Changed);
            let told = false;
            self.read_suspect(Suspect { file, told });
        }
    }

    fn read_suspect(&mut self, suspect: Suspect) {
        let name = suspect.file.meta.name.clone();
        let file = Box::new(Unserved::suspected(suspect, self.now));
        self.files.put(name, FileState::Queued(file));
    }

    /// A served file was read again and is damaged.
    pub(super) fn served_is_damaged(&mut self, file: Arc<IndexedFile>) {
        self.removed_as_damaged(&file);
        let (name, was) = (file.meta.name.clone(), None);
        self.files.put(name, FileState::Damaged { file, was });
    }

    fn removed_as_damaged(&mut self, file: &Arc<IndexedFile>) {
        self.take(&file.meta.name);
        self.actions
            .push_back(Action::RememberDamage(Arc::clone(file)));
        self.removed(Arc::clone(file), RemovedReason::Lost, Gone::Damaged);
        let file = Arc::clone(file);
        self.tell(Notice::Damaged { file });
    }

    /// A suspect was read and is damaged.
    pub(super) fn is_damaged(
        &mut self,
        name: FileName,
        was: Option<Arc<IndexedFile>>,
        suspect: Suspect,
    ) {
        let Suspect {
            file: expected,
            told,
        } = suspect;
        if !told {
            let file = Arc::clone(&expected);
            self.tell(Notice::Damaged { file });
        }
        let file = expected;
        self.files.put(name, FileState::Damaged { file, was });
    }

    /// A content is no longer wanted under its name.
    pub(super) fn unwanted(&mut self, meta: &FileMeta, reason: RetiredReason) {
        let served = self.files.served(&meta.name);
        if let Some(file) = served.filter(|served| served.meta.id == meta.id).cloned() {
            self.actions.push_back(Action::SetAside { file, reason });
        }
    }

    /// A file was set aside, or could not be.
    pub(super) fn was_set_aside(
        &mut self,
        file: Arc<IndexedFile>,
        reason: RetiredReason,
        outcome: SetAside,
    ) {
        let name = file.meta.name.clone();
        let is_served = self.is_served(&file);
        let is_withdrawn = matches!(
            self.files.get(&name),
            Some(FileState::Withdrawn { file: known, .. }) if Arc::ptr_eq(known, &file)
        );
        match outcome {
            SetAside::Done if is_served => {
                self.take(&name);
                self.removed(file, RemovedReason::Lost, Gone::SetAside(reason));
            }
            SetAside::Done if is_withdrawn => drop(self.files.take(&name)),
            // Looks still find it. It must not come back.
            SetAside::Failed if is_served => {
                self.take(&name);
                self.removed(Arc::clone(&file), RemovedReason::Lost, Gone::Withdrawn);
                self.files.put(name, FileState::Withdrawn { file, reason });
            }
            // Somebody put another file there. The next look tells which.
            SetAside::Changed if is_served => self.looks.soon(self.now),
            SetAside::Done | SetAside::Failed | SetAside::Changed => {}
        }
    }

    fn is_served(&self, file: &Arc<IndexedFile>) -> bool {
        let served = self.files.served(&file.meta.name);
        served.is_some_and(|served| Arc::ptr_eq(served, file))
    }
}
