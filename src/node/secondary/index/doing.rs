//! What the index's thread does for the machine, and what it tells the machine of it.

use std::{sync::Arc, time::Instant};

use super::{
    api::IndexEvent,
    thread::{Access, Running, Unheard, file_clock},
};
use crate::{
    engine::index::{Action, Event, HashJob, PathNow, Read, Recognised, SetAside},
    model::{FileName, IndexedFile, RetiredReason, Stamp, Verdict},
    node::shelf::FoundWriters,
    store::{
        StoreError,
        index::{CheckedChunk, HashedFile, Scan},
        indexed, is_damage,
    },
};

/// Looks that may come to nothing before what was served is not served any more.
const FAILED_LOOKS: u32 = 2;

impl<E: FnMut(IndexEvent) -> bool> Running<E> {
    pub(super) fn perform(&mut self, action: Action) -> Result<(), Unheard> {
        match action {
            Action::Look => return self.look(),
            Action::Listen => self.listen(),
            Action::Recognise { name, stamp } => self.recognise(name, stamp),
            Action::FindWriters(asked) => self.find_writers(asked),
            Action::Hash { job, name, stamp } => self.hash(job, name, stamp),
            Action::CancelHash(HashJob(number)) => self.hashers.cancel(number),
            Action::CheckChunk { file, chunk } => self.checks.add(file, chunk),
            Action::Scrub { file, chunk } => self.scrubs.add(file, chunk),
            Action::SetAside { file, reason } => self.set_aside(file, reason),
            Action::Remember(file) => {
                self.cache.put(&file.meta.name, file.stamp, &file.manifest);
            }
            Action::RememberDamage(file) => {
                self.cache
                    .set_damaged(&file.meta.name, file.stamp, &file.manifest);
            }
            Action::ForgetOthers => {
                let aside = self.shelf.readable_aside();
                let files = self.index.known().chain(&aside);
                self.cache
                    .keep(files.map(|file| (&file.meta.name, file.stamp)));
                self.shelf.replace_digests(&|| self.cache.all_lines());
            }
            Action::Tell(notice) => return self.tell(notice),
        }
        Ok(())
    }

    /// Looks, in a thread of its own where that takes long.
    fn look(&mut self) -> Result<(), Unheard> {
        let began = Instant::now();
        if !self.shelf.habits().looks_apart {
            let looked = self.shelf.scan();
            return self.take_look(began, looked);
        }
        let (shelf, inbox) = (Arc::clone(&self.shelf), Arc::clone(&self.inbox));
        let thread = std::thread::Builder::new()
            .name("look".to_owned())
            .spawn(move || inbox.looked(began, shelf.scan()));
        match thread {
            Ok(thread) => self.looking = Some(thread),
            Err(error) => {
                tracing::warn!(%error, "the files could not be looked at");
                self.feed(Event::LookFailed { began });
            }
        }
        Ok(())
    }

    /// A look is over.
    pub(super) fn take_look(
        &mut self,
        began: Instant,
        looked: Result<Scan, StoreError>,
    ) -> Result<(), Unheard> {
        let is_known = self.index.is_ready() && !self.index.is_folder_gone();
        let event = match looked {
            Ok(scan) => {
                self.failed_looks = 0;
                self.looked(began, scan)?
            }
            Err(error @ StoreError::NoDescriptor(_)) => {
                tracing::warn!(%error, "the folder could not be looked at");
                Event::LookFailed { began }
            }
            // What is far away fails now and then: what was served still is, for a while.
            Err(error) if error.says_nothing() && is_known && self.failed_looks < FAILED_LOOKS => {
                self.failed_looks += 1;
                tracing::warn!(%error, "the files could not be looked at");
                Event::LookFailed { began }
            }
            Err(error) => {
                if !self.index.is_folder_gone() {
                    self.emit(IndexEvent::FolderGone(error))?;
                }
                let path = match self.shelf.reopen() {
                    Ok(true) => PathNow::AnotherFolder,
                    Ok(false) | Err(_) => PathNow::Nothing,
                };
                Event::FolderGone { began, path }
            }
        };
        self.feed(event);
        Ok(())
    }

    fn looked(&mut self, began: Instant, scan: Scan) -> Result<Event, Unheard> {
        if self.index.is_folder_gone() {
            // It may be another folder, whose changes were not watched so far.
            self.shelf.reload_aside();
            self.restore_retired();
            self.listen();
            self.emit(IndexEvent::FolderBack)?;
        }
        self.see_whether_writable()?;
        let index = &self.index;
        let is_served_below = |folder: &FileName| {
            let mut served = index.served();
            served.any(|file| file.meta.name.is_below(folder))
        };
        let look = self.shelf.recall(scan, &is_served_below);
        let clock = file_clock();
        Ok(Event::Looked { began, clock, look })
    }

