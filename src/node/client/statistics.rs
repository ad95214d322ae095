//! `cliente-NAME.json`: what this client received, kept from run to run.

use std::{
    collections::BTreeMap,
    future::pending,
    io,
    path::{Path, PathBuf},
    time::Duration,
};

use serde::{Deserialize, Serialize};
use tokio::task::{JoinError, JoinHandle};

use super::Keeping;

use crate::{
    engine::counters::{Counters, per_secondary},
    model::{ClientName, FileName, Outcome, ReceivedFrom, SecondaryNumber, SentBytes, Who},
    node::statistics::{self, Head, Moment, StatisticsTrouble},
    store::{Root, StoreError, update_json},
};

/// The file's content.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct Content {
    #[serde(flatten)]
    head: Head,
    /// All downloads.
    totals: Counters,
    /// Per file.
    files: BTreeMap<FileName, Counters>,
    /// Per secondary.
    #[serde(deserialize_with = "per_secondary")]
    secondaries: BTreeMap<SecondaryNumber, Counters>,
}

/// What would be saved after reading such a file; for the fuzz targets.
#[cfg(feature = "fuzzing")]
pub fn rewritten(json: &[u8]) -> Option<Vec<u8>> {
    statistics::rewritten::<Content>(json)
}

impl statistics::Content for Content {
    fn head(&mut self) -> &mut Head {
        &mut self.head
    }
}

/// A client's statistics, in a file for each name that it has had. Programs of one name share a file, to which each adds
/// its new figures.
#[derive(Debug)]
pub(super) struct Statistics {
    keeping: Keeping,
    /// Of the present name.
    path: PathBuf,
    head: Head,
    /// Figures that are not in the files yet.
    unsaved: BTreeMap<PathBuf, Content>,
    saving: Option<Saving>,
    /// New figures are to be saved as soon as that is done.
    again: bool,
    /// People know that saving fails.
    failed: bool,
}

/// Figures on their way to the disk.
#[derive(Debug)]
struct Saving {
    task: JoinHandle<Saved>,
    /// They count as unsaved again if that fails.
    figures: BTreeMap<PathBuf, Content>,
}

/// A warning for people; or what was not saved, and why.
type Saved = Result<Option<StatisticsTrouble>, (StoreError, BTreeMap<PathBuf, Content>)>;

/// A download whose figures are complete.
#[derive(Debug)]
pub(super) struct Booked<'a> {
    pub(super) file: &'a FileName,
    pub(super) outcome: Outcome,
    pub(super) took: Duration,
    pub(super) received: &'a [ReceivedFrom],
    /// What the sources reported; `None` if the central did not say in time.
    pub(super) sent: Option<&'a [SentBytes]>,
}

/// Name of the file of a client that has none.
const NAMELESS: &str = "cliente";

impl Statistics {
    /// Statistics of a client without a name. The folder is looked at now, so that people hear of trouble early.
    pub(super) fn nameless(keeping: Keeping) -> Self {
        let mut statistics = Self {
            path: PathBuf::new(),
            head: Head::start(NAMELESS),
            keeping,
            unsaved: BTreeMap::new(),
            saving: None,
            again: false,
            failed: false,
        };
        statistics.set_node(NAMELESS);
        statistics.start_to_save(BTreeMap::new(), Moment::Running);
        statistics
    }

    fn set_node(&mut self, node: &str) {
        if let Keeping::Folder(folder) | Keeping::Existing(folder) = &self.keeping {
            self.path = folder.join(format!("{node}.json"));
        }
        self.head = Head::start(node);
    }

    /// Goes on under another name, whose file is made if there is none.
    pub(super) fn rename(&mut self, name: &ClientName) {
        self.set_node(&format!("{NAMELESS}-{name}"));
        self.unsaved.entry(self.path.clone()).or_default();
        self.save();
    }

    /// The unsaved figures of the present name; `None` if nothing is kept.
    fn unsaved(&mut self) -> Option<&mut Content> {
        let is_kept = self.keeping != Keeping::Nowhere;
        is_kept.then(|| self.unsaved.entry(self.path.clone()).or_default())
    }

    /// A download took bytes from files of this disk.
    pub(super) fn own_disk(&mut self, file: &FileName, bytes: u64) {
        let counters = Counters {
            bytes_own_disk: bytes,
            ..Counters::default()
        };
        let Some(content) = self.unsaved() else {
            return;
        };
        content.totals.add(&counters);
        content
            .files
            .entry(file.clone())
            .or_default()
            .add(&counters);
    }

    /// A download is over and its figures are known.
    pub(super) fn book(&mut self, booked: &Booked<'_>) {
        let Some(content) = self.unsaved() else {
            return;
        };
        let mut whole = Counters::default();
        for source in booked.received {
            let mut counters = Counters::of_received(source);
            counters.bytes_sent = counters.bytes_received + counters.bytes_wasted;
            let sent = booked
                .sent
                .and_then(|all| all.iter().find(|sent| sent.source == source.source));
            if let Some(sent) = sent {
                // What was sent and never arrived is waste too, so that the books of both sides agree. Reports may
                // have got lost, but no less was sent than arrived.
                counters.bytes_sent = sent.bytes.max(counters.bytes_sent);
                counters.bytes_wasted = counters.bytes_sent - counters.bytes_received;
            }
            whole.add(&counters);
            let complete = booked.outcome == Outcome::Complete && counters.bytes_received > 0;
            counters.downloads = u64::from(complete);
            counters.duration_ms = booked.took.as_millis() as u64;
            if let Who::Secondary(number) = source.who {
                let of_source = content.secondaries.entry(number).or_default();
                of_source.add(&counters);
            }
        }
        whole.add(&Counters {
            duration_ms: booked.took.as_millis() as u64,
            ..Counters::of_end(Some(booked.outcome))
        });
        content.totals.add(&whole);
        let of_file = content.files.entry(booked.file.clone()).or_default();
        of_file.add(&whole);
    }

