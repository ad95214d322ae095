//! What is sent to the index's thread. Hints are merged by name, so that they do not pile up while it is busy.

use std::{
    collections::{BTreeMap, VecDeque},
    time::Instant,
};

use parking_lot::{Condvar, Mutex, MutexGuard};

use super::api::IndexCommand;
use crate::{
    engine::index::Touch,
    model::FileName,
    store::{
        StoreError,
        index::{CheckedChunk, HashedFile, Heard, Scan},
    },
};

/// Names whose changes are remembered one by one.
const MAX_NAMES: usize = 10_000;

/// What has come since the thread last looked.
#[derive(Debug, Default)]
pub(super) struct Mail {
    pub(super) commands: VecDeque<IndexCommand>,
    /// The last hint about each file.
    pub(super) touched: BTreeMap<FileName, Touch>,
    /// Something changed.
    pub(super) changed: bool,
    /// Changes were missed, or were too many to remember.
    pub(super) missed: bool,
    /// From now on some changes are not watched.
    pub(super) deaf: bool,
    /// At most one: when a look began, and what it found.
    pub(super) looked: Vec<(Instant, Result<Scan, StoreError>)>,
    /// At most one per hashing thread.
    pub(super) hashed: Vec<HashedFile>,
    /// At most one.
    pub(super) checked: Vec<CheckedChunk>,
    /// The same, of those that are read in a scrub.
    pub(super) scrubbed: Vec<CheckedChunk>,
    pub(super) stop: bool,
}

/// Where others put it.
#[derive(Debug, Default)]
pub(super) struct Inbox {
    mail: Mutex<Mail>,
    came: Condvar,
}

impl Inbox {
    /// Gives a command, without waiting. A look or a reading that is still to come is not asked for twice.
    pub(super) fn command(&self, command: IndexCommand) {
        let mut mail = self.lock();
        match command {
            IndexCommand::Stop => mail.stop = true,
            IndexCommand::ReadAll => {
                let known = |command: &IndexCommand| matches!(command, IndexCommand::ReadAll);
                if !mail.commands.iter().any(known) {
                    mail.commands.push_back(IndexCommand::ReadAll);
                }
            }
            IndexCommand::Look(name) => {
                let known = |command: &IndexCommand| matches!(command, IndexCommand::Look(other) if *other == name);
                if !mail.commands.iter().any(known) {
                    mail.commands.push_back(IndexCommand::Look(name));
                }
            }
            IndexCommand::Check { file, chunk } => {
                let same = |command: &&IndexCommand| matches!(command, IndexCommand::Check { file: other, .. } if other.id == file.id);
                if mail.commands.iter().find(same).is_none() {
                    mail.commands.push_back(IndexCommand::Check { file, chunk });
                }
            }
            command => mail.commands.push_back(command),
        }
        self.came.notify_one();
    }

    /// Passes on what the watcher heard, without waiting.
    pub(super) fn hear(&self, heard: Heard) {
        let mut mail = self.lock();
        mail.changed = true;
        match heard {
            Heard::Written(name) => mail.touch(name, Touch::Written),
            Heard::Closed(name) => mail.touch(name, Touch::Closed),
            Heard::Moved(name) => mail.touch(name, Touch::Moved),
            Heard::Something => {}
            Heard::Missed => mail.miss(),
            Heard::Deaf => {
                mail.deaf = true;
                mail.miss();
            }
        }
        self.came.notify_one();
    }

    /// A look is over.
    pub(super) fn looked(&self, began: Instant, looked: Result<Scan, StoreError>) {
        self.lock().looked.push((began, looked));
        self.came.notify_one();
    }

    /// A file was read.
    pub(super) fn hashed(&self, hashed: HashedFile) {
        self.lock().hashed.push(hashed);
        self.came.notify_one();
    }

    /// A chunk was read that somebody complained about.
    pub(super) fn checked(&self, checked: CheckedChunk) {
        self.lock().checked.push(checked);
        self.came.notify_one();
    }

    /// A chunk was read in a scrub.
    pub(super) fn scrubbed(&self, checked: CheckedChunk) {
        self.lock().scrubbed.push(checked);
        self.came.notify_one();
    }

    /// Takes what has come; waits for something until then.
    pub(super) fn take(&self, until: Instant) -> Mail {
        let mut mail = self.lock();
        loop {
            let left = until.saturating_duration_since(Instant::now());
            if !mail.is_empty() || left.is_zero() {
                return std::mem::take(&mut *mail);
            }
            self.came.wait_for(&mut mail, left);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Mail> {
        self.mail.lock()
    }
}

impl Mail {
    fn touch(&mut self, name: FileName, touch: Touch) {
        if self.missed {
            return;
        }
        self.touched.insert(name, touch);
        if self.touched.len() > MAX_NAMES {
            self.miss();
        }
    }

    fn miss(&mut self) {
        self.missed = true;
        self.touched.clear();
    }

    fn is_empty(&self) -> bool {
        self.commands.is_empty()
            && self.looked.is_empty()
            && self.hashed.is_empty()
            && self.checked.is_empty()
            && self.scrubbed.is_empty()
            && !(self.changed || self.stop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::samples;

    fn name(n: usize) -> FileName {
        samples::name(&format!("f{n}"))
    }

    #[test]
    fn hints_are_merged_and_too_many_are_one() {
        let inbox = Inbox::default();
        for _ in 0..3 {
            inbox.hear(Heard::Written(name(1)));
            inbox.hear(Heard::Closed(name(1)));
            inbox.hear(Heard::Written(name(2)));
            inbox.command(IndexCommand::Look(name(1)));
        }
        let mail = inbox.take(Instant::now());
        let heard: Vec<_> = mail.touched.into_iter().collect();
        assert_eq!(heard, [(name(1), Touch::Closed), (name(2), Touch::Written)]);
        assert_eq!(mail.commands.len(), 1);
        for n in 0..3 * MAX_NAMES {
            inbox.hear(Heard::Written(name(n)));
        }
        let mail = inbox.take(Instant::now());
        assert!(mail.missed && mail.touched.is_empty() && !mail.deaf);
        assert!(!inbox.take(Instant::now()).changed);
        inbox.hear(Heard::Deaf);
        inbox.command(IndexCommand::Stop);
        let mail = inbox.take(Instant::now());
        assert!(mail.deaf && mail.stop);
    }

    #[test]
    fn whoever_waits_is_woken() {
        let inbox = std::sync::Arc::new(Inbox::default());
        let teller = std::sync::Arc::clone(&inbox);
        let thread = std::thread::spawn(move || teller.command(IndexCommand::Stop));
        assert!(
            inbox
                .take(Instant::now() + std::time::Duration::from_secs(60))
                .stop
        );
        thread.join().unwrap();
    }
}
