//! The files that a client publishes: whether each is as it was, and what may be sent of it.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Instant,
};

use super::records::Record;
use crate::{
    model::{Digest, FileMeta, FileName, IndexedFile, Manifest, limits::WITHDRAWN_FOR},
    store::{indexed, published::Whereabouts},
};

/// See the module.
#[derive(Debug, Default)]
pub(in crate::node::client) struct Shelf {
    items: BTreeMap<FileName, Item>,
    /// What was withdrawn, and until when it is still sent.
    leaving: Vec<(Instant, Item)>,
}

/// A file on the shelf.
#[derive(Debug)]
pub(in crate::node::client) struct Item {
    pub(in crate::node::client) record: Record,
    pub(in crate::node::client) state: State,
    /// Set once nothing more may be sent of it.
    over: Arc<AtomicBool>,
}

/// How a published file stands.
#[derive(Clone, Debug)]
pub(in crate::node::client) enum State {
    /// It is as it was.
    Here(Here),
    /// It has changed since, or its digests are lost.
    Changed,
    /// It is not there, or may not be published from there any more.
    Gone,
}

/// A file that can be sent.
#[derive(Clone, Debug)]
pub(in crate::node::client) struct Here {
    pub(in crate::node::client) place: Whereabouts,
    pub(in crate::node::client) file: Arc<IndexedFile>,
}

/// A file that is asked for.
#[derive(Clone, Debug)]
pub(in crate::node::client) struct Found {
    pub(in crate::node::client) name: FileName,
    pub(in crate::node::client) here: Here,
    pub(in crate::node::client) over: Arc<AtomicBool>,
}

impl State {
    /// How a file stands that was found where it is said to be, or was not.
    pub(in crate::node::client) fn of(
        record: &Record,
        manifest: Option<Manifest>,
        found: Option<Whereabouts>,
    ) -> Self {
        let Some(place) = found else {
            return Self::Gone;
        };
        let (Ok(stamp), Some(manifest)) = (place.stamp(), manifest) else {
            return Self::Changed;
        };
        // The number of a disk is another one after a restart of the computer.
        if !stamp.is_dated_as(record.stamp) || stamp.inode != record.stamp.inode {
            return Self::Changed;
        }
        let file = indexed(place.file_name().clone(), stamp, Arc::new(manifest));
        Self::Here(Here {
            place,
            file: Arc::new(file),
        })
    }
}

impl Item {
    /// The file as the cluster knows it, if it can be sent.
    pub(in crate::node::client) fn offered(&self) -> Option<FileMeta> {
        match &self.state {
            State::Here(here) => Some(FileMeta {
                name: self.record.name.clone(),
                ..here.file.meta.clone()
            }),
            State::Changed | State::Gone => None,
        }
    }
}

impl Shelf {
    /// A file is published from now on. What its name stood for before is not sent any more.
    pub(in crate::node::client) fn put(&mut self, now: Instant, record: Record, state: State) {
        let item = Item {
            record,
            state,
            over: Arc::default(),
        };
        let name = item.record.name.clone();
        let before = self.items.insert(name, item);
        if let Some(before) = before {
            self.leave(now, before);
        }
    }

    /// A file is published no more: whoever receives it has some seconds yet. False where there is none of this name.
    pub(in crate::node::client) fn take(&mut self, now: Instant, name: &FileName) -> bool {
        let Some(item) = self.items.remove(name) else {
            return false;
        };
        self.leave(now, item);
        true
    }

    fn leave(&mut self, now: Instant, item: Item) {
        self.leaving.push((now + WITHDRAWN_FOR, item));
    }

    /// A file is not as it was. Gives what the cluster knows it as, unless that was known.
    pub(in crate::node::client) fn changed(&mut self, name: &FileName) -> Option<FileMeta> {
        let item = self.items.get_mut(name)?;
        let offered = item.offered()?;
        item.state = State::Changed;
        item.over.store(true, Ordering::Relaxed);
        Some(offered)
    }

