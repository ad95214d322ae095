//! What happens to the secondaries that send: each of several downloads says so by itself, and it is told once.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, Instant},
};

use crate::{
    cli::text::{
        line::Line,
        transfer::{self, Touched},
    },
    engine::download::Notice,
    model::{Fault, Who},
};

/// How long one download's word waits for those of others.
const GATHER: Duration = Duration::from_millis(400);
/// What was told of a secondary is said again when nobody has spoken of it for this long.
const REMEMBERED: Duration = Duration::from_secs(60);

/// What was told of a secondary last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Told {
    Well,
    Suspect,
    Dead,
}

/// What is to be told.
#[derive(Clone, Copy, Debug, PartialEq)]
enum What {
    Suspect(Who),
    Cleared(Who),
    Dead(Who, Fault),
    Back(Who, Duration),
    Banned(Who),
    NoSources(Duration),
    SourcesAgain,
}

impl What {
    /// The same thing, whatever the details are in which downloads differ.
    fn is(self, other: Self) -> bool {
        match (self, other) {
            (Self::Dead(one, _), Self::Dead(two, _)) => one == two,
            (Self::Back(one, _), Self::Back(two, _)) => one == two,
            (Self::NoSources(_), Self::NoSources(_)) => true,
            (one, two) => one == two,
        }
    }
}

#[derive(Debug)]
struct Group {
    what: What,
    files: BTreeSet<String>,
    chunks: u32,
    began: Instant,
}

/// See the module.
#[derive(Debug)]
pub(super) struct Notices {
    touched: Touched,
    told: BTreeMap<Who, (Told, Instant)>,
    /// Downloads that have no source, as far as was told.
    without: BTreeSet<String>,
    groups: Vec<Group>,
}

impl Notices {
    /// Of downloads or of copies.
    pub(super) fn new(touched: Touched) -> Self {
        Self {
            touched,
            told: BTreeMap::new(),
            without: BTreeSet::new(),
            groups: Vec::new(),
        }
    }

    /// One download's word, which goes by the name of its file.
    pub(super) fn take(&mut self, now: Instant, file: &str, notice: &Notice) {
        match *notice {
            Notice::Suspect { who } => {
                if self.moves(now, who, Told::Suspect, &[Told::Well]) {
                    self.add(now, What::Suspect(who), file, 0);
                } else {
                    self.join(What::Suspect(who), file, 0);
                }
            }
            Notice::Cleared { who } => {
                if self.moves(now, who, Told::Well, &[Told::Suspect])
                    && !self.unsay(What::Suspect(who))
                {
                    self.add(now, What::Cleared(who), file, 0);
                }
            }
            Notice::Dead {
                who,
                fault,
                returned_chunks,
            } => {
                let what = What::Dead(who, fault);
                if self.moves(now, who, Told::Dead, &[Told::Well, Told::Suspect]) {
                    self.unsay(What::Suspect(who));
                    self.add(now, what, file, returned_chunks);
                } else {
                    self.join(what, file, returned_chunks);
                }
            }
            Notice::Back {
                who,
                after,
                own_chunks,
            } => {
                let what = What::Back(who, after);
                if self.moves(now, who, Told::Well, &[Told::Suspect, Told::Dead]) {
                    self.add(now, what, file, own_chunks);
                } else {
                    self.join(what, file, own_chunks);
                }
            }
            Notice::Banned { who, .. } => self.add(now, What::Banned(who), file, 0),
            Notice::NoSources { up_to } => {
                let is_first = self.without.is_empty();
                self.without.insert(file.to_owned());
                if is_first {
                    self.add(now, What::NoSources(up_to), file, 0);
                } else {
                    self.join(What::NoSources(up_to), file, 0);
                }
            }
            Notice::SourcesAgain { .. } => {
                self.without.remove(file);
                self.add(now, What::SourcesAgain, file, 0);
            }
        }
    }

    /// A download has ended: what it lacks concerns nobody.
    pub(super) fn over(&mut self, file: &str) {
        self.without.remove(file);
    }

    /// What waits is not told, and what was told is not true any more.
    pub(super) fn forget(&mut self) {
        self.groups.clear();
        self.told.clear();
        self.without.clear();
    }

    /// What was kept for long enough.
    pub(super) fn due(&mut self, now: Instant) -> Vec<Line> {
        let is_due = |group: &Group| now.saturating_duration_since(group.began) >= GATHER;
        if self.groups.iter().any(is_due) {
            self.rest()
        } else {
            Vec::new()
        }
    }

    /// All that was kept.
    pub(super) fn rest(&mut self) -> Vec<Line> {
        let touched = self.touched;
        let groups = std::mem::take(&mut self.groups);
        groups.iter().map(|group| line(group, touched)).collect()
    }

    /// True when a secondary is something new, which people were not told of.
    fn moves(&mut self, now: Instant, who: Who, to: Told, from: &[Told]) -> bool {
        let (told, at) = self.told.get(&who).copied().unwrap_or((Told::Well, now));
        let is_old = now.saturating_duration_since(at) >= REMEMBERED;
        let is_new = from.contains(&told) || (is_old && to != Told::Well);
        let told = if is_new { to } else { told };
        self.told.insert(who, (told, now));
        is_new
    }

    fn add(&mut self, now: Instant, what: What, file: &str, chunks: u32) {
        if !self.join(what, file, chunks) {
            self.groups.push(Group {
                what,
                files: BTreeSet::from([file.to_owned()]),
                chunks,
                began: now,
            });
        }
    }

    /// Adds to what waits; false where that is nothing.
    fn join(&mut self, what: What, file: &str, chunks: u32) -> bool {
        let Some(group) = self.groups.iter_mut().find(|group| group.what.is(what)) else {
            return false;
        };
        group.files.insert(file.to_owned());
        group.chunks += chunks;
        true
    }

    /// Something that waits is not true any more; false where it was told.
    fn unsay(&mut self, what: What) -> bool {
        let before = self.groups.len();
        self.groups.retain(|group| !group.what.is(what));
        self.groups.len() < before
    }
}

fn line(group: &Group, touched: Touched) -> Line {
    let files: Vec<&str> = group.files.iter().map(String::as_str).collect();
    match group.what {
        What::Suspect(who) => transfer::suspect(who),
        What::Cleared(who) => transfer::cleared(who),
        What::Dead(who, fault) => transfer::fallen(who, fault, group.chunks, touched, &files),
        What::Back(who, after) => transfer::back(who, after, group.chunks),
        What::Banned(who) => transfer::banned(who, touched, &files),
        What::NoSources(up_to) => transfer::no_sources(up_to, touched, &files),
        What::SourcesAgain => transfer::sources_again(touched, &files),
    }
}

#[cfg(test)]
mod tests;
