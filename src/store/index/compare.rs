//! What a look at the folder changes: which files are new, which are gone, and why.

use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};

use super::{
    Gone, IndexEvent,
    run::{LOOK_EVERY_DEAF, LOOK_SHARE, Running, Unheard},
    scan::{Scan, scan},
};
use crate::{
    model::{FileName, IgnoredReason, RemovedReason},
    store::{StoreError, mounts::is_in},
};

/// A file must be missing for this long to count as deleted: programs replace files by deleting them first.
const MISSING: Duration = Duration::from_millis(500);

impl<E: FnMut(IndexEvent) -> bool> Running<E> {
    pub(super) fn look(&mut self) -> Result<(), Unheard> {
        let began = Instant::now();
        let found = scan(&self.root);
        self.looked_at = Instant::now();
        self.look_took = self.looked_at.saturating_duration_since(began);
        self.look_at = self.looked_at + self.look_every.max(self.look_took * LOOK_SHARE);
        match found {
            Ok(scan) => {
                if std::mem::take(&mut self.gone) {
                    // It may be another folder, and changes meanwhile were not heard.
                    self.retired.reload();
                    self.restore_retired();
                    self.watch();
                    self.look_soon();
                    self.catch_up();
                    self.tell(IndexEvent::FolderBack)?;
                }
                self.see_whether_writable()?;
                let scan = self.without_disks_away(scan)?;
                self.apply(scan)
            }
            Err(error @ StoreError::NoDescriptor(_)) => {
                tracing::warn!(%error, "the folder could not be looked at");
                self.look_at = self.looked_at + LOOK_EVERY_DEAF;
                Ok(())
            }
            Err(error) => {
                self.look_at = self.looked_at + LOOK_EVERY_DEAF;
                if !std::mem::replace(&mut self.gone, true) {
                    self.tell(IndexEvent::FolderGone(error))?;
                }
                self.settling.retain(Instant::now(), |_| false);
                self.hashing.retain(|_| false);
                for name in self.told_of() {
                    self.remove(&name, RemovedReason::Lost, Gone::Changed)?;
                }
                if matches!(self.root.reopen(), Ok(true)) {
                    self.look_at = self.looked_at;
                }
                Ok(())
            }
        }
    }

    /// What lies where a disk was mounted is not the disk's: it is not served.
    fn without_disks_away(&mut self, mut scan: Scan) -> Result<Scan, Unheard> {
        // What is mounted over files that are served hides them for a while; they are served again afterwards.
        let is_over_files = |path: &String| {
            let mut served = self.served.keys().map(|name| name.as_str());
            !self.mounted.contains(path) && served.any(|name| is_in(name, path))
        };
        let covers: Vec<String> = scan
            .mounted
            .iter()
            .filter(|path| is_over_files(path))
            .cloned()
            .collect();
        self.covers.retain(|path| scan.mounted.contains(path));
        self.covers.extend(covers);
        self.mounted = scan.mounted.clone();
        let mut mounted = std::mem::take(&mut scan.mounted);
        mounted.retain(|path| !self.covers.contains(path));
        let has_files = !scan.files.is_empty();
        let hidden = |path: &str| scan.ignored.contains_key(path);
        let away = self.disks.found(&self.root, &mounted, hidden, has_files);
        if !away.is_empty() {
            let is_away = |name: &FileName| away.iter().any(|disk| name.is_below(disk));
            scan.files.retain(|name, _| !is_away(name));
            for name in self.told_of() {
                if is_away(&name) {
                    self.remove(&name, RemovedReason::Lost, Gone::Changed)?;
                }
            }
        }
        if !away.is_empty() {
            // Nobody says when a disk is mounted.
            let soon = LOOK_EVERY_DEAF.max(self.look_took * LOOK_SHARE);
            self.look_at = self.look_at.min(self.looked_at + soon);
        }
        if away != self.away {
            if self.away.iter().any(|disk| !away.contains(disk)) {
                self.catch_up();
            }
            self.away.clone_from(&away);
            self.tell(IndexEvent::DisksAway(away))?;
        }
        Ok(scan)
    }

    /// A folder that may only be read is served, and takes no copies.
    fn see_whether_writable(&mut self) -> Result<(), Unheard> {
        // What the system says of the folder is believed; a probe file changes it, and is made when it matters.
        let mut writable = self.root.allows_writing();
        if writable.is_ok() && (self.read_only || !self.ready) {
            writable = self.root.check_writable();
        }
        match writable {
            Err(error @ (StoreError::ReadOnly(_) | StoreError::Denied(_))) => {
                if std::mem::replace(&mut self.read_only, true) {
                    return Ok(());
                }
                self.tell(IndexEvent::ReadOnly(error))
            }
            Err(error) => {
                tracing::warn!(%error, "whether files can be made in the folder is not known");
                Ok(())
            }
            Ok(()) if std::mem::take(&mut self.read_only) => self.tell(IndexEvent::Writable),
            Ok(()) => Ok(()),
        }
    }

