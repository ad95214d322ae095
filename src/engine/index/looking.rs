//! Evaluates a look at the folder: which files are new, changed or gone, and why.

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use super::{
    devices::Devices,
    machine::Index,
    state::{FileState, Unserved},
    types::{Action, Gone, Notice},
};
use crate::model::{Extent, FileName, FileTime, Look, RemovedReason, Seen};

/// A file must be missing for this long to count as deleted, as programs may replace a file by deleting it first.
const MISSING: Duration = Duration::from_millis(500);

impl Index {
    /// Compares what a look found with what is known.
    pub(super) fn looked(&mut self, began: Instant, clock: FileTime, mut look: Look) {
        let now = self.now;
        self.looks.over(now, began);
        let was_gone = std::mem::take(&mut self.folder.is_gone);
        let hidden = Hidden {
            all: was_gone || !self.progress.was_looked_at,
            paths: std::mem::take(&mut self.folder.hidden),
        };
        if was_gone {
            // Nobody heard of changes in the meantime.
            self.looks.soon(now);
            self.catch_up();
        }
        self.leave_out_what_is_away(&mut look);
        let devices = Devices::new(std::mem::take(&mut look.devices));
        for (name, seen) in self.files.differing(&look.files) {
            match seen {
                Some(seen) => self.is_there(name, seen, clock, &hidden),
                None => self.is_not_there(name, &look, &devices),
            }
        }
        self.settle
            .retain(now, |name| look.files.contains_key(name));
        if let Some(again) = look.again {
            self.looks.by(now + again);
        }
        self.folder.hidden = self.hidden_in(&look);
        for notice in self.passed_over.looked(now, look.ignored) {
            self.tell(notice);
        }
        if self.folder.devices.are_elsewhere(&devices) {
            self.actions.push_back(Action::Listen);
            self.looks.soon(now);
        }
        self.folder.devices = devices;
    }

    /// Files at the mount point of a disk that is away are not the disk's. They are not served.
    fn leave_out_what_is_away(&mut self, look: &mut Look) {
        let away = std::mem::take(&mut look.away);
        let before = std::mem::replace(&mut self.folder.away, away);
        if before.iter().any(|disk| !self.folder.away.contains(disk)) {
            self.catch_up();
        }
        let is_news = before != self.folder.away;
        if !self.folder.away.is_empty() {
            look.files.retain(|name, _| !self.is_on_a_disk_away(name));
            let files = self.files.iter().map(|(name, _)| name);
            let lost = files.filter(|name| self.is_on_a_disk_away(name));
            let lost: Vec<FileName> = lost.cloned().collect();
            for name in lost {
                self.lose(name);
            }
            // No event tells that a disk is mounted.
            self.looks.expect();
        }
        if is_news {
            self.tell(Notice::DisksAway(self.folder.away.clone()));
        }
    }

    fn is_on_a_disk_away(&self, name: &FileName) -> bool {
        self.folder.away.iter().any(|disk| name.is_below(disk))
    }

    /// Notes the paths that a look could not see into.
    fn hidden_in(&self, look: &Look) -> BTreeSet<String> {
        let away = self.folder.away.iter().map(|disk| disk.to_string());
        let unreadable = look
            .ignored
            .keys()
            .filter(|_| look.extent == Extent::Partial);
        away.chain(unreadable.cloned()).collect()
    }

