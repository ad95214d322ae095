//! What the owner does with what its index finds: files come and go, disks are away and back.

use super::{NoLongerServing, SecondaryEvent, run::Secondary};
use crate::{
    model::{FileMeta, FileName, Origin, RemovedReason, messages::FromSecondary},
    store::index::{self, Gone, IndexEvent},
};

impl Secondary {
    pub(super) fn index_event(&mut self, event: IndexEvent) {
        match event {
            IndexEvent::Ready { files, bytes } => {
                self.state.indexed = true;
                self.tell(SecondaryEvent::FolderRead { files, bytes });
                self.state.changes.read();
            }
            IndexEvent::ReadAll { files, bytes } => {
                self.state.rereading = false;
                self.tell(SecondaryEvent::FolderRead { files, bytes });
            }
            IndexEvent::Added { file, origin } => {
                let meta = file.meta.clone();
                self.state.damaged.remove(&meta.name);
                self.state.held.insert(meta.name.clone(), file);
                if self.state.indexed {
                    self.tell(SecondaryEvent::Serving {
                        file: meta.name.clone(),
                        bytes: meta.layout.file_bytes(),
                    });
                    self.state.changes.held(&meta, origin_of(origin));
                }
            }
            IndexEvent::Removed { file, reason, why } => self.removed(&file.meta, reason, why),
            IndexEvent::Damaged { file } => {
                let name = file.meta.name.clone();
                self.state.damaged.insert(name.clone(), file);
                self.tell(SecondaryEvent::Damaged { file: name });
            }
            IndexEvent::Ignored { path, reason } => {
                self.tell(SecondaryEvent::Ignored { path, reason });
            }
            IndexEvent::ManyIgnored {
                count,
                examples,
                reason,
            } => self.tell(SecondaryEvent::ManyIgnored {
                count,
                examples,
                reason,
            }),
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
            IndexEvent::DisksAway(folders) => self.disks_away(folders),
            // What is there by now is not to be copied from others.
            IndexEvent::CaughtUp => {
                self.state.folder_gone = self.state.is_gone;
                self.state.no_copies_below = self.state.disks_away.clone();
                self.tell_limits();
            }
            IndexEvent::ReadOnly(error) => {
                self.tell(SecondaryEvent::ReadOnly(error));
                self.state.read_only = true;
                self.tell_limits();
            }
            IndexEvent::Writable => {
                self.tell(SecondaryEvent::Writable);
                self.state.read_only = false;
                self.tell_limits();
            }
            IndexEvent::BeingWritten { name, by } => {
                self.tell(SecondaryEvent::BeingWritten { file: name, by });
            }
            IndexEvent::Hashing { name, bytes } => {
                tracing::info!(file = %name, bytes, "reading");
            }
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

    /// Copies are taken elsewhere than before: the central goes by it.
    fn tell_limits(&mut self) {
        self.send(FromSecondary::Limits(self.state.limits()));
    }

    fn removed(&mut self, meta: &FileMeta, reason: RemovedReason, why: Gone) {
        let held = self.state.held.get(&meta.name);
        if held.is_none() && self.state.changes.is_changing(&meta.name) {
            // Gone before it was read: what it had been is what was deleted.
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

/// How a file that is served from now on came there, while the secondary ran.
fn origin_of(origin: index::Origin) -> Origin {
    match origin {
        index::Origin::Copy => Origin::Copied,
        index::Origin::Look => Origin::Written,
    }
}
