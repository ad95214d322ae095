//! What people did to each name, and so what must be there in the end. A change made in order was made to what had
//! been there last, when that was everywhere: the last of such changes counts. Any other may end in a conflict, or give
//! way to another, but what was saved stays somewhere.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, Instant},
};

use crate::story::SECONDARIES;

/// A name that was the same everywhere, with nothing wrong with any server, for so long is known to all of them.
pub const SETTLED: Duration = Duration::from_secs(3);

/// What each secondary has, by name: digests.
pub type Disks = [BTreeMap<String, String>; SECONDARIES];

/// The history of one name.
#[derive(Debug)]
pub struct Line {
    /// What it stands for; nothing once it was deleted.
    pub latest: Option<String>,
    /// What it stood for before.
    past: BTreeSet<String>,
    /// The order of all changes is known.
    pub is_ordered: bool,
    /// Who deleted it, until all know that.
    deleted_by: Option<usize>,
    level_since: Option<Instant>,
    /// It has come to rest since its last change, and was compared.
    is_known: bool,
}

/// See the module.
#[derive(Debug, Default)]
pub struct Ledger {
    pub lines: BTreeMap<String, Line>,
    /// Every content that ever had a name, with its length.
    versions: BTreeMap<String, BTreeMap<String, u64>>,
    /// Contents that somebody saved and nobody destroyed the only copy of, and where that was.
    pub saved: BTreeMap<String, String>,
    well_since: Option<Instant>,
    /// Names that had their last content or were gone, after changes in order; and those that persons decided on.
    proven: u64,
    decided: u64,
}

/// A change of one name at one secondary.
pub struct Change<'a> {
    pub n: usize,
    pub name: &'a str,
    pub before: Option<&'a str>,
    /// Its secondary runs and has read its folder.
    pub is_seen: bool,
}

impl Line {
    fn has_changed(&mut self) {
        (self.level_since, self.is_known) = (None, false);
    }
}

impl Ledger {
    fn line(&mut self, name: &str) -> &mut Line {
        self.lines.entry(name.to_owned()).or_insert_with(|| Line {
            latest: None,
            past: BTreeSet::new(),
            is_ordered: true,
            deleted_by: None,
            level_since: None,
            is_known: false,
        })
    }

    pub fn is_version(&self, name: &str, digest: &str) -> bool {
        self.versions
            .get(name)
            .is_some_and(|all| all.contains_key(digest))
    }

    /// The longest content that the name ever had.
    pub fn longest(&self, name: &str) -> Option<u64> {
        self.versions.get(name)?.values().max().copied()
    }

    /// What was proven, for people.
    pub fn summary(&self) -> String {
        format!(
            "{} names, {} contents; {} times a name was as its last change in order left it, {} decisions",
            self.lines.len(),
            self.versions.values().map(BTreeMap::len).sum::<usize>(),
            self.proven,
            self.decided
        )
    }

    /// Names that stand for something.
    pub fn offered(&self) -> Vec<&String> {
        let there = self.lines.iter().filter(|(_, line)| line.latest.is_some());
        there.map(|(name, _)| name).collect()
    }

    /// It has come to rest since it was changed last: all know what it stands for, whatever fails from then on.
    pub fn is_settled(&self, name: &str) -> bool {
        self.lines.get(name).is_some_and(|line| line.is_known)
    }

    /// All have settled.
    pub fn is_at_rest(&self) -> bool {
        self.lines.values().all(|line| line.is_known)
    }

    /// The file that all have at the beginning.
    pub fn given(&mut self, name: &str, digest: &str, bytes: u64) {
        self.keep(name, digest, bytes);
        self.line(name).latest = Some(digest.to_owned());
    }

    fn keep(&mut self, name: &str, digest: &str, bytes: u64) {
        let versions = self.versions.entry(name.to_owned()).or_default();
        versions.insert(digest.to_owned(), bytes);
        self.saved
            .entry(digest.to_owned())
            .or_insert_with(|| name.to_owned());
    }