    /// A look sees a file that is new, changed, or not as expected.
    fn is_there(&mut self, name: FileName, seen: Seen, clock: FileTime, hidden: &Hidden) {
        if self
            .files
            .served(&name)
            .is_some_and(|file| file.stamp == seen.stamp)
        {
            return self.files.set_missing(&name, None);
        }
        let now = self.now;
        let stamp = seen.stamp;
        let mut file = Unserved::new(stamp, now);
        match self.take(&name) {
            None => file.was_hidden = hidden.hid(&name),
            // The file is the same, but more may have been heard about it.
            Some(FileState::Settling {
                file, age, again, ..
            }) if file.stamp == stamp => {
                return self.wait(name, file, age, again);
            }
            Some(FileState::Withdrawn { file, reason }) if file.stamp == stamp => {
                let (known, again) = (file.clone(), reason);
                self.files.put(name, FileState::Withdrawn { file, reason });
                let (file, reason) = (known, again);
                return self.actions.push_back(Action::SetAside { file, reason });
            }
            Some(
                FileState::Settling { file: old, .. }
                | FileState::Quiet(old)
                | FileState::Recognising(old)
                | FileState::Unknown(old)
                | FileState::Queued(old)
                | FileState::Hashing(old, _),
            ) => {
                self.settle.changed(now, &name, old.stamp, stamp);
                file = old.changed_to(stamp, now);
            }
            // Whatever was wrong with it may be right by now.
            Some(FileState::Failed { file: old, .. }) => {
                file.was_hidden = old.was_hidden && old.stamp.is_dated_as(stamp);
                (file.was, file.failure) = (old.was, old.failure);
            }
            Some(FileState::Served { file: old, .. }) => {
                self.settle.changed(now, &name, old.stamp, stamp);
                file.was = Some(old.clone());
                self.removed(old, RemovedReason::Changing, Gone::Changed);
            }
            Some(FileState::Missing { was, .. }) => file.was = Some(was),
            Some(FileState::Damaged { was, .. }) => file.was = was,
            Some(FileState::Withdrawn { .. }) => {}
        }
        let age = clock.since(stamp.changed).unwrap_or_default();
        self.wait(name, Box::new(file), age, None);
    }

    /// A file waits until it becomes quiet.
    pub(super) fn wait(
        &mut self,
        name: FileName,
        file: Box<Unserved>,
        age: Duration,
        again: Option<Instant>,
    ) {
        let due = self.settle.quiet_at(&name, &file, age, again);
        let state = FileState::Settling {
            file,
            age,
            again,
            due,
        };
        self.files.put(name, state);
    }

    /// A look does not see a file.
    fn is_not_there(&mut self, name: FileName, look: &Look, devices: &Devices) {
        if self.is_on_a_disk_away(&name) {
            return;
        }
        let is_hidden = look.extent == Extent::Partial
            && is_within(&name, |path| look.ignored.contains_key(path));
        if is_hidden || self.folder.devices.lost_since(&name, devices) {
            return self.lose(name);
        }
        let since = match self.files.get(&name) {
            Some(FileState::Missing { since, .. }) => Some(*since),
            Some(FileState::Served { missing, .. }) => *missing,
            Some(_) | None => None,
        };
        if since.is_some_and(|since| self.now >= since + MISSING) {
            if let Some(file) = self.take(&name).as_ref().and_then(FileState::told) {
                self.removed(file.clone(), RemovedReason::Deleted, Gone::Deleted);
            }
            return;
        }
        let since = since.unwrap_or(self.now);
        self.is_missing(name, since);
    }

    /// A file is not there. If the cluster counts on it, it is kept for a while, as it may come back in a moment. Any
    /// other is forgotten.
    pub(super) fn is_missing(&mut self, name: FileName, since: Instant) {
        if self.files.served(&name).is_some() {
            self.files.set_missing(&name, Some(since));
        } else if let Some(was) = self.take(&name).as_ref().and_then(FileState::told).cloned() {
            self.files.put(name, FileState::Missing { was, since });
        } else {
            return;
        }
        self.looks.by(since + MISSING);
    }
}

/// What earlier looks of this run could not see: a disk that was away, an unreadable folder, or the whole folder. Files
/// that come to light there existed before.
struct Hidden {
    all: bool,
    paths: BTreeSet<String>,
}

impl Hidden {
    fn hid(&self, name: &FileName) -> bool {
        self.all || is_within(name, |path| self.paths.contains(path))
    }
}

/// True when a file is, or lies below, one of some paths.
fn is_within(name: &FileName, is_one: impl Fn(&str) -> bool) -> bool {
    let name = name.as_str();
    // Tries the path itself and each of its folders: as many lookups as it has components.
    let ends = name.match_indices('/').map(|(end, _)| end);
    ends.chain([name.len()]).any(|end| is_one(&name[..end]))
}
