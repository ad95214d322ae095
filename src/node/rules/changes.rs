//! What a secondary still has to tell its central of its files. A change stays here until the central has noted it, over
//! any number of connections; how a name came to its content goes with it, so that the central can tell an edit from an
//! old copy. What was noted is kept across restarts, so that an edit made while the secondary was down is known as one.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    ops::Bound,
};

use serde::{Deserialize, Serialize};

use crate::{
    model::{Digest, FileMeta, FileName, HeldFile, Origin, RemovedReason, limits::PAGE_BYTES},
    proto::control::ToCentral,
};

/// Messages that may be on their way without having been noted.
const WINDOW: usize = 8;
/// Contents that the central may have heard of without the secondary knowing; more are forgotten, the oldest first.
const MOST_TOLD: usize = 6;

/// A file that is served, as far as the central is told of it.
pub trait Holding {
    /// Name, length, id.
    fn meta(&self) -> &FileMeta;
    /// Last change of its content, in milliseconds since 1970.
    fn modified(&self) -> Option<u64>;
}

impl Holding for FileMeta {
    fn meta(&self) -> &FileMeta {
        self
    }

    fn modified(&self) -> Option<u64> {
        None
    }
}

/// What is kept across restarts of one name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownRecord {
    /// The name.
    pub name: FileName,
    /// The content that the central noted last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<Digest>,
    /// It was deleted, and the central has not noted that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deleted: Option<FileMeta>,
}

#[derive(Clone, Debug)]
enum What {
    Held(Origin),
    Gone(Gone),
}

/// A file that is not served any more.
#[derive(Clone, Debug)]
struct Gone {
    meta: FileMeta,
    reason: RemovedReason,
    /// What the central may know instead of what was deleted.
    bases: Vec<Digest>,
    /// Nothing is left to make an edit of.
    forgets: bool,
}

#[derive(Clone, Debug)]
struct Pending {
    /// When it came, among all changes.
    turn: u64,
    what: What,
    /// Contents that the central was told of since it noted one.
    told: Vec<Digest>,
}

/// A change on its way.
#[derive(Clone, Debug)]
struct Sent {
    name: FileName,
    /// Which change it was; none for one that nobody made, in an inventory.
    turn: Option<u64>,
    /// The content that is held, or was.
    id: Option<Digest>,
    /// The central forgets the name.
    forgets: bool,
}

#[derive(Debug, Default)]
enum Stage {
    /// No connection, or the folder was not read yet.
    #[default]
    Silent,
    /// The next page begins after this name.
    Inventory(Option<FileName>),
    Live,
}

/// See the module.
#[derive(Debug, Default)]
pub struct Changes {
    known: BTreeMap<FileName, Digest>,
    pending: BTreeMap<FileName, Pending>,
    by_turn: BTreeSet<(u64, FileName)>,
    turns: u64,
    /// Copies that were lost as they were noted: nobody put them there when they are found again.
    lost: BTreeMap<FileName, Digest>,
    /// Copies that are on the disk and not served yet: what somebody makes of them in this moment is an edit of them.
    arrived: BTreeMap<FileName, Digest>,
    /// Files that are being changed, as the central was told.
    changing: BTreeMap<FileName, FileMeta>,
    stage: Stage,
    is_up: bool,
    is_read: bool,
    in_flight: VecDeque<(u64, Vec<Sent>)>,
    /// Names on their way: nothing more is said of them until that was noted.
    busy: BTreeSet<FileName>,
    batches: u64,
    unsaved: BTreeSet<FileName>,
}

impl Changes {
    /// Goes on from what an earlier run kept.
    pub fn restore(records: impl IntoIterator<Item = KnownRecord>) -> Self {
        let mut changes = Self::default();
        for record in records {
            match record.id {
                Some(id) => drop(changes.known.insert(record.name.clone(), id)),
                None => drop(changes.known.remove(&record.name)),
            }
            match record.deleted.filter(|meta| meta.name == record.name) {
                Some(meta) => changes.gone(&meta, RemovedReason::Deleted),
                None => changes.settle(&record.name),
            }
        }
        changes.unsaved.clear();
        changes
    }

