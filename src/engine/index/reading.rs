//! Takes files that have stopped changing into service. A known file is recognised. Any other is read once nobody has
//! it open for writing.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use super::{
    damage::Judgement,
    machine::Index,
    state::{Failure, FileState, Open, Reread, Suspect, Unserved},
    types::{Action, Gone, HashJob, Notice, Processes, Read, Recognised},
};
use crate::model::{
    FileName, IgnoredReason, IndexedFile, Origin, RemovedReason, Seen, Stamp, SystemError, Writer,
};

/// A file that is open for writing is read all the same after this long without a change.
const QUIET_OPEN: Duration = Duration::from_secs(600);
/// The delays before an open file is looked at again: they double from the first to the second.
const AGAIN: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(4));
/// People are told that a file is still being written after this long.
const TOLD_AFTER: Duration = Duration::from_secs(60);
/// The delays before an unreadable file is tried again: they double from the first to the second.
const RETRY: (Duration, Duration) = (Duration::from_secs(30), Duration::from_secs(600));

impl Index {
    /// The answer to whether a file that has stopped changing has to be read.
    pub(super) fn recognised(&mut self, name: FileName, stamp: Stamp, found: Recognised) {
        let Some(FileState::Recognising(file)) = self.files.get(&name) else {
            return;
        };
        if file.stamp != stamp {
            return;
        }
        let is_suspected = file.suspect.is_some();
        let Some(FileState::Recognising(mut file)) = self.files.take(&name) else {
            return;
        };
        match found {
            Recognised::Other(None) => self.has_gone(name, file),
            Recognised::Other(Some(seen)) => self.has_changed(name, *file, seen.stamp),
            // A suspect is read before anything is said about it.
            Recognised::Known(_) | Recognised::Damaged(_) | Recognised::Unknown if is_suspected => {
                self.files.put(name, FileState::Queued(file));
            }
            Recognised::Damaged(expected) => {
                file.suspect = Some(Suspect {
                    file: expected,
                    told: false,
                });
                self.files.put(name, FileState::Queued(file));
            }
            // While everything is read again, nothing counts as known.
            Recognised::Known(known) if !self.progress.rereading => {
                self.serve(known, file.origin());
            }
            Recognised::Known(_) | Recognised::Unknown => {
                self.files.put(name, FileState::Unknown(file));
            }
        }
    }

    /// Files that nobody has open for writing are queued for reading. The others wait.
    pub(super) fn found_writers(
        &mut self,
        asked: Vec<(FileName, Stamp)>,
        mut open: BTreeMap<FileName, Writer>,
        processes: Processes,
    ) {
        for (name, stamp) in asked {
            let Some(FileState::Unknown(file)) = self.files.get(&name) else {
                continue;
            };
            if file.stamp != stamp {
                continue;
            }
            let unchanged = self.now.saturating_duration_since(file.since);
            let by = open.remove(&name);
            // Processes of other users may be hidden. Then what was heard counts.
            let heard = processes == Processes::Some && self.settle.is_heard_open(&name);
            let is_open = by.is_some() || heard;
            if let Some(FileState::Unknown(mut file)) = self.files.take(&name) {
                if is_open && unchanged < QUIET_OPEN {
                    self.wait_for_writer(name, file, by);
                } else {
                    file.open = None;
                    self.settle.taken(&name);
                    self.files.put(name, FileState::Queued(file));
                }
            }
        }
    }

    /// An open file is looked at again later. People are told if it stays open for long.
    fn wait_for_writer(&mut self, name: FileName, mut file: Box<Unserved>, by: Option<Writer>) {
        let since = file.since;
        let longer = file.open.map_or(AGAIN.0, |open| open.wait * 2);
        let open = file.open.get_or_insert(Open {
            since,
            wait: longer,
            told: false,
        });
        open.wait = longer.min(AGAIN.1);
        let again = self.now + open.wait;
        if !open.told && self.now >= open.since + TOLD_AFTER {
            open.told = true;
            let name = name.clone();
            self.actions
                .push_back(Action::Tell(Notice::BeingWritten { name, by }));
        }
        self.settle.is_open(&name);
        // There is nothing else to wait for.
        self.wait(name, file, Duration::MAX, Some(again));
    }

