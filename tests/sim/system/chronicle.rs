//! What people did to each name, and so what must be there in the end: as long as every change was made to what had
//! been there last, the last one counts. Changes that nobody could put in order may end in a conflict; what nobody has
//! replaced or deleted is part of it then.

use std::collections::{BTreeMap, BTreeSet};

use trozos::model::{Digest, FileName};

use super::{
    disk::{Content, Disk},
    net::Host,
};

/// The history of one name.
#[derive(Clone, Debug, Default)]
pub struct Line {
    /// What it stands for; nothing once it was deleted.
    pub latest: Option<Digest>,
    /// What it stood for before.
    past: BTreeSet<Digest>,
    /// Who made the last change, and of what.
    by: Option<(Host, Option<Digest>)>,
    /// The order of all changes is known.
    pub is_ordered: bool,
    /// Contents that nobody has put anything in the place of: several, if people did not know of each other's.
    heads: BTreeSet<Digest>,
    /// Of each change it is known what was there before, and the secondary that saw it has told of it.
    is_traced: bool,
    /// Who put content there.
    writers: BTreeSet<Host>,
}

impl Line {
    fn lose_trace(&mut self, is_lost: bool) {
        self.is_traced &= !is_lost;
    }

    /// What must not be lost before a person decides. Nothing is known of names that `not_of` wrote.
    pub fn traced_heads(&self, not_of: Option<Host>) -> Option<&BTreeSet<Digest>> {
        let is_of = |host| self.writers.contains(&host);
        (self.is_traced && !not_of.is_some_and(is_of)).then_some(&self.heads)
    }
}

#[derive(Clone, Debug, Default)]
pub struct Chronicle {
    pub names: BTreeMap<FileName, Line>,
}

impl Chronicle {
    pub fn new<'a>(there: impl IntoIterator<Item = &'a Content>) -> Self {
        let mut chronicle = Self::default();
        for content in there {
            let line = chronicle.line(&content.meta.name);
            line.is_ordered &= line.latest.is_none_or(|id| id == content.meta.id);
            line.latest = Some(content.meta.id);
            line.heads.insert(content.meta.id);
        }
        chronicle
    }

    fn line(&mut self, name: &FileName) -> &mut Line {
        let fresh = || Line {
            is_ordered: true,
            is_traced: true,
            ..Line::default()
        };
        self.names.entry(name.clone()).or_insert_with(fresh)
    }

    /// Who is to tell the central of a deletion.
    pub fn deleted_by(&self, name: &FileName) -> Option<Host> {
        let line = self.names.get(name).filter(|line| line.latest.is_none())?;
        line.by.map(|(host, _)| host)
    }

    /// A content that stood under the name before.
    pub fn was_there(&self, name: &FileName, id: Digest) -> bool {
        let line = self.names.get(name);
        line.is_some_and(|line| line.past.contains(&id))
    }

    /// Somebody put content there, in the place of other content or of nothing. Its secondary ran, or knows what it had.
    pub fn written(
        &mut self,
        host: Host,
        name: &FileName,
        id: Digest,
        before: Option<Digest>,
        is_seen: bool,
    ) {
        let line = self.line(name);
        if before == Some(id) {
            return;
        }
        // Old content in the place of new: other copies of the old may be deleted just then.
        let is_revert = line.latest.is_some() && line.past.contains(&id);
        line.is_ordered &= before == line.latest && is_seen && !is_revert;
        line.lose_trace(!is_seen || line.past.contains(&id) || line.heads.contains(&id));
        if let Some(before) = before {
            line.heads.remove(&before);
            line.past.insert(before);
        }
        line.heads.insert(id);
        line.writers.insert(host);
        line.past.extend(line.latest);
        line.by = Some((host, before));
        line.latest = Some(id);
    }

    pub fn deleted(&mut self, host: Host, name: &FileName, before: Digest, is_seen: bool) {
        let line = self.line(name);
        line.lose_trace(true);
        if line.latest == Some(before) {
            line.is_ordered &= is_seen;
            line.past.insert(before);
            line.by = Some((host, Some(before)));
            line.latest = None;
        } else if !line.past.contains(&before) {
            line.is_ordered = false;
        }
    }

    /// A secondary's process ended: what it had seen and not told is found anew, without anybody having seen it.
    /// `has_told` says of which names that are not there the central knows that.
    pub fn ended(&mut self, host: Host, disk: &Disk, has_told: impl Fn(&FileName) -> bool) {
        for (name, line) in &mut self.names {
            let noted = disk.known.get(name).and_then(|known| known.id);
            let there = disk.files.get(name).map(|file| file.meta.id);
            line.lose_trace(noted != there);
            let Some((by, before)) = line.by.filter(|(by, _)| *by == host) else {
                continue;
            };
            debug_assert_eq!(by, host);
            let known = disk.known.get(name);
            let noted = known.and_then(|known| known.id);
            let is_told = match line.latest {
                Some(_) => noted == line.latest,
                None => has_told(name),
            };
            let is_kept = match line.latest {
                // As an edit of what was noted before; what had been there looks like an old copy.
                Some(latest) => noted == before && !line.past.contains(&latest),
                None => known.is_some_and(|known| known.deleted.is_some()),
            };
            line.is_ordered &= is_told || is_kept;
        }
    }

    /// A disk is lost, or goes back to what it was.
    pub fn lost(&mut self, host: Host, disk: &Disk, others: &[&Disk]) {
        for (name, line) in &mut self.names {
            let has = |disk: &Disk| disk.files.get(name).map(|file| file.meta.id);
            line.lose_trace(true);
            let is_elsewhere = others.iter().any(|disk| has(disk) == line.latest);
            let told = line.by.is_none_or(|(by, _)| by != host)
                || disk.known.get(name).and_then(|known| known.id) == line.latest;
            line.is_ordered &= match line.latest {
                Some(_) => is_elsewhere && told,
                None => told && !disk.known.contains_key(name),
            };
        }
    }

    /// What a backup brings back must have been there.
    pub fn restored(&mut self, disk: &Disk) {
        for (name, file) in &disk.files {
            let line = self.line(name);
            line.lose_trace(true);
            let id = file.meta.id;
            line.is_ordered &= line.latest == Some(id) || line.past.contains(&id);
        }
    }

    /// The central has forgotten what had which name.
    pub fn forgotten(&mut self) {
        for line in self.names.values_mut() {
            line.lose_trace(true);
            line.is_ordered &= line.past.is_empty() && line.latest.is_some();
        }
    }

    /// A person has decided.
    pub fn decided(&mut self, name: &FileName, id: Digest) {
        let line = self.line(name);
        line.latest = Some(id);
        line.is_ordered = true;
        line.heads = BTreeSet::from([id]);
        line.is_traced = true;
    }
}
