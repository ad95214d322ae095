//! What a secondary's owner does with what its copies' tasks tell.

use std::sync::Arc;

use super::{SecondaryEvent, index::IndexCommand, state::Secondary};
use crate::{
    model::{
        CopyOrder, FileName, TransferId,
        messages::{FromReceiver, Report},
    },
    node::fetch::{FetchEnd, FetchUpdate},
    store::{PartNote, Pressure, Sweep},
};

impl Secondary {
    /// Takes in what a copy's task tells.
    pub(super) fn copy_update(&mut self, transfer: TransferId, update: FetchUpdate) {
        let Some(file) = self.copies.orders.file(transfer).cloned() else {
            return;
        };
        match update {
            FetchUpdate::Resumed { bytes } => {
                tracing::info!(file = %file.name, bytes, "an earlier copy goes on");
            }
            FetchUpdate::OwnDisk { bytes } => {
                tracing::info!(file = %file.name, bytes, "taken from this disk");
            }
            // Only a client verifies a file that is there.
            FetchUpdate::Checked(_) => {}
            FetchUpdate::Remark(PartNote::NoLocks) => {
                if !std::mem::replace(&mut self.state.told_no_locks, true) {
                    let folder = self.shelf.path().display();
                    tracing::warn!(%folder, "no locks: no other process may serve this folder");
                }
            }
            FetchUpdate::Remark(note) => tracing::info!(file = %file.name, ?note, "part file"),
            FetchUpdate::Notice(notice) => self.tell(SecondaryEvent::CopyNotice {
                file: file.name,
                notice,
            }),
            FetchUpdate::Report {
                source,
                fault,
                chunk,
            } => self.send(FromReceiver::Report(Report {
                transfer,
                source,
                fault,
                chunk,
            })),
            // No copy is in a swarm.
            FetchUpdate::MorePeers { .. } | FetchUpdate::Progress { .. } => {}
            FetchUpdate::Ended(end) => self.copy_ended(transfer, &file.name, *end),
        }
    }

    fn copy_ended(&mut self, transfer: TransferId, file: &FileName, end: FetchEnd) {
        self.statistics.copied(file, &end);
        let is_full = end.outcome.is_disk_full();
        let state = &self.state;
        let replaced = |order: &CopyOrder| state.replaced(order);
        let ended = self.copies.ended(transfer, end, replaced);
        for event in ended.events {
            self.tell(event);
        }
        if self.state.outbox.is_some() {
            self.send(FromReceiver::Finished(ended.finished));
        } else {
            self.copies.orders.keep_unsent(ended.finished);
        }
        if is_full {
            self.sweep(Pressure::NoSpace);
        }
        if let Some(here) = ended.held {
            self.state.changes.arrived(&here.meta);
            self.command_index(IndexCommand::Insert {
                meta: here.meta,
                manifest: here.manifest,
                replaced: here.replaced,
            });
        }
    }

    /// Ends part files that nobody goes on with.
    pub(super) fn sweep(&self, pressure: Pressure) {
        let running = self.copies.orders.running();
        let held = self.state.held.by_name().values();
        let sweep = Sweep {
            running: running.map(|(file, _)| file.name.clone()).collect(),
            held: held.map(|file| file.meta.clone()).collect(),
            pressure,
        };
        let shelf = Arc::clone(&self.shelf);
        self.copies
            .tasks
            .spawn_blocking(move || shelf.sweep(&sweep));
    }
}