    /// Compares what is there with what is served.
    fn apply(&mut self, scan: Scan) -> Result<(), Unheard> {
        let (now, clock) = (Instant::now(), SystemTime::now());
        for name in self.told_of() {
            self.still_there(now, &name, &scan)?;
        }
        self.missing
            .retain(|name, _| self.served.contains_key(name) || self.changing.contains_key(name));
        self.set_withdrawn_aside(&scan);
        self.forget_damage(&scan);
        for (name, seen) in &scan.files {
            if self.withdrawn.contains_key(name) || self.damaged.contains_key(name) {
                continue;
            }
            if self.served.contains_key(name) || self.unreadable.is_hopeless(now, name, *seen) {
                continue;
            }
            match self.hashing.stamp_of(name) {
                None => self.settling.seen(now, clock, name, seen.stamp),
                Some(stamp) if stamp == seen.stamp => {}
                Some(_) => {
                    self.hashing.forget(name);
                    self.settling.again(now, name.clone(), seen.stamp);
                }
            }
        }
        self.hashing.retain(|name| scan.files.contains_key(name));
        self.settling
            .retain(now, |name| scan.files.contains_key(name));
        self.being_written
            .retain(|name, _| scan.files.contains_key(name));
        self.unreadable.retain(|name| scan.files.contains_key(name));
        if let Some(again) = self.unreadable.next(now) {
            self.look_at = self.look_at.min(again);
        }
        if let Some(again) = scan.again {
            self.look_at = self.look_at.min(now + again);
        }
        for (path, reason) in &scan.ignored {
            if !self.ignored.contains(path) {
                self.pass_over(now, path.clone(), reason.clone())?;
            }
        }
        for event in self.telling.rest(now) {
            self.tell(event)?;
        }
        let unreadable = self.unreadable.names().map(|name| name.to_string());
        self.ignored = scan.ignored.into_keys().chain(unreadable).collect();
        if self.folders.are_elsewhere(&scan.folders) {
            self.watch();
            self.look_soon();
        }
        self.folders = scan.folders;
        Ok(())
    }

    pub(super) fn pass_over(
        &mut self,
        now: Instant,
        path: String,
        reason: IgnoredReason,
    ) -> Result<(), Unheard> {
        match self.telling.passed_over(now, path, reason) {
            Some(event) => self.tell(event),
            None => Ok(()),
        }
    }

    fn still_there(&mut self, now: Instant, name: &FileName, scan: &Scan) -> Result<(), Unheard> {
        let stamp = self.served.get(name).map(|served| served.stamp);
        match (scan.files.get(name), stamp) {
            (Some(seen), Some(old)) if seen.stamp != old => {
                self.settling.changed(now, name, old, seen.stamp);
                self.remove(name, RemovedReason::Changing, Gone::Changed)
            }
            // What is being changed is there, or what is served.
            (Some(_), _) => {
                self.missing.remove(name);
                Ok(())
            }
            (None, _) if scan.partial && is_below(name, &scan.ignored) => {
                self.remove(name, RemovedReason::Lost, Gone::Changed)
            }
            (None, _) if self.folders.lost_since(name, &scan.folders) => {
                self.remove(name, RemovedReason::Lost, Gone::Changed)
            }
            (None, _) => {
                let since = *self.missing.entry(name.clone()).or_insert(now);
                if now >= since + MISSING {
                    self.remove(name, RemovedReason::Deleted, Gone::Deleted)
                } else {
                    self.look_at = self.look_at.min(since + MISSING);
                    Ok(())
                }
            }
        }
    }

    pub(super) fn remove(
        &mut self,
        name: &FileName,
        reason: RemovedReason,
        why: Gone,
    ) -> Result<(), Unheard> {
        self.missing.remove(name);
        self.own.removed(name);
        let changing = self.changing.remove(name);
        let Some(file) = self.served.remove(name).or(changing) else {
            return Ok(());
        };
        if reason == RemovedReason::Changing {
            self.changing.insert(name.clone(), Arc::clone(&file));
        }
        self.tell(IndexEvent::Removed { file, reason, why })
    }

    /// Names that the cluster counts on: of what is served, and of what is being changed.
    fn told_of(&self) -> Vec<FileName> {
        let both = self.served.keys().chain(self.changing.keys());
        both.cloned().collect()
    }
}

/// True when a file lies below one of these paths.
fn is_below(name: &FileName, paths: &BTreeMap<String, IgnoredReason>) -> bool {
    let name = name.as_str();
    // The path itself, and all that end where a folder does: as many as it has components.
    let ends = name.match_indices('/').map(|(end, _)| end);
    ends.chain([name.len()])
        .any(|end| paths.contains_key(&name[..end]))
}