    pub fn written(&mut self, change: &Change<'_>, digest: &str, bytes: u64) {
        self.keep(change.name, digest, bytes);
        if change.before == Some(digest) {
            return;
        }
        let is_settled = self.is_settled(change.name);
        let line = self.line(change.name);
        let is_first = line.latest.is_none() && line.past.is_empty();
        // Found without having been seen, it must be an edit of what was there.
        let is_known = change.is_seen || change.before.is_some() || is_first;
        line.is_ordered &= change.before == line.latest.as_deref()
            && (is_first || is_settled)
            && is_known
            && !line.past.contains(digest);
        line.past.extend(line.latest.take());
        line.latest = Some(digest.to_owned());
        line.deleted_by = None;
        line.has_changed();
    }

    pub fn deleted(&mut self, change: &Change<'_>) {
        let is_settled = self.is_settled(change.name);
        let line = self.line(change.name);
        if line.latest.as_deref() == change.before {
            line.is_ordered &= change.is_seen && is_settled;
            line.past.extend(line.latest.take());
            line.deleted_by = Some(change.n);
        } else if !change.before.is_some_and(|id| line.past.contains(id)) {
            line.is_ordered = false;
        }
        line.has_changed();
    }

    /// More of a change that has begun at a secondary.
    pub fn continued(&mut self, name: &str, before: &str, digest: &str, bytes: u64) {
        self.keep(name, digest, bytes);
        let line = self.line(name);
        line.is_ordered &= line.latest.as_deref() == Some(before);
        line.past.insert(before.to_owned());
        line.latest = Some(digest.to_owned());
        line.has_changed();
    }

    /// A file was written again before anybody could know that it had been.
    pub fn unordered(&mut self, name: &str) {
        self.line(name).is_ordered = false;
    }

    /// A secondary's process ended: a deletion that it had not told yet may have been seen by nobody.
    pub fn ended(&mut self, n: usize, disks: &Disks) {
        for (name, line) in &mut self.lines {
            let others = || (0..SECONDARIES).filter(|other| *other != n);
            let is_told = others().any(|other| !disks[other].contains_key(name));
            line.is_ordered &= line.deleted_by != Some(n) || is_told;
        }
    }

    /// A person has decided what a name stands for.
    pub fn decided(&mut self, name: &str, digest: &str) {
        self.decided += 1;
        let line = self.line(name);
        let before = line.latest.replace(digest.to_owned());
        line.past.extend(before);
        line.past.remove(digest);
        (line.is_ordered, line.deleted_by) = (true, None);
        line.has_changed();
    }

    /// Whether all servers are well now.
    pub fn servers_are_well(&mut self, are: bool, now: Instant) {
        self.well_since = if are {
            self.well_since.or(Some(now))
        } else {
            None
        };
    }

    /// Compares what is there; gives names that have come to rest with what should not be there.
    pub fn look(&mut self, disks: &Disks, now: Instant) -> Vec<String> {
        let mut wrong = Vec::new();
        let names: Vec<_> = self.lines.keys().cloned().collect();
        for name in names {
            let there = disks[0].get(&name);
            let is_level = disks.iter().all(|disk| disk.get(&name) == there);
            let well_since = self.well_since;
            let line = self.line(&name);
            if !is_level {
                // Known contents change nowhere by themselves, and what changes with an unknown one is compared later.
                line.level_since = None;
                continue;
            }
            let level_since = *line.level_since.get_or_insert(now);
            let rests = well_since.is_some_and(|well| now >= well.max(level_since) + SETTLED);
            if !rests || line.is_known {
                continue;
            }
            if line.is_ordered && there != line.latest.as_ref() {
                wrong.push(format!("{name} is {there:?} everywhere, and was {line:?}"));
            }
            line.is_known = true;
            let was_in_order = line.is_ordered && !line.past.is_empty();
            // Whatever came of it, all have it now.
            let before = std::mem::replace(&mut line.latest, there.cloned());
            line.past.extend(before);
            if let Some(latest) = &line.latest {
                line.past.remove(latest);
            }
            (line.is_ordered, line.deleted_by) = (true, None);
            self.proven += u64::from(was_in_order);
        }
        wrong
    }
}