    /// A file was read, or could not be.
    pub(super) fn hashed(&mut self, job: HashJob, after: Option<Seen>, read: Read) {
        let Some(name) = self.hashing.over(job) else {
            return;
        };
        let state = self.files.take(&name);
        if let Some(FileState::Hashing(file, _)) = state {
            match after {
                None => self.has_gone(name, file),
                Some(seen) if seen.stamp != file.stamp => {
                    self.has_changed(name, *file, seen.stamp);
                }
                Some(seen) => self.has_read(name, file, seen, read),
            }
        } else if let Some(FileState::Served { file, missing, .. }) = state {
            let reread = Reread::No;
            let state = FileState::Served {
                file: Arc::clone(&file),
                missing,
                reread,
            };
            self.files.put(name, state);
            self.has_reread(file, after, read);
        }
    }

    fn has_read(&mut self, name: FileName, mut file: Box<Unserved>, seen: Seen, read: Read) {
        if let Some(suspect) = file.suspect.take() {
            match suspect.judge(seen.stamp, &read) {
                Judgement::Damaged => return self.is_damaged(name, file.was, suspect),
                Judgement::Open => file.suspect = Some(suspect),
                Judgement::Right => {}
            }
        }
        match read {
            Read::Content(content) => {
                self.actions
                    .push_back(Action::Remember(Arc::clone(&content)));
                self.serve(content, file.origin());
            }
            Read::Damage(error) | Read::Failed(error) => self.cannot_read(name, file, seen, error),
        }
    }

    /// A served file was read once more, or could not be.
    fn has_reread(&mut self, served: Arc<IndexedFile>, after: Option<Seen>, read: Read) {
        let after = after.filter(|seen| seen.stamp == served.stamp);
        let Some(seen) = after else {
            // It has changed or is gone. The next look tells which.
            return self.looks.soon(self.now);
        };
        match read {
            Read::Content(content) if content.meta.id == served.meta.id => {
                self.actions.push_back(Action::Remember(served));
            }
            Read::Content(_) | Read::Damage(_) => self.served_is_damaged(served),
            Read::Failed(error) => {
                let name = served.meta.name.clone();
                self.take(&name);
                self.removed(served, RemovedReason::Lost, Gone::Changed);
                let file = Box::new(Unserved::new(seen.stamp, self.now));
                self.cannot_read(name, file, seen, error);
            }
        }
    }

    /// An unreadable file is tried again later, or as soon as anything about it changes.
    fn cannot_read(
        &mut self,
        name: FileName,
        mut file: Box<Unserved>,
        seen: Seen,
        error: SystemError,
    ) {
        let before = file.failure;
        if before.is_none() {
            let (path, reason) = (name.to_string(), IgnoredReason::Unreadable(error));
            if let Some(notice) = self.passed_over.one(self.now, path, reason) {
                self.tell(notice);
            }
        }
        let same = before.filter(|failure| failure.seen == seen);
        let wait = same.map_or(RETRY.0, |failure| (failure.wait * 2).min(RETRY.1));
        file.failure = Some(Failure { seen, wait });
        let again = self.now + wait;
        self.files.put(name, FileState::Failed { file, again });
    }

    /// A file changed while it was looked at.
    fn has_changed(&mut self, name: FileName, file: Unserved, stamp: Stamp) {
        let file = Box::new(file.changed_to(stamp, self.now));
        self.wait(name, file, Duration::ZERO, None);
    }

    /// A file went away while it was looked at.
    fn has_gone(&mut self, name: FileName, file: Box<Unserved>) {
        self.files.put(name.clone(), FileState::Quiet(file));
        self.is_missing(name, self.now);
        self.looks.soon(self.now);
    }

    /// Serves a file from now on.
    pub(super) fn serve(&mut self, file: Arc<IndexedFile>, origin: Origin) {
        let name = file.meta.name.clone();
        self.take(&name);
        self.settle.served(&name);
        let state = FileState::Served {
            file: Arc::clone(&file),
            missing: None,
            reread: Reread::No,
        };
        self.files.put(name, state);
        self.tell(Notice::Added { file, origin });
    }

    /// A copy is complete and verified.
    pub(super) fn inserted(&mut self, file: Arc<IndexedFile>) {
        self.actions.push_back(Action::Remember(Arc::clone(&file)));
        self.serve(file, Origin::Copied);
    }

    /// Has everything read again: what is served now, and what is found until that is done. Served files stay in
    /// service meanwhile. Files that wait to be read keep waiting.
    pub(super) fn read_all(&mut self) {
        self.progress.rereading = true;
        self.looks.by(self.now);
        let names: Vec<FileName> = self.files.iter().map(|(name, _)| name.clone()).collect();
        for name in names {
            if let Some(state) = self.files.take(&name) {
                self.files.put(name, state.read_again(self.now));
            }
        }
    }
}