    /// All that a restart must know, and how many records that is.
    pub fn records(&self) -> Vec<KnownRecord> {
        let names: BTreeSet<_> = self.known.keys().chain(self.pending.keys()).collect();
        let records = names.into_iter().map(|name| self.record(name));
        records
            .filter(|record| record.id.is_some() || record.deleted.is_some())
            .collect()
    }

    /// About how many records [`Self::records`] gives.
    pub fn record_count(&self) -> usize {
        self.known.len()
    }

    /// The records that changed.
    pub fn take_unsaved(&mut self) -> Vec<KnownRecord> {
        let names = std::mem::take(&mut self.unsaved);
        names.iter().map(|name| self.record(name)).collect()
    }

    /// True when there are some.
    pub fn has_unsaved(&self) -> bool {
        !self.unsaved.is_empty()
    }

    fn record(&self, name: &FileName) -> KnownRecord {
        let deleted = match self.pending.get(name).map(|pending| &pending.what) {
            Some(What::Gone(gone)) if gone.reason == RemovedReason::Deleted => {
                Some(gone.meta.clone())
            }
            Some(What::Gone(_) | What::Held(_)) | None => None,
        };
        KnownRecord {
            name: name.clone(),
            id: self.known.get(name).copied(),
            deleted,
        }
    }

    /// A file is served from now on, or has other content. `origin` is how it came there.
    pub fn held(&mut self, meta: &FileMeta, origin: Origin) {
        let was_lost = self.lost.remove(&meta.name) == Some(meta.id);
        let origin = match origin {
            Origin::Written if was_lost => Origin::Found,
            other => other,
        };
        self.changing.remove(&meta.name);
        self.pend(&meta.name, What::Held(origin));
    }

    /// A file is no longer served.
    pub fn gone(&mut self, meta: &FileMeta, reason: RemovedReason) {
        match reason {
            RemovedReason::Lost => drop(self.lost.insert(meta.name.clone(), meta.id)),
            RemovedReason::Deleted => {
                self.lost.remove(&meta.name);
                self.unsaved.insert(meta.name.clone());
            }
            RemovedReason::Changing => drop(self.lost.remove(&meta.name)),
        }
        if reason != RemovedReason::Changing {
            self.changing.remove(&meta.name);
        }
        let gone = Gone {
            meta: meta.clone(),
            reason,
            bases: self.bases(meta),
            forgets: reason == RemovedReason::Deleted,
        };
        self.pend(&meta.name, What::Gone(gone));
    }

    /// An ordered copy has its name; [`Self::held`] follows.
    pub fn arrived(&mut self, meta: &FileMeta) {
        self.arrived.insert(meta.name.clone(), meta.id);
    }

    /// A file was set aside, as it was deleted or replaced elsewhere. Should it come back, somebody put it there.
    pub fn set_aside(&mut self, meta: &FileMeta) {
        self.lost.remove(&meta.name);
        self.changing.remove(&meta.name);
        let gone = Gone {
            meta: meta.clone(),
            reason: RemovedReason::Lost,
            bases: Vec::new(),
            forgets: true,
        };
        self.pend(&meta.name, What::Gone(gone));
    }

    fn pend(&mut self, name: &FileName, what: What) {
        self.turns += 1;
        let turn = self.turns;
        let told = match self.pending.remove(name) {
            Some(before) => {
                self.by_turn.remove(&(before.turn, name.clone()));
                if matches!(&before.what, What::Gone(gone) if gone.forgets) {
                    self.unsaved.insert(name.clone());
                }
                before.told
            }
            None => Vec::new(),
        };
        self.by_turn.insert((turn, name.clone()));
        self.pending
            .insert(name.clone(), Pending { turn, what, told });
    }

    fn settle(&mut self, name: &FileName) {
        if let Some(pending) = self.pending.remove(name) {
            self.by_turn.remove(&(pending.turn, name.clone()));
        }
    }