    /// A content that may be sent, by preference under this name.
    pub(in crate::node::client) fn find(&self, id: Digest, name: &FileName) -> Option<Found> {
        let named = self.items.get(name).into_iter();
        let leaving = self.leaving.iter().map(|(_, item)| item);
        let mut all = named.chain(self.items.values()).chain(leaving);
        all.find_map(|item| match &item.state {
            State::Here(here) if here.file.meta.id == id => Some(Found {
                name: item.record.name.clone(),
                here: here.clone(),
                over: Arc::clone(&item.over),
            }),
            State::Here(_) | State::Changed | State::Gone => None,
        })
    }

    /// Ends what was withdrawn long enough ago.
    pub(in crate::node::client) fn end_leaving(&mut self, now: Instant) {
        self.leaving.retain(|(until, item)| {
            let stays = now < *until;
            if !stays {
                item.over.store(true, Ordering::Relaxed);
            }
            stays
        });
    }

    /// When [`Self::end_leaving`] is due.
    pub(in crate::node::client) fn next_due(&self) -> Option<Instant> {
        self.leaving.iter().map(|(until, _)| *until).min()
    }

    /// All of them, by name.
    pub(in crate::node::client) fn iter(&self) -> impl Iterator<Item = &Item> {
        self.items.values()
    }

    /// One of them.
    pub(in crate::node::client) fn get(&self, name: &FileName) -> Option<&Item> {
        self.items.get(name)
    }

    /// True when nothing is published here.
    pub(in crate::node::client) fn is_empty(&self) -> bool {
        self.items.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use super::*;
    use crate::model::Audience;

    fn put(shelf: &mut Shelf, now: Instant, path: &Path, name: &str) -> Digest {
        let allowed = [path.parent().unwrap().to_owned()];
        let place = Whereabouts::find(path, &allowed).unwrap();
        let file = place.digest(|| false).unwrap();
        let id = file.meta.id;
        let name = FileName::try_from(name).unwrap();
        let record = Record::new(name, path.to_owned(), id, file.stamp, Audience::All);
        let manifest = Manifest::clone(&file.manifest);
        let state = State::of(&record, Some(manifest), Some(place));
        shelf.put(now, record, state);
        id
    }

    #[test]
    fn what_is_withdrawn_is_sent_for_some_seconds_and_then_no_more() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        fs::write(&path, b"abc").unwrap();
        let (mut shelf, now) = (Shelf::default(), Instant::now());
        let id = put(&mut shelf, now, &path, "@ana/a");
        let name = FileName::try_from("@ana/a").unwrap();
        let found = shelf.find(id, &name).unwrap();
        assert!(shelf.take(now, &name) && !shelf.take(now, &name));
        assert_eq!(shelf.next_due(), Some(now + WITHDRAWN_FOR));
        shelf.end_leaving(now);
        assert!(shelf.find(id, &name).is_some() && !found.over.load(Ordering::Relaxed));
        shelf.end_leaving(now + WITHDRAWN_FOR);
        assert!(shelf.find(id, &name).is_none() && found.over.load(Ordering::Relaxed));
    }

    #[test]
    fn a_file_that_changed_between_runs_is_not_offered() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        fs::write(&path, b"abc").unwrap();
        let (mut shelf, now) = (Shelf::default(), Instant::now());
        let id = put(&mut shelf, now, &path, "@ana/a");
        let name = FileName::try_from("@ana/a").unwrap();
        let item = shelf.get(&name).unwrap();
        assert_eq!(item.offered().unwrap().name, name);
        let record = item.record.clone();
        let State::Here(here) = item.state.clone() else {
            panic!("{:?}", item.state);
        };
        let manifest = Manifest::clone(&here.file.manifest);
        fs::write(&path, b"other").unwrap();
        let state = State::of(&record, Some(manifest.clone()), Some(here.place));
        assert!(matches!(state, State::Changed), "{state:?}");
        let state = State::of(&record, Some(manifest), None);
        assert!(matches!(state, State::Gone), "{state:?}");
        assert_eq!(shelf.changed(&name).unwrap().id, id);
        assert_eq!(shelf.changed(&name), None);
        assert!(shelf.find(id, &name).is_none());
    }
}
