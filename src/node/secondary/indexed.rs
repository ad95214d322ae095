//! What a secondary's owner does with what its index finds: files come and go, disks are away and back.

use std::sync::Arc;

use super::{NoLongerServing, SecondaryEvent, index::IndexEvent, state::Secondary};
use crate::{
    engine::index::{Gone, Notice, Total},
    model::{
        FileMeta, FileName, IndexedFile, Origin, RemovedReason, Scrub, messages::FromSecondary,
    },
};

impl Secondary {
    pub(super) fn index_event(&mut self, event: IndexEvent) {
        match event {
            IndexEvent::Found(notice) => self.found(notice),
            IndexEvent::FolderGone(error) => {
                self.tell(SecondaryEvent::FolderGone(error));
                self.state.folder_gone = true;
                self.state.is_gone = true;
                self.tell_limits();
            }
            IndexEvent::FolderBack => {
                self.tell(SecondaryEvent::FolderBack);
                self.state.is_gone = false;
            }
            IndexEvent::ReadOnly(error) => {
                self.tell(SecondaryEvent::ReadOnly(error));
                self.state.read_only = true;
                self.tell_limits();
            }
            IndexEvent::Scrubbed(done, ended_s) => self.scrubbed(done, ended_s),
            IndexEvent::Writable => {
                self.tell(SecondaryEvent::Writable);
                self.state.read_only = false;
                self.tell_limits();
            }
        }
    }

    fn found(&mut self, notice: Notice) {
        match notice {
            Notice::Ready(total) => {
                self.state.indexed = true;
                self.folder_read(total);
                self.state.changes.read();
            }
            Notice::ReadAll(total) => {
                self.state.rereading = false;
                self.folder_read(total);
            }
            Notice::Added { file, origin } => self.added(file, origin),
            Notice::Removed { file, reason, why } => self.removed(&file.meta, reason, why),
            Notice::Damaged { file } => {
                let name = file.meta.name.clone();
                self.state.damaged.insert(name.clone(), file);
                self.tell(SecondaryEvent::Damaged { file: name });
            }
            Notice::Ignored { path, reason } => {
                self.tell(SecondaryEvent::Ignored { path, reason });
            }
            Notice::ManyIgnored {
                count,
                examples,
                reason,
            } => self.tell(SecondaryEvent::ManyIgnored {
                count,
                examples,
                reason,
            }),
            Notice::DisksAway(folders) => self.disks_away(folders),
            // Only now may copies come: what was there has been found, and need not be copied.
            Notice::CaughtUp => {
                self.state.folder_gone = self.state.is_gone;
                self.state.no_copies_below = self.state.disks_away.clone();
                self.tell_limits();
            }
            Notice::BeingWritten { name, by } => {
                self.tell(SecondaryEvent::BeingWritten { file: name, by });
            }
            // The index's thread keeps it, and tells it as `IndexEvent::Scrubbed`.
            Notice::Scrubbed { .. } => {}
            Notice::Hashing { name, bytes } => tracing::info!(file = %name, bytes, "reading"),
        }
    }

    fn scrubbed(&mut self, done: Scrub, ended_s: Option<u64>) {
        let known = self.state.scrub.as_ref();
        let before = known.map_or(done.rounds, |(known, _)| known.rounds);
        if done.rounds > before
            && let Some(round) = done.last
        {
            self.tell(SecondaryEvent::Scrubbed(round));
        }
        self.state.scrub = Some((done, ended_s));
    }

    fn folder_read(&self, total: Total) {
        let Total { files, bytes } = total;
        self.tell(SecondaryEvent::FolderRead { files, bytes });
    }

    fn added(&mut self, file: Arc<IndexedFile>, origin: Origin) {
        let meta = file.meta.clone();
        self.state.damaged.remove(&meta.name);
        self.state.held.insert(file);
        if self.state.indexed {
            self.tell(SecondaryEvent::Serving {
                file: meta.name.clone(),
                bytes: meta.layout.file_bytes(),
            });
            self.state.changes.held(&meta, origin);
        }
    }

    fn disks_away(&mut self, folders: Vec<FileName>) {
        let before = std::mem::replace(&mut self.state.disks_away, folders.clone());
        for folder in before.iter().filter(|folder| !folders.contains(folder)) {
            self.tell(SecondaryEvent::DiskBack(folder.clone()));
        }
        for folder in folders.iter().filter(|folder| !before.contains(folder)) {
            self.tell(SecondaryEvent::DiskAway(folder.clone()));
        }
        let closed = &mut self.state.no_copies_below;
        closed.extend(folders);
        closed.sort();
        closed.dedup();
        self.tell_limits();
    }

    /// Tells the central where copies are taken by now.
    fn tell_limits(&mut self) {
        self.send(FromSecondary::Limits(self.state.limits()));
    }

    fn removed(&mut self, meta: &FileMeta, reason: RemovedReason, why: Gone) {
        let held = self.state.held.named(&meta.name);
        if held.is_none() && self.state.changes.is_changing(&meta.name) {
            // It went before it was read: what was deleted is its last known content.
            self.state.changes.gone(meta, reason);
            return;
        }
        if held.is_none_or(|held| held.meta.id != meta.id) {
            return;
        }
        self.state.held.remove(&meta.name);
        self.tell(SecondaryEvent::NoLongerServing {
            file: meta.name.clone(),
            why: match why {
                Gone::Deleted => NoLongerServing::Deleted,
                Gone::Changed => NoLongerServing::Changed,
                Gone::Damaged => NoLongerServing::Damaged,
                Gone::SetAside(reason) => NoLongerServing::SetAside(reason),
                Gone::Withdrawn => NoLongerServing::Withdrawn,
            },
        });
        if self.state.indexed {
            match why {
                Gone::SetAside(_) => self.state.changes.set_aside(meta),
                Gone::Deleted | Gone::Changed | Gone::Damaged | Gone::Withdrawn => {
                    self.state.changes.gone(meta, reason);
                }
            }
        }
    }
}