    /// The whole folder was read: from now on the central may hear what is held.
    pub fn read(&mut self) {
        self.is_read = true;
        self.begin();
    }

    /// There is a new connection.
    pub fn up(&mut self) {
        self.down();
        self.is_up = true;
        self.begin();
    }

    /// There is none any more.
    pub fn down(&mut self) {
        self.is_up = false;
        self.stage = Stage::Silent;
        self.in_flight.clear();
        self.busy.clear();
    }

    fn begin(&mut self) {
        if self.is_up && self.is_read && matches!(self.stage, Stage::Silent) {
            self.stage = Stage::Inventory(None);
            let changing: Vec<_> = self.changing.values().cloned().collect();
            for meta in changing {
                if !self.pending.contains_key(&meta.name) {
                    self.gone(&meta, RemovedReason::Changing);
                }
            }
        }
    }

    /// True when the central knows all.
    pub fn is_told(&self) -> bool {
        matches!(self.stage, Stage::Live) && self.pending.is_empty() && self.in_flight.is_empty()
    }

    /// Changes that the central has not noted.
    pub fn untold(&self) -> usize {
        self.pending.len()
    }

    /// The next message, if one may be sent now. `held` is all that is served.
    pub fn next<H: Holding>(&mut self, held: &BTreeMap<FileName, H>) -> Option<ToCentral> {
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
    ) -> ToCentral {
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
            // It was deleted, and is there again after a restart.
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
        ToCentral::Inventory {
            files: page.files,
            last,
            batch: Some(batch),
        }
    }

    fn change<H: Holding>(&mut self, held: &BTreeMap<FileName, H>) -> Option<ToCentral> {
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

    fn added<H: Holding>(&mut self, held: &BTreeMap<FileName, H>) -> Option<ToCentral> {
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
                // What became of it comes as a change of its own.
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
        Some(ToCentral::Added {
            files: page.files,
            batch: Some(batch),
        })
    }

    fn removed(&mut self, reason: RemovedReason) -> ToCentral {
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
                id: (!gone.forgets).then_some(meta.id),
                forgets: gone.forgets,
            };
            if !page.take(meta.clone(), sent) {
                break;
            }
            if reason == RemovedReason::Deleted {
                // Perhaps the central has never heard of what was deleted: then it is what that was made of.
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
        ToCentral::Removed {
            files: page.files,
            reason,
            batch: Some(batch),
        }
    }

    /// What the central is told of a file, and the change that it is.
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
            again: pending.is_some_and(|pending| pending.told.contains(&meta.id)),
            origin,
            was,
            meta,
        };
        (file, turn)
    }

    /// What the central may know to have been there before.
    fn bases(&self, meta: &FileMeta) -> Vec<Digest> {
        let told = self.pending.get(&meta.name);
        let told = told.into_iter().flat_map(|pending| &pending.told);
        let known = self.known.get(&meta.name).into_iter();
        let arrived = self.arrived.get(&meta.name);
        let mut bases: Vec<_> = known.chain(told).chain(arrived).copied().collect();
        bases.retain(|id| *id != meta.id);
        bases.dedup();
        bases
    }

    fn send(&mut self, sent: Vec<Sent>) -> u64 {
        self.batches += 1;
        for change in &sent {
            self.busy.insert(change.name.clone());
            if let Some(pending) = self.pending.get_mut(&change.name)
                && let Some(id) = change.id
                && change.turn.is_some()
            {
                pending.told.retain(|told| *told != id);
                pending.told.push(id);
                if pending.told.len() > MOST_TOLD {
                    pending.told.remove(0);
                }
            }
        }
        self.in_flight.push_back((self.batches, sent));
        self.batches
    }

    /// The central has noted a message, and all before it.
    pub fn noted(&mut self, batch: u64) {
        while self
            .in_flight
            .front()
            .is_some_and(|(sent, _)| *sent <= batch)
        {
            let (_, sent) = self.in_flight.pop_front().unwrap_or_default();
            for change in sent {
                self.has_noted(change);
            }
        }
    }

    fn has_noted(&mut self, change: Sent) {
        let name = change.name;
        self.busy.remove(&name);
        let before = self.known.get(&name).copied();
        if let Some(id) = change.id {
            self.known.insert(name.clone(), id);
        } else if change.forgets {
            self.known.remove(&name);
        }
        if self.known.get(&name).copied() != before || change.forgets {
            self.unsaved.insert(name.clone());
        }
        let Some(pending) = self.pending.get_mut(&name) else {
            return;
        };
        pending.told.clear();
        self.arrived.remove(&name);
        if change.turn == Some(pending.turn) {
            self.settle(&name);
        }
    }
}

