//! What a secondary still has to tell its central about its files. A change stays here, over any number of connections, until
//! the central has acknowledged it. It says how the name came to its content, so that the central can tell an edit from an
//! old copy. Acknowledged contents are kept across restarts, so that edits made while the secondary was down are recognised.

mod paging;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use serde::{Deserialize, Serialize};

use crate::model::{Digest, FileMeta, FileName, Origin, RemovedReason};

/// Acts are numbered below this, so that their numbers stay exact in every JSON reader.
const ACTS: u64 = 1 << 53;
/// Contents of one name that the central may or may not know. The oldest are forgotten first.
const MOST_UNSURE: usize = 6;

/// Adds a content, as the latest, to those that the central may or may not know.
fn remember(contents: &mut Vec<Digest>, id: Digest) {
    contents.retain(|before| *before != id);
    contents.push(id);
    if contents.len() > MOST_UNSURE {
        contents.remove(0);
    }
}

/// What the central is told of a file that is served.
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

/// What is kept of one name across restarts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownRecord {
    /// The name.
    pub name: FileName,
    /// The content that the central acknowledged last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<Digest>,
    /// It was deleted, and the central has not acknowledged that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deleted: Option<FileMeta>,
}

#[derive(Clone, Debug)]
enum What {
    Held(Origin),
    Gone(Gone),
}

/// A file that is no longer served.
#[derive(Clone, Debug)]
struct Gone {
    meta: FileMeta,
    reason: RemovedReason,
    /// Contents that the central may know instead of the deleted one.
    bases: Vec<Digest>,
    /// What follows under the name is no edit of this.
    forgets: bool,
}

#[derive(Clone, Debug)]
struct Pending {
    /// Its position among all changes.
    turn: u64,
    what: What,
    /// Contents that the central was told of since its last acknowledgement.
    told: Vec<Digest>,
}

/// A change on its way.
#[derive(Clone, Debug)]
struct Sent {
    name: FileName,
    /// Which change it was; `None` for a file of an inventory that nobody changed.
    turn: Option<u64>,
    /// The content that is held now.
    id: Option<Digest>,
    /// The central forgets the name with this.
    forgets: bool,
}

#[derive(Debug, Default)]
enum Stage {
    /// There is no link, or the folder has not been read yet.
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
    /// Where the numbers of acts begin, so that those of two runs differ.
    first_act: u64,
    /// Copies that went as they were acknowledged. If they are found again, nobody has put them there.
    lost: BTreeMap<FileName, Digest>,
    /// Contents that the central may not know to be here: copies that are on the disk and not served yet, and files that
    /// are being changed. What becomes of them now is an edit of them.
    arrived: BTreeMap<FileName, Vec<Digest>>,
    /// Files that are being changed, as the central was told.
    changing: BTreeMap<FileName, FileMeta>,
    stage: Stage,
    is_up: bool,
    is_read: bool,
    in_flight: VecDeque<(u64, Vec<Sent>)>,
    /// Names on their way. Nothing more is said of them until that is acknowledged.
    busy: BTreeSet<FileName>,
    batches: u64,
    unsaved: BTreeSet<FileName>,
}

impl Changes {
    /// Goes on from the records of an earlier run. `seed` is a random number.
    pub fn restore(records: impl IntoIterator<Item = KnownRecord>, seed: u64) -> Self {
        let mut changes = Self {
            first_act: seed % ACTS,
            ..Self::default()
        };
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

    /// All records that a restart needs.
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

    /// True when there are records to save.
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

    /// A file is served from now on, or has other content. `origin` says how it came about.
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
            RemovedReason::Changing => {
                self.lost.remove(&meta.name);
                // What it becomes is an edit of this, even if the central has not heard of this.
                self.arrived(meta);
            }
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

    /// True if a file was served and is being changed: the central hears that, or has heard it.
    pub fn is_changing(&self, name: &FileName) -> bool {
        let pending = self.pending.get(name).map(|pending| &pending.what);
        match pending {
            Some(What::Gone(gone)) => gone.reason == RemovedReason::Changing,
            Some(What::Held(_)) => false,
            None => self.changing.contains_key(name),
        }
    }

    /// An ordered copy has its name; [`Self::held`] follows.
    pub fn arrived(&mut self, meta: &FileMeta) {
        self.may_be_there(&meta.name, meta.id);
    }

    fn may_be_there(&mut self, name: &FileName, id: Digest) {
        remember(self.arrived.entry(name.clone()).or_default(), id);
    }

    /// A file was set aside, because it was deleted or replaced elsewhere. If it comes back, somebody has put it there.
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

    /// The whole folder has been read: from now on the central may hear what is held.
    pub fn read(&mut self) {
        self.is_read = true;
        self.begin();
    }

    /// There is a new link.
    pub fn up(&mut self) {
        self.down();
        self.is_up = true;
        self.begin();
    }

    /// The link is down.
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

    /// True when the central knows everything.
    pub fn is_told(&self) -> bool {
        matches!(self.stage, Stage::Live) && self.pending.is_empty() && self.in_flight.is_empty()
    }

    /// Changes that the central has not acknowledged.
    pub fn untold(&self) -> usize {
        self.pending.len()
    }

    /// The contents that the central may know to have been there before.
    fn bases(&self, meta: &FileMeta) -> Vec<Digest> {
        let told = self.pending.get(&meta.name);
        let told = told.into_iter().flat_map(|pending| &pending.told);
        let known = self.known.get(&meta.name).into_iter();
        let arrived = self.arrived.get(&meta.name).into_iter().flatten();
        let mut bases: Vec<_> = known.chain(told).chain(arrived).copied().collect();
        bases.retain(|id| *id != meta.id);
        bases.dedup();
        bases
    }

    /// The central has acknowledged a message, and all before it.
    pub fn acknowledged(&mut self, batch: u64) {
        while self
            .in_flight
            .front()
            .is_some_and(|(sent, _)| *sent <= batch)
        {
            let (_, sent) = self.in_flight.pop_front().unwrap_or_default();
            for change in sent {
                self.take_ack(change);
            }
        }
    }

    fn take_ack(&mut self, change: Sent) {
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
        if change.id.is_some() || change.forgets {
            pending.told.clear();
            self.arrived.remove(&name);
        }
        if change.turn == Some(pending.turn) {
            let told = std::mem::take(&mut pending.told);
            self.settle(&name);
            // The central knows that it is gone, but not which of these contents it was.
            told.iter().for_each(|id| self.may_be_there(&name, *id));
        }
    }
}