    /// A read-only folder is served, and takes no copies.
    fn see_whether_writable(&mut self) -> Result<(), Unheard> {
        // The system's word is enough here. A probe file would change the folder, so it is only made when it matters.
        let mut writable = self.shelf.allows_writing();
        let matters = self.access == Access::ReadOnly || !self.index.is_ready();
        if writable.is_ok() && matters {
            writable = self.shelf.check_writable();
        }
        match writable {
            Err(error @ (StoreError::ReadOnly(_) | StoreError::Denied(_))) => {
                if std::mem::replace(&mut self.access, Access::ReadOnly) == Access::ReadOnly {
                    return Ok(());
                }
                self.emit(IndexEvent::ReadOnly(error))
            }
            Err(error) => {
                tracing::warn!(%error, "whether files can be made in the folder is not known");
                Ok(())
            }
            Ok(()) => match std::mem::replace(&mut self.access, Access::Writable) {
                Access::ReadOnly => self.emit(IndexEvent::Writable),
                Access::Writable => Ok(()),
            },
        }
    }

    fn recognise(&mut self, name: FileName, stamp: Stamp) {
        let seen = self.shelf.see(&name);
        let found = if seen.is_none_or(|seen| seen.stamp != stamp) {
            Recognised::Other(seen)
        } else if let Some(manifest) = self.cache.damage_of(stamp) {
            Recognised::Damaged(Arc::new(indexed(name.clone(), stamp, manifest)))
        } else if let Some(manifest) = self.cache.get(&name, stamp) {
            Recognised::Known(Arc::new(indexed(name.clone(), stamp, manifest)))
        } else {
            Recognised::Unknown
        };
        self.feed(Event::Recognised { name, stamp, found });
    }

    /// One look at all processes answers for every waiting file.
    fn find_writers(&mut self, asked: Vec<(FileName, Stamp)>) {
        let began = Instant::now();
        let FoundWriters { open, processes } = self.shelf.writers(&asked);
        self.feed(Event::Writers {
            began,
            asked,
            open,
            processes,
        });
    }

    fn hash(&mut self, job: HashJob, name: FileName, stamp: Stamp) {
        if let Err(error) = self.hashers.start(job.0, name.clone(), stamp) {
            let after = self.shelf.see(&name);
            let read = Read::Failed(error.into());
            self.feed(Event::Hashed { job, after, read });
        }
    }

    /// A thread has read a file, or has failed to.
    pub(super) fn hashed(&mut self, hashed: HashedFile) {
        let HashedFile {
            number,
            name,
            stamp,
            read,
        } = hashed;
        self.hashers.over(number);
        let after = self.shelf.see(&name);
        let read = match read {
            Ok(manifest) => Read::Content(Arc::new(indexed(name, stamp, Arc::new(manifest)))),
            Err(error) if is_damage(&error) => Read::Damage(error.into()),
            Err(error) => Read::Failed(error.into()),
        };
        let job = HashJob(number);
        self.feed(Event::Hashed { job, after, read });
    }

    /// A thread has read a chunk that somebody complained about.
    pub(super) fn checked(&mut self, checked: CheckedChunk) {
        let CheckedChunk {
            file,
            chunk,
            verdict,
        } = checked;
        self.checks.over();
        let name = &file.meta.name;
        match verdict {
            Verdict::Right => tracing::info!(file = %name, %chunk, "is right on the disk"),
            Verdict::Wrong => tracing::warn!(file = %name, %chunk, "is wrong on the disk"),
            Verdict::Unclear => tracing::info!(file = %name, %chunk, "cannot be read now"),
        }
        let after = self.shelf.see_current(name);
        self.feed(Event::ChunkChecked {
            file,
            verdict,
            after,
        });
    }

    /// A thread has read a chunk in a scrub.
    pub(super) fn chunk_scrubbed(&mut self, checked: CheckedChunk) {
        let CheckedChunk {
            file,
            chunk,
            verdict,
        } = checked;
        self.scrubs.over();
        if verdict == Verdict::Wrong {
            tracing::warn!(file = %file.meta.name, %chunk, "is wrong on the disk");
        }
        let after = self.shelf.see_current(&file.meta.name);
        self.feed(Event::Scrubbed {
            file,
            chunk,
            verdict,
            after,
        });
    }

    fn set_aside(&mut self, file: Arc<IndexedFile>, reason: RetiredReason) {
        let name = &file.meta.name;
        let outcome = match self.shelf.set_aside(&file, reason) {
            Ok(path) => {
                // Files that were set aside still have chunks for other files.
                if let Some(path) = path {
                    self.own.set_aside(name, path);
                }
                SetAside::Done
            }
            Err(StoreError::Changed(_) | StoreError::NotFound(_)) => SetAside::Changed,
            Err(error) => {
                tracing::warn!(file = %name, %error, "cannot be set aside");
                SetAside::Failed
            }
        };
        self.feed(Event::SetAside {
            file,
            reason,
            outcome,
        });
    }
}