/// What fits one line.
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
    /// Takes a file in, if it fits; the first one always does.
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ChunkLayout;

    fn file(name: &str, id: u8) -> FileMeta {
        FileMeta {
            name: FileName::try_from(name).unwrap(),
            layout: ChunkLayout::for_file(9).unwrap(),
            id: Digest::new([id; 32]),
        }
    }

    #[derive(Default)]
    struct Bench {
        changes: Changes,
        held: BTreeMap<FileName, FileMeta>,
    }

    impl Bench {
        fn put(&mut self, name: &str, id: u8) {
            let meta = file(name, id);
            self.held.insert(meta.name.clone(), meta.clone());
            self.changes.held(&meta, Origin::Written);
        }

        fn take(&mut self, name: &str, reason: RemovedReason) {
            let meta = self.held.remove(&FileName::try_from(name).unwrap());
            self.changes.gone(&meta.unwrap(), reason);
        }

        /// All that can be said, each noted at once.
        fn say(&mut self) -> Vec<ToCentral> {
            let mut said = Vec::new();
            while let Some(message) = self.changes.next(&self.held) {
                self.changes.noted(self.changes.batches);
                said.push(message);
            }
            said
        }
    }

    fn files(message: &ToCentral) -> Vec<HeldFile> {
        match message {
            ToCentral::Inventory { files, .. } | ToCentral::Added { files, .. } => files.clone(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_change_is_told_again_until_it_is_noted() {
        let mut bench = Bench::default();
        bench.put("a", 1);
        bench.changes.up();
        assert!(bench.changes.next(&bench.held).is_none());
        bench.changes.read();
        bench.say();
        assert!(bench.changes.is_told());
        bench.put("a", 2);
        let told = bench.changes.next(&bench.held).unwrap();
        let was = |message: &ToCentral| files(message)[0].was.clone();
        assert_eq!(was(&told), [Digest::new([1; 32])]);
        // The note is lost with the connection, and somebody edits once more.
        bench.changes.down();
        bench.put("a", 3);
        bench.changes.up();
        let told = bench.changes.next(&bench.held).unwrap();
        let edited = &files(&told)[0];
        assert_eq!(edited.origin, Origin::Written);
        assert_eq!(edited.was, [Digest::new([1; 32]), Digest::new([2; 32])]);
        bench.changes.noted(bench.changes.batches);
        assert!(bench.changes.is_told());
    }

    #[test]
    fn deletions_are_told_also_after_a_restart() {
        let mut bench = Bench::default();
        bench.put("a", 1);
        bench.put("b", 1);
        bench.changes.read();
        bench.changes.up();
        bench.say();
        bench.changes.down();
        bench.take("a", RemovedReason::Deleted);
        bench.put("b", 2);
        let records = bench.changes.records();
        bench.changes = Changes::restore(records);
        bench.changes.read();
        bench.changes.up();
        let said = bench.say();
        // Nobody saw the edit of b any more: it is found, as an edit of what was noted.
        let b = &files(&said[0])[0];
        assert_eq!((b.origin, b.was.len()), (Origin::Found, 1));
        let deleted = ToCentral::Removed {
            files: vec![file("a", 1)],
            reason: RemovedReason::Deleted,
            batch: Some(2),
        };
        assert_eq!(said[1], deleted);
        assert!(
            bench
                .changes
                .records()
                .iter()
                .all(|record| record.deleted.is_none())
        );
        assert_eq!(bench.changes.records().len(), 1);
    }

    #[test]
    fn the_deletion_of_what_the_central_has_not_heard_of_is_one_of_what_that_was_made_of() {
        let mut bench = Bench::default();
        bench.put("a", 1);
        bench.changes.read();
        bench.changes.up();
        bench.say();
        bench.changes.arrived(&file("a", 2));
        bench.put("a", 3);
        bench.take("a", RemovedReason::Deleted);
        let deleted = ToCentral::Removed {
            files: vec![file("a", 3), file("a", 1), file("a", 2)],
            reason: RemovedReason::Deleted,
            batch: Some(2),
        };
        assert_eq!(bench.say(), [deleted]);
    }

    #[test]
    fn a_file_that_is_back_after_a_restart_is_not_told_as_deleted() {
        let mut bench = Bench::default();
        bench.put("a", 1);
        bench.changes.read();
        bench.changes.up();
        bench.say();
        bench.changes.down();
        bench.take("a", RemovedReason::Deleted);
        bench.changes = Changes::restore(bench.changes.records());
        let meta = file("a", 1);
        bench.held.insert(meta.name.clone(), meta);
        bench.changes.read();
        bench.changes.up();
        let said = bench.say();
        assert_eq!(said.len(), 1, "{said:?}");
        assert!(bench.changes.is_told());
    }

    #[test]
    fn thousands_of_changes_wait_for_notes_and_each_is_told_once() {
        let mut bench = Bench::default();
        bench.changes.read();
        bench.changes.up();
        bench.say();
        let long = "x".repeat(200);
        for n in 0..5000 {
            bench.put(&format!("{long}{n}"), 1);
        }
        let mut told = 0;
        let mut unanswered = 0;
        while let Some(message) = bench.changes.next(&bench.held) {
            told += files(&message).len();
            assert!(serde_json::to_vec(&message).unwrap().len() < 60_000);
            unanswered += 1;
        }
        assert_eq!(unanswered, WINDOW);
        assert!(told < 5000);
        // The first was the inventory.
        bench.changes.noted(2);
        told += files(&bench.changes.next(&bench.held).unwrap()).len();
        assert!(bench.changes.next(&bench.held).is_none());
        bench.changes.noted(bench.changes.batches);
        told += bench
            .say()
            .iter()
            .map(|message| files(message).len())
            .sum::<usize>();
        assert_eq!(told, 5000);
        // What is deleted as it is told of is told of after that.
        let name = format!("{long}7");
        bench.put(&name, 2);
        bench.changes.next(&bench.held).unwrap();
        bench.take(&name, RemovedReason::Deleted);
        assert!(bench.changes.next(&bench.held).is_none());
        bench.changes.noted(bench.changes.batches);
        assert_eq!(bench.say().len(), 1);
        assert!(bench.changes.is_told());
    }

    #[test]
    fn what_was_lost_and_is_found_again_was_put_there_by_nobody() {
        let mut bench = Bench::default();
        bench.put("a", 1);
        bench.changes.read();
        bench.changes.up();
        bench.say();
        bench.take("a", RemovedReason::Lost);
        bench.put("a", 1);
        let said = bench.say();
        assert_eq!(files(&said[0])[0].origin, Origin::Found);
        let meta = bench.held.remove(&file("a", 1).name).unwrap();
        bench.changes.set_aside(&meta);
        bench.put("a", 1);
        let said = bench.say();
        assert_eq!(files(&said[0])[0].origin, Origin::Written);
        bench.take("a", RemovedReason::Changing);
        bench.say();
        // A new connection hears that it is being changed.
        bench.changes.up();
        assert_eq!(bench.say().len(), 2);
        bench.put("a", 2);
        assert_eq!(files(&bench.say()[0])[0].origin, Origin::Written);
        bench.changes.up();
        assert_eq!(bench.say().len(), 1);
    }
}
