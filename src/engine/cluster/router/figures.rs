//! What people and programs count with. The figures are the registry's: nothing here has another copy of them.

use std::{collections::BTreeMap, time::Instant};

use super::{Cluster, ConnectionId};
use crate::{
    engine::registry::Entry,
    model::{ClientName, FigureAnswer, FigureRequest, FigureValue, FileName},
};

/// How often a file was downloaded and played, and how many like it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Popularity {
    /// Complete downloads.
    pub downloads: u64,
    /// Plays, one for each reader.
    pub plays: u64,
    /// Votes, one for each name.
    pub votes: u64,
}

impl Cluster {
    /// Does what is asked of figures, one after the other; all that changes is recorded before the answers may be given.
    pub fn change_figures(
        &mut self,
        now: Instant,
        asked: impl IntoIterator<Item = FigureRequest>,
    ) -> Vec<FigureAnswer> {
        self.notice_own_stop(now);
        let mut answers = Vec::new();
        for asked in asked {
            let books = &self.books;
            let counted = self.registry.counted();
            let decided = counted.decide(&asked, |file| books.downloads_of(file));
            if let Some(fact) = decided.fact {
                self.record(Entry::Figure(fact));
            }
            answers.push(decided.answer);
        }
        self.note();
        answers
    }

    /// A reader plays a file: that counts once. `reader` tells readers of files apart.
    pub fn played(&mut self, now: Instant, file: &FileName, reader: u64) {
        self.notice_own_stop(now);
        let known = self.catalog.look_up(file);
        let counted = self.registry.counted();
        let fact = known.and_then(|known| counted.decide_play(&known.meta.name, reader));
        if let Some(fact) = fact {
            self.record(Entry::Figure(fact));
        }
        self.note();
    }

    /// The free figures, by name.
    pub fn figures(&self) -> Vec<FigureValue> {
        self.registry.counted().free().collect()
    }

    /// What is counted of a file.
    pub fn popularity(&self, file: &FileName) -> Popularity {
        let counted = self.registry.counted();
        Popularity {
            downloads: self.books.downloads_of(file),
            plays: counted.plays(file),
            votes: counted.votes(file),
        }
    }

    /// The same of every file that anything is counted of.
    pub fn popular(&self) -> BTreeMap<FileName, Popularity> {
        let mut popular: BTreeMap<FileName, Popularity> = BTreeMap::new();
        for (file, downloads) in self.books.per_file().filter(|(_, count)| *count > 0) {
            popular.entry(file.clone()).or_default().downloads = downloads;
        }
        for (file, plays, votes) in self.registry.counted().of_files() {
            let row = popular.entry(file.clone()).or_default();
            (row.plays, row.votes) = (plays, votes);
        }
        popular
    }

    /// The connections of clients of a name.
    pub fn connections_of(&self, name: &ClientName) -> Vec<ConnectionId> {
        self.places.connections_of(name)
    }

    /// The name of the client of a connection.
    pub fn name_at(&self, connection: ConnectionId) -> Option<&ClientName> {
        self.places.get(connection)?.name()
    }
}