    /// Starts to save the new figures, at once or after the save that runs.
    pub(super) fn save(&mut self) {
        self.again = self.saving.is_some();
        if !self.again {
            let figures = std::mem::take(&mut self.unsaved);
            self.start_to_save(figures, Moment::Running);
        }
    }

    fn start_to_save(&mut self, figures: BTreeMap<PathBuf, Content>, moment: Moment) {
        let keeping = self.keeping.clone();
        if keeping == Keeping::Nowhere {
            return;
        }
        let (mut left, mut head) = (figures.clone(), self.head.clone());
        let task = tokio::task::spawn_blocking(move || {
            if let Keeping::Folder(folder) = &keeping
                && let Err(error) = Root::create(folder).and_then(|root| root.check_writable())
            {
                return Err((error, left));
            }
            let mut told = None;
            while let Some((path, new)) = left.pop_first() {
                head.set_node(&path);
                match add(&keeping, &path, &head, &new, moment) {
                    Ok(trouble) => told = told.or(trouble),
                    Err(error) => {
                        left.insert(path, new);
                        return Err((error, left));
                    }
                }
            }
            Ok(told)
        });
        self.saving = Some(Saving { task, figures });
    }

    /// Waits for the next trouble that people are to hear of; of failures in a row that is the first. Cancel-safe.
    pub(super) async fn saved(&mut self) -> StatisticsTrouble {
        loop {
            let Some(saving) = &mut self.saving else {
                return pending().await;
            };
            let saved = (&mut saving.task).await;
            let told = self.over(saved);
            if self.again {
                self.save();
            }
            if let Some(trouble) = told {
                return trouble;
            }
        }
    }

    /// Takes in the end of a save.
    fn over(&mut self, saved: Result<Saved, JoinError>) -> Option<StatisticsTrouble> {
        let figures = self.saving.take().map(|saving| saving.figures);
        match self.joined(saved, figures.unwrap_or_default()) {
            Ok(trouble) => {
                self.failed = false;
                trouble
            }
            Err((error, left)) => {
                for (path, content) in left {
                    self.unsaved.entry(path).or_default().add(&content);
                }
                let is_told = std::mem::replace(&mut self.failed, true);
                (!is_told).then_some(StatisticsTrouble::Failed(error))
            }
        }
    }

    /// Saves for the last time.
    ///
    /// # Errors
    /// When the figures could not be added to the file, which stays as it was.
    pub(super) async fn finish(mut self) -> Result<(), StoreError> {
        if let Some(saving) = &mut self.saving {
            let saved = (&mut saving.task).await;
            self.over(saved);
        }
        let mut figures = std::mem::take(&mut self.unsaved);
        figures.entry(self.path.clone()).or_default();
        self.start_to_save(figures, Moment::Stopping);
        let Some(saving) = self.saving.take() else {
            return Ok(());
        };
        let saved = saving.task.await;
        let saved = self.joined(saved, BTreeMap::new());
        saved.map(drop).map_err(|(error, _)| error)
    }

    /// The outcome of a save whose task failed: nothing was saved.
    fn joined(
        &self,
        saved: Result<Saved, JoinError>,
        figures: BTreeMap<PathBuf, Content>,
    ) -> Saved {
        saved.unwrap_or_else(|error| {
            let error = StoreError::new(&self.path, &io::Error::other(error));
            Err((error, figures))
        })
    }
}

/// Adds figures to a file. Other programs of its name may do so at the same time.
fn add(
    keeping: &Keeping,
    path: &Path,
    head: &Head,
    new: &Content,
    moment: Moment,
) -> Result<Option<StatisticsTrouble>, StoreError> {
    if matches!(keeping, Keeping::Existing(_)) && !path.exists() {
        return Ok(None);
    }
    let set_aside = update_json(path, |found: Option<Content>| {
        let mut content = found.unwrap_or_default();
        content.add(new);
        content.head = head.stamped(moment);
        Some(content)
    })?;
    Ok(set_aside.map(|(to, damage)| {
        let path = path.to_owned();
        StatisticsTrouble::SetAside { path, to, damage }
    }))
}

impl Content {
    /// Adds another's figures to these.
    fn add(&mut self, other: &Self) {
        self.totals.add(&other.totals);
        for (file, counters) in &other.files {
            self.files.entry(file.clone()).or_default().add(counters);
        }
        for (number, counters) in &other.secondaries {
            self.secondaries.entry(*number).or_default().add(counters);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_name_has_its_file_from_the_start() {
        let folder = tempfile::tempdir().unwrap();
        let mut statistics = Statistics::nameless(Keeping::Folder(folder.path().to_owned()));
        // The folder is still being looked at.
        statistics.rename(&ClientName::try_from("ana").unwrap());
        let path = folder.path().join("cliente-ana.json");
        let there = async {
            while !path.exists() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::select! {
            trouble = statistics.saved() => panic!("{trouble:?}"),
            there = tokio::time::timeout(Duration::from_secs(60), there) => there.unwrap(),
        }
        statistics.finish().await.unwrap();
    }

    #[test]
    fn figures_per_secondary_are_found_again() {
        let mut content = Content {
            head: Head::start("cliente"),
            ..Content::default()
        };
        let number = SecondaryNumber::try_from(3).unwrap();
        content.secondaries.insert(number, Counters::default());
        statistics::assert_found_again(&content);
    }
}
