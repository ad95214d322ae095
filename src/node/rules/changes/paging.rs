//! The messages: as many changes as fit a line, in their order, with a few messages on their way at once.

use std::{collections::BTreeMap, ops::Bound};

use serde::Serialize;

use super::{ACTS, Changes, Holding, Sent, Stage, What, remember};
use crate::model::{
    FileMeta, FileName, HeldFile, Origin, RemovedReason, limits::PAGE_BYTES,
    messages::FromSecondary,
};

/// Messages that may be on their way unacknowledged.
pub(super) const WINDOW: usize = 8;

impl Changes {
    /// The next message, if one may be sent now. `held` is all that is served.
    pub fn next<H: Holding>(&mut self, held: &BTreeMap<FileName, H>) -> Option<FromSecondary> {
        if self.in_flight.len() >= WINDOW {
            return None;
        }
        match std::mem::take(&mut self.stage) {
            Stage::Silent => None,
            Stage::Inventory(after) => Some(self.inventory(after, held)),
            Stage::Live => {
                self.stage = Stage::Live;
                self.change(held)
            }
        }
    }

    fn inventory<H: Holding>(
        &mut self,
        after: Option<FileName>,
        held: &BTreeMap<FileName, H>,
    ) -> FromSecondary {
        let start = after.as_ref().map_or(Bound::Unbounded, Bound::Excluded);
        let mut page = Page::default();
        let mut end = None;
        let mut back = Vec::new();
        for (name, holding) in held.range::<FileName, _>((start, Bound::Unbounded)) {
            let (file, turn) = self.describe(holding);
            let sent = Sent {
                name: name.clone(),
                turn,
                id: Some(file.meta.id),
                forgets: false,
            };
            if !page.take(file, sent) {
                break;
            }
            end = Some(name.clone());
            // It was deleted, and is back after a restart.
            if matches!(self.pending.get(name).map(|p| &p.what), Some(What::Gone(_))) {
                back.push(name.clone());
            }
        }
        back.iter().for_each(|name| self.settle(name));
        let last = held
            .range::<FileName, _>((
                end.as_ref()
                    .or(after.as_ref())
                    .map_or(Bound::Unbounded, Bound::Excluded),
                Bound::Unbounded,
            ))
            .next()
            .is_none();
        self.stage = if last {
            Stage::Live
        } else {
            Stage::Inventory(end.or(after))
        };
        let batch = self.send(page.sent);
        FromSecondary::Inventory {
            files: page.files,
            last,
            batch: Some(batch),
        }
    }

    fn change<H: Holding>(&mut self, held: &BTreeMap<FileName, H>) -> Option<FromSecondary> {
        let next = self.by_turn.iter();
        let mut names = next
            .map(|(_, name)| name)
            .filter(|name| !self.busy.contains(*name));
        let first = names.next()?.clone();
        match self.pending.get(&first)?.what.clone() {
            What::Held(_) => self.added(held),
            What::Gone(gone) => Some(self.removed(gone.reason)),
        }
    }

    fn added<H: Holding>(&mut self, held: &BTreeMap<FileName, H>) -> Option<FromSecondary> {
        let mut page = Page::default();
        let mut vanished = Vec::new();
        for (turn, name) in &self.by_turn {
            if self.busy.contains(name) {
                continue;
            }
            let pending = self.pending.get(name);
            if !pending.is_some_and(|pending| matches!(pending.what, What::Held(_))) {
                break;
            }
            let Some(holding) = held.get(name) else {
                // What it has become comes as a change of its own.
                vanished.push(name.clone());
                continue;
            };
            let (file, _) = self.describe(holding);
            let sent = Sent {
                name: name.clone(),
                turn: Some(*turn),
                id: Some(file.meta.id),
                forgets: false,
            };
            if !page.take(file, sent) {
                break;
            }
        }
        vanished.iter().for_each(|name| self.settle(name));
        if page.files.is_empty() {
            return None;
        }
        let batch = self.send(page.sent);
        Some(FromSecondary::Added {
            files: page.files,
            batch: Some(batch),
        })
    }

    fn removed(&mut self, reason: RemovedReason) -> FromSecondary {
        let mut page = Page::default();
        for (turn, name) in &self.by_turn {
            if self.busy.contains(name) {
                continue;
            }
            let Some(What::Gone(gone)) = self.pending.get(name).map(|p| &p.what) else {
                break;
            };
            if gone.reason != reason {
                break;
            }
            let meta = &gone.meta;
            let sent = Sent {
                name: name.clone(),
                turn: Some(*turn),
                // The central may never have heard of the content that is gone.
                id: None,
                forgets: gone.forgets,
            };
            if !page.take(meta.clone(), sent) {
                break;
            }
            if reason == RemovedReason::Deleted {
                // A central that has never heard of the deleted content knows the one that it was made of.
                page.files.extend(gone.bases.iter().map(|id| FileMeta {
                    id: *id,
                    ..meta.clone()
                }));
            }
        }
        if reason == RemovedReason::Changing {
            for meta in &page.files {
                self.changing.insert(meta.name.clone(), meta.clone());
            }
        }
        let batch = self.send(page.sent);
        FromSecondary::Removed {
            files: page.files,
            reason,
            batch: Some(batch),
        }
    }

    /// What the central is told of a file, and which change it is.
    fn describe(&self, holding: &impl Holding) -> (HeldFile, Option<u64>) {
        let meta = holding.meta().clone();
        let pending = self.pending.get(&meta.name);
        let (origin, turn) = match pending.map(|pending| (&pending.what, pending.turn)) {
            Some((What::Held(origin), turn)) => (*origin, Some(turn)),
            Some((What::Gone(_), _)) | None => (Origin::Found, None),
        };
        let was = self.bases(&meta);
        let file = HeldFile {
            modified: holding.modified(),
            act: turn
                .filter(|_| origin == Origin::Written)
                .map(|turn| (self.first_act + turn) % ACTS),
            origin,
            was,
            meta,
        };
        (file, turn)
    }

    fn send(&mut self, sent: Vec<Sent>) -> u64 {
        self.batches += 1;
        for change in &sent {
            self.busy.insert(change.name.clone());
            if let Some(pending) = self.pending.get_mut(&change.name)
                && let Some(id) = change.id
                && change.turn.is_some()
            {
                remember(&mut pending.told, id);
            }
        }
        self.in_flight.push_back((self.batches, sent));
        self.batches
    }
}

/// Collects what fits a line.
#[derive(Debug)]
struct Page<T> {
    files: Vec<T>,
    sent: Vec<Sent>,
    room: usize,
}

impl<T> Default for Page<T> {
    fn default() -> Self {
        Self {
            files: Vec::new(),
            sent: Vec::new(),
            room: PAGE_BYTES,
        }
    }
}

impl<T: Serialize> Page<T> {
    /// Takes a file in if it fits. The first one always does.
    fn take(&mut self, file: T, sent: Sent) -> bool {
        let bytes = serde_json::to_vec(&file).map_or(0, |json| json.len() + 1);
        if bytes > self.room && !self.files.is_empty() {
            return false;
        }
        self.room = self.room.saturating_sub(bytes);
        self.files.push(file);
        self.sent.push(sent);
        true
    }
}
